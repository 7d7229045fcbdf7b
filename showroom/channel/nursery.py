"""Where the visits' processes come from.

Importing the showroom and reading its products takes seconds and a hundred megabytes. The nursery
is one process that has done so, has lived through a visit to have its code compiled, and then only
forks: a visit of its own process begins in milliseconds, shares all that with the others, and when
it dies another takes its place as fast. Where a system cannot fork safely, processes are started
anew.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Protocol

from .ring import Ring
from .visit_process import run_visits, settle_in
from .worker import MakeVisit

logger = logging.getLogger("showroom.channel")

Prepare = Callable[[], None]
"""What a process does once, before its first visit."""

CAN_FORK = sys.platform == "linux"
"""Elsewhere frameworks that numpy uses do not survive a fork."""

_REAP_SECONDS = 1.0
_KILL = b"K"
_FORK = b"F"


def nothing() -> None:
    """Prepare nothing."""


class Source(Protocol):
    """Starts processes of visits and ends those that hang."""

    quick: bool
    """Whether that takes milliseconds; else one should be ready before it is needed."""

    def start(self, theirs: socket.socket, memory: int | None) -> None:
        """Start a process around its end of a socket, which is closed here.

        Raises:
            OSError: it cannot be started now.
        """

    def kill(self, pid: int) -> None:
        """End a process that no longer answers."""

    def stop(self) -> None:
        """End all; idempotent."""


class Nursery:
    """Forks processes from one that is prepared; itself started anew should it die."""

    quick = True

    def __init__(self, make: MakeVisit, prepare: Prepare = nothing) -> None:
        self._make = make
        self._prepare = prepare
        self._process: BaseProcess | None = None
        self._begin()

    def start(self, theirs: socket.socket, memory: int | None) -> None:
        """See :class:`Source`."""
        handles = [theirs.fileno(), *(() if memory is None else (memory,))]
        try:
            try:
                socket.send_fds(self._control, [_FORK], handles)
            except (BrokenPipeError, ConnectionResetError):
                self._end()
                self._begin()
                socket.send_fds(self._control, [_FORK], handles)
        finally:
            theirs.close()

    def kill(self, pid: int) -> None:
        """See :class:`Source`."""
        with contextlib.suppress(OSError):
            self._control.send(_KILL + pid.to_bytes(8, "little"))

    def stop(self) -> None:
        """See :class:`Source`."""
        self._end()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self._process = context.Process(
            target=_tend,
            args=(theirs, self._make, self._prepare),
            name="showroom-nursery",
            daemon=True,
        )
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        self._control.close()
        if self._process is not None:
            self._process.join(5.0)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
            self._process = None


class Spawner:
    """Starts each process from nothing."""

    quick = False

    def __init__(self, make: MakeVisit, prepare: Prepare = nothing) -> None:
        self._make = make
        self._prepare = prepare
        self._processes: dict[int, BaseProcess] = {}

    def start(self, theirs: socket.socket, memory: int | None) -> None:
        """See :class:`Source`."""
        context = multiprocessing.get_context("spawn")
        process = context.Process(
            target=_spawned,
            args=(theirs, self._make, self._prepare),
            name="showroom-visits",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._processes = {p: one for p, one in self._processes.items() if one.is_alive()}
        self._processes[process.pid or 0] = process

    def kill(self, pid: int) -> None:
        """See :class:`Source`."""
        if pid in self._processes:
            self._processes[pid].kill()

    def stop(self) -> None:
        """See :class:`Source`."""
        for process in self._processes.values():
            process.join(5.0)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes.clear()


def source(make: MakeVisit, prepare: Prepare = nothing) -> Source:
    """What starts processes best on this system."""
    return (Nursery if CAN_FORK else Spawner)(make, prepare)


def _spawned(sock: socket.socket, make: MakeVisit, prepare: Prepare) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settle_in()
    _prepared(prepare)
    run_visits(sock, None, make)


def _prepared(prepare: Prepare) -> None:
    try:
        prepare()
    except Exception as error:
        logger.error("the visits could not be prepared: %s", type(error).__name__)


def _tend(control: socket.socket, make: MakeVisit, prepare: Prepare) -> None:
    """The nursery's own life: fork, reap, until the channel hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the channel decides when to end
    settle_in()
    _prepared(prepare)
    gc.collect()
    gc.freeze()  # what is shared must not be written to by the collector
    children: set[int] = set()
    while True:
        select.select([control], [], [], _REAP_SECONDS if children else None)
        _reap(children)
        try:
            data, handles, _, _ = socket.recv_fds(control, 16, 2, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        except OSError:
            return
        if not data:
            return
        if data[:1] == _KILL:
            pid = int.from_bytes(data[1:], "little")
            if pid in children:  # not reaped yet, so still the same process
                os.kill(pid, signal.SIGKILL)
            continue
        child = _fork(control, handles, make)
        for handle in handles:
            os.close(handle)
        if child:
            children.add(child)


def _fork(control: socket.socket, handles: list[int], make: MakeVisit) -> int:
    """The number of a new process; 0 where there is no room for one, its socket closes then."""
    try:
        child = os.fork()
    except OSError as error:
        logger.error("no process for a visit: %s", error.strerror)
        return 0
    if child:
        return child
    code = 1
    try:
        control.close()
        ring = Ring(handles[1]) if len(handles) > 1 else None
        run_visits(socket.socket(fileno=handles[0]), ring, make, forks=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except Exception as error:
        logger.error("a visit's process failed with %s", type(error).__name__)
    finally:
        os._exit(code)


def _reap(children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        children.discard(pid)
        code = os.waitstatus_to_exitcode(status)
        if code:
            logger.error("a visit's process ended with %d", code)
