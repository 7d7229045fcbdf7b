"""A voice that scripts the detector, and a recogniser that hears what it is told."""

from __future__ import annotations

import numpy as np

from showroom.hearing.audio import RATE
from showroom.hearing.recogniser import Hypothesis

LOUD, QUIET = 8000, 0


class LevelVad:
    """Takes loud windows for speech."""

    def reset(self) -> None:
        pass

    def probability(self, window):
        return float(np.abs(window).mean() > 1000)


class WordRecogniser:
    """Hears the words it was given, one for each second of loud audio."""

    name = "words"
    languages = ("en",)

    def __init__(self, *words: str) -> None:
        self.words = words
        self.reason, self.closed = "", False
        self.streams = []

    def stream(self, lang: str = ""):
        self.streams.append(WordStream(self.words, self.reason, self.closed))
        return self.streams[-1]


class WordStream:
    def __init__(self, words, reason, closed):
        self.words, self.reason, self.closed = words, reason, closed
        self.samples = []

    def accept(self, samples):
        self.samples.append(samples)

    @property
    def seconds(self) -> float:
        return sum(map(len, self.samples)) / RATE

    def partial(self, *, paused=False):
        heard = np.concatenate(self.samples)
        loud = float(np.mean(np.abs(heard) > 1000)) * len(heard) / RATE
        return Hypothesis(" ".join(self.words[: round(loud)]), 0.9, self.reason, self.closed)

    final = partial


def tone(seconds: float, level: int = LOUD):
    """A square wave, or silence at level 0."""
    count = round(seconds * RATE)
    return (level * np.where(np.arange(count) // 40 % 2, 1, -1)).astype(np.int16)


def said(*parts: float):
    """Loud and quiet seconds in turn, beginning with loud ones."""
    return np.concatenate([tone(s, QUIET if i % 2 else LOUD) for i, s in enumerate(parts)])
