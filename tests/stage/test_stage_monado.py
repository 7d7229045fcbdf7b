"""Visits in a real OpenXR runtime: Monado, with no headset, no GPU and no display.

Its head, controllers and hands are led by ``monado_visit.py``, in a network namespace of its own
where that is allowed. Monado is fetched once into the user's cache; where it cannot be had these
tests are skipped, and say why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from monado_visit import CURLS, INPUTS, PICTURES, STATIONS, STORED

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("monado_visit.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the visits left what they saw."""
    from showroom.stage import monado

    try:
        root = monado.fetch()
    except monado.MonadoError as error:
        pytest.skip(str(error))
    out = tmp_path_factory.mktemp("monado")
    done = subprocess.run(
        [*monado.alone(), sys.executable, str(SCRIPT), "serve", str(root), str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return out


@pytest.fixture(scope="module")
def visit(folder: Path) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads((folder / "whole.json").read_text())
    return seen


@pytest.fixture(scope="module")
def broken(folder: Path) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads((folder / "broken.json").read_text())
    return seen


def test_located_poses_are_the_scripted_ones(visit: dict[str, Any]) -> None:
    assert len(visit["stations"]) == len(STATIONS)
    for station, located in zip(STATIONS, visit["stations"], strict=True):
        for (place, turn), got in zip(station, located, strict=True):
            assert got == pytest.approx([*place, *turn], abs=1e-5)


def test_every_input_arrives_as_it_was_pressed(visit: dict[str, Any]) -> None:
    assert visit["profiles"] == ["Valve Index", "Valve Index"]
    for inputs, got in zip(INPUTS, visit["inputs"], strict=True):
        trigger, squeeze, x, y, primary, secondary, menu = got
        assert trigger == pytest.approx(inputs.get("trigger", 0.0))
        assert squeeze == pytest.approx(inputs.get("squeeze", 0.0))
        assert (x, y) == pytest.approx(inputs.get("stick", (0.0, 0.0)))
        assert primary == inputs.get("a", False)
        assert secondary == inputs.get("b", False)
        assert menu == inputs.get("stick_click", False)


def test_bare_hands_have_all_joints_and_pinch(visit: dict[str, Any]) -> None:
    for curl, seen in zip(CURLS, visit["curls"], strict=True):
        assert seen["skeleton"] == "openxr_hand"
        assert len(seen["joints"]) == 52
        assert seen["bare"] == [False, True], "a hand with a controller is not bare"
        closed = curl == (0.0, 1.0, 1.0, 1.0, 1.0)
        assert (seen["pinch"] > 0.7) == closed
    open_, fist = visit["curls"][0]["joints"], visit["curls"][2]["joints"]
    for side in ("left", "right"):

        def reach(joints: dict[str, Any], side: str = side) -> float:
            tip, wrist = joints[f"{side}_middle_tip"], joints[f"{side}_wrist"]
            return float(np.linalg.norm(np.subtract(tip[:3], wrist[:3])))

        assert reach(fist) < 0.75 * reach(open_)


# --- the visit ---------------------------------------------------------------------------------


def test_the_thumbstick_walks_towards_where_one_looks(visit: dict[str, Any]) -> None:
    before, after = (np.array(place) for place in visit["places"]["walked"])
    way = after - before
    goal = np.array(visit["shirt"]) - before
    assert 0.2 < np.linalg.norm(way) < 1.5
    assert way @ goal > 0.97 * np.linalg.norm(way) * np.linalg.norm(goal)


@pytest.mark.parametrize("name", ["rack", "mirror"])
def test_a_teleport_lands_where_the_arc_ends(visit: dict[str, Any], name: str) -> None:
    wanted, stood = visit["places"][name]
    assert stood == pytest.approx(wanted, abs=0.25)


def test_a_product_is_pointed_at_taken_and_tried_on(visit: dict[str, Any]) -> None:
    events = visit["events"]
    assert ["point", "tshirt"] in events
    assert visit["held"] == "tshirt"
    assert ["try_on", "tshirt"] in events
    assert events.index(["point", "tshirt"]) < events.index(["try_on", "tshirt"])
    assert visit["ticks"] > 0, "nothing was felt"


def test_what_is_said_changes_what_is_worn(visit: dict[str, Any]) -> None:
    before, after = visit["sizes"]
    assert (before, after) == (["tshirt M"], ["tshirt L"])
    assert any("L" in said for said in visit["said"])


def _picture(path: Path) -> Any:
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB")).astype(np.float64)


@pytest.mark.parametrize("name", PICTURES)
def test_the_runtime_is_handed_the_stored_picture(folder: Path, name: str) -> None:
    got, stored = _picture(folder / f"{name}.png"), _picture(STORED / f"{name}.jpg")
    assert got.shape == stored.shape
    # Blocks of 8 pixels: where light and furniture are, not the noise of edges.
    got, stored = (
        p.reshape(p.shape[0] // 8, 8, p.shape[1] // 8, 8, 3).mean(axis=(1, 3))
        for p in (got, stored)
    )
    assert np.abs(got - stored).mean() < 6
    assert np.corrcoef(got.ravel(), stored.ravel())[0, 1] > 0.96


def test_the_mirror_shows_the_larger_size(folder: Path) -> None:
    before, after = (_picture(folder / f"{name}.png") for name in ("mirror", "larger"))
    changed = np.abs(before - after).max(axis=2) > 20
    half = changed.shape[1] // 2
    for eye in (changed[:, :half], changed[:, half:]):
        assert 0.001 < eye.mean() < 0.2


@pytest.mark.parametrize("name", PICTURES)
def test_both_eyes_are_handed_over_and_differ(folder: Path, name: str) -> None:
    pixels = _picture(folder / f"{name}.png")
    half = pixels.shape[1] // 2
    left, right = pixels[:, :half], pixels[:, half:]
    assert left.std() > 20
    assert right.std() > 20
    assert np.abs(left - right).mean() > 1.0
    # Both are what the one stage shows from there: they are alike, not two scenes.
    assert abs(left.mean() - right.mean()) < 25


def test_panels_are_layers_of_their_own(visit: dict[str, Any]) -> None:
    assert "caption" in visit["panels"]


def test_what_the_lenses_hide_is_not_drawn(folder: Path) -> None:
    pixels = _picture(folder / "door.png")
    half = pixels.shape[1] // 2
    for eye in (pixels[:, :half], pixels[:, half:]):
        assert eye[:3, :3].max() == 0
        assert eye[-3:, -3:].max() == 0
        assert eye[118:122, 158:162].max() > 0


def test_depth_is_handed_over(visit: dict[str, Any]) -> None:
    low, high, spread = visit["depth"]
    assert 0.0 <= low < high <= 1.0
    assert spread > 1e-3


def test_the_visit_ends_cleanly(visit: dict[str, Any]) -> None:
    assert visit["cut"] == ""
    assert visit["frames"] > 60
    assert visit["states"][-1] == "EXITING"
    assert "FOCUSED" in visit["states"]


@pytest.mark.parametrize("name", ["whole", "broken"])
def test_every_call_is_valid_openxr(folder: Path, name: str) -> None:
    said = (folder / f"{name}.txt").read_text(errors="replace")
    assert "Core Validation Layer is initialized" in said
    wrong = [line for line in said.splitlines() if "VALID_ERROR" in line or "VALID_WARN" in line]
    assert not wrong, wrong[:3]


def test_a_visit_survives_a_runtime_that_dies_mid_frame_and_comes_back(
    broken: dict[str, Any],
) -> None:
    killed = [k for k, state in enumerate(broken["states"]) if state == "killed"]
    assert len(killed) == 2
    assert "FOCUSED" in broken["states"][killed[0] : killed[1]]
    assert broken["sessions"] >= 2
    assert broken["poses"] == sorted(broken["poses"]), "the visit's clock went back"


def test_a_runtime_that_stays_away_ends_the_visit_with_a_sentence(broken: dict[str, Any]) -> None:
    assert "headset's software" in broken["cut"]
    assert "\n" not in broken["cut"]


def test_an_unknown_controller_does_not_keep_one_from_visiting(broken: dict[str, Any]) -> None:
    assert broken["profiles"] == ["", ""]
    assert broken["hands"] == 0
    assert len(broken["poses"]) > 4, "the head still leads the visit"
