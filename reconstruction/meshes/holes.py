"""Holes of a surface: found as loops of open edges, and capped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..mesh import F32, I32, Mesh
from .simplify import point_groups


def closes_flat(rim: F32, bend: float) -> bool:
    """Whether a fan from a rim's middle closes it flat and without a fold.

    Args:
        rim: (n, 3), in its order.
        bend: how far it may leave its plane, in its unit.
    """
    points = np.asarray(rim, np.float64)
    out = points - points.mean(axis=0)
    turns = np.cross(out, np.roll(out, -1, axis=0))
    normal = turns.sum(axis=0)
    area = float(np.linalg.norm(normal))
    if area <= 0:
        return False
    normal /= area
    return bool(np.abs(out @ normal).max() <= bend and (turns @ normal).min() >= -1e-3 * area)


def open_edges(mesh: Mesh) -> int:
    """How many edges do not lie between exactly two faces, seams closed."""
    faces = point_groups(mesh)[mesh.faces]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return int((np.unique(edges, axis=0, return_counts=True)[1] != 2).sum())


def hole_loops(mesh: Mesh) -> list[I32]:
    """Each hole's rim as points (of :func:`point_groups`), in the direction of its faces."""
    faces = point_groups(mesh)[mesh.faces].astype(np.int64)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    count = int(faces.max()) + 1
    rim = ~np.isin(start * count + end, end * count + start)
    follow: dict[int, list[int]] = {}
    for a, b in zip(start[rim].tolist(), end[rim].tolist(), strict=True):
        follow.setdefault(a, []).append(b)
    loops = []
    while follow:
        first = at = next(iter(follow))
        loop = []
        while at in follow:
            loop.append(at)
            onward = follow[at]
            step = onward.pop()
            if not onward:
                del follow[at]
            at = step
            if at == first:
                break
        if at == first and len(loop) > 2:
            loops.append(np.array(loop, np.int32))
    return loops


def capped(mesh: Mesh, wanted: Callable[[F32], bool] = lambda rim: True) -> tuple[Mesh, I32]:
    """The mesh with a fan over every hole, in the one colour that its rim begins with.

    Args:
        wanted: told a rim, (n, 3), in its order: whether this hole is to be closed.

    Returns:
        The mesh, and (n,) int32: which of the old vertices each vertex takes after.
    """
    point = point_groups(mesh)
    source = [np.arange(len(mesh.vertices), dtype=np.int32)]
    some = np.zeros(int(point.max()) + 1, np.int32)
    some[point] = source[0]
    loops = [loop for loop in hole_loops(mesh) if wanted(mesh.vertices[some[loop]])]
    if not loops:
        return mesh, source[0]
    part_of = np.zeros(len(mesh.vertices), np.int32)
    part_of[mesh.faces] = mesh.face_part[:, None]
    vertices: list[F32] = [mesh.vertices]
    uv, faces = [mesh.uv], [mesh.faces]
    weld, part = [point], [mesh.face_part]
    count, points = len(mesh.vertices), int(point.max()) + 1
    for loop in loops:
        rim = some[loop]
        n = len(rim)
        middle = mesh.vertices[rim].mean(axis=0, keepdims=True)
        vertices.append(np.concatenate([mesh.vertices[rim], middle]).astype(np.float32))
        uv.append(np.repeat(mesh.uv[rim[:1]], n + 1, axis=0))
        here = count + np.arange(n, dtype=np.int32)
        centre = np.full(n, count + n, np.int32)
        faces.append(np.stack([np.roll(here, -1), here, centre], axis=1).astype(np.int32))
        weld.append(np.append(loop, points).astype(np.int32))
        part.append(np.full(n, part_of[rim[0]], np.int32))
        source.append(np.append(rim, rim[0]).astype(np.int32))
        count, points = count + n + 1, points + 1
    whole = replace(
        mesh,
        vertices=np.concatenate(vertices),
        uv=np.concatenate(uv).astype(np.float32),
        faces=np.concatenate(faces),
        face_part=np.concatenate(part),
        weld=np.concatenate(weld),
        skin=None,
    )
    return whole, np.concatenate(source)
