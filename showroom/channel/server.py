"""The server: one port for the websocket and for HTTP, around a host of visits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from functools import partial

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from showroom import __version__
from showroom.protocol.errors import ProtocolError
from showroom.protocol.limits import MAX_FRAME_BYTES
from showroom.protocol.messages import (
    SUBPROTOCOL,
    VERSION,
    WATCHED,
    Ack,
    AssetReady,
    AudioChunk,
    AudioStart,
    AudioStop,
    Body,
    Bye,
    Cancel,
    Done,
    ErrorUpdate,
    Event,
    Hello,
    Join,
    Leave,
    Ping,
    PlaybackFinished,
    Pong,
    Progress,
    Received,
    Reply,
    Supplied,
    Update,
    Upload,
    UploadChunk,
    UploadState,
    Watched,
    Welcome,
)

from .addresses import Addresses
from .assets import AssetStore
from .company import Companies
from .connection import Connection
from .ears import EarsHost, HearingOffer, Ordered, Told
from .host import Host
from .http import Pages, too_many
from .metrics import Metrics
from .packed import Packed
from .session import Session, digest
from .settings import ChannelError, ServerSettings
from .studio import Studio, Work, Worked
from .tokens import Door, Grant
from .uploads import TELL_EVERY, Uploads, wishes
from .voice import VoiceLine
from .watching import only_looks, watchable
from .wire import Wire

logger = logging.getLogger("showroom.channel")
_websockets = logging.getLogger("showroom.channel.websockets")
_websockets.setLevel(logging.CRITICAL)  # its errors are what clients did; the metrics count them

CAPABILITIES = ("en", "zh", "resume", "compact", "vertices", "plain", "still", "watch", "company")
HELLO_SECONDS = 10.0
WRITE_LIMIT = 64 * 1024
CLOSE_SECONDS = 2.0
REAP_SECONDS = 1.0


class Server:
    """Serves visits until closed; create it with :func:`open_server`."""

    def __init__(
        self,
        settings: ServerSettings,
        host: Host,
        hearing: HearingOffer | None = None,
        work: Work | None = None,
    ) -> None:
        self.settings = settings
        self._studio = Studio(work) if work is not None else None
        self._uploads = Uploads()
        self._door = Door(settings.token, settings.token_key)
        self._hearing = hearing
        self._ears: EarsHost | None = None
        self.metrics = Metrics()
        self.assets = AssetStore(settings.asset_bytes)
        self.port = 0
        self.draining = False
        self._host = host
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._names = 0
        self._addresses = Addresses(settings)
        self._companies = Companies(self._show, self.assets.share, self._greet_frames)
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
        return len(self._sessions)

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
        connection = Connection(
            ws,
            self.settings,
            self.metrics,
            lambda size: self._addresses.receive(address, size, time.monotonic()),
        )
        self.metrics.connections_total += 1
        self._connections.add(connection)
        session: Session | None = None
        goodbye = False
        connection.start()
        try:
            session = await self._greet(connection)
            if session is not None:
                if not session.looks_on(connection):
                    ws.take = partial(self._take_pose, connection, session)
                goodbye = await self._listen(connection, session)
        except ConnectionClosed:
            pass
        except Exception as error:
            self.metrics.faults_total += 1
            logger.error("a connection failed with %s", type(error).__name__)
        finally:
            ws.take = None
            self._addresses.leave(address)
            self.metrics.coalesced_total += connection.outbox.coalesced
            await connection.stop()
            self._connections.discard(connection)
            if session is not None:
                self._leave(session, connection, goodbye)
        if goodbye:
            await ws.close(1000, "goodbye")

    def deafen(self) -> None:
        """End what hears and what works on photos; waits for what is queued."""
        if self._studio is not None:
            self._studio.stop()
        if self._ears is not None:
            self._ears.stop()
            self._ears = None

    async def drain(self) -> None:
        """Take no new visits and close all connections (1012: the service restarts)."""
        self.draining = True
        closing = [c.ws.close(1012, "the showroom is closing") for c in self._connections]
        await asyncio.gather(*closing, return_exceptions=True)

    def end_all(self) -> None:
        """End all visits, those that are held too."""
        for session in list(self._sessions.values()):
            self._end(session)

    def expire(self, now: float) -> None:
        """End the visits whose client did not come back in time."""
        for session in list(self._sessions.values()):
            if not session.attached and now >= session.expires:
                self._end(session)

    async def _greet(self, connection: Connection) -> Session | None:
        """Wait for a hello that can be welcomed; None after too long."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while True:
                    event = await connection.receive()
                    if event is None:
                        continue
                    try:
                        return self._welcome(connection, event)
                    except ProtocolError as error:
                        connection.refuse(error)
        except TimeoutError:
            await connection.ws.close(1008, "no hello")
            return None

    def _welcome(self, connection: Connection, hello: Event) -> Session:
        if not isinstance(hello, Hello):
            raise ProtocolError(
                "hello_first",
                "a visit begins with a hello",
                field="type",
                expected="hello",
                got=str(hello.__struct_config__.tag),
            )
        if hello.version != VERSION:
            raise ProtocolError(
                "version",
                "this server speaks another version",
                field="version",
                expected=str(VERSION),
                got=str(hello.version),
                ref=hello.id,
            )
        grant = self._door.admit(hello.token, ref=hello.id)
        if not grant.may("visit"):
            raise ProtocolError(
                "token_scope", "the token's role may not visit", field="token", ref=hello.id
            )
        if self.draining:
            raise ProtocolError("busy", "the showroom is closing", ref=hello.id)
        connection.settled = True
        connection.plain = "plain" in hello.want
        connection.still = "still" in hello.want
        if "vertices" not in hello.want:
            connection.unwanted = frozenset(("avatar",))
        if hello.watch:
            return self._look_on(connection, hello, grant)
        if hello.resume:
            return self._resume(connection, hello, grant)
        return self._begin(connection, hello, grant)

    def _name(self, hello: Hello, grant: Grant) -> str:
        """A new visit's name: the token's where it has one, else one that no token can guess."""
        if not grant.visit:
            self._names += 1
            suffix = f"-{secrets.token_hex(6)}" if self._door.signed else ""
            return f"v{self._names}{suffix}"
        if grant.visit in self._sessions:
            raise ProtocolError(
                "busy",
                "the token's visit is open already; come back to it with its resume token",
                field="token",
                ref=hello.id,
            )
        return grant.visit

    def _begin(self, connection: Connection, hello: Hello, grant: Grant) -> Session:
        if len(self._sessions) >= self.settings.max_visits:
            raise ProtocolError(
                "busy",
                "the showroom is full; try again in a minute",
                expected=f"at most {self.settings.max_visits} visits",
                got=str(len(self._sessions)),
                ref=hello.id,
            )
        session = Session(self._name(hello, grant), self.settings.backlog)
        self._sessions[session.name] = session
        self.metrics.visits_total += 1
        session.connection = connection
        connection.put(self._welcome_update(session))

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
        session.want = hello.want
        self._greet_frames(session)
        self._host.post(session.name, hello)
        session.voice = VoiceLine(
            session.name,
            self._order,
            session.deliver,
            lambda utterance: self._host.post(session.name, utterance),
        )
        self._tune(session, hello)
        return session

    def _greet_frames(self, session: Session) -> None:
        """How frames are to come: differences are for one client, not for others who look on."""
        shared = session.audience or self._companies.together(session)
        want = [option for option in session.want if not shared or option != "delta"]
        self._host.greet(session.name, want, self.settings.credits)

    def _show(self, session: Session) -> None:
        """Have a visit show everything to those who ask."""
        self._host.post(session.name, Watched(vertices=session.audience > 0))

    def _tune(self, session: Session, hello: Hello) -> None:
        """What the client wants of speech."""
        assert session.voice is not None
        session.voice.lang = hello.lang or "en"
        session.voice.speaks = "speech" in hello.want and self._hearing is not None

    def _order(self, order: Ordered) -> bool:
        """Hand an order to the ears, which begin with the first microphone or spoken reply."""
        if self._ears is None:
            if self._hearing is None or order.verb not in ("open", "say"):
                return True

            def deliver(told: Told) -> None:
                self._loop.call_soon_threadsafe(self._told, told)

            self._ears = EarsHost(self._hearing, deliver)
        return self._ears.order(order)

    def _told(self, told: Told) -> None:
        session = self._sessions.get(told.visit)
        if session is not None and session.voice is not None:
            session.voice.told(told)

    def _resume(self, connection: Connection, hello: Hello, grant: Grant) -> Session:
        wanted = digest(hello.resume)
        session = next((s for s in self._sessions.values() if wanted in s.tokens), None)
        if session is None:
            raise ProtocolError(
                "resume",
                "that visit is no longer held; begin a new one",
                field="resume",
                expected="the token of the latest welcome",
                got="another",
                ref=hello.id,
            )
        if grant.visit and grant.visit != session.name:
            raise ProtocolError(
                "token_scope",
                "the token is for another visit",
                field="token",
                expected="a token of the visit that is resumed",
                got="another",
                ref=hello.id,
            )
        missed = session.missed(hello.have)
        if session.connection is not None:
            self._later(self._close(session.connection, 4000, "resumed elsewhere"))
        session.connection = connection
        self._tune(session, hello)
        session.want = hello.want
        self._greet_frames(session)
        self.metrics.resumed_total += 1
        connection.put(self._welcome_update(session, wanted))
        if missed is None:  # a client that lost its own state is shown everything anew
            self._host.post(session.name, hello)
        self._companies.came_back(session, lost=missed is None)
        for update in missed or ():
            connection.put(update)
        return session

    def _look_on(self, connection: Connection, hello: Hello, grant: Grant) -> Session:
        """Show a visit to somebody else, who only looks on."""
        session = watchable(tuple(self._sessions.values()), hello, grant)
        welcome = self._welcome_update(session, observer=True)
        connection.put(welcome)
        session.arriving.add(connection)
        self._greet_frames(session)
        self._show(session)
        return session

    def _welcome_update(
        self, session: Session, used: str = "", *, observer: bool = False
    ) -> Welcome:
        if observer:
            return Welcome(
                visit=session.name,
                version=VERSION,
                server=f"showroom/{__version__}",
                capabilities=self._capabilities(),
            )
        return Welcome(
            visit=session.name,
            version=VERSION,
            server=f"showroom/{__version__}",
            capabilities=self._capabilities(),
            resume=session.new_token(used),
            resumed=bool(used),
            hold=self.settings.hold,
            watch=session.watch,
        )

    def _capabilities(self) -> tuple[str, ...]:
        able = (*CAPABILITIES, *self._host.capabilities, *(("upload",) if self._studio else ()))
        if self._hearing is None:
            return able
        heard = tuple(f"hear-{lang}" for lang in self._hearing.languages)
        return (*able, *heard, *(("speech",) if self._hearing.speaks else ()))

    async def _close(self, connection: Connection, code: int, reason: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await connection.ws.close(code, reason)

    async def _listen(self, connection: Connection, session: Session) -> bool:
        """Pass events on until the client leaves; True if it said goodbye."""
        while True:
            event = await connection.receive()
            if event is None:
                continue
            if session.connection is connection:  # not what a replaced one still had to say
                session.heard()
            if isinstance(event, Bye):
                return True
            try:
                self._pass_on(connection, session, event)
            except ProtocolError as error:
                connection.refuse(error)

    def _take_pose(self, connection: Connection, session: Session, data: bytes) -> bool:
        """The short way of a pose: taken, answered and sent without a task."""
        pose = connection.pose(data)
        if pose is None:
            return False
        if session.connection is connection:
            session.heard()
        connection.hold()
        try:
            self._host.post(session.name, pose)
        except Exception as error:
            self.metrics.faults_total += 1
            logger.error("a pose failed with %s", type(error).__name__)
        connection.flush()
        return True

    def _pass_on(self, connection: Connection, session: Session, event: Event) -> None:
        looks_on = session.looks_on(connection)
        if looks_on and not isinstance(event, Ping | Ack | Received):
            raise only_looks(event)
        match event:
            case Ping():
                now = time.monotonic()
                connection.put(Pong(time=event.time, server_time=now, ref=event.id))
            case Ack():
                connection.acknowledge(event.target, event.frame)
                self._host.acknowledge(session.name, event.target, event.frame)
            case Received():
                if not looks_on:
                    session.received(event.upto)
            case Hello():
                raise ProtocolError(
                    "hello_twice", "the visit is already open", field="type", ref=event.id
                )
            case Upload():
                self._upload(session, event)
            case UploadChunk():
                self._take_chunk(session, event)
            case Cancel() if event.ref and self._forget_upload(session, event.ref):
                pass
            case AudioStart() | AudioChunk() | AudioStop() | PlaybackFinished() | Cancel():
                self._listen_to(session, event)
            case Join():
                if session.is_new(event):
                    self._companies.join(session, event)
                    self._answered(session, event.id)
            case Leave():
                if session.is_new(event):
                    self._companies.leave(session, event.id)
                    self._answered(session, event.id)
            case _:
                if session.is_new(event):
                    self._host.post(session.name, event)

    def _upload(self, session: Session, event: Upload) -> None:
        if self._studio is None:
            raise ProtocolError(
                "not_ready", "this server takes no photos", field="type", ref=event.id
            )
        if event.id in session.works:  # asked again after a break, and being worked on
            session.deliver(UploadState(received=event.size, size=event.size, ref=event.id))
        elif self._uploads.under_way(session.name, event.id) or session.is_new(event):
            received = self._uploads.begin(session.name, event)
            session.deliver(
                UploadState(received=received, size=event.size, wanted=True, ref=event.id)
            )

    def _take_chunk(self, session: Session, chunk: UploadChunk) -> None:
        if chunk.upload in session.works:
            return  # sent again after a break, though it had all arrived
        arriving = self._uploads.take(session.name, chunk)
        if arriving is None:
            return
        asked, received = arriving.asked, len(arriving.data)
        if not arriving.complete:
            if received - arriving.told >= TELL_EVERY:
                arriving.told = received
                session.deliver(UploadState(received=received, size=asked.size, ref=asked.id))
            return
        assert self._studio is not None
        session.deliver(UploadState(received=received, size=asked.size, ref=asked.id))

        def tell(told: Worked) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                self._loop.call_soon_threadsafe(self._worked, session, asked, told)

        cancel = self._studio.start(bytes(arriving.data), wishes(asked), tell)
        if cancel is None:
            raise ProtocolError("busy", "too many photos wait already; try again", ref=asked.id)
        session.works[asked.id] = cancel

    def _worked(self, session: Session, asked: Upload, told: Worked) -> None:
        """What the studio tells of a photo."""
        open_ = session.name in self._sessions and asked.id in session.works
        if told.kind == "folder":
            session.folders.append(told.text)
            if not open_:
                session.delete_folders()
        if not open_:
            return
        if told.kind == "progress":
            task = "measure" if asked.what == "body" else "reconstruct"
            session.deliver(Progress(task=task, done=told.done, text=told.text, ref=asked.id))
            return
        del session.works[asked.id]
        if told.kind == "folder":
            self._host.post(session.name, Supplied(ref=asked.id, folder=told.text))
        elif told.kind == "body" and asked.height is not None:
            body = Body(id=asked.id, height=asked.height, gender=asked.gender, tape=told.body)
            self._host.post(session.name, body)
        else:
            code, name, expected, got = told.error
            session.deliver(
                ErrorUpdate(
                    code=code or "internal",
                    message=told.text,
                    field=name,
                    expected=expected,
                    got=got,
                    ref=asked.id,
                )
            )

    def _forget_upload(self, session: Session, ref: str) -> bool:
        """Forget an upload, or stop the work on it; whether there was one."""
        cancel = session.works.pop(ref, None)
        if cancel is not None:
            self._later(asyncio.to_thread(cancel))
        elif not self._uploads.forget(session.name, ref):
            return False
        session.deliver(ErrorUpdate(code="cancelled", message="the upload is forgotten", ref=ref))
        return True

    def _answered(self, session: Session, ref: str) -> None:
        if ref:
            session.deliver(Done(ref=ref))

    def _listen_to(
        self,
        session: Session,
        event: AudioStart | AudioChunk | AudioStop | PlaybackFinished | Cancel,
    ) -> None:
        if self._hearing is None:
            raise ProtocolError(
                "not_ready",
                "this server does not hear; send the text that the headset or phone recognises",
                field="type",
                expected="utterance",
                got=str(event.__struct_config__.tag),
                ref=getattr(event, "id", ""),
            )
        if session.is_new(event) and session.voice is not None:
            session.voice.take(event)

    def _take(self, session: Session, updates: Sequence[Update | Packed]) -> None:
        """Deliver what the host's thread has handed in."""
        session.taken += 1
        self._deliver(session, updates)

    def _deliver(self, session: Session, updates: Sequence[Update | Packed]) -> None:
        if (session.arriving or session.joined) and any(
            getattr(u, "ref", "") == WATCHED for u in updates
        ):
            for update in updates:
                if isinstance(update, AssetReady) and session.name in self._sessions:
                    self.assets.put(session.name, update)
            session.arrive(updates)
            self._companies.arrive(session, updates)
            return
        for update in updates:
            if isinstance(update, AssetReady):
                if session.name in self._sessions:
                    self.assets.put(session.name, update)
            else:
                session.deliver(update)
                if isinstance(update, Reply) and session.voice is not None:
                    session.voice.replied(update)
                elif isinstance(update, Done | ErrorUpdate) and session.voice is not None:
                    session.voice.settled(update.ref)
        if session.joined:
            self._companies.tell(session, updates)

    def _leave(self, session: Session, connection: Connection, goodbye: bool) -> None:
        if session.looks_on(connection):
            if session.looked(connection) and session.name in self._sessions:
                self._host.post(session.name, Watched(on=False))
                self._greet_frames(session)
            return
        if session.connection is not connection:  # resumed elsewhere meanwhile
            return
        session.connection = None
        if session.voice is not None:
            session.voice.leave()
        session.expires = time.monotonic() + self.settings.hold
        if goodbye or self.settings.hold <= 0.0:
            self._end(session)
        else:
            self._companies.came_back(session, lost=False)

    def _end(self, session: Session) -> None:
        if self._sessions.pop(session.name, None) is not None:
            self._companies.leave(session)
            self._uploads.forget(session.name)
            for cancel in session.works.values():
                self._later(asyncio.to_thread(cancel))
            session.works.clear()
            self._later(asyncio.to_thread(session.delete_folders))
            self._host.close(session.name)
            if session.voice is not None:
                session.voice.close()
            self.assets.release(session.name)
            for observer in (*session.observers, *session.arriving):
                self._later(self._close(observer, 1000, "the visit is over"))

    def _fail(self, session: Session) -> None:
        """A visit cannot go on: its client has been told, and may begin a new one."""
        connection = session.connection
        self._end(session)
        self.metrics.faults_total += 1
        if connection is not None:
            self._later(self._close(connection, 1011, "the visit cannot go on"))

    def _later(self, deed: Coroutine[None, None, None]) -> None:
        self._tasks.add(task := asyncio.ensure_future(deed))
        task.add_done_callback(self._tasks.discard)

    def _metrics_text(self) -> str:
        attached = sum(session.attached for session in self._sessions.values())
        return self.metrics.text(
            visits=len(self._sessions),
            visits_held=len(self._sessions) - attached,
            connections=len(self._connections),
            asset_bytes=self.assets.size,
        )


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
        server.end_all()
        reaper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reaper
        listener.close()
        await listener.wait_closed()
        await host.detach()
        await asyncio.to_thread(server.deafen)


async def _reap(server: Server) -> None:
    while True:
        await asyncio.sleep(REAP_SECONDS)
        server.expire(time.monotonic())
