"""The stage's own words in English and Chinese, from ``words.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

Lang = Literal["en", "zh"]


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def language(lang: str) -> Lang:
    """The language of the stage's words for a language code."""
    return "zh" if lang.lower().startswith("zh") else "en"


def word(name: str, lang: str, **slots: str) -> str:
    """A word or sentence.

    Raises:
        KeyError: there is none of that name.
    """
    text = _tables()[language(lang)][name]
    return text.format(**slots) if slots else text


@cache
def names() -> Mapping[str, frozenset[str]]:
    """The names of all words, by language."""
    return {lang: frozenset(table) for lang, table in _tables().items()}
