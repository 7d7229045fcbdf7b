"""Verbs about the whole path, this machine, and its speed."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, add_engine, verb


def _add_demo(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "demo",
        "Go the whole path unattended: photos to products, a visitor who walks and speaks, films. "
        "Writes the GLBs, a picture before and after each re-fit, a film and report.json.",
        _demo,
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder to write (out)")
    parser.add_argument(
        "--photo",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="your own photos of one garment and one piece of furniture (else the shipped ones)",
    )
    parser.add_argument(
        "--motion", type=Path, metavar="FILE", help="a recorded headset stream (else the shipped)"
    )


def _demo(options: argparse.Namespace) -> int:
    from ..rehearsal.demo import run_demo

    return run_demo(options.out, photos=options.photo, motion=options.motion)


def _add_doctor(verbs: Verbs) -> None:
    parser = verb(verbs, "doctor", "Say what this machine has and what each lack means.", _doctor)
    parser.add_argument("--port", type=int, default=8765, help="the port to look at (8765)")
    add_engine(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _doctor(options: argparse.Namespace) -> int:
    from ..doctor import examine, report

    findings = examine(options.port, engine=options.engine, weights=options.weights)
    print(report(findings, as_json=options.json))
    return 1 if any(f.status == "fail" for f in findings) else 0


def _add_bench(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "bench",
        "Measure: seconds per photo, ms per re-fit frame, messages per second, start-up. "
        "Each is given as a ratio to a baseline measured in the same run.",
        _bench,
    )
    parser.add_argument("--out", type=Path, help="also write the table here, as JSON")


def _bench(options: argparse.Namespace) -> int:
    from ..bench import run_bench

    return run_bench(options.out)


ADDS = (
    _add_demo,
    _add_doctor,
    _add_bench,
)
"""What adds each verb of this module to the command line."""
