"""What a question is made of: words, characters and concepts; the same for both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from .asked import all_languages
from .lexicon import Lexicon, default_lexicon
from .text import is_cjk, normalise

THING = "<thing>"
_TOKEN = re.compile(r"<thing>|[a-z0-9]+(?:'[a-z]+)?|[^\s\w]|\w")
_SENSES = ("product", "category", "kind", "it", "this")


@dataclass(frozen=True)
class Features:
    """A question taken apart.

    Attributes:
        names: features of the classifier, such as ``"w:wash"``, ``"c:洗"``, ``"@care"``.
        concepts: names of the concepts found.
        content: words and character pairs that carry meaning, for coverage.
        terms: what full-text search indexes and looks up.
        spoken: the question with "it" for products' names, which mean nothing here.
    """

    names: tuple[str, ...]
    concepts: frozenset[str]
    content: tuple[str, ...]
    terms: tuple[str, ...]
    spoken: str = ""


def stem(word: str) -> str:
    """An English word without its usual endings; crude, but the same everywhere."""
    word = word.removesuffix("'s")
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            if ending in ("ing", "ed") and len(word) > 3 and word[-1] == word[-2] not in "ls":
                word = word[:-1]
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def tokens_of(text: str) -> list[str]:
    """Stemmed words, single Chinese characters and ``<thing>``, in order; no punctuation."""
    out: list[str] = []
    for token in _TOKEN.findall(text):
        if token == THING or is_cjk(token[0]):
            out.append(token)
        elif token[0].isalnum():
            out.append(stem(token))
    return out


class Reader:
    """Takes questions apart.

    Args:
        lexicon: knows the products' names, which all count as ``<thing>``.
    """

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self._lexicon = lexicon or default_lexicon()

    def read(self, text: str) -> Features:
        """The features of a question."""
        plain = normalise(text).plain
        nameless = self._without(plain, ("product",), f" {THING} ")
        concepts = frozenset(found_concepts(tokens_of(nameless)))
        tokens = tokens_of(self._without(plain, _SENSES, f" {THING} "))
        names = list(_ngrams(tokens)) + [f"@{c}" for c in sorted(concepts)]
        ordered = sorted(concepts - {"thing"})
        names += [f"@{a}+{b}" for i, a in enumerate(ordered) for b in ordered[i + 1 :]]
        content = tuple(_content(tokens))
        terms = (*content, *(f"c_{c}" for c in ordered))
        spoken = self._without(plain, ("product",), " it ")
        return Features(tuple(dict.fromkeys(names)), concepts, content, terms, spoken)

    def _without(self, plain: str, senses: tuple[str, ...], other: str) -> str:
        """A text with something else for every token of certain senses."""
        out: list[str] = []
        at = 0
        for token in self._lexicon.scan(plain) if plain else ():
            if any(kind in senses for kind, _ in token.senses):
                out.append(plain[at : token.start] + other)
                at = token.end
        return "".join(out) + plain[at:]


def _ngrams(tokens: list[str]) -> Iterator[str]:
    marked = ["^", *tokens, "$"]
    for i, token in enumerate(marked):
        if token not in "^$":
            yield f"w:{token}"
        if i + 1 < len(marked):
            yield f"b:{token}_{marked[i + 1]}"
        if i + 2 < len(marked):
            yield f"t:{token}_{marked[i + 1]}_{marked[i + 2]}"


def _content(tokens: Iterable[str]) -> Iterator[str]:
    """English words that are no stop words, and pairs of Chinese characters."""
    stop = stop_words()
    before = ""
    for token in tokens:
        if is_cjk(token[0]):
            if before and not (token in stop and before in stop):
                yield before + token
            before = token
        else:
            before = ""
            if token not in stop:
                yield token


@cache
def stop_words() -> frozenset[str]:
    """Words and characters without a meaning of their own, and ``<thing>``."""
    words = [stem(word) for known in all_languages() for word in known.stop]
    return frozenset((THING, *words))


@cache
def _forms() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """First token to (all tokens, concept), longest first."""
    out: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for language in all_languages():
        for concept, forms in language.concepts.items():
            for form in forms:
                tokens = tuple(tokens_of(normalise(str(form)).plain))
                if tokens:
                    out.setdefault(tokens[0], []).append((tokens, concept))
    for entries in out.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return out


def found_concepts(tokens: list[str]) -> set[str]:
    """Concepts whose forms occur; a form inside a longer one that occurs does not count."""
    forms = _forms()
    spans: list[tuple[int, int, str]] = []
    for start, token in enumerate(tokens):
        for form, concept in forms.get(token, ()):
            end = start + len(form)
            if tuple(tokens[start:end]) == form:
                spans.append((start, end, concept))
    return {
        concept
        for start, end, concept in spans
        if not any(s <= start and end <= e and (e - s) > (end - start) for s, e, _ in spans)
    }
