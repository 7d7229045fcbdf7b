"""Events on their way to the visits: in order, except that only the latest pose of each counts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from showroom.protocol.messages import Input, Pose

Job = Callable[[], None]
"""Something else to do between events, such as opening a visit."""


class Inbox:
    """A thread-safe queue that never makes its writers wait.

    A pose that finds an older one of the same visit still waiting takes its place in the queue: a
    visit that is busy re-fitting meets the visitor where they are now, not where they were.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[str, list[Input]] | Job] = deque()
        self._poses: dict[str, list[Input]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, visit: str, event: Input) -> bool:
        """Add an event of a visit; False if it took the place of one that was waiting."""
        with self._changed:
            if isinstance(event, Pose):
                waiting = self._poses.get(visit)
                if waiting is not None:
                    waiting[0] = event
                    return False
                cell: list[Input] = [event]
                self._poses[visit] = cell
            else:
                cell = [event]
            self._queue.append((visit, cell))
            self._changed.notify()
            return True

    def put_job(self, job: Job) -> None:
        """Add a job, run by the reader in its turn."""
        with self._changed:
            self._queue.append(job)
            self._changed.notify()

    def get(self) -> tuple[str, Input] | Job | None:
        """Wait for the next event or job; None after :meth:`close` once all is read."""
        with self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            item = self._queue.popleft()
            if callable(item):
                return item
            visit, cell = item
            if self._poses.get(visit) is cell:
                del self._poses[visit]
            return visit, cell[0]

    def close(self) -> None:
        """No more will come; the reader stops after what is queued."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._queue)
