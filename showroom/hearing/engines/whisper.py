"""faster-whisper: Whisper by CTranslate2; no streaming, so a turn is decoded when it is looked at.

Whisper invents words over silence: only turns that the voice activity detector found come here,
and segments that it holds for silence itself are dropped.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import RATE, Samples
from ..recogniser import NOTHING, Hypothesis

NO_SPEECH = 0.6
"""Segments that are silence with this probability are dropped."""
UNSURE = -1.0
"""So are those with a lower mean log-probability of their words."""
LOOK_AGAIN = 1.0
"""Seconds of new audio before a partial text is made anew; each costs a whole decoding."""
CHINESE_STYLE = "以下是普通话的句子。"
"""A prompt in simplified characters, without which Chinese drifts into traditional ones."""


def open_weights(weights: Path) -> WhisperRecogniser:
    """The recogniser over a folder of CTranslate2 weights."""
    from faster_whisper import WhisperModel

    model = WhisperModel(
        str(weights), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )
    return WhisperRecogniser(model, ("en", "zh") if model.model.is_multilingual else ("en",))


class WhisperRecogniser:
    """A ``WhisperModel``."""

    name = "whisper"

    def __init__(self, model: Any, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self._model = model

    def stream(self, lang: str = "") -> WhisperStream:
        """A turn in a language; "" lets the model find out which."""
        return WhisperStream(self._model, lang if lang in self.languages else "")


class WhisperStream:
    """One turn."""

    def __init__(self, model: Any, lang: str) -> None:
        self._model = model
        self._lang = lang
        self._parts: list[Samples] = []
        self._count = self._decoded = 0
        self._found = NOTHING

    def accept(self, samples: Samples) -> None:
        """Take the next samples."""
        self._parts.append(samples)
        self._count += len(samples)

    def partial(self, *, paused: bool = False) -> Hypothesis:
        """The words so far, or those of a moment ago."""
        if self._count - self._decoded >= LOOK_AGAIN * RATE:
            self._decode()
        return self._found

    def final(self) -> Hypothesis:
        """The words."""
        if self._count != self._decoded:
            self._decode()
        return self._found

    def _decode(self) -> None:
        self._decoded = self._count
        samples = np.concatenate(self._parts).astype(np.float32) / 32768.0
        segments, _ = self._model.transcribe(
            samples,
            language=self._lang or None,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            initial_prompt=CHINESE_STYLE if self._lang == "zh" else None,
        )
        kept = [s for s in segments if s.no_speech_prob < NO_SPEECH and s.avg_logprob > UNSURE]
        text = " ".join(s.text.strip() for s in kept).strip()
        if not text:
            self._found = NOTHING
            return
        sure = math.exp(sum(s.avg_logprob for s in kept) / len(kept))
        self._found = Hypothesis(text.lower().rstrip(".!。！"), sure)
