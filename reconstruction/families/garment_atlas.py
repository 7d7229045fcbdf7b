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
    # Two pieces a row: the body panels, then the sleeves.
    width = max(sum(s[0] for s in sizes[i : i + 2]) for i in range(0, len(sizes), 2)) + 3 * MARGIN
    top = MARGIN
    uv, boxes = [], {}
    for i in range(0, len(pieces), 2):
        left = MARGIN
        for piece, size, panel in zip(
            pieces[i : i + 2], sizes[i : i + 2], pattern.panels[i : i + 2], strict=True
        ):
            uv.append((piece + np.array([left, top])).reshape(-1, 2))
            boxes[panel.name] = (left, top, left + float(size[0]), top + float(size[1]))
            left += float(size[0]) + MARGIN
        top += float(max(s[1] for s in sizes[i : i + 2])) + MARGIN
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
