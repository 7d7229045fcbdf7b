"""Verbs that talk to the shop in a terminal."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .verb import Verbs, add_scene, verb

if TYPE_CHECKING:
    from ..channel.errands import ErrandSettings


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
    from ..counter.chat import run_ask

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
    add_scene(parser)
    parser.add_argument("--lang", default="en", choices=["en", "zh"], help="of names (en)")
    parser.add_argument("--height", type=float, metavar="M", help="your height in metres")
    parser.add_argument("--script", type=Path, metavar="FILE", help="sentences, one a line")
    add_errands(parser)


def _chat(options: argparse.Namespace) -> int:
    from ..counter.chat import run_chat

    return run_chat(
        catalog=options.catalog,
        scene=options.scene,
        lang=options.lang,
        height=options.height,
        script=options.script,
        errands=errands_of(options),
    )


def add_errands(parser: argparse.ArgumentParser) -> None:
    """The options of what may help a visit from outside; all off by default."""
    group = parser.add_argument_group(
        "help from outside, off unless set here or in the environment (SHOWROOM_HAND_OVER_URL, "
        "SHOWROOM_HAND_OVER_TOKEN, SHOWROOM_MODEL_URL, SHOWROOM_MODEL_KEY, SHOWROOM_MODEL_NAME)"
    )
    group.add_argument(
        "--hand-over", default="", metavar="URL", help="takes visitors' open questions by POST"
    )
    group.add_argument(
        "--model", default="", metavar="URL", help="an OpenAI-compatible endpoint, such as …/v1"
    )
    group.add_argument("--model-name", default="", metavar="NAME", help="of the model to ask")
    group.add_argument("--wording", action="store_true", help="the model words product answers too")


def errands_of(options: argparse.Namespace) -> ErrandSettings:
    """Where errands go, by options and environment."""
    from ..channel.errands import ErrandSettings

    return ErrandSettings.of(
        hand_over=options.hand_over,
        model=options.model,
        model_name=options.model_name,
        wording=options.wording,
    )


ADDS = (_add_ask, _add_chat)
"""What adds each verb of this module to the command line."""
