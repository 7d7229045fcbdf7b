from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from product_samples import Sheet, sheet_product

import reconstruction.product_io as product_io
from reconstruction.errors import ProductFileError
from reconstruction.families import family_names, get_family
from reconstruction.family import Family
from reconstruction.product import Estimate, Material, Product, graded_sizes
from reconstruction.product_io import load_product, save_product


@pytest.fixture(autouse=True)
def sheet_family(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> Family:
        return Sheet(label={"en": "sheet"}) if name == "sheet" else get_family(name)

    monkeypatch.setattr(product_io, "get_family", find)


def test_a_product_loads_as_it_was_saved(tmp_path: Path) -> None:
    product = sheet_product()
    again = load_product(save_product(product, tmp_path / "grey-sheet"))
    same = ("id", "name", "values", "choices", "materials", "variants", "sizes", "size")
    for name in (*same, "confidence", "warnings"):
        assert getattr(again, name) == getattr(product, name), name
    assert list(again.sizes) == ["S", "M", "L"]
    assert again.photo is not None and np.isnan(again.photo.mask_iou)
    assert again.photo.name == "sheet.jpg"
    np.testing.assert_array_equal(again.mesh.vertices, product.mesh.vertices)
    np.testing.assert_array_equal(again.mesh.faces, product.mesh.faces)


def test_a_loaded_product_refits(tmp_path: Path) -> None:
    large = load_product(save_product(sheet_product(), tmp_path / "p")).in_size("L")
    assert large.mesh.size[0] == pytest.approx(0.9, abs=1e-5)


def test_saving_replaces_the_old_product_and_leaves_nothing_else(tmp_path: Path) -> None:
    save_product(sheet_product(), tmp_path / "p")
    save_product(sheet_product(size="L"), tmp_path / "p")
    assert load_product(tmp_path / "p").size == "L"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["p"]
    assert sorted(f.name for f in (tmp_path / "p").iterdir()) == ["product.glb", "product.json"]


def test_a_failed_save_keeps_the_old_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_product(sheet_product(), tmp_path / "p")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProductFileError, match="cannot be written"):
        save_product(sheet_product(size="L"), tmp_path / "p")
    assert load_product(tmp_path / "p").size == "M"
    assert [f.name for f in tmp_path.iterdir()] == ["p"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Grey Sheet"},
        {"id": "../up"},
        {"confidence": float("nan")},
        {"confidence": 1.5},
        {"name": {}},
    ],
)
def test_products_that_break_the_schema_are_not_written(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(ProductFileError):
        save_product(sheet_product(**change), tmp_path / "p")
    assert not list(tmp_path.iterdir())


def edit(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "product.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

    return apply


def put(*path: str, value: Any) -> Callable[[Path], None]:
    def change(document: dict[str, Any]) -> None:
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return edit(change)


DAMAGE: list[tuple[str, Callable[[Path], None]]] = [
    ("product.json", lambda p: (p / "product.json").unlink()),
    ("product.glb", lambda p: (p / "product.glb").unlink()),
    ("product.json", shutil.rmtree),
    ("product.json", lambda p: (p / "product.json").write_bytes(b"{")),
    ("product.json", lambda p: (p / "product.json").write_bytes(b"\xff\xfe")),
    ("product.json", lambda p: (p / "product.json").write_bytes(b"[]")),
    ("product.json", lambda p: (p / "product.json").write_bytes(b"[" * 10**6)),
    ("product.json", lambda p: (p / "product.json").write_bytes(b" " * (2**20 + 1))),
    ("glb.sha256", lambda p: (p / "product.glb").write_bytes(b"glTF")),
    ("schema", put("schema", value=2)),
    ("document", edit(lambda d: d.pop("values"))),
    ("id", put("id", value="a/b")),
    ("family", put("family", value="spaceship")),
    ("values.width.value", put("values", "width", "value", value="wide")),
    ("values.width.source", put("values", "width", "source", value="guess")),
    ("values.width", put("values", "width", "low", value=2.0)),
    ("values.width", put("values", "width", "value", value=9.0)),
    ("values.colour", edit(lambda d: d["values"].update(colour=d["values"]["width"]))),
    ("choices.edge", put("choices", "edge", value="frayed")),
    ("values.width", edit(lambda d: d["sizes"][0]["values"].update(width=99))),
    ("size", put("size", value="XXL")),
    ("glb.file", put("glb", "file", value="../other.glb")),
]


@pytest.mark.parametrize(("field", "damage"), DAMAGE)
def test_each_damage_is_named(tmp_path: Path, field: str, damage: Callable[[Path], None]) -> None:
    folder = save_product(sheet_product(), tmp_path / "p")
    damage(folder)
    with pytest.raises(ProductFileError) as caught:
        load_product(folder)
    assert caught.value.field == field
    assert caught.value.expected


def test_a_parameter_learned_since_takes_its_ordinary_value(tmp_path: Path) -> None:
    folder = save_product(sheet_product(), tmp_path / "p")
    edit(lambda d: d["values"].pop("drop"))(folder)
    drop = load_product(folder).values["drop"]
    assert (drop.value, drop.source) == (1.0, "prior")


def test_unused_materials_survive_for_other_choices(tmp_path: Path) -> None:
    product = sheet_product()
    assert "rail" not in product.mesh.part_material
    again = load_product(save_product(product, tmp_path / "p"))
    assert again.materials["rail"] == product.materials["rail"]
    assert replace(again, materials={}).materials == {}


@pytest.mark.parametrize("name", family_names())
def test_every_family_survives_the_disk(tmp_path: Path, name: str) -> None:
    family = get_family(name)
    numbers = {p.name: p.default for p in family.parameters}
    choices = {c.name: c.default for c in family.choices}
    mesh = family.build(numbers, choices)
    product = Product(
        id=name.replace("_", "-"),
        name=family.label,
        family=family,
        values={k: Estimate(v, v, v, 0.5, "prior") for k, v in numbers.items()},
        choices=choices,
        mesh=mesh,
        materials={slot: Material() for slot in mesh.part_material},
        sizes=graded_sizes(family, numbers, ("S", "M", "L"), "M"),
        size="M",
    )
    again = load_product(save_product(product, tmp_path / name))
    assert again.family is family and again.sizes == product.sizes
    for field in ("vertices", "faces", "uv", "face_part"):
        np.testing.assert_array_equal(getattr(again.mesh, field), getattr(mesh, field))
    assert (again.mesh.weld is None) == (mesh.weld is None)
    if mesh.skin is not None:
        assert again.mesh.skin is not None and again.mesh.skin.names == mesh.skin.names
        np.testing.assert_allclose(again.mesh.skin.weights, mesh.skin.weights, atol=1e-6)


def test_numpy_numbers_are_numbers(tmp_path: Path) -> None:
    product = sheet_product()
    one = np.float64(0.8)
    odd = replace(
        product,
        values={**product.values, "width": Estimate(one, one, one, np.float32(0.5), "photo")},  # type: ignore[arg-type]
        sizes={"M": {"width": one}},
        confidence=np.float32(0.5),
        materials={**product.materials, "rib": Material((one, one, one, one), roughness=one)},
    )
    again = load_product(save_product(odd, tmp_path / "p"))
    assert again.values["width"].value == 0.8 and again.confidence == 0.5
