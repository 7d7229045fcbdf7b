"""Seeing one's own room through the headset: products stand in it at true scale.

Three ways, the first that the runtime has: XR_FB_passthrough (Meta, Pico), XR_HTC_passthrough
(Vive), or the core's environment blend modes ALPHA_BLEND and ADDITIVE (HoloLens, Varjo, Quest
Link's newer runtimes). Where it has none, there is none: the scene is shown instead.

Reviewed against the specification, not tried: no runtime here has any of them.
"""

from __future__ import annotations

import ctypes as c
from collections.abc import Sequence
from typing import Any, Protocol

import xr

from .openxr_instance import XrInstance, succeeded

BLEND = xr.CompositionLayerFlags.BLEND_TEXTURE_SOURCE_ALPHA_BIT


class Passthrough(Protocol):
    """The visitor's own surroundings behind what is drawn.

    Attributes:
        blend_mode: of the frame.
    """

    blend_mode: Any

    def layer(self) -> Any | None:
        """What goes beneath the scene's layer, or None where the blend mode does it."""

    def close(self) -> None:
        """Free what the runtime holds."""


class BlendPassthrough:
    """By the frame's blend mode alone."""

    def __init__(self, mode: Any) -> None:
        self.blend_mode = mode

    def layer(self) -> None:
        """No layer."""

    def close(self) -> None:
        """Nothing is held."""


class FbPassthrough:
    """By XR_FB_passthrough.

    Raises:
        xr.exception.XrException: the runtime refuses.
    """

    blend_mode = xr.EnvironmentBlendMode.OPAQUE

    def __init__(self, instance: XrInstance, session: Any) -> None:
        def function(name: str) -> Any:
            return instance.function(f"xr{name}", getattr(xr, f"PFN_xr{name}"))

        self._destroy = function("DestroyPassthroughFB"), function("DestroyPassthroughLayerFB")
        self._passthrough, self._layer = xr.PassthroughFB(), xr.PassthroughLayerFB()
        running = xr.PassthroughFlagsFB.IS_RUNNING_AT_CREATION_BIT
        info = xr.PassthroughCreateInfoFB(flags=running)
        create = function("CreatePassthroughFB")
        succeeded(create(session, c.byref(info), c.byref(self._passthrough)))
        layer = xr.PassthroughLayerCreateInfoFB(
            passthrough=self._passthrough,
            flags=running,
            purpose=xr.PassthroughLayerPurposeFB.RECONSTRUCTION,
        )
        create = function("CreatePassthroughLayerFB")
        succeeded(create(session, c.byref(layer), c.byref(self._layer)))

    def layer(self) -> Any:
        """The cameras' picture."""
        return xr.CompositionLayerPassthroughFB(flags=BLEND, layer_handle=self._layer)

    def close(self) -> None:
        """Stop the cameras."""
        passthrough, layer = self._destroy
        layer(self._layer)
        passthrough(self._passthrough)


class HtcPassthrough:
    """By XR_HTC_passthrough.

    Raises:
        xr.exception.XrException: the runtime refuses.
    """

    blend_mode = xr.EnvironmentBlendMode.OPAQUE

    def __init__(self, instance: XrInstance, session: Any) -> None:
        create = instance.function("xrCreatePassthroughHTC", xr.PFN_xrCreatePassthroughHTC)
        self._destroy = instance.function("xrDestroyPassthroughHTC", xr.PFN_xrDestroyPassthroughHTC)
        self._passthrough = xr.PassthroughHTC()
        info = xr.PassthroughCreateInfoHTC(form=xr.PassthroughFormHTC.PLANAR)
        succeeded(create(session, c.byref(info), c.byref(self._passthrough)))

    def layer(self) -> Any:
        """The cameras' picture."""
        return xr.CompositionLayerPassthroughHTC(
            passthrough=self._passthrough, color=xr.PassthroughColorHTC(alpha=1.0)
        )

    def close(self) -> None:
        """Stop the cameras."""
        self._destroy(self._passthrough)


def passthrough(instance: XrInstance, session: Any, modes: Sequence[Any]) -> Passthrough | None:
    """The best way that the runtime has; None where it has none.

    Args:
        modes: environment blend modes that it offers.

    Raises:
        xr.exception.XrException: it offers one and refuses it.
    """
    if instance.has("XR_FB_passthrough") and instance.supports(
        xr.SystemPassthroughPropertiesFB(), "supports_passthrough"
    ):
        return FbPassthrough(instance, session)
    if instance.has("XR_HTC_passthrough"):
        return HtcPassthrough(instance, session)
    for mode in (xr.EnvironmentBlendMode.ALPHA_BLEND, xr.EnvironmentBlendMode.ADDITIVE):
        if mode in modes:
            return BlendPassthrough(mode)
    return None
