"""From the slots that the reader answers to commands in SI units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from ..protocol.messages import Command
from .context import Context
from .data import amounts, anatomy
from .frame import OTHER, RELATIVE, SAID, TURNS, Slots
from .lexicon import Token
from .phrase import category_kind, part_kind
from .reader import Reading, alike_targets
from .target import kind_of

_NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "adjust_fit": (("parameter",), ("sign",)),
    "set_color": (("color",),),
    "set_choice": (("option",), ("part",)),
    "set_size": (("size", "step"),),
    "move": (("near", "direction"),),
    "place": (("near",),),
    "rotate": (("near", "sign"),),
    "scale": (("sign",),),
}
"""What a command must say; of each group one."""
_FREE = {
    "adjust_fit": ("part", "parameter"),
    "set_color": ("color", "option"),
    "set_choice": ("part", "option"),
    "set_size": ("size", "step"),
    "move": ("near", "direction"),
    "place": ("near",),
    "rotate": ("near",),
    "scale": ("parameter",),
    "show": ("color", "size", "option"),
    "try_on": ("color", "size", "option"),
    "take_off": ("option",),
    "report": ("size",),
}
"""Which slots a command takes."""
_KINDS = {
    "try_on": "garment",
    "set_size": "garment",
    "report": "garment",
    "move": "furniture",
    "place": "furniture",
    "rotate": "furniture",
    "scale": "furniture",
}
_HERE = frozenset(
    ("adjust_fit", "set_color", "set_choice", "set_size", "move", "place", "rotate", "scale")
)
"""What is done to a thing that can be seen."""


def commands_of(reading: Reading, context: Context) -> tuple[Command, ...] | None:
    """The commands of a reading's likeliest slots; None where they do not make sense together."""
    out: list[Command] = []
    for k in range(int(reading.count.argmax())):
        command = command_of(reading.best(k), reading.pointed(k), context)
        if command is None:
            return None
        out.append(command)
    return tuple(out)


def command_of(slots: Slots, number: Token | None, context: Context) -> Command | None:
    """One command; None where something is missing, or does not fit the product.

    Args:
        number: the word that says its number, where one does.
    """
    values = slots.values
    action = values["action"]
    if not action:
        return None
    if any(not any(values[n] for n in group) for group in _NEEDED.get(action, ())):
        return None
    target = slots.target if action not in ("undo", "redo") else ""
    if context.thing(target) is None:
        target = next((t for t in alike_targets(target, context) if context.here(t)), target)
    if not _fits(action, target, values["part"], context):
        return None
    fields: dict[str, Any] = {n: values[n] for n in _FREE.get(action, ()) if n != "step"}
    if action == "set_size" and values["step"] and not values["size"]:
        fields["size_step"] = int(values["step"])
    fields |= {"action": action, "target": target}
    if values["amount"] or values["sign"]:
        amount = _amount(action, slots, number, context)
        if amount is None:
            return None
        fields |= amount
    elif action == "move" and values["direction"]:
        fields["delta"] = amounts()["move"]["default"]
    try:
        return msgspec.convert(fields, Command)
    except msgspec.ValidationError:
        return None


def _fits(action: str, target: str, part: str, context: Context) -> bool:
    """Whether a product can be done this to."""
    kind = kind_of(target, context)
    thing = context.thing(target)
    if _KINDS.get(action, kind) != kind and target:
        return False
    if action in _HERE and not target:
        return not context.things
    if action != "adjust_fit" or not part:
        return True
    category = thing.category if thing else target
    owned: list[str] | None = anatomy()["owned"].get(category)
    return part in owned if owned is not None else not kind or part_kind(part) == kind


def _amount(
    action: str, slots: Slots, number: Token | None, context: Context
) -> dict[str, float] | None:
    """The field that carries a command's number."""
    amount, sign = slots.values["amount"], slots.values["sign"]
    if not sign or amount == OTHER or action not in ("adjust_fit", "move", "rotate", "scale"):
        return None
    way = -1.0 if sign == "-" else 1.0
    if amount == SAID:
        if number is None:
            return None
        size = _size(action, number, way, to=sign == "=")
        if size is None:
            return None
        if action == "scale":
            return {"factor": size}
        return {"value": size} if sign == "=" else {"delta": way * size}
    last = context.last
    for name, times in RELATIVE:
        if amount == name:
            return {"delta": way * times * abs(last.delta)} if last and last.delta else None
    if sign == "=":
        return None
    for name, angle in TURNS if action == "rotate" else ():
        if amount == name:
            return {"delta": way * angle}
    kind = action
    if action == "adjust_fit":
        kind = kind_of(slots.target, context) or part_kind(slots.values["part"])
        kind = kind or category_kind(slots.target) or "garment"
    step = amounts()[kind].get(amount or "default")
    if step is None:
        return None
    if action == "scale":
        return {"factor": step if way > 0 else 1 / step}
    return {"delta": way * step}


def _size(action: str, number: Token, way: float, *, to: bool) -> float | None:
    """A said number in the unit that an action needs.

    Args:
        to: whether it says how large something shall become.
    """
    if action == "scale":
        if number.kind == "percent":
            share = number.si if to else 1 + way * number.si
            return share if share > 0 else None
        times = 2.0 if number.si == 1.0 else number.si
        if number.kind not in ("factor", "times", "number") or not 0 < times <= 10:
            return None
        return max(times, 1 / times) if way > 0 else min(times, 1 / times)
    if action == "rotate":
        if number.kind == "angle":
            return number.si
        return math.radians(number.said) if number.kind == "number" and number.said > 4 else None
    if number.kind == "length":
        return number.si
    return number.said / 100 if number.kind == "number" else None
