"""What a reading makes of the words that were said and of what was there: its features.

A reading is likely where its commands use the parts, colours, places and amounts that were said,
and inherit from the conversation only what was left unsaid.
"""

from __future__ import annotations

from ..protocol.messages import Command
from .attributes import said as set_by
from .context import Context
from .fitting import complains, dimensions
from .phrase import Phrase
from .readings import Reading
from .risk import strange, unexplained
from .target import category_of, kind_of

_MEASURED = ("length", "angle", "percent", "factor", "times")
_CUES = (
    "negation", "answer", "less", "more", "again", "reverse", "same", "other", "too", "question",
    "enough", "before", "this", "it", "amount", "worn",
)  # fmt: skip


def features(reading: Reading, whole: Phrase, context: Context) -> list[str]:
    """Names of the features of a reading.

    Args:
        whole: all that was said; the reading may be of one clause.
    """
    commands = reading.commands
    before = _before(context)
    out = _clause(reading, whole)
    for kind in reading.kinds:
        out += [f"kind {kind}", f"after {before} {kind}", f"undid {context.undid} {kind}"]
        out += [f"asked {kind}"] * (context.asked is not None)
    if not commands:
        out += [f"silent {reading.intent} {round(4 * strange(whole))}"]
        said = [k for k in ("part", "color", "length", "change", "near", "category", "act", "more")]
        out += [f"silent {k}" for k in said if whole.has(k)]
        return out
    first = commands[0]
    action = first.action
    out += [f"action {action}", f"after {before} action {action}", f"count {len(commands)}"]
    for name, value in (
        ("part", _part(first, whole, context)),
        ("target", _target(first, whole, context)),
        ("color", _color(first, whole, context)),
        ("amount", _amount(first, whole, context)),
        ("way", _way(first, whole, context)),
        ("near", _near(first, whole)),
        ("measure", _measure(first, whole)),
        ("choice", _choice(first, whole)),
    ):
        if value:
            out += [f"{name} {value}", f"{name} {value} {action}"]
    out += [f"unexplained {kind}" for kind in unexplained(whole, commands)]
    out += [f"sets {x}" for x in set_by(whole) if x not in {c.action for c in commands}]
    if complains(whole):
        out.append(f"complaint {_sign(first, context)} {action}")
    kinds = {kind.split(" ")[0] for kind in reading.kinds}
    for cue in _CUES:
        if whole.has(cue):
            out += [f"cue {cue} {action}", *(f"cue {cue} {kind}" for kind in kinds)]
    return out


def _before(context: Context) -> str:
    recent = context.previous or context.last
    return recent.action if recent else "nothing"


def _clause(reading: Reading, whole: Phrase) -> list[str]:
    """Whether it is of the whole sentence, or of which clause."""
    if len(reading.phrase) == len(whole):
        return ["clause all"]
    last = reading.phrase.tokens[-1].end == whole.tokens[-1].end
    share = round(4 * len(reading.phrase.content) / max(1, len(whole.content)))
    return [f"clause {'last' if last else 'first'}", f"clause {share}"]


def _part(command: Command, whole: Phrase, context: Context) -> str:
    said = {p for t in whole if (p := t.get("part"))}
    if command.part:
        if command.part in said:
            return "said"
        if context.last is not None and context.last.part == command.part:
            return "inherited over" if said else "inherited"
        return "told over" if said else "told"
    if not said:
        last = context.last
        lost = last is not None and bool(last.part) and last.action == command.action
        return "lost" if lost else ""
    return "unused"


def _target(command: Command, whole: Phrase, context: Context) -> str:
    target = command.target
    thing = context.thing(target)
    category = thing.category if thing else target
    said = [c for t in whole if (c := t.get("category"))]
    meant = any(category in category_of(c) or category == c for c in said)
    recent = context.last
    last = recent.target if recent else ""
    where = (
        "none" if not target
        else "pointed" if target == context.pointed and whole.has("this")
        else "last" if target == last
        else "topic" if target == context.topic
        else "worn" if target == context.worn
        else "pointed silently" if target == context.pointed
        else "seen" if context.here(target)
        else "shop"
    )  # fmt: skip
    named = "named" if meant else "misnamed" if said else "unnamed"
    colors = {c for t in whole if (c := t.get("color"))}
    like = bool(thing and thing.color in colors and command.color != thing.color)
    kind = "" if not target else kind_of(target, context)[:1]
    one = " other" if whole.has("other") else ""
    return f"{where} {named}{' colored' if like else ''}{one} {kind}"


def _color(command: Command, whole: Phrase, context: Context) -> str:
    said = {c for t in whole if (c := t.get("color"))}
    thing = context.thing(command.target)
    if command.color:
        same = thing is not None and thing.color == command.color
        known = command.color in context.colors
        word = "said" if command.color in said else "known" if known else "guessed"
        return word + (" already" if same else "")
    if not said:
        return ""
    if thing is not None and thing.color in said:
        return "tells which"
    return "unused" if not whole.has("material") else "wooden"


def _amount(command: Command, whole: Phrase, context: Context) -> str:
    size = command.delta if command.delta is not None else command.value
    size = size if size is not None else command.factor
    lengths = [t.si for t in whole if t.kind in ("length", "angle")]
    numbers = [t for t in whole if t.kind == "number"]
    vague = whole.first("amount")
    told = "length" if lengths else "number" if numbers else ("vague" if vague else "")
    if any(t.kind in ("percent", "factor", "times") for t in whole):
        told = told or "factor"
    if size is None:
        return f"none {told}" if told else ""
    if lengths and any(abs(abs(size) - x) < 1e-6 for x in lengths):
        word = "said"
    else:
        last = context.last
        before = abs(last.delta) if last is not None and last.delta else 0.0
        ratio = abs(size) / before if before else 0.0
        word = next(
            (n for n, r in (("same", 1.0), ("half", 0.5), ("double", 2.0))
             if abs(ratio - r) < 0.01), "other",
        )  # fmt: skip
    value = "value" if command.value is not None else ""
    return f"{word} {told} {value}".strip()


def _sign(command: Command, context: Context) -> str:
    """Whether it goes on as the change before, or back."""
    last = context.last
    if last is None or last.action != command.action or not (last.delta and command.delta):
        return ""
    turned = last.direction != command.direction or last.delta * command.delta < 0
    return "back" if turned else "on"


def _way(command: Command, whole: Phrase, context: Context) -> str:
    """Whether its direction or sign is the one that was said."""
    if command.action == "move":
        said = {d for t in whole if (d := t.get("direction"))}
        if command.direction:
            word = "said" if command.direction in said else "unsaid"
            return f"{word} {'over' if said and word == 'unsaid' else ''} {_sign(command, context)}"
        return "unused" if said else ""
    if command.action not in ("adjust_fit", "scale", "set_size"):
        return _sign(command, context)
    signs = {sign for _, (_, sign) in dimensions(whole) if sign}
    signs |= {1 if t.get("raise") == "up" else -1 for t in whole.all("raise")}
    size = command.delta or command.size_step or ((command.factor or 1.0) - 1.0)
    if not size:
        return f"none {len(signs)}"
    sign = 1 if size > 0 else -1
    agrees = "unsaid" if not signs else "both" if len(signs) > 1 else (
        "said" if sign in signs else "against"
    )  # fmt: skip
    return f"{agrees} {_sign(command, context)}"


def _near(command: Command, whole: Phrase) -> str:
    said = {n for t in whole if (n := t.get("near"))}
    if command.near:
        things = {c for t in whole if (c := t.get("category"))}
        return "said" if command.near in said else "thing" if command.near in things else "kept"
    return "unused" if said else ""


def _measure(command: Command, whole: Phrase) -> str:
    if command.action != "adjust_fit":
        return ""
    said = {d for t in whole if (d := t.get("dimension"))}
    said |= {d for _, (d, _) in dimensions(whole)}
    if not said:
        return ""
    return "said" if command.parameter in said else "other"


def _choice(command: Command, whole: Phrase) -> str:
    options = {o.split("/")[1] for t in whole if (o := t.get("option")) and "/" in o}
    options |= {m for t in whole if (m := t.get("material"))}
    if command.option:
        return "said" if command.option in options else "unsaid"
    return "unused" if options else ""
