"""The lexicon of both languages, and the scanner that finds its words in a text."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from .data import LANGUAGES, characters, lexicon_data
from .quantity import factors, parse_quantity
from .text import is_cjk

Sense = tuple[str, str]

_PLURAL_KINDS = ("part", "category")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or phrase with what it can mean.

    Attributes:
        senses: (kind, value) pairs, the usual one first; kind ``"word"`` for unknown words,
            ``"punct"`` for punctuation, ``"length"`` and its like for quantities.
        start, end: range in the normalised text.
        si: the value of a quantity in SI, else NaN; ``said`` and ``unit`` as they were said.
    """

    text: str
    senses: tuple[Sense, ...]
    start: int
    end: int
    si: float = math.nan
    said: float = math.nan
    unit: str = ""

    @property
    def kind(self) -> str:
        return self.senses[0][0]

    def get(self, kind: str) -> str | None:
        """The value of this token as a ``kind``, or None."""
        return next((v for k, v in self.senses if k == kind), None)


class Lexicon:
    """Words of all languages, with those of the catalogue added.

    Args:
        names: extra phrases by product id, such as product names.
    """

    def __init__(self, names: dict[str, Iterable[str]] | None = None) -> None:
        self._senses: dict[str, list[Sense]] = {}
        for language in LANGUAGES:
            for kind, values in lexicon_data(language).items():
                for value, forms in values.items():
                    for form in forms:
                        self._add(_plain(form), (kind, value))
        for form, factor in factors().items():
            self._add(form, ("factor", str(factor)))
        for product, phrases in (names or {}).items():
            for phrase in phrases:
                plain = _plain(phrase).strip()
                if plain and plain not in self._senses:
                    self._add(plain, ("product", product))
        self._by_first: dict[str, list[str]] = {}
        for form in self._senses:
            self._by_first.setdefault(_head(form, 0), []).append(form)
        for forms in self._by_first.values():
            forms.sort(key=len, reverse=True)

    def _add(self, form: str, sense: Sense) -> None:
        kind = sense[0]
        variants = [form]
        if kind in _PLURAL_KINDS and form.isascii() and not form.endswith("s"):
            variants.append(form + "s")
        elif kind in _PLURAL_KINDS and form.isascii() and form.endswith("ss"):
            variants.append(form + "es")
        for variant in variants:
            senses = self._senses.setdefault(variant, [])
            if sense not in senses:
                senses.append(sense)

    def forms(self, kind: str, value: str | None = None) -> list[str]:
        """All forms that can mean ``kind`` (and ``value``)."""
        return [
            form
            for form, senses in self._senses.items()
            if any(k == kind and value in (None, v) for k, v in senses)
        ]

    def latin_words(self, kinds: Collection[str]) -> list[str]:
        """All forms of one Latin word that can mean one of these kinds."""
        return [
            form
            for form, senses in self._senses.items()
            if form.isascii() and form.isalpha() and any(k in kinds for k, _ in senses)
        ]

    def senses(self, form: str) -> tuple[Sense, ...]:
        """All meanings of a form."""
        return tuple(self._senses[form])

    def values(self, kind: str) -> tuple[str, ...]:
        """All values of a kind, in the order of the data."""
        seen: dict[str, None] = {}
        for senses in self._senses.values():
            seen.update({v: None for k, v in senses if k == kind})
        return tuple(seen)

    def match(self, text: str, start: int) -> str | None:
        """The longest form at ``start``, at word boundaries."""
        for form in self._by_first.get(_head(text, start), ()):
            if text.startswith(form, start):
                end = start + len(form)
                if _latin(form[-1]) and _inside(text, end):
                    continue
                return form
        return None

    def scan(self, text: str) -> list[Token]:
        """All tokens of a normalised text, in order, without gaps but spaces."""
        tokens: list[Token] = []
        position = 0
        while position < len(text):
            char = text[position]
            if char == " ":
                position += 1
                continue
            if _possessive(text, position):
                position += 2
                continue
            token = self._token(text, position)
            tokens.append(token)
            position = token.end
        return [_unfused(t, tokens[max(0, i - 1) : i + 2]) for i, t in enumerate(tokens)]

    def _token(self, text: str, start: int) -> Token:
        inside_word = start > 0 and _latin(text[start]) and _latin(text[start - 1])
        form = None if inside_word else self.match(text, start)
        quantity = None if inside_word else parse_quantity(text, start)
        if quantity is not None and quantity.kind == "number":
            bare_one = quantity.said == 1.0 and text[start] in "oa"
            glued = text[start : quantity.end] in ("几", "万", "点") or bare_one
            if glued:
                quantity = None
        length = len(form or "")
        named = form is not None and quantity is not None and quantity.kind == "number"
        if quantity is not None and quantity.end >= start + length + named:
            return Token(
                text[start : quantity.end],
                ((quantity.kind, ""),),
                start,
                quantity.end,
                quantity.si,
                quantity.said,
                quantity.unit,
            )
        if form is not None:
            senses = tuple(self._senses[form])
            number = float(senses[0][1]) if senses[0][0] == "factor" else math.nan
            return Token(form, senses, start, start + len(form), number, number)
        char = text[start]
        if is_cjk(char):
            return Token(char, (("word", char),), start, start + 1)
        if _latin(char):
            end = start
            while end < len(text) and _latin(text[end]) and not _possessive(text, end):
                end += 1
            end = max(end, start + 1)
            return Token(text[start:end], (("word", text[start:end]),), start, end)
        return Token(char, (("punct", char),), start, start + 1)


def _unfused(token: Token, around: list[Token]) -> Token:
    """A one-character colour that touches unknown characters is part of another word (红烧)."""
    dyed = token.get("color") is not None or token.text == "包"
    single = dyed and len(token.text) == 1 and is_cjk(token.text)
    strange = any(
        other.kind in ("word", "foreign")
        and is_cjk(other.text[0])
        and (other.end == token.start or other.start == token.end)
        for other in around
    )
    if not (single and strange):
        return token
    return Token(token.text, (("word", token.text),), token.start, token.end)


def _plain(form: str) -> str:
    table = characters()
    return "".join(table.get(c, c) for c in form.lower().replace("-", " "))


def _head(text: str, start: int) -> str:
    """What forms are looked up by: the first character, or the whole first Latin word."""
    end = start
    while end < len(text) and _latin(text[end]) and not _possessive(text, end):
        end += 1
    return text[start:end] or text[start]


def _possessive(text: str, at: int) -> bool:
    """Whether "'s" stands at ``at``, after a word ("the shirt's too long")."""
    ends = at + 2 >= len(text) or not _latin(text[at + 2])
    return at > 0 and text.startswith("'s", at) and ends


def _inside(text: str, at: int) -> bool:
    """Whether a Latin word goes on at ``at``."""
    return at < len(text) and _latin(text[at]) and not _possessive(text, at)


def _latin(char: str) -> bool:
    return "a" <= char <= "z" or "0" <= char <= "9" or char == "'"


@cache
def default_lexicon() -> Lexicon:
    """The lexicon without product names; shared."""
    return Lexicon()
