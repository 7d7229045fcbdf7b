"""Ears that take loud for speech and hear one scripted word for each second of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from showroom.hearing.ear import Ear
from showroom.hearing.errors import HearingError
from showroom.hearing.recogniser import Hypothesis

RATE = 16000


class LevelVad:
    def reset(self) -> None:
        pass

    def probability(self, window):
        return float(np.abs(window).mean() > 1000)


class Words:
    name = "words"
    languages = ("en",)

    def stream(self, lang=""):
        return Stream()


class Stream:
    def __init__(self):
        self.samples = []

    def accept(self, samples):
        self.samples.append(samples)

    def partial(self, *, paused=False):
        loud = np.abs(np.concatenate(self.samples)) > 1000
        count = round(float(loud.sum()) / RATE)
        return Hypothesis(" ".join(("make", "it", "longer")[:count]), 0.9)

    final = partial


class ToyHearing:
    def ear(self, lang: str) -> Ear:
        if lang == "die":
            os._exit(3)
        if lang != "en":
            raise HearingError(
                "no recogniser for that language", field="lang", expected="en", code="not_ready"
            )
        return Ear(LevelVad(), Words(), complete=lambda text, lang: "longer" in text)

    def say(self, text: str, lang: str):
        return tone(0.1 * len(text))


class SlowHearing(ToyHearing):
    """Is not loaded before a file says so, and writes down how nice it was then and later."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        note(folder / "loading", os.nice(0))
        while not (folder / "go").exists():
            time.sleep(0.01)
        self._made = 0

    def ear(self, lang: str) -> Ear:
        self._made += 1
        note(self._folder / f"ear-{self._made}", os.nice(0))
        return super().ear(lang)


def note(path: Path, number: int) -> None:
    """Write a file that is there only when it is whole."""
    path.with_suffix(".new").write_text(str(number), encoding="utf-8")
    path.with_suffix(".new").rename(path)


def tone(seconds: float, level: int = 8000):
    count = round(seconds * RATE)
    return (level * np.where(np.arange(count) // 40 % 2, 1, -1)).astype(np.int16)


def said(*parts: float) -> bytes:
    """Quiet and loud seconds in turn, beginning with quiet ones."""
    pieces = [tone(s, 8000 if i % 2 else 0) for i, s in enumerate(parts)]
    return np.concatenate(pieces).tobytes()
