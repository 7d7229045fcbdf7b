"""Furniture placement in random rooms: CPU time per call, and an audit by shapely.

Usage: python benchmarks/placement.py [ROOMS]

10,000 rooms take about ten minutes. Every floor that any call returns is audited: products in a
wall, an obstacle, a door's swing, the visitor or each other, by more than 0.1 mm. The exit status
is 1 where one is found.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import shapely

from showroom.fit.furnishing import Footprint, Item, Viewer, longer, rules
from showroom.fit.placement import Floor
from showroom.fit.room import Room

Times = dict[str, list[float]]
T = TypeVar("T")
NEAR = ("", "wall", "corner", "window", "door", "middle")
CATEGORIES = ("chair", "table", "sofa", "cabinet", "lamp", "bed")


def random_room(rng: np.random.Generator) -> Room:
    """A square, skewed, L- or U-shaped room with a door, a window and up to 12 obstacles."""
    w, d = rng.uniform(2.5, 6, 2)
    kind = rng.integers(4)
    if kind == 0:
        plan = [(0, 0), (0, d), (w, d), (w, 0)]
    elif kind == 1:
        skew = rng.uniform(-0.6, 0.6, 3)
        plan = [(0, 0), (skew[0], d), (w, d + skew[1]), (w + skew[2], 0)]
    elif kind == 2:
        plan = [(0, 0), (0, d), (w * 0.7, d), (w * 0.7, d * 0.6), (w, d * 0.6), (w, 0)]
    else:
        a, b, c = w * 0.35, w * 0.6, d * 0.55
        plan = [(0, 0), (0, d), (a, d), (a, c), (b, c), (b, d), (w, d), (w, 0)]
    boxes = [
        (*rng.uniform(0.3, min(w, d) - 0.3, 2), *rng.uniform(0.2, 0.9, 2), 0.8, rng.uniform(0, 3))
        for _ in range(rng.integers(0, 13))
    ]
    last = len(plan) - 1
    doors = [("door", 0, 0.3, 0.9, 0, 2.1), ("window", last, 0.5, 1, 0.9, 1)]
    return Room.of(plan, 2.6, doors, boxes)


def in_the_way(room: Room, visitor: Viewer) -> Iterator[tuple[str, shapely.Polygon]]:
    """What nothing may stand in, drawn anew from the plan."""
    for o in room.obstacles:
        box = Item("", Footprint(o.width, o.depth, 1), o.x, o.z, o.yaw)
        yield "obstacle", shapely.Polygon(box.corners())
    for door in room.openings:
        if door.kind == "door":
            wall = room.walls[door.wall]
            deep = min(door.width * rules()["door"]["swing"], rules()["door"]["deepest"])
            places = ((0.0, 0.0), (door.width, 0.0), (door.width, deep), (0.0, deep))
            swept = [wall.at(door.offset + along, inwards) for along, inwards in places]
            yield "door", shapely.Polygon([(u, -v) for u, v in swept])
    yield "visitor", shapely.Point(visitor.x, visitor.z).buffer(rules()["visitor"]["radius"])


def wrong(floor: Floor, visitor: Viewer) -> list[str]:
    """Which products of a floor stand where they may not."""
    room = floor.room
    plan = shapely.Polygon([(w.start[0], -w.start[1]) for w in room.walls]).buffer(1e-6)
    fixed = list(in_the_way(room, visitor))
    shapes = {key: shapely.Polygon(item.corners()) for key, item in floor.items.items()}
    found = []
    for key, shape in shapes.items():
        if not plan.covers(shape):
            found.append(f"{key} in a wall")
        small = shape.buffer(-1e-4)
        others = fixed + [(k, s) for k, s in shapes.items() if k != key]
        found += [f"{key} in {name}" for name, other in others if small.intersects(other)]
    return found


def main(rooms: int) -> int:
    """Furnish random rooms, time each call and check every floor."""
    rng = np.random.default_rng(0)
    times: Times = {}
    audited = overlaps = nowhere = 0

    def timed(name: str, call: Callable[..., T], *arguments: object, **named: object) -> T:
        start = time.thread_time()
        outcome = call(*arguments, **named)
        times.setdefault(name, []).append(time.thread_time() - start)
        return outcome

    for _ in range(rooms):
        room = random_room(rng)
        x, z, yaw = rng.uniform((0.4, 0.4, -3.0), (2.2, 2.2, 3.0))
        who = Viewer(x, z, yaw)
        floor = Floor(room, {}, who)
        for key in ("a", "b", "c"):
            width, depth = rng.uniform(0.3, 2.2, 2)
            shape = Footprint(width, depth, 0.9)
            near = NEAR[rng.integers(len(NEAR))]
            kind = CATEGORIES[rng.integers(len(CATEGORIES))]
            answer = timed("fits", floor.fits, shape, near, category=kind)
            placed = timed("place", floor.place, key, shape, near, category=kind)
            nowhere += placed.item is None
            assert answer.fits == (placed.item is not None)
            if answer.offer is not None:
                assert floor.fits(answer.offer, near, category=kind).fits
            floor = placed.floor
            audited += 1
            overlaps += bool(wrong(floor, who))
        for key in list(floor.items):
            wider = longer(floor.get(key).footprint, "width", rng.uniform(-0.2, 0.6))
            for name, arguments in (
                ("move", ("left", rng.uniform(-2, 2))),
                ("rotate", (rng.uniform(-math.pi, math.pi),)),
                ("resize", (wider,)),
                ("face", ("window",)),
                ("snap", (("wall", "corner")[rng.integers(2)],)),
            ):
                outcome = timed(name, getattr(floor, name), key, *arguments)
                floor = outcome.floor
                audited += 1
                overlaps += bool(wrong(floor, who))
    print(f"{rooms} rooms, {audited} floors audited: {overlaps} overlaps; no room {nowhere} times")
    print(f"{'call':8s} {'calls':>7s} {'p50 ms':>8s} {'p99 ms':>8s}")
    everything = np.concatenate([seconds[1:] for seconds in times.values()])
    for name, seconds in (*times.items(), ("all", [0.0, *everything])):
        p50, p99 = np.percentile(np.array(seconds[1:]) * 1e3, (50, 99))
        print(f"{name:8s} {len(seconds) - 1:7d} {p50:8.3f} {p99:8.3f}")
    return int(overlaps > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
