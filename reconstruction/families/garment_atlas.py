"""Where each panel lies in a garment's texture: cut pieces side by side, none overlapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .garment import GarmentFamily

MARGIN = 0.02
"""Free cloth around every panel, metres of the ordinary garment."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """The texture layout of a family with given choices.

    Attributes:
        uv: (n, 2) float32, glTF convention, of every mesh vertex.
        width, height: what the whole texture spans, metres of the garment in ordinary size; the
            texture's pixels are square when its sides are in this proportion.
        boxes: panel name to (left, top, right, bottom) in UV units, without the margin.
    """

    uv: NDArray[np.float32]
    width: float
    height: float
    boxes: Mapping[str, tuple[float, float, float, float]]


def atlas(family: GarmentFamily, choices: Mapping[str, str]) -> Atlas:
    """The layout; front and back upright as seen from outside, sleeves unfolded below them."""
    return _atlas(family, tuple(sorted(choices.items())))


@lru_cache(maxsize=32)
def _atlas(family: GarmentFamily, choices: tuple[tuple[str, str], ...]) -> Atlas:
    picked = dict(choices)
    pattern = family.pattern(family.defaults(picked), picked)
    pieces = []
    for panel in pattern.panels:
        piece = panel.grid * [1.0, -1.0]
        if panel.reverse:
            piece = piece * [-1.0, 1.0]
        low = piece.reshape(-1, 2).min(axis=0)
        pieces.append(piece - low)
    sizes = [p.reshape(-1, 2).max(axis=0) for p in pieces]
    count = len(pieces)
    rows = [list(range(i, min(i + 2, count))) for i in range(0, count, 2)]
    if family.engine == "upper":
        rows = _rows([p.name for p in pattern.panels])
    width = max(sum(sizes[i][0] + MARGIN for i in row) for row in rows) + MARGIN
    top = MARGIN
    places = np.zeros((len(pieces), 2))
    for row in rows:
        left = MARGIN
        for i in row:
            places[i] = left, top
            left += float(sizes[i][0]) + MARGIN
        top += float(max(sizes[i][1] for i in row)) + MARGIN
    uv = [(p + place).reshape(-1, 2) for p, place in zip(pieces, places, strict=True)]
    boxes = {
        panel.name: (*place, *(place + size))
        for panel, place, size in zip(pattern.panels, places, sizes, strict=True)
    }
    scale = np.array([width, top])
    return Atlas(
        uv=(np.concatenate(uv) / scale).astype(np.float32),
        width=float(width),
        height=float(top),
        boxes={
            k: (b[0] / scale[0], b[1] / scale[1], b[2] / scale[0], b[3] / scale[1])
            for k, b in boxes.items()
        },
    )


def _rows(names: list[str]) -> list[list[int]]:
    """Panels side by side: the body, the sleeves, the cuffs, the collar or the hood."""
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        word = name.split("_")[-1]
        key = {"front": "body", "back": "body", "stand": name, "collar": name}.get(word, word)
        groups.setdefault(key, []).append(i)
    return list(groups.values())
