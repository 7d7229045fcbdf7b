"""Rebuild the question classifier from its templates; needs the extra ``train`` (scikit-learn).

``python -m showroom.voice.question_train`` writes the shipped weights. The embeddings' head is
fitted where the extra ``embed`` is installed, else left out.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .asked import ABSTAIN, COMMAND, asked
from .data import LANGUAGES
from .embed import default_encoder
from .phrasings import Phrasings
from .question_features import Features, Reader
from .question_model import WEIGHTS, Evidence, packed
from .text import is_cjk

_NOT_COMMANDS = ("ask", "out_of_scope")
FOLDS = 3
HELD, HELD_ABSTAIN = 5, 3
"""One template of so many is held out for the confidence, per class and fold."""


@dataclass(frozen=True)
class Row:
    """A sentence, its class, and the number of its template within language and class."""

    text: str
    label: str
    template: int
    language: str


@dataclass(frozen=True)
class Fitted:
    """A classifier over a vocabulary."""

    index: dict[str, int]
    model: Any
    evidence: Evidence

    def shares(self, rows: Sequence[Features]) -> list[dict[str, float]]:
        """Class to probability of each row."""
        table = self.model.predict_proba(matrix(rows, self.index))
        names = self.model.classes_.tolist()
        return [dict(zip(names, row.tolist(), strict=True)) for row in table]


def sentences(draws: int, seed: int) -> list[Row]:
    """Distinct sentences of every class, ``draws`` of each template, and as many commands."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for language in LANGUAGES:
        known = asked(language)
        for label, templates in known.classes.items():
            for number, template in enumerate(templates):
                made = {known.sentence(str(template), rng) for _ in range(draws)}
                rows += [Row(text, label, number, language) for text in sorted(made) if text]
        phrasings = Phrasings(language, rng)
        for intent, templates in phrasings.templates.items():
            if intent not in _NOT_COMMANDS:
                made = {phrasings.sentence(rng.choice(templates)) for _ in range(draws * 4)}
                rows += [Row(text, COMMAND, -1, language) for text in sorted(made) if text]
    return rows


def matrix(rows: Sequence[Features], index: dict[str, int]) -> Any:
    """Rows of unit length over a vocabulary, sparse."""
    from scipy.sparse import csr_matrix

    indices: list[int] = []
    pointers, data = [0], []
    for row in rows:
        found = [index[name] for name in row.names if name in index]
        indices += found
        data += [max(1, len(found)) ** -0.5] * len(found)
        pointers.append(len(indices))
    return csr_matrix((data, indices, pointers), shape=(len(rows), len(index)))


def fit(parts: Sequence[Features], labels: Sequence[str], keep: int) -> Fitted:
    """The classifier and what its sentences know.

    Args:
        keep: features at most, the commonest.
    """
    counts = Counter(name for part in parts for name in part.names)
    vocabulary = sorted(name for name, n in counts.most_common(keep) if n >= 3)
    index = {name: i for i, name in enumerate(vocabulary)}
    model = _regression(60).fit(matrix(parts, index), labels, sample_weight=_balance(labels))
    classes: defaultdict[str, set[str]] = defaultdict(set)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for part, label in zip(parts, labels, strict=True):
        for content in part.content if label not in (ABSTAIN, COMMAND) else ():
            classes[content].add(label)
        for concept in part.concepts:
            found[concept][label] += 1
    sizes = Counter(labels)
    shares = {c: {k: n / sizes[k] for k, n in of.items()} for c, of in found.items()}
    known = {word: frozenset(of) for word, of in classes.items()}
    return Fitted(index, model, Evidence(known, shares))


def trust(rows: list[Row], parts: list[Features], keep: int, seed: int) -> tuple[Any, float]:
    """Weights that turn evidence into a confidence, from templates that were held out."""
    told: list[list[float]] = []
    right: list[bool] = []
    for fold in range(FOLDS):
        rng = random.Random(seed + fold)
        out = [_held(row, fold, rng) for row in rows]
        fitted = fit(
            [p for p, held in zip(parts, out, strict=True) if not held],
            [r.label for r, held in zip(rows, out, strict=True) if not held],
            keep,
        )
        held_rows = [r for r, held in zip(rows, out, strict=True) if held]
        held_parts = [p for p, held in zip(parts, out, strict=True) if held]
        for row, part, shares in zip(held_rows, held_parts, fitted.shares(held_parts), strict=True):
            label = max(shares, key=shares.__getitem__)
            if label not in (ABSTAIN, COMMAND):
                told.append(fitted.evidence.of(label, shares, part))
                right.append(label == row.label)
    fitted_trust = _regression(1000, 10.0).fit(np.array(told), np.array(right))
    return fitted_trust.coef_[0].astype(np.float32), float(fitted_trust.intercept_[0])


def train(path: Path | None = None, *, draws: int = 10, seed: int = 0, keep: int = 16000) -> Path:
    """Fit the classifier and write its weights.

    Args:
        path: where to write; the shipped file by default.
        draws: sentences of each template.
        keep: features at most, the commonest.

    Returns:
        The path written.
    """
    rows = sentences(draws, seed)
    reader = Reader()
    parts = [reader.read(row.text) for row in rows]
    weights, bias = trust(rows, parts, keep, seed)
    fitted = fit(parts, [row.label for row in rows], keep)
    classes = tuple(fitted.model.classes_.tolist())
    head = _embedding_head(rows, parts, seed) if default_encoder() is not None else {}
    target = path or Path(__file__).with_name("data_files") / WEIGHTS
    with target.open("wb") as stream:
        np.savez_compressed(
            stream,
            classes="\n".join(classes),
            vocabulary="\n".join(fitted.index),
            weights=fitted.model.coef_.T.astype(np.float16),
            bias=fitted.model.intercept_.astype(np.float32),
            trust=weights,
            trust_bias=np.float32(bias),
            **packed(fitted.evidence, classes),
            **head,
        )
    return target


def _held(row: Row, fold: int, rng: random.Random) -> bool:
    if row.label == COMMAND:
        return rng.random() < 0.05
    every = HELD_ABSTAIN if row.label == ABSTAIN else HELD
    return row.template % every == fold % every


def _regression(iterations: int, strength: float = 20.0) -> Any:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return LogisticRegression(C=strength, max_iter=iterations)


def _balance(labels: Sequence[str]) -> Any:
    """Weights under which every class counts by the root of its size."""
    counts = Counter(labels)
    weights = np.array([counts[label] ** -0.5 for label in labels])
    return weights * len(labels) / weights.sum()


def _embedding_head(rows: list[Row], parts: list[Features], seed: int) -> dict[str, Any]:
    """A regression over embeddings of the English sentences."""
    encoder = default_encoder()
    assert encoder is not None
    rng = random.Random(seed)
    english = [i for i, row in enumerate(rows) if not any(is_cjk(c) for c in row.text)]
    rng.shuffle(english)
    most: Counter[tuple[str, int]] = Counter()
    commands = 0
    chosen = []
    for i in english:
        row = rows[i]
        commands += row.label == COMMAND
        if most[row.label, row.template] < 2 and row.label != COMMAND:
            most[row.label, row.template] += 1
            chosen.append(i)
        elif row.label == COMMAND and commands < 300:
            chosen.append(i)
    vectors = encoder.encode(parts[i].spoken for i in chosen)
    labels = [rows[i].label for i in chosen]
    fitted = _regression(300).fit(vectors, labels, sample_weight=_balance(labels))
    return {
        "head_classes": "\n".join(fitted.classes_),
        "head": fitted.coef_.T.astype(np.float16),
        "head_bias": fitted.intercept_.astype(np.float32),
    }


if __name__ == "__main__":
    print(train())
