from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from product_samples import sheet_product

from reconstruction.errors import ProductFileError
from reconstruction.export.lod import LEVELS, make_lods
from reconstruction.families import family_names, get_family
from reconstruction.mesh import Mesh
from reconstruction.meshes.simplify import point_groups, simplify
from reconstruction.product_io import load_lods, save_product


def family_mesh(name: str) -> Mesh:
    family = get_family(name)
    return family.build(
        {p.name: p.default for p in family.parameters}, {c.name: c.default for c in family.choices}
    )


def edge_counts(mesh: Mesh) -> NDArray[Any]:
    """Between how many faces each edge lies, seams closed."""
    faces = point_groups(mesh)[mesh.faces]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)[1]


def uv_areas(mesh: Mesh) -> NDArray[Any]:
    a, b, c = (mesh.uv[mesh.faces[:, i]] for i in range(3))
    d, e = b - a, c - a
    return np.asarray(d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0])


def uv_senses(mesh: Mesh) -> set[tuple[int, float]]:
    """Which way round each part's triangles lie in the texture; a mirrored copy lies both ways."""
    return set(zip(mesh.face_part.tolist(), np.sign(uv_areas(mesh)).tolist(), strict=True))


def farthest(mesh: Mesh, other: Mesh) -> float:
    """How far the vertices, edge and face middles of ``mesh`` are from the surface of ``other``."""
    from trimesh import Trimesh
    from trimesh.proximity import closest_point_naive

    corners = mesh.vertices[mesh.faces]
    points = np.concatenate([mesh.vertices, corners.mean(axis=1), corners[:, :2].mean(axis=1)])
    points = points[:: max(1, len(points) // 60)]
    _, distance, _ = closest_point_naive(Trimesh(other.vertices, other.faces), points)
    return float(np.max(distance))


@pytest.mark.parametrize("name", family_names())
def test_levels_keep_surface_seams_and_texture(name: str) -> None:
    mesh = family_mesh(name)
    bounds = edge_counts(mesh)
    senses = uv_senses(mesh)
    diagonal = float(np.linalg.norm(mesh.size))
    levels = make_lods(mesh)
    for lod, error in zip(levels, (0.01, 0.03), strict=True):
        counts = edge_counts(lod.mesh)
        assert counts.max() <= 2, "every edge lies between two faces, or ends the surface"
        assert (counts == 1).any() == (bounds == 1).any(), "nothing was torn or closed"
        assert uv_senses(lod.mesh) <= senses, "no triangle is turned over in the texture"
        assert set(lod.mesh.face_part) == set(mesh.face_part), "every part is still there"
        np.testing.assert_array_equal(lod.mesh.vertices, mesh.vertices[lod.source])
        np.testing.assert_array_equal(lod.mesh.uv, mesh.uv[lod.source])
        assert farthest(mesh, lod.mesh) <= error * diagonal
        assert farthest(lod.mesh, mesh) <= error * diagonal
    assert len(levels[0].mesh.faces) <= 0.55 * len(mesh.faces)
    assert len(levels[1].mesh.faces) <= 0.35 * len(mesh.faces)


def test_a_level_is_skinned_as_its_product() -> None:
    mesh = sheet_product().mesh
    (lod,) = make_lods(mesh, LEVELS[:1])
    assert mesh.skin is not None and lod.mesh.skin is not None
    assert lod.mesh.skin.names == mesh.skin.names
    np.testing.assert_array_equal(lod.mesh.skin.weights, mesh.skin.weights[lod.source])


def test_a_flat_sheet_needs_hardly_a_triangle_and_a_limit_stops_a_curved_one() -> None:
    mesh = sheet_product().mesh
    mesh = replace(mesh, skin=None, face_part=np.zeros_like(mesh.face_part))
    flat, _ = simplify(mesh.with_vertices(mesh.vertices * np.float32([1, 1, 0])), 1)
    assert len(flat.faces) < len(mesh.faces) / 3
    same, kept = simplify(mesh, 1, limit=0.0)
    assert len(same.faces) > len(flat.faces)
    np.testing.assert_array_equal(same.vertices, mesh.vertices[kept])


def levelled(tmp_path: Path) -> Path:
    return save_product(sheet_product(), tmp_path / "p", lods=True)


def test_a_folder_carries_its_levels(tmp_path: Path) -> None:
    folder = levelled(tmp_path)
    names = ["lod1.glb", "lod2.glb", "product.glb", "product.json"]
    assert sorted(f.name for f in folder.iterdir()) == names
    whole = sheet_product().mesh
    levels = load_lods(folder)
    faces = [len(level.mesh.faces) for level in levels]
    assert len(whole.faces) > faces[0] > faces[1]
    for level in levels:
        assert level.mesh.parts == whole.parts and level.mesh.skin is not None
        assert [v.name for v in level.variants] == ["navy"]
        assert level.extras["product"] == "grey-sheet"
    assert load_lods(save_product(sheet_product(), tmp_path / "q")) == ()


def test_a_level_of_another_product_is_refused(tmp_path: Path) -> None:
    folder = levelled(tmp_path)
    (folder / "lod2.glb").write_bytes((folder / "lod1.glb").read_bytes())
    with pytest.raises(ProductFileError) as caught:
        load_lods(folder)
    assert caught.value.field == "lods.1.sha256"
    (folder / "lod2.glb").unlink()
    with pytest.raises(ProductFileError):
        load_lods(folder)
