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

from .bank import (
    PER_FILE,
    SEEDS,
    Bank,
    bank_file,
    drawing,
    make_bank,
    read_bank,
    read_file,
)
from .example import KINDS, TARGETS
from .frame import CHANNELS, MIRRORED, WINDOW, framed, scanned
from .network import ANSWERS, BodyNet, scalars
from .noise import WHOLE, segmented, spoiled
from .population import SEXES, Rng

F32 = NDArray[np.float32]

COUNT: Final = 400_000
VALIDATION: Final = 1_500
_GLANCE: Final = 200
"""People on whom the intervals of interim weights are made."""
_FIRST: Final = 4
"""Files of the bank that must be there before the learning begins; the others may follow."""
_SPOILED: Final = 0.10
_SPOILED_PER_FILE: Final = 60
_TURNS: Final = 1_500
"""Examples between two files that are read."""
_FRESH: Final = 0.05
"""How often an old file is read again, with new noise, where there is no further one."""
_OTHER: Final = 0.3
"""How often the side photo shows the person in their other clothes."""
_WEIGHT: Final = [
    *(2.0 if n in ("bust", "waist", "hip") else 1.0 for n in TARGETS),
    1.0,
    1.0,
]
"""How much each answer counts."""
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
        bfloat16=True,
    )


def told(rng: Rng, height: float, weight: float) -> tuple[float, float]:
    """Stature and weight as a person says them."""
    share, kilograms, clothes = _WEIGHT_SIGMA
    said = weight * (1 + rng.normal(0, share)) + rng.normal(0, kilograms) + rng.uniform(0, clothes)
    return float(height + rng.normal(0, _HEIGHT_SIGMA)), float(said)


class Source:
    """Training examples of a bank that may still be growing.

    A file's masks are read once: what is kept is one noisy scan of each view, and some outlines
    that cannot be measured. When every file is read, old ones are read again, with new noise.

    Args:
        folder: of the bank.
        count: examples that it will hold.
        scale: mean and deviation of the answers' logarithms, (20,) each.
    """

    def __init__(self, folder: Path, count: int, scale: tuple[F32, F32]) -> None:
        self.folder, self.scale = folder, scale
        self.files = -(-count // PER_FILE)
        room = self.files * PER_FILE
        self._scans = np.zeros((room, 2, CHANNELS, WINDOW[0]), np.float16)
        self._spoiled = np.zeros((self.files * _SPOILED_PER_FILE, CHANNELS, WINDOW[0]), np.float16)
        self._what = np.zeros(len(self._spoiled), np.int64)
        self._facts: dict[str, NDArray[Any]] = {}
        self._read, self._turns = 0, 0

    def __call__(self, rng: Rng) -> dict[str, NDArray[Any]]:
        """One example: scans, what is said, standardised answers."""
        if self._turns % _TURNS == 0:
            self._more(rng)
        self._turns += 1
        i, facts = int(rng.integers(self._read * PER_FILE)), self._facts
        kind, beside = WHOLE.index(KINDS[int(facts["kind"][i])]), True
        j = i ^ 1 if rng.random() < _OTHER else i
        front, side = self._scans[i, 0].astype(np.float32), self._scans[j, 1].astype(np.float32)
        trunk = np.stack([facts["trunk"][i, 0], facts["trunk"][j, 1]])
        answers = np.append(facts["answers"][i, :-1], facts["answers"][j, -1])
        if kind == 0 and rng.random() < _SPOILED:
            k = int(rng.integers(self._read * _SPOILED_PER_FILE))
            front, kind = self._spoiled[k].astype(np.float32), int(self._what[k])
        has_side = bool(rng.random() < 0.65)
        if has_side and rng.random() < 0.03:
            side, beside = front, False
        scans = [s[MIRRORED] if rng.random() < 0.5 else s for s in (front, side)]
        height, weight = told(rng, float(facts["height"][i]), float(facts["weight"][i]))
        sex = int(facts["sex"][i]) if rng.random() < 0.85 else SEXES.index("neutral")
        said = scalars(height, weight if rng.random() < 0.75 else None, sex)
        off = (answers - self.scale[0]) / self.scale[1]
        return {
            "front": scans[0],
            "side": scans[1],
            "has_side": np.array(has_side),
            "beside": np.array(beside),
            "told": np.array(said, np.float32),
            "target": off.astype(np.float32),
            "trunk": trunk,
            "kind": np.array(kind, np.int64),
            "whole": np.array(kind == 0 and beside),
        }

    def _more(self, rng: Rng) -> None:
        """Read a further file, or one again."""
        if self._read < self.files and (path := bank_file(self.folder, self._read)).exists():
            number, self._read = self._read, self._read + 1
        elif self._read and rng.random() < _FRESH:
            number = int(rng.integers(self._read))
            path = bank_file(self.folder, number)
        else:
            return
        bank = read_file(path)
        rows = slice(number * PER_FILE, number * PER_FILE + len(bank))
        for i, row in enumerate(range(rows.start, rows.stop)):
            for view, mask in enumerate(bank.masks(i)):
                self._scans[row, view] = scanned(framed(segmented(rng, mask)))
        for row in range(number * _SPOILED_PER_FILE, (number + 1) * _SPOILED_PER_FILE):
            one, other = rng.choice(np.flatnonzero(bank.kind == 0), 2, replace=False)
            mask, name = spoiled(rng, bank.masks(one)[0], bank.masks(other)[0])
            self._spoiled[row] = scanned(framed(segmented(rng, mask)))
            self._what[row] = WHOLE.index(name)
        for name, column in facts(bank).items():
            if name not in self._facts:
                self._facts[name] = np.zeros((len(self._scans), *column.shape[1:]), column.dtype)
            self._facts[name][rows] = column


def facts(bank: Bank) -> dict[str, NDArray[Any]]:
    """What is known of a bank's examples beside their masks, and their answers (n, 20)."""
    metres = np.concatenate([bank.targets, bank.spans], axis=1)
    return {
        "height": bank.height,
        "weight": bank.weight,
        "sex": bank.sex,
        "kind": bank.kind,
        "trunk": 10 * bank.trunk,
        "answers": np.log(metres / bank.height[:, None]),
    }


def body_loss(net: nn.Module, batch: Batch) -> Losses:
    """Laplace likelihood of measures where they can be read, and what the silhouettes are."""
    given = ("front", "side", "told", "has_side")
    middle, spread, kind, beside, trunk = net(*(batch[k] for k in given))
    weight = middle.new_tensor(_WEIGHT).expand(len(middle), -1) * batch["whole"].float()[:, None]
    # The side's scale is nobody's to tell where there is no side photo.
    has = batch["has_side"].float()
    weight = torch.cat([weight[:, :-1], weight[:, -1:] * has[:, None]], dim=1)
    off = (batch["target"] - middle).abs() * torch.exp(-spread) + spread
    # Hard examples would else count for little and never be learned: Seitzer et al., "On the
    # pitfalls of heteroscedastic uncertainty estimation", 2022.
    off = off * torch.exp(_BALANCE * spread.detach())
    known = (batch["trunk"] > 0).float() * batch["whole"].float()[:, None, None]
    known = known * torch.stack([torch.ones_like(has), has], dim=1)[:, :, None]
    hidden = (trunk.float() - batch["trunk"]).abs() * known
    right = functional.binary_cross_entropy_with_logits(
        beside.float(), batch["beside"].float(), has
    )
    return {
        "measures": (off * weight).sum() / weight.sum().clamp(min=1),
        "trunk": hidden.sum() / known.sum().clamp(min=1),
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
        count: drawn examples; while the network learns from the first ones, a process of lower
            priority draws the others.
    """
    folder = run / "body-bank"
    validation = read_bank(make_bank(folder / "validation", VALIDATION, "validation"), VALIDATION)
    # Of the validation's people, so that a bank that grows changes nothing.
    answers = facts(validation)["answers"]
    scale = answers.mean(axis=0), answers.std(axis=0)

    def save(net: nn.Module, progress: Progress, people: int = _GLANCE) -> None:
        from .score import calibrate

        assert isinstance(net, BodyNet)
        header = {
            "network": "body",
            "targets": list(ANSWERS),
            "mean": [float(x) for x in scale[0]],
            "deviation": [float(x) for x in scale[1]],
            "widen": calibrate(net, validation, scale, people),
            "command": command,
            "commit": commit(),
            "settings": asdict(settings),
            "progress": asdict(progress),
            "data": {"examples": count, "seeds": SEEDS},
        }
        save_weights(out, net.state_dict(), header)

    torch.manual_seed(settings.seed)
    net = BodyNet()
    with drawing(folder / "training", count, _FIRST):
        kept, progress = fit(
            net,
            Source(folder / "training", count, scale),
            body_loss,
            settings,
            run / "body.pt",
            on_save=save,
            label="body",
        )
    save(kept, progress, VALIDATION)
    return progress
