"""What commands come to, written alike where they come to the same change."""

from __future__ import annotations

from collections.abc import Sequence

from ..protocol.messages import Command
from .context import Context
from .furnishing import copy
from .phrase import part_kind

_FIELDS = (
    "target", "part", "parameter", "delta", "value", "factor", "direction", "size", "size_step",
    "color", "option", "near",
)  # fmt: skip
_ALIASES = {
    "add_to_basket": "basket",
    "remove_from_basket": "basket",
    "show_basket": "basket",
    "hand_over": "ask",
}
"""Intents that annotations call by one name."""
_HEM = ("hem", "length")
_LEG, _LEGGED = ("leg", "length"), ("trousers", "shorts")
_ONE_MEASURE = {
    ("", "length"): ("", "width"), ("seat", "width"): ("", "width"),
    ("seat", "depth"): ("", "depth"), ("seat", "length"): ("", "depth"),
    ("back", "height"): ("", "height"), ("back", "length"): ("", "height"),
    ("back", "width"): ("", "width"), ("leg", "height"): ("leg", "length"),
    ("leg", "width"): ("leg", "thickness"), ("armrest", "width"): ("armrest", "thickness"),
}  # fmt: skip
"""Parts and measures of furniture that are one parameter, by one name."""


def intent_of(name: str, gold: str) -> str:
    """An intent by the name that the annotations give it."""
    return gold if _ALIASES.get(name, name) == gold else name


def slots(command: Command) -> dict[str, str | float]:
    """The set fields of a command."""
    return {n: v for n in _FIELDS if (v := getattr(command, n)) not in ("", None, 0)}


def plain(command: Command) -> Command:
    """A command by one name where two do the same: moved up to something, it is placed there."""
    if command.action == "move" and command.near and command.delta is None:
        return copy(command, action="place")
    return command


def effect(command: Command, context: Context | None = None) -> dict[str, str | float]:
    """The set fields of a command, written alike where they come to the same change.

    Which way it turns is the sign of its angle; no part, the body and the hem are one length, and
    so are no part and the top of a table. What else comes to one parameter in the families is one
    here (``showroom/visit/parts.toml``): a table's length is its width, the legs of trousers are
    as long as they are.
    """
    out = slots(plain(command))
    if command.action == "rotate" and command.delta is not None:
        out.pop("direction", None)
    thing = context.thing(command.target) if context else None
    furniture = (thing.kind if thing else part_kind(command.part)) == "furniture"
    whole = command.part == "body" or (command.part, command.parameter) == _HEM
    if whole or (command.part == "top" and command.parameter != "thickness"):
        out.pop("part", None)
    if command.action != "adjust_fit":
        return out
    if thing and furniture:
        part, measure = command.part, command.parameter
        part, measure = _ONE_MEASURE.get((part if part != "top" else "", measure), (part, measure))
        out.pop("part", None)
        out |= {"parameter": measure} | ({"part": part} if part else {})
    if thing and thing.category in _LEGGED and (command.part, command.parameter) == _LEG:
        out.pop("part", None)
    return out


def alike(a: str | float | None, b: str | float | None) -> bool:
    """Whether two values are the same, numbers within 1%."""
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 0.01 * max(abs(a), abs(b)) + 1e-9
    return a == b


def same_commands(
    wanted: Sequence[Command], got: Sequence[Command], context: Context | None = None
) -> bool:
    """Whether two runs of commands say the same, numbers within 1%."""
    if len(wanted) != len(got):
        return False
    for a, b in zip(wanted, got, strict=True):
        x, y = effect(a, context), effect(b, context)
        if plain(a).action != plain(b).action or x.keys() != y.keys():
            return False
        if not all(alike(value, y[key]) for key, value in x.items()):
            return False
    return True
