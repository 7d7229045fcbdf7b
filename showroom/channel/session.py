"""A visit's side of a conversation, which outlives the connections that carry it.

Reliable updates are numbered and kept until the client says that they arrived, so that a client
that comes back within the hold window misses and doubles nothing. Frames are not kept.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    Ack,
    AudioChunk,
    AudioStop,
    AvatarPose,
    AvatarShown,
    Cancel,
    Clock,
    Event,
    Heard,
    Hello,
    MeshFrame,
    Ping,
    Point,
    Pose,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Received,
    Reply,
    RoomShown,
    Update,
    UploadChunk,
)
from showroom.protocol.validation import ref_of

from .connection import Connection
from .packed import ALL, Packed
from .voice import VoiceLine

REMEMBERED_IDS = 512
_UNNUMBERED = (Packed, AvatarPose, MeshFrame, AudioChunk)
_SEEN = (
    RoomShown, ProductShown, ProductChanged, ProductRemoved, AvatarShown, AvatarPose, MeshFrame,
    Heard, Reply,
)  # fmt: skip
_REPEATABLE = (
    Hello,
    Pose,
    Clock,
    Ping,
    Point,
    Ack,
    Received,
    AudioChunk,
    AudioStop,
    Cancel,
    UploadChunk,
)


class Session:
    """One visit as the channel sees it; lives on the event loop's thread.

    Args:
        name: the visit's public name.
        backlog: reliable updates kept for a client that has not confirmed them.

    Attributes:
        want: options of its client's latest hello.
        works: photos that are worked on, by their upload's id, with what cancels each.
        folders: of the products that were made of them; deleted with the visit.
        joined: the visitor shops together with others.
        differs: mesh frames come as differences that its own client alone can read.
        handed_in, taken: deliveries by the host's own thread, and those of them that the event
            loop has come to; each is written by one thread only.
        watch: the key with which others may look on.
        observers: the connections of those who do; ``arriving``: of those who have not been told
            what there is.
    """

    def __init__(self, name: str, backlog: int) -> None:
        self.name = name
        self.tokens: tuple[str, ...] = ()
        self.connection: Connection | None = None
        self.expires = 0.0
        self.voice: VoiceLine | None = None
        self.want: tuple[str, ...] = ()
        self.joined = self.differs = False
        self.works: dict[str, Callable[[], None]] = {}
        self.folders: list[str] = []
        self.handed_in = self.taken = 0
        self.watch = secrets.token_urlsafe(18)
        self.arriving: set[Connection] = set()
        self.observers: set[Connection] = set()
        self._kept: deque[Update] = deque(maxlen=backlog)
        self._count = 0
        self._ids: dict[tuple[str | int | bool, ...], Connection | None] = {}

    def delete_folders(self) -> None:
        """Delete the products that were made of the visitor's photos."""
        while self.folders:
            shutil.rmtree(Path(self.folders.pop()).parent, ignore_errors=True)

    @property
    def attached(self) -> bool:
        """Whether a client is connected."""
        return self.connection is not None

    @property
    def count(self) -> int:
        """The number of the latest reliable update."""
        return self._count

    def new_token(self, used: str = "") -> str:
        """A fresh resume token; the one that the client came with stays good until it is heard.

        Welcomes may be lost one after the other, and each time the client comes with the token of
        the last that arrived.

        Args:
            used: the digest of that token; "" for a visit that begins.
        """
        token = secrets.token_urlsafe(24)
        self.tokens = (used, digest(token)) if used else (digest(token),)
        return token

    def heard(self) -> None:
        """The client has its newest token: older ones are spent."""
        if len(self.tokens) > 1:
            self.tokens = self.tokens[-1:]

    def deliver(self, update: Update | Packed) -> None:
        """Number and keep an update, and send it if a client is there."""
        if not isinstance(update, _UNNUMBERED):
            self._count += 1
            update = msgspec.structs.replace(update, n=self._count)
            self._kept.append(update)
        if self.connection is not None and not (isinstance(update, Packed) and update.reader):
            self.connection.put(update)
        for observer in self.observers:
            if self._readable(observer, update):
                show(observer, update)

    def _readable(self, observer: Connection, update: Update | Packed) -> bool:
        """Whether an update is for one who looks on: mesh frames come in several forms."""
        if not isinstance(update, Packed) or not update.target:
            return True
        if observer.differs:
            return update.reader == observer.name
        return update.reader == (ALL if self.differs else "")

    @property
    def audience(self) -> int:
        """How many look on."""
        return len(self.observers) + len(self.arriving)

    def looks_on(self, connection: Connection) -> bool:
        """Whether a connection only looks on."""
        return connection in self.observers or connection in self.arriving

    def looked(self, connection: Connection) -> bool:
        """One who looked on has left; whether nobody does any more."""
        self.observers.discard(connection)
        self.arriving.discard(connection)
        return not self.audience

    def arrive(self, updates: Sequence[Update | Packed]) -> None:
        """Tell those who have come to look on what there is."""
        for observer in self.arriving:
            for update in updates:
                show(observer, update)
        self.observers |= self.arriving
        self.arriving.clear()

    def received(self, upto: int) -> None:
        """Forget what has arrived.

        Raises:
            ProtocolError: ``out_of_order`` if it was never sent.
        """
        if upto > self._count:
            raise ProtocolError(
                "out_of_order",
                "that update has not been sent yet",
                field="upto",
                expected=f"0 to {self._count}",
                got=str(upto),
            )
        while self._kept and self._kept[0].n <= upto:
            self._kept.popleft()

    def missed(self, have: int) -> list[Update] | None:
        """What was sent after ``have``; None if some of it is no longer kept.

        Raises:
            ProtocolError: ``resume`` if ``have`` was never sent.
        """
        if have > self._count:
            raise ProtocolError(
                "resume",
                "that update has not been sent yet",
                field="have",
                expected=f"0 to {self._count}",
                got=str(have),
            )
        oldest = self._kept[0].n if self._kept else self._count + 1
        if have < oldest - 1:
            return None
        return [update for update in self._kept if update.n > have]

    def is_new(self, event: Event) -> bool:
        """Whether an event was not already taken before the connection broke.

        Raises:
            ProtocolError: ``duplicate`` if its ``id`` was used before on this very connection.
        """
        if isinstance(event, _REPEATABLE):
            return True
        ref = ref_of(event)
        if not ref:
            return True
        revision = (getattr(event, "rev", 0), getattr(event, "is_final", True))
        key = (type(event).__name__, ref, *revision)
        if key in self._ids:
            if self._ids[key] is self.connection:
                raise ProtocolError(
                    "duplicate",
                    "that id was used before; every message needs its own",
                    field="id",
                    expected="a new id",
                    got=ref,
                    ref=ref,
                )
            return False
        self._ids[key] = self.connection
        if len(self._ids) > REMEMBERED_IDS:
            del self._ids[next(iter(self._ids))]
        return True


def show(observer: Connection, update: Update | Packed) -> None:
    """Send one who looks on what is to be seen and heard there, and none of the body's measures.

    Companions are left out: it is not their key that was given away.
    """
    if getattr(update, "who", "") or "/" in getattr(update, "target", ""):
        return
    if isinstance(update, Packed):
        observer.put(update)
    elif isinstance(update, _SEEN):
        update = msgspec.structs.replace(update, n=0) if update.n else update
        if isinstance(update, AvatarShown):
            update = msgspec.structs.replace(update, measures={})
        observer.put(update)


def digest(token: str) -> str:
    """How a resume token is remembered: not as itself."""
    return hashlib.sha256(token.encode()).hexdigest()
