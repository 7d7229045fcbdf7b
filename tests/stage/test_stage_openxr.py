"""What only some runtimes have, against a runtime made of functions: passthrough, bodies, and none.

Calls and structures are those of the specification; whether a real runtime agrees is not shown.
"""

from __future__ import annotations

import ctypes as c
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

xr = pytest.importorskip("xr", reason="needs pyopenxr (extra 'xr')")

ROOT = Path(__file__).resolve().parents[2]


class FakeInstance:
    """A runtime with some extensions, whose functions note that they were called."""

    def __init__(self, *extensions: str, supports: bool = True) -> None:
        self._extensions, self._supports = extensions, supports
        self.calls: list[str] = []
        self.answers: dict[str, Any] = {}

    def has(self, extension: str) -> bool:
        return extension in self._extensions

    def supports(self, properties: Any, field: str) -> bool:
        assert hasattr(properties, field)
        return self._supports

    def function(self, name: str, kind: Any) -> Any:
        def call(*arguments: Any) -> int:
            self.calls.append(name)
            answer = self.answers.get(name)
            return int(answer(*arguments)) if answer is not None else 0

        # The real type checks how many arguments there are, and of what kind.
        return kind(call)


MODES = xr.EnvironmentBlendMode


@pytest.mark.parametrize(
    ("extensions", "modes", "layer", "blend"),
    [
        (("XR_FB_passthrough", "XR_HTC_passthrough"), [MODES.OPAQUE], "FB", MODES.OPAQUE),
        (("XR_HTC_passthrough",), [MODES.OPAQUE], "HTC", MODES.OPAQUE),
        ((), [MODES.OPAQUE, MODES.ADDITIVE, MODES.ALPHA_BLEND], None, MODES.ALPHA_BLEND),
        ((), [MODES.ADDITIVE], None, MODES.ADDITIVE),
    ],
)  # fmt: skip
def test_surroundings_are_asked_for_as_the_runtime_has_them(
    extensions: tuple[str, ...], modes: list[Any], layer: str | None, blend: Any
) -> None:
    from showroom.stage.openxr_passthrough import passthrough

    fake = FakeInstance(*extensions)
    made = passthrough(fake, xr.Session(), modes)  # type: ignore[arg-type]
    assert made is not None
    assert made.blend_mode == blend
    under = made.layer()
    name = None if layer is None else f"CompositionLayerPassthrough{layer}"
    assert (None if under is None else type(under).__name__) == name
    made.close()
    created = [name for name in fake.calls if "Create" in name]
    destroyed = [name for name in fake.calls if "Destroy" in name]
    assert len(created) == len(destroyed)


def test_a_headset_without_cameras_shows_no_surroundings() -> None:
    from showroom.stage.openxr_passthrough import passthrough

    fake = FakeInstance("XR_FB_passthrough", supports=False)
    assert passthrough(fake, xr.Session(), [MODES.OPAQUE]) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("extensions", "skeleton", "count"),
    [
        (("XR_FB_body_tracking",), "fb_body", 70),
        (("XR_FB_body_tracking", "XR_META_body_tracking_full_body"), "meta_full_body", 84),
    ],
)
def test_a_body_goes_to_the_visit_under_its_joints_names(
    extensions: tuple[str, ...], skeleton: str, count: int
) -> None:
    from showroom.fit.stream import named_stream
    from showroom.stage.openxr_hands import body_tracker

    def locate(tracker: Any, info: Any, found: Any) -> int:
        found.contents.is_active = 1
        assert found.contents.joint_count == count
        for k in range(count):
            place = found.contents._joint_locations[k]
            place._location_flags = 3 if k != 1 else 0
            place.pose.position.y = 0.01 * k
            place.pose.orientation.w = 1.0
        return 0

    fake = FakeInstance(*extensions)
    fake.answers["xrLocateBodyJointsFB"] = locate
    tracker = body_tracker(fake, xr.Session())  # type: ignore[arg-type]
    assert tracker is not None
    assert tracker.skeleton == skeleton
    joints = tracker.read(xr.Space(), 1)
    assert len(joints) == count - 1, "what is not tracked is left out"
    assert "hips" not in joints
    assert joints["spine_lower"][1] == pytest.approx(0.02)
    named_stream(skeleton, joints)
    tracker.close()
    assert fake.calls[-1] == "xrDestroyBodyTrackerFB"


def test_a_system_that_tracks_nobody_has_no_trackers() -> None:
    from showroom.stage.openxr_hands import body_tracker, hand_trackers

    for fake in (FakeInstance(), FakeInstance("XR_FB_body_tracking", supports=False)):
        assert body_tracker(fake, xr.Session()) is None  # type: ignore[arg-type]
        assert hand_trackers(fake, xr.Session()) is None  # type: ignore[arg-type]


def test_recentring_counts_from_its_time_on_and_once() -> None:
    from showroom.stage.openxr_spaces import Spaces

    spaces = object.__new__(Spaces)
    spaces.kind, spaces._recentring = xr.ReferenceSpaceType.LOCAL_FLOOR, None
    spaces.changes(xr.ReferenceSpaceType.STAGE.value, 100)
    assert not spaces.recentred(200), "another space has changed"
    spaces.changes(xr.ReferenceSpaceType.LOCAL_FLOOR.value, 300)
    assert [spaces.recentred(t) for t in (250, 300, 350)] == [False, True, False]


def test_bindings_of_each_window_system_have_the_specification_s_fields() -> None:
    from showroom.stage import openxr_binding as binding

    pointer = c.sizeof(c.c_void_p)
    for ours, theirs in (
        (binding._EglBinding, xr.GraphicsBindingEGLMNDX),
        (binding._GlxBinding, xr.GraphicsBindingOpenGLXlibKHR),
    ):
        assert c.sizeof(ours) == c.sizeof(theirs)
    # XrStructureType, next, HDC, HGLRC.
    assert c.sizeof(binding._WglBinding) == 4 * pointer
    kinds = xr.StructureType
    assert binding._KINDS == {
        "XR_MNDX_egl_enable": kinds.GRAPHICS_BINDING_EGL_MNDX,
        "glx": kinds.GRAPHICS_BINDING_OPENGL_XLIB_KHR,
        "wgl": kinds.GRAPHICS_BINDING_OPENGL_WIN32_KHR,
    }


def test_without_a_runtime_a_sentence_says_so(tmp_path: Path) -> None:
    program = (
        "from showroom.stage.openxr import probe\n"
        "from showroom.stage.openxr_instance import XrInstance\n"
        "from showroom.stage.settings import StageError\n"
        "print(probe().reason)\n"
        "try: XrInstance('XR_MNDX_egl_enable')\n"
        "except StageError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "XR_LOADER_DEBUG": "none",
            "XR_RUNTIME_JSON": str(tmp_path / "none.json"),
        },
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    reason, refusal = done.stdout.splitlines()
    assert "no OpenXR runtime answers" in reason
    assert "SteamVR" in reason
    assert "the headset cannot be used" in refusal


# --- Monado's packages -------------------------------------------------------------------------


def test_the_machines_own_mirror_is_taken(tmp_path: Path) -> None:
    from showroom.stage.monado import MonadoError, debian_source

    with pytest.raises(MonadoError, match="no mirror"):
        debian_source(tmp_path)
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb mirror:/nothing bookworm main\n"
        "deb mirror:/other bookworm-security main\n"
        "deb [trusted=yes] mirror:/debian bookworm main contrib\n"
    )
    assert debian_source(tmp_path) == (
        "debian.list", "deb [trusted=yes] mirror:/debian trixie main\n"
    )  # fmt: skip
    (tmp_path / "sources.list.d/others.sources").write_text(
        "Types: deb\nURIs: mirror:/vendor\nSuites: nodistro\nComponents: main\n"
    )
    (tmp_path / "sources.list.d/debian.sources").write_text(
        "Types: deb deb-src\n# where from\nURIs: mirror:/debian\n"
        "Suites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n a key\n of two lines\n"
    )
    name, text = debian_source(tmp_path)
    assert name == "debian.sources"
    assert text.splitlines() == [
        "Types: deb", "URIs: mirror:/debian", "Suites: trixie", "Components: main",
        "Signed-By:", " a key", " of two lines",
    ]  # fmt: skip
