from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reconstruction.errors import ProductFileError
from reconstruction.freeform.family import import_mesh
from reconstruction.meshes.clean import picture_of
from reconstruction.product_io import load_product, save_product

NAME = {"en": "Thing", "zh": "东西"}
trimesh = pytest.importorskip("trimesh")

OBJ = """mtllib box.mtl
v 0 0 0
v 1 0 0
v 1 2 0
v 0 2 0
v 0 0 1
vt 0 0
vt 1 0
vt 1 1
vt 0 1
usemtl painted
f 1/1 2/2 3/3
f 1/1 3/3 4/4
f 1/1 5/2 2/3
"""


def textured_obj(folder: Path, texture: str = "red.png") -> Path:
    (folder / "box.obj").write_text(OBJ)
    (folder / "box.mtl").write_text(f"newmtl painted\nKd 1 1 1\nmap_Kd {texture}\n")
    Image.new("RGB", (8, 8), (200, 20, 20)).save(folder / "red.png")
    return folder / "box.obj"


def test_an_obj_comes_with_its_texture(tmp_path: Path) -> None:
    product = import_mesh(textured_obj(tmp_path), "box", NAME, height=0.5)
    assert product.mesh.size == pytest.approx((0.25, 0.5, 0.25))
    (material,) = [m for m in product.materials.values() if m.texture]
    assert material.texture is not None
    assert tuple(picture_of(material.texture)[0, 0]) == (200, 20, 20)
    again = load_product(save_product(product, tmp_path / "out"))
    assert len(again.mesh.faces) == 3


@pytest.mark.parametrize("kind", ["ply", "stl", "obj", "glb"])
def test_every_kind_of_file_comes_in(tmp_path: Path, kind: str) -> None:
    ball = trimesh.creation.icosphere(2)
    ball.export(tmp_path / f"ball.{kind}")
    product = import_mesh(tmp_path / f"ball.{kind}", "ball", NAME, height=0.4)
    assert len(product.mesh.faces) == len(ball.faces)
    assert product.mesh.size[1] == pytest.approx(0.4, abs=1e-5)


def test_vertex_colours_become_a_texture(tmp_path: Path) -> None:
    ball: Any = trimesh.creation.icosphere(2)
    ball.visual.vertex_colors = (250, 120, 10, 255)
    ball.export(tmp_path / "ball.ply")
    product = import_mesh(tmp_path / "ball.ply", "ball", NAME, height=0.4)
    (texture,) = {m.texture for m in product.materials.values()}
    assert texture is not None and product.mesh.uv.any()
    seen = picture_of(texture).reshape(-1, 3).astype(int)
    assert np.abs(np.median(seen, axis=0) - (250, 120, 10)).max() <= 3


def test_triangles_are_kept_within_a_budget(tmp_path: Path) -> None:
    trimesh.creation.icosphere(4).export(tmp_path / "ball.stl")
    product = import_mesh(tmp_path / "ball.stl", "ball", NAME, height=1.0, triangles=500)
    assert 400 <= len(product.mesh.faces) <= 500


def test_a_texture_outside_the_folder_is_not_opened(tmp_path: Path) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(tmp_path / "secret.png")
    path = textured_obj(inner, "../secret.png")
    try:
        product = import_mesh(path, "box", NAME)
    except ProductFileError:
        return
    assert not any(m.texture for m in product.materials.values())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ply", b""),
        ("a.ply", b"ply\nformat ascii 1.0\n"),
        ("a.stl", b"solid nothing"),
        ("a.obj", b"v 0 0 0\n"),
        ("a.obj", b"\xff\xfe\x00" * 30),
        ("a.fbx", b"Kaydara FBX"),
        ("a", b"?"),
    ],
)
def test_bad_files_are_typed(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ProductFileError) as caught:
        import_mesh(tmp_path / name, "a", NAME)
    assert caught.value.expected
