"""Girths of triangle meshes: cut by a plane, then measured as a tape or along the cloth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

_DIRECTIONS = 180
_ANGLE = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
_COS = np.cos(_ANGLE)
_SIN = np.sin(_ANGLE)


@dataclass(frozen=True, eq=False)
class Section:
    """Where a plane meets a mesh.

    Attributes:
        segments: (k, 2, 2) float64, one segment per crossed face, metres, in-plane axes.
    """

    segments: F64

    @property
    def tape(self) -> float:
        """Length of a tape pulled tight around the section, metres (0 where nothing is cut)."""
        return float(_hull_perimeter(self.segments.reshape(-1, 2))) if len(self.segments) else 0.0

    @property
    def length(self) -> float:
        """Length along the cut itself, metres: a garment's own girth, folds included."""
        step = self.segments[:, 1] - self.segments[:, 0]
        return float(np.linalg.norm(step, axis=1).sum())

    def turns(self) -> float:
        """Share of directions, seen from the section's centre, that the cut covers; 1 is closed."""
        if not len(self.segments):
            return 0.0
        middle = self.segments.mean(axis=1)
        centre = (middle.min(axis=0) + middle.max(axis=0)) / 2
        ends = self.segments - centre
        first = np.arctan2(ends[:, 0, 1], ends[:, 0, 0])
        swept = np.arctan2(ends[:, 1, 1], ends[:, 1, 0]) - first
        swept = np.abs((swept + np.pi) % (2 * np.pi) - np.pi)
        bins = np.zeros(72, dtype=bool)
        for start, sweep in zip(first, swept, strict=True):
            count = int(sweep / (2 * np.pi) * 144) + 1
            angle = start + np.linspace(-1, 1, 2 * count + 1) * sweep
            bins[((angle + np.pi) / (2 * np.pi) * 72).astype(int) % 72] = True
        return float(bins.mean())


def section(vertices: F32, faces: I32, origin: F32, normal: F32) -> Section:
    """Cut a mesh by a plane.

    Args:
        vertices: (n, 3) float32.
        faces: (m, 3) int32, the faces that count.
        origin: (3,) a point of the plane.
        normal: (3,) its unit normal.
    """
    across, along = plane_axes(normal)
    out = np.empty((len(faces), 2, 2), dtype=np.float64)
    count = _cut(vertices, faces, _f64(origin), _f64(normal), _f64(across), _f64(along), out)
    return Section(out[:count])


def tape(vertices: F32, faces: I32, origin: F32, normal: F32) -> float:
    """Length of a tape around the cut, metres; see :func:`section`."""
    return section(vertices, faces, origin, normal).tape


def plane_axes(normal: F32) -> tuple[F32, F32]:
    """Two unit vectors that span the plane; for a level plane they are +X and +Z."""
    helper = np.array((1.0, 0.0, 0.0) if abs(normal[0]) < 0.9 else (0.0, 1.0, 0.0), np.float32)
    across = helper - normal * float(helper @ normal)
    across /= np.linalg.norm(across)
    return across.astype(np.float32), np.cross(across, normal).astype(np.float32)


def loops(cut: Section, merge: float = 1e-6) -> list[F64]:
    """Chain a section's segments into closed rings, each (k, 2), longest first."""
    ends = np.round(cut.segments.reshape(-1, 2) / merge).astype(np.int64)
    _, node = np.unique(ends, axis=0, return_inverse=True)
    node = node.reshape(-1, 2)
    beside: dict[int, list[int]] = {}
    for s, (a, b) in enumerate(node):
        beside.setdefault(int(a), []).append(s)
        beside.setdefault(int(b), []).append(s)
    free = set(range(len(node)))
    rings = []
    while free:
        s = free.pop()
        ring, here = [cut.segments[s, 0], cut.segments[s, 1]], int(node[s, 1])
        while (step := next((k for k in beside[here] if k in free), None)) is not None:
            free.discard(step)
            end = 1 if node[step, 0] == here else 0
            ring.append(cut.segments[step, end])
            here = int(node[step, end])
        rings.append(np.array(ring))
    return sorted(rings, key=ring_length, reverse=True)


def hull_length(points: F64) -> float:
    """Perimeter of the convex hull of (k, 2) points."""
    return float(_hull_perimeter(np.ascontiguousarray(points, dtype=np.float64)))


def ring_length(ring: F64) -> float:
    """Length along a chained ring of (k, 2) points."""
    return float(np.linalg.norm(np.diff(ring, axis=0), axis=1).sum())


@njit(cache=True, nogil=True)
def enclosed(vertices: F32, faces: I32) -> float:
    """Volume that a watertight mesh encloses, m³; (n, 3) vertices, (m, 3) faces."""
    total = 0.0
    for f in range(faces.shape[0]):
        a, b, c = vertices[faces[f, 0]], vertices[faces[f, 1]], vertices[faces[f, 2]]
        total += np.float64(
            a[0] * (b[1] * c[2] - b[2] * c[1])
            + a[1] * (b[2] * c[0] - b[0] * c[2])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
    return total / 6.0


def _f64(a: F32) -> F64:
    return np.ascontiguousarray(a, dtype=np.float64)


@njit(cache=True, nogil=True)
def _cut(
    vertices: F32, faces: I32, origin: F64, normal: F64, across: F64, along: F64, out: F64
) -> int:
    height = np.empty(3)
    count = 0
    for f in range(faces.shape[0]):
        for k in range(3):
            v = faces[f, k]
            height[k] = (
                (vertices[v, 0] - origin[0]) * normal[0]
                + (vertices[v, 1] - origin[1]) * normal[1]
                + (vertices[v, 2] - origin[2]) * normal[2]
            )
        found = 0
        for k in range(3):
            j = (k + 1) % 3
            if (height[k] < 0) == (height[j] < 0):
                continue
            # From the lower vertex number to the higher: both faces of an edge get equal points.
            a, b, ha, hb = faces[f, k], faces[f, j], height[k], height[j]
            if a > b:
                a, b, ha, hb = b, a, hb, ha
            t = ha / (ha - hb)
            x = vertices[a, 0] + t * (vertices[b, 0] - vertices[a, 0]) - origin[0]
            y = vertices[a, 1] + t * (vertices[b, 1] - vertices[a, 1]) - origin[1]
            z = vertices[a, 2] + t * (vertices[b, 2] - vertices[a, 2]) - origin[2]
            out[count, found, 0] = x * across[0] + y * across[1] + z * across[2]
            out[count, found, 1] = x * along[0] + y * along[1] + z * along[2]
            found += 1
        if found == 2:
            count += 1
    return count


@njit(cache=True, nogil=True)
def _hull_perimeter(points: F64) -> float:
    """Cauchy's formula: the integral of the support function, smooth and without sorting."""
    total = 0.0
    for d in range(_DIRECTIONS):
        best = -1e30
        for i in range(points.shape[0]):
            reach = points[i, 0] * _COS[d] + points[i, 1] * _SIN[d]
            best = max(best, reach)
        total += best
    return total * (2 * np.pi / _DIRECTIONS)
