"""Everything that a product may not stand in, and what things in a room are called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .furnishing import Item, PlacementError, Viewer, rules
from .room import Opening, Room, Wall
from .spots import Solid

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A room, what stands in it and the visitor, as boxes with names."""

    room: Room
    items: Mapping[str, Item]
    visitor: Viewer | None

    @cached_property
    def fixed(self) -> list[Solid]:
        """Walls, door swings and obstacles."""
        solids = [
            Solid("wall", "", *w.at(w.length / 2), w.length / 2, 0.0, *w.along)
            for w in self.room.walls
        ]
        for opening in self.room.openings:
            if opening.kind == "door":
                solids += [_swing(self.room, opening)]
        for o in self.room.obstacles:
            c, s = math.cos(o.yaw), math.sin(o.yaw)
            solids.append(Solid("obstacle", o.name, o.x, -o.z, o.width / 2, o.depth / 2, c, s))
        return solids

    def around(
        self, item_id: str, *, visitor: bool = True, flat: bool = False
    ) -> tuple[list[Solid], F64]:
        """Everything that the item may not stand in, and it as rows of boxes."""
        solids = list(self.fixed)
        if flat:
            solids = [s for s in solids if s.by != "door"]
        else:
            solids += [
                Solid.of(other)
                for key, other in self.items.items()
                if key != item_id and not is_flat(other)
            ]
            if visitor and self.visitor is not None:
                radius = float(rules()["visitor"]["radius"])
                who = self.visitor
                c, s = math.cos(who.yaw), math.sin(who.yaw)
                solids.append(Solid("visitor", "", who.x, -who.z, radius, radius, c, s))
        return solids, np.array([s.row for s in solids], np.float64)

    def names(self) -> list[str]:
        """What something can stand near."""
        names = ["wall", "corner", "window", "door", "middle", "visitor"]
        names += [o.name for o in self.room.obstacles]
        for item in self.items.values():
            names += [item.id, item.category]
        return list(dict.fromkeys(name for name in names if name))

    def category(self, solid: Solid) -> str:
        """The category of a product, the name of an obstacle."""
        known = solid.by == "product" and solid.name in self.items
        return self.items[solid.name].category if known else solid.name

    def is_called(self, solid: Solid, name: str) -> bool:
        """Whether ``name`` is its id, category or name."""
        return solid.by in ("product", "obstacle") and name in (solid.name, self.category(solid))

    def point(self, target: str, item: Item) -> tuple[float, float]:
        """The (x, z) of what ``target`` names, the nearest of several."""
        x, z = item.middle
        if target in ("", "visitor"):
            if self.visitor is None:
                raise PlacementError(
                    "there is no visitor to face", field="near", expected="a visitor", got="none"
                )
            return (self.visitor.x, self.visitor.z)
        points = [(s.u, -s.v) for s in self.around(item.id)[0] if self.is_called(s, target)]
        if target in ("window", "door"):
            for o in self.room.openings:
                if o.kind == target:
                    u, v = self.room.walls[o.wall].at(o.offset + o.width / 2)
                    points.append((u, -v))
        elif target == "wall":
            points = [_foot(wall, x, z) for wall in self.room.walls]
        elif target in ("middle", "center", "centre"):
            points = [self.room.middle]
        if not points:
            raise PlacementError(
                f"there is no {target[:40]!r} here to face",
                field="near",
                expected=", ".join(self.names()),
                got=target[:40],
            )
        return min(points, key=lambda p: math.hypot(p[0] - x, p[1] - z))


def _foot(wall: Wall, x: float, z: float) -> tuple[float, float]:
    """The (x, z) of the point of a wall nearest to (x, z)."""
    along = (x - wall.start[0]) * wall.along[0] + (-z - wall.start[1]) * wall.along[1]
    u, v = wall.at(min(max(along, 0.0), wall.length))
    return (u, -v)


def is_flat(item: Item) -> bool:
    """Whether other things may stand on it, as on a rug."""
    return item.footprint.height <= float(rules()["flat"]["height"])


def _swing(room: Room, opening: Opening) -> Solid:
    """The rectangle that a door sweeps, whichever side it hangs on."""
    rule = rules()["door"]
    wall = room.walls[opening.wall]
    deep = min(opening.width * float(rule["swing"]), float(rule["deepest"]))
    u, v = wall.at(opening.offset + opening.width / 2, deep / 2)
    return Solid("door", "", u, v, opening.width / 2, deep / 2, *wall.along)
