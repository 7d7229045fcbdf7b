"""Messages between the channel and a process of visits."""

from __future__ import annotations

import asyncio
import random

from showroom.channel.link import Link
from showroom.channel.packed import LENGTH


def test_messages_come_whole_and_in_order_whatever_pieces_their_bytes_come_in():
    rng = random.Random(7)
    sizes = (0, 1, 3, LENGTH, 100, 70_000)
    sent = [rng.randbytes(rng.choice(sizes)) for _ in range(200)]
    stream = b"".join(len(message).to_bytes(LENGTH, "little") + message for message in sent)
    came: list[bytes] = []

    async def main() -> None:
        link = Link(lambda _, message: came.append(bytes(message)), lambda _: None)
        await link.open(asyncio.get_running_loop())
        at = 0
        while at < len(stream):
            size = rng.choice((1, 2, 3, 4, 5, 50, 1000, 300_000))
            link.data_received(stream[at : at + size])
            at += size
        link.close()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert came == sent
