"""Furniture placement in random rooms: CPU time per call, and an audit by shapely.

Usage: python benchmarks/placement.py [ROOMS]
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import numpy as np
import shapely

from showroom.fit.furnishing import Footprint, Item, Outcome, Viewer, longer
from showroom.fit.placement import Floor
from showroom.fit.room import Room

Times = dict[str, list[float]]


def random_room(rng: np.random.Generator) -> Room:
    """An L-shaped room with a door, a window and up to 12 obstacles."""
    w, d = rng.uniform(3, 6, 2)
    plan = [(0, 0), (0, d), (w * 0.7, d), (w * 0.7, d * 0.6), (w, d * 0.6), (w, 0)]
    boxes = [
        (*rng.uniform(0.3, min(w, d) - 0.3, 2), *rng.uniform(0.2, 0.9, 2), 0.8, rng.uniform(0, 3))
        for _ in range(rng.integers(0, 13))
    ]
    return Room.of(plan, 2.6, [("door", 0, 0.3, 0.9, 0, 2.1), ("window", 1, 0.5, 1, 0.9, 1)], boxes)


def wrong(outcome: Outcome, room: Room) -> int:
    """How many products of a floor stand in a wall, an obstacle or each other (by 0.1 mm)."""
    plan = shapely.Polygon([(w.start[0], -w.start[1]) for w in room.walls]).buffer(1e-6)
    boxes = [
        shapely.Polygon(Item("", Footprint(o.width, o.depth, 1), o.x, o.z, o.yaw).corners())
        for o in room.obstacles
    ]
    shapes = [shapely.Polygon(item.corners()) for item in outcome.floor.items.values()]
    count = 0
    for i, shape in enumerate(shapes):
        small = shape.buffer(-1e-4)
        others = boxes + shapes[:i] + shapes[i + 1 :]
        count += not plan.covers(shape) or any(small.intersects(other) for other in others)
    return count


def main(rooms: int) -> None:
    """Furnish random rooms, time each call and check every floor."""
    rng = np.random.default_rng(0)
    times: Times = {}
    audited = overlaps = nowhere = 0

    def timed(name: str, call: Callable[..., Outcome], *arguments: object) -> Outcome:
        start = time.thread_time()
        outcome = call(*arguments)
        times.setdefault(name, []).append(time.thread_time() - start)
        return outcome

    for _ in range(rooms):
        room = random_room(rng)
        x, z, yaw = rng.uniform((0.5, 0.5, -3.0), (2.5, 2.5, 3.0))
        floor = Floor(room, {}, Viewer(x, z, yaw))
        near = ("", "wall", "corner", "window")[rng.integers(4)]
        for key in ("a", "b"):
            width, depth = rng.uniform(0.3, 1.4, 2)
            placed = timed("place", floor.place, key, Footprint(width, depth, 0.9), near)
            nowhere += placed.item is None
            floor = placed.floor
        for key in list(floor.items):
            for name, argument in (
                ("move", ("left", rng.uniform(0.1, 2))),
                ("rotate", (rng.uniform(-math.pi, math.pi),)),
                ("resize", (longer(floor.get(key).footprint, "width", rng.uniform(-0.2, 0.3)),)),
            ):
                outcome = timed(name, getattr(floor, name), key, *argument)
                overlaps += wrong(outcome, room)
                audited += 1
                floor = outcome.floor
    print(f"{rooms} rooms, {audited} floors audited: {overlaps} overlaps; no room {nowhere} times")
    print(f"{'call':8s} {'p50 ms':>8s} {'p99 ms':>8s}")
    for name, seconds in times.items():
        p50, p99 = np.percentile(np.array(seconds[1:]) * 1e3, (50, 99))
        print(f"{name:8s} {p50:8.3f} {p99:8.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
