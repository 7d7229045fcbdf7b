"""Candidate places for a product: at walls, in corners, beside things, near a wish."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .freespace import free_runs, nearest_free
from .furnishing import Blocked, Footprint, Hindrance, Item, rules
from .room import Room

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Solid:
    """A box on the map (u right, v up) that nothing may stand in, and what it is."""

    by: Hindrance
    name: str
    u: float
    v: float
    half_width: float
    half_depth: float
    cos: float
    sin: float

    @classmethod
    def of(cls, item: Item) -> Solid:
        x, z = item.middle
        shape = item.footprint
        c, s = math.cos(item.yaw), math.sin(item.yaw)
        return cls("product", item.id, x, -z, shape.width / 2, shape.depth / 2, c, s)

    @property
    def row(self) -> tuple[float, float, float, float, float, float]:
        return (self.u, self.v, self.half_width, self.half_depth, self.cos, self.sin)

    def hindrance(self, lack: float) -> Blocked:
        """It as what stands in the way."""
        return Blocked(self.by, self.name, lack)


@dataclass(frozen=True)
class Spot:
    """A free place: middle (u, v) on the map, yaw, and how far from what was wished."""

    cost: float
    u: float
    v: float
    yaw: float

    def item(self, probe: Item) -> Item:
        """The probe standing here."""
        turned = replace(probe, yaw=self.yaw, x=0.0, z=0.0)
        mx, mz = turned.middle
        return replace(turned, x=self.u - mx, z=-self.v - mz)


def box_of(shape: Footprint, yaw: float, ahead: float) -> tuple[F64, float, float]:
    """The moving box with free floor in front, and the (u, v) from the product's middle to it."""
    gap = rules()["gap"]
    keep = float(gap["margin"])
    side = float(gap["aside"]) if ahead > 0 else keep
    c, s = math.cos(yaw), math.sin(yaw)
    box = np.array([shape.width / 2 + side, (shape.depth + ahead) / 2 + keep, c, s])
    return box, s * ahead / 2, -c * ahead / 2


def wall_spots(
    room: Room,
    shape: Footprint,
    near: str,
    wish: tuple[float, float],
    boxes: F64,
    ahead: float,
) -> Iterator[Spot]:
    """Places with the back to a wall.

    Args:
        near: ``"wall"`` anywhere, ``"corner"`` where two walls meet, ``"window"`` before one,
            ``"door"`` beside one.
        wish: (x, z), nearer is better.
        boxes: (k, 6) what stands in the way.
        ahead: free metres wanted in front.
    """
    wu, wv = wish[0], -wish[1]
    runs = np.empty((len(boxes) + 1, 2))
    back = float(rules()["gap"]["wall"])
    for index, wall in enumerate(room.walls):
        box, fu, fv = box_of(shape, wall.yaw, ahead)
        u, v = wall.at(0.0, shape.depth / 2 + back)
        line = (u + fu, v + fv, *wall.along)
        count = free_runs(box, line, (0.0, wall.length), boxes, room.polygon, runs)
        if not count:
            continue
        own = (wu - u) * wall.along[0] + (wv - v) * wall.along[1]
        mine = [o for o in room.openings if o.wall == index]
        if near in ("window", "door"):
            wishes = [o.offset + o.width / 2 for o in mine if o.kind == near]
        else:
            # As wished, or just beside a window.
            half = shape.width / 2
            edges = [(o.offset - half, o.offset + o.width + half) for o in mine]
            wishes = [own, *(edge for pair in edges for edge in pair)]
        free = runs[:count].copy()
        if near == "corner":
            free = _corner_runs(room, index, free, shape.width)
        for t0, t1 in free:
            for asked in wishes:
                t = min(max(asked, t0), t1)
                pu, pv = u + wall.along[0] * t, v + wall.along[1] * t
                hidden = 0.0 if near == "window" else _window_cover(room, index, t, shape)
                off = 3.0 * abs(t - asked) if near in ("window", "door") else 0.0
                cost = math.hypot(pu - wu, pv - wv) + off + 2.0 * hidden
                yield Spot(cost, float(pu), float(pv), wall.yaw)


def _corner_runs(room: Room, index: int, free: F64, width: float) -> F64:
    """The ends of free runs that lie in an inner corner, as runs of no length."""
    wall, count = room.walls[index], len(room.walls)
    reach = width * 0.8 + 0.1
    found = []
    before, after = room.walls[index - 1], room.walls[(index + 1) % count]
    if is_inner(before.along, wall.along) and free[0, 0] <= reach:
        found.append((free[0, 0], free[0, 0]))
    if is_inner(wall.along, after.along) and free[-1, 1] >= wall.length - reach:
        found.append((free[-1, 1], free[-1, 1]))
    return np.array(found).reshape(-1, 2)


def is_inner(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether two walls, given by their directions, meet in a corner that one can stand in."""
    return first[0] * second[1] - first[1] * second[0] > 0.1


def _window_cover(room: Room, index: int, t: float, shape: Footprint) -> float:
    """Metres of window that a product at ``t`` of a wall would stand before."""
    covered = 0.0
    for o in room.openings:
        if o.kind == "window" and o.wall == index and shape.height > o.sill + 0.05:
            low = max(o.offset, t - shape.width / 2)
            covered += max(0.0, min(o.offset + o.width, t + shape.width / 2) - low)
    return covered


def free_spots(
    room: Room,
    shape: Footprint,
    wish: tuple[float, float],
    yaw: float,
    boxes: F64,
    ahead: float,
    reach: float | None = None,
) -> Iterator[Spot]:
    """The free places nearest to a wish, for the wished yaw and, dearer, quarter turns of it."""
    far = span(room, wish) if reach is None else reach
    turns = ((0, 0.0), (1, 0.6), (-1, 0.6), (2, 0.8))
    # Without free floor in front, half a turn changes nothing.
    for quarter, extra in turns if ahead > 0 else turns[:2]:
        angle = yaw + quarter * math.pi / 2
        box, fu, fv = box_of(shape, angle, ahead)
        distance, u, v = nearest_free(box, wish[0] + fu, -wish[1] + fv, boxes, room.polygon, far)
        if math.isfinite(distance):
            yield Spot(distance + extra, u - fu, v - fv, angle)


def span(room: Room, wish: tuple[float, float]) -> float:
    """No place in the room is further from ``wish`` (x, z) than this, metres."""
    return math.hypot(*room.size) + math.dist(wish, room.middle)


def aligned(room: Room, yaw: float) -> float:
    """The yaw, turned to a wall's direction where it nearly has it."""
    limit = float(rules()["align"]["yaw"])
    quarter = math.pi / 2
    for wall in room.walls:
        off = (yaw - wall.yaw + quarter / 2) % quarter - quarter / 2
        if abs(off) <= limit:
            return yaw - off
    return yaw


def beside_spots(
    room: Room,
    shape: Footprint,
    targets: Sequence[Solid],
    wish: tuple[float, float],
    boxes: F64,
    ahead: float,
    *,
    facing: bool,
) -> Iterator[Spot]:
    """Places beside things: turned towards them, or in line with them.

    Args:
        facing: stand at any side and face the target (a chair at a table).
    """
    wu, wv = wish[0], -wish[1]
    apart = float(rules()["gap"]["beside"])
    for target in targets:
        axes = (
            (target.cos, target.sin, target.half_width),
            (-target.sin, target.cos, target.half_depth),
        )
        for du, dv, half in axes:
            for sign in (1.0, -1.0):
                nu, nv = sign * du, sign * dv
                if facing:
                    yaw, own = math.atan2(-nu, nv), shape.depth / 2
                    front = 0.0
                else:
                    yaw = math.atan2(target.sin, target.cos)
                    along = abs(nu * target.cos + nv * target.sin) > 0.5
                    own = (shape.width if along else shape.depth) / 2
                    front = ahead
                box, fu, fv = box_of(shape, yaw, front)
                off = half + own + apart
                u, v = target.u + nu * off, target.v + nv * off
                distance, pu, pv = nearest_free(box, u + fu, v + fv, boxes, room.polygon, 1.0)
                if math.isfinite(distance):
                    pu, pv = pu - fu, pv - fv
                    cost = 3.0 * distance + 0.3 * math.hypot(pu - wu, pv - wv)
                    side = 0.0 if facing or abs(nu * target.cos + nv * target.sin) > 0.5 else 1.0
                    yield Spot(cost + side, pu, pv, yaw)
