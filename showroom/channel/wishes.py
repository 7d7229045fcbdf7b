"""Wishes of guests on their way to the host's visit and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from showroom.protocol.messages import Granted, Inner, Wish

from .session import Session

PATIENCE_SECONDS = 30.0
"""A wish that the host's visit has not answered by then is told to be lost."""


@dataclass(eq=False)
class _Way:
    guest: Session
    host: Session
    ref: str
    timer: asyncio.TimerHandle


class Wishes:
    """All that are under way; each ends in exactly one answer to the guest's visit.

    Args:
        tell: tells a session's visit something.
    """

    def __init__(self, tell: Callable[[Session, Inner], None]) -> None:
        self._tell = tell
        self._ways: dict[str, _Way] = {}
        self._count = 0

    def send(self, guest: Session, host: Session | None, wish: Wish) -> None:
        """Hand a guest's wish to the host's visit."""
        if host is None or host is guest:
            self._tell(guest, _lost(wish.ref))
            return
        self._count += 1
        key = str(self._count)
        timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._late, key)
        self._ways[key] = _Way(guest, host, wish.ref, timer)
        self._tell(host, msgspec.structs.replace(wish, ref=key, who=guest.name))

    def granted(self, host: Session, answer: Granted) -> None:
        """The host's visit has answered."""
        way = self._ways.get(answer.ref)
        if way is not None and way.host is host:
            self._end(answer.ref, msgspec.structs.replace(answer, ref=way.ref))

    def forget(self, session: Session) -> None:
        """A guest or host has left; what they had under way is lost."""
        for key, way in list(self._ways.items()):
            if session in (way.guest, way.host):
                self._end(key, _lost(way.ref))

    def _late(self, key: str) -> None:
        if key in self._ways:
            self._end(key, _lost(self._ways[key].ref))

    def _end(self, key: str, answer: Granted) -> None:
        way = self._ways.pop(key)
        way.timer.cancel()
        self._tell(way.guest, answer)


def _lost(ref: str) -> Granted:
    return Granted(
        ref=ref,
        code="not_ready",
        message="the host's visit has not answered; try again",
        field="target",
        expected="a host who is there",
        got="none",
    )
