"""What is there: the products, the room, the visitor's body; and telling the client about it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from reconstruction.product_io import load_product
from showroom.fit.body import solve
from showroom.fit.errors import FitError
from showroom.fit.furnishing import Viewer
from showroom.fit.room import Room
from showroom.protocol.messages import (
    AvatarShown,
    Body,
    Part,
    Pose,
    ProductRemoved,
    RoomPlan,
    RoomShown,
    Update,
)

from .announce import Announcer, made_for
from .atelier import Atelier
from .company import Sharing, at_home, mirrored
from .mover import viewer_of
from .refused import RefusedError, StoppedError
from .shopfloor import Shopfloor
from .state import State
from .wearer import Wearer

MANNEQUIN_HEIGHT = 1.70
"""The body of a visitor who tries something on before giving a height, metres."""


class Presence:
    """The showroom around one visitor.

    Args:
        shop: the scene and its catalogue.
        vertices: send the avatar's vertices even to a client that did not ask for them.

    Attributes:
        shop: the scene, or the visitor's own room.
        state: all products to be seen.
        wearer: the visitor's body, or None while it is not known.
        viewer: where the visitor stands and looks.
        time: the client's clock, seconds.
        watched: others look on, who need the avatar's vertices.
        sharing: the company that the visit is in.
        tell: is told how far long work is, 0 to 1, and what it is at; False where it shall stop.
    """

    def __init__(self, shop: Shopfloor, *, vertices: bool = False) -> None:
        self.shop = shop
        self.state = shop.opening()
        self.wearer: Wearer | None = None
        self.viewer: Viewer = shop.spawn
        self.time = 0.0
        self.want: tuple[str, ...] = ()
        self.watched = False
        self.sharing = Sharing()
        self.tell: Callable[[float, str], bool] = lambda done, text: True
        self._home = shop
        self._vertices = vertices
        self._announcer = Announcer()

    def everything(self, ref: str = "") -> list[Update]:
        """What somebody who comes in now has to be told."""
        self._announcer.sent.clear()
        updates: list[Update] = [self._room_shown(ref)]
        if self.wearer is not None:
            updates += self._avatar_shown(self.wearer, ref)
        for key, placed in self.state.things.items():
            updates += self._announcer.shown(key, placed, self.shop, self.wearer, ref)
        return updates + self.frames()

    def become(self, state: State, ref: str) -> list[Update]:
        """Leave the present state for a new one.

        Raises:
            RefusedError, FitError: something cannot be built or worn so, or the visitor has
                cancelled it; nothing has changed.
        """
        updates: list[Update] = []
        before = self.state
        if self.sharing.part.room is not None:
            state = mirrored(state, self.sharing.part.room, self.shop)
        wearer = self.wearer
        if state.outfit and wearer is None:
            wearer = solved(None)
            updates += self._avatar_shown(wearer, ref)
        try:
            self._dress(wearer, state)
        except (RefusedError, FitError):
            self._dress(self.wearer, before)
            raise
        self.wearer, self.state = wearer, state
        updates += self._announcer.difference(before, state, self.shop, wearer, ref)
        worn = {key: state.things[key] for key in state.outfit}
        same = worn and worn == {key: before.things[key] for key in before.outfit}
        return updates if same else updates + self.frames()

    def embody(self, body: Body | None, ref: str = "") -> list[Update]:
        """Give the visitor a body; what is worn is draped on it anew.

        Raises:
            FitError: the measures are impossible; the old body stays.
        """
        wearer = solved(body)
        self._dress(wearer, self.state)
        self.wearer = wearer
        self.shop.atelier.forget_body(wearer.avatar.form)
        updates = self._avatar_shown(wearer, ref)
        for key in self.state.outfit:
            updates += self._announcer.shown(key, self.state.things[key], self.shop, wearer, ref)
        return updates + self.frames()

    def move_into(self, plan: RoomPlan, ref: str = "") -> list[Update]:
        """Go on in the visitor's own room, with what fits there.

        Raises:
            FitError: the plan is impossible; nothing has changed.
        """
        shop, before = self.in_room(plan), self.state
        self.state = shop.moved_into(before, self.viewer)
        self.shop = shop
        updates = self._announcer.difference(before, self.state, shop, self.wearer, ref)
        return [self._room_shown(ref), *updates]

    def take_part(self, part: Part) -> list[Update]:
        """Be alone, a host or a guest from now on; a guest sees the host's room.

        What of one's own is not seen meanwhile is shown anew afterwards.
        """
        was, sharing = self._room_shown(""), self.sharing
        before = sharing.part
        sharing.part = part
        updates: list[Update] = []
        if part.role == "guest" and part.room is not None:
            if before.role != "guest":
                sharing.home = {k: p for k, p in self.state.things.items() if not p.worn}
            self.state = mirrored(self.state, part.room, self.shop)
        elif before.role == "guest":
            known = {**sharing.home, **self.state.things}
            if part.role == "alone":
                self.state = at_home(self.state, sharing.home)
            elif before.room is not None and before.room.outline != self.shop.room.outline:
                self.state = self.shop.moved_into(self.state, self.viewer)
            sharing.home, sharing.latest = {}, False
            kept = self.state.things
            updates += [ProductRemoved(target=key) for key in known if key not in kept]
            for key, placed in kept.items():
                if not placed.worn:
                    updates += self._announcer.shown(key, placed, self.shop, self.wearer)
        sharing.told = None
        shown = self._room_shown("")
        return updates if shown == was else [shown, *updates]

    def supply(self, folder: str) -> str:
        """Take a product that was made for this visitor alone into their catalogue; its id.

        Raises:
            ProductFileError: the folder holds none.
        """
        product = load_product(folder)
        catalog = self._home.catalog.copy()
        key, number = product.id, 1
        while key in catalog:
            number += 1
            key = f"{product.id}-{number}"
        catalog.add(replace(product, id=key))
        atelier = Atelier(catalog)
        self._home = replace(self._home, catalog=catalog, atelier=atelier)
        self.shop = replace(self.shop, catalog=catalog, atelier=atelier)
        return key

    def in_room(self, plan: RoomPlan) -> Shopfloor:
        """The shop in a room of the visitor's own.

        Raises:
            FitError: the plan is impossible.
        """
        room = Room.of(plan.outline, plan.height, plan.openings, plan.obstacles)
        return replace(self._home, room=room, own=True)

    def follow(self, pose: Pose) -> list[Update]:
        """The body and what it wears in a new pose; nothing while there is no body.

        Raises:
            FitError: the pose cannot be used; the body stays as it was.
        """
        if self.wearer is None:
            self.viewer, self.time = viewer_of(pose), pose.time
            return []
        moved = self.wearer.move(pose)
        self.viewer, self.time = viewer_of(pose), pose.time
        return [moved, *self.frames()]

    def catch_up(self, poses: Sequence[Pose], count: int) -> list[Update]:
        """Follow poses that were answered elsewhere; the meshes as they are now."""
        for pose in poses:
            self.viewer, self.time = viewer_of(pose), pose.time
            if self.wearer is not None:
                with contextlib.suppress(FitError):
                    self.wearer.move(pose)
        if self.wearer is not None:
            self.wearer.skip(count)
        return self.frames()

    def frames(self) -> list[Update]:
        """The moving meshes as they are now."""
        if self.wearer is None or ("still" in self.want and not self.watched):
            return []
        body = self._vertices or self.watched or "vertices" in self.want
        return self.wearer.frames(self.time, body=body)

    def _dress(self, wearer: Wearer | None, state: State) -> None:
        """Put on, re-fit or take off what a state says."""
        if wearer is None:
            return
        made = {}
        for number, key in enumerate(state.outfit):
            if not self.tell(number / len(state.outfit), key):
                raise StoppedError
            made[key] = made_for(key, state.things[key], self.shop, wearer)
        wearer.dress({key: (one, state.things[key].look) for key, one in made.items()})

    def _room_shown(self, ref: str) -> Update:
        hosts = self.sharing.part.room
        if hosts is not None:
            return RoomShown(scene=hosts.scene, outline=hosts.outline, height=hosts.height, ref=ref)
        room = self.shop.room
        scene = "" if self.shop.own else self.shop.scene.id
        return RoomShown(scene=scene, outline=room.outline, height=room.height, ref=ref)

    def _avatar_shown(self, wearer: Wearer, ref: str) -> list[Update]:
        measures = {name: float(value) for name, value in wearer.avatar.measures.items()}
        height = wearer.avatar.height
        shown = AvatarShown(glb=wearer.hash, height=height, measures=measures, ref=ref)
        return [*self._announcer.asset(wearer.hash, wearer.glb), shown]


def solved(body: Body | None) -> Wearer:
    """A wearer with the given measures, or an ordinary mannequin.

    Raises:
        FitError: the measures are impossible.
    """
    if body is None:
        return Wearer(solve(MANNEQUIN_HEIGHT))
    return Wearer(solve(body.height, body.gender, body.tape, body.weight_kg))
