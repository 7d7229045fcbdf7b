"""The answers to offer when one thing is missing: at most three commands."""

from __future__ import annotations

from ..protocol.messages import Command
from .context import Context
from .data import amounts, anatomy
from .fitting import dimensions, on_part
from .furnishing import copy
from .phrase import Phrase, part_kind
from .target import implied, named

_PARTS = {"length": ("sleeve", "hem"), "ease": ("waist", "chest", "hip"), "width": ("shoulder",)}
_DIRECTIONS = ("left", "right")
_SIZES = ("S", "M", "L")


def options(what: str, phrase: Phrase, context: Context) -> tuple[tuple[Command, ...], ...]:
    """Commands that would settle what is missing, likeliest first; empty for an open question.

    Args:
        what: as :class:`showroom.voice.resolve.Need` names it.
    """
    if what == "which_way":
        return _ways(phrase, context)
    if what == "which_part":
        return _parts(phrase)
    if what == "contradiction":
        return _opposites(phrase, context)
    if what == "which_direction":
        return _directions(phrase, context)
    if what == "which_size":
        target = named(phrase, context) or implied(phrase, context, "garment")
        return tuple((Command(action="set_size", target=target, size=s),) for s in _SIZES)
    return ()


def _ways(phrase: Phrase, context: Context) -> tuple[tuple[Command, ...], ...]:
    """A part was named, but not whether it shall grow or shrink."""
    part = phrase.first("part") or ""
    dimension = phrase.first("dimension") or anatomy()["main_dimension"].get(part, "")
    if not part or not dimension:
        return ()
    kind = part_kind(part)
    length = next((t.si for t in phrase if t.kind == "length"), amounts()[kind]["default"])
    target = named(phrase, context) or implied(phrase, context, kind)
    grown = Command(
        action="adjust_fit", target=target, part=part, parameter=dimension, delta=length
    )
    return ((grown,), (copy(grown, delta=-length),))


def _opposites(phrase: Phrase, context: Context) -> tuple[tuple[Command, ...], ...]:
    """Both of what was asked for at once, such as longer and shorter."""
    part = phrase.first("part") or ""
    kind = part_kind(part) if part else ""
    target = named(phrase, context) or implied(phrase, context, kind)
    amount = amounts()[kind or "garment"]["default"]
    made = []
    for dimension, sign in dict.fromkeys(pair for _, pair in dimensions(phrase)):
        plain = Command(
            action="adjust_fit", target=target, parameter=dimension, delta=sign * amount
        )
        made.append((on_part(plain, part) if part else plain,))
    return tuple(made[:3])


def _parts(phrase: Phrase) -> tuple[tuple[Command, ...], ...]:
    """A change was named, but neither part nor product, and nothing is worn."""
    pairs = dimensions(phrase)
    if not pairs:
        return ()
    dimension, sign = pairs[0][1]
    length = next((t.si for t in phrase if t.kind == "length"), amounts()["garment"]["default"])
    change = Command(action="adjust_fit", parameter=dimension, delta=sign * length)
    return tuple((on_part(change, part),) for part in _PARTS.get(dimension, ()))


def _directions(phrase: Phrase, context: Context) -> tuple[tuple[Command, ...], ...]:
    """Furniture shall move, but not where to."""
    target = named(phrase, context) or implied(phrase, context, "furniture")
    length = next((t.si for t in phrase if t.kind == "length"), amounts()["move"]["default"])
    move = Command(action="move", target=target, delta=length)
    sides = tuple((copy(move, direction=direction),) for direction in _DIRECTIONS)
    return (*sides, (copy(move, near="me"),))
