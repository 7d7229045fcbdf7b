"""What a visitor has made of the showroom, as plain data that never changes in place.

Undoing is going back to the state before; moving a visit to another process is sending it.
"""

from __future__ import annotations

import math

import msgspec

from showroom.protocol.messages import Transform

MOST_INTERESTS = 32
IDENTITY: Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class Look(msgspec.Struct, frozen=True):
    """How a product is made at the moment.

    Attributes:
        values: every parameter of the family.
        choices: every choice of the family.
        size: label of the size chart, or ``""``.
        color: a name of the colour lexicon; ``""`` as it was photographed.
    """

    values: dict[str, float]
    choices: dict[str, str]
    size: str = ""
    color: str = ""

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for looks of the same shape, whatever their colour; hashable."""
        return (*sorted(self.values.items()), *sorted(self.choices.items()))


class Placed(msgspec.Struct, frozen=True):
    """One product in the showroom: its look, its place on floor or stand, and whether it is worn.

    A worn garment keeps its place on the stand, to go back to.
    """

    look: Look
    x: float
    y: float
    z: float
    yaw: float
    worn: bool = False

    @property
    def transform(self) -> Transform:
        """Where it is shown; worn garments are in the play space itself."""
        if self.worn:
            return IDENTITY
        half = self.yaw / 2
        return (self.x, self.y, self.z, 0.0, math.sin(half), 0.0, math.cos(half))


class Chosen(msgspec.Struct, frozen=True):
    """One line of the basket: a product as the visitor has made it, and how many of it."""

    target: str
    look: Look
    count: int = 1


class State(msgspec.Struct, frozen=True):
    """All that a visitor has made of the showroom.

    Attributes:
        things: all products to be seen, by id, in the order in which they came.
        dressed: ids of garments in the order in which they were put on.
        basket: what shall be bought, in the order in which it was chosen.
        disliked: products that are "not for me".
        interest: products that the visitor asked for, the latest last.
    """

    things: dict[str, Placed] = {}
    dressed: tuple[str, ...] = ()
    basket: tuple[Chosen, ...] = ()
    disliked: tuple[str, ...] = ()
    interest: tuple[str, ...] = ()

    @property
    def outfit(self) -> tuple[str, ...]:
        """The ids of all garments that are worn, in the order in which they were put on."""
        worn = {key for key, thing in self.things.items() if thing.worn}
        known = tuple(key for key in self.dressed if key in worn)
        return (*known, *(key for key in self.things if key in worn and key not in known))

    @property
    def worn(self) -> str:
        """The id of the garment in use, the one put on last, or ``""``."""
        return next(reversed(self.outfit), "")

    def put(self, key: str, placed: Placed) -> State:
        """The state with one product added or changed."""
        dressed = self.dressed
        if not placed.worn:
            dressed = tuple(k for k in dressed if k != key)
        elif key not in dressed:
            dressed = (*dressed, key)
        things = {**self.things, key: placed}
        return msgspec.structs.replace(self, things=things, dressed=dressed)

    def without(self, key: str) -> State:
        """The state without one product."""
        return msgspec.structs.replace(
            self,
            things={k: v for k, v in self.things.items() if k != key},
            dressed=tuple(k for k in self.dressed if k != key),
        )

    def interested(self, key: str) -> State:
        """The state after the visitor asked for a product."""
        rest = tuple(k for k in self.interest if k != key)
        return msgspec.structs.replace(self, interest=(*rest, key)[-MOST_INTERESTS:])


class History:
    """The states before and after, for undo and redo; at most ``limit`` of them.

    Attributes:
        makers, unmakers: who made each of the changes, ``""`` for the visitor themselves.
    """

    def __init__(self, limit: int = 64) -> None:
        self.done: list[State] = []
        self.undone: list[State] = []
        self.makers: list[str] = []
        self.unmakers: list[str] = []
        self._limit = limit

    def push(self, before: State, maker: str = "") -> None:
        """Remember a state that is about to be left for a new one."""
        self.done.append(before)
        self.makers.append(maker)
        del self.done[: -self._limit]
        del self.makers[: -self._limit]
        self.undone.clear()
        self.unmakers.clear()

    def undo(self, now: State) -> State | None:
        """The state before ``now``, or None."""
        return _travel(now, self.done, self.makers, self.undone, self.unmakers)

    def redo(self, now: State) -> State | None:
        """The state that the last undo left, or None."""
        return _travel(now, self.undone, self.unmakers, self.done, self.makers)


def _travel(
    now: State, back: list[State], by: list[str], forth: list[State], to: list[str]
) -> State | None:
    if not back:
        return None
    forth.append(now)
    to.append(by.pop() if by else "")
    return back.pop()
