"""Noise to train and score under, all of it synthetic: coloured noise, babble, music."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .audio import RATE

Wave = NDArray[np.float64]


def colored(rng: np.random.Generator, count: int, slope: float) -> Wave:
    """Noise whose power falls with frequency as f^-slope: 0 white, 1 pink, 2 brown."""
    spectrum = rng.normal(size=count // 2 + 1) + 1j * rng.normal(size=count // 2 + 1)
    hertz = np.maximum(np.arange(count // 2 + 1) * RATE / count, 40.0)
    return np.asarray(np.fft.irfft(spectrum * hertz ** (-slope / 2.0), count))


def music(rng: np.random.Generator, count: int) -> Wave:
    """Chords of plucked harmonics over a beat; no recording."""
    out = np.zeros(count)
    t = np.arange(RATE) / RATE
    beat = rng.uniform(0.2, 0.6)
    for start in np.arange(0.0, count / RATE, beat):
        at = int(start * RATE)
        for note in rng.choice([0, 3, 4, 5, 7, 9, 12, 16], 3, replace=False):
            pitch = 110.0 * 2.0 ** ((note + rng.integers(0, 3) * 12) / 12.0)
            tone = sum(
                np.sin(2.0 * np.pi * pitch * k * t) / k for k in range(1, 7) if pitch * k < 7000.0
            )
            piece = (tone * np.exp(-t * rng.uniform(2.0, 8.0)))[: count - at]
            out[at : at + len(piece)] += piece
        snare = rng.normal(size=RATE // 10) * np.exp(-np.arange(RATE // 10) / 400.0)
        piece = snare[: count - at]
        out[at : at + len(piece)] += 0.5 * piece
    return out


def babble(rng: np.random.Generator, count: int, clips: list[Wave]) -> Wave:
    """Six others who speak at once."""
    out = np.zeros(count)
    for index in rng.integers(0, len(clips), 6):
        other = np.resize(clips[index], count)
        out += np.roll(other, rng.integers(0, count)) / (np.std(other) + 1e-9)
    return out


def noise(rng: np.random.Generator, count: int, clips: list[Wave]) -> Wave:
    """Noise of a random kind."""
    kind = rng.random()
    if kind < 0.5:
        return colored(rng, count, rng.choice([0.0, 0.0, 0.5, 1.0, 2.0]))
    if kind < 0.7:
        return babble(rng, count, clips)
    if kind < 0.85:
        return music(rng, count)
    return colored(rng, count, 1.0) * (
        1.0 + 0.9 * np.sin(np.linspace(0, rng.uniform(5, 60), count))
    )


def active_power(wave: Wave) -> float:
    """Mean power where somebody speaks: over samples beyond 50 of 32768."""
    loud = wave[np.abs(wave) > 50.0]
    return float(np.mean(loud**2)) if len(loud) else 0.0


def mixed(wave: Wave, other: Wave, decibels: float) -> Wave:
    """Speech with noise at a signal-to-noise ratio, as 16-bit samples would hold it."""
    power = active_power(wave) / 10.0 ** (decibels / 10.0)
    out = wave + other * np.sqrt(power / (np.mean(other**2) + 1e-12))
    return np.asarray(np.rint(np.clip(out, -32768.0, 32767.0)))
