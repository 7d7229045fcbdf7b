"""What a sentence comes to, as a row of classes: what a reader answers, and commands written so.

A frame has an intent, the number of commands and, for each of the first :data:`COMMANDS`, one class
per slot of :data:`SLOTS`. Products are not classes: they are one of the things of the context
(by their place among :func:`things`), a category, or nobody in particular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..protocol.messages import Command
from .context import Context, Thing
from .data import amounts, anatomy
from .effect import effect, plain
from .lexicon import Token
from .phrase import part_kind
from .target import kind_of

COMMANDS = 3
"""How many commands of a sentence are read."""
THINGS = 14
"""How many things of a context are looked at."""
SLOTS = (
    "action", "part", "parameter", "sign", "amount", "size", "step", "color", "option", "near",
    "direction",
)  # fmt: skip
"""The slots that have classes of their own; target and number point at what is there."""
TURNS = (("half turn", 3.14159265), ("turn", 6.2831853))
"""Angles that are said without a number."""
RELATIVE = (("half", 0.5), ("same", 1.0), ("double", 2.0))
"""Amounts by the change before."""
SAID, OTHER = "said", "?"
"""A number of the sentence, and one that none of these explains."""
SILENT = frozenset(("help", "greet"))
"""Commands that do nothing to a product."""


@dataclass(frozen=True)
class Slots:
    """One command.

    Attributes:
        values: per name of :data:`SLOTS` the class; ``""`` for none.
        target: ``""``, a category, or the id of a thing of the context.
        number: size of the number that was said, in SI, or None.
        amounts: all classes of amounts that come to its number; ``values`` has the first.
    """

    values: dict[str, str]
    target: str = ""
    number: float | None = None
    amounts: tuple[str, ...] = ()


def things(context: Context) -> tuple[Thing, ...]:
    """The things that a target can point at: those to be seen, those listed, the shop's others."""
    every = {t.id: t for t in (*context.things, *context.shelf, *context.stock)}
    return tuple(every.values())[:THINGS]


def slots_of(command: Command, context: Context, tokens: Sequence[Token]) -> Slots:
    """A command as a row of classes, written alike where commands come to the same.

    Args:
        tokens: the sentence; numbers said there are told from usual amounts.
    """
    fields = effect(command, context)
    values = {name: str(fields.get(name, "")) for name in SLOTS}
    values["action"] = plain(command).action
    values["step"] = str(command.size_step or "")
    values["sign"], found, number = _amount(command, context, tokens)
    values["amount"] = found[0]
    target = str(fields.get("target", ""))
    if context.thing(target) is None:
        target = anatomy()["aliases"].get(target, target)
    return Slots(values, target, number, found)


def _amount(
    command: Command, context: Context, tokens: Sequence[Token]
) -> tuple[str, tuple[str, ...], float | None]:
    """Sign, classes and size of a command's number."""
    if command.value is not None:
        return "=", (SAID,), abs(command.value)
    found: list[str] = []
    number = None
    if command.factor is not None:
        factor = command.factor
        sign = "+" if factor > 1 else "-"
        if said := spoken(tokens, factor, factor=True):
            to = any(tokens[i].kind == "percent" and _near(tokens[i].si, factor) for i in said)
            sign, number = "=" if to else sign, factor
            found.append(SAID)
        size = max(factor, 1 / max(factor, 1e-6))
        found += [w for w, v in amounts()["scale"].items() if abs(v - size) < 0.03 * size]
        return sign, tuple(found) or (OTHER,), number
    if command.delta is None:
        return "", ("",), None
    size, sign = abs(command.delta), "+" if command.delta > 0 else "-"
    if spoken(tokens, size):
        found.append(SAID)
        number = size
    kind: str = command.action
    if kind == "adjust_fit":
        kind = kind_of(command.target, context) or part_kind(command.part)
    found += [w for w, v in amounts().get(kind, {}).items() if _near(v, size)]
    found += [name for name, angle in TURNS if kind == "rotate" and _near(angle, size)]
    last = context.last
    if last is not None and last.delta:
        found += [name for name, times in RELATIVE if _near(times * abs(last.delta), size)]
    return sign, tuple(found) or (OTHER,), number


def spoken(tokens: Sequence[Token], size: float, *, factor: bool = False) -> list[int]:
    """Which tokens say a number of this size (as a factor: also 20% for 1.2 or .8)."""
    out = []
    for at, token in enumerate(tokens):
        si = token.si
        if si != si:
            continue
        wanted: tuple[float, ...] = (si,)
        if factor:
            share = token.kind == "percent"
            wanted = (si, 1 + si, 1 - si) if share else (si, 1 / si if si else si)
            wanted = (2.0, 0.5) if si == 1.0 and not share else wanted
        bare = token.kind == "number" and not factor
        more = (token.said / 100, token.said * 0.017453292519943295) if bare else ()
        if any(_near(x, size) for x in (*wanted, *more)):
            out.append(at)
    return out


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 0.01 * abs(other) + 1e-9


def frame_of(
    commands: Sequence[Command], context: Context, tokens: Sequence[Token]
) -> tuple[Slots, ...]:
    """The slots of commands that do something."""
    return tuple(slots_of(c, context, tokens) for c in commands if c.action not in SILENT)
