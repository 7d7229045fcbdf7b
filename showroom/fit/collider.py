"""The part of a body that garments touch: posed each frame, asked for its nearest skin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .avatar import Avatar
from .basis import load
from .skin import PoseState, blend
from .vrm import BONES

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_NOT_COLLIDING = ("head", "Toes", "Thumb", "Index", "Middle", "Ring", "Little")
_DEEPEST = np.float32(0.06)
"""Cloth further under another one than this is elsewhere, metres."""
_ASIDE = np.float32(0.03**2)
"""Cloth further beside the nearest node than this (squared) is beyond the other's edge."""
_ARM = ("UpperArm", "LowerArm", "Hand")


def arm_bones() -> list[int]:
    """Joint numbers of upper and lower arms and hands."""
    return [i for i, bone in enumerate(BONES) if any(part in bone for part in _ARM)]


def hand_bones() -> list[int]:
    """Joint numbers of lower arms and hands, which reach the cloth below the waist."""
    return [i for i, bone in enumerate(BONES) if "LowerArm" in bone or "Hand" in bone]


@dataclass(frozen=True, eq=False)
class Topology:
    """What every body shares: the colliding vertices, their faces and neighbours.

    Attributes:
        vertices: (k,) numbers of the colliding vertices in the body.
        faces: (m, 3) int32, numbered among the colliding vertices.
        start, beside: neighbours of vertex i are ``beside[start[i]:start[i + 1]]``; arms and
            trunk are no neighbours, so that no walk slips from one to the other in the armpit.
        arm: (k,) bool, vertices of arms.
        main: (k,) joint that moves each vertex most.
        leg: (k,) int8, 1 on the left leg, 2 on the right one, 0 elsewhere.
        limb_start, limb_beside: neighbours within the same leg, arm or trunk only: from each of
            them one looks at loose cloth by itself, lest a walk be held up in a fold between.
    """

    vertices: I32
    faces: I32
    start: I32
    beside: I32
    arm: NDArray[np.bool_]
    main: NDArray[np.uint16]
    leg: NDArray[np.int8]
    limb_start: I32
    limb_beside: I32


@lru_cache(maxsize=1)
def topology() -> Topology:
    """Select the colliding skin once: no head, no fingers, no toes."""
    basis = load()
    main = basis.joints[:, 0]
    barred = [i for i, b in enumerate(BONES) if any(part in b for part in _NOT_COLLIDING)]
    kept = ~np.isin(main, barred)
    vertices = np.flatnonzero(kept).astype(np.int32)
    renumber = np.full(len(main), -1, dtype=np.int32)
    renumber[vertices] = np.arange(len(vertices), dtype=np.int32)
    faces = renumber[basis.faces]
    faces = faces[(faces >= 0).all(axis=1)]
    arm = np.isin(main[vertices], arm_bones())
    start, beside = neighbours(faces, arm.astype(np.int32))
    legs = [
        np.isin(main[vertices], [i for i, b in enumerate(BONES) if b.startswith(side + bone)])
        for side in ("left", "right")
        for bone in ("UpperLeg", "LowerLeg", "Foot")
    ]
    leg = np.select([np.any(legs[:3], axis=0), np.any(legs[3:], axis=0)], [1, 2], 0)
    limb_start, limb_beside = neighbours(faces, np.where(arm, 3, leg).astype(np.int32))
    return Topology(
        vertices=vertices,
        faces=np.ascontiguousarray(faces),
        start=start,
        beside=beside,
        arm=arm,
        main=main[vertices],
        leg=leg.astype(np.int8),
        limb_start=limb_start,
        limb_beside=limb_beside,
    )


def neighbours(faces: I32, part: I32) -> tuple[I32, I32]:
    """Neighbours of each of (n,) vertices within its ``part``, as ``start`` and ``beside``."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    pairs = pairs[part[pairs[:, 0]] == part[pairs[:, 1]]]
    start = np.zeros(len(part) + 1, dtype=np.int32)
    np.add.at(start, pairs[:, 0] + 1, 1)
    return np.cumsum(start).astype(np.int32), np.ascontiguousarray(pairs[:, 1], dtype=np.int32)


class Collider:
    """One avatar's colliding skin.

    Attributes:
        places: (k, 3) float32, posed skin.
        before: (k, 3) float32, where it was one pose ago.
        normals: (k, 3) float32, unit, outward.
        lateral: (k,) float32, x of the skin in the rest pose, positive on the left.
    """

    def __init__(self, avatar: Avatar) -> None:
        self.shape = topology()
        skin, kept = avatar.form.skin, self.shape.vertices
        self._rest = np.ascontiguousarray(avatar.form.vertices[kept])
        self._joints = np.ascontiguousarray(skin.joints[kept])
        self._weights = np.ascontiguousarray(skin.weights[kept])
        self.places = self._rest.copy()
        self.before = self._rest.copy()
        self.lateral = self._rest[:, 0].copy()
        self.normals = np.empty_like(self.places)
        fill_normals(self.places, self.shape.faces, self.normals)

    def move(self, pose: PoseState) -> None:
        """Pose the skin."""
        self.before, self.places = self.places, self.before
        blend(self._rest, self._joints, self._weights, pose.matrices, self.places)
        fill_normals(self.places, self.shape.faces, self.normals)

    def rest_still(self) -> None:
        """Forget how the skin moved: it has always been where it is."""
        self.before[:] = self.places

    def nearest(self, points: F32, allowed: NDArray[np.bool_]) -> I32:
        """Nearest rest vertex of each (n, 3) rest place, among the allowed ones, (n,) int32."""
        numbers = np.flatnonzero(allowed)
        _, found = cKDTree(self._rest[numbers]).query(points)
        return np.asarray(numbers[found], dtype=np.int32)


@njit(cache=True, nogil=True, fastmath=True)
def fill_normals(vertices: F32, faces: I32, out: F32) -> None:
    """Area-weighted unit normals, (n, 3) into ``out``."""
    out[:] = 0
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in range(3):
            i = faces[f, k]
            out[i, 0] += nx
            out[i, 1] += ny
            out[i, 2] += nz
    for i in range(out.shape[0]):
        squared = out[i, 0] * out[i, 0] + out[i, 1] * out[i, 1] + out[i, 2] * out[i, 2]
        scale = np.float32(1.0) / np.sqrt(squared + np.float32(1e-20))
        out[i, 0] *= scale
        out[i, 1] *= scale
        out[i, 2] *= scale


@njit(cache=True, nogil=True, fastmath=True)
def walk(
    x: float, y: float, z: float, vertices: F32, start: I32, beside: I32, at: int, steps: int
) -> int:
    """Go from vertex ``at`` to ever nearer neighbours; the last one reached."""
    dx, dy, dz = x - vertices[at, 0], y - vertices[at, 1], z - vertices[at, 2]
    best = dx * dx + dy * dy + dz * dz
    for _ in range(steps):
        here = at
        for k in range(start[here], start[here + 1]):
            j = beside[k]
            dx, dy, dz = x - vertices[j, 0], y - vertices[j, 1], z - vertices[j, 2]
            d = dx * dx + dy * dy + dz * dz
            if d < best:
                best = d
                at = j
        if at == here:
            break
    return at


@njit(cache=True, nogil=True, fastmath=True)
def push_off(
    cloth: F32,
    near: I32,
    inner: F32,
    normals: F32,
    start: I32,
    beside: I32,
    rim: NDArray[np.bool_],
    gap: float,
    steps: int,
    side: float = 1.0,
    keep: bool = False,
) -> int:
    """Lift cloth that is nearer to another cloth under it than ``gap``; returns how many places.

    As :func:`cover.lift_off`, but cloth ends: what lies beside its edge is left alone, and so is
    what is too deep under it to be the same layer.

    Args:
        rim: (m,) nodes on the other's open edges; they hold nothing down.
        side: 1 keeps ``cloth`` on the outer side of the other, -1 on its inner side.
        keep: go on from the nodes reached next time, changing ``near`` in place.
    """
    lifted = 0
    for i in range(cloth.shape[0]):
        if near[i] < 0:
            continue
        x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
        s = walk(x, y, z, inner, start, beside, near[i], steps)
        if keep:
            near[i] = s
        dx, dy, dz = x - inner[s, 0], y - inner[s, 1], z - inner[s, 2]
        if side < 0 and rim[s]:
            continue
        nx, ny, nz = normals[s, 0], normals[s, 1], normals[s, 2]
        d = side * (dx * nx + dy * ny + dz * nz)
        aside = dx * dx + dy * dy + dz * dz - d * d
        if -_DEEPEST < d < gap and aside < _ASIDE:
            lifted += 1
            way = side * (gap - d)
            cloth[i, 0] = x + way * nx
            cloth[i, 1] = y + way * ny
            cloth[i, 2] = z + way * nz
    return lifted
