"""Where the feet stand: planted until the body has moved on, then one step at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .turns import inner

F64 = NDArray[np.float64]

# One row per foot.
X, Z, YAW, PHASE, FROM_X, FROM_Z, FROM_YAW, DURATION, AGE, LIFT, PITCH = range(11)
WIDTH = 11
PLANTED = -1.0

_FAR = 0.13
_TURNED = 0.6
_UNTIDY = 0.04
_SETTLE_AFTER = 0.6
_SLOW = 0.15


@inner
def wrap(angle: float) -> float:
    """The same angle between -pi and pi."""
    return math.atan2(math.sin(angle), math.cos(angle))


@inner
def plant(feet: F64, wanted: F64, yaw: float) -> None:
    """Stand both feet where they are wanted at once, (2, 2) x and z."""
    for s in range(2):
        feet[s, X], feet[s, Z], feet[s, YAW] = wanted[s, 0], wanted[s, 1], yaw
        feet[s, PHASE], feet[s, AGE], feet[s, LIFT], feet[s, PITCH] = PLANTED, 0.0, 0.0, 0.0


@inner
def walk(feet: F64, wanted: F64, yaw: float, vx: float, vz: float, dt: float) -> None:
    """Advance the feet by ``dt``.

    Args:
        feet: (2, WIDTH) state; changed in place.
        wanted: (2, 2) x and z under the body, left and right.
        yaw: heading of the body.
        vx, vz: velocity of the body, metres per second.
        dt: seconds, not negative.
    """
    speed = math.sqrt(vx * vx + vz * vz)
    for s in range(2):
        if feet[s, PHASE] >= 0:
            _swing(feet[s], wanted[s, 0], wanted[s, 1], yaw, vx, vz, dt)
        else:
            feet[s, AGE] += dt
    best, chosen = 0.0, -1
    for s in range(2):
        other = feet[1 - s, PHASE]
        if feet[s, PHASE] >= 0 or (0 <= other < 0.8):
            continue
        dx, dz = wanted[s, 0] - feet[s, X], wanted[s, 1] - feet[s, Z]
        gap = math.sqrt(dx * dx + dz * dz)
        off = abs(wrap(yaw - feet[s, YAW]))
        urge = max(gap / _FAR, off / _TURNED)
        untidy = gap > _UNTIDY or off > 0.25
        if speed < _SLOW and untidy and feet[0, AGE] > _SETTLE_AFTER and feet[1, AGE] > 0.3:
            urge = max(urge, 1.0 + gap)
        if urge >= 1.0 and urge > best:
            best, chosen = urge, s
    if chosen >= 0:
        foot = feet[chosen]
        foot[FROM_X], foot[FROM_Z], foot[FROM_YAW] = foot[X], foot[Z], foot[YAW]
        foot[DURATION] = min(max(0.40 - 0.12 * speed, 0.20), 0.40)
        foot[PHASE] = 0.0


@inner
def _swing(foot: F64, x: float, z: float, yaw: float, vx: float, vz: float, dt: float) -> None:
    """Move a lifted foot on towards ``x``, ``z`` and ``yaw``, and set it down at the end."""
    foot[PHASE] = min(1.0, foot[PHASE] + dt / foot[DURATION])
    t = foot[PHASE]
    # Land ahead of where the body is now: it goes on while the foot is in the air, and after.
    left = foot[DURATION] * (1 - t) + 0.5 * foot[DURATION]
    ease = t * t * (3 - 2 * t)
    foot[X] = foot[FROM_X] + (x + vx * left - foot[FROM_X]) * ease
    foot[Z] = foot[FROM_Z] + (z + vz * left - foot[FROM_Z]) * ease
    foot[YAW] = foot[FROM_YAW] + wrap(yaw - foot[FROM_YAW]) * ease
    dx, dz = foot[X] - foot[FROM_X], foot[Z] - foot[FROM_Z]
    stride = math.sqrt(dx * dx + dz * dz)
    arc = math.sin(math.pi * t)
    foot[LIFT] = arc * (0.035 + 0.10 * min(stride, 0.7))
    foot[PITCH] = arc * (0.7 - t) * min(1.0, 0.3 + 1.2 * stride)
    if t >= 1.0:
        foot[PHASE], foot[AGE], foot[LIFT], foot[PITCH] = PLANTED, 0.0, 0.0, 0.0
