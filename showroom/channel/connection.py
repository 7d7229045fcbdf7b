"""One websocket: its encoding, its send queue, its limits, until it breaks or says goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import time

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from showroom.protocol.codec import Encoding, Frame, decode_event, encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import ErrorUpdate, Event, MeshFrame, Update

from .metrics import Metrics
from .outbox import Outbox
from .packed import Packed
from .rate import Bucket
from .settings import ServerSettings

ERRORS_PER_SECOND = 20.0
"""More mistakes than this are still refused, but no longer explained one by one."""

PATIENCE = 20.0
"""A client that stays over its rate for so many seconds' worth of messages is cut off."""


class Connection:
    """A websocket with its outbox; all methods run on the event loop.

    Attributes:
        encoding: of what is sent; that of the latest message until the hello has settled it.
        plain: poses and meshes go as ordinary messages.
        unwanted: targets whose mesh frames the client does not want, though a watcher may.
        still: it wants no mesh frames at all.
    """

    def __init__(self, ws: ServerConnection, settings: ServerSettings, metrics: Metrics) -> None:
        now = time.monotonic()
        self.ws = ws
        self.outbox = Outbox(settings.credits, settings.backlog)
        self.encoding: Encoding = "json"
        self.settled = False
        self.plain = False
        self.unwanted: frozenset[str] = frozenset()
        self.still = False
        self._metrics = metrics
        self._rate = settings.messages_per_second
        self._bucket = Bucket(self._rate, self._rate, now)
        self._errors = Bucket(ERRORS_PER_SECOND, ERRORS_PER_SECOND, now)
        self._patience = PATIENCE * self._rate
        self._waiting = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send what is put."""
        self._writer = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Send no more."""
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer

    def put(self, update: Update | Packed) -> None:
        """Queue an update for sending."""
        if isinstance(update, Packed | MeshFrame) and (
            update.target in self.unwanted or (self.still and update.target)
        ):
            return
        self.outbox.put(update)
        self._waiting.set()

    def acknowledge(self, target: str, frame: int) -> None:
        """The client has shown a mesh frame."""
        self.outbox.acknowledge(target, frame)
        self._waiting.set()

    def refuse(self, error: ProtocolError) -> None:
        """Tell the client what was wrong, unless it errs faster than one can tell."""
        self._metrics.refused_total += 1
        if self._errors.take(time.monotonic()):
            self.put(error.update())

    async def receive(self) -> Event | None:
        """The next event; None for a message that was refused.

        Raises:
            ConnectionClosed: the client is gone, or was cut off for flooding.
        """
        data = await self.ws.recv()
        if not self.settled:
            self.encoding = "json" if isinstance(data, str) else "msgpack"
        self._metrics.bytes_in_total += len(data)
        if not self._bucket.take(time.monotonic()):
            self._metrics.rate_limited_total += 1
            self._patience -= 1.0
            if self._patience < 0.0:
                await self.ws.close(1008, "too many messages")
            self.refuse(
                ProtocolError(
                    "rate",
                    "messages come faster than a visit may send",
                    expected=f"at most {self._rate:g} a second",
                    got="more",
                )
            )
            return None
        try:
            event = decode_event(data)
        except ProtocolError as error:
            self.refuse(error)
            return None
        self._metrics.events_total += 1
        return event

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._waiting.wait()
                self._waiting.clear()
                while (update := self.outbox.take()) is not None:
                    await self._send(self._encode(update))
                if self.outbox.overflowed:
                    await self.ws.close(1013, "reads too slowly")
                    return

    async def _send(self, frame: Frame) -> None:
        await self.ws.send(frame.data, text=frame.text)
        self._metrics.updates_total += 1
        self._metrics.bytes_out_total += len(frame.data)

    def _encode(self, update: Update | Packed) -> Frame:
        if isinstance(update, Packed):
            if not self.plain:
                return Frame(update.data, False)
            update = update.update()
        try:
            return encode_update(update, self.encoding, plain=self.plain)
        except ProtocolError as error:
            self._metrics.faults_total += 1
            fault = ErrorUpdate(code="internal", message=error.message, field=error.field)
            return encode_update(fault, self.encoding)
