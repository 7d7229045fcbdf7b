"""The messages as C++17 structs, without an engine; a visitor names their fields for JSON."""

from __future__ import annotations

from ..base import SUBPROTOCOL, VERSION
from ..bones import VRM_BONES
from .model import Field, Protocol, Shape, Struct

_SIMPLE = {
    "text": "std::string",
    "number": "double",
    "integer": "std::int64_t",
    "flag": "bool",
    "bytes": "std::string",
    "word": "std::variant<std::string, double>",
}
_KEYWORDS = ("new", "old", "delete", "class", "template", "default", "operator")


def cpp(protocol: Protocol) -> str:
    """The source of ``Messages.h``."""
    bones = "".join(f'    "{name}",\n' for name in VRM_BONES)
    return "\n".join(
        [
            "// Written by `python -m showroom.protocol.languages`; do not edit.",
            "#pragma once",
            "",
            "#include <array>",
            "#include <cstdint>",
            "#include <map>",
            "#include <optional>",
            "#include <string>",
            "#include <tuple>",
            "#include <variant>",
            "#include <vector>",
            "",
            "namespace showroom {",
            "",
            f'inline constexpr const char* Subprotocol = "{SUBPROTOCOL}";',
            f"inline constexpr int Version = {VERSION};",
            "",
            "/// VRM 1.0's humanoid bones, in the order that compact frames number them.",
            f"inline constexpr std::array<const char*, {len(VRM_BONES)}> Bones = {{",
            f"{bones}}};",
            "",
            *[line for struct in protocol.structs for line in _struct(struct)],
            _variant("Event", protocol.events),
            "",
            _variant("Update", protocol.updates),
            "",
            "}  // namespace showroom",
            "",
        ]
    )


def _variant(name: str, structs: tuple[Struct, ...]) -> str:
    kinds = ",\n    ".join(s.name for s in structs)
    return f"using {name}Message = std::variant<\n    {kinds}>;"


def _struct(struct: Struct) -> list[str]:
    lines = [f"/// {struct.about.replace('``', '')}", f"struct {struct.name} {{"]
    if struct.tag:
        lines += [f'  static constexpr const char* Type = "{struct.tag}";', "  std::int64_t n = 0;"]
    lines += [f"  {_member(field)}" for field in struct.fields]
    lines += [
        "",
        "  /// Calls visitor_(name, member, required) for each field.",
        "  template <class Visit> void fields([[maybe_unused]] Visit&& visitor_) {",
        *[
            f'    visitor_("{f.name}", {_name(f.name)}, {str(f.required).lower()});'
            for f in struct.fields
        ],
        "  }",
        "};",
        "",
    ]
    return lines


def _name(name: str) -> str:
    return name + "_" if name in _KEYWORDS else name


def _member(field: Field) -> str:
    kind = _type(field.shape)
    value = ""
    if kind in ("double", "std::int64_t", "bool") and not field.shape.optional:
        default = field.default or (False if kind == "bool" else 0)
        value = f" = {str(default).lower()}"
    elif kind == "std::string" and isinstance(field.default, str) and field.default:
        value = f' = "{field.default}"'
    if field.shape.optional:
        kind = f"std::optional<{kind}>"
    return f"{kind} {_name(field.name)}{value};"


def _type(shape: Shape) -> str:
    if shape.kind == "struct":
        return shape.struct
    if shape.kind == "list":
        return f"std::vector<{_type(shape.of[0])}>"
    if shape.kind == "tuple":
        kinds = {_type(part) for part in shape.of}
        if len(kinds) == 1:
            return f"std::array<{kinds.pop()}, {len(shape.of)}>"
        return "std::tuple<" + ", ".join(_type(part) for part in shape.of) + ">"
    if shape.kind == "map":
        return f"std::map<std::string, {_type(shape.of[0])}>"
    return _SIMPLE[shape.kind]
