"""Verbs about sentences and what is understood of them."""

from __future__ import annotations

import argparse
import sys

from .verb import Verbs, verb


def _add_intent(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "intent",
        "Understand sentences: reads lines of text, or of JSON with text, lang and context, from "
        "standard input and writes one line of JSON for each.",
        _intent,
    )
    parser.add_argument("--lang", default="", help="language hint: en or zh")


def _intent(options: argparse.Namespace) -> int:
    from ..workshop import run_intent

    return run_intent(sys.stdin, sys.stdout, lang=options.lang)


ADDS = (_add_intent,)
"""What adds each verb of this module to the command line."""
