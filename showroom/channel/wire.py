"""The server's websocket, with a shorter way in for what comes ninety times a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import InvalidMessage
from websockets.frames import Opcode

NO_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 44\r\n\r\nexpected an HTTP/1.1 GET without any body.\r\n"
)


class Wire(ServerConnection):
    """A connection whose whole binary messages may be taken as they arrive.

    The usual way in, by :meth:`recv`, wakes a task for each message, which costs more than a pose
    itself. It stays the way for all else, and for what comes while that still waits.

    Attributes:
        take: is offered the bytes of a message, and says whether it has dealt with it; must not
            raise.
    """

    take: Callable[[bytes], bool] | None = None
    _told = False

    def process_event(self, event: Any) -> None:
        """See :class:`ServerConnection`; every message is whole, or the first of its fragments."""
        if (
            self.take is not None
            and event.opcode is Opcode.BINARY
            and event.fin
            and not self.recv_messages.frames.queue
            and self.take(bytes(event.data))
        ):
            return
        super().process_event(event)

    def send_data(self) -> None:
        """See :class:`ServerConnection`, which hangs up on what is no HTTP without a word."""
        if isinstance(self.protocol.handshake_exc, InvalidMessage) and not self._told:
            self._told = True
            self.transport.write(NO_REQUEST)
        super().send_data()
