"""Swapchains: the pictures that are handed to the runtime, in formats that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import xr

from .openxr_instance import LOST, HeadsetLost, told
from .settings import StageError

# The stage writes sRGB-encoded bytes. The last one is for runtimes that offer no sRGB at all;
# they may take the picture for linear light and show it too bright.
COLORS = {0x8C43: "SRGB8_ALPHA8", 0x8C41: "SRGB8", 0x8058: "RGBA8"}
DEPTHS = {0x81A6: "DEPTH_COMPONENT24", 0x8CAC: "DEPTH_COMPONENT32F"}
_SECOND = 1_000_000_000


def negotiate(offered: Sequence[int], wanted: Mapping[int, str] = COLORS) -> int:
    """The best swapchain format of those a runtime offers, as GL's number.

    Raises:
        StageError: none fits; names what was offered.
    """
    for number in wanted:
        if number in offered:
            return number
    names = ", ".join(hex(n) for n in offered) or "none"
    raise StageError(f"the headset takes none of {', '.join(wanted.values())}; offered: {names}")


class Swapchain:
    """A ring of pictures of one size.

    Args:
        form: GL's number of the format, one of ``COLORS`` or ``DEPTHS``.

    Raises:
        xr.exception.XrException: the runtime refuses it.
    """

    def __init__(self, session: Any, form: int, width: int, height: int) -> None:
        self.width, self.height, self.form = width, height, form
        use = xr.SwapchainUsageFlags
        kind = use.DEPTH_STENCIL_ATTACHMENT_BIT if form in DEPTHS else use.COLOR_ATTACHMENT_BIT
        self.handle = xr.create_swapchain(
            session,
            xr.SwapchainCreateInfo(
                usage_flags=kind | use.SAMPLED_BIT,
                format=form,
                sample_count=1,
                width=width,
                height=height,
                face_count=1,
                array_size=1,
                mip_count=1,
            ),
        )
        images = xr.enumerate_swapchain_images(self.handle, xr.SwapchainImageOpenGLKHR)
        self._images = [int(image.image) for image in images]
        self._acquire = xr.SwapchainImageAcquireInfo()
        self._release = xr.SwapchainImageReleaseInfo()
        self._wait = xr.SwapchainImageWaitInfo(timeout=5 * _SECOND)

    @contextmanager
    def image(self) -> Iterator[int]:
        """The next picture, as GL's texture number; it is handed over at the end.

        Raises:
            HeadsetLost: the runtime went away.
        """
        with told(LOST, HeadsetLost):
            index = xr.acquire_swapchain_image(self.handle, self._acquire)
            xr.wait_swapchain_image(self.handle, self._wait)
        try:
            yield self._images[index]
        finally:
            with told(LOST, HeadsetLost):
                xr.release_swapchain_image(self.handle, self._release)

    def part(self, x: int = 0, width: int | None = None) -> Any:
        """A part of the picture's width, as layers name it."""
        rect = xr.Rect2Di(
            xr.Offset2Di(x, 0), xr.Extent2Di(self.width if width is None else width, self.height)
        )
        return xr.SwapchainSubImage(swapchain=self.handle, image_rect=rect, image_array_index=0)

    def close(self) -> None:
        """Free the pictures; a runtime that is gone holds none."""
        try:
            xr.destroy_swapchain(self.handle)
        except xr.exception.XrException:
            return
