"""Long work on visitors' photos, in a niced process of its own: with progress, and with an end.

One photo at a time; others wait. What is cancelled while it is worked on takes the process along,
which is started anew for the next. It never sees more than the picture and what was said of it.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

import msgspec

from .visit_process import settle_in

logger = logging.getLogger("showroom.channel")

MAX_WAITING = 16
SECONDS = 300.0
"""Longer than this no photo is worked on."""


class Worked(msgspec.Struct, array_like=True):
    """What the studio tells: ``"progress"``, ``"folder"`` of a product, ``"body"``, ``"error"``.

    Attributes:
        text: the step, the folder, or the error's message.
        body: measures by name, metres.
        error: code, field, expected, got.
    """

    kind: str
    done: float = 0.0
    text: str = ""
    body: dict[str, float] = {}
    error: tuple[str, str, str, str] = ("", "", "", "")


class Work(Protocol):
    """What works on a photo; picklable, and called in the studio's process."""

    def __call__(
        self, data: bytes, wishes: dict[str, Any], step: Callable[[float, str], None]
    ) -> Worked: ...


@dataclass(eq=False)
class _Job:
    data: bytes
    wishes: dict[str, Any]
    tell: Callable[[Worked], None]
    cancelled: bool = False


class Studio:
    """Hands photos to its process, one after the other.

    Args:
        work: see :class:`Work`.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._jobs: deque[_Job] = deque()
        self._now: _Job | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._thread: threading.Thread | None = None

    def start(
        self, data: bytes, wishes: dict[str, Any], tell: Callable[[Worked], None]
    ) -> Callable[[], None] | None:
        """Have a photo worked on; ``tell`` is called on another thread.

        Returns:
            What cancels it; None where too many wait already.
        """
        job = _Job(data, wishes, tell)
        with self._changed:
            if len(self._jobs) >= MAX_WAITING or self._closed:
                return None
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="showroom-studio", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()
        return lambda: self._cancel(job)

    def stop(self) -> None:
        """End whatever is under way; idempotent."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._changed.notify_all()
        self._end()
        if self._thread is not None:
            self._thread.join(10.0)

    def _cancel(self, job: _Job) -> None:
        with self._changed:
            job.cancelled = True
            with contextlib.suppress(ValueError):
                self._jobs.remove(job)
            at_work = self._now is job
        if at_work:
            self._end()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = self._now = self._jobs.popleft()
            try:
                self._carry_out(job)
            except (OSError, EOFError, msgspec.DecodeError) as error:
                if not job.cancelled and not self._closed:
                    logger.error("the studio's process failed with %s", type(error).__name__)
                    job.tell(Worked("error", text="the photo could not be worked on"))
                self._end()
            with self._changed:
                self._now = None

    def _carry_out(self, job: _Job) -> None:
        pipe = self._ready()
        if job.cancelled:
            return
        pipe.send_bytes(msgspec.msgpack.encode((job.data, job.wishes)))
        job.data = b""  # here it is needed no more
        while True:
            if not pipe.poll(SECONDS):
                raise EOFError
            told = msgspec.msgpack.decode(pipe.recv_bytes(), type=Worked)
            if not job.cancelled:
                job.tell(told)
            if told.kind != "progress":
                return

    def _ready(self) -> Connection:
        with self._changed:
            if self._pipe is None or self._process is None or not self._process.is_alive():
                context = multiprocessing.get_context("spawn")
                self._pipe, theirs = context.Pipe()
                self._process = context.Process(
                    target=_serve, args=(theirs, self._work), name="showroom-studio", daemon=True
                )
                self._process.start()
                theirs.close()
            return self._pipe

    def _end(self) -> None:
        with self._changed:
            process, self._process = self._process, None
            pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join()
            process.close()
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _serve(pipe: Connection, work: Work) -> None:
    settle_in()
    while True:
        try:
            data, wishes = msgspec.msgpack.decode(pipe.recv_bytes())
        except (EOFError, OSError):
            return

        def step(done: float, text: str) -> None:
            pipe.send_bytes(msgspec.msgpack.encode(Worked("progress", done, text)))

        try:
            told = work(data, wishes, step)
        except Exception as error:
            logger.error("a photo failed with %s", type(error).__name__)
            told = Worked("error", text="the photo could not be worked on")
        pipe.send_bytes(msgspec.msgpack.encode(told))
