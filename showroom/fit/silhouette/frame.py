"""The window through which the network sees a silhouette, and its scan row by row.

The person's height fills the window. A silhouette is its outline: eight numbers for each row say
all of it that matters, with the fractions that soft edges hold, in a tenth of the room.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

WINDOW: Final = (160, 80)
"""Rows and columns."""
TALL: Final = 152
"""Rows that the person fills."""


def framed(mask: NDArray[np.floating] | U8) -> U8:
    """A mask scaled so that it is 152 rows high, its mass in the middle.

    Args:
        mask: (h, w) of 0 to 1; a pixel counts from one half.

    Returns:
        (160, 80) uint8 of 0 to 255; all 0 for an empty mask.
    """
    solid = mask >= 0.5
    rows = np.flatnonzero(solid.any(axis=1))
    if not len(rows):
        return np.zeros(WINDOW, np.uint8)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = solid[top:bottom].sum(axis=0).astype(np.float64)
    middle = float(columns @ (np.arange(len(columns)) + 0.5) / columns.sum())
    scale = TALL / (bottom - top)
    x = WINDOW[1] / 2 - middle * scale
    y = (WINDOW[0] - TALL) / 2 - top * scale
    # cv2 counts from pixels' centres.
    shift = scale / 2 - 0.5
    matrix = np.array([[scale, 0, x + shift], [0, scale, y + shift]])
    picture = (np.clip(mask, 0, 1) * 255).astype(np.uint8)
    if scale < 0.6:  # Linear sampling of a large mask would skip pixels.
        size = (round(mask.shape[1] * scale * 1.5), round(mask.shape[0] * scale * 1.5))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return framed(small.astype(np.float32) / 255)
    window = cv2.warpAffine(picture, matrix, (WINDOW[1], WINDOW[0]), flags=cv2.INTER_LINEAR)
    return np.asarray(window, np.uint8)


CHANNELS: Final = 8
"""Numbers for each row; see :func:`scanned`."""
MIRRORED: Final = [0, 2, 1, 4, 3, 6, 5, 7]
"""A scan's channels in the mirror."""


def scanned(window: U8) -> F32:
    """The outline of a window, row by row.

    Args:
        window: (160, 80) uint8 of 0 to 255.

    Returns:
        (8, 160) float32, in half windows: all that is covered; how far the piece in the middle
        reaches to the left and the right; the outermost edges left and right; the gaps beside
        the middle piece left and right, 0 where nothing follows; and a third of the number of
        pieces.
    """
    out = np.zeros((CHANNELS, window.shape[0]), np.float32)
    _scan(window, out)
    return out


@njit(cache=True, nogil=True)
def _scan(window: U8, out: F32) -> None:
    rows, columns = window.shape
    half = columns // 2
    unit = np.float32(1.0 / half)
    for y in range(rows):
        total, pieces, before = 0.0, 0, False
        for x in range(columns):
            total += window[y, x] / 255.0
            solid = window[y, x] > 127
            pieces += solid and not before
            before = solid
        out[0, y] = total * unit
        out[7, y] = pieces / 3.0
        for side in range(2):
            reach, gap, edge, state = 0.0, 0.0, 0.0, 0
            for k in range(half):
                value = window[y, half + k if side else half - 1 - k] / 255.0
                if state == 0:
                    reach += value
                    if value <= 0.5:
                        state, gap = 1, 1.0 - value
                elif state == 1:
                    if value > 0.5:
                        state = 2
                    gap += 1.0 - value
                if value > 0.5:
                    edge = k + value
            out[1 + side, y] = reach * unit
            out[3 + side, y] = edge * unit
            out[5 + side, y] = gap * unit if state == 2 else 0.0
