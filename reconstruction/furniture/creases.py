"""Edges inside the outline: where a drawn piece bends, overlaps or changes its material, and where
the photo's light or colour jumps.

Two neighbouring pixels are a pair. A drawn pair is an edge if its faces belong to different
materials, bend sharply or lie at different depths; a photo's pair is one as far as its colours
differ more than those around do (local contrast normalisation, so that a weave or a grain counts
little). Pairs along a row and along a column are kept apart, which tells directions. As in tracking
by edges (Harris & Stennett, RAPID, BMVC 1990) drawn edges are drawn towards the photo's along
their motion; an edge that the photo does not show pulls nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

_GRAIN = 1.5
"""How much of the colours' usual difference nearby a pair has to exceed."""
_FAINT = 1.0
"""CIELAB units that count for little."""
_NEARBY = 0.035
"""Reach of what is nearby, as a share of the square's side."""
_RIM = 2
"""Pixels next to the outline that are left to it."""
_BEND = 0.8
"""Cosine of the angle between faces above which they count as one surface."""
_STEP = 0.04
"""A jump in depth that counts, in half diagonals of the piece."""
_STRONG = 0.97
"""Quantile of the photo's pairs that counts as a full edge."""


@dataclass(frozen=True, eq=False)
class PhotoEdges:
    """The photo's edges at one blur.

    Attributes:
        strength: (2, s, s) float32, about 0 to 1: of the pair of a pixel and the one to its right,
            and of that and the one below.
        slope: (2, 2, s, s) float32, its derivatives by x and by y, per pixel.
        norm: root of the sum of the squares of the strengths about their mean.
        mean: of the strengths inside the rim.
    """

    strength: F32
    slope: F32
    norm: float
    mean: float


def inner(inside: U8) -> U8:
    """(s, s) uint8, 1 on the product away from its outline."""
    return np.asarray(cv2.erode(inside, np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)))


def photo_pairs(rgb: U8, core: U8) -> F32:
    """How clearly the colours of neighbouring pixels differ, (2, s, s) float32, 0 to 1.

    Args:
        rgb: (s, s, 3) uint8 sRGB.
        core: from :func:`inner`; 0 elsewhere.
    """
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    lab = cv2.GaussianBlur(lab, (0, 0), 0.8)
    side = len(core)
    reach = max(_NEARBY * side, 2.0)
    held = core.astype(np.float32)
    here = cv2.GaussianBlur(held, (0, 0), reach) + 1e-3
    out = np.zeros((2, side, side), np.float32)
    for axis in range(2):
        jump = np.zeros((side, side), np.float32)
        apart = np.sqrt((np.diff(lab, axis=1 - axis) ** 2).sum(axis=2))
        jump[: apart.shape[0], : apart.shape[1]] = apart
        usual = cv2.GaussianBlur(jump * held, (0, 0), reach) / here
        out[axis] = jump / (jump + _GRAIN * usual + _FAINT) * held
    return out


def clarity(pairs: F32, core: U8) -> float:
    """0 to 1: whether a photo's strongest pairs stand out as edges do, not as a grain does."""
    values = pairs[:, core > 0]
    full = float(np.quantile(values, _STRONG)) if values.size else 0.0
    return float(np.clip((full - 0.3) / 0.25, 0, 1))


def photo_edges(pairs: F32, core: U8, sigma: float) -> PhotoEdges:
    """Blur the photo's pairs by ``sigma`` pixels."""
    soft = np.stack([cv2.GaussianBlur(p, (0, 0), sigma) for p in pairs])
    here = core > 0
    values = soft[:, here]
    full = max(float(np.quantile(values, _STRONG)), 1e-3) if values.size else 1.0
    soft = soft / np.float32(full)
    mean = float(values.mean()) / full if values.size else 0.0
    norm = float(np.sqrt(((values / full - mean) ** 2).sum())) if values.size else 0.0
    slope = np.stack([np.stack(np.gradient(s)[::-1]) for s in soft])
    return PhotoEdges(soft.astype(np.float32), np.ascontiguousarray(slope, np.float32), norm, mean)


@nb.njit(cache=True, nogil=True, fastmath=True)
def drawn_edges(
    face_id: I32,
    nearest: F32,
    screen: F32,
    points: F32,
    faces: I32,
    face_slot: I32,
    core: U8,
    radius: float,
) -> I32:
    """The pairs that are edges of the drawn piece.

    Args:
        face_id, nearest: from :func:`.picture.draw_faces`.
        screen: (p, 3) points on the square, and their depth, metres.
        points: (p, 3) metres.
        core: pixels that count.
        radius: half the diagonal of the piece, metres.

    Returns:
        (n, 4) int32: y, x, 0 for a pair along the row and 1 along the column, and the nearer face.
    """
    rows, columns = face_id.shape
    out = np.empty((2 * rows * columns, 4), np.int32)
    count = 0
    for y in range(rows - 1):
        for x in range(columns - 1):
            if core[y, x] == 0 or face_id[y, x] < 0:
                continue
            here = face_id[y, x]
            for axis in range(2):
                ny, nx = (y, x + 1) if axis == 0 else (y + 1, x)
                there = face_id[ny, nx]
                if there < 0 or there == here:
                    continue
                edge = face_slot[here] != face_slot[there]
                if not edge:
                    # Both planes at the boundary between the pixels.
                    px, py = (x + nx + 1) / 2, (y + ny + 1) / 2
                    one = _inverse_depth(screen, faces, here, px, py)
                    other = _inverse_depth(screen, faces, there, px, py)
                    edge = abs(one - other) > _STEP * radius * one * other
                if not edge:
                    edge = _cosine(points, faces, here, there) < _BEND
                if edge:
                    out[count, 0], out[count, 1], out[count, 2] = y, x, axis
                    out[count, 3] = here if nearest[y, x] >= nearest[ny, nx] else there
                    count += 1
    return out[:count].copy()


@nb.njit(cache=True, nogil=True, fastmath=True)
def _inverse_depth(screen: F32, faces: I32, face: int, px: float, py: float) -> float:
    """Of a face's plane at a place on the square."""
    a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
    ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
    cx, cy = screen[c, 0], screen[c, 1]
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
    v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
    return float(u / screen[a, 2] + v / screen[b, 2] + (1 - u - v) / screen[c, 2])


@nb.njit(cache=True, nogil=True, fastmath=True)
def _cosine(points: F32, faces: I32, one: int, other: int) -> float:
    """Of the angle between two faces' normals."""
    dot, size_a, size_b = 0.0, 0.0, 0.0
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        a0, a1, a2 = faces[one, 0], faces[one, 1], faces[one, 2]
        b0, b1, b2 = faces[other, 0], faces[other, 1], faces[other, 2]
        a = (points[a1, j] - points[a0, j]) * (points[a2, k] - points[a0, k]) - (
            points[a1, k] - points[a0, k]
        ) * (points[a2, j] - points[a0, j])
        b = (points[b1, j] - points[b0, j]) * (points[b2, k] - points[b0, k]) - (
            points[b1, k] - points[b0, k]
        ) * (points[b2, j] - points[b0, j])
        dot += a * b
        size_a += a * a
        size_b += b * b
    return float(dot / max(np.sqrt(size_a * size_b), 1e-20))


def unmet(drawn: I32, edges: PhotoEdges, sigma: float) -> float:
    """0 to 1: the share of the photo's edges that the drawn ones do not explain.

    One minus the square of their correlation, so that a grain's chance likeness counts for little;
    the blurred drawing's norm is that of so many single lines.
    """
    if not len(drawn) or edges.norm <= 0:
        return 1.0
    met = edges.strength[drawn[:, 2], drawn[:, 0], drawn[:, 1]] - edges.mean
    # A line of single pixels blurred by a Gaussian has the mean square 1 / (2 sqrt(pi) sigma).
    norm = np.sqrt(len(drawn) / (2 * np.sqrt(np.pi) * sigma))
    return 1 - float(np.clip(met.sum() / (norm * edges.norm), 0, 1)) ** 2


@nb.njit(cache=True, nogil=True, fastmath=True)
def edge_cost(drawn: I32, strength: F32) -> float:
    """Mean square by which drawn edges fall short of full ones of the photo."""
    total = 0.0
    for i in range(len(drawn)):
        lack = 1.0 - min(strength[drawn[i, 2], drawn[i, 0], drawn[i, 1]], 1.0)
        total += lack * lack
    return total / max(len(drawn), 1)


@nb.njit(cache=True, nogil=True, fastmath=True)
def edge_normal(
    drawn: I32, strength: F32, slope: F32, screen: F32, faces: I32, motion: F32
) -> tuple[F64, F64]:
    """Gauss-Newton matrix and half gradient of :func:`edge_cost`.

    Args:
        screen: (p, 3) points on the square.
        motion: (p, 2, k) pixels by which each point moves per unit of each parameter.

    Returns:
        (k, k) and (k,).
    """
    k = motion.shape[2]
    matrix, gradient = np.zeros((k, k)), np.zeros(k)
    move = np.empty(k)
    for i in range(len(drawn)):
        y, x, axis, t = drawn[i, 0], drawn[i, 1], drawn[i, 2], drawn[i, 3]
        lack = 1.0 - strength[axis, y, x]
        if lack <= 0:
            continue
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        px, py = x + (1.0 if axis == 0 else 0.5), y + (1.0 if axis == 1 else 0.5)
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
        v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
        # The pair's middle may lie a little beside a narrow face.
        u, v = min(max(u, 0.0), 1.0), min(max(v, 0.0), 1.0)
        w = max(1.0 - u - v, 0.0)
        sx, sy = slope[axis, 0, y, x], slope[axis, 1, y, x]
        for j in range(k):
            move[j] = sx * (u * motion[a, 0, j] + v * motion[b, 0, j] + w * motion[c, 0, j]) + (
                sy * (u * motion[a, 1, j] + v * motion[b, 1, j] + w * motion[c, 1, j])
            )
        for j in range(k):
            if move[j] == 0.0:
                continue
            gradient[j] -= lack * move[j]
            for m in range(k):
                matrix[j, m] += move[j] * move[m]
    share = 1.0 / max(len(drawn), 1)
    return matrix * share, gradient * share
