"""What the showroom holds: its scene and room, its products, and how they first stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from reconstruction.product import Product
from showroom.catalog.products import Catalog
from showroom.catalog.scene import Scene, Stand
from showroom.fit.furnishing import Footprint, Viewer
from showroom.fit.room import Room

from .atelier import Atelier
from .mover import Mover, scene_room
from .state import Look, Placed, State


@dataclass(frozen=True)
class Shopfloor:
    """One scene with a catalogue in it; the visitor's own room replaces the scene's.

    Attributes:
        scene: where stands and the spawn point are.
        room: the floor plan in force.
        own: the room is the visitor's own: it has no stands.
    """

    catalog: Catalog
    atelier: Atelier
    scene: Scene
    room: Room
    own: bool = False

    @classmethod
    def of(cls, catalog: Catalog, scene: Scene) -> Shopfloor:
        """The scene as it was built."""
        return cls(catalog, Atelier(catalog), scene, scene_room(scene))

    @property
    def spawn(self) -> Viewer:
        """Where the visitor stands before the first pose."""
        x, _, z = self.scene.spawn.position
        return Viewer(x, z, self.scene.spawn.yaw)

    def product(self, key: str) -> Product:
        """A product as it is in the catalogue.

        Raises:
            CatalogError: there is none.
        """
        return self.catalog.get(key).product

    def color(self, key: str, state: State) -> str:
        """The colour that a product has in a state, by the lexicon's name."""
        placed = state.things.get(key)
        return (placed.look.color if placed else "") or self.catalog.get(key).color

    def mover(self, viewer: Viewer) -> Mover:
        """Places products as this viewer sees them."""
        return Mover(
            self.room,
            self._footprint,
            lambda key: self.product(key).family.name,
            lambda key: self.product(key).name,
            viewer,
        )

    def furniture(self, state: State) -> frozenset[str]:
        """Which of the things shown stand on the floor."""
        return frozenset(k for k in state.things if self.product(k).kind == "furniture")

    def opening(self) -> State:
        """All products on the scene's stands, as far as there are stands; furniture must fit.

        A stand that is made for a product's family comes before those for any.
        """
        state = State()
        mover = self.mover(self.spawn)
        stands = {kind: list(self._stands(kind)) for kind in ("garment", "furniture")}
        for entry in self.catalog:
            stand = suited(stands[entry.kind], entry.product.family.name)
            if stand is None:
                continue
            stands[entry.kind].remove(stand)
            placed: Placed | None = on_stand(self.atelier.look(entry.id), stand)
            if placed is not None and entry.kind == "furniture":
                floor = mover.floor(state, self.furniture(state))
                placed = mover.settle(entry.id, placed, floor)
            if placed is not None:
                state = state.put(entry.id, placed)
        return state

    def moved_into(self, state: State, viewer: Viewer) -> State:
        """The state in this room: furniture where it fits, garments only while worn.

        What does not fit is left out; on a scene's floor, garments stay on their stands.
        """
        kept = msgspec.structs.replace(state, things={})
        mover = self.mover(viewer)
        for key, placed in state.things.items():
            if self.product(key).kind == "garment":
                if placed.worn or not self.own:
                    kept = kept.put(key, placed)
                continue
            settled = mover.settle(key, placed, mover.floor(kept, self.furniture(kept)))
            if settled is not None:
                kept = kept.put(key, settled)
        return kept

    def bring(self, key: str, look: Look, state: State, viewer: Viewer, near: str = "") -> State:
        """The state with one more product of the catalogue, where there is room.

        Raises:
            RefusedError: there is none.
        """
        mover = self.mover(viewer)
        start = Placed(look, 0.0, 0.0, 0.0, 0.0)
        if self.product(key).kind == "furniture":
            floor = mover.floor(state, self.furniture(state))
            return state.put(key, mover.enter(key, start, floor, near))
        taken = {(p.x, p.z) for p in state.things.values()}
        free = [s for s in self._stands("garment") if (s.position[0], s.position[2]) not in taken]
        stand = suited(free, self.product(key).family.name)
        if stand is not None:
            return state.put(key, on_stand(look, stand))
        return state.put(key, mover.before_visitor(start))

    def _stands(self, kind: str) -> Iterator[Stand]:
        return iter(()) if self.own else (s for s in self.scene.stands if s.kind == kind)

    def _footprint(self, key: str, placed: Placed) -> Footprint:
        return Footprint.of(self.atelier.shape(key, placed.look).vertices)


def suited(stands: Sequence[Stand], family: str) -> Stand | None:
    """The first stand made for a family, else the first for any; None where there is neither."""
    made = (s for s in stands if family in s.families)
    return next(made, next((s for s in stands if not s.families), None))


def on_stand(look: Look, stand: Stand) -> Placed:
    """A product on a stand."""
    x, y, z = stand.position
    return Placed(look, x, y, z, stand.yaw)


def regrown(
    floor_of: Shopfloor, key: str, placed: Placed, look: Look, state: State, viewer: Viewer
) -> Placed:
    """A product with another look, where it still fits.

    Raises:
        RefusedError: the look cannot be built, or does not fit the room.
    """
    new = msgspec.structs.replace(placed, look=look)
    if floor_of.product(key).kind == "garment":
        return new
    mover = floor_of.mover(viewer)
    floor = mover.floor(state, floor_of.furniture(state))
    before = floor.get(key).footprint
    after = floor_of._footprint(key, new)
    if before == after:
        return new
    return mover.grown(key, new, floor)
