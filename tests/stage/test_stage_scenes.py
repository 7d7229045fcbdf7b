from __future__ import annotations

import inspect
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from reconstruction.families import family_names, get_family
from reconstruction.family import complete
from showroom.catalog.scene import (
    Scene,
    load_scene,
    room_scene,
    scene_names,
)
from showroom.fit.furnishing import Footprint, Item, Viewer
from showroom.fit.placement import Floor
from showroom.stage import (
    decor,
    furnish,
    furnish_hall,
    furnish_home,
    furnish_house,
    furnish_outdoor,
    furnish_shop,
    light,
)
from showroom.stage.ground import Ground
from showroom.visit.mover import scene_room


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
    scene, made = built
    if scene.outdoor:
        return
    low, high = made.bounds
    outside = set()
    for key, first, end in made.batches:
        place = made.vertices[np.unique(made.faces[first:end])]
        # Window frames and doors reach into the wall; tips of leaves touch it.
        slack = 0.1 if key == "leaf" else 0.02
        reaches = (place < low - slack).any() or (place > high + slack).any()
        if reaches and key not in ("window_frame", "door", "metal", "glass"):
            outside.add(key)
    assert not outside


@pytest.mark.parametrize("name", scene_names())
def test_visitors_start_and_reach_the_stands(name: str) -> None:
    scene = load_scene(name)
    ground = Ground.of(scene)
    x, _, z = scene.spawn.position
    assert ground.free(x, z)
    assert len({s.name for s in scene.stands}) == len(scene.stands)
    step = 0.25
    reached = {(0, 0)}
    edge = [(0, 0)]
    while edge:
        i, j = edge.pop()
        for at in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            if at not in reached and ground.free(x + at[0] * step, z + at[1] * step):
                reached.add(at)
                edge.append(at)
    places = np.array([(x + i * step, z + j * step) for i, j in reached])
    for stand in scene.stands:
        apart = np.hypot(places[:, 0] - stand.position[0], places[:, 1] - stand.position[2])
        # A garment hangs on a form, which itself takes room.
        assert apart.min() < (0.8 if stand.kind == "garment" else 0.3), stand.name


@pytest.mark.parametrize("name", scene_names())
def test_every_family_has_a_place_that_it_fits(name: str) -> None:
    scene = load_scene(name)
    room = scene_room(scene)
    x, _, z = scene.spawn.position
    for family in map(get_family, family_names()):
        stands = [
            s
            for s in scene.stands
            if s.kind == family.kind and (not s.families or family.name in s.families)
        ]
        assert stands, f"nowhere for a {family.name}"
        if family.kind == "garment":
            continue
        mesh = family.build(*complete(family, {}, {}))
        shape = Footprint.of(mesh.vertices)
        floor = Floor(room, {}, Viewer(x, z, scene.spawn.yaw))
        stands.sort(key=lambda s: not s.families)
        stand = stands[0]
        item = Item("it", shape, stand.position[0], stand.position[2], stand.yaw, family.category)
        assert floor.put(item).item is not None, f"a {family.name} does not fit {stand.name}"


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
            assert inside.sum() > 20, f"{name}: nothing stands in obstacle {o.name}"


def _sample(function: furnish.Builder) -> furnish.Made:
    samples = {"fabrics": ("a",), "paints": ("a", "b"), "picture": "p", "size": (1.0, 0.5, 0.3)}
    samples |= {"material": "m", "file": Path("assets/products/chair/product.glb")}
    needed = {
        k: samples.get(k, 1.0)
        for k, p in inspect.signature(function).parameters.items()
        if p.default is p.empty
    }
    return function(**needed)


assert furnish_hall and furnish_home and furnish_house and furnish_outdoor and furnish_shop


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


def test_a_floor_plan_makes_a_room() -> None:
    corners = [(0, 0), (0, 3), (2, 3), (2, 1.5), (4, 1.5), (4, 0)]
    made = decor.build(room_scene(corners, 2.5))
    floor = next(b for b in made.batches if b[0] == "floor")
    a, b, c = (made.vertices[made.faces[floor[1] : floor[2], i]] for i in range(3))
    areas = np.cross(b - a, c - a)[:, 1] / 2
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(2 * 3 + 2 * 1.5, abs=1e-4)
