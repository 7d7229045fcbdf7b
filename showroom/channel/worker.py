"""Where visits live: in this process, or in one of their own that may die without harm.

A visit's fitting saturates a core; in a process of its own, niced, it leaves the channel's pose
path alone. What crosses the pipe are the protocol's own messages.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Literal, Protocol

import msgspec

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Input, Pose, Update
from showroom.protocol.validation import ref_of

logger = logging.getLogger("showroom.channel")

NICENESS = 10
REPLY_SECONDS = 300.0
"""A worker that is silent for longer is taken for dead; its first answers may have to compile."""


class VisitLike(Protocol):
    """What a worker needs of a visit; :class:`showroom.visit.Visit` has it."""

    def handle(self, event: Input) -> list[Update]: ...

    def snapshot(self) -> dict[str, Any]: ...

    def restore(self, snapshot: dict[str, Any]) -> list[Update]: ...


MakeVisit = Callable[[], VisitLike]


class Worker(Protocol):
    """Runs visits; every method is called from one thread."""

    def open(self, visit: str) -> None: ...

    def handle(self, visit: str, event: Input) -> list[Update]: ...

    def close(self, visit: str) -> None: ...

    def stop(self) -> None: ...


class LocalWorker:
    """Visits in this process."""

    def __init__(self, make: MakeVisit) -> None:
        self._make = make
        self._visits: dict[str, VisitLike] = {}

    def open(self, visit: str) -> None:
        self._visits[visit] = self._make()

    def handle(self, visit: str, event: Input) -> list[Update]:
        """The visit's answer; a fault of its own becomes a typed error and is logged by place."""
        return guarded(self._visits[visit], event)

    def close(self, visit: str) -> None:
        self._visits.pop(visit, None)

    def stop(self) -> None:
        self._visits.clear()


class Request(msgspec.Struct, array_like=True):
    """What the parent asks of a worker process."""

    verb: Literal["open", "handle", "restore", "close"]
    visit: str
    event: Input | None = None
    snapshot: dict[str, Any] | None = None


class Answer(msgspec.Struct, array_like=True):
    """What a worker process answers; the snapshot comes with all but poses."""

    updates: list[Update]
    snapshot: dict[str, Any] | None = None


class ProcessWorker:
    """Visits in a child process; when it dies, they go on in a new one from their last snapshot.

    Args:
        make: picklable; called in the child for each visit.
    """

    def __init__(self, make: MakeVisit) -> None:
        self._make = make
        self._snapshots: dict[str, dict[str, Any] | None] = {}
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Answer)
        self._start()

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid or 0

    def open(self, visit: str) -> None:
        self._snapshots[visit] = None
        self._ask(Request("open", visit))

    def handle(self, visit: str, event: Input) -> list[Update]:
        """The visit's answer; if the child died over it, an error and the last good state."""
        answer = self._ask(Request("handle", visit, event))
        if answer is None:
            fault = internal_error(event).update()
            return [fault, *self._revive(visit)]
        if answer.snapshot is not None:
            self._snapshots[visit] = answer.snapshot
        return answer.updates

    def close(self, visit: str) -> None:
        self._snapshots.pop(visit, None)
        self._ask(Request("close", visit))

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._make), name="showroom-visits", daemon=True
        )
        self._process.start()
        theirs.close()

    def _ask(self, request: Request) -> Answer | None:
        try:
            self._pipe.send_bytes(self._encoder.encode(request))
            deadline = time.monotonic() + REPLY_SECONDS
            while time.monotonic() < deadline:
                if self._pipe.poll(1.0):
                    return self._decoder.decode(self._pipe.recv_bytes())
                if not self._process.is_alive():
                    break
        except (OSError, EOFError):
            pass
        return None

    def _revive(self, asking: str) -> list[Update]:
        """A new child with all visits as they were; what the asking one shows again."""
        logger.error("the visits' process ended with %s; restarting", self._process.exitcode)
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._start()
        shown: list[Update] = []
        for visit, snapshot in self._snapshots.items():
            self._ask(Request("open", visit))
            if snapshot is not None:
                answer = self._ask(Request("restore", visit, snapshot=snapshot))
                if answer is not None and visit == asking:
                    shown = answer.updates
        return shown


def guarded(visit: VisitLike, event: Input) -> list[Update]:
    """A visit's answer to an event; no exception gets out.

    A fault is logged as type and place only: its text could carry what the visitor said.
    """
    try:
        return visit.handle(event)
    except ProtocolError as error:
        return [error.update(ref_of(event))]
    except Exception as error:
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
        logger.error("%s at %s over %s", type(error).__name__, place, type(event).__name__)
        return [internal_error(event).update()]


def internal_error(event: Input) -> ProtocolError:
    """The server's own fault over an event."""
    return ProtocolError(
        "internal",
        "something went wrong on our side; the visit goes on as it was",
        ref=ref_of(event),
    )


def _serve(pipe: Connection, make: MakeVisit) -> None:
    """The child's loop; ends when the parent closes the pipe."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    decoder = msgspec.msgpack.Decoder(Request)
    encoder = msgspec.msgpack.Encoder()
    visits: dict[str, VisitLike] = {}
    while True:
        try:
            request = decoder.decode(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            answer = _answer(visits, make, request)
        except Exception as error:
            logger.error("a visit's process failed with %s: %s", type(error).__name__, error)
            answer = Answer([])
            if request.event is not None:
                answer.updates = [internal_error(request.event).update()]
        pipe.send_bytes(encoder.encode(answer))


def _answer(visits: dict[str, VisitLike], make: MakeVisit, request: Request) -> Answer:
    answer = Answer([])
    if request.verb == "open":
        visits[request.visit] = make()
    elif request.verb == "close":
        visits.pop(request.visit, None)
    elif request.verb == "restore" and request.snapshot is not None:
        answer.updates = visits[request.visit].restore(request.snapshot)
    elif request.event is not None:
        visit = visits[request.visit]
        answer.updates = guarded(visit, request.event)
        if not isinstance(request.event, Pose):
            answer.snapshot = visit.snapshot()
    return answer
