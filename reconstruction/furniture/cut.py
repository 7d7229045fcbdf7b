"""Sides of a photo that cut the product off: what lies beyond them nobody has seen.

A mask ends there because the photo does. Pixels of the square beyond such a side are unknown: no
drawing is compared there, and the product's box reaches as far beyond as meets the rest best.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .creases import inner
from .target import Target

BEYOND = (0.0, 0.12, 0.3, 0.6, 1.0)
"""Shares of the mask's extent by which a product is tried to reach beyond a side."""
_RIM = 1.5
"""Photo pixels, of the square's size each, along a cutting side that are not believed either."""


def cut_off(target: Target, cut: frozenset[str], beyond: float) -> Target:
    """A target that knows nothing beyond some sides of its photo.

    Args:
        cut: of left, right, top, bottom; of none the target itself comes back.
        beyond: how far the product reaches beyond them, in shares of the mask's extent.
    """
    if not cut:
        return target
    side = len(target.inside)
    y, x = (np.mgrid[0:side, 0:side] + 0.5).reshape(2, -1)
    photo = target.to_photo(np.stack([x, y], axis=1).astype(np.float32)).reshape(side, side, 2)
    height, width = target.photo_size
    rim = _RIM * target.scale
    known: NDArray[np.bool_] = np.ones((side, side), np.bool_)
    left, top, wide, tall = target.box
    if "left" in cut:
        known &= photo[..., 0] > rim
        left, wide = left - beyond * target.box[2], wide + beyond * target.box[2]
    if "right" in cut:
        known &= photo[..., 0] < width - rim
        wide += beyond * target.box[2]
    if "top" in cut:
        known &= photo[..., 1] > rim
        top, tall = top - beyond * target.box[3], tall + beyond * target.box[3]
    if "bottom" in cut:
        known &= photo[..., 1] < height - rim
        tall += beyond * target.box[3]
    return replace(
        target,
        inside=(target.inside * known).astype(np.uint8),
        inward=np.where(known, target.inward, 0).astype(np.float32),
        outward=np.where(known, target.outward, 0).astype(np.float32),
        cover=np.where(known, target.cover, 0).astype(np.float32),
        box=(left, top, wide, tall),
        core=(target.core & inner(known.astype(np.uint8))),
        unknown=~known,
        layers={},
        edges={},
    )
