"""The artists' preview in a window: the product turns, keys change what is seen of it.

It is read anew whenever the file, or one beside it that it may use, is saved.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .exhibit import MODES, Exhibit
from .preview import Shot, load_model, load_photo, mesh_path
from .settings import StageError, StageSettings
from .stage import Stage
from .window import WindowInput

U8 = NDArray[np.uint8]
HELP = (
    "1-9 0: modes   V: colourway   E R: turn the light   drag: look   wheel: nearer   "
    "space: turntable   C: photo   H: help   Esc"
)
_TURN, _LIGHT, _DRAG, _ZOOM = 0.5, math.radians(15), 0.008, 1.12
_WATCH, _HELPED = 0.5, 10.0
_ASIDE = 0.22
"""Of the frame's width that the product is moved by to stand beside a photo."""
_BESIDE = (".bin", ".png", ".jpg", ".jpeg", ".mtl")


class Watch:
    """Tells when a mesh file, or one beside it that it may use, is saved."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._now()

    def saved(self) -> bool:
        """Whether anything was saved since this was last asked."""
        stamp = self._now()
        changed = stamp != self._stamp and bool(stamp)
        self._stamp = stamp or self._stamp
        return changed

    def _now(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        try:
            for file in sorted(self.path.parent.iterdir()):
                if file == self.path or file.suffix.lower() in _BESIDE:
                    state = file.stat()
                    found.append((file.name, state.st_mtime_ns, state.st_size))
        except OSError:  # It is just being replaced.
            return ()
        return tuple(found)


class Easel:
    """The window's state, and what keys do to it.

    Args:
        stage: any; it need not have a window.
        product: a mesh file or a product's folder.

    Raises:
        StageError: the file cannot be shown.
    """

    def __init__(self, stage: Stage, product: Path, photo: U8 | None, shot: Shot) -> None:
        self.stage, self.product = stage, product
        self.exhibit = Exhibit(stage, load_model(product))
        if shot.variant:
            self.exhibit.wear(shot.variant)
        self.exhibit.set_mode(shot.mode or "shaded")
        self.exhibit.set_turn(shot.turn)
        self.azimuth, self.elevation, self.zoom = shot.azimuth, 0.22, 1.0
        self.turning, self.over, self.told = True, False, True
        self.problem = ""
        self._watch = Watch(mesh_path(product))
        self._looked = 0.0
        self._photo = None if photo is None else _opaque(photo)
        self._photo_shown = self._photo is not None

    def key(self, name: str) -> None:
        """One key, or a notch of the wheel."""
        exhibit = self.exhibit
        if name.isdigit():
            place = (int(name) - 1) % 10
            if place < len(MODES):
                exhibit.set_mode(MODES[place])
        elif name == "v":
            names = ["", *(v.name for v in exhibit.model.variants)]
            exhibit.wear(names[(names.index(exhibit.variant) + 1) % len(names)])
        elif name in ("e", "r"):
            exhibit.set_turn(exhibit.turn + (_LIGHT if name == "r" else -_LIGHT))
        elif name in ("wheel_up", "wheel_down"):
            self.zoom *= _ZOOM if name == "wheel_up" else 1.0 / _ZOOM
            self.zoom = min(12.0, max(0.3, self.zoom))
        elif name == "space":
            self.turning = not self.turning
        elif name == "c":
            self._photo_shown = not self._photo_shown
        elif name == "h":
            self.told = not self.told
        elif name == "escape":
            self.over = True

    def drag(self, across: float, down: float) -> None:
        """Look from elsewhere: the mouse was dragged by so many pixels."""
        self.turning = False
        self.azimuth -= across * _DRAG
        self.elevation = min(1.5, max(-1.5, self.elevation + down * _DRAG))

    def frame(self, now: float, passed: float) -> None:
        """Draw one frame; ``now`` and ``passed`` in seconds."""
        if now - self._looked >= _WATCH:
            self._looked = now
            if self._watch.saved():
                self.reload()
        if self.turning:
            self.azimuth += _TURN * passed
        self.exhibit.look(self.azimuth, self.elevation, self.zoom)
        beside = self._photo if self._photo_shown else None
        self.stage.overlay.show_board(beside)
        # The photo stands on the right; the product then stands on the left.
        lens = self.stage.camera_lens
        lens.set_film_offset(lens.get_film_size()[0] * (_ASIDE if beside is not None else 0.0), 0)
        self.stage.caption.prompt = self.problem or (self._words(now) if self.told else "")
        self.stage.draw()

    def close(self) -> None:
        """Take the product, the photo and the words away."""
        self.exhibit.close()
        self.stage.overlay.show_board(None)
        self.stage.caption.prompt = ""
        self.stage.camera_lens.set_film_offset(0, 0)

    def reload(self) -> None:
        """Read the file anew; what was shown stays, with a sentence, if it cannot be shown."""
        try:
            self.exhibit.show(load_model(self.product))
            self.problem = ""
        except StageError as error:
            self.problem = str(error)

    def _words(self, now: float) -> str:
        w, h, d = (100 * float(v) for v in self.exhibit.size)
        worn = f"   {self.exhibit.variant}" if self.exhibit.variant else ""
        return (
            f"{self.exhibit.mode}{worn}   {w:.1f} × {h:.1f} × {d:.1f} cm   "
            f"{len(self.exhibit.model.faces):,} triangles" + (f"   {HELP}" if now < _HELPED else "")
        )


def _opaque(photo: U8) -> U8:
    full = np.full((*photo.shape[:2], 1), 255, np.uint8)
    return np.concatenate([photo, full], axis=2)


def show_window(product: Path, compare: Path | None, shot: Shot) -> None:
    """Show a product in a window until it is closed.

    Raises:
        StageError: no window can be opened, or the file or the photo cannot be used.
    """
    photo = load_photo(compare) if compare is not None else None
    load_model(product)  # Says what is wrong before a window opens.
    settings = StageSettings(
        display="window", title=f"{product.name} - Showroom", reflections=False
    )
    stage = Stage(settings)
    try:
        easel = Easel(stage, product, photo, shot)
        window = stage.graphics.output
        hands = WindowInput(window)
        held: set[str] = set()
        last: tuple[float, float] | None = None
        begin = before = time.perf_counter()
        while not easel.over and not window.is_closed():
            for kind, name in hands.events():
                if kind == "up":
                    held.discard(name)
                elif kind == "key":
                    held.add(name)
                    if not name.startswith("mouse"):
                        easel.key(name)
            at = hands.pointer()
            if at is not None and last is not None and held & {"mouse1", "mouse3"}:
                easel.drag(at[0] - last[0], at[1] - last[1])
            last = at
            now = time.perf_counter()
            easel.frame(now - begin, now - before)
            before = now
    finally:
        stage.close()
