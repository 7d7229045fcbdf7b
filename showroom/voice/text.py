"""Bring what was said or typed into one plain form, and know where each character came from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from .data import characters

Lang = Literal["en", "zh"]

MAX_LENGTH = 400
"""Longer utterances are no commands; characters of the original text."""


@dataclass(frozen=True, slots=True)
class Text:
    """A normalised text.

    Attributes:
        plain: lower-case, half-width, simplified, with single spaces; no emoji, no controls.
        origin: for each character of ``plain`` its index in the original, and one past the end.
    """

    original: str
    plain: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of the original text that a range of ``plain`` came from."""
        if start >= end:
            return self.origin[start], self.origin[start]
        return self.origin[start], self.origin[end - 1] + 1


def is_cjk(char: str) -> bool:
    """Whether a character is a Chinese one (unified ideographs)."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf"


def normalise(text: str) -> Text:
    """Fold width, case, Traditional characters and look-alike letters; drop the invisible.

    Combining marks, emoji, control and format characters vanish; a hyphen between letters and any
    white space become one space.
    """
    table = characters()
    out: list[str] = []
    origin: list[int] = []
    for index, raw in enumerate(text):
        mapped = table.get(raw)
        folded = mapped if mapped is not None else unicodedata.normalize("NFKC", raw).lower()
        for char in folded:
            char = table.get(char, char)
            category = unicodedata.category(char)
            if char == "-":
                word_before = bool(out) and out[-1].isalpha()
                char = " " if word_before else "-"
            elif char.isspace() or category == "Cc":
                char = " "
            elif category in ("Cf", "Cs", "Co", "Cn", "So", "Sk", "Mn", "Me") and char != "°":
                continue
            if char == " " and (not out or out[-1] == " "):
                continue
            out.append(char)
            origin.append(index)
    while out and out[-1] == " ":
        out.pop()
        origin.pop()
    origin.append(len(text))
    return Text(text, "".join(out), tuple(origin))


def detect_language(text: str, hint: str = "") -> Lang:
    """The language to answer in: Chinese where Chinese carries the sentence.

    A Chinese character counts as one word, like a Latin word; with neither, ``hint`` decides
    (``"zh-CN"`` counts as ``"zh"``), else English.
    """
    chinese = sum(is_cjk(c) for c in text)
    latin = sum(1 for w in text.split() if any("a" <= c.lower() <= "z" for c in w))
    if chinese == 0 and latin == 0:
        return "zh" if hint.lower().startswith("zh") else "en"
    return "zh" if chinese and chinese >= latin else "en"
