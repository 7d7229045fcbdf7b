"""Panels as quad layers: the runtime samples them itself, sharper than anything in the scene."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xr
from numpy.typing import NDArray

from ..protocol.limits import Transform
from .openxr_swapchain import Swapchain
from .panel import Panel

Upload = Callable[[int, NDArray[np.uint8]], None]
_BLENDED = (
    xr.CompositionLayerFlags.BLEND_TEXTURE_SOURCE_ALPHA_BIT
    | xr.CompositionLayerFlags.UNPREMULTIPLIED_ALPHA_BIT
)
FEW = 8
"""Panels at most: runtimes must take 16 layers, and the scene is one of them."""


class PanelLayers:
    """The swapchains of the panels that are shown, each uploaded when its picture changes.

    Args:
        form: of the swapchains, GL's number.
        upload: writes (h, w, 4) uint8 pixels, top row first, into a GL texture of that size.
    """

    def __init__(self, session: Any, form: int, upload: Upload) -> None:
        self._session, self._form, self._upload = session, form, upload
        self._shown: dict[str, tuple[Swapchain, NDArray[np.uint8]]] = {}

    def layers(self, panels: Sequence[Panel], spaces: dict[str, Any]) -> list[Any]:
        """One layer for each panel, the last on top.

        Args:
            spaces: the runtime's handles of ``"play"`` and ``"head"``.

        Raises:
            HeadsetLost: the runtime went away.
            xr.exception.XrException: it refuses a picture.
        """
        kept = {panel.name for panel in panels}
        for name in [name for name in self._shown if name not in kept]:
            self._shown.pop(name)[0].close()
        return [self._layer(panel, spaces[panel.space]) for panel in panels[:FEW]]

    def _layer(self, panel: Panel, space: Any) -> Any:
        height, width = panel.pixels.shape[:2]
        chain, pixels = self._shown.get(panel.name, (None, None))
        if chain is not None and (chain.width, chain.height) != (width, height):
            chain.close()
            chain = None
        if chain is None:
            chain = Swapchain(self._session, self._form, width, height)
            pixels = None
        if pixels is not panel.pixels:
            with chain.image() as image:
                self._upload(image, panel.pixels)
            self._shown[panel.name] = (chain, panel.pixels)
        return xr.CompositionLayerQuad(
            layer_flags=_BLENDED,
            space=space,
            eye_visibility=xr.EyeVisibility.BOTH,
            sub_image=chain.part(),
            pose=pose_of(panel.pose),
            size=xr.Extent2Df(panel.width, panel.height),
        )

    def close(self) -> None:
        """Free all pictures."""
        for chain, _ in self._shown.values():
            chain.close()
        self._shown.clear()


def pose_of(transform: Transform) -> Any:
    """A transform as an OpenXR pose."""
    x, y, z, qx, qy, qz, qw = transform
    return xr.Posef(orientation=xr.Quaternionf(qx, qy, qz, qw), position=xr.Vector3f(x, y, z))


def pointer_to(layer: Any) -> Any:
    """A layer as the runtime wants it in a list; the layer must be kept until the frame ends."""
    return c.cast(c.pointer(layer), c.POINTER(xr.CompositionLayerBaseHeader))
