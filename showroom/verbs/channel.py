"""Verbs about the channel: sessions to a file and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, verb
from .visit import add_server, serve_with


def _add_record(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "record",
        "Serve as serve does, and write what visitors do to a file until Ctrl-C. "
        "Written are what was said, as text, the commands, the room, and where head and hands "
        "were. Never written are audio, photos and tokens. Without --with-body nothing of a body "
        "is written either: motion is scaled to a standard body's, other joints and all answers "
        "are left out, and a replay works them out anew. A sentence in which somebody says their "
        "measures is written as it was said.",
        _record,
    )
    parser.add_argument("file", type=Path, help="the recording, as JSON lines")
    parser.add_argument(
        "--with-body",
        action="store_true",
        help="write bodies, whole motion and the answers too; ask the visitors first",
    )
    add_server(parser)


def _record(options: argparse.Namespace) -> int:
    return serve_with(options, record=options.file, with_body=options.with_body)


def _add_replay(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "replay",
        "Have a recorded session again, and say what is answered otherwise. The outcome is the "
        "same on every run; the status is 1 where a recorded answer is not given any more.",
        _replay,
    )
    parser.add_argument("file", type=Path, help="a recording of: showroom record")
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    parser.add_argument("--scene", default="store", help="a scene of scenes/ (store)")
    parser.add_argument("--url", default="", help="replay at this server, such as ws://…:8765")
    parser.add_argument("--token", type=Path, metavar="FILE", help="file with the server's token")
    parser.add_argument(
        "--speed",
        type=float,
        default=0.0,
        help="with --url: 1 keeps the recorded times (else as fast as the answers come)",
    )
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="write the session with its answers here"
    )


def _replay(options: argparse.Namespace) -> int:
    from ..rehearsal import run_replay

    return run_replay(
        options.file,
        catalog=options.catalog,
        scene=options.scene,
        url=options.url,
        token=options.token.read_text(encoding="utf-8").strip() if options.token else "",
        speed=options.speed,
        save=options.save,
    )


ADDS = (_add_record, _add_replay)
"""What adds each verb of this module to the command line."""
