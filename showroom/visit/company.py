"""A visit in company: the host's room is everybody's, what one wears is one's own.

A guest's visit sees the host's room in the place of its own, so that "the red one" means what is
to be seen, and hands commands about what stands there on to the host's visit as wishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from showroom.protocol.messages import Command, Granted, Guests, Part, SharedRoom, Standing

from .actions import PLACE, SHAPE, TURNS, choose, meant
from .refused import RefusedError
from .shopfloor import Shopfloor
from .state import Look, Placed, State

MOVES = (*PLACE, "look")
"""What a guest may do who may only move things."""

MOST_WISHES = 64
"""Of one guest that are not answered yet."""


class Sent(msgspec.Struct):
    """An event of a guest's that waits for the host's visit.

    Attributes:
        lang: of the reply.
        left: wishes of it that are not answered.
        button: it was a command, which ends in an error where it is refused.
    """

    lang: str
    left: int = 0
    texts: list[str] = []
    failed: Granted | None = None
    button: bool = False


class Sharing(msgspec.Struct):
    """What a visit knows of the company that it is in.

    Attributes:
        part: alone, host or guest, and of a guest whose.
        home: of a guest, what stands in their own room meanwhile.
        told: of a host, the room as the guests know it.
        sent: of a guest, what waits for the host, by the event's id or a name of its own.
        latest: of a guest, whether the last that they changed was the room.
        count: of those names.
    """

    part: Part = msgspec.field(default_factory=Part)
    home: dict[str, Placed] = {}
    told: SharedRoom | None = None
    sent: dict[str, Sent] = {}
    latest: bool = False
    count: int = 0

    @property
    def role(self) -> Literal["alone", "host", "guest"]:
        """The part's."""
        return self.part.role


def shared_room(state: State, shop: Shopfloor) -> SharedRoom:
    """What a host's guests see of the room."""
    return SharedRoom(
        scene="" if shop.own else shop.scene.id,
        outline=tuple(shop.room.outline),
        height=shop.room.height,
        things={
            key: Standing(
                values=placed.look.values,
                choices=placed.look.choices,
                size=placed.look.size,
                color=placed.look.color,
                x=placed.x,
                y=placed.y,
                z=placed.z,
                yaw=placed.yaw,
            )
            for key, placed in state.things.items()
            if not placed.worn
        },
    )


def mirrored(state: State, room: SharedRoom, shop: Shopfloor) -> State:
    """A guest's state: what they wear, and of all else what stands in the host's room.

    What the guest's own catalogue does not have is left out; they see it all the same.
    """
    things = {
        key: Placed(
            Look(there.values, there.choices, there.size, there.color),
            there.x,
            there.y,
            there.z,
            there.yaw,
        )
        for key, there in room.things.items()
        if key in shop.catalog
    }
    return msgspec.structs.replace(state, things=things | worn(state))


def at_home(state: State, home: Mapping[str, Placed]) -> State:
    """The state of one who is no guest any more: what they wear, and their own room."""
    return msgspec.structs.replace(state, things={**home, **worn(state)})


def worn(state: State) -> dict[str, Placed]:
    """What is worn, by id."""
    return {key: placed for key, placed in state.things.items() if placed.worn}


def wish_of(
    command: Command, state: State, shop: Shopfloor, pointed: str, sharing: Sharing
) -> Command | None:
    """What a guest's command asks of the host's room; None where it is the guest's own affair.

    Raises:
        RefusedError: what is meant is not to be seen; or guests may not do that.
        CatalogError: there is no such product.
    """
    wish = _about_the_room(command, state, shop, pointed, sharing)
    if wish is not None:
        _check_rights(wish, sharing.part.may, sharing.part.host)
        if len(sharing.sent) >= MOST_WISHES:
            raise RefusedError(
                "host_away", "the host's visit has not come to the wishes before", code="busy"
            )
    return wish


def _about_the_room(
    command: Command, state: State, shop: Shopfloor, pointed: str, sharing: Sharing
) -> Command | None:
    action = command.action
    if action in ("undo", "redo"):
        return command if sharing.latest else None
    if command.near == "pointer" and pointed:
        command = msgspec.structs.replace(command, near=pointed)
    room = sharing.part.room
    known = command.target in state.things
    strange = room is not None and command.target in room.things and not known
    if action in PLACE:
        kind, part = "furniture", ""
    elif action == "scale" or action in SHAPE:
        kind, part = "garment" if action == "set_size" else "", command.part
    elif action == "look" and command.option in TURNS:
        kind, part = "", ""
    elif action in ("show", "choose"):
        key = choose(command, state, shop, "").id
        there = key in state.things
        return None if there else msgspec.structs.replace(command, target=key, option="")
    elif action == "take_off":
        gone = known and not state.things[command.target].worn
        return command if gone or strange else None
    else:
        return None
    if strange:
        return command
    key = meant(command.target, state, shop, pointed, kind, part)
    if state.things[key].worn:
        return None
    return msgspec.structs.replace(command, target=key)


def _check_rights(wish: Command, may: Guests, host: str) -> None:
    moves = wish.action in MOVES and wish.factor is None  # a hand may scale as it places
    if may == "change" or (may == "move" and moves):
        return
    kind = "guests_only_move" if may == "move" else "guests_only_look"
    raise RefusedError(
        kind,
        "the host does not let guests do that",
        {"who": host},
        field="action",
        expected=", ".join(MOVES) if may == "move" else "none about the host's room",
        got=wish.action,
    )


def check_wish(command: Command, state: State) -> None:
    """Refuse a guest's wish about what the host wears.

    Raises:
        RefusedError: the host wears it.
    """
    placed = state.things.get(command.target)
    if placed is not None and placed.worn:
        raise RefusedError(
            "worn_by_host",
            "the host wears it",
            field="target",
            expected="what stands in the room",
            got=command.target,
        )
