"""Visits in processes of their own: through a real server, with processes that die and hang."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from channel_toys import HASH, HEAD, ToyVisit, make_toy

from showroom.channel import nursery
from showroom.channel import pool as pools
from showroom.channel.async_client import AsyncClient
from showroom.channel.errands import Errands, ErrandSettings
from showroom.channel.pool import VisitPool
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.protocol.messages import (
    Advice,
    AvatarPose,
    Command,
    Consult,
    Done,
    ErrorUpdate,
    Hello,
    MeshFrame,
    Pose,
    Reply,
    RoomShown,
    Utterance,
)


def pooled(test: Callable[[Server, VisitPool], Awaitable[None]], host: VisitPool) -> None:
    async def main() -> None:
        async with open_server(ServerSettings(), host) as server:
            async with asyncio.timeout(90):
                await test(server, host)

    try:
        asyncio.run(main())
    finally:
        host.stop()


async def said(client: AsyncClient, key: str, text: str = "x") -> str:
    return (await client.ask(Utterance(id=key, text=text)))[0].text


@pytest.mark.parametrize("processes", [1, 8])
def test_a_dying_process_costs_one_answer_and_no_visit(processes):
    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as one, AsyncClient(server.url) as two:
            assert await said(one, "a") == "1: x"
            assert await said(two, "a") == "1: x"
            assert len(set(host.pids)) == min(processes, 2)
            others = asyncio.gather(*(said(two, f"m{i}") for i in range(5)))
            answer = await one.ask(Command(action="help", id="d", option="die"))
            assert (answer[-1].code, answer[-1].ref) == ("internal", "d")
            assert await others == [f"{i}: x" for i in range(2, 7)]
            assert await said(one, "b") == "2: x"
            assert await said(two, "b") == "7: x"
            shown = [u.scene for u in await one.poll() if isinstance(u, RoomShown)]
            assert shown == ["toy", "again"]
            shown = [u.scene for u in await two.poll() if isinstance(u, RoomShown)]
            assert shown == ["toy"]  # nothing has changed for the other

    pooled(test, VisitPool(make_toy, processes=processes))


def test_a_process_killed_from_outside_loses_nothing_that_was_asked():
    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as client:
            assert await said(client, "a") == "1: x"
            os.kill(host.pids[0], signal.SIGKILL)
            assert await said(client, "b") == "2: x"

    pooled(test, VisitPool(make_toy))


def test_a_visit_that_always_dies_ends_with_typed_errors_and_the_door_stays_open():
    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as other:
            client = AsyncClient(server.url, patience=1.0)
            await client.open()
            asked = [client.ask(Command(action="help", id=f"d{i}", option="die")) for i in range(3)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            codes = [a[-1].code for a in answers if isinstance(a, list)]
            assert codes[:2] == ["internal", "internal"]
            for _ in range(200):
                if server.visits == 1:
                    break
                await asyncio.sleep(0.01)
            assert server.visits == 1
            assert await said(other, "a") == "1: x"
            with pytest.raises(ChannelError):
                await client.ask(Utterance(id="gone", text="x"), seconds=2.0)
            await client.close()

    pooled(test, VisitPool(make_toy))


def no_start() -> None:
    os._exit(7)


class Unrestorable(ToyVisit):
    """Takes its process along when it is to go on elsewhere."""

    def restore(self, snapshot):
        os._exit(5)


def test_a_visit_that_can_go_on_nowhere_is_not_tried_for_ever():
    async def test(server: Server, host: VisitPool) -> None:
        client = AsyncClient(server.url)
        await client.open()
        assert await said(client, "a") == "1: x"
        await client.send(Command(id="die", action="help", option="die"))
        seen: list = []
        with contextlib.suppress(ChannelError):
            while not any(isinstance(u, ErrorUpdate) and not u.ref for u in seen):
                seen += await client.poll()
                await asyncio.sleep(0.01)
        assert {u.code for u in seen if isinstance(u, ErrorUpdate)} == {"internal"}
        assert any(u.ref == "die" for u in seen if isinstance(u, ErrorUpdate))
        while server.visits:
            await asyncio.sleep(0.01)

    pooled(test, VisitPool(Unrestorable))


def test_processes_that_cannot_begin_are_tried_a_few_times_only():
    async def test(server: Server, host: VisitPool) -> None:
        client = AsyncClient(server.url, patience=0.5)
        await client.open()
        answer = await client.ask(Utterance(id="u", text="x"), seconds=60.0)
        assert [(e.code, e.ref) for e in answer] == [("internal", "u")]
        await client.close()
        assert server.visits == 0

    pooled(test, VisitPool(make_toy, prepare=no_start))


def test_one_visitors_long_sentence_holds_up_nobody_else():
    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as slow, AsyncClient(server.url) as quick:
            await said(slow, "a")
            await said(quick, "a")
            busy = asyncio.create_task(
                slow.ask(Command(action="help", id="s", option="sleep", value=1.0))
            )
            await asyncio.sleep(0.05)
            for number in range(20):
                await said(quick, f"q{number}")
            assert not busy.done()
            assert isinstance((await busy)[-1], Done)

    pooled(test, VisitPool(make_toy))


@pytest.mark.parametrize("want", [(), ("plain",), ("delta",)])
def test_frames_come_through_shared_memory_as_they_were(want):
    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url, Hello(want=want)) as client:
            for number in range(40):  # several times round the ring
                await client.send(Pose(time=float(number), head=HEAD, seq=number))
                await said(client, f"u{number}")
            updates = await client.poll()
            poses = [u for u in updates if isinstance(u, AvatarPose)]
            meshes = [u for u in updates if isinstance(u, MeshFrame)]
            assert poses[-1].root == pytest.approx(HEAD[:3], abs=2e-4)
            assert meshes and {m.glb for m in meshes} == {HASH}
            assert all(len(m.positions) == 5000 * 12 for m in meshes)

    pooled(test, VisitPool(make_toy))


def test_differences_need_a_tenth_of_the_bytes_and_survive_a_break():
    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url, Hello(want=("delta",))) as client:
            assert "delta" in client.welcome.capabilities
            for number in range(60):
                if number == 30:
                    client._ws.transport.abort()
                await client.send(Pose(time=number / 100, head=HEAD, seq=number))
                await said(client, f"u{number}")
                for update in await client.poll():
                    if isinstance(update, MeshFrame):
                        points = np.frombuffer(update.positions, "<f4")
                        assert np.ptp(points) < 1e-6
                        assert abs(points[0] - update.time) <= 0.000126
            assert client.resumed
            assert server.metrics.bytes_out_total < 60 * 30_000 / 4

    pooled(test, VisitPool(make_toy))


def test_poses_that_come_with_the_hello_find_the_visit_open():
    async def test(server: Server, host: VisitPool) -> None:
        clients = [AsyncClient(server.url) for _ in range(4)]
        for client in clients:
            await client.open()
            for number in range(5):
                await client.send(Pose(time=float(number), head=HEAD, seq=number))
        for client in clients:
            await said(client, "u")
            updates = await client.poll()
            assert not [u for u in updates if isinstance(u, ErrorUpdate)]
            assert [u for u in updates if isinstance(u, AvatarPose)]
            await client.close()

    pooled(test, VisitPool(make_toy, processes=2))


class Waiting(ToyVisit):
    """Waits for advice before it answers; remembers what it waits for, or forgets it."""

    def __init__(self, forgetful: bool) -> None:
        super().__init__()
        self.forgetful = forgetful
        self.ref = ""

    def handle(self, event):
        if isinstance(event, Utterance):
            self.ref = event.id
            return [Consult(ref=event.id, system="", user=event.text)]
        if isinstance(event, Advice):
            known, self.ref = event.ref == self.ref, ""
            return [Reply(text="advised", lang="en"), Done(ref=event.ref)] if known else []
        return super().handle(event)

    def snapshot(self):
        return {"said": self.said, "ref": "" if self.forgetful else self.ref}

    def restore(self, snapshot):
        self.ref = snapshot["ref"]
        return super().restore(snapshot)


class SlowErrands(Errands):
    """Answers when told."""

    def __init__(self) -> None:
        super().__init__(ErrandSettings())
        self.done = None

    def start(self, errand, done):
        self.done = lambda: done(Advice(ref=errand.ref))


@pytest.mark.parametrize("forgetful", [False, True])
def test_an_event_that_waits_for_an_errand_ends_though_its_process_dies(forgetful):
    errands = SlowErrands()

    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as client:
            asked = asyncio.create_task(client.ask(Utterance(id="u", text="x")))
            while errands.done is None:
                await asyncio.sleep(0.01)
            os.kill(host.pids[0], signal.SIGKILL)
            await client.ask(Command(action="help", id="c"))
            errands.done()
            ending = (await asked)[-1]
            assert ending.ref == "u"
            assert isinstance(ending, ErrorUpdate if forgetful else Done)

    pooled(test, VisitPool(partial(Waiting, forgetful), errands))


def test_a_process_that_hangs_is_ended_and_its_visit_goes_on(monkeypatch):
    monkeypatch.setattr(pools, "SILENCE_SECONDS", 0.3)

    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as client:
            assert await said(client, "a") == "1: x"
            began = time.monotonic()
            answer = await client.ask(Command(action="help", id="h", option="sleep", value=20.0))
            assert answer[-1].code == "internal"
            assert time.monotonic() - began < 10.0
            assert await said(client, "b") == "2: x"

    pooled(test, VisitPool(make_toy))


def test_when_the_server_closes_no_process_stays():
    seen: list[int] = []

    async def test(server: Server, host: VisitPool) -> None:
        async with AsyncClient(server.url) as client:
            await said(client, "a")
            seen.extend(host.pids)

    pooled(test, VisitPool(make_toy))
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in seen):
            break
        time.sleep(0.02)
    assert seen and not any(Path(f"/proc/{pid}").exists() for pid in seen)


def test_where_no_fork_is_safe_processes_are_spawned_one_of_them_ahead(monkeypatch):
    monkeypatch.setattr(nursery, "CAN_FORK", False)

    async def test(server: Server, host: VisitPool) -> None:
        while not host.pids:  # before anybody has come
            await asyncio.sleep(0.01)
        first = host.pids
        hello = Hello(client="spawned/1", want=("delta",))
        async with AsyncClient(server.url, hello) as one, AsyncClient(server.url) as two:
            assert await said(one, "a") == "1: x"
            assert await said(two, "a") == "1: x"
            assert host.pids == first, "two visits share the only process"
            seen: list = []
            for number in range(1, 4000):
                await one.send(Pose(time=number / 90, head=HEAD, seq=number))
                await asyncio.sleep(0.01)
                seen += await one.poll()
                if sum(isinstance(u, MeshFrame) for u in seen) > 5:
                    break
            mesh = [u for u in seen if isinstance(u, MeshFrame)][-1]
            points = np.frombuffer(mesh.positions, "<f4")
            assert np.allclose(points, mesh.time, atol=2e-4)
            answer = await two.ask(Command(id="die", action="help", option="die"), seconds=60.0)
            assert answer[-1].code == "internal"
            assert await said(one, "b") == "2: x", "the other's visit goes on in a new process"
            assert host.pids != first
        async with AsyncClient(server.url) as again:
            assert await said(again, "a") == "1: x"
        last = host.pids
        assert len(last) == 1, "one process stays for whoever comes next"
        gone.extend((*first, *last))

    gone: list[int] = []
    pooled(test, VisitPool(make_toy, processes=1))
    assert len(set(gone)) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in gone)
