"""Full-text search over a shop's questions and answers: SQLite FTS5 over words and bigrams.

Texts are indexed as stemmed English words, pairs of Chinese characters (FTS5's own tokenizers
know no Chinese words) and concept names, so that a question finds an entry that says the same in
other words, or in the other language. Ranking is BM25 (Robertson and Zaragoza, 2009).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .question_features import Features, Reader


class Entry(Protocol):
    """An entry of a shop's FAQ, as the catalogue reads it."""

    @property
    def id(self) -> str: ...

    @property
    def asked(self) -> Mapping[str, Sequence[str]]: ...

    @property
    def answer(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Hit:
    """An entry that a search found.

    Attributes:
        score: 0 to 1, the likeness (Dice, 1945) to the entry's nearest question.
        coverage: share of the question's content words and concepts that the entry has.
    """

    id: str
    score: float
    coverage: float


class FaqIndex:
    """Searches one shop's FAQ; stateless after it is built.

    Raises:
        sqlite3.OperationalError: this Python's SQLite was built without FTS5.
    """

    def __init__(self, entries: Iterable[Entry], reader: Reader | None = None) -> None:
        self._reader = reader or Reader()
        self._terms: dict[str, set[str]] = {}
        self._asked: dict[str, list[set[str]]] = {}
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.execute("create virtual table faq using fts5(id unindexed, terms)")
        for entry in entries:
            seen: set[str] = set()
            texts = [text for forms in entry.asked.values() for text in forms]
            for text in (*texts, *entry.answer.values()):
                terms = [encoded(term) for term in self._reader.read(text).terms]
                if text in texts:
                    self._add(entry.id, terms)
                    self._asked.setdefault(entry.id, []).append(set(terms))
                seen.update(terms)
            self._add(entry.id, sorted(seen))
            self._terms[entry.id] = seen

    def _add(self, entry: str, terms: Sequence[str]) -> None:
        self._connection.execute("insert into faq values (?, ?)", (entry, " ".join(terms)))

    def __len__(self) -> int:
        return len(self._terms)

    def __contains__(self, entry: object) -> bool:
        return entry in self._terms

    def search(self, question: Features, limit: int = 5) -> list[Hit]:
        """The entries that fit best, best first."""
        terms = list(dict.fromkeys(encoded(term) for term in question.terms))
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        rows = self._connection.execute(
            "select id, bm25(faq) from faq where faq match ? order by 2 limit 60", (match,)
        ).fetchall()
        wanted = set(terms)
        hits = []
        for entry in list(dict.fromkeys(entry for entry, _ in rows))[:limit]:
            alike = [
                2 * len(wanted & asked) / (len(wanted) + len(asked)) for asked in self._asked[entry]
            ]
            hits.append(Hit(entry, max(alike, default=0.0), self.covers(entry, question)))
        return hits

    def covers(self, entry: str, question: Features) -> float:
        """Share of a question's terms that an entry has."""
        terms = {encoded(term) for term in question.terms}
        return len(terms & self._terms.get(entry, set())) / max(1, len(terms))


def encoded(term: str) -> str:
    """A term as FTS5's tokenizer keeps it whole: Chinese pairs as hexadecimal."""
    if term.isascii():
        return re.sub(r"[^a-z0-9]", "x", term)
    return "u" + "".join(f"{ord(c):x}" for c in term)
