"""Exact free space for a turned box among turned boxes inside a polygon (numba).

A box that slides along a line collides with a standing one during one interval of the way, by the
separating-axis theorem. What is left between all intervals is free. The free place nearest to a
wish lies on the wish itself or on a line that slides along one side of one obstacle, so trying
those lines finds the nearest place exactly, without a grid.

Boxes are rows ``(u, v, half width, half depth, cos yaw, sin yaw)`` on the map, metres; a wall is a
box of no depth with the room on its left. A moving box is ``(half width, half depth, cos yaw,
sin yaw)``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
_FAST = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_FAST)
def inside(polygon: F64, u: float, v: float) -> bool:
    """Whether a point lies in a polygon (even-odd rule)."""
    odd = False
    j = polygon.shape[0] - 1
    for i in range(polygon.shape[0]):
        if (polygon[i, 1] > v) != (polygon[j, 1] > v):
            t = (v - polygon[i, 1]) / (polygon[j, 1] - polygon[i, 1])
            if u < polygon[i, 0] + t * (polygon[j, 0] - polygon[i, 0]):
                odd = not odd
        j = i
    return odd


@njit(**_FAST)
def overlap_depth(box: F64, u: float, v: float, boxes: F64, k: int) -> float:
    """How far box ``k`` reaches into ``box`` at (u, v): metres, 0 or less where they are apart."""
    b = boxes[k]
    depth = 1e30
    for axis in range(4):
        if axis == 0:
            nu, nv = box[2], box[3]
        elif axis == 1:
            nu, nv = -box[3], box[2]
        elif axis == 2:
            nu, nv = b[4], b[5]
        else:
            nu, nv = -b[5], b[4]
        reach = (
            box[0] * abs(box[2] * nu + box[3] * nv)
            + box[1] * abs(-box[3] * nu + box[2] * nv)
            + b[2] * abs(b[4] * nu + b[5] * nv)
            + b[3] * abs(-b[5] * nu + b[4] * nv)
        )
        depth = min(depth, reach - abs((u - b[0]) * nu + (v - b[1]) * nv))
    return depth


@njit(**_FAST)
def blocker(box: F64, u: float, v: float, boxes: F64, polygon: F64) -> int:
    """The box that reaches deepest into ``box``; -1 if it is free, -2 if it is outside."""
    worst = 1e-9
    found = -1
    for k in range(boxes.shape[0]):
        depth = overlap_depth(box, u, v, boxes, k)
        if depth > worst:
            worst = depth
            found = k
    if found == -1 and not inside(polygon, u, v):
        return -2
    return found


@njit(**_FAST)
def reaches(box: F64, boxes: F64) -> F64:
    """How near the middles of ``box`` and each of ``boxes`` may come, (k, 5) metres.

    Along the axes of ``box`` and those of the other, wherever the two are; and in any direction.
    """
    result = np.empty((boxes.shape[0], 5))
    around = math.sqrt(box[0] * box[0] + box[1] * box[1])
    for k in range(boxes.shape[0]):
        # Cosine and sine of the turn between them.
        c = abs(box[2] * boxes[k, 4] + box[3] * boxes[k, 5])
        s = abs(box[2] * boxes[k, 5] - box[3] * boxes[k, 4])
        result[k, 0] = box[0] + boxes[k, 2] * c + boxes[k, 3] * s
        result[k, 1] = box[1] + boxes[k, 2] * s + boxes[k, 3] * c
        result[k, 2] = box[0] * c + box[1] * s + boxes[k, 2]
        result[k, 3] = box[0] * s + box[1] * c + boxes[k, 3]
        result[k, 4] = around + math.sqrt(boxes[k, 2] * boxes[k, 2] + boxes[k, 3] * boxes[k, 3])
    return result


@njit(**_FAST)
def _hits(
    box: F64, b: F64, reaching: F64, u: float, v: float, du: float, dv: float
) -> tuple[float, float]:
    """The open interval of t in which ``box`` at (u, v) + t (du, dv) overlaps ``b``.

    ``reaching`` is their row of :func:`reaches`.
    """
    low, high = -1e30, 1e30
    for axis in range(4):
        if axis == 0:
            nu, nv = box[2], box[3]
        elif axis == 1:
            nu, nv = -box[3], box[2]
        elif axis == 2:
            nu, nv = b[4], b[5]
        else:
            nu, nv = -b[5], b[4]
        reach = reaching[axis]
        s0 = (u - b[0]) * nu + (v - b[1]) * nv
        s1 = du * nu + dv * nv
        if abs(s1) < 1e-12:
            if abs(s0) >= reach - 1e-10:
                return 1.0, 0.0
        else:
            t0, t1 = (-reach - s0) / s1, (reach - s0) / s1
            low = max(low, min(t0, t1))
            high = min(high, max(t0, t1))
            if low >= high - 1e-10:
                return 1.0, 0.0
    return low, high


@njit(**_FAST)
def free_runs(
    box: F64,
    line: tuple[float, float, float, float],
    span: tuple[float, float],
    boxes: F64,
    polygon: F64,
    runs: F64,
) -> int:
    """Where on a line a box is free.

    Args:
        box: (4,) the moving box.
        line: (u, v, du, dv), a point and a unit direction.
        span: the interval of t that counts.
        boxes: (k, 6).
        polygon: (n, 2).
        runs: (k + 1, 2), filled with free intervals in ascending order.

    Returns:
        How many there are.
    """
    count: int = _runs(box, line, span, boxes, reaches(box, boxes), polygon, runs)
    return count


@njit(**_FAST)
def _runs(
    box: F64,
    line: tuple[float, float, float, float],
    span: tuple[float, float],
    boxes: F64,
    reaching: F64,
    polygon: F64,
    runs: F64,
) -> int:
    """:func:`free_runs` with the boxes' :func:`reaches`."""
    u, v, du, dv = line
    first, last = span
    n = boxes.shape[0]
    starts = np.empty(n)
    ends = np.empty(n)
    hits = 0
    for k in range(n):
        su, sv, far = boxes[k, 0] - u, boxes[k, 1] - v, reaching[k, 4]
        along = su * du + sv * dv
        if abs(su * dv - sv * du) >= far or along <= first - far or along >= last + far:
            continue
        low, high = _hits(box, boxes[k], reaching[k], u, v, du, dv)
        if low < first and high > last:
            return 0
        if low < high and high > first and low < last:
            i = hits
            while i > 0 and starts[i - 1] > low:  # insertion sort by start
                starts[i] = starts[i - 1]
                ends[i] = ends[i - 1]
                i -= 1
            starts[i] = low
            ends[i] = high
            hits += 1
    count = 0
    at = first
    for i in range(hits + 1):
        stop = starts[i] if i < hits else last
        stop = min(stop, last)
        if stop >= at:
            middle = 0.5 * (at + stop)
            if inside(polygon, u + middle * du, v + middle * dv):
                runs[count, 0] = at
                runs[count, 1] = stop
                count += 1
        if i < hits:
            at = max(at, ends[i])
        if at > last:
            break
    return count


@njit(**_FAST)
def nearest_free(
    box: F64, u: float, v: float, boxes: F64, polygon: F64, reach: float, any_will_do: bool = False
) -> tuple[float, float, float]:
    """The free place of a box nearest to (u, v), exactly.

    Args:
        reach: how far to look, metres.
        any_will_do: the first that is found, not the nearest.

    Returns:
        (distance, u, v); the distance is infinite where nothing within reach is free.
    """
    if blocker(box, u, v, boxes, polygon) == -1:
        return 0.0, u, v
    best, best_u, best_v = reach, u, v
    found = False
    runs = np.empty((boxes.shape[0] + 1, 2))
    reaching = reaches(box, boxes)
    for k in range(boxes.shape[0]):
        b = boxes[k]
        # A box turned like the other has no sides of its own.
        across = abs((box[2] * b[4] + box[3] * b[5]) * (box[2] * b[5] - box[3] * b[4]))
        for side in range(8):
            turned = side % 4
            if turned >= 2 and across < 1e-12:
                continue
            if turned == 0:
                nu, nv = box[2], box[3]
            elif turned == 1:
                nu, nv = -box[3], box[2]
            elif turned == 2:
                nu, nv = b[4], b[5]
            else:
                nu, nv = -b[5], b[4]
            if side >= 4:
                nu, nv = -nu, -nv
            if b[3] == 0.0 and nv * b[4] - nu * b[5] < -1e-9:
                continue  # behind a wall
            lift = reaching[k, turned] - ((u - b[0]) * nu + (v - b[1]) * nv)
            if abs(lift) >= best:
                continue
            span = math.sqrt(best * best - lift * lift)
            pu, pv = u + lift * nu, v + lift * nv
            # Beyond its end the other box is no longer touched.
            at = (b[1] - pv) * nu - (b[0] - pu) * nv
            touch = reaching[k, turned ^ 1]
            ends = (max(-span, at - touch), min(span, at + touch))
            if ends[0] > ends[1]:
                continue
            line = (pu, pv, -nv, nu)
            for i in range(_runs(box, line, ends, boxes, reaching, polygon, runs)):
                t = min(max(0.0, runs[i, 0]), runs[i, 1])
                far = math.sqrt(lift * lift + t * t)
                if far < best:
                    best, best_u, best_v = far, pu - t * nv, pv + t * nu
                    found = True
                    if any_will_do:
                        return best, best_u, best_v
    if not found:
        return math.inf, u, v
    return best, best_u, best_v


@njit(**_FAST)
def gap(box: F64, u: float, v: float, du: float, dv: float, boxes: F64) -> tuple[float, int]:
    """How far a free box can slide along (du, dv), and the box that stops it (-1: none)."""
    nearest, by = 1e30, -1
    reaching = reaches(box, boxes)
    for k in range(boxes.shape[0]):
        low, high = _hits(box, boxes[k], reaching[k], u, v, du, dv)
        if low < high and high > 1e-9 and low < nearest:
            nearest, by = max(low, 0.0), k
    return nearest, by
