"""One frame from tracked points to a whole body, compiled; the state over time is in arrays.

:class:`pose.Tracker` holds the arrays and checks what comes in.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from . import gait, hand, ik, legs, streamed
from .turns import (
    Turn,
    Vector,
    add,
    exp,
    heading,
    inner,
    inverse,
    mul,
    norm,
    put,
    rotate,
    row,
    scale,
    square,
    sub,
    turn_row,
)

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Flags = NDArray[np.bool_]

READY, YAW, HX, HZ, _VX, _VZ, _LOW, SEATED, _STOOD = range(9)
BODY = 9
"""Numbers of the per-body state: there yet, heading, where the head was and how fast it moves, for
how long it has been low, how far it sits, whether it has been seen standing."""

TELEPORT = 1.5
"""A head that is this far from where it was has been moved by the runtime, not by walking."""

_SEAT = (0.16, 0.22, 0.50)
"""How much of its height a head has lost whose body sits: at least, at least where it was never
seen standing (it may be a smaller person's), and at most."""

_TALL = 0.93
"""A head has stood that was seen at this part of its height."""

_SIT_AFTER, _WALKING = 1.0, 0.20
"""A still, low head is a sitting one after so many seconds; "still" is slower than this."""

_KNEE = 0.008
"""A given knee this far out of the leg's line, metres, weighs as much as the usual place."""


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    rest: F64,
    anchors: F64,
    t_turns: F64,
    given: F64,
    tracked: Flags,
    places: F64,
    placed: Flags,
    turns: F64,
    turned: Flags,
    rotating: bool,
    dt: float,
    body: F64,
    trunk: F64,
    feet: F64,
    ankles: F64,
    hands: F64,
    fingers: F64,
    world: F64,
    place: F64,
    rotations: F32,
    matrices: F32,
    miss: F64,
) -> None:
    """One frame: ``given`` transforms (3, 7) of head and hands, and a stream, to a whole body.

    ``rotating`` says that the stream's rotations are its own, not found from its places.
    """
    look = mul(_given_turn(given, 0), heading(math.pi))
    head = sub(row(given, 0), rotate(look, row(anchors, 0)))
    aim = _aim(look)
    if streamed.has_trunk(turned):
        aim = _aim(turn_row(turns, ik.UPPER_CHEST))
    fresh = _turn_body(body, head, aim, dt)
    _sit_down(rest, body, head, look, dt, fresh)
    yaw = body[YAW]
    ik.trunk(rest, head, look, yaw, body[SEATED], world, place)
    streamed.trunk(rest, head, look, turns, turned, trunk, dt, fresh, world, place)
    left, right = ik.LEG + 2, ik.LEG + 6
    walking = not (
        (placed[left] and placed[right])
        or (rotating and turned[left - 1] and turned[right - 1] and turned[0])
    )
    goals, stands = np.empty((2, 3)), np.empty((2, 3))
    if walking:
        high = max(0.0, place[ik.HIPS, 1] - rest[ik.HIPS, 1])
        for j in range(ik.HEAD + 1):
            place[j, 1] -= high
    elif placed[left] and placed[right]:
        up = streamed.standing_height(rest, places, trunk, dt)
        for s in range(2):
            put(goals, s, add(row(places, left + 4 * s), (0.0, up, 0.0)))
            if legs.planted(ankles[s]):
                put(stands, s, legs.shown_place(ankles[s]))
            else:
                put(stands, s, row(goals, s))
        streamed.lower(rest, stands, place)
    else:
        high = max(0.0, place[ik.HIPS, 1] - rest[ik.HIPS, 1])
        for j in range(ik.HEAD + 1):
            place[j, 1] -= high
        for s in range(2):
            first = ik.LEG + 4 * s
            ik.carry(rest, world, place, first, ik.HIPS)
            put(goals, s, streamed.reach(rest, t_turns, turns, first, row(place, first))[1])
    facing = heading(yaw)
    ahead = 0.38 * rest[ik.HIPS, 1] * body[SEATED]
    for s in range(2):
        foot = rotate(facing, (0.60 * rest[ik.LEG + 4 * s + 2, 0], 0.0, ahead - 0.02))
        for k in range(2):
            under = 0.65 * place[ik.HIPS, 2 * k] + 0.35 * place[ik.HEAD, 2 * k]
            feet[s, gait.WANT_X + k] = under + foot[2 * k]
    if fresh:
        gait.plant(feet, yaw)
    elif walking:
        gait.walk(feet, yaw, body[_VX], body[_VZ], dt)
    for s in range(2):
        miss[2 + s] = _stand(
            rest, s, feet, ankles[s], walking, goals, places, placed, turns, turned, yaw, dt, fresh,
            world, place,
        )  # fmt: skip
        grip = square(row(anchors, 2 + 3 * s), row(anchors, 3 + 3 * s))
        back = inverse(facing)
        upper = ik.ARM + 4 * s + 1
        elbow = (0.0, 0.0, 0.0)
        arm = rotating and turned[upper] and turned[upper + 1] and turned[upper + 2]
        if arm or (placed[upper + 2] and turned[upper + 2]):
            goal = mul(turn_row(turns, upper + 2), turn_row(t_turns, upper + 2))
            if arm:
                at = _shoulder(rest, t_turns, turns, turned, s, world, place)
                middle, wrist = streamed.reach(rest, t_turns, turns, upper, at)
                elbow = sub(middle, at)
            else:
                wrist = row(places, upper + 2)
                if placed[upper] and placed[upper + 1]:
                    elbow = sub(row(places, upper + 1), row(places, upper))
            way = sub(wrist, row(place, ik.UPPER_CHEST))
            hand.follow(hands[s], rotate(back, way), mul(back, goal), dt, fresh)
        elif tracked[1 + s]:
            # Fingers (+X) point along the controller's -Z, the thumb's side (+Y) is its own.
            goal = mul(mul(_given_turn(given, 1 + s), heading(math.pi / 2)), inverse(grip))
            wrist = sub(row(given, 1 + s), rotate(goal, row(anchors, 1 + 3 * s)))
            way = sub(wrist, row(place, ik.UPPER_CHEST))
            hand.follow(hands[s], rotate(back, way), mul(back, goal), dt, fresh)
        else:
            hand.lose(hands[s], dt, fresh)
        miss[s] = hand.reach(
            rest, s, grip, hands[s], dt, fresh, facing, elbow, row(anchors, 7), world, place
        )
    streamed.fingers(t_turns, turns, turned, fingers, dt, fresh)
    ik.finish(rest, fingers, world, place, rotations, matrices)


@inner
def _shoulder(
    rest: F64, t_turns: F64, turns: F64, turned: Flags, side: int, world: F64, place: F64
) -> Vector:
    """Where a stream's rotations have the joint of the upper arm."""
    shoulder = ik.ARM + 4 * side
    ik.carry(rest, world, place, shoulder, ik.UPPER_CHEST)
    turn = turn_row(world, ik.UPPER_CHEST)
    if turned[shoulder]:
        turn = mul(turn_row(turns, shoulder), turn_row(t_turns, shoulder))
    return add(row(place, shoulder), rotate(turn, ik.bone(rest, shoulder + 1, shoulder)))


@inner
def _sit_down(rest: F64, body: F64, head: Vector, look: Turn, dt: float, fresh: bool) -> None:
    """Tell sitting from crouching: low for a while, still, and not bent over."""
    drop = (rest[ik.HEAD, 1] - head[1]) / rest[ik.HEAD, 1]
    speed = math.sqrt(body[_VX] * body[_VX] + body[_VZ] * body[_VZ])
    down = -rotate(look, (0.0, 0.0, 1.0))[1]
    if fresh:
        body[_LOW], body[SEATED] = 0.0, 0.0
    if drop <= 1 - _TALL:
        body[_STOOD] = 1.0
    least = _SEAT[0] if body[_STOOD] > 0 else _SEAT[1]
    low = least <= drop <= _SEAT[2] and speed < _WALKING
    if low and (down < 0.6 or body[SEATED] > 0.5):
        body[_LOW] = min(body[_LOW] + dt, 2.0 * _SIT_AFTER)
    else:
        body[_LOW] = 0.0
    wanted = 1.0 if body[_LOW] >= _SIT_AFTER else 0.0
    body[SEATED] += (wanted - body[SEATED]) * (1 - math.exp(-dt / 0.35))


@inner
def _given_turn(given: F64, j: int) -> Turn:
    """Rotation of a tracked transform."""
    return given[j, 3], given[j, 4], given[j, 5], given[j, 6]


@inner
def _turn_body(body: F64, head: Vector, aim: float, dt: float) -> bool:
    """Turn the body after the face and measure its speed; True where it has just appeared."""
    x, z = head[0] - body[HX], head[2] - body[HZ]
    fresh = body[READY] == 0 or math.sqrt(x * x + z * z) > TELEPORT
    if fresh:
        body[YAW], body[_VX], body[_VZ] = aim, 0.0, 0.0
    else:
        yaw = body[YAW] + gait.wrap(aim - body[YAW]) * (1 - math.exp(-dt / 0.22))
        body[YAW] = aim - min(max(gait.wrap(aim - yaw), -1.1), 1.1)
        if dt > 0:
            share = 1 - math.exp(-dt / 0.10)
            body[_VX] += (x / dt - body[_VX]) * share
            body[_VZ] += (z / dt - body[_VZ]) * share
    body[READY], body[HX], body[HZ] = 1.0, head[0], head[2]
    return fresh


@inner
def _aim(look: Turn) -> float:
    """Heading of the face, also while it looks straight up or down."""
    ahead, up = rotate(look, (0.0, 0.0, 1.0)), rotate(look, (0.0, 1.0, 0.0))
    steep = min(max((abs(ahead[1]) - 0.6) / 0.4, 0.0), 1.0)
    sign = -1.0 if ahead[1] > 0 else 1.0
    x = ahead[0] * (1 - steep) + sign * up[0] * steep
    z = ahead[2] * (1 - steep) + sign * up[2] * steep
    return math.atan2(x, z)


@inner
def _stand(
    rest: F64,
    side: int,
    feet: F64,
    foot: F64,
    walking: bool,
    goals: F64,
    places: F64,
    placed: Flags,
    turns: F64,
    turned: Flags,
    yaw: float,
    dt: float,
    fresh: bool,
    world: F64,
    place: F64,
) -> float:
    """One leg to where its foot is; returns how far that is out of reach, metres."""
    first = ik.LEG + 4 * side
    low = rest[first + 2, 1]
    bent = (0.0, 0.0, 0.0)
    if walking:
        turned_by = feet[side, gait.YAW]
        ankle = (feet[side, gait.X], low + feet[side, gait.LIFT], feet[side, gait.Z])
        sole = mul(heading(turned_by), exp((feet[side, gait.PITCH], 0.0, 0.0)))
        legs.follow(foot, ankle, sole, low, 0.0, dt, fresh)
    else:
        ankle, sole = row(goals, side), heading(yaw)
        if turned[first + 2]:
            sole = turn_row(turns, first + 2)
        # No toe goes through the floor.
        ball = add(ankle, rotate(sole, ik.bone(rest, first + 3, first + 2)))
        ankle = (ankle[0], max(ankle[1], ankle[1] + rest[first + 3, 1] - ball[1]), ankle[2])
        legs.follow(foot, ankle, sole, low, 1.0, dt, fresh)
        if placed[first] and placed[first + 1] and placed[first + 2]:
            knee, hip = row(places, first + 1), row(places, first)
            bent = sub(knee, scale(add(hip, row(places, first + 2)), 0.5))
        turned_by = _aim(sole)
    ankle, sole = legs.shown_place(foot), legs.shown_turn(foot)
    if not walking:
        gait.stay(feet[side], ankle[0], ankle[2], turned_by, legs.planted(foot))
    knee_yaw = turned_by + 0.5 * gait.wrap(yaw - turned_by) + (0.18 if side == 0 else -0.18)
    pole = rotate(heading(knee_yaw), (0.0, 0.0, 1.0))
    if norm(bent) > 0:
        pole = add(scale(pole, _KNEE), bent)
    return ik.leg(rest, side, ankle, sole, pole, world, place)
