"""Closed solids of furniture: lofts through rings of points, and how they unfold.

Every part of a chair or a table is one or several *lofts*: a stack of closed rings, joined by
quads and closed by two caps. A loft is watertight by construction. The rings are all that
depends on a product's dimensions; how they join and unfold depends on its choices alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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
        b, n, k, _ = self.rings.shape
        centres = self.rings[:, [0, n - 1]].mean(axis=2)
        return np.concatenate([self.rings.reshape(b, n * k, 3), centres], axis=1).reshape(-1, 3)


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
    corner, straight, weight = _outline_pattern(segments, edge)
    unit = corner * (1 - roundness) + roundness * straight
    if edge:
        # Edge points run evenly from one corner's last point to the next corner's first.
        period = segments + 1 + edge
        for side in range(4):
            start = unit[side * period + segments]
            stop = unit[(side + 1) * period % len(unit)]
            rows = slice(side * period + segments + 1, (side + 1) * period)
            unit[rows] = start + (stop - start) * weight
    return np.asarray(unit * (half_width, half_depth))


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
    weight = np.arange(1, edge + 1)[:, None] / (edge + 1)
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
    rings = np.empty((b, n, len(section), 3))
    factor = np.broadcast_to(scale, (b, n, 2))
    rings[..., 0] = centre[..., None, 0] + section[:, 0] * factor[..., None, 0]
    rings[..., 2] = centre[..., None, 1] + section[:, 1] * factor[..., None, 1]
    rings[..., 1] = np.broadcast_to(heights, (b, n))[..., None]
    return rings


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
    tangent = np.gradient(path, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-12)
    second = np.broadcast_to(binormal, tangent.shape)
    first = np.cross(second, tangent)
    first = first / np.maximum(np.linalg.norm(first, axis=2, keepdims=True), 1e-12)
    second = np.cross(tangent, first)
    factor = np.ones((path.shape[1], 2))
    if scale is not None:
        factor = np.broadcast_to(scale if scale.ndim == 2 else scale[:, None], factor.shape)
    a = section[None, None, :, :1] * factor[None, :, None, :1]
    c = section[None, None, :, 1:] * factor[None, :, None, 1:]
    return np.asarray(path[:, :, None] + a * first[:, :, None] + c * second[:, :, None])


def round_ends(rings: F64, bevel: float) -> F64:
    """Add a small bevel at both ends of (b, n, k, 3) rings that run along a curve."""
    middle = rings.mean(axis=2, keepdims=True)
    out = []
    for end, beside in ((0, 1), (-1, -2)):
        ring, centre = rings[:, end], middle[:, end]
        ahead = centre - middle[:, beside]
        length = np.linalg.norm(ahead, axis=-1, keepdims=True)
        spoke = ring - centre
        radius = np.maximum(np.linalg.norm(spoke, axis=-1, keepdims=True), 1e-9)
        inward = np.minimum(bevel, 0.5 * radius)
        back = ahead / np.maximum(length, 1e-9) * np.minimum(bevel, 0.5 * length)
        out.append((ring - back, ring - spoke / radius * inward))
    (low_side, low_end), (high_side, high_end) = out
    return np.concatenate(
        [
            low_end[:, None],
            low_side[:, None],
            rings[:, 1:-1],
            high_side[:, None],
            high_end[:, None],
        ],
        axis=1,
    )


def polygon(points: int) -> F64:
    """(points, 2) of the unit circle, counter-clockwise in a right-handed plane."""
    turn = np.arange(points) * (2 * np.pi / points)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)
