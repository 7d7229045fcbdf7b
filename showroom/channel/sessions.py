"""The visits that are open or held: what they show, whom it goes to, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence

from websockets.exceptions import ConnectionClosed

from showroom.protocol.messages import (
    WATCHED,
    AssetReady,
    Done,
    ErrorUpdate,
    Granted,
    Inner,
    Reply,
    SharedRoom,
    Update,
    Watched,
    Wish,
)

from .assets import AssetStore
from .company import Companies
from .connection import Connection
from .host import Host
from .metrics import Metrics
from .packed import ALL, OTHERS, Packed
from .session import Session
from .settings import ServerSettings

logger = logging.getLogger("showroom.channel")


class Sessions:
    """All visits of a server, by their names; on its event loop.

    Attributes:
        companies: those of visitors who shop together.
        parting: called with every session that ends, before its visit does.
    """

    def __init__(
        self, settings: ServerSettings, host: Host, assets: AssetStore, metrics: Metrics
    ) -> None:
        self.companies = Companies(
            self.show, self._tell, assets.share, self.greet_readers, self._unread
        )
        self.parting: list[Callable[[Session], None]] = [self.companies.leave]
        self._settings = settings
        self._host = host
        self._assets = assets
        self._metrics = metrics
        self._open: dict[str, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        """Oldest first, of those that there are now: they may end meanwhile."""
        return iter(tuple(self._open.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._open

    def get(self, name: str) -> Session | None:
        """The visit of that name, if it is open or held."""
        return self._open.get(name)

    def begin(self, session: Session) -> None:
        """Open a visit; what it shows from now on goes to its client."""
        self._open[session.name] = session
        self._metrics.visits_total += 1

        def deliver(updates: Sequence[Update | Packed]) -> None:
            if self._host.on_loop:
                self._deliver(session, updates)
            elif threading.get_ident() != self._thread:
                session.handed_in += 1
                self._loop.call_soon_threadsafe(self._take, session, updates)
            elif session.handed_in == session.taken:
                self._deliver(session, updates)
            else:  # nothing overtakes what the host's thread has handed in
                self._loop.call_soon(self._deliver, session, updates)

        self._host.open(session.name, deliver, lambda: self._fail(session))

    def greet_frames(self, session: Session) -> None:
        """How frames are to come to a visit's own client."""
        own = session.connection
        session.differs = own is not None and own.differs
        self._host.greet(session.name, session.want, self._settings.credits)

    def greet_readers(self, session: Session) -> None:
        """How frames are to come to others: differences to what each of them has."""
        readers = self.companies.readers(session)
        for observer in session.observers:
            if not observer.still:
                readers[observer.name if observer.differs else ALL] = 1
        self._host.read(session.name, readers, self._settings.credits)

    def _unread(self, session: Session, target: str, reader: str) -> None:
        """A frame did not go to its reader, who has nothing to build on then."""
        self._host.acknowledge(session.name, target, 0, reader)

    def acknowledge(
        self, session: Session, connection: Connection, target: str, frame: int
    ) -> None:
        """A client has shown a mesh frame, of its own visit's or another's."""
        connection.acknowledge(target, frame)
        if session.looks_on(connection):
            self._host.acknowledge(session.name, target, frame, connection.name)
        elif "/" not in target:
            self._host.acknowledge(session.name, target, frame)
        elif (owner := self.companies.companion(session, target.partition("/")[0])) is not None:
            own = target.partition("/")[2]
            self._host.acknowledge(owner.name, own, frame, f"{OTHERS}{connection.name}")

    def show(self, session: Session) -> None:
        """Have a visit show everything to those who ask."""
        self._host.post(session.name, Watched(vertices=session.audience > 0))

    def _tell(self, session: Session, told: Inner) -> None:
        self._host.post(session.name, told)

    def leave(self, session: Session, connection: Connection, goodbye: bool) -> None:
        """A connection is gone: its visit ends with a goodbye, else it is held for a while."""
        if session.looks_on(connection):
            if session.looked(connection) and session.name in self._open:
                self._host.post(session.name, Watched(on=False))
            self.greet_readers(session)
            return
        if session.connection is not connection:  # resumed elsewhere meanwhile
            return
        session.connection = None
        if session.voice is not None:
            session.voice.leave()
        session.expires = time.monotonic() + self._settings.hold
        if goodbye or self._settings.hold <= 0.0:
            self._end(session)
        else:
            self.companies.came_back(session, lost=False)

    def expire(self, now: float) -> None:
        """End the visits whose client did not come back in time."""
        for session in self:
            if not session.attached and now >= session.expires:
                self._end(session)

    def end_all(self) -> None:
        """End all visits, those that are held too."""
        for session in self:
            self._end(session)

    def hang_up(self, connection: Connection, code: int, reason: str) -> None:
        """Close a connection, in its own time."""

        async def close() -> None:
            with contextlib.suppress(ConnectionClosed):
                await connection.ws.close(code, reason)

        self.later(close())

    def later(self, deed: Coroutine[None, None, None]) -> None:
        """Have something done beside all else."""
        self._tasks.add(task := asyncio.ensure_future(deed))
        task.add_done_callback(self._tasks.discard)

    def _end(self, session: Session) -> None:
        if self._open.pop(session.name, None) is None:
            return
        for part in self.parting:
            part(session)
        self.later(asyncio.to_thread(session.delete_folders))
        self._host.close(session.name)
        if session.voice is not None:
            session.voice.close()
        self._assets.release(session.name)
        for observer in (*session.observers, *session.arriving):
            self.hang_up(observer, 1000, "the visit is over")

    def _fail(self, session: Session) -> None:
        """A visit cannot go on: its client has been told, and may begin a new one."""
        connection = session.connection
        self._end(session)
        self._metrics.faults_total += 1
        if connection is not None:
            self.hang_up(connection, 1011, "the visit cannot go on")

    def _take(self, session: Session, updates: Sequence[Update | Packed]) -> None:
        """Deliver what the host's thread has handed in."""
        session.taken += 1
        self._deliver(session, updates)

    def _keep(self, session: Session, asset: AssetReady) -> None:
        if session.name in self._open and self._assets.put(session.name, asset):
            self.later(self._check(asset.hash))

    async def _check(self, digest: str) -> None:
        if not await asyncio.to_thread(self._assets.check, digest):
            logger.error("an asset's bytes do not match its hash")
            self._metrics.faults_total += 1

    def _deliver(self, session: Session, updates: Sequence[Update | Packed]) -> None:
        if (session.arriving or session.joined) and any(
            getattr(u, "ref", "") == WATCHED for u in updates
        ):
            for update in updates:
                if isinstance(update, AssetReady):
                    self._keep(session, update)
                elif isinstance(update, SharedRoom):
                    self.companies.between(session, update)
            session.arrive(updates)
            self.greet_readers(session)
            self.companies.arrive(session, updates)
            return
        for update in updates:
            if isinstance(update, AssetReady):
                self._keep(session, update)
            elif isinstance(update, SharedRoom | Wish | Granted):
                self.companies.between(session, update)
            else:
                session.deliver(update)
                if isinstance(update, Reply) and session.voice is not None:
                    session.voice.replied(update)
                elif isinstance(update, Done | ErrorUpdate) and session.voice is not None:
                    session.voice.settled(update.ref)
        if session.joined:
            self.companies.tell(session, updates)
