"""Ellipsis: sentences that only say what is different from the change before.

"The sofa as well", "half of that", "down one", "not the black one": each inherits from an earlier
change whatever it does not name. What the rules here do not account for word by word is left to
the classifier.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from ..protocol.messages import Command
from . import fitting, furnishing
from .context import Change, Context
from .data import LANGUAGES, read
from .furnishing import copy
from .lexicon import Token
from .phrase import Phrase, part_kind, told
from .target import category_of, colored, kind_of, named

_BARE = frozenset(("filler", "punct", "repair", "answer", "separator", "same", "too"))
"""Kinds of words that may stand in any elliptic sentence."""
_UNITS = (0.0254, 0.1 / 3, 0.01)
"""Inch, cun and centimetre, in metres."""
_AIMED = ("place", "move", "rotate")
_UNDOING = ("act", "it", "this", "question", "again", "before", "negation", "other", "absolute")
_VALUED = {"size": "set_size", "color": "set_color", "material": "set_choice"}


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What an elliptic phrase comes to.

    Attributes:
        kind: ``taken_back``, ``earlier``, ``half``, ``step``, ``count``, ``same`` or ``instead``.
    """

    kind: str
    commands: tuple[Command, ...]

    @property
    def corrects(self) -> bool:
        """Whether it puts right the change before, so that words around it are reasons."""
        return self.kind in ("taken_back", "earlier", "half", "step")


def follow_up(phrase: Phrase, context: Context, *, refused: bool = False) -> FollowUp | None:
    """What a phrase comes to that leans on an earlier change, or None.

    Args:
        refused: the phrase before it said no.
    """
    refused = refused or _says("meant", phrase) or phrase.has("answer", "no")
    rules = (
        _taken_back, _earlier, _half, _step, _count, _same, _lifted, _told, _swapped, _instead,
        _valued,
    )  # fmt: skip
    for rule in rules:
        made = rule(phrase, context, refused)
        if made:
            return FollowUp(rule.__name__[1:], made)
    return None


def likened(phrase: Phrase) -> bool:
    """Whether a product is only named for comparison ("it looks like a bench")."""
    return _says("likened", phrase)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    both = [read(f"{language}/followups.yaml") for language in LANGUAGES]
    keys = {key for table in both for key in table}
    return {k: re.compile("|".join(f"(?:{x})" for t in both for x in t.get(k, ()))) for k in keys}


def _says(key: str, phrase: Phrase) -> bool:
    return bool(_patterns()[key].search(phrase.text))


def _only(phrase: Phrase, kinds: Iterable[str], words: int = 0) -> bool:
    """Whether all words are of some kinds, but for so many that nobody knows."""
    allowed = _BARE | set(kinds)
    odd = [t for t in phrase if not any(kind in allowed for kind, _ in t.senses)]
    return sum(1 for t in odd if t.kind == "word") <= words and all(t.kind == "word" for t in odd)


def _names_value(phrase: Phrase) -> bool:
    return any(phrase.has(k) for k in ("color", "size", "material", "option", "length", "near"))


def _taken_back(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "Maybe not", 挪回来, "as it was before all the spinning", "restore them all"."""
    last = context.last
    if last is None:
        return ()
    undone = phrase.has("act", "undo")
    back = undone or _says("taken_back", phrase) or _says("cancelled", phrase)
    restored = phrase.has("act", "redo") or (context.undid and back)
    if restored and _says("every", phrase) and len(context.ahead) > 1:
        return (Command(action="redo"),) * len(context.ahead)
    if undone and phrase.has("act", last.action) and not phrase.has("number"):
        return (Command(action="undo"),) * max(1, _run(context, last.action))
    if not back or phrase.has("amount") or phrase.has("length") or phrase.has("number"):
        return ()
    if part := phrase.first("part"):
        return _restored(context, "", part=part) if part != last.part or not undone else ()
    about = named(phrase, context, colored=True)
    if undone and about and not _names_value_but_color(phrase):
        return _restored(context, about) if context.past else (Command(action="undo"),)
    if undone and phrase.has("color") and not phrase.has("size") and last.target:
        color = phrase.first("color") or ""
        return (Command(action="set_color", target=about or last.target, color=color),)
    plain = undone and not _acts(phrase) - {"undo"} and _only(phrase, _UNDOING, 3)
    if not (plain or _says("taken_back", phrase)) or _names_value(phrase):
        return ()
    if undone and context.undid and plain:
        return ()
    if plain:
        return (Command(action="undo"),)
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


def _restored(
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


def _earlier(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "The colour before", "back to the size I came in with", 还是上一个."""
    if not (_says("earlier", phrase) or phrase.has("other", "previous")) or not context.past:
        return ()
    if phrase.has("color") or phrase.has("size") or phrase.has("material"):
        return ()
    last = context.past[-1].command
    action = ""
    if phrase.has("size_word"):
        action = "set_size"
    elif phrase.has("act", "color") or phrase.has("act", "paint"):
        action = "set_color"
    elif last.action in _VALUED.values():
        action = last.action
    if not action:
        return ()
    target = named(phrase, context) or next(
        (c.command.target for c in reversed(context.past) if c.command.action == action), ""
    )
    if _says("first", phrase):
        return _original(context, target, action)
    return _restored(context, target, action)


def _original(context: Context, target: str, action: str) -> tuple[Command, ...]:
    """The command that brings back what a product first was."""
    found = [c for c in context.past if (c.command.target, c.command.action) == (target, action)]
    if not found:
        return ()
    if action == "set_size" and not found[0].before:
        steps = sum(c.command.size_step for c in found)
        return (copy(found[0].command, size="", size_step=-steps),) if steps else ()
    return _inverse(found[0], context)


def _half(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "Half of that", 只要一半, "half as much again"."""
    last = context.last
    if last is None or not _says("half", phrase) or not (last.delta or last.factor):
        return ()
    halved = any(t.said == 0.5 or t.get("factor") == "0.5" for t in phrase)
    halved = halved or _says("halved", phrase)
    kinds = (
        "number", "factor", "times", "this", "it", "less", "more", "direction", "before", "act",
        "raise", "enough", "absolute", "change", "adjective", "again", "beside", "amount",
        "question", "bound", "done", "option",
    )  # fmt: skip
    if not halved or not _only(phrase, kinds, 2) or phrase.has("size_word"):
        return ()
    if last.action == "scale" and any(t.text == "by" for t in phrase):
        return ()
    if any(d == "size" for _, (d, _) in fitting.dimensions(phrase)):
        return ()
    back = _says("back", phrase)
    if last.action == "scale" and last.factor:
        root = math.sqrt(last.factor)
        return (copy(last, factor=root if phrase.has("more") and not back else 1 / root),)
    size = abs(last.delta or 0.0) / 2
    way = furnishing.direction_of(phrase) if last.direction else ""
    if way and way != last.direction and not back:
        return (copy(last, direction=way, delta=size),)
    if phrase.has("more") and not _says("back", phrase):
        return (copy(last, delta=math.copysign(size, last.delta or 0.0)),)
    if phrase.has("before") and not back:
        return (copy(last, delta=math.copysign(size, last.delta or 0.0)),)
    return (furnishing.turned_back(last, size),)


def _step(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "Down one", "a size less", 再往上一个码."""
    kinds: tuple[str, ...] = (
        "direction", "size_word", "number", "more", "less", "amount", "again",
    )  # fmt: skip
    if phrase.has("size_word"):
        kinds = (*kinds, "adjective", "change", "enough", "negation", "act")
    if not _only(phrase, kinds) or phrase.has("part"):
        return ()
    if any(dimension != "size" for _, (dimension, _) in fitting.dimensions(phrase)):
        return ()
    if phrase.has("negation") or _acts(phrase):
        return ()
    counted = _says("one", phrase) or phrase.has("number") or phrase.has("again")
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
        up, down = _says("up", phrase), _says("down", phrase)
    if up == down:
        return ()
    target = named(phrase, context) or next(
        (
            t
            for t in (context.topic, context.worn)
            if t and kind_of(t, context) == "garment"
        ),
        "",
    )
    if not target:
        return ()
    count = next((int(t.said) for t in phrase if t.kind == "number" and 1 <= t.said <= 6), 1)
    return (Command(action="set_size", target=target, size_step=count if up else -count),)


def _count(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "Another three", "two more": a bare number is of the last amount's unit."""
    last = context.last
    more = phrase.has("more") or phrase.has("other") or any("another" in t.text for t in phrase)
    if last is None or not more or not _only(phrase, ("number", "more", "other")):
        return ()
    number = next((t.said for t in phrase if t.kind == "number" and t.said >= 1), None)
    another = _says("another", phrase) and (last.delta or last.factor or last.size_step)
    if number is None and not (another or (phrase.has("more") and _says("one", phrase))):
        return ()
    if last.action == "set_size":
        step = last.size_step or 1
        return (copy(last, size="", size_step=int(math.copysign(number or 1, step))),)
    if not last.delta:
        return ()
    unit = _unit(last)
    if number is None and unit == _UNITS[-1]:
        return (last,)
    return (copy(last, delta=math.copysign((number or 1.0) * unit, last.delta)),)


def _unit(command: Command) -> float:
    """The unit in which an amount was probably said, in metres or radians."""
    if command.action == "rotate":
        return math.radians(1.0)
    size = abs(command.delta or 0.0)
    if abs(size * 100 - round(size * 100)) < 0.01:
        return _UNITS[-1]
    for unit in _UNITS[:-1]:
        halves = 2 * size / unit
        if abs(halves - round(halves)) < 0.02:
            return unit
    return _UNITS[-1]


def _same(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "The table as well", 肩膀同样处理, "depth too", "and the same colour"."""
    strong = _says("likewise", phrase)
    if not strong and not (_says("also", phrase) or phrase.has("same")):
        return ()
    kinds = (
        "part", "category", "product", "dimension", "this", "it", "direction", "beside", "color",
        "kind", "act", "other", "question", "near", "amount", "back",
    )  # fmt: skip
    kinds = (*kinds, "again", "more", "before") if strong else kinds
    acts = _acts(phrase)
    if context.last is not None and context.last.action in _AIMED:
        acts -= {context.last.action, "place", "move"}
    if not _only(phrase, kinds, 3 if strong else 0) or acts or phrase.has("near"):
        return ()
    if strong and (phrase.has("act", "color") or phrase.has("act", "paint")):
        return _alike(phrase, context, "set_color")
    if phrase.has("color") and not phrase.has("category"):
        return ()
    if phrase.has("color") and not colored(phrase, context):
        return ()
    question = any(t.text == "?" for t in phrase)
    previous = context.previous
    if previous is not None and not strong:
        return ()  # the classifier knows what was asked
    if previous is not None and (question or previous.action in ("look", "report")):
        return ()
    if context.past:
        base = context.past[-1].command if not context.undid else context.last
    else:
        base = context.last
    if base is None:
        return ()
    target = named(phrase, context, colored=True)
    if not target and phrase.has("this") and context.pointed not in ("", base.target):
        target = context.pointed
    if context.undid and target and context.last and target != context.last.target:
        return _restored(context, target, context.last.action)
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


def _acts(phrase: Phrase) -> set[str]:
    """What a phrase says to do, but for mere change."""
    mere = {"change", "color", "paint", "fit", "have"}
    return {v for t in phrase if (v := t.get("act"))} - mere


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


def _lifted(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "Armrests up three centimetres", 往下来两公分: a direction that lengthens or raises."""
    kinds = ("part", "direction", "length", "amount", "it", "this", "act", "more", "raise")
    up, down = phrase.has("direction", "up"), phrase.has("direction", "down")
    measured = phrase.has("length") or phrase.has("amount")
    if up == down or not measured or not _only(phrase, kinds):
        return ()
    if _acts(phrase) - {"move"}:
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


def _told(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "How's that in the shoulders": how the last change sits, rather than another one."""
    if not _says("sits", phrase) or phrase.has("change") or phrase.has("length"):
        return ()
    recent = context.last
    about = next((t for t in (context.topic, context.worn) if t), "")
    if recent is None or kind_of(about, context) != "garment":
        return ()
    return (Command(action="report", target=about),)


def _swapped(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "The brown one then", 换黑的那件, "this one instead": another product for the last one."""
    last = context.last
    if last is None:
        return ()
    instead = _says("instead", phrase)
    this = phrase.has("this") and context.pointed not in ("", last.target)
    if this and instead and last.action in _AIMED and not phrase.has("color"):
        return (copy(last, target=context.pointed),)
    if not phrase.has("color") or phrase.has("category") or phrase.has("part"):
        return ()
    kinds = ("color", "act", "this", "other", "before", "near", "it", "negation", "beside", "raise")
    if not _only(phrase, kinds) or not _says("one_of", phrase):
        return ()
    if _acts(phrase) - {"try_on", "compare", "show", "undo"} or phrase.has("act", "paint"):
        return ()
    about = context.worn if kind_of(last.target, context) == "garment" else ""
    found = colored(phrase, context)
    worn = kind_of(found, context) == "garment"
    if not found or not worn or found == about or not (about or phrase.has("act", "try_on")):
        return ()
    if found in context.listed:
        return ()
    return (Command(action="try_on", target=found),)


def _instead(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "The window rather", "the grey one too", 不对，是沙发: another place or product."""
    last = context.last
    if last is None or context.previous is not None:
        return ()
    part = phrase.first("part") or ""
    named_only = ("part", "this", "it", "absolute", "act", "negation", "other", "size")
    if refused and part and last.action == "adjust_fit" and _only(phrase, named_only, 2):
        parts = [p for t in phrase if (p := t.get("part"))]
        if not _acts(phrase) and parts[-1] != last.part:
            return (fitting.on_part(last, parts[-1]),)
    acts = _acts(phrase)
    near = next((v for t in phrase if (v := t.get("near")) and v != "pointer"), "")
    aimed = last.action in _AIMED
    says: tuple[str, ...] = ("color", "near", "beside", "category", "this", "other", "before", "act", "raise")
    says = (*says, "absolute", "more", "question")
    if near and aimed and last.near and acts <= {last.action, "place", "move", "rotate"}:
        if not _only(phrase, says, 2) or phrase.has("category") and not refused:
            return ()
        target = named(phrase, context) or colored(phrase, context)
        if not (target or refused or phrase.has("same") or not acts):
            return ()
        kept = last.action == "rotate" or not phrase.has("beside")
        changed = last if kept else copy(last, action="place", delta=None)
        return (copy(changed, near=near, target=target or last.target),)
    if not _only(phrase, says, 2 if refused or _says("one_of", phrase) else 0) or near or acts - {last.action, "place", "try_on"}:
        return ()
    if phrase.has("color") and not phrase.has("category"):
        return _of_color(phrase, context, last)
    if refused and (phrase.has("category") or phrase.has("product")) and last.target:
        target = named(phrase, context, colored=True) if last.action != "show" else ""
        changed = copy(last, color="") if last.action in ("try_on", *_AIMED) else last
        if target and target != last.target and kind_of(target, context) == kind_of(
            last.target, context
        ):
            return (copy(changed, target=_seen(target, context)),)
    return ()


def _valued(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """ "And walnut?", "could the chair be ivory", 蓝的呢: a value and no other word."""
    last = context.last
    if last is None or phrase.has("act", "have") or phrase.has("act", "ask"):
        return ()
    if _acts(phrase) or context.listed:
        return ()
    value = [t for t in phrase if t.get("material") or t.get("color")]
    kinds = ("material", "color", "category", "question", "absolute", "this", "it", "beside", "act")
    if len(value) != 1 or not _only(phrase, kinds) or phrase.has("negation"):
        return ()
    if phrase.has("category") and not (phrase.has("absolute") or phrase.has("question")):
        return ()
    target = named(phrase, context) or (context.pointed if phrase.has("this") else "")
    target = target or context.topic or last.target
    material = value[0].get("material")
    color = value[0].get("color")
    if material and last.action == "set_choice" and last.part == "material":
        return (Command(action="set_choice", target=target, part="material", option=material),)
    if color and context.here(target) and (last.action == "set_color" or phrase.has("absolute")):
        return (Command(action="set_color", target=target, color=color),)
    return ()


def _of_color(phrase: Phrase, context: Context, last: Command) -> tuple[Command, ...]:
    """The last placing or trying on, with the thing of that colour."""
    if last.action not in (*_AIMED, "try_on", "take_off"):
        return ()
    one = _says("one_of", phrase) or phrase.has("same") or phrase.has("before")
    found = colored(phrase, context)
    if not found or found == last.target:
        return ()
    open_ = context.thing(last.target) is None  # which one was left open
    if not (one or open_ or phrase.has("act", "place") or phrase.has("act", "try_on")):
        return ()
    return (copy(last, target=found, color="", option=""),)


def _seen(target: str, context: Context) -> str:
    """The only product of the shop that a category means, else the category."""
    if context.thing(target):
        return target
    found = [t for t in context.stock if t.category in category_of(target)]
    return found[0].id if len(found) == 1 else target

