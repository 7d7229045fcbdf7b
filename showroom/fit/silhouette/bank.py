"""Examples on disk: made once, and read to learn from or to score on.

A bank is a folder of ``bodies-00000.npz`` files. Each is seeded by its own number, so that a bank
can be continued, several processes can draw it, and any file of it can be made again. The split is
kept by seeds: training, validation and hold-out banks differ in theirs, so that no body is ever in
two of them. Files to score on keep masks, a bit a pixel; files to learn from keep several noisy
scans of every mask instead, since making them costs more than reading them.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from .example import Example, random_example
from .frame import CHANNELS, WINDOW, framed, scanned
from .noise import WHOLE, segmented, spoiled
from .population import Rng, random_person
from .viewpoint import CANVAS

F16 = NDArray[np.float16]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

SEEDS: Final = {"training": 1, "validation": 2, "holdout": 3, "asked": 4}
"""What a bank is for: ``asked`` is a second hold-out, photos taken as visitors are asked to."""
PER_FILE: Final = 100
OUTFITS: Final = 2
"""Examples of each person, one after the other, each in other clothes before another camera."""
NOISES: Final = 3
"""Noisy scans of every mask to learn from."""
_SPOILED: Final = 0.12
"""Outlines to learn from that cannot be measured, as a share of the examples of a file."""
_ASKED: Final = {"training": 0.35, "asked": 1.0}
"""How many people's photos are taken as they are asked to."""
_TIGHT: Final = {"training": 0.6, "asked": 1.0}
"""How many of those wear tight clothes; the others whatever they like."""
_POLL: Final = 0.2


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of a folder's examples; see :class:`.example.Example` for what it means.

    Attributes:
        height, weight: (n,) float32.
        sex, level, kind: (n,) int64.
        targets: (n, 18) float32.
        spans: (n, 2) float32.
        trunk: (n, 2, 40) float32.
    """

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


@dataclass(frozen=True, eq=False)
class Bank(Facts):
    """Examples to score on.

    Attributes:
        front, side: (n, 4608) uint8, packed bits of 256 x 144 masks.
    """

    front: U8
    side: U8

    def masks(self, i: int) -> tuple[U8, U8]:
        """Front and side of one example, (256, 144) uint8 of 0 and 1."""
        return unpack(self.front[i]), unpack(self.side[i])


@dataclass(frozen=True, eq=False)
class Lesson(Facts):
    """Examples to learn from.

    Attributes:
        scans: (n, NOISES, 2, 8, 160) float16, front and side each time with other noise.
        spoiled: (m, 8, 160) float16, scans of outlines that cannot be measured.
        what: (m,) int64, what those are: indices into ``noise.WHOLE``.
    """

    scans: F16
    spoiled: F16
    what: I64


def unpack(bits: U8) -> U8:
    """(256, 144) uint8 of 0 and 1."""
    return np.unpackbits(bits).reshape(CANVAS)


def make_bank(folder: Path, count: int, split: str = "training") -> Path:
    """Draw examples until a folder holds ``count``; what is there stays."""
    numbers = range(-(-count // PER_FILE))
    for number in tqdm(numbers, desc=f"bodies, {split}", unit="file"):
        draw_file(folder, number, split)
    return folder


def draw_file(folder: Path, number: int, split: str) -> None:
    """Draw one file of a bank where it is missing; it appears whole or not at all."""
    path = bank_file(folder, number)
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng((SEEDS[split], number))
    drawn: list[Example] = []
    while len(drawn) < PER_FILE:
        person = random_person(rng)
        asked = split in _ASKED and rng.random() < _ASKED[split]
        level = 0 if asked and rng.random() < _TIGHT[split] else None
        drawn += [random_example(rng, person, asked, level) for _ in range(OUTFITS)]
    shown = _scans(rng, drawn) if split == "training" else _masks(drawn)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **_facts(drawn), **shown)
    partial.replace(path)


def _facts(drawn: list[Example]) -> dict[str, Any]:
    return {
        "height": np.array([e.height for e in drawn], np.float32),
        "weight": np.array([e.weight for e in drawn], np.float32),
        "sex": np.array([e.sex for e in drawn], np.int64),
        "level": np.array([e.level for e in drawn], np.int64),
        "kind": np.array([e.kind for e in drawn], np.int64),
        "targets": np.stack([e.targets for e in drawn]),
        "spans": np.stack([e.spans for e in drawn]),
        "trunk": np.stack([e.trunk for e in drawn]),
    }


def _masks(drawn: list[Example]) -> dict[str, Any]:
    return {
        "front": np.stack([np.packbits(e.front) for e in drawn]),
        "side": np.stack([np.packbits(e.side) for e in drawn]),
    }


def _scans(rng: Rng, drawn: list[Example]) -> dict[str, Any]:
    scans = np.empty((len(drawn), NOISES, 2, CHANNELS, WINDOW[0]), np.float16)
    for i, e in enumerate(drawn):
        for k in range(NOISES):
            for view, mask in enumerate((e.front, e.side)):
                scans[i, k, view] = scanned(framed(segmented(rng, mask)))
    bad = np.empty((round(_SPOILED * len(drawn)), CHANNELS, WINDOW[0]), np.float16)
    what = np.empty(len(bad), np.int64)
    stand = [i for i, e in enumerate(drawn) if e.kind == 0]
    for row in range(len(bad)):
        one, other = (drawn[int(i)].front for i in rng.choice(stand, 2))
        mask, name = spoiled(rng, one, other)
        bad[row] = scanned(framed(segmented(rng, mask)))
        what[row] = WHOLE.index(name)
    return {"scans": scans, "spoiled": bad, "what": what}


def read_bank(folder: Path, count: int | None = None) -> Bank:
    """Read a bank of masks, or its first ``count`` examples.

    Raises:
        FileNotFoundError: the folder holds none.
    """
    files = sorted(folder.glob("bodies-[0-9]*[0-9].npz"))
    if count is not None:
        files = files[: -(-count // PER_FILE)]
    if not files:
        raise FileNotFoundError(f"no drawn bodies in {folder}")
    banks = [Bank(**_columns(path, Bank)) for path in files]
    return Bank(
        **{
            field.name: np.concatenate([getattr(b, field.name) for b in banks])[:count]
            for field in fields(Bank)
        }
    )


def read_lesson(path: Path) -> Lesson:
    """One file of a bank to learn from."""
    return Lesson(**_columns(path, Lesson))


def _columns(path: Path, kind: type[Facts]) -> dict[str, Any]:
    with np.load(path) as data:
        return {field.name: data[field.name] for field in fields(kind)}


def bank_file(folder: Path, number: int) -> Path:
    """Where a bank keeps its file of a number."""
    return folder / f"bodies-{number:05d}.npz"


@dataclass(frozen=True)
class Order:
    """What is to be drawn: ``count`` examples of a split into a folder."""

    folder: Path
    count: int
    split: str

    @property
    def numbers(self) -> range:
        """Of its files."""
        return range(-(-self.count // PER_FILE))


@contextmanager
def drawing(orders: Sequence[Order], jobs: int) -> Iterator[list[BaseProcess]]:
    """Draw banks, one after the other, in processes of low priority; they end with the block."""
    spawn = get_context("spawn")
    processes: list[BaseProcess] = [
        spawn.Process(target=_draw_beside, args=(tuple(orders), job, jobs), daemon=True)
        for job in range(jobs)
    ]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def wait_for(order: Order, processes: Sequence[BaseProcess], least: int | None = None) -> None:
    """Wait until processes have drawn the first ``least`` files of an order, or all.

    Raises:
        ChildProcessError: a process failed.
    """
    waiting = [bank_file(order.folder, n) for n in order.numbers[:least]]
    with tqdm(total=len(waiting), desc=f"bodies, {order.split}", unit="file") as bar:
        while waiting:
            left = [path for path in waiting if not path.exists()]
            bar.update(len(waiting) - len(left))
            waiting = left
            if any(process.exitcode for process in processes):
                raise ChildProcessError("a process that draws bodies failed; see its message")
            time.sleep(_POLL if left else 0.0)


def _draw_beside(orders: tuple[Order, ...], job: int, jobs: int) -> None:
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Who started it ends it.
    if hasattr(os, "nice"):
        os.nice(10)
    for order in orders:
        for number in order.numbers[job::jobs]:
            draw_file(order.folder, number, order.split)
