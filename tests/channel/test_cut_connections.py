"""Connections that are cut at any byte, in either direction, again and again."""

from __future__ import annotations

import asyncio
import contextlib
import random

import numpy as np
import pytest
from channel_toys import HEAD, ToyVisit

from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.pool import VisitPool
from showroom.channel.server import open_server
from showroom.channel.session import Session, digest
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import (
    Command,
    Done,
    Hello,
    MeshFrame,
    Pose,
    ProductRemoved,
    Reply,
    Utterance,
)

CUTS = 12


class Cutter:
    """A relay that lets so many bytes pass, in both directions together, and then cuts."""

    def __init__(self, rng: random.Random) -> None:
        self.cuts = self.resumed = self.meshes = 0
        self.cutting = False
        self.port = 0
        self._rng = rng

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", self.port)
        left = [self._rng.randint(1, 9000)]
        both = [
            asyncio.ensure_future(self._pass_on(reader, here, left)),
            asyncio.ensure_future(self._pass_on(there, writer, left)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        for end in (writer, here):
            end.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(512):
                if self.cutting and len(data) >= left[0]:
                    writer.write(data[: left[0]])
                    await writer.drain()
                    await asyncio.sleep(0)
                    self.cuts += 1
                    return
                left[0] = max(1, left[0] - len(data)) if self.cutting else left[0]
                writer.write(data)


def cut(host: VisitHost | VisitPool, rounds: int, want: tuple[str, ...] = ()) -> Cutter:
    """Ask, say and move, with cuts in between; every answer comes once and in order."""
    cutter = Cutter(random.Random(1000))

    async def main() -> None:
        settings = ServerSettings()
        assert settings.hold == 30.0
        async with open_server(settings, host) as server:
            cutter.port = server.port
            relay = await asyncio.start_server(cutter.relay, "127.0.0.1", 0)
            url = f"ws://127.0.0.1:{relay.sockets[0].getsockname()[1]}"
            hello = Hello(client="cut/1", want=want)
            async with relay, AsyncClient(url, hello, patience=20.0) as client:
                await client.ask(Command(id="first", action="help"), seconds=60.0)
                cutter.cutting = True
                number = meshes = 0
                while cutter.cuts < rounds:
                    number += 1
                    flood = Command(action="help", id=f"f{number}", option="flood")
                    many = await client.ask(flood, seconds=60.0)
                    gone = [u.target for u in many if isinstance(u, ProductRemoved)]
                    assert gone == [str(i) for i in range(100)]
                    assert [type(u) for u in many[100:]] == [Done]
                    said = await client.ask(Utterance(id=f"u{number}", text="x"), seconds=60.0)
                    texts = [u.text for u in said if isinstance(u, Reply)]
                    assert texts == [f"{number}: x"]
                    await client.send(Pose(time=number / 90, head=HEAD, seq=number))
                    for update in await client.poll():
                        if isinstance(update, MeshFrame):  # a difference to nothing would show
                            meshes += 1
                            points = np.frombuffer(update.positions, "<f4")
                            assert np.abs(points - update.time).max() < 2e-4
                        elif update.n:
                            numbers.append(update.n)
                cutter.cutting = False
                numbers.extend(u.n for u in await client.poll() if u.n)
                assert numbers == list(range(1, len(numbers) + 1))
                assert client.resumed >= cutter.cuts // 2
                assert meshes > 0
                cutter.resumed, cutter.meshes = client.resumed, meshes
            assert server.metrics.faults_total == 0
            assert server.metrics.visits_total == 1

    numbers: list[int] = []
    try:
        asyncio.run(main())
    finally:
        host.stop()
    return cutter


class Light(ToyVisit):
    """Its cloth is so light that it comes through between two cuts."""

    vertices = 200


@pytest.mark.parametrize(
    ("host_of", "want"), [(VisitHost.in_process, ()), (VisitPool, ()), (VisitPool, ("delta",))]
)
def test_what_is_cut_at_any_byte_is_resumed_and_nothing_is_lost_or_done_twice(host_of, want):
    cut(host_of(Light), CUTS, want)


def test_welcomes_may_be_lost_one_after_the_other():
    session = Session("v1", 8)
    first = session.new_token()
    session.heard()
    lost = [session.new_token(digest(first)) for _ in range(3)]
    assert digest(first) in session.tokens
    assert digest(lost[-1]) in session.tokens
    assert digest(lost[0]) not in session.tokens
    session.heard()
    assert session.tokens == (digest(lost[-1]),)
