from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconstruction.product_io import load_lods, load_product
from showroom.cli import main

trimesh = pytest.importorskip("trimesh")


@pytest.fixture(scope="module")
def vase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product folder that the import verb made of a PLY with coloured vertices."""
    folder = tmp_path_factory.mktemp("desk")
    mesh: Any = trimesh.creation.cylinder(0.4, 2.0, sections=24)
    mesh.apply_transform(trimesh.transformations.rotation_matrix(1.5707963, (1, 0, 0)))
    mesh.visual.vertex_colors = (130, 140, 150, 255)
    mesh.export(folder / "My Vase.ply")
    arguments = ["import", str(folder / "My Vase.ply"), "--height", "0.3", "--category", "花瓶"]
    assert main([*arguments, "--out", str(folder)]) == 0
    return folder / "my-vase"


def test_import_makes_a_product_with_levels(vase: Path) -> None:
    product = load_product(vase)
    assert product.mesh.size[1] == pytest.approx(0.3, abs=1e-5)
    assert product.name == {"en": "vase", "zh": "花瓶"}
    assert len(load_lods(vase)) == 2


def test_colourways_are_added_by_any_name(vase: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (vase / "shop.toml").write_text("kept = true")
    assert main(["colorways", str(vase), "navy,酒红色", "light grey"]) == 0
    assert (vase / "shop.toml").read_text() == "kept = true"
    (vase / "shop.toml").unlink()
    said = json.loads(capsys.readouterr().out)
    assert said["colorways"] == ["navy", "burgundy", "light_grey"]
    product = load_product(vase)
    assert [v.label["zh"] for v in product.variants] == ["藏青色", "酒红色", "浅灰色"]
    for variant in product.variants:
        assert variant.materials and all(m.texture for m in variant.materials.values())
    assert [v.name for v in load_lods(vase)[1].variants] == said["colorways"]
    assert main(["colorways", str(vase), "ultraviolet-ish"]) == 1
    assert "there is no colour" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["vase.glb", "vase.usdz", "vase.obj"])
def test_export_goes_by_the_ending(vase: Path, tmp_path: Path, name: str) -> None:
    assert main(["export", str(vase), "--out", str(tmp_path / name), "--texture", "64"]) == 0
    assert (tmp_path / name).stat().st_size > 500


def test_check_answers_with_its_status(
    vase: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(vase)]) == 0
    assert "no errors" in capsys.readouterr().out
    bad: Any = trimesh.creation.box((100, 100, 100))
    bad.export(tmp_path / "bad.glb")
    assert main(["check", str(tmp_path / "bad.glb"), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"metres", "floor"} <= {line["code"] for line in lines}
    assert main(["check", str(tmp_path / "none.glb")]) == 1


def test_export_without_a_known_ending_asks(
    vase: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(vase), "--out", str(tmp_path / "vase.fbx")]) == 1
    assert "glb-compact" in capsys.readouterr().err


def test_another_reconstructor_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    picture = Image.new("RGBA", (120, 160))
    picture.paste((90, 60, 30, 255), (30, 30, 90, 130))
    picture.save(tmp_path / "thing.png")
    common = ["reconstruct", str(tmp_path / "thing.png"), "--out", str(tmp_path)]
    assert main([*common, "--reconstructor", "hunyuan3d", "--server", "http://127.0.0.1:9"]) == 1
    assert "no Hunyuan3D server answers" in capsys.readouterr().err
    assert main([*common, "--reconstructor", "hunyuan3d", "--server", "http://192.0.2.1"]) == 1
    assert "another machine" in capsys.readouterr().err
    assert main([*common, "--reconstructor", "magic"]) == 1
    assert "no reconstructor" in capsys.readouterr().err
    assert [f.name for f in tmp_path.iterdir()] == ["thing.png"]
