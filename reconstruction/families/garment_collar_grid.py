"""The quad grids of collars and hoods: cut flat for sewing, and as they lie in a photo."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .garment_collar import flat_collar, neck_columns
from .garment_flat import F64, Seam, bezier, smoothstep
from .garment_trim import HALF, Trim
from .garment_upper_shape import UpperShape

STAND_ROWS = 3
"""Quads from the neckline to the top of a collar's band."""
LEAF_ROWS = 6
"""Quads from a leaf's edge to its fold."""
HOOD_ROWS = 16
"""Quads from the neckline to the top of a hood."""

I32 = NDArray[np.int32]
_FLIP = np.array([-1.0, 1.0])


def neck_loop(shape: UpperShape) -> F64:
    """(2 * HALF + 1, 2) the neckline from the right front edge around the back, flat."""
    x = neck_columns(shape)
    front = np.stack([x, shape.neck_drop(x, shape.neck_depth)], axis=1)
    back = np.stack([x, shape.neck_drop(x, shape.back_neck_depth)], axis=1)
    front[[0, -1], 1] = back[[0, -1], 1] = 0.0
    half = HALF // 2
    return np.concatenate([front[half::-1], back[1:-1], front[: half - 1 : -1]])


def arc(line: F64) -> F64:
    """(n,) arc length along a line (n, c), 0 at its middle point."""
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    result: F64 = s - s[len(s) // 2]
    return result


def collar_grids(shape: UpperShape) -> dict[str, F64]:
    """The collar's panels cut flat, by name; see :class:`.garment_flat.Panel`."""
    trim = shape.trim
    if trim.collar == "none":
        return {}
    along = arc(neck_loop(shape))
    if trim.collar == "hood":
        half = hood_cut(along[: HALF + 1], trim)
        return {"left_hood": half, "right_hood": half}
    grids: dict[str, F64] = {}
    stand, leaf = trim.stand_heights(), trim.leaf_widths()
    if trim.collar != "lapel":
        grids["collar_stand"] = _band(along, np.zeros_like(stand), stand, STAND_ROWS)
        stand = np.zeros_like(stand)
    if trim.collar != "stand":
        grids["collar"] = _band(along, -(leaf + stand), np.zeros_like(leaf), LEAF_ROWS)
    return grids


def _band(along: F64, low: F64, high: F64, rows: int) -> F64:
    t = np.linspace(0.0, 1.0, rows + 1)[:, None]
    y = low + (high - low) * t
    return np.stack([np.broadcast_to(along, y.shape), y], axis=-1)


def hood_cut(bottom: F64, trim: Trim) -> F64:
    """(HOOD_ROWS + 1, HALF + 1, 2) one half of a hood cut flat, face to the left.

    Args:
        bottom: (HALF + 1,) arc length of the neckline, from the front edge to the back's middle.
    """
    span = bottom - bottom[0]
    low = np.stack([span, np.zeros_like(span)], axis=1)
    height, width = trim.hood_height, trim.hood_width
    corner = np.array([width * 0.92, 0.72 * height])
    top = np.array([0.0, height])
    face = np.linspace([0.0, 0.0], top, HOOD_ROWS + 1)
    reach = max(1.2 * width, 0.8 * span[-1])
    back = bezier(low[-1], np.array([reach, 0.3 * height]), corner, HOOD_ROWS + 1)
    share = (span / span[-1])[:, None]
    crown = (1 - share) ** 2 * top + 2 * share * (1 - share) * np.array([0.75 * width, height])
    crown = crown + share**2 * corner
    u, v = share[None], np.linspace(0.0, 1.0, HOOD_ROWS + 1)[:, None, None]
    sides = face[:, None] * (1 - u) + back[:, None] * u
    ends = low[None] * (1 - v) + crown[None] * v
    corners = (low[0] * (1 - u) + low[-1] * u) * (1 - v) + (top * (1 - u) + corner * u) * v
    grid: F64 = sides + ends - corners
    return grid


def collar_seams(trim: Trim, number: Mapping[str, I32], loop: I32) -> list[Seam]:
    """How collar panels are sewn to the neckline and to each other.

    Args:
        number: vertex numbers by panel name.
        loop: (2 * HALF + 1,) the neckline's vertices, from the right front edge around the back.
    """
    seams: list[Seam] = []
    if "left_hood" in number:
        left, right = number["left_hood"], number["right_hood"]
        return [
            Seam("neckline_right", right[0], loop[: HALF + 1]),
            Seam("neckline_left", left[0], loop[: HALF - 1 : -1]),
            Seam("hood_back", left[:, -1], right[:, -1]),
            Seam("hood_top", left[-1], right[-1]),
        ]
    if "collar_stand" in number:
        stand = number["collar_stand"]
        seams.append(Seam("neckline", stand[0], loop))
        if trim.opening != "open":
            seams.append(Seam("collar_front", stand[:, 0], stand[:, -1]))
        loop = stand[-1]
    if "collar" in number:
        seams.append(Seam("collar_fold", number["collar"][-1], loop))
    return seams


def collar_flat_grids(shape: UpperShape) -> list[tuple[F64, NDArray[np.bool_]]]:
    """Where the collar's vertices lie in a photo, panel by panel, and which of them it shows.

    Returns:
        Grids (rows, columns, 2) of the plain flat frame and (rows, columns) bool.
    """
    trim = shape.trim
    if trim.collar == "none":
        return []
    if trim.collar == "hood":
        left = _hood_flat(shape)
        seen = np.zeros(left.shape[:2], bool)
        seen[:, : HALF // 2 + 1] = True
        return [(left, seen), (left * _FLIP, seen)]
    loop = neck_loop(shape)
    found = []
    for name, edges in flat_collar(shape).items():
        rows = (STAND_ROWS if name == "stand" else LEAF_ROWS) + 1
        t = np.linspace(0.0, 1.0, rows)[:, None, None]
        front = edges[0] * (1 - t) + edges[1] * t
        # The rear half is hidden; its colours come from just inside the garment.
        rear = loop[HALF // 2 + 1 : 3 * HALF // 2][None] + np.array([0.0, -0.03]) * (1 + t)
        grid = np.concatenate([front * _FLIP, rear, front[:, ::-1]], axis=1)
        seen = np.zeros(grid.shape[:2], bool)
        seen[:, : HALF // 2 + 1] = seen[:, -HALF // 2 - 1 :] = True
        found.append((grid, seen))
    return found


def _hood_flat(shape: UpperShape) -> F64:
    """The left half of a hood seen from the front: the rim round the face, and what is behind."""
    loop = neck_loop(shape)[: HALF - 1 : -1]
    height = 0.95 * shape.trim.hood_height
    wide = max(0.5 * shape.trim.hood_width, shape.neck_half + 0.015)
    v = np.linspace(0.0, 1.0, HOOD_ROWS + 1)[:, None]
    u = np.clip(2.0 * np.linspace(0.0, 1.0, HALF + 1), 0.0, 1.0)[None]
    turn = v * np.pi / 2
    rim = 0.72 + 0.26 * u
    x = wide * rim * np.cos(turn)
    y = height * (0.80 + 0.18 * u) * np.sin(turn)
    dome = np.stack([x, y], axis=-1)
    base = np.stack([loop[:, 0], loop[:, 1]], axis=1)[None]
    blend = smoothstep(v / 0.3)[..., None]
    grid: F64 = base * (1 - blend) + dome * blend
    return grid
