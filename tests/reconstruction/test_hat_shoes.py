"""Hats and shoes: closed shells with named parts, standing as photographed, worn on bones."""

import numpy as np
import pytest

from reconstruction.data.furniture import draw_furniture
from reconstruction.dressform import BodyForm, reference_form
from reconstruction.evaluation.soundness import soundness
from reconstruction.families import get_family
from reconstruction.families.hat import half_axes
from reconstruction.families.worn_solid import WornSolid
from reconstruction.furniture.fit import refine
from reconstruction.furniture.solver import Start
from reconstruction.furniture.target import Pose
from reconstruction.render.rasterize import uv_raster

NAMES = ("hat", "shoes")


def family_of(name: str) -> WornSolid:
    family = get_family(name)
    assert isinstance(family, WornSolid)
    return family


def structures(family):
    """Every combination of options."""
    found = [{}]
    for choice in family.choices:
        found = [{**f, choice.name: option} for f in found for option in choice.options]
    return found


def corners(family):
    yield {}
    yield {p.name: p.minimum for p in family.parameters}
    yield {p.name: p.maximum for p in family.parameters}


def defaults(family):
    return {p.name: p.default for p in family.parameters}


@pytest.mark.parametrize("name", NAMES)
def test_every_structure_is_closed_manifold_small_and_named(name):
    family = family_of(name)
    assert (family.kind, family.view, family.category) == ("garment", "solid", name)
    for choices in structures(family):
        surface = family.surface(choices)
        edges = surface.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        forward = {tuple(e) for e in edges}
        assert len(forward) == len(edges), "no edge is used twice the same way"
        assert all((b, a) in forward for a, b in forward), "no edge is open"
        points = family.points(defaults(family), choices)
        corner = points[surface.faces].astype(np.float64)
        volume = np.einsum("nc,nc->n", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum()
        assert volume > 0, "turned outwards"
        topology = family.topology(choices)
        assert len(topology.faces) <= 20_000
        assert len(topology.parts) == len(set(topology.parts)) >= 3
        assert set(topology.face_part) == set(range(len(topology.parts)))
        np.testing.assert_array_equal(
            np.bincount(topology.face_part), np.bincount(surface.face_part)
        )


@pytest.mark.parametrize("name", NAMES)
def test_the_atlas_lies_in_the_unit_square_and_does_not_overlap(name):
    family = family_of(name)
    for choices in structures(family)[::3]:
        how = family.topology(choices)
        assert how.uv.min() >= 0 and how.uv.max() <= 1
        flat = how.uv[how.faces].astype(np.float64)
        a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
        area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2
        covered = (uv_raster(how.uv, how.faces, 1024).face_id >= 0).mean()
        # Overlapping triangles would add up to more area than they cover.
        assert area == pytest.approx(covered, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_bodies_move_vertices_and_nothing_else(name):
    family, form = family_of(name), reference_form()
    tall = BodyForm((form.vertices * [1.05, 1.1, 1.08]).astype(np.float32), form.faces, form.skin)
    base = family.build({}, {})
    for body in (form, tall):
        for values in corners(family):
            mesh = family.drape_on(values, {}, body)
            assert np.isfinite(mesh.vertices).all()
            np.testing.assert_array_equal(mesh.faces, base.faces)
            np.testing.assert_array_equal(mesh.uv, base.uv)
            assert mesh.parts == base.parts


@pytest.mark.parametrize("name", NAMES)
def test_as_shown_has_the_worn_meshs_faces_and_stands_on_the_floor(name):
    family = family_of(name)
    for choices in ({}, {"shown": "left"} if name == "shoes" else {"style": "brim"}):
        shown, worn = family.as_shown({}, choices), family.build({}, choices)
        np.testing.assert_array_equal(shown.faces, worn.faces)
        np.testing.assert_array_equal(shown.uv, worn.uv)
        assert shown.vertices[:, 1].min() == pytest.approx(0.0, abs=0.006)


def test_a_hats_opening_is_its_head_girth():
    family = family_of("hat")
    for girth in (0.54, 0.60):
        shown = family.as_shown({"head_girth": girth}, {"style": "beanie"})
        rim = np.unique(shown.part_faces("band"))
        low = shown.vertices[rim]
        low = low[low[:, 1] < low[:, 1].min() + 0.004]
        across, along = half_axes(girth)
        assert np.ptp(low[:, 0]) == pytest.approx(2 * across, abs=0.012)
        assert np.ptp(low[:, 2]) == pytest.approx(2 * along, abs=0.012)


def test_a_hat_sits_on_the_head_and_turns_with_it():
    form = reference_form()
    top = form.vertices[:, 1].max()
    for style in ("cap", "bucket", "brim", "beanie"):
        mesh = family_of("hat").build({}, {"style": style})
        assert top < mesh.vertices[:, 1].max() < top + 0.09
        assert top - 0.15 < mesh.vertices[:, 1].min() < top - 0.04
        skin = mesh.skin
        assert {skin.names[j] for j in skin.joints[:, 0]} == {"head"}
        np.testing.assert_allclose(skin.weights.sum(axis=1), 1.0)


def test_shoes_hold_the_feet_and_follow_foot_toes_and_leg():
    family, form = family_of("shoes"), reference_form()
    mesh = family.build({"shaft_height": 0.15, "opening": 0.46}, {})
    names = np.array(form.skin.names)
    dominant = names[form.skin.joints[np.arange(len(form.vertices)), 0]]
    for side, sign in (("left", 1), ("right", -1)):
        own = [p for p in mesh.parts if p.startswith(side)]
        points = np.concatenate([mesh.vertices[mesh.part_faces(p).ravel()] for p in own])
        foot = form.vertices[np.isin(dominant, [f"{side}Foot", f"{side}Toes"])]
        assert (sign * points[:, 0]).min() > 0
        for axis in (0, 2):
            assert points[:, axis].min() < foot[:, axis].min() + 0.003
            assert points[:, axis].max() > foot[:, axis].max() - 0.003
        assert points[:, 1].min() == pytest.approx(0.0, abs=0.005)
    used = {str(n) for n in names[np.unique(mesh.skin.joints[mesh.skin.weights > 0.5])]}
    assert used == {f"{s}{b}" for s in ("left", "right") for b in ("LowerLeg", "Foot", "Toes")}


def test_one_shoe_or_the_pair_is_shown_and_the_pair_is_worn():
    family = family_of("shoes")
    one = family.points(defaults(family), {"style": "closed", "heel": "flat", "shown": "left"})
    both = family.points(defaults(family), {"style": "closed", "heel": "flat", "shown": "pair"})
    assert 2 * len(one) == len(both)
    np.testing.assert_allclose(both[: len(one)], one, atol=1e-6)
    assert {"left_upper", "right_upper"} <= set(family.build({}, {"shown": "left"}).parts)


def test_active_parameters_are_those_that_change_the_shape():
    for name in NAMES:
        family = family_of(name)
        base = defaults(family) | {"shaft_height": 0.2, "heel_height": 0.05, "laid_flat": 0.3}
        base = {n: v for n, v in base.items() if n in defaults(family)}
        for choices in structures(family)[:: 2 if name == "hat" else 3]:
            points = family.points(base, choices)
            for p in family.parameters:
                step = 0.2 * (p.maximum - p.minimum)
                value = base[p.name] + (step if base[p.name] + step < p.maximum else -step)
                moved = not np.array_equal(points, family.points({**base, p.name: value}, choices))
                assert not moved or p.name in family.active(choices), (choices, p.name)


@pytest.mark.parametrize("name", NAMES)
def test_a_drawn_mask_is_met_from_a_rough_guess(name):
    family, rng = family_of(name), np.random.default_rng(5)
    ious = []
    for _ in range(2):
        drawn = draw_furniture(rng, name, 160, fill=0.9)
        azimuth = float(np.arctan2(drawn.camera[0], drawn.camera[1]))
        pose = Pose(azimuth + 0.1, drawn.camera[2] + 0.05, 0.22)
        start = Start({}, drawn.choices, pose)
        given = {family.gauge: drawn.values[family.gauge]}
        fitted = refine(
            family, {}, {}, None, drawn.alpha, declared=given, proposals=[start], effort=0.0
        )
        assert fitted.values[family.gauge] == pytest.approx(given[family.gauge])
        ious.append(fitted.iou)
    assert min(ious) > 0.93


def test_a_single_shoe_is_textured_where_the_fit_saw_it():
    family = family_of("shoes")
    for side in ("left", "right"):
        choices = {"style": "closed", "heel": "flat", "shown": side}
        values = defaults(family) | {"stand_gap": 0.1, "stand_turn": 0.3}
        seen = family.points(values, choices)
        shown = family.as_shown(values, choices)
        own = [p for p in shown.parts if p.startswith(side)]
        points = np.concatenate([shown.vertices[shown.part_faces(p).ravel()] for p in own])
        np.testing.assert_allclose(points.min(axis=0), seen.min(axis=0), atol=1e-6)
        np.testing.assert_allclose(points.max(axis=0), seen.max(axis=0), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_no_two_points_of_any_member_fall_together(name):
    family, rng = family_of(name), np.random.default_rng(3)
    for _ in range(60):
        values, choices = family.sample(rng)
        found = soundness(family.build(values, choices))
        assert found.manifold and found.hemmed, (values, choices)
