"""Closed solids of furniture: lofts through rings of points, and how they unfold.

Every part of a chair or a table is one or several *lofts*: a stack of closed rings, joined by
quads and closed by two caps. A loft is watertight by construction. The rings are all that
depends on a product's dimensions; how they join and unfold depends on its choices alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Loft:
    """One or several equal stacks of rings that belong to one part.

    Attributes:
        rings: (b, n, k, 3) metres: b copies, n rings of k points. Each ring turns
            counter-clockwise when one looks against the direction of the stack.
        part: the part's name, such as ``"front_legs"``.
        material: the part's material slot.
        lower: rings 0 to ``lower`` unfold as a disc (the first cap).
        upper: rings ``upper`` to n - 1 unfold as a disc (the last cap).
    """

    rings: F64
    part: str
    material: str
    lower: int = 0
    upper: int = -1

    @property
    def layout(self) -> tuple[int, int, int, int, int]:
        """Copies, rings, points per ring, ``lower`` and ``upper`` as non-negative indices."""
        b, n, k, _ = self.rings.shape
        return b, n, k, self.lower, self.upper % n

    def points(self) -> F64:
        """(b * (n * k + 2), 3): every ring's points, then both caps' centres, per copy."""
        return np.asarray(_with_centres(np.ascontiguousarray(self.rings)))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _with_centres(rings: F64) -> F64:
    b, n, k, _ = rings.shape
    out = np.zeros((b * (n * k + 2), 3))
    for copy in range(b):
        row = copy * (n * k + 2)
        for c in range(3):
            for i in range(n):
                for j in range(k):
                    out[row + i * k + j, c] = rings[copy, i, j, c]
            for j in range(k):
                out[row + n * k, c] += rings[copy, 0, j, c] / k
                out[row + n * k + 1, c] += rings[copy, n - 1, j, c] / k
    return out


@dataclass(frozen=True, eq=False)
class Topology:
    """How the points of a list of lofts make a mesh; the same for all dimensions.

    Attributes:
        weld: (n,) int32: the point that each vertex stands on.
        faces: (m, 3) int32 into the vertices.
        point_faces: (m, 3) int32 into the points; closed and manifold.
        uv: (n, 2) float32.
        face_part: (m,) int32.
    """

    weld: I32
    faces: I32
    point_faces: I32
    uv: F32
    face_part: I32
    parts: tuple[str, ...]
    part_material: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Island:
    """A piece of the surface, unfolded flat: local (v, 2) metres and (f, 3) local faces."""

    flat: F64
    points: I32
    faces: I32


@dataclass(frozen=True, eq=False)
class Surface:
    """The closed surface without UVs: (m, 3) faces into the points, and what they belong to."""

    faces: I32
    face_part: I32
    parts: tuple[str, ...]
    part_material: tuple[str, ...]


def surface(lofts: list[Loft]) -> Surface:
    """Join lofts without unfolding them: cheap, for fitting."""
    parts: dict[str, str] = {}
    faces, face_part = [], []
    offset = 0
    for loft in lofts:
        parts.setdefault(loft.part, loft.material)
        b, n, k, _, _ = loft.layout
        one = _closed(n, k)
        starts = offset + np.arange(b, dtype=np.int32) * (n * k + 2)
        faces.append((starts[:, None, None] + one[None]).reshape(-1, 3))
        face_part.append(np.full(b * len(one), list(parts).index(loft.part), np.int32))
        offset += b * (n * k + 2)
    return Surface(
        np.concatenate(faces), np.concatenate(face_part), tuple(parts), tuple(parts.values())
    )


@cache
def _closed(n: int, k: int) -> I32:
    i, j = np.meshgrid(np.arange(n - 1), np.arange(k), indexing="ij")
    a, b = (i * k + j).ravel(), (i * k + (j + 1) % k).ravel()
    quads = np.stack([a, b, b + k, a, b + k, a + k], axis=1).reshape(-1, 3)
    around, following = np.arange(k), (np.arange(k) + 1) % k
    low = np.stack([following, around, np.full(k, n * k)], axis=1)
    last = (n - 1) * k
    high = np.stack([last + around, last + following, np.full(k, n * k + 1)], axis=1)
    return np.concatenate([quads, low, high]).astype(np.int32)


def topology(lofts: list[Loft]) -> Topology:
    """Join and unfold lofts; island sizes follow these lofts' own dimensions."""
    parts: dict[str, str] = {}
    islands: list[_Island] = []
    part_of: list[int] = []
    offset = 0
    for loft in lofts:
        parts.setdefault(loft.part, loft.material)
        part = list(parts).index(loft.part)
        b, n, k, _, _ = loft.layout
        for copy in range(b):
            pieces = _unfold(loft, copy, offset + copy * (n * k + 2))
            islands += pieces
            part_of += [part] * len(pieces)
        offset += b * (n * k + 2)
    uv = _pack([island.flat for island in islands])
    starts = np.cumsum([0] + [len(i.points) for i in islands])[:-1]
    weld = np.concatenate([i.points for i in islands]).astype(np.int32)
    faces = np.concatenate([i.faces + s for i, s in zip(islands, starts, strict=True)])
    faces = faces.astype(np.int32)
    counts = [len(i.faces) for i in islands]
    return Topology(
        weld=weld,
        faces=faces,
        point_faces=np.ascontiguousarray(weld[faces]),
        uv=uv,
        face_part=np.repeat(np.array(part_of, np.int32), counts),
        parts=tuple(parts),
        part_material=tuple(parts.values()),
    )


def _unfold(loft: Loft, copy: int, offset: int) -> list[_Island]:
    """The side strip and the two caps of one copy of a loft."""
    _, n, k, lower, upper = loft.layout
    rings = loft.rings[copy]
    grid = offset + np.arange(n * k, dtype=np.int32).reshape(n, k)
    out = []
    if upper > lower:
        wrapped = np.concatenate([rings, rings[:, :1]], axis=1)[lower : upper + 1]
        around = np.linalg.norm(np.diff(wrapped, axis=1), axis=2)
        across = np.concatenate([np.zeros((len(around), 1)), np.cumsum(around, axis=1)], axis=1)
        # One width per column keeps the strip rectangular: the mean over the rings.
        u = np.repeat(across.mean(axis=0)[None], len(wrapped), axis=0)
        along = np.linalg.norm(np.diff(wrapped, axis=0), axis=2).max(axis=1)
        v = np.concatenate([[0.0], np.cumsum(np.maximum(along, 1e-4))])
        flat = np.stack([u, np.repeat(v[::-1, None], k + 1, axis=1)], axis=2)
        index = np.concatenate([grid, grid[:, :1]], axis=1)[lower : upper + 1]
        out.append(_Island(flat.reshape(-1, 2), index.ravel(), _strip(*index.shape)))
    centre_low, centre_high = offset + n * k, offset + n * k + 1
    out.append(_disc(rings[lower::-1], grid[lower::-1], centre_low, flip=True))
    out.append(_disc(rings[upper:], grid[upper:], centre_high, flip=False))
    return out


def _strip(rows: int, columns: int) -> I32:
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    a = np.ravel(i * columns + j)
    quads = np.stack([a, a + 1, a + columns + 1, a, a + columns + 1, a + columns], axis=1)
    return quads.reshape(-1, 3).astype(np.int32)


def _disc(rings: F64, grid: I32, centre: int, *, flip: bool) -> _Island:
    """Rings from the rim inwards and a fan to the centre, seen from outside."""
    rows, k = grid.shape
    # A disc is a strip closed upon itself plus the fan.
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(k), indexing="ij")
    a, b = (i * k + j).ravel(), (i * k + (j + 1) % k).ravel()
    quads = np.stack([a, b, b + k, a, b + k, a + k], axis=1).reshape(-1, 3)
    around = np.arange(k)
    last = (rows - 1) * k
    fan = np.stack([last + around, last + (around + 1) % k, np.full(k, rows * k)], axis=1)
    faces = np.concatenate([quads, fan])
    points = np.concatenate([rings.reshape(-1, 3), rings[-1].mean(axis=0)[None]])
    middle = rings[0].mean(axis=0)
    first = rings[0] - middle
    normal = np.cross(first, np.roll(first, -1, axis=0)).sum(axis=0)
    normal /= np.linalg.norm(normal)
    # Upright where there is an up: a back's picture then stands as it stands in the photo.
    up = np.array([0.0, 1.0, 0.0]) if abs(normal[1]) < 0.9 else np.array([0.0, 0.0, -1.0])
    right = np.cross(up, normal)
    right /= np.linalg.norm(right)
    up = np.cross(normal, right)
    local = points - middle
    across = -1.0 if flip else 1.0
    flat = np.stack([across * (local @ right), -(local @ up)], axis=1)
    if flip:
        faces = faces[:, ::-1]
    return _Island(flat, np.append(grid.ravel(), centre), faces.astype(np.int32))


def _pack(islands: list[F64], gap: float = 0.012) -> F32:
    """Pack islands into the unit square at one scale, in shelves; (n, 2) float32."""
    boxes = []
    for flat in islands:
        local = flat - flat.min(axis=0)
        size = local.max(axis=0)
        if size[1] > size[0]:
            local = np.stack([size[1] - local[:, 1], local[:, 0]], axis=1)
            size = size[::-1]
        boxes.append((local, size))
    order = sorted(range(len(boxes)), key=lambda i: (-boxes[i][1][1], -boxes[i][1][0], i))
    area = sum((w + gap) * (h + gap) for _, (w, h) in boxes)
    widest = max(w for _, (w, _) in boxes) + 2 * gap
    best: tuple[float, list[tuple[float, float]]] | None = None
    for stretch in np.linspace(1.0, 1.6, 25):
        side = max(widest, float(np.sqrt(area)) * stretch)
        x = y = gap
        shelf = 0.0
        places = [(0.0, 0.0)] * len(boxes)
        for i in order:
            w, h = boxes[i][1]
            if x + w + gap > side:
                x, y, shelf = gap, y + shelf + gap, 0.0
            places[i] = (x, y)
            x, shelf = x + w + gap, max(shelf, h)
        extent = max(side, y + shelf + gap)
        if best is None or extent < best[0]:
            best = (extent, places)
    assert best is not None
    extent, places = best
    placed = [
        (local + np.array(place)) / extent for (local, _), place in zip(boxes, places, strict=True)
    ]
    return np.ascontiguousarray(np.concatenate(placed), np.float32)


def outline(
    half_width: float, half_depth: float, roundness: float, segments: int = 4, edge: int = 0
) -> F64:
    """A rectangle with elliptic corners, counter-clockwise seen from above, in the XZ plane.

    Args:
        half_width, half_depth: half sizes along x and z, metres.
        roundness: 0 a rectangle, 1 an ellipse.
        segments: points per corner, less one.
        edge: further points on each of the four edges, for what will be bent.

    Returns:
        (4 * (segments + 1 + edge), 2): x and z.
    """
    corner, arc, weight = _outline_pattern(segments, edge)
    return np.asarray(_outline(corner, arc, weight, roundness, half_width, half_depth))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _outline(
    corner: F64, arc: F64, weight: F64, roundness: float, half_width: float, half_depth: float
) -> F64:
    out = np.empty_like(corner)
    n, edge = len(corner), len(weight)
    half = (half_width, half_depth)
    for i in range(n):
        for c in range(2):
            out[i, c] = (corner[i, c] * (1 - roundness) + arc[i, c] * roundness) * half[c]
    # Edge points run evenly from one corner's last point to the next corner's first.
    period = n // 4
    for side in range(4):
        first = (side + 1) * period - edge
        after = (side + 1) * period % n
        for i in range(edge):
            for c in range(2):
                start = out[first - 1, c]
                out[first + i, c] = start + (out[after, c] - start) * weight[i]
    return out


@cache
def _outline_pattern(segments: int, edge: int) -> tuple[F64, F64, F64]:
    turn = np.linspace(0.0, np.pi / 2, segments + 1)
    quarter = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    corners, arcs = [], []
    # Seen from above (against +Y) z points down, so counter-clockwise runs +z, +x, -z, -x.
    for sx, sz, reverse in ((1, 1, False), (1, -1, True), (-1, -1, False), (-1, 1, True)):
        sign = np.array([sx, sz], float)
        padding = np.zeros((edge, 2))
        corners.append(np.concatenate([np.ones((segments + 1, 2)) * sign, padding]))
        arcs.append(np.concatenate([(quarter[::-1] if reverse else quarter) * sign, padding]))
    weight = np.arange(1, edge + 1) / (edge + 1)
    return np.concatenate(corners), np.concatenate(arcs), weight


def bar_section(along_normal: float, along_binormal: float, corner: float = 0.3) -> F64:
    """A round-cornered rectangle for :func:`sweep`: (12, 2), from half sizes in metres."""
    # outline() turns from its second column to its first.
    return outline(along_binormal, along_normal, corner, 2)[:, ::-1]


def upright(section: F64, heights: F64, scale: F64, centre: F64) -> F64:
    """Rings stacked upwards.

    Args:
        section: (k, 2) x and z of the unit section, counter-clockwise from above.
        heights: (n,) or (b, n) y of each ring.
        scale: (n, 2) or (b, n, 2) factors of x and z per ring.
        centre: (n, 2) or (b, n, 2) x and z of each ring's middle.

    Returns:
        (b, n, k, 3).
    """
    centre = centre if centre.ndim == 3 else centre[None]
    b, n = centre.shape[:2]
    # Copies, for a broadcast view is read-only, which would compile the kernel once more.
    level = np.array(np.broadcast_to(heights, (b, n)), np.float64, order="C")
    factor = np.array(np.broadcast_to(scale, (b, n, 2)), np.float64, order="C")
    middle = np.ascontiguousarray(centre, np.float64)
    return np.asarray(_upright(np.ascontiguousarray(section), level, factor, middle))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _upright(section: F64, level: F64, factor: F64, middle: F64) -> F64:
    b, n = level.shape
    k = len(section)
    out = np.empty((b, n, k, 3))
    for copy in range(b):
        for i in range(n):
            for j in range(k):
                out[copy, i, j, 0] = middle[copy, i, 0] + section[j, 0] * factor[copy, i, 0]
                out[copy, i, j, 1] = level[copy, i]
                out[copy, i, j, 2] = middle[copy, i, 1] + section[j, 1] * factor[copy, i, 1]
    return out


def fit_box(
    points: F64, marks: F64, size: tuple[float, float, float], line: float
) -> tuple[F32, F64]:
    """Scale points to an exact box whose floor centre is the origin.

    Args:
        points: (n, 3) metres, scaled.
        marks: (a, 3), moved along but not counted into the box.
        size: width, height and depth of the box, metres.
        line: heights up to here are kept exactly, those above are stretched to fit.

    Returns:
        (n, 3) float32 points and (a, 3) marks.
    """
    return _fit_box(points, marks, np.array(size), line)  # type: ignore[no-any-return]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _fit_box(points: F64, marks: F64, size: F64, line: float) -> tuple[F32, F64]:
    low, high, scale = np.empty(3), np.empty(3), np.empty(3)
    for c in range(3):
        low[c], high[c] = np.inf, -np.inf
        for i in range(len(points)):
            low[c] = min(low[c], points[i, c])
            high[c] = max(high[c], points[i, c])
        scale[c] = size[c] / (high[c] - low[c])
    keep = line - low[1]
    above = high[1] - line
    # Where nothing worth stretching is above the line, the whole height is scaled.
    stretch = above > 1e-4 and size[1] > keep
    ratio = (size[1] - keep) / above if stretch else 1.0
    out, moved = np.empty((len(points), 3), np.float32), np.empty((len(marks), 3))
    for i in range(len(points) + len(marks)):
        p = points[i] if i < len(points) else marks[i - len(points)]
        x = (p[0] - (low[0] + high[0]) / 2) * scale[0]
        z = (p[2] - (low[2] + high[2]) / 2) * scale[2]
        y = p[1] - low[1]
        if stretch:
            y = y if y <= keep else keep + (y - keep) * ratio
        else:
            y = y * scale[1]
        if i < len(points):
            out[i, 0], out[i, 1], out[i, 2] = x, y, z
        else:
            row = i - len(points)
            moved[row, 0], moved[row, 1], moved[row, 2] = x, y, z
    return out, moved


def bevelled(low: float, high: float, bevel: float, steps: int = 2) -> tuple[F64, F64]:
    """Heights and insets of a slab with rounded rims: two (2 * steps + 2,) arrays, metres."""
    bevel = min(bevel, (high - low) * 0.49)
    turn = np.linspace(0.0, np.pi / 2, steps + 1)
    rise, inset = bevel * (1 - np.cos(turn)), bevel * (1 - np.sin(turn))
    heights = np.concatenate([low + rise, high - rise[::-1]])
    return heights, np.concatenate([inset, inset[::-1]])


def sweep(path: F64, section: F64, binormal: F64, scale: F64 | None = None) -> F64:
    """Rings along planar curves.

    Args:
        path: (b, n, 3) points of each curve.
        section: (k, 2): along the curve's normal and along its binormal, counter-clockwise.
        binormal: (3,) or (b, 1, 3): the plane's normal; the section's second axis.
        scale: (n,), (n, 2) or None: section factors along the curve.

    Returns:
        (b, n, k, 3).
    """
    n = path.shape[1]
    if scale is None:
        factor = np.ones((n, 2))
    elif scale.ndim == 1:
        factor = np.stack([scale, scale], axis=1)
    else:
        factor = np.ascontiguousarray(scale)
    second = np.array(np.broadcast_to(binormal, (len(path), 1, 3))[:, 0], order="C")
    return np.asarray(
        _sweep(np.ascontiguousarray(path), np.ascontiguousarray(section), second, factor)
    )


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _sweep(path: F64, section: F64, binormal: F64, factor: F64) -> F64:
    b, n, _ = path.shape
    k = len(section)
    out = np.empty((b, n, k, 3))
    for copy in range(b):
        p, q, r = binormal[copy, 0], binormal[copy, 1], binormal[copy, 2]
        for i in range(n):
            before, after = max(i - 1, 0), min(i + 1, n - 1)
            tx = path[copy, after, 0] - path[copy, before, 0]
            ty = path[copy, after, 1] - path[copy, before, 1]
            tz = path[copy, after, 2] - path[copy, before, 2]
            length = math.sqrt(tx * tx + ty * ty + tz * tz) + 1e-12
            tx, ty, tz = tx / length, ty / length, tz / length
            ux, uy, uz = q * tz - r * ty, r * tx - p * tz, p * ty - q * tx
            length = math.sqrt(ux * ux + uy * uy + uz * uz) + 1e-12
            ux, uy, uz = ux / length, uy / length, uz / length
            vx, vy, vz = ty * uz - tz * uy, tz * ux - tx * uz, tx * uy - ty * ux
            for j in range(k):
                x, y = section[j, 0] * factor[i, 0], section[j, 1] * factor[i, 1]
                out[copy, i, j, 0] = path[copy, i, 0] + x * ux + y * vx
                out[copy, i, j, 1] = path[copy, i, 1] + x * uy + y * vy
                out[copy, i, j, 2] = path[copy, i, 2] + x * uz + y * vz
    return out


def round_ends(rings: F64, bevel: float) -> F64:
    """Add a small bevel at both ends of (b, n, k, 3) rings that run along a curve."""
    return np.asarray(_round_ends(np.ascontiguousarray(rings), bevel))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _round_ends(rings: F64, bevel: float) -> F64:
    b, n, k, _ = rings.shape
    out = np.empty((b, n + 2, k, 3))
    centre, ahead = np.empty(3), np.empty(3)
    for copy in range(b):
        for i in range(1, n - 1):
            for j in range(k):
                for c in range(3):
                    out[copy, i + 1, j, c] = rings[copy, i, j, c]
        for side in range(2):
            end, beside = (0, 1) if side == 0 else (n - 1, n - 2)
            cap, rim = (0, 1) if side == 0 else (n + 1, n)
            length = 0.0
            for c in range(3):
                centre[c] = inner = 0.0
                for j in range(k):
                    centre[c] += rings[copy, end, j, c] / k
                    inner += rings[copy, beside, j, c] / k
                ahead[c] = centre[c] - inner
                length += ahead[c] * ahead[c]
            length = math.sqrt(length) + 1e-12
            back = min(bevel, 0.5 * length) / length
            for j in range(k):
                radius = 0.0
                for c in range(3):
                    spoke = rings[copy, end, j, c] - centre[c]
                    radius += spoke * spoke
                radius = math.sqrt(radius) + 1e-12
                inset = min(bevel, 0.5 * radius) / radius
                for c in range(3):
                    point = rings[copy, end, j, c]
                    out[copy, rim, j, c] = point - ahead[c] * back
                    out[copy, cap, j, c] = point - (point - centre[c]) * inset
    return out


@cache
def polygon(points: int) -> F64:
    """(points, 2) of the unit circle, counter-clockwise in a right-handed plane."""
    turn = np.arange(points) * (2 * np.pi / points)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)
