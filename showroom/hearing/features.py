"""Mel-frequency cepstra as the acoustic model was trained on, with a floor of noise.

The filter bank, window, transform and lifter are SphinxTrain's (``sphinxbase``'s ``fe_sigproc.c``)
with the model's own ``feat.params``: 25 filters from 130 to 6800 Hz, 25.6 ms windows every 10 ms,
13 cepstra, lifter 22. The floor, 40 dB below the loudest parts, is what a real room would add:
silence of pure zeros, as synthesizers and noise gates leave it, lies far outside everything that
the model has seen.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .audio import RATE, Samples

Mel = NDArray[np.float64]

WINDOW = 410
HOP = 160
BINS = 512
FILTERS = 25
CEPSTRA = 13
LOWEST, HIGHEST = 130.0, 6800.0
EMPHASIS = 0.97
LIFTER = 22
FLOOR_DB = 40.0
WARPED_TO = 4800.0
"""Up to this frequency, in Hz, a warp is one factor; above it leads back to the highest."""
LOUD = 97.0
"""The percentile of all bands that the floor is measured from."""


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))


@cache
def _filters(warp: float) -> Mel:
    step = RATE / BINS
    edges = np.linspace(_mel(LOWEST), _mel(HIGHEST), FILTERS + 2)
    hertz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    top = WARPED_TO * warp
    above = top + (hertz - WARPED_TO) * (HIGHEST - top) / (HIGHEST - WARPED_TO)
    hertz = np.where(hertz <= WARPED_TO, hertz * warp, above)
    hertz = np.floor(hertz / step + 0.5) * step  # edges lie on bins, as in training
    bins = np.arange(BINS // 2 + 1)[:, None] * step
    left, middle, right = hertz[:-2], hertz[1:-1], hertz[2:]
    rise, fall = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return np.asarray(np.maximum(0.0, np.minimum(rise, fall)) * 2.0 / (right - left))


_HAMMING = 0.54 - 0.46 * np.cos(2.0 * np.pi * np.arange(WINDOW) / (WINDOW - 1))
_order = np.arange(CEPSTRA)[:, None]
_cosines = np.cos(np.pi * _order * (np.arange(FILTERS) + 0.5) / FILTERS) * np.sqrt(2.0 / FILTERS)
_cosines[0] *= np.sqrt(0.5)
_lifter = 1.0 + LIFTER / 2.0 * np.sin(np.arange(CEPSTRA) * np.pi / LIFTER)
CEPSTRAL: Mel = _cosines * _lifter[:, None]
"""(13, 25): log mel energies to liftered cepstra."""


def mel_energies(samples: Samples, warp: float = 1.0) -> Mel:
    """(frames, 25) energies in mel bands, one frame each 10 ms; no frames below 25.6 ms.

    Args:
        warp: where a speaker's formants lie relative to the model's (vocal tract length
            normalization; Lee and Rose 1996): 1.1 for a tract shorter by a tenth.
    """
    if len(samples) < WINDOW:
        return np.zeros((0, FILTERS))
    wave = samples.astype(np.float64)
    wave[1:] -= EMPHASIS * wave[:-1].copy()
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * _HAMMING
    return np.asarray((np.abs(np.fft.rfft(frames, BINS)) ** 2) @ _filters(warp))


def floored(mel: Mel) -> Mel:
    """Mel energies over a floor of noise."""
    if not len(mel):
        return mel
    return np.asarray(mel + np.percentile(mel, LOUD) * 10.0 ** (-FLOOR_DB / 10.0) + 1e-4)


def cepstra(mel: Mel) -> NDArray[np.float32]:
    """(frames, 13) cepstra of mel energies."""
    return (np.log(mel) @ CEPSTRAL.T).astype(np.float32)
