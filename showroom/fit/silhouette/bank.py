"""Examples on disk: made once, packed to a bit a pixel, read while training.

A bank is a folder of ``bodies-00000.npz`` files. Each is seeded by its own number, so that a bank
can be continued, and any file of it made again. The split is kept by seeds: training, validation
and hold-out banks differ in theirs, so that no body is ever in two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from .example import Example, random_example
from .population import random_person
from .viewpoint import CANVAS

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

SEEDS: Final = {"training": 1, "validation": 2, "holdout": 3}
PER_FILE: Final = 500
OUTFITS: Final = 2
"""Examples of each person, each in other clothes before another camera."""


@dataclass(frozen=True, eq=False)
class Bank:
    """Examples of a folder, as arrays; see :class:`.example.Example` for what they mean.

    Attributes:
        front, side: (n, 4608) uint8, packed bits of 256 x 144 masks.
        height, weight: (n,) float32.
        sex, level, kind: (n,) int64.
        targets: (n, 18) float32.
    """

    front: U8
    side: U8
    height: F32
    weight: F32
    sex: I64
    level: I64
    kind: I64
    targets: F32

    def __len__(self) -> int:
        return len(self.height)

    def masks(self, i: int) -> tuple[U8, U8]:
        """Front and side of one example, (256, 144) uint8 of 0 and 1."""
        return unpack(self.front[i]), unpack(self.side[i])


def unpack(bits: U8) -> U8:
    """(256, 144) uint8 of 0 and 1."""
    return np.unpackbits(bits).reshape(CANVAS)


def make_bank(folder: Path, count: int, split: str = "training") -> Path:
    """Draw examples until a folder holds ``count``; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in tqdm(range(-(-count // PER_FILE)), desc=f"bodies, {split}", unit="file"):
        path = folder / f"bodies-{number:05d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng((SEEDS[split], number))
        drawn: list[Example] = []
        while len(drawn) < PER_FILE:
            person = random_person(rng)
            drawn += [random_example(rng, person) for _ in range(OUTFITS)]
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **_packed(drawn))  # type: ignore[arg-type]
        partial.replace(path)
    return folder


def _packed(drawn: list[Example]) -> dict[str, NDArray[np.generic]]:
    return {
        "front": np.stack([np.packbits(e.front) for e in drawn]),
        "side": np.stack([np.packbits(e.side) for e in drawn]),
        "height": np.array([e.height for e in drawn], np.float32),
        "weight": np.array([e.weight for e in drawn], np.float32),
        "sex": np.array([e.sex for e in drawn], np.int64),
        "level": np.array([e.level for e in drawn], np.int64),
        "kind": np.array([e.kind for e in drawn], np.int64),
        "targets": np.stack([e.targets for e in drawn]),
    }


def read_bank(folder: Path, count: int | None = None) -> Bank:
    """Read a bank, or its first ``count`` examples.

    Raises:
        FileNotFoundError: the folder holds none.
    """
    files = sorted(folder.glob("bodies-[0-9]*[0-9].npz"))
    if count is not None:
        files = files[: -(-count // PER_FILE)]
    if not files:
        raise FileNotFoundError(f"no drawn bodies in {folder}")
    parts: dict[str, list[NDArray[np.generic]]] = {}
    for path in files:
        with np.load(path) as data:
            for name in data.files:
                parts.setdefault(name, []).append(data[name])
    joined = {name: np.concatenate(part)[:count] for name, part in parts.items()}
    return Bank(**joined)
