"""Which product is meant."""

from __future__ import annotations

import re
from typing import Any

from .context import Context, Thing
from .data import anatomy
from .phrase import Phrase, category_kind, part_kind

_THAT = re.compile(r"\b(?:this|that|these|those)\b|[这那呢嗰][个件条把张双顶]?")
"""What tells, where something is pointed at, that it is meant."""
_ONE = re.compile(r"\bones?\b|[那这][个把张件条]|[那这].{1,3}的")


def kind_of(target: str, context: Context) -> str:
    """``"garment"``, ``"furniture"`` or ``""`` of a target as commands carry it."""
    thing = context.thing(target)
    return thing.kind if thing else category_kind(target)


def category_target(category: str, context: Context, color: str = "") -> str:
    """The id of the only thing meant by a category word, else the category itself.

    Args:
        color: tells apart things of one category ("the blue sofa"), those too that are not here.
    """
    narrower = anatomy()["wider"].get(category, [category])
    for things in (context.things, context.stock) if color else ():
        found = [t for t in things if t.category in narrower and t.color == color]
        if len(found) == 1:
            return found[0].id
    for narrow in narrower:
        found = [t for t in context.things if t.category == narrow]
        found = [t for t in found if t.color == color] or found if color else found
        if found:
            return _one_of(found, context) or narrow
    return category


def _one_of(found: list[Thing], context: Context) -> str:
    if len(found) == 1:
        return found[0].id
    ids = {t.id for t in found}
    last = context.last.target if context.last else ""
    return next((i for i in (context.pointed, last, context.worn) if i in ids), "")


def named(
    phrase: Phrase, context: Context, *, skip: int | None = None, colored: bool = False
) -> str:
    """The target that the phrase names, or ``""``.

    Args:
        skip: index of a token that says where, not what.
        colored: a colour that is said tells which one, rather than what it shall become.
    """
    color = (phrase.first("color") or "") if colored else ""
    tokens = [t for i, t in enumerate(phrase.tokens) if i != skip]
    for token in tokens:
        if product := token.get("product"):
            return product
    for token in tokens:
        owner = _owner(token.text) if token.kind == "part" else ""
        like = category_of(owner)
        if owner and any(t.category in like for t in context.things):
            return category_target(owner, context, color)
        category = token.get("category")
        if category and not (token.get("option") and _is_choice(token.text)):
            return category_target(category, context, color)
    for token in tokens:
        if kind := token.get("kind"):
            if kind == "garment" and context.worn:
                return context.worn
            return kind
    return ""


def referred(phrase: Phrase, context: Context) -> str:
    """The one thing that a colour right before its category tells ("the blue sofa"), or ``""``.

    Things that can be seen come first, then the shop's other products.
    """
    tokens = phrase.tokens
    for at, token in enumerate(tokens[1:], 1):
        color = tokens[at - 1].get("color")
        category = token.get("category")
        if not (color and category) or token.get("option"):
            continue
        wanted = category_of(category)
        for things in (context.things, context.stock):
            found = [t.id for t in things if t.category in wanted and t.color == color]
            if len(found) == 1:
                return found[0]
    return ""


def category_of(category: str) -> list[str]:
    """The categories that a category word may mean."""
    found: list[str] = anatomy()["wider"].get(category, [category])
    return found


def colored(phrase: Phrase, context: Context) -> str:
    """The one thing that a colour tells apart from others like it, or ``""``.

    Things that can be seen come first; of the shop's other products only garments are meant.
    """
    color = next((c for t in reversed(phrase.tokens) if (c := t.get("color"))), "")
    if not color:
        return ""
    said = phrase.first("category")
    last = context.last.target if context.last else ""
    like = [said] if said else [x for x in (context.topic, last, context.worn) if x]
    for key in like:
        thing = context.thing(key)
        wanted = [thing.category] if thing else category_of(key)
        for things in (context.things, context.stock):
            found = [t.id for t in things if t.category in wanted and t.color == color]
            if len(found) == 1:
                return found[0]
    return ""


def fetched(phrase: Phrase, context: Context) -> str:
    """The furniture that a colour tells shall come ("bring the blue sofa in"), or ``""``.

    It is of the shop's that is not to be seen yet, while what can be seen has another colour.
    """
    color, category = phrase.first("color"), phrase.first("category")
    if not color or not category or phrase.has("this") or not _COMING.search(phrase.text):
        return ""
    like = category_of(category)
    sold = [t for t in context.stock if t.category in like and t.color == color]
    if len(sold) != 1 or sold[0].kind != "furniture" or context.here(sold[0].id):
        return ""
    return sold[0].id if all(t.color != color for t in context.things if t.category in like) else ""


_COMING = re.compile(
    r"\b(?:bring|fetch|wheel|carry|haul)\b|\bget (?:me |us )?(?:a|the|that)\b"
    r"|[搬拿弄抬请放摆][^成]*(?:进来|过来|上来)|进来"
)
"""What fetches a thing that is not here yet."""
_OWNERS = {
    "沙发": "sofa", "桌": "table", "椅": "chair", "凳": "stool", "床": "bed", "柜": "cabinet",
    "裙": "skirt", "裤": "trousers", "chair": "chair", "sofa": "sofa", "couch": "sofa",
    "table": "table", "desk": "desk", "bed": "bed", "stool": "stool", "dress": "dress",
    "jacket": "jacket", "coat": "jacket", "shirt": "shirt", "trouser": "trousers",
    "tabletop": "table", "tabletops": "table", "desktop": "desk",
}  # fmt: skip
"""Whose a part is whose word begins or ends with the product ("sofa back", 桌腿)."""


def _owner(text: str) -> str:
    words = text.split()
    if text[0].isascii():
        return _OWNERS.get(words[0], "") or _OWNERS.get(words[-1].removesuffix("s"), "")
    return _OWNERS.get(text[:2], "") or _OWNERS.get(text[:1], "")


def colored_one(phrase: Phrase, context: Context) -> str:
    """The thing that "the white one" tells apart from others like that last talked about."""
    color = phrase.first("color")
    if not color or phrase.has("category") or not _ONE.search(phrase.text):
        return ""
    last = context.last.target if context.last else ""
    about = context.thing(context.topic) or context.thing(last)
    found = [t.id for t in context.things if t.color == color]
    if about is not None:
        found = [i for i in found if kind_of(i, context) == about.kind]
    return found[0] if len(found) == 1 else ""


def _is_choice(text: str) -> bool:
    """Whether a word that is an option as well means the option ("long sleeves")."""
    return text.endswith(("sleeves", "sleeved", "sleeve")) or text in ("无袖", "短袖子", "长袖子")


def another(phrase: Phrase, context: Context) -> str:
    """The one other thing like that last talked about, where "the other one" is said, or ``""``."""
    if not phrase.has("other", "other") or phrase.has("category"):
        return ""
    last = context.last.target if context.last else ""
    for key in (context.topic, last, context.worn):
        thing = context.thing(key)
        if thing is None:
            continue
        rest = [t.id for t in context.things if t.category == thing.category and t.id != key]
        return rest[0] if len(rest) == 1 else ""
    return ""


def implied(phrase: Phrase, context: Context, kind: str = "") -> str:
    """The target that the conversation implies, of a kind if given, or ``""``.

    In order: what is pointed at with "this", the last talked about, the last changed, what is
    pointed at, what is worn, the only one there.
    """
    last = context.last.target if context.last else ""
    if context.last and context.last.action == "take_off" and not context.here(last):
        last = ""  # it is gone
    pointed = context.pointed
    deictic = phrase.has("this") or (bool(pointed) and _THAT.search(phrase.text) is not None)
    order: list[str] = []
    if deictic and pointed:
        order.append(pointed)
    order += [context.topic, last]
    order.append(pointed)
    if kind != "furniture":
        order.append(context.worn)
    order += _having(phrase, context) + _only(context, kind)
    for target in order:
        if target and (not kind or kind_of(target, context) in (kind, "")):
            return target
    return ""


def on_legs(part: str, phrase: Phrase, context: Context) -> str:
    """The trousers (id or category) whose leg a part's word means; ``""`` where it means none.

    A "leg" without more is a garment's where trousers are named, or are what was last talked
    about, is worn or pointed at before any furniture.
    """
    marks: dict[str, Any] = anatomy()["worn_parts"]
    for own, (shared, categories, bare) in marks.items():
        words = [t.text for t in phrase.all("part") if t.get("part") == part]
        if part != own and not (part == shared and any(word in bare for word in words)):
            continue
        said = [c for token in phrase.tokens if (c := token.get("category"))]
        if said:
            return category_target(said[0], context) if said[0] in categories else ""
        last = context.last.target if context.last else ""
        order = [context.pointed if phrase.has("this") else "", last, context.worn, context.pointed]
        for target in order:
            thing = context.thing(target)
            if thing is not None and thing.category in categories:
                return thing.id
            if thing is not None and part == shared and thing.kind == "furniture":
                return ""
        if part == own:
            found = [t for t in context.things if t.category in categories]
            return found[0].id if found else categories[0]
    return ""


def _having(phrase: Phrase, context: Context) -> list[str]:
    """The thing that a part named in the phrase belongs to, where one stands out."""
    part = phrase.first("part") or ""
    part = anatomy()["compound_parts"].get(part, [part])[0]
    part = part or (phrase.first("option") or "").split("/")[0]
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
