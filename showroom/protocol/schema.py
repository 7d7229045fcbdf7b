"""The protocol as an AsyncAPI 3 document with JSON Schemas, made from the message types.

``python -m showroom.protocol.schema docs/protocol/asyncapi.json`` writes it; a test keeps the file
in step with the code.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec

from .errors import ProtocolError
from .messages import INTERNAL, SUBPROTOCOL, VERSION, Event, Update

REFERENCE = "#/components/schemas/{name}"


def events() -> tuple[type[msgspec.Struct], ...]:
    """What a client may send."""
    return get_args(Event)


def updates() -> tuple[type[msgspec.Struct], ...]:
    """What the server may send over the socket."""
    return tuple(kind for kind in get_args(Update) if kind not in INTERNAL)


def tag(kind: type[msgspec.Struct]) -> str:
    """The value of a message's ``type``."""
    return str(kind.__struct_config__.tag)


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document as plain data."""
    kinds = tuple(dict.fromkeys((*events(), *updates())))
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    names = {kind: kind.__name__ for kind in kinds}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Showroom",
            "version": f"{VERSION}.0.0",
            "description": inspect.cleandoc(
                f"""
                Websocket subprotocol `{SUBPROTOCOL}`. Text frames are JSON, binary frames are
                MessagePack with the same fields, or a compact frame (first byte 0xC1; layouts in
                protocol.md). Metres, radians, seconds; OpenXR's and glTF's frame: right-handed,
                Y up, -Z forward; quaternions are x, y, z, w.
                """
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "visit": {
                "address": "/",
                "description": "One visit; begins with hello.",
                "messages": {
                    tag(kind): {"$ref": f"#/components/messages/{names[kind]}"} for kind in kinds
                },
            }
        },
        "operations": {
            "send": _operation("receive", events(), "Events: client to server."),
            "receive": _operation("send", updates(), "Updates: server to client."),
        },
        "components": {
            "messages": {names[kind]: _message(kind) for kind in kinds},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def error_codes() -> tuple[str, ...]:
    """The codes that ``errors.py`` documents."""
    module = inspect.getmodule(ProtocolError)
    rows = (inspect.getdoc(module) or "").splitlines()
    heads = (row.partition(" - ")[0] for row in rows if row.startswith("* ``"))
    return tuple(part for head in heads for part in head.split("``")[1::2])


def _operation(action: str, kinds: tuple[type[msgspec.Struct], ...], text: str) -> dict[str, Any]:
    return {
        "action": action,
        "summary": text,
        "channel": {"$ref": "#/channels/visit"},
        "messages": [{"$ref": f"#/channels/visit/messages/{tag(kind)}"} for kind in kinds],
    }


def _message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    text = inspect.getdoc(kind) or ""
    return {
        "name": tag(kind),
        "title": kind.__name__,
        "summary": " ".join(text.split("\n\n")[0].split()),
        "payload": {"$ref": REFERENCE.format(name=kind.__name__)},
    }


def text() -> str:
    """The document as it is checked in."""
    return json.dumps(asyncapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(), encoding="utf-8")
