"""Batches to learn from, drawn where the network learns from files that may still be coming."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .bank import NOISES, PER_FILE, Facts, Order, read_lesson
from .example import KINDS
from .frame import CHANNELS, MIRRORED, WINDOW
from .network import scalars
from .noise import WHOLE
from .population import SEXES

F32 = NDArray[np.float32]
Batch = dict[str, Tensor]

HEIGHT_SIGMA: Final = 0.008
"""How far people are off their stature, metres."""
WEIGHT_SIGMA: Final = (0.01, 0.8, 1.0)
"""How far they are off their weight: a share of it, kilograms, and clothes' kilograms at most."""
_SPOILED: Final = 0.10
_OTHER: Final = 0.3
"""How often the side photo shows the person in their other clothes."""
_SIDE: Final = 0.65
_NO_SIDE: Final = 0.03
"""How often what is handed in as the side photo is the front photo again."""
_WEIGHED: Final = 0.75
_SEX: Final = 0.85
_LOOK: Final = 2.0
"""Seconds between two looks for new files."""
_AT_ONCE: Final = 2
"""New files that are read between two batches."""


def told(height: Any, weight: Any, off: Any) -> tuple[Any, Any]:
    """Stature and weight as people say them; arrays or tensors alike.

    Args:
        height, weight: (n,) metres and kilograms.
        off: (n, 4) draws: three of a standard normal, one uniform between 0 and 1.
    """
    share, kilograms, clothes = WEIGHT_SIGMA
    said = weight * (1 + share * off[:, 1]) + kilograms * off[:, 2] + clothes * off[:, 3]
    return height + HEIGHT_SIGMA * off[:, 0], said


def measured(facts: Facts) -> F32:
    """Logarithms of the answers' share of the stature, (n, 20)."""
    metres = np.concatenate([facts.targets, facts.spans], axis=1)
    return np.asarray(np.log(metres / facts.height[:, None]), np.float32)


class Source:
    """A bank's examples on the device that learns; see ``networks.training.Batches``.

    Every look at an example meets one of its noisy scans of each view, may meet the mirror image,
    no side photo or one in other clothes, and hears stature, weight and sex as people say them.

    Args:
        order: the bank; files of it may still be coming.
        scale: mean and deviation of the answers' logarithms, (20,) each.
    """

    def __init__(self, order: Order, scale: tuple[F32, F32], device: torch.device) -> None:
        self.order, self.device = order, device
        self.examples, self._spoiled = 0, 0
        room = len(order.numbers) * PER_FILE
        self._scans = torch.empty(
            (room, NOISES, 2, CHANNELS, WINDOW[0]), dtype=torch.float16, device=device
        )
        self._facts: dict[str, Tensor] = {}
        self._scale = scale
        self._known: set[str] = set()
        self._waiting: list[Path] = []
        self._looked = -float("inf")
        self._more(len(order.numbers))

    def __call__(self, size: int, generator: torch.Generator) -> Batch:
        """A batch: scans, what is said, standardised answers."""
        self._more(_AT_ONCE)
        kinds = {"generator": generator, "device": self.device}

        def chance(share: float) -> Tensor:
            return torch.rand(size, **kinds) < share

        def some(count: int) -> Tensor:
            return torch.randint(count, (size,), **kinds)

        facts, rows = self._facts, torch.arange(size, device=self.device)
        i = some(self.examples)
        j = torch.where(chance(_OTHER), i ^ 1, i)
        front = self._scans[i, some(NOISES), 0]
        side = self._scans[j, some(NOISES), 1]
        trunk = torch.stack([facts["trunk"][i, 0], facts["trunk"][j, 1]], dim=1)
        target = facts["answers"][i]
        target[:, -1] = facts["answers"][j, -1]
        k, kind = some(self._spoiled), facts["kind"][i]
        bad = chance(_SPOILED) & (kind == 0)
        front = torch.where(bad[:, None, None], facts["spoiled"][k], front)
        kind = torch.where(bad, facts["what"][k], kind)
        has_side = chance(_SIDE)
        beside = ~(has_side & chance(_NO_SIDE))
        side = torch.where(beside[:, None, None], side, front)
        scans = []
        for scan in (front, side):
            turned = torch.where(chance(0.5)[:, None, None], scan[:, MIRRORED], scan)
            scans.append(turned.float())
        off = torch.randn(size, 4, **kinds)
        off[:, 3] = torch.rand(size, **kinds)
        height, weight = told(facts["height"][i], facts["weight"][i], off)
        weight = torch.where(chance(_WEIGHED), weight, torch.full_like(weight, torch.nan))
        nobody = torch.full_like(rows, SEXES.index("neutral"))
        sex = torch.where(chance(_SEX), facts["sex"][i], nobody)
        return {
            "front": scans[0],
            "side": scans[1],
            "has_side": has_side,
            "beside": beside,
            "told": scalars(height, weight, sex),
            "target": target,
            "trunk": trunk,
            "kind": kind,
            "whole": (kind == 0) & beside,
        }

    def _more(self, most: int) -> None:
        """Read files that have come."""
        now = time.monotonic()
        if now - self._looked > _LOOK and self.order.folder.is_dir():
            self._looked = now
            wanted = {f"bodies-{n:05d}.npz" for n in self.order.numbers} - self._known
            new = sorted(wanted & {p.name for p in self.order.folder.iterdir()})
            self._known.update(new)
            self._waiting += [self.order.folder / name for name in new]
        for path in self._waiting[:most]:
            self._read(path)
        del self._waiting[:most]

    def _read(self, path: Path) -> None:
        lesson = read_lesson(path)
        kinds = np.array([WHOLE.index(kind) for kind in KINDS])
        columns: dict[str, NDArray[Any]] = {
            "height": lesson.height,
            "weight": lesson.weight,
            "sex": lesson.sex,
            "kind": kinds[lesson.kind],
            "trunk": 10 * lesson.trunk,
            "answers": (measured(lesson) - self._scale[0]) / self._scale[1],
        }
        self._scans[self.examples : self.examples + len(lesson)] = torch.from_numpy(
            lesson.scans
        ).to(self.device)
        for name, column in columns.items():
            self._keep(name, column, self.examples)
        self._keep("spoiled", lesson.spoiled, self._spoiled)
        self._keep("what", lesson.what, self._spoiled)
        self.examples += len(lesson)
        self._spoiled += len(lesson.what)

    def _keep(self, name: str, column: NDArray[Any], start: int) -> None:
        new = torch.from_numpy(column).to(self.device)
        if name not in self._facts:
            room = len(self.order.numbers) * len(new)
            self._facts[name] = torch.empty(
                (room, *new.shape[1:]), dtype=new.dtype, device=self.device
            )
        self._facts[name][start : start + len(new)] = new
