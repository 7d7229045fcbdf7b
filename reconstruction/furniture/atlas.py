"""A mesh's UV atlas as arrays: what lies under each texel, and what a photo shows of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..render.camera import Camera
from ..render.zbuffer import render, uv_raster

Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Atlas:
    """What lies under each of an atlas's covered texels.

    Attributes:
        size: texels per side.
        rows, columns: (t,) int32, the covered texels.
        position, normal: (t, 3) float32, metres and unit vectors.
        face: (t,) int32.
        bary: (t, 3) float32.
        part: (t,) int32.
    """

    size: int
    rows: I32
    columns: I32
    position: F32
    normal: F32
    face: I32
    bary: F32
    part: I32

    def spread(self, values: F32) -> F32:
        """(t, k) per covered texel into a (size, size, k) picture, its islands grown outwards."""
        from scipy.ndimage import distance_transform_edt

        picture = np.zeros((self.size, self.size, values.shape[1]), np.float32)
        empty = np.ones((self.size, self.size), bool)
        picture[self.rows, self.columns] = values
        empty[self.rows, self.columns] = False
        nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
        return np.asarray(picture[nearest[0], nearest[1]])


def make_atlas(mesh: Mesh, size: int) -> Atlas:
    """Look up every texel of a square atlas."""
    raster = uv_raster(mesh.uv, mesh.faces, size)
    rows, columns = np.where(raster.face_id >= 0)
    face = raster.face_id[rows, columns]
    bary = raster.bary[rows, columns]
    corners = mesh.faces[face]
    position = np.einsum("tc,tcd->td", bary, mesh.vertices[corners])
    normal = np.einsum("tc,tcd->td", bary, mesh.normals()[corners])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    return Atlas(
        size,
        rows.astype(np.int32),
        columns.astype(np.int32),
        position.astype(np.float32),
        normal.astype(np.float32),
        face,
        bary,
        mesh.face_part[face],
    )


def atlas_size(mesh: Mesh, camera: Camera, height: int, largest: int) -> int:
    """A power of two at which the atlas keeps the photo's resolution, 512 to ``largest``."""
    corners = mesh.vertices[mesh.faces]
    flat = mesh.uv[mesh.faces]
    solid = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    ).sum()
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    unfolded = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    metres = math.sqrt(solid / max(unfolded, 1e-12))
    per_metre = height / 2 / math.tan(camera.fov / 2) / camera.distance
    wanted = max(metres * per_metre * 1.2, 1.0)
    return int(min(max(2 ** math.ceil(math.log2(wanted)), 512), largest))


@dataclass(frozen=True, eq=False)
class Sight:
    """What a photo can say about surfaces.

    Attributes:
        photo: (h, w, 3) float32 linear RGB.
        trusted: (h, w) bool: well inside the mask.
        depth: (h, w) float32 metres.
        part: (h, w) int32, -1 where the mesh is not.
        edge: (h, w) float32, pixels to the next border of a part.
    """

    camera: Camera
    photo: F32
    trusted: Bool
    depth: F32
    part: I32
    edge: F32


def make_sight(mesh: Mesh, camera: Camera, photo: F32, mask: F32) -> Sight:
    """Prepare a photo (h, w, 3, linear) and its mask (h, w) for look-ups."""
    import cv2

    size = (mask.shape[0], mask.shape[1])
    raster = render(mesh.vertices, mesh.faces, camera, size)
    part = np.where(raster.face_id >= 0, mesh.face_part[np.maximum(raster.face_id, 0)], -1)
    border = np.zeros(size, np.uint8)
    border[:, 1:] |= part[:, 1:] != part[:, :-1]
    border[1:] |= part[1:] != part[:-1]
    edge = cv2.distanceTransform(1 - border, cv2.DIST_L2, 3)
    reach = max(1, round(max(size) / 350))
    inside = cv2.erode((mask > 0.9).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
    return Sight(camera, photo, inside > 0, raster.depth, part.astype(np.int32), edge)


@dataclass(frozen=True, eq=False)
class Look:
    """What a sight says about points: colour (t, 3) linear, weight (t,) 0 where unseen."""

    colour: F32
    weight: F32
    edge: F32


def look(sight: Sight, position: F32, normal: F32, part: I32) -> Look:
    """Look points up in a photo.

    Args:
        position, normal: (t, 3) metres and unit vectors.
        part: (t,) int32; a point only counts where the photo shows its own part.

    Hidden points, grazing angles and pixels near the mask's border get the weight 0.
    """
    height, width = sight.part.shape
    pixel = sight.camera.project(position, (height, width))
    x, y, depth = pixel[:, 0], pixel[:, 1], pixel[:, 2]
    column, row = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = np.clip(column, 0, width - 1), np.clip(row, 0, height - 1)
    toward = sight.camera.position - position
    toward /= np.maximum(np.linalg.norm(toward, axis=1, keepdims=True), 1e-9)
    facing = (normal * toward).sum(axis=1)
    slack = 0.006 + 0.012 / np.maximum(facing, 0.2) * 0.5
    visible = depth < sight.depth[row, column] + slack
    own = sight.part[row, column] == part
    weight = np.clip((facing - 0.2) / 0.25, 0, 1) * (inside & visible & own)
    weight = weight * sight.trusted[row, column]
    colour = _remap(sight.photo, x, y)
    return Look(colour, weight.astype(np.float32), sight.edge[row, column])


def _remap(photo: F32, x: F32, y: F32) -> F32:
    """Bilinear look-up of (t,) positions; cv2.remap takes no more than 32,767 columns."""
    import cv2

    columns = 16384
    padded = -(-len(x) // columns) * columns
    maps = [np.zeros(padded, np.float32), np.zeros(padded, np.float32)]
    maps[0][: len(x)], maps[1][: len(y)] = x - 0.5, y - 0.5
    across, down = (m.reshape(-1, columns) for m in maps)
    out = cv2.remap(photo, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out.reshape(-1, 3)[: len(x)])


def per_vertex(mesh: Mesh, atlas: Atlas, vertex_values: F32) -> F32:
    """(t, k) a per-vertex attribute (n, k) under each covered texel."""
    corners = vertex_values[mesh.faces[atlas.face]]
    return np.asarray(np.einsum("tc,tck->tk", atlas.bary, corners), np.float32)
