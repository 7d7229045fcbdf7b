"""How an open front and a curved hem move a top's flat outline."""

from __future__ import annotations

import numpy as np

from .garment_flat import F64
from .garment_upper_shape import UpperShape


def parted(shape: UpperShape, points: F64) -> F64:
    """Points (..., 2) of the left front moved aside by an open front; the outer edges stay."""
    moved = points.copy()
    x, y = points[..., 0], points[..., 1]
    half = np.where(
        y < -shape.armhole_depth,
        shape.half_width(np.minimum(y, -shape.armhole_depth).ravel()).reshape(y.shape),
        np.where(y < -shape.shoulder_drop, shape.shoulder_half, shape.neck_half),
    )
    away = np.clip(1.0 - np.abs(x) / half, 0.0, 1.0)
    moved[..., 0] = x + shape.trim.gap_at(-y / shape.length) / 2 * away
    low = np.clip((-y - shape.armhole_depth) / (shape.side_length - shape.armhole_depth), 0.0, 1.0)
    bend = hem_bend(moved[..., 0] / half) - hem_bend(x / half)
    moved[..., 1] = y + shape.trim.hem_rise * bend * low**4
    return moved


def hem_bend(t: F64) -> F64:
    """How far a curved hem has risen at shares ``t`` of the half width from the middle."""
    result: F64 = np.clip((np.abs(t) - 0.35) / 0.65, 0.0, 1.0) ** 1.7
    return result
