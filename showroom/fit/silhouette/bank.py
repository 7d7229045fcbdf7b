"""Examples on disk: made once, packed to a bit a pixel, read while training.

A bank is a folder of ``bodies-00000.npz`` files. Each is seeded by its own number, so that a bank
can be continued, and any file of it made again. The split is kept by seeds: training, validation
and hold-out banks differ in theirs, so that no body is ever in two of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from multiprocessing import get_context
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

SEEDS: Final = {"training": 1, "validation": 2, "holdout": 3, "asked": 4}
"""What a bank is for: ``asked`` is a second hold-out, photos taken as visitors are asked to."""
PER_FILE: Final = 500
OUTFITS: Final = 2
"""Examples of each person, each in other clothes before another camera."""
_ASKED: Final = {"training": 0.25, "asked": 1.0}
"""How many people's photos are taken as they are asked to."""
_TIGHT: Final = {"training": 0.6, "asked": 1.0}
"""How many of those wear tight clothes; the others whatever they like."""


@dataclass(frozen=True, eq=False)
class Bank:
    """Examples of a folder, as arrays; see :class:`.example.Example` for what they mean.

    Attributes:
        front, side: (n, 4608) uint8, packed bits of 256 x 144 masks.
        height, weight: (n,) float32.
        sex, level, kind: (n,) int64.
        targets: (n, 18) float32.
        spans: (n, 2) float32.
        trunk: (n, 2, 40) float32.
    """

    front: U8
    side: U8
    height: F32
    weight: F32
    sex: I64
    level: I64
    kind: I64
    targets: F32
    spans: F32
    trunk: F32

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
        path = bank_file(folder, number)
        if path.exists():
            continue
        rng = np.random.default_rng((SEEDS[split], number))
        drawn: list[Example] = []
        while len(drawn) < PER_FILE:
            person = random_person(rng)
            asked = split in _ASKED and rng.random() < _ASKED[split]
            level = 0 if asked and rng.random() < _TIGHT[split] else None
            drawn += [random_example(rng, person, asked, level) for _ in range(OUTFITS)]
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
        "spans": np.stack([e.spans for e in drawn]),
        "trunk": np.stack([e.trunk for e in drawn]),
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
    banks = [read_file(path) for path in files]
    return Bank(
        **{
            field.name: np.concatenate([getattr(b, field.name) for b in banks])[:count]
            for field in fields(Bank)
        }
    )


def read_file(path: Path) -> Bank:
    """One file of a bank."""
    with np.load(path) as data:
        return Bank(**{field.name: data[field.name] for field in fields(Bank)})


def bank_file(folder: Path, number: int) -> Path:
    """Where a bank keeps its file of a number."""
    return folder / f"bodies-{number:05d}.npz"


@contextmanager
def drawing(folder: Path, count: int, first: int) -> Iterator[None]:
    """Draw a bank in a process of its own and of low priority; it ends with the block.

    Args:
        first: files that must be there before the block begins.
    """
    make_bank(folder, min(count, first * PER_FILE))
    process = get_context("spawn").Process(target=_draw_beside, args=(folder, count), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _draw_beside(folder: Path, count: int) -> None:
    if hasattr(os, "nice"):
        os.nice(10)
    make_bank(folder, count)
