from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from product_samples import picture, sheet_product
from test_glb import unpack

from reconstruction.errors import ProductFileError
from reconstruction.export.formats import export_product
from reconstruction.freeform.family import import_mesh
from reconstruction.gltf.glb import product_glb
from reconstruction.gltf.quantize import quantized
from reconstruction.gltf.read import read_glb
from reconstruction.product import Material, Product


def bumpy(*, skinned: bool = True) -> Product:
    """The sample with a normal map, a large texture and a base colour factor."""
    product = sheet_product()
    cloth = Material(
        base_color=(0.9, 0.8, 0.7, 1.0),
        texture=picture((150, 150, 155), size=512),
        normal=picture((128, 128, 255), print_=False),
        double_sided=True,
    )
    mesh = product.mesh if skinned else replace(product.mesh, skin=None)
    return replace(product, mesh=mesh, materials={**product.materials, "fabric": cloth})


@pytest.mark.parametrize("skinned", [True, False])
def test_a_quantised_glb_reads_back_nearly_the_same(skinned: bool) -> None:
    product = bumpy(skinned=skinned)
    whole = product_glb(product)
    small = quantized(whole)
    was, now = read_glb(whole).mesh, read_glb(small).mesh
    step = max(was.size) / 65534
    np.testing.assert_allclose(now.vertices, was.vertices, atol=0.51 * step + 1e-7)
    np.testing.assert_allclose(now.uv, was.uv, atol=0.51 / 65535 + 1e-7)
    np.testing.assert_array_equal(now.faces, was.faces)
    np.testing.assert_array_equal(now.weld, was.weld)
    assert (now.parts, now.anchors) == (was.parts, was.anchors)
    assert read_glb(small).materials == read_glb(whole).materials
    if skinned:
        assert now.skin is not None and was.skin is not None
        np.testing.assert_allclose(now.skin.weights, was.skin.weights, atol=1.01 / 255)
        np.testing.assert_allclose(now.skin.weights.sum(axis=1), 1.0, atol=1e-6)
        np.testing.assert_allclose(now.skin.rest, was.skin.rest, atol=1e-6)


def test_khronos_finds_nothing_in_a_quantised_glb(
    khronos: Callable[[bytes], dict[str, Any]],
) -> None:
    for skinned in (True, False):
        report = khronos(quantized(product_glb(bumpy(skinned=skinned))))
        assert (report["numErrors"], report["numWarnings"]) == (0, 0), report["messages"]


def test_a_compact_glb_is_smaller(tmp_path: Path) -> None:
    whole = export_product(bumpy(), "glb", tmp_path / "a.glb")
    small = export_product(bumpy(), "glb-compact", tmp_path / "b.glb", texture=128)
    assert small.stat().st_size < 0.5 * whole.stat().st_size
    document, _ = unpack(small.read_bytes())
    assert "KHR_mesh_quantization" in document["extensionsRequired"]
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.glb", "b.glb"]


def test_a_usdz_is_what_phones_take(tmp_path: Path) -> None:
    from pxr import Usd, UsdGeom, UsdShade, UsdValidation

    path = export_product(bumpy(), "usdz", tmp_path / "sheet.usdz", texture=256)
    assert [f.name for f in tmp_path.iterdir()] == ["sheet.usdz"]
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        assert entries[0].filename.endswith(".usdc")
        for entry in entries:
            assert entry.compress_type == zipfile.ZIP_STORED
            assert Path(entry.filename).suffix in {".usdc", ".png", ".jpg"}
            with path.open("rb") as stream:  # local header: 30 bytes, name, padding
                stream.seek(entry.header_offset + 26)
                name, extra = np.frombuffer(stream.read(4), "<u2").tolist()
            assert (entry.header_offset + 30 + name + extra) % 64 == 0
    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    box = UsdGeom.BBoxCache(0, ["default"]).ComputeWorldBound(stage.GetDefaultPrim())
    np.testing.assert_allclose(box.ComputeAlignedRange().GetSize(), bumpy().mesh.size, atol=1e-5)
    meshes = [p for p in stage.Traverse() if p.IsA(UsdGeom.Mesh)]
    assert [m.GetName() for m in meshes] == ["fabric", "rib"]
    for mesh in meshes:
        look, _ = UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()
        assert look and look.ComputeSurfaceSource()[0].GetIdAttr().Get() == "UsdPreviewSurface"
    registry = UsdValidation.ValidationRegistry()
    faults = UsdValidation.ValidationContext(registry.GetOrLoadAllValidators()).Validate(stage)
    assert not faults, [(f.GetName(), f.GetMessage()) for f in faults]


def test_an_obj_comes_back(tmp_path: Path) -> None:
    path = export_product(bumpy(skinned=False), "obj", tmp_path / "sheet.obj")
    names = {f.name for f in tmp_path.iterdir()}
    assert names == {"sheet.obj", "sheet.mtl", "sheet_0.png", "sheet_1.png"}
    again = import_mesh(path, "sheet", {"en": "sheet"})
    np.testing.assert_allclose(again.mesh.size, bumpy().mesh.size, atol=1e-5)
    assert len(again.mesh.faces) == len(bumpy().mesh.faces)


def test_what_cannot_be_written_is_typed(tmp_path: Path) -> None:
    with pytest.raises(ProductFileError, match="glb-compact"):
        export_product(bumpy(), "fbx", tmp_path / "a.fbx")
    (tmp_path / "file").write_text("")
    for format in ("glb", "usdz", "obj"):
        with pytest.raises(ProductFileError):
            export_product(bumpy(), format, tmp_path / "file" / f"a.{format}")
    assert [f.name for f in tmp_path.iterdir()] == ["file"]
