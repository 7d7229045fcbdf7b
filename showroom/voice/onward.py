"""Ellipsis that goes on: more of it, the same for something else, another size."""

from __future__ import annotations

import math
from dataclasses import replace

from ..protocol.messages import Command
from . import fitting
from .backward import restored
from .context import Context
from .ellipsis import AIMED, acts_of, only, says
from .furnishing import copy, spoken_amount
from .lexicon import Token
from .phrase import Phrase, part_kind, told
from .target import another, colored, kind_of, named

_UNITS = (0.0254, 0.1 / 3, 0.01)
"""Inch, cun and centimetre, in metres."""


def step(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "Down one", "a size less", 再往上一个码."""
    kinds: tuple[str, ...] = (
        "direction", "size_word", "number", "more", "less", "amount", "again",
    )  # fmt: skip
    if phrase.has("size_word"):
        kinds = (*kinds, "adjective", "change", "enough", "negation", "act")
    if not only(phrase, kinds) or phrase.has("part"):
        return ()
    if any(dimension != "size" for _, (dimension, _) in fitting.dimensions(phrase)):
        return ()
    if phrase.has("negation") or acts_of(phrase):
        return ()
    counted = says("one", phrase) or phrase.has("number") or phrase.has("again")
    worded = phrase.has("size_word")
    recent = context.previous or context.last
    sizing = recent is not None and recent.action in ("set_size", "report", "try_on")
    if not counted or not (worded or (sizing and phrase.has("direction"))):
        return ()
    up = phrase.has("size_word", "up") or phrase.has("direction", "up")
    down = phrase.has("size_word", "down") or phrase.has("direction", "down") or phrase.has("less")
    grown = [sign for _, (_, sign) in fitting.dimensions(phrase)]
    if up == down and grown:
        up, down = grown[-1] > 0, grown[-1] < 0
    if up == down:
        up, down = says("up", phrase), says("down", phrase)
    if up == down:
        return ()
    target = named(phrase, context) or next(
        (t for t in (context.topic, context.worn) if t and kind_of(t, context) == "garment"),
        "",
    )
    if not target:
        return ()
    count = next((int(t.said) for t in phrase if t.kind == "number" and 1 <= t.said <= 6), 1)
    return (Command(action="set_size", target=target, size_step=count if up else -count),)


def count(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "Another three", "two more": a bare number is of the last amount's unit."""
    last = context.last
    more = phrase.has("more") or phrase.has("other") or any("another" in t.text for t in phrase)
    if last is None or not more or not only(phrase, ("number", "more", "other")):
        return ()
    number = next((t.said for t in phrase if t.kind == "number" and t.said >= 1), None)
    another = says("another", phrase) and (last.delta or last.factor or last.size_step)
    if number is None and not (another or (phrase.has("more") and says("one", phrase))):
        return ()
    if last.action == "set_size":
        step = last.size_step or 1
        return (copy(last, size="", size_step=int(math.copysign(number or 1, step))),)
    if not last.delta:
        return ()
    unit = unit_of(last)
    if number is None and unit == _UNITS[-1]:
        return (last,)
    return (copy(last, delta=math.copysign((number or 1.0) * unit, last.delta)),)


def unit_of(command: Command) -> float:
    """The unit in which an amount was probably said, in metres or radians."""
    if command.action == "rotate":
        return math.radians(1.0)
    size = abs(command.delta or command.value or 0.0)
    if abs(size * 100 - round(size * 100)) < 0.01:
        return _UNITS[-1]
    for unit in _UNITS[:-1]:
        halves = 2 * size / unit
        if abs(halves - round(halves)) < 0.02:
            return unit
    return _UNITS[-1]


def same(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "The table as well", 肩膀同样处理, "depth too", "and the same colour"."""
    strong = says("likewise", phrase)
    if phrase.has("amount") and not strong:
        return ()
    if not strong and not (says("also", phrase) or phrase.has("same")):
        return ()
    kinds: tuple[str, ...] = (
        "absolute", "matching", "part", "category", "product", "dimension", "this", "it",
        "direction", "beside", "color",
        "kind", "act", "other", "question", "near", "amount", "back",
    )  # fmt: skip
    kinds = (*kinds, "again", "more", "before") if strong else kinds
    acts = acts_of(phrase)
    if context.last is not None and context.last.action in AIMED:
        acts -= {context.last.action, "place", "move"}
    if not only(phrase, kinds, 3 if strong else 0) or acts or phrase.has("near"):
        return ()
    if strong and (phrase.has("act", "color") or phrase.has("act", "paint")):
        return _alike(phrase, context, "set_color")
    aimed = context.last is not None and context.last.action in AIMED
    if phrase.has("color") and not phrase.has("category"):
        other = colored(phrase, context) if aimed and context.last else ""
        there = context.last is not None and other not in ("", context.last.target)
        return (copy(context.last, target=other),) if there and context.last else ()
    if phrase.has("color") and not colored(phrase, context):
        return ()
    question = any(t.text == "?" for t in phrase)
    previous = context.previous
    if previous is not None and not strong:
        target = named(phrase, context, colored=True)
        buys = previous.action in ("add_to_basket", "look") and target not in ("", previous.target)
        return (copy(previous, target=target),) if buys else ()
    if previous is not None and (question or previous.action in ("look", "report")):
        return ()
    if context.past:
        base = context.past[-1].command if not context.undid else context.last
    else:
        base = context.last
    if base is None:
        return ()
    target = named(phrase, context, colored=True) or another(phrase, context)
    if not target and phrase.has("this"):
        target = context.pointed or _like(base.target, context)
    if context.undid and target and context.last and target != context.last.target:
        return restored(context, target, context.last.action)
    part = _part(phrase, base)
    if part and base.action != "adjust_fit":
        found = [c.command for c in context.past if c.command.action == "adjust_fit"]
        alike = [c for c in found if c.part == part] or (found if strong else [])
        if not alike:
            return ()
        here = target or context.worn
        return (fitting.on_part(copy(alike[-1], target=here or alike[-1].target), part),)
    dimension = phrase.first("dimension") or ""
    if dimension and base.action == "adjust_fit" and dimension != base.parameter:
        return (copy(base, parameter=dimension, target=target or base.target),)
    changed = copy(base, target=target) if target else base
    if part and part != base.part:
        return (fitting.on_part(changed, part),)
    if target not in ("", base.target):
        return (changed,)
    bare = not (part or target or dimension or phrase.has("this") or phrase.has("color"))
    return (base,) if strong and bare and (phrase.has("more") or phrase.has("again")) else ()


def _like(target: str, context: Context) -> str:
    """The one other thing of a thing's category, or ``""``."""
    thing = context.thing(target)
    found = [t.id for t in context.things if thing and t.category == thing.category]
    rest = [i for i in found if i != target]
    return rest[0] if len(rest) == 1 else ""


def _part(phrase: Phrase, base: Command) -> str:
    """The part that a phrase names; "back" is one where furniture was changed."""
    part = phrase.first("part") or ""
    if part or base.action != "adjust_fit" or part_kind(base.part or "sleeve") != "furniture":
        return part
    return "back" if phrase.has("direction", "back") else ""


def _alike(phrase: Phrase, context: Context, action: str) -> tuple[Command, ...]:
    """The latest change of a kind, on what is talked about now."""
    found = [c.command for c in context.past if c.command.action == action]
    target = named(phrase, context) or (context.pointed if phrase.has("this") else "")
    target = target or context.topic
    if not found or found[-1].target == target or not target:
        return ()
    return (copy(found[-1], target=target),)


def lifted(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "Armrests up three centimetres", 往下来两公分: a direction that lengthens or raises."""
    kinds = ("part", "direction", "length", "amount", "it", "this", "act", "more", "raise")
    up, down = phrase.has("direction", "up"), phrase.has("direction", "down")
    measured = phrase.has("length") or phrase.has("amount")
    if up == down or not measured or not only(phrase, kinds):
        return ()
    if acts_of(phrase) - {"move"}:
        return ()
    part = phrase.first("part") or ""
    last = context.last
    if part:
        target = ""
    else:
        target = next((t for t in (context.topic, context.worn) if t), "")
        fits = last is not None and last.action == "adjust_fit" and last.target in ("", target)
        part = last.part if fits and last is not None else ""
        if kind_of(target, context) != "garment" and not part:
            return ()
        if not part:
            part = "hem"
    if not phrase.has("part"):
        where = phrase.tokens[-1].end
        phrase = Phrase((*phrase.tokens, Token("~", (("part", part),), where, where)))
        context = replace(context, topic=target)
    made = fitting.build("adjust_fit", told(phrase, "height+" if up else "height-"), context)
    return () if isinstance(made, str) else made


def further(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in 再挪一点, "turn it again": the verb of the last change, without saying which way."""
    last = context.last
    on = phrase.has("more") or phrase.has("again")
    if last is None or not last.delta or not on or last.action not in ("move", "rotate"):
        return ()
    if not phrase.has("act", last.action) or acts_of(phrase) != {last.action}:
        return ()
    if not only(phrase, ("more", "again", "act", "amount", "length", "angle", "it", "this")):
        return ()
    amount = spoken_amount(phrase, last, context)
    return (copy(last, delta=math.copysign(amount or abs(last.delta), last.delta)),)


def remeasured(commands: tuple[Command, ...], phrase: Phrase) -> tuple[Command, ...]:
    """A change with the amount that the next phrase gives ("the hem too, add a centimetre")."""
    length = next((t.si for t in phrase if t.kind == "length"), None)
    kinds = ("length", "raise", "change", "adjective", "act", "more")
    if length is None or len(commands) != 1 or not commands[0].delta or not only(phrase, kinds, 2):
        return ()
    if commands[0].action != "adjust_fit" or acts_of(phrase):
        return ()
    grown = [1 if t.get("raise") == "up" else -1 for t in phrase.all("raise")]
    grown = grown or [sign for _, (_, sign) in fitting.dimensions(phrase)]
    sign = grown[-1] if grown else math.copysign(1, commands[0].delta)
    return (copy(commands[0], delta=sign * length),)
