"""What segmentation does to a silhouette, and silhouettes that cannot be measured."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .population import Rng

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

WHOLE: Final = ("standing", "seated", "turned", "head_cut", "feet_cut", "several", "nobody")
"""What a front silhouette may be; only the first can be measured."""


def segmented(rng: Rng, mask: U8) -> U8:
    """A mask as a network would find it: edge off a little, ragged, with holes, feet or hair lost.

    Args:
        mask: (256, 144) uint8 of 0 and 1, the person 240 rows high: 7 mm a pixel.

    Returns:
        The same form. The noise varies from none at all to that of a bad photo.
    """
    amount = float(rng.uniform(0, 1.2)) if rng.random() < 0.85 else 0.0
    out = _edge(rng, mask, amount) if amount else mask.copy()
    rows = np.flatnonzero(out.any(axis=1))
    if not len(rows):
        return mask.copy()
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    tall = bottom - top
    if rng.random() < 0.12 * amount:
        out[bottom - int(rng.uniform(0, 0.035) * tall) :] = 0
    elif rng.random() < 0.12 * amount:
        _spot(out, rng.uniform(0.4, 0.6) * out.shape[1], bottom, 25, rng.uniform(1, 6), 1)
    if rng.random() < 0.08 * amount:
        out[: top + int(rng.uniform(0, 0.03) * tall)] = 0
    for _ in range(int(rng.poisson(0.5 * amount))):
        ys, xs = np.nonzero(mask)
        k = int(rng.integers(len(ys)))
        _spot(out, xs[k], ys[k], rng.uniform(1, 7), rng.uniform(1, 9), 0)
    if rng.random() < 0.10 * amount:
        inside = cv2.dilate(mask, np.ones((9, 9), np.uint8))
        ys, xs = np.nonzero(inside)
        k = int(rng.integers(len(ys)))
        _spot(out, xs[k], ys[k], rng.uniform(2, 10), rng.uniform(2, 14), 1)
    return out


def _edge(rng: Rng, mask: U8, amount: float) -> U8:
    """Move the outline in and out by a few pixels: as a whole, in patches, and raggedly."""
    apart = cv2.distanceTransform(mask, cv2.DIST_L2, 3) - cv2.distanceTransform(
        1 - mask, cv2.DIST_L2, 3
    )
    size = (mask.shape[1], mask.shape[0])
    broad = rng.standard_normal((9, 5)).astype(np.float32)
    fine = rng.standard_normal((64, 36)).astype(np.float32)
    shift = amount * np.float32(rng.normal(0, 0.6))
    shift += amount * rng.uniform(0, 1.2) * cv2.resize(broad, size, interpolation=cv2.INTER_LINEAR)
    shift += amount * rng.uniform(0, 1.0) * cv2.resize(fine, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(apart + shift > 0, np.uint8)


def _spot(mask: U8, x: float, y: float, wide: float, tall: float, value: int) -> None:
    axes = (max(1, round(wide)), max(1, round(tall)))
    cv2.ellipse(mask, (round(float(x)), round(float(y))), axes, 0, 0, 360, value, -1)


def spoiled(rng: Rng, mask: U8, other: U8) -> tuple[U8, str]:
    """Make a silhouette that cannot be measured.

    Args:
        mask: (256, 144) uint8 of a person who stands.
        other: of somebody else.

    Returns:
        The mask and its name in ``WHOLE``.
    """
    kind = str(rng.choice(WHOLE[3:]))
    out = mask.copy()
    rows = np.flatnonzero(out.any(axis=1))
    top, tall = int(rows[0]), len(rows)
    if kind == "head_cut":
        out[: top + int(rng.uniform(0.09, 0.35) * tall)] = 0
    elif kind == "feet_cut":
        out[top + int(rng.uniform(0.45, 0.90) * tall) :] = 0
    elif kind == "several":
        size = rng.uniform(0.75, 1.1)
        turn = np.array(
            [
                [size, 0, rng.choice([-1, 1]) * rng.uniform(20, 55)],
                [0, size, (1 - size) * rng.uniform(0.5, 1.0) * mask.shape[0]],
            ]
        )
        out |= cv2.warpAffine(other, turn, (mask.shape[1], mask.shape[0]), flags=cv2.INTER_NEAREST)
    else:
        out = _thing(rng, mask, other)
    return out, kind


def _thing(rng: Rng, mask: U8, other: U8) -> U8:
    """Something that is no person: blocks, posts and ellipses, or a person upside down or lying."""
    way = rng.random()
    if way < 0.15:
        return np.ascontiguousarray(mask[::-1])
    if way < 0.3:
        lying = cv2.rotate(other, cv2.ROTATE_90_CLOCKWISE)
        return np.asarray(cv2.resize(lying, (144, 81), interpolation=cv2.INTER_NEAREST), np.uint8)
    out = np.zeros_like(mask)
    for _ in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(20, 124), rng.uniform(20, 236)
        wide, tall = rng.uniform(3, 60), rng.uniform(3, 110)
        if rng.random() < 0.5:
            _spot(out, x, y, wide, tall, 1)
        else:
            corners = [
                (round(x + sx * wide), round(y + sy * tall)) for sx, sy in ((-1, -1), (1, 1))
            ]
            cv2.rectangle(out, corners[0], corners[1], 1, -1)
    return out
