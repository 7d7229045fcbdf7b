"""Finds an OpenXR runtime and what it offers; opens no session and draws nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

EGL, GL = "XR_MNDX_egl_enable", "XR_KHR_opengl_enable"


@dataclass(frozen=True)
class RuntimeInfo:
    """An OpenXR runtime on this machine.

    Attributes:
        name, version: as the runtime says.
        extensions: names of what it supports.
        headset: the system's name when a head-mounted display is connected, else ``""``.
        eye: recommended pixels per eye (width, height), (0, 0) without a headset.
    """

    name: str
    version: str
    extensions: tuple[str, ...]
    headset: str = ""
    eye: tuple[int, int] = (0, 0)

    @property
    def usable(self) -> bool:
        """Whether a headset is there and takes the pictures that the stage draws.

        By EGL without a window, else by GLX or WGL, where a window can open.
        """
        windowed = sys.platform == "win32" or bool(os.environ.get("DISPLAY"))
        offered = EGL in self.extensions or windowed
        return bool(self.headset) and GL in self.extensions and offered


@dataclass(frozen=True)
class NoRuntime:
    """Why there is none: a sentence that names the remedy."""

    reason: str


def probe() -> RuntimeInfo | NoRuntime:
    """Ask the OpenXR loader what is here."""
    # Without a runtime the loader writes errors to stderr; the answer says it in a sentence.
    os.environ.setdefault("XR_LOADER_DEBUG", "none")
    try:
        import xr
    except ImportError:
        return NoRuntime("pyopenxr is not installed; install the 'xr' extra")
    except OSError as error:
        return NoRuntime(f"the OpenXR loader cannot be loaded: {error}")
    try:
        properties = xr.enumerate_instance_extension_properties()
        names = tuple(sorted(_text(p.extension_name) for p in properties))
        info = xr.InstanceCreateInfo(
            application_info=xr.ApplicationInfo(
                application_name="showroom", application_version=1, engine_name="showroom",
                engine_version=1, api_version=xr.Version(1, 0, 0),
            ),
            enabled_extension_names=[n for n in ("XR_MND_headless",) if n in names],
        )  # fmt: skip
        instance = xr.create_instance(info)
    except xr.exception.XrException as error:
        return NoRuntime(
            f"no OpenXR runtime answers ({type(error).__name__}); start SteamVR, Monado or your "
            "headset's own software"
        )
    try:
        return _ask(xr, instance, names)
    finally:
        xr.destroy_instance(instance)


def _ask(xr: Any, instance: Any, names: tuple[str, ...]) -> RuntimeInfo:
    runtime = xr.get_instance_properties(instance)
    name, version = _text(runtime.runtime_name), str(xr.Version(runtime.runtime_version))
    try:
        system = xr.get_system(
            instance, xr.SystemGetInfo(form_factor=xr.FormFactor.HEAD_MOUNTED_DISPLAY)
        )
        headset = _text(xr.get_system_properties(instance, system).system_name)
        views = xr.enumerate_view_configuration_views(
            instance, system, xr.ViewConfigurationType.PRIMARY_STEREO
        )
        eye = (views[0].recommended_image_rect_width, views[0].recommended_image_rect_height)
    except xr.exception.XrException:
        return RuntimeInfo(name, version, names)
    return RuntimeInfo(name, version, names, headset, (int(eye[0]), int(eye[1])))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
