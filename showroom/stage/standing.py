"""Where furniture that is held would stand if it were let go: the visit's own solver, asked ahead.

The visit decides; this shows the visitor beforehand what it will say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..catalog.scene import Scene
from ..fit.errors import FitError
from ..fit.furnishing import Footprint, Item, Viewer
from ..fit.placement import Floor
from ..fit.room import Room
from ..protocol.limits import Transform
from .openxr_view import yaw_of
from .wares import Shape, Ware

Settled = tuple[float, float, float]
"""x, z in metres and yaw in radians of where it stands."""

_SAME = 0.004


class Standing:
    """One room's floor as the solver sees it; asks again only when something has changed."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._room: Room | None = None
        self._floor: tuple[object, Floor] | None = None
        self._last: tuple[tuple[object, ...], Settled | None] | None = None

    def enter(self, scene: Scene | None) -> None:
        """Go on in another room."""
        self._scene, self._room, self._floor, self._last = scene, None, None, None
        if scene is not None:
            try:
                self._room = Room.of(
                    scene.outline,
                    scene.height,
                    [(o.kind, o.wall, o.offset, o.width, o.sill, o.height) for o in scene.openings],
                    [
                        (o.x, o.z, o.width, o.depth, o.height, o.yaw, o.name)
                        for o in scene.obstacles
                    ],
                )
            except FitError:
                self._room = None  # Nothing is told ahead; the visit says what it makes of it.

    def settled(
        self,
        ware: Ware,
        there: Transform,
        factor: float,
        wares: Iterable[Ware],
        head: Transform,
        version: int,
    ) -> Settled | None:
        """Where a product would stand; None where it has room nowhere.

        Args:
            there: where it is held.
            factor: how much larger than it was.
            version: of ``wares``; the floor is read anew when it changes.
        """
        if self._room is None or ware.shape is None:
            return (there[0], there[2], _yaw(there))
        key = (ware.target, factor, version, *(round(v / _SAME) for v in there))
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        known = (version, ware.target)
        if self._floor is None or self._floor[0] != known:
            items = {
                w.target: _item(w, w.shape, w.transform, 1.0)
                for w in wares
                if w.kind == "furniture" and not w.worn and w.shape is not None
            }
            self._floor = (known, Floor(self._room, items))
        floor = self._floor[1].with_visitor(Viewer(head[0], head[2], yaw_of(head)))
        outcome = floor.put(_item(ware, ware.shape, there, factor))
        item = outcome.item
        found = None
        if item is not None and (outcome.complete or not _refused(outcome.blocked)):
            found = (item.x, item.z, item.yaw)
        self._last = (key, found)
        return found


def _refused(blocked: object) -> bool:
    """Whether a blocked outcome stands for no room at all: its shape is then too large."""
    return bool(getattr(blocked, "dimension", ""))


def _item(ware: Ware, shape: Shape, there: Transform, factor: float) -> Item:
    w, h, d = (max(v * factor, 0.001) for v in shape.size)
    middle = (shape.low + shape.high) / 2 * factor
    box = Footprint(w, d, h, (float(middle[0]), float(middle[2])))
    return Item(ware.target, box, there[0], there[2], _yaw(there), ware.category)


def _yaw(transform: Transform) -> float:
    return 2.0 * math.atan2(transform[4], transform[6])
