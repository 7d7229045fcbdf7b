"""The server: one port for the websocket and for HTTP, around a host of visits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from functools import partial

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from showroom.protocol.errors import ProtocolError
from showroom.protocol.limits import MAX_FRAME_BYTES
from showroom.protocol.messages import (
    SUBPROTOCOL,
    Ack,
    Allow,
    AudioChunk,
    AudioStart,
    AudioStop,
    Bye,
    Cancel,
    Done,
    Event,
    Hello,
    Join,
    Leave,
    Ping,
    PlaybackFinished,
    Pong,
    Pose,
    Received,
    Upload,
    UploadChunk,
)

from .addresses import Addresses
from .assets import AssetStore
from .connection import Connection
from .ears import HearingOffer
from .host import Host
from .http import Pages, too_many
from .memory import tidy
from .metrics import Metrics
from .microphones import Microphones
from .photo_desk import PhotoDesk
from .reception import HELLO_SECONDS, Reception
from .session import Session
from .sessions import Sessions
from .settings import ChannelError, ServerSettings
from .studio import Work
from .watching import only_looks
from .wire import Wire

logger = logging.getLogger("showroom.channel")
_websockets = logging.getLogger("showroom.channel.websockets")
_websockets.setLevel(logging.CRITICAL)  # its errors are what clients did; the metrics count them

CAPABILITIES = (
    "en", "zh", "resume", "compact", "vertices", "plain", "still", "watch", "company", "wit",
)  # fmt: skip
WRITE_LIMIT = 64 * 1024
CLOSE_SECONDS = 2.0
KEEPALIVE_SECONDS = 20.0
"""So often a connection is pinged; one that does not answer for as long is half open, and ends."""

REAP_SECONDS = 1.0
TRIM_SECONDS = 30.0
"""Where visits have come meanwhile, what others left behind is given back so often."""


class Server:
    """Serves visits until closed; create it with :func:`open_server`.

    Attributes:
        sessions: the visits that are open or held.
    """

    def __init__(
        self,
        settings: ServerSettings,
        host: Host,
        hearing: HearingOffer | None = None,
        work: Work | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.assets = AssetStore(settings.asset_bytes)
        self.port = 0
        self.sessions = Sessions(settings, host, self.assets, self.metrics)
        self._host = host
        self._microphones = Microphones(hearing, host, self.sessions)
        self._photos = PhotoDesk(work, host, self.sessions)
        self.sessions.parting.append(self._photos.leave)
        able = (*CAPABILITIES, *host.capabilities, *(("upload",) if self._photos.open else ()))
        self._reception = Reception(
            settings,
            host,
            self.sessions,
            self._microphones,
            self.metrics,
            (*able, *self._microphones.capabilities),
        )
        self._connections: set[Connection] = set()
        self._addresses = Addresses(settings)
        self._pages = Pages(settings, self.assets, lambda: not self.draining, self._metrics_text)

    @property
    def url(self) -> str:
        """The websocket's address."""
        return f"{'wss' if self.settings.certificate else 'ws'}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port, as they stand in a URL."""
        host = self.settings.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def visits(self) -> int:
        """Visits that are open or held."""
        return len(self.sessions)

    @property
    def draining(self) -> bool:
        """Whether it takes no new visits any more."""
        return self._reception.closed

    def respond(self, connection: ServerConnection, request: Request) -> Response | None:
        """The HTTP side of the port."""
        answer = self._pages.answer(request)
        if answer is not None:
            return answer
        expected = self._addresses.refusal(caller_of(connection), time.monotonic())
        if not expected:
            return None
        self.metrics.rate_limited_total += 1
        return too_many(expected)

    async def converse(self, ws: ServerConnection) -> None:
        """One connection from hello to goodbye; what one client does never ends another's."""
        assert isinstance(ws, Wire)
        address = caller_of(ws)
        self._addresses.enter(address, time.monotonic())

        def allows(size: int) -> bool:
            return self._addresses.receive(address, size, time.monotonic())

        limits = self._addresses.limits(address)
        connection = Connection(ws, self.settings, self.metrics, allows if limits else None)
        self.metrics.connections_total += 1
        self._connections.add(connection)
        session: Session | None = None
        goodbye = False
        connection.start()
        try:
            session = await self._reception.greet(connection)
            if session is not None:
                connection.listen(partial(self._handle, connection, session))
                goodbye = await self._listen(connection, session)
        except ConnectionClosed:
            pass
        except Exception as error:
            self.metrics.faults_total += 1
            logger.error("a connection failed with %s", type(error).__name__)
        finally:
            self._addresses.leave(address)
            self.metrics.coalesced_total += connection.outbox.coalesced
            await connection.stop()
            self._connections.discard(connection)
            if session is not None:
                self.sessions.leave(session, connection, goodbye)
        if goodbye:
            await ws.close(1000, "goodbye")

    def deafen(self) -> None:
        """End what hears and what works on photos; waits for what is queued."""
        self._photos.stop()
        self._microphones.stop()

    async def drain(self) -> None:
        """Take no new visits and close all connections (1012: the service restarts)."""
        self._reception.closed = True
        closing = [c.ws.close(1012, "the showroom is closing") for c in self._connections]
        await asyncio.gather(*closing, return_exceptions=True)

    async def _listen(self, connection: Connection, session: Session) -> bool:
        """Pass events on until the client leaves; True if it said goodbye."""
        while True:
            event = await connection.receive()
            if event is None:
                continue
            try:
                self._handle(connection, session, event)
            except ProtocolError as error:
                connection.refuse(error)
            if isinstance(event, Bye):
                return True

    def _handle(self, connection: Connection, session: Session, event: Event) -> None:
        """Deal with an event, but for a goodbye, which is what it is.

        Raises:
            ProtocolError: it is refused.
        """
        if session.connection is connection:  # not what a replaced one still had to say
            session.heard()
            if type(event) is Pose:
                self._host.post(session.name, event)
                return
        looks_on = session.looks_on(connection)
        if looks_on and not isinstance(event, Ping | Ack | Received | Bye):
            raise only_looks(event)
        match event:
            case Bye():
                pass
            case Ping():
                now = time.monotonic()
                connection.put(Pong(time=event.time, server_time=now, ref=event.id))
            case Ack():
                self.sessions.acknowledge(session, connection, event.target, event.frame)
            case Received():
                if not looks_on:
                    session.received(event.upto)
            case Hello():
                raise ProtocolError(
                    "hello_twice", "the visit is already open", field="type", ref=event.id
                )
            case Upload():
                self._photos.begin(session, event)
            case UploadChunk():
                self._photos.take(session, event)
            case Cancel() if event.ref and (
                self._photos.cancel(session, event.ref)
                or self._host.cancel(session.name, event.ref)
            ):
                pass
            case AudioStart() | AudioChunk() | AudioStop() | PlaybackFinished() | Cancel():
                self._microphones.take(session, event)
            case Join():
                if session.is_new(event):
                    self.sessions.companies.join(session, event)
                    _answered(session, event.id)
            case Leave():
                if session.is_new(event):
                    self.sessions.companies.leave(session, event.id)
                    _answered(session, event.id)
            case Allow():
                if session.is_new(event):
                    self.sessions.companies.allow(session, event)
                    _answered(session, event.id)
            case _:
                if session.is_new(event):
                    if session.joined:
                        event = self.sessions.companies.meant(session, event)
                    self._host.post(session.name, event)

    def _metrics_text(self) -> str:
        attached = sum(session.attached for session in self.sessions)
        return self.metrics.text(
            visits=len(self.sessions),
            visits_held=len(self.sessions) - attached,
            connections=len(self._connections),
            asset_bytes=self.assets.size,
        )


def _answered(session: Session, ref: str) -> None:
    if ref:
        session.deliver(Done(ref=ref))


def caller_of(ws: ServerConnection) -> str:
    """The address at the other end; "" where it is gone."""
    remote = ws.remote_address
    return str(remote[0]) if isinstance(remote, tuple) else ""


@contextlib.asynccontextmanager
async def open_server(
    settings: ServerSettings,
    host: Host,
    hearing: HearingOffer | None = None,
    work: Work | None = None,
) -> AsyncIterator[Server]:
    """Listen; drain at the end. The host is the caller's to stop, after the event loop.

    Args:
        hearing: what hears microphones and says replies, if anything does.
        work: what works on visitors' photos, if anything does.

    Raises:
        ChannelError: settings that are not safe or not usable, a port that is taken.
    """
    context = settings.check()
    server = Server(settings, host, hearing, work)
    try:
        listener = await serve(
            server.converse,
            settings.host,
            settings.port,
            ssl=context,
            process_request=server.respond,
            create_connection=Wire,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            max_size=MAX_FRAME_BYTES,
            write_limit=WRITE_LIMIT,
            open_timeout=HELLO_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=KEEPALIVE_SECONDS,
            ping_timeout=KEEPALIVE_SECONDS,
            server_header=None,
            logger=_websockets,
        )
    except OSError as error:
        raise ChannelError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "choose another port",
            field="port",
            expected="a free port of this machine",
            got=str(settings.port),
        ) from error
    server.port = next(iter(listener.sockets)).getsockname()[1]
    host.attach(asyncio.get_running_loop())
    reaper = asyncio.create_task(_reap(server))
    try:
        yield server
    finally:
        await server.drain()
        server.sessions.end_all()
        reaper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reaper
        listener.close()
        await listener.wait_closed()
        await host.detach()
        await asyncio.to_thread(server.deafen)


async def _reap(server: Server) -> None:
    visits, due = 0, 0.0
    while True:
        await asyncio.sleep(REAP_SECONDS)
        now = time.monotonic()
        server.sessions.expire(now)
        if now >= due and server.metrics.visits_total != visits:
            visits, due = server.metrics.visits_total, now + TRIM_SECONDS
            tidy()
