"""Several garments on one body lie on each other and keep their motion."""

import numpy as np
import pytest

from reconstruction.families import get_family
from showroom.fit import body
from showroom.fit.clearance import clearance, open_sides
from showroom.fit.garment import REFIT_FRAMES
from showroom.fit.layers import displaced, layer_of
from showroom.fit.outfit import Outfit
from showroom.fit.pose import Tracker
from showroom.fit.vrm import INDEX

FRAME = 1 / 72


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


def wear(outfit, name, values=None, choices=None):
    family = get_family(name)
    picked = {c.name: c.default for c in family.choices} | (choices or {})
    return outfit.put_on(name, family, family.defaults(picked) | (values or {}), picked)


def walk(avatar, frames, start=0):
    tracker = Tracker(avatar)
    eye = float(avatar.eyes[:, 1].mean())
    for i in range(frames):
        z = -0.8 * max(0.0, i * FRAME - 0.2)
        pose = tracker.update((0, eye, z, 0, 0, 0, 1), None, None, i * FRAME)
        if i >= start:
            yield pose


def crossing(inner, outer):
    """Share of the inner nodes under the outer cloth that come through it by over 1 mm."""
    rim = open_sides(outer.faces)
    rest = clearance(inner.own, outer.own, outer.faces, rim)
    now = clearance(inner.nodes, outer.nodes, outer.faces, rim)
    same = inner.limb == outer.limb[outer.faces[now.face, 0]]
    covered = ~rest.beside & ~now.beside & (np.abs(now.height) < 0.03) & same
    return float((now.height[covered] > 0.001).mean()), int(covered.sum())


def test_a_jacket_lies_on_a_shirt_and_both_on_trousers(woman):
    outfit = Outfit(woman)
    for name in ("trousers", "shirt", "outwear"):
        assert wear(outfit, name) == ()
    assert list(outfit.garments) == ["trousers", "shirt", "outwear"]
    for pose in walk(woman, 60):
        shapes = outfit.step(pose, FRAME)
    assert shapes.keys() == outfit.garments.keys()
    for inner, outer in (("shirt", "outwear"), ("trousers", "shirt")):
        share, covered = crossing(outfit.garments[inner], outfit.garments[outer])
        assert covered > 100
        assert share < 0.02, (inner, outer)
    alone = Outfit(woman)
    wear(alone, "shirt")
    wear(alone, "outwear")
    alone.garments["outwear"].under = ()
    for pose in walk(woman, 60):
        alone.step(pose, FRAME)
    loose, _ = crossing(alone.garments["shirt"], alone.garments["outwear"])
    assert loose > crossing(outfit.garments["shirt"], outfit.garments["outwear"])[0]


def outside(inner, outer):
    """Share of a folded collar beneath the outer cloth that stands out of it by over 1 mm."""
    faces = outer.faces[~outer.leaf[outer.faces].any(axis=1)]
    found = clearance(inner.nodes[inner.leaf], outer.nodes, faces, open_sides(faces))
    beneath = ~found.beside & (np.abs(found.height) < 0.03)
    assert beneath.sum() > 50
    return float((found.height[beneath] > 0.001).mean())


@pytest.mark.parametrize("collar", ["stand", "hood"])
def test_a_folded_collar_goes_under_another_ones_collar_or_hood(woman, collar):
    outfit = Outfit(woman)
    wear(outfit, "shirt", choices={"collar": "shirt"})
    alone = outfit.garments["shirt"].own.copy()
    wear(outfit, "outwear", choices={"collar": collar})
    shirt, jacket = outfit.garments["shirt"], outfit.garments["outwear"]
    for _ in range(REFIT_FRAMES + 1):
        outfit.step(woman.rest(), FRAME)
    laid = shirt.nodes.copy()
    assert outside(shirt, jacket) < 0.05
    shirt.nodes[:] = alone
    assert outside(shirt, jacket) > 0.3, "as it was cut it comes through"
    shirt.nodes[:] = laid
    for pose in walk(woman, 60, start=59):
        outfit.step(pose, FRAME)
    assert outside(shirt, jacket) < 0.08


def test_a_folded_collar_lies_on_a_jacket_without_one(woman):
    outfit = Outfit(woman)
    wear(outfit, "shirt", choices={"collar": "shirt"})
    wear(outfit, "outwear", choices={"collar": "none", "neckline": "round"})
    for _ in range(REFIT_FRAMES + 1):
        outfit.step(woman.rest(), FRAME)
    assert outside(outfit.garments["shirt"], outfit.garments["outwear"]) > 0.8


def test_what_covers_the_same_region_takes_the_others_place(woman):
    outfit = Outfit(woman)
    wear(outfit, "t_shirt")
    wear(outfit, "shorts")
    assert set(wear(outfit, "dress")) == {"t_shirt", "shorts"}
    assert list(outfit.garments) == ["dress"]
    outfit.take_off()
    assert outfit.step(woman.rest(), FRAME) == {}
    worn = {"tee": layer_of("t_shirt"), "hat": layer_of("hat")}
    assert displaced(layer_of("freeform", "Denim jacket"), worn) == ()
    assert displaced(layer_of("freeform", "毛衣"), worn) == ("tee",)


def test_a_sleeve_longer_than_the_arm_gathers_at_the_hand(woman):
    ends = {}
    for length in (0.56, 0.62, 0.70):
        outfit = Outfit(woman)
        wear(outfit, "long_sleeve", {"sleeve_length": length})
        ends[length] = float(outfit.garments["long_sleeve"].own[:, 0].max())
    middle = float(woman.joints[INDEX["leftMiddleProximal"], 0])
    assert ends[0.56] < ends[0.62] < ends[0.70], "longer is still to be seen"
    assert ends[0.70] < middle + 0.03, "fingers stay free"


def test_another_neckline_and_another_garment_keep_the_motion_going(woman):
    outfit, alone = Outfit(woman), Outfit(woman)
    poses = list(walk(woman, 100))
    for each in (outfit, alone):
        wear(each, "dress")
        for pose in poses[:60]:
            before = each.step(pose, FRAME)["dress"]
        hem = each.garments["dress"].own[:, 1] < each.garments["dress"].own[:, 1].min() + 0.1
        lag = each.garments["dress"].nodes[hem].mean(axis=0) - poses[59].root
        wear(each, "dress", choices={"neckline": "v"})
        after = each.step(poses[60], FRAME)["dress"]
        changed = each.garments["dress"]
        hem = changed.own[:, 1] < changed.own[:, 1].min() + 0.1
        assert np.abs(changed.nodes[hem].mean(axis=0) - poses[60].root - lag).max() < 0.015
        assert np.abs(after.mean(axis=0) - before.mean(axis=0)).max() < 0.02
    # Something put on over it leaves its cloth where it would be without.
    wear(outfit, "outwear")
    moved = outfit.step(poses[61], FRAME)["dress"] - alone.step(poses[61], FRAME)["dress"]
    assert np.linalg.norm(moved, axis=1).max() < 0.005


def test_one_size_up_shows_in_the_next_frame_and_is_settled_in_time(woman):
    outfit = Outfit(woman)
    wear(outfit, "dress")
    pose = list(walk(woman, 40))[-1]
    for _ in range(72):
        before = outfit.step(pose, FRAME)["dress"]
    family = get_family("dress")
    larger = {p.name: outfit.garments["dress"].values[p.name] + p.grade for p in family.parameters}
    wear(outfit, "dress", larger)
    shapes = [outfit.step(pose, FRAME)["dress"] for _ in range(58)]
    assert np.abs(shapes[0] - before).max() > 2e-4
    assert np.abs(shapes[REFIT_FRAMES] - before).max() > 0.01
    still = np.linalg.norm(shapes[-1] - shapes[-2], axis=1)
    assert np.percentile(still, 99) < 5e-4
