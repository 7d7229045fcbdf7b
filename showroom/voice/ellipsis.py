"""What the words of a phrase say of the change before it, by the patterns of ``followups.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from .data import LANGUAGES, read
from .phrase import Phrase

_BARE = frozenset(("filler", "punct", "repair", "answer", "separator", "same", "too"))
"""Kinds of words that may stand in any elliptic sentence."""
AIMED = ("place", "move", "rotate")
"""Actions that say where furniture stands."""


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    both = [read(f"{language}/followups.yaml") for language in LANGUAGES]
    keys = {key for table in both for key in table}
    forms = {key: "|".join(f"(?:{x})" for t in both for x in t.get(key, ())) for key in keys}
    return {key: re.compile(form, re.ASCII) for key, form in forms.items()}


def says(key: str, phrase: Phrase) -> bool:
    """Whether a phrase matches the patterns of this name, in either language."""
    return bool(_patterns()[key].search(phrase.text))


def only(phrase: Phrase, kinds: Iterable[str], words: int = 0) -> bool:
    """Whether all words are of some kinds, but for so many that nobody knows."""
    allowed = _BARE | set(kinds)
    odd = [t for t in phrase if not any(kind in allowed for kind, _ in t.senses)]
    return sum(1 for t in odd if t.kind == "word") <= words and all(t.kind == "word" for t in odd)


def acts_of(phrase: Phrase) -> set[str]:
    """What a phrase says to do, but for mere change."""
    mere = {"change", "color", "paint", "fit", "have"}
    return {v for t in phrase if (v := t.get("act"))} - mere


def names_value(phrase: Phrase) -> bool:
    """Whether a phrase names a colour, size, material, length or place."""
    return any(phrase.has(k) for k in ("color", "size", "material", "option", "length", "near"))


def likened(phrase: Phrase) -> bool:
    """Whether a product is only named for comparison ("it looks like a bench")."""
    return says("likened", phrase)
