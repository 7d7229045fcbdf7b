"""The visits behind one door: events in, updates out, watchers beside."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from showroom.protocol.messages import (
    Advice,
    Consult,
    ErrorUpdate,
    HandOver,
    Input,
    Pose,
    Update,
)

from .errands import Errand, Errands
from .inbox import Inbox
from .packed import Packed
from .worker import LocalWorker, MakeVisit, Worker, internal_error

if TYPE_CHECKING:
    import asyncio

logger = logging.getLogger("showroom.channel")

Deliver = Callable[[Sequence[Update | Packed]], None]
Watcher = Callable[[str, Update], None]


def unheard() -> None:
    """Nobody asks whether a visit could go on."""


class Host(Protocol):
    """What a server needs of whoever runs its visits."""

    @property
    def on_loop(self) -> bool:
        """Whether ``deliver`` is only ever called on the event loop."""

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its visits can do beyond every server's."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """A server begins to use it from this event loop."""

    async def detach(self) -> None:
        """The server has closed; on its event loop."""

    def open(self, visit: str, deliver: Deliver, ended: Callable[[], None] = unheard) -> None:
        """Begin a visit; its updates go to ``deliver``, ``ended`` is called if it cannot go on."""

    def greet(self, visit: str, want: Sequence[str], credits: int) -> None:
        """A client has come, or come back: what it wants of frames."""

    def read(self, visit: str, readers: Mapping[str, int], credits: int) -> None:
        """Others take a visit's mesh frames too, by name, at their paces."""

    def acknowledge(self, visit: str, target: str, frame: int, reader: str = "") -> None:
        """The client, or a reader, has shown a mesh frame."""

    def post(self, visit: str, event: Input) -> None:
        """Hand an event to a visit; never waits."""

    def cancel(self, visit: str, ref: str) -> bool:
        """Stop an event that the visit has not answered yet; whether there is one."""

    def close(self, visit: str) -> None:
        """End a visit; nothing of it is kept."""

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Watch every update of every visit; what is returned ends that."""

    def stop(self) -> None:
        """End all visits; idempotent."""


class VisitHost:
    """Runs visits on one thread of its own in this process; for a single local visitor, and tests.

    ``deliver`` and watchers must not block. They are called on that thread, or within
    :meth:`post`: with ``direct``, a pose that finds nothing else to do is answered at once by the
    thread that posts it, which spares two changes of threads per frame.
    """

    on_loop = False
    capabilities = ()

    def __init__(
        self, worker: Worker, *, direct: bool = False, errands: Errands | None = None
    ) -> None:
        self._worker = worker
        self._direct = direct
        self._errands = errands
        self._turn = threading.Lock()
        self._pending = 0
        self._inbox = Inbox()
        self._deliver: dict[str, Deliver] = {}
        self._watchers: tuple[Watcher, ...] = ()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="showroom-visits", daemon=True)
        self._thread.start()

    @classmethod
    def in_process(cls, make: MakeVisit, errands: Errands | None = None) -> VisitHost:
        """Visits in this process; for a single local visitor, and for tests."""
        return cls(LocalWorker(make), direct=True, errands=errands)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing to do: it has a thread of its own."""

    async def detach(self) -> None:
        """Nothing to do: visits may outlive a server."""

    def greet(self, visit: str, want: Sequence[str], credits: int) -> None:
        """Nothing to do: frames are delivered as they are."""

    def read(self, visit: str, readers: Mapping[str, int], credits: int) -> None:
        """Nothing to do, see :meth:`greet`."""

    def acknowledge(self, visit: str, target: str, frame: int, reader: str = "") -> None:
        """Nothing to do, see :meth:`greet`."""

    def open(self, visit: str, deliver: Deliver, ended: Callable[[], None] = unheard) -> None:
        """Begin a visit; its updates go to ``deliver``. One that fails is still there."""
        with self._lock:
            self._deliver[visit] = deliver
        self._put_job(lambda: self._worker.open(visit))

    def post(self, visit: str, event: Input) -> None:
        """Hand an event to a visit; never waits, and of waiting poses only the latest counts."""
        if self._direct and isinstance(event, Pose) and self._turn.acquire(blocking=False):
            try:
                if self._pending == 0:
                    self._serve(visit, event)
                    return
            finally:
                self._turn.release()
        with self._lock:
            self._pending += self._inbox.put(visit, event)

    def cancel(self, visit: str, ref: str) -> bool:
        """None: what has begun here comes to its end."""
        return False

    def close(self, visit: str) -> None:
        """End a visit; nothing of it is kept."""
        with self._lock:
            self._deliver.pop(visit, None)
        self._put_job(lambda: self._worker.close(visit))

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Watch every update of every visit, as a stage that mirrors them does.

        Returns:
            A function that ends the subscription.
        """
        with self._lock:
            self._watchers = (*self._watchers, watcher)

        def unsubscribe() -> None:
            with self._lock:
                self._watchers = tuple(w for w in self._watchers if w is not watcher)

        return unsubscribe

    def stop(self) -> None:
        """End all visits after what is queued; idempotent."""
        self._inbox.close()
        self._thread.join()

    def _put_job(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._pending += 1
        self._inbox.put_job(job)

    def _run(self) -> None:
        while (item := self._inbox.get()) is not None:
            with self._turn:
                if callable(item):
                    try:
                        item()
                    except Exception as error:
                        logger.error("a visit could not be opened or closed: %s", error)
                else:
                    self._serve(*item)
                with self._lock:
                    self._pending -= 1
        self._worker.stop()

    def _run_errand(self, visit: str, errand: Errand) -> None:
        """Have an errand carried out; without errands it has failed."""

        def done(advice: Advice) -> None:
            self._put_job(lambda: self._serve(visit, advice))

        if self._errands is None:
            done(Advice(ref=errand.ref))
        else:
            self._errands.start(errand, done)

    def _serve(self, visit: str, event: Input) -> None:
        deliver, watchers = self._deliver.get(visit), self._watchers
        if deliver is None:  # closed meanwhile
            return
        try:
            updates = self._worker.handle(visit, event)
        except Exception as error:
            logger.error("a visit's worker failed with %s", type(error).__name__)
            updates = [internal_error(event).update()]
        if not isinstance(event, Pose):
            for update in updates:
                if isinstance(update, Consult | HandOver):
                    self._run_errand(visit, update)
            updates = [u for u in updates if not isinstance(u, Consult | HandOver)]
        try:
            deliver(updates)
        except Exception as error:  # such as a loop that has closed meanwhile
            logger.warning("a visit's updates found no taker: %s", type(error).__name__)
        for watcher in watchers:
            for update in updates:
                if not isinstance(update, ErrorUpdate):
                    watch(watcher, visit, update)


def watch(watcher: Watcher, visit: str, update: Update) -> None:
    """Show a watcher an update; what it does wrong is its own affair."""
    try:
        watcher(visit, update)
    except Exception as error:
        logger.error("a watcher failed with %s", type(error).__name__)
