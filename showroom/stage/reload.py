"""Notices that an artist saved a scene file and builds the room anew beside the drawing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from ..catalog.scene import Scene, SceneError, load_scene
from .decor import Decor, build
from .light import BAKED, RoomLight, estimate, load
from .settings import StageError

EVERY = 0.4
"""How often the files are looked at, seconds."""

Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, eq=False)
class Built:
    """A scene's arrays, ready for the engine."""

    scene: Scene
    decor: Decor
    light: RoomLight


def build_room(scene: Scene, baked: bool = True) -> Built:
    """Build a scene's decor and find its baked light, or estimate it where there is none.

    Raises:
        SceneError: the scene cannot be built.
        StageError: its baked light is broken.
    """
    decor = build(scene)
    found = load(decor, scene.id) if baked and scene.path else None
    return Built(scene, decor, found or estimate(decor))


class SceneWatch:
    """Watches the files of one scene.

    Args:
        scene: as it is shown; only scenes from files can be watched.
        baked: use baked light where it fits.
    """

    def __init__(self, scene: Scene, baked: bool = True) -> None:
        self._baked = baked
        self._path = scene.path
        self._files = _files(scene)
        self._stamp = self._last = _stamp(self._files)
        self._next = 0.0
        self._worker: threading.Thread | None = None
        self._result: Built | SceneError | StageError | None = None

    def poll(self, now: float) -> Built | SceneError | StageError | None:
        """What has become of a saved change, once: the new room, or why it cannot be shown.

        Args:
            now: seconds of any clock that never goes back.
        """
        if self._worker is not None:
            if self._worker.is_alive():
                return None
            self._worker = None
            result, self._result = self._result, None
            if isinstance(result, Built):
                self._follow(_files(result.scene))
            elif isinstance(result, SceneError) and result.path is not None:
                self._follow((*self._files, result.path))
            return result
        if self._path is None or now < self._next:
            return None
        self._next = now + EVERY
        stamp = _stamp(self._files)
        # An editor may write in pieces: wait until two looks in a row see the same.
        settled, self._last = stamp == self._last, stamp
        if settled and stamp != self._stamp and stamp[0] is not None:
            self._stamp = stamp
            self._worker = threading.Thread(target=self._build, name="scene", daemon=True)
            self._worker.start()
        return None

    def _follow(self, files: tuple[Path, ...]) -> None:
        if files != self._files:
            self._files = tuple(dict.fromkeys(files))
            self._stamp = self._last = _stamp(self._files)

    def _build(self) -> None:
        assert self._path is not None
        try:
            self._result = build_room(load_scene(self._path), self._baked)
        except (SceneError, StageError) as error:
            self._result = error


def _files(scene: Scene) -> tuple[Path, ...]:
    """The scene's own file first, then what it includes, and its baked light."""
    found = scene.source.files if scene.source is not None else ()
    own = (scene.path,) if scene.path is not None else ()
    return tuple(dict.fromkeys((*own, *found, BAKED / f"{scene.id}.npz")))


def _stamp(files: tuple[Path, ...]) -> Stamp:
    stamps: list[tuple[int, int] | None] = []
    for path in files:
        try:
            status = path.stat()
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append(None)
    return tuple(stamps)
