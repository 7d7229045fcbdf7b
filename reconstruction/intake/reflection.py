"""A product that a photo shows twice, the second time as its image in a mirror.

Told by two pieces of the mask of which one, turned over left to right (a mirror on the wall) or top
to bottom (a glossy floor), has the other's outline and colours, and has them less if it is not
turned over. So a product that is its own mirror image cannot be told from two of a kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .subjects import pieces

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_SIDE = 64
_ASPECT = 0.2
"""Logarithm by which the pieces' proportions may differ."""
_ALIKE = ((0.80, 0.06), (0.68, 0.15))
"""Least agreement of a piece with the other one turned over, and by how much it must exceed the
agreement without turning it over: either pair will do."""
_COLOUR, _COLOUR_FLOOR = 14.0, 35.0
"""CIELAB distance of mean colours (lightness halved) that a mirror or a floor explains at most."""


@dataclass(frozen=True, eq=False)
class Reflection:
    """A product and its mirror image.

    Attributes:
        mask: (h, w) float32, 0 to 1, of the product: the larger piece, or the upper one.
        floor: whether the image lies in the floor, not in a mirror that stands or hangs.
    """

    mask: F32
    floor: bool

    @property
    def note(self) -> str:
        """What a person should read."""
        where = "in the floor below it" if self.floor else "in a mirror beside it"
        return (
            f"The photo seems to show the product and its mirror image {where}: the image was "
            "left out. Check that the product was taken, or cut the photo."
        )


def find_reflection(rgb: U8, mask: F32) -> Reflection | None:
    """The product of a photo that shows it and its mirror image; None for any other photo.

    Args:
        rgb: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32, 0 to 1, of everything that stands out.
    """
    parts = pieces(mask)
    if len(parts) != 2:
        return None
    one, two = (_normalised(rgb, part) for part in parts)
    if abs(np.log(one.aspect / two.aspect)) > _ASPECT:
        return None
    stacked = abs(one.middle[0] - two.middle[0]) < 0.15 * one.width
    apart = float(np.linalg.norm(one.colour - two.colour))
    if apart > (_COLOUR_FLOOR if stacked else _COLOUR):
        return None
    turned, plain = _agreement(one, two.turned(0 if stacked else 1)), _agreement(one, two)
    if not any(turned >= least and turned >= plain + more for least, more in _ALIKE):
        return None
    upper = 0 if one.middle[1] < two.middle[1] else 1
    product = parts[upper if stacked else 0]
    reach = cv2.dilate(product.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return Reflection(np.where(reach, mask, 0).astype(np.float32), stacked)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A piece of the mask in a square of its own: outline and lightness; where it was."""

    solid: Bool
    light: F32
    colour: NDArray[np.float64]
    aspect: float
    width: float
    middle: tuple[float, float]

    def turned(self, axis: int) -> _Piece:
        return _Piece(
            np.flip(self.solid, axis), np.flip(self.light, axis), self.colour, self.aspect,
            self.width, self.middle,
        )  # fmt: skip


def _normalised(rgb: U8, part: Bool) -> _Piece:
    ys, xs = np.nonzero(part)
    top, left, low, right = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
    own = part[top:low, left:right]
    lab = cv2.cvtColor(rgb[top:low, left:right].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    size = (_SIDE, _SIDE)
    solid = cv2.resize(own.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    light = cv2.resize(lab[..., 0] * own, size, interpolation=cv2.INTER_AREA)
    light = light / np.maximum(solid, 1e-3)
    return _Piece(
        solid > 0.5,
        np.asarray(light, np.float32),
        np.asarray(lab[own].mean(axis=0), np.float64) * (0.5, 1.0, 1.0),
        (right - left) / (low - top),
        float(right - left),
        ((left + right) / 2, (top + low) / 2),
    )


def _agreement(one: _Piece, two: _Piece) -> float:
    """0 to 1: the outlines' IoU, and how the lightness inside goes together, half of each."""
    both = one.solid & two.solid
    iou = float(both.sum()) / max(int((one.solid | two.solid).sum()), 1)
    if both.sum() < 32:
        return iou
    a, b = one.light[both], two.light[both]
    if float(min(a.std(), b.std())) < 1.5:
        return iou
    return 0.5 * iou + 0.5 * max(float(np.corrcoef(a, b)[0, 1]), 0.0)
