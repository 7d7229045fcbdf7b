"""The question classifier: which attribute or topic a question is about, and how surely."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .asked import ABSTAIN, COMMAND
from .embedding import available, embed_one
from .question_features import Features

WEIGHTS = "questions.npz"
HEAD_SHARE = 0.5
"""Weight of the embedding's opinion, where its extra is installed."""
_MOST_STRANGE, _MOST_OWN = 4.0, 0.6

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Opinions:
    """Class to probability, likeliest first.

    Attributes:
        pooled: by the words alone, or with half of what the sentence embedding says.
        words, meaning: by each of the two; ``meaning`` None where embeddings were not asked.
    """

    pooled: Mapping[str, float]
    words: Mapping[str, float]
    meaning: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Evidence:
    """What the templates know of a question's words, per class; for the confidence.

    Attributes:
        classes: content word or pair to the classes whose templates contain it.
        shares: concept to class to the share of its sentences that have the concept.
    """

    classes: Mapping[str, frozenset[str]]
    shares: Mapping[str, Mapping[str, float]]

    def of(self, label: str, told: Opinions, features: Features) -> list[float]:
        """The numbers that say how far a class can be trusted on a question.

        They are the logit of its probability, the share of content words that any template
        knows, how many none knows, the share that the class's own templates know, how typical
        the concepts found are of the class, whether it is Chinese, the probability that nothing
        answers, and the log ratio to the runner-up; with embeddings also what the two classifiers
        think by themselves of the class and of the others, and whether they agree.
        """
        shares = told.pooled
        content = features.content
        best = shares[label]
        rival = max((p for name, p in shares.items() if name != label), default=0.0)
        known = sum(c in self.classes for c in content)
        own = sum(label in self.classes.get(c, ()) for c in content)
        typical = max(
            (self.shares.get(c, {}).get(label, 0.0) for c in features.concepts - {"thing"}),
            default=0.0,
        )
        count = max(1, len(content))
        chinese = any(not c.isascii() for c in content)
        strange = min(len(content) - known, _MOST_STRANGE) * (0.5 if chinese else 1.0)
        numbers = [
            _logit(best),
            known / count if content else 1.0,
            strange,
            own / count if content else 1.0,
            min(typical, _MOST_OWN),
            float(chinese),
            shares.get(ABSTAIN, 0.0),
            math.log(max(best, 1e-6) / max(rival, 1e-6)),
        ]
        if told.meaning is None:
            return numbers
        words, meaning = told.words, told.meaning
        first = [max(each, key=each.__getitem__) for each in (words, meaning)]
        orders = max(words.get(COMMAND, 0.0), meaning.get(COMMAND, 0.0))
        return [
            *numbers,
            _logit(words.get(label, 0.0)),
            _logit(meaning.get(label, 0.0)),
            float(first == [label, label]),
            _logit(meaning.get(ABSTAIN, 0.0)),
            _logit(words.get(ABSTAIN, 0.0)),
            _logit(orders),
        ]


@dataclass(frozen=True)
class QuestionModel:
    """Weights of a multinomial logistic regression, and of one over sentence embeddings.

    Attributes:
        classes: ``"product:price"``, ``"shop:returns"``, ``"abstain"``, ``"command"``.
        index: feature to row of ``weights``.
        evidence: what the templates know.
        trust, pooled_trust: of the logistic regression that turns evidence into a confidence,
            its bias last; without and with sentence embeddings.
    """

    classes: tuple[str, ...]
    index: Mapping[str, int]
    weights: F32
    bias: F32
    evidence: Evidence
    trust: F32
    pooled_trust: F32
    head_classes: tuple[str, ...] = ()
    head: F32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    head_bias: F32 = field(default_factory=lambda: np.zeros(0, np.float32))

    def opinions(self, features: Features, *, embed: bool = False) -> Opinions:
        """Which classes a question may have.

        Args:
            embed: ask the sentence embeddings, too.
        """
        rows = [self.index[name] for name in features.names if name in self.index]
        scores = self.bias + self.weights[rows].sum(axis=0) * max(1, len(rows)) ** -0.5
        words = dict(zip(self.classes, _softmax(scores).tolist(), strict=True))
        if not (embed and len(self.head)):
            words = _sorted(words)
            return Opinions(words, words)
        other = _softmax(embed_one(features.spoken) @ self.head + self.head_bias)
        meaning = dict(zip(self.head_classes, other.tolist(), strict=True))
        return Opinions(pool(words, meaning), words, meaning)

    def confidence(self, label: str, opinions: Opinions, features: Features) -> float:
        """Calibrated probability that a question is about a class."""
        told = np.array(self.evidence.of(label, opinions, features), np.float32)
        trust = self.trust if opinions.meaning is None else self.pooled_trust
        return 1.0 / (1.0 + math.exp(-float(told @ trust[:-1]) - float(trust[-1])))


def pool(words: Mapping[str, float], meaning: Mapping[str, float]) -> dict[str, float]:
    """What both classifiers think together, likeliest first."""
    names = words.keys() | meaning.keys()
    share = HEAD_SHARE
    return _sorted(
        {n: (1 - share) * words.get(n, 0.0) + share * meaning.get(n, 0.0) for n in names}
    )


def _sorted(shares: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(shares.items(), key=lambda x: (-x[1], x[0])))


def _softmax(scores: F32) -> F32:
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum())


def _logit(share: float) -> float:
    return math.log(max(share, 1e-6) / max(1.0 - share, 1e-6))


def packed(evidence: Evidence, classes: tuple[str, ...]) -> dict[str, Any]:
    """Evidence as arrays for the weights' file."""
    number = {name: i for i, name in enumerate(classes)}
    words = sorted(evidence.classes)
    rows = [sorted(number[c] for c in evidence.classes[word]) for word in words]
    concepts = sorted(evidence.shares)
    table = np.zeros((len(concepts), len(classes)), np.float16)
    for i, concept in enumerate(concepts):
        for label, share in evidence.shares[concept].items():
            table[i, number[label]] = share
    return {
        "content": "\n".join(words),
        "content_sizes": np.array([len(row) for row in rows], np.uint8),
        "content_classes": np.array([c for row in rows for c in row], np.uint8),
        "concepts": "\n".join(concepts),
        "concept_shares": table,
    }


def unpacked(data: Any, classes: tuple[str, ...]) -> Evidence:
    """The evidence in a weights' file."""
    words = str(data["content"]).split("\n")
    ends = np.cumsum(data["content_sizes"].astype(int))
    members = [classes[i] for i in data["content_classes"].tolist()]
    starts = [0, *ends[:-1].tolist()]
    known = {
        word: frozenset(members[start:end])
        for word, start, end in zip(words, starts, ends.tolist(), strict=True)
    }
    table = data["concept_shares"].astype(float)
    shares = {
        concept: {classes[i]: float(row[i]) for i in np.flatnonzero(row)}
        for concept, row in zip(str(data["concepts"]).split("\n"), table, strict=True)
    }
    return Evidence(known, shares)


@cache
def load_question_model() -> QuestionModel:
    """The shipped weights."""
    with files(__package__).joinpath("data_files", WEIGHTS).open("rb") as stream:
        data = np.load(stream)
        classes = tuple(str(data["classes"]).split("\n"))
        head: dict[str, Any] = {}
        if "head" in data:
            head = {
                "head_classes": tuple(str(data["head_classes"]).split("\n")),
                "head": data["head"].astype(np.float32),
                "head_bias": data["head_bias"],
            }
        vocabulary = str(data["vocabulary"]).split("\n")
        return QuestionModel(
            classes=classes,
            index={name: i for i, name in enumerate(vocabulary)},
            weights=data["weights"].astype(np.float32),
            bias=data["bias"],
            evidence=unpacked(data, classes),
            trust=data["trust"],
            pooled_trust=data["pooled_trust"],
            **head,
        )


def can_embed() -> bool:
    """Whether sentence embeddings are installed."""
    return available()
