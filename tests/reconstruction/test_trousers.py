"""Trousers and shorts: lengths and girths as a tailor takes them, two legs that never cross."""

import math

import numpy as np
import pytest

from reconstruction.dressform import BodyForm, reference_form
from reconstruction.families import get_family
from reconstruction.families.garment_flat import FlatPose
from reconstruction.garment.fit import refine
from reconstruction.garment.hint import FitHint
from reconstruction.garment.mask import fill

NAMES = ("trousers", "shorts")


def line_length(points):
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def loop_length(points):
    return line_length(np.concatenate([points, points[:1]]))


def panels(family, values, choices):
    return {p.name: p.numbers() for p in family.pattern(values, choices).panels}


def options(family):
    """Every option of every choice, one at a time."""
    base = {c.name: c.default for c in family.choices}
    yield base
    for c in family.choices:
        for option in c.options:
            if option != c.default:
                yield {**base, c.name: option}


def test_flat_measures_are_the_tailors():
    family = get_family("trousers")
    choices = {c.name: c.default for c in family.choices}
    values = family.defaults(choices)
    marks = family.flat(values, choices, FlatPose(hem_tilt=0.0)).landmarks
    assert math.dist(marks["waist_left"], marks["waist_right"]) == pytest.approx(
        values["waist_width"], abs=1e-6
    )
    assert -marks["crotch"][1] == pytest.approx(values["rise"], abs=1e-6)
    inseam = values["length"] - values["rise"]
    assert math.dist(marks["crotch"], marks["inseam_left"]) == pytest.approx(inseam, rel=0.005)
    assert math.dist(marks["hem_left"], marks["inseam_left"]) == pytest.approx(
        values["hem_width"], rel=0.01
    )


@pytest.mark.parametrize("name", NAMES)
def test_worn_lengths_and_girths_are_the_patterns(name):
    family = get_family(name)
    choices = {c.name: c.default for c in family.choices}
    values = family.defaults(choices)
    # Clear of the foot, and wider than the body at the waist.
    values |= {"length": min(values["length"], 0.90), "waist_width": 0.48, "hip_width": 0.54}
    number = panels(family, values, choices)
    leg = family.extra["leg_rows"]
    short = values | {"length": values["length"] - 0.02}
    inseams = {}
    for v in (values, short):
        worn = family.build(v, choices).vertices
        inseams[v["length"]] = line_length(worn[number["left_front"][: leg + 1, 0]])
        assert inseams[v["length"]] == pytest.approx(v["length"] - v["rise"], abs=0.02)
    assert inseams[values["length"]] - inseams[short["length"]] == pytest.approx(0.02, abs=0.002)
    worn = family.build(values, choices).vertices
    rise = line_length(worn[number["left_front"][leg:, 0]]) + values["waistband_height"]
    assert rise == pytest.approx(values["rise"], rel=0.06)
    hem = np.concatenate([number["left_front"][0], number["left_back"][0, -2:0:-1]])
    assert loop_length(worn[hem]) == pytest.approx(2 * values["hem_width"], rel=0.03)
    band = number["waistband_front"][-1], number["waistband_back"][-1, -2:0:-1]
    assert loop_length(worn[np.concatenate(band)]) == pytest.approx(
        2 * values["waist_width"], rel=0.03
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_legs_part_at_the_crotch_and_never_cross(name):
    family, form = get_family(name), reference_form()
    heavy = BodyForm((form.vertices * [1.25, 1.0, 1.2]).astype(np.float32), form.faces, form.skin)
    low = {p.name: p.minimum for p in family.parameters}
    high = {p.name: p.maximum for p in family.parameters}
    for body in (form, heavy):
        for values in ({}, low, high):
            mesh = family.drape_on(values, {}, body)
            number = panels(family, family.defaults({}) | values, {})
            leg = family.extra["leg_rows"]
            for side, sign in (("left", 1), ("right", -1)):
                for face in ("front", "back"):
                    rows = number[f"{side}_{face}"]
                    assert (sign * mesh.vertices[rows[:leg], 0]).min() > 0
                    assert (sign * mesh.vertices[rows[leg:], 0]).min() > -1e-6


@pytest.mark.parametrize("name", NAMES)
def test_choices_never_change_the_mesh_but_its_places(name):
    family = get_family(name)
    base = family.build({}, {})
    for choices in options(family):
        mesh = family.build({}, choices)
        for field in ("faces", "weld", "face_part"):
            np.testing.assert_array_equal(getattr(mesh, field), getattr(base, field))


def test_each_leg_follows_its_own_bones():
    mesh = get_family("trousers").build({}, {})
    skin = mesh.skin
    dense = np.zeros((len(mesh.vertices), len(skin.names)))
    np.put_along_axis(dense, skin.joints.astype(int), skin.weights, axis=1)
    low = mesh.vertices[:, 1] < 0.6
    for side, other in (("left", "right"), ("right", "left")):
        mine = low & (mesh.vertices[:, 0] * (1 if side == "left" else -1) > 0)
        wrong = [i for i, n in enumerate(skin.names) if n.startswith(other)]
        assert dense[mine][:, wrong].sum() == 0


def test_a_long_rise_hangs_and_a_short_one_sits_low():
    family = get_family("trousers")
    form = reference_form()
    crotch = {}
    top = {}
    for rise in (0.19, 0.26, 0.40):
        mesh = family.drape_on({"rise": rise}, {}, form)
        crotch[rise] = mesh.anchors["crotch"][1]
        top[rise] = mesh.anchors["front_top"][1]
    assert top[0.19] < top[0.26] - 0.03
    assert crotch[0.40] < crotch[0.26] - 0.05


@pytest.mark.parametrize("name", NAMES)
def test_a_drawn_mask_gives_its_measures_back(name):
    family, rng = get_family(name), np.random.default_rng(4)
    ious, errors = [], []
    for _ in range(5):
        values, choices = family.sample(rng)
        flat = family.flat(values, choices, family.sample_pose(rng, choices))
        points = np.concatenate(list(flat.parts.values()))
        low, high = points.min(axis=0), points.max(axis=0)
        scale = 300 / float((high - low).max())

        def pixels(p, low=low, high=high, scale=scale):
            return (p - (low + high) / 2) * [scale, -scale] + 170

        mask = fill([pixels(p) for p in flat.parts.values()], (340, 340))
        hint = FitHint(declared={"length": values["length"]})
        fitted = refine(family, {}, choices, mask, hint)
        ious.append(fitted.iou)
        errors += [
            abs(fitted.values[n] / values[n] - 1) for n in ("hip_width", "thigh_width", "hem_width")
        ]
    assert np.median(ious) > 0.95 and min(ious) > 0.88
    assert np.median(errors) < 0.04


def test_pockets_and_leg_parts_are_named():
    family = get_family("trousers")
    assert {"left_front", "right_back", "waistband_front"} <= set(family.build({}, {}).parts)
