"""The quad grids of a top's panels: cut flat for sewing, and as they lie in a photo."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .garment_collar import neck_columns
from .garment_collar_grid import collar_flat_grids, collar_grids, collar_seams
from .garment_flat import F64, FlatPose, Panel, Pattern, Seam, pose_points, smoothstep
from .garment_opening import hem_bend, parted
from .garment_trim import CUFF_ROWS
from .garment_upper import (
    ARMHOLE_ROWS,
    COLUMNS,
    SHOULDER_COLUMNS,
    sleeve_edges,
)
from .garment_upper_shape import CUT_ANGLE, UpperShape

_FLIP = np.array([-1.0, 1.0])


MIDDLE = COLUMNS // 2
"""Column of the front's middle, where an opening cuts it in two."""


def upper_pattern(shape: UpperShape) -> Pattern:
    """The panels' quad grids and their seams; topology depends on rows and columns only."""
    grids = _core_grids(shape)
    if shape.trim.cuff > 0 and shape.sleeve_rows:
        for side in ("left", "right"):
            whole = grids.pop(f"{side}_sleeve")
            grids[f"{side}_sleeve"] = whole[CUFF_ROWS:]
            grids[f"{side}_cuff"] = whole[: CUFF_ROWS + 1]
    grids |= collar_grids(shape)
    return _sewn(shape, grids)


def core_pattern(shape: UpperShape) -> Pattern:
    """The body panels and the whole sleeves alone: what the drape lets settle."""
    return _sewn(shape, _core_grids(shape))


def _core_grids(shape: UpperShape) -> dict[str, F64]:
    front = body_grid(shape, shape.neck_depth)
    grids = {"front": front}
    if shape.trim.opening != "none":
        grids = {"right_front": front[:, : MIDDLE + 1], "left_front": front[:, MIDDLE:]}
    grids["back"] = body_grid(shape, shape.back_neck_depth)
    if shape.sleeve_rows:
        grids |= {"left_sleeve": sleeve_grid(shape), "right_sleeve": sleeve_grid(shape)}
    return grids


def _sewn(shape: UpperShape, grids: Mapping[str, F64]) -> Pattern:
    panels: list[Panel] = []
    first = 0
    for name, grid in grids.items():
        panels.append(Panel(name, grid, first))
        first += grid[..., 0].size
    number = {p.name: p.numbers() for p in panels}
    left, back = number.get("left_front", number.get("front")), number["back"]
    right = number.get("right_front", number.get("front"))
    assert left is not None and right is not None
    n = SHOULDER_COLUMNS + 1
    arm = shape.body_rows
    seams = [
        Seam("left_side", left[: arm + 1, -1], back[: arm + 1, -1]),
        Seam("right_side", right[: arm + 1, 0], back[: arm + 1, 0]),
        Seam("left_shoulder", left[-1, -n:], back[-1, -n:]),
        Seam("right_shoulder", right[-1, :n], back[-1, :n]),
    ]
    if shape.trim.opening == "closed":
        seams.append(Seam("center_front", right[:, -1], left[:, 0]))
    for side, front, column in (("left", left, -1), ("right", right, 0)):
        if f"{side}_sleeve" not in number:
            continue
        tube = number[f"{side}_sleeve"]
        top, m = tube[-1], ARMHOLE_ROWS + 1
        seams += [
            Seam(f"{side}_armhole_front", top[:m], front[arm:, column]),
            Seam(f"{side}_armhole_back", top[: m - 2 : -1], back[arm:, column]),
            Seam(f"{side}_underarm", tube[:, 0], tube[:, -1]),
        ]
        if f"{side}_cuff" in number:
            cuff = number[f"{side}_cuff"]
            seams += [
                Seam(f"{side}_cuff", cuff[-1], tube[0]),
                Seam(f"{side}_cuff_underarm", cuff[:, 0], cuff[:, -1]),
            ]
    loop = neck_numbers(number)
    return Pattern(tuple(panels), (*seams, *collar_seams(shape.trim, number, loop)))


def neck_numbers(number: Mapping[str, NDArray[np.int32]]) -> NDArray[np.int32]:
    """The neckline's vertices from the right front edge around the back to the left one.

    Args:
        number: vertex numbers of the body panels by name.
    """
    left = number["left_front"] if "left_front" in number else number["front"][:, MIDDLE:]
    right = number["right_front"] if "right_front" in number else number["front"][:, : MIDDLE + 1]
    back, n = number["back"], SHOULDER_COLUMNS + 1
    return np.concatenate([right[-1, : n - 2 : -1], back[-1, n:-n], left[-1, -n::-1]])


def body_grid(shape: UpperShape, neck_depth: float, hem_curve: float = 0.0) -> F64:
    """Quad grid of a body panel, (body_rows + ARMHOLE_ROWS + 1, COLUMNS + 1, 2), plain flat frame.

    Rows divide each column in the same proportion, so that a deep neckline never folds the grid.
    """
    side = shape.side_length
    low = np.linspace(-side, -shape.armhole_depth, shape.body_rows + 1)
    armhole = shape.armhole(4 * ARMHOLE_ROWS + 1)
    high = np.linspace(-shape.armhole_depth, -shape.shoulder_drop, ARMHOLE_ROWS + 1)[1:]
    edge_y = np.concatenate([low, high])
    edge_x = np.concatenate([shape.half_width(low), np.interp(high, armhole[:, 1], armhole[:, 0])])
    share = (edge_y + side) / (side - shape.shoulder_drop)

    base = np.linspace(-1.0, 1.0, COLUMNS + 1)
    n = SHOULDER_COLUMNS
    ratio = shape.neck_half / shape.shoulder_half
    neck = neck_columns(shape) / shape.shoulder_half
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
    hem_y = -shape.length - hem_curve * (1 - base**2) + shape.trim.hem_rise * hem_bend(base)
    rise = share[shape.body_rows]
    blend = smoothstep((share - 0.35 * rise) / (1 - 0.35 * rise))[:, None]
    x = edge_x[:, None] * (base + blend * (top - base))
    y = hem_y + share[:, None] * (top_y - hem_y)
    grid = np.stack([x, y], axis=-1)
    # The corners of the neck would run down the panel as creases of the grid: even them out.
    yoke = grid[shape.body_rows // 2 :]
    weight = np.ones(COLUMNS - 1)
    if shape.trim.opening != "none":
        # The front's middle is an edge of its own: its columns stay straight up to a deep V.
        weight = np.minimum(np.abs(np.arange(1, COLUMNS) - MIDDLE) / 8.0, 1.0)
    keep, take = (1.0 - 0.6 * weight)[:, None], (0.15 * weight)[:, None]
    for _ in range(30):
        around = yoke[:-2, 1:-1] + yoke[2:, 1:-1] + yoke[1:-1, :-2] + yoke[1:-1, 2:]
        yoke[1:-1, 1:-1] = keep * yoke[1:-1, 1:-1] + take * around
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
    rows, levels = shape.sleeve_rows, shape.sleeve_levels
    edges = sleeve_edges(shape, angle, elbow, rows + 1, 1.0 - levels[::-1])
    upper, lower = (e[::-1] for e in edges)
    across = np.linspace(0.0, 1.0, ARMHOLE_ROWS + 1)[None, :, None]
    straight = lower[:, None] * (1 - across) + upper[:, None] * across
    armhole = shape.armhole(ARMHOLE_ROWS + 1)
    bulge = armhole - straight[-1]
    fade = (levels**3)[:, None, None]
    grid: F64 = straight + fade * bulge
    return grid


def flat_grid(shape: UpperShape, pose: FlatPose) -> tuple[F64, NDArray[np.bool_]]:
    """Where each vertex of the mesh lies in a flat pose.

    Returns:
        (n, 2) metres, and (n,) bool: whether the vertex is on the side that the camera sees.
    """
    front = body_grid(shape, shape.neck_depth, pose.hem_curve)
    back = body_grid(shape, shape.back_neck_depth, pose.hem_curve)
    shown = {"front": front}
    if shape.trim.opening != "none":
        halves = {"right": front[:, : MIDDLE + 1] * _FLIP, "left": front[:, MIDDLE:]}
        if shape.trim.opening == "open":
            halves = {side: parted(shape, half) for side, half in halves.items()}
        shown = {"right_front": halves["right"] * _FLIP, "left_front": halves["left"]}
    places = [grid.reshape(-1, 2) for grid in (*shown.values(), back)]
    seen = [np.ones(grid[..., 0].size, bool) for grid in shown.values()]
    seen.append(np.zeros(back[..., 0].size, bool))
    cuffed = shape.trim.cuff > 0
    cuffs: list[tuple[F64, NDArray[np.bool_]]] = []
    if shape.sleeve_rows:
        for flip, angle, elbow in (
            (False, pose.sleeve_left, pose.elbow_left),
            (True, pose.sleeve_right, pose.elbow_right),
        ):
            half = sleeve_half(shape, angle, elbow) * (_FLIP if flip else 1.0)
            whole = np.concatenate([half, half[:, -2::-1]], axis=1)
            visible = np.zeros((shape.sleeve_rows + 1, 2 * ARMHOLE_ROWS + 1), bool)
            visible[:, : ARMHOLE_ROWS + 1] = True
            low = CUFF_ROWS if cuffed else 0
            sleeve = (whole[low:].reshape(-1, 2), visible[low:].ravel())
            cuff = (whole[: CUFF_ROWS + 1].reshape(-1, 2), visible[: CUFF_ROWS + 1].ravel())
            for grid, side in (sleeve, cuff) if cuffed else (sleeve,):
                cuffs.append((grid, side))
    for grid, visible in (*cuffs, *collar_flat_grids(shape)):
        places.append(grid.reshape(-1, 2))
        seen.append(visible.ravel())
    points = pose_points(np.concatenate(places), pose, -shape.length / 2, shape.chest_half)
    return points, np.concatenate(seen)
