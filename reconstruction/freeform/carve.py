"""Several silhouettes around a product to its visual hull (Laurentini, 1994).

Views are taken as orthographic and level, which product photos from a few metres nearly are: a
silhouette's height is then the product's in every view. Where the turning axis stands in each
picture is not known; it is found as the one shift a view at which all silhouettes agree best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, Mesh
from ..meshes.isosurface import bare, isosurface
from .inflate import signed_distance

F64 = NDArray[np.float64]

CELLS = 80
"""Grid cells along the product's height, or its width if that is larger."""

_COARSE = 40
_SHIFTS = (0.06, 0.03, 0.015, 0.0075)  # of the height, tried in turn


@dataclass(frozen=True, eq=False)
class View:
    """One silhouette, measured in heights of the product.

    Attributes:
        azimuth: radians; 0 sees the front (from +Z), positive walks towards +X.
        distance: (h, w) float32 signed distance to the outline in heights, positive inside.
        middle: column of the turning axis, pixels.
        bottom: row of the product's lowest point, pixels.
        height: of the product in the picture, pixels.
    """

    azimuth: float
    distance: F32
    middle: float
    bottom: float
    height: float

    def look(self, x: F32, y: F32, z: F32, shift: float = 0.0) -> F32:
        """The signed distance at points, in heights; any shape."""
        import cv2

        right = x * math.cos(self.azimuth) - z * math.sin(self.azimuth) + shift
        column = (self.middle + right * self.height).astype(np.float32)
        row = (self.bottom - y * self.height).astype(np.float32)
        shape = column.shape
        flat = cv2.remap(
            self.distance,
            np.ascontiguousarray(column.reshape(shape[0], -1)) - 0.5,
            np.ascontiguousarray(row.reshape(shape[0], -1)) - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(flat.reshape(shape))


def make_view(mask: F32, azimuth: float) -> View:
    """The view of a mask (h, w) with 0 to 1."""
    import cv2

    rows, columns = np.where(mask > 0.5)
    bottom, top = float(rows.max()) + 1, float(rows.min())
    pad = max(2, round((bottom - top) * 0.05))
    padded = cv2.copyMakeBorder(mask, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    middle = (float(columns.min()) + float(columns.max()) + 1) / 2
    return View(
        azimuth,
        signed_distance(padded, bottom - top),
        middle + pad,
        bottom + pad,
        bottom - top,
    )


def all_round(azimuths: Sequence[float]) -> bool:
    """Whether views see a product from sides that differ enough to carve it."""
    angles = np.asarray(azimuths, np.float64)
    apart = np.abs(np.sin(angles[:, None] - angles[None, :]))
    return bool(apart.max() > math.sin(math.radians(25)))


def carve(views: Sequence[View]) -> tuple[Mesh, tuple[float, ...], float]:
    """The visual hull of views from all round.

    Returns:
        A mesh without UVs in heights of the product, its lowest point at y = 0 and the turning
        axis at x = z = 0; each view's shift in heights; and how well the hull fills the
        silhouettes: the least IoU over the views.

    Raises:
        ReconstructionError: the silhouettes have no common volume.
    """
    reach = max(float((v.distance > 0).any(axis=0).sum()) / v.height for v in views)
    shifts = _agree(views, reach)
    step = max(1.0, reach * 1.5) / CELLS
    x, y, z = _nodes(reach * 0.75, step)
    field = np.min([v.look(x, y, z, s) for v, s in zip(views, shifts, strict=True)], axis=0)
    low = np.array([x[0, 0, 0], y[0, 0, 0], z[0, 0, 0]], np.float64)
    vertices, faces = isosurface(np.asarray(field, np.float32), low, step, 0.1 * step)
    fills = [_fill(v, field > 0, (x, y, z), s) for v, s in zip(views, shifts, strict=True)]
    return bare(vertices, faces), shifts, min(fills)


def _nodes(half: float, step: float) -> tuple[F32, F32, F32]:
    across = np.arange(-half - 2 * step, half + 2.5 * step, step, dtype=np.float32)
    up = np.arange(-2 * step, 1 + 2.5 * step, step, dtype=np.float32)
    x, y, z = np.meshgrid(across, up, across, indexing="ij")
    return x, y, z


def _agree(views: Sequence[View], reach: float) -> tuple[float, ...]:
    """Each view's shift, by coordinate descent on how much of the silhouettes the hull fills."""
    x, y, z = _nodes(reach * 0.75, max(1.0, reach * 1.5) / _COARSE)
    shifts = [0.0] * len(views)
    seen = [v.look(x, y, z) > 0 for v in views]

    def score(inside: list[NDArray[np.bool_]]) -> float:
        return float(np.logical_and.reduce(inside).sum())

    best = score(seen)
    for amount in _SHIFTS:
        for index in range(1, len(views)):  # the first view says where the axis is
            for sign in (1.0, -1.0):
                while abs(shifts[index] + sign * amount) <= 0.3:
                    moved = views[index].look(x, y, z, shifts[index] + sign * amount) > 0
                    value = score([*seen[:index], moved, *seen[index + 1 :]])
                    if value <= best * 1.001:
                        break
                    best, seen[index] = value, moved
                    shifts[index] += sign * amount
    return tuple(shifts)


def _fill(view: View, solid: NDArray[np.bool_], nodes: tuple[F32, F32, F32], shift: float) -> float:
    """IoU of a view's silhouette with the hull's own, on the hull's grid."""
    x, y, z = (axis[solid] for axis in nodes)
    right = x * math.cos(view.azimuth) - z * math.sin(view.azimuth) + shift
    step = float(nodes[1][0, 1, 0] - nodes[1][0, 0, 0])
    column = np.round((view.middle / view.height + right) / step).astype(int)
    row = np.round((view.bottom / view.height - y) / step).astype(int)
    down = math.ceil(view.distance.shape[0] / view.height / step) + 2
    across = math.ceil(view.distance.shape[1] / view.height / step) + 2
    drawn = np.zeros((down, across), bool)
    drawn[row.clip(0, down - 1), column.clip(0, across - 1)] = True
    at = np.arange(across) * step * view.height, np.arange(down) * step * view.height
    columns = at[0].astype(int).clip(0, view.distance.shape[1] - 1)
    rows = at[1].astype(int).clip(0, view.distance.shape[0] - 1)
    wanted = view.distance[np.ix_(rows, columns)] > 0
    return float((drawn & wanted).sum() / max((drawn | wanted).sum(), 1))
