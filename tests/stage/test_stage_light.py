from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from showroom.catalog.scene import parse_scene
from showroom.stage import decor, light

ROOM = """
schema = 1
name = { en = "Room", zh = "房间" }
[room]
outline = [[1.5, -1.5], [-1.5, -1.5], [-1.5, 1.5], [1.5, 1.5]]
height = 2.5
[spawn]
at = [0, 0, 0]
[materials]
floor = { color = "#c0c0c0" }
walls = { color = "#c0c0c0" }
ceiling = { color = "#ffffff" }
shelf = { color = "#804020" }
[[light]]
kind = "panel"
at = [0, 2.45, 0]
size = [0.4, 0.4]
strength = 20.0
[[object]]
build = "block"
size = [0.8, 0.05, 0.8]
at = [0, 1.0, 0]
material = "shelf"
"""


def _floor(found: light.RoomLight, made: decor.Decor, x: float, z: float) -> float:
    place, normal, known = light.texels(made)
    flat = known & (normal[..., 1] > 0.9) & (np.abs(place[..., 1]) < 1e-3)
    distance = np.where(flat, np.hypot(place[..., 0] - x, place[..., 2] - z), 1e9)
    return float(found.lightmap[np.unravel_index(distance.argmin(), distance.shape)].mean())


def test_every_texel_lies_on_a_surface() -> None:
    made = decor.build(parse_scene(ROOM))
    place, normal, known = light.texels(made)
    assert known.mean() > 0.3
    low, high = made.bounds
    inside = place[known]
    assert (inside >= low - 0.01).all() and (inside <= high + 0.01).all()
    assert np.linalg.norm(normal[known], axis=1) == pytest.approx(1.0, abs=1e-3)


def test_estimated_light_falls_off_with_distance() -> None:
    made = decor.build(parse_scene(ROOM))
    found = light.estimate(made)
    assert found.source == "estimated"
    assert _floor(found, made, 0.6, 0.0) > _floor(found, made, 1.4, 1.4) > 0.0


def test_baked_light_has_shadows(tmp_path) -> None:
    if find_spec("open3d") is None:
        pytest.skip("baking casts rays with open3d")
    from showroom.stage import bake

    made = decor.build(parse_scene(ROOM))
    found = bake.bake(made, direct=4, gather=4, bounces=1)
    # Under the shelf it is darker than in the open, but not black: walls send light back.
    under, beside = _floor(found, made, 0.0, 0.0), _floor(found, made, 1.2, 0.0)
    assert 0.01 < under < 0.5 * beside
    path = tmp_path / "room.npz"
    bake.save(found, made, path)
    again = light.load(made, "room", tmp_path)
    assert again is not None and again.source == "baked"
    assert np.abs(again.lightmap - found.lightmap).mean() < 0.02
    assert list(tmp_path.iterdir()) == [path]


def test_light_of_another_geometry_is_not_used(tmp_path) -> None:
    np.savez(tmp_path / "room.npz", digest=np.array("other"))
    assert light.load(decor.build(parse_scene(ROOM)), "room", tmp_path) is None


def test_probes_interpolate() -> None:
    probes = np.zeros((2, 1, 1, 6, 3), np.float32)
    probes[1] = 1.0
    field = light.RoomLight(
        np.ones((1, 1, 3), np.float32), np.ones((1, 3), np.float32), probes,
        np.zeros(3, np.float32), "estimated",
    )  # fmt: skip
    middle = field.at(np.array([light.PROBE_STEP / 4, 0.0, 0.0], np.float32))
    assert middle == pytest.approx(0.25)
    beyond = field.at(np.array([9.0, 9.0, 9.0], np.float32))
    assert beyond == pytest.approx(1.0)
