"""From a field on a regular grid, or loose triangles, to one clean :class:`Mesh`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ReconstructionError
from ..mesh import F32, I32, Mesh

F64 = NDArray[np.float64]


def isosurface(field: F32, low: F64, step: float, least: float = 1e-6) -> tuple[F32, I32]:
    """The surface where a field is 0, positive inside; by marching cubes (Lewiner 2003).

    Args:
        field: (a, b, c) float32 at the nodes of a grid with axes x, y, z.
        low: (3,) where node (0, 0, 0) stands, metres.
        step: between nodes, metres.
        least: magnitude that a node has at least: what is nearer to 0 makes slivers.

    Returns:
        (n, 3) float32 vertices and (m, 3) int32 faces, counter-clockwise from outside. It is
        closed where the field is negative on the grid's sides, and open where it is not.

    Raises:
        ReconstructionError: the field has no surface.
    """
    from skimage.measure import marching_cubes

    if not (field.min() < 0 < field.max()):
        raise ReconstructionError(
            "the silhouettes leave nothing; check that all show one product, in turntable order",
            field="photos",
            expected="silhouettes of one product",
            got="no common volume",
        )
    sign = np.where(field < 0, np.float32(-1), np.float32(1))
    solid = sign * np.maximum(np.abs(field), np.float32(least))
    vertices, faces, _, _ = marching_cubes(solid, 0.0, gradient_direction="ascent")
    vertices, faces = joined(vertices.astype(np.float32), faces.astype(np.int32))
    return (vertices * np.float32(step) + low.astype(np.float32)).astype(np.float32), faces


def joined(vertices: F32, faces: I32) -> tuple[F32, I32]:
    """The same triangles with vertices at one place made one, degenerate triangles left out."""
    _, first, inverse = np.unique(
        np.round(vertices.astype(np.float64), 6), axis=0, return_index=True, return_inverse=True
    )
    faces = inverse.reshape(-1)[faces].astype(np.int32)
    solid = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return np.ascontiguousarray(vertices[first]), faces[solid]


def bare(vertices: F32, faces: I32, face_part: I32 | None = None) -> Mesh:
    """A mesh without UVs yet, its parts ``front`` (0) and ``back`` (1), or ``body`` alone."""
    parts = ("body",) if face_part is None else ("front", "back")
    part = np.zeros(len(faces), np.int32) if face_part is None else face_part.astype(np.int32)
    uv = np.zeros((len(vertices), 2), np.float32)
    return Mesh(vertices, faces, uv, part, parts, ("body",) * len(parts))


def enclosed_volume(vertices: F32, faces: I32) -> float:
    """Volume that closed triangles enclose, cubic metres; negative if they are inside out."""
    a, b, c = (vertices[faces[:, i]].astype(np.float64) for i in range(3))
    return float((a * np.cross(b, c)).sum() / 6)
