"""What a generator needs to know of the messages: names, fields, kinds, in the order defined."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
from msgspec import inspect as shapes

from ..messages import INTERNAL, Event, Update

Kind = Literal[
    "text", "number", "integer", "flag", "bytes", "word", "list", "tuple", "map", "struct"
]


@dataclass(frozen=True)
class Shape:
    """The type of a field.

    Attributes:
        kind: what it is; ``word`` is one of ``words``.
        of: the items of a list, the parts of a tuple, the values of a map.
        struct: the name of a struct.
        optional: whether it may be null.
        words: the options of a ``word``.
    """

    kind: Kind
    of: tuple[Shape, ...] = ()
    struct: str = ""
    optional: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field: its name on the wire, its type, whether it may be left out and is then what.

    ``default`` is None for what is not a plain number, flag or text.
    """

    name: str
    shape: Shape
    required: bool
    default: bool | int | float | str | None = None


@dataclass(frozen=True)
class Struct:
    """A message, or a part of one (``tag`` is then empty)."""

    name: str
    tag: str
    about: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Protocol:
    """All messages: what a client sends, what it receives, and the parts of both."""

    events: tuple[Struct, ...]
    updates: tuple[Struct, ...]
    parts: tuple[Struct, ...]

    @property
    def structs(self) -> tuple[Struct, ...]:
        """Everything once: parts first, and what goes both ways among the events."""
        return tuple(dict.fromkeys((*self.parts, *self.events, *self.updates)))


def protocol() -> Protocol:
    """The protocol as it is defined in ``events.py`` and ``updates.py``."""
    parts: dict[str, Struct] = {}
    updates = [kind for kind in get_args(Update) if kind not in INTERNAL]
    return Protocol(
        events=tuple(_struct(kind, parts) for kind in get_args(Event)),
        updates=tuple(_struct(kind, parts) for kind in updates),
        parts=tuple(parts.values()),
    )


def _struct(kind: type[msgspec.Struct], parts: dict[str, Struct]) -> Struct:
    info = shapes.type_info(kind)
    assert isinstance(info, shapes.StructType)
    fields = tuple(
        Field(f.encode_name, _shape(f.type, parts), f.required, _plain(f.default))
        for f in info.fields
        if f.encode_name != "n"
    )
    about = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    return Struct(kind.__name__, str(info.tag or ""), about, fields)


def _plain(default: object) -> bool | int | float | str | None:
    return default if isinstance(default, bool | int | float | str) else None


def _shape(kind: shapes.Type, parts: dict[str, Struct]) -> Shape:
    if isinstance(kind, shapes.Metadata):
        return _shape(kind.type, parts)
    if isinstance(kind, shapes.UnionType):
        inner = [t for t in kind.types if not isinstance(t, shapes.NoneType)]
        if len(inner) < len(kind.types) and len(inner) == 1:
            one = _shape(inner[0], parts)
            return Shape(one.kind, one.of, one.struct, True, one.words)
        # Text or numbers, as in Wit.ai's entities: JSON's own types.
        names = {_shape(t, parts).kind for t in inner}
        return Shape("word", words=tuple(sorted(names)))
    if isinstance(kind, shapes.LiteralType):
        return Shape("text", words=tuple(str(v) for v in kind.values))
    if isinstance(kind, shapes.VarTupleType | shapes.ListType):
        return Shape("list", (_shape(kind.item_type, parts),))
    if isinstance(kind, shapes.TupleType):
        return Shape("tuple", tuple(_shape(t, parts) for t in kind.item_types))
    if isinstance(kind, shapes.DictType):
        return Shape("map", (_shape(kind.value_type, parts),))
    if isinstance(kind, shapes.StructType):
        name = kind.cls.__name__
        if name not in parts:
            parts[name] = _struct(kind.cls, parts)
        return Shape("struct", struct=name)
    simple: dict[type[Any], Kind] = {
        shapes.StrType: "text",
        shapes.FloatType: "number",
        shapes.IntType: "integer",
        shapes.BoolType: "flag",
        shapes.BytesType: "bytes",
    }
    return Shape(simple[type(kind)])
