"""An OpenXR instance: which extensions are asked for, the headset's system, functions and paths."""

from __future__ import annotations

import ctypes as c
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import xr

from .settings import StageError

STEREO = xr.ViewConfigurationType.PRIMARY_STEREO
LIKED = (
    "XR_EXT_local_floor",
    "XR_KHR_composition_layer_depth",
    "XR_KHR_visibility_mask",
    "XR_EXT_hand_tracking",
    "XR_EXT_hand_interaction",
    "XR_FB_hand_tracking_aim",
    "XR_FB_body_tracking",
    "XR_META_body_tracking_full_body",
    "XR_FB_display_refresh_rate",
    "XR_FB_passthrough",
    "XR_HTC_passthrough",
    "XR_BD_controller_interaction",
    "XR_EXT_hp_mixed_reality_controller",
)
"""Extensions that are used where the runtime has them."""

LOST = "the headset's software stopped answering"


class HeadsetLost(StageError):  # noqa: N818 - it is an event of a visit, named after it
    """The headset or its runtime went away."""

    code = "headset_lost"


@contextmanager
def told(sentence: str, kind: type[StageError] = StageError) -> Iterator[None]:
    """Turn the runtime's errors into one of the stage's, with a sentence."""
    try:
        yield
    except xr.exception.XrException as error:
        raise kind(f"{sentence} ({type(error).__name__})") from error


def succeeded(result: Any) -> bool:
    """Whether a raw call did what it should; a qualified success is none.

    Raises:
        xr.exception.XrException: it failed.
    """
    if result >= 0:
        return bool(result == 0)
    raise xr.exception.check_result(xr.Result(result))


class XrInstance:
    """One instance and the head-mounted display's system.

    Args:
        binding: the extension by which the current GL context is handed over.

    Attributes:
        enabled: names of the extensions in use.
        name: of the runtime, as it says.

    Raises:
        StageError: there is no runtime or headset, or it lacks something needed.
    """

    def __init__(self, binding: str) -> None:
        self._paths: dict[str, Any] = {}
        with told("the headset cannot be used"):
            self.handle, self.enabled = _create(binding)
            try:
                self.system = xr.get_system(
                    self.handle, xr.SystemGetInfo(form_factor=xr.FormFactor.HEAD_MOUNTED_DISPLAY)
                )
                self.name = text(xr.get_instance_properties(self.handle).runtime_name)
                self._meet_requirements()
            except BaseException:
                self.close()
                raise

    def has(self, extension: str) -> bool:
        """Whether an extension is in use."""
        return extension in self.enabled

    def path(self, name: str) -> Any:
        """OpenXR's number of a path."""
        if name not in self._paths:
            self._paths[name] = xr.string_to_path(self.handle, name)
        return self._paths[name]

    def function(self, name: str, kind: Any) -> Any:
        """An extension's function, of the ctypes type ``kind``."""
        return c.cast(xr.get_instance_proc_addr(self.handle, name), kind)

    def supports(self, properties: Any, field: str) -> bool:
        """Whether the system says so in a structure chained to its properties."""
        answer = xr.SystemProperties(next=c.cast(c.pointer(properties), c.c_void_p))
        ask = self.function("xrGetSystemProperties", _GET_SYSTEM_PROPERTIES)
        return bool(ask(self.handle, self.system, c.byref(answer)) == 0) and bool(
            getattr(properties, field)
        )

    def close(self) -> None:
        """Free the instance; a runtime that is gone holds nothing."""
        try:
            xr.destroy_instance(self.handle)
        except xr.exception.XrException:
            return

    def _meet_requirements(self) -> None:
        """Ask for the runtime's GL version: it must be asked before a session is made."""
        ask = self.function(
            "xrGetOpenGLGraphicsRequirementsKHR", xr.PFN_xrGetOpenGLGraphicsRequirementsKHR
        )
        answer = xr.GraphicsRequirementsOpenGLKHR()
        if ask(self.handle, self.system, c.byref(answer)) != 0:
            raise StageError("the headset's software does not say which OpenGL it needs")


_GET_SYSTEM_PROPERTIES = c.CFUNCTYPE(
    c.c_int, xr.Instance, xr.SystemId, c.POINTER(xr.SystemProperties)
)


def _create(binding: str) -> tuple[Any, frozenset[str]]:
    offered = {text(p.extension_name) for p in xr.enumerate_instance_extension_properties()}
    needed = {"XR_KHR_opengl_enable", binding}
    missing = sorted(needed - offered)
    if missing:
        raise StageError(f"the headset's software lacks {' and '.join(missing)}")
    names = sorted(needed) + [name for name in LIKED if name in offered]
    application = xr.ApplicationInfo(
        application_name="Showroom",
        application_version=1,
        engine_name="showroom",
        engine_version=1,
        api_version=xr.Version(1, 0, 0),
    )
    info = xr.InstanceCreateInfo(application_info=application, enabled_extension_names=names)
    return xr.create_instance(info), frozenset(names)


def text(value: Any) -> str:
    """A name that the runtime gives."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
