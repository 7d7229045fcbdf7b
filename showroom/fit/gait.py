"""Where the feet stand: planted until the body has moved on, then one step at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .turns import inner

F64 = NDArray[np.float64]

# One row per foot.
X, Z, YAW, PHASE, FROM_X, FROM_Z, FROM_YAW, DURATION, AGE, LIFT, PITCH, WANT_X, WANT_Z = range(13)
WIDTH = 13
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
def plant(feet: F64, yaw: float) -> None:
    """Stand both feet at once where they are wanted."""
    for s in range(2):
        feet[s, X], feet[s, Z], feet[s, YAW] = feet[s, WANT_X], feet[s, WANT_Z], yaw
        feet[s, PHASE], feet[s, AGE], feet[s, LIFT], feet[s, PITCH] = PLANTED, 0.0, 0.0, 0.0


@inner
def stay(foot: F64, x: float, z: float, yaw: float, planted: bool) -> None:
    """Take over where a foot is that something else moves; it goes on stepping from there."""
    foot[X], foot[Z], foot[YAW] = x, z, yaw
    foot[FROM_X], foot[FROM_Z], foot[FROM_YAW] = x, z, yaw
    foot[PHASE] = PLANTED if planted else 0.0
    foot[DURATION], foot[AGE], foot[LIFT], foot[PITCH] = 0.35, 0.0, 0.0, 0.0


@inner
def walk(feet: F64, yaw: float, vx: float, vz: float, dt: float) -> None:
    """Advance the feet by ``dt``.

    Args:
        feet: (2, WIDTH) state, left and right, with x and z under the body as wanted; changed in
            place.
        yaw: heading of the body.
        vx, vz: velocity of the body, metres per second.
        dt: seconds, not negative.
    """
    speed = math.sqrt(vx * vx + vz * vz)
    for s in range(2):
        if feet[s, PHASE] >= 0:
            _swing(feet[s], yaw, vx, vz, dt)
        else:
            feet[s, AGE] += dt
    best, chosen = 0.0, -1
    for s in range(2):
        other = feet[1 - s, PHASE]
        if feet[s, PHASE] >= 0 or (0 <= other < 0.8):
            continue
        dx, dz = feet[s, WANT_X] - feet[s, X], feet[s, WANT_Z] - feet[s, Z]
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
def _swing(foot: F64, yaw: float, vx: float, vz: float, dt: float) -> None:
    """Move a lifted foot on to where it is wanted, and set it down at the end."""
    foot[PHASE] = min(1.0, foot[PHASE] + dt / foot[DURATION])
    t = foot[PHASE]
    # Land ahead of where the body is now: it goes on while the foot is in the air, and after.
    left = foot[DURATION] * (1 - t) + 0.5 * foot[DURATION]
    ease = t * t * (3 - 2 * t)
    foot[X] = foot[FROM_X] + (foot[WANT_X] + vx * left - foot[FROM_X]) * ease
    foot[Z] = foot[FROM_Z] + (foot[WANT_Z] + vz * left - foot[FROM_Z]) * ease
    foot[YAW] = foot[FROM_YAW] + wrap(yaw - foot[FROM_YAW]) * ease
    dx, dz = foot[X] - foot[FROM_X], foot[Z] - foot[FROM_Z]
    stride = math.sqrt(dx * dx + dz * dz)
    arc = math.sin(math.pi * t)
    foot[LIFT] = arc * (0.035 + 0.10 * min(stride, 0.7))
    foot[PITCH] = arc * (0.7 - t) * min(1.0, 0.3 + 1.2 * stride)
    if t >= 1.0:
        foot[PHASE], foot[AGE], foot[LIFT], foot[PITCH] = PLANTED, 0.0, 0.0, 0.0
