"""What a drawn product carries: its picture and everything that is true about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .textures import F32

U8 = NDArray[np.uint8]

CAMERA_FIELDS = ("azimuth_sin", "azimuth_cos", "elevation", "roll", "log_distance")
"""What the network learns of a camera; the distance is in bounding-box diagonals."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A product on nothing.

    Attributes:
        rgb: (s, s, 3) float32 of 0 to 1, filled beyond the silhouette.
        alpha: (s, s) float32.
        shade: (s, s) float32, what the product's own shadow leaves of the floor's light, or None
            where the scene may invent one.
        family: name of the family.
        values, choices: complete.
        active: parameters that the picture can show.
        landmarks: (L, 2) float32 pixels, NaN where there is none, or None for furniture.
        camera: one number per :data:`CAMERA_FIELDS`, or None for garments.
    """

    rgb: F32
    alpha: F32
    shade: F32 | None
    family: str
    values: Mapping[str, float]
    choices: Mapping[str, str]
    active: frozenset[str]
    landmarks: F32 | None = None
    camera: tuple[float, ...] | None = None

    def sprite(self) -> U8:
        """(s, s, 4) uint8 RGBA, straight alpha."""
        both = np.dstack([self.rgb, self.alpha])
        return (np.clip(both, 0, 1) * 255 + 0.5).astype(np.uint8)
