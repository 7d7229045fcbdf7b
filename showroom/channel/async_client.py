"""The Python client for asyncio: connect, move, speak, and receive typed updates.

    async with AsyncClient("ws://127.0.0.1:8765", Hello(client="mine/1", lang="en")) as client:
        updates = await client.ask(Utterance(id="u1", text="make the sleeves a bit longer"))

It comes back by itself when the connection breaks: the visit goes on, what was missed is
received, what was not answered is asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
import urllib.error
import urllib.request
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Literal

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from showroom.protocol.codec import Encoding, decode_update, encode_event
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import (
    SUBPROTOCOL,
    Ack,
    AudioChunk,
    AudioStart,
    AudioStop,
    Bye,
    Done,
    ErrorUpdate,
    Event,
    Hello,
    MeshFrame,
    Ping,
    Pong,
    Pose,
    Received,
    Update,
    Upload,
    UploadChunk,
    UploadState,
    Welcome,
)

from .settings import ChannelError

if TYPE_CHECKING:
    from showroom.protocol.mesh_delta import MeshDecoder

CONFIRM_EVERY = 16
UPLOAD_CHUNK = 32 * 1024
MAX_UPDATE_BYTES = 64 * 1024 * 1024
FRAME_BYTES, FRAME_SECONDS = 640, 0.02
MAX_ASSET_BYTES = 256 * 1024 * 1024


class AsyncClient:
    """One visitor's connection.

    Args:
        url: ``ws://host:port`` or ``wss://host:port``.
        hello: language, token and options; the client fills in ``resume`` and ``have``.
        encoding: of what is sent and received.
        patience: seconds in which to come back after the connection broke; 0 gives up at once.
        tls: for ``wss``; None takes the system's certificates.
        renew: gives a fresh token to come back with, for servers whose tokens are short-lived.
    """

    def __init__(
        self,
        url: str,
        hello: Hello | None = None,
        *,
        encoding: Encoding = "msgpack",
        patience: float = 10.0,
        tls: ssl.SSLContext | None = None,
        renew: Callable[[], str] | None = None,
    ) -> None:
        self.url = url
        self.hello = hello or Hello(client="python")
        self.encoding: Encoding = encoding
        self.welcome: Welcome | None = None
        self.resumed = 0
        self._patience = patience
        self._tls = tls
        self._renew = renew
        self._ws: ClientConnection | None = None
        self._have = 0
        self._unanswered: dict[str, Event] = {}
        self._queue: deque[Update] = deque()
        self._arrived = asyncio.Condition()
        self._asked: dict[str, tuple[list[Update], asyncio.Future[None]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._broken: ChannelError | None = None
        self._meshes: MeshDecoder | None = None
        self._states: dict[str, asyncio.Queue[int]] = {}

    async def __aenter__(self) -> AsyncClient:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> Welcome:
        """Connect and greet.

        Raises:
            ChannelError: nobody answers there, or the server refuses.
        """
        welcome = await self._connect(self.hello)
        self._reader = asyncio.create_task(self._read())
        return welcome

    async def close(self, *, goodbye: bool = True) -> None:
        """Leave; without ``goodbye`` the visit is held for a while and can be resumed."""
        if self._ws is not None:
            with contextlib.suppress(ConnectionClosed):
                if goodbye:
                    await self._send(Bye())
            self._broken = self._broken or ChannelError("the client is closed")
            if self._reader is not None:
                self._reader.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._reader
            await self._ws.close()

    async def send(self, event: Event) -> None:
        """Send an event; one with an ``id`` is sent again after a break until it is answered.

        Raises:
            ChannelError: the connection is lost for good.
        """
        if self._broken is not None:
            raise self._broken
        key = getattr(event, "id", "")
        if key and not isinstance(event, Hello | Ping):
            self._unanswered[key] = event
        try:
            await self._send(event)
        except ConnectionClosed:
            if self._patience <= 0.0:
                raise ChannelError("the connection is lost") from None

    async def ask(self, event: Event, *, seconds: float = 30.0) -> list[Update]:
        """Send an event that has an ``id``, and wait for everything that answers it.

        The updates also go to :meth:`updates`. A refusal is the last of them, not an exception.

        Raises:
            ChannelError: no answer in time, or the connection is lost.
        """
        key = getattr(event, "id", "")
        if not key:
            raise ChannelError("only an event with an id can be asked", field="id")
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked[key] = ([], answer)
        try:
            await self.send(event)
            async with asyncio.timeout(seconds):
                await answer
            return self._asked[key][0]
        except TimeoutError:
            raise ChannelError(f"no answer to {key} within {seconds:g} s") from None
        finally:
            del self._asked[key]

    async def updates(self) -> AsyncIterator[Update]:
        """All updates as they come, frames included; ends when the connection does.

        A mesh frame is acknowledged as it is handed out, so that a slow reader gets fewer frames
        rather than old ones.
        """
        while True:
            async with self._arrived:
                await self._arrived.wait_for(lambda: self._queue or self._broken is not None)
                if not self._queue:
                    return
            for update in await self.poll():
                yield update

    async def poll(self) -> list[Update]:
        """What has arrived since, without waiting."""
        arrived = list(self._queue)
        self._queue.clear()
        latest = {u.target: u.frame for u in arrived if isinstance(u, MeshFrame)}
        with contextlib.suppress(ConnectionClosed):
            for target, frame in latest.items():
                await self._send(Ack(target=target, frame=frame))
        return arrived

    async def replay(
        self,
        poses: Iterable[Pose],
        *,
        speed: float = 1.0,
        tick: Callable[[Pose], None] | None = None,
    ) -> int:
        """Send recorded poses at their own times; returns how many.

        Args:
            poses: in order of time.
            speed: 2 plays twice as fast; at most 400 poses a second are welcome at a server.
            tick: called after each pose.
        """
        began, first, count = time.monotonic(), None, 0
        for pose in poses:
            first = pose.time if first is None else first
            wait = began + (pose.time - first) / speed - time.monotonic()
            if wait > 0.0:
                await asyncio.sleep(wait)
            await self.send(pose)
            count += 1
            if tick is not None:
                tick(pose)
        return count

    async def speak(
        self,
        pcm: bytes,
        *,
        id: str,
        lang: str = "",
        speed: float = 1.0,
        seconds: float = 60.0,
    ) -> list[Update]:
        """Stream a recording as a microphone would, and wait for everything that answers it.

        Args:
            pcm: 16 kHz, mono, 16-bit samples.
            id: the stream's; its utterances are ``<id>/1``, ``<id>/2`` …
            speed: 2 sends twice as fast.
            seconds: to wait for the answers after the last sample.

        Returns:
            Transcripts, intents and what came of them, in order.

        Raises:
            ChannelError: no answer in time, or the connection is lost.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        updates: list[Update] = []
        self._asked[id] = (updates, answer)
        try:
            await self.send(AudioStart(id=id, lang=lang))
            began = time.monotonic()
            for seq, start in enumerate(range(0, len(pcm), FRAME_BYTES)):
                if answer.done():  # refused, or failed
                    break
                await self._send(AudioChunk(seq=seq, data=pcm[start : start + FRAME_BYTES]))
                wait = began + (seq + 1) * FRAME_SECONDS / speed - time.monotonic()
                if wait > 0.0:
                    await asyncio.sleep(wait)
            if not answer.done():
                await self._send(AudioStop())
            async with asyncio.timeout(seconds):
                await answer
            return updates
        except ConnectionClosed:
            raise ChannelError("the connection is lost; a stream does not outlive it") from None
        except TimeoutError:
            raise ChannelError(f"no answer to {id} within {seconds:g} s") from None
        finally:
            self._unanswered.pop(id, None)
            del self._asked[id]

    async def upload(
        self,
        data: bytes,
        *,
        id: str,
        what: Literal["product", "body"] = "product",
        consent: bool = False,
        height: float | None = None,
        seconds: float = 300.0,
    ) -> list[Update]:
        """Send a photo, over breaks too, and wait for all that answers it.

        Args:
            what: ``"body"`` needs the visitor's ``consent`` and ``height`` in metres.

        Raises:
            ChannelError: no answer in time, or the connection is lost.
        """
        digest = hashlib.sha256(data).hexdigest()
        asked = Upload(
            id=id, size=len(data), hash=digest, what=what, consent=consent, height=height
        )
        states: asyncio.Queue[int] = asyncio.Queue()
        self._states[id] = states
        answer = asyncio.ensure_future(self.ask(asked, seconds=seconds))
        sender = asyncio.ensure_future(self._send_chunks(id, data, states))
        try:
            return await answer
        finally:
            sender.cancel()
            await asyncio.gather(sender, answer, return_exceptions=True)
            del self._states[id]

    async def _send_chunks(self, id: str, data: bytes, states: asyncio.Queue[int]) -> None:
        """Send chunks from where the server says; it says so again after a break."""
        while True:
            at = await states.get()
            with contextlib.suppress(ConnectionClosed):
                while at < len(data):
                    part = data[at : at + UPLOAD_CHUNK]
                    await self._send(
                        UploadChunk(upload=id, offset=at, data=part, crc=zlib.crc32(part))
                    )
                    at += len(part)

    async def clock_offset(self, rounds: int = 5) -> float:
        """The server's clock minus ours, seconds, by the fastest of some pings."""
        best = (float("inf"), 0.0)
        for number in range(rounds):
            sent = time.monotonic()
            answers = await self._ping(Ping(time=sent, id=f"ping-{number}-{sent}"))
            trip = time.monotonic() - sent
            best = min(best, (trip, answers.server_time - sent - trip / 2))
        return best[1]

    async def asset(self, digest: str) -> bytes:
        """The GLB under a hash, checked against it.

        Raises:
            ChannelError: not to be had, or other bytes than promised.
        """
        return await asyncio.to_thread(self._fetch, digest)

    async def _ping(self, ping: Ping) -> Pong:
        updates = await self.ask(ping)
        return next(u for u in updates if isinstance(u, Pong))

    def _fetch(self, digest: str) -> bytes:
        address = f"http{self.url.removeprefix('ws')}/asset/{digest}.glb"
        request = urllib.request.Request(address)
        if self.hello.token:
            request.add_header("Authorization", f"Bearer {self.hello.token}")
        # No proxy: the asset comes from where the websocket does.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls)
        )
        try:
            with opener.open(request, timeout=30.0) as response:
                data: bytes = response.read(MAX_ASSET_BYTES + 1)
        except (OSError, urllib.error.URLError) as error:
            raise ChannelError(f"the asset cannot be fetched: {error}", field="hash") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise ChannelError(
                "the asset is not what its hash says", field="hash", expected=digest, got="other"
            )
        return data

    async def _connect(self, hello: Hello) -> Welcome:
        try:
            self._ws = await connect(
                self.url,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                compression=None,
                max_size=MAX_UPDATE_BYTES,
                ssl=self._tls or (True if self.url.startswith("wss:") else None),
                user_agent_header=None,
                proxy=None,
            )
            if "delta" in hello.want:
                from showroom.protocol.mesh_delta import MeshDecoder

                self._meshes = MeshDecoder()
            await self._send(hello)
            async with asyncio.timeout(10.0):
                update = decode_update(await self._ws.recv())
        except InvalidStatus as error:
            body = bytes(error.response.body or b"").decode(errors="replace").strip()
            raise ChannelError(f"{self.url} refuses: {body[:200]}", field="url") from error
        except InvalidURI as error:
            raise ChannelError(
                "that is no server's address",
                field="url",
                expected="ws://host:port, or wss://host:port for TLS",
                got=self.url,
            ) from error
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            reason = getattr(error, "strerror", None) or error or type(error).__name__
            raise ChannelError(
                f"nobody answers at {self.url}: {reason}; start a server with: showroom serve",
                field="url",
            ) from error
        if not isinstance(update, Welcome):
            await self._ws.close()
            raise _refusal(update)
        self.welcome = update
        self.resumed += update.resumed
        return update

    async def _read(self) -> None:
        try:
            while True:
                try:
                    await self._receive()
                except ConnectionClosed:
                    await self._come_back()
        except ChannelError as error:
            await self._break(error)
        except ProtocolError as error:
            await self._break(ChannelError(f"the server speaks otherwise: {error}"))

    async def _receive(self) -> None:
        assert self._ws is not None
        async for data in self._ws:
            try:
                update = decode_update(data, self._meshes)
            except ProtocolError as error:
                if error.code == "unknown_type":
                    continue  # a later server's; it is no matter of ours
                if error.field != "base":
                    raise
                await self._send(Ack(target=error.ref, frame=0))  # a whole one follows
                continue
            if update.n:
                if update.n <= self._have:
                    continue
                self._have = update.n
                if self._have % CONFIRM_EVERY == 0:
                    await self._send(Received(upto=self._have))
            self._account(update)
            async with self._arrived:
                self._queue.append(update)
                self._arrived.notify_all()
        raise self._ws.protocol.close_exc

    def _account(self, update: Update) -> None:
        ref = getattr(update, "ref", "") or getattr(update, "utterance_id", "")
        if not ref:
            return
        if isinstance(update, UploadState) and update.wanted and ref in self._states:
            self._states[ref].put_nowait(update.received)
        last = isinstance(update, Done | ErrorUpdate | Pong)
        if last:
            self._unanswered.pop(ref, None)
        stream = ref.partition("/")[0]  # "m1/2" is an utterance of the stream "m1"
        if ref in self._asked or stream in self._asked:
            updates, answer = self._asked[ref if ref in self._asked else stream]
            updates.append(update)
            if last and ref in self._asked and not answer.done():
                answer.set_result(None)

    async def _come_back(self) -> None:
        deadline, pause = time.monotonic() + self._patience, 0.02
        token = self.welcome.resume if self.welcome else ""
        while self._patience > 0.0:
            if self._renew is not None:
                self.hello = msgspec.structs.replace(self.hello, token=self._renew())
            hello = msgspec.structs.replace(self.hello, resume=token, have=self._have)
            try:
                await self._connect(hello)
                break
            except ChannelError as error:
                if error.field in ("resume", "have", "token") or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)
        else:
            raise ChannelError("the connection is lost")
        with contextlib.suppress(ConnectionClosed):
            for event in list(self._unanswered.values()):
                await self._send(event)

    async def _break(self, error: ChannelError) -> None:
        self._broken = error
        for _, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(error)
        async with self._arrived:
            self._arrived.notify_all()

    async def _send(self, event: Event) -> None:
        if self._ws is None:
            raise ChannelError("the client is not open")
        try:
            frame = encode_event(event, self.encoding)
        except ProtocolError:  # a hand too far away for a compact frame
            frame = encode_event(event, self.encoding, plain=True)
        await self._ws.send(frame.data, text=frame.text)


def _refusal(update: Update) -> ChannelError:
    if isinstance(update, ErrorUpdate):
        return ChannelError(
            update.message, field=update.field, expected=update.expected, got=update.got
        )
    return ChannelError("the server did not welcome us", got=type(update).__name__)
