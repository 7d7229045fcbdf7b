"""Rebuild the question classifier from its templates; needs the extra ``train`` (scikit-learn)."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .asked import ABSTAIN, COMMAND, asked
from .data import LANGUAGES
from .embed import default_encoder
from .phrasings import Phrasings
from .question_features import Features, Reader
from .question_model import WEIGHTS
from .text import is_cjk

_NOT_COMMANDS = ("ask", "out_of_scope")
Row = tuple[str, str]
"""A sentence and its class."""


def sentences(draws: int, seed: int) -> list[Row]:
    """Distinct sentences of every class, ``draws`` of each template, and as many commands."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for language in LANGUAGES:
        known = asked(language)
        for label, templates in known.classes.items():
            for template in templates:
                made = {known.sentence(str(template), rng) for _ in range(draws)}
                rows += [(text, label) for text in sorted(made) if text]
        phrasings = Phrasings(language, rng)
        for intent, templates in phrasings.templates.items():
            if intent not in _NOT_COMMANDS:
                made = {phrasings.sentence(rng.choice(templates)) for _ in range(draws * 4)}
                rows += [(text, COMMAND) for text in sorted(made) if text]
    return rows


def matrix(rows: list[Features], index: dict[str, int]) -> Any:
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


def train(path: Path | None = None, *, draws: int = 12, seed: int = 0, keep: int = 14000) -> Path:
    """Fit the classifier and write its weights.

    Args:
        path: where to write; the shipped file by default.
        draws: sentences of each template.
        keep: features at most, the commonest.

    Returns:
        The path written.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,import-not-found,unused-ignore]

    rows = sentences(draws, seed)
    reader = Reader()
    parts = [reader.read(text) for text, _ in rows]
    labels = np.array([label for _, label in rows])
    counts = Counter(name for part in parts for name in part.names)
    vocabulary = sorted(name for name, n in counts.most_common(keep) if n >= 3)
    index = {name: i for i, name in enumerate(vocabulary)}
    weights = _balance(labels)
    fitted = LogisticRegression(C=20.0, max_iter=60)
    fitted.fit(matrix(parts, index), labels, sample_weight=weights)
    known = Counter(
        c
        for part, label in zip(parts, labels, strict=True)
        if label != ABSTAIN
        for c in part.content
    )
    head: dict[str, Any] = {}
    encoder = default_encoder()
    if encoder is not None:
        head = _embedding_head(rows, labels, seed)
    target = path or Path(__file__).with_name("data_files") / WEIGHTS
    with target.open("wb") as stream:
        np.savez_compressed(
            stream,
            classes="\n".join(fitted.classes_),
            vocabulary="\n".join(vocabulary),
            known="\n".join(sorted(known)),
            weights=fitted.coef_.T.astype(np.float16),
            bias=fitted.intercept_.astype(np.float32),
            **head,
        )
    return target


def _balance(labels: Any) -> Any:
    """Weights under which every class counts by the root of its size."""
    counts = Counter(labels.tolist())
    weights = np.array([counts[label] ** -0.5 for label in labels.tolist()])
    return weights * len(labels) / weights.sum()


def _embedding_head(rows: list[Row], labels: Any, seed: int) -> dict[str, Any]:
    """A regression over embeddings of the English sentences."""
    from sklearn.linear_model import LogisticRegression

    encoder = default_encoder()
    assert encoder is not None
    rng = random.Random(seed)
    english = [i for i, (text, _) in enumerate(rows) if not any(is_cjk(c) for c in text)]
    rng.shuffle(english)
    most: Counter[str] = Counter()
    chosen = []
    for i in english:
        if most[labels[i]] < (300 if labels[i] in (ABSTAIN, COMMAND) else 40):
            most[labels[i]] += 1
            chosen.append(i)
    vectors = encoder.encode(rows[i][0] for i in chosen)
    picked = labels[chosen]
    fitted = LogisticRegression(C=20.0, max_iter=300)
    fitted.fit(vectors, picked, sample_weight=_balance(picked))
    return {
        "head_classes": "\n".join(fitted.classes_),
        "head": fitted.coef_.T.astype(np.float16),
        "head_bias": fitted.intercept_.astype(np.float32),
    }
