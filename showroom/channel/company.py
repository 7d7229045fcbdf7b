"""Visitors who shop together: each sees the others, and what the others wear.

Each keeps a visit of their own. What one of them shows goes to the others too, under the name of
the one who shows it: avatars with ``who``, products with a target like ``mia/t-shirt``. Reliable
updates go to all. Frames go as often as one is near enough to see the difference, so that what a
visitor costs grows with who is around them and not with how many there are.

The room is the host's, and everybody's: guests' visits are told what stands in it, and what they
wish of it goes to the host's visit (:mod:`.wishes`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from showroom.protocol import avatars
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    Allow,
    AvatarPose,
    AvatarShown,
    Command,
    Companion,
    Company,
    Event,
    Granted,
    Guests,
    Inner,
    Join,
    MeshFrame,
    Part,
    Point,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    SharedRoom,
    Update,
    Wish,
)

from .members import (
    FAR_EVERY,
    MIDDLE_EVERY,
    NEAR_EVERY,
    ROUND,
    Member,
    cloth_every,
    free_name,
    named,
    rank,
    readable,
    seen_by_others,
)
from .packed import ALL, OTHERS, Packed
from .session import Session
from .wishes import Wishes

MAX_COMPANIONS = 24
MAX_COMPANIES = 256


@dataclass(eq=False)
class Room:
    """One company.

    Attributes:
        members: in the order in which they came; the first is the host.
        guests: what those may do who come from now on.
        shown: what stands there, once the host's visit has said so.
    """

    guests: Guests = "change"
    members: list[Member] = field(default_factory=list)
    shown: SharedRoom | None = None


class Companies:
    """All companies of a server.

    Args:
        show: has a session's visit show everything, as answered under ``WATCHED``.
        tell: tells a session's visit something.
        share: lets a visit fetch another's asset, by hash.
        changed: called with a session whose frames others read now, or do not any more.
        unread: called with a session, a target and a reader, to whom that frame did not go.
    """

    def __init__(
        self,
        show: Callable[[Session], None],
        tell: Callable[[Session, Inner], None],
        share: Callable[[str, str], None],
        changed: Callable[[Session], None],
        unread: Callable[[Session, str, str], None],
    ) -> None:
        self._show = show
        self._tell = tell
        self._wishes = Wishes(tell)
        self._share = share
        self._changed = changed
        self._unread = unread
        self._rooms: dict[str, Room] = {}
        self._of: dict[Session, tuple[str, Member]] = {}

    def join(self, session: Session, event: Join) -> None:
        """Bring a visitor into a room, or open one for them.

        Raises:
            ProtocolError: ``refused`` where one is in a room already, there is no such room, or
                it is full.
        """
        if session in self._of:
            raise _refused("leave the room first", "room", "no room", self._of[session][0], event)
        code = event.room or secrets.token_urlsafe(9)
        if event.room and event.room not in self._rooms:
            raise _refused("there is no such room", "room", "a room's code", event.room, event)
        if not event.room and len(self._rooms) >= MAX_COMPANIES:
            raise _refused("there are too many rooms", "room", f"{MAX_COMPANIES}", "more", event)
        room = self._rooms.get(code)
        if room is None:
            room = self._rooms[code] = Room(event.guests)
        members = room.members
        if len(members) >= MAX_COMPANIONS:
            raise _refused("the room is full", "room", f"{MAX_COMPANIONS}", "more", event)
        member = Member(
            free_name(event.name, members), session, room.guests if members else "change"
        )
        for other in members:
            other.asking.add(member)
            member.asking.add(other)
        members.append(member)
        self._of[session] = (code, member)
        session.joined = True
        self._take_part(room, member)
        self._tell_who(code, member, event.id)
        for one in members:
            rank(one, members)
            self._changed(one.session)
            if one.asking:
                self._show(one.session)

    def leave(self, session: Session, ref: str = "") -> None:
        """Take a visitor out of their room; nothing where they are in none."""
        found = self._of.pop(session, None)
        if found is None:
            return
        session.joined = False
        code, member = found
        room = self._rooms[code]
        members = room.members
        hosted = members[0] is member
        members.remove(member)
        self._wishes.forget(session)
        self._tell(session, Part())
        session.deliver(Company(room="", ref=ref))
        for other in members:
            other.asking.discard(member)
            for target in member.shared:
                other.session.deliver(ProductRemoved(target=named(member, target)))
            for target in other.shared:
                session.deliver(ProductRemoved(target=named(other, target)))
        self._changed(session)
        if not members:
            del self._rooms[code]
            return
        if hosted:
            room.shown = None
            members[0].may = "change"
            self._take_part(room, members[0])
        self._tell_who(code)
        for one in members:
            rank(one, members)
            self._changed(one.session)
        if hosted and len(members) > 1:  # the room is now another's, with what they have in it
            members[0].asking.update(members[1:])
            self._show(members[0].session)

    def allow(self, session: Session, event: Allow) -> None:
        """Have a host say what guests may do.

        Raises:
            ProtocolError: ``refused`` where one is no host, or has no such guest.
        """
        found = self._of.get(session)
        if found is None or not self._hosts(found[1]):
            host = self._rooms[found[0]].members[0].name if found else "nobody"
            raise _refused("only the host may say that", "type", "the host's", host, event)
        room = self._rooms[found[0]]
        guests = [m for m in room.members[1:] if event.who in ("", m.name)]
        if event.who and not guests:
            names = ", ".join(m.name for m in room.members[1:]) or "nobody"
            raise _refused("there is no such guest", "who", names, event.who, event)
        if not event.who:
            room.guests = event.guests
        for guest in guests:
            guest.may = event.guests
            self._take_part(room, guest)
        self._tell_who(found[0], found[1], event.id)

    def meant(self, session: Session, event: Event) -> Event:
        """A guest's event as their own visit knows it: ``mia/chair`` is the host's ``chair``."""
        found = self._of.get(session)
        if found is None or not isinstance(event, Command | Point):
            return event
        own = f"{self._rooms[found[0]].members[0].name}/"
        if isinstance(event, Command) and event.near.startswith(own):
            event = msgspec.structs.replace(event, near=event.near.removeprefix(own))
        if event.target.startswith(own):
            event = msgspec.structs.replace(event, target=event.target.removeprefix(own))
        return event

    def between(self, session: Session, update: SharedRoom | Wish | Granted) -> None:
        """Pass on what one's visit has to tell another's."""
        found = self._of.get(session)
        room = self._rooms[found[0]] if found else None
        match update:
            case SharedRoom():
                if room is not None and found is not None and self._hosts(found[1]):
                    room.shown = update
                    for guest in room.members[1:]:
                        self._take_part(room, guest)
            case Wish():
                self._wishes.send(session, room.members[0].session if room else None, update)
            case Granted():
                self._wishes.granted(session, update)

    def _take_part(self, room: Room, member: Member) -> None:
        """Tell a member's visit what part it has."""
        if room.members[0] is member:
            self._tell(member.session, Part(role="host"))
        elif room.shown is not None:
            host = room.members[0].name
            part = Part(role="guest", host=host, may=member.may, room=room.shown)
            self._tell(member.session, part)

    def came_back(self, session: Session, *, lost: bool) -> None:
        """A companion's client is back, or away.

        Args:
            lost: it lost its own state, and must be shown the others anew.
        """
        found = self._of.get(session)
        if found is None:
            return
        code, member = found
        for other in self._rooms[code].members:
            self._changed(other.session)
        if lost:
            for other in self._rooms[code].members:
                if other is not member:
                    other.asking.add(member)
                    self._show(other.session)
        self._tell_who(code)

    def arrive(self, session: Session, updates: Sequence[Update | Packed]) -> None:
        """Show everything that a visitor has to those who asked."""
        found = self._of.get(session)
        if found is None:
            return
        _, member = found
        asking = tuple(member.asking)
        member.asking.clear()
        for update in updates:
            self._reliable(member, asking, update)

    def tell(self, session: Session, updates: Sequence[Update | Packed]) -> None:
        """Show the others what a visit has just shown its own visitor."""
        found = self._of.get(session)
        if found is None:
            return
        code, member = found
        members = self._rooms[code].members
        if len(members) < 2:
            return
        for update in updates:
            if isinstance(update, Packed | AvatarPose | MeshFrame):
                self._frame(member, members, update)
            else:
                others = [m for m in members if m is not member and m not in member.asking]
                self._reliable(member, others, update)

    def _frame(
        self, member: Member, members: list[Member], update: Packed | AvatarPose | MeshFrame
    ) -> None:
        if isinstance(update, Packed) and update.reader not in ("", ALL):
            self._difference(member, update)
            return
        if isinstance(update, MeshFrame) or (isinstance(update, Packed) and update.target):
            if update.target not in member.shared or not readable(member, update):
                return
            mesh = True
            paces: tuple[int, ...] = (NEAR_EVERY, MIDDLE_EVERY)
        else:
            mesh = False
            member.poses += 1
            if isinstance(update, Packed):
                member.place = avatars.place_of(update.data)
            else:
                member.place = (update.root[0], update.root[2])
            if member.poses % ROUND == 0:
                rank(member, members)
                self._changed(member.session)
            paces = (NEAR_EVERY, MIDDLE_EVERY, FAR_EVERY)
        seen: Packed | Update | None = None
        for pace in paces:
            others = member.ranks.get(pace)
            if not others or member.poses % pace:
                continue
            seen = seen or seen_by_others(member, update)
            for other in others:
                connection = other.session.connection
                if connection is None or other in member.asking:
                    continue
                if mesh and connection.differs and isinstance(update, Packed):
                    continue  # they have differences of their own
                if mesh and member.poses % cloth_every(pace, other, whole=True):
                    continue
                connection.put(seen)

    def _difference(self, member: Member, update: Packed) -> None:
        """A mesh frame that is made for one of the others alone."""
        other = member.readers.get(update.reader)
        connection = other.session.connection if other is not None else None
        theirs = connection is not None and update.reader == f"{OTHERS}{connection.name}"
        if connection is not None and theirs and update.target in member.shared:
            connection.put(seen_by_others(member, update))
        else:
            self._unread(member.session, update.target, update.reader)

    def readers(self, session: Session) -> dict[str, int]:
        """Who of the others takes a visit's mesh frames, and those of how many poses one."""
        found = self._of.get(session)
        if found is None:
            return {}
        ways: dict[str, int] = {}
        found[1].readers.clear()
        for pace in (NEAR_EVERY, MIDDLE_EVERY):
            for other in found[1].ranks.get(pace, ()):
                connection = other.session.connection
                if connection is None or connection.still:
                    continue
                if connection.differs:
                    name = f"{OTHERS}{connection.name}"
                    found[1].readers[name] = other
                    ways[name] = cloth_every(pace, other, whole=False)
                else:
                    ways[ALL] = 1  # of which every so many-th is passed on
        return ways

    def companion(self, session: Session, name: str) -> Session | None:
        """The visit of one of the others, by their name."""
        found = self._of.get(session)
        members = self._rooms[found[0]].members if found is not None else []
        return next((m.session for m in members if m.name == name), None)

    def _reliable(self, member: Member, others: Sequence[Member], update: Update | Packed) -> None:
        """Tell others of a product or avatar; nothing of what is the visitor's own affair."""
        told: Update
        match update:
            case AvatarShown():
                told = msgspec.structs.replace(update, who=member.name, measures={}, ref="", n=0)
            case ProductShown() if update.worn or self._hosts(member):
                member.shared.add(update.target)
                target = named(member, update.target)
                told = msgspec.structs.replace(update, target=target, ref="", n=0)
            case ProductShown() if update.target in member.shared:  # taken off
                member.shared.discard(update.target)
                told = ProductRemoved(target=named(member, update.target))
            case ProductChanged() if update.target in member.shared:
                target = named(member, update.target)
                told = msgspec.structs.replace(update, target=target, ref="", n=0)
            case ProductRemoved() if update.target in member.shared:
                member.shared.discard(update.target)
                told = ProductRemoved(target=named(member, update.target))
            case _:
                return
        for other in others:
            if digest := getattr(told, "glb", ""):
                self._share(digest, other.session.name)
            other.session.deliver(told)

    def _hosts(self, member: Member) -> bool:
        code, _ = self._of[member.session]
        return self._rooms[code].members[0] is member

    def _tell_who(self, code: str, new: Member | None = None, ref: str = "") -> None:
        members = self._rooms[code].members
        companions = tuple(
            Companion(name=m.name, away=not m.session.attached, may=m.may) for m in members
        )
        for member in members:
            member.session.deliver(
                Company(
                    room=code,
                    you=member.name,
                    host=members[0].name,
                    may=member.may,
                    companions=companions,
                    ref=ref if member is new else "",
                )
            )


def _refused(
    message: str, field: str, expected: str, got: str, event: Join | Allow
) -> ProtocolError:
    return ProtocolError("refused", message, field=field, expected=expected, got=got, ref=event.id)
