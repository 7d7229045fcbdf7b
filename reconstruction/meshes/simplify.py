"""Fewer triangles on the same vertices: edge collapse that keeps seams, borders and parts.

Half-edge collapses in order of a quadric error (Garland and Heckbert, "Simplifying surfaces with
color and texture using quadric error metrics", 1998) over position and UV together. A vertex only
ever moves onto a neighbour, so what is left is a subset of the mesh's own vertices: UVs, skin
weights and normals stay exactly what they were, and a re-fit of the mesh re-fits what is left.

Edges where the surface ends, the UVs are cut or another part begins are features: a point on one
feature line collapses along it only, both sides of a cut together; a point where lines meet stays.
"""

from __future__ import annotations

from dataclasses import replace

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..mesh import I32, Mesh, Skin

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

_FREE, _LINE, _FIXED = 0, 1, 2
_MOST = 96  # neighbours; points with more stay
_UV_WEIGHT = 0.5  # of a shift of the texture against a shift of the surface by as many metres
_LINE_WEIGHT = 2.0
_TURN = 0.2  # least cosine between a triangle's normal before and after a collapse
_SLIVER = 0.03  # least height over longest side that a collapse may leave, unless it was less


def simplify(mesh: Mesh, triangles: int, limit: float = np.inf) -> tuple[Mesh, I32]:
    """The mesh with about that many triangles, or as few as its features allow.

    Args:
        triangles: how many to aim for.
        limit: root mean square error that no collapse may exceed, metres.

    Returns:
        The smaller mesh, and (n',) int32: which vertex of ``mesh`` each of its vertices is.
    """
    point = point_groups(mesh)
    corners = point[mesh.faces]
    solid = (corners != np.roll(corners, 1, axis=1)).all(axis=1)
    faces = np.ascontiguousarray(mesh.faces[solid], np.int32)
    label = np.ascontiguousarray(mesh.face_part[solid], np.int32)
    place = np.zeros((int(point.max()) + 1, 3))
    place[point] = mesh.vertices
    flat = mesh.uv.astype(np.float64) * (_UV_WEIGHT * metres_per_uv(mesh))
    left = _simplify(place, point, flat, faces, label, max(int(triangles), 1), min(limit, 1e9) ** 2)
    keep = label >= 0
    keep &= left[:, 0] >= 0
    return subset(mesh, left[keep], label[keep])


def subset(mesh: Mesh, faces: I32, face_part: I32) -> tuple[Mesh, I32]:
    """A mesh of these faces (m, 3) and the vertices that they use; and which those were."""
    kept = np.unique(faces)
    renumber = np.zeros(len(mesh.vertices), np.int32)
    renumber[kept] = np.arange(len(kept), dtype=np.int32)
    weld = mesh.weld
    if weld is not None:
        weld = np.unique(weld[kept], return_inverse=True)[1].astype(np.int32)
    skin: Skin | None = None
    if mesh.skin is not None:
        skin = replace(mesh.skin, joints=mesh.skin.joints[kept], weights=mesh.skin.weights[kept])
    small = replace(
        mesh,
        vertices=mesh.vertices[kept],
        faces=renumber[faces],
        uv=mesh.uv[kept],
        face_part=face_part,
        weld=weld,
        skin=skin,
    )
    return small, kept.astype(np.int32)


def point_groups(mesh: Mesh) -> I32:
    """(n,) int32 from 0: vertices of one number stand on one point (``weld``, or their place)."""
    if mesh.weld is not None:
        return np.asarray(np.unique(mesh.weld, return_inverse=True)[1], np.int32)
    raw = np.ascontiguousarray(mesh.vertices + np.float32(0)).view(np.uint32)
    key = raw.astype(np.uint64)
    folded = key[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ key[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
    folded ^= key[:, 2] * np.uint64(0x165667B19E3779F9)
    return np.asarray(np.unique(folded, return_inverse=True)[1], np.int32)


def metres_per_uv(mesh: Mesh) -> float:
    """How many metres of surface one unit of UV is, on average; 0 for a mesh without UVs."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]].astype(np.float64) for i in range(3))
    solid = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    ua, ub, uc = (mesh.uv[mesh.faces[:, i]].astype(np.float64) for i in range(3))
    d, e = ub - ua, uc - ua
    flat = np.abs(d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0]).sum()
    return float(np.sqrt(solid / flat)) if flat > 1e-12 else 0.0


# --- the kernel --------------------------------------------------------------------------------


@nb.njit(cache=True, nogil=True)
def _simplify(
    place: F64,
    point: I32,
    flat: F64,
    faces: I32,
    label: I32,
    target: int,
    limit: float,
) -> I32:
    """(m, 3) the faces' vertices afterwards, -1 where a face is gone."""
    fv = faces.copy()
    fp = np.empty_like(fv)
    for f in range(len(fv)):
        for i in range(3):
            fp[f, i] = point[fv[f, i]]
    quadric, weight = _quadrics(place, point, flat, fv, fp, label)
    alive = len(fv)
    # What is known of each point between rounds; only what a collapse touched is looked at again.
    best, onto = np.full(len(place), np.inf), np.full(len(place), -1, np.int32)
    kind, stale = np.full(len(place), _FIXED, np.int8), np.ones(len(place), np.bool_)
    while alive > target:
        gone = _sweep(
            place,
            flat,
            fv,
            fp,
            label,
            quadric,
            weight,
            alive,
            target,
            limit,
            best,
            onto,
            kind,
            stale,
        )
        if gone == 0:
            break
        alive -= gone
    return fv


@nb.njit(cache=True, nogil=True)
def _quadrics(place: F64, point: I32, flat: F64, fv: I32, fp: I32, label: I32) -> tuple[F64, F64]:
    """Each vertex's quadric over (x, y, z, u, v): 15 + 5 + 1 numbers; and its weight."""
    quadric = np.zeros((len(point), 21))
    weight = np.zeros(len(point))
    x = np.empty((3, 5))
    e1, e2, none = np.empty(5), np.empty(5), np.zeros(5)
    start, fan = _fans(fp, len(place))
    q, f1, f2 = np.empty(_MOST, np.int32), np.empty(_MOST, np.int32), np.empty(_MOST, np.int32)
    feature = np.empty(_MOST, np.bool_)
    for f in range(len(fv)):
        for i in range(3):
            for k in range(3):
                x[i, k] = place[fp[f, i], k]
            x[i, 3], x[i, 4] = flat[fv[f, i], 0], flat[fv[f, i], 1]
        area = _area(place, fp[f, 0], fp[f, 1], fp[f, 2])
        along = 0.0
        for k in range(5):
            e1[k] = x[1, k] - x[0, k]
            along += e1[k] * e1[k]
        if along < 1e-24:
            continue
        dot = 0.0
        for k in range(5):
            e1[k] /= np.sqrt(along)
            dot += e1[k] * (x[2, k] - x[0, k])
        across = 0.0
        for k in range(5):
            e2[k] = x[2, k] - x[0, k] - dot * e1[k]
            across += e2[k] * e2[k]
        if across < 1e-24:
            continue
        for k in range(5):
            e2[k] /= np.sqrt(across)
        for i in range(3):
            _add_flat(quadric[fv[f, i]], x[0], e1, e2, area / 3)
            weight[fv[f, i]] += area / 3
    for p in range(len(place)):
        count = _around(p, start, fan, fp, fv, label, q, f1, f2, feature)
        for k in range(max(count, 0)):
            if not feature[k] or q[k] < p:
                continue
            for f in (f1[k], f2[k]):
                if f < 0:
                    continue
                a, b = _corner(fp, fv, f, p), _corner(fp, fv, f, q[k])
                length = 0.0
                for c in range(3):
                    x[0, c], x[1, c] = place[p, c], place[q[k], c]
                    length += (x[1, c] - x[0, c]) ** 2
                for c in range(2):
                    x[0, 3 + c], x[1, 3 + c] = flat[a, c], flat[b, c]
                along = 0.0
                for c in range(5):
                    e1[c] = x[1, c] - x[0, c]
                    along += e1[c] * e1[c]
                if along < 1e-24:
                    continue
                for c in range(5):
                    e1[c] /= np.sqrt(along)
                for v in (a, b):
                    _add_flat(quadric[v], x[0], e1, none, _LINE_WEIGHT * length)
                    weight[v] += _LINE_WEIGHT * length
    return quadric, weight


@nb.njit(cache=True, nogil=True)
def _add_flat(into: F64, origin: F64, e1: F64, e2: F64, weight: float) -> None:
    """Add the squared distance to the line or plane through ``origin`` along e1 and e2."""
    o1 = o2 = oo = 0.0
    for k in range(5):
        o1 += origin[k] * e1[k]
        o2 += origin[k] * e2[k]
        oo += origin[k] * origin[k]
    at = 0
    for r in range(5):
        for c in range(r, 5):
            one = 1.0 if r == c else 0.0
            into[at] += weight * (one - e1[r] * e1[c] - e2[r] * e2[c])
            at += 1
    for k in range(5):
        into[15 + k] += weight * (o1 * e1[k] + o2 * e2[k] - origin[k])
    into[20] += weight * (oo - o1 * o1 - o2 * o2)


@nb.njit(cache=True, nogil=True)
def _error(quadric: F64, place: F64, flat: F64) -> float:
    x = (place[0], place[1], place[2], flat[0], flat[1])
    total, at = quadric[20], 0
    for r in range(5):
        total += 2 * quadric[15 + r] * x[r]
        for c in range(r, 5):
            total += quadric[at] * x[r] * x[c] * (1.0 if r == c else 2.0)
            at += 1
    return float(max(total, 0.0))


@nb.njit(cache=True, nogil=True)
def _fans(fp: I32, points: int) -> tuple[I32, I32]:
    """The faces around each point: where its list starts, and all lists."""
    start = np.zeros(points + 1, np.int32)
    for f in range(len(fp)):
        if fp[f, 0] >= 0:
            for i in range(3):
                start[fp[f, i] + 1] += 1
    for p in range(points):
        start[p + 1] += start[p]
    fan, at = np.empty(start[points], np.int32), start[:-1].copy()
    for f in range(len(fp)):
        if fp[f, 0] >= 0:
            for i in range(3):
                fan[at[fp[f, i]]] = f
                at[fp[f, i]] += 1
    return start, fan


@nb.njit(cache=True, nogil=True)
def _corner(fp: I32, fv: I32, f: int, p: int) -> int:
    """The vertex with which face f stands on point p."""
    for i in range(3):
        if fp[f, i] == p:
            return int(fv[f, i])
    return -1


@nb.njit(cache=True, nogil=True)
def _around(
    p: int,
    start: I32,
    fan: I32,
    fp: I32,
    fv: I32,
    label: I32,
    q: I32,
    f1: I32,
    f2: I32,
    feature: Bool,
) -> int:
    """The neighbours of point p, with the faces on each edge; -1 if they are not a surface."""
    count = 0
    for at in range(start[p], start[p + 1]):
        f = fan[at]
        for i in range(3):
            other = fp[f, i]
            if other == p:
                continue
            k = 0
            while k < count and q[k] != other:
                k += 1
            if k == count:
                if count == _MOST:
                    return -1
                q[k], f1[k], f2[k] = other, f, -1
                count += 1
            elif f2[k] < 0:
                f2[k] = f
            else:
                return -1
    for k in range(count):
        if f2[k] < 0:
            feature[k] = True
        else:
            feature[k] = (
                label[f1[k]] != label[f2[k]]
                or _corner(fp, fv, f1[k], p) != _corner(fp, fv, f2[k], p)
                or _corner(fp, fv, f1[k], q[k]) != _corner(fp, fv, f2[k], q[k])
            )
    return count


@nb.njit(cache=True, nogil=True)
def _sweep(
    place: F64,
    flat: F64,
    fv: I32,
    fp: I32,
    label: I32,
    quadric: F64,
    weight: F64,
    alive: int,
    target: int,
    limit: float,
    best: F64,
    onto: I32,
    kind: NDArray[np.int8],
    stale: Bool,
) -> int:
    """One round of collapses that do not touch each other, cheapest first; how many faces went."""
    points = len(place)
    start, fan = _fans(fp, points)
    q, f1, f2 = np.empty(_MOST, np.int32), np.empty(_MOST, np.int32), np.empty(_MOST, np.int32)
    q2, g1, g2 = np.empty(_MOST, np.int32), np.empty(_MOST, np.int32), np.empty(_MOST, np.int32)
    feature, other = np.empty(_MOST, np.bool_), np.empty(_MOST, np.bool_)
    source, goal = np.empty(8, np.int32), np.empty(8, np.int32)
    costs = np.empty(_MOST)
    for p in range(points):
        if not stale[p]:
            continue
        stale[p], best[p], onto[p], kind[p] = False, np.inf, -1, _FIXED
        count = _around(p, start, fan, fp, fv, label, q, f1, f2, feature)
        if count <= 0:
            continue
        lines = 0
        for k in range(count):
            lines += feature[k]
        if lines == 0:
            kind[p] = _FREE
        elif lines == 2:
            kind[p] = _LINE
        else:
            continue
        for k in range(count):
            costs[k] = np.inf
            if kind[p] == _LINE and not feature[k]:
                continue
            wedges = _mapping(p, q[k], f1[k], f2[k], start, fan, fp, fv, source, goal)
            if wedges == 0:
                continue
            total = mass = 0.0
            for w in range(wedges):
                total += _error(quadric[source[w]], place[q[k]], flat[goal[w]])
                mass += weight[source[w]]
            span = 0.0
            for c in range(3):
                span += (place[p, c] - place[q[k], c]) ** 2
            costs[k] = total / max(mass, 1e-30) + 1e-7 * span
        for _ in range(count):
            k = int(np.argmin(costs[:count]))
            if not costs[k] <= limit:
                break
            if _joins(q, count, q[k], f2[k], start, fan, fp, fv, label, q2, g1, g2, other):
                wedges = _mapping(p, q[k], f1[k], f2[k], start, fan, fp, fv, source, goal)
                if not _turns(p, q[k], start, fan, fp, fv, place, flat, source, goal, wedges):
                    best[p], onto[p] = costs[k], q[k]
                    break
            costs[k] = np.inf
    able = np.flatnonzero(best < np.inf)
    order = able[np.argsort(best[able])]
    wanted = (alive - target + 1) // 2
    most = 1.5 * best[order[wanted]] if wanted < len(order) else np.inf
    touched = np.zeros(points, np.bool_)
    gone = 0
    for p in order:
        o = onto[p]
        if alive - gone <= target or best[p] > most:
            break
        if touched[p] or touched[o]:
            continue
        count = _around(p, start, fan, fp, fv, label, q, f1, f2, feature)
        at = 0
        while at < count and q[at] != o:
            at += 1
        if at >= count or not _joins(
            q, count, o, f2[at], start, fan, fp, fv, label, q2, g1, g2, other
        ):
            stale[p] = True
            continue
        wedges = _mapping(p, o, f1[at], f2[at], start, fan, fp, fv, source, goal)
        for k in range(count):
            touched[q[k]] = stale[q[k]] = True
        touched[p] = stale[p] = True
        for w in range(wedges):
            quadric[goal[w]] += quadric[source[w]]
            weight[goal[w]] += weight[source[w]]
        for i in range(start[p], start[p + 1]):
            f = fan[i]
            if fp[f, 0] == o or fp[f, 1] == o or fp[f, 2] == o:
                fp[f, :] = -1
                fv[f, :] = -1
                gone += 1
                continue
            for c in range(3):
                if fp[f, c] == p:
                    fp[f, c] = o
                    for w in range(wedges):
                        if fv[f, c] == source[w]:
                            fv[f, c] = goal[w]
                            break
    return gone


@nb.njit(cache=True, nogil=True)
def _joins(
    q: I32,
    count: int,
    o: int,
    second: int,
    start: I32,
    fan: I32,
    fp: I32,
    fv: I32,
    label: I32,
    q2: I32,
    g1: I32,
    g2: I32,
    other: Bool,
) -> bool:
    """The link condition: p and o have no common neighbours but those across their edge.

    Dey, Edelsbrunner, Guha and Nekhayev, "Topology preserving edge contraction" (1998).
    """
    reached = _around(o, start, fan, fp, fv, label, q2, g1, g2, other)
    common = 0
    for i in range(count):
        for j in range(reached):
            common += q[i] == q2[j]
    return common == (1 if second < 0 else 2)


@nb.njit(cache=True, nogil=True)
def _mapping(
    p: int,
    o: int,
    f1: int,
    f2: int,
    start: I32,
    fan: I32,
    fp: I32,
    fv: I32,
    source: I32,
    goal: I32,
) -> int:
    """Which vertex on o each vertex on p becomes; how many, or 0 if one has nowhere to go."""
    source[0], goal[0] = _corner(fp, fv, f1, p), _corner(fp, fv, f1, o)
    count = 1
    if f2 >= 0:
        a, b = _corner(fp, fv, f2, p), _corner(fp, fv, f2, o)
        if a != source[0]:
            source[1], goal[1] = a, b
            count = 2
        elif b != goal[0]:
            return 0
    for at in range(start[p], start[p + 1]):
        v = _corner(fp, fv, fan[at], p)
        if v != source[0] and (count == 1 or v != source[1]):
            return 0
    return count


@nb.njit(cache=True, nogil=True)
def _turns(
    p: int,
    o: int,
    start: I32,
    fan: I32,
    fp: I32,
    fv: I32,
    place: F64,
    flat: F64,
    source: I32,
    goal: I32,
    wedges: int,
) -> bool:
    """Whether moving p onto o turns a triangle over, in space or in UV, or makes it a sliver."""
    was, now = np.empty((3, 3)), np.empty((3, 3))
    tex, new = np.empty((3, 2)), np.empty((3, 2))
    for at in range(start[p], start[p + 1]):
        f = fan[at]
        if fp[f, 0] == o or fp[f, 1] == o or fp[f, 2] == o:
            continue
        for i in range(3):
            to, v = fp[f, i], fv[f, i]
            for c in range(3):
                was[i, c] = now[i, c] = place[to, c]
            tex[i, 0], tex[i, 1] = flat[v, 0], flat[v, 1]
            new[i, 0], new[i, 1] = flat[v, 0], flat[v, 1]
            if to == p:
                for c in range(3):
                    now[i, c] = place[o, c]
                for w in range(wedges):
                    if source[w] == v:
                        new[i, 0], new[i, 1] = flat[goal[w], 0], flat[goal[w], 1]
        ax, ay, az, a2, along = _normal(was)
        bx, by, bz, b2, longest = _normal(now)
        if ax * bx + ay * by + az * bz < _TURN * np.sqrt(a2 * b2) or b2 < 1e-24:
            return True
        before = np.sqrt(a2) / max(along, 1e-30)
        after = np.sqrt(b2) / max(longest, 1e-30)
        if after < _SLIVER and after < before:
            return True
        old, turned = _signed(tex), _signed(new)
        if old * turned < 0 or (old != 0 and abs(turned) < 1e-4 * abs(old)):
            return True
    return False


@nb.njit(cache=True, nogil=True)
def _normal(t: F64) -> tuple[float, float, float, float, float]:
    """Twice a triangle's area vector, its squared length, and the longest side squared."""
    ux, uy, uz = t[1, 0] - t[0, 0], t[1, 1] - t[0, 1], t[1, 2] - t[0, 2]
    vx, vy, vz = t[2, 0] - t[0, 0], t[2, 1] - t[0, 1], t[2, 2] - t[0, 2]
    wx, wy, wz = vx - ux, vy - uy, vz - uz
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    longest = max(
        ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz, wx * wx + wy * wy + wz * wz
    )
    return x, y, z, x * x + y * y + z * z, longest


@nb.njit(cache=True, nogil=True)
def _signed(t: F64) -> float:
    return float(
        (t[1, 0] - t[0, 0]) * (t[2, 1] - t[0, 1]) - (t[1, 1] - t[0, 1]) * (t[2, 0] - t[0, 0])
    )


@nb.njit(cache=True, nogil=True)
def _area(place: F64, a: int, b: int, c: int) -> float:
    t = np.empty((3, 3))
    for k in range(3):
        t[0, k], t[1, k], t[2, k] = place[a, k], place[b, k], place[c, k]
    return float(np.sqrt(_normal(t)[3]) / 2)
