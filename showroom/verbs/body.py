"""The verb about a visitor's body."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb

TAPE = ("bust", "waist", "hip", "inseam", "arm_length", "shoulder", "neck")
"""Measures with an option of their own; others go by ``--tape NAME=M``."""


def _add_body(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "body",
        "Solve for a visitor's body from stature, tape measures or photos. Prints every measure "
        "with its 90% interval, size labels, and what would narrow them; writes nothing unless "
        "--out is given.",
        _body,
    )
    parser.add_argument("--height", required=True, metavar="M", help="stature: 1.70 or 170cm")
    parser.add_argument(
        "--gender",
        default="neutral",
        choices=["female", "male", "neutral"],
        help="which build to start from (neutral)",
    )
    parser.add_argument("--weight", metavar="KG", help="body weight: 64, 64kg, 140lb")
    tape = parser.add_argument_group("tape measures (ISO 8559), metres or with a unit")
    tape.add_argument("--bust", "--chest", metavar="M", help="girth of the bust or chest")
    tape.add_argument("--waist", metavar="M", help="girth of the natural waist")
    tape.add_argument("--hip", metavar="M", help="girth of the hips")
    tape.add_argument("--inseam", metavar="M", help="crotch to floor")
    tape.add_argument(
        "--arm-length", metavar="M", help="shoulder point over the elbow to the wrist"
    )
    tape.add_argument("--shoulder", metavar="M", help="shoulder point to shoulder point")
    tape.add_argument("--neck", metavar="M", help="girth of the neck")
    tape.add_argument(
        "--tape",
        action="append",
        default=[],
        metavar="NAME=M",
        help="any other: underbust, thigh, upper_arm, wrist, calf",
    )
    photos = parser.add_argument_group("photos: close-fitting clothes, head to feet, alone")
    photos.add_argument("--photo", type=Path, metavar="FILE", help="from the front")
    photos.add_argument("--side", type=Path, metavar="FILE", help="from the side, arms in front")
    photos.add_argument(
        "--again",
        type=Path,
        nargs="+",
        action="append",
        default=[],
        metavar=("FRONT", "SIDE"),
        help="once more in other clothes, from the front and, where there is one, the side",
    )
    parser.add_argument("--lang", default="en", choices=["en", "zh"], help="language (en)")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--out", type=Path, help="folder for body.glb, body.png and body.json")


def _body(options: argparse.Namespace) -> int:
    from ..counter.bodies import BodyWishes, run_body

    tape = {n: getattr(options, n) for n in TAPE if getattr(options, n) is not None}
    for text in options.tape:
        name, _, value = text.partition("=")
        tape[name.strip()] = value
    wishes = BodyWishes(
        height=options.height,
        gender=options.gender,
        weight=options.weight,
        tape=tape,
        photo=options.photo,
        side=options.side,
        again=tuple(map(tuple, options.again)),
        lang=options.lang,
    )
    return run_body(wishes, options.out, as_json=options.json)


ADDS = (_add_body,)
"""What adds each verb of this module to the command line."""
