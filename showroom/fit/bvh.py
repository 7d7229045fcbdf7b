"""BVH files (Biovision hierarchy): the skeleton, its motion, and where its joints are.

Everything stays in the file's own axes and units; :mod:`recording` brings them into the room's.
Format: M. Meredith and S. Maddock, Motion Capture File Formats Explained, 2001.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

F64 = NDArray[np.float64]

MAX_JOINTS: Final = 512
MAX_FRAMES: Final = 200_000
_CHANNELS: Final = tuple(f"{a}{kind}" for kind in ("position", "rotation") for a in "XYZ")


class BvhError(Exception):
    """A BVH file is broken.

    Args:
        message: one sentence.
        line: 1-based line of the file.
        expected: what would have been accepted.
        got: what came.
    """

    code = "motion"

    def __init__(self, message: str, *, line: int = 0, expected: str = "", got: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.expected, self.got = message, line, expected, got
        self.field = f"line {line}" if line else ""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{where}{self.message}{detail}"


@dataclass(frozen=True, eq=False)
class Bvh:
    """One file.

    Attributes:
        names: of the joints, parents before children; ends of chains are ``""``.
        parents: joint number of each parent, -1 for the root.
        offsets: (j, 3) float64, from the parent, the file's units.
        places: (f, j, 3) float64, where each joint is.
        turns: (f, j, 4) float64, world rotations x, y, z, w from the skeleton as it is drawn.
        interval: seconds from frame to frame.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: F64
    places: F64
    turns: F64
    interval: float

    @property
    def rest(self) -> F64:
        """(j, 3) float64, where the joints are in the skeleton as it is drawn."""
        places = np.zeros_like(self.offsets)
        for j, parent in enumerate(self.parents):
            places[j] = self.offsets[j] + (places[parent] if parent >= 0 else 0.0)
        return places


def parse_bvh(text: str) -> Bvh:
    """Read the text of a BVH file.

    Raises:
        BvhError: it is none, is cut off, or holds what is no number; says in which line.
    """
    return _Parser(text).file()


class _Parser:
    def __init__(self, text: str) -> None:
        self._words: Iterator[tuple[str, int]] = (
            (word, number)
            for number, row in enumerate(text.splitlines(), 1)
            for word in row.split()
        )
        self._line = 1
        self._most = len(text)
        self.names: list[str] = []
        self.parents: list[int] = []
        self.offsets: list[tuple[float, float, float]] = []
        self.channels: list[tuple[int, str]] = []

    def file(self) -> Bvh:
        self._expect("HIERARCHY")
        self._expect("ROOT")
        self._joint(-1)
        self._expect("MOTION")
        self._expect("Frames:")
        frames = self._count("a number of frames", MAX_FRAMES)
        self._expect("Frame")
        self._expect("Time:")
        interval = self._number()
        if not 1e-4 <= interval <= 10.0:
            raise self._wrong(
                "the time of a frame is impossible", "0.0001 to 10 s", f"{interval:g}"
            )
        wide = len(self.channels)
        if frames * wide > self._most:
            raise self._wrong("the file is cut off", f"{frames} frames of {wide}", "fewer")
        values = np.empty(frames * wide)
        for i in range(frames * wide):
            values[i] = self._number()
        if next(self._words, None) is not None:
            raise self._wrong("there is more than the frames that were said", f"{frames}", "more")
        places, turns = self._posed(values.reshape(frames, wide))
        return Bvh(
            tuple(self.names), tuple(self.parents), np.array(self.offsets), places, turns, interval
        )

    def _joint(self, parent: int) -> None:
        """One joint with all below it; iterative, so that depth cannot exhaust the stack."""
        own = self._open(self._word("a joint's name"), parent)
        chain = [own]
        while chain:
            word = self._word("JOINT, End or }")
            if word == "}":
                chain.pop()
            elif word == "JOINT":
                chain.append(self._open(self._word("a joint's name"), chain[-1]))
            elif word == "End":
                self._expect("Site")
                self._open("", chain[-1], end=True)
                self._expect("}")
            else:
                raise self._wrong("the skeleton is broken", "JOINT, End Site or }", word)

    def _open(self, name: str, parent: int, *, end: bool = False) -> int:
        number = len(self.names)
        if number >= MAX_JOINTS:
            raise self._wrong("the skeleton has too many joints", f"at most {MAX_JOINTS}", "more")
        self.names.append(name)
        self.parents.append(parent)
        self._expect("{")
        self._expect("OFFSET")
        self.offsets.append((self._number(), self._number(), self._number()))
        if not end:
            self._expect("CHANNELS")
            for _ in range(self._count("a number of channels", 6)):
                kind = self._word("a channel")
                if kind not in _CHANNELS:
                    raise self._wrong("a channel is unknown", ", ".join(_CHANNELS), kind)
                self.channels.append((number, kind))
        return number

    def _posed(self, values: F64) -> tuple[F64, F64]:
        frames, count = len(values), len(self.names)
        places = np.empty((frames, count, 3))
        turns = np.empty((frames, count, 4))
        kinds: list[list[tuple[int, str]]] = [[] for _ in range(count)]
        for column, (joint, kind) in enumerate(self.channels):
            kinds[joint].append((column, kind))
        world: list[Rotation] = []
        for j, parent in enumerate(self.parents):
            offset = np.tile(self.offsets[j], (frames, 1))
            columns, order = [], ""
            for column, kind in kinds[j]:
                if kind.endswith("position"):
                    # A joint's own position takes the place of its offset.
                    offset[:, "XYZ".index(kind[0])] = values[:, column]
                else:
                    order += kind[0]
                    columns.append(column)
            # Channels are applied from left to right about the turned axes.
            local = Rotation.identity(frames)
            for letter, column in zip(order, columns, strict=True):
                local = local * Rotation.from_euler(letter, values[:, [column]], degrees=True)
            if parent >= 0:
                places[:, j] = places[:, parent] + world[parent].apply(offset)
                world.append(world[parent] * local)
            else:
                places[:, j] = offset
                world.append(local)
            turns[:, j] = world[j].as_quat()
        return places, turns

    def _word(self, expected: str) -> str:
        found = next(self._words, None)
        if found is None:
            raise self._wrong("the file is cut off", expected, "its end")
        word, self._line = found
        return word

    def _expect(self, word: str) -> None:
        got = self._word(word)
        if got.upper() != word.upper():
            raise self._wrong("this is no BVH, or a broken one", word, got)

    def _number(self) -> float:
        word = self._word("a number")
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or abs(value) > 1e7:
            raise self._wrong("a number is none", "a finite number", word)
        return value

    def _count(self, expected: str, most: int) -> int:
        word = self._word(expected)
        if not word.isdecimal() or not 0 < int(word) <= most:
            raise self._wrong(f"{expected} is impossible", f"1 to {most}", word)
        return int(word)

    def _wrong(self, message: str, expected: str, got: str) -> BvhError:
        return BvhError(message, line=self._line, expected=expected, got=got[:40])
