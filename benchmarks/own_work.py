"""What visitors feel of their own long sentences: from a pose to the avatar's pose while it works.

One visitor with a body and a T-shirt moves at 90 Hz and asks for a re-fit every second and a half.
With and without a stand-in (:mod:`showroom.channel.stand_in`), in the same run; gaps are those
between two avatar's poses.

Usage: python benchmarks/own_work.py [seconds]
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial

from showroom.app import make_visit, prepare_visits
from showroom.channel import nursery, visit_process
from showroom.channel.async_client import AsyncClient
from showroom.channel.crowd import Waits, table, waits
from showroom.channel.pool import VisitPool
from showroom.channel.server import open_server
from showroom.channel.settings import ServerSettings
from showroom.protocol.messages import (
    AvatarPose,
    Body,
    Command,
    Done,
    Hello,
    Pose,
    Update,
    Utterance,
)

RATE = 90
SENTENCES = (
    "make the sleeves 3 cm longer",
    "make the sleeves 3 cm shorter",
    "make it navy",
    "undo",
)


async def _moves(
    seconds: float, prepare: Callable[[], None]
) -> tuple[list[float], list[float], list[float]]:
    """Seconds from pose to avatar, between avatars, and of sentences."""
    pool = VisitPool(partial(make_visit, None, "store"), prepare=prepare)
    answered, gaps, said = [], [], []
    try:
        async with open_server(ServerSettings(), pool) as server:
            hello = Hello(client="bench/1", want=("still",))
            async with AsyncClient(server.url, hello) as client:
                await client.ask(Body(id="b", height=1.7), seconds=300.0)
                await client.ask(Command(id="t", action="try_on", target="tshirt"), seconds=300.0)
                sent: dict[int, float] = {}
                asked: dict[str, float] = {}
                latest = 0.0

                def take(updates: list[Update]) -> None:
                    nonlocal latest
                    now = time.perf_counter()
                    for update in updates:
                        if isinstance(update, AvatarPose) and update.seq in sent:
                            answered.append(now - sent.pop(update.seq))
                            if latest:
                                gaps.append(now - latest)
                            latest = now
                        elif isinstance(update, Done) and update.ref in asked:
                            said.append(now - asked.pop(update.ref))

                async def read() -> None:
                    async for update in client.updates():
                        take([update])

                reader = asyncio.create_task(read())
                began, due, count = time.monotonic(), 1.5, 0
                for number in range(1, int(seconds * RATE)):
                    await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
                    sway = 0.02 * (number % RATE) / RATE
                    sent[number] = time.perf_counter()
                    head = (sway, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)
                    await client.send(Pose(time=number / RATE, head=head, seq=number))
                    if number / RATE > due:
                        due += 1.5
                        key = f"s{number}"
                        asked[key] = time.perf_counter()
                        text = SENTENCES[count % len(SENTENCES)]
                        count += 1
                        await client.send(Utterance(id=key, text=text))
                await asyncio.sleep(1.0)
                reader.cancel()
    finally:
        pool.stop()
    return answered, gaps, said


def prepare_with() -> None:
    """In the nursery, as ever."""
    prepare_visits(None, "store")


def prepare_without() -> None:
    """In the nursery: have no process fork."""
    prepare_visits(None, "store")
    run_visits = visit_process.run_visits
    vars(nursery)["run_visits"] = lambda *parts, forks: run_visits(*parts, forks=False)


def main() -> None:
    """Print the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    rows: list[Waits] = []
    for name, prepare in (("with", prepare_with), ("without", prepare_without)):
        answered, gaps, said = asyncio.run(_moves(seconds, prepare))
        rows += [
            waits(f"{name}: pose", answered, 0),
            waits("  gap", gaps, 0),
            waits("  sentence", said, 0),
        ]
    print(table(rows))


if __name__ == "__main__":
    main()
