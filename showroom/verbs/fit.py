"""The verb about garments on a body."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb


def _add_fit(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "fit",
        "Wear garments on a body, standing or moving. Writes pictures, a strain map, GLBs on that "
        "body, and a report with ease, strain, gap, contact and the recommended size.",
        _fit,
    )
    parser.add_argument(
        "products",
        type=Path,
        nargs="+",
        metavar="PRODUCT",
        help="product folders, or an artist's meshes; several are worn over each other",
    )
    parser.add_argument(
        "--body",
        required=True,
        metavar="B",
        help="height=1.70,waist=0.82,gender=female … or a body.json that `showroom body` wrote",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--pose",
        default="stand",
        metavar="P",
        help="stand, rest, reach, arms-up, sit, crouch or walk",
    )
    how.add_argument(
        "--motion", default="", metavar="FILE", help="a recording, `stroll`, or `stream` for stdin"
    )
    parser.add_argument("--size", default="", help="a size of the chart, or `best`")
    parser.add_argument("--category", default="", help="what an artist's mesh is: jacket, dress …")
    parser.add_argument("--out", type=Path, default=Path("out/fit"), help="folder to write")


def _fit(options: argparse.Namespace) -> int:
    from ..counter.fitting import FitWishes, run_fit

    return run_fit(
        FitWishes(
            products=tuple(options.products),
            body=options.body,
            pose=options.pose,
            motion=options.motion,
            size=options.size,
            category=options.category,
        ),
        options.out,
    )


ADDS = (_add_fit,)
"""What adds each verb of this module to the command line."""
