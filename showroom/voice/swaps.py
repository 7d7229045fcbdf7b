"""The same wish with other words: colours, products, sizes, numbers and sides exchanged."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from ..protocol.messages import Command
from .context import Context, Thing
from .furnishing import copy
from .lexicon import Token, default_lexicon
from .text import is_cjk, normalise

_ALIKE = (
    ("t_shirt", "shirt", "sweater", "jacket", "long_sleeve"),
    ("dress", "skirt"),
    ("trousers", "shorts"),
    ("chair", "armchair", "sofa"),
    ("table", "desk", "coffee_table"),
    ("bed", "cabinet", "wardrobe", "shelf", "rug", "mirror", "lamp"),
    ("shoes", "hat", "bag"),
)
"""Categories of which much the same is said."""
_COLORS = (
    "black", "white", "grey", "red", "blue", "navy", "light_blue", "green", "dark_green", "olive",
    "yellow", "mustard", "orange", "brown", "beige", "ivory", "pink", "hot_pink", "purple",
    "burgundy", "teal", "charcoal", "rose", "lilac", "gold", "silver", "khaki",
)  # fmt: skip
_SIZES = ("XS", "S", "M", "L", "XL", "XXL")
_MIRROR = {"left": "right", "right": "left"}
_NUMBERS_EN = ("one", "two", "three", "four", "five", "six", "eight", "ten", "twelve", "twenty")
_NUMBERS_ZH = "一两三四五六八十"
_UNITS_EN = ("cm", "centimetres", "centimeters", "inches")
_UNITS_ZH = ("厘米", "公分", "cm", "寸")


def swapped(
    text: str,
    context: Context,
    commands: Sequence[Command],
    scan: Callable[[str], list[Token]],
    lang: str,
    rng: random.Random,
) -> tuple[str, Context, tuple[Command, ...]]:
    """A sentence, its context and its commands with other words; each exchange is made throughout.

    Args:
        scan: the tokens of a text.
    """
    plain = normalise(text).plain
    tokens = default_lexicon().scan(plain)
    maps: dict[str, dict[str, str]] = {}
    if rng.random() < 0.7:
        maps["color"] = dict(zip(_COLORS, rng.sample(_COLORS, len(_COLORS)), strict=True))
    if rng.random() < 0.5:
        maps["category"] = {}
        for group in _ALIKE:
            maps["category"] |= dict(zip(group, rng.sample(group, len(group)), strict=True))
    told = [s for c in commands for s in (c.size,) if s]
    if told and rng.random() < 0.6:
        maps["size"] = dict(zip(_SIZES, rng.sample(_SIZES, len(_SIZES)), strict=True))
    edits: list[tuple[int, int, str]] = []
    numbers: dict[float, float] = {}
    for token in tokens:
        kind, value = token.senses[0]
        if kind in maps and value in maps[kind] and maps[kind][value] != value:
            form = _form(kind, maps[kind][value], token.text, rng)
            if form is None:
                return text, context, tuple(commands)
            edits.append((token.start, token.end, form))
        elif kind == "length" and rng.random() < 0.7:
            form = _length(token.text, rng)
            seen = scan(form)
            if len(seen) == 1 and seen[0].kind == "length":
                numbers[token.si] = seen[0].si
                edits.append((token.start, token.end, form))
    for start, end, form in reversed(edits):
        plain = plain[:start] + form + plain[end:]
    mirror = rng.random() < 0.5 and all(c.action in ("move", "place") for c in commands)
    if mirror and commands:
        plain = _mirrored(plain)
    made = tuple(_command(c, maps, numbers, mirror) for c in commands)
    return plain, _room(context, maps), made


def _mirrored(text: str) -> str:
    for a, b in (("left", "right"), ("左", "右")):
        text = text.replace(a, "\0").replace(b, a).replace("\0", b)
    return text


def _command(
    command: Command, maps: dict[str, dict[str, str]], numbers: dict[float, float], mirror: bool
) -> Command:
    changes: dict[str, object] = {}
    for name, kind in (
        ("color", "color"), ("size", "size"), ("target", "category"), ("near", "category"),
    ):  # fmt: skip
        value = getattr(command, name)
        if value in maps.get(kind, {}):
            changes[name] = maps[kind][value]
    for name in ("delta", "value"):
        size = getattr(command, name)
        if size is None or command.action == "rotate":
            continue
        for old, new in numbers.items():
            if abs(abs(size) - old) <= 0.01 * old:
                changes[name] = new if size > 0 else -new
                break
    if mirror and command.direction in _MIRROR:
        changes["direction"] = _MIRROR[command.direction]
    return copy(command, **changes) if changes else command


def _room(context: Context, maps: dict[str, dict[str, str]]) -> Context:
    def other(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        return tuple(
            replace(
                t,
                color=maps.get("color", {}).get(t.color, t.color),
                category=maps.get("category", {}).get(t.category, t.category),
            )
            for t in things
        )

    def done(command: Command | None) -> Command | None:
        return None if command is None else _command(command, maps, {}, False)

    return replace(
        context,
        things=other(context.things),
        shelf=other(context.shelf),
        stock=other(context.stock),
        colors=tuple(maps.get("color", {}).get(c, c) for c in context.colors),
        last=done(context.last),
        previous=done(context.previous),
        past=tuple(replace(c, command=_command(c.command, maps, {}, False)) for c in context.past),
    )


@cache
def _forms(kind: str, value: str) -> tuple[str, ...]:
    lexicon = default_lexicon()
    return tuple(f for f in lexicon.forms(kind, value) if lexicon.senses(f)[0] == (kind, value))


def _form(kind: str, value: str, like: str, rng: random.Random) -> str | None:
    """A word for a value, of the script, number and ending of another."""
    cjk = is_cjk(like[0])
    found = [f for f in _forms(kind, value) if is_cjk(f[0]) == cjk]
    if cjk:
        found = [f for f in found if f.endswith("的") == like.endswith("的")]
        found = [f for f in found if len(f) > 1 or len(like) == 1]
    elif kind == "category":
        found = [f for f in found if f.endswith("s") == like.endswith("s")] or found
    if not found:
        return None
    return rng.choice(found[:3] if rng.random() < 0.7 else found)


def _length(like: str, rng: random.Random) -> str:
    """Another length, in the script of the first."""
    if any(is_cjk(c) for c in like):
        number = rng.choice((rng.choice(_NUMBERS_ZH), str(rng.randint(1, 40))))
        return number + rng.choice(_UNITS_ZH)
    number = rng.choice((rng.choice(_NUMBERS_EN), str(rng.randint(1, 40))))
    return f"{number} {rng.choice(_UNITS_EN)}"
