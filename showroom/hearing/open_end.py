"""Texts that break off: their last word wants another one. For recognisers without a grammar."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from ..voice.quantity import parse_quantity

MEASURED = frozenset(("adjust_fit", "move", "rotate", "scale"))
"""Actions whose numbers have units."""
_MARKS = " \t\n.,;:!?…，。；：！？、"
_LAST_WORD = re.compile(r"[^\s]+$")
_LONGEST_NUMBER = 5
"""Characters of a Chinese numeral such as 四十五 that are looked at."""


@cache
def _open_ends() -> dict[str, tuple[str, ...]]:
    text = files(__package__).joinpath("data_files", "open_ends.yaml").read_text("utf-8")
    return {lang: tuple(words) for lang, words in yaml.safe_load(text).items()}


def ends_open(text: str, lang: str) -> bool:
    """Whether a text ends in a word that more has to follow ("the", "and", "by"; 把, 和)."""
    text = text.strip(_MARKS).lower()
    if lang == "zh":
        return text.endswith(_open_ends()["zh"])
    last = _LAST_WORD.search(text)
    return last is not None and last.group() in _open_ends()["en"]


def ends_in_number(text: str, lang: str) -> bool:
    """Whether a text ends in a number without a unit; "this one" and "by half" do not."""
    text = text.strip(_MARKS).lower()
    if lang == "zh":
        starts = range(max(0, len(text) - _LONGEST_NUMBER), len(text))
    else:
        last = _LAST_WORD.search(text)
        starts = (
            range(last.start(), last.start() + 1) if last and last.group() != "one" else range(0)
        )
    for start in starts:
        quantity = parse_quantity(text, start)
        if quantity is not None and quantity.end == len(text):
            return quantity.kind == "number" and quantity.si >= 1.0
    return False
