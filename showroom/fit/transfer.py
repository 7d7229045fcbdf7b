"""A garment taken from the body that it was made on to another body of the same topology.

Every vertex is bound to the nearest place of the body's surface. On another body it goes along
with that place; the way is smoothed over the cloth, so that neighbours bound to different folds of
skin stay together, and what would sink into the skin is lifted to where it was above it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reconstruction.mesh import Skin, vertex_normals

from .clearance import clearance, open_sides

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

GAP: Final = 0.0015
"""How far off the skin cloth is kept at most where it lay nearer, metres."""

_ROUNDS: Final = 6
_WEIGHT_ROUNDS: Final = 4
_LIFTS: Final = 4
_INFLUENCES: Final = 6


class Binding:
    """A garment bound to the body that it was made on.

    Args:
        garment: (n, 3) places; ``faces`` (f, 3) its triangles, sewn.
        body: (m, 3) places of the body; ``body_faces`` (k, 3) its triangles.

    Attributes:
        height: (n,) how far each vertex stands off the body's surface, metres, negative inside.
        face: (n,) the body's triangle that each is bound to, ``share`` (n, 3) where in it.
    """

    def __init__(self, garment: F32, faces: I32, body: F32, body_faces: I32) -> None:
        self._garment = np.asarray(garment, dtype=np.float32)
        self._body = np.asarray(body, dtype=np.float32)
        self._body_faces = body_faces
        self._rim = open_sides(body_faces)
        found = clearance(self._garment, self._body, body_faces, self._rim)
        self.height = found.height
        self.face = found.face
        self.share = _shares(self._garment, self._body[body_faces[found.face]])
        self._average = _averaging(faces, len(garment))

    def fit(self, body: F32) -> F32:
        """The garment on a changed body, (n, 3) float32.

        Args:
            body: (m, 3) places, numbered as those of the body it was made on.
        """
        body = np.asarray(body, dtype=np.float32)
        moved = (body - self._body)[self._body_faces[self.face]]
        way = (self.share[..., None] * moved).sum(axis=1)
        for _ in range(_ROUNDS):
            way = 0.5 * way + 0.5 * (self._average @ way)
        places = (self._garment + way).astype(np.float32)
        return self._lifted(places, body)

    def skin(self, skin: Skin) -> Skin:
        """The body's skin weights at each vertex's place on it, smoothed over the cloth."""
        dense = np.zeros((len(self._body), len(skin.names)))
        rows = np.repeat(np.arange(len(dense)), skin.joints.shape[1])
        np.add.at(dense, (rows, skin.joints.ravel()), skin.weights.ravel())
        weights = (self.share[..., None] * dense[self._body_faces[self.face]]).sum(axis=1)
        for _ in range(_WEIGHT_ROUNDS):
            weights = 0.5 * weights + 0.5 * (self._average @ weights)
        order = np.argsort(-weights, axis=1)[:, :_INFLUENCES]
        kept = np.take_along_axis(weights, order, axis=1)
        kept[kept < 1e-3] = 0.0
        kept /= kept.sum(axis=1, keepdims=True)
        return Skin(
            skin.names, skin.parents, skin.rest, order.astype(np.uint16), kept.astype(np.float32)
        )

    def _lifted(self, places: F32, body: F32) -> F32:
        """Nothing comes nearer to the skin than it was, where that is nearer than ``GAP``."""
        wanted = np.minimum(self.height, GAP)
        normals = vertex_normals(body, self._body_faces)
        for _ in range(_LIFTS):
            found = clearance(places, body, self._body_faces, self._rim)
            lack = np.where(found.beside, 0.0, wanted - found.height)
            low = lack > 0
            if not low.any():
                break
            corners = self._body_faces[found.face[low]]
            share = _shares(places[low], body[corners])
            normal = (share[..., None] * normals[corners]).sum(axis=1)
            normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
            places[low] += (lack[low, None] * normal).astype(np.float32)
        return places


def _shares(points: F32, corners: F32) -> F64:
    """Barycentric shares (n, 3) of each point's foot in its triangle (n, 3, 3)."""
    a, b, c = (corners[:, i].astype(np.float64) for i in range(3))
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    uw, vw = (u * w).sum(1), (v * w).sum(1)
    area = np.maximum(uu * vv - uv * uv, 1e-20)
    s, t = (vv * uw - uv * vw) / area, (uu * vw - uv * uw) / area
    share = np.maximum(np.stack([1 - s - t, s, t], axis=1), 0.0)
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _averaging(faces: I32, count: int) -> sparse.csr_matrix:
    """Row-normalised (n, n) mean of each vertex's neighbours; itself where it has none."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    sides = np.concatenate([sides, sides[:, ::-1]])
    matrix = sparse.coo_matrix(
        (np.ones(len(sides)), (sides[:, 0], sides[:, 1])), (count, count)
    ).tocsr()
    matrix.data[:] = 1.0
    total = np.asarray(matrix.sum(axis=1)).ravel()
    alone = sparse.diags((total == 0).astype(np.float64))
    return sparse.csr_matrix(sparse.diags(1.0 / np.maximum(total, 1.0)) @ matrix + alone)
