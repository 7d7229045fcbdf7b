"""The floor that a visitor walks on: walls, obstacles and products are in the way. Pure functions.

A visitor is an upright capsule, on the floor a disc of :data:`RADIUS`. Steps end where the disc
touches nothing; what is in the way pushes it out along its own normal, so that one slides along
walls and products of any direction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..catalog.scene import Scene

F64 = NDArray[np.float64]
Place = tuple[float, float]
"""(x, z) on the floor, metres."""

RADIUS = 0.25
"""Of a visitor, metres."""

STEP_OVER, STOOP = 0.06, 1.9
"""What is lower than the one is walked over, what hangs higher than the other is walked under."""

_STRIDE = 0.1
_ROUNDS = 8
_TOUCH = 1e-4


@dataclass(frozen=True)
class Box:
    """An upright box: centre (x, z), extents along its own x and z, yaw about +Y, heights."""

    x: float
    z: float
    width: float
    depth: float
    yaw: float = 0.0
    low: float = 0.0
    high: float = 2.0
    name: str = ""

    @property
    def solid(self) -> bool:
        """Whether it is in a walker's way."""
        return self.high > STEP_OVER and self.low < STOOP


class Ground:
    """One room's floor with what stands on it; never changes.

    Args:
        outline: corners (x, z) counter-clockwise seen from above; empty for an endless floor.
        boxes: obstacles and products.
        height: of the ceiling, metres.
    """

    def __init__(
        self, outline: Sequence[Place] = (), boxes: Iterable[Box] = (), height: float = 3.0
    ) -> None:
        self.outline = tuple(outline)
        self.boxes = tuple(box for box in boxes if box.solid)
        self.height = height
        corners = np.array(self.outline, np.float64).reshape(-1, 2)
        self._walls = np.hstack((corners, np.roll(corners, -1, axis=0) - corners))
        rows = [
            (b.x, b.z, b.width / 2, b.depth / 2, math.cos(b.yaw), math.sin(b.yaw), b.low, b.high)
            for b in self.boxes
        ]
        self._table = np.array(rows, np.float64).reshape(-1, 8)

    @classmethod
    def of(cls, scene: Scene, products: Iterable[Box] = ()) -> Ground:
        """A scene's floor, its obstacles, and products on it."""
        obstacles = [
            Box(o.x, o.z, o.width, o.depth, o.yaw, 0.0, o.height, o.name) for o in scene.obstacles
        ]
        return cls(scene.outline, [*obstacles, *products], scene.height)

    # --- walking -------------------------------------------------------------------------------

    def inside(self, x: float, z: float) -> bool:
        """Whether a point is within the walls."""
        return not self.outline or bool(_inside(x, z, self._walls))

    def free(self, x: float, z: float, radius: float = RADIUS) -> bool:
        """Whether a person may stand at (x, z)."""
        return self._push(x, z, radius) is None

    def step(self, place: Place, move: Place, radius: float = RADIUS) -> Place:
        """Where a step from ``place`` by ``move`` ends; slides along what is in the way.

        One who is in the way of something already (it was put there) may go wherever that gets
        less.
        """
        if not (math.isfinite(move[0]) and math.isfinite(move[1])):
            return place
        count = max(1, math.ceil(math.hypot(*move) / _STRIDE))
        dx, dz = move[0] / count, move[1] / count
        x, z = place
        for _ in range(count):
            stuck = self._depth(x, z, radius)
            if stuck > _TOUCH:
                if self._depth(x + dx, z + dz, radius) < stuck:
                    x, z = x + dx, z + dz
                continue
            there = self._out(x + dx, z + dz, radius)
            if there is None or math.hypot(there[0] - x, there[1] - z) > 2 * _STRIDE:
                continue
            x, z = there
        return x, z

    def settle(self, x: float, z: float, reach: float, radius: float = RADIUS) -> Place | None:
        """(x, z), or the place that what is in the way pushes one to; None beyond ``reach``."""
        if not (math.isfinite(x) and math.isfinite(z)):
            return None
        there = self._out(x, z, radius)
        if there is None or math.hypot(there[0] - x, there[1] - z) > reach:
            return None
        return there

    def _out(self, x: float, z: float, radius: float) -> Place | None:
        """The place pushed out of everything; None if there is no room."""
        for _ in range(_ROUNDS):
            push = self._push(x, z, radius)
            if push is None:
                return x, z
            x, z = x + push[0], z + push[1]
        return None

    def _depth(self, x: float, z: float, radius: float) -> float:
        push = self._push(x, z, radius)
        return 0.0 if push is None else math.hypot(*push)

    def _push(self, x: float, z: float, radius: float) -> Place | None:
        """The way out of what the disc is deepest in; None where it touches nothing."""
        dx, dz = _push(x, z, radius, self._walls, self._table)
        return None if dx == 0.0 and dz == 0.0 else (float(dx), float(dz))

    # --- flying --------------------------------------------------------------------------------

    def meets(self, points: F64) -> tuple[float, str]:
        """Where a path first meets something: its place along ``points`` (index), and what.

        Args:
            points: (n, 3), metres.

        Returns:
            ``("wall" | "ceiling" | "floor" | a box's name | "thing")``; ``(inf, "")`` for nothing.
        """
        at, what = _meets(
            np.ascontiguousarray(points, np.float64), self._walls, self._table, self.height
        )
        if what == _NOTHING:
            return math.inf, ""
        if what >= 0:
            return float(at), self.boxes[what].name or "thing"
        return float(at), _NAMES[what]


_NOTHING, _FLOOR, _CEILING, _WALL = -1, -2, -3, -4
_NAMES = {_FLOOR: "floor", _CEILING: "ceiling", _WALL: "wall"}


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def within(
    low: float, high: float, at: float, way: float, least: float, most: float
) -> tuple[float, float]:
    """What of a ray's stretch lies between two planes across an axis (Kay and Kajiya, 1986).

    Returns:
        The stretch that is left; nothing is where its end comes before its start.
    """
    if abs(way) < 1e-12:
        return low, (high if least <= at <= most else -1.0)
    a, b = (least - at) / way, (most - at) / way
    return max(low, min(a, b)), min(high, max(a, b))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _inside(x: float, z: float, walls: F64) -> bool:
    """Whether a point is within walls, (n, 4): a corner and the way to the next."""
    within = False
    for k in range(walls.shape[0]):
        ax, az, dx, dz = walls[k, 0], walls[k, 1], walls[k, 2], walls[k, 3]
        if (az > z) != (az + dz > z) and x < dx * (z - az) / dz + ax:
            within = not within
    return within


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _push(x: float, z: float, radius: float, walls: F64, boxes: F64) -> tuple[float, float]:
    """The way out of what a disc is deepest in; (0, 0) where it touches nothing.

    Args:
        boxes: (m, 8): middle x and z, half width and depth, cosine and sine of the yaw, heights.
    """
    best, px, pz = _TOUCH, 0.0, 0.0
    if walls.shape[0]:
        nearest, nx, nz = np.inf, 0.0, 0.0
        for k in range(walls.shape[0]):
            dx, dz = walls[k, 2], walls[k, 3]
            ox, oz = x - walls[k, 0], z - walls[k, 1]
            square = max(dx * dx + dz * dz, 1e-12)
            t = min(1.0, max(0.0, (ox * dx + oz * dz) / square))
            gx, gz = ox - t * dx, oz - t * dz
            far = math.sqrt(gx * gx + gz * gz)
            if far < nearest:
                nearest = far
                if far > 1e-9:
                    nx, nz = gx / far, gz / far
                else:
                    # The inside is to the left of the outline's direction, seen from above.
                    nx, nz = dz / math.sqrt(square), -dx / math.sqrt(square)
        within = _inside(x, z, walls)
        deep = radius - nearest if within or nearest <= 1e-9 else radius + nearest
        if deep > best:
            best = deep
            sign = 1.0 if within or nearest <= 1e-9 else -1.0
            px, pz = nx * sign * deep, nz * sign * deep
    for k in range(boxes.shape[0]):
        c, s = boxes[k, 4], boxes[k, 5]
        dx, dz = x - boxes[k, 0], z - boxes[k, 1]
        u, v = c * dx - s * dz, s * dx + c * dz
        ou, ov = abs(u) - boxes[k, 2], abs(v) - boxes[k, 3]
        if ou >= radius or ov >= radius:
            continue
        gu, gv = max(ou, 0.0), max(ov, 0.0)
        far = math.sqrt(gu * gu + gv * gv)
        deep = radius - far if far > 0.0 else radius - max(ou, ov)
        if deep <= best:
            continue
        best = deep
        if far > 0.0:
            wu, wv = gu / far, gv / far
        elif ou >= ov:
            wu, wv = 1.0, 0.0
        else:
            wu, wv = 0.0, 1.0
        wu = -wu * deep if u < 0.0 else wu * deep
        wv = -wv * deep if v < 0.0 else wv * deep
        px, pz = c * wu + s * wv, -s * wu + c * wv
    return px, pz


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _meets(points: F64, walls: F64, boxes: F64, height: float) -> tuple[float, int]:
    """Where a path first meets something (index along it), and what: a box's, or a code below 0."""
    for i in range(points.shape[0] - 1):
        best, what = np.inf, _NOTHING
        ax, ay, az = points[i, 0], points[i, 1], points[i, 2]
        bx, by, bz = points[i + 1, 0], points[i + 1, 1], points[i + 1, 2]
        wx, wy, wz = bx - ax, by - ay, bz - az
        if by <= 0.0 and by < ay:
            best, what = min(1.0, max(0.0, ay / (ay - by))), _FLOOR
        if walls.shape[0] and by >= height and by > ay:
            t = min(1.0, max(0.0, (height - ay) / (by - ay)))
            if t < best:
                best, what = t, _CEILING
        for k in range(walls.shape[0]):
            dx, dz = walls[k, 2], walls[k, 3]
            cross = wx * dz - wz * dx
            if abs(cross) < 1e-12:
                continue
            ox, oz = walls[k, 0] - ax, walls[k, 1] - az
            t = (ox * dz - oz * dx) / cross
            u = (ox * wz - oz * wx) / cross
            if 0.0 <= t <= 1.0 and 0.0 <= u <= 1.0 and t < best:
                best, what = t, _WALL
        for k in range(boxes.shape[0]):
            c, s = boxes[k, 4], boxes[k, 5]
            ox, oz = ax - boxes[k, 0], az - boxes[k, 1]
            low, high = 0.0, 1.0
            for axis in range(3):
                if axis == 0:
                    at, way = c * ox - s * oz, c * wx - s * wz
                    least, most = -boxes[k, 2], boxes[k, 2]
                elif axis == 1:
                    at, way, least, most = ay, wy, boxes[k, 6], boxes[k, 7]
                else:
                    at, way = s * ox + c * oz, s * wx + c * wz
                    least, most = -boxes[k, 3], boxes[k, 3]
                low, high = within(low, high, at, way, least, most)
            if low <= high and low < best:
                best, what = low, k
        if what != _NOTHING:
            return i + best, what
    return np.inf, _NOTHING
