"""What hangs below the belly lies over the thighs of somebody who sits."""

from itertools import pairwise

import numpy as np
import pytest

from reconstruction.families import get_family
from showroom.counter.fitting import posed
from showroom.fit import body
from showroom.fit.clearance import clearance, open_sides
from showroom.fit.garment import REFIT_FRAMES, TRUNK, LiveGarment
from showroom.fit.outfit import Outfit
from showroom.fit.pose import Tracker
from showroom.fit.vrm import INDEX

FRAME = 1 / 72


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


@pytest.fixture(scope="module")
def tee(woman):
    return LiveGarment(get_family("t_shirt"), {}, {}, woman)


def dip(garment, pose):
    """How far the front hem's middle is under the thighs beside it, metres."""
    avatar = garment.avatar
    skin = avatar.skin(pose) - pose.root
    cloth = garment.nodes - pose.root
    rest = garment.own
    hem = (garment.limb == TRUNK) & garment.rim & (rest[:, 2] > 0.05) & (rest[:, 1] < 0.9)
    middle = cloth[hem & (np.abs(rest[:, 0]) < 0.04)].mean(axis=0)
    main = avatar.form.skin.joints[:, 0]
    tops = []
    for side in ("left", "right"):
        thigh = skin[main == INDEX[f"{side}UpperLeg"]]
        tops.append(thigh[np.abs(thigh[:, 2] - middle[2]) < 0.03, 1].max())
    return min(tops) - middle[1]


def through(garment, pose):
    """Share of the skin of hips and thighs under the cloth that comes out of it by over 1 mm."""
    avatar, faces = garment.avatar, garment.faces
    main = avatar.form.skin.joints[:, 0]
    places = [INDEX[b] for b in ("hips", "leftUpperLeg", "rightUpperLeg")]
    rim = open_sides(faces)
    rest = clearance(avatar.form.vertices, garment.own, faces, rim)
    under = ~rest.beside & (rest.height < 0) & (rest.height > -0.05) & np.isin(main, places)
    now = clearance(avatar.skin(pose)[under], garment.nodes, faces, rim)
    out = (now.height > 0.001) & (now.height < 0.03) & ~now.beside
    return float(out.mean())


def test_a_front_hem_lies_over_the_thighs_and_does_not_dip_between_them(woman, tee):
    pose = posed(woman, "sit")
    tee.step(pose, FRAME)
    assert dip(tee, pose) < 0.03
    assert through(tee, pose) < 0.01
    lap, tee.lap = tee.lap, None
    tee.step(pose, FRAME)
    tee.lap = lap
    assert dip(tee, pose) > 0.08, "without a lap it hangs before the crotch"


def test_a_front_stays_where_it_is_on_who_stands_and_walks(woman, tee):
    shapes = []
    for lap in (tee.lap, None):
        kept, tee.lap = tee.lap, lap
        shapes.append([tee.step(posed(woman, name), FRAME) for name in ("stand", "walk")])
        tee.lap = kept
    assert all(np.array_equal(a, b) for a, b in zip(*shapes, strict=True))


def test_a_front_gets_into_the_lap_without_a_jump(woman, tee):
    eye = float(woman.eyes[:, 1].mean())
    tracker, shapes = Tracker(woman), []
    for i in range(60):
        low = eye * (1 - 0.36 * i / 59)
        pose = tracker.update((0, low, 0, 0, 0, 0, 1), None, None, i * FRAME)
        tee.step(pose, FRAME)
        shapes.append(tee.nodes[tee.lap.nodes] - pose.root)
    shapes = shapes[1:]
    moves = [float(np.linalg.norm(b - a, axis=1).max()) for a, b in pairwise(shapes)]
    assert max(moves) < 0.05
    assert dip(tee, pose) < 0.05


def test_a_front_in_the_lap_lies_on_what_is_worn_under_it(woman):
    outfit = Outfit(woman)
    for name in ("trousers", "t_shirt"):
        family = get_family(name)
        choices = {c.name: c.default for c in family.choices}
        outfit.put_on(name, family, family.defaults(choices), choices)
    for _ in range(REFIT_FRAMES):
        outfit.step(posed(woman, "sit"), FRAME)
    upper, lower = outfit.garments["t_shirt"], outfit.garments["trousers"]
    rim = open_sides(upper.faces)
    found = clearance(lower.nodes, upper.nodes, upper.faces, rim)
    in_lap = np.isin(upper.faces[found.face], upper.lap.nodes[upper.lap.front > 0.9]).all(axis=1)
    beneath = in_lap & ~found.beside & (np.abs(found.height) < 0.02)
    assert beneath.sum() > 20
    assert (found.height[beneath] > 0.001).mean() < 0.05


def test_cropped_tops_and_trousers_have_no_lap(woman):
    short = LiveGarment(get_family("t_shirt"), {"body_length": 0.42}, {}, woman)
    assert short.lap is None
    assert LiveGarment(get_family("trousers"), {}, {}, woman).lap is None


def test_a_point_off_a_corner_of_the_hem_is_beside_the_cloth():
    # Two triangles of which the second meets the open edge at y = 0 with a corner alone.
    cloth = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [2, 0, 0]], np.float32)
    faces = np.array([[0, 1, 2], [1, 3, 2], [1, 4, 3]], np.int32)
    rim = open_sides(faces)
    rim[1] = False
    found = clearance(np.array([[1.0, -0.2, -0.1]], np.float32), cloth, faces, rim)
    assert found.beside.all()
