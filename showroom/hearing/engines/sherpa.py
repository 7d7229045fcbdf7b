"""sherpa-onnx: streaming transducers, such as the bilingual zh-en Zipformer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..audio import RATE, Samples
from ..recogniser import Hypothesis
from .languages import languages_of

TAIL = np.zeros(RATE // 2, dtype=np.float32)
"""Silence after the last word, without which a transducer keeps its last tokens to itself."""


def open_weights(weights: Path) -> SherpaRecogniser:
    """The recogniser over a folder with ``tokens.txt``, encoder, decoder and joiner."""
    import sherpa_onnx

    def file(name: str) -> str:
        # The int8 files are half the size and as good for commands.
        return str(sorted(weights.glob(f"{name}*.onnx"), key=lambda p: ".int8." not in p.name)[0])

    recogniser = sherpa_onnx.OnlineRecognizer.from_transducer(
        tokens=str(weights / "tokens.txt"),
        encoder=file("encoder"),
        decoder=file("decoder"),
        joiner=file("joiner"),
        num_threads=1,
        sample_rate=RATE,
        enable_endpoint_detection=False,
    )
    return SherpaRecogniser(recogniser, languages_of(weights / "tokens.txt"))


class SherpaRecogniser:
    """An ``OnlineRecognizer`` with streams of its own."""

    name = "sherpa"

    def __init__(self, recogniser: Any, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self._recogniser = recogniser

    def stream(self, lang: str = "") -> SherpaStream:
        """A turn; the model hears all of its languages at once."""
        return SherpaStream(self._recogniser)


class SherpaStream:
    """One turn."""

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser
        self._stream = recogniser.create_stream()

    def accept(self, samples: Samples) -> None:
        """Take the next samples."""
        self._stream.accept_waveform(RATE, samples.astype(np.float32) / 32768.0)
        self._decode()

    def partial(self, *, paused: bool = False) -> Hypothesis:
        """The words so far."""
        return _heard(self._recogniser.get_result(self._stream))

    def final(self) -> Hypothesis:
        """The words."""
        self._stream.accept_waveform(RATE, TAIL)
        self._stream.input_finished()
        self._decode()
        return self.partial()

    def _decode(self) -> None:
        while self._recogniser.is_ready(self._stream):
            self._recogniser.decode_stream(self._stream)


def _heard(text: str) -> Hypothesis:
    text = text.strip().lower()
    return Hypothesis(text, 0.9 if text else 0.0, "" if text else "silence")
