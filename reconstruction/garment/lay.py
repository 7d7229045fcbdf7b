"""A garment's photo made ready for its texture: cut out, evenly lit, and without its print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..render.shading import linear_to_srgb, srgb_to_linear
from ..texture.delight import smooth_light
from ..texture.synthesis import detail, largest_window, tile
from .fabric import Cloth, fill_outside, fill_smooth, own_pixels, study
from .mask import fill

if TYPE_CHECKING:
    from .fit import Fitted

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_STUDY = 512
"""Pixels of the picture on which cloth, print and rim are told apart, longest side."""
_STRENGTH = 0.9
"""Share of the estimated light that is taken out: some of the estimate is dye."""


@dataclass(frozen=True, eq=False)
class Lay:
    """A garment laid flat, cut out of its photo.

    Attributes:
        corner: (top, left) of the cut in the photo, pixels.
        inside: (h, w) the garment's own pixels.
        clean: (h, w, 3) uint8 sRGB, evenly lit; colours run on beyond ``inside``.
        bare: (h, w, 3) uint8 sRGB, the same without prints and without the inside of the neck.
        printed: (h, w) what ``bare`` had to make up.
        light: (h, w) float32, the factor of linear light that was taken out.
        cloth: what was learnt of the cloth.
    """

    corner: tuple[int, int]
    inside: Bool
    clean: U8
    bare: U8
    printed: Bool
    light: F32
    cloth: Cloth

    def whole(self, values: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.generic]:
        """A picture of the cut set into one of the photo's size, 0 around it."""
        out = np.zeros((*size, *values.shape[2:]), values.dtype)
        top, left = self.corner
        out[top : top + values.shape[0], left : left + values.shape[1]] = values
        return out


def make_lay(photo: U8, solid: Bool, fitted: Fitted) -> Lay:
    """Prepare a photo (h, w, 3) uint8 sRGB of a garment with its mask (h, w)."""
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    margin = 4 + round(0.03 * max(np.ptp(rows), np.ptp(columns)))
    top, left = max(int(rows[0]) - margin, 0), max(int(columns[0]) - margin, 0)
    cut = (slice(top, int(rows[-1]) + margin + 1), slice(left, int(columns[-1]) + margin + 1))
    rgb, solid = np.ascontiguousarray(photo[cut][..., :3]), np.ascontiguousarray(solid[cut])
    shape = (solid.shape[0], solid.shape[1])
    neck = _within_neck(fitted, shape, (top, left))

    scale = min(1.0, _STUDY / max(shape))
    size = (max(round(shape[1] * scale), 2), max(round(shape[0] * scale), 2))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    little = _resized(solid, size)
    own = own_pixels(small, little, max(round(0.035 * max(size)), 2))
    inside = solid & _resized(own, (shape[1], shape[0]))
    little_neck = _resized(neck, size) & own
    small = fill_outside(small, own)
    cloth = study(small, own & ~little_neck, _edge_zone(own, little_neck))

    linear = srgb_to_linear(rgb)
    region = np.where(inside, np.where(neck, 1, 0), -1).astype(np.int32)
    light = np.exp(_STRENGTH * smooth_light(linear, region))
    clean = linear_to_srgb(linear / light[..., None])
    clean = fill_outside(clean, inside)
    printed = _resized(_grown(cloth.printed & own, size), (shape[1], shape[0]))
    printed = (printed | neck) & inside
    bare = _without(clean, inside, printed)
    return Lay((top, left), inside, clean, bare, printed, light, cloth)


def _within_neck(fitted: Fitted, shape: tuple[int, int], corner: tuple[int, int]) -> Bool:
    """Pixels that show the inside of the garment's back through the neck opening."""
    opening = fitted.flat().parts.get("back_inside")
    if opening is None:
        return np.zeros(shape, bool)
    return fill([fitted.to_pixels(opening) - np.array(corner[::-1])], shape)


def _resized(mask: Bool, size: tuple[int, int]) -> Bool:
    picture = mask.astype(np.uint8) * 255
    way = cv2.INTER_AREA if size[0] < mask.shape[1] else cv2.INTER_LINEAR
    larger: Bool = cv2.resize(picture, size, interpolation=way) > 127
    return larger


def _grown(mask: Bool, size: tuple[int, int]) -> Bool:
    wide = 2 * max(round(0.004 * max(size)), 1) + 5
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
    grown: Bool = cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
    return grown


def _edge_zone(inside: Bool, other: Bool) -> Bool:
    """The cloth's pixels near its outline, where prints hardly ever reach."""
    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    size = float(np.sqrt(inside.sum()))
    near_other = cv2.dilate(other.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    edge: Bool = inside & (depth < 0.06 * size) & (depth > 0.004 * size) & ~near_other
    return edge


def _without(clean: U8, inside: Bool, printed: Bool) -> U8:
    """The cloth as it looks where nothing is printed on it.

    Printed pixels take the smooth colour of the cloth around them and the grain of cloth
    elsewhere, so that a back completed from the front carries neither smear nor mirrored text.
    """
    bare = inside & ~printed
    if not printed.any() or bare.sum() < 0.05 * inside.sum():
        return clean
    shape = (clean.shape[0], clean.shape[1])
    scale = min(1.0, _STUDY / 2 / max(shape))
    size = (max(round(shape[1] * scale), 2), max(round(shape[0] * scale), 2))
    weight = cv2.resize(bare.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    value = cv2.resize(
        clean.astype(np.float32) * bare[..., None], size, interpolation=cv2.INTER_AREA
    )
    value /= np.maximum(weight, 1e-3)[..., None]
    smooth = fill_smooth(value, weight > 0.3)
    smooth = cv2.resize(smooth, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    window = largest_window(bare)
    grain = None
    if window is not None:
        top, left, tall, wide = window
        grain = detail(clean[top : top + tall, left : left + wide])
    if grain is not None:
        pattern = tile(grain, np.random.default_rng(3))
        across = -(-shape[1] // pattern.shape[1])
        smooth = (
            smooth
            + np.tile(pattern, (-(-shape[0] // len(pattern)), across, 1))[: shape[0], : shape[1]]
        )
    soft = cv2.GaussianBlur(printed.astype(np.float32), (0, 0), max(0.002 * max(shape), 0.8))
    soft = np.maximum(soft, printed)[..., None]
    return np.asarray(np.clip(clean * (1 - soft) + smooth * soft, 0, 255) + 0.5, np.uint8)
