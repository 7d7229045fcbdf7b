"""Three-point inverse kinematics: head, two hands and two feet to a whole body.

Pure geometry on small float64 arrays, compiled; rotations are 3x3 world matrices that carry the
rest pose (body facing +Z, Y up) to the posed one. The state over time is :mod:`pose`'s business.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .vrm import INDEX, PARENTS

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

_PARENTS = np.array(PARENTS, dtype=np.int64)
HIPS, SPINE, CHEST, UPPER_CHEST, NECK, HEAD = 0, 1, 2, 3, 4, 5
ARMS = np.array(
    [
        [INDEX[s + b] for b in ("Shoulder", "UpperArm", "LowerArm", "Hand")]
        for s in ("left", "right")
    ]
)
LEGS = np.array(
    [[INDEX[s + b] for b in ("UpperLeg", "LowerLeg", "Foot", "Toes")] for s in ("left", "right")]
)
_CORE = np.concatenate([np.arange(6), ARMS.ravel(), LEGS.ravel()])
_CLAVICLE_LIMIT = 0.35
_WRIST_LIMIT = 1.3
_REACH = 0.9995


@njit(cache=True, nogil=True)
def matrix(q: F64) -> F64:
    """Unit quaternion (x, y, z, w) to a 3x3 rotation."""
    x, y, z, w = q[0], q[1], q[2], q[3]
    r = np.empty((3, 3))
    r[0, 0] = 1 - 2 * (y * y + z * z)
    r[0, 1] = 2 * (x * y - z * w)
    r[0, 2] = 2 * (x * z + y * w)
    r[1, 0] = 2 * (x * y + z * w)
    r[1, 1] = 1 - 2 * (x * x + z * z)
    r[1, 2] = 2 * (y * z - x * w)
    r[2, 0] = 2 * (x * z - y * w)
    r[2, 1] = 2 * (y * z + x * w)
    r[2, 2] = 1 - 2 * (x * x + y * y)
    return r


@njit(cache=True, nogil=True)
def quaternion(r: F64, q: F64) -> None:
    """3x3 rotation to a unit quaternion (x, y, z, w) with w >= 0, into ``q``."""
    trace = r[0, 0] + r[1, 1] + r[2, 2]
    if trace > 0:
        s = 2 * math.sqrt(trace + 1)
        q[3], q[0] = s / 4, (r[2, 1] - r[1, 2]) / s
        q[1], q[2] = (r[0, 2] - r[2, 0]) / s, (r[1, 0] - r[0, 1]) / s
    elif r[0, 0] > r[1, 1] and r[0, 0] > r[2, 2]:
        s = 2 * math.sqrt(max(1e-12, 1 + r[0, 0] - r[1, 1] - r[2, 2]))
        q[3], q[0] = (r[2, 1] - r[1, 2]) / s, s / 4
        q[1], q[2] = (r[0, 1] + r[1, 0]) / s, (r[0, 2] + r[2, 0]) / s
    elif r[1, 1] > r[2, 2]:
        s = 2 * math.sqrt(max(1e-12, 1 + r[1, 1] - r[0, 0] - r[2, 2]))
        q[3], q[0] = (r[0, 2] - r[2, 0]) / s, (r[0, 1] + r[1, 0]) / s
        q[1], q[2] = s / 4, (r[1, 2] + r[2, 1]) / s
    else:
        s = 2 * math.sqrt(max(1e-12, 1 + r[2, 2] - r[0, 0] - r[1, 1]))
        q[3], q[0] = (r[1, 0] - r[0, 1]) / s, (r[0, 2] + r[2, 0]) / s
        q[1], q[2] = (r[1, 2] + r[2, 1]) / s, s / 4
    n = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    if q[3] < 0:
        n = -n
    for k in range(4):
        q[k] /= n


@njit(cache=True, nogil=True)
def turn(v: F64) -> F64:
    """Rotation vector (axis times angle) to a 3x3 rotation."""
    angle = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    q = np.zeros(4)
    q[3] = 1.0
    if angle > 1e-12:
        s = math.sin(angle / 2) / angle
        q[0], q[1], q[2], q[3] = v[0] * s, v[1] * s, v[2] * s, math.cos(angle / 2)
    rotation: F64 = matrix(q)
    return rotation


@njit(cache=True, nogil=True)
def turned(r: F64) -> F64:
    """3x3 rotation to its rotation vector."""
    q = np.empty(4)
    quaternion(r, q)
    s = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2])
    scale = 2.0 if s < 1e-9 else 2 * math.atan2(s, q[3]) / s
    return q[:3] * scale


@njit(cache=True, nogil=True)
def heading(angle: float) -> F64:
    """Rotation about +Y."""
    r = np.zeros((3, 3))
    c, s = math.cos(angle), math.sin(angle)
    r[0, 0] = r[2, 2] = c
    r[0, 2], r[2, 0], r[1, 1] = s, -s, 1.0
    return r


@njit(cache=True, nogil=True)
def between(a: F64, b: F64) -> F64:
    """Rotation vector of the smallest turn from direction ``a`` to direction ``b``."""
    v = np.cross(a, b)
    s = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    c = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    if s < 1e-12:
        return np.zeros(3)
    return v * (math.atan2(s, c) / s)


@njit(cache=True, nogil=True)
def blend(a: F64, b: F64, share: float) -> F64:
    """Rotation ``share`` of the way from ``a`` to ``b``."""
    rotation: F64 = a @ turn(turned(a.T @ b) * share)
    return rotation


@njit(cache=True, nogil=True)
def frame(along: F64, side: F64) -> F64:
    """Orthonormal columns: ``along``, then ``side`` made square to it, then their cross."""
    r = np.empty((3, 3))
    x = along / math.sqrt((along * along).sum() + 1e-18)
    y = side - x * (x * side).sum()
    n = math.sqrt((y * y).sum())
    if n < 1e-9:
        helper = np.zeros(3)
        helper[0 if abs(x[0]) < 0.8 else 1] = 1.0
        y = helper - x * (x * helper).sum()
        n = math.sqrt((y * y).sum())
    y = y / n
    r[:, 0], r[:, 1], r[:, 2] = x, y, np.cross(x, y)
    return r


@njit(cache=True, nogil=True)
def limb(
    start: F64, target: F64, pole: F64, rest: F64, rest_pole: F64, upper: F64, lower: F64
) -> float:
    """Two bones to a target by the law of cosines.

    Args:
        start: place of the first joint.
        target: where the third joint should be.
        pole: where the second joint should point.
        rest: (3, 3) rest places of the three joints, one a row.
        rest_pole: where the second joint points at rest.
        upper, lower: filled with the world rotations of the two bones.

    Returns:
        How far the target is out of reach, metres.
    """
    one, two = rest[1] - rest[0], rest[2] - rest[1]
    a, b = math.sqrt((one * one).sum()), math.sqrt((two * two).sum())
    way = target - start
    distance = math.sqrt((way * way).sum())
    held = min(max(distance, abs(a - b) + 1e-3), (a + b) * _REACH)
    cosine = (a * a + held * held - b * b) / (2 * a * held)
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    plane = frame(way, pole)
    first = plane[:, 0] * cosine + plane[:, 1] * sine
    second = (plane[:, 0] * held - first * a) / b
    upper[:] = frame(first, plane[:, 1]) @ frame(one, rest_pole).T
    lower[:] = frame(second, plane[:, 1]) @ frame(two, rest_pole).T
    return distance - held


@njit(cache=True, nogil=True)
def trunk(rest: F64, head: F64, look: F64, yaw: float, world: F64, place: F64) -> None:
    """Hips, spine, neck and head, so that the head joint lies at ``head``.

    Args:
        rest: (52, 3) rest places.
        head: (3,) wanted place of the head joint.
        look: (3, 3) wanted world rotation of the head.
        yaw: heading of the body.
        world: (52, 3, 3), filled for the six bones of the trunk.
        place: (52, 3), filled for the same.
    """
    facing = heading(yaw)
    down = min(max(-look[1, 2], 0.0), 1.0)
    drop = max(0.0, rest[HEAD, 1] - head[1])
    knees = 0.80 - 0.45 * down * max(0.0, 1 - drop / 0.6)
    hips = np.empty(3)
    hips[1] = max(0.14, rest[HIPS, 1] - drop * knees)
    up = rest[HEAD, 1] - rest[HIPS, 1]
    lean = math.acos(min(1.0, max(0.15, (head[1] - hips[1]) / up)))
    back = up * math.sin(lean)
    offset = rest[HEAD] - rest[HIPS]
    for k in (0, 2):
        hips[k] = head[k] - facing[k, 0] * offset[0] - facing[k, 2] * (offset[2] + back)
    pitch = np.zeros(3)
    pitch[0] = 0.35 * lean
    world[HIPS] = facing @ turn(pitch)
    place[HIPS] = hips
    bend = np.zeros(3)
    for _ in range(4):
        for step in range(3):
            world[SPINE + step] = turn(bend * ((step + 1) / 3)) @ world[HIPS]
        world[NECK] = blend(world[UPPER_CHEST], look, 0.45)
        for j in range(SPINE, HEAD + 1):
            place[j] = place[j - 1] + world[j - 1] @ (rest[j] - rest[j - 1])
        more = between(place[HEAD] - hips, head - hips)
        bend += 1.35 * more
        size = math.sqrt((bend * bend).sum())
        if size > 1.6:
            bend *= 1.6 / size
    world[HEAD] = look
    shift = head - place[HEAD]
    for j in range(HEAD + 1):
        place[j] += shift


@njit(cache=True, nogil=True)
def arm(rest: F64, side: int, wrist: F64, hand: F64, pole: F64, world: F64, place: F64) -> float:
    """Clavicle, arm and hand, after :func:`trunk`; returns how far the wrist is out of reach.

    Args:
        wrist: (3,) wanted place of the hand joint.
        hand: (3, 3) wanted world rotation of the hand.
        pole: (3,) where the elbow should point, world.
    """
    shoulder, upper, lower, end = ARMS[side]
    chest = world[UPPER_CHEST]
    place[shoulder] = place[UPPER_CHEST] + chest @ (rest[shoulder] - rest[UPPER_CHEST])
    still = place[shoulder] + chest @ (rest[upper] - rest[shoulder])
    way, bone = wrist - still, still - place[shoulder]
    length = math.sqrt((way * way).sum()) + 1e-9
    total = _length(rest, upper, lower) + _length(rest, lower, end)
    lift = between(bone, way)
    angle = math.sqrt((lift * lift).sum())
    far = min(1.0, max(0.0, (length / total - 0.6) / 0.5))
    allowed = _CLAVICLE_LIMIT * far * math.sin(min(angle, math.pi) / 2)
    if angle > 1e-6:
        lift *= min(1.0, allowed / angle)
    world[shoulder] = turn(lift) @ chest
    place[upper] = place[shoulder] + world[shoulder] @ (rest[upper] - rest[shoulder])
    joints = np.empty((3, 3))
    joints[0], joints[1], joints[2] = rest[upper], rest[lower], rest[end]
    straight = rest[end] - rest[upper]
    out = rest[lower] - rest[upper]
    rest_pole = out - straight * ((out * straight).sum() / (straight * straight).sum())
    miss: float = limb(place[upper], wrist, pole, joints, rest_pole, world[upper], world[lower])
    place[lower] = place[upper] + world[upper] @ (rest[lower] - rest[upper])
    place[end] = place[lower] + world[lower] @ (rest[end] - rest[lower])
    # Part of the hand's roll is the forearm's.
    relative = turned(world[lower].T @ hand)
    bone = rest[end] - rest[lower]
    bone = bone / math.sqrt((bone * bone).sum())
    roll = (relative * bone).sum()
    world[lower] = world[lower] @ turn(bone * (0.45 * min(max(roll, -1.6), 1.6)))
    relative = turned(world[lower].T @ hand)
    angle = math.sqrt((relative * relative).sum())
    world[end] = world[lower] @ turn(relative * min(1.0, _WRIST_LIMIT / max(angle, 1e-9)))
    return miss


@njit(cache=True, nogil=True)
def _length(rest: F64, a: int, b: int) -> float:
    d = rest[b] - rest[a]
    return math.sqrt((d * d).sum())


@njit(cache=True, nogil=True)
def leg(rest: F64, side: int, ankle: F64, sole: F64, yaw: float, world: F64, place: F64) -> float:
    """Leg, foot and toes, after :func:`trunk`; lifts the heel where the leg is too short.

    Args:
        ankle: (3,) wanted place of the foot joint.
        sole: (3, 3) wanted world rotation of the foot.
        yaw: heading that the knee points to.

    Returns:
        How far the ankle is out of reach even with the heel lifted, metres.
    """
    upper, lower, foot, toes = LEGS[side]
    place[upper] = place[HIPS] + world[HIPS] @ (rest[upper] - rest[HIPS])
    joints = np.empty((3, 3))
    joints[0], joints[1], joints[2] = rest[upper], rest[lower], rest[foot]
    total = (_length(rest, upper, lower) + _length(rest, lower, foot)) * _REACH
    ball = ankle + sole @ (rest[toes] - rest[foot])
    tilted, target = sole.copy(), ankle.copy()
    way = ankle - place[upper]
    if (way * way).sum() > total * total:
        low, high = 0.0, 0.9
        axis = np.zeros(3)
        for _ in range(12):
            axis[0] = (low + high) / 2
            tilted = sole @ turn(axis)
            target = ball - tilted @ (rest[toes] - rest[foot])
            way = target - place[upper]
            if (way * way).sum() > total * total:
                low = axis[0]
            else:
                high = axis[0]
    pole = heading(yaw)[:, 2].copy()
    rest_pole = np.zeros(3)
    rest_pole[2] = 1.0
    miss: float = limb(place[upper], target, pole, joints, rest_pole, world[upper], world[lower])
    place[lower] = place[upper] + world[upper] @ (rest[lower] - rest[upper])
    place[foot] = place[lower] + world[lower] @ (rest[foot] - rest[lower])
    world[foot] = tilted
    place[toes] = place[foot] + tilted @ (rest[toes] - rest[foot])
    world[toes] = sole
    return miss


@njit(cache=True, nogil=True)
def finish(rest: F64, world: F64, rotations: F32, matrices: F32, place: F64) -> None:
    """World rotations of the core bones to local quaternions and skinning matrices of all 52.

    Fingers rest in their hands.
    """
    done = np.zeros(rest.shape[0], dtype=np.bool_)
    for j in _CORE:
        done[j] = True
    q = np.empty(4)
    for j in range(rest.shape[0]):
        p = _PARENTS[j]
        if not done[j]:
            world[j] = world[p]
            place[j] = place[p] + world[p] @ (rest[j] - rest[p])
        quaternion(world[p].T @ world[j] if p >= 0 else world[j], q)
        for k in range(4):
            rotations[j, k] = q[k]
        for a in range(3):
            shift = place[j, a]
            for b in range(3):
                matrices[j, a, b] = world[j, a, b]
                shift -= world[j, a, b] * rest[j, b]
            matrices[j, a, 3] = shift
