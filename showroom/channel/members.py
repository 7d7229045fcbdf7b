"""The members of a company as the others see them: how often, in which form, under which name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import msgspec

from showroom.protocol import avatars, compact
from showroom.protocol.messages import AvatarPose, Guests, MeshFrame, Update

from .packed import ALL, Packed
from .session import Session

NEAR, FAR = 4.0, 10.0
"""Metres on the floor: nearer than the first a companion's face and cloth are seen, farther than
the second they are a figure in the distance."""

NEAR_EVERY, MIDDLE_EVERY, FAR_EVERY = 2, 8, 72
"""Of so many poses of a companion one goes to those who are near, in between, far; cloth goes to
those near, and at the second pace to those in between."""

AT_ONCE, WHOLE_AT_ONCE = 8, 4
"""The cloth of so many who are near goes to one at the full pace, as differences and as whole
frames; where there are more, that of each goes less often: all together cost no more."""

ROUND = 18
"""After so many of a companion's poses it is looked anew who is near."""


@dataclass(eq=False)
class Member:
    """One visitor of a company.

    Attributes:
        asking: those who must still be shown everything that this one has.
        shared: this one's products that the others see.
        ranks: the others by how often this one's frames go to them.
        crowd: how much there is around this one to be seen: who is near counts 1, who is in between
            as much less as their cloth comes less often.
        readers: those of the others who take this one's mesh frames as differences.
        may: what this one may do in the host's room.
    """

    name: str
    session: Session
    may: Guests = "change"
    place: tuple[float, float] | None = None
    asking: set[Member] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    poses: int = 0
    ranks: dict[int, list[Member]] = field(default_factory=dict)
    crowd: float = 0.0
    readers: dict[str, Member] = field(default_factory=dict)


def readable(member: Member, update: MeshFrame | Packed) -> bool:
    """Whether a visit's frame is one that everybody can read."""
    return not (isinstance(update, Packed) and member.session.differs) or update.reader == ALL


def rank(member: Member, members: list[Member]) -> None:
    """Sort the others by how far they are; who has not been seen yet counts as near."""
    member.ranks = {NEAR_EVERY: [], MIDDLE_EVERY: [], FAR_EVERY: []}
    for other in members:
        if other is member:
            continue
        way = 0.0
        if member.place is not None and other.place is not None:
            way = math.dist(member.place, other.place)
        pace = NEAR_EVERY if way < NEAR else MIDDLE_EVERY if way < FAR else FAR_EVERY
        member.ranks[pace].append(other)
    near, between = len(member.ranks[NEAR_EVERY]), len(member.ranks[MIDDLE_EVERY])
    member.crowd = near + between * NEAR_EVERY / MIDDLE_EVERY


def cloth_every(pace: int, reader: Member, *, whole: bool) -> int:
    """Of so many poses of one who is at that pace the cloth goes to a reader."""
    return pace * max(1, math.ceil(reader.crowd / (WHOLE_AT_ONCE if whole else AT_ONCE)))


def seen_by_others(member: Member, update: Packed | AvatarPose | MeshFrame) -> Packed | Update:
    """A frame as the others get it."""
    if isinstance(update, AvatarPose):
        return msgspec.structs.replace(update, who=member.name)
    target = named(member, update.target)
    if isinstance(update, MeshFrame):
        return msgspec.structs.replace(update, target=target)
    if update.target:
        return Packed(target, update.frame, compact.retargeted(update.data, target))
    return Packed(target, 0, avatars.of_companion(update.data, member.name))


def named(member: Member, target: str) -> str:
    """A member's product as the others know it."""
    return f"{member.name}/{target}"


def free_name(name: str, members: list[Member]) -> str:
    """A name that nobody in the room has."""
    taken = {member.name for member in members}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
