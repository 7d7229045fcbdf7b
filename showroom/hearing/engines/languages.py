"""Which languages a model knows, by the words or tokens that it can write."""

from __future__ import annotations

from pathlib import Path

from ...voice.text import is_cjk

ENOUGH = 20
"""Fewer words in a script than this are loan words."""


def languages_of(words: Path) -> tuple[str, ...]:
    """``"en"`` and ``"zh"`` as far as a file of words, one a line, has Latin and Chinese ones."""
    latin = chinese = 0
    with words.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            word = line.split(" ")[0]
            chinese += any(is_cjk(c) for c in word)
            latin += any("a" <= c.lower() <= "z" for c in word) and "<" not in word
            if min(latin, chinese) > ENOUGH:
                break
    found = (("en", latin), ("zh", chinese))
    return tuple(name for name, count in found if count > ENOUGH) or ("en",)
