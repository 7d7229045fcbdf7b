"""Three-point inverse kinematics: head, two hands and two feet to a whole body.

Pure geometry, compiled. ``world`` (52, 4) holds each joint's rotation from the rest pose (body
facing +Z, Y up) to the posed one, quaternions x, y, z, w in play space; ``place`` (52, 3) holds
where each joint is, metres; ``rest`` (52, 3) where it is at rest. All are C-contiguous float64.
The state over time is :mod:`pose`'s business.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .turns import (
    Turn,
    Vector,
    add,
    between,
    blend,
    dot,
    exp,
    heading,
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
from .vrm import INDEX, PARENTS

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

_PARENTS = np.array(PARENTS, dtype=np.int64)
HIPS, SPINE, _, UPPER_CHEST, NECK, HEAD = indices(6)
ARM, LEG, CORE = INDEX["leftShoulder"], INDEX["leftUpperLeg"], INDEX["leftThumbMetacarpal"]
"""First joint of the left arm and leg, four in a row each with the right ones after; all joints
from ``CORE`` on are of fingers."""

_CLAVICLE_LIMIT = 0.35
_WRIST_LIMIT = 1.3
_REACH = 0.9995


@inner
def bone(rest: F64, joint: int, parent: int) -> Vector:
    """From one joint to another at rest."""
    return sub(row(rest, joint), row(rest, parent))


@inner
def carry(rest: F64, world: F64, place: F64, joint: int, parent: int) -> None:
    """Place a joint where its parent's rotation carries it."""
    offset = rotate(turn_row(world, parent), bone(rest, joint, parent))
    put(place, joint, add(row(place, parent), offset))


@inner
def limb(
    rest: F64,
    joints: tuple[int, int, int],
    target: Vector,
    pole: Vector,
    rest_pole: Vector,
    world: F64,
    place: F64,
) -> float:
    """Two bones to a target by the law of cosines; the first joint is in its place already.

    Args:
        joints: of the upper bone, the lower bone and the end.
        target: where the end should be.
        pole: where the middle should point.
        rest_pole: where it points at rest.

    Returns:
        How far the target is out of reach, metres.
    """
    upper, lower, end = joints
    one, two = bone(rest, lower, upper), bone(rest, end, lower)
    a, b = norm(one), norm(two)
    way = sub(target, row(place, upper))
    distance = norm(way)
    held = min(max(distance, abs(a - b) + 1e-3), (a + b) * _REACH)
    cosine = (a * a + held * held - b * b) / (2 * a * held)
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    # Both bones bend in the plane of the way and the pole, about its normal.
    plane = square(way, pole)
    first = exp((0.0, 0.0, math.atan2(sine, cosine)))
    second = exp((0.0, 0.0, math.atan2(-sine * a, held - cosine * a)))
    put_turn(world, upper, mul(mul(plane, first), inverse(square(one, rest_pole))))
    put_turn(world, lower, mul(mul(plane, second), inverse(square(two, rest_pole))))
    carry(rest, world, place, lower, upper)
    carry(rest, world, place, end, lower)
    return distance - held


@inner
def trunk(
    rest: F64, head: Vector, look: Turn, yaw: float, seated: float, world: F64, place: F64
) -> None:
    """Hips, spine, neck and head, so that the head joint lies at ``head``.

    Args:
        head: wanted place of the head joint.
        look: wanted world rotation of the head.
        yaw: heading of the body.
        seated: 0 a low head comes from bent knees and a bent back, 1 from sitting upright.
    """
    facing = heading(yaw)
    down = min(max(-rotate(look, (0.0, 0.0, 1.0))[1], 0.0), 1.0)
    drop = max(0.0, rest[HEAD, 1] - head[1])
    knees = 0.80 - 0.45 * down * max(0.0, 1 - drop / 0.6)
    knees += (0.97 - knees) * seated
    height = max(0.14, rest[HIPS, 1] - drop * knees)
    offset = bone(rest, HEAD, HIPS)
    lean = math.acos(min(1.0, max(0.15, (head[1] - height) / offset[1])))
    back = (offset[0], 0.0, offset[2] + offset[1] * math.sin(lean))
    under = sub(head, rotate(facing, back))
    hips = (under[0], height, under[2])
    pelvis = mul(facing, exp((0.35 * lean, 0.0, 0.0)))
    put_turn(world, HIPS, pelvis)
    put(place, HIPS, hips)
    bend = (0.0, 0.0, 0.0)
    for _ in range(4):
        for step in range(3):
            put_turn(world, SPINE + step, mul(exp(scale(bend, (step + 1) / 3)), pelvis))
        put_turn(world, NECK, blend(turn_row(world, UPPER_CHEST), look, 0.45))
        for j in range(SPINE, HEAD + 1):
            carry(rest, world, place, j, j - 1)
        more = between(sub(row(place, HEAD), hips), sub(head, hips))
        bend = add(bend, scale(more, 1.35))
        bend = scale(bend, min(1.0, 1.6 / max(norm(bend), 1e-9)))
    put_turn(world, HEAD, look)
    shift = sub(head, row(place, HEAD))
    for j in range(HEAD + 1):
        put(place, j, add(row(place, j), shift))


@inner
def arm(
    rest: F64, side: int, wrist: Vector, hand: Turn, pole: Vector, world: F64, place: F64
) -> float:
    """Clavicle, arm and hand, after :func:`trunk`; returns how far the wrist is out of reach.

    Args:
        side: 0 left, 1 right.
        wrist: wanted place of the hand joint.
        hand: wanted world rotation of the hand.
        pole: where the elbow should point, world.
    """
    shoulder = ARM + 4 * side
    upper, lower, end = shoulder + 1, shoulder + 2, shoulder + 3
    put_turn(world, shoulder, turn_row(world, UPPER_CHEST))
    carry(rest, world, place, shoulder, UPPER_CHEST)
    carry(rest, world, place, upper, shoulder)
    lift = _clavicle(rest, shoulder, wrist, place)
    put_turn(world, shoulder, mul(exp(lift), turn_row(world, UPPER_CHEST)))
    carry(rest, world, place, upper, shoulder)
    out, straight = bone(rest, lower, upper), bone(rest, end, upper)
    rest_pole = sub(out, scale(straight, dot(out, straight) / dot(straight, straight)))
    miss = limb(rest, (upper, lower, end), wrist, pole, rest_pole, world, place)
    # Part of the hand's roll is the forearm's.
    forearm = turn_row(world, lower)
    along = bone(rest, end, lower)
    along = scale(along, 1 / norm(along))
    roll = dot(log(mul(inverse(forearm), hand)), along)
    forearm = mul(forearm, exp(scale(along, 0.45 * min(max(roll, -1.6), 1.6))))
    put_turn(world, lower, forearm)
    relative = log(mul(inverse(forearm), hand))
    share = min(1.0, _WRIST_LIMIT / max(norm(relative), 1e-9))
    put_turn(world, end, mul(forearm, exp(scale(relative, share))))
    return miss


@inner
def _clavicle(rest: F64, shoulder: int, wrist: Vector, place: F64) -> Vector:
    """How a shoulder lifts towards a far wrist, as a rotation vector."""
    upper, lower, end = shoulder + 1, shoulder + 2, shoulder + 3
    still = row(place, upper)
    way = sub(wrist, still)
    total = norm(bone(rest, lower, upper)) + norm(bone(rest, end, lower))
    lift = between(sub(still, row(place, shoulder)), way)
    angle = norm(lift)
    far = min(1.0, max(0.0, (norm(way) / total - 0.6) / 0.5))
    allowed = _CLAVICLE_LIMIT * far * math.sin(min(angle, math.pi) / 2)
    return scale(lift, min(1.0, allowed / max(angle, 1e-6)))


@inner
def dot_yz(a: Vector, b: Vector) -> float:
    """Scalar product without the x."""
    return a[1] * b[1] + a[2] * b[2]


@inner
def leg(
    rest: F64, side: int, ankle: Vector, sole: Turn, pole: Vector, world: F64, place: F64
) -> float:
    """Leg, foot and toes, after :func:`trunk`; lifts the heel where the leg is too short.

    Args:
        side: 0 left, 1 right.
        ankle: wanted place of the foot joint.
        sole: wanted world rotation of the foot.
        pole: where the knee should point, world.

    Returns:
        How far the ankle is out of reach even with the heel lifted, metres.
    """
    upper = LEG + 4 * side
    lower, foot, toes = upper + 1, upper + 2, upper + 3
    carry(rest, world, place, upper, HIPS)
    hip = row(place, upper)
    total = (norm(bone(rest, lower, upper)) + norm(bone(rest, foot, lower))) * _REACH
    heel = bone(rest, toes, foot)
    ball = add(ankle, rotate(sole, heel))
    tilted, target = sole, ankle
    if norm(sub(target, hip)) > total:
        # The turn about the ball that brings the ankle nearest to the hip; no more helps.
        near = rotate(inverse(sole), sub(hip, ball))
        best = math.atan2(heel[2] * near[1] - heel[1] * near[2], -dot_yz(heel, near))
        low, high = 0.0, min(max(best, 0.0), 0.9)
        for _ in range(12):
            middle = (low + high) / 2
            tilted = mul(sole, exp((middle, 0.0, 0.0)))
            target = sub(ball, rotate(tilted, heel))
            if norm(sub(target, hip)) > total:
                low = middle
            else:
                high = middle
    miss = limb(rest, (upper, lower, foot), target, pole, (0.0, 0.0, 1.0), world, place)
    put_turn(world, foot, tilted)
    carry(rest, world, place, toes, foot)
    put_turn(world, toes, sole)
    return miss


@inner
def finish(rest: F64, fingers: F64, world: F64, place: F64, rotations: F32, matrices: F32) -> None:
    """Fill local rotations (52, 4) and skinning matrices (52, 3, 4).

    ``fingers`` (30, 4) are the local rotations of the bones from ``CORE`` on.
    """
    for j in range(CORE, rest.shape[0]):
        put_turn(world, j, mul(turn_row(world, _PARENTS[j]), turn_row(fingers, j - CORE)))
        carry(rest, world, place, j, _PARENTS[j])
    for j in range(rest.shape[0]):
        q = turn_row(world, j)
        _local(q, turn_row(world, _PARENTS[j]) if j > 0 else (0.0, 0.0, 0.0, 1.0), rotations, j)
        for b in range(3):
            x, y = 1.0 if b == 0 else 0.0, 1.0 if b == 1 else 0.0
            axis = rotate(q, (x, y, 1.0 - x - y))
            matrices[j, 0, b], matrices[j, 1, b], matrices[j, 2, b] = axis
        shift = sub(row(place, j), rotate(q, row(rest, j)))
        matrices[j, 0, 3], matrices[j, 1, 3], matrices[j, 2, 3] = shift


@inner
def _local(turn: Turn, parent: Turn, rotations: F32, j: int) -> None:
    """Write a rotation relative to its parent's, with w >= 0."""
    q = mul(inverse(parent), turn)
    sign = 1.0 if q[3] >= 0 else -1.0
    for k in range(4):
        rotations[j, k] = q[k] * sign
