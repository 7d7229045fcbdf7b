"""One verb of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Runner = Callable[[argparse.Namespace], int]
Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_engine(parser: argparse.ArgumentParser) -> None:
    """The options that name an optional recogniser."""
    parser.add_argument(
        "--engine",
        default="",
        metavar="NAME",
        help="another recogniser than the embedded one: sherpa, whisper or vosk",
    )
    parser.add_argument("--weights", type=Path, metavar="DIR", help="the folder of its weights")


def verb(verbs: Verbs, name: str, text: str, run: Runner) -> argparse.ArgumentParser:
    """Add a verb.

    Args:
        text: its description; the first sentence is its line in the list of verbs.
        run: gets the parsed options, gives the exit status.
    """
    parser = verbs.add_parser(
        name, help=text[0].lower() + text[1:].split(". ")[0].rstrip("."), description=text
    )
    parser.set_defaults(run=run)
    return parser
