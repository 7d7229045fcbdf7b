"""The square around a product that the network looks at, and the way back to the photo."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN = 0.08


@dataclass(frozen=True)
class Square:
    """A square of a photo: its upper left corner and side, pixels."""

    x: float
    y: float
    side: float

    def matrix(self, size: int) -> NDArray[np.float64]:
        """(2, 3) from photo pixels to pixels of a crop of ``size``."""
        scale = size / self.side
        return np.array([[scale, 0, -self.x * scale], [0, scale, -self.y * scale]])

    def to_photo(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., 2) of -1 to 1 over the square into photo pixels."""
        corner = np.array([self.x, self.y], np.float32)
        return np.asarray((points + 1) / 2 * np.float32(self.side) + corner, np.float32)


def square_around(mask: NDArray[np.float32], margin: float = MARGIN) -> Square:
    """The square around all of a mask (h, w) above one half; the whole photo if there is none."""
    height, width = mask.shape
    ys, xs = np.nonzero(mask > 0.5)
    if len(ys) == 0:
        side = float(max(height, width))
        return Square((width - side) / 2, (height - side) / 2, side)
    x0, x1 = float(xs.min()), float(xs.max()) + 1
    y0, y1 = float(ys.min()), float(ys.max()) + 1
    side = max(x1 - x0, y1 - y0) * (1 + 2 * margin)
    return Square((x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side)


def cut(
    rgb: NDArray[np.uint8], mask: NDArray[np.float32], square: Square, size: int
) -> NDArray[np.uint8]:
    """(size, size, 4) uint8 of a photo and its mask; beyond the photo its edge is repeated."""
    scale = size / square.side
    if scale < 0.5:
        # Area averaging first: warpAffine alone would alias.
        shrink = scale * 2
        shape = (max(1, round(rgb.shape[1] * shrink)), max(1, round(rgb.shape[0] * shrink)))
        across, down = shape[0] / rgb.shape[1], shape[1] / rgb.shape[0]
        rgb = np.asarray(cv2.resize(rgb, shape, interpolation=cv2.INTER_AREA), np.uint8)
        mask = np.asarray(cv2.resize(mask, shape, interpolation=cv2.INTER_AREA), np.float32)
        matrix = square.matrix(size) @ np.diag([1 / across, 1 / down, 1.0])
    else:
        matrix = square.matrix(size)
    picture = cv2.warpAffine(rgb, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(mask, matrix, (size, size))
    return np.dstack([picture, (np.clip(alpha, 0, 1) * 255 + 0.5).astype(np.uint8)])
