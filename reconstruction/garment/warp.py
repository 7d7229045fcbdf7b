"""From the photo to the pattern: where in the photo each point of the texture is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from .mask import contour_of

if TYPE_CHECKING:
    from .fit import Fitted

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

_CONTOUR = 700
_REACH = 0.06
"""Outline points further than this from the contour, as a share of the size, are not moved."""
_STIFF = 0.35
_BENT = 220
"""Outline points that the bending is made from, at most."""


def photo_places(
    fitted: Fitted, mask: NDArray[np.bool_], *, everywhere: bool = False
) -> tuple[F64, NDArray[np.bool_]]:
    """Where each vertex of the garment's mesh lies in the photo.

    The fitted pattern is bent smoothly so that its outline runs along the mask's contour.

    Args:
        everywhere: bend the vertices of the side turned away too.

    Returns:
        (n, 2) pixels, and (n,) whether the vertex is on the side that the photo shows.
    """
    points, seen = fitted.family.flat_grid(fitted.values, fitted.choices, fitted.pose)
    pixels = fitted.to_pixels(points)
    source, shift = _outline_shift(fitted, mask)
    if len(source) < 12:
        return pixels, seen
    size = float(np.ptp(source, axis=0).max())
    few = np.linspace(0, len(source) - 1, min(len(source), _BENT)).astype(np.int64)
    bend = RBFInterpolator(source[few] / size, shift[few], smoothing=_STIFF * 1e-2, kernel="linear")
    moved = pixels.copy()
    chosen = np.ones(len(pixels), bool) if everywhere else seen
    moved[chosen] += bend(pixels[chosen] / size)
    return moved, seen


def places_behind(fitted: Fitted, mask: NDArray[np.bool_], hidden: NDArray[np.bool_]) -> F64:
    """Where each vertex of the unseen side lies in a photo of that side.

    A photo from behind shows the wearer's left on its left: the garment was fitted there as if
    it were seen from the front, so a vertex lies where its mirror image was fitted.

    Args:
        fitted: the garment in the photo from behind.
        mask: of that photo.
        hidden: (n,) the vertices on the side turned away in the photo from the front.

    Returns:
        (n, 2) pixels; of use for the ``hidden`` ones.
    """
    moved, _ = photo_places(fitted, mask, everywhere=True)
    family, choices = fitted.family, fitted.choices
    plain, _ = family.flat_grid(fitted.values, choices, family.flat_pose(choices))
    index = np.flatnonzero(hidden)
    _, twin = cKDTree(plain[index]).query(plain[index] * np.array([-1.0, 1.0]))
    out = moved.copy()
    out[index] = moved[index[twin]]
    return out


def _outline_shift(fitted: Fitted, mask: NDArray[np.bool_]) -> tuple[F64, F64]:
    """Visible outline points (k, 2) in pixels and how far each must move to meet the contour."""
    from .fit import hidden_points

    contour = contour_of(mask, _CONTOUR)
    empty = np.zeros((0, 2))
    if contour is None:
        return empty, empty
    flat = fitted.flat()
    outline = fitted.to_pixels(flat.outline)
    facing, normal = _outward(outline), _outward(contour)
    size = float(np.ptp(contour, axis=0).max())
    reach = 0.08 * size
    tree = cKDTree(np.concatenate([contour, reach * normal], axis=1))
    _, near = tree.query(np.concatenate([outline, reach * facing], axis=1))
    shift = contour[near] - outline
    agrees = np.einsum("nc,nc->n", facing, normal[near]) > 0.5
    good = agrees & (np.linalg.norm(shift, axis=1) < _REACH * size) & ~hidden_points(flat)
    # Along the outline the pattern's own spacing is kept: only the normal part is taken.
    shift = facing * np.einsum("nc,nc->n", shift, facing)[:, None]
    kept = np.flatnonzero(good)
    _, first = np.unique(np.round(outline[kept], 1), axis=0, return_index=True)
    kept = kept[np.sort(first)]
    return outline[kept], shift[kept]


def _outward(loop: F64) -> F64:
    along = np.roll(loop, -1, axis=0) - np.roll(loop, 1, axis=0)
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    result: F64 = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    return result


@nb.njit(cache=True, nogil=True)
def spread_over(corners: F32, faces: I32, values: F32, out: F32, drawn: NDArray[np.bool_]) -> None:
    """Interpolate vertex values over the triangles of a texture.

    Args:
        corners: (n, 2) pixels of the texture.
        faces: (m, 3).
        values: (n, c).
        out: (h, w, c), written where a triangle covers a pixel's centre (and half a pixel round).
        drawn: (h, w), set there.
    """
    height, width, count = out.shape
    for t in range(faces.shape[0]):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay = corners[a, 0] - 0.5, corners[a, 1] - 0.5
        bx, by = corners[b, 0] - 0.5, corners[b, 1] - 0.5
        cx, cy = corners[c, 0] - 0.5, corners[c, 1] - 0.5
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        x0, x1 = int(np.floor(min(ax, bx, cx))), int(np.ceil(max(ax, bx, cx)))
        y0, y1 = int(np.floor(min(ay, by, cy))), int(np.ceil(max(ay, by, cy)))
        for y in range(max(y0, 0), min(y1, height - 1) + 1):
            for x in range(max(x0, 0), min(x1, width - 1) + 1):
                u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                w = 1.0 - u - v
                if u > -0.01 and v > -0.01 and w > -0.01:
                    for k in range(count):
                        out[y, x, k] = u * values[a, k] + v * values[b, k] + w * values[c, k]
                    drawn[y, x] = True
