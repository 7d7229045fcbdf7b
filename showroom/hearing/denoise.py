"""Noise taken off mel energies by a small network, before cepstra are made of them.

Three layers look at 15 frames around each and say how much of each of the 25 bands is speech, as a
log gain. It is trained by ``showroom train hearing`` (:mod:`.train`); inference is three matrix
products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import HearingError
from .features import FILTERS, Mel

CONTEXT = 7
"""Frames before and after the one that is cleaned."""
HIDDEN = 256
QUIET_SHARE = 0.2
"""The quietest frames of a turn, of which noise is estimated."""
WEIGHTS = Path(__file__).parent / "data_files" / "suppressor.npz"

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def inputs(mel: Mel) -> NDArray[np.float32]:
    """What the network sees of (frames, 25) mel energies: (frames, 15 * 25 + 25).

    Each band in nats over its own noise, with its neighbours in time, and the noise's spectrum
    relative to its mean; so it does not depend on the microphone's level.
    """
    quiet = np.argsort(mel.sum(axis=1), kind="stable")[: max(1, int(QUIET_SHARE * len(mel)))]
    noise = np.log(mel[quiet].mean(axis=0))
    over = np.clip(np.log(mel) - noise, -3.0, 9.0)
    padded = np.pad(over, ((CONTEXT, CONTEXT), (0, 0)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * CONTEXT + 1, axis=0)
    loud = np.log(np.percentile(mel, 97.0))
    shape = np.broadcast_to(noise - loud, (len(mel), FILTERS))
    flat = np.concatenate((around.reshape(len(mel), -1) / 3.0, shape / 3.0), axis=1)
    return flat.astype(np.float32)


def signal_to_noise(mel: Mel) -> float:
    """How far, in dB, the loud frames of a turn stand over its quiet ones."""
    total = mel.sum(axis=1)
    quiet = np.sort(total)[: max(1, int(QUIET_SHARE * len(total)))].mean()
    return float(10.0 * np.log10(np.percentile(total, 90.0) / quiet))


@dataclass(frozen=True)
class Suppressor:
    """The network: weights (in, out) and biases of its layers."""

    layers: tuple[Layer, ...]

    def clean(self, mel: Mel) -> Mel:
        """Mel energies with less noise in them, (frames, 25)."""
        if not len(mel):
            return mel
        values = inputs(mel)
        for weight, bias in self.layers[:-1]:
            values = np.maximum(values @ weight + bias, 0.0)
        weight, bias = self.layers[-1]
        return np.asarray(mel * np.exp(np.minimum(values @ weight + bias, 0.5)), dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write the weights in half precision."""
        arrays = {}
        for number, (weight, bias) in enumerate(self.layers):
            arrays[f"w{number}"] = weight.astype(np.float16)
            arrays[f"b{number}"] = bias.astype(np.float16)
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


@cache
def load_suppressor(path: Path = WEIGHTS) -> Suppressor:
    """The shipped network.

    Raises:
        HearingError: the file is missing or damaged.
    """
    try:
        with np.load(path) as data:
            count = len(data.files) // 2
            layers = tuple(
                (data[f"w{n}"].astype(np.float32), data[f"b{n}"].astype(np.float32))
                for n in range(count)
            )
    except (OSError, ValueError, KeyError) as error:
        raise HearingError(
            "the noise suppressor's weights cannot be read; make them: showroom train hearing",
            field="weights",
            expected=path.name,
            got=type(error).__name__,
        ) from None
    return Suppressor(layers)
