"""From an intent and a phrase to commands in SI units."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..protocol.messages import Command
from . import attributes, fitting, furnishing, shopping
from .context import Context
from .data import amounts, anatomy
from .options import options
from .phrase import Phrase, part_kind
from .shopping import picked
from .target import another, category_target, colored_one, fetched, implied, kind_of, named
from .text import is_cjk


@dataclass(frozen=True, slots=True)
class Need:
    """What is missing for a command: ``what`` names the question, ``options`` its answers."""

    what: str
    options: tuple[tuple[Command, ...], ...] = ()


Outcome = tuple[Command, ...] | Need
"""Commands to carry out, or what must be asked first."""

ASIDE = "aside"
"""A clause beside a request: why it is asked, for whom, what shall stay."""
NO_COMMAND = {"yes", "no", "stop", "thanks", "repeat", "out_of_scope", "clarify", ASIDE}
"""Intents that carry no command; the visit answers them."""


def _simple(action: str) -> Callable[[Phrase, Context], Outcome]:
    def build(phrase: Phrase, context: Context) -> Outcome:
        return (Command(action=action),)  # type: ignore[arg-type]

    return build


def _show(phrase: Phrase, context: Context) -> Outcome:
    color = spoken_color(phrase)
    said = [t for t in phrase if t.get("category") or t.get("kind") or t.get("product")]
    token = said[0] if said else None
    if len(said) > 1 and phrase.has("matching") and is_cjk(said[-1].text[0]):
        token = said[-1]  # 配这外套的裤子
    target = ""
    if token is not None:
        target = token.get("product") or token.get("category") or token.get("kind") or ""
    elif not color and not phrase.has("material") and _bounds(phrase) == (None, None):
        target = implied(phrase, context)
    material = phrase.first("material") or ""
    low, high = _bounds(phrase)
    wanted = material or low is not None or high is not None
    if not target and not color and not wanted:
        if phrase.has("question") or not context.things:
            return (Command(action="show"),)
        return Need("which_product")
    return (
        Command(
            action="show",
            target=target,
            color="" if material in _WOODS and material == color else color,
            size=phrase.first("size") or "",
            material=material if material in _WOODS or material != color else "",
            price_low=low,
            price_high=high,
        ),
    )


_WOODS = ("oak", "walnut")
"""Materials that are colours as well; of furniture they mean the material."""


def _bounds(phrase: Phrase) -> tuple[float | None, float | None]:
    """The prices from and up to which products are wanted."""
    prices = [t.said for t in phrase if t.kind == "number"]
    bound = phrase.first("bound")
    if not prices or not (bound or phrase.has("currency")):
        return None, None
    if len(prices) > 1:
        return min(prices[:2]), max(prices[:2])
    return (prices[0], None) if bound == "low" else (None, prices[0])


def _try_on(phrase: Phrase, context: Context) -> Outcome:
    chosen = picked(phrase, context)
    target = chosen or named(phrase, context, colored=True) or another(phrase, context)
    if not target and phrase.has("this") and context.pointed:
        target = context.pointed
    if not target and not spoken_color(phrase):
        target = _garment_of(context)
    category = next((c for t in phrase if (c := t.get("category"))), "")
    if target == context.worn and category and not phrase.has("this"):
        used = context.thing(target)
        if used is not None and used.category != category:
            target = category  # "dress me in a shirt" means no T-shirt
    color = spoken_color(phrase)
    thing = context.thing(target)
    told_apart = bool(chosen) or (thing is not None and thing.color == color)
    worn = thing if color and target == context.worn and not told_apart else None
    if worn and not any((t.category, t.color) == (worn.category, color) for t in context.stock):
        return (Command(action="set_color", target=target, color=color),)  # it is on already
    command = Command(
        action="try_on",
        target=target,
        color="" if told_apart else color,
        size=phrase.first("size") or "",
    )
    return (command,)


def _garment_of(context: Context) -> str:
    """The garment last talked about, where it is not the one that is worn, or ``""``."""
    topic = context.topic
    return topic if kind_of(topic, context) == "garment" and topic != context.worn else ""


def _take_off(phrase: Phrase, context: Context) -> Outcome:
    target = named(phrase, context, colored=True)
    target = target or colored_one(phrase, context) or another(phrase, context)
    if not target and phrase.has("all"):
        return (Command(action="take_off", option="all"),)
    if not target and phrase.has("this") and context.pointed:
        target = context.pointed
    topic = context.thing(context.topic) if context.here(context.topic) else None
    changed = context.last is not None and context.last.target == context.topic
    stands = topic is not None and (topic.kind == "furniture" or changed)
    if not target and stands and not phrase.has("worn"):
        target = context.topic
    if not target and (phrase.has("act", "try_on") or phrase.has("worn") or context.worn):
        target = context.worn
    return (Command(action="take_off", target=target),)


def spoken_color(phrase: Phrase) -> str:
    """The colour asked for: the last one that is not preceded by a negation, or ``""``."""
    color = ""
    negated = False
    for token in phrase:
        if token.kind == "negation":
            negated = True
        elif found := token.get("color"):
            color = color if negated else found
            negated = False
    return color


def _set_color(phrase: Phrase, context: Context) -> Outcome:
    color = spoken_color(phrase)
    target = named(phrase, context) or another(phrase, context) or implied(phrase, context)
    if not color:
        if phrase.has("other") or phrase.has("before"):
            earlier = [c for c in context.colors if c]
            if phrase.has("before") and len(earlier) >= 2:
                return (Command(action="set_color", target=target, color=earlier[-2]),)
            return (Command(action="set_color", target=target, option="other"),)
        return Need("which_color")
    return (Command(action="set_color", target=target, color=color),)


SLEEVED = {
    form: length
    for length, forms in {
        "long": ("long sleeve", "long sleeved", "longsleeve", "长袖"),
        "short": ("short sleeve", "short sleeved", "短袖"),
    }.items()
    for form in forms
}
"""Words for garments that, where one is changed, mean its sleeves."""


def _set_choice(phrase: Phrase, context: Context) -> Outcome:
    option = phrase.first("option")
    part = value = parameter = ""
    sleeved = next((v for t in phrase if (v := SLEEVED.get(t.text))), "")
    if sleeved and not option:
        target = implied(phrase, context, "garment")
        return (Command(action="set_choice", target=target, part="sleeve", option=sleeved),)
    if option:
        part, value, parameter = (*option.split("/"), "")[:3]
    elif phrase.has("part", "armrest"):
        part = "armrest"
        refused = phrase.has("negation") or phrase.has("act", "take_off")
        refused = refused or phrase.has("act", "off") or phrase.has("blocking")
        wished = any(t.get("act") for t in phrase) or phrase.has("question")
        if not (refused or wished) and any(t.kind == "word" for t in phrase):
            return Need("which_option")
        value = "no" if refused else "yes"
    elif shape := phrase.first("shape"):
        about = named(phrase, context) or implied(phrase, context)
        usual = "neckline" if kind_of(about, context) == "garment" else "top"
        part, value = phrase.first("part") or usual, shape
    elif material := _material(phrase):
        part, value = "material", material
    if not value:
        return Need("which_option")
    if part == "material":
        kinds: dict[str, list[str]] = anatomy()["materials"]
        kind = next((k for k, materials in kinds.items() if value in materials), "")
        target = named(phrase, context) or implied(phrase, context, kind)
        return (Command(action="set_choice", target=target, part=part, option=value),)
    kind = part_kind(part)
    target = named(phrase, context) or implied(phrase, context, kind)
    return (
        Command(action="set_choice", target=target, part=part, parameter=parameter, option=value),
    )


def _material(phrase: Phrase) -> str:
    """The material asked for: a kind of wood rather than wood, the last one after "to"."""
    found = [v for t in phrase if (v := t.get("material"))]
    kinds = [v for v in found if v != "wood"]
    return (kinds or found or [""])[0]


def _report(phrase: Phrase, context: Context) -> Outcome:
    pointed = context.pointed if phrase.has("this") else ""
    target = named(phrase, context) or pointed or _garment_of(context) or context.worn
    sizes = [t for t in phrase.all("size") if not (t.get("adjective") and phrase.has("too"))]
    size = (sizes[0].get("size") or "") if len(sizes) == 1 else ""
    return (Command(action="report", target=target, size=size),)


def _undo(phrase: Phrase, context: Context) -> Outcome:
    count = next((t.said for t in phrase if t.kind in ("number", "factor", "times")), 1.0)
    if any(t.text in ("both", "两步", "两次", "两个") for t in phrase):
        count = 2.0
    return (Command(action="undo"),) * int(min(max(count, 1.0), 9.0))


def _again(phrase: Phrase, context: Context) -> Outcome:
    return (context.last,) if context.last else Need("no_context")


def _stepped(context: Context) -> Command | None:
    """The last command, or the change before it where that was none of which there is more."""
    last = context.last
    if last is None or last.action not in ("try_on", "show", "take_off", "choose"):
        return last
    changes = [c.command for c in context.past if c.command.delta or c.command.factor]
    return changes[-1] if changes and changes[-1].target in ("", last.target) else last


def _more(phrase: Phrase, context: Context) -> Outcome:
    bought = context.previous
    if bought is not None and bought.action == "add_to_basket":
        return (bought,)
    last = _stepped(context)
    if last is None:
        return Need("no_context")
    if last.action == "set_size":
        return (_copy(last, size_step=last.size_step or 1, size=""),)
    amount = furnishing.spoken_amount(phrase, last, context)
    if last.action == "scale" and last.factor is not None:
        step = furnishing.vague("scale", phrase, default=False)
        growing = last.factor >= 1
        factor = last.factor if step is None else (step if growing else 1 / step)
        return (_copy(last, factor=factor),)
    if last.delta is None:
        return (last,)
    size = abs(last.delta) if amount is None else amount
    return (_copy(last, delta=math.copysign(size, last.delta)),)


def _less(phrase: Phrase, context: Context) -> Outcome:
    last = context.last
    if last is None:
        return Need("no_context")
    if last.action == "set_size":
        return (_copy(last, size_step=-(last.size_step or 1), size=""),)
    if last.action == "scale" and last.factor:
        bit = any("bit" in t.text or t.text.startswith(("少一", "少点")) for t in phrase)
        step = amounts()["scale"]["bit"] if bit else math.sqrt(max(last.factor, 1 / last.factor))
        return (_copy(last, factor=1 / step if last.factor >= 1 else step),)
    if last.delta is None:
        return (Command(action="undo"),)
    half = phrase.has("less") and not phrase.has("amount")
    half = half or any("much" in t.text or "多" in t.text for t in phrase.all("less"))
    amount = furnishing.spoken_amount(phrase, last, context)
    size = abs(last.delta) / 2 if half or amount is None else amount
    return (furnishing.turned_back(last, size),)


def _reverse(phrase: Phrase, context: Context) -> Outcome:
    last = context.last
    if last is None:
        return Need("no_context")
    if last.action == "set_size":
        return (_copy(last, size_step=-last.size_step),)
    if last.factor:
        return (_copy(last, factor=1 / last.factor),)
    if last.delta is None:
        return Need("no_context")
    return (furnishing.turned_back(last, abs(last.delta)),)


def _same(phrase: Phrase, context: Context) -> Outcome:
    """The last change or question again, of another part, product or direction."""
    last = context.previous or context.last
    if last is None:
        return Need("no_context")
    parts = phrase.all("part")
    refused = phrase.has("answer", "no")  # "not the hem, the sleeves"
    part = (parts[-1 if refused else 0].get("part") or "") if parts else ""
    target = named(phrase, context) or another(phrase, context)
    if not target and phrase.has("this") and context.pointed not in ("", last.target):
        target = context.pointed
    direction = furnishing.direction_of(phrase) if last.direction else ""
    if not (part or target or direction):
        return Need("no_context")
    changed = _copy(last, target=target) if target else last
    if part and last.action == "adjust_fit":
        changed = fitting.on_part(changed, part)
    elif part and last.action in ("set_choice", "look"):
        changed = _copy(changed, part=part)
    elif not (target or direction):
        return Need("no_context")
    if direction:
        changed = _copy(changed, direction=direction)
    return (changed,)


def _other(phrase: Phrase, context: Context) -> Outcome:
    last = context.last
    current = context.thing(context.topic) or (context.thing(last.target) if last else None)
    current = current or context.thing(context.worn)
    category = phrase.first("category") or (current.category if current else "")
    option = phrase.first("other") or "other"
    wear = phrase.has("act", "try_on") or (last is not None and last.action == "try_on")
    worn = current is not None and current.id == context.worn
    wear = wear or (worn and not phrase.has("category") and last is not None)
    action: Literal["try_on", "show"] = "try_on" if wear else "show"
    beside = _beside(context, current.id if current else "", -1 if option == "previous" else 1)
    if beside and not phrase.has("category"):
        return (Command(action=action, target=beside),)
    if not category:
        return (Command(action=action, option=option),)
    seen = (*context.things, *context.shelf)
    rest = [t for t in seen if t.category == category and t != current]
    if len(rest) == 1:
        return (Command(action=action, target=rest[0].id, option=option),)
    rest = [t for t in context.stock if t.category == category and current and t.id != current.id]
    if len(rest) == 1 and not phrase.has("category"):
        return (Command(action=action, target=rest[0].id),)
    target = category_target(category, Context())
    return (Command(action=action, target=target, option=option),)


def _beside(context: Context, current: str, step: int) -> str:
    """The next or previous of what was listed, from the current one on."""
    listed = context.listed
    if current not in listed or len(listed) < 2:
        return ""
    return listed[(listed.index(current) + step) % len(listed)]


def _copy(command: Command, **changes: object) -> Command:
    return furnishing.copy(command, **changes)


_OVER = re.compile(r"\bover (?:to|towards?)\b")
"""What goes all the way to a place."""


def _measured(phrase: Phrase) -> bool:
    return phrase.has("length") or phrase.has("amount") or phrase.has("angle")


_BUILDERS: dict[str, Callable[[Phrase, Context], Outcome]] = {
    "show": _show,
    "try_on": _try_on,
    "take_off": _take_off,
    "set_color": _set_color,
    "set_choice": _set_choice,
    "report": _report,
    "undo": _undo,
    "redo": _simple("redo"),
    "help": _simple("help"),
    "greet": _simple("greet"),
    "again": _again,
    "more": _more,
    "less": _less,
    "reverse": _reverse,
    "same": _same,
    "other": _other,
}


def _retried(made: tuple[Command, ...] | str, context: Context) -> tuple[Command, ...] | str:
    """What is chosen while garments are being tried on is tried on ("now the first")."""
    trying = context.last is not None and context.last.action == "try_on"
    if isinstance(made, str) or not trying or context.previous is not None:
        return made
    if len(made) != 1 or made[0].action != "choose":
        return made
    garment = kind_of(made[0].target, context) == "garment"
    return (Command(action="try_on", target=made[0].target),) if garment else made


def resolve(intent: str, phrase: Phrase, context: Context) -> Outcome:
    """The commands of one phrase, or what is missing.

    Args:
        intent: an intent of the classifier.
        context: the state so far, ``last`` being the command of the phrase before.
    """
    if intent in NO_COMMAND:
        return ()
    if intent in _BUILDERS:
        return _whole(intent, _BUILDERS[intent](phrase, context), phrase, context)
    if intent in ("adjust_fit", "set_size"):
        made = fitting.build(intent, phrase, context)
    elif intent in shopping.SHOP_ACTIONS:
        made = _retried(shopping.build(intent, phrase, context), context)
    else:
        made = furnishing.build(intent, phrase, context)
    if not isinstance(made, str) and _OVER.search(phrase.text) and not _measured(phrase):
        made = tuple(furnishing.copy(c, delta=None) if c.near and c.delta else c for c in made)
    if made == "which_direction" and (coming := fetched(phrase, context)):
        made = (Command(action="place", target=coming),)
    if isinstance(made, str):
        return Need(made, options(made, phrase, context))
    return _whole(intent, made, phrase, context)


def _whole(intent: str, outcome: Outcome, phrase: Phrase, context: Context) -> Outcome:
    """An outcome with all that the phrase says in the same breath."""
    if isinstance(outcome, Need):
        return outcome
    if intent in attributes.SETTING:

        def build(name: str) -> tuple[Command, ...]:
            if name == "set_size":
                made = fitting.build(name, phrase, context)
                return () if isinstance(made, str) else made
            found = _BUILDERS[name](phrase, context)
            return () if isinstance(found, Need) else found

        outcome = attributes.together(intent, outcome, phrase, build)
    fetched = _fetched(outcome, phrase, context)
    return fetched if isinstance(fetched, Need) else attributes.each(fetched, phrase, context)


def _fetched(outcome: Outcome, phrase: Phrase, context: Context) -> Outcome:
    """What is not here yet is shown in that colour or size rather than altered."""
    if isinstance(outcome, Need) or not outcome or not context.things:
        return outcome
    if any(c.action not in attributes.SETTING for c in outcome) or not phrase.has("category"):
        return outcome
    first = outcome[0]
    if context.here(first.target) or any(c.size_step for c in outcome) or phrase.has("this"):
        return outcome
    if not any(c.color or c.size for c in outcome):
        return outcome
    return _show(phrase, context)
