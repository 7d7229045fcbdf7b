"""An artist's garment goes to another body, and stays off its skin."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reconstruction.dressform import reference_form
from reconstruction.families import get_family
from showroom.fit import body
from showroom.fit.clearance import clearance, open_sides
from showroom.fit.detail import Detail
from showroom.fit.transfer import Binding

DATA = Path(__file__).parents[3] / "shared/data"


def sewn(mesh):
    first = np.unique(mesh.weld, return_index=True)[1]
    faces = mesh.weld[mesh.faces]
    whole = (faces != faces[:, [1, 2, 0]]).all(axis=1)
    return np.ascontiguousarray(mesh.vertices[first]), np.ascontiguousarray(faces[whole])


@pytest.fixture(scope="module")
def tee():
    return sewn(get_family("t_shirt").build({}, {}))


def test_on_its_own_body_a_garment_stays_as_it_is(tee):
    places, faces = tee
    form = reference_form()
    binding = Binding(places, faces, form.vertices, form.faces)
    assert np.abs(binding.fit(form.vertices) - places).max() < 0.002


def test_a_garment_goes_to_a_larger_body_without_sinking_in(tee):
    places, faces = tee
    form = reference_form()
    large = body.solve(1.80, "male", {"bust": 1.12, "waist": 1.0, "hip": 1.08}).form
    assert large.vertices.shape == form.vertices.shape
    binding = Binding(places, faces, form.vertices, form.faces)
    fitted = binding.fit(large.vertices)
    rim = open_sides(form.faces)
    found = clearance(fitted, large.vertices, large.faces, rim)
    outside = binding.height > 0.001
    assert (found.height[outside] < 0).mean() < 0.002
    # It keeps its distance from the skin, within what smoothing takes.
    assert np.median(np.abs(found.height - binding.height)) < 0.006
    skin = binding.skin(large.skin)
    assert skin.weights.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the outside data beside the project")
def test_an_artists_outfit_agrees_with_the_artists_own_binding():
    from benchmarks.artist_garments import HEAVY, ArtistBinding, read_obj, read_target

    base, _, skin = read_obj(DATA / "body_hm08/base.obj")
    folder = DATA / "garments_makehuman/female_sportsuit01"
    _, faces, _ = read_obj(folder / f"{folder.name}.obj")
    artist = ArtistBinding(folder / f"{folder.name}.mhclo")
    new = base + read_target(DATA / "body_hm08/targets", HEAVY, len(base))
    used = int(skin.max()) + 1
    start = artist.on(base).astype(np.float32)
    fitted = Binding(start, faces, base[:used], skin).fit(new[:used])
    assert np.linalg.norm(fitted - artist.on(new), axis=1).mean() < 0.005


def test_a_finer_mesh_keeps_the_nodes_and_rounds_between_them():
    angle = np.linspace(0, np.pi, 13)
    grid = np.stack(np.meshgrid(angle, np.linspace(0, 1, 9)), axis=-1).reshape(-1, 2)
    tube = np.stack([np.cos(grid[:, 0]), grid[:, 1], np.sin(grid[:, 0])], axis=1)
    mesh = get_family("skirt").build({}, {})
    first = np.unique(mesh.weld, return_index=True)[1]
    fine = Detail(mesh)
    assert len(fine.mesh.faces) == 4 * len(mesh.faces)
    shown = fine(np.ascontiguousarray(mesh.vertices[first]))
    assert np.array_equal(shown[: len(mesh.vertices)], mesh.vertices[first][mesh.weld])
    assert fine.mesh.uv.shape == (len(shown), 2)
    # Where the coarse mesh is a half cylinder, the new vertices lie nearer to it than its chords.
    numbers = np.arange(13 * 9).reshape(9, 13)
    a, b, c, d = (
        n.ravel() for n in (numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, 1:], numbers[1:, :-1])
    )
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    half = replace(
        mesh, vertices=tube.astype(np.float32), faces=faces, uv=grid.astype(np.float32),
        face_part=np.zeros(len(faces), np.int32), weld=None, skin=None,
    )  # fmt: skip
    found = Detail(half).mesh.vertices
    inner = (found[:, 1] > 0.2) & (found[:, 1] < 0.8) & (np.abs(found[:, 0]) < 0.7)
    off = np.abs(np.hypot(found[inner, 0], found[inner, 2]) - 1)
    assert off.max() < 0.2 * (1 - np.cos(np.pi / 24))
