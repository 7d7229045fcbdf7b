"""Visits in processes of their own: one for each where there is room, so that none waits.

What one visitor asks for may saturate a core for a second. The system's scheduler shares the core
among processes by microseconds, which no thread or turn-taking inside one could do with numpy's and
numba's long calls; and a process that crashes takes one visit with it, which goes on from its last
good state in another a moment later. All methods but :meth:`VisitPool.stop` run on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from showroom.protocol.errors import ProtocolError
from showroom.protocol.mesh_delta import MeshDecoder
from showroom.protocol.messages import (
    Advice,
    Consult,
    Done,
    ErrorUpdate,
    HandOver,
    Input,
    Pose,
    Update,
    Watched,
)
from showroom.protocol.validation import ref_of

from .errands import Errand, Errands
from .host import Deliver, Watcher, watch
from .link import Link
from .nursery import CAN_FORK, Prepare, nothing, source
from .packed import ASIDE, POSE, SHOWN, Answer, Packed, Request
from .take import Recorder
from .worker import MakeVisit, internal_error

logger = logging.getLogger("showroom.channel")

PROCESSES = 256 if CAN_FORK else max(1, (os.cpu_count() or 2) - 1)
"""So many at most; more visits than that share them."""

MAX_WAITING = 512
"""Events of a visit that its process has not come to."""

SILENCE_SECONDS = 120.0
"""A process that takes longer over one event is taken for hung and ended."""

FALLS, FALL_SECONDS = 3, 60.0
"""A visit that has ended its process so often within that time cannot go on."""


@dataclass(eq=False)
class _Seat:
    """One visit: where it lives, what it was told and has not answered, how it last was."""

    visit: str
    deliver: Deliver
    ended: Callable[[], None]
    link: Link
    snapshot: bytes = b""
    waiting: dict[int, Input] = field(default_factory=dict)
    since: float = 0.0
    posing: Pose | None = None
    next_pose: Pose | None = None
    owed: set[str] = field(default_factory=set)
    falls: deque[float] = field(default_factory=lambda: deque(maxlen=FALLS))
    credits: int = 0
    acks: dict[str, int] = field(default_factory=dict)
    readers: dict[str, int] = field(default_factory=dict)
    reader_credits: int = 0
    watched: MeshDecoder | None = None

    def plain(self, update: Update | Packed) -> Update | None:
        """An update as it was; None for a difference whose whole came before one looked."""
        if not isinstance(update, Packed):
            return update
        if update.reader:
            return None
        if not self.credits:
            return update.update()
        self.watched = self.watched or MeshDecoder()
        with contextlib.suppress(ProtocolError):
            return update.update(self.watched)
        return None


class VisitPool:
    """Runs visits in other processes; see :class:`~showroom.channel.host.VisitHost` for one here.

    Args:
        make: picklable; makes a visit in such a process.
        prepare: picklable; what a process does before its first visit.
        recorder: writes down what they take and answer; the caller's to close, after
            :meth:`stop`.
        processes: at most so many; visits share them when there are more.
    """

    on_loop = True
    """``deliver`` is called on the event loop."""

    capabilities = ("delta",)

    def __init__(
        self,
        make: MakeVisit,
        errands: Errands | None = None,
        recorder: Recorder | None = None,
        *,
        prepare: Prepare = nothing,
        processes: int = PROCESSES,
    ) -> None:
        self._source = source(make, prepare)
        self._processes = processes
        self._errands = errands
        self._recorder = recorder
        self._seats: dict[str, _Seat] = {}
        self._links: set[Link] = set()
        self._watchers: tuple[Watcher, ...] = ()
        self._number = 0
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Answer)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchdog: asyncio.TimerHandle | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes' numbers."""
        return tuple(link.pid for link in self._links if link.pid)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work on this event loop from now on."""
        self._loop = loop
        self._watchdog = loop.call_later(SILENCE_SECONDS / 8, self._look_around)
        if not self._source.quick:
            self._begin()

    async def detach(self) -> None:
        """End all visits and leave the event loop."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        for link in list(self._links):
            link.close()
        self._links.clear()
        self._seats.clear()
        await asyncio.gather(*self._tasks)
        await asyncio.sleep(0)  # transports close in the loop's next turn
        self._loop = None

    def open(self, visit: str, deliver: Deliver, ended: Callable[[], None] = lambda: None) -> None:
        """Begin a visit; its updates go to ``deliver``, ``ended`` is called if it cannot go on."""
        link = self._room()
        self._seats[visit] = _Seat(visit, deliver, ended, link)
        link.visits += 1
        self._send(link, self._opening(visit))

    def greet(self, visit: str, want: Sequence[str], credits: int) -> None:
        """A client has come, or come back: what it wants of frames."""
        seat = self._seats.get(visit)
        if seat is None:
            return
        seat.credits = credits if "delta" in want and "plain" not in want else 0
        seat.watched = None
        seat.acks = {key: frame for key, frame in seat.acks.items() if "/" in key}
        self._send(seat.link, Request("greet", visit, ASIDE, credits=seat.credits))

    def read(self, visit: str, readers: Mapping[str, int], credits: int) -> None:
        """Others take a visit's mesh frames too; see :class:`~showroom.channel.packed.Request`."""
        seat = self._seats.get(visit)
        if seat is not None and seat.readers != readers:
            seat.readers, seat.reader_credits = dict(readers), credits
            self._send(seat.link, self._reading(seat))

    def acknowledge(self, visit: str, target: str, frame: int, reader: str = "") -> None:
        """A mesh frame was shown; the visit's process hears of it with the next pose."""
        seat = self._seats.get(visit)
        if seat is not None and (reader or seat.credits):
            seat.acks[f"{reader}/{target}" if reader else target] = frame

    def post(self, visit: str, event: Input) -> None:
        """Hand an event to a visit; never waits, and of waiting poses only the latest counts."""
        seat = self._seats.get(visit)
        if seat is None:
            return
        if isinstance(event, Pose):
            if seat.posing is None:
                seat.posing = event
                self._pose(seat, event)
            else:
                seat.next_pose = event
            return
        if len(seat.waiting) >= MAX_WAITING:
            busy = ProtocolError(
                "busy",
                "the visit has not come to what was asked before",
                expected=f"at most {MAX_WAITING} events waiting",
                got="more",
                ref=ref_of(event),
            )
            self._deliver(seat, [busy.update()])
            return
        if ref := ref_of(event):
            seat.owed.add(ref)
        self._ask(seat, event)

    def cancel(self, visit: str, ref: str) -> bool:
        """Stop an event that the visit has not answered yet; whether there is one."""
        seat = self._seats.get(visit)
        if seat is None or all(ref_of(event) != ref for event in seat.waiting.values()):
            return False
        self._send(seat.link, Request("cancel", visit, ASIDE, ref=ref))
        return True

    def close(self, visit: str) -> None:
        """End a visit; nothing of it is kept."""
        seat = self._seats.pop(visit, None)
        if seat is None:
            return
        if self._recorder is not None:
            self._recorder.forget(visit)
        link = seat.link
        link.visits -= 1
        if link.visits or (not self._source.quick and len(self._links) == 1):
            self._send(link, Request("close", visit, ASIDE))
        else:
            self._links.discard(link)
            link.close()

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Watch every update of every visit; see :meth:`VisitHost.subscribe`."""
        self._watchers = (*self._watchers, watcher)

        def unsubscribe() -> None:
            self._watchers = tuple(w for w in self._watchers if w is not watcher)

        return unsubscribe

    def stop(self) -> None:
        """End all processes; idempotent. After the event loop has been left."""
        self._source.stop()

    def _reading(self, seat: _Seat) -> Request:
        return Request(
            "readers", seat.visit, ASIDE, credits=seat.reader_credits, readers=seat.readers
        )

    def _opening(self, visit: str) -> Request:
        return Request("open", visit, ASIDE, exact=self._recorder is not None)

    def _room(self) -> Link:
        """A process for one more visit: an idle one, a new one, or that with least to do."""
        idle = next((link for link in self._links if not link.visits), None)
        if idle is not None:
            return idle
        if len(self._links) < self._processes or not self._links:
            return self._begin()
        return min(self._links, key=lambda link: (link.load, link.visits))

    def _begin(self) -> Link:
        assert self._loop is not None, "attach the pool to an event loop first"
        link = Link(self._answered, self._lost, shares=self._source.quick)
        self._links.add(link)
        try:
            self._source.start(link.theirs, link.memory)
        except OSError as error:
            # The other end is closed by now: the link will be lost, and with it the visit.
            logger.error("no process for a visit: %s", error.strerror)
        link.handed_over()
        task = link.open(self._loop)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return link

    def _send(self, link: Link, request: Request) -> None:
        link.send(self._encoder.encode(request))

    def _pose(self, seat: _Seat, pose: Pose) -> None:
        acks, seat.acks = seat.acks, {} if seat.acks else seat.acks
        self._send(seat.link, Request("handle", seat.visit, POSE, pose, acks=acks))

    def _ask(self, seat: _Seat, event: Input) -> None:
        self._number += 1
        if not seat.waiting:
            seat.since = time.monotonic()
        seat.waiting[self._number] = event
        self._send(seat.link, Request("handle", seat.visit, self._number, event))

    def _answered(self, link: Link, message: memoryview) -> None:
        answer = self._decoder.decode(message)
        if not answer.visit:
            link.pid = answer.number
            return
        link.load += answer.spent  # decays in _look_around
        updates: list[Update | Packed] = list(answer.updates)
        for placed in answer.frames:
            data = placed.data
            if not data and link.ring is not None:
                data = link.ring.take(placed.position, placed.length)
            packed = Packed(placed.target, placed.frame, data, placed.reader)
            updates.insert(placed.index, packed)
        seat = self._seats.get(answer.visit)
        if seat is None or seat.link is not link:
            return
        if answer.failed:
            self._give_up(seat)
            return
        if answer.snapshot:
            seat.snapshot = answer.snapshot
        event: Input | None = None
        if answer.number == POSE:
            event, seat.posing = seat.posing, seat.next_pose
            if seat.posing is not None:
                seat.next_pose = None
                self._pose(seat, seat.posing)
        elif answer.number > POSE:
            event = seat.waiting.pop(answer.number, None)
            seat.since = time.monotonic()
        elif answer.number == ASIDE:
            return
        self._pass(seat, event, updates)

    def _pass(self, seat: _Seat, event: Input | None, updates: list[Update | Packed]) -> None:
        """Give updates to whom they are for: the client, watchers, the recorder, errands."""
        if self._recorder is not None and event is not None and not isinstance(event, Watched):
            told_plain = [plain for u in updates if (plain := seat.plain(u)) is not None]
            self._recorder.add(seat.visit, event, told_plain)
        told: list[Update | Packed] = []
        for update in updates:
            if isinstance(update, Consult | HandOver):
                self._run_errand(seat, update)
                continue
            if isinstance(update, Done | ErrorUpdate):
                seat.owed.discard(update.ref)
            told.append(update)
        if isinstance(event, Advice) and event.ref in seat.owed and len(told) == len(updates):
            # The visit knows nothing of it any more, but its event must end all the same.
            seat.owed.discard(event.ref)
            told.append(internal_error(event).update())
        self._deliver(seat, told)

    def _deliver(self, seat: _Seat, updates: list[Update | Packed]) -> None:
        if not updates:
            return
        try:
            seat.deliver(updates)
        except Exception as error:
            logger.warning("a visit's updates found no taker: %s", type(error).__name__)
        if not self._watchers:
            return
        for update in updates:
            plain = seat.plain(update)
            if plain is None or isinstance(plain, ErrorUpdate):
                continue
            for watcher in self._watchers:
                watch(watcher, seat.visit, plain)

    def _run_errand(self, seat: _Seat, errand: Errand) -> None:
        """Have an errand carried out; without errands it has failed."""
        loop = self._loop
        if loop is None:
            return

        def done(advice: Advice) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                loop.call_soon_threadsafe(self._advise, seat, advice)

        if self._errands is None:
            loop.call_soon(self._advise, seat, Advice(ref=errand.ref))
        else:
            self._errands.start(errand, done)

    def _advise(self, seat: _Seat, advice: Advice) -> None:
        if self._seats.get(seat.visit) is seat:
            self._ask(seat, advice)

    def _lost(self, link: Link) -> None:
        """A process is gone: its visits go on in others; what it died over ends in an error."""
        self._links.discard(link)
        seats = [seat for seat in self._seats.values() if seat.link is link]
        if not seats:
            return
        if link.pid:
            guilty = _guilty(seats, link.ring.doing if link.ring is not None else None)
        else:  # it never began; another try may be in vain, too
            guilty = dict.fromkeys(seats, ASIDE)
        now = time.monotonic()
        for seat in seats:
            seat.posing = seat.next_pose = None
            if seat in guilty:
                seat.falls.append(now)
                if len(seat.falls) == FALLS and now - seat.falls[0] < FALL_SECONDS:
                    self._give_up(seat)
                    continue
            self._move(seat, guilty.get(seat))

    def _move(self, seat: _Seat, guilty: int | None) -> None:
        """Go on with a visit in another process, as it last was, without the guilty event."""
        logger.error("a visit goes on in a new process")
        if guilty is not None and guilty in seat.waiting:
            event = seat.waiting.pop(guilty)
            if not isinstance(event, Advice) or event.ref in seat.owed:
                seat.owed.discard(ref_of(event) or getattr(event, "ref", ""))
                self._deliver(seat, [internal_error(event).update()])
        again, seat.waiting = seat.waiting, {}
        seat.link = self._room()
        seat.link.visits += 1
        self._send(seat.link, self._opening(seat.visit))
        seat.acks.clear()
        self._send(seat.link, Request("greet", seat.visit, ASIDE, credits=seat.credits))
        if seat.readers:
            self._send(seat.link, self._reading(seat))
        if seat.snapshot:
            number = ASIDE if guilty is None else SHOWN
            self._send(seat.link, Request("restore", seat.visit, number, None, seat.snapshot))
        for event in again.values():
            self._ask(seat, event)

    def _give_up(self, seat: _Seat) -> None:
        """End a visit that cannot go on; whatever it still owed ends in an error."""
        if self._seats.pop(seat.visit, None) is None:
            return
        seat.link.visits -= 1
        if not seat.link.visits and seat.link in self._links:
            self._links.discard(seat.link)
            seat.link.close()
        said = ProtocolError("internal", "the visit cannot go on; begin a new one").update()
        errors = [msgspec.structs.replace(said, ref=ref) for ref in sorted(seat.owed)]
        self._deliver(seat, [*errors, said])
        seat.ended()

    def _look_around(self) -> None:
        """End processes that hang; forget old load."""
        assert self._loop is not None
        now = time.monotonic()
        for seat in list(self._seats.values()):
            if seat.waiting and now - seat.since > SILENCE_SECONDS and seat.link.pid:
                logger.error("a visit's process has not answered for %.0f s", now - seat.since)
                self._source.kill(seat.link.pid)
        for link in self._links:
            link.load *= 0.5
        self._watchdog = self._loop.call_later(SILENCE_SECONDS / 8, self._look_around)


def _guilty(seats: list[_Seat], doing: int | None) -> dict[_Seat, int]:
    """Whose event a process died over, and which, by what it was at; None where that is unknown.

    Then events are known to be taken in the order in which they were sent: it was the oldest, or
    a pose. Poses need not be repeated.
    """
    if doing is None:
        oldest = [(next(iter(seat.waiting)), seat) for seat in seats if seat.waiting]
        if oldest:
            number, seat = min(oldest, key=lambda pair: pair[0])
            return {seat: number}
        doing = POSE
    if doing == POSE:
        return {seat: POSE for seat in seats if seat.posing is not None}
    if doing in (ASIDE, SHOWN):  # over the beginning of a visit, or going on with one
        return dict.fromkeys(seats, doing)
    return {seat: doing for seat in seats if doing in seat.waiting}
