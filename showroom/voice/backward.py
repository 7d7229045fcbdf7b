"""Ellipsis that goes back: what was changed is taken back, as a whole, by half, or out of order."""

from __future__ import annotations

import math

from ..protocol.messages import Command
from . import fitting, furnishing
from .context import Change, Context
from .data import amounts
from .ellipsis import acts_of, likened, names_value, only, says
from .furnishing import copy
from .phrase import Phrase
from .target import named

_UNDOING = ("act", "it", "this", "question", "again", "before", "negation", "other", "absolute")
_VALUED = ("set_size", "set_color", "set_choice")


def taken_back(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "Maybe not", 挪回来, "as it was before all the spinning", "restore them all"."""
    last = context.last
    if last is None:
        return ()
    undone = phrase.has("act", "undo")
    back = undone or says("taken_back", phrase) or says("cancelled", phrase)
    again = phrase.has("act", "redo") or (context.undid and back)
    if again and says("every", phrase) and len(context.ahead) > 1:
        return (Command(action="redo"),) * len(context.ahead)
    repeated = not says("final", phrase) and last.action not in ("try_on", "take_off", "show")
    if undone and repeated and phrase.has("act", last.action) and not phrase.has("number"):
        return (Command(action="undo"),) * max(1, _run(context, last.action))
    if undone and says("both", phrase) and only(phrase, (*_UNDOING, "number"), 3):
        return (Command(action="undo"),) * 2
    times = next((int(t.said) for t in phrase if t.kind in ("number", "times")), 0)
    if undone and 1 < times < 10 and only(phrase, (*_UNDOING, "number", "times"), 3):
        return (Command(action="undo"),) * times
    if (
        not back
        or phrase.has("amount")
        or phrase.has("length")
        or times
        or says("likewise", phrase)
    ):
        return ()
    if part := phrase.first("part"):
        return restored(context, "", part=part) if part != last.part or not undone else ()
    about = named(phrase, context, colored=True)
    if phrase.has("this") and context.pointed not in ("", last.target) and not about:
        return restored(context, context.pointed)
    if undone and about and not _names_value_but_color(phrase):
        return restored(context, about) if context.past else (Command(action="undo"),)
    color = phrase.first("color") or ""
    if undone and color in context.colors and not phrase.has("size") and last.target:
        return (Command(action="set_color", target=about or last.target, color=color),)
    plain = undone and not acts_of(phrase) - {"undo"} and only(phrase, _UNDOING, 3)
    if not (plain or says("taken_back", phrase)) or names_value(phrase):
        return ()
    if undone and context.undid and plain:
        return ()
    if plain:
        return () if says("every", phrase) else (Command(action="undo"),)
    if context.previous is not None or context.undid or about not in ("", last.target):
        return ()
    return (Command(action="undo"),)


def _run(context: Context, action: str) -> int:
    """How many of the latest changes were of one kind, one after another."""
    count = 0
    for change in reversed(context.past):
        if change.command.action != action:
            break
        count += 1
    return count


def _names_value_but_color(phrase: Phrase) -> bool:
    return any(phrase.has(k) for k in ("size", "option", "length", "near"))


def restored(
    context: Context, target: str, action: str = "", part: str = ""
) -> tuple[Command, ...]:
    """The command that takes back the latest change of a product, a part, or one kind of it."""
    found = [
        (i, c)
        for i, c in enumerate(context.past)
        if target in ("", c.command.target)
        and action in ("", c.command.action)
        and part in ("", c.command.part)
    ]
    if not found:
        return ()
    at, change = found[-1]
    if at == len(context.past) - 1 and not (part or (action and change.before)):
        return (Command(action="undo"),)
    return _inverse(change, context)


def _inverse(change: Change, context: Context) -> tuple[Command, ...]:
    """The command that undoes one change out of order."""
    old = change.command
    if old.action == "set_color" and change.before:
        return (copy(old, color=change.before),)
    if old.action == "set_size" and (change.before or old.size_step):
        return (copy(old, size=change.before, size_step=0 if change.before else -old.size_step),)
    if old.action == "set_choice" and change.before:
        return (copy(old, option=change.before),)
    if old.factor:
        return (copy(old, factor=1 / old.factor),)
    if old.delta:
        return (furnishing.turned_back(old, abs(old.delta)),)
    return ()


def earlier(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "The colour before", "back to the size I came in with", 还是上一个."""
    if not (says("earlier", phrase) or phrase.has("other", "previous")) or not context.past:
        return ()
    if phrase.has("color") or phrase.has("size") or phrase.has("material"):
        return ()
    last = context.past[-1].command
    action = ""
    if phrase.has("size_word"):
        action = "set_size"
    elif phrase.has("act", "color") or phrase.has("act", "paint"):
        action = "set_color"
    elif last.action in _VALUED:
        action = last.action
    if not action:
        return ()
    target = named(phrase, context) or next(
        (c.command.target for c in reversed(context.past) if c.command.action == action), ""
    )
    if says("first", phrase):
        return original(context, target, action)
    return restored(context, target, action)


def original(context: Context, target: str, action: str) -> tuple[Command, ...]:
    """The command that brings back what a product first was."""
    found = [c for c in context.past if (c.command.target, c.command.action) == (target, action)]
    if not found:
        return ()
    if action == "set_size" and not found[0].before:
        steps = sum(c.command.size_step for c in found)
        return (copy(found[0].command, size="", size_step=-steps),) if steps else ()
    return _inverse(found[0], context)


def half(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "Half of that", 只要一半, "half as much again"."""
    last = context.last
    if last is None or not says("half", phrase) or not (last.delta or last.factor):
        return ()
    halved = any(t.said == 0.5 or t.get("factor") == "0.5" for t in phrase)
    halved = halved or says("halved", phrase)
    kinds = (
        "number", "factor", "times", "this", "it", "less", "more", "direction", "before", "act",
        "raise", "enough", "absolute", "change", "adjective", "again", "beside", "amount",
        "question", "bound", "done", "option", "ordinal", "other",
    )  # fmt: skip
    if not halved or not only(phrase, kinds, 2) or phrase.has("size_word"):
        return ()
    if last.action == "scale" and any(t.text == "by" for t in phrase):
        return ()
    if any(d == "size" for _, (d, _) in fitting.dimensions(phrase)):
        return ()
    back = says("back", phrase)
    if last.action == "scale" and last.factor:
        root = math.sqrt(last.factor)
        return (copy(last, factor=root if phrase.has("more") and not back else 1 / root),)
    size = abs(last.delta or 0.0) / 2
    way = furnishing.direction_of(phrase) if last.direction else ""
    if way and way != last.direction and not back:
        return (copy(last, direction=way, delta=size),)
    if phrase.has("more") and not says("back", phrase):
        return (copy(last, delta=math.copysign(size, last.delta or 0.0)),)
    if phrase.has("before") and not back:
        return (copy(last, delta=math.copysign(size, last.delta or 0.0)),)
    return (furnishing.turned_back(last, size),)


def excess(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "too much", "a bit less still": the last amount was too large."""
    last = context.last
    kinds: tuple[str, ...] = ("less", "amount", "more", "it", "this", "question", "done")
    kinds = (*kinds, "category") if likened(phrase) else kinds
    if last is None or not phrase.has("less") or not only(phrase, kinds, 2 * likened(phrase)):
        return ()
    if phrase.has("more"):  # "a bit less still"
        return (last,) if last.delta or last.factor else ()
    amount = furnishing.spoken_amount(phrase, last, context)
    if last.delta:
        return (furnishing.turned_back(last, amount or abs(last.delta) / 2),)
    if last.factor:
        bit = phrase.has("amount") or "bit" in phrase.text
        step = amounts()["scale"]["bit"] if bit else math.sqrt(max(last.factor, 1 / last.factor))
        return (copy(last, factor=1 / step if last.factor >= 1 else step),)
    return ()


def retreat(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "come back a centimetre", after a change of fit."""
    last = context.last
    measured = phrase.has("length") or phrase.has("amount")
    if last is None or last.action != "adjust_fit" or not last.delta or not measured:
        return ()
    if not phrase.has("direction", "back") or acts_of(phrase) - {"move"} or phrase.has("part"):
        return ()
    if not only(phrase, ("direction", "act", "length", "amount", "it", "this")):
        return ()
    amount = furnishing.spoken_amount(phrase, last, context)
    return (furnishing.turned_back(last, amount),) if amount else ()
