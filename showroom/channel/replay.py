"""A recorded session once more: in this process or over a socket, and what is answered otherwise.

Events go in one after the other, each after the answers to the one before, so that a replay has
the same outcome on every machine. What was answered then must be answered now: the same updates in
the same order with the same references and key fields. Types of update that the recording did not
know may come beside them, as protocol v1 allows; wording, hashes and measured figures may differ.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from showroom.protocol.codec import Encoding
from showroom.protocol.messages import (
    AvatarPose,
    Done,
    ErrorUpdate,
    Hello,
    Inner,
    Pose,
    Update,
)
from showroom.protocol.validation import ref_of

from .async_client import AsyncClient
from .take import Take, TakeError, Turn, new_head, plain_updates
from .worker import LocalWorker, MakeVisit

FRAMES = frozenset(("avatar_pose", "mesh_frame", "audio-chunk"))
"""Types that are not in the reliable sequence; a socket may carry them after later updates."""

EXACT = frozenset(
    (
        *("type", "ref", "utterance_id", "target", "kind", "category", "worn", "size", "color"),
        *("scene", "name", "unit", "lang", "code", "field", "seq", "count", "is_final", "region"),
    )
)
"""Fields that must be the same for ever; all others must only be there, with the same type."""

DELTA_TOLERANCE = 1e-3
"""How far a change of a parameter may be from the recorded one: metres, radians or a ratio."""

SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class Difference:
    """Something that is answered otherwise than recorded.

    Attributes:
        turn: its place in the recording, from 1.
        event: what was sent, by type and reference.
        field: path in the updates, such as ``"reply[0].lang"``.
    """

    turn: int
    event: str
    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        return (
            f"turn {self.turn} ({self.event}): {self.field}: "
            f"expected {self.expected}, got {self.got}"
        )


def replay(take: Take, make: MakeVisit, step: Callable[[], object] = lambda: None) -> Take:
    """The session again with new visits in this process, as fast as they answer.

    Args:
        step: called after each turn.
    """
    worker = LocalWorker(make)
    opened: set[str] = set()
    turns = []
    try:
        for turn in take.turns:
            if turn.visit not in opened:
                opened.add(turn.visit)
                worker.open(turn.visit)
            updates = plain_updates(worker.handle(turn.visit, turn.event))
            turns.append(msgspec.structs.replace(turn, updates=updates))
            step()
    finally:
        worker.stop()
    return Take(new_head(answered=True), tuple(turns))


async def replay_at(
    url: str,
    take: Take,
    *,
    token: str = "",
    speed: float = 0.0,
    encoding: Encoding = "msgpack",
    tls: ssl.SSLContext | None = None,
    seconds: float = SETTLE_SECONDS,
    step: Callable[[], object] = lambda: None,
) -> Take:
    """The session again at a server.

    Args:
        speed: 1 keeps the recorded times, 2 takes half as long; 0 goes on as soon as the answers
            are there.
        seconds: to wait for the answers to one event.
        step: called after each turn.

    Raises:
        ChannelError: the server cannot be reached, or refuses.
        TakeError: a turn that no client can send.
    """
    _check_socket(take)
    clients: dict[str, AsyncClient] = {}
    turns = []
    began = time.monotonic()
    try:
        for turn in take.turns:
            if speed > 0.0:
                await asyncio.sleep(max(0.0, began + turn.t / speed - time.monotonic()))
            if isinstance(turn.event, Hello):
                hello = msgspec.structs.replace(turn.event, token=token)
                client = AsyncClient(url, hello, encoding=encoding, tls=tls)
                clients[turn.visit] = client
                await client.open()
            else:
                assert not isinstance(turn.event, Inner)  # checked above
                client = clients[turn.visit]
                await client.send(turn.event)
            updates = plain_updates(await _answers(client, turn, seconds))
            turns.append(msgspec.structs.replace(turn, updates=updates))
            step()
    finally:
        for client in clients.values():
            await client.close()
    return Take(new_head(answered=True), tuple(turns))


def _check_socket(take: Take) -> None:
    """Refuse what a client cannot send: advice, a visit without one hello at its beginning."""
    greeted: set[str] = set()
    for number, turn in enumerate(take.turns, 1):
        hello = isinstance(turn.event, Hello)
        if isinstance(turn.event, Inner) or hello == (turn.visit in greeted):
            raise TakeError(
                f"turn {number} ({turn.event.__struct_config__.tag}) is none that a client can "
                "send there; replay this recording without a server"
            )
        greeted.add(turn.visit)


async def _answers(client: AsyncClient, turn: Turn, seconds: float) -> list[Update]:
    """What comes until as much has come as was recorded, or the event is answered for good."""
    arrived: list[Update] = []
    deadline = time.monotonic() + seconds
    while not _answered(turn, arrived) and time.monotonic() < deadline:
        arrived += await client.poll()
        await asyncio.sleep(0.002)
    return arrived


def _answered(turn: Turn, arrived: list[Update]) -> bool:
    if turn.updates:
        return len(arrived) >= len(turn.updates)
    if isinstance(turn.event, Pose):
        seq, ref = turn.event.seq, ref_of(turn.event)
        return any(
            (isinstance(u, AvatarPose) and u.seq == seq)
            or (isinstance(u, ErrorUpdate) and u.ref == ref)
            for u in arrived
        )
    ref = ref_of(turn.event)
    return not ref or any(isinstance(u, Done | ErrorUpdate) and u.ref == ref for u in arrived)


def compare(recorded: Take, now: Take) -> list[Difference]:
    """What is answered otherwise now; empty where the promise is kept.

    Args:
        recorded: with answers.
        now: of the same events, from :func:`replay` or :func:`replay_at`.
    """
    known = frozenset(recorded.head.types)
    found: list[Difference] = []
    for number, (turn, other) in enumerate(zip(recorded.turns, now.turns, strict=True), 1):
        found += _compare_turn(number, turn, other, known)
    return found


def _compare_turn(
    number: int, recorded: Turn, now: Turn, known: frozenset[str]
) -> Iterator[Difference]:
    event = f"{recorded.event.__struct_config__.tag} {ref_of(recorded.event)}".strip()
    for frames in (False, True):
        wanted = [u for u in recorded.updates if (u["type"] in FRAMES) == frames]
        got = [u for u in now.updates if u["type"] in known and (u["type"] in FRAMES) == frames]
        order = [str(u["type"]) for u in wanted]
        came = [str(u["type"]) for u in got]
        if order != came:
            field = "frames" if frames else "updates"
            yield Difference(number, event, field, " ".join(order) or "none", " ".join(came))
            continue
        for place, (then, today) in enumerate(zip(wanted, got, strict=True)):
            exact = EXACT | {"text"} if then["type"] == "intent" else EXACT
            if then["type"] == "intent" and not then["is_final"]:
                then = {**then, "intents": ()}  # a guess at half a sentence binds nobody
            for field, expected, actual in _differ(
                then, today, f"{then['type']}[{place}]", "", exact
            ):
                yield Difference(number, event, field, expected, actual)


def _differ(
    then: Any, now: Any, path: str, key: str, exact: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    """Where ``now`` does not hold what ``then`` did."""
    if then is None or then == "" or then == [] or then == () or then == {}:
        return
    if isinstance(then, dict):
        if not isinstance(now, dict):
            yield path, "an object", type(now).__name__
            return
        if {"name", "old", "new"} <= then.keys():
            yield from _differ_change(then, now, path)
            return
        for name, value in then.items():
            yield from _differ(value, now.get(name), f"{path}.{name}", name, exact)
    elif isinstance(then, list | tuple):
        if not isinstance(now, list | tuple) or not now:
            yield path, "a list", "nothing" if not now else type(now).__name__
        elif isinstance(then[0], dict):
            # Of the intents of a sentence only the first counts; others were near misses.
            one = slice(0, 1 if key == "intents" else None)
            yield from _differ_rows(then[one], now[one], path, exact)
    elif key in exact:
        if then != now:
            yield path, repr(then), repr(now)
    elif isinstance(then, str):
        if not isinstance(now, str) or not now:
            yield path, "a text", repr(now)
    elif type(now) is not type(then) and {type(now), type(then)} != {int, float}:
        yield path, type(then).__name__, repr(now)


def _differ_rows(then: Any, now: Any, path: str, exact: frozenset[str]) -> Iterator[Any]:
    """Rows that have a name are found by it, others by their place."""
    for place, row in enumerate(then):
        label = next((k for k in ("name", "region", "target") if isinstance(row.get(k), str)), "")
        if label:
            match = next((r for r in now if r.get(label) == row[label]), None)
            where = f"{path}[{row[label]}]"
        else:
            match = now[place] if place < len(now) else None
            where = f"{path}[{place}]"
        if match is None:
            yield where, "there", "nothing"
        else:
            yield from _differ(row, match, where, "", exact)


def _differ_change(then: dict[str, Any], now: dict[str, Any], path: str) -> Iterator[Any]:
    if now.get("unit") != then["unit"]:
        yield f"{path}.unit", repr(then["unit"]), repr(now.get("unit"))
        return
    wanted, got = then["new"] - then["old"], now["new"] - now["old"]
    if abs(wanted - got) > DELTA_TOLERANCE:
        yield path, f"a change of {wanted:g} {then['unit']}", f"{got:g}"
