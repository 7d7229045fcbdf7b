"""A sheet of paper or a card on the floor beside a solid product: the scale of what stands there.

The sheet is looked for before the fit, without knowing how steeply the floor is seen, and left out
of the mask. The fitted camera then lays each outline that was found onto the floor (y = 0): the one
that becomes a rectangle of the right proportions tells how many true metres the fit's metre is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NoProductError, ParameterError
from ..render.camera import Camera
from .reference import F32, F64, U8, Bool, ReferenceObject, outlines

_MOST = 12
_LARGEST = 0.35
"""Of the product's own area in the photo: more is the product's top or seat."""
_BESIDE = 0.5
"""Share of the ring around a sheet that may be the product's."""
_ASPECT, _SQUARE, _PARALLEL = 0.22, 0.22, 0.2
"""How far proportions (logarithm), corners (cosine) and opposite sides (logarithm) may be off."""


@dataclass(frozen=True, eq=False)
class FloorScale:
    """What a sheet on the floor says.

    Attributes:
        outline: (4, 2) pixels.
        factor: true metres per metre of the fit.
        spread: its relative 90% half interval.
    """

    outline: F64
    factor: float
    spread: float


def floor_outlines(rgb: U8, what: ReferenceObject, product: Bool) -> tuple[F64, ...]:
    """What may be the sheet in a photo, (4, 2) pixels each, likeliest first.

    Args:
        rgb: (h, w, 3) uint8 sRGB.
        product: (h, w) bool, the product; the sheet may be in it.

    Raises:
        ParameterError: the object is a coin, which is too small beside furniture.
        NoProductError: nothing of that shape is seen.
    """
    if what.shape != "rectangle":
        raise ParameterError(
            f"a {what.label['en']} is too small beside what stands on the floor",
            field="reference",
            expected="a4, a5, letter or card, flat on the floor beside it; or a size, "
            "such as --height",
            got=what.name,
        )
    area = float(product.sum())
    kept: list[F64] = []
    for outline in outlines(rgb, what, steep=False):
        inside, ring = _areas(outline, product.shape)
        if inside.sum() > _LARGEST * area or float(product[ring].mean()) > _BESIDE:
            continue
        middle = outline.mean(axis=0)
        if all(np.linalg.norm(middle - k.mean(axis=0)) > 4 for k in kept):
            kept.append(outline)
    if not kept:
        raise _missing(what, "nothing of that shape")
    return tuple(kept[:_MOST])


def without(mask: F32, outline: F64) -> F32:
    """A mask (h, w) without a sheet and its rim."""
    covered = np.zeros(mask.shape, np.uint8)
    middle = outline.mean(axis=0)
    cv2.fillPoly(covered, [np.round(middle + (outline - middle) * 1.1).astype(np.int32)], 1)
    return np.where(covered > 0, np.float32(0), mask).astype(np.float32)


def floor_scale(
    found: Sequence[F64], what: ReferenceObject, camera: Camera, size: tuple[int, int]
) -> FloorScale:
    """The scale that the best of some outlines gives.

    Args:
        camera: the photo's as it was fitted; ``size`` its (height, width) in pixels.

    Raises:
        NoProductError: no outline is the object when it is laid on the floor.
    """
    best: tuple[float, FloorScale] | None = None
    for outline in found:
        there = on_floor(outline, camera, size)
        if there is None:
            continue
        sides = np.roll(there, -1, axis=0) - there
        length = np.linalg.norm(sides, axis=1)
        first, second = (length[0] + length[2]) / 2, (length[1] + length[3]) / 2
        ratio = math.log(max(first, second) / min(first, second))
        off = abs(ratio - math.log(what.size[0] / what.size[1]))
        cosine = float(
            (
                np.abs(np.einsum("nc,nc->n", sides, np.roll(sides, -1, axis=0)))
                / (length * np.roll(length, -1))
            ).max()
        )
        parallel = max(abs(math.log(length[0] / length[2])), abs(math.log(length[1] / length[3])))
        if off > _ASPECT or cosine > _SQUARE or parallel > _PARALLEL:
            continue
        area = float(abs(cv2.contourArea(there.astype(np.float32))))
        factor = math.sqrt(what.size[0] * what.size[1] / area)
        # Laid right, a sheet has its own proportions: what is off tells of the floor's error.
        spread = max(0.01, 0.8 * off, 0.5 / float(np.sqrt(_pixels(outline))))
        scale = FloorScale(outline, factor, spread)
        misfit = off + cosine + parallel
        if best is None or misfit < best[0]:
            best = misfit, scale
    if best is None:
        raise _missing(what, "nothing that lies flat on the floor")
    return best[1]


def on_floor(outline: F64, camera: Camera, size: tuple[int, int]) -> F64 | None:
    """Pixels (n, 2) laid onto the plane y = 0, (n, 2) metres x and z; None above the horizon."""
    height, width = size
    focal = height / 2 / math.tan(camera.fov / 2)
    x = (outline[:, 0] - width / 2 - camera.center[0] * height) / focal
    y = -(outline[:, 1] - height / 2 - camera.center[1] * height) / focal
    rays = np.stack([x, y, -np.ones(len(x))], axis=1) @ camera.rotation()
    start = camera.position
    if (rays[:, 1] > -1e-4).any():
        return None
    places = start + rays * (-start[1] / rays[:, 1:2])
    return np.asarray(places[:, [0, 2]], np.float64)


def _areas(outline: F64, shape: tuple[int, ...]) -> tuple[Bool, Bool]:
    """Pixels inside an outline, and those of a ring around it."""
    inside, around = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 1)
    middle = outline.mean(axis=0)
    cv2.fillPoly(around, [np.round(middle + (outline - middle) * 1.35).astype(np.int32)], 1)
    core = cv2.dilate(inside, np.ones((5, 5), np.uint8))
    ring: NDArray[np.bool_] = (around > 0) & (core == 0)
    return inside > 0, ring if ring.any() else around > 0


def _pixels(outline: F64) -> float:
    return max(float(cv2.contourArea(outline.astype(np.float32))), 1.0)


def _missing(what: ReferenceObject, got: str) -> NoProductError:
    return NoProductError(
        f"no {what.label['en']} was found on the floor; lay it flat beside the product, whole, "
        "on a floor of another colour, and look down at it",
        field="reference",
        expected=what.label["en"],
        got=got,
    )
