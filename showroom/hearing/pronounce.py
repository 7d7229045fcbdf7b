"""How words are spoken: the recogniser's dictionary, and a rule for words that are not in it.

Phones are ARPAbet's without stress, as in the CMU Pronouncing Dictionary. A word that is not in it
is first taken for a compound of two that are ("neckline"), with the usual endings; what is left is
read letter by letter by the rules of ``letters.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

Phones = tuple[str, ...]

MIN_PART = 3
"""A compound's parts have at least so many letters."""
_VARIANT = re.compile(r"\(\d+\)$")
_ENDINGS: tuple[tuple[str, Phones], ...] = (
    ("'s", ("Z",)),
    ("es", ("IH", "Z")),
    ("s", ("Z",)),
    ("ed", ("D",)),
    ("ing", ("IH", "NG")),
    ("er", ("ER",)),
    ("y", ("IY",)),
)


class Dictionary:
    """Pronunciations of words.

    Args:
        known: words to their pronunciations, likeliest first.
    """

    def __init__(self, known: Mapping[str, tuple[Phones, ...]]) -> None:
        self._known = known

    def __contains__(self, word: object) -> bool:
        return word in self._known

    def of(self, word: str) -> tuple[Phones, ...]:
        """The pronunciations of a word; never empty for a word with letters."""
        known = self._known.get(word)
        if known:
            return known
        made = self._compound(word) or self._ended(word)
        return made or (spell(word),)

    def lines(self, words: Iterable[str]) -> str:
        """A dictionary file of some words."""
        out: list[str] = []
        for word in sorted(set(words)):
            for number, phones in enumerate(self.of(word)):
                name = word if number == 0 else f"{word}({number + 1})"
                out.append(f"{name} {' '.join(phones)}")
        return "\n".join(out) + "\n"

    def _compound(self, word: str) -> tuple[Phones, ...]:
        # The longest first part wins: "arm-rest", not "ar-mrest".
        for cut in range(len(word) - MIN_PART, MIN_PART - 1, -1):
            first, second = self._known.get(word[:cut]), self._known.get(word[cut:])
            if first and second:
                return tuple((*a, *b) for a in first[:1] for b in second[:1])
        return ()

    def _ended(self, word: str) -> tuple[Phones, ...]:
        for ending, phones in _ENDINGS:
            if word.endswith(ending) and (stem := self._known.get(word[: -len(ending)])):
                return tuple((*s, *phones) for s in stem[:1])
        return ()


def read_dictionary(path: Path) -> dict[str, tuple[Phones, ...]]:
    """A dictionary file in the form of the CMU Pronouncing Dictionary."""
    words: dict[str, list[Phones]] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            word, *phones = line.split()
            words.setdefault(_VARIANT.sub("", word), []).append(tuple(phones))
    return {word: tuple(found) for word, found in words.items()}


def spell(word: str) -> Phones:
    """A word read by letter-to-sound rules; the longest rule that fits comes first."""
    rules = _letters()
    longest = max(len(letters) for letters in rules)
    text = re.sub(r"[^a-z^$]", "", word.lower())
    text = f"^{text}$"
    out: list[str] = []
    at = 1
    while at < len(text) - 1:
        for length in range(longest, 0, -1):
            piece = text[at : at + length]
            first = f"^{piece}" if at == 1 else piece
            phones = rules.get(first) or rules.get(piece)
            if phones is not None and len(piece) == length:
                out += [p for p in phones if not (out and p == out[-1])]
                break
        else:
            length = 1
        at += length - piece.endswith("$") if phones is not None else 1
    return tuple(out) or ("AH",)


@cache
def _letters() -> dict[str, Phones]:
    text = files(__package__).joinpath("data_files", "en", "letters.yaml").read_text("utf-8")
    rules: dict[str, Any] = yaml.safe_load(text)
    return {str(letters): tuple(str(phones).split()) for letters, phones in rules.items()}
