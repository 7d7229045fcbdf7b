"""The verb ``spectate``: a stage that mirrors somebody else's visit at a server."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from .protocol.messages import (
    WATCHED,
    AvatarShown,
    Hello,
    ProductChanged,
    ProductShown,
    RoomShown,
    Update,
)

SETTLE = 1.0
"""A picture is taken when so many seconds have brought nothing new but frames."""


class Shows(Protocol):
    """What shows updates: a stage."""

    def apply(self, update: Update) -> None: ...

    def clear(self) -> None: ...


class Mirror:
    """Shows a visit's updates in their order, each once its file is there.

    Args:
        stage: shows them; its assets are :attr:`assets`.
        fetch: gets the GLB of a hash; called on threads of its own.

    Attributes:
        assets: what has been fetched, by hash.
        problem: the latest file that could not be had, as a sentence, or ``""``.
    """

    def __init__(self, stage: Shows, fetch: Callable[[str], bytes]) -> None:
        self.stage = stage
        self.assets: dict[str, bytes] = {}
        self.problem = ""
        self._fetch = fetch
        self._queue: deque[Update] = deque()
        self._coming: dict[str, Future[bytes]] = {}
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="showroom-assets")

    def take(self, updates: list[Update]) -> list[Update]:
        """Add what has arrived, and show what can be shown; returns that."""
        self._queue.extend(updates)
        for update in updates:
            digest = _glb(update)
            if digest and digest not in self.assets and digest not in self._coming:
                self._coming[digest] = self._pool.submit(self._fetch, digest)
        shown: list[Update] = []
        while self._queue and self._ready(self._queue[0]):
            update = self._queue.popleft()
            if isinstance(update, RoomShown) and update.ref == WATCHED:
                self.stage.clear()  # All that there is follows.
            digest = _glb(update)
            if digest and digest not in self.assets:
                continue  # It could not be had.
            self.stage.apply(update)
            shown.append(update)
        return shown

    def close(self) -> None:
        """Wait for nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ready(self, update: Update) -> bool:
        """Whether an update's file is there, or will never be."""
        digest = _glb(update)
        coming = self._coming.get(digest) if digest else None
        if coming is None:
            return True
        if not coming.done():
            return False
        del self._coming[digest]
        error = coming.exception()
        if error is None:
            self.assets[digest] = coming.result()
        else:
            self.problem = str(error)
        return True


def _glb(update: Update) -> str:
    """The hash of the file that an update needs, or ``""``."""
    return update.glb if isinstance(update, ProductShown | ProductChanged | AvatarShown) else ""


def run_spectate(
    url: str,
    *,
    watch: str,
    token: str = "",
    lang: str = "en",
    seconds: float | None = None,
    out: Path | None = None,
) -> int:
    """Look on at a visit in a window, or take a picture of it.

    Args:
        watch: the visit's watch key, its name, or ``"*"`` for the latest.
        seconds: leave by itself after this long.
        out: write a PNG of the visit instead of opening a window.

    Raises:
        ChannelError: the server cannot be reached, or there is no such visit.
        StageError: OpenGL cannot be opened.
    """
    from .app import has_display
    from .channel.client import Client
    from .channel.settings import ChannelError
    from .stage.onlooker import Onlooker, OnlookerWindow
    from .stage.settings import StageSettings
    from .stage.stage import Stage

    windowed = out is None and has_display()
    path = out or Path("out") / "visit.png"
    hello = Hello(client="spectator/1", lang=lang, token=token, watch=watch, want=("vertices",))
    with Client(url, hello) as client:
        print(f"showroom: looking on at {client.welcome.visit}", flush=True)
        files: dict[str, bytes] = {}
        settings = StageSettings(display="window" if windowed else "headless")
        stage = Stage(settings.at_quality("medium"), files.__getitem__)
        mirror = Mirror(stage, client.asset)
        mirror.assets = files
        try:
            if windowed:
                window = OnlookerWindow(stage, lambda: mirror.take(client.poll()), lang=lang)
                window.run(math.inf if seconds is None else seconds)
            else:
                _picture(stage, Onlooker(stage, lang=lang), mirror, client.poll, path, seconds)
        except ChannelError as error:
            print(f"showroom: {error}", file=sys.stderr)
            return 1
        finally:
            mirror.close()
            stage.close()
    return 0


def _picture(
    stage: object,
    onlooker: object,
    mirror: Mirror,
    poll: Callable[[], list[Update]],
    path: Path,
    seconds: float | None,
) -> None:
    """Wait until everything is shown, then write one picture."""
    from PIL import Image

    from .stage.onlooker import Onlooker
    from .stage.stage import Stage

    assert isinstance(stage, Stage)
    assert isinstance(onlooker, Onlooker)
    begin = last = time.monotonic()
    until = begin + (seconds if seconds is not None else 10.0)
    while time.monotonic() < until:
        shown = mirror.take(poll())
        for update in shown:
            onlooker.follow(update)
        if any(_glb(update) for update in shown):
            last = time.monotonic()
        if seconds is None and stage.things and time.monotonic() - last > SETTLE:
            break
        time.sleep(0.02)
    onlooker.step(math.inf, 0.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(stage.render()).save(path)
    print(f"showroom: the visit was drawn to {path}", flush=True)
