"""How much the channel carries, beside a bare websocket echo of the same bytes in the same run.

The load comes from another process: some clients, each of which sends a pose, waits for the
answer and sends the next. What is measured is transport, codec and dispatch; the visit behind it
only answers (:class:`Mirror`). Fitting is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from showroom.protocol.bones import VRM_BONES
from showroom.protocol.codec import encode_event, encode_update
from showroom.protocol.messages import (
    SUBPROTOCOL,
    AvatarPose,
    Hello,
    Input,
    Pose,
    Quat,
    Update,
)

from .host import VisitHost
from .run import ServerThread, loop_factory
from .settings import ServerSettings

BONES = 22
_TURN: Quat = (0.0, 0.0, 0.6, 0.8)
_POSE = Pose(time=1.0, head=(0.0, 1.6, 0.0, *_TURN), left=(0.3, 1.0, 0.0, *_TURN))


class Mirror:
    """A visit without a body: it answers every pose with an avatar pose of 22 bones."""

    def __init__(self) -> None:
        self._rotations = dict.fromkeys(VRM_BONES[:BONES], _TURN)

    def handle(self, event: Input) -> list[Update]:
        """The answer to a pose; nothing else is answered."""
        if not isinstance(event, Pose):
            return []
        root = event.head[:3]
        return [AvatarPose(time=event.time, root=root, rotations=self._rotations, seq=event.seq)]

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


def measure_channel(clients: int = 4, seconds: float = 2.0) -> Carried:
    """Pose in, avatar pose out, through our server."""
    host = VisitHost.in_process(Mirror)
    settings = ServerSettings(messages_per_second=1e9)
    try:
        with ServerThread(settings, host) as server:
            return _load(server.url, clients, seconds)
    finally:
        host.stop()


def measure_echo(clients: int = 4, seconds: float = 2.0) -> Carried:
    """The same bytes in and out of a bare ``websockets`` server on the same kind of loop."""
    with _echo() as url:
        return _load(url, clients, seconds)


@contextlib.contextmanager
def _echo() -> Iterator[str]:
    rotations = dict.fromkeys(VRM_BONES[:BONES], _TURN)
    answer = encode_update(AvatarPose(time=1.0, root=(0.0, 1.0, 0.0), rotations=rotations)).data
    opened: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    async def converse(ws: ServerConnection) -> None:
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
    try:
        yield opened[0]
    finally:
        stop.set()
        thread.join()


def _load(url: str, clients: int, seconds: float) -> Carried:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_drive, args=(theirs, url, clients, seconds), daemon=True)
    process.start()
    theirs.close()
    ours.recv()  # connected and warm
    spent = time.process_time()
    times: list[float] = ours.recv()
    spent = time.process_time() - spent
    process.join()
    times.sort()
    p99 = times[min(len(times) - 1, int(0.99 * len(times)))]
    cpu = spent / len(times) * 1e6
    return Carried(len(times) / seconds, statistics.median(times) * 1e3, p99 * 1e3, cpu)


def _drive(pipe: Any, url: str, clients: int, seconds: float) -> None:
    """The other process: round trips of all clients, in seconds."""
    hello, pose = encode_event(Hello()).data.decode(), encode_event(_POSE).data

    async def client(barrier: asyncio.Barrier, times: list[float]) -> None:
        protocols = [Subprotocol(SUBPROTOCOL)]
        async with connect(url, subprotocols=protocols, compression=None, proxy=None) as ws:
            await ws.send(hello)
            await ws.recv()
            for _ in range(50):
                await ws.send(pose)
                await ws.recv()
            if await barrier.wait() == 0:
                pipe.send(None)
            began = now = time.perf_counter()
            while now - began < seconds:
                await ws.send(pose)
                await ws.recv()
                times.append(time.perf_counter() - now)
                now = time.perf_counter()

    async def main() -> list[float]:
        barrier = asyncio.Barrier(clients)
        times: list[float] = []
        await asyncio.gather(*(client(barrier, times) for _ in range(clients)))
        return times

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        pipe.send(runner.run(main()))
    pipe.close()
