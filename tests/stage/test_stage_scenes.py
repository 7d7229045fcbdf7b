from __future__ import annotations

import inspect
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from showroom.catalog.scene import (
    Scene,
    SceneError,
    load_scene,
    parse_scene,
    room_scene,
    scene_names,
)
from showroom.stage import decor, furnish, furnish_home, furnish_shop, light
from showroom.stage.ground import Ground

SMALL = """schema = 1
name = { en = "Room", zh = "房间" }
[room]
outline = [[2, -2], [-2, -2], [-2, 2], [2, 2]]
height = 2.6
[spawn]
at = [0, 0, 0]
[materials]
floor = { color = "#d0d0d0" }
walls = { color = "#e0e0e0" }
ceiling = { color = "#ffffff" }
"""


@lru_cache(maxsize=4)
def made_of(name: str) -> tuple[Scene, decor.Decor]:
    scene = load_scene(name)
    return scene, decor.build(scene)


@pytest.fixture(params=scene_names())
def built(request: pytest.FixtureRequest) -> tuple[Scene, decor.Decor]:
    return made_of(request.param)


def test_scenes_are_light_enough(built: tuple[Scene, decor.Decor]) -> None:
    made = built[1]
    assert len(made.batches) <= 100
    assert len(made.faces) <= 400_000
    assert np.isfinite(made.vertices).all() and np.isfinite(made.normals).all()


def test_scenes_have_their_baked_light(built: tuple[Scene, decor.Decor]) -> None:
    scene, made = built
    found = light.load(made, scene.id)
    assert found is not None, f"bake again: python -m showroom.stage.bake {scene.id}"
    assert 0.1 < float(np.median(found.at(np.array([0.0, 1.2, 0.0], np.float32)))) < 3.0


def test_decor_stays_inside_the_room(built: tuple[Scene, decor.Decor]) -> None:
    made = built[1]
    low, high = made.bounds
    outside = set()
    for key, first, end in made.batches:
        place = made.vertices[np.unique(made.faces[first:end])]
        # Window frames and doors reach into the wall, and the view lies behind it.
        # Tips of leaves touch the wall.
        slack = 0.1 if key == "leaf" else 0.02
        reaches = (place < low - slack).any() or (place > high + slack).any()
        if reaches and key not in ("view", "window_frame", "door", "metal"):
            outside.add(key)
    assert not outside


@pytest.mark.parametrize("name", ["store", "living_room"])
def test_visitors_start_and_reach_the_stands(name: str) -> None:
    scene = load_scene(name)
    x, _, z = scene.spawn.position
    ground = Ground.of(scene)
    assert ground.free(x, z)
    assert scene.stands
    for stand in scene.stands:
        assert ground.free(stand.position[0], stand.position[2], 0.1), stand.name


def test_every_obstacle_has_something_in_it() -> None:
    for name in scene_names():
        scene, made = made_of(name)
        for o in scene.obstacles:
            c, s = np.cos(o.yaw), np.sin(o.yaw)
            dx, dz = made.vertices[:, 0] - o.x, made.vertices[:, 2] - o.z
            u, v = c * dx - s * dz, s * dx + c * dz
            y = made.vertices[:, 1]
            inside = (abs(u) < o.width / 2 + 0.02) & (abs(v) < o.depth / 2 + 0.02)
            inside &= (y > 0.02) & (y < o.height + 0.05)
            assert inside.sum() > 50, f"{name}: nothing stands in obstacle {o.name}"


def _sample(function: furnish.Builder) -> furnish.Made:
    samples = {"fabrics": ("a",), "picture": "p", "size": (1.0, 0.5, 0.3), "material": "m"}
    needed = {
        k: samples.get(k, 1.0)
        for k, p in inspect.signature(function).parameters.items()
        if p.default is p.empty
    }
    return function(**needed)


assert furnish_home and furnish_shop  # Importing them registers their builders.


@pytest.mark.parametrize("name", sorted(furnish.BUILDERS))
def test_faces_turn_the_way_their_normals_point(name: str) -> None:
    for s in _sample(furnish.BUILDERS[name]).shapes:
        a, b, c = (s.vertices[s.faces[:, i]].astype(np.float64) for i in range(3))
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal, axis=1)
        solid = area > 1e-10
        agree = (normal * s.normals[s.faces].mean(axis=1)).sum(axis=1)[solid] / area[solid]
        assert (agree > -0.1).mean() > 0.99, s.material
        assert np.linalg.norm(s.normals, axis=1) == pytest.approx(1.0, abs=1e-3)


HEAD = "[materials]"
OUTLINE = "[[2, -2], [-2, -2], [-2, 2], [2, 2]]"
FLOOR = 'floor = { color = "#d0d0d0" }'
WINDOW = """[[opening]]
kind = "window"
wall = 0
offset = 3.5
width = 2
sill = 1
height = 1
"""
BROKEN = [
    ("schema = 1", "schema = 2", "schema", 1),
    ("height = 2.6", "height = 99", "room.height", 5),
    ("height = 2.6", 'height = "tall"', "room.height", 5),
    ("height = 2.6", "height = 2.6\ncolour = 1", "room.colour", 6),
    (OUTLINE, "[[2, 2], [-2, 2], [-2, -2], [2, -2]]", "room.outline", 4),
    (HEAD, '[[object]]\nbuild = "rocket"\n' + HEAD, "object[0].build", 9),
    (HEAD, '[[object]]\nbuild = "pouf"\nradius = true\n' + HEAD, "object[0].radius", 10),
    (HEAD, '[[object]]\nbuild = "pouf"\ncolour = 1\n' + HEAD, "object[0].colour", 10),
    (HEAD, '[[light]]\nkind = "sun"\n' + HEAD, "light[0].kind", 9),
    (FLOOR, 'floor = { color = "beige" }', "materials.floor.color", 9),
    (FLOOR + "\n", "", "materials.floor", 0),
    (HEAD, WINDOW + HEAD, "opening[0].width", 12),
    (
        HEAD,
        '[[obstacle]]\nname = "x"\nat = [0, 0]\nsize = [0, 1, 1]\n' + HEAD,
        "obstacle[0].size",
        11,
    ),
]


@pytest.mark.parametrize(("old", "new", "field", "line"), BROKEN)
def test_broken_scenes_name_key_and_line(
    old: str, new: str, field: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(SMALL.replace(old, new), "utf-8")
    with pytest.raises(SceneError) as caught:
        decor.build(load_scene(path))
    assert caught.value.field == field
    if line:
        assert caught.value.line == line
    assert "broken.toml" in str(caught.value)


def test_broken_toml_names_its_line() -> None:
    with pytest.raises(SceneError) as caught:
        parse_scene("schema = 1\nname = {{\n")
    assert caught.value.line == 2


@pytest.mark.parametrize("name", ["nowhere", "../store", "store.toml", ""])
def test_unknown_scenes_are_typed_errors(name: str) -> None:
    with pytest.raises(SceneError, match="no such scene"):
        load_scene(name)


def test_a_floor_plan_makes_a_room() -> None:
    corners = [(0, 0), (0, 3), (2, 3), (2, 1.5), (4, 1.5), (4, 0)]
    made = decor.build(room_scene(corners, 2.5))
    floor = next(b for b in made.batches if b[0] == "floor")
    a, b, c = (made.vertices[made.faces[floor[1] : floor[2], i]] for i in range(3))
    areas = np.cross(b - a, c - a)[:, 1] / 2
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(2 * 3 + 2 * 1.5, abs=1e-4)
