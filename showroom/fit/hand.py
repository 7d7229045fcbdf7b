"""How a hand follows its controller, leaves when that is lost, and comes back without a jump.

Places and turns are seen from the upper chest along the body's heading: metres, Y up, +Z ahead;
the state of a hand is one (ROWS, 4) float64 array, zeros at first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import ik
from .elbow import free_pole
from .turns import (
    Turn,
    Vector,
    add,
    blend,
    dot,
    exp,
    indices,
    inner,
    inverse,
    log,
    mul,
    norm,
    put,
    put_turn,
    rotate,
    row,
    scale,
    square,
    sub,
    turn_row,
)

F64 = NDArray[np.float64]

# Rows of the state; shown (0 to 1) and for how long lost (seconds) are columns of the first.
_FADING, _PLACE, _TURN, _POLE, _GAP, _GAP_TURN = indices(6)
ROWS = 6
_SHOWN, _LOST = 0, 1

_HOLD = 0.25
"""For so long a lost hand stays where it was, seconds; then it sinks within ``_FADE``."""

_FADE = 0.6
_ASIDE, _HANGS = 0.18, 0.944
"""A hand hangs by at least this part of the arm aside; the square of how far down and aside."""
_BRIDGE = 0.12
"""A gap closes with this time constant, seconds."""

_ELBOW = 0.004
"""A given elbow this far out of the arm's line, metres, weighs as much as the usual place."""

_GLITCH = 9.0
"""A hand that seems to move faster than this has jumped, metres per second."""


@inner
def follow(hand: F64, near: Vector, turn: Turn, dt: float, fresh: bool) -> None:
    """Take a tracked hand's place and turn, both seen from the chest.

    Where the hand was away or jumped, what is shown stays where it was: the gap to it is kept and
    closes over time.
    """
    before = add(row(hand, _PLACE), row(hand, _GAP))
    gap = sub(before, near)
    shown, lost = hand[_FADING, _SHOWN], hand[_FADING, _LOST]
    if fresh or shown <= 0.0:
        put(hand, _GAP, (0.0, 0.0, 0.0))
        put(hand, _GAP_TURN, (0.0, 0.0, 0.0))
    elif lost > 0 or norm(gap) > _GLITCH * dt + 0.05:
        swing = exp(row(hand, _GAP_TURN))
        shift = mul(inverse(turn), mul(turn_row(hand, _TURN), swing))
        put(hand, _GAP, gap)
        put(hand, _GAP_TURN, log(shift))
    put(hand, _PLACE, near)
    put_turn(hand, _TURN, turn)
    hand[_FADING, _LOST] = 0.0
    hand[_FADING, _SHOWN] = 1.0 if fresh else min(1.0, shown + dt / _FADE)


@inner
def lose(hand: F64, dt: float, fresh: bool) -> None:
    """Let a hand go that is not tracked: held where it was for a moment, then fading."""
    hand[_FADING, _LOST] += dt
    if fresh:
        hand[_FADING, _SHOWN] = 0.0
    elif hand[_FADING, _LOST] > _HOLD:
        hand[_FADING, _SHOWN] = max(0.0, hand[_FADING, _SHOWN] - dt / _FADE)


@inner
def reach(
    rest: F64,
    side: int,
    grip: Turn,
    hand: F64,
    dt: float,
    fresh: bool,
    facing: Turn,
    elbow: Vector,
    girth: Vector,
    world: F64,
    place: F64,
) -> float:
    """One arm to its hand, or on the way to and from hanging at the side.

    Args:
        elbow: where a stream has the elbow, from the shoulder, world; zeros where none has.
        girth: half width and half depth of the trunk that the arm goes round, and how far from
            the middle a hand hangs beside the hips, metres.

    Returns:
        How far the wrist is out of reach, metres.
    """
    out = 1.0 - 2.0 * side
    fade = math.exp(-dt / _BRIDGE)
    put(hand, _GAP, scale(row(hand, _GAP), fade))
    put(hand, _GAP_TURN, scale(row(hand, _GAP_TURN), fade))
    shown = hand[_FADING, _SHOWN]
    shown *= shown * (3 - 2 * shown)
    upper = ik.ARM + 4 * side + 1
    length = norm(ik.bone(rest, upper + 1, upper)) + norm(ik.bone(rest, upper + 2, upper + 1))
    chest = turn_row(world, ik.UPPER_CHEST)
    joint = rotate(inverse(facing), rotate(chest, ik.bone(rest, upper, ik.UPPER_CHEST)))
    # A hand that hangs lies beside the hips, however wide they are.
    aside = max(_ASIDE * length, girth[2] - out * joint[0])
    low = math.sqrt(max(_HANGS * length * length - aside * aside, 0.25 * length * length))
    way = (out * aside, -low, 0.10 * length)
    goal = mul(square((-out * 0.08, -1.0, 0.12), (0.0, 0.1, 1.0)), inverse(grip))
    if shown > 0:
        seen = mul(turn_row(hand, _TURN), exp(row(hand, _GAP_TURN)))
        goal = blend(goal, seen, shown)
        there = add(row(hand, _PLACE), row(hand, _GAP))
        way = add(scale(way, 1 - shown), scale(sub(there, joint), shown))
    wrist = add(row(place, ik.UPPER_CHEST), rotate(facing, add(joint, way)))
    above, below = norm(ik.bone(rest, upper + 1, upper)), norm(ik.bone(rest, upper + 2, upper + 1))
    trunk = _trunk(rest, facing, world, place)
    pole = free_pole(out, way, joint, above, below, trunk, girth)
    pole = _elbow(hand, pole, way, scale(rotate(inverse(facing), elbow), shown), dt, fresh)
    return ik.arm(rest, side, wrist, mul(facing, goal), rotate(facing, pole), world, place)


@inner
def _trunk(rest: F64, facing: Turn, world: F64, place: F64) -> F64:
    """The trunk for :func:`elbow.free_pole`, seen from the upper chest along the heading."""
    rows = np.empty((3, 3))
    back = inverse(facing)
    put(rows, 0, rotate(back, sub(row(place, ik.HIPS), row(place, ik.UPPER_CHEST))))
    middle = blend(turn_row(world, ik.HIPS), turn_row(world, ik.UPPER_CHEST), 0.5)
    put(rows, 1, rotate(back, rotate(middle, (1.0, 0.0, 0.0))))
    put(rows, 2, rotate(back, rotate(middle, (0.0, 0.0, 1.0))))
    return rows


@inner
def _elbow(hand: F64, pole: Vector, way: Vector, given: Vector, dt: float, fresh: bool) -> Vector:
    """Where an elbow points, seen from the body, square to the arm.

    A given elbow decides the more, the further it is out of the arm's line.
    """
    if norm(given) > 0:
        pole = add(scale(pole, _ELBOW), sub(given, scale(way, dot(given, way) / dot(way, way))))
        pole = sub(pole, scale(way, dot(pole, way) / max(dot(way, way), 1e-9)))
        pole = scale(pole, 1 / math.sqrt(dot(pole, pole) + 1e-12))
    before = row(hand, _POLE)
    share = 1.0 if fresh else 1 - math.exp(-dt / 0.06)
    now = add(before, scale(sub(pole, before), share))
    put(hand, _POLE, now)
    return now
