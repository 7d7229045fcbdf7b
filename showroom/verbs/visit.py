"""Verbs about a visit: in person or over the websocket."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..channel.limits import LIMITS
from ..channel.settings import ServerSettings
from .talk import add_errands, errands_of
from .verb import Verbs, add_engine, add_scene, verb


def _add_walk(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "walk",
        "Walk in: a headset where a runtime offers one, else a window. The same as no verb.",
        walk_in,
    )
    parser.add_argument("--catalog", type=Path, help="a folder of products")
    add_scene(parser)
    parser.add_argument("--seconds", type=float, help="leave by itself after this long")
    parser.add_argument(
        "--quality", choices=("low", "medium", "high"), help="of what is drawn (fits the hardware)"
    )
    parser.add_argument(
        "--mixed", action="store_true", help="show products in your own room, where a headset can"
    )
    parser.add_argument(
        "--lang", default="en", choices=("en", "zh"), help="of replies, captions and menus (en)"
    )


def walk_in(options: argparse.Namespace) -> int:
    """Walk in, with a headset or in a window: what no verb does too."""
    from ..app import walk_in

    return walk_in(
        catalog=options.catalog,
        scene=options.scene,
        seconds=options.seconds,
        quality=options.quality,
        mixed=options.mixed,
        lang=options.lang,
    )


def _add_serve(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "serve",
        "Open the websocket channel for Unity, Unreal and web clients. Listens on loopback; "
        "other addresses need --certificate, --key and --token or --token-key.",
        _serve,
    )
    add_server(parser)


def add_server(parser: argparse.ArgumentParser) -> None:
    """The options of a verb that opens the channel."""
    parser.add_argument("--catalog", type=Path, help="a folder of products (the shipped ones)")
    add_scene(parser)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="TOML",
        help="a file with any settings of the door and limits, by the options' names with _ for - "
        "(and origins, a list); what the command line says comes first",
    )
    door = parser.add_argument_group("the door")
    door.add_argument("--host", help="address to listen on (127.0.0.1)")
    door.add_argument("--port", type=int, help="port to listen on (8765)")
    door.add_argument("--certificate", type=Path, metavar="PEM", help="TLS certificate chain")
    door.add_argument("--key", type=Path, metavar="PEM", help="TLS private key")
    door.add_argument(
        "--token", type=Path, metavar="FILE", help="file with the token that clients must send"
    )
    door.add_argument(
        "--token-key",
        type=Path,
        metavar="FILE",
        help="verify signed tokens with this key, of: showroom token --new-key",
    )
    door.add_argument(
        "--origin",
        action="append",
        dest="origins",
        metavar="URL",
        help="let pages from there in, such as https://shop.example; may be given several times "
        "(pages from this machine only)",
    )
    door.add_argument(
        "--insecure",
        action="store_true",
        default=None,
        help="allow other addresses without TLS and token",
    )
    limits = parser.add_argument_group(
        "limits", "What is beyond one is refused politely, by name, and nobody inside notices."
    )
    for limit in LIMITS:
        usual = getattr(ServerSettings, limit.name)
        limits.add_argument(
            f"--{limit.name.replace('_', '-')}",
            type=int if limit.whole else float,
            metavar=limit.unit,
            help=f"{limit.text} ({usual:g})" if usual < 1e6 else f"{limit.text} ({usual:.2g})",
        )
    limits.add_argument(
        "--limit-local",
        action="store_true",
        default=None,
        help="hold this machine's own addresses to the limits of an address too",
    )
    add_engine(parser)
    add_errands(parser)


def _serve(options: argparse.Namespace) -> int:
    return serve_with(options)


def serve_with(
    options: argparse.Namespace,
    *,
    record: Path | None = None,
    with_body: bool = False,
    force: bool = False,
) -> int:
    """Open the channel as the options of :func:`add_server` say."""
    from ..app import serve
    from ..channel.config import settings_of

    return serve(
        catalog=options.catalog,
        scene=options.scene,
        settings=settings_of(vars(options), options.config),
        engine=options.engine,
        weights=options.weights,
        errands=errands_of(options),
        record=record,
        with_body=with_body,
        force=force,
    )


def _add_spectate(verbs: Verbs) -> None:
    parser = verb(
        verbs,
        "spectate",
        "Look on at somebody else's visit: walk around in it or follow the visitor, without "
        "changing anything. Without a display it writes one picture.",
        _spectate,
    )
    parser.add_argument(
        "url", nargs="?", default="ws://127.0.0.1:8765", help="the server (ws://127.0.0.1:8765)"
    )
    parser.add_argument(
        "--watch",
        default="*",
        metavar="KEY",
        help="the watch key of the visit's welcome; an operator may give its name, or * (latest)",
    )
    parser.add_argument("--token", type=Path, metavar="FILE", help="file with the server's token")
    parser.add_argument("--lang", default="en", choices=["en", "zh"], help="of the window (en)")
    parser.add_argument("--seconds", type=float, help="leave by itself after this long")
    parser.add_argument("--out", type=Path, metavar="PNG", help="write a picture instead")


def _spectate(options: argparse.Namespace) -> int:
    from ..channel.config import read_secret
    from ..spectate import run_spectate

    token = read_secret(options.token)
    return run_spectate(
        options.url,
        watch=options.watch,
        token=token,
        lang=options.lang,
        seconds=options.seconds,
        out=options.out,
    )


ADDS = (
    _add_walk,
    _add_serve,
    _add_spectate,
)
"""What adds each verb of this module to the command line."""
