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

from . import gait, ik
from .avatar import Avatar
from .errors import PoseError
from .skin import PoseState, rest_pose
from .vrm import BONES, INDEX

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Transform = Sequence[float]
"""Position x, y, z and rotation quaternion x, y, z, w."""

HEAD_HEIGHT: Final = (0.10, 2.60)
REACH: Final = 100.0
"""Positions further from the origin than this are refused, metres."""

# Rows of the per-hand state.
_SHOWN, _LOST, _PLACE, _TURN, _POLE, _GAP, _GAP_TURN, _WIDTH = 0, 1, 2, 5, 9, 12, 15, 18
# The per-body state.
_READY, _YAW, _HX, _HZ, _VX, _VZ = range(6)

_HOLD = 0.25
_FADE = 0.6
_BRIDGE = 0.12
_GLITCH = 9.0
_TELEPORT = 1.5


class Tracker:
    """Holds one visitor's pose over time.

    Args:
        avatar: whose body follows.
    """

    def __init__(self, avatar: Avatar) -> None:
        self._rest = avatar.joints.astype(np.float64)
        self._eye = avatar.eyes.astype(np.float64).mean(axis=0)
        self._palms = np.stack([_palm(self._rest, side) for side in ("left", "right")])
        self._body = np.zeros(6)
        self._feet = np.zeros((2, gait.WIDTH))
        self._hands = np.zeros((2, _WIDTH))
        self._hands[:, _TURN + 3] = 1.0
        self._time = -math.inf
        self._given = np.zeros((3, 7))
        self._world = np.zeros((len(BONES), 3, 3))
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
        checked = np.zeros((3, 7))
        tracked = (True, left is not None, right is not None)
        for row, (name, given) in enumerate((("head", head), ("left", left), ("right", right))):
            checked[row, 6] = 1.0
            if given is not None:
                checked[row] = _checked(name, given)
        if not HEAD_HEIGHT[0] <= checked[0, 1] <= HEAD_HEIGHT[1]:
            raise PoseError(
                "the headset is not at a head's height: is the floor set?",
                field="head.y",
                expected=f"{HEAD_HEIGHT[0]} to {HEAD_HEIGHT[1]} m above the floor",
                got=f"{checked[0, 1]:.2f} m",
            )
        dt = 0.0 if math.isinf(self._time) else time - self._time
        self._time = time
        rotations = np.empty((len(BONES), 4), dtype=np.float32)
        matrices = np.empty((len(BONES), 3, 4), dtype=np.float32)
        _advance(
            self._rest,
            self._eye,
            self._palms,
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
        hand = INDEX[f"{side}Hand"]
        offset = self._palms[0 if side == "left" else 1, 0]
        return np.asarray(self._place[hand] + self._world[hand] @ offset, dtype=np.float64)

    def eye(self) -> F64:
        """Place between the eyes in the last frame, (3,) float64."""
        head = INDEX["head"]
        offset = self._eye - self._rest[head]
        return np.asarray(self._place[head] + self._world[head] @ offset, dtype=np.float64)


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
    if abs(length - 1.0) > 0.02:
        raise PoseError(
            "a rotation has no unit length",
            field=f"{name}.rotation",
            expected="a unit quaternion x, y, z, w",
            got=f"length {length:.3f}",
        )
    values[3:] /= length
    return values


def _palm(rest: F64, side: str) -> F64:
    """Rows: palm centre, finger direction and thumb side of a hand at rest, from its joint."""
    hand, middle = rest[INDEX[f"{side}Hand"]], rest[INDEX[f"{side}MiddleProximal"]]
    index, little = rest[INDEX[f"{side}IndexProximal"]], rest[INDEX[f"{side}LittleProximal"]]
    return np.stack([(middle - hand) * 0.85, middle - hand, index - little])


@njit(cache=True, nogil=True)
def _advance(
    rest: F64,
    eye: F64,
    palms: F64,
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
    look = ik.matrix(given[0, 3:]) @ ik.heading(math.pi)
    head = given[0, :3] - look @ (eye - rest[ik.HEAD])
    moved = math.hypot(head[0] - body[_HX], head[2] - body[_HZ])
    fresh = body[_READY] == 0 or moved > _TELEPORT
    aim = _aim(look)
    if fresh:
        body[_YAW], body[_VX], body[_VZ] = aim, 0.0, 0.0
    else:
        body[_YAW] += gait.wrap(aim - body[_YAW]) * (1 - math.exp(-dt / 0.22))
        body[_YAW] = aim - min(max(gait.wrap(aim - body[_YAW]), -1.1), 1.1)
        if dt > 0:
            share = 1 - math.exp(-dt / 0.10)
            body[_VX] += ((head[0] - body[_HX]) / dt - body[_VX]) * share
            body[_VZ] += ((head[2] - body[_HZ]) / dt - body[_VZ]) * share
    body[_HX], body[_HZ] = head[0], head[2]
    yaw = body[_YAW]
    ik.trunk(rest, head, look, yaw, world, place)
    high = place[ik.HIPS, 1] - rest[ik.HIPS, 1]
    if high > 0:
        for j in range(ik.HEAD + 1):
            place[j, 1] -= high
    facing = ik.heading(yaw)
    wanted = np.empty((2, 2))
    for s in range(2):
        foot = rest[ik.LEGS[s, 2]]
        for row, axis in enumerate((0, 2)):
            under = 0.65 * place[ik.HIPS, axis] + 0.35 * place[ik.HEAD, axis]
            wanted[s, row] = under + facing[axis, 0] * foot[0] * 0.60 - facing[axis, 2] * 0.02
    if fresh:
        gait.plant(feet, wanted, yaw)
    else:
        gait.walk(feet, wanted, yaw, body[_VX], body[_VZ], dt)
    for s in range(2):
        foot = rest[ik.LEGS[s, 2]]
        ankle = np.array([feet[s, gait.X], foot[1] + feet[s, gait.LIFT], feet[s, gait.Z]])
        tilt = np.zeros(3)
        tilt[0] = feet[s, gait.PITCH]
        sole = ik.heading(feet[s, gait.YAW]) @ ik.turn(tilt)
        knee = feet[s, gait.YAW] + 0.5 * gait.wrap(yaw - feet[s, gait.YAW])
        out = 0.18 if s == 0 else -0.18
        miss[2 + s] = ik.leg(rest, s, ankle, sole, knee + out, world, place)
    for s in range(2):
        miss[s] = _hand(
            rest,
            s,
            palms[s],
            given[1 + s],
            tracked[1 + s],
            dt,
            fresh,
            facing,
            hands[s],
            world,
            place,
        )
    body[_READY] = 1.0
    ik.finish(rest, world, rotations, matrices, place)


@njit(cache=True, nogil=True)
def _aim(look: F64) -> float:
    """Heading of the face, also while it looks straight up or down."""
    forward, up = look[:, 2], look[:, 1]
    steep = min(max((abs(forward[1]) - 0.6) / 0.4, 0.0), 1.0)
    sign = -1.0 if forward[1] > 0 else 1.0
    x = forward[0] * (1 - steep) + sign * up[0] * steep
    z = forward[2] * (1 - steep) + sign * up[2] * steep
    return math.atan2(x, z)


@njit(cache=True, nogil=True)
def _hand(
    rest: F64,
    side: int,
    palm: F64,
    given: F64,
    tracked: bool,
    dt: float,
    fresh: bool,
    facing: F64,
    hand: F64,
    world: F64,
    place: F64,
) -> float:
    """One arm: the tracked hand, or the way to and from hanging at the side."""
    out = 1.0 if side == 0 else -1.0
    origin = place[ik.UPPER_CHEST]
    grip = ik.frame(palm[1], palm[2])
    if tracked:
        turn = ik.matrix(given[3:])
        goal = ik.frame(-turn[:, 2].copy(), turn[:, 1].copy()) @ grip.T
        wrist = given[:3] - goal @ palm[0]
        near = facing.T @ (wrist - origin)
        local = facing.T @ goal
        before = hand[_PLACE : _PLACE + 3] + hand[_GAP : _GAP + 3]
        jump = math.sqrt(((near - before) ** 2).sum())
        if fresh or hand[_SHOWN] <= 0.0:
            hand[_GAP : _GAP_TURN + 3] = 0.0
        elif hand[_LOST] > 0 or jump > _GLITCH * dt + 0.05:
            old = ik.matrix(hand[_TURN : _TURN + 4])
            hand[_GAP : _GAP + 3] = before - near
            swing = hand[_GAP_TURN : _GAP_TURN + 3].copy()
            hand[_GAP_TURN : _GAP_TURN + 3] = ik.turned(local.T @ (old @ ik.turn(swing)))
        hand[_PLACE : _PLACE + 3] = near
        ik.quaternion(local, hand[_TURN : _TURN + 4])
        hand[_LOST] = 0.0
        hand[_SHOWN] = 1.0 if fresh else min(1.0, hand[_SHOWN] + dt / _FADE)
    else:
        hand[_LOST] += dt
        if fresh:
            hand[_SHOWN] = 0.0
        elif hand[_LOST] > _HOLD:
            hand[_SHOWN] = max(0.0, hand[_SHOWN] - dt / _FADE)
    fade = math.exp(-dt / _BRIDGE)
    for k in range(_GAP, _GAP_TURN + 3):
        hand[k] *= fade
    shown = hand[_SHOWN] * hand[_SHOWN] * (3 - 2 * hand[_SHOWN])
    upper, lower, end = ik.ARMS[side, 1], ik.ARMS[side, 2], ik.ARMS[side, 3]
    one, two = rest[lower] - rest[upper], rest[end] - rest[lower]
    length = math.sqrt((one * one).sum()) + math.sqrt((two * two).sum())
    chest = world[ik.UPPER_CHEST]
    hang = facing.T @ (chest @ (rest[upper] - rest[ik.UPPER_CHEST]))
    hang = hang + np.array([out * 0.18, -0.955, 0.10]) * length
    down, ahead = np.array([-out * 0.08, -1.0, 0.12]), np.array([0.0, 0.1, 1.0])
    goal = ik.frame(down, ahead) @ grip.T
    if shown > 0:
        swing = hand[_GAP_TURN : _GAP_TURN + 3].copy()
        seen = ik.matrix(hand[_TURN : _TURN + 4]) @ ik.turn(swing)
        goal = ik.blend(goal, seen, shown)
        hang = hang + (hand[_PLACE : _PLACE + 3] + hand[_GAP : _GAP + 3] - hang) * shown
    wrist = origin + facing @ hang
    goal = facing @ goal
    pole = np.array([out * 0.55, -0.80, -0.50])
    way = hang - facing.T @ (chest @ (rest[upper] - rest[ik.UPPER_CHEST]))
    pole = pole - way * ((pole * way).sum() / max((way * way).sum(), 1e-9))
    pole = pole / math.sqrt((pole * pole).sum() + 1e-12)
    kept = hand[_POLE : _POLE + 3]
    if fresh:
        kept[:] = pole
    else:
        kept += (pole - kept) * (1 - math.exp(-dt / 0.06))
    miss: float = ik.arm(rest, side, wrist, goal, facing @ kept, world, place)
    return miss
