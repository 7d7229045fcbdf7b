"""A visit in this process, on a thread of its own: no frame waits for what it has to work out."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from .channel.host import VisitHost
from .channel.packed import Packed
from .channel.worker import MakeVisit
from .protocol.messages import AssetReady, Event, Update

_HERE = "here"


class LocalVisit:
    """Takes a stage's events, and gives back whatever the visit has answered since.

    A pose that finds the visit idle is answered at once, on the calling thread; of poses that find
    it busy only the latest counts. Everything else is worked out meanwhile and comes back with a
    later call.

    Args:
        make: makes the visit.

    Attributes:
        assets: the GLBs that it has shown, by hash.
    """

    def __init__(self, make: MakeVisit) -> None:
        self.assets: dict[str, bytes] = {}
        self._answers: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self._host = VisitHost.in_process(make)
        self._host.open(_HERE, self._deliver)

    def __call__(self, event: Event) -> list[Update]:
        """Hand an event over; what has been answered since the last call, in order."""
        self._host.post(_HERE, event)
        return self.answers()

    def answers(self) -> list[Update]:
        """What has been answered since the last call, in order."""
        found: list[Update] = []
        while not self._answers.empty():
            found.append(self._answers.get())
        return found

    def settle(self) -> list[Update]:
        """Wait until everything is answered; no event can be handed over after it."""
        self._host.stop()
        return self.answers()

    def _deliver(self, updates: Sequence[Update | Packed]) -> None:
        for update in updates:
            if isinstance(update, Packed):
                update = update.update()
            if isinstance(update, AssetReady):
                self.assets[update.hash] = update.data
            else:
                self._answers.put(update)
