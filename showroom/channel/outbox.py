"""What waits to be sent to one client: every reliable update, and only the latest frame of each.

Frames never queue. A newer pose or mesh replaces the one that still waits, and at most ``credits``
mesh frames of a target are on their way before the client acknowledges one: a slow reader gets
fewer frames, each of them fresh, and costs nobody else anything. Only a frame that the next one
builds on (:func:`~showroom.protocol.compact.chained`) keeps its place: there are no more of them
than credits, since whoever makes them waits for acknowledgements too.
"""

from __future__ import annotations

from collections import deque

from showroom.protocol.compact import chained
from showroom.protocol.messages import AvatarPose, MeshFrame, Update

from .packed import Packed, frame_of


class Outbox:
    """The send queue of one connection; no I/O, not thread-safe.

    Args:
        credits: mesh frames in flight per target.
        backlog: reliable updates that may wait; one more and :attr:`overflowed` is set.
    """

    def __init__(self, credits: int, backlog: int) -> None:
        self._credits = credits
        self._backlog = backlog
        self._reliable: deque[Update] = deque()
        self._frames: dict[tuple[str, int], AvatarPose | MeshFrame | Packed] = {}
        self._in_flight: dict[str, deque[int]] = {}
        self.coalesced = 0
        self.overflowed = False

    def put(self, update: Update | Packed) -> None:
        """Add an update; a frame replaces the one of its target that still waits."""
        if isinstance(update, Packed | AvatarPose | MeshFrame):
            key = frame_of(update)
            if key[1] and not (isinstance(update, Packed) and chained(update.data)):
                key = (key[0], 0)
            # Taken out and put in again, so that the dict stays in order of arrival.
            self.coalesced += self._frames.pop(key, None) is not None
            self._frames[key] = update
        elif len(self._reliable) >= self._backlog:
            self.overflowed = True
        else:
            self._reliable.append(update)

    def acknowledge(self, target: str, frame: int) -> None:
        """The client has shown ``frame`` of ``target``: it and all before it have landed.

        Frame 0 is a client's that has none to build on any more: it waits for nothing.
        """
        flying = self._in_flight.get(target)
        while flying and (not frame or flying[0] <= frame):
            flying.popleft()

    def take(self) -> Update | Packed | None:
        """The next update to send, or None if nothing may be sent now."""
        if self._reliable:
            return self._reliable.popleft()
        for key, frame in self._frames.items():
            target, number = frame_of(frame)
            if number:
                flying = self._in_flight.setdefault(target, deque())
                if len(flying) >= self._credits:
                    continue
                flying.append(number)
            del self._frames[key]
            return frame
        return None

    @property
    def empty(self) -> bool:
        """Whether nothing waits, not even for a credit."""
        return not self._reliable and not self._frames

    def in_flight(self, target: str) -> int:
        """Mesh frames of ``target`` that were sent and not yet acknowledged."""
        return len(self._in_flight.get(target, ()))
