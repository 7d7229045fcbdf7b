"""Masks mended by what was fitted to them, and lengths that go with others."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.families import get_family
from reconstruction.families.furniture_family import FurnitureFamily
from reconstruction.furniture.fit import refine
from reconstruction.furniture.mend import mended
from reconstruction.furniture.search import Favour
from reconstruction.furniture.solver import Start
from reconstruction.furniture.target import Pose
from reconstruction.render.rasterize import frame_camera, render

TABLE = {"width": 1.2, "height": 0.75, "depth": 0.7, "leg_thickness": 0.08}


def family_of(name: str) -> FurnitureFamily:
    family = get_family(name)
    assert isinstance(family, FurnitureFamily)
    return family


def scene(seed: int = 0):
    """A brown table on a grey floor: mesh, camera, photo and true mask."""
    mesh = family_of("table").build(TABLE, {})
    camera = frame_camera(mesh.vertices, 0.6, 0.3, fov=0.45, aspect=1.0, margin=1.3)
    true = render(mesh.vertices, mesh.faces, camera, (240, 240)).face_id >= 0
    rng = np.random.default_rng(seed)
    photo = np.where(true[..., None], (120, 70, 40), (170, 172, 175)) + rng.normal(
        0, 4, (240, 240, 3)
    )
    return mesh, camera, np.clip(photo, 0, 255).astype(np.uint8), true


def overlap(mask: np.ndarray, true: np.ndarray) -> float:
    return float(((mask > 0.5) & true).sum() / ((mask > 0.5) | true).sum())


def test_a_mask_gets_back_the_legs_it_lost_and_gives_up_the_floor_it_took() -> None:
    mesh, camera, photo, true = scene()
    rows = np.flatnonzero(true.any(axis=1))
    lost = true.copy()
    lost[int(rows[0] + 0.6 * np.ptp(rows)) :] = False
    lost[rows[0] - 25 : rows[0] + 8, 90:150] = True
    assert overlap(lost, true) < 0.87
    found = mended(photo, lost.astype(np.float32), mesh.vertices, mesh.faces, camera)
    assert overlap(found, true) > 0.96


def test_a_mask_is_not_given_what_the_photo_does_not_show() -> None:
    mesh, camera, photo, true = scene()
    larger = family_of("table").build({**TABLE, "height": 1.0}, {})
    found = mended(photo, true.astype(np.float32), larger.vertices, larger.faces, camera)
    assert overlap(found, true) > 0.97
    same = mended(photo, true.astype(np.float32), mesh.vertices, mesh.faces, camera)
    assert (same == true).all()


def test_a_fit_follows_the_photo_where_the_mask_lost_legs() -> None:
    _, _, photo, true = scene()
    rows = np.flatnonzero(true.any(axis=1))
    lost = true.astype(np.float32)
    # Three of the four legs' lower halves; the nearest one is left.
    lost[int(rows[0] + 0.55 * np.ptp(rows)) :, :120] = 0
    start = Start({**TABLE, "width": 1.1, "depth": 0.8}, {}, Pose(0.5, 0.35, 0.2))
    how = {"declared": {"height": 0.75}, "proposals": [start], "photo": photo}
    fit = refine(family_of("table"), {}, {}, None, lost, effort=0.25, **how)
    assert fit.values["width"] == pytest.approx(1.2, rel=0.05)
    assert fit.values["depth"] == pytest.approx(0.7, rel=0.08)


def test_round_lamps_are_as_deep_as_wide_and_arms_are_not() -> None:
    lamp = family_of("lamp")
    defaults = {c.name: c.default for c in lamp.choices}
    other, ratio, deviation = lamp.tied(defaults)["depth"]
    assert (other, ratio) == ("width", 1.0)
    assert deviation < 0.02
    assert lamp.tied({**defaults, "stand": "arm", "shade": "dome"}) == {}
    # A mask does not tell a lamp's depth; the tie does.
    values = {"width": 0.4, "depth": 0.4, "height": 1.5}
    mesh = lamp.build(values, {})
    camera = frame_camera(mesh.vertices, 0.6, 0.1, fov=0.4, aspect=1.0)
    mask = (render(mesh.vertices, mesh.faces, camera, (240, 240)).face_id >= 0).astype(np.float32)
    start = Start({**values, "depth": 0.6}, {}, Pose(0.0, 0.1, 0.2))
    fit = refine(lamp, {}, {}, None, mask, declared={"height": 1.5}, proposals=[start], effort=0)
    assert fit.values["depth"] == pytest.approx(0.4, rel=0.06)


def test_structures_are_drawn_by_their_odds() -> None:
    table = family_of("table")
    choices = {c.name: c.default for c in table.choices}
    odds = {c.name: {o: 1.0 if o == c.default else 0.0 for o in c.options} for c in table.choices}
    odds["legs"] = {"square": 0.5, "round": 0.5}
    favour = Favour([], odds)
    rng = np.random.default_rng(0)
    drawn = [favour.draw(table, choices, rng) for _ in range(60)]
    changed = [sum(d[n] != choices[n] for n in choices) for d in drawn]
    assert set(changed) == {1, 2, 3}
    legs = [d["legs"] for d in drawn if d["legs"] != choices["legs"]]
    assert legs.count("round") > 0.6 * len(legs)
    # The more is left unexplained, the more the odds count.
    assert favour.cost({"legs": "drum"}, 0.2) > 5 * favour.cost({"legs": "drum"})
