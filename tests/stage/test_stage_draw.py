from __future__ import annotations

import math

import numpy as np
import pytest

from showroom.catalog.scene import parse_scene
from showroom.protocol import messages as m
from showroom.stage.settings import StageError, StageSettings
from showroom.stage.stage import Stage

IDENTITY: m.Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def shown(
    target: str, glb: str, transform: m.Transform = IDENTITY, **more: object
) -> m.ProductShown:
    return m.ProductShown(
        target=target, glb=glb, name={"en": target}, kind="furniture", category="x",
        transform=transform, **more,
    )  # fmt: skip


def blob(picture: np.ndarray, channel: int) -> np.ndarray:
    """Pixels (row, column) where one channel is far above the others."""
    other = picture[..., [c for c in range(3) if c != channel]].max(-1).astype(int)
    return np.argwhere(picture[..., channel].astype(int) - other > 60)


def test_places_things_in_the_gltf_frame(stage: Stage) -> None:
    # Right (+x) and up (+y) of the camera's axis, seen along -z.
    stage.look_at((0.0, 1.0, 2.0), (0.0, 1.0, 0.0), 1.0)
    stage.apply(shown("p", "red", (0.5, 1.4, 0.0, 0.0, 0.0, 0.0, 1.0)))
    row, column = blob(stage.render(), 0).mean(axis=0)
    scale = 64 / math.tan(0.5) / 2.0  # Pixels per metre at two metres' distance.
    assert column == pytest.approx(95.5 + 0.5 * scale, abs=1.0)
    assert row == pytest.approx(63.5 - 0.4 * scale, abs=1.0)


def test_looks_through_a_headset(stage: Stage) -> None:
    stage.apply(
        shown("p", "red", (-2.0, 1.5, 0.0, 0.0, math.sin(math.pi / 4), 0.0, math.cos(math.pi / 4)))
    )
    # A quarter turn to the left about +y looks along -x.
    stage.look_from((0.0, 1.5, 0.0, 0.0, math.sin(math.pi / 4), 0.0, math.cos(math.pi / 4)))
    row, column = blob(stage.render(), 0).mean(axis=0)
    assert (row, column) == pytest.approx((63.5, 95.5), abs=1.0)


def test_mesh_frames_move_vertices(stage: Stage) -> None:
    stage.look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), 1.0)
    stage.apply(shown("shirt", "green", worn=True))
    before = blob(stage.render(), 1)
    place = stage.things["shirt"].mesh.model.positions * 2.0 + np.float32([0.4, 0.0, 0.0])
    stage.apply(
        m.MeshFrame(
            target="shirt", glb="green", frame=1, time=0.0, positions=place.astype("<f4").tobytes()
        )
    )
    after = blob(stage.render(), 1)
    assert len(after) == pytest.approx(4 * len(before), rel=0.15)
    assert after[:, 1].mean() > before[:, 1].mean() + 15


def test_a_changed_product_shows_its_new_mesh_and_place(stage: Stage) -> None:
    stage.look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), 1.0)
    stage.apply(shown("p", "red"))
    moved: m.Transform = (-0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    change = m.Change(name="width", unit="m", old=0.2, new=0.3)
    stage.apply(m.ProductChanged(target="p", changes=(change,), transform=moved, glb="green"))
    picture = stage.render()
    assert not len(blob(picture, 0))
    assert blob(picture, 1)[:, 1].mean() < 80
    assert stage.things["p"].values == {"width": 0.3}


def test_removed_products_are_gone(stage: Stage) -> None:
    stage.look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), 1.0)
    stage.apply(shown("p", "red"))
    stage.apply(m.ProductRemoved(target="p"))
    assert not len(blob(stage.render(), 0))
    stage.apply(m.ProductRemoved(target="p"))  # Twice is no error.


@pytest.mark.parametrize(
    ("positions", "sentence"),
    [
        (np.zeros((3, 3), "<f4").tobytes(), "expected 4 vertices"),
        (np.full((4, 3), np.nan, "<f4").tobytes(), "not finite"),
    ],
)
def test_broken_mesh_frames_change_nothing(stage: Stage, positions: bytes, sentence: str) -> None:
    stage.apply(shown("p", "red"))
    old = stage.things["p"].mesh.positions.copy()
    with pytest.raises(StageError, match=sentence):
        stage.apply(m.MeshFrame(target="p", glb="red", frame=1, time=0.0, positions=positions))
    assert np.array_equal(stage.things["p"].mesh.positions, old)


def test_a_late_frame_of_a_replaced_mesh_is_ignored(stage: Stage) -> None:
    stage.apply(shown("p", "red"))
    stage.apply(m.MeshFrame(target="p", glb="gone", frame=9, time=0.0, positions=b""))
    stage.apply(m.MeshFrame(target="nobody", glb="red", frame=9, time=0.0, positions=b""))
    assert stage.things["p"].frame == -1


def test_captions_show_both_scripts(stage: Stage) -> None:
    stage.look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), 1.0)
    plain = stage.render()
    stage.apply(m.Reply(text="袖长 +3 厘米", lang="zh"))
    picture = stage.render()
    assert np.array_equal(plain[:60], picture[:60])
    assert (plain[96:] != picture[96:]).any()
    assert picture[96:].max() > 200  # Light letters on a dark bar.


ROOM = """
schema = 1
name = { en = "Room", zh = "房间" }
[room]
outline = [[2, -2], [-2, -2], [-2, 2], [2, 2]]
height = 2.6
[spawn]
at = [0, 0, 0]
[look]
key_direction = [0.3, 1.0, 0.2]
[materials]
floor = { color = "#d0d0d0" }
walls = { color = "#e0e0e0" }
ceiling = { color = "#ffffff" }
metal = { color = "#808080" }
mirror = { color = "#c0c0c0", metallic = 1.0, roughness = 0.06 }
[[object]]
build = "mirror"
at = [0, 0, -2]
width = 2.0
height = 2.2
frame = "metal"
"""


def test_things_shade_the_floor(stage: Stage) -> None:
    stage.show_room(parse_scene(ROOM))
    stage.look_at((0.0, 1.2, 1.9), (0.0, 0.0, 0.2), 0.8)
    empty = stage.render().astype(int)
    stage.apply(shown("cube", "cube"))
    full = stage.render().astype(int)
    blue = blob(full.astype(np.uint8), 2)
    low, left, right = blue[:, 0].max(), blue[:, 1].min(), blue[:, 1].max()
    beside = (slice(low - 6, low + 2), slice(max(0, left - 8), left - 1))
    assert right > left
    assert full[beside].mean() < empty[beside].mean() - 12


def test_the_mirror_shows_what_stands_before_it(stage: Stage) -> None:
    stage.show_room(parse_scene(ROOM))
    # The camera looks past the cube at the mirror: the cube's back is seen in it, further away.
    stage.look_at((0.9, 1.3, 0.4), (-0.35, 0.8, -2.0), 1.0)
    stage.apply(shown("cube", "cube", (-0.2, 0.3, -1.0, 0.0, 0.0, 0.0, 1.0)))
    from scipy.ndimage import label

    picture = stage.render().astype(int)
    mask = picture[..., 2] - picture[..., :2].max(-1) > 40
    groups, count = label(mask)
    sizes = sorted((groups == k + 1).sum() for k in range(count))
    assert len([s for s in sizes if s > 30]) == 2
    assert sizes[-2] < sizes[-1]
    stage._mirror.close()
    stage._mirror = None


def test_one_does_not_see_oneself_from_inside(stage: Stage) -> None:
    stage.look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), 1.0)
    stage.apply(m.AvatarShown(glb="red", height=1.7, measures={}))
    assert len(blob(stage.render(), 0))
    stage.first_person = True
    assert not len(blob(stage.render(), 0))


@pytest.mark.parametrize("size", [(8, 100), (100, 9000)])
def test_settings_refuse_impossible_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(StageError, match="16 to 8192"):
        StageSettings(width=size[0], height=size[1])


def test_missing_assets_leave_the_scene_as_it_was(stage: Stage) -> None:
    stage.apply(shown("p", "red"))
    with pytest.raises(KeyError):
        stage.apply(shown("p", "unknown"))
    assert stage.things["p"].glb == "red"


@pytest.mark.parametrize("eye", [(0.0, 1.0, 0.0), (math.nan, 0.0, 0.0)])
def test_the_camera_needs_a_direction(stage: Stage, eye: tuple[float, float, float]) -> None:
    with pytest.raises(StageError, match="target"):
        stage.look_at(eye, (0.0, 1.0, 0.0))
