"""Procedural geometry as plain arrays: boxes, tubes, lathes, cushions, sheets. No engine.

A :class:`Shape` carries how it takes baked light: flat faces get a *chart* in the room's
lightmap, curved ones take light per vertex (chart -1). UVs are metres along the surface; the
material's ``tile`` says how many metres one texture repeat covers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Vec = Sequence[float] | NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Shape:
    """Triangles of one material.

    Attributes:
        vertices, normals: (n, 3) float32, metres.
        uv: (n, 2) float32, metres.
        faces: (m, 3) int32, counter-clockwise outside.
        chart: (n,) int32, the lightmap chart of each vertex, -1 for light per vertex.
        chart_uv: (n, 2) float32, metres inside the chart, from (0, 0).
        material: key of the scene's materials.
    """

    vertices: F32
    normals: F32
    uv: F32
    faces: I32
    chart: I32
    chart_uv: F32
    material: str

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
        """Translated, metres."""
        return replace(
            self, vertices=(self.vertices + np.array([x, y, z], np.float32)).astype(np.float32)
        )

    def turned(self, axis: str, angle: float) -> Shape:
        """Rotated about an axis through the origin, radians, right-handed."""
        c, s = math.cos(angle), math.sin(angle)
        i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        m = np.eye(3, dtype=np.float32)
        m[i, i] = m[j, j] = c
        m[i, j], m[j, i] = -s, s
        return replace(
            self,
            vertices=(self.vertices @ m.T).astype(np.float32),
            normals=(self.normals @ m.T).astype(np.float32),
        )

    def scaled(self, x: float, y: float, z: float) -> Shape:
        """Scaled per axis (positive factors)."""
        factor = np.array([x, y, z], np.float32)
        normals = self.normals / factor
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        return replace(
            self,
            vertices=(self.vertices * factor).astype(np.float32),
            normals=normals.astype(np.float32),
        )


def join(shapes: Sequence[Shape]) -> Shape:
    """Concatenate shapes of one material; charts are renumbered."""
    charts, vertex, chart = [], 0, 0
    faces = []
    for s in shapes:
        faces.append(s.faces + vertex)
        charts.append(np.where(s.chart >= 0, s.chart + chart, -1))
        vertex += len(s.vertices)
        chart += int(s.chart.max(initial=-1)) + 1
    return Shape(
        np.concatenate([s.vertices for s in shapes]),
        np.concatenate([s.normals for s in shapes]),
        np.concatenate([s.uv for s in shapes]),
        np.concatenate(faces).astype(np.int32),
        np.concatenate(charts).astype(np.int32),
        np.concatenate([s.chart_uv for s in shapes]),
        shapes[0].material,
    )


def _shape(
    vertices: object,
    normals: object,
    uv: object,
    faces: object,
    material: str,
    chart: object = None,
    chart_uv: object = None,
) -> Shape:
    place = np.asarray(vertices, np.float32).reshape(-1, 3)
    count = len(place)
    return Shape(
        place,
        np.asarray(normals, np.float32).reshape(-1, 3),
        np.asarray(uv, np.float32).reshape(-1, 2),
        np.asarray(faces, np.int32).reshape(-1, 3),
        np.full(count, -1, np.int32) if chart is None else np.asarray(chart, np.int32),
        np.zeros((count, 2), np.float32)
        if chart_uv is None
        else np.asarray(chart_uv, np.float32).reshape(-1, 2),
        material,
    )


@cache
def grid_faces(rows: int, columns: int) -> I32:
    """(2·(rows-1)·(columns-1), 3) faces of a row-major vertex grid; read only."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    c, d = index[1:, 1:].ravel(), index[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    faces.flags.writeable = False
    return faces


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vector products along the last axis, without numpy's care for other shapes."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def quad(corner: Vec, along: Vec, up: Vec, material: str) -> Shape:
    """A rectangle from ``corner`` spanned by ``along`` and ``up``; normal is along x up."""
    o, u, v = (np.asarray(a, np.float64) for a in (corner, along, up))
    w, h = float(np.linalg.norm(u)), float(np.linalg.norm(v))
    n = np.cross(u, v) / (w * h)
    uv = [(0, 0), (w, 0), (w, h), (0, h)]
    return _shape(
        [o, o + u, o + u + v, o + v], [n] * 4, uv, [(0, 1, 2), (0, 2, 3)], material, [0] * 4, uv
    )


def polygon(points: Sequence[Vec], y: float, up: bool, material: str) -> Shape:
    """A flat floor or ceiling over corners (x, z), counter-clockwise from above."""
    flat = np.asarray(points, np.float64)
    faces = ear_clip(flat)
    low = flat.min(axis=0)
    vertices = np.stack([flat[:, 0], np.full(len(flat), y), flat[:, 1]], 1)
    normal = (0.0, 1.0 if up else -1.0, 0.0)
    if not up:
        faces = faces[:, ::-1]
    return _shape(
        vertices, [normal] * len(flat), flat, faces, material, [0] * len(flat), flat - low
    )


def ear_clip(points: NDArray[np.float64]) -> I32:
    """Triangles (m, 3) of a simple polygon (x, z), counter-clockwise from above (+Y)."""

    def cross(a: int, b: int, c: int) -> float:
        (ax, az), (bx, bz), (cx, cz) = points[a], points[b], points[c]
        return float(-((bx - ax) * (cz - az) - (bz - az) * (cx - ax)))

    left = list(range(len(points)))
    out: list[tuple[int, int, int]] = []
    while len(left) > 3:
        for i in range(len(left)):
            a, b, c = left[i - 1], left[i], left[(i + 1) % len(left)]
            inside = any(
                cross(a, b, p) >= 0 and cross(b, c, p) >= 0 and cross(c, a, p) >= 0
                for p in left
                if p not in (a, b, c)
            )
            if cross(a, b, c) > 1e-12 and not inside:
                out.append((a, b, c))
                del left[i]
                break
        else:
            del left[0]
    out.append((left[0], left[1], left[2]))
    return np.asarray(out, np.int32)


_BOX_SIDES = (
    # normal axis, sign, u axis, u sign, v axis, v sign: u x v = normal
    (0, 1, 2, -1, 1, 1),
    (0, -1, 2, 1, 1, 1),
    (1, 1, 0, 1, 2, -1),
    (1, -1, 0, 1, 2, 1),
    (2, 1, 0, 1, 1, 1),
    (2, -1, 0, -1, 1, 1),
)


def box(size: Vec, material: str, bevel: float = 0.004, skip: str = "") -> Shape:
    """A box standing on the floor centre, with rounded edges.

    Args:
        size: width (x), height (y), depth (z), metres.
        bevel: radius of the edges; 0 for sharp ones.
        skip: sides to leave out, such as ``"bottom"`` or ``"bottom back"``.
    """
    half = np.asarray(size, np.float64) / 2.0
    r = min(bevel, 0.49 * float(half.min() * 2))
    names = ("right", "left", "top", "bottom", "front", "back")
    shapes = []
    for (axis, sign, ua, us, va, vs), name in zip(_BOX_SIDES, names, strict=True):
        if name in skip.split():
            continue
        # Four lines per direction: edge of the rounding, start of the flat, and mirrored. The
        # outer ring stands half way round the edge (45 degrees).
        lift = r * (1.0 - math.sqrt(0.5))

        def lines(h: float, lift: float = lift) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            at = np.array([-h + lift, -h + r, h - r, h - lift]) if r > 0 else np.array([-h, h])
            tilt = np.array([-1.0, 0, 0, 1.0]) if r > 0 else np.zeros(2)
            return at, tilt

        u, tu = lines(float(half[ua]))
        v, tv = lines(float(half[va]))
        gu, gv = np.meshgrid(u, v)
        ru, rv = np.meshgrid(tu, tv)
        place = np.zeros((*gu.shape, 3))
        normal = np.zeros_like(place)
        place[..., ua], place[..., va] = gu * us, gv * vs
        drop = np.maximum(np.abs(ru), np.abs(rv)) * lift
        place[..., axis] = sign * (half[axis] - drop)
        normal[..., ua], normal[..., va] = ru * us, rv * vs
        normal[..., axis] = sign
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        uv = np.stack([gu + half[ua], gv + half[va]], -1)
        shapes.append(_shape(place, normal, uv, grid_faces(*gu.shape), material, [0] * gu.size, uv))
    return join(shapes).moved(y=float(half[1]))


def lathe(
    profile: Sequence[tuple[float, float]], material: str, segments: int = 24, smooth: bool = True
) -> Shape:
    """A surface of revolution about Y from (radius, height) pairs, bottom to top outside."""
    p = np.asarray(profile, np.float64)
    if not smooth:
        p = np.repeat(p, 2, axis=0)[1:-1]
    angle = np.linspace(0.0, 2.0 * math.pi, segments + 1)
    tangent = np.gradient(p, axis=0) if smooth else np.repeat(np.diff(p[::1], axis=0)[::2], 2, 0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    c, s = np.cos(angle), np.sin(angle)
    place = np.stack(
        [p[:, :1] * s[None], np.repeat(p[:, 1:], len(angle), 1), p[:, :1] * c[None]], -1
    )
    out = np.stack(
        [normal[:, :1] * s[None], np.repeat(normal[:, 1:], len(angle), 1), normal[:, :1] * c[None]],
        -1,
    )
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    radius = float(p[:, 0].max())
    uv = np.stack(np.meshgrid(angle * radius, length), -1)
    return _shape(place, out, uv, grid_faces(len(p), len(angle)), material)


def disk(radius: float, y: float, material: str, segments: int = 24, up: bool = True) -> Shape:
    """A flat disk at height ``y``, with rings so that baked light can vary."""
    rings = np.array([0.0, 0.5, 1.0]) * radius
    angle = np.linspace(0.0, 2.0 * math.pi, segments + 1)
    gr, ga = np.meshgrid(rings, angle, indexing="ij")
    place = np.stack([gr * np.sin(ga), np.full(gr.shape, y), gr * np.cos(ga)], -1)
    normal = np.zeros_like(place)
    normal[..., 1] = 1.0 if up else -1.0
    faces = grid_faces(*gr.shape)
    if up:
        faces = faces[:, ::-1]
    return _shape(place, normal, place[..., [0, 2]], faces, material)


def cylinder(radius: float, height: float, material: str, segments: int = 20) -> Shape:
    """A closed cylinder standing on the floor."""
    r = min(0.003, radius * 0.3)
    rings = max(2, math.ceil(height / 0.25)) + 1
    wall = [(radius, float(y)) for y in np.linspace(r, height - r, rings)]
    side = lathe([(radius - r, 0.0), *wall, (radius - r, height)], material, segments)
    return join([side, disk(radius - r, height, material, segments)])


def tube(
    points: Sequence[Vec] | NDArray[np.floating[Any]],
    radius: float,
    material: str,
    segments: int = 10,
) -> Shape:
    """A round tube along a polyline."""
    p = np.asarray(points, np.float64)
    # Split long runs, so that light per vertex can vary along them.
    dense = [p[0]]
    for a, b in pairwise(p):
        n = max(1, math.ceil(float(np.linalg.norm(b - a)) / 0.3))
        dense += [a + (b - a) * (i / n) for i in range(1, n + 1)]
    p = np.asarray(dense)
    tangent = np.gradient(p, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.array([0.0, 1.0, 0.0]) if abs(tangent[0, 1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    angle = np.linspace(0.0, 2.0 * math.pi, segments + 1)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    place, normal = [], []
    for at, t in zip(p, tangent, strict=True):
        side = side - t * float(side @ t)
        side /= np.linalg.norm(side)
        ring = cos * side + sin * _cross(t, side)
        normal.append(ring)
        place.append(at + ring * radius)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    uv = np.stack(np.meshgrid(angle * radius, length), -1)
    return _shape(place, normal, uv, grid_faces(len(p), len(angle)), material)


def cushion(
    size: Vec, material: str, roundness: float = 0.35, puff: float = 0.0, detail: int = 9
) -> Shape:
    """A soft rounded block on the floor: box blown towards an ellipsoid.

    Args:
        roundness: edge radius relative to the smallest side, 0 to 1.
        puff: how far the broad faces bulge, metres.
    """
    half = np.asarray(size, np.float64) / 2.0
    r = roundness * float(half.min())
    shapes = []
    for axis, sign, ua, us, va, vs in _BOX_SIDES:
        t = np.linspace(-1.0, 1.0, detail)
        t = np.sign(t) * np.abs(t) ** 0.75
        gu, gv = np.meshgrid(t * half[ua] * us, t * half[va] * vs)
        place = np.zeros((*gu.shape, 3))
        place[..., ua], place[..., va], place[..., axis] = gu, gv, sign * half[axis]
        inner = np.clip(place, -(half - r), half - r)
        out = place - inner
        out /= np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-9)
        flat = inner + out * r
        blend = out
        if puff:
            bulge = puff * (1 - (gu / half[ua]) ** 2) * (1 - (gv / half[va]) ** 2)
            flat[..., axis] += sign * bulge
            normal = _cross(np.gradient(flat, axis=1), np.gradient(flat, axis=0))
            normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
            blend = 0.5 * normal + 0.5 * out
        blend /= np.maximum(np.linalg.norm(blend, axis=-1, keepdims=True), 1e-12)
        uv = np.stack([gu * us + half[ua], gv * vs + half[va]], -1)
        shapes.append(_shape(flat, blend, uv, grid_faces(*gu.shape), material))
    return join(shapes).moved(y=float(half[1]))


def sheet(points: NDArray[np.float64], material: str, thickness: float = 0.0) -> Shape:
    """A surface through a (rows, columns, 3) grid; with ``thickness`` also its back side."""
    du, dv = np.gradient(points, axis=1), np.gradient(points, axis=0)
    normal = _cross(du, dv)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    uv = np.stack(
        [
            np.concatenate(
                [
                    np.zeros((len(points), 1)),
                    np.cumsum(np.linalg.norm(np.diff(points, axis=1), axis=-1), axis=1),
                ],
                axis=1,
            ),
            np.concatenate(
                [
                    np.zeros((1, points.shape[1])),
                    np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1), axis=0),
                ],
                axis=0,
            ),
        ],
        -1,
    )
    faces = grid_faces(*points.shape[:2])
    front = _shape(points, normal, uv, faces, material)
    if thickness <= 0.0:
        return front
    back = _shape(points - normal * thickness, -normal, uv, faces[:, ::-1], material)
    return join([front, back])
