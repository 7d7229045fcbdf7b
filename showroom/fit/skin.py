"""Skeleton poses and linear blend skinning, float32 on one thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .vrm import BONES, PARENTS

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_PARENTS = np.array(PARENTS, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class PoseState:
    """One posed skeleton.

    Attributes:
        root: (3,) float32, place of the hips joint, play space, metres.
        rotations: (52, 4) float32, (x, y, z, w) of each bone of ``vrm.BONES`` relative to its
            parent; identity is the rest pose.
        matrices: (52, 3, 4) float32, rest place to posed place per joint.
        time: seconds.
        tracked: which of head, left hand, right hand were tracked when it was made.
    """

    root: F32
    rotations: F32
    matrices: F32
    time: float = 0.0
    tracked: tuple[bool, bool, bool] = (True, True, True)


def rest_pose(joints: F32) -> PoseState:
    """The rest pose of a skeleton with (52, 3) joint places."""
    rotations = np.zeros((len(BONES), 4), dtype=np.float32)
    rotations[:, 3] = 1.0
    return pose_from_rotations(joints, joints[0], rotations)


def pose_from_rotations(joints: F32, root: F32, rotations: F32, time: float = 0.0) -> PoseState:
    """Pose a skeleton.

    Args:
        joints: (52, 3) rest places of the joints.
        root: (3,) place of the hips.
        rotations: (52, 4) unit quaternions relative to the parents.
        time: seconds.
    """
    root = np.ascontiguousarray(root, dtype=np.float32)
    rotations = np.ascontiguousarray(rotations, dtype=np.float32)
    matrices = np.empty((len(BONES), 3, 4), dtype=np.float32)
    forward(_PARENTS, np.ascontiguousarray(joints, dtype=np.float32), root, rotations, matrices)
    return PoseState(root, rotations, matrices, time)


@njit(cache=True, nogil=True, fastmath=True)
def forward(parents: I32, joints: F32, root: F32, rotations: F32, matrices: F32) -> None:
    """Forward kinematics: fill (J, 3, 4) matrices that carry rest places to posed places."""
    local = np.empty((3, 3), dtype=np.float32)
    for j in range(parents.shape[0]):
        x, y, z, w = rotations[j, 0], rotations[j, 1], rotations[j, 2], rotations[j, 3]
        local[0, 0] = 1 - 2 * (y * y + z * z)
        local[0, 1] = 2 * (x * y - z * w)
        local[0, 2] = 2 * (x * z + y * w)
        local[1, 0] = 2 * (x * y + z * w)
        local[1, 1] = 1 - 2 * (x * x + z * z)
        local[1, 2] = 2 * (y * z - x * w)
        local[2, 0] = 2 * (x * z - y * w)
        local[2, 1] = 2 * (y * z + x * w)
        local[2, 2] = 1 - 2 * (x * x + y * y)
        p = parents[j]
        for a in range(3):
            place = root[a]
            if p >= 0:
                place = matrices[p, a, 3]
                for c in range(3):
                    place += matrices[p, a, c] * joints[j, c]
            for b in range(3):
                if p < 0:
                    matrices[j, a, b] = local[a, b]
                else:
                    total = np.float32(0.0)
                    for c in range(3):
                        total += matrices[p, a, c] * local[c, b]
                    matrices[j, a, b] = total
            for c in range(3):
                place -= matrices[j, a, c] * joints[j, c]
            matrices[j, a, 3] = place


@njit(cache=True, nogil=True, fastmath=True)
def blend(vertices: F32, joints: NDArray[np.uint16], weights: F32, matrices: F32, out: F32) -> None:
    """Linear blend skinning.

    Args:
        vertices: (n, 3) rest places.
        joints, weights: (n, k), heaviest first.
        matrices: (J, 3, 4) rest place to posed place.
        out: (n, 3), filled.
    """
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        ox = oy = oz = np.float32(0.0)
        for k in range(joints.shape[1]):
            w = weights[i, k]
            if w == 0:
                break
            m = matrices[joints[i, k]]
            ox += w * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3])
            oy += w * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3])
            oz += w * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
        out[i, 0], out[i, 1], out[i, 2] = ox, oy, oz
