"""Fitting families to meshes: a mesh becomes the member that it shows, with a measured score."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.errors import ParameterError
from reconstruction.families import get_family
from reconstruction.families.furniture_family import FurnitureFamily
from reconstruction.furniture.mesh_fit import fit_to_mesh

TRUE = {"width": 1.4, "height": 0.74, "depth": 0.8, "leg_thickness": 0.07, "top_thickness": 0.04}
PICKED = {"legs": "square", "apron": "rails", "shelf": "none"}


def family_of(name: str) -> FurnitureFamily:
    family = get_family(name)
    assert isinstance(family, FurnitureFamily)
    return family


def turned(vertices: np.ndarray, yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return (vertices @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])).astype(np.float32)


def test_a_turned_mesh_in_another_unit_becomes_a_member_in_metres() -> None:
    family = family_of("table")
    mesh = family.build(TRUE, PICKED)
    theirs = turned(mesh.vertices, np.pi / 2) * 100 + np.float32([30, -20, 5])
    fit = fit_to_mesh(family, theirs, mesh.faces, {"height": 0.74}, effort=0.4)
    assert fit.good
    assert fit.scores["f2"] > 0.98
    assert fit.scores["chamfer"] < 0.01
    assert fit.scale == pytest.approx(0.01, rel=1e-4)
    assert fit.choices == {**fit.choices, **PICKED}
    for name, value in TRUE.items():
        assert fit.values[name] == pytest.approx(value, rel=0.08), name
    # What the fit says about place and turn puts the mesh onto its member.
    again = turned(theirs, fit.yaw) * fit.scale + np.float32(fit.offset)
    assert np.ptp(again, axis=0) == pytest.approx(family.build(fit.values, fit.choices).size, 1e-3)
    assert again[:, 1].min() == pytest.approx(0, abs=1e-4)


def test_the_nearest_family_is_chosen_and_the_others_scores_are_kept() -> None:
    mesh = family_of("chair").build({"height": 0.9, "width": 0.5}, {"back": "panel"})
    families = [family_of("table"), family_of("chair")]
    fit = fit_to_mesh(families, mesh.vertices, mesh.faces, yaws=(0.0,), effort=0.1)
    assert fit.family.name == "chair"
    assert fit.alternatives["chair"] > fit.alternatives["table"] + 0.1
    assert fit.scale == 1.0


def test_what_no_family_can_follow_keeps_a_low_score_and_says_so() -> None:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(angle) * 0.4, np.sin(angle) * 0.4 + 0.4], axis=1)
    points = np.concatenate([np.insert(ring, 2, z, axis=1) for z in (-0.3, 0.3)])
    step = np.arange(24)
    other = (step + 1) % 24
    faces = np.concatenate(
        [np.stack([step, other, other + 24], 1), np.stack([step, other + 24, step + 24], 1)]
    )
    fit = fit_to_mesh(
        family_of("table"), points.astype(np.float32), faces.astype(np.int32), yaws=(0.0,),
        effort=0.1,
    )  # fmt: skip
    assert not fit.good
    assert any("follows this mesh only" in w for w in fit.warnings)


@pytest.mark.parametrize(
    ("declared", "field"), [({"girth": 1.0}, "declared"), ({"height": 9.0}, "declared.height")]
)
def test_impossible_sizes_are_refused(declared: dict[str, float], field: str) -> None:
    mesh = family_of("table").build({}, {})
    with pytest.raises(ParameterError) as caught:
        fit_to_mesh(family_of("table"), mesh.vertices, mesh.faces, declared)
    assert caught.value.field == field


def test_a_flat_mesh_is_refused() -> None:
    flat = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    with pytest.raises(ParameterError, match="no extent"):
        fit_to_mesh(family_of("table"), flat, np.array([[0, 1, 2]], np.int32))
