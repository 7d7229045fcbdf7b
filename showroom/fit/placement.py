"""Furniture on a floor: place, move, turn, resize, and whether it fits, to the centimetre.

A :class:`Floor` never changes; each call returns an :class:`Outcome` with the new floor, so that
undoing is keeping the old one. Nothing ever stands in a wall, a door's swing, an obstacle, the
visitor or another product. What is asked and not possible goes as far as it can, and the outcome
says what is in the way and how many metres are missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .freespace import blocker, free_runs, gap, nearest_free
from .furnishing import (
    Blocked,
    Dimension,
    Fit,
    Footprint,
    Item,
    Outcome,
    PlacementError,
    Side,
    Viewer,
    longer,
    rules,
    standing,
)
from .room import Room
from .spots import Spot, aligned, beside_spots, free_spots, wall_spots
from .squeeze import squeeze_free, squeeze_wall
from .surroundings import Surroundings, is_flat

F64 = NDArray[np.float64]
_SHRINK_STEPS = 8
_WAYS = 2
"""So many walls' directions are tried where something fits in no other."""

_WALLS = ("wall", "corner", "window", "door")
_MIDDLE = ("middle", "center", "centre")


@dataclass(frozen=True, eq=False)
class Floor:
    """A room with what stands in it.

    Attributes:
        items: by product id, in the order in which they came.
        visitor: where the visitor stands and looks, or None.
    """

    room: Room
    items: Mapping[str, Item] = field(default_factory=dict)
    visitor: Viewer | None = None

    # --- asking ---------------------------------------------------------------------------------

    def get(self, item_id: str) -> Item:
        """The item with that id.

        Raises:
            PlacementError: it does not stand here.
        """
        if item_id not in self.items:
            raise PlacementError(
                f"{item_id[:64]!r} does not stand in this room",
                field="target",
                expected=", ".join(self.items) or "an empty room",
                got=item_id[:64],
            )
        return self.items[item_id]

    def fits(
        self, footprint: Footprint, near: str = "", *, category: str = "", item_id: str = ""
    ) -> Fit:
        """Whether a product of that shape fits, at best ``near`` something; see :meth:`place`.

        Args:
            item_id: the product, if it stands here already: its own place counts as free.
        """
        probe = Item(item_id or "\0", footprint, 0.0, 0.0, 0.0, category)
        spot = self._best(probe, near)
        if spot is None:
            blocked, offer = self._shortage(probe, near)
            return Fit(False, None, {}, blocked, offer)
        item = spot.item(probe)
        return Fit(True, item, {side: room for side, (room, _) in self.gaps(item).items()})

    def gaps(self, item: Item) -> dict[Side, tuple[float, Blocked]]:
        """Free metres on each side of an item (its own left and right), and what is there."""
        solids, boxes = self._near.around(item.id, visitor=False)
        u, v, box = _moving(item, 0.0)
        c, s = math.cos(item.yaw), math.sin(item.yaw)
        ways: dict[Side, tuple[float, float]] = {
            "right": (c, s),
            "left": (-c, -s),
            "front": (s, -c),
            "back": (-s, c),
        }
        found: dict[Side, tuple[float, Blocked]] = {}
        for side, (du, dv) in ways.items():
            room, by = gap(box, u, v, du, dv, boxes)
            found[side] = (float(room), solids[by].hindrance(float(room)) if by >= 0 else _ROOM)
        return found

    def hindrance(self, item: Item) -> Blocked | None:
        """What an item stands in, deepest first; None where its place is free."""
        if item.footprint.height > self.room.height:
            lack = item.footprint.height - self.room.height
            return Blocked("ceiling", "", lack, "height")
        solids, boxes = self._near.around(item.id, flat=is_flat(item))
        u, v, box = _moving(item, 0.0)
        at = int(blocker(box, u, v, boxes, self.room.polygon))
        if at == -1:
            return None
        return Blocked("wall") if at == -2 else solids[at].hindrance(0.0)

    # --- changing -------------------------------------------------------------------------------

    def with_visitor(self, visitor: Viewer | None) -> Floor:
        """The floor with the visitor elsewhere."""
        if visitor is not None:
            _finite("visitor", visitor.x, visitor.z, visitor.yaw)
        return replace(self, visitor=visitor)

    def remove(self, item_id: str) -> Floor:
        """The floor without one product."""
        self.get(item_id)
        return replace(self, items={k: v for k, v in self.items.items() if k != item_id})

    def put(self, item: Item) -> Outcome:
        """Stand a product exactly where it says; at the nearest free place where it cannot."""
        _finite("item", item.x, item.z, item.yaw)
        return self._settle(item, item)

    def place(
        self, item_id: str, footprint: Footprint, near: str = "", *, category: str = ""
    ) -> Outcome:
        """Find a good place for a product, new or already here.

        Args:
            near: ``""`` before the visitor, ``"wall"``, ``"corner"``, ``"window"``, ``"door"``,
                ``"middle"``, or the id, category or name of a product or obstacle to stand
                beside. Backs go to walls; chairs face tables.

        Returns:
            ``complete`` is False only where nothing fits; ``offer`` then says what would.

        Raises:
            PlacementError: there is nothing of that name to stand near.
        """
        before = self.items.get(item_id)
        start = before or Item(item_id, footprint, 0.0, 0.0, 0.0, category)
        probe = replace(start, footprint=footprint, category=category or start.category)
        spot = self._best(probe, near)
        if spot is None:
            blocked, offer = self._shortage(probe, near)
            return Outcome(self, None, False, blocked=blocked, offer=offer)
        return self._done(before, spot.item(probe), complete=True)

    def move(self, item_id: str, direction: str, metres: float) -> Outcome:
        """Shift a product left, right, forward or back as the visitor sees it.

        Where that is nearly along a wall it goes along the wall.
        It may pass what stands between if there is room behind; otherwise it goes as far as it
        can, and ``blocked.lack`` is the rest of the way.

        Raises:
            PlacementError: an unknown product or direction, or a distance that is no number.
        """
        _finite("metres", metres)
        item = self.get(item_id)
        x, z = (self.visitor or Viewer(0.0, 0.0)).direction(direction)
        if metres < 0:
            x, z, metres = -x, -z, -metres
        course = aligned(self.room, math.atan2(x, z))
        x, z = math.sin(course), math.cos(course)
        return self._slide(item, x, z, metres)

    def rotate(self, item_id: str, angle: float) -> Outcome:
        """Turn a product about its middle; counter-clockwise seen from above is positive.

        Where it cannot turn on the spot it steps aside; where that does not help either, it
        turns as far as it can.
        """
        _finite("angle", angle)
        item = self.get(item_id)
        return self._turn(item, item.yaw + angle)

    def face(self, item_id: str, target: str = "") -> Outcome:
        """Turn a product towards the visitor (``""``), ``"window"``, ``"door"`` or a thing."""
        item = self.get(item_id)
        goal = self._near.point(target, item)
        x, z = item.middle
        if math.hypot(goal[0] - x, goal[1] - z) < 1e-6:
            return Outcome(self, item, True)
        return self._turn(item, math.atan2(goal[0] - x, goal[1] - z))

    def snap(self, item_id: str, near: str = "wall") -> Outcome:
        """Put a product with its back to the nearest wall, or into the nearest corner."""
        item = self.get(item_id)
        spot = self._best(item, near, wish=item.middle)
        if spot is None:
            blocked, offer = self._shortage(item, near)
            return Outcome(self, item, False, blocked=blocked, offer=offer)
        return self._done(item, spot.item(item), complete=True)

    def resize(self, item_id: str, footprint: Footprint) -> Outcome:
        """Give a product another shape where it stands.

        A back at a wall stays there. Where the new shape does not fit, the product steps aside;
        where it fits nowhere, nothing changes and ``blocked`` says what is too long.
        """
        item = self.get(item_id)
        grown = replace(item, footprint=footprint)
        room, by = self.gaps(item)["back"]
        if by.by == "wall" and room < 0.05:
            # Keep the back's distance: the middle moves forward by half of what was gained.
            ahead = (footprint.depth - item.footprint.depth) / 2
            mx, mz = item.middle
            dx, dz = item.facing
            grown = standing(grown, mx + dx * ahead, mz + dz * ahead)
        return self._settle(item, grown)

    # --- working --------------------------------------------------------------------------------

    @cached_property
    def _near(self) -> Surroundings:
        return Surroundings(self.room, self.items, self.visitor)

    def _best(
        self,
        probe: Item,
        near: str,
        wish: tuple[float, float] | None = None,
        *,
        roomy: bool = True,
    ) -> Spot | None:
        """The best free spot; if ``roomy``, first one with free floor in front."""
        if probe.footprint.height > self.room.height:
            return None
        clearance = rules()["clearance"]
        front = float(clearance.get(probe.category, clearance["default"]))
        for ahead in (front, 0.0) if roomy else (0.0,):
            spots = self._spots(probe, near, wish, ahead)
            best = min(spots, key=lambda spot: spot.cost, default=None)
            if best is not None:
                return best
        if near in _WALLS or self._beside(near):
            return None
        # Turned to the visitor it has no room; turned like a wall it may.
        _, boxes = self._near.around(probe.id, flat=is_flat(probe))
        goal, _ = self._wish(probe, near, wish)
        for yaw in self.room.directions[:_WAYS]:
            spots = free_spots(self.room, probe.footprint, goal, yaw, boxes, 0.0)
            best = min(spots, key=lambda spot: spot.cost, default=None)
            if best is not None:
                return best
        return None

    def _spots(
        self, probe: Item, near: str, wish: tuple[float, float] | None, ahead: float
    ) -> Iterable[Spot]:
        solids, boxes = self._near.around(probe.id, flat=is_flat(probe))
        goal, yaw = self._wish(probe, near, wish)
        if near in _WALLS:
            return wall_spots(self.room, probe.footprint, near, goal, boxes, ahead)
        if self._beside(near):
            found = [s for s in solids if self._near.is_called(s, near)]
            if not found:
                raise PlacementError(
                    f"there is no {near[:40]!r} here to stand near",
                    field="near",
                    expected=", ".join(self._near.names()),
                    got=near[:40],
                )
            turns = near in rules()["faces"].get(probe.category, ()) or any(
                self._near.category(s) in rules()["faces"].get(probe.category, ()) for s in found
            )
            return beside_spots(self.room, probe.footprint, found, goal, boxes, ahead, facing=turns)
        straight = aligned(self.room, yaw)
        return free_spots(self.room, probe.footprint, goal, straight, boxes, ahead)

    @staticmethod
    def _beside(near: str) -> bool:
        """Whether ``near`` names a thing."""
        return near not in (*_WALLS, *_MIDDLE, "", "visitor")

    def _wish(
        self, probe: Item, near: str, wish: tuple[float, float] | None
    ) -> tuple[tuple[float, float], float]:
        """The (x, z) that would be best, and the yaw there."""
        goal = wish or self._before_visitor(probe.footprint)
        if near in _MIDDLE:
            goal = self.room.middle
        at = self.visitor or Viewer(*goal)
        return goal, probe.yaw if wish else math.atan2(at.x - goal[0], at.z - goal[1])

    def _before_visitor(self, footprint: Footprint) -> tuple[float, float]:
        """The (x, z) where a product stands well before the visitor."""
        if self.visitor is None:
            return self.room.middle
        far = float(rules()["visitor"]["distance"]) + footprint.depth / 2
        dx, dz = self.visitor.direction("forward")
        return (self.visitor.x + far * dx, self.visitor.z + far * dz)

    def _slide(self, item: Item, x: float, z: float, metres: float) -> Outcome:
        solids, boxes = self._near.around(item.id, flat=is_flat(item))
        u, v, box = _moving(item)
        runs = np.empty((len(boxes) + 1, 2))
        line, span = (u, v, x, -z), (0.0, metres)
        count = free_runs(box, line, span, boxes, self.room.polygon, runs)
        way = float(runs[count - 1, 1]) if count else 0.0
        mx, mz = item.middle
        there = standing(item, mx + x * way, mz + z * way)
        if metres - way < 1e-6:
            return self._done(item, there, complete=True)
        _, by = gap(box, u + x * way, v - z * way, x, -z, boxes)
        blocked = solids[by].hindrance(metres - way) if by >= 0 else Blocked("wall")
        return self._done(item, there, complete=False, blocked=replace(blocked, lack=metres - way))

    def _turn(self, item: Item, yaw: float) -> Outcome:
        turned = standing(replace(item, yaw=_wrap(yaw)), *item.middle)
        asked = _wrap(yaw - item.yaw)
        blocked = self.hindrance(turned)
        if blocked is None:
            return self._done(item, turned, complete=True)
        _, boxes = self._near.around(item.id, flat=is_flat(item))
        u, v, box = _moving(turned)
        reach = max(item.footprint.width, item.footprint.depth) / 2
        far, u, v = nearest_free(box, u, v, boxes, self.room.polygon, reach)
        if math.isfinite(far):
            return self._done(item, standing(turned, u, -v), complete=True, blocked=blocked)
        done, low, high = item, 0.0, 1.0
        for _ in range(12):
            share = (low + high) / 2
            tried = standing(replace(item, yaw=_wrap(item.yaw + share * asked)), *item.middle)
            if self.hindrance(tried) is None:
                done, low = tried, share
            else:
                high = share
        return self._done(item, done, complete=False, blocked=blocked)

    def _settle(self, before: Item, wanted: Item) -> Outcome:
        """Stand an item where it is wanted, else at the nearest free place."""
        known = self.items.get(before.id)
        blocked = self.hindrance(wanted)
        if blocked is None:
            return self._done(known, wanted, complete=True)
        if blocked.by != "ceiling":
            _, boxes = self._near.around(wanted.id, flat=is_flat(wanted))
            u, v, box = _moving(wanted)
            reach = math.hypot(*self.room.size)
            far, u, v = nearest_free(box, u, v, boxes, self.room.polygon, reach)
            if math.isfinite(far):
                there = standing(wanted, u, -v)
                return self._done(known, there, complete=False, blocked=replace(blocked, lack=far))
        short, offer = self._shortage(wanted, "")
        return Outcome(self, known, False, blocked=short, offer=offer)

    def _shortage(self, probe: Item, near: str) -> tuple[Blocked, Footprint | None]:
        """The one dimension whose shortening makes the product fit with the smallest loss."""
        shape = probe.footprint
        if shape.height > self.room.height:
            lack = shape.height - self.room.height
            return Blocked("ceiling", "", lack, "height"), longer(shape, "height", -lack)
        best = self._squeeze(probe, near)
        if best is None:
            for kind, lacking in _LACKING.items():
                if near == kind and all(o.kind != kind for o in self.room.openings):
                    return lacking, None
            return _ROOM, None
        return Blocked("room", "", best[0], best[1]), longer(shape, best[1], -best[0])

    def _squeeze(self, probe: Item, near: str) -> tuple[float, Dimension] | None:
        """How much shorter it must be, and along what."""
        shape, flat = probe.footprint, is_flat(probe)
        if self._beside(near):
            return self._squeeze_beside(probe, near)
        boxes = self._near.around(probe.id, flat=flat)[1]
        if near in _WALLS:
            return squeeze_wall(self.room, (shape.width, shape.depth), near, boxes)
        wish, yaw = self._wish(probe, near, None)
        first = aligned(self.room, yaw) % (math.pi / 2)
        walls = self.room.directions[:_WAYS]
        ways = walls if any(abs(first - way) < 1e-9 for way in walls) else (*walls, first)
        return squeeze_free(self.room, (shape.width, shape.depth), ways, wish, boxes)

    def _squeeze_beside(self, probe: Item, near: str) -> tuple[float, Dimension] | None:
        best: tuple[float, Dimension] | None = None
        dimensions: tuple[Dimension, ...] = ("width", "depth")
        for dimension in dimensions:
            low, high = 0.0, getattr(probe.footprint, dimension) * 0.9
            if best is not None:
                high = min(high, best[0])
            least = replace(probe, footprint=longer(probe.footprint, dimension, -high))
            if self._best(least, near, roomy=False) is None:
                continue
            for _ in range(_SHRINK_STEPS):
                middle = (low + high) / 2
                shorter = replace(probe, footprint=longer(probe.footprint, dimension, -middle))
                if self._best(shorter, near, roomy=False) is None:
                    low = middle
                else:
                    high = middle
            if best is None or high < best[0]:
                best = (high, dimension)
        return best

    def _done(
        self, before: Item | None, item: Item, *, complete: bool, blocked: Blocked | None = None
    ) -> Outcome:
        floor = replace(self, items={**self.items, item.id: item})
        if before is None:
            return Outcome(floor, item, complete, blocked=blocked)
        moved = math.dist(before.middle, item.middle)
        return Outcome(floor, item, complete, moved, _wrap(item.yaw - before.yaw), blocked)


_ROOM: Blocked = Blocked("room")
_LACKING: dict[str, Blocked] = {"window": Blocked("no_window"), "door": Blocked("no_door")}


def _moving(item: Item, margin: float | None = None) -> tuple[float, float, F64]:
    """The middle of an item on the map, and its box with the margin around it."""
    keep = float(rules()["gap"]["margin"]) if margin is None else margin
    x, z = item.middle
    shape = item.footprint
    box = np.array(
        [shape.width / 2 + keep, shape.depth / 2 + keep, math.cos(item.yaw), math.sin(item.yaw)]
    )
    return x, -z, box


def _wrap(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _finite(name: str, *values: float) -> None:
    for value in values:
        if not math.isfinite(value) or abs(value) > 1e4:
            raise PlacementError(
                "a place must be a number", field=name, expected="a finite number", got=f"{value}"
            )
