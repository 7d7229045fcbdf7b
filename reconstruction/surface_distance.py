"""How near two surfaces are: exact point-to-surface distances, F-scores and Chamfer distance.

Points are drawn evenly on one surface and measured to the other's triangles, never to its
sampled points, and nothing is aligned first: pose and scale are part of what is measured.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mesh import F32, I32

SHARES = (0.01, 0.02, 0.05)
"""Thresholds of the F-scores, as fractions of the reference's largest side."""


@dataclass(frozen=True)
class SurfaceScores:
    """How near a surface is to a reference.

    Attributes:
        f1, f2, f5: F-scores at 1, 2 and 5% of the reference's largest side, 0 to 1.
        chamfer: mean of both mean distances as a fraction of the largest side.
    """

    f1: float
    f2: float
    f5: float
    chamfer: float


@cache
def load_open3d() -> Any:
    """The open3d module.

    Raises:
        ImportError: it is not installed; the ``reconstruct`` extra brings it.
    """
    # Open3D links libusb, which a bare system lacks; a package carries it.
    with suppress(ImportError, OSError):
        import libusb_package

        ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
    return import_module("open3d")


def sample_surface(
    vertices: F32, faces: I32, count: int, seed: int = 0
) -> tuple[F32, NDArray[np.int64]]:
    """Points drawn evenly on a surface, and the face that each one lies on.

    Args:
        vertices: (n, 3) metres.
        faces: (m, 3).

    Returns:
        (count, 3) float32 points and (count,) face indices.
    """
    rng = np.random.default_rng(seed)
    a, b, c = (np.asarray(vertices[faces[:, i]], np.float64) for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    edges = np.cumsum(area)
    # One stratum per point: evener than independent draws.
    at = (np.arange(count) + rng.random(count)) / count * edges[-1]
    face = np.minimum(np.searchsorted(edges, at), len(faces) - 1)
    u, v = rng.random((2, count))
    fold = u + v > 1
    u[fold], v[fold] = 1 - u[fold], 1 - v[fold]
    points = a[face] + u[:, None] * (b - a)[face] + v[:, None] * (c - a)[face]
    return points.astype(np.float32), face


def distances(points: F32, vertices: F32, faces: I32) -> F32:
    """(n,) exact distances of points (n, 3) to a surface, in the unit of the vertices."""
    o3d = load_open3d()
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(vertices, np.float32)),
        o3d.core.Tensor(np.ascontiguousarray(faces, np.uint32)),
    )
    query = o3d.core.Tensor(np.ascontiguousarray(points, np.float32))
    return np.asarray(scene.compute_distance(query, nthreads=1).numpy(), np.float32)


def surface_scores(
    vertices: F32,
    faces: I32,
    true_vertices: F32,
    true_faces: I32,
    *,
    count: int = 20_000,
    seed: int = 0,
) -> SurfaceScores:
    """Compare a surface with a reference in the same frame.

    Args:
        vertices, faces: (n, 3) and (m, 3), the surface.
        true_vertices, true_faces: the reference, whose largest side is the unit.
        count: points drawn on either surface.
    """
    side = float(np.ptp(true_vertices[np.unique(true_faces)], axis=0).max())
    mine, _ = sample_surface(vertices, faces, count, seed)
    theirs, _ = sample_surface(true_vertices, true_faces, count, seed + 1)
    to_true = distances(mine, true_vertices, true_faces) / side
    to_mine = distances(theirs, vertices, faces) / side
    f1, f2, f5 = (_f_score(to_true, to_mine, share) for share in SHARES)
    return SurfaceScores(f1, f2, f5, float((to_true.mean() + to_mine.mean()) / 2))


def _f_score(to_true: F32, to_mine: F32, share: float) -> float:
    precision, recall = float((to_true < share).mean()), float((to_mine < share).mean())
    return 2 * precision * recall / max(precision + recall, 1e-12)
