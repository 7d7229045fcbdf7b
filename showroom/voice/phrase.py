"""A phrase: the tokens of one command, and questions about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .data import anatomy
from .lexicon import Token
from .text import is_cjk

_EVIDENCE = {
    "change", "adjective", "raise", "color", "size", "option", "direction", "spin", "turn",
    "more", "less", "again", "reverse", "same", "other", "factor", "times", "angle", "percent",
    "enough", "shape", "closer", "material", "foreign", "near", "product", "length", "size_word",
}  # fmt: skip
_UNHEARD = ("filler", "repair")
"""Kinds that say nothing of what is wanted."""
_WEAK_ACTS = {"have", "off", "color"}
_KEPT_VALUES = {
    "act", "change", "adjective", "answer", "amount", "too", "done", "size_word", "raise",
    "closer", "beside", "question", "other", "negation", "absolute", "turn", "dimension",
}  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """A run of tokens."""

    tokens: tuple[Token, ...]

    def __iter__(self) -> Iterator[Token]:
        return iter(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def all(self, kind: str) -> list[Token]:
        """Tokens that can be of this kind, in order."""
        return [t for t in self.tokens if t.get(kind) is not None]

    def first(self, kind: str) -> str | None:
        """The first value of this kind, or None."""
        return next((v for t in self.tokens if (v := t.get(kind)) is not None), None)

    def has(self, kind: str, value: str | None = None) -> bool:
        """Whether any token can be of this kind (and value)."""
        return any(
            (k, v) == (kind, value or v) for t in self.tokens for k, v in t.senses if k == kind
        )

    def index(self, token: Token) -> int:
        """Where a token of this phrase stands."""
        return self.tokens.index(token)

    @property
    def complete(self) -> bool:
        """Whether it says what to do, and is no mere fragment of a neighbour."""
        for token in self.tokens:
            for kind, value in token.senses:
                if kind in _EVIDENCE:
                    return True
                if kind == "act" and value not in _WEAK_ACTS and value != "change":
                    return True
        if self.has("beside") and len(self.all("category")) > 1:
            return True
        told = self.has("part") or self.has("dimension")
        return (told and self.has("amount")) or (self.has("act", "off") and self.has("category"))

    @property
    def text(self) -> str:
        """What was said, in its plain form; Chinese characters without spaces between."""
        out = ""
        for token in self.tokens:
            glued = not out or is_cjk(out[-1]) or is_cjk(token.text[0]) or token.kind == "punct"
            out += token.text if glued else " " + token.text
        return out

    @property
    def content(self) -> list[Token]:
        """Tokens that are neither filler nor punctuation."""
        return [t for t in self.tokens if t.kind not in ("filler", "punct")]


def told(phrase: Phrase, change: str) -> Phrase:
    """A phrase as if it also said what to change, such as ``"length+"``."""
    end = phrase.tokens[-1].end
    return Phrase((*phrase.tokens, Token("~", (("change", change),), end, end)))


def part_kind(part: str) -> str:
    """``"garment"`` or ``"furniture"``."""
    return "furniture" if part in anatomy()["furniture_parts"] else "garment"


def category_kind(category: str) -> str:
    """``"garment"``, ``"furniture"`` or ``""`` for an unknown category."""
    if category in anatomy()["garments"] or category == "garment":
        return "garment"
    if category in anatomy()["furniture"] or category == "furniture":
        return "furniture"
    return ""


def _symbol(kind: str, value: str, text: str) -> str:
    if kind == "word":
        return text
    if kind in ("part", "seat_height"):
        return f"part.{part_kind(value)[0]}"
    if kind == "category":
        return f"category.{category_kind(value)[0]}"
    if kind == "kind":
        return f"kind.{value[0]}"
    if kind in ("factor", "times"):
        return "factor"
    if kind == "question":
        return text
    if kind in _KEPT_VALUES:
        return f"{kind}.{value}"
    return kind


def symbols(phrase: Phrase) -> list[str]:
    """The delexicalised phrase: what each token is, not which one; fillers left out.

    A token with several senses becomes them all, joined by ``|``.
    """
    out: list[str] = []
    for token in phrase:
        if all(kind in _UNHEARD for kind, _ in token.senses):
            continue
        if token.kind == "punct":
            if token.text == "?":
                out.append("?")
            continue
        names = sorted({_symbol(k, v, token.text) for k, v in token.senses if k not in _UNHEARD})
        out.append("|".join(names))
    return out
