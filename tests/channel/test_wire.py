"""Messages that are taken as they come: whole or in pieces, many at once, between all else."""

from __future__ import annotations

from rfc6455 import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, close, frame, raw, serving

from showroom.channel.server import Server
from showroom.protocol.codec import decode_update, encode_event
from showroom.protocol.messages import Ping, Pong, Pose


def pose(number: int) -> bytes:
    head = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
    return frame(BINARY, encode_event(Pose(time=1.0 + number / 90, head=head, seq=number)).data)


def asked(name: str) -> bytes:
    return frame(TEXT, encode_event(Ping(time=1.0, id=name)).data)


async def answers(one: Raw, *until: str | int) -> list:
    """What comes, up to all pongs and avatar's poses of these ids and numbers."""
    got, left = [], set(until)
    while left and (message := await one.read()) is not None:
        opcode, payload = message
        if opcode == PONG:
            got.append(payload)
            continue
        update = decode_update(payload.decode() if opcode == TEXT else payload)
        got.append(update)
        left.discard(update.ref if isinstance(update, Pong) else getattr(update, "seq", ""))
    assert not left
    return got


def pongs(got: list) -> list[str]:
    return [update.ref for update in got if isinstance(update, Pong)]


def test_a_message_may_come_in_any_two_pieces_and_many_in_one():
    async def test(server: Server) -> None:
        async with raw(server) as one:
            length = len(pose(1) + asked("a") + frame(PING, b"alive") + asked("b"))
            for cut in range(1, length):
                stream = pose(cut) + asked("a") + frame(PING, b"alive") + asked("b")
                one.writer.write(stream[:cut])
                await one.writer.drain()
                one.writer.write(stream[cut:])
                got = await answers(one, "b", cut)
                assert b"alive" in got
                assert pongs(got) == ["a", "b"]
            names = [f"n{number}" for number in range(100)]
            one.writer.write(b"".join(map(asked, names)))
            assert pongs(await answers(one, "n99")) == names

    serving(test)


def test_events_keep_their_order_whichever_way_they_go():
    async def test(server: Server) -> None:
        async with raw(server) as one:
            names = [f"n{number}" for number in range(12)]
            stream = b""
            for number, name in enumerate(names):
                whole = encode_event(Ping(time=1.0, id=name)).data
                if number % 3 == 1:
                    stream += frame(TEXT, whole[:9], fin=False) + frame(CONTINUATION, whole[9:])
                else:
                    stream += frame(TEXT, whole)
            one.writer.write(stream)
            assert pongs(await answers(one, names[-1])) == names

    serving(test)


def test_a_whole_message_amid_fragments_is_a_breach():
    async def test(server: Server) -> None:
        for late in (pose(1), asked("a")):
            async with raw(server) as one:
                one.writer.write(frame(TEXT, b"{", fin=False))
                await one.writer.drain()
                assert await one.verdict(late) == 1002

    serving(test)


def test_what_comes_after_a_closing_is_not_taken():
    async def test(server: Server) -> None:
        async with raw(server) as one:
            one.writer.write(close(1000) + asked("late"))
            assert (await one.wait_for(CLOSE)) is not None
            assert await one.read() is None

    serving(test)
