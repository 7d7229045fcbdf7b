"""One websocket: its encoding, its send queue, its limits, until it breaks or says goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from showroom.protocol import compact
from showroom.protocol.codec import Encoding, Frame, decode_event, encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Bye, ErrorUpdate, Event, MeshFrame, Update

from .metrics import Metrics
from .outbox import Outbox
from .packed import Packed
from .rate import Bucket
from .settings import ServerSettings
from .wire import Wire

logger = logging.getLogger("showroom.channel")

Handle = Callable[[Event], None]

ERRORS_PER_SECOND = 20.0
"""More mistakes than this are still refused, but no longer explained one by one."""

WRITE_AT_ONCE = 32 * 1024
"""Updates are handed to the socket in pieces of about so many bytes."""

PATIENCE = 20.0
"""A client that stays over its rate for so many seconds' worth of messages is cut off."""

_FRAMES = frozenset((Packed, MeshFrame))


class Connection:
    """A websocket with its outbox; all methods run on the event loop.

    Args:
        allows: whether so many more bytes may come from its address; None where any may.

    Attributes:
        encoding: of what is sent; that of the latest message until the hello has settled it.
        plain: poses and meshes go as ordinary messages.
        unwanted: targets whose mesh frames the client does not want, though a watcher may.
        still: it wants no mesh frames at all.
        differs: it takes mesh frames as differences.
        name: as a reader of others' mesh frames.
    """

    _names = itertools.count(1)

    def __init__(
        self,
        ws: Wire,
        settings: ServerSettings,
        metrics: Metrics,
        allows: Callable[[int], bool] | None = None,
    ) -> None:
        now = time.monotonic()
        self.ws = ws
        self.outbox = Outbox(settings.credits, settings.backlog)
        self.encoding: Encoding = "json"
        self.settled = False
        self.plain = False
        self.unwanted: frozenset[str] = frozenset()
        self.still = self.differs = False
        self.name = str(next(self._names))
        self._metrics = metrics
        self._allows = allows
        self._rate = settings.messages_per_second
        self._bucket = Bucket(self._rate, self._rate, now)
        self._errors = Bucket(ERRORS_PER_SECOND, ERRORS_PER_SECOND, now)
        self._patience = PATIENCE * self._rate
        self._waiting = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._due = False
        self._handle: Handle = _nobody
        self._failed: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send what is put."""
        self._writer = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Take and send no more."""
        self.ws.taker = None
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer

    def put(self, update: Update | Packed) -> None:
        """Queue an update; all that is put in one turn of the event loop goes out together."""
        if type(update) in _FRAMES and (
            update.target in self.unwanted or (self.still and update.target)  # type: ignore[union-attr]
        ):
            return
        self.outbox.put(update)
        self._soon()

    def acknowledge(self, target: str, frame: int) -> None:
        """The client has shown a mesh frame."""
        self.outbox.acknowledge(target, frame)
        if not self.outbox.empty:
            self._soon()

    def refuse(self, error: ProtocolError) -> None:
        """Tell the client what was wrong, unless it errs faster than one can tell."""
        self._metrics.refused_total += 1
        if self._errors.take(time.monotonic()):
            self.put(error.update())

    def listen(self, handle: Handle) -> None:
        """Have events dealt with as they come, as far as they need no patience.

        Args:
            handle: raises a :class:`ProtocolError` for what it refuses.
        """
        self._handle = handle
        self.ws.taker = self

    def take(self, data: bytes, text: bool) -> bool:
        """A whole message, as it comes; a goodbye, and what is over the rate, is for
        :meth:`receive`.
        """
        if not (
            self._bucket.take(time.monotonic())
            and (self._allows is None or self._allows(len(data)))
        ):
            return False
        event: Event | None = None
        try:
            if not text and data[:2] == compact.POSE_BEGINS:
                event = compact.plain_pose(data)
            if event is None:
                event = decode_event(data.decode() if text else data)
                if isinstance(event, Bye):
                    return False
        except UnicodeDecodeError:
            return False
        except ProtocolError as error:
            self._metrics.bytes_in_total += len(data)
            self.refuse(error)
            return True
        self._metrics.bytes_in_total += len(data)
        self._metrics.events_total += 1
        try:
            self._handle(event)
        except ProtocolError as error:
            self.refuse(error)
        except Exception as error:
            self._metrics.faults_total += 1
            logger.error("a connection failed with %s", type(error).__name__)
            self.ws.taker = None
            self._failed = asyncio.create_task(self.ws.close(1011, "something went wrong"))
        return True

    async def receive(self) -> Event | None:
        """The next event; None for a message that was refused.

        Raises:
            ConnectionClosed: the client is gone, or was cut off for flooding.
        """
        data = await self.ws.recv()
        if not self.settled:
            self.encoding = "json" if isinstance(data, str) else "msgpack"
        self._metrics.bytes_in_total += len(data)
        if not (
            self._bucket.take(time.monotonic())
            and (self._allows is None or self._allows(len(data)))
        ):
            self._metrics.rate_limited_total += 1
            self._patience -= 1.0
            if self._patience < 0.0:
                await self.ws.close(1008, "too many messages")
            self.refuse(
                ProtocolError(
                    "rate",
                    "messages come faster, or more from one address, than a visit may send",
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

    def _soon(self) -> None:
        if not self._due:
            self._due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Hand to the socket what it takes; the rest waits for :meth:`_write`.

        Not by ``ws.send``: it costs more than all else that is done for a pose, and a task of its
        own for each.
        """
        self._due = False
        ws, outbox = self.ws, self.outbox
        if ws.protocol.state is not State.OPEN:
            return
        while not ws.paused and (update := outbox.take()) is not None:
            frames: list[Frame] = []
            size = 0
            while update is not None:
                frame = self._encode(update)
                frames.append(frame)
                size += len(frame.data)
                update = outbox.take() if size < WRITE_AT_ONCE else None
            ws.send_at_once(frames)
            self._metrics.updates_total += len(frames)
            self._metrics.bytes_out_total += size
        if outbox.overflowed or ws.paused:
            self._waiting.set()

    async def _write(self) -> None:
        """What must wait: for a socket that is full, and to cut off who does not read."""
        with contextlib.suppress(ConnectionClosed, OSError):
            while True:
                await self._waiting.wait()
                self._waiting.clear()
                if self.outbox.overflowed:
                    await self.ws.close(1013, "reads too slowly")
                    return
                await self.ws.drain()
                self._flush()

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


def _nobody(event: Event) -> None:
    """Nobody listens yet."""
