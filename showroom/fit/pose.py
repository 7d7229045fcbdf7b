"""From a headset and two controllers to a whole body, frame after frame.

Play space as in OpenXR and WebXR: metres, Y up, the headset looks along its own -Z, a controller
points along its own -Z with +Y on the thumb's side (the *aim* pose). Positions of the headset are
between the eyes, of a controller in the palm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from . import gait, hand, ik
from .avatar import Avatar
from .errors import PoseError
from .skin import PoseState, rest_pose
from .turns import (
    Turn,
    Vector,
    exp,
    heading,
    inner,
    inverse,
    mul,
    rotate,
    row,
    square,
    sub,
)
from .vrm import BONES, INDEX

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Transform = Sequence[float]
"""Position x, y, z and rotation quaternion x, y, z, w."""

HEAD_HEIGHT: Final = (0.10, 2.60)
REACH: Final = 100.0
"""Positions further from the origin than this are refused, metres."""

_UNIT: Final = 0.02
"""How far a quaternion's length may be from one."""

# The per-body state.
_READY, _YAW, _HX, _HZ, _VX, _VZ = range(6)

_TELEPORT = 1.5


class Tracker:
    """Holds one visitor's pose over time.

    Args:
        avatar: whose body follows.
    """

    def __init__(self, avatar: Avatar) -> None:
        self._rest = np.ascontiguousarray(avatar.joints, dtype=np.float64)
        self._anchors = _anchors(self._rest, avatar.eyes)
        self._body = np.zeros(6)
        self._feet = np.zeros((2, gait.WIDTH))
        self._hands = np.zeros((2, hand.ROWS, 4))
        self._time = -math.inf
        self._world = np.zeros((len(BONES), 4))
        self._world[:, 3] = 1.0
        self._place = np.zeros((len(BONES), 3))
        self.miss = np.zeros(4)
        """How far left and right hand and foot were out of reach in the last frame, metres."""
        self.state: PoseState = rest_pose(avatar.joints)
        """The last good pose; the rest pose before the first update."""

    def update(
        self,
        head: Transform,
        left: Transform | None,
        right: Transform | None,
        time: float,
    ) -> PoseState:
        """Take one frame of tracking.

        Args:
            head: the headset's transform.
            left, right: the controllers', or None while one is not tracked: its hand sinks to the
                side of the body, and comes back without a jump.
            time: the client's clock in seconds, never going back.

        Raises:
            PoseError: a number is not finite, a quaternion has no unit length, a place is out of
                range or time goes back; the state stays as it was.
        """
        if not math.isfinite(time) or time < self._time:
            raise PoseError(
                "the pose's time goes back",
                field="time",
                expected=f"a finite time from {max(self._time, 0.0):.3f} s on",
                got=f"{time}",
            )
        tracked = (True, left is not None, right is not None)
        checked = _all_checked(head, left, right)
        if not HEAD_HEIGHT[0] <= checked[0, 1] <= HEAD_HEIGHT[1]:
            raise PoseError(
                "the headset is not at a head's height: is the floor set?",
                field="head.y",
                expected=f"{HEAD_HEIGHT[0]} to {HEAD_HEIGHT[1]} m above the floor",
                got=f"{checked[0, 1]:.2f} m",
            )
        dt = 0.0 if math.isinf(self._time) else float(time - self._time)
        self._time = float(time)
        rotations = np.empty((len(BONES), 4), dtype=np.float32)
        matrices = np.empty((len(BONES), 3, 4), dtype=np.float32)
        _advance(
            self._rest,
            self._anchors,
            checked,
            np.array(tracked),
            dt,
            self._body,
            self._feet,
            self._hands,
            self._world,
            self._place,
            rotations,
            matrices,
            self.miss,
        )
        root = self._place[0].astype(np.float32)
        self.state = PoseState(root, rotations, matrices, time, tracked)
        return self.state

    @property
    def planted(self) -> tuple[bool, bool]:
        """Whether the left and the right foot stand on the floor."""
        left, right = (float(p) == gait.PLANTED for p in self._feet[:, gait.PHASE])
        return left, right

    def joint(self, bone: str) -> F64:
        """Place of one joint in the last frame, (3,) float64, play space."""
        return np.array(self._place[INDEX[bone]], dtype=np.float64)

    def palm(self, side: str) -> F64:
        """Place of a palm (``"left"`` or ``"right"``) in the last frame, (3,) float64."""
        return self._carried(f"{side}Hand", self._anchors[1 if side == "left" else 4])

    def eye(self) -> F64:
        """Place between the eyes in the last frame, (3,) float64."""
        return self._carried("head", self._anchors[0])

    def _carried(self, bone: str, offset: F64) -> F64:
        """Where a point is that lies at ``offset`` from a joint at rest, (3,) float64."""
        joint = INDEX[bone]
        axis, w = self._world[joint, :3], self._world[joint, 3]
        swung = 2 * np.cross(axis, offset)
        moved = self._place[joint] + offset + w * swung + np.cross(axis, swung)
        return np.asarray(moved, dtype=np.float64)


_NOWHERE: Final = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def _all_checked(head: Transform, left: Transform | None, right: Transform | None) -> F64:
    """The three transforms, (3, 7), rotations made unit; the identity where there is none."""
    given = (head, _NOWHERE if left is None else left, _NOWHERE if right is None else right)
    try:
        table = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.empty((0, 0))
    if table.shape == (3, 7) and _sound(table):
        return table
    rows = zip(("head", "left", "right"), given, strict=True)
    return np.stack([_checked(name, transform) for name, transform in rows])


@njit(cache=True, nogil=True, error_model="numpy")
def _sound(table: F64) -> bool:
    """Whether all transforms are usable; makes their rotations unit."""
    for i in range(table.shape[0]):
        for k in range(3):
            if not abs(table[i, k]) <= REACH:
                return False
        squares = 0.0
        for k in range(3, 7):
            squares += table[i, k] * table[i, k]
        length = math.sqrt(squares)
        if not abs(length - 1.0) <= _UNIT:
            return False
        for k in range(3, 7):
            table[i, k] /= length
    return True


def _checked(name: str, given: Transform) -> F64:
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (7,) or not np.isfinite(values).all():
        raise PoseError(
            "a pose is not seven finite numbers",
            field=name,
            expected="x, y, z, qx, qy, qz, qw",
            got="something else" if values.shape != (7,) else "a number that is not finite",
        )
    if np.abs(values[:3]).max() > REACH:
        raise PoseError(
            "a place is far out of the play space",
            field=f"{name}.position",
            expected=f"within {REACH:g} m of the origin",
            got=f"{np.abs(values[:3]).max():.0f} m",
        )
    length = math.sqrt(float(values[3:] @ values[3:]))
    if abs(length - 1.0) > _UNIT:
        raise PoseError(
            "a rotation has no unit length",
            field=f"{name}.rotation",
            expected="a unit quaternion x, y, z, w",
            got=f"length {length:.3f}",
        )
    values[3:] /= length
    return values


def _anchors(rest: F64, eyes: F32) -> F64:
    """What is tracked, at rest: (7, 3) float64, metres.

    Rows: the place between the eyes from the head joint; then of the left and the right hand the
    palm's centre from the hand joint, the direction of the fingers and that of the thumb's side.
    """
    rows = [eyes.astype(np.float64).mean(axis=0) - rest[INDEX["head"]]]
    for side in ("left", "right"):
        ahead = rest[INDEX[f"{side}MiddleProximal"]] - rest[INDEX[f"{side}Hand"]]
        thumb = rest[INDEX[f"{side}IndexProximal"]] - rest[INDEX[f"{side}LittleProximal"]]
        rows += [ahead * 0.85, ahead, thumb]
    return np.stack(rows)


@njit(cache=True, nogil=True, error_model="numpy")
def _advance(
    rest: F64,
    anchors: F64,
    given: F64,
    tracked: NDArray[np.bool_],
    dt: float,
    body: F64,
    feet: F64,
    hands: F64,
    world: F64,
    place: F64,
    rotations: F32,
    matrices: F32,
    miss: F64,
) -> None:
    """One frame: ``given`` transforms (3, 7) of head and hands to a whole body."""
    look = mul(_given_turn(given, 0), heading(math.pi))
    head = sub(row(given, 0), rotate(look, row(anchors, 0)))
    fresh = _turn_body(body, head, _aim(look), dt)
    yaw = body[_YAW]
    ik.trunk(rest, head, look, yaw, world, place)
    high = max(0.0, place[ik.HIPS, 1] - rest[ik.HIPS, 1])
    for j in range(ik.HEAD + 1):
        place[j, 1] -= high
    facing = heading(yaw)
    for s in range(2):
        foot = rotate(facing, (0.60 * rest[ik.LEG + 4 * s + 2, 0], 0.0, -0.02))
        for k in range(2):
            under = 0.65 * place[ik.HIPS, 2 * k] + 0.35 * place[ik.HEAD, 2 * k]
            feet[s, gait.WANT_X + k] = under + foot[2 * k]
    if fresh:
        gait.plant(feet, yaw)
    else:
        gait.walk(feet, yaw, body[_VX], body[_VZ], dt)
    for s in range(2):
        miss[2 + s] = _stand(rest, s, feet, yaw, world, place)
        grip = square(row(anchors, 2 + 3 * s), row(anchors, 3 + 3 * s))
        if tracked[1 + s]:
            # Fingers (+X) point along the controller's -Z, the thumb's side (+Y) is its own.
            goal = mul(mul(_given_turn(given, 1 + s), heading(math.pi / 2)), inverse(grip))
            wrist = sub(row(given, 1 + s), rotate(goal, row(anchors, 1 + 3 * s)))
            way = sub(wrist, row(place, ik.UPPER_CHEST))
            back = inverse(facing)
            hand.follow(hands[s], rotate(back, way), mul(back, goal), dt, fresh)
        else:
            hand.lose(hands[s], dt, fresh)
        miss[s] = hand.reach(rest, s, grip, hands[s], dt, fresh, facing, world, place)
    ik.finish(rest, world, place, rotations, matrices)


@inner
def _given_turn(given: F64, j: int) -> Turn:
    """Rotation of a tracked transform."""
    return given[j, 3], given[j, 4], given[j, 5], given[j, 6]


@inner
def _turn_body(body: F64, head: Vector, aim: float, dt: float) -> bool:
    """Turn the body after the face and measure its speed; True where it has just appeared."""
    x, z = head[0] - body[_HX], head[2] - body[_HZ]
    fresh = body[_READY] == 0 or math.sqrt(x * x + z * z) > _TELEPORT
    if fresh:
        body[_YAW], body[_VX], body[_VZ] = aim, 0.0, 0.0
    else:
        yaw = body[_YAW] + gait.wrap(aim - body[_YAW]) * (1 - math.exp(-dt / 0.22))
        body[_YAW] = aim - min(max(gait.wrap(aim - yaw), -1.1), 1.1)
        if dt > 0:
            share = 1 - math.exp(-dt / 0.10)
            body[_VX] += (x / dt - body[_VX]) * share
            body[_VZ] += (z / dt - body[_VZ]) * share
    body[_READY], body[_HX], body[_HZ] = 1.0, head[0], head[2]
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
def _stand(rest: F64, side: int, feet: F64, yaw: float, world: F64, place: F64) -> float:
    """One leg to where its foot is; returns how far that is out of reach, metres."""
    turned = feet[side, gait.YAW]
    height = rest[ik.LEG + 4 * side + 2, 1] + feet[side, gait.LIFT]
    ankle = (feet[side, gait.X], height, feet[side, gait.Z])
    sole = mul(heading(turned), exp((feet[side, gait.PITCH], 0.0, 0.0)))
    knee = turned + 0.5 * gait.wrap(yaw - turned) + (0.18 if side == 0 else -0.18)
    return ik.leg(rest, side, ankle, sole, knee, world, place)
