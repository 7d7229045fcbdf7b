"""The question classifier: which attribute or topic a question is about, if any."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from .embed import Encoder, default_encoder
from .question_features import Features

WEIGHTS = "questions.npz"
HEAD_SHARE = 0.5
"""Weight of the embedding's opinion on English questions, where its extra is installed."""

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class QuestionModel:
    """Weights of a multinomial logistic regression, and of one over sentence embeddings.

    Attributes:
        classes: ``"product:price"``, ``"shop:returns"``, ``"abstain"``, ``"command"``.
        index: feature to row of ``weights``.
        known: content words and pairs that questions of the templates contain.
    """

    classes: tuple[str, ...]
    index: dict[str, int]
    known: frozenset[str]
    weights: F32
    bias: F32
    head_classes: tuple[str, ...]
    head: F32
    head_bias: F32

    def probabilities(
        self, features: Features, lang: str, encoder: Encoder | None = None
    ) -> dict[str, float]:
        """Class to probability, likeliest first.

        Args:
            encoder: sentence embeddings, for English; None does without.
        """
        rows = [self.index[name] for name in features.names if name in self.index]
        scores = self.bias + self.weights[rows].sum(axis=0) * max(1, len(rows)) ** -0.5
        shares = dict(zip(self.classes, _softmax(scores), strict=True))
        if encoder is not None and lang == "en" and len(self.head):
            vector = encoder.encode([features.spoken])[0]
            other = _softmax(vector @ self.head + self.head_bias)
            for name, p in zip(self.head_classes, other, strict=True):
                shares[name] = (1 - HEAD_SHARE) * shares.get(name, 0.0) + HEAD_SHARE * float(p)
        return dict(sorted(((n, float(p)) for n, p in shares.items()), key=lambda x: -x[1]))

    def coverage(self, features: Features) -> float:
        """Share of a question's content that the templates know; 1 where there is none."""
        if not features.content:
            return 1.0
        return sum(c in self.known for c in features.content) / len(features.content)


def _softmax(scores: F32) -> F32:
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum())


@cache
def load_question_model() -> QuestionModel:
    """The shipped weights."""
    with files(__package__).joinpath("data_files", WEIGHTS).open("rb") as stream:
        data = np.load(stream)
        vocabulary = str(data["vocabulary"]).split("\n")
        has_head = "head" in data
        return QuestionModel(
            classes=tuple(str(data["classes"]).split("\n")),
            index={name: i for i, name in enumerate(vocabulary)},
            known=frozenset(str(data["known"]).split("\n")),
            weights=data["weights"].astype(np.float32),
            bias=data["bias"],
            head_classes=tuple(str(data["head_classes"]).split("\n")) if has_head else (),
            head=data["head"].astype(np.float32) if has_head else np.zeros((0, 0), np.float32),
            head_bias=data["head_bias"] if has_head else np.zeros(0, np.float32),
        )


def encoder() -> Encoder | None:
    """The sentence encoder, or None where its extra is not installed."""
    return default_encoder()
