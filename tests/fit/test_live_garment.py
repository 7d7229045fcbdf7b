"""Garments follow their wearer: outside the skin, settled, re-fitted while they move."""

from itertools import pairwise

import numpy as np
import pytest

from reconstruction.errors import ParameterError
from reconstruction.families import get_family
from showroom.fit import body
from showroom.fit.clearance import clearance, open_sides
from showroom.fit.collider import Collider, arm_bones
from showroom.fit.cover import lift_off
from showroom.fit.errors import GarmentError
from showroom.fit.garment import GAP, REFIT_FRAMES, LiveGarment
from showroom.fit.pose import Tracker
from showroom.fit.skin import blend
from showroom.fit.vrm import INDEX

FRAME = 1 / 72


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


@pytest.fixture(scope="module")
def tee(woman):
    return LiveGarment(get_family("t_shirt"), {}, {}, woman)


def walk(avatar, frames, speed=0.8):
    tracker = Tracker(avatar)
    eye = float(avatar.eyes[:, 1].mean())
    for i in range(frames):
        z = -speed * max(0.0, i * FRAME - 0.2)
        yield tracker.update((0, eye, z, 0, 0, 0, 1), None, None, i * FRAME)


def inside_trunk(avatar, pose, vertices):
    """Share of vertices that lie under the skin of trunk or legs, by the nearest skin vertex."""
    from scipy.spatial import cKDTree

    collider = Collider(avatar)
    collider.move(pose)
    keep = np.flatnonzero(~collider.shape.arm)
    _, near = cKDTree(collider.places[keep]).query(vertices)
    near = keep[near]
    height = ((vertices - collider.places[near]) * collider.normals[near]).sum(axis=1)
    return float((height < -0.001).mean())


def test_the_tee_goes_with_its_wearer_and_stays_off_the_skin(woman, tee):
    shapes = [(pose, tee.step(pose, FRAME)) for pose in walk(woman, 120)]
    first, last = shapes[0][1], shapes[-1][1]
    assert first.shape == tee.mesh.vertices.shape
    assert np.isfinite(last).all()
    travelled = (last - first).mean(axis=0)
    assert travelled[2] == pytest.approx(-0.8 * (119 * FRAME - 0.2), abs=0.05)
    skin = tee.mesh.skin
    on_arm = (skin.weights * np.isin(skin.joints, arm_bones())).sum(axis=1)
    trunk = on_arm < 0.5
    assert max(inside_trunk(woman, pose, v[trunk]) for pose, v in shapes[::20]) < 0.01


def test_sewn_edges_stay_closed(woman, tee):
    pose = list(walk(woman, 60))[-1]
    vertices = tee.step(pose, FRAME)
    weld = tee.mesh.weld
    first = np.unique(weld, return_index=True)[1]
    assert np.abs(vertices - vertices[first][weld]).max() == 0


def test_a_refit_grows_in_steps_and_reaches_the_new_drape(woman):
    tee = LiveGarment(get_family("t_shirt"), {}, {}, woman)
    pose = woman.rest()
    before = tee.step(pose, FRAME)
    target = tee.refit({"sleeve_length": tee.values["sleeve_length"] + 0.05})
    shapes = [before] + [tee.step(pose, FRAME) for _ in range(REFIT_FRAMES)]
    moves = [float(np.abs(b - a).max()) for a, b in pairwise(shapes)]
    assert moves[0] > 1e-4, "the first frame shows it already"
    assert max(moves) < 0.02
    assert np.abs(tee.step(pose, FRAME) - shapes[-1]).max() < 1e-5
    assert np.abs(shapes[-1] - target.vertices).max() < 0.02
    assert tee.mesh is target


def test_a_refused_refit_changes_nothing(woman, tee):
    before = dict(tee.values)
    pose = woman.rest()
    shape = tee.step(pose, FRAME)
    with pytest.raises(ParameterError):
        tee.refit({"sleeve_length": 9.0})
    with pytest.raises(ParameterError):
        tee.refit({"wings": 0.1})
    assert tee.values == before
    assert np.array_equal(tee.step(pose, FRAME), shape)


def test_furniture_is_not_worn(woman):
    with pytest.raises(GarmentError) as caught:
        LiveGarment(get_family("chair"), {}, {}, woman)
    assert caught.value.field == "family"


def test_the_skirt_swings_settles_and_is_refitted_in_motion(woman):
    skirt = LiveGarment(get_family("skirt"), {}, {}, woman)
    assert skirt.swings
    poses = list(walk(woman, 150))
    hem = skirt.mesh.vertices[:, 1] < skirt.mesh.vertices[:, 1].min() + 0.03
    relative = []
    worst = 0.0
    for i, pose in enumerate(poses):
        vertices = skirt.step(pose, FRAME)
        relative.append(vertices[hem].mean(axis=0) - pose.root)
        if i % 30 == 29:
            worst = max(worst, inside_trunk(woman, pose, vertices))
    assert np.ptp(np.array(relative)[:, 2]) > 0.01, "the hem lags and swings"
    assert worst < 0.005
    assert np.percentile(np.abs(skirt.strain()), 95) < 0.12
    still = poses[-1]
    shapes = [skirt.step(still, FRAME) for _ in range(90)]
    settled = np.linalg.norm(shapes[-1] - shapes[-2], axis=1)
    assert np.median(settled) < 2e-4
    length = skirt.values["length"]
    low = shapes[-1][:, 1].min()
    skirt.refit({"length": length - 0.08})
    changed = [skirt.step(still, FRAME) for _ in range(90)]
    jumps = [float(np.abs(b - a).max()) for a, b in pairwise(changed)]
    assert max(jumps) < 0.05
    assert changed[-1][:, 1].min() > low + 0.05


@pytest.mark.parametrize(
    ("name", "choices"),
    [("shirt", {}), ("outwear", {"collar": "hood", "front": "open"})],
)
def test_shirts_and_jackets_are_worn_and_refitted(woman, name, choices):
    worn = LiveGarment(get_family(name), {}, choices, woman)
    poses = list(walk(woman, 60))
    for pose in poses:
        vertices = worn.step(pose, FRAME)
    on_arm = (worn.mesh.skin.weights * np.isin(worn.mesh.skin.joints, arm_bones())).sum(axis=1)
    hood = [worn.mesh.part_faces(p).ravel() for p in worn.mesh.parts if p.endswith("_hood")]
    trunk = on_arm < 0.5
    # A hood stands centimetres off the head, where the nearest skin's plane says nothing.
    trunk[np.concatenate([*hood, []]).astype(int)] = False
    assert inside_trunk(woman, poses[-1], vertices[trunk]) < 0.01
    taller = {"shirt": "collar_height", "outwear": "hood_height"}[name]
    target = worn.refit({taller: worn.values[taller] + 0.02})
    assert target.faces.shape == worn.mesh.faces.shape
    for _ in range(REFIT_FRAMES):
        vertices = worn.step(woman.rest(), FRAME)
    assert np.abs(vertices - target.vertices).max() < 0.03


def test_a_teleport_hangs_the_cloth_anew(woman):
    skirt = LiveGarment(get_family("skirt"), {}, {}, woman)
    tracker = Tracker(woman)
    eye = float(woman.eyes[:, 1].mean())
    here = tracker.update((0, eye, 0, 0, 0, 0, 1), None, None, 0.0)
    skirt.step(here, FRAME)
    there = Tracker(woman).update((4, eye, -3, 0, 0, 0, 1), None, None, FRAME)
    vertices = skirt.step(there, FRAME)
    assert np.abs(vertices.mean(axis=0)[[0, 2]] - (4, -3)).max() < 0.2
    assert np.ptp(vertices, axis=0).max() < 1.2
    assert inside_trunk(woman, there, vertices) < 0.01


def test_pushing_out_lifts_only_what_is_too_near(woman):
    collider = Collider(woman)
    collider.move(woman.rest())
    near = np.arange(0, len(collider.places), 50, dtype=np.int32)
    below = collider.places[near] - 0.005 * collider.normals[near]
    above = collider.places[near] + 0.02 * collider.normals[near]
    cloth = np.concatenate([below, above]).astype(np.float32)
    kept = cloth.copy()
    shape = collider.shape
    lifted = lift_off(
        cloth, np.tile(near, 2), collider.places, collider.normals, shape.start, shape.beside,
        GAP, 0, 1,
    )  # fmt: skip
    assert lifted == len(near)
    assert np.array_equal(cloth[len(near) :], kept[len(near) :])
    height = ((cloth[: len(near)] - collider.places[near]) * collider.normals[near]).sum(axis=1)
    assert height == pytest.approx(np.full(len(near), GAP), abs=1e-5)


def test_skin_that_comes_through_the_middle_of_a_triangle_is_covered_again(woman):
    collider = Collider(woman)
    tee = LiveGarment(get_family("t_shirt"), {}, {}, woman, collider=collider)
    collider.move(woman.rest())
    places = tee.own.copy()
    numbers, faces = tee._cover.skin, tee.faces[tee._cover.face % len(tee.faces)]
    tight = tee._cover.apart < 0.004
    # Each triangle over tight skin is pressed a millimetre under it.
    pressed = np.unique(faces[tight])
    near = collider.nearest(places[pressed], np.ones(len(collider.places), np.bool_))
    deep = ((places[pressed] - collider.places[near]) * collider.normals[near]).sum(axis=1)
    places[pressed] -= (deep + 0.001)[:, None] * collider.normals[near]

    def through(cloth):
        faces_all, rim = tee.faces, open_sides(tee.faces)
        found = clearance(collider.places[numbers[tight]], cloth, faces_all, rim)
        return float(((found.height > 0) & ~found.beside).mean())

    assert through(places) > 0.3
    tee.off_skin(places, collider)
    assert through(places) < 0.01


def test_trousers_cover_in_a_squat_what_lifting_the_cloth_alone_leaves_bare(woman):
    garment = LiveGarment(get_family("trousers"), {}, {}, woman)
    eye = float(woman.eyes[:, 1].mean())
    pose = Tracker(woman).update((0, 0.55 * eye, 0, 0, 0, 0, 1), None, None, 0.0)
    collider = Collider(woman)
    collider.move(pose)
    shape, rim = collider.shape, open_sides(garment.faces)
    covered = garment._cover.skin
    numbers = covered[shape.main[covered] == INDEX["hips"]]

    def through(cloth):
        found = clearance(collider.places[numbers], cloth, garment.faces, rim)
        deep = (found.height > 0.001) & (found.height < 0.05) & ~found.beside
        return float(deep.mean())

    lifted = np.empty_like(garment.own)
    blend(garment.own, garment._joints, garment._weights, pose.matrices, lifted)
    kept = lifted.copy()
    lift_off(
        lifted, garment._near, collider.places, collider.normals, shape.start, shape.beside,
        GAP, 4, 2,
    )  # fmt: skip
    garment.off_skin(kept, collider)
    assert through(lifted) > 0.03
    assert through(kept) < 0.5 * through(lifted)
