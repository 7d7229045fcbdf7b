"""Verbs about rooms of one's own."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from .verb import Verbs, verb


def _add_place(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "place",
        "Stand a piece of furniture in a room of your own: JSON and a plan. "
        "Says what is too long and by how much where it does not fit; exits with 1 then.",
        _place,
    )
    parser.add_argument("product", type=Path, help="a product folder")
    parser.add_argument(
        "--room",
        required=True,
        metavar="ROOM",
        help="a room file (TOML or JSON), or a scene's name",
    )
    parser.add_argument(
        "--say", metavar="TEXT", help='where, in words: "against the window", 靠墙放'
    )
    parser.add_argument("--lang", choices=["en", "zh"], default="", help="language of --say")
    parser.add_argument("--near", default="", metavar="WHAT", help="wall, corner, window, door …")
    parser.add_argument("--x", type=float, metavar="M", help="where its middle shall be")
    parser.add_argument("--z", type=float, metavar="M", help="the same")
    parser.add_argument(
        "--turn", type=float, default=0.0, metavar="DEG", help="counter-clockwise; 0 faces +Z"
    )
    parser.add_argument("--fit-check", action="store_true", help="only say whether it fits")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write placement.json and plan.png")


def _place(options: argparse.Namespace) -> int:
    from ..counter.placing import run_place

    spot = None
    if options.x is not None or options.z is not None:
        spot = (options.x or 0.0, options.z or 0.0, math.radians(options.turn))
    return run_place(
        options.product,
        options.room,
        say=options.say,
        lang=options.lang,
        spot=spot,
        near=options.near,
        fit_check=options.fit_check,
        out=options.out,
    )


ADDS = (_add_place,)
"""What adds each verb of this module to the command line."""
