"""Running a server: in the foreground until told to stop, or on a thread beside an engine."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import signal
import threading
from collections.abc import Callable
from types import TracebackType

from .ears import HearingOffer
from .host import Host
from .promptness import take_short_turns
from .server import Server, open_server
from .settings import ServerSettings
from .studio import Work

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run_server(
    settings: ServerSettings,
    host: Host,
    ready: Callable[[Server], None] = lambda _: None,
    *,
    hearing: HearingOffer | None = None,
    work: Work | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then close every connection in order and return.

    Args:
        ready: called once the port is open.
        hearing: what hears microphones, if anything does.
        work: what works on visitors' photos, if anything does.

    Raises:
        ChannelError: as :func:`showroom.channel.server.open_server`.
    """

    async def main() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, stopped.set)
            except NotImplementedError:  # as on Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
        async with open_server(settings, host, hearing, work) as server:
            settle()
            take_short_turns()
            ready(server)
            await stopped.wait()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())


class ServerThread:
    """A server on a thread of its own; a context manager.

    The host stays the caller's: stop it after the thread.

    Raises:
        ChannelError: on entering, as :func:`showroom.channel.server.open_server`.
    """

    def __init__(
        self,
        settings: ServerSettings,
        host: Host,
        hearing: HearingOffer | None = None,
        work: Work | None = None,
    ) -> None:
        self._parts = settings, host, hearing, work
        self._opened: concurrent.futures.Future[Server] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, name="showroom-channel", daemon=True)
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Server:
        self._thread.start()
        return self._opened.result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stopped is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        try:
            async with open_server(*self._parts) as server:
                take_short_turns()
                self._opened.set_result(server)
                await self._stopped.wait()
        except Exception as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)


def settle() -> None:
    """Have Python's collector look only at what is new from now on.

    A full round over all that a server has loaded takes longer than some frames; over what visits
    leave behind it takes 2 ms, and must come as often as ever: connections are full of cycles.
    """
    gc.collect()
    gc.freeze()


def loop_factory() -> LoopFactory | None:
    """The event loop of uvloop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: LoopFactory = uvloop.new_event_loop
    return factory
