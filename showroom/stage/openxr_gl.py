"""Copying with GL between the stage's textures and the runtime's; leaves GL's state as it was."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import StageError

_READ, _DRAW = 0x8CA8, 0x8CA9
_READ_BINDING, _DRAW_BINDING = 0x8CAA, 0x8CA6
_COLOR, _DEPTH, _TEXTURE_2D, _TEXTURE_BINDING = 0x8CE0, 0x8D00, 0x0DE1, 0x8069
_SCISSOR, _SRGB, _COLOR_BIT, _DEPTH_BIT, _NEAREST = 0x0C11, 0x8DB9, 0x4000, 0x100, 0x2600
_COMPLETE, _RGBA, _BYTE, _FLOAT, _DEPTH_COMPONENT = 0x8CD5, 0x1908, 0x1401, 0x1406, 0x1902
_MANY = 16


class Copier:
    """Copies pictures between textures of the current context; leaves GL's state as it was.

    Args:
        address: finds a GL function by name.

    Raises:
        StageError: the driver lacks framebuffer blits (GL 3.0).
    """

    def __init__(self, address: Callable[[str], int]) -> None:
        def load(name: str, *arguments: Any, result: Any = None) -> Any:
            found = address(name)
            if not found:
                raise StageError(f"the graphics driver has no {name}; a headset needs GL 3.3")
            return c.CFUNCTYPE(result, *arguments)(found)

        n = c.c_uint
        self._generate = load("glGenFramebuffers", c.c_int, c.c_void_p)
        self._delete = load("glDeleteFramebuffers", c.c_int, c.c_void_p)
        self._bind = load("glBindFramebuffer", n, n)
        self._attach = load("glFramebufferTexture2D", n, n, n, n, c.c_int)
        self._status = load("glCheckFramebufferStatus", n, result=n)
        self._blit = load("glBlitFramebuffer", *([c.c_int] * 8), n, n)
        self._get = load("glGetIntegerv", n, c.c_void_p)
        self._enabled = load("glIsEnabled", n, result=c.c_ubyte)
        self._enable = load("glEnable", n)
        self._disable = load("glDisable", n)
        self._read = load("glReadPixels", *([c.c_int] * 4), n, n, c.c_void_p)
        self._bind_texture = load("glBindTexture", n, n)
        self._write = load("glTexSubImage2D", n, *([c.c_int] * 5), n, n, c.c_void_p)
        self._error = load("glGetError", result=n)
        draw_buffer, read_buffer = load("glDrawBuffer", n), load("glReadBuffer", n)
        self._frames = (n * 4)()
        self._generate(4, self._frames)
        with _State(self):
            for frame in self._frames[2:]:  # Those for depth have no colour.
                self._bind(_READ, frame)
                self._bind(_DRAW, frame)
                draw_buffer(0)
                read_buffer(0)

    def copy(self, source: int, target: int, width: int, height: int) -> None:
        """Copy all of a colour texture's bytes as they are: sRGB stays encoded.

        Raises:
            StageError: the runtime's image cannot be drawn to.
        """
        with _State(self):
            self._use(_READ, 0, source, _COLOR)
            self._use(_DRAW, 1, target, _COLOR)
            self._blit(0, 0, width, height, 0, 0, width, height, _COLOR_BIT, _NEAREST)

    def copy_depth(self, source: int, target: int, width: int, height: int) -> None:
        """Copy a depth texture to another of the same format.

        Raises:
            StageError: the runtime's image cannot be drawn to.
        """
        with _State(self):
            self._use(_READ, 2, source, _DEPTH)
            self._use(_DRAW, 3, target, _DEPTH)
            self._blit(0, 0, width, height, 0, 0, width, height, _DEPTH_BIT, _NEAREST)

    def write(self, target: int, pixels: NDArray[np.uint8]) -> None:
        """Write (h, w, 4) uint8 pixels, top row first, into a texture of that size."""
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels[::-1])
        bound = c.c_int()
        self._get(_TEXTURE_BINDING, c.byref(bound))
        self._bind_texture(_TEXTURE_2D, target)
        self._write(_TEXTURE_2D, 0, 0, 0, width, height, _RGBA, _BYTE, data.ctypes.data)
        self._bind_texture(_TEXTURE_2D, bound.value)

    def read(self, texture: int, width: int, height: int) -> NDArray[np.uint8]:
        """A texture's pixels, (height, width, 4) uint8, top row first; slow, for tests."""
        pixels = np.empty((height, width, 4), np.uint8)
        with _State(self):
            self._use(_READ, 0, texture, _COLOR)
            self._read(0, 0, width, height, _RGBA, _BYTE, pixels.ctypes.data)
        return pixels[::-1].copy()

    def read_depth(self, texture: int, width: int, height: int) -> NDArray[np.float32]:
        """A depth texture, (height, width) float32 0 to 1, top row first; slow, for tests."""
        depth = np.empty((height, width), np.float32)
        with _State(self):
            self._use(_READ, 2, texture, _DEPTH)
            self._read(0, 0, width, height, _DEPTH_COMPONENT, _FLOAT, depth.ctypes.data)
        return depth[::-1].copy()

    def drain(self) -> int:
        """Forget errors that a runtime's own GL calls left behind; how many there were.

        The engine would take them for its own and stop drawing.
        """
        for count in range(_MANY):
            if self._error() == 0:
                return count
        return _MANY

    def close(self) -> None:
        """Free what GL holds."""
        self._delete(4, self._frames)

    def _use(self, kind: int, which: int, texture: int, place: int) -> None:
        self._bind(kind, self._frames[which])
        self._attach(kind, place, _TEXTURE_2D, texture, 0)
        status = self._status(kind)
        if status != _COMPLETE:
            raise StageError(f"the headset's picture cannot be drawn to (GL status {status:#x})")


class _State:
    """Keeps what copying changes, and puts it back."""

    def __init__(self, copier: Copier) -> None:
        self._gl = copier

    def __enter__(self) -> None:
        gl = self._gl
        self._bound = [(_READ, c.c_int()), (_DRAW, c.c_int())]
        gl._get(_READ_BINDING, c.byref(self._bound[0][1]))
        gl._get(_DRAW_BINDING, c.byref(self._bound[1][1]))
        self._on = [name for name in (_SCISSOR, _SRGB) if gl._enabled(name)]
        for name in self._on:
            gl._disable(name)

    def __exit__(self, *_: object) -> None:
        for kind, number in self._bound:
            self._gl._bind(kind, number.value)
        for name in self._on:
            self._gl._enable(name)
