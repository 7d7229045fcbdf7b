"""Vosk: one Kaldi model for each language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..audio import RATE, Samples
from ..recogniser import Hypothesis
from .languages import languages_of


def open_weights(weights: Path) -> VoskRecogniser:
    """The recogniser over an unpacked Vosk model."""
    import vosk

    vosk.SetLogLevel(-1)
    words = next(iter([*weights.glob("graph/words.txt"), *weights.glob("words.txt")]), None)
    languages = languages_of(words) if words is not None else ("en",)
    model = vosk.Model(str(weights))
    return VoskRecogniser(lambda: vosk.KaldiRecognizer(model, RATE), languages)


class VoskRecogniser:
    """Makes one ``KaldiRecognizer`` for each turn.

    Args:
        make: makes it.
    """

    name = "vosk"

    def __init__(self, make: Any, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self._make = make

    def stream(self, lang: str = "") -> VoskStream:
        """A turn."""
        recogniser = self._make()
        recogniser.SetWords(True)
        return VoskStream(recogniser)


class VoskStream:
    """One turn; where Vosk finds an end within it, what it heard before is kept."""

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser
        self._done: list[Hypothesis] = []

    def accept(self, samples: Samples) -> None:
        """Take the next samples."""
        if self._recogniser.AcceptWaveform(samples.tobytes()):
            self._done.append(_heard(self._recogniser.Result()))

    def partial(self, *, paused: bool = False) -> Hypothesis:
        """The words so far."""
        text = str(json.loads(self._recogniser.PartialResult()).get("partial", ""))
        return _joined([*self._done, Hypothesis(text, 0.5 if text else 0.0)])

    def final(self) -> Hypothesis:
        """The words."""
        return _joined([*self._done, _heard(self._recogniser.FinalResult())])


def _heard(result: str) -> Hypothesis:
    data = json.loads(result)
    text = str(data.get("text", ""))
    sure = [float(word["conf"]) for word in data.get("result", ())]
    return Hypothesis(text, sum(sure) / len(sure) if sure else (0.5 if text else 0.0))


def _joined(parts: list[Hypothesis]) -> Hypothesis:
    spoken = [part for part in parts if part.text]
    if not spoken:
        return Hypothesis("", 0.0, "silence")
    return Hypothesis(" ".join(p.text for p in spoken), min(p.confidence for p in spoken))
