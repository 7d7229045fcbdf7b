import math

import numpy as np
import pytest

from reconstruction.errors import ParameterError
from reconstruction.families import get_family
from reconstruction.families.garment_atlas import atlas
from reconstruction.families.garment_flat import LANDMARKS, PARTS, FlatPose
from reconstruction.garment.drape import garment_topology

GARMENTS = ("t_shirt", "long_sleeve", "shirt", "outwear", "dress", "skirt", "trousers", "shorts")


def members(name, count=12, seed=0):
    family, rng = get_family(name), np.random.default_rng(seed)
    for _ in range(count):
        yield family, *family.sample(rng), rng


def span(points, a, b):
    return math.dist(points[a], points[b])


@pytest.mark.parametrize("name", GARMENTS)
def test_random_members_stay_inside_their_ranges(name):
    for family, values, choices, _ in members(name, 60):
        for p in family.parameters:
            assert p.minimum <= values[p.name] <= p.maximum
        assert all(choices[c.name] in c.options for c in family.choices)


@pytest.mark.parametrize("name", GARMENTS)
def test_words_are_given_in_both_languages(name):
    family = get_family(name)
    assert {"en", "zh"} <= set(family.label)
    for spec in (*family.parameters, *family.choices):
        assert spec.label["en"] and spec.label["zh"]


def test_flat_measures_are_the_tailors():
    family = get_family("t_shirt")
    values = family.defaults({}) | {"sleeve_length": 0.22, "chest_width": 0.55}
    points = family.flat(values, {"neckline": "round"}).landmarks
    assert span(points, "armpit_left", "armpit_right") == pytest.approx(0.55, abs=1e-6)
    assert span(points, "hem_left", "hem_right") == pytest.approx(values["hem_width"], abs=1e-6)
    assert span(points, "shoulder_left", "cuff_outer_left") == pytest.approx(0.22, abs=1e-6)
    assert span(points, "cuff_outer_left", "cuff_inner_left") == pytest.approx(
        values["cuff_width"], abs=1e-6
    )
    assert points["neck_left"][1] - points["hem_left"][1] == pytest.approx(values["body_length"])
    assert points["neck_left"][0] > 0 > points["neck_right"][0]


@pytest.mark.parametrize("name", GARMENTS)
def test_outline_has_one_size_per_choices_and_landmarks_lie_on_it(name):
    sizes = {}
    for family, values, choices, rng in members(name, 16):
        flat = family.flat(values, choices, family.sample_pose(rng, choices))
        key = tuple(sorted(choices.items()))
        assert sizes.setdefault(key, len(flat.outline)) == len(flat.outline)
        assert np.isfinite(flat.outline).all()
        assert set(flat.parts) <= set(PARTS)
        for mark in ("hem_left", "hem_right", "hem_center", "crotch", "inseam_left"):
            if mark not in flat.landmarks:
                continue
            gap = np.linalg.norm(flat.outline - flat.points[LANDMARKS.index(mark)], axis=1).min()
            assert gap < 1e-9


def test_bare_flat_is_the_same_outline():
    for family, values, choices, rng in members("dress", 6):
        pose = family.sample_pose(rng, choices)
        full, bare = (
            family.flat(values, choices, pose),
            family.flat(values, choices, pose, bare=True),
        )
        np.testing.assert_allclose(full.outline, bare.outline)
        np.testing.assert_allclose(full.points, bare.points)
        assert not bare.parts


def test_pose_turns_the_garment_and_keeps_its_size():
    family = get_family("skirt")
    values = family.defaults({})
    plain = family.flat(values, {}, FlatPose()).landmarks
    turned = family.flat(values, {}, FlatPose(rotation=0.4)).landmarks
    assert span(turned, "hem_left", "waist_left") == pytest.approx(
        span(plain, "hem_left", "waist_left")
    )
    assert turned["hem_left"][1] > plain["hem_left"][1]


@pytest.mark.parametrize("name", GARMENTS)
def test_sewn_edges_are_about_as_long_as_each_other(name):
    for family, values, choices, _ in members(name, 6):
        pattern = family.pattern(values, choices)
        flat = np.concatenate([p.grid.reshape(-1, 2) for p in pattern.panels])
        for seam in pattern.seams:
            assert len(seam.a) == len(seam.b)
            a, b = (
                np.linalg.norm(np.diff(flat[side], axis=0), axis=1).sum()
                for side in (seam.a, seam.b)
            )
            assert a == pytest.approx(b, rel=0.02), seam.name


@pytest.mark.parametrize("name", GARMENTS)
def test_texture_pieces_neither_overlap_nor_leave_the_texture(name):
    family = get_family(name)
    defaults = {c.name: c.default for c in family.choices}
    for choices in [
        defaults,
        *(
            defaults | {c.name: o}
            for c in family.choices
            if c.name in ("sleeves", "collar", "front")
            for o in c.options
        ),
    ]:
        layout = atlas(family, choices)
        assert layout.uv.min() > 0 and layout.uv.max() < 1
        boxes = list(layout.boxes.values())
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        net = garment_topology(name, tuple(sorted(choices.items())))
        corner = layout.uv[net.faces].astype(np.float64)
        edge, other = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
        area = edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0]
        # Every triangle of one panel turns the same way: no panel folds over itself.
        for part in range(len(net.parts)):
            signs = np.sign(area[net.face_part == part])
            assert abs(signs.sum()) == len(signs)


def test_unknown_or_impossible_values_are_refused():
    family = get_family("t_shirt")
    with pytest.raises(ParameterError, match="sleeve_length"):
        family.build({"sleeve_length": 2.0}, {})
    with pytest.raises(ParameterError, match="tail"):
        family.build({"tail": 0.1}, {})
    with pytest.raises(ParameterError, match="neckline"):
        family.build({}, {"neckline": "heart"})
