"""Open3D, imported when it is needed."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def open3d() -> Any:
    """The open3d module; it links libusb, which a bare system lacks and a package carries."""
    import ctypes

    import libusb_package

    ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
    import open3d

    return open3d
