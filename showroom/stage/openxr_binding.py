"""The GL context that is current on this thread, as OpenXR wants it named, and copying with it."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import StageError

_EGL_CONFIG_ID, _EGL_NONE = 0x3028, 0x3038
_READ, _DRAW = 0x8CA8, 0x8CA9
_READ_BINDING, _DRAW_BINDING = 0x8CAA, 0x8CA6
_COLOR, _TEXTURE_2D = 0x8CE0, 0x0DE1
_SCISSOR, _SRGB, _COLOR_BIT, _NEAREST = 0x0C11, 0x8DB9, 0x4000, 0x2600
_COMPLETE, _RGB, _BYTE, _PACK_ALIGNMENT = 0x8CD5, 0x1907, 0x1401, 0x0D05


class _EglBinding(c.Structure):
    """XrGraphicsBindingEGLMNDX."""

    _fields_ = [
        ("type", c.c_int32),
        ("next", c.c_void_p),
        ("get_proc_address", c.c_void_p),
        ("display", c.c_void_p),
        ("config", c.c_void_p),
        ("context", c.c_void_p),
    ]


class EglContext:
    """The EGL context current on this thread.

    Raises:
        StageError: none is current.
    """

    extension = "XR_MNDX_egl_enable"

    def __init__(self) -> None:
        try:
            self._egl = c.CDLL("libEGL.so.1")
        except OSError as error:
            raise StageError(f"EGL cannot be loaded; install libegl1 ({error})") from error
        for name in ("eglGetCurrentDisplay", "eglGetCurrentContext", "eglGetProcAddress"):
            getattr(self._egl, name).restype = c.c_void_p
        self._display = self._egl.eglGetCurrentDisplay()
        self._context = self._egl.eglGetCurrentContext()
        if not self._display or not self._context:
            raise StageError("a headset needs a stage with display='headless': no EGL is current")
        number, config, count = c.c_int(), c.c_void_p(), c.c_int()
        display = c.c_void_p(self._display)
        self._egl.eglQueryContext(
            display, c.c_void_p(self._context), _EGL_CONFIG_ID, c.byref(number)
        )
        wanted = (c.c_int * 3)(_EGL_CONFIG_ID, number.value, _EGL_NONE)
        self._egl.eglChooseConfig(display, wanted, c.byref(config), 1, c.byref(count))
        self._config = config.value if count.value else None

    def binding(self, kind: int) -> c.Structure:
        """What a session is created with; ``kind`` is OpenXR's number of the structure."""
        address = c.cast(self._egl.eglGetProcAddress, c.c_void_p)
        return _EglBinding(kind, None, address, self._display, self._config, self._context)

    def function(self, name: str) -> int:
        """The address of a GL function, 0 where there is none."""
        return int(self._egl.eglGetProcAddress(name.encode()) or 0)


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
        self._pixel_store = load("glPixelStorei", n, c.c_int)
        self._frames = (n * 2)()
        self._generate(2, self._frames)

    def copy(self, source: int, target: int, width: int, height: int) -> None:
        """Copy all of a texture's bytes as they are: sRGB stays encoded.

        Raises:
            StageError: the runtime's image cannot be drawn to.
        """
        with _State(self):
            self._use(_READ, 0, source)
            self._use(_DRAW, 1, target)
            self._blit(0, 0, width, height, 0, 0, width, height, _COLOR_BIT, _NEAREST)

    def read(self, texture: int, width: int, height: int) -> NDArray[np.uint8]:
        """A texture's pixels, (height, width, 3) uint8, top row first."""
        pixels = np.empty((height, width, 3), np.uint8)
        with _State(self):
            self._use(_READ, 0, texture)
            self._pixel_store(_PACK_ALIGNMENT, 1)
            self._read(0, 0, width, height, _RGB, _BYTE, pixels.ctypes.data)
            self._pixel_store(_PACK_ALIGNMENT, 4)
        return pixels[::-1].copy()

    def close(self) -> None:
        """Free what GL holds."""
        self._delete(2, self._frames)

    def _use(self, kind: int, which: int, texture: int) -> None:
        self._bind(kind, self._frames[which])
        self._attach(kind, _COLOR, _TEXTURE_2D, texture, 0)
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
