"""What one address may have of a server, and that it costs the others nothing."""

from __future__ import annotations

import asyncio
import json

import pytest
from channel_toys import make_toy
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from showroom.channel.addresses import Addresses
from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.server import Server, open_server
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import Done, ErrorUpdate, Utterance

FAR = "203.0.113.7"


def limited(**changes: float | bool) -> Addresses:
    return Addresses(ServerSettings(**changes))


def test_an_address_may_have_so_many_connections_and_gets_room_again():
    doors = limited(per_address=3, opens_per_second=100)
    for _ in range(3):
        assert doors.refusal(FAR, 0.0) == ""
        doors.enter(FAR, 0.0)
    assert "at most 3" in doors.refusal(FAR, 0.0)
    assert doors.refusal("203.0.113.8", 0.0) == ""
    doors.leave(FAR)
    assert doors.refusal(FAR, 0.0) == ""


def test_new_connections_are_rationed_over_time():
    doors = limited(opens_per_second=2)
    assert [doors.refusal(FAR, 0.0) == "" for _ in range(9)] == [True] * 8 + [False]
    assert doors.refusal(FAR, 0.4) != ""
    assert doors.refusal(FAR, 0.6) == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", FAR, True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_a_whole_ipv6_network_is_one_caller(one, other, same):
    doors = limited(per_address=1)
    doors.enter(one, 0.0)
    assert (doors.refusal(other, 0.0) != "") == same


def test_this_machine_is_not_limited_unless_told_so():
    for address in ("127.0.0.1", "127.8.9.1", "::1"):
        doors = limited(per_address=1)
        doors.enter(address, 0.0)
        assert doors.refusal(address, 0.0) == ""
        doors = limited(per_address=1, limit_local=True)
        doors.enter(address, 0.0)
        assert doors.refusal(address, 0.0) != ""


def test_bytes_are_rationed_and_memory_is_bounded():
    doors = limited(bytes_per_second=100)
    assert doors.receive(FAR, 800, 0.0)
    assert not doors.receive(FAR, 1, 0.0)
    assert doors.receive(FAR, 100, 1.0)
    for number in range(20_000):
        doors.receive(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1, 0.0)
    assert len(doors._callers) <= 4097


def test_too_many_are_refused_politely_and_nobody_inside_notices():
    settings = ServerSettings(per_address=4, opens_per_second=1e6, limit_local=True)
    host = VisitHost.in_process(make_toy)

    async def knock(server: Server) -> int:
        try:
            async with connect(server.url, subprotocols=["showroom.v1"], proxy=None):
                return 101
        except InvalidStatus as error:
            body = json.loads(error.response.body)
            assert (body["code"], body["field"]) == ("rate", "address")
            assert error.response.headers["Retry-After"] == "1"
            return error.response.status_code

    async def main() -> None:
        async with open_server(settings, host) as server, asyncio.timeout(30):
            inside = [AsyncClient(server.url) for _ in range(4)]
            for client in inside:
                await client.open()
            assert set(await asyncio.gather(*(knock(server) for _ in range(40)))) == {429}
            for client in inside:
                answer = await client.ask(Utterance(id="u", text="x"))
                assert isinstance(answer[-1], Done)
            await inside.pop().close()
            await asyncio.sleep(0.05)
            assert await knock(server) == 101
            for client in inside:
                await client.close()

    try:
        asyncio.run(main())
    finally:
        host.stop()


def test_more_bytes_than_an_address_may_send_are_refused():
    settings = ServerSettings(bytes_per_second=1000, limit_local=True)
    host = VisitHost.in_process(make_toy)

    async def main() -> None:
        async with (
            open_server(settings, host) as server,
            asyncio.timeout(30),
            AsyncClient(server.url) as client,
        ):
            for number in range(20):
                await client.send(Utterance(id=f"u{number}", text="x" * 1500))
            await asyncio.sleep(0.3)
            errors = [u for u in await client.poll() if isinstance(u, ErrorUpdate)]
            assert {e.code for e in errors} == {"rate"}
            assert server.visits == 1
            client._unanswered.clear()

    try:
        asyncio.run(main())
    finally:
        host.stop()
