"""The parts of a body that a full-body stream decides: trunk, legs, arms and fingers (numba).

Rotations of a stream are world rotations from the T-pose; ``t_turns`` (52, 4) carry this body's
rest to its T-pose, so that their product is how a bone of this body is turned. What decides a part
may change from frame to frame; what is shown then goes on without a jump.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import ik
from .turns import (
    Turn,
    Vector,
    add,
    blend,
    exp,
    index,
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
    sub,
    turn_row,
)
from .vrm import INDEX, PARENTS

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_PARENTS = np.array(PARENTS, dtype=np.int64)
_CORE = index(INDEX["leftThumbMetacarpal"])
_BONES = 5
"""Bones of the trunk below the head."""

_SHOWN, _GAPS, _STATE = index(0), index(5), index(10)
TRUNK_ROWS = 11
_SOURCE, _LOW, _CALIBRATED = indices(3)
_BRIDGE = 0.12
"""A gap closes with this time constant, seconds."""

_FINGERS = 0.035
"""Fingers follow with this time constant, seconds."""

_EASY = 0.991
"""Square of how far a leg is stretched before the trunk comes down."""

_NEAR_FLOOR = 0.25


@inner
def has_trunk(turned: Flags) -> bool:
    """Whether a stream decides the trunk."""
    return bool(turned[0] and turned[3])


@inner
def trunk(
    rest: F64,
    head: Vector,
    look: Turn,
    turns: F64,
    turned: Flags,
    state: F64,
    dt: float,
    fresh: bool,
    world: F64,
    place: F64,
) -> None:
    """Bridge the trunk from one source to another, and turn it as a stream says if one does.

    Otherwise ``world`` and ``place`` hold what :func:`ik.trunk` found. The head joint is at
    ``head`` afterwards.

    Args:
        state: (TRUNK_ROWS, 4), zeros at first.
    """
    streamed = 1.0 if has_trunk(turned) else 0.0
    if streamed > 0:
        for j in range(_BONES):
            if turned[j] or j == 0:
                put_turn(world, j, turn_row(turns, j))
            else:
                put_turn(world, j, turn_row(world, j - 1))
    changed = streamed != state[_STATE, _SOURCE]
    state[_STATE, _SOURCE] = streamed
    fade = math.exp(-dt / _BRIDGE)
    open_gap = 0.0
    for j in range(_BONES):
        now = turn_row(world, j)
        if fresh:
            put(state, _GAPS + j, (0.0, 0.0, 0.0))
        elif changed:
            put(state, _GAPS + j, log(mul(turn_row(state, _SHOWN + j), inverse(now))))
        gap = scale(row(state, _GAPS + j), fade)
        put(state, _GAPS + j, gap)
        open_gap = max(open_gap, norm(gap))
        put_turn(state, _SHOWN + j, mul(exp(gap), now))
    if streamed == 0 and open_gap < 1e-4:
        return
    for j in range(_BONES):
        put_turn(world, j, turn_row(state, _SHOWN + j))
    put_turn(world, ik.HEAD, look)
    for j in range(1, ik.HEAD + 1):
        ik.carry(rest, world, place, j, j - 1)
    shift = sub(head, row(place, ik.HEAD))
    for j in range(ik.HEAD + 1):
        put(place, j, add(row(place, j), shift))


@inner
def standing_height(rest: F64, places: F64, state: F64, dt: float) -> float:
    """How much higher this body's ankles are than the stream's when both stand, metres.

    The lowest ankle is taken to stand on the floor; what is lower is believed at once, what is
    higher over ten seconds.
    """
    left, right = ik.LEG + 2, ik.LEG + 6
    own = 0.5 * (rest[left, 1] + rest[right, 1])
    low = min(places[left, 1], places[right, 1])
    if state[_STATE, _CALIBRATED] == 0:
        state[_STATE, _CALIBRATED] = 1.0
        state[_STATE, _LOW] = low if abs(low - own) < _NEAR_FLOOR else own
    elif abs(low - own) < _NEAR_FLOOR:
        pace = 0.3 if low < state[_STATE, _LOW] else 10.0
        state[_STATE, _LOW] += (low - state[_STATE, _LOW]) * (1 - math.exp(-dt / pace))
    up: float = own - state[_STATE, _LOW]
    return up


@inner
def lower(rest: F64, ankles: F64, place: F64) -> None:
    """Bring the trunk down as far as the legs need it to reach both ankles, (2, 3)."""
    down = 0.0
    for s in range(2):
        first = ik.LEG + 4 * s
        hip = add(row(place, ik.HIPS), sub(row(rest, first), row(rest, ik.HIPS)))
        total = norm(ik.bone(rest, first + 1, first)) + norm(ik.bone(rest, first + 2, first + 1))
        dx, dz = hip[0] - ankles[s, 0], hip[2] - ankles[s, 2]
        tall = math.sqrt(max(0.0, _EASY * total * total - dx * dx - dz * dz))
        down = max(down, hip[1] - ankles[s, 1] - tall)
    for j in range(ik.HEAD + 1):
        place[j, 1] -= down


@inner
def reach(
    rest: F64,
    t_turns: F64,
    turns: F64,
    first: int,
    at: Vector,
) -> tuple[Vector, Vector]:
    """Middle and end of a limb of two bones turned as a stream says, from its first joint on."""
    one = mul(turn_row(turns, first), turn_row(t_turns, first))
    two = mul(turn_row(turns, first + 1), turn_row(t_turns, first + 1))
    middle = add(at, rotate(one, ik.bone(rest, first + 1, first)))
    return middle, add(middle, rotate(two, ik.bone(rest, first + 2, first + 1)))


@inner
def fingers(t_turns: F64, turns: F64, turned: Flags, state: F64, dt: float, fresh: bool) -> None:
    """Let the fingers' local rotations, (30, 4), follow a stream; without one they relax."""
    share = 1.0 if fresh else 1 - math.exp(-dt / _FINGERS)
    for j in range(_CORE, turns.shape[0]):
        goal = (0.0, 0.0, 0.0, 1.0)
        parent = _PARENTS[j]
        if turned[j] and turned[parent]:
            own = mul(turn_row(turns, j), turn_row(t_turns, j))
            hand = mul(turn_row(turns, parent), turn_row(t_turns, parent))
            goal = mul(inverse(hand), own)
        now = turn_row(state, j - _CORE)
        put_turn(state, j - _CORE, goal if fresh else blend(now, goal, share))
