"""Looking on at somebody else's visit: by its key, read only, nothing of the body's measures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from channel_toys import make_toy

from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ChannelError, ServerSettings
from showroom.channel.tokens import TokenKey
from showroom.channel.watching import MAX_OBSERVERS
from showroom.protocol.messages import (
    AvatarShown,
    Command,
    Done,
    ErrorUpdate,
    Hello,
    MeshFrame,
    Pose,
    Reply,
    RoomShown,
    Update,
    Utterance,
)

HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


def serving(
    test: Callable[[Server], Awaitable[None]], settings: ServerSettings | None = None
) -> None:
    async def run() -> None:
        host = VisitHost.in_process(make_toy)
        try:
            async with open_server(settings or ServerSettings(port=0), host) as server:
                await test(server)
        finally:
            await asyncio.to_thread(host.stop)

    asyncio.run(run())


async def seen(
    client: AsyncClient, until: Callable[[list[Update]], bool], seconds: float = 5.0
) -> list[Update]:
    found: list[Update] = []
    async with asyncio.timeout(seconds):
        while not until(found):
            found += await client.poll()
            await asyncio.sleep(0.005)
    return found


def replies(updates: list[Update]) -> list[str]:
    return [u.text for u in updates if isinstance(u, Reply)]


def test_who_has_the_key_sees_what_is_there_and_what_happens() -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url, Hello(token="")) as visitor:
            await visitor.ask(Utterance(id="u1", text="before"))
            assert visitor.welcome is not None
            key = visitor.welcome.watch
            async with AsyncClient(server.url, Hello(watch=key, want=("vertices",))) as other:
                assert other.welcome is not None
                assert other.welcome.visit == visitor.welcome.visit
                assert (other.welcome.resume, other.welcome.watch) == ("", "")
                first = await seen(other, lambda u: bool(u))
                assert isinstance(first[0], RoomShown)
                await visitor.ask(Utterance(id="u2", text="after"))
                await visitor.send(Pose(time=0.5, head=HEAD))
                more = await seen(other, lambda u: any(isinstance(x, MeshFrame) for x in u))
                assert replies(first + more) == ["2: after"]
                # None of the visitor's own affairs: answers to their events, numbers.
                assert not any(isinstance(u, Done) for u in more)
                assert {u.n for u in more} == {0}
            # The visitor was told nothing of it.
            mine = await visitor.poll()
            assert [type(u) for u in mine].count(RoomShown) == 1

    serving(test)


def test_who_looks_on_changes_nothing() -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as visitor:
            assert visitor.welcome is not None
            hello = Hello(watch=visitor.welcome.watch)
            async with AsyncClient(server.url, hello) as other:
                answer = await other.ask(Utterance(id="u9", text="take it off"))
                assert isinstance(answer[-1], ErrorUpdate)
                assert answer[-1].code == "watch"
                await other.send(Pose(time=1.0, head=HEAD))
            answer = await visitor.ask(Command(action="report", id="c1"))
            assert replies(answer) == ["poses 0"]
            assert replies(await visitor.ask(Utterance(id="u1", text="x"))) == ["1: x"]

    serving(test)


def test_a_visit_knows_whether_anybody_looks_on() -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as visitor:
            assert visitor.welcome is not None
            hello = Hello(watch=visitor.welcome.watch)

            async def watched(number: int) -> str:
                wish = Command(action="report", option="watched", id=f"c{number}")
                return replies(await visitor.ask(wish))[0]

            assert await watched(1) == "False"
            async with AsyncClient(server.url, hello) as one, AsyncClient(server.url, hello) as two:
                await seen(one, lambda u: bool(u))
                await seen(two, lambda u: bool(u))
                assert await watched(2) == "True"
            for number in range(3, 60):
                if await watched(number) == "False":
                    break
                await asyncio.sleep(0.02)
            assert await watched(99) == "False"

    serving(test)


def test_measures_of_the_body_stay_with_the_visitor() -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as visitor:
            assert visitor.welcome is not None
            async with AsyncClient(server.url, Hello(watch=visitor.welcome.watch)) as other:
                await seen(other, lambda u: bool(u))
                answer = await visitor.ask(Command(action="report", option="avatar", id="a"))
                found = await seen(other, lambda u: bool(u))
                shown = [u for u in (*answer, *found) if isinstance(u, AvatarShown)]
                assert [u.measures for u in shown] == [{"waist": 0.7}, {}]

    serving(test)


def test_a_visit_that_ends_sends_its_audience_home() -> None:
    async def test(server: Server) -> None:
        visitor = AsyncClient(server.url)
        await visitor.open()
        assert visitor.welcome is not None
        other = AsyncClient(server.url, Hello(watch=visitor.welcome.watch), patience=0.0)
        await other.open()
        await seen(other, lambda u: bool(u))
        await visitor.close()
        async with asyncio.timeout(5.0):
            async for _ in other.updates():
                pass
        await other.close()

    serving(test)


def test_a_break_of_the_watchers_line_begins_anew_at_the_same_visit() -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as visitor:
            assert visitor.welcome is not None
            async with AsyncClient(server.url, Hello(watch=visitor.welcome.watch)) as other:
                await seen(other, lambda u: bool(u))
                assert other._ws is not None
                other._ws.transport.abort()
                again = await seen(other, lambda u: bool(u))
                assert isinstance(again[0], RoomShown)

    serving(test)


def test_the_visitors_companions_have_not_given_their_key_away() -> None:
    from showroom.channel.session import show
    from showroom.protocol.messages import AvatarPose, ProductRemoved

    class Line(list):  # type: ignore[type-arg]
        put = list.append

    line = Line()
    own = [
        AvatarPose(time=0.0, root=(0.0, 0.0, 0.0), rotations={}),
        ProductRemoved(target="shirt"),
    ]
    for update in (
        *own,
        AvatarPose(time=0.0, root=(0.0, 0.0, 0.0), rotations={}, who="Noa"),
        AvatarShown(glb="", height=1.7, measures={}, who="Noa"),
        ProductRemoved(target="Noa/shirt"),
    ):
        show(line, update)  # type: ignore[arg-type]
    assert line == own


@pytest.mark.parametrize("wanted", ["v1", "*"])
def test_on_ones_own_machine_a_visit_is_found_by_name(wanted: str) -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url), AsyncClient(server.url, Hello(watch=wanted)) as other:
            assert other.welcome is not None
            assert other.welcome.visit == "v1"

    serving(test)


def test_without_a_key_nobody_looks_on_where_a_token_guards_the_door(tmp_path: Path) -> None:
    key = TokenKey.make(tmp_path / "key")
    settings = ServerSettings(port=0, token_key=key)

    async def test(server: Server) -> None:
        def token(role: str) -> str:
            return key.issue(role)  # type: ignore[arg-type]

        async with AsyncClient(server.url, Hello(token=token("visitor"))) as visitor:
            assert visitor.welcome is not None
            for role, wanted, may in (
                ("visitor", "*", False),
                ("shop", visitor.welcome.visit, False),
                ("visitor", visitor.welcome.watch[:-1], False),
                ("operator", "*", True),
                ("visitor", visitor.welcome.watch, True),
            ):
                client = AsyncClient(server.url, Hello(token=token(role), watch=wanted))
                if not may:
                    with pytest.raises(ChannelError, match="no such visit") as refused:
                        await client.open()
                    assert visitor.welcome.watch not in str(refused.value)
                    continue
                await client.open()
                await client.close()

    serving(test, settings)


def test_only_so_many_look_on() -> None:
    async def test(server: Server) -> None:
        async with AsyncClient(server.url) as visitor:
            assert visitor.welcome is not None
            hello = Hello(watch=visitor.welcome.watch)
            clients = [AsyncClient(server.url, hello) for _ in range(MAX_OBSERVERS + 1)]
            for client in clients[:-1]:
                await client.open()
            with pytest.raises(ChannelError, match="enough"):
                await clients[-1].open()
            for client in clients[:-1]:
                await client.close()

    serving(test)
