"""Simulated cloth: it hangs at rest, lies on the floor, and does not pass through itself."""

import numpy as np
import pytest

from showroom.fit import body
from showroom.fit.collider import Collider
from showroom.fit.swing import Swing

FRAME = 1 / 72
ACROSS, ALONG, SPACING = 20, 45, 0.012


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


def curtain():
    """A slightly waved curtain beside the body: places, number grid and constraints."""
    x, y = np.meshgrid(np.arange(ACROSS) * SPACING, np.arange(ALONG) * SPACING)
    rest = np.stack([x + 2.0, y + 0.05, 0.01 * np.sin(y / 0.03)], -1)
    rest = rest.reshape(-1, 3).astype(np.float32)
    k = np.arange(ACROSS * ALONG).reshape(ALONG, ACROSS)
    kinds = [
        [(k[:, :-1], k[:, 1:]), (k[:-1], k[1:])],
        [(k[:-1, :-1], k[1:, 1:]), (k[:-1, 1:], k[1:, :-1])],
        [(k[:, :-2], k[:, 2:]), (k[:-2], k[2:])],
    ]
    ends = [np.concatenate([np.stack(p, -1).reshape(-1, 2) for p in kind]) for kind in kinds]
    pairs = np.concatenate(ends).astype(np.int32)
    kind = np.repeat(np.arange(3, dtype=np.uint8), [len(e) for e in ends])
    lengths = np.linalg.norm(rest[pairs[:, 0]] - rest[pairs[:, 1]], axis=1).astype(np.float32)
    corners = [(k[:-1, :-1], k[:-1, 1:], k[1:, 1:]), (k[:-1, :-1], k[1:, 1:], k[1:, :-1])]
    faces = np.concatenate([np.stack(c, -1).reshape(-1, 3) for c in corners]).astype(np.int32)
    return rest, k, pairs, lengths, kind, faces


def crossings(places, faces):
    """Pairs of triangles that cross, by an independent library."""
    open3d = pytest.importorskip("open3d", reason="open3d is not installed")
    mesh = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(places.astype(np.float64)),
        open3d.utility.Vector3iVector(faces),
    )
    return len(mesh.get_self_intersecting_triangles())


def lowered(woman, itself):
    """A curtain after its rail has come down by 30 cm, and its faces."""
    rest, k, pairs, lengths, kind, faces = curtain()
    free = np.ones(len(rest), dtype=np.bool_)
    free[k[-1]] = False
    cloth = Swing(rest, free, pairs, lengths, kind, Collider(woman), faces if itself else None)
    rail = rest.copy()
    for i in range(110):
        rail[:, 1] -= 0.3 / 90 if i < 90 else 0.0
        cloth.step(rail, FRAME)
    return cloth.places, faces


def test_a_curtain_that_is_lowered_piles_up_without_passing_through_itself(woman):
    places, faces = lowered(woman, itself=True)
    assert crossings(places, faces) == 0
    assert crossings(lowered(woman, itself=False)[0], faces) > 100, "the test sees crossings"
    assert places[:, 1].min() > 0, "it lies on the floor"
    low = places[places[:, 1] < 0.1]
    assert np.ptp(low[:, 2]) > 0.03, "in folds"


def test_a_hanging_cloth_comes_to_rest_hardly_longer_than_it_is(woman):
    rest, k, pairs, lengths, kind, faces = curtain()
    rest[:, 1] += 0.5
    free = np.ones(len(rest), dtype=np.bool_)
    free[k[-1]] = False
    cloth = Swing(rest, free, pairs, lengths, kind, Collider(woman), faces)
    for _ in range(150):
        cloth.step(rest, FRAME)
    before = cloth.places.copy()
    cloth.step(rest, FRAME)
    moved = np.linalg.norm(cloth.places - before, axis=1)
    assert np.percentile(moved, 99) < 1e-4
    assert np.percentile(cloth.strain(), 95) < 0.02
