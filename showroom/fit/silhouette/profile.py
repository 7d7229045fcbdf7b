"""How wide the bare trunk is behind clothes and arms, row by row: what a network learns to see."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..basis import load
from ..vrm import BONES
from .frame import TALL, WINDOW
from .population import coarse
from .viewpoint import CANVAS, FILLED

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

ROWS: Final = WINDOW[0] // 4
"""Rows of a profile: a quarter of the window's."""
_TRUNK: Final = ("hips", "spine", "chest", "upperChest", "left", "right")
_LIMB: Final = ("Arm", "Hand", "Thumb", "Index", "Middle", "Ring", "Little", "LowerLeg", "Foot")
_LIMB_TOO: Final = ("Toes", "Eye")


@cache
def _edges() -> I32:
    """(k, 2) edges of the coarse body between hips and shoulders, thighs included."""
    rows, faces = coarse()
    bones = [
        i
        for i, bone in enumerate(BONES)
        if bone.startswith(_TRUNK) and not any(part in bone for part in _LIMB + _LIMB_TOO)
    ]
    own = np.isin(load().joints[rows, 0], bones)
    kept = faces[own[faces].all(axis=1)]
    pairs = np.sort(np.concatenate([kept[:, [0, 1]], kept[:, [1, 2]], kept[:, [2, 0]]]), axis=1)
    return np.ascontiguousarray(np.unique(pairs, axis=0).astype(np.int32))


def profile(screen: F32) -> F32:
    """Widths of trunk and thighs, without arms and clothes, as shares of the silhouette's height.

    Args:
        screen: (n, 3) float32 of :func:`.viewpoint.placed`; the body's coarse vertices first.

    Returns:
        (40,) float32 at the middles of four rows each of the window; 0 where there is no trunk.
    """
    step = 4 * FILLED / TALL
    first = (CANVAS[0] - FILLED) / 2 + (2 - (WINDOW[0] - TALL) / 2) * FILLED / TALL
    found: F32 = _extents(screen, _edges(), first, step, ROWS)
    return found / np.float32(FILLED)


@njit(cache=True, nogil=True)
def _extents(screen: F32, edges: I32, first: float, step: float, rows: int) -> F32:
    low = np.full(rows, np.float32(1e9))
    high = np.full(rows, np.float32(-1e9))
    for k in range(edges.shape[0]):
        a, b = edges[k, 0], edges[k, 1]
        if screen[a, 1] > screen[b, 1]:
            a, b = b, a
        ya, yb = screen[a, 1], screen[b, 1]
        row = int(np.ceil((ya - first) / step))
        while row < rows and first + row * step <= yb:
            if row >= 0:
                share = (first + row * step - ya) / max(yb - ya, np.float32(1e-6))
                x = np.float32(screen[a, 0] + share * (screen[b, 0] - screen[a, 0]))
                low[row], high[row] = min(low[row], x), max(high[row], x)
            row += 1
    for row in range(rows):
        high[row] = max(high[row] - low[row], np.float32(0.0))
    return high
