"""The intent classifier, in numpy.

Three logistic regressions: over n-grams of delexicalised symbols, over n-grams of the words
themselves and, where the encoder is installed, over the sentence's embedding. Their log-linear pool
is calibrated on sentences that none of them saw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import IO

import numpy as np
from numpy.typing import NDArray

from . import embedding
from .phrase import Phrase, symbols
from .text import is_cjk

WEIGHTS, CHANGES = "intents.npz", "changes.npz"
"""The classifier of intents, and that of what a fit shall change (``length+``)."""
OPEN = "?"
"""The class of a phrase that does not say what to change."""
_WORD = re.compile(r"[a-z']+|[0-9]+|[\u3400-\u9fff]")
_STEM = 4
"""Latin words also count by their pieces of so many letters."""


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


def word_features(text: str) -> list[str]:
    """The feature names of a plain text: runs of one to three words or Chinese characters.

    Numbers count as one word; Latin words by pieces too, so that "sleaves" is like "sleeves".
    """
    words = ["0" if w[0].isdigit() else w for w in _WORD.findall(text)]
    row = ["^", *words, "$"]
    out = {" ".join(row[i : i + n]) for n in (1, 2, 3) for i in range(len(row) - n + 1)}
    for word in words:
        if len(word) >= _STEM and word.isascii():
            out |= {f"#{word[i : i + _STEM]}" for i in range(len(word) - _STEM + 1)}
    return sorted(out)


@dataclass(frozen=True)
class Linear:
    """A multinomial logistic regression over named features.

    Attributes:
        vocabulary: feature name to its row of ``weights``, (features, classes) float32.
        bias: (classes,).
    """

    vocabulary: dict[str, int]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def scores(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Log-probabilities, (classes,)."""
        rows = [i for name in names if (i := self.vocabulary.get(name)) is not None]
        logits = self.bias + self.weights[rows].sum(axis=0) / max(1.0, len(rows)) ** 0.5
        return log_softmax(logits)


@dataclass(frozen=True)
class IntentModel:
    """A trained classifier of phrases.

    Attributes:
        classes: names, in the order of the probabilities.
        symbols: over the delexicalised phrase; ``known`` are the raw words that count there.
        words: over the words themselves.
        head: (512, classes) float32, over sentence embeddings; ``head_bias`` (classes,).
        pool: exponents of symbols, words and embeddings in their log-linear pool.
        alone: exponents of the first two where there is no encoder.
    """

    classes: tuple[str, ...]
    symbols: Linear
    known: frozenset[str]
    words: Linear
    head: NDArray[np.float32]
    head_bias: NDArray[np.float32]
    pool: tuple[float, ...]
    alone: tuple[float, ...]

    def probabilities(self, phrase: Phrase) -> dict[str, float]:
        """Class to probability, likeliest first."""
        share = np.exp(log_softmax(self.pooled(self.experts(phrase))))
        order = np.argsort(-share)
        return {self.classes[i]: float(share[i]) for i in order}

    def experts(self, phrase: Phrase) -> NDArray[np.float32]:
        """Log-probabilities, (2 or 3, classes), by symbols, words and, if installed, embedding."""
        text = phrase.text
        rows = [self.symbol_scores(symbols(phrase)), self.words.scores(word_features(text))]
        if embedding.available():
            rows.append(self.sentence_scores(embedding.embed_one(text)))
        return np.stack(rows)

    def pooled(self, experts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Their pool, (classes,), up to a constant."""
        powers = self.pool if len(experts) > len(self.alone) else self.alone
        return np.asarray(np.array(powers, np.float32) @ experts, np.float32)

    def symbol_scores(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Log-probabilities, (classes,), of a delexicalised phrase."""
        return self.symbols.scores(features(names, self.known))

    def sentence_scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probabilities, (…, classes), of sentence embeddings (…, 512)."""
        return log_softmax(vectors @ self.head + self.head_bias)


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


@cache
def load_model(name: str = WEIGHTS) -> IntentModel:
    """A shipped classifier: :data:`WEIGHTS` or :data:`CHANGES`."""
    with files(__package__).joinpath("data_files", name).open("rb") as stream:
        return read_model(stream)


def read_model(stream: IO[bytes]) -> IntentModel:
    """A classifier as :func:`showroom.voice.train.write` writes it."""
    with np.load(stream, allow_pickle=False) as data:

        def linear(kind: str) -> Linear:
            names = str(data[f"{kind}_vocabulary"]).split("\n")
            weights = data[f"{kind}_weights"].astype(np.float32)
            bias = data[f"{kind}_bias"].astype(np.float32)
            return Linear({name: i for i, name in enumerate(names)}, weights, bias)

        return IntentModel(
            tuple(str(data["classes"]).split("\n")),
            linear("symbols"),
            frozenset(str(data["known"]).split("\n")),
            linear("words"),
            data["head"].astype(np.float32),
            data["head_bias"].astype(np.float32),
            tuple(float(x) for x in data["pool"]),
            tuple(float(x) for x in data["alone"]),
        )
