"""The messages as TypeScript."""

from __future__ import annotations

from ..base import SUBPROTOCOL, VERSION
from ..bones import VRM_BONES
from .model import Field, Protocol, Shape, Struct

_SIMPLE = {
    "text": "string",
    "number": "number",
    "integer": "number",
    "flag": "boolean",
    "bytes": "Uint8Array",
}


def typescript(protocol: Protocol) -> str:
    """The source of ``messages.ts``."""
    blocks = [
        "// Written by `python -m showroom.protocol.languages`; do not edit.",
        f'export const SUBPROTOCOL = "{SUBPROTOCOL}";\nexport const VERSION = {VERSION};',
        "/** VRM 1.0's humanoid bones, in the order that compact frames number them. */\n"
        "export const VRM_BONES: readonly string[] = [\n"
        + "".join(f'  "{name}",\n' for name in VRM_BONES)
        + "];",
    ]
    blocks += [_interface(s) for s in protocol.structs]
    for name, structs in (("Event", protocol.events), ("Update", protocol.updates)):
        kinds = "".join(f"\n  | {s.name}" for s in structs)
        blocks.append(f"export type {name}Message ={kinds};")
    return "\n\n".join(blocks) + "\n"


def _interface(struct: Struct) -> str:
    lines = [f"/** {struct.about} */", f"export interface {struct.name} {{"]
    if struct.tag:
        lines.append(f'  type: "{struct.tag}";')
        lines.append("  n?: number;")
    lines += [f"  {_field(field)};" for field in struct.fields]
    return "\n".join([*lines, "}"])


def _field(field: Field) -> str:
    mark = "" if field.required else "?"
    return f"{field.name}{mark}: {_type(field.shape)}"


def _type(shape: Shape) -> str:
    if shape.kind == "struct":
        text = shape.struct
    elif shape.kind == "list":
        text = f"readonly ({_type(shape.of[0])})[]"
    elif shape.kind == "tuple":
        text = "readonly [" + ", ".join(_type(part) for part in shape.of) + "]"
    elif shape.kind == "map":
        text = f"Readonly<Record<string, {_type(shape.of[0])}>>"
    elif shape.kind == "word":
        text = " | ".join(sorted({_SIMPLE[word] for word in shape.words}))
    elif shape.words:
        text = " | ".join(f'"{word}"' for word in shape.words)
    else:
        text = _SIMPLE[shape.kind]
    return f"{text} | null" if shape.optional else text
