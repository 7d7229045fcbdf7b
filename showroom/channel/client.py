"""The Python client: connect, move, speak, and receive typed updates.

    with Client("ws://127.0.0.1:8765", Hello(client="mine/1", lang="en")) as client:
        updates = client.ask(Utterance(id="u1", text="make the sleeves a bit longer"))

:class:`AsyncClient` is the same for asyncio.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, TypeVar

from showroom.protocol.codec import Encoding
from showroom.protocol.messages import Event, Hello, Pose, Update, Welcome

from .async_client import AsyncClient
from .settings import ChannelError

__all__ = ["AsyncClient", "ChannelError", "Client"]

_T = TypeVar("_T")


class Client:
    """One visitor's connection, for programs without an event loop; runs one on a thread.

    Arguments as of :class:`AsyncClient`.
    """

    def __init__(
        self,
        url: str,
        hello: Hello | None = None,
        *,
        encoding: Encoding = "msgpack",
        patience: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="showroom-client", daemon=True
        )
        self._thread.start()
        self._client = AsyncClient(url, hello, encoding=encoding, patience=patience, tls=tls)

    def __enter__(self) -> Client:
        try:
            self._run(self._client.open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._client.close())
        finally:
            self._stop()

    @property
    def welcome(self) -> Welcome:
        """What the server said to the hello."""
        if self._client.welcome is None:
            raise ChannelError("the client is not open")
        return self._client.welcome

    def send(self, event: Event) -> None:
        """See :meth:`AsyncClient.send`."""
        self._run(self._client.send(event))

    def ask(self, event: Event, *, seconds: float = 30.0) -> list[Update]:
        """See :meth:`AsyncClient.ask`."""
        return self._run(self._client.ask(event, seconds=seconds))

    def poll(self) -> list[Update]:
        """See :meth:`AsyncClient.poll`."""
        return self._run(self._client.poll())

    def asset(self, digest: str) -> bytes:
        """See :meth:`AsyncClient.asset`."""
        return self._run(self._client.asset(digest))

    def replay(self, poses: Iterable[Pose], *, speed: float = 1.0) -> int:
        """See :meth:`AsyncClient.replay`."""
        return self._run(self._client.replay(poses, speed=speed))

    def speak(
        self,
        pcm: bytes,
        *,
        id: str,
        lang: str = "",
        speed: float = 1.0,
        seconds: float = 60.0,
    ) -> list[Update]:
        """See :meth:`AsyncClient.speak`."""
        return self._run(self._client.speak(pcm, id=id, lang=lang, speed=speed, seconds=seconds))

    def clock_offset(self) -> float:
        """See :meth:`AsyncClient.clock_offset`."""
        return self._run(self._client.clock_offset())

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
