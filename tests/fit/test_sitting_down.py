"""Whoever sits down in a loose garment and gets up again wears it as before."""

import numpy as np
import pytest

from reconstruction.families import get_family
from showroom.fit import body
from showroom.fit.clearance import clearance, open_sides
from showroom.fit.collider import fill_normals
from showroom.fit.garment import LiveGarment
from showroom.fit.pose import Tracker

FRAME = 1 / 72
DOWN, UP, END = 1.2, 3.4, 5.6


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


def poses(avatar):
    """Standing, sitting down within a second, sitting until the feet are before the hips, up."""
    tracker = Tracker(avatar)
    eye = float(avatar.eyes[:, 1].mean())
    for i in range(round(END / FRAME)):
        time = i * FRAME
        share = np.clip(time - DOWN + 1, 0, 1) - np.clip(time - UP, 0, 1)
        share = share * share * (3 - 2 * share)
        yield tracker.update((0, eye - 0.42 * share, 0, 0, 0, 0, 1), None, None, time)


def thighs_through(avatar, garment, pose):
    """Vertices of the upper thighs that come out of the cloth on top of them."""
    skin = avatar.skin(pose)
    normals = np.empty_like(skin)
    fill_normals(skin, avatar.form.faces, normals)
    rest = avatar.form.vertices
    tall = rest[:, 1].max()
    low, high = 0.38 * tall, 0.48 * tall
    there = (rest[:, 1] > low) & (rest[:, 1] < high) & (normals[:, 1] > 0.5)
    there &= np.abs(rest[:, 0]) < 0.16
    found = clearance(skin[there], garment.nodes, garment.faces, open_sides(garment.faces))
    corners = garment.nodes[garment.faces[found.face]]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # Skin is through where the cloth under it faces as it does; a fold beside it faces back.
    out = ~found.beside & (found.height > 0.003) & (found.height < 0.05)
    out &= (outward * normals[there]).sum(axis=1) > 0
    return int(out.sum()), int(there.sum())


def crossings(garment):
    """Pairs of the simulated part's triangles that cross, by an independent library."""
    open3d = pytest.importorskip("open3d", reason="open3d is not installed")
    free = np.zeros(len(garment.nodes), np.bool_)
    free[garment.free] = True
    mesh = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(garment.nodes.astype(np.float64)),
        open3d.utility.Vector3iVector(garment.faces[free[garment.faces].any(axis=1)]),
    )
    return len(mesh.get_self_intersecting_triangles())


def test_a_skirt_covers_the_thighs_of_who_sits_down_and_hangs_as_before_when_they_are_up(woman):
    skirt = LiveGarment(get_family("skirt"), {}, {}, woman)
    hem = skirt.own[:, 1] < skirt.own[:, 1].min() + 0.02
    through = []
    for i, pose in enumerate(poses(woman)):
        skirt.step(pose, FRAME)
        if i == round(0.2 / FRAME):
            standing = skirt.nodes[hem, 1].copy()
        if i in (round(DOWN / FRAME) + 20, round(2.4 / FRAME), round(UP / FRAME)):
            through.append(thighs_through(woman, skirt, pose))
    assert min(count for _, count in through) > 20, "thighs are seen from above"
    assert max(out for out, _ in through) == 0
    assert crossings(skirt) == 0, "nothing stays folded into itself"
    assert np.abs(skirt.nodes[hem, 1] - standing).max() < 0.03, "the hem is down again"
