"""The window through which the network sees a silhouette: the person's height fills it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

WINDOW: Final = (160, 80)
"""Rows and columns."""
_TALL: Final = 152


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
    scale = _TALL / (bottom - top)
    x = WINDOW[1] / 2 - middle * scale
    y = (WINDOW[0] - _TALL) / 2 - top * scale
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
