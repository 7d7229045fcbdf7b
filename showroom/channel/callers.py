"""The load's own process: callers that cost little, so that it is the server that is measured.

They speak just as much of RFC 6455 as they need: one hello, one pose sent again and again with one
mask, answers counted by their lengths.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from showroom.protocol.messages import SUBPROTOCOL

WARM = 50
"""Poses of each caller before it is measured."""

LINGER = 0.1
"""Seconds for which answers are waited for after the last pose."""

_TEXT, _BINARY = 0x81, 0x82
_READ = 256 * 1024


@dataclass(frozen=True)
class Call:
    """What is sent.

    Attributes:
        hello: JSON; whatever comes first is its answer.
        pose: a binary message; each is answered by one.
        rate: poses a second of each caller; 0 sends the next when the last is answered.
        core: the processor to run on, or -1.
    """

    hello: bytes
    pose: bytes
    callers: int
    seconds: float
    rate: float = 0.0
    core: int = -1


def drive(pipe: Any, url: str, call: Call) -> None:
    """Send None when all are connected and warm, then the seconds that each pose took.

    With a rate, they count from when a pose was due. A pose that was never answered counts as
    infinitely long.
    """
    if call.core >= 0:
        os.sched_setaffinity(0, {call.core})
    address = urlsplit(url)
    callers = [
        _Caller(call, address.hostname or "", address.port or 0) for _ in range(call.callers)
    ]
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


class _Caller:
    """One connection, past its hello and warm."""

    def __init__(self, call: Call, host: str, port: int) -> None:
        self.times: list[float] = []
        self.sent: deque[float] = deque()
        self._pose = _frame(_BINARY, call.pose)
        self._rest = b""
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
        )
        self.socket.sendall(request.encode("ascii"))
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.socket.recv(_READ)
        self._rest = self._rest.partition(b"\r\n\r\n")[2]
        self.socket.sendall(_frame(_TEXT, call.hello))
        answered = 0
        while answered < 1 + WARM:
            if fresh := self._answers(self.socket.recv(_READ)):
                answered += fresh
                self.socket.sendall(self._pose * fresh)
        while not self._answers(self.socket.recv(_READ)):
            pass
        self.socket.setblocking(False)

    def send(self, due: float) -> None:
        """Send a pose that was due then."""
        self.sent.append(due)
        self.socket.send(self._pose)

    def read(self, until: float) -> None:
        """Take the answers that have come; each is followed by another pose ``until`` then."""
        answers = self._answers(self.socket.recv(_READ))
        now = time.perf_counter()
        for _ in range(answers):
            self.times.append(now - self.sent.popleft())
            if now < until:
                self.send(now)

    def _answers(self, data: bytes) -> int:
        """How many messages have come."""
        if not data:
            raise ConnectionError("the server has hung up")
        if self._rest:
            data = self._rest + data
        at, end, count = 0, len(data), 0
        while end - at >= 4:  # none of the answers is shorter
            size = data[at + 1]
            start = at + 2
            if size == 126:
                start, size = at + 4, data[at + 2] << 8 | data[at + 3]
            if start + size > end:
                break
            at = start + size
            count += 1
        self._rest = data[at:]
        return count


def _frame(kind: int, payload: bytes) -> bytes:
    """One masked frame of at most 65,535 bytes."""
    mask = os.urandom(4)
    size = len(payload)
    head = bytes((kind, 0x80 | size)) if size < 126 else bytes((kind, 0xFE, size >> 8, size & 255))
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + masked
