"""All that a sentence may come to in a conversation, before it is weighed which is meant.

Besides what the classifier's intents make of it, a sentence may lean on any earlier change: go on
with it, take back all or part of it, say it of something else, or give something another value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..protocol.messages import Command
from . import fitting, furnishing
from .backward import original, restored
from .context import Context
from .data import amounts, anatomy
from .ellipsis import says
from .followup import RULES
from .furnishing import copy
from .onward import unit_of
from .phrase import Phrase, part_kind
from .resolve import ASIDE, NO_COMMAND, Need, resolve, spoken_color
from .shopping import SHOP_ACTIONS
from .target import another, colored, kind_of, named

_LIKELY = 0.02
"""From this probability on an intent of the classifier is among the readings."""
_INTENTS = 6
_SILENT = ("out_of_scope", "thanks", "no", "yes", "stop", "clarify")
_SHOP = ("ask", "report", "compare", "recommend", "look", "add_to_basket")
_STEPS = ("tiny", "bit", "lot")
_BASES = 4
"""How many earlier changes a sentence may lean on."""
_BRINGING = ("place", "try_on", "show", "choose")
"""Actions that may be of a product that is not to be seen yet."""
_ONE = ("one", "another", "anuther")

Made = tuple[str, tuple[Command, ...]]


@dataclass(slots=True)
class Reading:
    """One thing that a sentence may come to.

    Attributes:
        commands: none for small talk, questions and what is out of scope.
        intent: as :attr:`showroom.voice.context.Understanding.intent` would have it.
        phrase: the words that it was read from.
        kinds: how it was found, such as ``"back"`` or ``"intent set_color"``, in any of its ways.
    """

    commands: tuple[Command, ...]
    intent: str
    phrase: Phrase
    kinds: list[str] = field(default_factory=list)


def readings(
    phrases: Sequence[Phrase], shares: Sequence[dict[str, float]], context: Context
) -> list[Reading]:
    """All readings of a sentence, each once, those of its clauses too.

    Args:
        phrases: the whole sentence, and its clauses where it has several.
        shares: for each the probabilities of its intents.
    """
    found: dict[tuple[str, str], Reading] = {}
    for phrase, share in zip(phrases, shares, strict=True):
        for kind, commands in _of(phrase, share, context):
            intent = commands[0].action if commands else kind
            quiet = not commands or intent in SHOP_ACTIONS
            key = (intent if quiet else "", repr(commands))
            reading = found.setdefault(key, Reading(commands, intent, phrase))
            if kind not in reading.kinds:
                reading.kinds.append(kind)
    return list(found.values())


def _of(phrase: Phrase, shares: dict[str, float], context: Context) -> Iterator[Made]:
    for rule in RULES:
        for refused in (False, True):
            if made := rule(phrase, context, refused):
                yield rule.__name__, made
                break
    yield from _leaning(phrase, context)
    yield from _framed(phrase, context)
    for intent, share in list(shares.items())[:_INTENTS]:
        if share < _LIKELY or intent == ASIDE:
            continue
        if intent in NO_COMMAND:
            yield intent, ()
            continue
        outcome = resolve(intent, phrase, context)
        if not isinstance(outcome, Need) and outcome:
            yield f"intent {intent}", outcome
    for intent in _SILENT:
        yield intent, ()
    for intent in _SHOP:
        outcome = resolve(intent, phrase, context)
        if not isinstance(outcome, Need) and outcome:
            yield f"intent {intent}", outcome


def _leaning(phrase: Phrase, context: Context) -> Iterator[Made]:
    """What leans on an earlier change."""
    yield "undo", (Command(action="undo"),)
    if context.ahead or context.undid:
        yield "redo", (Command(action="redo"),)
    asked = context.previous
    if asked is not None and asked.size:
        yield "asked size", (Command(action="set_size", target=asked.target, size=asked.size),)
    if asked is not None and asked.action == "add_to_basket":
        yield "put back", (Command(action="remove_from_basket", target=asked.target),)
    for count in (2, 3):
        if len(context.past) >= count:
            yield "undo more", (Command(action="undo"),) * count
    for command in _bases(context):
        yield from _edited(command, phrase, context)
    yield from _valued(phrase, context)
    yield from _aimed(phrase, context)
    last = context.last
    if last is not None and (thing := context.thing(last.target)) and says("several", phrase):
        alike = [t.id for t in context.things if t.category == thing.category]
        if 1 < len(alike) <= _BASES:
            yield "all alike", tuple(copy(last, target=target) for target in alike)
    for part in _parts(phrase):
        if made := restored(context, "", part=part):
            yield "restored", made
    for target in _targets(phrase, context):
        if made := restored(context, target):
            yield "restored", made
        for action in ("set_color", "set_size", "set_choice", "adjust_fit"):
            if made := restored(context, target, action):
                yield f"restored {action}", made
            if action != "adjust_fit" and (made := original(context, target, action)):
                yield f"original {action}", made


def _parts(phrase: Phrase) -> list[str]:
    return list(dict.fromkeys(p for t in phrase if (p := t.get("part"))))


def _measures(phrase: Phrase) -> list[str]:
    said = [d for t in phrase if (d := t.get("dimension"))]
    said += [d for _, (d, _) in fitting.dimensions(phrase) if d != "size"]
    return list(dict.fromkeys(said))


def _bases(context: Context) -> list[Command]:
    """The changes that may be meant: the last one, the last of each part, product and kind."""
    out: list[Command] = [context.last] if context.last else []
    seen = {(c.action, c.target, c.part, c.parameter) for c in out}
    for change in reversed(context.past[-6:]):
        c = change.command
        key = (c.action, c.target, c.part, c.parameter)
        if key not in seen:
            seen.add(key)
            out.append(c)
    return out[:_BASES]


def _edited(base: Command, phrase: Phrase, context: Context) -> Iterator[Made]:
    """A change again, on, back, or of something else."""
    mark = "" if base is context.last else " earlier"
    sizes = _sizes(base, phrase, context)
    for name, command in _resized(base, sizes):
        yield name + mark, (command,)
    others = [
        ("same target", copy(base, target=target))
        for target in _targets(phrase, context)
        if target != base.target and (context.here(target) or base.action in _BRINGING)
    ]
    if base.action == "adjust_fit":
        parts = [p for p in _parts(phrase) if p != base.part]
        others += [("same part", fitting.on_part(base, part)) for part in parts]
        measures = [m for m in _measures(phrase) if m != base.parameter]
        others += [("same measure", copy(base, parameter=m)) for m in measures]
        if base.part:
            others.append(("same whole", copy(base, part="", parameter="length")))
    way = furnishing.direction_of(phrase)
    if base.action == "move" and way not in ("", base.direction):
        others.append(("same way", copy(base, direction=way)))
    for kind, changed in others:
        yield kind + mark, (changed,)
        for name, command in _resized(changed, sizes):
            if name.startswith(("on", "back", "to")):
                yield f"{kind} {name}{mark}", (command,)


def _sizes(base: Command, phrase: Phrase, context: Context) -> dict[str, float]:
    """The amounts that may be meant, in SI: those said, and vague ones."""
    out: dict[str, float] = {}
    said = [t.si for t in phrase if t.kind in ("length", "angle")]
    if said:
        out["said"] = said[-1]
    unit = math.radians(1.0) if base.action == "rotate" else unit_of(base)
    for token in phrase:
        if token.kind == "number" and token.said > 0:
            out["number"] = token.said * unit
    if "number" not in out and any(t.text in _ONE for t in phrase):
        out["number"] = unit
    vague = furnishing.spoken_amount(phrase, base, context)
    if vague is not None and "said" not in out:
        out["vague"] = vague
    kind = base.action if base.action in ("move", "rotate") else kind_of(base.target, context)
    for step in _STEPS if kind in ("move", "rotate", "garment", "furniture") else ():
        out.setdefault(step, amounts()[kind][step])
    return out


def _resized(base: Command, sizes: dict[str, float]) -> Iterator[tuple[str, Command]]:
    """The same change again, on, back, half, or so that it comes to what is said."""
    if base.action == "set_size":
        step = base.size_step or 1
        yield "again", copy(base, size="", size_step=step)
        yield "back", copy(base, size="", size_step=-step)
        return
    if base.factor:
        root = math.sqrt(base.factor)
        yield "again", base
        yield "back", copy(base, factor=1 / base.factor)
        yield "half back", copy(base, factor=1 / root)
        yield "half on", copy(base, factor=root)
        bit = amounts()["scale"]["bit"]
        grows = base.factor >= 1
        yield "on bit", copy(base, factor=bit if grows else 1 / bit)
        yield "back bit", copy(base, factor=1 / bit if grows else bit)
        return
    if base.value is not None and base.delta is None:
        for name in ("said", "number"):
            if name in sizes:
                yield f"to {name}", copy(base, value=sizes[name])
        for name, size in sizes.items():
            yield f"on {name}", copy(base, value=None, delta=size)
            yield f"back {name}", copy(base, value=None, delta=-size)
        return
    if base.delta is None:
        if base.action in ("place", "move", "rotate", "try_on", "take_off", "show", "set_choice"):
            yield "again", base
        return
    size = abs(base.delta)
    yield "again", base
    yield "back", furnishing.turned_back(base, size)
    yield "half back", furnishing.turned_back(base, size / 2)
    yield "half on", copy(base, delta=base.delta / 2)
    yield "double on", copy(base, delta=base.delta * 2)
    for name, amount in sizes.items():
        yield f"on {name}", copy(base, delta=math.copysign(amount, base.delta))
        yield f"back {name}", furnishing.turned_back(base, amount)
        if name in ("said", "number"):
            rest = amount - size
            if abs(rest) > 1e-6:
                grown = copy(base, delta=math.copysign(rest, base.delta))
                yield f"to {name}", grown if rest > 0 else furnishing.turned_back(base, -rest)
            yield f"turned {name}", furnishing.turned_back(base, size + amount)


def _framed(phrase: Phrase, context: Context) -> Iterator[Made]:
    """A change of a measure by what is said of it, inheriting the rest from the change before."""
    telling = ("part", "change", "adjective", "raise", "dimension", "length", "closer")
    if not any(phrase.has(kind) for kind in telling):
        return
    last = context.last if context.last and context.last.action == "adjust_fit" else None
    parts = _parts(phrase) or ([last.part] if last and last.part else []) + [""]
    measures = _measures(phrase)
    targets = _targets(phrase, context)
    for part in parts[:3]:
        target = _bearer(part, targets, context)
        if not target:
            continue
        kind = kind_of(target, context)
        main = anatomy()["main_dimension"].get(part, "length")
        own = last.parameter if last and part == last.part else ""
        sizes = {"usual": amounts()[kind]["default"]}
        if last and last.delta:
            sizes["same"] = abs(last.delta)
        for token in phrase:
            if token.kind == "length":
                sizes["said"] = token.si
            elif token.kind == "number" and token.said >= 1:
                sizes["number"] = token.said / 100
        if (vague := furnishing.vague(kind, phrase, default=False)) is not None:
            sizes["vague"] = vague
        for measure in list(dict.fromkeys((*measures, own or main)))[:3]:
            for name, size in sizes.items():
                plain = Command(action="adjust_fit", target=target, parameter=measure, delta=size)
                grown = fitting.on_part(plain, part) if part else plain
                yield f"frame {name}", (grown,)
                yield f"frame {name}", (copy(grown, delta=-(grown.delta or 0.0)),)
                if name in ("said", "number") and size > _SHORTEST:
                    yield f"frame to {name}", (copy(grown, delta=None, value=size),)


_SHORTEST = 0.25
"""No part shall be as short as this (metres); shorter lengths say by how much it changes."""


def _bearer(part: str, targets: list[str], context: Context) -> str:
    """The first of some products that has a part; any where no part is said."""
    owned: dict[str, list[str]] = anatomy()["owned"]
    for target in targets:
        thing = context.thing(target)
        if thing is None or not context.here(target):
            continue
        has = owned.get(thing.category)
        if not part or (part in has if has is not None else part_kind(part) == thing.kind):
            return target
    return ""


def _targets(phrase: Phrase, context: Context) -> list[str]:
    """The products that may be meant, likeliest first."""
    last = context.last.target if context.last else ""
    other = [t.id for t in context.things if t.id not in (last, context.topic)]
    said: tuple[str, ...] = (
        named(phrase, context),
        named(phrase, context, colored=True),
        context.pointed,
        another(phrase, context),
        colored(phrase, context),
        context.topic,
        last,
        context.worn,
        other[0] if len(other) == 1 else "",
    )
    tried = [c.command.target for c in context.past if c.command.action == "try_on"]
    said = (*said, *tried[-2:])
    colors = {c for t in phrase if (c := t.get("color"))}
    like = [t.id for t in (*context.things, *context.stock) if t.color in colors]
    return [t for t in dict.fromkeys((*said, *like[:_BASES])) if t and context.thing(t)]


def _valued(phrase: Phrase, context: Context) -> Iterator[Made]:
    """Another colour, material, size or cut of whatever may be meant."""
    for target in _targets(phrase, context):
        garment = kind_of(target, context) == "garment"
        if not context.here(target):  # it can only be brought
            if garment:
                yield "try on", (Command(action="try_on", target=target),)
            continue
        if color := spoken_color(phrase):
            yield "color", (Command(action="set_color", target=target, color=color),)
        colors = {t.color for t in context.things if t.id != target and t.color}
        if phrase.has("same") or phrase.has("matching"):
            for color in sorted(colors):
                yield "alike", (Command(action="set_color", target=target, color=color),)
        if material := phrase.first("material"):
            yield "material", (_choice(target, "material", material),)
        if option := phrase.first("option"):
            part, value, parameter = (*option.split("/"), "")[:3]
            yield "option", (copy(_choice(target, part, value), parameter=parameter),)
        if garment:
            yield from _worn(phrase, context, target)
        elif phrase.has("part", "armrest"):
            for value in ("yes", "no"):
                yield f"armrest {value}", (_choice(target, "armrest", value),)
        yield "take off", (Command(action="take_off", target=target),)


def _worn(phrase: Phrase, context: Context, target: str) -> Iterator[Made]:
    """Another size or sleeves of a garment, or that it is put on."""
    if size := phrase.first("size"):
        yield "size", (Command(action="set_size", target=target, size=size),)
    for step in (1, -1):
        yield f"size {step}", (Command(action="set_size", target=target, size_step=step),)
    if any(phrase.has(kind) for kind in ("color", "category", "other", "this", "before")):
        yield "try on", (Command(action="try_on", target=target),)
    if phrase.has("part", "sleeve") or (context.last and context.last.part == "sleeve"):
        for value in ("no", "short", "long"):
            yield f"sleeve {value}", (_choice(target, "sleeve", value),)


def _choice(target: str, part: str, value: str) -> Command:
    return Command(action="set_choice", target=target, part=part, option=value)


def _aimed(phrase: Phrase, context: Context) -> Iterator[Made]:
    """Where furniture that may be meant shall stand, and what it shall face."""
    places = [v for t in phrase if (v := t.get("near")) and v != "pointer"]
    places += [c for t in phrase if (c := t.get("category"))]
    beside = phrase.has("beside") and not phrase.has("category")
    recent = [c.command.target for c in reversed(context.past)] if beside else []
    for target in _targets(phrase, context):
        thing = context.thing(target)
        if thing is None or thing.kind != "furniture":
            continue
        others = [t for key in recent if key != target and (t := context.thing(key))]
        others = [t for t in others if t.kind == "furniture"]
        if others:  # "this one, next to it"
            yield "place", (Command(action="place", target=target, near=others[0].category),)
        about = replace(context, topic=target, pointed="")
        for near in dict.fromkeys(places):
            if near != thing.category:
                yield "place", (Command(action="place", target=target, near=near),)
                yield "turn to", (Command(action="rotate", target=target, near=near),)
        if not context.here(target):
            yield "fetch", (Command(action="place", target=target),)
        for intent in ("move", "rotate"):
            if any(phrase.has(kind) for kind in ("direction", "angle", "turn", "reverse")):
                outcome = resolve(intent, phrase, about)
                if not isinstance(outcome, Need):
                    yield intent, tuple(copy(c, target=target) for c in outcome)
