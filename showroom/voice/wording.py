"""A model's wording of a reply, accepted only where it can have added nothing."""

from __future__ import annotations

import re

from .data import read
from .text import normalise

SYSTEM = (
    "Reword the reply of a shop's assistant in its own language, politely and no longer than it "
    "is. Keep every number, name and fact, add none. Answer with the reply alone."
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:[.,:]\d+)*|[^\s\w]|\w")
_MOST = 1.5


def reworded(reply: str, proposed: str, lang: str) -> str | None:
    """The proposed wording, or None where it may state something that the reply does not.

    Every number must stay, in the same order of appearance or another; every word must occur in
    the reply or among the few courtesies of ``wording.yaml``; a "not" must stay a "not".
    """
    text = " ".join(proposed.split())
    if not text or len(text) > _MOST * len(reply) + 20 or len(text) < len(reply) / 3:
        return None
    old, new = normalise(reply).plain, normalise(text).plain
    if sorted(_NUMBER.findall(old)) != sorted(_NUMBER.findall(new)):
        return None
    table = read("wording.yaml")[_language(lang)]
    allowed = {*_words(old), *(str(word) for word in table["courtesies"]), *".,;:!?。，；：！？、"}
    if any(word not in allowed for word in _words(new)):
        return None
    negations = [str(word) for word in table["negations"]]
    if sorted(w for w in _words(old) if w in negations) != sorted(
        w for w in _words(new) if w in negations
    ):
        return None
    return text


def _words(plain: str) -> list[str]:
    return _WORD.findall(plain)


def _language(lang: str) -> str:
    return "zh" if lang.startswith("zh") else "en"
