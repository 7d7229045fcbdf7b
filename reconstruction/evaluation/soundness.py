"""Whether a mesh is closed, or open at its hems alone, its seams sewn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..mesh import Mesh

_LEAST_HEM = 8


@dataclass(frozen=True)
class Soundness:
    """How the triangles of a mesh join.

    Attributes:
        manifold: no edge has more than two triangles, and two that share one wind alike.
        rim: edges with one triangle.
        loops: closed lines that the rim forms.
        hemmed: whether each of them runs through every point once, none as short as a pinhole.
    """

    manifold: bool
    rim: int
    loops: int
    hemmed: bool

    @property
    def watertight(self) -> bool:
        """Whether the surface is closed."""
        return self.manifold and self.rim == 0


def soundness(mesh: Mesh) -> Soundness:
    """Look at the edges of a mesh, vertices at the very same place being one."""
    _, place = np.unique(mesh.vertices, axis=0, return_inverse=True)
    faces = place.reshape(-1)[mesh.faces].astype(np.int64)
    faces = faces[
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    ]
    ways = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    count = int(place.max()) + 1
    code, uses = np.unique(ways[:, 0] * count + ways[:, 1], return_counts=True)
    back = (code % count) * count + code // count
    paired = np.isin(back, code)
    rim = np.stack([code[~paired] // count, code[~paired] % count], axis=1)
    degree = np.bincount(rim.ravel(), minlength=count) if len(rim) else np.zeros(count, np.int64)
    loops = _loops(rim)
    hemmed = bool(np.isin(degree, (0, 2)).all()) and all(n >= _LEAST_HEM for n in loops)
    return Soundness(bool((uses == 1).all()), len(rim), len(loops), hemmed)


def _loops(rim: np.ndarray) -> list[int]:
    """The number of edges of each connected piece of the rim (n, 2)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(rim):
        return []
    names, flat = np.unique(rim, return_inverse=True)
    ends = flat.reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(names),) * 2)
    _, label = connected_components(graph, directed=False)
    return [int(n) for n in np.bincount(label[ends[:, 0]])]
