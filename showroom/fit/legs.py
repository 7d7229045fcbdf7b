"""How a foot follows where it is said to be: on the floor, planted without sliding, without jumps.

What says so may change (a tracked foot is lost, and steps by itself from then on): what is shown
stays where it was, and the gap to the new goal closes over time. The state of a foot is one
(ROWS, 4) float64 array, zeros at first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .turns import (
    Turn,
    Vector,
    add,
    exp,
    indices,
    inner,
    inverse,
    log,
    mul,
    norm,
    put,
    put_turn,
    row,
    scale,
    sub,
    turn_row,
)

F64 = NDArray[np.float64]

_PLACE, _TURN, _GAP, _GAP_TURN, _GOAL, _FLAGS = indices(6)
ROWS = 6
_SOURCE, _SPEED, _HELD = 0, 1, 2

_BRIDGE = 0.12
"""A gap closes with this time constant, seconds."""

_SLOW, _FAST = 0.10, 0.35
"""Under this speed a foot is planted, over that one it is let go, metres per second."""

_LOW = 0.035
"""A planted ankle is no higher above its place on the floor."""

_LOOSE = 0.03
"""A planted foot lets go when it is said to be this far from where it stands, metres."""

_GLITCH = 12.0
"""A foot that seems to move faster than this has jumped, metres per second."""


@inner
def follow(
    foot: F64, goal: Vector, turn: Turn, low: float, source: float, dt: float, fresh: bool
) -> None:
    """Take where an ankle is said to be; what is to be shown is in :func:`shown` then.

    Args:
        goal: the ankle's place.
        turn: the foot's world rotation.
        low: height of the ankle of a foot that stands.
        source: 1 a stream, 0 our own steps, which plant feet by themselves.
    """
    put_moved = sub(goal, row(foot, _GOAL))
    jumped = norm(put_moved) > _GLITCH * dt + 0.05
    if fresh:
        put(foot, _GAP, (0.0, 0.0, 0.0))
        put(foot, _GAP_TURN, (0.0, 0.0, 0.0))
        foot[_FLAGS, _SPEED], foot[_FLAGS, _HELD] = 0.0, 0.0
    elif source != foot[_FLAGS, _SOURCE] or (source > 0 and jumped):
        _bridge(foot, goal, turn)
        foot[_FLAGS, _HELD], foot[_FLAGS, _SPEED] = 0.0, 1.0
    elif dt > 0:
        share = 1 - math.exp(-dt / 0.04)
        foot[_FLAGS, _SPEED] += (norm(put_moved) / dt - foot[_FLAGS, _SPEED]) * share
    foot[_FLAGS, _SOURCE] = source
    put(foot, _GOAL, goal)
    fade = math.exp(-dt / _BRIDGE)
    if source > 0 and not fresh:
        _hold(foot, goal, turn, low)
    if foot[_FLAGS, _HELD] > 0:
        return
    put(foot, _GAP, scale(row(foot, _GAP), fade))
    put(foot, _GAP_TURN, scale(row(foot, _GAP_TURN), fade))
    put(foot, _PLACE, add(goal, row(foot, _GAP)))
    put_turn(foot, _TURN, mul(exp(row(foot, _GAP_TURN)), turn))


@inner
def _bridge(foot: F64, goal: Vector, turn: Turn) -> None:
    """Keep what is shown where it is."""
    put(foot, _GAP, sub(row(foot, _PLACE), goal))
    put(foot, _GAP_TURN, log(mul(turn_row(foot, _TURN), inverse(turn))))


@inner
def _hold(foot: F64, goal: Vector, turn: Turn, low: float) -> None:
    """Plant a foot that stands, and let go one that leaves."""
    speed = foot[_FLAGS, _SPEED]
    if foot[_FLAGS, _HELD] > 0:
        off = norm(sub(goal, row(foot, _PLACE)))
        spun = norm(log(mul(turn_row(foot, _TURN), inverse(turn))))
        if speed > _FAST or off > _LOOSE or spun > 0.25 or goal[1] > low + _LOW:
            foot[_FLAGS, _HELD] = 0.0
            _bridge(foot, goal, turn)
    elif speed < _SLOW and goal[1] <= low + _LOW and norm(row(foot, _GAP)) < 0.01:
        foot[_FLAGS, _HELD] = 1.0


@inner
def planted(foot: F64) -> bool:
    """Whether a streamed foot stands."""
    return bool(foot[_FLAGS, _HELD] > 0)


@inner
def shown_place(foot: F64) -> Vector:
    """Where the ankle is shown."""
    return row(foot, _PLACE)


@inner
def shown_turn(foot: F64) -> Turn:
    """The foot's rotation as it is shown."""
    return turn_row(foot, _TURN)
