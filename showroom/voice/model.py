"""The intent classifier, in numpy.

Two logistic regressions, over n-grams of delexicalised symbols and, where the encoder is installed,
over the sentence's embedding; their log-linear pool is calibrated on sentences that neither saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from . import embedding
from .phrase import Phrase, symbols
from .text import is_cjk

WEIGHTS = "intents.npz"


def features(names: Sequence[str], known: frozenset[str] | None) -> list[str]:
    """The feature names of a delexicalised phrase.

    Args:
        names: its symbols, see :func:`showroom.voice.phrase.symbols`.
        known: raw words that count; others become ``<unk>``. None keeps all.

    Returns:
        N-grams of one to three symbols with borders, single senses, pairs at any distance, and
        the share of unknown words in five steps.
    """
    plain = [_known(n, known) for n in names]
    row = ["<s>", *plain, "</s>"]
    out = {f"1 {n}" for n in plain}
    out |= {f"2 {a} {b}" for a, b in pairwise(row)}
    out |= {f"3 {a} {b} {c}" for a, b, c in zip(row, row[1:], row[2:], strict=False)}
    senses = sorted({s for n in plain for s in n.split("|")})[:14]
    out |= {f"s {s}" for s in senses}
    out |= {f"p {a} {b}" for i, a in enumerate(senses) for b in senses[i + 1 :]}
    unknown = sum(n == "<unk>" for n in plain)
    out.add(f"u {min(4, unknown)}")
    out.add(f"r {round(4 * unknown / max(1, len(plain)))}")
    out.add(f"n {min(len(plain), 8)}")
    return sorted(out)


def _known(name: str, known: frozenset[str] | None) -> str:
    if known is None or name in known or name == "?":
        return name
    raw = "." not in name and "|" not in name and name not in _KINDS
    return "<unk>" if raw and (name.isascii() or is_cjk(name[0])) else name


_KINDS = {
    "color", "size", "near", "direction", "spin", "more", "less", "again", "reverse", "same",
    "before", "this", "it", "worn", "option", "shape", "ordinal", "foreign", "separator",
    "length", "angle", "percent", "factor", "number", "product", "enough",
}  # fmt: skip


@dataclass(frozen=True)
class IntentModel:
    """A trained classifier.

    Attributes:
        classes: intent names, in the order of the probabilities.
        weights: (features, classes) float32; ``bias`` (classes,).
        head: (512, classes) float32, over sentence embeddings; ``head_bias`` (classes,).
        pool: exponents of the two in their log-linear pool.
        alone: exponent of the first where there is no encoder.
    """

    classes: tuple[str, ...]
    vocabulary: dict[str, int]
    known: frozenset[str]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    head: NDArray[np.float32]
    head_bias: NDArray[np.float32]
    pool: tuple[float, float]
    alone: float

    def probabilities(self, phrase: Phrase) -> dict[str, float]:
        """Intent to probability, likeliest first."""
        score = self.symbol_scores(symbols(phrase))
        if embedding.available():
            sentence = embedding.embed_one(phrase.text)
            score = self.pool[0] * score + self.pool[1] * self.sentence_scores(sentence)
        else:
            score = self.alone * score
        share = np.exp(log_softmax(score))
        order = np.argsort(-share)
        return {self.classes[i]: float(share[i]) for i in order}

    def symbol_scores(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Log-probabilities, (classes,), of a delexicalised phrase."""
        rows = [
            index
            for name in features(names, self.known)
            if (index := self.vocabulary.get(name)) is not None
        ]
        logits = self.bias + self.weights[rows].sum(axis=0) / max(1.0, len(rows)) ** 0.5
        return log_softmax(logits)

    def sentence_scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probabilities, (…, classes), of sentence embeddings (…, 512)."""
        return log_softmax(vectors @ self.head + self.head_bias)


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


@cache
def load_model(path: Path | None = None) -> IntentModel:
    """The shipped classifier, or that of another file."""
    if path is None:
        source = files(__package__).joinpath("data_files", WEIGHTS)
        with source.open("rb") as stream:
            return _read(stream)
    with path.open("rb") as stream:
        return _read(stream)


def _read(stream: IO[bytes]) -> IntentModel:
    with np.load(stream, allow_pickle=False) as data:
        names = str(data["vocabulary"]).split("\n")
        return IntentModel(
            tuple(str(data["classes"]).split("\n")),
            {name: i for i, name in enumerate(names)},
            frozenset(str(data["known"]).split("\n")),
            data["weights"].astype(np.float32),
            data["bias"].astype(np.float32),
            data["head"].astype(np.float32),
            data["head_bias"].astype(np.float32),
            (float(data["pool"][0]), float(data["pool"][1])),
            float(data["alone"]),
        )
