"""Packing a decor's flat faces into one lightmap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .shape import F32, Shape

ATLAS = 1024


def pack(shape: Shape) -> tuple[F32, NDArray[np.bool_]]:
    """Pack all charts into the lightmap: ((n, 2) UVs with v up, (n,) whether charted)."""
    charted = shape.chart >= 0
    out = np.zeros((len(shape.vertices), 2), np.float32)
    # The first texels of the atlas are white, for vertices with light of their own.
    out[:] = (1.5 / ATLAS, 1.0 - 1.5 / ATLAS)
    count = int(shape.chart.max(initial=-1)) + 1
    if not count:
        return out, charted
    size = np.zeros((count, 2))
    np.maximum.at(size, shape.chart[charted], shape.chart_uv[charted])
    low, high = 1.0, 400.0
    place = np.zeros((count, 2))
    for _ in range(24):
        density = (low * high) ** 0.5
        tried = _shelves(np.ceil(size * density).astype(int) + 3)
        if tried is None:
            high = density
        else:
            low, place = density, tried
    density = low
    texel = place[shape.chart[charted]] + 1.5 + shape.chart_uv[charted] * density
    # Texel centres of a chart lie at whole numbers plus a half.
    out[charted] = np.stack([texel[:, 0] / ATLAS, 1.0 - texel[:, 1] / ATLAS], 1)
    return out, charted


def _shelves(sizes: NDArray[np.int_]) -> NDArray[np.float64] | None:
    """Shelf packing of (k, 2) pixel sizes into the atlas; None if they do not fit."""
    order = np.lexsort((-sizes[:, 0], -sizes[:, 1]))
    place = np.zeros((len(sizes), 2))
    x, y, shelf = 4, 0, 4
    for k in order:
        w, h = int(sizes[k, 0]), int(sizes[k, 1])
        if w > ATLAS:
            return None
        if x + w > ATLAS:
            x, y, shelf = 0, y + shelf, 0
        if y + h > ATLAS:
            return None
        place[k] = (x, y)
        x, shelf = x + w, max(shelf, h)
    return place
