"""Held-out pictures: drawn products of unseen seeds in whole scenes, and grounds without any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .composite import U8, compose, photograph, place, random_placement
from .drawn import Drawn
from .masks import MaskSources, any_ground
from .product import draw_product
from .textures import F32, Rng


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A whole picture of a drawn product.

    Attributes:
        rgb: (h, w, 3) uint8; ``truth`` (h, w) float32, its alpha.
        landmarks: (L, 2) pixels of this picture, or None for furniture.
    """

    rgb: U8
    truth: F32
    drawn: Drawn
    landmarks: NDArray[np.float64] | None


def held_out(rng: Rng, name: str, grounds: MaskSources, size: int = 320) -> HeldOut:
    """A random member of a family before a ground, neither cropped nor centred."""
    drawn = draw_product(rng, name, 224, oversample=2, fill=0.97)
    sprite = drawn.sprite()
    ys, xs = np.nonzero(sprite[..., 3] > 127)
    box = (float(xs.min()), float(ys.min()), float(xs.max()) + 1, float(ys.max()) + 1)
    matrix = random_placement(rng, (224, 224), box, size, 0.0)
    # Neither mirrored nor squeezed: azimuth and proportions are asked for.
    scale = float(np.hypot(*matrix[:, 1]))
    middle = matrix @ ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1.0)
    matrix = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    matrix[:, 2] = middle - scale * np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    colours, alpha = place(sprite, matrix, size)
    scene = compose(rng, colours, alpha, any_ground(rng, grounds, size))
    points = None
    if drawn.landmarks is not None:
        points = drawn.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return HeldOut(scene.rgb, alpha, drawn, points)


def empty_picture(rng: Rng, grounds: MaskSources, size: int = 320) -> U8:
    """A ground without a product."""
    return photograph(rng, any_ground(rng, grounds, size))
