"""Eyes, fields of view and poses of a headset as plain numbers: no engine, no runtime.

Matrices are (4, 4) float64 and act on row vectors, as the engine's do: ``point @ matrix``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocol.limits import Transform

F64 = NDArray[np.float64]
Fov = tuple[float, float, float, float]
"""Angles left, right, up, down of the view axis, radians; left and down are mostly negative."""

NEAR, FAR = 0.04, 80.0


@dataclass(frozen=True)
class Eye:
    """One eye: where it is and what it sees."""

    pose: Transform
    fov: Fov


@dataclass(frozen=True, eq=False)
class StereoLens:
    """One camera's lens for two eyes.

    Attributes:
        head: (4, 4) the camera in the scene.
        cull: (4, 4) a projection from the camera's space that holds both eyes' frusta.
        eyes: (4, 4) for left and right: from the camera's space to each eye's clip space.
    """

    head: F64
    cull: F64
    eyes: tuple[F64, F64]


def transform_of(pose: Any) -> Transform:
    """An OpenXR pose as a transform, its quaternion made a unit one."""
    p, q = pose.position, pose.orientation
    length = math.sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w) or 1.0
    x, y, z, w = (float(v) / length for v in (q.x, q.y, q.z, q.w))
    return (float(p.x), float(p.y), float(p.z), x, y, z, w)


def shifted(pose: Transform, x: float, z: float) -> Transform:
    """A pose moved over the floor, metres."""
    return (pose[0] + x, pose[1], pose[2] + z, *pose[3:])


def yaw_of(pose: Transform) -> float:
    """Where a pose looks over the floor, radians about Y; 0 looks along -Z."""
    x, y, z, w = pose[3:]
    return math.atan2(2 * (x * z + y * w), 1 - 2 * (x * x + y * y))


def middle(eyes: Sequence[Eye]) -> Transform:
    """Where the head is: between the eyes, turned halfway between them."""
    left, right = (np.asarray(eye.pose) for eye in eyes)
    place = (left[:3] + right[:3]) / 2
    turn = left[3:] + (right[3:] if float(left[3:] @ right[3:]) >= 0 else -right[3:])
    turn = turn / np.linalg.norm(turn)
    x, y, z, qx, qy, qz, qw = (float(v) for v in (*place, *turn))
    return (x, y, z, qx, qy, qz, qw)


def matrix_of(pose: Transform) -> F64:
    """A pose as a (4, 4) matrix for row vectors."""
    x, y, z, w = pose[3:]
    made = np.eye(4)
    made[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)],
        [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)],
        [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)],
    ]
    made[3, :3] = pose[:3]
    return made


def _undone(pose: F64) -> F64:
    """The inverse of a pose's matrix: turned back and moved back."""
    made = np.eye(4)
    made[:3, :3] = pose[:3, :3].T
    made[3, :3] = -pose[3, :3] @ made[:3, :3]
    return made


def projection(fov: Fov, near: float = NEAR, far: float = FAR) -> F64:
    """OpenGL's off-axis perspective (depth -1 to 1) of a field of view, for row vectors."""
    left, right, up, down = (math.tan(a) for a in fov)
    made = np.zeros((4, 4))
    made[0, 0] = 2 / (right - left)
    made[1, 1] = 2 / (up - down)
    made[2] = [
        (right + left) / (right - left),
        (up + down) / (up - down),
        -(far + near) / (far - near),
        -1.0,
    ]
    made[3, 2] = -2 * far * near / (far - near)
    return made


@lru_cache(maxsize=8)
def _eye_projection(fov: Fov) -> F64:
    """An eye's: its field of view hardly ever changes."""
    made = projection(fov)
    made.flags.writeable = False
    return made


def stereo(head: Transform, eyes: Sequence[Eye]) -> StereoLens:
    """One camera for two eyes, which may be canted: one cull serves both.

    The frustum that holds both starts behind the head, by as much as its widest side needs to
    pass the eyes, which sit beside the middle.
    """
    camera = matrix_of(head)
    inverse = _undone(camera)
    local = [matrix_of(eye.pose) @ inverse for eye in eyes]
    rays = [_corners(eye.fov) @ m[:3, :3] for eye, m in zip(eyes, local, strict=True)]
    slopes = np.concatenate(rays)
    slopes = slopes[:, :2] / np.maximum(-slopes[:, 2:], 0.05)
    low, high = slopes.min(axis=0), slopes.max(axis=0)
    aside = max(float(np.abs(m[3, :3]).max()) for m in local)
    narrow = max(0.1, float(min(np.abs(low).min(), np.abs(high).min())))
    back = aside / narrow + aside
    fov = (math.atan(low[0]), math.atan(high[0]), math.atan(high[1]), math.atan(low[1]))
    behind = np.eye(4)
    behind[3, 2] = -back
    left, right = (
        _undone(m) @ _eye_projection(eye.fov) for eye, m in zip(eyes, local, strict=True)
    )
    cull = behind @ projection(fov, NEAR, FAR + 2 * back)
    return StereoLens(camera, cull, (left, right))


@lru_cache(maxsize=8)
def _corners(fov: Fov) -> F64:
    left, right, up, down = (math.tan(a) for a in fov)
    return np.array([[x, y, -1.0] for x in (left, right) for y in (up, down)])
