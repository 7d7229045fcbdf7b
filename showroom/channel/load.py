"""How much the channel carries, beside a bare websocket echo of the same bytes in the same run.

The load comes from another process and another core (:mod:`.callers`): callers that each send a
pose, wait for the answer and send the next, or visitors who send ninety a second whatever comes.
What is measured is transport, codec and dispatch; the visit behind it only answers
(:class:`Mirror`). Fitting is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from showroom.protocol.bones import VRM_BONES
from showroom.protocol.codec import encode_event, encode_update
from showroom.protocol.compact import AVATAR_BEGINS
from showroom.protocol.messages import (
    SUBPROTOCOL,
    AvatarPose,
    Hello,
    Input,
    Pose,
    Quat,
    Update,
)
from showroom.protocol.rotations import BoneRotations

from .callers import Call, drive
from .host import VisitHost
from .run import ServerThread, loop_factory, settle
from .settings import ServerSettings
from .worker import Tell

BONES = 22
HZ = 90.0
MAX_CALLERS = 2000
_TURN: Quat = (0.0, 0.0, 0.6, 0.8)
_POSE = Pose(time=1.0, head=(0.0, 1.6, 0.0, *_TURN), left=(0.3, 1.0, 0.0, *_TURN))


class Mirror:
    """A visit without a body: it answers every pose with an avatar pose of 22 bones.

    As the array that a tracked body's rotations come in, fresh for every pose.
    """

    def __init__(self) -> None:
        self._numbers = bytes(range(BONES))
        self._body = np.tile(np.array(_TURN, np.float32), (BONES, 1))

    def handle(self, event: Input) -> list[Update]:
        """The answer to a pose; nothing else is answered."""
        if not isinstance(event, Pose):
            return []
        rotations = BoneRotations(self._numbers, self._body.copy())
        return [
            AvatarPose(time=event.time, root=event.head[:3], rotations=rotations, seq=event.seq)
        ]

    def attend(self, tell: Tell) -> None:
        """It never works long."""

    def catch_up(self, poses: Sequence[Pose], count: int) -> list[Update]:
        """It has no body that follows."""
        return []

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> list[Update]:
        """Nothing was remembered."""
        return []


@dataclass(frozen=True)
class Carried:
    """What was carried: round trips a second, their median and 99th percentile in ms.

    ``cpu`` is the serving process's own time per round trip in µs: it hardly depends on what else
    the machine does.
    """

    per_second: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True)
class Borne:
    """How many visitors of 90 poses a second a server bears, and what they see then.

    Attributes:
        visitors: the most of whom the slowest hundredth of poses took no longer than was asked.
    """

    visitors: int
    seen: Carried


Serving = Callable[[], contextlib.AbstractContextManager[str]]
"""Opens a server and gives its URL."""


def measure_channel(clients: int = 4, seconds: float = 2.0) -> Carried:
    """Pose in, avatar pose out, through our server."""
    return _measure(channel, clients, seconds)


def measure_echo(clients: int = 4, seconds: float = 2.0) -> Carried:
    """The same bytes in and out of a bare ``websockets`` server on the same kind of loop."""
    return _measure(echo, clients, seconds)


def bear(serving: Serving, limit: float = 1.0, seconds: float = 1.0, tries: int = 3) -> Borne:
    """How many visitors a server bears; to a sixteenth of them, the best of some tries each.

    Args:
        limit: ms that the 99th percentile of poses may take, from when each was due.
        seconds: of each try.
        tries: with as many visitors, before they are too many: other work on the machine only
            ever makes a server worse.
    """
    nobody = Borne(0, Carried(0.0, 0.0, 0.0, 0.0))

    def attempt(visitors: int) -> Borne | None:
        for _ in range(tries):
            seen = _measure(serving, visitors, seconds, HZ)
            if seen.p99 <= limit:
                return Borne(visitors, seen)
        return None

    best, most = nobody, 0
    step = 32
    while best.visitors + step <= MAX_CALLERS:
        borne = attempt(best.visitors + step)
        if borne is not None:
            best = borne
            step *= 1 if most else 2
        else:
            most = best.visitors + step
        if most:
            step = (most - best.visitors) // 2
            if 16 * step < most:
                break
    return best


@contextlib.contextmanager
def channel() -> Iterator[str]:
    """Our server with visits that only answer."""
    host = VisitHost.in_process(Mirror)
    settings = ServerSettings(messages_per_second=1e6, max_visits=MAX_CALLERS)
    try:
        with ServerThread(settings, host) as server:
            settle()
            yield server.url
    finally:
        host.stop()


@contextlib.contextmanager
def echo() -> Iterator[str]:
    """A bare ``websockets`` server that answers each message with bytes of the same length."""
    rotations = dict.fromkeys(VRM_BONES[:BONES], _TURN)
    answer = encode_update(AvatarPose(time=1.0, root=(0.0, 1.0, 0.0), rotations=rotations)).data
    opened: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    async def converse(ws: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in ws:
                if isinstance(message, bytes):
                    await ws.send(answer)
                else:  # the hello; any text will do for an answer
                    await ws.send(message)

    async def main() -> None:
        protocols = [Subprotocol(SUBPROTOCOL)]
        async with serve(converse, "127.0.0.1", 0, subprotocols=protocols, compression=None) as s:
            opened.append(f"ws://127.0.0.1:{next(iter(s.sockets)).getsockname()[1]}")
            ready.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(main())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    settle()
    try:
        yield opened[0]
    finally:
        stop.set()
        thread.join()


def _measure(serving: Serving, clients: int, seconds: float, rate: float = 0.0) -> Carried:
    """The server on one core, the load on another where there is one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        return _load(serving, clients, seconds, rate, -1)
    os.sched_setaffinity(0, {cores[0]})  # threads that begin from now on inherit it
    try:
        return _load(serving, clients, seconds, rate, cores[1])
    finally:
        os.sched_setaffinity(0, cores)


def _load(serving: Serving, clients: int, seconds: float, rate: float, core: int) -> Carried:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    hello, pose = encode_event(Hello()).data, encode_event(_POSE).data
    call = Call(hello, pose, AVATAR_BEGINS, clients, seconds, rate, core)
    with serving() as url:
        process = context.Process(target=drive, args=(theirs, url, call), daemon=True)
        process.start()
        theirs.close()
        ours.recv()  # connected and warm
        spent = time.process_time()
        times: list[float] = ours.recv()
        spent = time.process_time() - spent
        process.join()
    times.sort()

    def at(share: float) -> float:
        return times[min(len(times) - 1, int(share * len(times)))] * 1e3

    answered = sum(1 for took in times if took < math.inf)
    return Carried(answered / seconds, at(0.5), at(0.99), spent / answered * 1e6)
