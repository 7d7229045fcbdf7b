"""The one form of audio inside: 16 kHz, mono, 16-bit PCM, little endian; checks at the edge."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import HearingError

RATE = 16_000
"""Samples a second."""
WIDTH = 2
"""Bytes a sample."""
CHANNELS = 1
FRAME = 320
"""Samples of one frame on the wire, 20 ms."""
MAX_CHUNK = 3200
"""Most samples of one chunk on the wire, 200 ms."""
MAX_SECONDS = 600.0
"""A file longer than this is refused before it is read."""
CLIPPED = 0.02
"""From this share of samples at full scale on, speech is too distorted to be understood."""
FULL_SCALE = 32_700
"""Samples beyond this count as clipped; recorders clip a little below the very last value."""

Samples = NDArray[np.int16]


def check_format(rate: int, width: int, channels: int) -> None:
    """Check what a stream says of itself.

    Raises:
        HearingError: it is not 16 kHz, 16 bit, mono.
    """
    for field, expected, got in (
        ("rate", RATE, rate),
        ("width", WIDTH, width),
        ("channels", CHANNELS, channels),
    ):
        if got != expected:
            raise HearingError(
                "the audio has another form; resample it before it is sent",
                field=field,
                expected=str(expected),
                got=str(got),
            )


def samples_of(data: bytes) -> Samples:
    """PCM bytes as samples.

    Raises:
        HearingError: half a sample at the end.
    """
    if len(data) % WIDTH:
        raise HearingError(
            "the audio ends in the middle of a sample",
            field="data",
            expected="an even number of bytes",
            got=str(len(data)),
        )
    return np.frombuffer(data, "<i2").astype(np.int16, copy=False)


def read_wav(path: Path) -> Samples:
    """The samples of a WAV file.

    Raises:
        HearingError: no such file, no WAV, truncated, another form, or longer than
            :data:`MAX_SECONDS`.
    """
    try:
        with wave.open(str(path), "rb") as file:
            check_format(file.getframerate(), file.getsampwidth(), file.getnchannels())
            count = file.getnframes()
            if count > MAX_SECONDS * RATE:
                raise HearingError(
                    "the recording is too long; cut it into sentences",
                    field="duration",
                    expected=f"at most {MAX_SECONDS:g} s",
                    got=f"{count / RATE:.0f} s",
                    code="too_large",
                )
            data = file.readframes(count)
    except FileNotFoundError:
        raise HearingError(
            "there is no such file", field="file", expected="a WAV file", got=path.name
        ) from None
    except (wave.Error, EOFError, OSError) as error:
        raise HearingError(
            "the file is no WAV file of plain PCM",
            field="file",
            expected="RIFF WAVE, PCM",
            got=str(error) or type(error).__name__,
        ) from None
    if len(data) != count * WIDTH:
        raise HearingError(
            "the file is truncated; record or copy it again",
            field="file",
            expected=f"{count * WIDTH} bytes of samples",
            got=str(len(data)),
        )
    return samples_of(data)


def clipped(samples: Samples) -> int:
    """How many samples are at full scale."""
    return int(np.count_nonzero(np.abs(samples.astype(np.int32)) >= FULL_SCALE))


def overdriven(share: float) -> HearingError | None:
    """What to say where a share of a turn's samples is clipped; None where it can be used."""
    if share < CLIPPED:
        return None
    return HearingError(
        "the microphone is overdriven; turn it down or move it away",
        field="level",
        expected=f"fewer than {CLIPPED:.0%} of samples at full scale",
        got=f"{share:.0%}",
    )
