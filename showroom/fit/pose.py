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

from . import follow, gait, hand, ik, legs, streamed
from .avatar import Avatar
from .directions import turns_from_places
from .errors import PoseError
from .measure import landmarks
from .skin import PoseState, rest_pose
from .stream import REACH, UNIT, Stream
from .tpose import ROWS, t_pose
from .vrm import BONES, INDEX

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Flags = NDArray[np.bool_]
Transform = Sequence[float]
"""Position x, y, z and rotation quaternion x, y, z, w."""

HEAD_HEIGHT: Final = (0.10, 2.60)

_FASTEST = 12.0
"""No head moves faster than this, metres per second."""

_FOREARM: Final = 0.03
"""Half as thick as a forearm is, about, metres."""

_SETTLED = 3
"""So many frames at a new place make a jump believable: the play space has a new origin."""


class Tracker:
    """Holds one visitor's pose over time.

    Args:
        avatar: whose body follows.
    """

    def __init__(self, avatar: Avatar) -> None:
        self._rest = np.ascontiguousarray(avatar.joints, dtype=np.float64)
        self._anchors = _anchors(self._rest, avatar)
        self._t_pose = t_pose(self._rest)
        self._body = np.zeros(follow.BODY)
        self._trunk = np.zeros((streamed.TRUNK_ROWS, 4))
        self._feet = np.zeros((2, gait.WIDTH))
        self._ankles = np.zeros((2, legs.ROWS, 4))
        self._hands = np.zeros((2, hand.ROWS, 4))
        self._fingers = np.tile([0.0, 0.0, 0.0, 1.0], (len(BONES) - ik.CORE, 1))
        self._turns = np.zeros((len(BONES), 4))
        self._turned = np.zeros(len(BONES), dtype=np.bool_)
        self._time = -math.inf
        self._away: tuple[F64, int] | None = None
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
        stream: Stream | None = None,
    ) -> PoseState:
        """Take one frame of tracking.

        Args:
            head: the headset's transform.
            left, right: the controllers', or None while one is not tracked: its hand sinks to the
                side of the body, and comes back without a jump.
            time: the client's clock in seconds, never going back.
            stream: more joints, where a system tracks them: what it has of trunk, legs, arms and
                fingers is followed; the eyes stay where the headset is.

        Raises:
            PoseError: a number is not finite, a quaternion has no unit length, a place is out of
                range, the head has jumped or time goes back; the state stays as it was. A jump is
                believed once the head has stayed at its new place for some frames.
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
        self._believe(checked[0, :3], dt)
        joints = stream or _NO_STREAM
        turns, turned = joints.turns, joints.turned
        rotating = bool(turned.any())
        if stream is not None and not rotating:
            turns, turned = self._turns, self._turned
            turns_from_places(self._t_pose.ways, stream.places, stream.placed, turns, turned)
        self._time = float(time)
        rotations = np.empty((len(BONES), 4), dtype=np.float32)
        matrices = np.empty((len(BONES), 3, 4), dtype=np.float32)
        follow.advance(
            self._rest,
            self._anchors,
            self._t_pose.turns,
            checked,
            np.array(tracked),
            joints.places,
            joints.placed,
            turns,
            turned,
            rotating,
            dt,
            self._body,
            self._trunk,
            self._feet,
            self._ankles,
            self._hands,
            self._fingers,
            self._world,
            self._place,
            rotations,
            matrices,
            self.miss,
        )
        root = self._place[0].astype(np.float32)
        self.state = PoseState(root, rotations, matrices, time, tracked)
        return self.state

    def _believe(self, head: F64, dt: float) -> None:
        """Refuse a head that has jumped, until it stays where it is now."""
        x, z = head[0] - self._body[follow.HX], head[2] - self._body[follow.HZ]
        far, reach = math.hypot(x, z), max(follow.TELEPORT, _FASTEST * dt)
        if self._body[follow.READY] == 0 or far <= reach:
            self._away = None
            return
        place, count = self._away or (head, 0)
        near = float(np.linalg.norm(head - place)) < 0.5
        count = count + 1 if near else 1
        self._away = (head.copy(), count)
        if count < _SETTLED:
            raise PoseError(
                "the head has jumped",
                field="head.position",
                expected=f"within {reach:.2f} m of the last place, or {_SETTLED} frames there",
                got=f"{far:.2f} m away",
            )
        self._away = None

    @property
    def seated(self) -> bool:
        """Whether the body is taken to sit."""
        return bool(self._body[follow.SEATED] > 0.5)

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


_NO_STREAM: Final = Stream(np.zeros((ROWS, 3)), np.zeros(ROWS, dtype=np.bool_))


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
        if not abs(length - 1.0) <= UNIT:
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
    if abs(length - 1.0) > UNIT:
        raise PoseError(
            "a rotation has no unit length",
            field=f"{name}.rotation",
            expected="a unit quaternion x, y, z, w",
            got=f"length {length:.3f}",
        )
    values[3:] /= length
    return values


def _anchors(rest: F64, avatar: Avatar) -> F64:
    """What is known of the body at rest: (8, 3) float64, metres.

    Rows: the place between the eyes from the head joint; then of the left and the right hand the
    palm's centre from the hand joint, the direction of the fingers and that of the thumb's side;
    then half width and half depth of what an elbow goes round, and how far from the middle a
    wrist is that hangs beside the hips.
    """
    rows = [avatar.eyes.astype(np.float64).mean(axis=0) - rest[INDEX["head"]]]
    for side in ("left", "right"):
        ahead = rest[INDEX[f"{side}MiddleProximal"]] - rest[INDEX[f"{side}Hand"]]
        thumb = rest[INDEX[f"{side}IndexProximal"]] - rest[INDEX[f"{side}LittleProximal"]]
        rows += [ahead * 0.85, ahead, thumb]
    waist = avatar.form.vertices[landmarks().waist_ring].astype(np.float64)
    half = (np.ptp(waist, axis=0) / 2)[[0, 2]] + _FOREARM
    places = avatar.form.vertices
    low, high = rest[INDEX["leftLowerLeg"], 1], rest[INDEX["hips"], 1]
    legs = np.abs(places[(places[:, 1] > 0.4 * low + 0.6 * high) & (places[:, 1] < high)][:, 0])
    trunk = legs[legs < rest[INDEX["leftHand"], 0] - 2 * _FOREARM]
    return np.stack([*rows, np.array([*half, float(trunk.max()) + 2 * _FOREARM])])
