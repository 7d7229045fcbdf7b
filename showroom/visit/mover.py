"""Wishes about places: furniture on the floor, garments on their stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from showroom.catalog.scene import Scene
from showroom.fit.furnishing import Blocked, Footprint, Item, Outcome, Viewer
from showroom.fit.placement import Floor
from showroom.fit.room import Room
from showroom.fit.shortage import shortage
from showroom.protocol.messages import Command, Pose

from .refused import RefusedError
from .state import Placed, State

_NEAR = {"me": "visitor", "center": "middle"}
_ANYWHERE = 0.005
"""A way shorter than this counts as no way at all, metres."""

Names = Mapping[str, str]
"""Words by language."""

FootprintOf = Callable[[str, Placed], Footprint]


@dataclass(frozen=True)
class Shift:
    """A product's new place, and what to say about it."""

    placed: Placed
    kind: str
    slots: Mapping[str, object] = field(default_factory=dict)


def scene_room(scene: Scene) -> Room:
    """The floor plan of a scene."""
    return Room.of(
        scene.outline,
        scene.height,
        [(o.kind, o.wall, o.offset, o.width, o.sill, o.height) for o in scene.openings],
        [(o.x, o.z, o.width, o.depth, o.height, o.yaw, o.name) for o in scene.obstacles],
    )


def viewer_of(pose: Pose) -> Viewer:
    """Where the headset stands and looks, on the floor."""
    x, _, z, qx, qy, qz, qw = pose.head
    # The head's -Z axis, laid on the floor.
    ahead_x = -2.0 * (qx * qz + qw * qy)
    ahead_z = -(1.0 - 2.0 * (qx * qx + qy * qy))
    return Viewer(x, z, math.atan2(-ahead_x, -ahead_z))


class Mover:
    """Places products in one room; each call gives a new place and changes nothing itself.

    Args:
        room: the floor plan.
        footprint: the box that a product fills in a look.
        category: a product's category by id.
        name: what a product is called, by id.
    """

    def __init__(
        self,
        room: Room,
        footprint: FootprintOf,
        category: Callable[[str], str],
        name: Callable[[str], Names],
        viewer: Viewer,
    ) -> None:
        self._room = room
        self._footprint = footprint
        self._category = category
        self._name = name
        self._viewer = viewer

    def floor(self, state: State, furniture: frozenset[str]) -> Floor:
        """The floor with the furniture of a state on it, and the visitor."""
        items = {
            key: self._item(key, placed) for key, placed in state.things.items() if key in furniture
        }
        return Floor(self._room, items, self._viewer)

    def move(self, command: Command, key: str, placed: Placed, floor: Floor, name: object) -> Shift:
        """Move, turn or place one piece of furniture as a command says.

        Raises:
            RefusedError: there is no room for it there; nothing is moved then.
            FitError: a direction or neighbour that does not exist.
        """
        if command.action == "move" and command.near and command.delta is None:
            command = msgspec.structs.replace(command, action="place")  # all the way there
        match command.action:
            case "rotate":
                return self._rotate(command, key, placed, floor, name)
            case "place" if command.at is not None:
                x, z, yaw = command.at
                item = self._item(key, msgspec.structs.replace(placed, x=x, z=z, yaw=yaw))
                outcome = floor.put(item)
                kind = "put" if outcome.complete else "put_near"
                return Shift(self._landed(outcome, placed, floor), kind, {"name": name})
            case "place":
                near = _NEAR.get(command.near, command.near)
                footprint = floor.get(key).footprint
                outcome = floor.place(key, footprint, near, category=self._category(key))
                slots = {"name": name, "near": command.near}
                return Shift(
                    self._landed(outcome, placed, floor), "placed" if near else "shown", slots
                )
        if command.near:
            return self._approach(command, key, placed, floor, name)
        direction, way = command.direction or "forward", command.delta or 0.0
        outcome = floor.move(key, direction, way)
        if not outcome.complete:
            raise self._no_room(outcome, floor, direction, way)
        slots = {"name": name, "amount": abs(way), "direction": direction}
        return Shift(self._landed(outcome, placed, floor), "moved", slots)

    def grown(self, key: str, placed: Placed, floor: Floor) -> Placed:
        """The place of a product whose shape has changed to that of ``placed``.

        Raises:
            RefusedError: it does not fit the room so.
        """
        outcome = floor.resize(key, self._footprint(key, placed))
        return self._landed(outcome, placed, floor)

    def enter(self, key: str, placed: Placed, floor: Floor, near: str = "") -> Placed:
        """A good place for a product that comes into the room.

        Raises:
            RefusedError: it does not fit the room.
        """
        footprint = self._footprint(key, placed)
        outcome = floor.place(key, footprint, near, category=self._category(key))
        return self._landed(outcome, placed, floor)

    def settle(self, key: str, placed: Placed, floor: Floor) -> Placed | None:
        """The free place nearest to where a product is, anywhere if need be; None if nowhere."""
        for outcome in (
            floor.put(self._item(key, placed)),
            floor.place(key, self._footprint(key, placed), category=self._category(key)),
        ):
            if outcome.item is not None:
                return _at(placed, outcome.item)
        return None

    def before_visitor(self, placed: Placed, metres: float = 1.2) -> Placed:
        """Upright before the visitor, facing them; for a garment where no stand is free."""
        dx, dz = self._viewer.direction("forward")
        return msgspec.structs.replace(
            placed,
            x=self._viewer.x + metres * dx,
            y=0.0,
            z=self._viewer.z + metres * dz,
            yaw=self._viewer.yaw,
        )

    def _item(self, key: str, placed: Placed) -> Item:
        footprint = self._footprint(key, placed)
        return Item(key, footprint, placed.x, placed.z, placed.yaw, self._category(key))

    def _rotate(
        self, command: Command, key: str, placed: Placed, floor: Floor, name: object
    ) -> Shift:
        angle = command.delta or 0.0
        if command.near:
            near = _NEAR.get(command.near, command.near)
            outcome = floor.face(key, "" if near == "visitor" else near)
            angle = outcome.turned
        else:
            outcome = floor.rotate(key, angle)
        if not outcome.complete:
            raise self._no_room(outcome, floor, "", angle)
        slots = {"name": name, "angle": abs(angle), "direction": command.direction}
        return Shift(self._landed(outcome, placed, floor), "rotated", slots)

    def _approach(
        self, command: Command, key: str, placed: Placed, floor: Floor, name: object
    ) -> Shift:
        """Some way towards or away from something."""
        item, near, way = floor.get(key), _NEAR.get(command.near, command.near), command.delta or 0
        if near == "visitor":
            goal: tuple[float, float] | None = (self._viewer.x, self._viewer.z)
        else:
            spot = floor.place(key, item.footprint, near, category=item.category).item
            goal = spot.middle if spot else None
        x, z = item.middle
        far = math.hypot(goal[0] - x, goal[1] - z) if goal else 0.0
        if goal is None or far < _ANYWHERE:
            raise RefusedError("already", "it is there already", field="near", got=command.near)
        step = min(way, far)
        moved = Item(
            key,
            item.footprint,
            item.x + step * (goal[0] - x) / far,
            item.z + step * (goal[1] - z) / far,
            item.yaw,
            item.category,
        )
        outcome = floor.put(moved)
        if not outcome.complete or outcome.item is None:
            raise self._no_room(outcome, floor, "", way)
        slots = {
            "name": name,
            "amount": abs(step),
            "toward": "closer" if way >= 0 else "away",
            "near": command.near,
        }
        return Shift(self._landed(outcome, placed, floor), "moved_near", slots)

    def _landed(self, outcome: Outcome, placed: Placed, floor: Floor) -> Placed:
        if outcome.item is None:
            raise self._no_room(outcome, floor, "", 0.0)
        return _at(placed, outcome.item)

    def _no_room(
        self, outcome: Outcome, floor: Floor, direction: str, asked: float
    ) -> RefusedError:
        blocked = outcome.blocked or Blocked("room")
        why = shortage(blocked, outcome.offer, {key: self._name(key) for key in floor.items})
        slots: dict[str, object] = {"note": why}
        if direction:
            slots |= {"free": outcome.moved, "direction": direction}
        return RefusedError(
            "no_room",
            why["en"],
            slots,
            code="no_room",
            field="delta" if asked else "near",
            expected=f"{abs(blocked.lack):.2f} m less",
            got=f"{asked:.2f}" if asked else blocked.name or blocked.by,
        )


def _at(placed: Placed, item: Item) -> Placed:
    return msgspec.structs.replace(placed, x=item.x, y=0.0, z=item.z, yaw=item.yaw)
