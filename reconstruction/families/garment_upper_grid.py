"""The quad grids of a top's panels: cut flat for sewing, and as they lie in a photo."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .garment_flat import F64, FlatPose, Panel, Pattern, Seam, pose_points, smoothstep
from .garment_upper import (
    ARMHOLE_ROWS,
    COLUMNS,
    CUT_ANGLE,
    SHOULDER_COLUMNS,
    UpperShape,
    sleeve_edges,
)

_FLIP = np.array([-1.0, 1.0])


def upper_pattern(shape: UpperShape) -> Pattern:
    """The panels' quad grids and their seams; topology depends on rows and columns only."""
    panels: list[Panel] = []
    first = 0
    for name, depth in (("front", shape.neck_depth), ("back", shape.back_neck_depth)):
        panels.append(Panel(name, body_grid(shape, depth), first))
        first += panels[-1].grid[..., 0].size
    if shape.sleeve_rows:
        for name in ("left_sleeve", "right_sleeve"):
            panels.append(Panel(name, sleeve_grid(shape), first))
            first += panels[-1].grid[..., 0].size
    front, back = panels[0].numbers(), panels[1].numbers()
    n = SHOULDER_COLUMNS + 1
    arm = shape.body_rows
    seams = [
        Seam("left_side", front[: arm + 1, -1], back[: arm + 1, -1]),
        Seam("right_side", front[: arm + 1, 0], back[: arm + 1, 0]),
        Seam("left_shoulder", front[-1, -n:], back[-1, -n:]),
        Seam("right_shoulder", front[-1, :n], back[-1, :n]),
    ]
    for panel in panels[2:]:
        grid = panel.numbers()
        side, column = ("left", -1) if panel.name == "left_sleeve" else ("right", 0)
        top, m = grid[-1], ARMHOLE_ROWS + 1
        seams += [
            Seam(f"{side}_armhole_front", top[:m], front[arm:, column]),
            Seam(f"{side}_armhole_back", top[: m - 2 : -1], back[arm:, column]),
            Seam(f"{side}_underarm", grid[:, 0], grid[:, -1]),
        ]
    return Pattern(tuple(panels), tuple(seams))


def body_grid(shape: UpperShape, neck_depth: float, hem_curve: float = 0.0) -> F64:
    """Quad grid of a body panel, (body_rows + ARMHOLE_ROWS + 1, COLUMNS + 1, 2), plain flat frame.

    Rows divide each column in the same proportion, so that a deep neckline never folds the grid.
    """
    low = np.linspace(-shape.length, -shape.armhole_depth, shape.body_rows + 1)
    armhole = shape.armhole(4 * ARMHOLE_ROWS + 1)
    high = np.linspace(-shape.armhole_depth, -shape.shoulder_drop, ARMHOLE_ROWS + 1)[1:]
    edge_y = np.concatenate([low, high])
    edge_x = np.concatenate([shape.half_width(low), np.interp(high, armhole[:, 1], armhole[:, 0])])
    share = (edge_y + shape.length) / (shape.length - shape.shoulder_drop)

    base = np.linspace(-1.0, 1.0, COLUMNS + 1)
    n = SHOULDER_COLUMNS
    ratio = shape.neck_half / shape.shoulder_half
    inner = np.linspace(-1.0, 1.0, COLUMNS - 2 * n + 1)
    neck = ratio * (0.55 * inner + 0.45 * np.sin(inner * math.pi / 2))
    seam = np.linspace(ratio, 1.0, n + 1)[1:]
    top = np.concatenate([-seam[::-1], neck, seam])
    top_x = top * shape.shoulder_half
    beyond = (np.abs(top_x) - shape.neck_half) / (shape.shoulder_half - shape.neck_half)
    top_y = np.where(
        np.abs(top) <= ratio + 1e-9,
        shape.neck_drop(top_x, neck_depth),
        -shape.shoulder_drop * np.clip(beyond, 0.0, 1.0),
    )
    top_y[n] = top_y[-n - 1] = 0.0
    hem_y = -shape.length - hem_curve * (1 - base**2)
    rise = share[shape.body_rows]
    blend = smoothstep((share - 0.35 * rise) / (1 - 0.35 * rise))[:, None]
    x = edge_x[:, None] * (base + blend * (top - base))
    y = hem_y + share[:, None] * (top_y - hem_y)
    grid = np.stack([x, y], axis=-1)
    # The corners of the neck would run down the panel as creases of the grid: even them out.
    yoke = grid[shape.body_rows // 2 :]
    for _ in range(30):
        around = yoke[:-2, 1:-1] + yoke[2:, 1:-1] + yoke[1:-1, :-2] + yoke[1:-1, 2:]
        yoke[1:-1, 1:-1] = 0.4 * yoke[1:-1, 1:-1] + 0.15 * around
    return grid


def sleeve_grid(shape: UpperShape) -> F64:
    """Quad grid of the left sleeve cut flat, (sleeve_rows + 1, 2 * ARMHOLE_ROWS + 1, 2).

    The sleeve is unfolded about its upper edge: x across (underarm, front, top at 0, back,
    underarm), y along, 0 at the shoulder point and negative towards the cuff.
    """
    half = sleeve_half(shape, CUT_ANGLE, 0.0)
    d = np.array([math.cos(CUT_ANGLE), -math.sin(CUT_ANGLE)])
    n = np.array([-math.sin(CUT_ANGLE), -math.cos(CUT_ANGLE)])
    local = half - shape.shoulder
    front = np.stack([-(local @ n), -(local @ d)], axis=-1)
    return np.concatenate([front, front[:, -2::-1] * _FLIP], axis=1)


def sleeve_half(shape: UpperShape, angle: float, elbow: float) -> F64:
    """Quad grid of the left sleeve's front half, (sleeve_rows + 1, ARMHOLE_ROWS + 1, 2).

    Rows from cuff to armhole, columns from the underarm to the upper edge; plain flat frame.
    """
    rows = shape.sleeve_rows
    upper, lower = (e[::-1] for e in sleeve_edges(shape, angle, elbow, rows + 1))
    across = np.linspace(0.0, 1.0, ARMHOLE_ROWS + 1)[None, :, None]
    straight = lower[:, None] * (1 - across) + upper[:, None] * across
    armhole = shape.armhole(ARMHOLE_ROWS + 1)
    bulge = armhole - straight[-1]
    fade = (np.linspace(0.0, 1.0, rows + 1) ** 3)[:, None, None]
    grid: F64 = straight + fade * bulge
    return grid


def flat_grid(shape: UpperShape, pose: FlatPose) -> tuple[F64, NDArray[np.bool_]]:
    """Where each vertex of the mesh lies in a flat pose.

    Returns:
        (n, 2) metres, and (n,) bool: whether the vertex is on the side that the camera sees.
    """
    front = body_grid(shape, shape.neck_depth, pose.hem_curve)
    back = body_grid(shape, shape.back_neck_depth, pose.hem_curve)
    places = [front.reshape(-1, 2), back.reshape(-1, 2)]
    seen = [np.ones(front[..., 0].size, bool), np.zeros(back[..., 0].size, bool)]
    if shape.sleeve_rows:
        for flip, angle, elbow in (
            (False, pose.sleeve_left, pose.elbow_left),
            (True, pose.sleeve_right, pose.elbow_right),
        ):
            half = sleeve_half(shape, angle, elbow) * (_FLIP if flip else 1.0)
            places.append(np.concatenate([half, half[:, -2::-1]], axis=1).reshape(-1, 2))
            visible = np.zeros((shape.sleeve_rows + 1, 2 * ARMHOLE_ROWS + 1), bool)
            visible[:, : ARMHOLE_ROWS + 1] = True
            seen.append(visible.ravel())
    points = pose_points(np.concatenate(places), pose, -shape.length / 2, shape.chest_half)
    return points, np.concatenate(seen)
