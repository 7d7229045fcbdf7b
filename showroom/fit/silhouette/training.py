"""Train the body network: ``showroom train body``."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from reconstruction.networks.training import Batch, Losses, Progress, TrainSettings, commit, fit
from reconstruction.networks.weights import save_weights

from .bank import SEEDS, Bank, make_bank, read_bank
from .example import KINDS, TARGETS
from .frame import CHANNELS, WINDOW, framed, scanned
from .network import BodyNet, scalars
from .noise import WHOLE, segmented, spoiled
from .population import SEXES, Rng

F32 = NDArray[np.float32]

COUNT: Final = 40_000
VALIDATION: Final = 1_500
_GLANCE: Final = 200
"""People on whom the intervals of interim weights are made."""
_SPOILED: Final = 0.10
_VARIANTS: Final = 4
"""Of an example's noise that are kept at a time, so that drawing does not hold the learning up."""
_FRESH: Final = 0.03
"""How often one of them is drawn anew when its turn comes."""
_SWAPPED: Final = [0, 2, 1, 4, 3, 6, 5, 7]
"""A scan's channels in the mirror."""
_BALANCE: Final = 0.75
_HEIGHT_SIGMA: Final = 0.008
"""How far people are off their stature, metres."""
_WEIGHT_SIGMA: Final = (0.01, 0.8, 1.0)
"""How far they are off their weight: a share of it, kilograms, and clothes' kilograms at most."""


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with which the shipped weights were made: one process draws, one learns."""
    return replace(
        settings,
        batch=192,
        rate=2e-3,
        average=0.997,
        weight_decay=0.03,
        workers=1,
        save_every=180,
        bfloat16=False,
    )


def told(rng: Rng, height: float, weight: float) -> tuple[float, float]:
    """Stature and weight as a person says them."""
    share, kilograms, clothes = _WEIGHT_SIGMA
    said = weight * (1 + rng.normal(0, share)) + rng.normal(0, kilograms) + rng.uniform(0, clothes)
    return float(height + rng.normal(0, _HEIGHT_SIGMA)), float(said)


class Source:
    """Training examples of a bank; a few scans of each, with their noise, are kept for its turns.

    Args:
        bank: drawn people.
        scale: mean and deviation of measures as shares of the stature, (18,) each.
    """

    def __init__(self, bank: Bank, scale: tuple[F32, F32]) -> None:
        self.bank, self.scale = bank, scale
        self._scans = np.zeros((len(bank), _VARIANTS, 2, CHANNELS, WINDOW[0]), np.float16)
        self._kept = np.zeros((len(bank), _VARIANTS), bool)

    def __call__(self, rng: Rng) -> dict[str, NDArray[Any]]:
        """One example: scans, what is said, standardised measures."""
        bank = self.bank
        i = int(rng.integers(len(bank)))
        kind, beside = WHOLE.index(KINDS[int(bank.kind[i])]), True
        front, side = self._noisy(rng, i)
        if kind == 0 and rng.random() < _SPOILED:
            other = bank.masks(int(rng.integers(len(bank))))[0]
            mask, name = spoiled(rng, bank.masks(i)[0], other)
            kind = WHOLE.index(name)
            front = scanned(framed(segmented(rng, mask)))
        has_side = bool(rng.random() < 0.6)
        if has_side and rng.random() < 0.04:
            side, beside = front, False
        scans = [s[_SWAPPED] if rng.random() < 0.5 else s for s in (front, side)]
        height, weight = told(rng, float(bank.height[i]), float(bank.weight[i]))
        sex = int(bank.sex[i]) if rng.random() < 0.85 else SEXES.index("neutral")
        said = scalars(height, weight if rng.random() < 0.7 else None, sex)
        share = bank.targets[i] / bank.height[i]
        return {
            "front": scans[0],
            "side": scans[1],
            "has_side": np.array(has_side),
            "beside": np.array(beside),
            "told": np.array(said, np.float32),
            "target": ((share - self.scale[0]) / self.scale[1]).astype(np.float32),
            "kind": np.array(kind, np.int64),
            "whole": np.array(kind == 0 and beside),
        }

    def _noisy(self, rng: Rng, i: int) -> tuple[F32, F32]:
        """The scans of both views of one example, (8, 160) each."""
        k = int(rng.integers(_VARIANTS))
        if not self._kept[i, k] or rng.random() < _FRESH:
            for view, mask in enumerate(self.bank.masks(i)):
                self._scans[i, k, view] = scanned(framed(segmented(rng, mask)))
            self._kept[i, k] = True
        front, side = self._scans[i, k].astype(np.float32)
        return front, side


def body_loss(net: nn.Module, batch: Batch) -> Losses:
    """Laplace likelihood of measures where they can be read, and what the silhouettes are."""
    middle, spread, kind, beside = net(*(batch[k] for k in ("front", "side", "told", "has_side")))
    whole = batch["whole"].float()[:, None]
    off = (batch["target"] - middle).abs() * torch.exp(-spread) + spread
    # Hard examples would else count for little and never be learned: Seitzer et al., "On the
    # pitfalls of heteroscedastic uncertainty estimation", 2022.
    off = off * torch.exp(_BALANCE * spread.detach())
    right = functional.binary_cross_entropy_with_logits(
        beside.float(), batch["beside"].float(), batch["has_side"].float()
    )
    return {
        "measures": (off * whole).sum() / (whole.sum() * off.shape[1]).clamp(min=1),
        "kind": 0.1 * functional.cross_entropy(kind.float(), batch["kind"]),
        "beside": 0.1 * right,
    }


def train_body(
    out: Path,
    run: Path,
    settings: TrainSettings,
    *,
    count: int = COUNT,
    command: str = "showroom train body",
) -> Progress:
    """Train and write weights; goes on where a run in the folder ``run`` stopped.

    Args:
        out: the ``.safetensors`` file, rewritten at every checkpoint.
        run: folder of the bank, checkpoint and curves.
        count: drawn examples.
    """
    folder = run / "body-bank"
    bank = read_bank(make_bank(folder / "training", count), count)
    validation = read_bank(make_bank(folder / "validation", VALIDATION, "validation"), VALIDATION)
    # Of the validation's people, so that a bank that grows between two runs changes nothing.
    shares = validation.targets / validation.height[:, None]
    scale = shares.mean(axis=0), shares.std(axis=0)

    def save(net: nn.Module, progress: Progress, people: int = _GLANCE) -> None:
        from .score import calibrate

        assert isinstance(net, BodyNet)
        header = {
            "network": "body",
            "targets": list(TARGETS),
            "mean": [float(x) for x in scale[0]],
            "deviation": [float(x) for x in scale[1]],
            "widen": calibrate(net, validation, scale, people),
            "command": command,
            "commit": commit(),
            "settings": asdict(settings),
            "progress": asdict(progress),
            "data": {"examples": len(bank), "seeds": SEEDS},
        }
        save_weights(out, net.state_dict(), header)

    torch.manual_seed(settings.seed)
    net = BodyNet()
    kept, progress = fit(
        net,
        Source(bank, scale),
        body_loss,
        settings,
        run / "body.pt",
        on_save=save,
        label="body",
    )
    save(kept, progress, VALIDATION)
    return progress
