"""The GL context that is current on this thread, as OpenXR wants it named.

EGL (a stage without a window, on Linux), GLX (a window on X11) and WGL (a window on Windows).
WGL is written by the specification and reviewed; nothing here can run it.
"""

from __future__ import annotations

import ctypes as c
import sys
from typing import Any, Protocol

from .settings import StageError

_EGL_CONFIG_ID, _EGL_NONE = 0x3028, 0x3038
_GLX_FBCONFIG_ID, _GLX_VISUAL_ID = 0x8013, 0x800B
_KINDS = {
    "XR_MNDX_egl_enable": 1000048004,
    "glx": 1000023001,
    "wgl": 1000023000,
}
"""XrStructureType of each graphics binding."""


class GlContext(Protocol):
    """A current GL context.

    Attributes:
        extension: by which OpenXR takes it.
    """

    extension: str

    def binding(self) -> c.Structure:
        """What a session is created with."""

    def function(self, name: str) -> int:
        """The address of a GL function, 0 where there is none."""


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
        self._egl = _library("libEGL.so.1", "libegl1")
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

    def binding(self) -> c.Structure:
        """What a session is created with."""
        address = c.cast(self._egl.eglGetProcAddress, c.c_void_p)
        return _EglBinding(
            _KINDS[self.extension], None, address, self._display, self._config, self._context
        )

    def function(self, name: str) -> int:
        """The address of a GL function, 0 where there is none."""
        return int(self._egl.eglGetProcAddress(name.encode()) or 0)


class _GlxBinding(c.Structure):
    """XrGraphicsBindingOpenGLXlibKHR."""

    _fields_ = [
        ("type", c.c_int32),
        ("next", c.c_void_p),
        ("display", c.c_void_p),
        ("visual", c.c_uint32),
        ("config", c.c_void_p),
        ("drawable", c.c_ulong),
        ("context", c.c_void_p),
    ]


class GlxContext:
    """The GLX context current on this thread: of a stage with a window.

    Raises:
        StageError: none is current.
    """

    extension = "XR_KHR_opengl_enable"

    def __init__(self) -> None:
        gl = self._gl = _library("libGL.so.1", "libgl1")
        for name in ("glXGetCurrentDisplay", "glXGetCurrentContext", "glXGetProcAddressARB"):
            getattr(gl, name).restype = c.c_void_p
        gl.glXGetCurrentDrawable.restype = c.c_ulong
        gl.glXChooseFBConfig.restype = c.POINTER(c.c_void_p)
        self._display = gl.glXGetCurrentDisplay()
        self._context = gl.glXGetCurrentContext()
        self._drawable = gl.glXGetCurrentDrawable()
        if not self._display or not self._context:
            raise StageError("a headset needs a stage that draws: no GLX is current")
        display = c.c_void_p(self._display)
        number, visual, count = c.c_int(), c.c_int(), c.c_int()
        gl.glXQueryContext(display, c.c_void_p(self._context), _GLX_FBCONFIG_ID, c.byref(number))
        wanted = (c.c_int * 3)(_GLX_FBCONFIG_ID, number.value, 0)
        found = gl.glXChooseFBConfig(display, 0, wanted, c.byref(count))
        self._config = found[0] if count.value else None
        if self._config:
            config = c.c_void_p(self._config)
            gl.glXGetFBConfigAttrib(display, config, _GLX_VISUAL_ID, c.byref(visual))
        self._visual = visual.value

    def binding(self) -> c.Structure:
        """What a session is created with."""
        return _GlxBinding(
            _KINDS["glx"], None, self._display, self._visual, self._config, self._drawable,
            self._context,
        )  # fmt: skip

    def function(self, name: str) -> int:
        """The address of a GL function, 0 where there is none."""
        return int(self._gl.glXGetProcAddressARB(name.encode()) or 0)


class _WglBinding(c.Structure):
    """XrGraphicsBindingOpenGLWin32KHR."""

    _fields_ = [
        ("type", c.c_int32),
        ("next", c.c_void_p),
        ("device", c.c_void_p),
        ("context", c.c_void_p),
    ]


class WglContext:
    """The WGL context current on this thread: of a stage with a window on Windows.

    Raises:
        StageError: none is current.
    """

    extension = "XR_KHR_opengl_enable"

    def __init__(self) -> None:
        loader: Any = getattr(c, "WinDLL", None)
        if loader is None:
            raise StageError("WGL is there on Windows only")
        self._gl, self._kernel = loader("opengl32"), loader("kernel32")
        for name in ("wglGetCurrentDC", "wglGetCurrentContext", "wglGetProcAddress"):
            getattr(self._gl, name).restype = c.c_void_p
        self._kernel.GetProcAddress.restype = c.c_void_p
        self._kernel.GetProcAddress.argtypes = [c.c_void_p, c.c_char_p]
        self._device, self._context = self._gl.wglGetCurrentDC(), self._gl.wglGetCurrentContext()
        if not self._device or not self._context:
            raise StageError("a headset needs a stage that draws: no WGL is current")

    def binding(self) -> c.Structure:
        """What a session is created with."""
        return _WglBinding(_KINDS["wgl"], None, self._device, self._context)

    def function(self, name: str) -> int:
        """The address of a GL function, 0 where there is none."""
        address = self._gl.wglGetProcAddress(name.encode()) or 0
        if address in (0, 1, 2, 3, 2**64 - 1):
            # GL 1.1's functions are those of the library itself.
            address = self._kernel.GetProcAddress(self._gl._handle, name.encode()) or 0
        return int(address)


def current_context(display: str) -> GlContext:
    """The context of a stage that was opened with ``display`` and has drawn a frame.

    Raises:
        StageError: none is current.
    """
    if display == "headless":
        return EglContext()
    return WglContext() if sys.platform == "win32" else GlxContext()


def _library(name: str, package: str) -> Any:
    try:
        return c.CDLL(name)
    except OSError as error:
        raise StageError(f"{name} cannot be loaded; install {package} ({error})") from error
