"""The messages as C#: plain classes for Newtonsoft's JSON, as Unity's package brings it."""

from __future__ import annotations

from ..base import SUBPROTOCOL, VERSION
from ..bones import VRM_BONES
from .model import Field, Protocol, Shape, Struct

_SIMPLE = {
    "text": "string",
    "number": "double",
    "integer": "long",
    "flag": "bool",
    "bytes": "byte[]",
    "word": "object",
}
_VALUES = ("double", "long", "bool")


def csharp(protocol: Protocol) -> str:
    """The source of ``Messages.cs``."""
    bones = "".join(f'            "{name}",\n' for name in VRM_BONES)
    lines = [
        "// Written by `python -m showroom.protocol.languages`; do not edit.",
        "using System.Collections.Generic;",
        "using Newtonsoft.Json;",
        "",
        "namespace Showroom",
        "{",
        "    public static class Protocol",
        "    {",
        f'        public const string Subprotocol = "{SUBPROTOCOL}";',
        f"        public const int Version = {VERSION};",
        "",
        "        /// <summary>VRM 1.0's humanoid bones, as compact frames number them.</summary>",
        "        public static readonly string[] Bones =",
        "        {",
        f"{bones}        }};",
        "",
        "        /// <summary>The classes of updates by their type on the wire.</summary>",
        "        public static readonly Dictionary<string, System.Type> Updates =",
        "            new Dictionary<string, System.Type>",
        "        {",
        *[f'            ["{s.tag}"] = typeof({s.name}),' for s in protocol.updates],
        "        };",
        "    }",
        "",
        "    /// <summary>What all messages share.</summary>",
        "    public abstract class Message",
        "    {",
        '        [JsonProperty("type", Order = -2)] public abstract string Type { get; }',
        '        [JsonProperty("n")] public long N;',
        "    }",
        "",
        *[line for struct in protocol.structs for line in _class(struct)],
        "}",
    ]
    return "\n".join(lines) + "\n"


def _class(struct: Struct) -> list[str]:
    base = " : Message" if struct.tag else ""
    lines = [
        f"    /// <summary>{_text(struct.about)}</summary>",
        f"    public sealed class {struct.name}{base}",
        "    {",
    ]
    if struct.tag:
        lines.append(f'        public override string Type => "{struct.tag}";')
    lines += [f"        {_member(field, struct.name)}" for field in struct.fields]
    return [*lines, "    }", ""]


def _text(about: str) -> str:
    return about.replace("&", "&amp;").replace("<", "&lt;").replace("``", "")


def _member(field: Field, owner: str) -> str:
    name = "".join(part.capitalize() for part in field.name.split("_"))
    # A member may not have its class's name.
    name = name + "Value" if name == owner else name
    kind = _type(field.shape)
    if field.shape.optional and kind in _VALUES:
        kind += "?"
    rule = "Required = Required.Always"
    if not field.required:
        rule = "NullValueHandling = NullValueHandling.Ignore"
    value = ""
    if kind in _VALUES and field.default:
        value = f" = {str(field.default).lower()}"
    return f'[JsonProperty("{field.name}", {rule})] public {kind} {name}{value};'


def _type(shape: Shape) -> str:
    if shape.kind == "struct":
        return shape.struct
    if shape.kind in ("list", "tuple"):
        return f"{_type(shape.of[0])}[]"
    if shape.kind == "map":
        return f"Dictionary<string, {_type(shape.of[0])}>"
    return _SIMPLE[shape.kind]
