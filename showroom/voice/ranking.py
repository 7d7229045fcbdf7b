"""Which reading of a sentence is meant, by a log-linear model over readings, in numpy.

The score of a reading is a sum of weights: of what it makes of the words and of the state
(:mod:`showroom.voice.accounting`), and of how it was found given what was said: the words, their
kinds, the classifier's intents and, where the encoder is installed, the sentence's embedding. A
softmax over all readings of the sentence makes probabilities of the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import IO

import numpy as np
from numpy.typing import NDArray

from . import embedding
from .accounting import features
from .context import Context
from .model import log_softmax, word_features
from .phrase import Phrase, symbols
from .readings import Reading

WEIGHTS = "readings.npz"
VECTOR, SHARES, WORDS = 3.0, 2.0, 2.0
"""Scales of the embedding, of the roots of the intents' probabilities, and of words."""


def way(kind: str) -> str:
    """How a reading was found, whichever of the earlier changes it leans on."""
    return kind.removesuffix(" earlier")


def cues(phrase: Phrase) -> list[str]:
    """Names of what was said: its words, and their kinds with those that follow."""
    names = symbols(phrase)
    told = [f"s {n}" for n in names] + [f"s {a} {b}" for a, b in pairwise(names)]
    return sorted({*word_features(phrase.text), *told})


@dataclass(frozen=True)
class Ranking:
    """A trained ranking of readings.

    Attributes:
        names: feature name to its place in ``weights``, (features,) float32.
        ways: way of finding a reading to its column below, float32 all.
        words: cue to its row of ``by_word``, (cues, ways).
        intents: intent to its row of ``by_intent``, (intents, ways).
        by_vector: (512, ways), over the sentence's embedding.
    """

    names: Mapping[str, int]
    weights: NDArray[np.float32]
    ways: Mapping[str, int]
    words: Mapping[str, int]
    by_word: NDArray[np.float32]
    intents: Mapping[str, int]
    by_intent: NDArray[np.float32]
    by_vector: NDArray[np.float32]

    def probabilities(
        self,
        readings: Sequence[Reading],
        whole: Phrase,
        shares: Mapping[str, float],
        context: Context,
    ) -> NDArray[np.float64]:
        """How probable each reading is, (n,); they sum to one.

        Args:
            whole: all that was said.
            shares: probabilities of its intents.
        """
        ways = self._ways(whole, shares)
        scores = np.zeros(len(readings), np.float32)
        for at, reading in enumerate(readings):
            found = (self.names.get(name) for name in set(features(reading, whole, context)))
            scores[at] = self.weights[[i for i in found if i is not None]].sum()
            columns = {c for k in reading.kinds if (c := self.ways.get(way(k))) is not None}
            scores[at] += ways[list(columns)].sum()
        return np.exp(log_softmax(scores)).astype(np.float64)

    def _ways(self, whole: Phrase, shares: Mapping[str, float]) -> NDArray[np.float32]:
        rows = [i for name in cues(whole) if (i := self.words.get(name)) is not None]
        out = WORDS * self.by_word[rows].sum(axis=0) / max(1.0, len(rows)) ** 0.5
        for intent, share in shares.items():
            if (row := self.intents.get(intent)) is not None:
                out = out + SHARES * share**0.5 * self.by_intent[row]
        if embedding.available():
            out = out + VECTOR * embedding.embed_one(whole.text) @ self.by_vector
        return np.asarray(out, np.float32)


@cache
def load_ranking() -> Ranking:
    """The shipped ranking."""
    with files(__package__).joinpath("data_files", WEIGHTS).open("rb") as stream:
        return read_ranking(stream)


def read_ranking(stream: IO[bytes]) -> Ranking:
    """A ranking as :func:`showroom.voice.ranking_train.write` writes it."""
    with np.load(stream, allow_pickle=False) as data:
        tables = {
            key: {name: i for i, name in enumerate(str(data[key]).split("\n"))}
            for key in ("names", "ways", "words", "intents")
        }
        arrays = {
            key: data[key].astype(np.float32)
            for key in ("weights", "by_word", "by_intent", "by_vector")
        }
    return Ranking(
        tables["names"], arrays["weights"], tables["ways"], tables["words"], arrays["by_word"],
        tables["intents"], arrays["by_intent"], arrays["by_vector"],
    )  # fmt: skip
