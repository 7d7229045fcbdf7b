"""By how much a product is too long: the smallest cut after which it has a place (numba).

The same places count as in :mod:`spots`, but only whether there is one is asked, which needs no
best one and stays in compiled code.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .freespace import free_runs, nearest_free
from .furnishing import Dimension, rules
from .room import Room
from .spots import is_inner, span

F64 = NDArray[np.float64]
_FAST = {"cache": True, "nogil": True, "error_model": "numpy"}
_LEAST = 0.1
"""A product is never cut to less than this part of a side."""

_STEPS = 9
_WALLS, _CORNERS, _FREE = range(3)


def squeeze_free(
    room: Room,
    size: tuple[float, float],
    yaws: tuple[float, ...],
    wish: tuple[float, float],
    boxes: F64,
) -> tuple[float, Dimension] | None:
    """The cut after which a product stands anywhere, at one of ``yaws`` or a quarter turn of it.

    Args:
        size: width and depth, metres.
        wish: (x, z), as of :func:`spots.free_spots`.
        boxes: (k, 6) what stands in the way.

    Returns:
        How many metres, and of what; None where no cut of one side helps.
    """
    turns = np.array([yaw + quarter for yaw in yaws for quarter in (0.0, math.pi / 2)])
    table = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    around = (wish[0], -wish[1], span(room, wish))
    return _named(_squeeze(_FREE, table, *size, _keep(), around, boxes, room.polygon))


def squeeze_wall(
    room: Room, size: tuple[float, float], near: str, boxes: F64
) -> tuple[float, Dimension] | None:
    """The cut after which a product stands with its back to a wall.

    Args:
        near: ``"wall"``, ``"corner"``, ``"window"`` or ``"door"``, as of :func:`spots.wall_spots`.
    """
    count = len(room.walls)
    with_opening = {o.wall for o in room.openings if o.kind == near}
    rows = []
    for i, wall in enumerate(room.walls):
        if near in ("window", "door") and i not in with_opening:
            continue
        before, after = room.walls[i - 1], room.walls[(i + 1) % count]
        inner = (is_inner(before.along, wall.along), is_inner(wall.along, after.along))
        rows.append((*wall.start, *wall.along, wall.length, *inner))
    kind = _CORNERS if near == "corner" else _WALLS
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return _named(_squeeze(kind, table, *size, _keep(), (0.0, 0.0, 0.0), boxes, room.polygon))


def _keep() -> tuple[float, float]:
    gap = rules()["gap"]
    return float(gap["margin"]), float(gap["wall"])


def _named(found: tuple[float, int]) -> tuple[float, Dimension] | None:
    names: tuple[Dimension, Dimension] = ("width", "depth")
    return None if math.isinf(found[0]) else (found[0], names[found[1]])


@njit(**_FAST)
def _squeeze(
    kind: int,
    table: F64,
    width: float,
    depth: float,
    keep: tuple[float, float],
    wish: tuple[float, float, float],
    boxes: F64,
    polygon: F64,
) -> tuple[float, int]:
    """The smallest cut and the side it is of; infinite where none helps."""
    best, which = math.inf, 0
    for way in range(table.shape[0]):
        for side in range(2):
            low, high = 0.0, (width if side == 0 else depth) * (1 - _LEAST)
            # Only what is better by a millimetre is worth a search.
            high = min(high, best - 0.001)
            if high <= 0.0:
                continue
            w, d = (width - high, depth) if side == 0 else (width, depth - high)
            if not _fits(kind, table[way], w, d, keep, wish, boxes, polygon):
                continue
            for _ in range(_STEPS):
                cut = (low + high) / 2
                w, d = (width - cut, depth) if side == 0 else (width, depth - cut)
                if _fits(kind, table[way], w, d, keep, wish, boxes, polygon):
                    high = cut
                else:
                    low = cut
            best, which = high, side
    return best, which


@njit(**_FAST)
def _fits(
    kind: int,
    way: F64,
    width: float,
    depth: float,
    keep: tuple[float, float],
    wish: tuple[float, float, float],
    boxes: F64,
    polygon: F64,
) -> bool:
    """Whether there is a place at all: turned one way, or at one wall."""
    box = np.empty(4)
    box[0], box[1] = width / 2 + keep[0], depth / 2 + keep[0]
    if kind == _FREE:
        box[2], box[3] = way[0], way[1]
        far = nearest_free(box, wish[0], wish[1], boxes, polygon, wish[2], True)[0]
        return bool(math.isfinite(far))
    du, dv, length = way[2], way[3], way[4]
    # Back to the wall: across it runs (-dv, du).
    box[2], box[3] = -du, -dv
    far = depth / 2 + keep[1]
    line = (way[0] - dv * far, way[1] + du * far, du, dv)
    runs = np.empty((boxes.shape[0] + 1, 2))
    count = free_runs(box, line, (0.0, length), boxes, polygon, runs)
    if kind == _WALLS or not count:
        return bool(count > 0)
    reach = width * 0.8 + 0.1
    starts = way[5] > 0 and runs[0, 0] <= reach
    ends = way[6] > 0 and runs[count - 1, 1] >= length - reach
    return bool(starts or ends)
