"""What a clause of a sentence is: a command, the reason for one, or somebody else's talk."""

from __future__ import annotations

from .context import Context
from .ellipsis import likened
from .fitting import complains
from .followup import follow_up
from .phrase import Phrase
from .resolve import ASIDE
from .target import named

PLAIN = 0.85
"""From this one on a phrase that names what to change is a command, whatever else is said."""
SMALL_TALK = frozenset(("greet", "thanks", "yes", "no", "stop", "help"))
_SAID_ALONE = ("recommend", "ask", "help", "undo", "redo", "compare", "show_basket", "report")


def plain_command(phrase: Phrase, shares: dict[str, float]) -> bool:
    """Whether a phrase is a command beyond doubt, whatever stands around it."""
    intent, share = next(iter(shares.items()))
    told = any(phrase.has(k) for k in ("part", "category", "color", "material", "option", "size"))
    known = all(t.kind not in ("word", "foreign") for t in phrase)
    said = told and (known or changes(phrase) or phrase.has("act") or phrase.has("direction"))
    said = said or (intent in _SAID_ALONE and phrase.has("act") and not phrase.has("foreign"))
    return share >= PLAIN and intent not in SMALL_TALK | {"out_of_scope"} and said


def without_reasons(phrases: list[Phrase], context: Context) -> list[Phrase]:
    """The phrases without those that only say why the change before is put right."""
    if len(phrases) < 2:
        return phrases
    if phrases[0].text == "right":  # "right, I'll have it"
        phrases = phrases[1:]
    kept = [
        p for p in phrases if not likened(p) or p.has("part") or p.has("change") or p.has("act")
    ] or phrases
    if context.last is None:
        return kept
    leaned = [follow_up(phrase, context) for phrase in kept]
    places = [i for i, each in enumerate(leaned) if each is not None and each.corrects]
    if any(each is not None and each.kind == "swapped" for each in leaned):
        back = "taken_back"  # "the brown one it is, put it back on"
        pairs = zip(kept, leaned, strict=True)
        return [p for p, each in pairs if each is None or each.kind != back]
    if not places:
        return kept
    before = [
        p
        for p, each in zip(kept[: places[-1]], leaned, strict=False)
        if p.complete and not reasons(p) and not (each is not None and each.corrects)
    ]
    return [*before, *kept[places[-1] :]]


def reasons(phrase: Phrase) -> bool:
    """Whether a phrase only says what is wrong."""
    return complains(phrase) or phrase.has("less") or not phrase.has("act")


def settled(phrase: Phrase, shares: dict[str, float]) -> bool:
    """Whether a phrase is a sure command in words that are all known ("revert", 改黑色)."""
    odd = any(t.kind in ("word", "foreign") for t in phrase)
    return certain(phrase, shares) and not odd


def certain(phrase: Phrase, shares: dict[str, float]) -> bool:
    """Whether a phrase is surely a command, and nobody else's talk."""
    intent, share = next(iter(shares.items()))
    quiet = SMALL_TALK | {"out_of_scope", ASIDE, "dislike", "recommend", "ask"}
    return share >= PLAIN and intent not in quiet and not phrase.has("foreign")


def orders(phrase: Phrase) -> bool:
    """Whether a phrase itself says what shall become different."""
    if complains(phrase):
        return False
    kinds = ("change", "raise", "length", "option", "size_word", "direction", "near")
    return any(phrase.has(kind) for kind in kinds) or phrase.has("act", "change")


def disliked(phrase: Phrase, context: Context) -> bool:
    """Whether a phrase only complains of a colour, or tells by it what is meant."""
    color = phrase.first("color")
    thing = context.thing(named(phrase, context))
    refused = phrase.has("negation") or phrase.has("answer", "no")
    colored = color and (any(t.get("too") not in (None, "still") for t in phrase) or refused)
    worn = context.thing(context.topic or context.worn)
    judged = any(t.kind == "word" for t in phrase) and not phrase.has("category")
    colored = colored or (worn is not None and worn.color == color and judged)
    colored = colored or (thing is not None and thing.color == color)
    acts = {v for t in phrase if (v := t.get("act"))} - ({"show"} if refused else set())
    return (
        bool(colored)
        and not acts
        and not any(phrase.has(kind) for kind in ("part", "length", "change"))
    )


def changes(phrase: Phrase) -> bool:
    """Whether a phrase tells a change of a measure."""
    return any(phrase.has(kind) for kind in ("change", "raise", "length", "adjective"))


def leading(shares: list[dict[str, float]]) -> dict[str, float]:
    """The probabilities of the first phrase that is about the showroom."""
    for each in shares:
        intent = next(iter(each))
        if intent not in SMALL_TALK and intent not in ("out_of_scope", ASIDE):
            return each
    return shares[0]


def rejected(shares: dict[str, float], *, keep: bool = True) -> dict[str, float]:
    """Shares where a clause beside a request is off topic, or (not kept) left out."""
    out = {name: share for name, share in shares.items() if name != ASIDE}
    beside = shares.get(ASIDE, 0.0)
    if keep:
        out["out_of_scope"] = out.get("out_of_scope", 0.0) + beside
    else:
        out = {name: share / max(1e-9, 1.0 - beside) for name, share in out.items()}
    return dict(sorted(out.items(), key=lambda item: -item[1]))
