"""Verbs about sentences and what is understood of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .verb import Verbs, add_engine, verb


def _add_intent(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "intent",
        "Understand sentences: reads lines of text, or of JSON with text, lang and context, from "
        "standard input and writes one line of JSON for each.",
        _intent,
    )
    parser.add_argument("--lang", default="", help="language hint: en or zh")
    parser.add_argument(
        "--explain", action="store_true", help="add what each word means and the likeliest intents"
    )


def _intent(options: argparse.Namespace) -> int:
    from ..workshop.making import run_intent

    return run_intent(sys.stdin, sys.stdout, lang=options.lang, explain=options.explain)


def _add_hear(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "hear",
        "Hear a recording: 16 kHz, mono, 16 bit. Writes one line of JSON for each partial and "
        "final transcript and each intent; exits with 1 if no command was heard.",
        _hear,
    )
    parser.add_argument("file", metavar="FILE.wav", help="a WAV file, or - for raw PCM samples")
    parser.add_argument("--lang", default="en", help="what is spoken: en or zh (en)")
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    add_engine(parser)


def _hear(options: argparse.Namespace) -> int:
    from ..counter.listening import run_hear

    return run_hear(
        sys.stdin.buffer if options.file == "-" else Path(options.file),
        sys.stdout,
        lang=options.lang,
        catalog=options.catalog,
        engine=options.engine,
        weights=options.weights,
    )


ADDS = (_add_intent, _add_hear)
"""What adds each verb of this module to the command line."""
