"""One verb of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from ..catalog.scene_source import scene_names

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


def scene_of(value: str) -> str | Path:
    """A scene's name, or the path of a scene file."""
    return Path(value) if Path(value).suffix in (".toml", ".json") else value


def add_scene(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The option that names the scene; without ``default`` the command line's own stands."""
    names = ", ".join(scene_names())
    parser.add_argument(
        "--scene",
        type=scene_of,
        default=default or argparse.SUPPRESS,
        metavar="NAME",
        help=f"where to be: {names} (if unsaid: store), or a scene or room file of your own",
    )


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
