"""A teleport's arc and where it lands. Pure functions.

The arc is a throw: it starts along the pointing ray at :data:`SPEED` and falls with gravity. It
lands only on floor that a person may stand on; where it ends in a wall or a product, or too near
to one to stand there, it lands nowhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..protocol.limits import Transform
from .ground import F64, Ground, Place

SPEED = 5.5
"""Metres a second along the ray."""

GRAVITY = 9.81
POINTS = 40
SECONDS = 1.6
"""The longest flight that is drawn."""

NUDGE = 0.3
"""A landing so near to something is moved aside by at most so much, metres."""


@dataclass(frozen=True, eq=False)
class Arc:
    """A teleport that is being aimed.

    Attributes:
        points: (n, 3) float64, from the hand to where it ends, metres.
        landing: (x, z) where the visitor would stand; None where that cannot be.
        ends: what it ends in: ``"floor"``, ``"wall"``, ``"ceiling"``, a thing's name, or ``""``
            in the air.
    """

    points: F64
    landing: Place | None
    ends: str


def ray_of(pose: Transform) -> tuple[F64, F64]:
    """A pose's origin and its unit -Z axis, (3,) float64 each."""
    x, y, z, w = pose[3:]
    ahead = np.array((-2 * (x * z + y * w), -2 * (y * z - x * w), -(1 - 2 * (x * x + y * y))))
    return np.array(pose[:3]), ahead / max(float(np.linalg.norm(ahead)), 1e-9)


def throw(aim: Transform, ground: Ground) -> Arc:
    """The arc of a ray, up to the first thing that it meets."""
    origin, ahead = ray_of(aim)
    t = np.linspace(0.0, SECONDS, POINTS)[:, None]
    path = origin + SPEED * ahead * t - np.array((0.0, 0.5 * GRAVITY, 0.0)) * t * t
    at, ends = ground.meets(path)
    if not math.isfinite(at):
        return Arc(path, None, "")
    last = int(at)
    end = path[last] + (path[min(last + 1, POINTS - 1)] - path[last]) * (at - last)
    landing = ground.settle(float(end[0]), float(end[2]), NUDGE) if ends == "floor" else None
    return Arc(np.vstack((path[: last + 1], end)), landing, ends)
