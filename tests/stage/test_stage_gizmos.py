from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from stage_models import box

from showroom.protocol import messages as m
from showroom.stage.gizmos import Gizmos
from showroom.stage.ground import Box, Ground
from showroom.stage.ink import Ink
from showroom.stage.locomotion import Rig
from showroom.stage.menu import HEIGHT, WIDTH, Shown, sheet
from showroom.stage.menu_picture import Board
from showroom.stage.panel import Panel
from showroom.stage.poses import looking
from showroom.stage.stage import Stage
from showroom.stage.teleport import throw
from showroom.stage.touch import Carried, Ray
from showroom.stage.view import Dimension, Label, Spot, View

IDENTITY: m.Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
EYE = (0.0, 1.5, 2.0)
HEAD = (*EYE, *looking(0.0, -0.3))


def shown(target: str, glb: str, x: float = 0.0, **more: object) -> m.ProductShown:
    return m.ProductShown(
        target=target, glb=glb, name={"en": target}, kind="furniture", category="x",
        transform=(x, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), **more,
    )  # fmt: skip


@pytest.fixture
def gizmos(stage: Stage) -> Iterator[Gizmos]:
    stage.look_at(EYE, (0.0, 0.5, 0.0), 0.9)
    stage.apply(shown("cube", "cube"))
    made = Gizmos(stage)
    yield made
    made.close()


def drawn(stage: Stage, gizmos: Gizmos, view: View) -> np.ndarray:
    gizmos.show(view, EYE)
    return stage.render().astype(int)


def where(picture: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """Pixels (row, column) that differ."""
    return np.argwhere(np.abs(picture - plain).max(axis=-1) > 24)


def test_nothing_to_show_changes_nothing(stage: Stage, gizmos: Gizmos) -> None:
    plain = stage.render().astype(int)
    assert not len(where(drawn(stage, gizmos, View()), plain))


def test_an_arc_a_ray_and_a_spot_on_the_floor_are_seen_where_they_are(
    stage: Stage, gizmos: Gizmos
) -> None:
    plain = drawn(stage, gizmos, View())
    arc = throw((-0.6, 1.2, 1.2, *looking(0.0, -0.5)), Ground())
    left = where(drawn(stage, gizmos, View(arc=arc)), plain)
    assert len(left) > 40
    assert left[:, 1].max() < 96
    ray = Ray("right", (0.4, 1.2, 1.6), (0.25, 1.3, 1.4), True)
    right = where(drawn(stage, gizmos, View(rays=(ray,))), plain)
    assert right[:, 1].min() > 96
    spot = Spot(Box(0.0, 0.0, 1.6, 1.6), True)
    around = drawn(stage, gizmos, View(spot=spot))
    changed = where(around, plain)
    assert len(changed) > 200
    greener = (around - plain)[changed[:, 0], changed[:, 1]]
    assert greener[:, 1].mean() > greener[:, 0].mean()
    assert not len(where(drawn(stage, gizmos, View()), plain))  # And they go again.


def test_what_is_pointed_at_has_an_outline_and_keeps_its_own_colours(
    stage: Stage, gizmos: Gizmos
) -> None:
    plain = drawn(stage, gizmos, View())
    lit = drawn(stage, gizmos, View(lit=(("cube", False),)))
    changed = where(lit, plain)
    assert 24 < len(changed) < 1500
    inside = np.argwhere(plain[..., 2] - plain[..., :2].max(-1) > 60)
    middle = inside.mean(axis=0).astype(int)
    assert np.array_equal(lit[tuple(middle)], plain[tuple(middle)])
    orange = lit[changed[:, 0], changed[:, 1]]
    assert (orange[:, 0] > orange[:, 2]).mean() > 0.7
    stage.apply(m.ProductRemoved(target="cube"))
    drawn(stage, gizmos, View(lit=(("cube", False),)))  # What is gone has none.


def test_what_is_carried_is_shown_in_the_hand_and_goes_back(stage: Stage, gizmos: Gizmos) -> None:
    def middle(picture: np.ndarray) -> np.ndarray:
        return np.argwhere(picture[..., 2] - picture[..., :2].max(-1) > 60)

    plain = drawn(stage, gizmos, View())
    there: m.Transform = (0.5, 0.2, 0.0, 0.0, 0.0, 0.0, 1.0)
    held = drawn(stage, gizmos, View(carried=(Carried("cube", there, 0.5),)))
    assert middle(held)[:, 1].mean() > middle(plain)[:, 1].mean() + 15
    assert len(middle(held)) < 0.5 * len(middle(plain))
    assert not len(where(drawn(stage, gizmos, View()), plain))


def test_labels_measures_and_the_menu_are_drawn_over_all(stage: Stage, gizmos: Gizmos) -> None:
    plain = drawn(stage, gizmos, View())
    label = Label(("椅子", "129.00 EUR"), (0.0, 0.8, 0.0))
    over = where(drawn(stage, gizmos, View(labels=(label,))), plain)
    assert len(over) > 150
    way = Dimension((-0.25, 0.0, 0.3), (0.25, 0.0, 0.3), Label(("宽 50.0 cm",), (0.0, 0.1, 0.3)))
    assert len(where(drawn(stage, gizmos, View(measures=(way,))), plain)) > 100
    pixels = Board().picture(sheet(Shown(lang="zh")))
    panel = Panel("menu", pixels, (0.0, 1.35, 1.45, *looking(0.0, -0.3)), 0.24, 0.3)
    rig = Rig(0.2, 0.0, 0.0)
    menu = where(drawn(stage, gizmos, View(panels=(panel,), rig=rig)), plain)
    assert len(menu) > 3000
    assert menu[:, 1].mean() > 110  # Where the rig has it.
    gizmos.show(View(panels=(panel,)), EYE, panels=False)  # A headset's runtime shows it itself.
    assert not len(where(stage.render().astype(int), plain))


def test_the_vignette_darkens_the_edge_and_a_jump_everything(stage: Stage, gizmos: Gizmos) -> None:
    stage.look_from(HEAD, 1.6)
    plain = drawn(stage, gizmos, View(head=HEAD))
    edge = drawn(stage, gizmos, View(head=HEAD, vignette=1.0))
    middle = np.s_[54:74, 80:112]
    assert np.array_equal(edge[middle], plain[middle])
    assert edge[:, :6].max() < 12 < plain[:, :6].min()
    assert drawn(stage, gizmos, View(head=HEAD, dark=1.0)).max() < 4


def test_the_strain_map_covers_the_garment_and_follows_it(stage: Stage, gizmos: Gizmos) -> None:
    stage.apply(m.ProductRemoved(target="cube"))
    stage.apply(shown("shirt", "cube", worn=True))
    positions, _ = box()
    bands = np.where(positions[:, 1] > 0.25, 7, 0).astype(np.uint8).tobytes()
    strain = m.FitMap(target="shirt", glb="cube", bands=bands)
    plain = drawn(stage, gizmos, View())
    mapped = drawn(stage, gizmos, View(strains=(strain,)))
    red = np.argwhere(mapped[..., 0] - mapped[..., 1:].max(-1) > 60)
    assert len(red) > 100
    moved = (positions + np.float32([0.5, 0.0, 0.0])).astype("<f4").tobytes()
    stage.apply(m.MeshFrame(target="shirt", glb="cube", frame=1, time=0.0, positions=moved))
    followed = drawn(stage, gizmos, View(strains=(strain,)))
    again = np.argwhere(followed[..., 0] - followed[..., 1:].max(-1) > 60)
    assert again[:, 1].mean() > red[:, 1].mean() + 15
    # A map of another shape is not shown on this one, and off is off.
    other = m.FitMap(target="shirt", glb="gone", bands=bands)
    off = drawn(stage, gizmos, View(strains=(other,)))
    assert (off[..., 0] - off[..., 1:].max(-1)).max() < 60
    assert (plain[..., 2] - plain[..., :2].max(-1)).max() > 60


def test_mirrors_and_shadows_do_not_show_them(stage: Stage, gizmos: Gizmos) -> None:
    from panda3d import core

    stage._camera.node().set_camera_mask(core.BitMask32.bit(2))  # As a mirror's camera sees.
    try:
        plain = drawn(stage, gizmos, View())
        spot = Spot(Box(0.0, 0.0, 1.6, 1.6), True)
        view = View(head=HEAD, spot=spot, lit=(("cube", False),), dark=1.0)
        assert not len(where(drawn(stage, gizmos, view), plain))
    finally:
        stage._camera.node().set_camera_mask(core.BitMask32.bit(0))


def test_a_ribbon_is_as_wide_as_it_is_meant_and_faces_the_eye() -> None:
    ink = Ink((0.0, 0.0, 5.0))
    ink.line(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]), 0.02, (1.0, 1.0, 1.0, 1.0))
    rows = ink.triangles()
    assert rows.shape == (6, 7)
    assert np.ptp(rows[:, 1]) == pytest.approx(0.02)
    assert np.ptp(rows[:, 2]) == 0.0


def test_a_window_finds_the_menu_under_the_pointer(stage: Stage) -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    assert stage.overlay.on_board(150.0, 64.0) is None
    stage.overlay.show_board(pixels)
    at = stage.overlay.on_board(150.0, 64.0)
    assert at is not None
    assert at[1] == pytest.approx(0.5, abs=0.01)
    assert stage.overlay.on_board(20.0, 64.0) is None
    stage.overlay.show_board(None)


def test_a_ray_goes_through_its_pixel(stage: Stage) -> None:
    stage.look_at((0.0, 1.0, 2.0), (0.0, 1.0, 0.0), 1.0)
    middle = stage.ray_through(96.0, 64.0)
    assert middle[:3] == pytest.approx((0.0, 1.0, 2.0))
    assert middle[3:] == pytest.approx((0.0, 0.0, 0.0, 1.0), abs=1e-3)
    from showroom.stage.poses import rotated

    x, y, _ = rotated(stage.ray_through(192.0, 0.0), (0.0, 0.0, -1.0))
    assert x > 0.3
    assert y > 0.2
