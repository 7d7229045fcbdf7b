"""Cloth against itself: the front and the back of a skirt, folds, two plies of one garment.

The cloth is cut into patches. Each frame those whose boxes meet, and which do not lie beside each
other in the rest pose, are searched for nodes that came near to the other ply. Such a node stays on
the side of the other's tangent plane on which it came, for as long as it is near. Patches that have
got through each other after all are let pass, lest they be kept in a knot.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]

_RADIUS = np.float32(0.012)
"""Cloth nearer than this is watched, metres."""
_APART = np.float32(0.035**2)
"""Cloth nearer than this (squared) in the rest pose is the same piece of cloth."""
_THICK = np.float32(0.003)
"""Two plies keep this far apart, metres."""
_LOST = np.float32(0.006)
"""Cloth that got further through another ply is let stay there until they part, metres."""
_GRAZE = np.float32(0.002)
"""A thread goes through another ply whose ends are this far on either side of it, metres,"""
_CUT = np.float32(0.009**2)
"""and which meets it nearer to one of its nodes than this (squared)."""
_PATCH: Final = 0.04
"""Patches are about this wide, metres."""
_RUB = np.float32(0.2)
"""What plies that touch lose of their speed along each other in a substep."""


class Folds(NamedTuple):
    """What a cloth remembers of meeting itself.

    Attributes:
        rest: (m, 3) its nodes in the rest pose.
        faces: (f, 3) its triangles; none where it is not to meet itself.
        number: (m,) the patch of each node.
        patch, first: (m,), (p + 1,) its nodes by patches, and the first of each.
        beside: (p, p) patches that are the same piece of cloth.
        order: (p,) patches from low to high, nearly; changed in place.
        ply, side: (m,) the nearest node of the other ply, -1 for none, and on which side of it a
            node came; changed in place.
    """

    rest: F32
    faces: I32
    number: I32
    patch: I32
    first: I32
    beside: NDArray[np.bool_]
    order: I32
    ply: I32
    side: I8


def folds(rest: F32, faces: I32) -> Folds:
    """Cut a cloth into patches; (m, 3) nodes in the rest pose and (f, 3) triangles."""
    voxel = np.floor(rest / _PATCH).astype(np.int64)
    _, number = np.unique(voxel, axis=0, return_inverse=True)
    patch = np.argsort(number.ravel(), kind="stable").astype(np.int32)
    count = int(number.max()) + 1
    first = np.searchsorted(number.ravel()[patch], np.arange(count + 1)).astype(np.int32)
    low = np.minimum.reduceat(rest[patch], first[:-1])
    high = np.maximum.reduceat(rest[patch], first[:-1])
    gap = np.maximum(low[:, None] - high[None], low[None] - high[:, None]).max(axis=2)
    return Folds(
        rest, faces, number.ravel().astype(np.int32), patch, first, gap < 0.02,
        np.argsort(low[:, 1]).astype(np.int32),
        np.full(len(rest), -1, np.int32), np.zeros(len(rest), np.int8),
    )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=True)
def meet(
    cloth: F32,
    normals: F32,
    folds: Folds,
    neighbour: I32,
    pinched: NDArray[np.bool_],
    pairs: I32,
) -> int:
    """Find which nodes are near to another ply.

    Args:
        cloth, normals: (m, 3).
        neighbour: (count, b) nodes beside each free one.
        pinched: (m,) nodes that the body presses between its parts; they are left alone.
        pairs: (m, 2) out: the node, and the other ply's nearest one.

    Returns:
        The number of pairs.
    """
    m, count = cloth.shape[0], folds.first.shape[0] - 1
    box = np.empty((count, 6), np.float32)
    half = np.float32(0.5) * _RADIUS
    for p in range(count):
        for a in range(3):
            low, high = np.float32(np.inf), np.float32(-np.inf)
            for k in range(folds.first[p], folds.first[p + 1]):
                x = cloth[folds.patch[k], a]
                low, high = min(low, x), max(high, x)
            box[p, a], box[p, 3 + a] = low - half, high + half
    order = folds.order
    for k in range(1, count):
        p, at = order[k], k
        while at > 0 and box[order[at - 1], 1] > box[p, 1]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = p
    best = np.full(m, _RADIUS * _RADIUS, np.float32)
    other = np.full(m, -1, np.int32)
    for k in range(count):
        p = order[k]
        for j in range(k + 1, count):
            q = order[j]
            if box[q, 1] > box[p, 4]:
                break
            if (
                box[q, 0] <= box[p, 3] and box[p, 0] <= box[q, 3]
                and box[q, 2] <= box[p, 5] and box[p, 2] <= box[q, 5]
                and not folds.beside[p, q]
            ):  # fmt: skip
                _search(cloth, folds, p, q, box, best, other)
    cut = np.zeros((count, count), np.bool_)
    for i in range(neighbour.shape[0]):
        j = other[i]
        if j >= 0 and _crosses(cloth, normals, neighbour, i, j):
            p, q = folds.number[i], folds.number[j]
            cut[p, q] = cut[q, p] = True
    found = 0
    for i in range(m):
        j = other[i]
        if j >= 0 and not (pinched[i] or pinched[j] or cut[folds.number[i], folds.number[j]]):
            height = _height(cloth, normals, i, j)
            before = folds.ply[i]
            if before < 0 or _far(folds.rest, before, j) or folds.side[i] * height < -_LOST:
                folds.side[i] = 1 if height > 0 else -1
            pairs[found, 0], pairs[found, 1] = i, j
            found += 1
        folds.ply[i] = j
    return found


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _height(cloth: F32, normals: F32, i: int, j: int) -> float:
    height: float = (
        (cloth[i, 0] - cloth[j, 0]) * normals[j, 0]
        + (cloth[i, 1] - cloth[j, 1]) * normals[j, 1]
        + (cloth[i, 2] - cloth[j, 2]) * normals[j, 2]
    )
    return height


@njit(cache=True, nogil=True, fastmath=True)
def _crosses(cloth: F32, normals: F32, neighbour: I32, i: int, j: int) -> bool:
    """Whether a thread of node ``i`` goes through the other ply near its node ``j``."""
    here = _height(cloth, normals, i, j)
    for b in range(neighbour.shape[1]):
        k = neighbour[i, b]
        there = _height(cloth, normals, k, j)
        if here * there < 0 and min(abs(here), abs(there)) > _GRAZE:
            share = here / (here - there)
            far = np.float32(0.0)
            for a in range(3):
                d = cloth[i, a] + share * (cloth[k, a] - cloth[i, a]) - cloth[j, a]
                far += d * d
            if far < _CUT:
                return True
    return False


@njit(cache=True, nogil=True, fastmath=True)
def _search(cloth: F32, folds: Folds, p: int, q: int, box: F32, best: F32, other: I32) -> None:
    """Look for the nearest nodes between two patches."""
    for k in range(folds.first[p], folds.first[p + 1]):
        i = folds.patch[k]
        x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
        if (
            x < box[q, 0] or y < box[q, 1] or z < box[q, 2]
            or x > box[q, 3] or y > box[q, 4] or z > box[q, 5]
        ):  # fmt: skip
            continue
        for n in range(folds.first[q], folds.first[q + 1]):
            j = folds.patch[n]
            dx, dy, dz = x - cloth[j, 0], y - cloth[j, 1], z - cloth[j, 2]
            d = dx * dx + dy * dy + dz * dz
            if d < max(best[i], best[j]) and _far(folds.rest, i, j):
                if d < best[i]:
                    best[i], other[i] = d, j
                if d < best[j]:
                    best[j], other[j] = d, i


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _far(rest: F32, i: int, j: int) -> bool:
    dx = rest[i, 0] - rest[j, 0]
    dy = rest[i, 1] - rest[j, 1]
    dz = rest[i, 2] - rest[j, 2]
    return bool(dx * dx + dy * dy + dz * dz > _APART)


@njit(cache=True, nogil=True, fastmath=True)
def keep_apart(
    cloth: F32, before: F32, mass: F32, normals: F32, pairs: I32, found: int, side: I8
) -> None:
    """Keep plies apart, and let them rub on each other; ``mass`` (m,) holds inverse masses."""
    for p in range(found):
        i, j = pairs[p, 0], pairs[p, 1]
        both = mass[i] + mass[j]
        s = np.float32(side[i])
        nx, ny, nz = s * normals[j, 0], s * normals[j, 1], s * normals[j, 2]
        height = (
            (cloth[i, 0] - cloth[j, 0]) * nx
            + (cloth[i, 1] - cloth[j, 1]) * ny
            + (cloth[i, 2] - cloth[j, 2]) * nz
        )
        lack = _THICK - height
        if lack <= 0 or both == 0:
            continue
        wi = mass[i] / both
        wj = np.float32(1.0) - wi
        # The speed of one ply relative to the other: none towards it, less along it.
        vx = (cloth[i, 0] - before[i, 0]) - (cloth[j, 0] - before[j, 0])
        vy = (cloth[i, 1] - before[i, 1]) - (cloth[j, 1] - before[j, 1])
        vz = (cloth[i, 2] - before[i, 2]) - (cloth[j, 2] - before[j, 2])
        vn = min(vx * nx + vy * ny + vz * nz, np.float32(0.0)) * (np.float32(1.0) - _RUB)
        px, py, pz = lack * nx, lack * ny, lack * nz
        sx = px + _RUB * vx + vn * nx
        sy = py + _RUB * vy + vn * ny
        sz = pz + _RUB * vz + vn * nz
        cloth[i, 0] += wi * px
        cloth[i, 1] += wi * py
        cloth[i, 2] += wi * pz
        before[i, 0] += wi * sx
        before[i, 1] += wi * sy
        before[i, 2] += wi * sz
        cloth[j, 0] -= wj * px
        cloth[j, 1] -= wj * py
        cloth[j, 2] -= wj * pz
        before[j, 0] -= wj * sx
        before[j, 1] -= wj * sy
        before[j, 2] -= wj * sz
