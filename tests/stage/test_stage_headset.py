"""The headset: its arithmetic everywhere; a whole visit where Monado's runtime can be had.

The visit runs against that runtime, its head and controllers led by a script, in a network
namespace of its own.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
STAY = 6
IDENTITY = (0.0, 0.0, 0.0, 1.0)
QUEST = (math.radians(-52), math.radians(42), math.radians(44), math.radians(-50))
MIRRORED = (-QUEST[1], -QUEST[0], QUEST[2], QUEST[3])

NO_GL = 77
"""Exit status of a process that found no OpenGL."""


def _turned(yaw: float) -> tuple[float, float, float, float]:
    return (0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))


# Where the script stands: head, left and right controller (position, quaternion).
STATIONS = [
    (
        ((0.2 * k, 1.5 + 0.05 * k, 1.0 - 0.1 * k), _turned(0.3 * k)),
        ((-0.25, 1.0 + 0.02 * k, 0.5), IDENTITY),
        ((0.25, 1.1, 0.6 - 0.05 * k), _turned(0.1 * k)),
    )
    for k in range(4)
]


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
    from showroom.stage.openxr_session import negotiate
    from showroom.stage.settings import StageError

    assert negotiate([0x8058, 0x8C43, 0x881A]) == 0x8C43
    assert negotiate([0x881A, 0x8058]) == 0x8058
    with pytest.raises(StageError, match="0x881a"):
        negotiate([0x881A])


def test_each_eye_sees_what_the_stage_draws_from_there() -> None:
    # In a process of its own: the engine shares one set of GL objects between all stages of one.
    done = subprocess.run(
        [sys.executable, __file__, "eyes"],
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
    plain = replace(StageSettings().at_quality("low"), width=width, height=height, mirror_scale=1.0)
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


# --- a whole visit -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a visit led by the script saw, as ``_visit`` reports it."""
    from showroom.stage import monado

    try:
        folder = str(monado.fetch())
    except monado.MonadoError as error:
        pytest.skip(str(error))
    out = tmp_path_factory.mktemp("headset")
    command = [*monado.alone(), sys.executable, __file__, "serve", folder, str(out)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads((out / "visit.json").read_text())
    seen["picture"] = str(out / "eyes.png")
    seen["validation"] = (out / "validation.txt").read_text(errors="replace")
    return seen


def test_located_poses_are_the_scripted_ones(visit: dict[str, Any]) -> None:
    poses = [p for p in visit["poses"] if p["time"] <= visit["walked_from"]]
    assert len(poses) > 20
    for k, name in enumerate(("head", "left", "right")):
        wanted = np.array([[*s[k][0], *s[k][1]] for s in STATIONS])
        got = np.array([p[name] for p in poses if p[name] is not None])
        assert len(got) > 20
        apart = np.abs(got[:, None] - wanted[None]).max(axis=2)
        assert apart.min(axis=1).max() < 1e-4, f"a {name} pose that was never scripted"
        assert apart.min(axis=0).max() < 1e-4, f"a scripted {name} pose was never located"


def test_the_thumbstick_walks_towards_where_one_looks(visit: dict[str, Any]) -> None:
    x, z = visit["origin"]
    yaw = 2 * math.atan2(STATIONS[-1][0][1][1], STATIONS[-1][0][1][3])
    assert 0.1 < math.hypot(x, z) < 3.0
    assert (x, z) == pytest.approx(
        (-math.sin(yaw) * math.hypot(x, z), -math.cos(yaw) * math.hypot(x, z)), abs=0.02
    )


def test_both_eyes_are_handed_over_and_differ(visit: dict[str, Any]) -> None:
    from PIL import Image

    pixels = np.asarray(Image.open(visit["picture"]).convert("RGB")).astype(np.int32)
    half = pixels.shape[1] // 2
    left, right = pixels[:, :half], pixels[:, half:]
    assert left.std() > 20
    assert right.std() > 20
    assert np.abs(left - right).mean() > 1.0
    # Both are what the one stage shows from there: they are alike, not two scenes.
    assert abs(left.mean() - right.mean()) < 25


def test_the_visit_ends_cleanly(visit: dict[str, Any]) -> None:
    assert visit["cut"] == ""
    assert visit["frames"] > 20
    assert visit["states"][-1] == "EXITING"
    assert "FOCUSED" in visit["states"]


def test_every_call_is_valid_openxr(visit: dict[str, Any]) -> None:
    said = visit["validation"]
    assert "Core Validation Layer is initialized" in said
    assert "VALID_ERROR" not in said
    assert "VALID_WARNING" not in said


def test_a_runtime_that_dies_ends_the_visit_with_a_sentence(visit: dict[str, Any]) -> None:
    assert "headset's software" in visit["killed"]


# --- what runs beside Monado -------------------------------------------------------------------


def _serve(folder: Path, out: Path) -> int:
    """Start the runtime and two visits to it, one of which outlives it."""
    from showroom.stage import monado

    monado.raise_loopback()
    with monado.running(folder) as runtime:
        me = runtime.program(sys.executable, str(Path(__file__).resolve()), "visit", str(out))
        mine = runtime.environment | {"PYTHONPATH": str(ROOT), "MONADO_PORT": str(runtime.port)}
        layers = {"XR_ENABLE_API_LAYERS": "XR_APILAYER_LUNARG_core_validation"}
        with (out / "validation.txt").open("wb") as log:
            subprocess.run(
                [*me, "0"], env=mine | layers, stdout=log, stderr=log, check=True, timeout=90
            )
        subprocess.run([*me, str(runtime.pid)], env=mine, check=True, timeout=90)
    return 0


def _visit(out: Path, kill: int) -> int:
    """One visit; ``kill`` names the runtime's process to end midway, 0 none."""
    from PIL import Image

    from showroom.protocol.messages import Event, Pose, Update
    from showroom.stage.headset import Headset, headset_settings
    from showroom.stage.monado_remote import Remote
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    stage = Stage(headset_settings(StageSettings().at_quality("medium")))
    stage.show_room("store")
    remote = Remote(int(os.environ["MONADO_PORT"]))
    _stand(remote, *STATIONS[0])
    poses: list[Pose] = []
    states: list[str] = []
    walked_from = math.inf

    def handle(event: Event) -> list[Update]:
        nonlocal walked_from
        if not isinstance(event, Pose) or not headset.session.life.focused:
            return []
        poses.append(event)
        station, rest = divmod(len(poses), STAY)
        if kill and len(poses) == STAY:
            os.kill(kill, 9)
        elif rest == 0 and station < len(STATIONS):
            _stand(remote, *STATIONS[station])
        elif rest == 0 and station == len(STATIONS):
            walked_from = event.time
            _stand(remote, *STATIONS[-1], stick=(0.0, 1.0))
        headset.over = station > len(STATIONS)
        return []

    class Watched(Headset):
        def submitted(self, image: int) -> None:
            states.append(self.session.life.state)
            if len(poses) == 2 * STAY:
                Image.fromarray(self.picture(image)).save(out / "eyes.png")

    headset = Watched(stage, handle)
    cut = headset.run(60.0)
    stage.close()
    states.append(headset.session.life.state)
    path = out / "visit.json"
    if kill:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"killed": cut}))
        return 0
    seen = {
        "poses": [{n: getattr(p, n) for n in ("time", "head", "left", "right")} for p in poses],
        "walked_from": walked_from, "origin": headset.origin, "cut": cut,
        "frames": headset.frames, "states": states,
    }  # fmt: skip
    path.write_text(json.dumps(seen))
    return 0


def _stand(remote: Any, head: Any, left: Any, right: Any, stick: Any = (0.0, 0.0)) -> None:
    remote.hold("left", pose=left, stick=stick)
    remote.hold("right", pose=right)
    remote.look(*head)


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "eyes":
        sys.exit(_compare_eyes())
    if verb == "serve":
        sys.exit(_serve(Path(rest[0]), Path(rest[1])))
    sys.exit(_visit(Path(rest[0]), int(rest[1])))
