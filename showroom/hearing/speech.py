"""Replies as audio, by eSpeak NG where its extra is installed (GPL-3.0; the core does without).

The library is loaded with ctypes through ``espeakng-loader``, which brings it and its data; its
interface is that of ``espeak-ng/speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from scipy.signal import resample_poly

from .audio import RATE, Samples
from .errors import HearingError

EXTRA = "pip install 'showroom[speech]'"
VOICES = {"en": "en-us", "zh": "cmn"}
WORDS_A_MINUTE = 165
MAX_TEXT = 1000
"""Characters of a reply that are spoken; longer ones are cut at a word."""

_RETRIEVAL = 1
_POS_CHARACTER = 1
_UTF8 = 1
_RATE_PARAMETER = 1
_DONT_EXIT = 0x8000
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Voice(Protocol):
    """Says texts."""

    @property
    def languages(self) -> tuple[str, ...]: ...

    def say(self, text: str, lang: str) -> Samples: ...


class EspeakVoice:
    """eSpeak NG; one for a process, safe to share between threads.

    Raises:
        HearingError: the extra is not installed, or does not load.
    """

    languages = tuple(VOICES)

    def __init__(self) -> None:
        self._library, self._rate = _library()
        self._lock = threading.Lock()

    def say(self, text: str, lang: str) -> Samples:
        """A text as 16 kHz samples; empty for one without words."""
        text = text if len(text) <= MAX_TEXT else text[:MAX_TEXT].rsplit(" ", 1)[0]
        parts: list[Samples] = []

        def take(wave: Any, count: int, events: Any) -> int:
            if wave and count > 0:
                parts.append(np.ctypeslib.as_array(wave, (count,)).astype(np.int16))
            return 0

        callback = _Callback(take)
        with self._lock:
            self._library.espeak_SetSynthCallback(callback)
            self._library.espeak_SetVoiceByName(VOICES.get(lang, VOICES["en"]).encode())
            self._library.espeak_SetParameter(_RATE_PARAMETER, WORDS_A_MINUTE, 0)
            data = text.encode() + b"\0"
            self._library.espeak_Synth(data, len(data), 0, _POS_CHARACTER, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
        if not parts:
            return np.zeros(0, dtype=np.int16)
        wave = resample_poly(np.concatenate(parts).astype(np.float64), RATE, self._rate)
        return np.asarray(np.clip(np.rint(wave), -32768, 32767), dtype=np.int16)


def can_speak() -> bool:
    """Whether the extra is installed."""
    return find_spec("espeakng_loader") is not None


@cache
def _library() -> tuple[Any, int]:
    """The library, initialised once in a process, and its sample rate."""
    try:
        import espeakng_loader
    except ImportError:
        raise HearingError(
            f"no voice is installed; install it with: {EXTRA}",
            field="speech",
            expected="espeakng-loader",
            got="none",
            code="not_ready",
        ) from None
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise HearingError(
            f"eSpeak NG does not load: {error}", field="speech", code="not_ready"
        ) from error
    data = str(espeakng_loader.get_data_path()).encode()
    rate = int(library.espeak_Initialize(_RETRIEVAL, 0, data, _DONT_EXIT))
    if rate <= 0:
        raise HearingError(
            "eSpeak NG finds no data of its own",
            field="speech",
            expected="espeak-ng-data",
            got=data.decode(),
            code="not_ready",
        )
    return library, rate
