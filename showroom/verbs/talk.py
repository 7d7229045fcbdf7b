"""Verbs that talk to the shop in a terminal."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb


def _add_ask(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "ask",
        "Ask about a product or the shop. Prints one line of JSON with the answer and its sources; "
        "the status is 1 where the shop has no answer.",
        _ask,
    )
    parser.add_argument("question", help="in English or Chinese")
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    parser.add_argument("--product", default="", metavar="ID", help='the product that "it" is')
    parser.add_argument("--lang", default="", help="language hint: en or zh")


def _ask(options: argparse.Namespace) -> int:
    from ..chat import run_ask

    return run_ask(
        options.question, catalog=options.catalog, product=options.product, lang=options.lang
    )


def _add_chat(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "chat",
        "Visit by text in a terminal. Says what was answered and what changed; /help lists the "
        "rest.",
        _chat,
    )
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    parser.add_argument("--scene", default="store", help="a scene of scenes/ (store)")
    parser.add_argument("--lang", default="en", choices=["en", "zh"], help="of names (en)")
    parser.add_argument("--height", type=float, metavar="M", help="your height in metres")
    parser.add_argument("--script", type=Path, metavar="FILE", help="sentences, one a line")


def _chat(options: argparse.Namespace) -> int:
    from ..chat import run_chat

    return run_chat(
        catalog=options.catalog,
        scene=options.scene,
        lang=options.lang,
        height=options.height,
        script=options.script,
    )


ADDS = (_add_ask, _add_chat)
"""What adds each verb of this module to the command line."""
