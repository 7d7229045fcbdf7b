"""The server's websocket, with a shorter way in and out for what comes ninety times a second.

``websockets`` parses every frame in a generator, wraps it twice, and wakes a task for it: that
costs more than all that is done about a pose. Here whole, unfragmented data messages are cut out
of what has come, unmasked by the library's own C function, and dealt with before the socket is
left. All else (handshake, control frames, fragments, whatever breaks RFC 6455 in any way) goes to
the library frame by frame, so that it says what it always said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidMessage
from websockets.protocol import State

try:
    from websockets.speedups import apply_mask
except ImportError:  # where the library was built without its C part
    from websockets.utils import apply_mask

_TEXT, _BINARY = 0x81, 0x82
_KINDS = (_TEXT, _BINARY)
_MASKED = 0x80
_SHORT, _MEDIUM = 125, 126
"""Lengths up to the first stand in the second byte; the other says that two bytes of it follow."""


class Taker(Protocol):
    """Who deals with messages as they come; must not raise."""

    def take(self, data: bytes, text: bool) -> bool:
        """Deal with a whole message; False leaves it to :meth:`ServerConnection.recv`."""


NO_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 44\r\n\r\nexpected an HTTP/1.1 GET without any body.\r\n"
)


class Wire(ServerConnection):
    """A connection whose whole messages may be taken as they arrive.

    Attributes:
        taker: is offered messages, unless others still wait for ``recv``.
    """

    taker: Taker | None = None
    _told = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cuts = True
        self._piece = b""

    def send_at_once(self, payloads: Sequence[tuple[bytes, bool]]) -> None:
        """Write whole messages, each with whether it is text, by one call; only while open."""
        parts: list[bytes] = []
        for data, text in payloads:
            kind, size = _TEXT if text else _BINARY, len(data)
            if size <= _SHORT:
                parts.append(bytes((kind, size)))
            elif size < 65536:
                parts.append(bytes((kind, _MEDIUM, size >> 8, size & 255)))
            else:
                parts.append(bytes((kind, 127)) + size.to_bytes(8, "big"))
            parts.append(data)
        self.transport.write(b"".join(parts))

    def data_received(self, data: bytes) -> None:
        """See :class:`ServerConnection`."""
        if not self._cuts:
            super().data_received(data)
            return
        if self.protocol.state is State.CONNECTING:
            self._shake(data)
            return
        self._cut(self._piece + data if self._piece else data)

    def _cut(self, data: bytes) -> None:
        """Cut whole frames out of what has come, as long as they are what RFC 6455 allows."""
        if self._closing():
            self._leave(data)
            return
        at, end = 0, len(data)
        while end - at >= 6:
            size = data[at + 1] - _MASKED
            body = at + 6
            if size == _MEDIUM:
                if end - at < 8:
                    break
                size = data[at + 2] << 8 | data[at + 3]
                body = at + 8
            elif not 0 <= size <= _SHORT:  # not masked, or larger than any event may be
                self._leave(data[at:])
                return
            stop = body + size
            if stop > end:
                break
            kind = data[at]
            if (
                self.taker is None
                or kind not in _KINDS
                or self.recv_messages.frames.queue
                or self.protocol.current_size is not None  # amid a message in fragments
                or not self.taker.take(
                    apply_mask(data[body:stop], data[body - 4 : body]), kind == _TEXT
                )
            ):
                super().data_received(data[at:stop])
                if self._closing():
                    self._leave(data[stop:])
                    return
            at = stop
        if at < end and (data[at] not in _KINDS or (end - at > 1 and data[at + 1] < _MASKED)):
            self._leave(data[at:])  # at fault, or so rare that it is not worth waiting for
        else:
            self._piece = data[at:]

    def send_data(self) -> None:
        """See :class:`ServerConnection`, which hangs up on what is no HTTP without a word."""
        if isinstance(self.protocol.handshake_exc, InvalidMessage) and not self._told:
            self._told = True
            self.transport.write(NO_REQUEST)
        super().send_data()

    def eof_received(self) -> None:
        """See :class:`ServerConnection`; a frame that was cut short is seen by the library, too."""
        self._leave(self._piece)
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`ServerConnection`."""
        self._cuts, self._piece = False, b""
        super().connection_lost(exc)

    def _shake(self, data: bytes) -> None:
        """The handshake; whoever already sends more than it has their frames parsed as ever."""
        early = self.request is not None
        super().data_received(data)
        if early or (self.request is not None and not data.endswith(b"\r\n\r\n")):
            self._cuts = False

    def _closing(self) -> bool:
        return self.protocol.state is not State.OPEN

    def _leave(self, data: bytes) -> None:
        """Leave all that comes to the library."""
        self._cuts, self._piece = False, b""
        if data:
            super().data_received(data)
