"""A stand-in: a fork of a visits' process that answers poses while the process itself works.

A re-fit takes a visit tens of milliseconds, a new body for an outfit a second. Its process is one
thread, and cannot answer poses meanwhile. A fork has all that the visit had, body, cloth and
tracker, for the price of some page tables, and goes on with it as it was; when the work is done it
says what it has answered, and ends. The visit follows the same poses without showing them, and
goes on from there.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import time
from collections.abc import Callable

import msgspec

from showroom.protocol.messages import (
    Body,
    Command,
    Input,
    Pose,
    RoomPlan,
    Supplied,
    Utterance,
    Wish,
)

logger = logging.getLogger("showroom.channel")

STOP, HANDOVER, PROGRESS, CANCEL = b"S", b"H", b"P", b"C"
_HEAD = 5
_LONG = Body | Command | RoomPlan | Supplied | Utterance | Wish
"""What may take long."""

UNKNOWN_SECONDS = 0.1
"""What is not known takes about so long."""

FORK_SECONDS = 0.004
"""A fork takes about so long, until one was tried."""

FORGETS = 0.8
WORTH = 8.0
"""Work that takes less than so many forks is done without: the fork holds poses up itself, and the
work is slower while pages are copied."""

LATELY = 1.0
"""Poses that came within so many seconds are likely to go on coming."""

CAUGHT_UP = 64
"""So many of the latest poses are followed afterwards; a tracker remembers no more than that."""


class StandInLostError(Exception):
    """The stand-in has died, and with it messages that it had taken."""


class Handover(msgspec.Struct, array_like=True):
    """What a stand-in leaves behind.

    Attributes:
        buffer: the beginning of a message.
        kept: whole messages that were no poses, in order.
        poses: the latest that it has answered, by visit; ``counts``: how many in all.
        head: how far the ring was written.
    """

    buffer: bytes = b""
    kept: list[bytes] = msgspec.field(default_factory=list)
    poses: dict[str, list[Pose]] = msgspec.field(default_factory=dict)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    head: int = 0


class Experience:
    """Whether a stand-in is worth its fork: how long events took, and forks."""

    def __init__(self) -> None:
        self._fork = FORK_SECONDS
        self._took: dict[tuple[str, str], float] = {}
        self._posed = float("-inf")
        self._tried = False

    def posed(self) -> None:
        """A pose has come."""
        self._posed = time.monotonic()

    def worth(self, event: Input | None) -> bool:
        """Whether poses come, and the event is likely to take much longer than a fork."""
        if not isinstance(event, _LONG) or time.monotonic() - self._posed > LATELY:
            return False
        if isinstance(event, Utterance) and not event.is_final:
            return False
        return self._took.get(_kind(event), UNKNOWN_SECONDS) > WORTH * self._fork

    def took(self, event: Input | None, seconds: float, *, shared: bool = False) -> None:
        """An event took so long; what takes long once may do so again.

        Args:
            shared: beside a stand-in, which makes it slower.
        """
        if isinstance(event, _LONG):
            kind = _kind(event)
            before = self._took.get(kind, 0.0)
            if shared:
                seconds = min(seconds, before)
            self._took[kind] = max(seconds, FORGETS * before)

    def forked(self, seconds: float) -> None:
        """A fork took so long."""
        self._fork = seconds if not self._tried else (self._fork + seconds) / 2
        self._tried = True


class StandIn:
    """The working process's end of its stand-in.

    Args:
        serve: the stand-in's whole life, with its end of a socket.
    """

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._ours, theirs = socket.socketpair()
        self._buffer = bytearray()
        self._cancelled: list[bytes] = []
        began = time.perf_counter()
        self._pid = os.fork()
        if not self._pid:
            code = 1
            try:
                self._ours.close()
                gc.disable()  # it lives shortly, and what it shares it must not copy
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    serve(theirs)  # until whoever it answers has gone, at the latest
                code = 0
            except Exception as error:
                logger.error("a stand-in failed with %s", type(error).__name__)
            finally:
                os._exit(code)
        self.fork_seconds = time.perf_counter() - began
        theirs.close()

    def tell(self, message: bytes) -> None:
        """Have a message sent while the stand-in has the line."""
        with contextlib.suppress(OSError):
            self._ours.sendall(framed(PROGRESS, message))

    def cancelled(self) -> list[bytes]:
        """Cancellations that have come since."""
        self._ours.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self._buffer += self._ours.recv(65536)
        self._ours.setblocking(True)
        self._cancelled += [body for kind, body in unframed(self._buffer) if kind == CANCEL]
        gone, self._cancelled = self._cancelled, []
        return gone

    def end(self) -> Handover:
        """Take over again.

        Raises:
            StandInLostError: it has died.
        """
        try:
            self._ours.sendall(framed(STOP, b""))
            while True:
                for kind, body in unframed(self._buffer):
                    if kind == HANDOVER:
                        return msgspec.msgpack.decode(body, type=Handover)
                data = self._ours.recv(1 << 20)
                if not data:
                    raise StandInLostError
                self._buffer += data
        except OSError as error:
            raise StandInLostError from error
        finally:
            self._ours.close()

    def reap(self) -> bool:
        """Whether it is gone for good."""
        try:
            return os.waitpid(self._pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True


def framed(kind: bytes, body: bytes) -> bytes:
    """A message on the socket between the two."""
    return kind + len(body).to_bytes(_HEAD - 1, "little") + body


def unframed(buffer: bytearray) -> list[tuple[bytes, bytes]]:
    """The whole messages at the beginning of a buffer, taken out of it."""
    found = []
    while len(buffer) >= _HEAD:
        stop = _HEAD + int.from_bytes(buffer[1:_HEAD], "little")
        if len(buffer) < stop:
            break
        found.append((bytes(buffer[:1]), bytes(buffer[_HEAD:stop])))
        del buffer[:stop]
    return found


def _kind(event: Input) -> tuple[str, str]:
    return type(event).__name__, getattr(event, "action", "")
