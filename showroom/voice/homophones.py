"""Chinese words that a recogniser wrote with other characters of the same sound (群子 for 裙子).

A run with a character that the lexicon lacks is read as the only word of the lexicon that sounds
like it, tones, retroflexes and the two nasals aside; a word of its own is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from .data import read
from .lexicon import Lexicon, Sense, Token
from .text import is_cjk

LONGEST, SHORTEST = 4, 2
"""Characters that a misheard word may have."""
_KINDS = ("part", "category", "color", "change", "material", "near", "option", "direction")
_LOOSE = ("word", "filler", "number", "near", "answer", "it", "amount", "act", "negation")
"""Kinds of the pieces that a misheard word falls into."""
_LIGHT = "的了点些得着"
"""Particles; a word with one in it is not looked for by its sound."""
_MEASURES = "长短宽窄高低矮深浅松紧厚薄"
_AGAIN = ("change", "adjective", "direction", "raise")


@cache
def _sounds() -> dict[str, str]:
    table = read("zh/pinyin.yaml")["syllables"]
    return {char: _folded(str(sound)) for sound, chars in table.items() for char in str(chars)}


@cache
def _real() -> frozenset[str]:
    return frozenset(str(word) for word in read("zh/pinyin.yaml")["real"])


def _folded(sound: str) -> str:
    """A syllable without what speakers and recognisers mix up."""
    for retroflex, plain in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        sound = sound.replace(retroflex, plain)
    return sound[:-1] if sound.endswith("ng") else sound


def sound(text: str) -> str:
    """How a Chinese text sounds, ``""`` where a character is not known."""
    sounds = [_sounds().get(char, "") for char in text]
    return " ".join(sounds) if all(sounds) else ""


class Listener:
    """Reads misheard words of one lexicon; stateless."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._alike: dict[str, set[str]] = {}
        for kind in _KINDS:
            for form in lexicon.forms(kind):
                plain = not any(c in _LIGHT for c in form)
                if SHORTEST <= len(form) <= LONGEST and plain and all(is_cjk(c) for c in form):
                    self._alike.setdefault(sound(form), set()).add(form)
        self._alike.pop("", None)
        self._single = {_sounds()[c]: c for c in _MEASURES if c in _sounds()}

    def heard(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens with misheard words read as what they stand for."""
        out: list[Token] = []
        at = 0
        while at < len(tokens):
            found = self._word(tokens, at) or self._measure(tokens, at)
            if found is None:
                out.append(tokens[at])
                at += 1
            else:
                out.append(found[0])
                at += found[1]
        return out

    def _word(self, tokens: Sequence[Token], at: int) -> tuple[Token, int] | None:
        """A word that begins at ``at``, and how many tokens it takes."""
        if not is_cjk(tokens[at].text[0]):
            return None
        for count in range(min(LONGEST, len(tokens) - at), 0, -1):
            run = tokens[at : at + count]
            text = "".join(t.text for t in run)
            joined = all(a.end == b.start for a, b in pairwise(run))
            if not joined or not SHORTEST <= len(text) <= LONGEST or text in _real():
                continue
            if not any(t.kind == "word" for t in run) or any(t.kind not in _LOOSE for t in run):
                continue
            meant = self._meaning(text)
            if meant is not None:
                form, senses = meant
                return Token(form, senses, run[0].start, run[-1].end), count
        return None

    def _meaning(self, text: str) -> tuple[str, tuple[Sense, ...]] | None:
        forms = self._alike.get(sound(text), set())
        senses = {self._lexicon.senses(form) for form in forms}
        return (min(forms), senses.pop()) if len(senses) == 1 else None

    def _measure(self, tokens: Sequence[Token], at: int) -> tuple[Token, int] | None:
        """One character before a length or an amount (群子断六公分), and 在 for 再."""
        token = tokens[at]
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if after is None or len(token.text) != 1 or not is_cjk(token.text):
            return None
        if token.text == "在" and any(after.get(k) for k in _AGAIN):
            return replace(token, text="再", senses=self._lexicon.senses("再")), 1
        before = tokens[at - 1] if at else None
        told = before is not None and any(before.get(k) for k in ("part", "category", "this"))
        opens = before is None or before.kind == "punct"
        told = told or (opens and any(t.get("part") for t in tokens))
        sized = after.kind == "length" or after.get("amount") is not None
        single = self._single.get(_sounds().get(token.text, "?"))
        if token.kind != "word" or not (told and sized and single):
            return None
        return replace(token, text=single, senses=self._lexicon.senses(single)), 1
