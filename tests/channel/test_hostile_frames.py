"""Random bytes where frames should be, through the live port."""

from __future__ import annotations

import asyncio
import random
import time

from rfc6455 import (
    BINARY,
    CONTINUATION,
    HELLO,
    PATIENCE,
    PING,
    TEXT,
    close,
    frame,
    request,
    serving,
)

from showroom.channel.server import Server
from showroom.protocol.codec import encode_event
from showroom.protocol.messages import Command, Pose, Utterance

POSE = encode_event(Pose(time=1.0, head=(0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0))).data


def spoiled(rng: random.Random, data: bytes) -> bytes:
    """Some bits turned, some bytes lost, doubled or made up."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(out) + 1)
        match rng.randrange(4):
            case 0 if place < len(out):
                out[place] ^= 1 << rng.randrange(8)
            case 1:
                del out[place : place + rng.randint(1, 12)]
            case 2:
                out[place:place] = out[place : place + rng.randint(1, 30)]
            case _:
                out[place:place] = rng.randbytes(rng.randint(1, 12))
    return bytes(out)


def test_spoiled_bytes_on_the_wire_break_and_hang_nothing():
    rng = random.Random(6455)
    seeds = [
        frame(TEXT, HELLO),
        frame(BINARY, POSE),
        frame(TEXT, encode_event(Utterance(id="u", text="袖子加长三厘米")).data),
        frame(BINARY, encode_event(Command(action="move", delta=0.5), "msgpack").data),
        frame(TEXT, HELLO[:9], fin=False) + frame(PING, b"x") + frame(CONTINUATION, HELLO[9:]),
        close(1000, b"goodbye"),
    ]

    async def one(server: Server, data: bytes, whole: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(data if whole else request() + frame(TEXT, HELLO) + data)
            await writer.drain()
            writer.write_eof()
            async with asyncio.timeout(PATIENCE):
                while await reader.read(65536):
                    pass
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async def test(server: Server) -> None:
        began, tried = time.monotonic(), 0
        while tried < 2000 and time.monotonic() - began < 3.0:
            stream = b"".join(rng.choices(seeds, k=rng.randint(1, 6)))
            whole = rng.random() < 0.1  # the handshake is spoiled too
            data = spoiled(rng, request() + stream if whole else stream)
            await one(server, data, whole)
            tried += 1
        assert tried >= 50

    serving(test)
