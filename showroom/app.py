"""Where the parts are wired together: a catalogue, visits behind a channel, and a stage."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .requirements import ROOT

if TYPE_CHECKING:
    from .catalog.products import Catalog
    from .channel.host import VisitHost
    from .channel.server import Server
    from .stage.stage import Stage
    from .visit import Visit

ASSETS = ROOT / "assets"
SHIPPED_PRODUCTS = ASSETS / "products"
SHIPPED_PHOTOS = {
    "garment": ASSETS / "photos" / "tshirt.jpg",
    "furniture": ASSETS / "photos" / "chair.jpg",
}
SHIPPED_MOTION = ASSETS / "motion" / "stroll.jsonl"
SHIPPED_SCRIPT = ASSETS / "demo" / "visit.toml"


class AppError(Exception):
    """The showroom cannot open; the message names the remedy."""


@dataclass(frozen=True, eq=False)
class Showroom:
    """An open showroom: its visits and the port they are reached by."""

    host: VisitHost
    server: Server


def open_catalog(folder: Path | None) -> Catalog:
    """The products of a folder, or the shipped ones; damaged ones are named and left out.

    Raises:
        AppError: there is no usable product in it.
    """
    from .catalog.products import Catalog

    place = SHIPPED_PRODUCTS if folder is None else folder
    catalog = Catalog.open(place)
    for problem in catalog.problems:
        print(f"showroom: left out: {problem}", file=sys.stderr)
    if not len(catalog):
        raise AppError(
            f"no products in {place}; make some with: showroom reconstruct PHOTO --out {place}"
        )
    return catalog


def make_visit(folder: Path | None, scene: str, *, vertices: bool = False) -> Visit:
    """A new visit to the products of ``folder``; importable by a worker process."""
    from .visit import Visit

    return Visit(open_catalog(folder), scene, vertices=vertices)


@contextmanager
def open_showroom(folder: Path | None, *, scene: str, port: int) -> Iterator[Showroom]:
    """The showroom on a loopback port (0: any free one), in this process, until the block ends."""
    from .channel.host import VisitHost
    from .channel.run import ServerThread
    from .channel.settings import ServerSettings

    host = VisitHost.in_process(partial(make_visit, folder, scene))
    try:
        with ServerThread(ServerSettings(port=port), host) as server:
            yield Showroom(host, server)
    finally:
        host.stop()


def serve(
    *,
    catalog: Path | None,
    scene: str,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    token: Path | None,
    insecure: bool,
) -> int:
    """Open the channel until SIGTERM or Ctrl-C, with visits in a process of their own.

    Raises:
        ChannelError: the port is taken, or an address beyond loopback lacks TLS and a token.
    """
    from .channel.host import VisitHost
    from .channel.run import run_server
    from .channel.settings import ServerSettings

    products = open_catalog(catalog)
    settings = ServerSettings(
        host=host,
        port=port,
        certificate=certificate,
        key=key,
        token=token.read_text(encoding="utf-8").strip() if token else "",
        insecure=insecure,
    )
    settings.check()
    visits = VisitHost.in_subprocess(partial(make_visit, catalog, scene))
    try:
        run_server(
            settings,
            visits,
            lambda server: print(
                f"showroom: {len(products)} products in {scene} on {server.url}; Ctrl-C ends it",
                flush=True,
            ),
        )
    finally:
        visits.stop()
    return 0


def has_display() -> bool:
    """Whether a window can open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def walk_in(*, catalog: Path | None, scene: str, seconds: float | None) -> int:
    """Walk through a scene in a window; without a display, a picture of it is written instead.

    Args:
        seconds: leave by itself after this long; None stays until the window is closed.

    Raises:
        AppError: there are no products.
        StageError: OpenGL cannot be opened.
    """
    from .protocol.messages import AssetReady, Event, Hello, Update
    from .stage.settings import StageSettings
    from .stage.stage import Stage

    visit = make_visit(catalog, scene, vertices=True)
    assets: dict[str, bytes] = {}

    def handle(event: Event) -> list[Update]:
        updates = visit.handle(event)
        assets.update((u.hash, u.data) for u in updates if isinstance(u, AssetReady))
        return updates

    windowed = has_display()
    settings = StageSettings(display="window" if windowed else "headless").at_quality("medium")
    stage = Stage(settings, assets.__getitem__)
    try:
        for update in handle(Hello(client="desktop/1", want=("vertices",))):
            stage.apply(update)
        if windowed:
            from .stage.window import Desktop

            print("showroom: WASD walks, dragging looks, T types a sentence, V shows you, Esc ends")
            Desktop(stage, handle).run(math.inf if seconds is None else seconds)
        else:
            _write_view(stage, scene, Path("out") / f"{scene}.png")
    finally:
        stage.close()
    return 0


def _write_view(stage: Stage, scene: str, path: Path) -> None:
    """The scene from its entrance as a picture, and what to do for more."""
    from PIL import Image

    from .catalog.scene import load_scene

    spawn = load_scene(scene).spawn
    x, y, z = spawn.position
    turn = (0.0, math.sin(spawn.yaw / 2), 0.0, math.cos(spawn.yaw / 2))
    stage.look_from((x, y + 1.6, z, *turn))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(stage.render()).save(path)
    print(
        f"showroom: no display and no headset here, so the {path.stem} was drawn to {path}.\n"
        "For a whole visit without a screen: showroom demo; for other devices: showroom serve"
    )
