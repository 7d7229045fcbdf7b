"""Train the body network: ``showroom train body``."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
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
from .frame import framed
from .network import BodyNet, scalars
from .noise import WHOLE, segmented, spoiled
from .population import SEXES, Rng

F32 = NDArray[np.float32]

COUNT: Final = 24_000
VALIDATION: Final = 1_500
_GLANCE: Final = 200
"""People on whom the intervals of interim weights are made."""
_SPOILED: Final = 0.10
_HEIGHT_SIGMA: Final = 0.008
"""How far people are off their stature, metres."""
_WEIGHT_SIGMA: Final = (0.01, 0.8, 1.0)
"""How far they are off their weight: a share of it, kilograms, and clothes' kilograms at most."""


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with which the shipped weights were made: everything in one process."""
    return replace(
        settings, batch=32, rate=2e-3, average=0.995, weight_decay=0.01, workers=0, save_every=240
    )


def told(rng: Rng, height: float, weight: float) -> tuple[float, float]:
    """Stature and weight as a person says them."""
    share, kilograms, clothes = _WEIGHT_SIGMA
    said = weight * (1 + rng.normal(0, share)) + rng.normal(0, kilograms) + rng.uniform(0, clothes)
    return float(height + rng.normal(0, _HEIGHT_SIGMA)), float(said)


def example(bank: Bank, scale: tuple[F32, F32], rng: Rng) -> dict[str, NDArray[Any]]:
    """One training example: noisy windows, what is said, standardised measures."""
    i = int(rng.integers(len(bank)))
    front, side = bank.masks(i)
    kind = WHOLE.index(KINDS[int(bank.kind[i])])
    beside = True
    if kind == 0 and rng.random() < _SPOILED:
        front, name = spoiled(rng, front, bank.masks(int(rng.integers(len(bank))))[0])
        kind = WHOLE.index(name)
    has_side = bool(rng.random() < 0.6)
    if has_side and rng.random() < 0.04:
        side, beside = bank.masks(i)[0], False
    windows = []
    for mask in (front, side) if has_side else (front,):
        window = framed(segmented(rng, mask))
        windows.append(window[:, ::-1].copy() if rng.random() < 0.5 else window)
    height, weight = told(rng, float(bank.height[i]), float(bank.weight[i]))
    sex = int(bank.sex[i]) if rng.random() < 0.85 else SEXES.index("neutral")
    said = scalars(height, weight if rng.random() < 0.7 else None, sex)
    share = bank.targets[i] / bank.height[i]
    return {
        "front": windows[0],
        "side": windows[-1] if has_side else np.zeros_like(windows[0]),
        "has_side": np.array(has_side),
        "beside": np.array(beside),
        "told": np.array(said, np.float32),
        "target": ((share - scale[0]) / scale[1]).astype(np.float32),
        "kind": np.array(kind, np.int64),
        "whole": np.array(kind == 0 and beside),
    }


def body_loss(net: nn.Module, batch: Batch) -> Losses:
    """Laplace likelihood of measures where they can be read, and what the silhouettes are."""
    front, side = (batch[k][:, None].float() / 255 for k in ("front", "side"))
    middle, spread, kind, beside = net(front, side, batch["told"], batch["has_side"])
    whole = batch["whole"].float()[:, None]
    off = (batch["target"] - middle).abs() * torch.exp(-spread) + spread
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
        partial(example, bank, scale),
        body_loss,
        settings,
        run / "body.pt",
        on_save=save,
        label="body",
    )
    save(kept, progress, VALIDATION)
    return progress
