from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from product_samples import sheet_product
from test_glb import repack, unpack

from reconstruction.errors import ParameterError, ProductFileError
from reconstruction.freeform.family import import_mesh
from reconstruction.gltf.glb import product_glb
from reconstruction.gltf.read import Budget, read_glb
from reconstruction.product_io import load_product, save_product

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
NAME = {"en": "Thing", "zh": "东西"}


def as_gltf(folder: Path, *, embedded: bool = False) -> Path:
    """The sample product as .gltf, its buffer beside it or as a data uri."""
    document, binary = unpack(product_glb(sheet_product()))
    if embedded:
        code = base64.b64encode(binary).decode()
        document["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{code}"
    else:
        document["buffers"][0]["uri"] = "the%20thing.bin"
        (folder / "the thing.bin").write_bytes(binary)
    path = folder / "thing.gltf"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("embedded", [False, True])
def test_a_gltf_with_its_files_becomes_a_product(tmp_path: Path, embedded: bool) -> None:
    product = import_mesh(as_gltf(tmp_path, embedded=embedded), "thing", NAME)
    low, high = product.mesh.vertices.min(axis=0), product.mesh.vertices.max(axis=0)
    np.testing.assert_allclose(low[1], 0, atol=1e-6)
    np.testing.assert_allclose((low + high)[[0, 2]], 0, atol=1e-6)
    np.testing.assert_allclose(product.mesh.size, sheet_product().mesh.size, atol=1e-6)
    assert product.materials["fabric"].texture == sheet_product().materials["fabric"].texture
    assert product.warnings and product.variants


def test_declared_sides_come_back(tmp_path: Path) -> None:
    path = as_gltf(tmp_path)
    whole = import_mesh(path, "thing", NAME, height=0.5)
    was = sheet_product().mesh.size
    np.testing.assert_allclose(whole.mesh.size, np.array(was) * 0.5 / was[1], rtol=1e-5)
    exact = import_mesh(path, "thing", NAME, width=0.4, height=0.5, depth=0.3)
    np.testing.assert_allclose(exact.mesh.size, (0.4, 0.5, 0.3), rtol=1e-5)
    assert exact.values["depth"].source == "declared" and not exact.warnings


def test_a_free_form_product_scales_and_survives_the_disk(tmp_path: Path) -> None:
    product = import_mesh(as_gltf(tmp_path), "thing", NAME, category="lamp", height=1.2)
    taller = product.refit({"height": 1.5})
    again = load_product(save_product(taller, tmp_path / "thing"))
    assert again.category == "lamp" and again.family.label == NAME
    assert again.mesh.size[1] == pytest.approx(1.5, abs=1e-5)
    ranges = {p.name: (p.minimum, p.maximum) for p in again.family.parameters}
    assert ranges["height"] == pytest.approx((0.6, 2.4))
    back = again.refit({"height": 1.2})
    np.testing.assert_allclose(back.mesh.vertices, product.mesh.vertices, atol=1e-5)
    with pytest.raises(ParameterError):
        again.refit({"height": 3.0})


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://example.invalid/a.bin",
        "%2e%2e/secret.bin",
        "data:application/octet-stream,raw",
        "data:application/octet-stream;base64,***",
        "missing.bin",
        7,
    ],
)
def test_nothing_outside_the_folder_is_opened(tmp_path: Path, uri: object) -> None:
    (tmp_path / "secret.bin").write_bytes(b"x" * 100_000)
    folder = tmp_path / "in"
    folder.mkdir()
    path = as_gltf(folder)
    document: dict[str, Any] = json.loads(path.read_text())
    document["buffers"][0]["uri"] = uri
    path.write_text(json.dumps(document))
    with pytest.raises(ProductFileError):
        import_mesh(path, "thing", NAME)


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(b"x" * 100_000)
    folder = tmp_path / "in"
    folder.mkdir()
    path = as_gltf(folder)
    (folder / "the thing.bin").unlink()
    (folder / "the thing.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(ProductFileError):
        import_mesh(path, "thing", NAME)


def test_bad_files_and_sizes_are_typed(tmp_path: Path) -> None:
    path = as_gltf(tmp_path)
    for size in (0.0, -1.0, float("nan"), 1000.0):
        with pytest.raises(ParameterError):
            import_mesh(path, "thing", NAME, height=size)
    with pytest.raises(ProductFileError):
        import_mesh(path, "thing", NAME, budget=Budget(bytes=2000))
    for data in (b"", b"{", b"[]", b'{"buffers": 3}', b"glTF", b"\xff" * 50):
        (tmp_path / "bad.gltf").write_bytes(data)
        with pytest.raises(ProductFileError):
            import_mesh(tmp_path / "bad.gltf", "thing", NAME)
    with pytest.raises(ProductFileError):
        import_mesh(tmp_path / "absent.glb", "thing", NAME)


@pytest.mark.parametrize(
    ("file", "size"),
    [
        ("furniture_kaykit/armchair.gltf", {"height": 0.9}),
        ("furniture_khronos3dc/WickerChair/WickerChair.glb", {}),
        ("cars_scenery_kenney/vehicle-truck-red.glb", {"depth": 5.0}),
    ],
)
def test_other_artists_files_come_in(tmp_path: Path, file: str, size: dict[str, float]) -> None:
    if not (DATA / file).exists():
        pytest.skip(f"{file} of the shared test data is not here")
    product = import_mesh(DATA / file, "thing", NAME, **size)
    for axis, value in size.items():
        got = dict(zip(("width", "height", "depth"), product.mesh.size, strict=True))[axis]
        assert got == pytest.approx(value, rel=1e-5)
    assert any(m.texture for m in product.materials.values())
    again = load_product(save_product(product, tmp_path / "thing"))
    np.testing.assert_array_equal(again.mesh.faces, product.mesh.faces)


def test_draco_comes_in() -> None:
    files = sorted((DATA / "models_marketassets_draco").rglob("*.gl*"))
    if not files:
        pytest.skip("the shared test data is not here")
    for path in files:
        document = json.loads(path.read_text())
        product = import_mesh(path, "thing", NAME)
        count = sum(
            document["accessors"][p["indices"]]["count"] // 3
            for node in document["nodes"] if "mesh" in node
            for p in document["meshes"][node["mesh"]]["primitives"]
        )  # fmt: skip
        assert len(product.mesh.faces) == count


def draco_box() -> tuple[dict[str, Any], bytes]:
    import DracoPy

    product = sheet_product()
    document, _ = unpack(product_glb(replace(product, mesh=replace(product.mesh, skin=None))))
    mesh = product.mesh
    packed = DracoPy.encode(
        mesh.vertices, mesh.faces, tex_coord=mesh.uv.astype(float), quantization_bits=16
    )
    found = DracoPy.decode(packed)
    kinds = {a["attribute_type"]: a["unique_id"] for a in found.attributes}
    numbers = {"POSITION": kinds[0], "TEXCOORD_0": kinds[3]}
    count = len(found.points)
    document["accessors"] = [
        {"componentType": 5126, "count": count, "type": "VEC3"},
        {"componentType": 5126, "count": count, "type": "VEC2"},
        {"componentType": 5125, "count": found.faces.size, "type": "SCALAR"},
    ]
    document["bufferViews"] = [{"buffer": 0, "byteOffset": 0, "byteLength": len(packed)}]
    document["buffers"] = [{"byteLength": len(packed)}]
    for key in ("images", "textures", "samplers", "extensions"):
        document.pop(key, None)
    document["materials"] = [{"name": "fabric"}]
    extension = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": numbers}}
    attributes = {"POSITION": 0, "TEXCOORD_0": 1}
    primitive = {"attributes": attributes, "indices": 2, "material": 0, "extensions": extension}
    document["meshes"] = [{"primitives": [primitive]}]
    document["extensionsRequired"] = document["extensionsUsed"] = ["KHR_draco_mesh_compression"]
    return document, packed + b"\0" * (-len(packed) % 4)


def test_draco_is_decoded_and_its_lies_are_refused() -> None:
    document, binary = draco_box()
    contents = read_glb(repack(document, binary))
    np.testing.assert_allclose(contents.mesh.size, sheet_product().mesh.size, atol=1e-3)
    assert contents.mesh.uv.any()
    for change in (
        lambda d: d["accessors"][0].update(count=7),
        lambda d: d["accessors"][0].update(type="VEC4"),
        lambda d: d["accessors"][0].update(count=10**9),
        lambda d: d["bufferViews"][0].update(byteLength=10**6),
        lambda d: d["bufferViews"][0].update(byteLength=40),
    ):
        worse = json.loads(json.dumps(document))
        change(worse)
        with pytest.raises(ProductFileError):
            read_glb(repack(worse, binary))
