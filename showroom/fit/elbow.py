"""Where an elbow points so that the arm goes round the trunk, not through it (numba).

Places are seen from the upper chest along the body's heading, as in :mod:`hand`. The trunk is a
tube of elliptic section from the hips to the upper chest. Which way an elbow leaves the usual one
depends on the wrist alone, and continuously, so that nothing jumps.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .turns import Vector, add, dot, inner, norm, scale, sub

F64 = NDArray[np.float64]

_USUAL = (0.55, -0.80, -0.50)
"""Outwards, down and back."""

_ROUNDS, _GAIN = 5, 0.9
_AT = (0.0, 0.3, 0.6)
"""Shares of the forearm, from the elbow on, that are looked at; the wrist is where it must be."""


@inner
def free_pole(
    out: float, way: Vector, shoulder: Vector, upper: float, lower: float, trunk: F64, round: Vector
) -> Vector:
    """Direction of the elbow from the line between shoulder and wrist, unit, square to it.

    Args:
        out: 1 for the left arm, -1 for the right one.
        way: from the shoulder to the wrist.
        shoulder: its place.
        upper, lower: lengths of the arm's bones.
        trunk: (3, 3) rows: from the upper chest to the hips, the trunk's left, its front; the
            last two unit.
        round: half width and half depth of the trunk, its arms' thickness included; 0 for none.
    """
    pole = _square((out * _USUAL[0], _USUAL[1], _USUAL[2]), way)
    if round[0] <= 0:
        return pole
    far = min(max(norm(way), abs(upper - lower) + 1e-3), upper + lower - 1e-3)
    along = scale(way, 1 / max(norm(way), 1e-9))
    cosine = (upper * upper + far * far - lower * lower) / (2 * upper * far)
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    axis = (trunk[0, 0], trunk[0, 1], trunk[0, 2])
    left = (trunk[1, 0], trunk[1, 1], trunk[1, 2])
    front = (trunk[2, 0], trunk[2, 1], trunk[2, 2])
    wrist = add(shoulder, scale(along, far))
    ahead = min(max(dot(wrist, front) / round[1], -1.0), 1.0)
    aside = _square(add(scale(left, out), scale(front, 0.7 * ahead)), way)
    for _ in range(_ROUNDS):
        elbow = add(shoulder, scale(add(scale(along, cosine), scale(pole, sine)), upper))
        deep = 0.0
        for share in _AT:
            place = add(scale(elbow, 1 - share), scale(wrist, share))
            down = dot(place, axis) / dot(axis, axis)
            # The ends are rounded off, so that an arm comes in and out of it step by step.
            end = max(0.0, max(-down, down - 1.0)) * norm(axis) / round[1]
            place = sub(place, scale(axis, min(max(down, 0.0), 1.0)))
            x, z = dot(place, left) / round[0], dot(place, front) / round[1]
            deep = max(deep, 1 - math.sqrt(x * x + z * z + end * end))
        pole = _square(add(pole, scale(aside, _GAIN * deep)), way)
    return pole


@inner
def _square(pole: Vector, way: Vector) -> Vector:
    """The part of ``pole`` square to ``way``, unit."""
    pole = sub(pole, scale(way, dot(pole, way) / max(dot(way, way), 1e-9)))
    return scale(pole, 1 / math.sqrt(dot(pole, pole) + 1e-12))
