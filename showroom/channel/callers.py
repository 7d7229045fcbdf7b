"""The load's own process: callers that cost little, so that it is the server that is measured.

They speak just as much of RFC 6455 as they need: frames cut by their lengths, one message that is
sent again and again with one mask.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from showroom.protocol.messages import SUBPROTOCOL

from .promptness import take_short_turns

WARM = 50
"""Poses of each caller before it is measured."""

LINGER = 0.1
"""Seconds for which answers are waited for after the last pose."""

TEXT, BINARY = 0x81, 0x82
_READ = 256 * 1024


@dataclass(frozen=True)
class Call:
    """What is sent.

    Attributes:
        hello: JSON.
        message: sent again and again; JSON, or else binary.
        answer: how what answers it begins; whatever else comes is let pass.
        rate: messages a second of each caller; 0 sends the next when the last is answered.
        core: the processor to run on, or -1.
    """

    hello: bytes
    message: bytes
    answer: bytes
    callers: int
    seconds: float
    rate: float = 0.0
    core: int = -1


class Line:
    """A websocket, past its handshake.

    Args:
        url: without TLS.
        hello: what is said first, JSON.
    """

    def __init__(self, url: str, hello: bytes) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
        )
        self.socket.sendall(request.encode("ascii"))
        self._rest = b""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.socket.recv(_READ)
        self._rest = self._rest.partition(b"\r\n\r\n")[2]
        self.socket.sendall(frame(TEXT, hello))

    def receive(self) -> Iterator[memoryview]:
        """The messages that have come whole by now.

        Raises:
            ConnectionError: the server has hung up.
        """
        data = self.socket.recv(_READ)
        if not data:
            raise ConnectionError("the server has hung up")
        if self._rest:
            data = self._rest + data
        view = memoryview(data)
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                if start > end:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            if start + size > end:
                break
            at = start + size
            yield view[start:at]
        self._rest = data[at:]


def drive(pipe: Any, url: str, call: Call) -> None:
    """Send None when all are connected and warm, then the seconds that each message took.

    With a rate, they count from when a message was due. One that was never answered counts as
    infinitely long. Whoever calls from elsewhere does not wait for this machine's cores; so these
    take short turns, beside other work that wants all of them.
    """
    take_short_turns()
    if call.core >= 0:
        os.sched_setaffinity(0, {call.core})
    callers = [_Caller(call, url) for _ in range(call.callers)]
    poll = select.epoll()
    by_number = {caller.socket.fileno(): caller for caller in callers}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    pipe.send(None)
    began = time.perf_counter()
    end = began + call.seconds
    gap = 1.0 / (call.rate * len(callers)) if call.rate else 0.0
    sent = 0
    if not gap:
        for caller in callers:
            caller.send(began)
    while (now := time.perf_counter()) < end + LINGER:
        if gap and now < end:
            while (due := began + sent * gap) <= now:
                callers[sent % len(callers)].send(due)
                sent += 1
        else:
            due = end + LINGER
        # Unlike a poll for events, this wakes up in time to some microseconds.
        select.select([poll], (), (), max(0.0, due - time.perf_counter()))
        for number, _ in poll.poll(0):
            by_number[number].read(0.0 if gap else end)
    unanswered = sum(len(caller.sent) for caller in callers)
    times = [took for caller in callers for took in caller.times]
    pipe.send(times + [float("inf")] * unanswered)
    pipe.close()


class _Caller(Line):
    """One connection, warm."""

    def __init__(self, call: Call, url: str) -> None:
        super().__init__(url, call.hello)
        self.times: list[float] = []
        self.sent: deque[float] = deque()
        self._message = frame(TEXT if call.message[:1] == b"{" else BINARY, call.message)
        self._answer = call.answer
        for _ in range(WARM):
            self.socket.sendall(self._message)
            while not self._answers():
                pass
        self.socket.setblocking(False)

    def send(self, due: float) -> None:
        """Send a message that was due then."""
        self.sent.append(due)
        self.socket.send(self._message)

    def read(self, until: float) -> None:
        """Take the answers that have come; each is followed by another message ``until`` then."""
        answers = self._answers()
        now = time.perf_counter()
        for _ in range(answers):
            self.times.append(now - self.sent.popleft())
            if now < until:
                self.send(now)

    def _answers(self) -> int:
        size = len(self._answer)
        return sum(message[:size] == self._answer for message in self.receive())


def frame(kind: int, payload: bytes) -> bytes:
    """One masked frame of at most 65,535 bytes."""
    mask = os.urandom(4)
    size = len(payload)
    head = bytes((kind, 0x80 | size)) if size < 126 else bytes((kind, 0xFE, size >> 8, size & 255))
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + masked
