"""Which product is meant."""

from __future__ import annotations

from .context import Context, Thing
from .data import anatomy
from .phrase import Phrase, category_kind, part_kind


def kind_of(target: str, context: Context) -> str:
    """``"garment"``, ``"furniture"`` or ``""`` of a target as commands carry it."""
    thing = context.thing(target)
    return thing.kind if thing else category_kind(target)


def category_target(category: str, context: Context) -> str:
    """The id of the only thing meant by a category word, else the category itself."""
    for narrow in anatomy()["wider"].get(category, [category]):
        found = [t for t in context.things if t.category == narrow]
        if found:
            return _one_of(found, context) or narrow
    return category


def _one_of(found: list[Thing], context: Context) -> str:
    if len(found) == 1:
        return found[0].id
    ids = {t.id for t in found}
    last = context.last.target if context.last else ""
    return next((i for i in (context.pointed, last, context.worn) if i in ids), "")


def named(phrase: Phrase, context: Context, *, skip: int | None = None) -> str:
    """The target that the phrase names, or ``""``.

    Args:
        skip: index of a token that says where, not what.
    """
    tokens = [t for i, t in enumerate(phrase.tokens) if i != skip]
    for token in tokens:
        if product := token.get("product"):
            return product
    for token in tokens:
        if category := token.get("category"):
            return category_target(category, context)
    for token in tokens:
        if kind := token.get("kind"):
            if kind == "garment" and context.worn:
                return context.worn
            return kind
    return ""


def implied(phrase: Phrase, context: Context, kind: str = "") -> str:
    """The target that the conversation implies, of a kind if given, or ``""``.

    In order: what is pointed at with "this", the last changed, what is worn, what is pointed at,
    the only one there.
    """
    last = context.last.target if context.last else ""
    pointed = context.pointed
    deictic = phrase.has("this")
    order: list[str] = []
    if deictic and pointed:
        order.append(pointed)
    order.append(last)
    if kind != "furniture":
        order.append(context.worn)
    order.append(pointed)
    order += _having(phrase, context) + _only(context, kind)
    for target in order:
        if target and (not kind or kind_of(target, context) in (kind, "")):
            return target
    return ""


def _having(phrase: Phrase, context: Context) -> list[str]:
    """The thing that a part named in the phrase belongs to, where one stands out."""
    part = phrase.first("part") or phrase.first("seat_height") or ""
    if not part or part_kind(part) == "garment":
        return []
    for category in anatomy()["having"].get(part, ()):
        found = [t.id for t in context.things if t.category == category]
        if found:
            return found if len(found) == 1 else []
    return []


def _only(context: Context, kind: str) -> list[str]:
    found = [t.id for t in context.things if not kind or t.kind == kind]
    return found if len(found) == 1 else []
