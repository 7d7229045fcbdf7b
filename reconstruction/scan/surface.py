"""Points to a closed surface: Poisson reconstruction (Kazhdan and Hoppe, 2013), kept in bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ScanError
from ..mesh import Mesh
from ..meshes.holes import capped, closes_flat
from ..meshes.simplify import simplify, subset
from .clean import Standing, extents
from .library import open3d

F32 = NDArray[np.float32]

_DEPTH = 7
_TRIANGLES = 18_000
_REACH = 3.0
"""The surface is kept this many point spacings beyond the points."""
_BEND = 2.0
_TEETH, _ROUNDS = 3, 10
"""Rounds in which a rim's teeth go, and in which it is smoothed."""


def surface(body: Standing) -> tuple[Mesh, F32]:
    """A mesh through the points, open where nothing was seen.

    The points' own extents decide the outer measures: the surface is stretched onto them, since
    smoothing draws it in by a fraction of a millimetre.

    Returns:
        The mesh (without UVs; one part, ``body``), and (n, 3) float32 sRGB per vertex.

    Raises:
        ScanError: no surface comes of them.
    """
    from scipy.spatial import cKDTree

    o3d = open3d()
    pcd = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(body.points))
    pcd.normals = o3d.utility.Vector3dVector(body.normals)
    with o3d.utility.VerbosityContextManager(o3d.utility.VerbosityLevel.Error):
        made, _ = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(
            pcd, depth=_DEPTH, n_threads=1
        )
    vertices = np.asarray(made.vertices).copy()
    faces = np.asarray(made.triangles).astype(np.int32)
    if len(faces) < 16:
        raise ScanError(
            "no surface comes of the points", field="scan", expected="a surface", got="none"
        )
    # Where nothing was seen Poisson's surface is a bulge: it is left away, and what is open said.
    tree = cKDTree(body.points)
    near = tree.query(vertices, distance_upper_bound=_REACH * body.spacing)[0]
    kept = faces[np.isfinite(near)[faces].any(axis=1)]
    faces = kept if len(kept) >= 16 else faces
    vertices, faces = even_rim(vertices, faces)
    low, high = extents(body.points)
    if body.floor:
        low[1] = 0.0
    mesh = _mesh(_onto(np.clip(vertices, low, high), low, high), _main_pieces(faces))
    mesh, _ = subset(mesh, mesh.faces, mesh.face_part)
    if len(mesh.faces) > _TRIANGLES:
        mesh, _ = simplify(mesh, _TRIANGLES)
        whole = _onto(mesh.vertices.astype(np.float64), low, high)
        mesh = mesh.with_vertices(whole.astype(np.float32))
    sound = sound_faces(mesh)
    mesh, _ = subset(mesh, sound, np.zeros(len(sound), np.int32))
    if _volume(mesh.vertices, mesh.faces) < 0:
        mesh = replace(mesh, faces=np.ascontiguousarray(mesh.faces[:, ::-1]))
    vertices = mesh.vertices
    near = tree.query(vertices, k=3)[1]
    colors = (
        body.colors[near].mean(axis=1)
        if body.colors is not None
        else np.full((len(vertices), 3), 0.7)
    )
    return mesh, np.asarray(colors, np.float32)


def even_rim(
    vertices: NDArray[np.float64], faces: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """A surface whose open rims are smooth lines instead of teeth.

    Triangles that hang on by one edge go; then each rim point moves towards its two neighbours on
    the rim. Nothing else moves.

    Args:
        vertices: (n, 3); ``faces`` (m, 3) int32.
    """
    for _ in range(_TEETH):
        _, lone = _edges(faces)
        faces = faces[lone.sum(axis=1) < 2]
    edges, lone = _edges(faces)
    rim = edges[lone.ravel()]
    degree = np.bincount(rim.ravel(), minlength=len(vertices))
    out = vertices.copy()
    movable = degree == 2
    for _ in range(_ROUNDS):
        total = np.zeros_like(out)
        np.add.at(total, rim[:, 0], out[rim[:, 1]])
        np.add.at(total, rim[:, 1], out[rim[:, 0]])
        out[movable] = 0.5 * (out[movable] + total[movable] / 2)
    return out, faces


def _edges(faces: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The sides (3 m, 2) of triangles, face by face, and which (m, 3) belong to one alone."""
    sides = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    code = sides[:, 0].astype(np.int64) * (int(faces.max()) + 1) + sides[:, 1]
    _, where, uses = np.unique(code, return_inverse=True, return_counts=True)
    return sides, (uses[where.reshape(-1)] == 1).reshape(-1, 3)


def sound_faces(mesh: Mesh) -> NDArray[np.int32]:
    """The triangles, vertices at one place being one, without those that fold back on others."""
    _, place, name = np.unique(mesh.vertices, axis=0, return_index=True, return_inverse=True)
    faces = place[name.reshape(-1)][mesh.faces].astype(np.int32)
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    _, first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)
    kept = faces[np.sort(first)]
    ways = kept[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).astype(np.int64)
    code = ways[:, 0] * (int(kept.max()) + 1) + ways[:, 1]
    _, where, uses = np.unique(code, return_inverse=True, return_counts=True)
    # A side that two triangles go along the same way is one's too many.
    return np.asarray(kept[(uses[where.reshape(-1)] == 1).reshape(-1, 3).all(axis=1)])


def closed(mesh: Mesh, colors: F32, spacing: float) -> tuple[Mesh, F32]:
    """The surface with its flat holes closed, such as a foot's or a box's underside.

    A hole is flat whose rim leaves its plane by two point spacings at most; others stay open,
    since what lies there was not seen.

    Returns:
        The mesh, and its vertices' colours.
    """
    whole, source = capped(mesh, lambda rim: closes_flat(rim, _BEND * spacing))
    return whole, np.asarray(colors[source], np.float32)


def _mesh(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> Mesh:
    return Mesh(
        vertices=vertices.astype(np.float32),
        faces=np.ascontiguousarray(faces),
        uv=np.zeros((len(vertices), 2), np.float32),
        face_part=np.zeros(len(faces), np.int32),
        parts=("body",),
        part_material=("body",),
        weld=np.arange(len(vertices), dtype=np.int32),
    )


def _main_pieces(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The faces of all pieces but crumbs."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = int(faces.max()) + 1
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    links = coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (count, count))
    _, group = connected_components(links, directed=False)
    own = group[faces[:, 0]]
    number = np.bincount(own)
    return np.asarray(faces[number[own] >= 0.01 * number.max()])


def _onto(
    vertices: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The vertices stretched onto these extents."""
    now_low, now_high = vertices.min(axis=0), vertices.max(axis=0)
    share = (vertices - now_low) / np.maximum(now_high - now_low, 1e-9)
    return np.asarray(low + share * (high - low), np.float64)


def _volume(vertices: F32, faces: NDArray[np.int32]) -> float:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.einsum("nc,nc->n", a, np.cross(b, c)).sum() / 6)
