"""The ears of all visits, away from the event loop and from the visits.

Decoding a turn saturates a core for a tenth of a second: in a process of its own it delays neither
a pose nor another visitor's frames. What crosses the pipe are samples one way and short messages
the other.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Literal, Protocol

import msgspec
import numpy as np

logger = logging.getLogger("showroom.channel")

RATE = 16_000

MAX_WAITING = 10.0
"""Seconds of one visitor's speech that may wait to be heard; more is refused with ``busy``."""

MAX_WAITING_IN_ALL = 500.0
"""Seconds of all visitors' speech together that may wait, 16 MB."""

GENTLY = 5
"""How much nicer to other processes the ears are while they are got ready before anyone speaks."""


QUIET = ("ready", "playing", "silent", "cancel", "close")
"""Orders that lead to nothing that is told; nobody waits until they are carried out."""


class Ordered(msgspec.Struct, array_like=True):
    """What the ears are to do for one visit.

    Attributes:
        data: samples for ``"hear"``.
        text: the reply for ``"say"``.
        lang: the language for ``"open"``, ``"say"`` and ``"ready"``, which loads what hears it.

    After ``"tear"`` samples are missing.
    """

    verb: Literal[
        "ready", "open", "hear", "tear", "finish", "cancel", "playing", "silent", "say", "close"
    ]
    visit: str
    data: bytes = b""
    text: str = ""
    lang: str = ""


class Told(msgspec.Struct, array_like=True):
    """What the ears tell: a report of one, the end of a stream, or a spoken reply's samples.

    ``"failed"`` ends a stream with an error; ``"said"`` without data leaves it to the client.
    """

    kind: Literal["begin", "partial", "final", "error", "ended", "failed", "said"]
    visit: str
    text: str = ""
    lang: str = ""
    confidence: float = 0.0
    stability: float = 0.0
    reason: str = ""
    barged: bool = False
    error: tuple[str, str, str, str, str] | None = None
    data: bytes = b""


class ReportLike(Protocol):
    """One of an ear's reports; :class:`showroom.hearing.ear.Report` has it."""

    kind: Any
    text: Any
    confidence: Any
    stability: Any
    reason: Any
    barged: Any
    error: Any


class EarLike(Protocol):
    """What is needed of an ear; :class:`showroom.hearing.ear.Ear` has it."""

    lang: str
    playing: bool

    def accept(self, samples: Any) -> list[Any]: ...

    def finish(self) -> list[Any]: ...

    def tear(self) -> list[Any]: ...

    def cancel(self) -> None: ...


class HearingLike(Protocol):
    """Makes ears, and says replies; :class:`showroom.hearing.shop.Hearing` does."""

    def ear(self, lang: str) -> EarLike: ...

    def say(self, text: str, lang: str) -> Any: ...


MakeHearing = Callable[[], HearingLike]


@dataclass(frozen=True)
class HearingOffer:
    """What a server can hear and say.

    Attributes:
        make: makes what hears; picklable where ``subprocess`` is true.
        languages: that are heard.
        speaks: whether replies come as audio.
    """

    make: MakeHearing
    languages: tuple[str, ...] = ()
    speaks: bool = False
    subprocess: bool = True


Deliver = Callable[[Told], None]


class Ears:
    """Carries out orders one after the other; no threads, no pipes.

    Args:
        hearing: makes the ears.
    """

    def __init__(self, hearing: HearingLike) -> None:
        self._hearing = hearing
        self._ears: dict[str, EarLike] = {}
        self._playing: set[str] = set()

    def carry_out(self, order: Ordered) -> list[Told]:
        """What an order leads to; a fault of ours becomes an error and is logged by place."""
        try:
            return self._do(order)
        except Exception as error:
            return _failed(order, error)

    def _do(self, order: Ordered) -> list[Told]:
        visit = order.visit
        if order.verb == "ready":
            self._hearing.ear(order.lang)
            return []
        if order.verb == "open":
            self._ears[visit] = ear = self._hearing.ear(order.lang)
            ear.playing = visit in self._playing
            return []
        if order.verb == "say":
            samples = self._hearing.say(order.text, order.lang)
            return [Told("said", visit, order.text, order.lang, data=samples.tobytes())]
        if order.verb in ("playing", "silent"):
            playing = order.verb == "playing"
            (self._playing.add if playing else self._playing.discard)(visit)
            if visit in self._ears:
                self._ears[visit].playing = playing
            return []
        if order.verb == "close":
            self._playing.discard(visit)
            self._ears.pop(visit, None)
            return []
        ear_ = self._ears.get(visit)
        if ear_ is None:
            return []
        if order.verb == "hear":
            samples = np.frombuffer(order.data, "<i2")
            return [_told(visit, ear_.lang, report) for report in ear_.accept(samples)]
        if order.verb == "tear":
            return [_told(visit, ear_.lang, report) for report in ear_.tear()]
        if order.verb == "cancel":
            ear_.cancel()
            return []
        del self._ears[visit]
        told = [_told(visit, ear_.lang, report) for report in ear_.finish()]
        return [*told, Told("ended", visit)]


class EarsHost:
    """Ears behind a queue; every method returns at once.

    Args:
        offer: what hears.
        deliver: gets what the ears tell, on a thread of ours; must not block.
    """

    def __init__(self, offer: HearingOffer, deliver: Deliver) -> None:
        self._offer = offer
        self._deliver = deliver
        self._orders: queue.SimpleQueue[Ordered | None] = queue.SimpleQueue()
        self._waiting: Counter[str] = Counter()  # bytes of samples, by visit
        self._full: set[str] = set()  # who has lost some, and waits until half is heard
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="showroom-ears", daemon=True)
        self._thread.start()

    def get_ready(self) -> None:
        """Load what hears before it is needed, at a low priority; orders wait until then."""
        for lang in self._offer.languages:
            self.order(Ordered("ready", "", lang=lang))

    def order(self, order: Ordered) -> bool:
        """Queue an order; False for samples that come faster than they are heard."""
        size = len(order.data)
        if size:
            with self._lock:
                most = 2 * RATE * MAX_WAITING * (0.5 if order.visit in self._full else 1.0)
                own, all_ = self._waiting[order.visit] + size, self._waiting.total() + size
                if own > most or all_ > 2 * RATE * MAX_WAITING_IN_ALL:
                    self._full.add(order.visit)
                    return False
                self._full.discard(order.visit)
                self._waiting[order.visit] = own
        elif order.verb == "close":
            self._full.discard(order.visit)
        self._orders.put(order)
        return True

    def stop(self) -> None:
        """End after what is queued."""
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        child: _Child | Ears | None = None
        while (order := self._orders.get()) is not None:
            try:
                if child is None:
                    make = self._offer.make
                    child = _Child(make) if self._offer.subprocess else Ears(make())
                for told in child.carry_out(order):
                    self._deliver(told)
            except Exception as error:
                if isinstance(child, _Child):
                    child.stop()
                child = None
                for told in _failed(order, error):
                    with contextlib.suppress(Exception):  # such as a loop that has closed
                        self._deliver(told)
            if order.data:
                with self._lock:
                    self._waiting[order.visit] -= len(order.data)
                    if not self._waiting[order.visit]:
                        del self._waiting[order.visit]
        if isinstance(child, _Child):
            child.stop()


class _Child:
    """Ears in a process of their own.

    Raises:
        EOFError: the process has ended.
    """

    def __init__(self, make: MakeHearing) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, make), name="showroom-ears", daemon=True
        )
        self._process.start()
        theirs.close()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Told])

    def carry_out(self, order: Ordered) -> list[Told]:
        self._pipe.send_bytes(self._encoder.encode(order))
        if order.verb in QUIET:
            return []
        return self._decoder.decode(self._pipe.recv_bytes())

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(2.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(pipe: Connection, make: MakeHearing) -> None:
    """The child's loop; ends when the parent closes the pipe."""
    decoder = msgspec.msgpack.Decoder(Ordered)
    encoder = msgspec.msgpack.Encoder()
    ears: Ears | None = None
    while True:
        try:
            order = decoder.decode(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        if order.verb == "ready":
            ears = _gently(partial(_ready, ears, make, order))
            continue
        try:
            ears = ears or Ears(make())
            told = ears.carry_out(order)
        except Exception as error:  # nothing here can hear: say so, and go on
            told = _failed(order, error)
        if order.verb not in QUIET:
            pipe.send_bytes(encoder.encode(told))


def _ready(ears: Ears | None, make: MakeHearing, order: Ordered) -> Ears | None:
    """Ears that are loaded; None where they cannot be, which the first microphone is told."""
    try:
        ears = ears or Ears(make())
        ears.carry_out(order)
    except Exception as error:
        logger.warning("the ears could not be got ready: %s", type(error).__name__)
    return ears


def _gently(work: Callable[[], Ears | None]) -> Ears | None:
    """Work done at a low priority, in a thread that ends with it.

    Linux keeps a niceness for each thread, and nobody may lower their own again: what hears later
    must not be as slow as what is got ready. Elsewhere the priority stays as it is.
    """
    done: list[Ears | None] = []

    def run() -> None:
        if sys.platform == "linux":
            os.nice(GENTLY)
        done.append(work())

    thread = threading.Thread(target=run, name="showroom-ears-ready")
    thread.start()
    thread.join()
    return done[0]


def _told(visit: str, lang: str, report: ReportLike) -> Told:
    return Told(
        report.kind,
        visit,
        report.text,
        lang,
        report.confidence,
        report.stability,
        report.reason,
        report.barged,
        _details(report.error) if report.error is not None else None,
    )


def _failed(order: Ordered, error: Exception) -> list[Told]:
    """What an order has come to that failed: only a typed error's text is told."""
    if order.verb in QUIET:
        return []
    if order.verb == "say":
        logger.error("a reply could not be said: %s", type(error).__name__)
        return [Told("said", order.visit, order.text, order.lang)]
    details = _details(error)
    if details is None:
        logger.error("hearing failed with %s", type(error).__name__)
        details = ("internal", "hearing failed on our side; type or try again", "", "", "")
    return [Told("failed", order.visit, error=details)]


def _details(error: Exception) -> tuple[str, str, str, str, str] | None:
    """Code, message, field, expected and got of a typed error; None for any other."""
    names = ("code", "message", "field", "expected", "got")
    if not all(isinstance(getattr(error, name, None), str) for name in names):
        return None
    code, message, field, expected, got = (str(getattr(error, name)) for name in names)
    return code, message, field, expected, got
