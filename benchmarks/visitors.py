"""What visitors wait for while others keep the server busy: frames, acknowledgements, the door.

The server has a process of its own, each of its visits another, and so have those who wait. On a
machine that does other things too the figures are scheduling more than anything: run it in real
time then (``chrt -r 2``), and the visits that fit ahead of other sessions (Linux's autogroups:
``setsid -w bash -c 'echo -19 > /proc/self/autogroup; exec chrt -r 2 python ...'``).

Usage: python benchmarks/visitors.py [frames] [slow] [storm]
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import select
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from showroom.channel.async_client import AsyncClient
from showroom.channel.callers import BINARY, TEXT, Call, Line, drive, frame
from showroom.channel.crowd import Waits, table, waits
from showroom.channel.worker import Tell
from showroom.protocol.codec import decode_update, encode_event
from showroom.protocol.compact import MESH_BEGINS
from showroom.protocol.messages import (
    SUBPROTOCOL,
    Ack,
    AvatarPose,
    Body,
    Command,
    ErrorUpdate,
    Event,
    Hello,
    Input,
    MeshFrame,
    Ping,
    Pose,
    Update,
    Welcome,
)

RATE = 72.0
SECONDS = 6.0
TURN = (0.0, 0.0, 0.0, 1.0)
VERTICES = 5000
SLOW_BYTES = 200_000.0
STORM, STORM_SECONDS = 1000, 5.0
SETTLE = 3.0
"""Seconds till visits are there and at rest."""


class Waving:
    """A visit whose cloth of 5,000 vertices moves with every pose; nothing is fitted."""

    def __init__(self) -> None:
        self._points = np.random.default_rng(1).random((VERTICES, 3), np.float32)
        self._frame = 0

    def handle(self, event: Input) -> list[Update]:
        """A pose is answered by the avatar's and by cloth."""
        if not isinstance(event, Pose):
            return []
        self._frame += 1
        moved = (self._points + np.float32(0.01 * np.sin(event.time))).tobytes()
        return [
            AvatarPose(time=event.time, root=event.head[:3], rotations={}, seq=event.seq),
            MeshFrame(target="t", glb="", frame=self._frame, time=event.time, positions=moved),
        ]

    def snapshot(self) -> dict[str, Any]:
        """Nothing is remembered."""
        return {}

    def restore(self, snapshot: dict[str, Any]) -> list[Update]:
        """Nothing was remembered."""
        return []

    def attend(self, tell: Tell) -> None:
        """It never works long."""

    def catch_up(self, poses: Sequence[Pose], count: int) -> list[Update]:
        """Its cloth is that of the latest pose."""
        self._frame += count
        return []


def _serve(pipe: Any, real: bool) -> None:
    from showroom.app import open_showroom
    from showroom.channel.pool import VisitPool
    from showroom.channel.run import ServerThread
    from showroom.channel.settings import ServerSettings
    from showroom.protocol.quantise import warm_up

    settings = ServerSettings(max_visits=64)
    if real:
        with open_showroom(None, scene="store", port=0, settings=settings) as showroom:
            pipe.send(showroom.server.url)
            pipe.recv()
        return
    host = VisitPool(Waving, prepare=warm_up)
    try:
        with ServerThread(settings, host) as server:
            pipe.send(server.url)
            pipe.recv()
    finally:
        host.stop()


@contextlib.contextmanager
def server(*, real: bool) -> Iterator[tuple[str, int]]:
    """The URL and process number of a server, with the shipped showroom or with waving cloth."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, real))
    process.start()
    try:
        yield ours.recv(), process.pid or 0
    finally:
        with contextlib.suppress(OSError):
            ours.send(None)
        process.join(20.0)


def in_real_time_too(pid: int) -> None:
    """Put a server's visits one step below this benchmark, where it is in real time.

    They give that up by themselves; here it keeps a machine's other work out of the figures. Not
    beside one who fits: in real time nobody shares a core by less than a tenth of a second.
    """
    policy = os.sched_getscheduler(0)
    if policy not in (os.SCHED_RR, os.SCHED_FIFO):
        return
    below = os.sched_param(max(1, os.sched_getparam(0).sched_priority - 1))
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text(encoding="ascii").split()):
            os.sched_setscheduler(child, policy, below)
            in_real_time_too(child)


async def walk(client: AsyncClient, seconds: float, parts: int) -> tuple[list[float], int]:
    """Seconds from each pose to the last of ``parts`` frames that answer it, and the poses sent."""
    sent: dict[float, float] = {}
    came: dict[float, int] = {}
    took: list[float] = []

    async def read() -> None:
        async for update in client.updates():
            if isinstance(update, AvatarPose | MeshFrame):
                came[update.time] = came.get(update.time, 0) + 1
                if came[update.time] == parts and update.time in sent:
                    took.append(time.perf_counter() - sent[update.time])

    reader = asyncio.create_task(read())
    began = time.perf_counter()
    number = 0
    base = time.monotonic()
    while time.perf_counter() - began < seconds:
        moment = round(base + number / RATE, 6)
        sway = 0.05 * float(np.sin(number / 30))
        sent[moment] = time.perf_counter()
        head, left, right = (0.0, 1.6, sway, *TURN), (0.3, 1.0, 0.0, *TURN), (-0.3, 1.0, 0.0, *TURN)
        await client.send(Pose(time=moment, seq=number, head=head, left=left, right=right))
        number += 1
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
    await asyncio.sleep(0.3)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    return took, number


async def pinging(url: str, seconds: float) -> asyncio.Task[list[float]]:
    """Round trips that the channel answers by itself, 72 a second, to a visitor of their own.

    From a process of their own, which does nothing else; it has come in when this returns, since
    a Python that starts keeps a core busy for half a second.
    """
    hello, message = encode_event(Hello(want=("still",))).data, encode_event(Ping(time=1.0)).data
    call = Call(hello, message, b'{"type":"pong"', 1, seconds, RATE)
    return await _elsewhere(drive, url, call)


async def _elsewhere(work: Callable[..., None], *args: Any) -> asyncio.Task[list[float]]:
    """What another process sends through a pipe; returns when that process is ready."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    await asyncio.to_thread(ours.recv)

    async def said() -> list[float]:
        seconds: list[float] = await asyncio.to_thread(ours.recv)
        process.join()
        return seconds

    return asyncio.create_task(said())


async def fitting(client: AsyncClient, stop: asyncio.Event) -> int:
    """One who never ceases to try on and to change sizes; how often it was done."""
    number = 0
    while not stop.is_set():
        for event in (
            Body(id=f"b{number}", height=1.6 + (number % 20) / 100),
            Command(id=f"t{number}", action="try_on", target="tshirt"),
            Command(id=f"s{number}", action="adjust_fit", part="sleeve", delta=0.01),
        ):
            await client.ask(event, seconds=120.0)
        number += 1
    return number


async def frames() -> list[Waits]:
    """Frames and acknowledgements of one visitor, alone and beside one who keeps fitting."""
    rows = []
    with server(real=True) as (url, _):
        async with (
            AsyncClient(url, Hello(want=("delta",))) as one,
            AsyncClient(url) as other,
        ):
            opening: tuple[Event, ...] = (
                Body(id="b", height=1.68),
                Command(id="t", action="try_on", target="tshirt"),
            )
            for event in opening:
                await one.ask(event, seconds=120.0)
            await walk(one, 2.0, 2)
            for name in ("alone", "beside"):
                stop = asyncio.Event()
                pings = await pinging(url, SECONDS)
                busy = asyncio.create_task(fitting(other, stop)) if name == "beside" else None
                took, sent = await walk(one, SECONDS, 2)
                rows.append(waits(f"pose {name[:5]}", took, sent - len(took)))
                rows.append(waits(f"ping {name[:5]}", await pings, 0))
                stop.set()
                if busy is not None:
                    print(f"the other was fitted {await busy} times meanwhile")
    return rows


async def slow() -> list[Waits]:
    """A reader of 200 kB/s beside four fast ones, each with 5,000 vertices 72 times a second."""
    with server(real=False) as (url, pid):
        before = _megabytes(pid)
        ages: list[float] = []
        following = await _elsewhere(_follow, url, 4, SECONDS)
        await asyncio.sleep(SETTLE - 0.5)
        in_real_time_too(pid)
        reader = asyncio.create_task(_read_slowly(url, SECONDS, ages))
        took = await following
        await reader
        after = _megabytes(pid)
    print(f"the server's memory: {after - before:+.1f} MB with five visits")
    lost = sum(1 for t in took if t == float("inf"))
    return [waits("fast", [t for t in took if t < float("inf")], lost), waits("slow, age", ages, 0)]


class _Follower(Line):
    """A fast reader: moves, takes frames as they come, acknowledges them, and decodes nothing."""

    def __init__(self, url: str) -> None:
        super().__init__(url, encode_event(Hello()).data)
        self.sent: dict[float, float] = {}
        self.times: list[float] = []

    def move(self, number: int, due: float) -> None:
        moment = number / RATE
        self.sent[moment] = due
        pose = Pose(time=moment, seq=number, head=(0.0, 1.6, 0.0, *TURN))
        self.socket.send(frame(BINARY, encode_event(pose).data))

    def read(self) -> None:
        for message in self.receive():
            if message[:2] != MESH_BEGINS:
                continue
            now = time.perf_counter()
            number, moment = struct.unpack_from("<Id", message, 4)
            if (due := self.sent.pop(moment, None)) is not None:
                self.times.append(now - due)
            self.socket.send(frame(TEXT, encode_event(Ack(target="t", frame=number)).data))


def _follow(pipe: Any, url: str, count: int, seconds: float) -> None:
    """Send the seconds from each pose of some fast readers to the cloth that answers it."""
    followers = [_Follower(url) for _ in range(count)]
    poll = select.epoll()
    by_number = {follower.socket.fileno(): follower for follower in followers}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    pipe.send(None)
    began = time.perf_counter() + SETTLE
    sent, gap = 0, 1.0 / (RATE * count)
    while (now := time.perf_counter()) < began + seconds + 0.3:
        while (due := began + sent * gap) <= min(now, began + seconds):
            followers[sent % count].move(sent // count + 1, due)
            sent += 1
        select.select([poll], (), (), max(0.0, min(due - time.perf_counter(), 0.1)))
        for number, _ in poll.poll(0):
            by_number[number].read()
    lost = sum(len(follower.sent) for follower in followers)
    pipe.send([t for follower in followers for t in follower.times] + [float("inf")] * lost)
    pipe.close()


async def _read_slowly(url: str, seconds: float, ages: list[float]) -> None:
    """Take frames at a slow line's pace, and say how old they are when they are through."""
    async with connect(
        url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, proxy=None, max_queue=1
    ) as ws:
        await ws.send(encode_event(Hello()).data.decode())
        began = time.perf_counter()

        async def pose() -> None:
            number = 0
            while time.perf_counter() - began < seconds:
                moment = time.perf_counter() - began
                await ws.send(encode_event(Pose(time=moment, head=(0, 1.6, 0, *TURN))).data)
                number += 1
                await asyncio.sleep(1 / RATE)

        poses = asyncio.create_task(pose())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    data = await ws.recv()
                    await asyncio.sleep(len(data) / SLOW_BYTES)
                    update = decode_update(data)
                    if isinstance(update, MeshFrame):
                        ages.append(time.perf_counter() - began - update.time)
                        ack = encode_event(Ack(target=update.target, frame=update.frame))
                        await ws.send(ack.data.decode())
        await poses


async def storm() -> list[Waits]:
    """A thousand at the door in five seconds of a house for 64, with somebody inside."""
    with server(real=False) as (url, _):
        inside = AsyncClient(url)
        await inside.open()
        welcomed: list[float] = []
        counts = {"welcomed": 0, "refused": 0, "failed": 0}

        async def knock(number: int) -> None:
            await asyncio.sleep(STORM_SECONDS * number / STORM)
            began = time.perf_counter()
            try:
                async with connect(
                    url,
                    subprotocols=[Subprotocol(SUBPROTOCOL)],
                    compression=None,
                    proxy=None,
                    open_timeout=60,
                ) as ws:
                    await ws.send(encode_event(Hello()).data.decode())
                    update = decode_update(await asyncio.wait_for(ws.recv(), 60))
                    if isinstance(update, Welcome):
                        counts["welcomed"] += 1
                        welcomed.append(time.perf_counter() - began)
                        await asyncio.sleep(2 * STORM_SECONDS)
                    elif isinstance(update, ErrorUpdate) and update.code == "busy":
                        counts["refused"] += 1
                        welcomed.append(time.perf_counter() - began)
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                counts["failed"] += 1

        pings = await pinging(url, STORM_SECONDS + 1.0)
        await asyncio.gather(*(knock(number) for number in range(STORM)))
        took = await pings
        dropped = inside.resumed
        await inside.close()
    print(f"{STORM} at the door in {STORM_SECONDS:g} s: {counts}; dropped inside: {dropped}")
    return [waits("answered", welcomed, counts["failed"]), waits("inside", took, dropped)]


def _megabytes(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024.0


def main() -> None:
    parts = {"frames": frames, "slow": slow, "storm": storm}
    for name in sys.argv[1:] or list(parts):
        print(f"\n{name}: {(parts[name].__doc__ or '').splitlines()[0]}")
        print(table(asyncio.run(parts[name]())))


if __name__ == "__main__":
    main()
