"""One websocket: its encoding, its send queue, its limits, until it breaks or says goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from showroom.protocol import compact
from showroom.protocol.codec import Encoding, Frame, decode_event, encode_update
from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import ErrorUpdate, Event, MeshFrame, Pose, Update
from showroom.protocol.validation import check

from .metrics import Metrics
from .outbox import Outbox
from .packed import Packed
from .rate import Bucket
from .settings import ServerSettings
from .wire import Wire

ERRORS_PER_SECOND = 20.0
"""More mistakes than this are still refused, but no longer explained one by one."""

WRITE_AT_ONCE = 32 * 1024
"""Updates are handed to the socket in pieces of about so many bytes."""

PATIENCE = 20.0
"""A client that stays over its rate for so many seconds' worth of messages is cut off."""


class Connection:
    """A websocket with its outbox; all methods run on the event loop.

    Args:
        allows: whether so many more bytes may come from its address.

    Attributes:
        encoding: of what is sent; that of the latest message until the hello has settled it.
        plain: poses and meshes go as ordinary messages.
        unwanted: targets whose mesh frames the client does not want, though a watcher may.
        still: it wants no mesh frames at all.
    """

    def __init__(
        self,
        ws: Wire,
        settings: ServerSettings,
        metrics: Metrics,
        allows: Callable[[int], bool] = lambda _: True,
    ) -> None:
        now = time.monotonic()
        self.ws = ws
        self.outbox = Outbox(settings.credits, settings.backlog)
        self.encoding: Encoding = "json"
        self.settled = False
        self.plain = False
        self.unwanted: frozenset[str] = frozenset()
        self.still = False
        self._metrics = metrics
        self._allows = allows
        self._rate = settings.messages_per_second
        self._bucket = Bucket(self._rate, self._rate, now)
        self._errors = Bucket(ERRORS_PER_SECOND, ERRORS_PER_SECOND, now)
        self._patience = PATIENCE * self._rate
        self._waiting = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._due = self._held = False

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
        """Queue an update; all that is put in one turn of the event loop goes out together."""
        if isinstance(update, Packed | MeshFrame) and (
            update.target in self.unwanted or (self.still and update.target)
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

    def pose(self, data: bytes) -> Pose | None:
        """The pose in a binary message, in good time and shape; None for whatever else it is."""
        if not (len(data) > 2 and data[0] == compact.MAGIC and data[1] == compact.POSE):
            return None
        if not self._bucket.take(time.monotonic()):
            return None  # the long way says so
        try:
            pose = compact.decode_pose(data)
            check(pose)
        except ProtocolError:
            return None
        self._metrics.bytes_in_total += len(data)
        self._metrics.events_total += 1
        return pose

    def flush(self) -> None:
        """Send what was put, now and not in the event loop's next turn."""
        if self._held:
            self._held = False
            self._flush()

    def hold(self) -> None:
        """Collect what is put until :meth:`flush`."""
        self._held = not self._due

    async def receive(self) -> Event | None:
        """The next event; None for a message that was refused.

        Raises:
            ConnectionClosed: the client is gone, or was cut off for flooding.
        """
        data = await self.ws.recv()
        if not self.settled:
            self.encoding = "json" if isinstance(data, str) else "msgpack"
        self._metrics.bytes_in_total += len(data)
        if not (self._bucket.take(time.monotonic()) and self._allows(len(data))):
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
        if not self._due and not self._held:
            self._due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Hand to the socket what it takes; the rest waits for :meth:`_write`.

        Frames are written by way of websockets' protocol object: its ``send`` costs more than all
        else that is done for a pose, and a task of its own for each.
        """
        self._due = False
        ws, outbox = self.ws, self.outbox
        protocol = ws.protocol
        if protocol.state is not State.OPEN:
            return
        size = 0
        while not ws.paused and (update := outbox.take()) is not None:
            frame = self._encode(update)
            if frame.text:
                protocol.send_text(frame.data)
            else:
                protocol.send_binary(frame.data)
            size += len(frame.data)
            self._metrics.updates_total += 1
            self._metrics.bytes_out_total += len(frame.data)
            if size >= WRITE_AT_ONCE:
                ws.transport.write(b"".join(protocol.data_to_send()))
                size = 0
        if size:
            ws.transport.write(b"".join(protocol.data_to_send()))
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
