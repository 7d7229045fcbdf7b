"""Looking, choosing, comparing, asking and buying: which product and what of it."""

from __future__ import annotations

from ..protocol.messages import Command
from .context import Context
from .data import anatomy
from .phrase import Phrase
from .target import category_target, implied, named

SHOP_ACTIONS = frozenset(
    (
        "look", "choose", "ask", "compare", "recommend", "dislike", "hand_over",
        "add_to_basket", "remove_from_basket", "show_basket",
    )
)  # fmt: skip
"""Actions that change no product: they look, ask or buy."""

_LAST = "-1"


def build(intent: str, phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    """Commands of one of :data:`SHOP_ACTIONS`, or the name of what is missing."""
    match intent:
        case "choose":
            return _choose(phrase, context)
        case "look":
            return (_look(phrase, context),)
        case "compare":
            return (_compare(phrase, context),)
        case "recommend":
            return (_recommend(phrase, context),)
        case "hand_over" | "show_basket":
            return (Command(action=intent),)
    return (_about(intent, phrase, context),)


def picked(phrase: Phrase, context: Context) -> str:
    """The id of what was listed that the phrase picks ("the second one", 蓝色的那个), or ``""``."""
    listed = context.listed
    ordinal = phrase.first("ordinal")
    if ordinal and listed:
        at = len(listed) - 1 if ordinal == _LAST else int(ordinal) - 1
        return listed[at] if 0 <= at < len(listed) else ""
    color = phrase.first("color")
    category = phrase.first("category")
    wider: dict[str, list[str]] = anatomy()["wider"]
    found = [
        t.id
        for t in (*context.things, *context.shelf)
        if t.id in listed
        and (color is None or t.color == color)
        and (category is None or t.category in wider.get(category, [category]))
    ]
    return found[0] if len(found) == 1 and (color or category) else ""


def _choose(phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    target = picked(phrase, context)
    if not target and phrase.has("this") and context.pointed:
        target = context.pointed
    target = target or named(phrase, context)
    option = "" if target else phrase.first("pick") or ""
    if not target and not option:
        number = phrase.first("ordinal")
        if number is None and phrase.has("this") and context.topic in context.listed:
            target = context.topic
        elif number is None:
            return "which_product"
        option = number or ""
    return (
        Command(action="choose", target=target, option=option, color=phrase.first("color") or ""),
    )


def _meant(phrase: Phrase, context: Context) -> str:
    """The product that a question or purchase is about."""
    if phrase.has("this") and context.pointed:
        return context.pointed
    told = picked(phrase, context) or named(phrase, context, colored=True)
    return told or implied(phrase, context)


def _look(phrase: Phrase, context: Context) -> Command:
    views = [v for t in phrase if (v := t.get("view"))]
    turn = phrase.first("direction") or ""
    return Command(
        action="look",
        target=_meant(phrase, context),
        part=phrase.first("part") or "",
        option=views[-1] if views else "close" if phrase.has("part") else "turn",
        direction=turn if turn in ("left", "right", "up", "down") else "",
    )


def _compare(phrase: Phrase, context: Context) -> Command:
    categories = [t.get("product") or t.get("category") or "" for t in phrase]
    said = [category_target(c, context) for c in categories if c]
    rest = [context.pointed, context.topic, *context.listed, context.worn]
    both = list(dict.fromkeys(x for x in (*said, *rest) if x))
    return Command(
        action="compare", target=both[0] if both else "", near=both[1] if len(both) > 1 else ""
    )


def _recommend(phrase: Phrase, context: Context) -> Command:
    token = next((t for t in phrase if t.get("category") or t.get("kind")), None)
    target = (token.get("category") or token.get("kind") or "") if token else ""
    beside = phrase.has("matching")
    with_it = (
        implied(phrase, context) if beside and (phrase.has("this") or phrase.has("it")) else ""
    )
    return Command(
        action="recommend", target=target, near=with_it, color=phrase.first("color") or ""
    )


def _about(intent: str, phrase: Phrase, context: Context) -> Command:
    count = next((int(t.said) for t in phrase if t.kind == "number" and 0 < t.said < 100), 0)
    bought = intent in ("add_to_basket", "remove_from_basket")
    whole = intent == "remove_from_basket" and phrase.has("all")
    return Command(
        action=intent,  # type: ignore[arg-type]
        target="" if whole else _meant(phrase, context),
        option="all" if whole else "",
        size=(phrase.first("size") or "") if bought else "",
        color=(phrase.first("color") or "") if bought else "",
        count=count if bought else 0,
    )
