"""Skin that lies under a cloth, kept under it: the other half of pushing cloth off the skin.

Lifting nodes off the skin leaves skin that comes through the middle of a triangle, or between a
limb's bend and cloth that folds otherwise. So each vertex of the skin that the cloth covers in the
rest pose knows the triangle over it. First the place of the cloth that lay over it is brought back
over it, which keeps cloth from being drawn into the fold of a crotch or an armpit; then, where it
comes through the triangle that it has slid under, the three corners are lifted together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .clearance import clearance, open_sides
from .collider import Collider, walk
from .swing import GAP
from .vrm import BONES

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Mask = NDArray[np.bool_]

_UNDER: Final = 0.12
"""Skin further under the cloth than this in the rest pose is not covered by it, metres."""

_ABOVE: Final = 0.5
"""Cloth in a direction that is further than 60 degrees off the skin's normal (the cosine) hangs
before it, as a hem does before the crotch, and is not held over it."""

_NEAR: Final = np.float32(0.02)
"""Skin further out than this is beside the cloth, not through it, metres."""

_STEPS: Final = 6
_GAP: Final = np.float32(0.001)
"""Skin is kept this far under the cloth's triangles, metres."""

_SLACK: Final = np.float32(0.005)
"""Cloth that is brought back lies at most this much further aside than in the rest pose, metres."""
_DRAW: Final = np.float32(2.0)
"""It is drawn aside by at most this many times what it is lifted by, so that nothing jumps."""
_HOLDS: Final = 3
_FEW: Final = 100
"""Where less than one of so many had to be brought back, once is enough."""
_FAR: Final = np.float32(0.02)
_CALMS: Final = 4
"""Nodes that were brought further than ``_FAR``, metres, are drawn between their neighbours, so
often."""

ENDS: Final = tuple(i for i, bone in enumerate(BONES) if "Foot" in bone or "Hand" in bone)
"""Joints of hands and feet, which cuffs and hems slide over."""


@dataclass(frozen=True, eq=False)
class Cover:
    """Which skin a cloth of f triangles covers, limb by limb.

    Attributes:
        skin: (m,) int32, numbers of covered vertices, those that are held first.
        face: (m,) int32, the triangle over each in the rest pose, plus f for each limb before.
        shares: (m, 3) float32, of its corners in the place that is nearest in the rest pose.
        apart: (m,) float32, how far that is, metres.
        across: (limbs * f, 3) int32, the triangle on the other side of each triangle's side,
            opposite to its corners, numbered as ``face``; -1 where the cloth or the limb ends.
        held: how many of them are held, see :func:`hold_over`.
    """

    skin: I32
    face: I32
    shares: F32
    apart: F32
    across: I32
    held: int

    def without(self, away: Mask) -> Cover:
        """The same without what lies under some of the triangles, (f,)."""
        kept = ~away[self.face % len(away)]
        return Cover(
            self.skin[kept], self.face[kept], np.ascontiguousarray(self.shares[kept]),
            self.apart[kept], self.across, int(kept[: self.held].sum()),
        )  # fmt: skip


def covered(
    skin: F32,
    normals: F32,
    cloth: F32,
    faces: I32,
    limbs: Sequence[tuple[Mask, Mask]],
    loose: Mask,
) -> Cover:
    """Find the skin under a cloth in the rest pose.

    Args:
        skin, normals: (k, 3) places, and unit normals.
        cloth: (n, 3) places of the nodes.
        faces: (f, 3) triangles.
        limbs: for each limb the vertices (k,) of it and the triangles (f,) on it.
        loose: (k,) vertices that are not held, such as hands in a cuff.
    """
    points, over = [], []
    for number, (allowed, usable) in enumerate(limbs):
        numbers, here = np.flatnonzero(usable), np.flatnonzero(allowed)
        if not len(numbers) or not len(here):
            continue
        part = np.ascontiguousarray(faces[numbers])
        found = clearance(np.ascontiguousarray(skin[here]), cloth, part, open_sides(part))
        under = ~found.beside & (found.height < 0) & (found.height > -_UNDER)
        points.append(here[under])
        over.append(numbers[found.face[under]] + number * len(faces))
    none = np.zeros(0, dtype=np.int64)
    point, face = np.concatenate([none, *points]), np.concatenate([none, *over])
    corners = cloth[faces[face % len(faces)]]
    shares = _shares(skin[point], corners)
    way = np.einsum("mk,mkx->mx", shares, corners) - skin[point]
    apart = np.linalg.norm(way, axis=1)
    beside = np.einsum("mx,mx->m", way, normals[point]) < _ABOVE * apart
    free = loose[point] | beside
    order = np.argsort(free, kind="stable")
    return Cover(
        skin=point[order].astype(np.int32),
        face=face[order].astype(np.int32),
        shares=np.ascontiguousarray(shares[order]),
        apart=apart[order].astype(np.float32),
        across=np.concatenate([_across(faces, usable, k) for k, (_, usable) in enumerate(limbs)]),
        held=int((~free).sum()),
    )


def _shares(points: F32, corners: F32) -> F32:
    """Barycentric coordinates of (m, 3) points' feet on (m, 3, 3) triangles, none below 0."""
    a, b, c = (corners[:, k].astype(np.float64) for k in range(3))
    u, v, w = b - a, c - a, points - a
    normal = np.cross(u, v)
    area = np.maximum((normal * normal).sum(axis=1), 1e-20)
    t = (np.cross(u, w) * normal).sum(axis=1) / area
    s = (np.cross(w, v) * normal).sum(axis=1) / area
    shares = np.maximum(np.stack([1 - s - t, s, t], axis=1), 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def _across(faces: I32, usable: Mask, limb: int) -> I32:
    """Neighbours of each triangle over its sides on one limb, (f, 3), -1 for none."""
    sides = np.stack([faces[:, [1, 2]], faces[:, [2, 0]], faces[:, [0, 1]]], axis=1)
    flat = np.sort(sides.reshape(-1, 2), axis=1).astype(np.int64)
    key = flat[:, 0] * (int(faces.max()) + 1) + flat[:, 1]
    key[~np.repeat(usable, 3)] = -1
    order = np.argsort(key, kind="stable")
    found = np.full(len(key), -1, dtype=np.int32)
    twin = np.flatnonzero((key[order[1:]] == key[order[:-1]]) & (key[order[1:]] >= 0))
    one, other = order[twin], order[twin + 1]
    first = limb * len(faces)
    found[one], found[other] = other // 3 + first, one // 3 + first
    return found.reshape(-1, 3)


@njit(cache=True, nogil=True, fastmath=True)
def hold_over(
    cloth: F32,
    faces: I32,
    skin: F32,
    normals: F32,
    numbers: I32,
    over: I32,
    shares: F32,
    apart: F32,
    gap: float,
) -> int:
    """Bring the place of the cloth that lay over each covered vertex back over it; how many moved.

    Args:
        cloth: (n, 3), changed in place.
        faces: of the cloth; ``over`` (m,), ``shares`` (m, 3) and ``apart`` (m,) see :class:`Cover`.
        skin, normals: (k, 3) posed; ``numbers`` (m,) of it are covered.
        gap: how far over the skin, along its normal, metres.
    """
    moved = 0
    for i in range(numbers.shape[0]):
        j, f = numbers[i], over[i] % faces.shape[0]
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        r, s, t = shares[i, 0], shares[i, 1], shares[i, 2]
        nx, ny, nz = normals[j, 0], normals[j, 1], normals[j, 2]
        x = r * cloth[a, 0] + s * cloth[b, 0] + t * cloth[c, 0] - skin[j, 0]
        y = r * cloth[a, 1] + s * cloth[b, 1] + t * cloth[c, 1] - skin[j, 1]
        z = r * cloth[a, 2] + s * cloth[b, 2] + t * cloth[c, 2] - skin[j, 2]
        d = x * nx + y * ny + z * nz
        if d >= gap:
            continue
        moved += 1
        tx, ty, tz = x - d * nx, y - d * ny, z - d * nz
        aside = np.sqrt(tx * tx + ty * ty + tz * tz)
        back = np.float32(0.0)
        if aside > apart[i] + _SLACK:
            back = min(aside - apart[i] - _SLACK, _DRAW * (gap - d)) / aside
        scale = np.float32(1.0) / (r * r + s * s + t * t)
        wx = ((gap - d) * nx - back * tx) * scale
        wy = ((gap - d) * ny - back * ty) * scale
        wz = ((gap - d) * nz - back * tz) * scale
        for k, share in ((a, r), (b, s), (c, t)):
            cloth[k, 0] += share * wx
            cloth[k, 1] += share * wy
            cloth[k, 2] += share * wz
    return moved


@njit(cache=True, nogil=True, fastmath=True)
def keep_under(
    cloth: F32, faces: I32, across: I32, skin: F32, numbers: I32, over: I32, gap: float
) -> int:
    """Lift triangles that covered skin comes through; returns how many.

    Args:
        cloth: (n, 3), changed in place.
        faces, across: of the cloth; see :class:`Cover`.
        skin: (k, 3) posed; ``numbers`` (m,) of it are covered, by the triangles ``over`` (m,).
        gap: how far under the cloth the skin is kept, metres.
    """
    lifted = 0
    for i in range(numbers.shape[0]):
        j = numbers[i]
        px, py, pz = skin[j, 0], skin[j, 1], skin[j, 2]
        f = over[i]
        for step in range(_STEPS):
            g = f % faces.shape[0]
            a, b, c = faces[g, 0], faces[g, 1], faces[g, 2]
            ux, uy, uz = (
                cloth[b, 0] - cloth[a, 0],
                cloth[b, 1] - cloth[a, 1],
                cloth[b, 2] - cloth[a, 2],
            )
            vx, vy, vz = (
                cloth[c, 0] - cloth[a, 0],
                cloth[c, 1] - cloth[a, 1],
                cloth[c, 2] - cloth[a, 2],
            )
            wx, wy, wz = px - cloth[a, 0], py - cloth[a, 1], pz - cloth[a, 2]
            nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            area = nx * nx + ny * ny + nz * nz
            if area < np.float32(1e-16):
                break
            t = (
                (uy * wz - uz * wy) * nx + (uz * wx - ux * wz) * ny + (ux * wy - uy * wx) * nz
            ) / area
            s = (
                (wy * vz - wz * vy) * nx + (wz * vx - wx * vz) * ny + (wx * vy - wy * vx) * nz
            ) / area
            r = np.float32(1.0) - s - t
            least = min(r, s, t)
            if least < np.float32(-0.02) and step < _STEPS - 1:
                k = 0 if least == r else (1 if least == s else 2)
                if across[f, k] >= 0:
                    f = across[f, k]
                    continue
                break
            if least < np.float32(-0.25):
                break
            size = np.sqrt(area)
            height = (wx * nx + wy * ny + wz * nz) / size
            if height > -gap and height < _NEAR:
                lifted += 1
                r, s, t = max(r, np.float32(0.0)), max(s, np.float32(0.0)), max(t, np.float32(0.0))
                way = (height + gap) / (size * (r * r + s * s + t * t))
                for d, share in ((a, r), (b, s), (c, t)):
                    cloth[d, 0] += way * share * nx
                    cloth[d, 1] += way * share * ny
                    cloth[d, 2] += way * share * nz
            break
    return lifted


@njit(cache=True, nogil=True, fastmath=True)
def lift_off(
    cloth: F32,
    near: I32,
    vertices: F32,
    normals: F32,
    start: I32,
    beside: I32,
    gap: float,
    steps: int,
    rounds: int,
) -> int:
    """Lift cloth that is nearer to the skin than ``gap``; returns how many places were lifted.

    Args:
        cloth: (n, 3), changed in place.
        near: (n,) body vertex to look from; kept. Cloth with -1 stands free of the skin.
        steps: how many neighbours on the skin is looked for.
        rounds: what was lifted is looked at again, at most so often in all.
    """
    lifted = 0
    for i in range(cloth.shape[0]):
        if near[i] < 0:
            continue
        x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
        s = near[i]
        for turn in range(rounds):
            s = walk(x, y, z, vertices, start, beside, s, steps)
            nx, ny, nz = normals[s, 0], normals[s, 1], normals[s, 2]
            d = (x - vertices[s, 0]) * nx + (y - vertices[s, 1]) * ny + (z - vertices[s, 2]) * nz
            if d >= gap:
                break
            if turn == 0:
                lifted += 1
            x, y, z = x + (gap - d) * nx, y + (gap - d) * ny, z + (gap - d) * nz
        cloth[i, 0], cloth[i, 1], cloth[i, 2] = x, y, z
    return lifted


@njit(cache=True, nogil=True, fastmath=True)
def calm(cloth: F32, before: F32, start: I32, beside: I32, far: float, rounds: int) -> int:
    """Draw nodes that were moved by more than ``far`` between their neighbours; how many.

    Args:
        cloth: (n, 3), changed in place; ``before`` (n, 3) is where they were.
        start, beside: neighbours of each node.
    """
    drawn = 0
    for _ in range(rounds):
        for i in range(cloth.shape[0]):
            dx, dy, dz = (
                cloth[i, 0] - before[i, 0],
                cloth[i, 1] - before[i, 1],
                cloth[i, 2] - before[i, 2],
            )
            count = start[i + 1] - start[i]
            if dx * dx + dy * dy + dz * dz < far * far or count == 0:
                continue
            drawn += 1
            x = y = z = np.float32(0.0)
            for k in range(start[i], start[i + 1]):
                j = beside[k]
                x, y, z = x + cloth[j, 0], y + cloth[j, 1], z + cloth[j, 2]
            own, their = np.float32(0.3), np.float32(0.7) / count
            cloth[i, 0] = own * cloth[i, 0] + their * x
            cloth[i, 1] = own * cloth[i, 1] + their * y
            cloth[i, 2] = own * cloth[i, 2] + their * z
    return drawn


@njit(cache=True, nogil=True, fastmath=True)
def _keep_off(
    cloth: F32, faces: I32, start: I32, beside: I32, near: I32,
    places: F32, normals: F32, skin_start: I32, skin_beside: I32,
    skin: I32, face: I32, shares: F32, apart: F32, across: I32, held: int,
) -> None:  # fmt: skip
    """See :func:`keep_off`."""
    own, over, part, far = skin[:held], face[:held], shares[:held], apart[:held]
    before = cloth.copy()
    few = held // _FEW
    for _ in range(_HOLDS):
        moved = hold_over(cloth, faces, places, normals, own, over, part, far, _GAP)
        if moved <= few:
            break
    if moved > few:
        calm(cloth, before, start, beside, _FAR, _CALMS)
    lift_off(cloth, near, places, normals, skin_start, skin_beside, GAP, 4, 2)
    for _ in range(_HOLDS - 1):
        if moved > few:
            moved = hold_over(cloth, faces, places, normals, own, over, part, far, _GAP)
    for _ in range(2):
        if keep_under(cloth, faces, across, places, skin, face, _GAP) <= few:
            break


def keep_off(
    cloth: F32, faces: I32, near: I32, cover: Cover, skin: Collider, beside: tuple[I32, I32]
) -> None:
    """Keep a cloth off the posed skin, and the skin under the cloth.

    Args:
        cloth: (n, 3) nodes, changed in place.
        faces: (f, 3) triangles.
        near: (n,) vertex of the skin to look from, -1 for cloth that stands free.
        cover: the skin that it covers.
        beside: neighbours of its nodes, see :func:`collider.neighbours`.
    """
    shape = skin.shape
    _keep_off(
        cloth, faces, *beside, near, skin.places, skin.normals, shape.start, shape.beside,
        cover.skin, cover.face, cover.shares, cover.apart, cover.across, cover.held,
    )  # fmt: skip
