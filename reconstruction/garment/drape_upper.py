"""A top or dress on a body: rings around the trunk, tubes around the arms, a yoke between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..families.garment_flat import Pattern, smoothstep
from ..families.garment_upper import (
    ARMHOLE_ROWS,
    SHOULDER_COLUMNS,
    sleeve_taper,
)
from ..families.garment_upper_shape import UpperShape
from .body_sections import DIRECTIONS, STEP, Arm, BodySections, girth, ring
from .drape_relax import relax
from .drape_rings import SKIN_GAP, on_rings, trunk_rings
from .drape_topology import Topology

F64 = NDArray[np.float64]

_LEVELS = 72
_RIDGE_GAP = 0.006
_BAND = 0.045
"""How far below the armpits the yoke's tension still shapes the cloth, metres."""
_FLIP = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class _Hang:
    """Where the garment's main lines fall on the body.

    Attributes:
        ridge: (r, 3) shoulder line of the left side from the high shoulder point outwards.
        along: (r,) its arc length.
        depth: (k,) distances below the high shoulder point, measured on the cloth.
        height: (k,) heights on the body at these distances.
    """

    ridge: F64
    along: F64
    depth: F64
    height: F64

    def on_ridge(self, distance: F64) -> F64:
        """Points (n, 3) of the shoulder line at arc lengths (n,)."""
        return np.stack(
            [np.interp(distance, self.along, self.ridge[:, k]) for k in range(3)], axis=-1
        )

    def level(self, depth: F64) -> F64:
        """Heights (n,) at distances below the high shoulder point (n,)."""
        result: F64 = np.interp(depth, self.depth, self.height)
        return result


def drape_upper(shape: UpperShape, pattern: Pattern, net: Topology, body: BodySections) -> F64:
    """Places (n, 3) of the mesh's vertices on the body, metres."""
    hang = _hang(shape, body)
    below = np.linspace(shape.armhole_depth, shape.length, _LEVELS)
    heights = _heights(shape, hang, body, below)
    gaps = shape.trim.gap_at(below / shape.length)
    girths = 4 * shape.half_width(-below) + gaps
    drop = np.maximum(below + shape.waist_level, 0.0)
    # Folds form below the chest, where the cloth hangs free.
    spread = 0.05 + 0.15 * drop + 0.2 * np.exp((shape.armhole_depth - below) / 0.08)
    rings, _ = trunk_rings(body, heights, girths, spread)

    def around(depth: F64, share: F64, rear: bool) -> F64:
        """On the rings; ``share`` of the half width from the middle, beyond an open front's gap."""
        level = (depth - shape.armhole_depth) / (shape.length - shape.armhole_depth)
        apart = shape.trim.gap_at(depth / shape.length)
        open_share = apart / (4 * shape.half_width(-depth) + apart)
        quarter = (1.0 - open_share) / 4
        front = share * quarter + np.sign(share) * open_share / 2
        turn = (0.5 - share * quarter) if rear else front
        return on_rings(rings, heights, level * (_LEVELS - 1), turn)

    left_pit = around(np.array([shape.armhole_depth]), np.array([1.0]), False)[0]
    seam = np.hypot(shape.shoulder_half - shape.neck_half, shape.shoulder_drop)
    tip = hang.on_ridge(np.array([seam]))[0]
    loops = _armhole(shape, body, left_pit, tip)

    places = np.empty((len(net.weld), 3))
    free = np.zeros(len(net.weld), bool)
    for panel in pattern.panels:
        numbers = panel.numbers()
        if panel.name.endswith("_sleeve"):
            loop = np.concatenate([loops[0], loops[1][-2::-1]])
            tube, loose = _sleeve(shape, hang, body.arms[0], seam, loop)
            flip = 1.0 if panel.name == "left_sleeve" else _FLIP
            places[numbers], free[numbers] = tube * flip, loose
            continue
        rear = panel.name == "back"
        grid, cut = panel.grid, slice(None)
        if panel.name == "left_front":
            # A half front is laid as the mirrored whole one; its mirror image is dropped.
            grid, cut = (
                np.concatenate([grid[:, :0:-1] * [-1.0, 1.0], grid], axis=1),
                slice(grid.shape[1] - 1, None),
            )
        elif panel.name == "right_front":
            grid = np.concatenate([grid, grid[:, -2::-1] * [-1.0, 1.0]], axis=1)
            cut = slice(None, grid.shape[1] // 2 + 1)
        side = 1.0 if panel.name == "left_front" else -1.0
        where, loose = _body_panel(shape, grid, rear, hang, body, around, loops[int(rear)], side)
        places[numbers], free[numbers] = where[:, cut], loose[:, cut]
    return relax(places, free, pattern, net, body, held=_openings(pattern))


def _hang(shape: UpperShape, body: BodySections) -> _Hang:
    ridge = body.ridge + np.array([0.0, _RIDGE_GAP, 0.0])
    start = max(shape.neck_half, float(ridge[0, 0]) + 0.022)
    first = np.array([start, *(np.interp(start, ridge[:, 0], ridge[:, k]) for k in (1, 2))])
    line = np.concatenate([first[None], ridge[ridge[:, 0] > start + 1e-6]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    y = np.arange(first[1], 0.02, -STEP)
    section = body.section(y) + SKIN_GAP
    yoke = smoothstep((first[1] - y) / 0.10)
    arcs = []
    for direction, sign in ((32, 1.0), (96, -1.0)):
        z = section[:, direction].copy()
        for i in range(1, len(z)):
            z[i] = max(z[i], z[i - 1] - 0.35 * STEP) if y[i] < first[1] - 0.12 else z[i]
        z = sign * first[2] + yoke * (z - sign * first[2])
        arcs.append(np.concatenate([[0.0], np.cumsum(np.hypot(STEP, np.diff(z)))]))
    return _Hang(line, along, (arcs[0] + arcs[1]) / 2, y)


def _heights(shape: UpperShape, hang: _Hang, body: BodySections, below: F64) -> F64:
    """Heights of the rings: true lengths, but an armhole never cuts into the arm."""
    heights = hang.level(below)
    top = min(float(heights[0]), body.armpit - 0.015)
    scale = (top - heights[-1]) / (heights[0] - heights[-1])
    result: F64 = heights[-1] + (heights - heights[-1]) * scale
    return result


def _armhole(shape: UpperShape, body: BodySections, pit: F64, tip: F64) -> tuple[F64, F64]:
    """Front and rear half of the left armhole, each (ARMHOLE_ROWS + 1, 3), from armpit to tip."""
    middle, half = (pit + tip) / 2, (tip - pit) / 2
    arm = body.arms[0]
    front = float(arm.support[0, 32] + arm.axis[0, 2] - middle[2]) + 0.012
    rear = float(arm.support[0, 96] - arm.axis[0, 2] + middle[2]) + 0.012
    line = shape.armhole(ARMHOLE_ROWS + 1)
    length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    phi = np.linspace(0.0, np.pi, ARMHOLE_ROWS + 1)
    curves = []
    for depth, sign in ((front, 1.0), (rear, -1.0)):
        reach = max(depth, 0.045)
        for _ in range(8):
            curve = middle - np.outer(np.cos(phi), half)
            curve[:, 2] += sign * reach * np.sin(phi)
            short = length - float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())
            reach = float(np.clip(reach + 0.5 * short, max(depth, 0.045), max(depth, 0.045) + 0.03))
        curves.append(curve)
    return curves[0], curves[1]


def _body_panel(
    shape: UpperShape,
    grid: F64,
    rear: bool,
    hang: _Hang,
    body: BodySections,
    around: Callable[[F64, F64, bool], F64],
    loop: F64,
    side: float,
) -> tuple[F64, NDArray[np.bool_]]:
    """Places (rows, columns, 3) of a body panel and which of them the relaxation may move.

    Args:
        side: on which side of an open front its middle column lies, 1 for the wearer's left.
    """
    x, depth = grid[..., 0].copy(), -grid[..., 1]
    x[:, x.shape[1] // 2] = side * 1e-9
    rows, columns = depth.shape
    ringed = depth >= shape.armhole_depth - 1e-9
    low = np.maximum(depth, shape.armhole_depth)
    share = np.clip(x / shape.half_width(-low.ravel()).reshape(rows, columns), -1.0, 1.0)
    places = around(low.ravel(), share.ravel(), rear).reshape(rows, columns, 3)

    n = SHOULDER_COLUMNS
    offset = np.hypot(np.abs(x[-1]) - shape.neck_half, depth[-1])
    top = hang.on_ridge(np.where(np.abs(x[-1]) >= shape.neck_half - 1e-9, offset, 0.0))
    top[:, 0] *= np.where(x[-1] < 0, -1.0, 1.0)
    line = np.stack([x[-1, n:-n], -depth[-1, n:-n]], axis=1)
    if not rear:
        away = np.clip(1.0 - np.abs(line[:, 0]) / shape.neck_half, 0.0, 1.0)
        line[:, 0] += (
            np.sign(line[:, 0]) * away * shape.trim.gap_at(depth[-1, n:-n] / shape.length) / 2
        )
    top[n:-n] = _neckline(shape, line, rear, hang, body)
    # Above the armpit each column runs from the chest ring to the shoulder or the neckline.
    gap = np.maximum(shape.armhole_depth - depth[-1], 1e-6)
    climb = np.clip((shape.armhole_depth - depth) / gap, 0.0, 1.0)[..., None]
    base = around(np.full(columns, shape.armhole_depth), share[shape.body_rows], rear)
    places = np.where(ringed[..., None], places, base + climb * (top - base))
    places[shape.body_rows :, -1] = loop
    places[shape.body_rows :, 0] = loop * _FLIP
    near_pit = (np.abs(share) > 0.72) & (depth < shape.armhole_depth + 0.05)
    band = depth < shape.armhole_depth + _BAND
    return places, ~ringed | near_pit | band


def _neckline(shape: UpperShape, line: F64, rear: bool, hang: _Hang, body: BodySections) -> F64:
    """Places (k, 3) of a neckline's points (k, 2) on the trunk's hull."""
    first = hang.ridge[0]
    x = line[:, 0] * (first[0] / shape.neck_half)
    y = hang.level(-line[:, 1])
    hull = ring(body.section(y) + SKIN_GAP)
    half = slice(DIRECTIONS // 2, None, -1) if not rear else slice(DIRECTIONS // 2, None)
    z = np.empty(len(x))
    for i, points in enumerate(hull):
        side = points[half]
        order = np.argsort(side[:, 0])
        z[i] = np.interp(x[i], side[order, 0], side[order, 1])
    edge = np.clip(np.abs(line[:, 0]) / shape.neck_half, 0.0, 1.0) ** 6
    return np.stack([x, y, z * (1 - edge) + first[2] * edge], axis=1)


def _sleeve(
    shape: UpperShape, hang: _Hang, arm: Arm, seam: float, loop: F64
) -> tuple[F64, NDArray[np.bool_]]:
    """Places (sleeve_rows + 1, 2 * ARMHOLE_ROWS + 1, 3) of the left sleeve, and which may move.

    A tube of the sleeve's girth rests on the upper side of the arm; near the body it bends over
    into the armhole.
    """
    rows, columns = shape.sleeve_rows, len(loop)
    first = (loop - arm.axis[0]) @ arm.tangent[0] / STEP
    tip = hang.on_ridge(np.array([seam]))[0]
    start = float((tip - arm.axis[0]) @ arm.tangent[0]) / STEP
    last = max(start + shape.sleeve_length / STEP, float(first.max()) + 2.0)
    u = 1.0 - shape.sleeve_levels
    at = first[None] + (last - first)[None] * u[:, None]
    half = shape.sleeve_width + (shape.cuff_width - shape.sleeve_width) * sleeve_taper(u)
    middle = np.clip(at.mean(axis=1), 0.0, len(arm.axis) - 1.0)
    close = _rows(arm.support, middle) + SKIN_GAP
    ease = np.maximum(2 * half - girth(close), 0.0) / (2 * np.pi)
    ring_points = ring(close + ease[:, None])
    tube = np.empty((rows + 1, columns, 3))
    share = np.linspace(-0.5, 0.5, columns)
    for i, points in enumerate(ring_points):
        # From the underarm over the front and the top to the back: falling angle from pi.
        loop_points = np.concatenate(
            [points[DIRECTIONS // 2 :: -1], points[: DIRECTIONS // 2 - 1 : -1]]
        )
        step = np.linalg.norm(np.diff(loop_points, axis=0), axis=1)
        s = np.concatenate([[0.0], np.cumsum(step)])
        peak = s[DIRECTIONS // 2]
        s = np.where(s <= peak, (s - peak) / (2 * peak), (s - peak) / (2 * (s[-1] - peak)))
        across = np.interp(share, s, loop_points[:, 0]) - 0.8 * ease[i]
        ahead = np.interp(share, s, loop_points[:, 1])
        tube[i] = (
            _along(arm.axis, at[i])
            + _rows(arm.up, np.maximum(at[i], 0.0)) * across[:, None]
            + _rows(arm.front, np.maximum(at[i], 0.0)) * ahead[:, None]
        )
    distance = (at - first[None]) * STEP
    reach = np.minimum(0.12, 0.85 * (last - first) * STEP)[None]
    fade = smoothstep(1.0 - distance / reach)[..., None]
    places = tube + fade * (loop - tube[-1])[None]
    return places, (distance < 0.6 * reach)


def _rows(table: F64, at: F64) -> F64:
    """Rows of a (k, c) table at fractional indices (n,)."""
    at = np.clip(at, 0.0, len(table) - 1.001)
    i = at.astype(np.int64)
    t = (at - i)[:, None]
    result: F64 = table[i] * (1 - t) + table[i + 1] * t
    return result


def _along(axis: F64, at: F64) -> F64:
    """Points of the axis at fractional indices (n,), continued straight beyond its ends."""
    inside = _rows(axis, at)
    before = np.minimum(at, 0.0)[:, None] * (axis[1] - axis[0])
    after = np.maximum(at - (len(axis) - 1), 0.0)[:, None] * (axis[-1] - axis[-2])
    result: F64 = inside + before + after
    return result


def _openings(pattern: Pattern) -> NDArray[np.int32]:
    """Vertices that the relaxation holds: shoulder seams, necklines, open edges of the front."""
    number = {p.name: p.numbers() for p in pattern.panels if not p.name.endswith("_sleeve")}
    held = [n[-1] for n in number.values()]
    if len(pattern.panels) == len(number):
        for name, n in number.items():
            outer = {"left_front": (-1,), "right_front": (0,)}.get(name, (0, -1))
            held += [n[-ARMHOLE_ROWS - 1 :, c] for c in outer]
    if "left_front" in number and not any(s.name == "center_front" for s in pattern.seams):
        held += [number["left_front"][:, 0], number["right_front"][:, -1]]
    return np.concatenate(held)
