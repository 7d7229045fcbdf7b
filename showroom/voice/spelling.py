"""Misspelt and misheard words: "sleaves" is read as "sleeves", "to tight" as "too tight".

A Latin word that the lexicon lacks is read as the only word of the lexicon that is one edit away
(Damerau, 1964: a letter more, less, other, or two swapped), unless it is a real word of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from .data import read
from .homophones import Listener
from .lexicon import Lexicon, Sense, Token
from .text import is_cjk

SHORTEST = 5
"""Letters that a word must have to be corrected."""
_KINDS = frozenset(
    (
        "part", "category", "color", "size", "change", "adjective", "direction", "material",
        "option", "spin", "near", "shape", "dimension",
    )
)  # fmt: skip
_MEASURED = ("length", "percent", "angle")


@cache
def _real_words() -> frozenset[str]:
    return frozenset(str(read("en/lookalikes.yaml")["words"]).split())


class Speller:
    """Corrects what one lexicon lacks; stateless."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._listener = Listener(lexicon)
        self._near: dict[str, set[str]] = {}
        for form in lexicon.latin_words(_KINDS):
            if len(form) >= SHORTEST:
                for piece in _less(form):
                    self._near.setdefault(piece, set()).add(form)

    def corrected(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens with misspelt and misheard words read as what they stand for."""
        out = [self._read(token) for token in self._listener.heard(tokens)]
        out = self._joined(out)
        for i, (token, after) in enumerate(pairwise(out)):
            if token.text == "2" and (after.get("adjective") or after.text == "much"):
                out[i] = replace(token, text="too", senses=(("too", "too"),))
            if token.text == "to" and (after.get("adjective") and not is_cjk(after.text[0])):
                out[i] = replace(token, text="too", senses=(("too", "too"),))
            if token.text in ("buy", "bye") and after.kind in _MEASURED:
                out[i] = replace(token, text="by", senses=self._lexicon.senses("by"))
        return out

    def _joined(self, tokens: list[Token]) -> list[Token]:
        """The tokens with words joined that are one once they are spelt right ("dark grean")."""
        out: list[Token] = []
        for token in tokens:
            both = f"{out[-1].text} {token.text}" if out else ""
            parts = (
                out and out[-1].kind == "word" and token.kind == "color" and token.text.isascii()
            )
            if parts and self._lexicon.match(both, 0) == both:
                out[-1] = Token(both, self._lexicon.senses(both), out[-1].start, token.end)
            else:
                out.append(token)
        return out

    def _read(self, token: Token) -> Token:
        word = token.text
        if token.kind != "word" or len(word) < SHORTEST or not word.isalpha() or is_cjk(word[0]):
            return token
        if word in _real_words():
            return token
        found = {
            form
            for piece in _less(word)
            for form in self._near.get(piece, ())
            if form[0] == word[0] and _one_edit(word, form)
        }
        senses: set[tuple[Sense, ...]] = {self._lexicon.senses(form) for form in found}
        if len(senses) != 1:
            return token
        return replace(token, text=min(found), senses=senses.pop())


def _less(word: str) -> set[str]:
    """A word, and the word without each of its letters."""
    return {word} | {word[:i] + word[i + 1 :] for i in range(len(word))}


def _one_edit(a: str, b: str) -> bool:
    """Whether one edit makes one word of the other."""
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    swapped = a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]
    return a[at + 1 :] == b[at + 1 :] or swapped
