"""Ellipsis that replaces: another product, place, part or value than in the change before."""

from __future__ import annotations

from ..protocol.messages import Command
from . import fitting, furnishing
from .context import Context
from .ellipsis import AIMED, acts_of, only, says
from .furnishing import copy
from .phrase import Phrase
from .resolve import SLEEVED
from .target import category_of, colored, kind_of, named


def sitting(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "How's that in the shoulders": how the last change sits, rather than another one."""
    if not says("sits", phrase) or phrase.has("change") or phrase.has("length"):
        return ()
    recent = context.last
    about = next((t for t in (context.topic, context.worn) if t), "")
    if recent is None or kind_of(about, context) != "garment":
        return ()
    return (Command(action="report", target=about),)


def swapped(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "The brown one then", 换黑的那件, "this one instead": another product."""
    last = context.last
    if last is None:
        return ()
    instead = says("instead", phrase)
    this = phrase.has("this") and context.pointed not in ("", last.target)
    if this and instead and last.action in AIMED and not phrase.has("color"):
        return (copy(last, target=context.pointed),)
    if not phrase.has("color") or phrase.has("category") or phrase.has("part"):
        return ()
    kinds = ("color", "act", "this", "other", "before", "near", "it", "negation", "beside", "raise")
    if not only(phrase, kinds) or not says("one_of", phrase):
        return ()
    if acts_of(phrase) - {"try_on", "compare", "show", "undo"} or phrase.has("act", "paint"):
        return ()
    about = context.worn if kind_of(last.target, context) == "garment" else ""
    found = colored(phrase, context)
    worn = kind_of(found, context) == "garment"
    if found and not worn and not context.here(found) and not acts_of(phrase):
        return (Command(action="show", target=found),)  # 换那个蓝的进来
    if not found or not worn or found == about or not (about or phrase.has("act", "try_on")):
        return ()
    if found in context.listed:
        return ()
    return (Command(action="try_on", target=found),)


def instead(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "The window rather", "the grey one too", 不对，是沙发: another place or product."""
    last = context.last
    if last is None or context.previous is not None:
        return ()
    part = phrase.first("part") or ""
    named_only = ("part", "this", "it", "absolute", "act", "negation", "other", "size")
    meant = says("meant", phrase)
    several = len(phrase.all("part")) > 1 and phrase.has("negation")
    told = several or (refused and (meant or not phrase.has("negation")))
    pardon = {"undo"} if meant else set()
    if told and part and last.action == "adjust_fit" and only(phrase, named_only, 2):
        parts = [p for t in phrase if (p := t.get("part"))]
        if not acts_of(phrase) - pardon and parts[-1] != last.part:
            return (fitting.on_part(last, parts[-1]),)
    way = furnishing.direction_of(phrase) if last.direction else ""
    if refused and way not in ("", last.direction) and only(phrase, ("direction", "absolute")):
        delta = -last.delta if last.action == "rotate" and last.delta else last.delta
        return (copy(last, direction=way, delta=delta),)
    acts = acts_of(phrase) - pardon
    unsaid = ("pointer", "me") if meant else ("pointer",)
    near = next((v for t in phrase if (v := t.get("near")) and v not in unsaid), "")
    aimed = last.action in AIMED
    kinds: tuple[str, ...] = (
        "color",
        "near",
        "beside",
        "category",
        "this",
        "other",
        "before",
        "act",
        "raise",
    )
    kinds = (*kinds, "absolute", "more", "question")
    if near and aimed and last.near and acts <= {last.action, "place", "move", "rotate"}:
        if not only(phrase, kinds, 2) or (phrase.has("category") and not refused):
            return ()
        target = named(phrase, context) or colored(phrase, context)
        if not (target or refused or phrase.has("same") or not acts):
            return ()
        kept = last.action == "rotate" or not phrase.has("beside")
        changed = last if kept else copy(last, action="place", delta=None)
        return (copy(changed, near=near, target=target or last.target),)
    if (
        not only(phrase, kinds, 2 if refused or says("one_of", phrase) else 0)
        or near
        or acts - {last.action, "place", "try_on"}
    ):
        return ()
    if phrase.has("color") and not phrase.has("category"):
        return _of_color(phrase, context, last)
    if refused and (phrase.has("category") or phrase.has("product")) and last.target:
        target = named(phrase, context, colored=True) if last.action != "show" else ""
        changed = copy(last, color="") if last.action in ("try_on", *AIMED) else last
        if (
            target
            and target != last.target
            and kind_of(target, context) == kind_of(last.target, context)
        ):
            return (copy(changed, target=_seen(target, context)),)
    return ()


def valued(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "And walnut?", "could the chair be ivory", 蓝的呢: a value and no other word."""
    last = context.last
    if (sleeve := _sleeve(phrase, context)) is not None:
        return (sleeve,)
    if phrase.has("act", "have") or phrase.has("act", "ask"):
        return ()
    wished = phrase.has("absolute") and bool(named(phrase, context))
    if last is None and not wished:
        return ()
    if acts_of(phrase) or context.listed:
        return ()
    value = [t for t in phrase if t.get("material") or t.get("color")]
    kinds = ("material", "color", "category", "question", "absolute", "this", "it", "beside", "act")
    if len(value) != 1 or not only(phrase, kinds) or phrase.has("negation"):
        return ()
    if phrase.has("category") and not (phrase.has("absolute") or phrase.has("question")):
        return ()
    target = named(phrase, context) or (context.pointed if phrase.has("this") else "")
    target = target or context.topic or (last.target if last else "")
    material = value[0].get("material")
    color = value[0].get("color")
    chosen = last is not None and last.action == "set_choice" and last.part == "material"
    if material and chosen:
        return (Command(action="set_choice", target=target, part="material", option=material),)
    if color and context.here(target) and (wished or (last and last.action == "set_color")):
        return (Command(action="set_color", target=target, color=color),)
    return ()


def _sleeve(phrase: Phrase, context: Context) -> Command | None:
    """The other sleeves that "long sleeves" means of the garment that is talked of."""
    told = next((v for t in phrase if (v := SLEEVED.get(t.text.removesuffix("s")))), "")
    about = context.thing(context.topic)
    if not told or about is None or about.kind != "garment" or acts_of(phrase):
        return None
    if phrase.has("act") and not phrase.has("act", "have"):
        return None
    if not only(phrase, ("category", "option", "question", "it", "this", "act")):
        return None
    return Command(action="set_choice", target=about.id, part="sleeve", option=told)


def _of_color(phrase: Phrase, context: Context, last: Command) -> tuple[Command, ...]:
    """The last placing or trying on, with the thing of that colour."""
    if last.action not in (*AIMED, "try_on", "take_off"):
        return ()
    one = says("one_of", phrase) or phrase.has("same") or phrase.has("before")
    found = colored(phrase, context)
    if not found or found == last.target:
        return ()
    open_ = context.thing(last.target) is None  # which one was left open
    if not (one or open_ or phrase.has("act", "place") or phrase.has("act", "try_on")):
        return ()
    if last.action == "take_off" and not context.here(found):  # "bring the blue one in instead"
        if kind_of(found, context) == "furniture":
            return (Command(action="place", target=found),)
        return (Command(action="try_on", target=found),)
    return (copy(last, target=found, color="", option=""),)


def _seen(target: str, context: Context) -> str:
    """The only product of the shop that a category means, else the category."""
    if context.thing(target):
        return target
    found = [t for t in context.stock if t.category in category_of(target)]
    return found[0].id if len(found) == 1 else target
