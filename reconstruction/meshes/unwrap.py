"""UVs for a mesh that has none (xatlas), and textures baked onto them from photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..render.camera import Camera
from ..render.zbuffer import interpolate, render, uv_raster
from .simplify import point_groups

U8 = NDArray[np.uint8]
_SEEN = 0.2  # weight from which a texel's own colour counts alone
_FACING = (0.15, 0.5)  # cosines between which a photo gains a surface's trust
_SLACK = 0.004  # of the body's diagonal: how far behind what a photo shows a point may lie


def unwrap(mesh: Mesh) -> tuple[Mesh, I32]:
    """The mesh cut into charts that do not overlap in UV.

    Returns:
        The mesh with UVs and a weld over its new seams, and (n,) int32: which vertex of ``mesh``
        each of its vertices is. Its triangles keep their order and parts.
    """
    import xatlas

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


@dataclass(frozen=True, eq=False)
class Texels:
    """What lies under a square texture's covered texels.

    Attributes:
        size: texels per side.
        rows, columns: (t,) of the covered texels.
        position, normal: (t, 3) float32, metres and unit vectors.
        near: a pair of (size, size) arrays: for every texel the covered one next to it.
    """

    size: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    position: F32
    normal: F32
    near: NDArray[np.int32]

    def spread(self, values: F32) -> F32:
        """(t, k) values as a (size, size, k) picture, islands grown into what is around them."""
        picture = np.zeros((self.size, self.size, values.shape[1]), np.float32)
        picture[self.rows, self.columns] = values
        return np.asarray(picture[self.near[0], self.near[1]])


def make_texels(mesh: Mesh, size: int) -> Texels:
    """Look up every texel of a mesh's texture."""
    from scipy.ndimage import distance_transform_edt

    raster = uv_raster(mesh.uv, mesh.faces, size)
    solid = np.concatenate([mesh.vertices, mesh.normals()], axis=1)
    rows, columns = np.where(raster.face_id >= 0)
    under = interpolate(raster, mesh.faces, solid)[rows, columns]
    normal = under[:, 3:]
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    near = distance_transform_edt(raster.face_id < 0, return_distances=False, return_indices=True)
    return Texels(size, rows, columns, under[:, :3], normal, near)


def seen_in(mesh: Mesh, texels: Texels, camera: Camera, photo: F32, mask: F32) -> tuple[F32, F32]:
    """What a photo shows at texels.

    Args:
        photo: (h, w, 3) float32 linear RGB.
        mask: (h, w) float32, 0 to 1; pixels near its outline are not trusted.

    Returns:
        (t, 3) linear RGB, and (t,) how squarely the photo looks at it: 0 to 1, 0 where hidden.
    """
    import cv2

    height, width = mask.shape
    raster = render(mesh.vertices, mesh.faces, camera, (height, width))
    rim = max(1, round(max(height, width) / 350))
    sure = cv2.erode((mask > 0.9).astype(np.uint8), np.ones((2 * rim + 1,) * 2, np.uint8))
    pixel = camera.project(texels.position, (height, width))
    column, row = pixel[:, 0].astype(np.int32), pixel[:, 1].astype(np.int32)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    toward = camera.position - texels.position
    toward /= np.maximum(np.linalg.norm(toward, axis=1, keepdims=True), 1e-9)
    facing = (texels.normal * toward).sum(axis=1)
    slack = _SLACK * float(np.linalg.norm(mesh.size)) / np.maximum(facing, 0.1)
    shown = inside & (pixel[:, 2] < raster.depth[row, column] + slack) & (sure[row, column] > 0)
    trust = np.clip((facing - _FACING[0]) / (_FACING[1] - _FACING[0]), 0, 1) * facing
    return photo[row, column], np.where(shown, trust, 0).astype(np.float32)


def complete(mesh: Mesh, texels: Texels, color: F32, weight: F32) -> F32:
    """(t, 3) the colours; where ``weight`` (t,) is small, those of the nearest points in space.

    Args:
        texels: of ``mesh``.
        color: (t, 3) float32 per texel.
    """
    from scipy.spatial import cKDTree

    seen = np.flatnonzero(weight > _SEEN)
    if not len(seen):
        return color
    seen = seen[:: max(1, len(seen) // 20000)]
    near = cKDTree(texels.position[seen]).query(mesh.vertices, k=min(12, len(seen)))[1]
    away = color[seen[near.reshape(len(mesh.vertices), -1)]].mean(axis=1)
    smooth = vertex_picture(mesh, away, texels.size)[texels.rows, texels.columns]
    trust = np.clip(weight / _SEEN, 0, 1)[:, None].astype(np.float32)
    return np.asarray(color * trust + smooth * (1 - trust), np.float32)


def vertex_picture(mesh: Mesh, values: F32, size: int) -> F32:
    """(size, size, k) a value per vertex (n, k) as a texture; 0 between the islands."""
    return interpolate(uv_raster(mesh.uv, mesh.faces, size), mesh.faces, values)
