"""A visitor's own long sentence: their body goes on, they see how far it is, and may stop it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from channel_toys import HEAD, make_toy

from showroom.app import make_visit
from showroom.channel.async_client import AsyncClient
from showroom.channel.pool import VisitPool
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.channel.stand_in import Experience, framed, unframed
from showroom.protocol.messages import (
    AvatarPose,
    Body,
    Cancel,
    Command,
    Done,
    ErrorUpdate,
    Hello,
    MeshFrame,
    Pose,
    ProductChanged,
    Progress,
    Reply,
    Update,
    Utterance,
)

forks = pytest.mark.skipif(sys.platform != "linux", reason="stand-ins need a safe fork")


def working(
    test: Callable[[Server, AsyncClient, VisitPool], Awaitable[None]],
    make: Callable = make_toy,
    want: tuple[str, ...] = (),
) -> None:
    pool = VisitPool(make)

    async def main() -> None:
        async with open_server(ServerSettings(), pool) as server, asyncio.timeout(120):
            async with AsyncClient(server.url, Hello(client="own/1", want=want)) as client:
                await client.ask(Command(id="first", action="help"), seconds=60.0)
                await test(server, client, pool)
            assert server.metrics.faults_total == 0

    try:
        asyncio.run(main())
    finally:
        pool.stop()


async def walk(
    client: AsyncClient, until: Callable[[list[Update]], bool], first: int = 1
) -> list[Update]:
    """Pose after pose, until what has come is enough; mesh frames are acknowledged."""
    seen: list[Update] = []
    number = first
    while not until(seen):
        await client.send(Pose(time=number / 90, head=HEAD, seq=number))
        number += 1
        await asyncio.sleep(0.005)
        seen += await client.poll()
    return seen


def has(ref: str) -> Callable[[list[Update]], bool]:
    return lambda seen: any(isinstance(u, Done | ErrorUpdate) and u.ref == ref for u in seen)


async def posed(client: AsyncClient) -> None:
    """Poses come and all that they need is compiled."""
    await walk(client, lambda seen: sum(isinstance(u, MeshFrame) for u in seen) > 4)


@forks
@pytest.mark.parametrize("want", [(), ("delta",)])
def test_ones_own_body_goes_on_while_a_long_sentence_is_worked_on(want):
    async def test(server: Server, client: AsyncClient, pool: VisitPool) -> None:
        await posed(client)
        sleep = Command(id="s", action="report", option="sleep", value=1.0)
        await client.send(sleep)
        seen = await walk(client, has("s"), 1000)
        poses = [u for u in seen if isinstance(u, AvatarPose)]
        meshes = [u.frame for u in seen if isinstance(u, MeshFrame)]
        assert len(poses) > 20, "a second is ninety frames, and many of them were answered"
        assert [p.seq for p in poses] == sorted(p.seq for p in poses)
        assert meshes == sorted(set(meshes)), "no frame's number comes twice or goes back"
        (answer,) = (u for u in seen if isinstance(u, Reply))
        # the visit knows of every pose that was answered meanwhile
        asked = int(answer.text.split()[1])
        (after,) = (
            u for u in await client.ask(Command(id="n", action="help")) if isinstance(u, Reply)
        )
        assert int(after.text.split()[1]) >= asked + len(poses) - 1
        seen = await walk(client, lambda s: sum(isinstance(u, MeshFrame) for u in s) > 3, 3000)
        points = [u for u in seen if isinstance(u, MeshFrame)][-1]
        assert np.allclose(np.frombuffer(points.positions, "<f4"), points.time, atol=2e-4)

    working(test, want=want)


@forks
def test_what_is_said_meanwhile_waits_in_order_and_progress_is_told():
    async def test(server: Server, client: AsyncClient, pool: VisitPool) -> None:
        await posed(client)
        await client.send(Command(id="s", action="report", option="sleep", value=0.8))
        for number in range(20):
            await client.send(Utterance(id=f"u{number}", text="x" * 300))
        seen = await walk(client, has("u19"), 1000)
        ends = [u.ref for u in seen if isinstance(u, Done)]
        assert ends == ["s", *(f"u{n}" for n in range(20))]
        progress = [u for u in seen if isinstance(u, Progress)]
        assert len(progress) > 2 and {u.ref for u in progress} == {"s"}
        assert [u.done for u in progress] == sorted(u.done for u in progress)
        assert seen.index(progress[-1]) < next(
            i for i, u in enumerate(seen) if isinstance(u, Done) and u.ref == "s"
        )

    working(test)


@pytest.mark.parametrize("poses", [pytest.param(True, marks=forks), False])
def test_a_long_sentence_can_be_cancelled_and_so_can_one_that_waits(poses):
    async def test(server: Server, client: AsyncClient, pool: VisitPool) -> None:
        if poses:
            await posed(client)
        await client.send(Command(id="s", action="report", option="sleep", value=30.0))
        await client.send(Utterance(id="waits", text="x"))
        await client.send(Utterance(id="stays", text="y"))
        seen: list[Update] = []
        while not any(isinstance(u, Progress) for u in seen):
            seen += await client.poll()
            await asyncio.sleep(0.005)
        await client.send(Cancel(ref="waits"))
        await client.send(Cancel(ref="s"))
        seen = await walk(client, has("stays"), 1000)
        errors = {u.ref: u.code for u in seen if isinstance(u, ErrorUpdate)}
        assert errors == {"s": "cancelled", "waits": "cancelled"}
        assert [u.text for u in seen if isinstance(u, Reply)] == ["1: y"]
        await client.send(Cancel(ref="stays"))  # it has ended: there is nothing to stop
        await client.ask(Utterance(id="on", text="z"))

    working(test)


@forks
def test_if_work_or_stand_in_dies_the_visit_goes_on():
    async def test(server: Server, client: AsyncClient, pool: VisitPool) -> None:
        await posed(client)
        (pid,) = pool.pids
        await client.send(Command(id="s", action="report", option="sleep", value=5.0))
        await walk(client, lambda s: sum(isinstance(u, AvatarPose) for u in s) > 5, 1000)
        (stand_in,) = children(pid)
        os.kill(stand_in, signal.SIGKILL)  # the work is done again in another process
        seen = await walk(client, has("s"), 2000)
        assert has("s")(seen) and pool.pids != (pid,)
        (pid,) = pool.pids
        await client.send(Command(id="t", action="report", option="sleep", value=30.0))
        await walk(client, lambda s: sum(isinstance(u, AvatarPose) for u in s) > 5, 4000)
        os.kill(pid, signal.SIGKILL)  # the work itself ends in an error
        seen = await walk(client, has("t"), 5000)
        (error,) = (u for u in seen if isinstance(u, ErrorUpdate) and u.ref == "t")
        assert error.code == "internal"
        await client.ask(Utterance(id="on", text="z"))

    working(test)


@forks
def test_who_leaves_while_a_long_sentence_is_worked_on_leaves_no_error(capfd):
    pool = VisitPool(make_toy)

    async def main() -> None:
        async with open_server(ServerSettings(hold=0.1), pool) as server, asyncio.timeout(60):
            async with AsyncClient(server.url, Hello(client="own/1")) as client:
                await client.ask(Command(id="first", action="help"), seconds=60.0)
                await posed(client)
                (pid,) = pool.pids
                await client.send(Command(id="s", action="report", option="sleep", value=1.5))
                await walk(client, lambda s: sum(isinstance(u, AvatarPose) for u in s) > 5, 1000)
                assert children(pid)
            while alive(pid):
                await asyncio.sleep(0.05)
            async with AsyncClient(server.url, Hello(client="next/1")) as client:
                await client.ask(Command(id="first", action="help"), seconds=60.0)

    try:
        asyncio.run(main())
    finally:
        pool.stop()
    assert "ended with" not in capfd.readouterr().err


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait to be counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in words.split()]


def test_no_fork_is_made_for_what_is_short_or_while_nobody_moves():
    known = Experience()
    said = Utterance(id="u", text="x")
    assert not known.worth(said), "no poses come"
    known.posed()
    assert known.worth(said)
    for _ in range(100):
        known.took(said, 0.001)
    assert not known.worth(said)
    known.took(said, 0.5)
    assert known.worth(said)
    for _ in range(30):
        known.forked(0.3)
    assert not known.worth(said)
    assert not known.worth(Pose(time=0.0, head=HEAD))
    assert not known.worth(Utterance(id="p", text="x", is_final=False))


def test_messages_between_the_two_come_apart_as_they_were_put_together():
    data = framed(b"P", b"") + framed(b"H", bytes(1000)) + framed(b"C", b"half")
    buffer, got = bytearray(), []
    for byte in data[:-2]:
        buffer.append(byte)
        got += unframed(buffer)
    assert got == [(b"P", b""), (b"H", bytes(1000))]
    assert buffer + data[-2:] == framed(b"C", b"half")


def store():
    return make_visit(None, "store")


@forks
def test_a_real_refit_comes_with_meshes_of_now():
    async def test(server: Server, client: AsyncClient, pool: VisitPool) -> None:
        await client.ask(Body(id="b", height=1.7), seconds=60.0)
        await client.ask(Command(id="t", action="try_on", target="tshirt"), seconds=60.0)
        await walk(client, lambda s: sum(isinstance(u, MeshFrame) for u in s) > 1)
        await client.send(Utterance(id="u", text="make the sleeves 3 cm longer"))
        seen = await walk(client, has("u"), 200)
        frames = [u.frame for u in seen if isinstance(u, MeshFrame)]
        times = [u.time for u in seen if isinstance(u, MeshFrame)]
        assert frames == sorted(set(frames)) and times == sorted(times)
        (change,) = (u for u in seen if isinstance(u, ProductChanged))
        seen = await walk(client, lambda s: any(isinstance(u, MeshFrame) for u in s), 400)
        assert [u.glb for u in seen if isinstance(u, MeshFrame)][-1] == change.glb

    working(test, store)
