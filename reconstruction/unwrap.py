"""UVs for a mesh that has none (xatlas), and textures baked onto them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .furniture.atlas import Atlas, make_atlas, per_vertex
from .mesh import F32, I32, Mesh

U8 = NDArray[np.uint8]
_SEEN = 0.2  # weight from which a texel's own colour counts alone


def unwrap(mesh: Mesh) -> tuple[Mesh, I32]:
    """The mesh cut into charts that do not overlap in UV.

    Returns:
        The mesh with UVs and a weld over its new seams, and (n,) int32: which vertex of ``mesh``
        each of its vertices is. Its triangles keep their order and parts.
    """
    import xatlas

    from .simplify import point_groups

    source, faces, uv = xatlas.parametrize(
        np.ascontiguousarray(mesh.vertices, np.float32),
        np.ascontiguousarray(mesh.faces, np.uint32),
    )
    source = source.astype(np.int32)
    flat = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1)
    cut = Mesh(
        vertices=mesh.vertices[source],
        faces=faces.astype(np.int32),
        uv=np.clip(flat, 0, 1).astype(np.float32),
        face_part=mesh.face_part,
        parts=mesh.parts,
        part_material=mesh.part_material,
        weld=point_groups(mesh)[source],
        anchors=dict(mesh.anchors),
    )
    return cut, source


def paint_vertices(mesh: Mesh, color: F32, size: int) -> U8:
    """A texture of colours per vertex.

    Args:
        color: (n, 3) float32, any space; the picture is in the same.

    Returns:
        (size, size, 3) uint8 of the values times 255.
    """
    atlas = make_atlas(mesh, size)
    spread = atlas.spread(per_vertex(mesh, atlas, color))
    return np.asarray(np.clip(spread, 0, 1) * 255 + 0.5, np.uint8)


def complete_from_nearest(mesh: Mesh, atlas: Atlas, color: F32, weight: F32) -> F32:
    """(t, 3) the colours; where ``weight`` (t,) is small, those of the nearest points in space.

    Args:
        atlas: of ``mesh``.
        color: (t, 3) float32 per covered texel.
    """
    from scipy.spatial import cKDTree

    seen = np.flatnonzero(weight > _SEEN)
    if not len(seen):
        return color
    seen = seen[:: max(1, len(seen) // 20000)]
    near = cKDTree(atlas.position[seen]).query(mesh.vertices, k=min(12, len(seen)))[1]
    away = per_vertex(mesh, atlas, color[seen[near.reshape(len(mesh.vertices), -1)]].mean(axis=1))
    trust = np.clip(weight / _SEEN, 0, 1)[:, None].astype(np.float32)
    return np.asarray(color * trust + away * (1 - trust), np.float32)
