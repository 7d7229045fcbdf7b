"""The channel's end of one process of visits: messages both ways, on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import cast

from .packed import LENGTH
from .ring import Ring, shared_memory

RING_BYTES = 2 * 1024 * 1024
"""For frames of one process; memory that no frame touches costs nothing."""


class Link(asyncio.Protocol):
    """A socket to a process, and the ring that its frames come through.

    Args:
        taken: called with each message.
        lost: called once when the process is gone.
        shares: whether the process can be given memory; without, frames come within messages.

    Attributes:
        theirs: the process's end, and ``memory``, the ring's; the caller hands them over.
        pid: the process's number, once it has said so.
        visits: how many live there.
        load: seconds of work a second, of late.
    """

    def __init__(
        self,
        taken: Callable[[Link, memoryview], None],
        lost: Callable[[Link], None],
        *,
        shares: bool = True,
    ) -> None:
        self._taken = taken
        self._lost = lost
        self._ours, self.theirs = socket.socketpair()
        self.memory = shared_memory(RING_BYTES) if shares else None
        self.ring = Ring(self.memory) if self.memory is not None else None
        self.pid = 0
        self.visits = 0
        self.load = 0.0
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._pieces: list[bytes] = []
        self._have = 0
        self._need = LENGTH
        self._closed = False

    def open(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Begin to read."""
        return loop.create_task(self._connect(loop))

    def handed_over(self) -> None:
        """The process has its ends."""
        if self.memory is not None:
            os.close(self.memory)
            self.memory = None

    def send(self, message: bytes) -> None:
        """Send a message; never waits."""
        data = len(message).to_bytes(LENGTH, "little") + message
        if self._transport is None:
            self._early.append(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Hang up, upon which the process ends; idempotent, and nothing is called any more."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()  # else as soon as there is one
        self._release()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no such class
        if self._closed:
            self._transport.abort()
            return
        for data in self._early:
            self._transport.write(data)
        self._early.clear()

    def data_received(self, data: bytes) -> None:
        if self._pieces:
            self._pieces.append(data)
            self._have += len(data)
            if self._have < self._need:  # most of something large is still to come
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
        whole = memoryview(data)
        at, end = 0, len(data)
        self._need = LENGTH
        while end - at >= LENGTH:
            stop = at + LENGTH + int.from_bytes(data[at : at + LENGTH], "little")
            if stop > end:
                self._need = stop - at
                break
            message = whole[at + LENGTH : stop]
            at = stop
            if not self._closed:
                self._taken(self, message)
        if at < end:
            self._pieces.append(data[at:])
            self._have = end - at

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            self._closed = True
            self._lost(self)
            self._release()

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if hasattr(socket, "AF_UNIX") and self._ours.family == socket.AF_UNIX:
                await loop.create_unix_connection(lambda: self, sock=self._ours)
            else:
                await loop.create_connection(lambda: self, sock=self._ours)
        except OSError as error:
            self.connection_lost(error)

    def _release(self) -> None:
        self.handed_over()
        with contextlib.suppress(OSError):
            self.theirs.close()
        if self.ring is not None:
            self.ring.close()
            self.ring = None
