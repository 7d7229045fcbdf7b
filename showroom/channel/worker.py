"""What a visit is to the channel, and visits in this process; for others see :mod:`.pool`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Input, Pose, Update
from showroom.protocol.validation import ref_of

logger = logging.getLogger("showroom.channel")


Tell = Callable[[float, str], bool]
"""Takes how far long work is, 0 to 1, and what it is at; False where it shall stop."""


class VisitLike(Protocol):
    """What a worker needs of a visit; :class:`showroom.visit.Visit` has it."""

    def handle(self, event: Input) -> list[Update]: ...

    def snapshot(self) -> dict[str, Any]: ...

    def restore(self, snapshot: dict[str, Any]) -> list[Update]: ...

    def attend(self, tell: Tell) -> None:
        """In the midst of long work ``tell`` how far it is, and stop where it says so."""

    def catch_up(self, poses: Sequence[Pose], count: int) -> list[Update]:
        """Follow poses that another has answered, ``count`` in all; the meshes as of now."""


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
