"""The headset's arithmetic, its life cycle, and its pictures of the scene; no runtime."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
QUEST = (math.radians(-52), math.radians(42), math.radians(44), math.radians(-50))
MIRRORED = (-QUEST[1], -QUEST[0], QUEST[2], QUEST[3])
PROFILE = '[[profile]]\npath = "/interaction_profiles/a/b"\n'

NO_GL = 77
"""Exit status of a process that found no OpenGL."""


def _turned(yaw: float) -> tuple[float, float, float, float]:
    return (0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))


# --- arithmetic ------------------------------------------------------------------------------


def test_projection_sends_the_fields_edges_to_the_clip_edges() -> None:
    from showroom.stage.openxr_view import projection

    matrix = projection(QUEST, 0.1, 50.0)
    left, right, up, down = (math.tan(a) for a in QUEST)
    for x, y, want in ((left, down, (-1, -1)), (right, up, (1, 1))):
        clip = np.array([x * 3, y * 3, -3.0, 1.0]) @ matrix
        assert clip[:2] / clip[3] == pytest.approx(want)
    for depth, want_depth in ((0.1, -1.0), (50.0, 1.0)):
        clip = np.array([0.0, 0.0, -depth, 1.0]) @ matrix
        assert clip[2] / clip[3] == pytest.approx(want_depth)


@pytest.mark.parametrize("cant", [0.0, 0.1])
def test_one_camera_sees_what_each_eye_sees(cant: float) -> None:
    from showroom.stage.openxr_view import Eye, matrix_of, projection, stereo

    head = (0.3, 1.6, -0.2, *_turned(0.4))
    eyes = []
    for side, fov in ((-0.032, QUEST), (0.032, MIRRORED)):
        place = np.array([side, 0.0, 0.0, 1.0]) @ matrix_of(head)
        x, y, z = (float(v) for v in place[:3])
        eyes.append(Eye((x, y, z, *_turned(0.4 - math.copysign(cant, side))), fov))
    lens = stereo(head, eyes)
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-8, 8, (4000, 3)), np.ones(4000)])
    camera = points @ np.linalg.inv(lens.head)
    culled = camera @ lens.cull
    kept = (np.abs(culled[:, :2]) <= culled[:, 3:]).all(axis=1) & (culled[:, 3] > 0)
    for eye, mine in zip(eyes, lens.eyes, strict=True):
        want = points @ np.linalg.inv(matrix_of(eye.pose)) @ projection(eye.fov)
        np.testing.assert_allclose(camera @ mine, want, atol=1e-9)
        seen = (np.abs(want[:, :3]) <= want[:, 3:]).all(axis=1)
        assert seen.sum() > 300
        assert kept[seen].all(), "an eye sees what the shared frustum culls"
    assert kept.sum() < 3000


def test_a_pose_keeps_its_place_and_becomes_a_unit_quaternion() -> None:
    from types import SimpleNamespace as Plain

    from showroom.stage.openxr_view import matrix_of, shifted, transform_of, yaw_of

    x, y, z, w = _turned(0.5)
    pose = Plain(
        position=Plain(x=1.0, y=1.6, z=-2.0),
        orientation=Plain(x=2 * x, y=2 * y, z=2 * z, w=2 * w),
    )
    transform = transform_of(pose)
    assert transform == pytest.approx((1.0, 1.6, -2.0, *_turned(0.5)))
    assert yaw_of(transform) == pytest.approx(0.5)
    assert shifted(transform, 1.0, 3.0)[:3] == pytest.approx((2.0, 1.6, 1.0))
    ahead = np.array([0.0, 0.0, -1.0, 1.0]) @ matrix_of(transform)
    assert ahead[:3] == pytest.approx((1.0 - math.sin(0.5), 1.6, -2.0 - math.cos(0.5)))


# --- life cycle ------------------------------------------------------------------------------


def _live(*states: str) -> tuple[Any, list[str]]:
    from showroom.stage.openxr_lifecycle import Lifecycle

    life, steps = Lifecycle(), []
    for state in states:
        life, step = life.entered(state)
        steps.append(step.value)
    return life, steps


def test_a_session_begins_ends_and_begins_again() -> None:
    life, steps = _live("IDLE", "READY", "SYNCHRONIZED", "VISIBLE", "FOCUSED")
    assert steps == ["nothing", "begin", "nothing", "nothing", "nothing"]
    assert life.running
    assert life.focused
    again = ("VISIBLE", "SYNCHRONIZED", "STOPPING", "IDLE", "READY")
    life, steps = _live("IDLE", "READY", "FOCUSED", *again)
    assert steps[-5:] == ["nothing", "nothing", "end", "nothing", "begin"]
    assert life.running
    assert not life.focused
    assert not life.over


def test_only_a_lost_headset_may_come_back() -> None:
    lost, _ = _live("IDLE", "READY", "FOCUSED", "LOSS_PENDING")
    assert lost.lossy
    ended, _ = _live("IDLE", "READY", "FOCUSED", "STOPPING", "IDLE", "EXITING")
    assert not ended.lossy


def test_a_session_that_is_ended_for_us_says_why() -> None:
    life, _ = _live("IDLE", "READY", "FOCUSED", "STOPPING", "IDLE", "EXITING")
    assert life.over
    assert "ended" in life.reason
    life, _ = _live("IDLE", "READY", "FOCUSED", "LOSS_PENDING")
    assert life.over
    assert not life.running
    assert "disconnected" in life.reason
    asked, _ = _live("IDLE", "READY")[0].asking().entered("EXITING")
    assert asked.over
    assert asked.reason == ""


def test_a_session_is_neither_begun_nor_ended_twice() -> None:
    _, steps = _live("READY", "READY", "STOPPING", "STOPPING")
    assert steps == ["begin", "nothing", "end", "nothing"]


def test_the_swapchain_format_is_negotiated() -> None:
    from showroom.stage.openxr_swapchain import negotiate
    from showroom.stage.settings import StageError

    assert negotiate([0x8058, 0x8C43, 0x881A]) == 0x8C43
    assert negotiate([0x881A, 0x8058]) == 0x8058
    with pytest.raises(StageError, match="0x881a"):
        negotiate([0x881A])


def test_the_head_is_between_canted_eyes() -> None:
    from showroom.stage.openxr_view import Eye, middle, yaw_of

    eyes = [Eye((x, 1.6, 0.0, *_turned(0.3 - math.copysign(0.1, x))), QUEST) for x in (-0.03, 0.03)]
    head = middle(eyes)
    assert head[:3] == pytest.approx((0.0, 1.6, 0.0))
    assert yaw_of(head) == pytest.approx(0.3)
    assert math.hypot(*head[3:]) == pytest.approx(1.0)


def test_what_a_lens_hides_lies_where_the_eye_sees_it() -> None:
    from showroom.stage.openxr_camera import on_clip_plane

    left, right, up, down = (math.tan(a) for a in QUEST)
    corners = np.array([[left, down], [right, up], [0.0, 0.0]], np.float32)
    placed = on_clip_plane(corners, QUEST)
    assert placed[0] == pytest.approx((-1.0, -1.0), abs=1e-5)
    assert placed[1] == pytest.approx((1.0, 1.0), abs=1e-5)
    assert placed[2, 0] == pytest.approx(-(right + left) / (right - left), abs=1e-5)


def test_the_play_area_knows_how_near_its_edge_is() -> None:
    pytest.importorskip("xr", reason="needs pyopenxr (extra 'xr')")
    from showroom.stage.openxr_spaces import PlayArea

    square = ((-1.0, -1.5), (1.0, -1.5), (1.0, 1.5), (-1.0, 1.5))
    for area in (PlayArea(square), PlayArea(square[::-1])):
        assert area.inside(0.0, 0.0) == pytest.approx(1.0)
        assert area.inside(0.0, 1.2) == pytest.approx(0.3)
        assert area.inside(1.2, 0.0) == pytest.approx(-0.2)


def test_fingers_that_touch_pinch() -> None:
    pytest.importorskip("xr", reason="needs pyopenxr (extra 'xr')")
    from showroom.stage.openxr_hands import pinch_of

    assert pinch_of(0.01) == 1.0
    assert pinch_of(0.08) == 0.0
    assert 0.4 < pinch_of(0.0375) < 0.6


# --- controllers -------------------------------------------------------------------------------


def test_every_controller_can_point_hold_and_choose() -> None:
    from showroom.stage.bindings import load_bindings

    profiles = load_bindings()
    vendors = {p.path.split("/")[2] for p in profiles}
    assert {"khr", "oculus", "valve", "htc", "bytedance", "microsoft", "ext"} <= vendors
    for profile in profiles:
        for side in ("left", "right"):
            bound = {action for s, action, _ in profile.inputs if s == side}
            assert {"grip", "aim", "trigger"} <= bound, profile.name
            assert profile.bare or {"menu", "haptic"} <= bound, profile.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile = 3", "profile"),
        ('[[profile]]\npath = "/user/hand"', "path = '/user/hand'"),
        (PROFILE + "color = 1", "color"),
        (PROFILE + '[profile.left]\nfire = "input/x"', "fire"),
        (PROFILE + '[profile.both]\ngrip = "output/x"', "input/"),
        ("[[profile", "cannot be read"),
    ],
)  # fmt: skip
def test_a_bindings_file_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    from showroom.stage.bindings import load_bindings
    from showroom.stage.settings import StageError

    path = tmp_path / "bindings.toml"
    path.write_text(text)
    with pytest.raises(StageError) as refused:
        load_bindings(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


# --- pictures ----------------------------------------------------------------------------------


def test_each_eye_sees_what_the_stage_draws_from_there() -> None:
    # In a process of its own: the engine shares one set of GL objects between all stages of one.
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    if done.returncode == NO_GL:
        pytest.skip(f"no GL here: {done.stdout}")
    assert done.returncode == 0, done.stderr[-2000:]


def _compare_eyes() -> int:
    """Draw both eyes and what the stage draws from there; the exit status."""
    from dataclasses import replace

    from showroom.stage.openxr_camera import StereoCamera, StereoMirror
    from showroom.stage.openxr_view import Eye, stereo
    from showroom.stage.settings import StageError, StageSettings
    from showroom.stage.stage import Stage

    width, height, half = 320, 240, 0.5
    low = StageSettings().at_quality("low")
    plain = replace(low, width=width, height=height, mirror_scale=1.0, fxaa=False)
    try:
        stage = Stage(plain)
    except StageError as error:
        print(error)
        return NO_GL
    stage.show_room("store")
    slope = math.tan(half) * width / height
    fov = (-math.atan(slope), math.atan(slope), half, -half)
    turn = _turned(0.1)
    eyes = [Eye((x, 1.6, -2.0, *turn), fov) for x in (-0.05, 0.05)]
    wanted = []
    for eye in eyes:
        stage.look_from(eye.pose, 2 * half)
        wanted.append(stage.render().astype(np.int32))
    assert np.abs(wanted[0] - wanted[1]).mean() > 2, "the eyes must differ to prove anything"

    camera = StereoCamera(stage, width, height)
    mirror = StereoMirror(stage, width, height, 1.0)
    try:
        lens = stereo((0.0, 1.6, -2.0, *turn), eyes)
        for _ in range(2):
            camera.look(lens)
            mirror.update(lens)
            stage.graphics.render()
        drawn = camera.read().astype(np.int32)
    finally:
        mirror.close()
        camera.close()
        stage.close()
    for k, want in enumerate(wanted):
        got = drawn[:, k * width : (k + 1) * width]
        assert np.abs(got - want).mean() < 0.6
        assert (np.abs(got - want).max(axis=2) > 24).mean() < 0.01
    return 0


if __name__ == "__main__":
    sys.exit(_compare_eyes())
