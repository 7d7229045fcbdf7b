"""How far a body stands from the cloth over it, and where it comes through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_CANDIDATES: Final = 10
"""Triangles looked at for each point, nearest centres first."""

_RIM: Final = 1e-4
"""A foot nearer to an open edge than this, as a share of the triangle, is beside the cloth."""


@dataclass(frozen=True, eq=False)
class Clearance:
    """Where points stand to a cloth.

    Attributes:
        height: (n,) float32, metres, signed distance of each point above the cloth's nearest
            triangle: negative on its inner side, where a wearer belongs.
        face: (n,) int32, that triangle.
        beside: (n,) bool, the nearest place of the cloth is an open edge: neither in nor out.
    """

    height: F32
    face: I32
    beside: NDArray[np.bool_]


def clearance(points: F32, cloth: F32, faces: I32, rim: NDArray[np.bool_]) -> Clearance:
    """Signed distance of (n, 3) points from a cloth.

    Args:
        cloth: (m, 3) places.
        faces: (f, 3) triangles, counter-clockwise seen from outside.
        rim: (f, 3) bool, sides (opposite to each corner) that are open edges.
    """
    edge = open_nodes(faces, rim, len(cloth))
    centres = cloth[faces].mean(axis=1)
    count = min(_CANDIDATES, len(faces))
    _, near = cKDTree(centres).query(points, k=count)
    near = np.asarray(near, dtype=np.int32).reshape(len(points), count)
    height = np.empty(len(points), dtype=np.float32)
    face = np.empty(len(points), dtype=np.int32)
    beside = np.empty(len(points), dtype=np.bool_)
    _feet(np.ascontiguousarray(points), cloth, faces, rim, edge, near, height, face, beside)
    return Clearance(height, face, beside)


def open_sides(faces: I32) -> NDArray[np.bool_]:
    """Which side of each triangle, (f, 3) and opposite to its corners, has no neighbour."""
    sides = np.stack([faces[:, [1, 2]], faces[:, [2, 0]], faces[:, [0, 1]]], axis=1)
    flat = np.sort(sides.reshape(-1, 2), axis=1).astype(np.int64)
    key = flat[:, 0] * (int(faces.max()) + 1) + flat[:, 1]
    _, inverse, uses = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray((uses[inverse] == 1).reshape(-1, 3))


def open_nodes(faces: I32, rim: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Which of ``count`` nodes lie on an open edge; ``rim`` as of :func:`open_sides`."""
    found = np.zeros(count, dtype=np.bool_)
    for corner in range(3):
        for end in (1, 2):
            found[faces[rim[:, corner], (corner + end) % 3]] = True
    return found


@njit(cache=True, nogil=True)
def _feet(
    points: F32,
    cloth: F32,
    faces: I32,
    rim: NDArray[np.bool_],
    edge: NDArray[np.bool_],
    near: I32,
    height: F32,
    face: I32,
    beside: NDArray[np.bool_],
) -> None:
    """Closest triangle of each point (Ericson, Real-Time Collision Detection, 5.1.5)."""
    for i in range(points.shape[0]):
        px, py, pz = points[i, 0], points[i, 1], points[i, 2]
        least, steep = 1e30, 0.0
        for k in range(near.shape[1]):
            f = near[i, k]
            a, b, c = cloth[faces[f, 0]], cloth[faces[f, 1]], cloth[faces[f, 2]]
            ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
            vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
            wx, wy, wz = px - a[0], py - a[1], pz - a[2]
            nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            area = nx * nx + ny * ny + nz * nz
            if area < 1e-20:
                continue
            # Barycentric coordinates of the foot, then clamped to the triangle.
            t = ((uy * wz - uz * wy) * nx + (uz * wx - ux * wz) * ny + (ux * wy - uy * wx) * nz) / (
                area
            )
            s = ((wy * vz - wz * vy) * nx + (wz * vx - wx * vz) * ny + (wx * vy - wy * vx) * nz) / (
                area
            )
            r = 1.0 - s - t
            if r < 0 or s < 0 or t < 0:
                s, t = _clamped(ux, uy, uz, vx, vy, vz, wx, wy, wz)
                r = 1.0 - s - t
            dx, dy, dz = wx - s * ux - t * vx, wy - s * uy - t * vy, wz - s * uz - t * vz
            d = dx * dx + dy * dy + dz * dz
            along = (dx * nx + dy * ny + dz * nz) / np.sqrt(area)
            # Of two triangles that share the nearest edge, the one seen more squarely tells.
            if d < least - 1e-12 or (d < least + 1e-12 and abs(along) > abs(steep)):
                least = min(d, least)
                steep = along
                face[i] = f
                # A triangle may meet the edge with a corner alone.
                beside[i] = (
                    (rim[f, 0] and r < _RIM)
                    or (rim[f, 1] and s < _RIM)
                    or (rim[f, 2] and t < _RIM)
                    or (edge[faces[f, 0]] and s < _RIM and t < _RIM)
                    or (edge[faces[f, 1]] and t < _RIM and r < _RIM)
                    or (edge[faces[f, 2]] and r < _RIM and s < _RIM)
                )
        height[i] = np.sqrt(least) if steep > 0 else -np.sqrt(least)


@njit(cache=True, nogil=True)
def _clamped(
    ux: float, uy: float, uz: float, vx: float, vy: float, vz: float,
    wx: float, wy: float, wz: float,
) -> tuple[float, float]:  # fmt: skip
    """Shares (of b and c) of the nearest place on the triangle's outline."""
    uu, vv, uv = (
        ux * ux + uy * uy + uz * uz,
        vx * vx + vy * vy + vz * vz,
        ux * vx + uy * vy + uz * vz,
    )
    uw, vw = ux * wx + uy * wy + uz * wz, vx * wx + vy * wy + vz * wz
    ww = wx * wx + wy * wy + wz * wz
    s1 = min(max(uw / uu, 0.0), 1.0)
    d1 = ww - 2 * s1 * uw + s1 * s1 * uu
    t2 = min(max(vw / vv, 0.0), 1.0)
    d2 = ww - 2 * t2 * vw + t2 * t2 * vv
    # From b to c.
    ee = uu + vv - 2 * uv
    q = min(max((vw - uw - uv + uu) / ee, 0.0), 1.0)
    s3, t3 = 1.0 - q, q
    d3 = ww - 2 * (s3 * uw + t3 * vw) + s3 * s3 * uu + t3 * t3 * vv + 2 * s3 * t3 * uv
    if d1 <= d2 and d1 <= d3:
        return s1, 0.0
    if d2 <= d3:
        return 0.0, t2
    return s3, t3
