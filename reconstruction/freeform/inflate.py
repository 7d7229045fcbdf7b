"""One silhouette to a closed body: inflated like a cushion, the same in front and behind.

The depth h over the silhouette follows from a membrane: the squared depth u solves the Poisson
equation  laplace(u) = -4  with u = 0 at the outline, and h = sqrt(u). A disc becomes a sphere and a
strip an elliptic rod (Joshi and Carr, "Repoussé: automatic inflation of 2D artwork", 2008).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..meshes.isosurface import bare, isosurface, joined

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

CELLS = (64, 112)
"""Grid cells along the silhouette's longer side, for a full square and for twigs."""

_TRIANGLES = 22_000  # about how many the grid should lead to

_SYMMETRIC = 0.94  # IoU of a silhouette with its mirror image from which it counts as symmetric
_DEEPEST = 0.9  # depth over the silhouette's shorter side at most
_THINNEST = 0.03  # squared depth anywhere inside, cells squared: front and back stay apart
_BAND = 2.0  # cells around the outline where the outline decides alone


def signed_distance(mask: F32, cell: float) -> F32:
    """(h, w) float32: pixels' distance to the mask's outline in cells, positive inside."""
    from scipy.ndimage import distance_transform_edt

    inside = mask > 0.5
    # Half a pixel more on either side: the outline runs between pixels.
    distance = distance_transform_edt(inside) - distance_transform_edt(~inside)
    return np.asarray((distance - np.sign(distance) * 0.5) / cell, np.float32)


def silhouette_grid(mask: F32, cells: int | None = None) -> tuple[F32, tuple[float, float], float]:
    """A silhouette as a signed distance on a coarse grid.

    Args:
        mask: (h, w) float32, 0 to 1.

    Returns:
        (r, c) float32 signed distance in cells, positive inside, row 0 at the top; the pixel
        (x, y) that node (0, 0) stands on; and pixels per cell.
    """
    import cv2

    rows, columns = np.where(mask > 0.5)
    top, low = int(rows.min()), int(rows.max()) + 1
    left, right = int(columns.min()), int(columns.max()) + 1
    longest = max(low - top, right - left)
    if cells is None:
        cells = int(np.clip(longest * np.sqrt(_TRIANGLES / 5 / len(rows)), *CELLS))
    cell = longest / cells
    pad = int(np.ceil(4 * cell)) + 1
    crop = cv2.copyMakeBorder(
        np.ascontiguousarray(mask[top:low, left:right]), pad, pad, pad, pad, cv2.BORDER_CONSTANT
    )
    distance = signed_distance(crop, cell)
    down, across = (int(np.floor((n - 1) / cell)) + 1 for n in distance.shape)
    y, x = np.meshgrid(np.arange(down) * cell, np.arange(across) * cell, indexing="ij")
    grid = cv2.remap(distance, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
    return grid, (left - pad + 0.5, top - pad + 0.5), cell


def symmetry(grid: F32) -> tuple[float, F32]:
    """IoU of a silhouette with its mirror image, and the mean of both, about its middle column."""
    inside = np.flatnonzero((grid > 0).any(axis=0))
    shift = int(inside[0] + inside[-1] - (grid.shape[1] - 1))
    mirrored = np.roll(grid[:, ::-1], shift, axis=1)
    both, either = ((grid > 0) & (mirrored > 0)).sum(), ((grid > 0) | (mirrored > 0)).sum()
    return float(both / max(either, 1)), np.asarray((grid + mirrored) / 2, np.float32)


def squared_depth(grid: F32) -> F32:
    """The membrane u over a signed distance grid, cells squared; negative outside."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    inside = np.pad(grid > 0, 1)[1:-1, 1:-1].copy()
    inside[[0, -1]] = inside[:, [0, -1]] = False
    number = np.full(grid.shape, -1)
    number[inside] = np.arange(int(inside.sum()))
    here = number[inside]
    rows, columns, values = [here], [here], [np.full(len(here), 4.0)]
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        near = np.roll(number, -step, axis=axis)[inside]
        rows.append(here[near >= 0])
        columns.append(near[near >= 0])
        values.append(np.full(int((near >= 0).sum()), -1.0))
    matrix = coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    ).tocsc()
    u = np.zeros(grid.shape)
    u[inside] = spsolve(matrix, np.full(len(here), 4.0))
    # Near the outline u is proportional to the distance: so it crosses 0 between cells, on it.
    ratio = gaussian_filter(u, 1.0) / np.maximum(gaussian_filter(np.maximum(grid, 0), 1.0), 1e-6)
    deep = grid > 1.0 if (grid > 1.0).any() else grid > 0
    nearest = distance_transform_edt(~deep, return_distances=False, return_indices=True)
    slope = np.maximum(ratio[nearest[0], nearest[1]], 0.1)
    blend = np.clip(grid / _BAND, 0, 1)
    return np.asarray(blend * u + (1 - blend) * slope * grid, np.float32)


def inflate(grid: F32) -> Mesh:
    """A closed body over a silhouette, symmetric in z; cells as units.

    Args:
        grid: (r, c) float32 signed distance in cells, positive inside, row 0 at the top.

    Returns:
        A mesh whose UVs are (x, -y): x is the column, y minus the row, the silhouette in the
        plane z = 0; its parts ``front`` (+Z) and ``back``.
    """
    u = squared_depth(grid)
    u[(u > 0) & (u < _THINNEST)] = _THINNEST
    rows, columns = np.where(grid > 0)
    narrow = min(np.ptp(rows), np.ptp(columns)) + 1
    deepest = float(np.sqrt(max(u.max(), 1e-6)))
    flatten = min(1.0, _DEEPEST * narrow / (2 * deepest))
    z = np.arange(0.0, deepest + 2.0)
    # Axes x, y, z with y upwards; at z = 0 the grid ends, and with it the surface.
    field = u.T[:, ::-1, None] - (z**2)[None, None, :].astype(np.float32)
    low = np.array([0.0, -(grid.shape[0] - 1.0), 0.0])
    vertices, faces = isosurface(np.ascontiguousarray(field, np.float32), low, 1.0)
    flip = np.array([1, 1, -1], np.float32)
    both = np.concatenate([vertices, vertices * flip])
    triangles = np.concatenate([faces, faces[:, ::-1] + len(vertices)])
    solid, triangles = joined(both, triangles)
    part = (solid[triangles, 2].mean(axis=1) < 0).astype(np.int32)
    solid[:, 2] *= np.float32(flatten)
    # As seen from the front: so nothing that is made of it turns over in the unfolding.
    return replace(bare(solid, triangles, part), uv=solid[:, :2] * np.array([1, -1], np.float32))


def plausible_silhouette(grid: F32) -> tuple[F32, bool]:
    """The silhouette made symmetric where it nearly is, and whether it was."""
    score, mean = symmetry(grid)
    return (mean, True) if score >= _SYMMETRIC else (grid, False)


def largest_pieces(mask: F32, share: float = 0.03) -> F32:
    """The mask without pieces smaller than ``share`` of its largest."""
    import cv2

    count, label, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    if count <= 2:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    area[0] = 0
    return np.asarray(np.where((area >= share * area.max())[label], mask, 0), np.float32)


def vertex_parts(mesh: Mesh) -> tuple[I32, I32, Bool]:
    """Split the rim: vertices of the front, then those of the back.

    Returns:
        (n',) int32 the mesh's vertex for each new one; (m, 3) int32 the faces renumbered; and
        (n',) bool which belong to the front.
    """
    front = np.unique(mesh.faces[mesh.face_part == 0])
    back = np.unique(mesh.faces[mesh.face_part == 1])
    number = np.zeros((2, len(mesh.vertices)), np.int32)
    number[0, front] = np.arange(len(front))
    number[1, back] = len(front) + np.arange(len(back))
    faces = number[mesh.face_part[:, None], mesh.faces]
    source = np.concatenate([front, back]).astype(np.int32)
    return source, faces.astype(np.int32), np.arange(len(source)) < len(front)
