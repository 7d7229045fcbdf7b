"""Verbs about the channel: sessions to a file and back, crowds, broken messages, tokens."""

from __future__ import annotations

import argparse
from pathlib import Path

from .verb import Verbs, add_scene, verb
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
    parser.add_argument(
        "--force", action="store_true", help="replace a recording that is there already"
    )
    add_server(parser)


def _record(options: argparse.Namespace) -> int:
    return serve_with(
        options, record=options.file, with_body=options.with_body, force=options.force
    )


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
    add_scene(parser)
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
    from ..channel.settings import ChannelError
    from ..rehearsal.sessions import run_replay

    if options.speed and not options.url:
        raise ChannelError(
            "only a server can keep the recorded times",
            field="speed",
            expected="--url with --speed",
            got="--speed alone",
        )

    return run_replay(
        options.file,
        catalog=options.catalog,
        scene=options.scene,
        url=options.url,
        token=_secret(options.token),
        speed=options.speed,
        save=options.save,
    )


def _add_load(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "load",
        "Send recorded visitors to a server and print how long they wait. They move and speak at "
        "the times of a recording; dropped are poses that a newer one overtook, sentences without "
        "an answer, and visitors who were turned away. The status is 1 where a visitor was turned "
        "away or a sentence stayed unanswered.",
        _load,
    )
    parser.add_argument(
        "--url", default="", help="such as ws://127.0.0.1:8765 (else a server of its own)"
    )
    parser.add_argument("--visitors", type=int, default=4, help="how many, at most 500 (4)")
    parser.add_argument("--seconds", type=float, default=10.0, help="they stay, at most 600 (10)")
    parser.add_argument(
        "--every", type=float, default=5.0, metavar="S", help="seconds between sentences (5)"
    )
    parser.add_argument("--motion", type=Path, metavar="FILE", help="a recorded headset stream")
    parser.add_argument("--script", type=Path, metavar="FILE", help="a visitor's script, TOML")
    parser.add_argument("--wear", default="", metavar="ID", help="what they try on first")
    parser.add_argument("--token", type=Path, metavar="FILE", help="file with the server's token")
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    add_scene(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument(
        "--soak",
        type=float,
        nargs="?",
        const=30.0,
        metavar="MINUTES",
        help="visitors come and go at a server of its own for so long (30), and its memory is "
        "weighed; the status is 1 where anything failed",
    )


def _load(options: argparse.Namespace) -> int:
    from ..rehearsal.sessions import run_load

    return run_load(
        url=options.url,
        visitors=options.visitors,
        seconds=options.seconds,
        every=options.every,
        motion=options.motion,
        script=options.script,
        wear=options.wear,
        token=_secret(options.token),
        catalog=options.catalog,
        scene=options.scene,
        json=options.json,
        soak=options.soak,
    )


def _add_fuzz(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "fuzz",
        "Send broken messages to a server through its socket: every type, as JSON, MessagePack and "
        "compact frames, mutated as bytes and as fields. The status is 1 where the server failed "
        "over one or no longer answered.",
        _fuzz,
    )
    parser.add_argument(
        "--url", default="", help="such as ws://127.0.0.1:8765 (else a server of its own)"
    )
    parser.add_argument("--inputs", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--seed", type=int, default=0, help="of the same messages again (0)")
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    add_scene(parser)


def _fuzz(options: argparse.Namespace) -> int:
    from ..rehearsal.endurance import run_fuzz

    return run_fuzz(
        url=options.url,
        inputs=options.inputs,
        seed=options.seed,
        catalog=options.catalog,
        scene=options.scene,
    )


def _add_token(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "token",
        "Issue a short-lived token for a server that was started with --token-key. It says a role, "
        "and with --visit the one visit that it is good for. --new-key makes the key first.",
        _token,
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key to sign with")
    parser.add_argument(
        "--role",
        default="visitor",
        choices=["visitor", "artist", "shop", "operator"],
        help="visitor, artist, shop, or operator, who may see the metrics too (visitor)",
    )
    parser.add_argument("--visit", default="", metavar="NAME", help="good for this visit only")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long, up to 1440 (15)")
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a key here")
    parser.add_argument(
        "--algorithm",
        default="HS256",
        choices=["HS256", "EdDSA"],
        help="of --new-key: one shared secret, or a pair whose FILE.pub is the server's (HS256)",
    )


def _token(options: argparse.Namespace) -> int:
    from ..channel.tokens import TokenError, TokenKey

    if options.new_key is not None:
        TokenKey.make(options.new_key, options.algorithm)
        print(f"showroom: key written to {options.new_key}")
        return 0
    if options.key is None:
        raise TokenError(
            "a token needs a key to sign it with",
            field="key",
            expected="--key FILE, or --new-key FILE to make one",
            got="neither",
        )
    key = TokenKey.load(options.key)
    print(key.issue(options.role, visit=options.visit, minutes=options.minutes))
    return 0


def _secret(file: Path | None) -> str:
    from ..channel.config import read_secret

    return read_secret(file)


ADDS = (_add_record, _add_replay, _add_load, _add_fuzz, _add_token)
"""What adds each verb of this module to the command line."""
