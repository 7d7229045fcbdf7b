"""Pictures to the graphics memory over several frames, so that none of them takes longer.

The engine can only upload a texture as a whole. So it makes the empty texture, and GL's own
``glTexSubImage2D`` fills it, some rows a frame.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from ctypes.util import find_library
from functools import lru_cache
from typing import Any

from .looks import Held, TextureStore
from .pixels import Picture

_TEXTURE_2D, _BGRA, _UNSIGNED_BYTE = 0x0DE1, 0x80E1, 0x1401


@lru_cache(maxsize=1)
def _gl() -> Any | None:
    """The library with GL's functions, which go to whatever context is current; None without."""
    names = ["opengl32"] if sys.platform == "win32" else ["libGL.so.1", "libOpenGL.so.0"]
    if sys.platform == "darwin":
        names = [find_library("OpenGL") or "OpenGL"]
    for name in names:
        try:
            library: Any = getattr(ctypes, "WinDLL", ctypes.CDLL)(name)
            if hasattr(library, "glTexSubImage2D"):
                return library
        except OSError:
            continue
    return None


class Upload:
    """One picture on its way.

    Attributes:
        held: the texture; complete when :attr:`done`.
    """

    def __init__(self, store: TextureStore, picture: Picture, graphics_state: Any) -> None:
        self._store, self._picture, self._gsg = store, picture, graphics_state
        self._level, self._row = 0, 0
        self._id = 0
        self.done = False
        self._asked = False
        known = store.find(picture.key)
        if known is not None:
            self.held: Held = known
            self.done = True
        elif _gl() is None:  # The engine then uploads it in one go when it is first drawn.
            self.held = store.whole(picture)
            self.done = True
        else:
            self.held = store.empty(picture)

    def step(self, budget: int) -> int:
        """Upload about ``budget`` bytes at most; returns how many. GL must be current."""
        if self.done:
            return 0
        objects = self._gsg.get_prepared_objects()
        if not self._asked:
            # The engine makes it when the next frame begins.
            self._asked = True
            self.held.texture.prepare(objects)
            return budget
        if not self._id:
            if not self.held.texture.is_prepared(objects):
                return budget
            context = self.held.texture.prepare_now(0, objects, self._gsg)
            self._id = int(context.get_native_id())
        library: Any = _gl()
        library.glBindTexture(_TEXTURE_2D, self._id)
        sent = self._rows(library.glTexSubImage2D, budget)
        library.glBindTexture(_TEXTURE_2D, 0)
        if self._level == len(self._picture.levels):
            self.done = True
            self._store.add(self._picture, self.held)
        return sent

    def _rows(self, send: Callable[..., Any], budget: int) -> int:
        sent = 0
        while self._level < len(self._picture.levels) and sent < budget:
            pixels = self._picture.levels[self._level]
            height, width = pixels.shape[:2]
            count = min(height - self._row, max(1, (budget - sent) // (4 * width)))
            rows = pixels[self._row : self._row + count]
            send(
                _TEXTURE_2D, self._level, 0, self._row, width, count, _BGRA, _UNSIGNED_BYTE,
                ctypes.c_void_p(rows.ctypes.data),
            )  # fmt: skip
            sent += rows.nbytes
            self._row += count
            if self._row == height:
                self._level, self._row = self._level + 1, 0
        return sent
