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
        self._from = np.array(self.outline, np.float64).reshape(-1, 2)
        self._along = np.roll(self._from, -1, axis=0) - self._from
        self._square = np.maximum((self._along**2).sum(axis=1), 1e-12)
        rows = [(b.x, b.z, b.width / 2, b.depth / 2, b.yaw) for b in self.boxes]
        table = np.array(rows, np.float64).reshape(-1, 5)
        self._middle, self._half = table[:, :2], table[:, 2:4]
        self._cos, self._sin = np.cos(table[:, 4]), np.sin(table[:, 4])
        heights = np.array([(b.low, b.high) for b in self.boxes], np.float64).reshape(-1, 2)
        self._low, self._high = heights[:, 0], heights[:, 1]

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
        if not self.outline:
            return True
        (ax, az), (dx, dz) = self._from.T, self._along.T
        spans = (az > z) != (az + dz > z)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = x < dx * (z - az) / dz + ax
        return bool((spans & left).sum() % 2)

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
        best, way = _TOUCH, None
        if self.outline:
            offset = np.array((x, z)) - self._from
            t = np.clip((offset * self._along).sum(axis=1) / self._square, 0.0, 1.0)
            gap = offset - t[:, None] * self._along
            far = np.hypot(gap[:, 0], gap[:, 1])
            at = int(far.argmin())
            within = self.inside(x, z)
            deep = radius - far[at] if within else radius + far[at]
            if deep > best:
                best = float(deep)
                along = self._along[at] / math.sqrt(self._square[at])
                # The inside is to the left of the outline's direction, seen from above.
                normal = gap[at] / far[at] if far[at] > 1e-9 else np.array((along[1], -along[0]))
                sign = 1.0 if within or far[at] <= 1e-9 else -1.0
                way = (float(normal[0]) * sign * best, float(normal[1]) * sign * best)
        if self.boxes:
            dx, dz = x - self._middle[:, 0], z - self._middle[:, 1]
            local = np.stack((self._cos * dx - self._sin * dz, self._sin * dx + self._cos * dz), 1)
            outer = np.abs(local) - self._half
            gap = np.maximum(outer, 0.0)
            far = np.hypot(gap[:, 0], gap[:, 1])
            deep_in = np.where(far > 0.0, radius - far, radius - outer.max(axis=1))
            at = int(deep_in.argmax())
            if deep_in[at] > best:
                best = float(deep_in[at])
                toward = gap[at] / far[at] if far[at] > 0.0 else np.zeros(2)
                if far[at] <= 0.0:
                    toward[int(outer[at].argmax())] = 1.0
                u, v = toward * np.where(local[at] < 0.0, -1.0, 1.0) * best
                c, s = self._cos[at], self._sin[at]
                way = (float(c * u + s * v), float(-s * u + c * v))
        return way

    # --- flying --------------------------------------------------------------------------------

    def meets(self, points: F64) -> tuple[float, str]:
        """Where a path first meets something: its place along ``points`` (index), and what.

        Args:
            points: (n, 3), metres.

        Returns:
            ``("wall" | "ceiling" | "floor" | a box's name | "thing")``; ``(inf, "")`` for nothing.
        """
        start, end = points[:-1], points[1:]
        found: list[tuple[float, str]] = []
        for level, name, sign in ((0.0, "floor", 1.0), (self.height, "ceiling", -1.0)):
            a, b = sign * (start[:, 1] - level), sign * (end[:, 1] - level)
            down = np.flatnonzero((b <= 0.0) & (a > b))
            if len(down) and (self.outline or name == "floor"):
                k = int(down[0])
                t = float(np.clip(a[k] / (a[k] - b[k]), 0.0, 1.0))
                found.append((k + t, name))
        if self.outline:
            found += self._wall(start[:, [0, 2]], end[:, [0, 2]])
        if self.boxes:
            found += self._boxes(start, end)
        return min(found, default=(math.inf, ""))

    def _wall(self, start: F64, end: F64) -> list[tuple[float, str]]:
        way = (end - start)[:, None, :]
        wall = self._along[None, :, :]
        offset = self._from[None, :, :] - start[:, None, :]
        cross = way[..., 0] * wall[..., 1] - way[..., 1] * wall[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (offset[..., 0] * wall[..., 1] - offset[..., 1] * wall[..., 0]) / cross
            u = (offset[..., 0] * way[..., 1] - offset[..., 1] * way[..., 0]) / cross
        hit = (t >= 0.0) & (t <= 1.0) & (u >= 0.0) & (u <= 1.0)
        rows = np.flatnonzero(hit.any(axis=1))
        if not len(rows):
            return []
        k = int(rows[0])
        return [(k + float(np.where(hit[k], t[k], np.inf).min()), "wall")]

    def _boxes(self, start: F64, end: F64) -> list[tuple[float, str]]:
        def local(points: F64) -> F64:
            dx = points[:, None, 0] - self._middle[None, :, 0]
            dz = points[:, None, 2] - self._middle[None, :, 1]
            u = self._cos * dx - self._sin * dz
            v = self._sin * dx + self._cos * dz
            return np.stack((u, np.broadcast_to(points[:, None, 1], u.shape), v), axis=2)

        low = np.stack((-self._half[:, 0], self._low, -self._half[:, 1]), axis=1)
        high = np.stack((self._half[:, 0], self._high, self._half[:, 1]), axis=1)
        a = local(start)
        way = local(end) - a
        with np.errstate(divide="ignore", invalid="ignore"):
            t0, t1 = (low - a) / way, (high - a) / way
        near = np.nanmax(np.minimum(t0, t1), axis=2)
        far = np.nanmin(np.maximum(t0, t1), axis=2)
        hit = (near <= far) & (far >= 0.0) & (near <= 1.0)
        rows = np.flatnonzero(hit.any(axis=1))
        if not len(rows):
            return []
        k = int(rows[0])
        first = np.where(hit[k], np.maximum(near[k], 0.0), np.inf)
        at = int(first.argmin())
        return [(k + float(first[at]), self.boxes[at].name or "thing")]
