"""A crowd of recorded visitors at a server, and how long each of them waits.

Unlike :mod:`.load`, which sends as fast as it is answered, these visitors move and speak at the
times of a recording, as people do; what the server behind cannot do in time shows as latency and
as poses that are never answered, because a newer one took their place.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import msgspec

from showroom.protocol.messages import (
    AvatarPose,
    Body,
    Command,
    Done,
    ErrorUpdate,
    Event,
    Hello,
    Pose,
    Utterance,
)

from .async_client import AsyncClient
from .motion import Motion
from .settings import ChannelError

MAX_VISITORS = 500
MAX_SECONDS = 600.0
ANSWER_SECONDS = 60.0
STAGGER = 0.02
"""Seconds between two visitors' coming in."""


@dataclass(frozen=True)
class Crowd:
    """Who comes and what they do.

    Attributes:
        seconds: for which each of them stays.
        motion: played to and fro.
        sentences: said in turn, one every ``every`` seconds, each visitor beginning with another.
        body: what each gives as theirs; None gives none.
        wear: a product, category or kind to try on first; "" wears nothing.
    """

    visitors: int
    seconds: float
    motion: Motion
    sentences: tuple[str, ...] = ()
    every: float = 5.0
    body: Body | None = None
    wear: str = ""
    token: str = ""
    lang: str = "en"

    def check(self) -> None:
        """Refuse a crowd without bounds.

        Raises:
            ChannelError: names the field and its range.
        """
        for name, value, least, most in (
            ("visitors", self.visitors, 1, MAX_VISITORS),
            ("seconds", self.seconds, 0.1, MAX_SECONDS),
            ("every", self.every, 0.1, MAX_SECONDS),
        ):
            if not least <= value <= most:
                raise ChannelError(
                    "that is no bounded load",
                    field=name,
                    expected=f"{name} from {least:g} to {most:g}",
                    got=f"{value:g}",
                )


@dataclass(frozen=True)
class Waits:
    """How long something took, in ms, and how often it never came.

    Attributes:
        count: how many were answered.
        dropped: how many were not: refused, lost, or overtaken by a newer one.
    """

    what: str
    count: int
    dropped: int
    p50: float
    p95: float
    p99: float
    longest: float


@dataclass
class _Tally:
    """What all visitors of one crowd have seen; on one event loop."""

    opened: list[float] = field(default_factory=list)
    posed: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    said: list[float] = field(default_factory=list)
    turned_away: int = 0
    poses: int = 0
    sentences: int = 0


async def visit_together(url: str, crowd: Crowd, tls: ssl.SSLContext | None = None) -> list[Waits]:
    """Send a crowd to a server and wait until all have left.

    Returns:
        Rows for ``open`` (connect to welcome), ``pose`` (pose to avatar's pose), ``gap`` (from
        one avatar's pose to the next, which is where poses that were never answered show) and
        ``sentence`` (to its last answer).

    Raises:
        ChannelError: a crowd out of bounds; not one visitor was let in.
    """
    crowd.check()
    tally = _Tally()
    problems = await asyncio.gather(
        *(_visit(url, crowd, number, tally, tls) for number in range(crowd.visitors))
    )
    if not tally.opened:
        raise next(problem for problem in problems if problem is not None)
    return [
        waits("open", tally.opened, tally.turned_away),
        waits("pose", tally.posed, tally.poses - len(tally.posed)),
        waits("gap", tally.gaps, 0),
        waits("sentence", tally.said, tally.sentences - len(tally.said)),
    ]


def waits(what: str, seconds: Sequence[float], dropped: int) -> Waits:
    """The row of some times; zeros where there are none."""
    ranked = sorted(seconds) or [0.0]

    def at(share: float) -> float:
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1e3

    return Waits(what, len(seconds), dropped, at(0.5), at(0.95), at(0.99), ranked[-1] * 1e3)


def table(rows: Sequence[Waits]) -> str:
    """The rows as text."""
    lines = [
        f"{'':10}{'answered':>10}{'dropped':>9}{'p50 ms':>10}{'p95':>10}{'p99':>10}{'longest':>10}"
    ]
    lines += [
        f"{r.what:10}{r.count:10d}{r.dropped:9d}"
        f"{r.p50:10.2f}{r.p95:10.2f}{r.p99:10.2f}{r.longest:10.2f}"
        for r in rows
    ]
    return "\n".join(lines)


def as_json(rows: Sequence[Waits], crowd: Crowd, url: str) -> str:
    """The rows as one JSON object."""
    document = {"url": url, "visitors": crowd.visitors, "seconds": crowd.seconds}
    return msgspec.json.encode({**document, "rows": [asdict(row) for row in rows]}).decode()


def looped(motion: Motion, seconds: float) -> Iterator[Pose]:
    """The poses of a motion over and over, forwards and backwards, for ``seconds``."""
    start, number = 0.0, 0
    forwards = True
    length = max(motion.duration, 1e-3)
    while True:
        poses = motion.poses if forwards else motion.poses[::-1]
        for pose in poses:
            moment = start + (pose.time if forwards else length - pose.time)
            if moment > seconds:
                return
            yield msgspec.structs.replace(pose, time=moment, seq=number)
            number += 1
        start += length
        forwards = not forwards


async def _visit(
    url: str, crowd: Crowd, number: int, tally: _Tally, tls: ssl.SSLContext | None
) -> ChannelError | None:
    """One visitor, from the door to goodbye; what kept them out, if anything did."""
    await asyncio.sleep(number * STAGGER)
    hello = Hello(client="showroom-load/1", lang=crowd.lang, token=crowd.token)
    client = AsyncClient(url, hello, tls=tls)
    began = time.perf_counter()
    try:
        await client.open()
    except ChannelError as error:
        tally.turned_away += 1
        return error
    tally.opened.append(time.perf_counter() - began)
    sent: dict[int, float] = {}
    asked: dict[str, float] = {}
    reader = asyncio.create_task(_read(client, sent, asked, tally))
    try:
        opening: list[Event] = [crowd.body] if crowd.body is not None else []
        if crowd.wear:
            opening.append(Command(action="try_on", target=crowd.wear, id="wear"))
        for event in opening:
            await client.ask(event, seconds=ANSWER_SECONDS)
        first = number % max(1, len(crowd.sentences))
        lines = itertools.cycle(crowd.sentences[first:] + crowd.sentences[:first])
        due = crowd.every if crowd.sentences else float("inf")
        began = time.monotonic()
        for pose in looped(crowd.motion, crowd.seconds):
            wait = began + pose.time - time.monotonic()
            if wait > 0.0:
                await asyncio.sleep(wait)
            tally.poses += 1
            sent[pose.seq] = time.perf_counter()
            await client.send(pose)
            if pose.time >= due:
                due += crowd.every
                key = f"s{pose.seq}"
                tally.sentences += 1
                asked[key] = time.perf_counter()
                await client.send(Utterance(id=key, text=next(lines)))
        await _settle(asked)
    except ChannelError as error:
        return error
    finally:
        await client.close()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    return None


async def _settle(asked: dict[str, float]) -> None:
    """Wait for the answers that are still to come, within reason."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while asked and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


async def _read(
    client: AsyncClient, sent: dict[int, float], asked: dict[str, float], tally: _Tally
) -> None:
    latest: float | None = None
    async for update in client.updates():
        now = time.perf_counter()
        if isinstance(update, AvatarPose):
            began = sent.pop(update.seq, None)
            if began is not None:
                tally.posed.append(now - began)
                if latest is not None:
                    tally.gaps.append(now - latest)
                latest = now
        elif isinstance(update, Done | ErrorUpdate):
            began = asked.pop(update.ref, None)
            if began is not None and isinstance(update, Done):
                tally.said.append(now - began)
