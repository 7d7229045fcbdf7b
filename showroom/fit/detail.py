"""A finer mesh to show than the one that is simulated: four triangles for each.

Interpolating butterfly subdivision (Dyn, Levin and Gregory 1990): the nodes stay where they are,
the middles of edges bulge as the cloth around them does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reconstruction.mesh import Mesh

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_TENSION: Final = 1 / 16
_WIDTH: Final = 8


class Detail:
    """Carries the nodes of one garment to the vertices of a finer mesh.

    Args:
        mesh: the garment as it is simulated.

    Attributes:
        mesh: the finer one, with interpolated UVs; its first vertices are those of the coarse one.
            It has no skin: its vertices are given every frame.
    """

    def __init__(self, mesh: Mesh) -> None:
        count = len(mesh.vertices)
        weld = np.arange(count, dtype=np.int32) if mesh.weld is None else mesh.weld
        ends, corner_edge = _edges(mesh.faces, count)
        stencils = _stencils(weld[mesh.faces], weld[ends], int(weld.max()) + 1)
        self._from, self._weight = stencils
        self._weld = weld
        middles = (count + corner_edge).astype(np.int32)
        a, b, c = mesh.faces.T
        ab, bc, ca = middles.T
        faces = np.stack(
            [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))],
            axis=1,
        ).reshape(-1, 3)
        seam = np.sort(weld[ends], axis=1).astype(np.int64)
        _, welded = np.unique(seam[:, 0] * (int(weld.max()) + 1) + seam[:, 1], return_inverse=True)
        first = np.unique(weld, return_index=True)[1]
        self.mesh = replace(
            mesh,
            vertices=self(np.ascontiguousarray(mesh.vertices[first])),
            faces=np.ascontiguousarray(faces, dtype=np.int32),
            uv=np.concatenate([mesh.uv, mesh.uv[ends].mean(axis=1)]).astype(np.float32),
            face_part=np.repeat(mesh.face_part, 4),
            weld=np.concatenate([weld, int(weld.max()) + 1 + welded]).astype(np.int32),
            skin=None,
        )

    def __call__(self, nodes: F32, out: F32 | None = None) -> F32:
        """Vertices of the finer mesh, (m, 3) float32, for the coarse one's nodes (n, 3)."""
        count = len(self._weld) + len(self._from)
        result = np.empty((count, 3), dtype=np.float32) if out is None else out
        _carry(nodes, self._weld, self._from, self._weight, result)
        return result


def _edges(faces: I32, count: int) -> tuple[I32, I32]:
    """Each edge's two ends (e, 2), and the edges ab, bc, ca of each face (f, 3)."""
    sides = np.stack([faces, faces[:, [1, 2, 0]]], axis=2).reshape(-1, 2)
    sides = np.sort(sides, axis=1).astype(np.int64)
    key, number = np.unique(sides[:, 0] * count + sides[:, 1], return_inverse=True)
    ends = np.stack(np.divmod(key, count), axis=1).astype(np.int32)
    return ends, number.reshape(-1, 3).astype(np.int32)


def _stencils(faces: I32, ends: I32, count: int) -> tuple[I32, F32]:
    """The nodes (e, 8) and weights (e, 8) that make the middle of each edge."""
    opposite: dict[tuple[int, int], list[int]] = {}
    for a, b, c in faces.tolist():
        for i, j, k in ((a, b, c), (b, c, a), (c, a, b)):
            opposite.setdefault((i, j) if i < j else (j, i), []).append(k)
    node = np.zeros((len(ends), _WIDTH), dtype=np.int32)
    weight = np.zeros((len(ends), _WIDTH), dtype=np.float32)
    node[:, :2], weight[:, :2] = ends, 0.5

    def beyond(i: int, j: int, inside: int) -> int:
        both = opposite.get((i, j) if i < j else (j, i), [])
        return next((k for k in both if k != inside), -1) if len(both) == 2 else -1

    for e, (a, b) in enumerate(ends.tolist()):
        both = opposite.get((a, b) if a < b else (b, a), [])
        if len(both) != 2 or both[0] == both[1]:
            continue
        wings = [beyond(i, k, j) for k in both for i, j in ((a, b), (b, a))]
        if -1 in wings:
            continue
        node[e, 2:] = [*both, *wings]
        weight[e, 2:4], weight[e, 4:] = 2 * _TENSION, -_TENSION
    return node, weight


@njit(cache=True, nogil=True, fastmath=True)
def _carry(nodes: F32, weld: I32, source: I32, weight: F32, out: F32) -> None:
    n = weld.shape[0]
    for i in range(n):
        for a in range(3):
            out[i, a] = nodes[weld[i], a]
    for e in range(source.shape[0]):
        x = y = z = np.float32(0.0)
        for k in range(source.shape[1]):
            w = weight[e, k]
            if w == 0:
                break
            s = source[e, k]
            x += w * nodes[s, 0]
            y += w * nodes[s, 1]
            z += w * nodes[s, 2]
        out[n + e, 0], out[n + e, 1], out[n + e, 2] = x, y, z
