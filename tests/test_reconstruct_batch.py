"""A batch names what is wrong with a row and makes the others, once, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconstruction.errors import ParameterError
from reconstruction.intake.request import Request
from reconstruction.product import Price
from reconstruction.product_io import load_product
from showroom.cli import main
from showroom.workshop import batch
from showroom.workshop.orders import Order, Refused, metres, orders_of

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = ROOT / "assets" / "photos"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "shop.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_a_table_says_all_of_a_product(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "id,photos,category,height,seat_height,size,price,currency,name_en,name_zh\n"
        "oak-1,a.jpg; b.jpg|c.jpg,chair,86 cm,0.45,,1299.00,CNY,Oak chair,橡木椅\n"
        ",shirt.jpg,,,,L,59.90 EUR,,,\n",
        "utf-8-sig",
    )
    chair, shirt = orders_of([path], Request(quick=True))
    assert isinstance(chair, Order)
    assert isinstance(shirt, Order)
    assert [p.name for p in chair.photos] == ["a.jpg", "b.jpg", "c.jpg"]
    assert chair.request.declared == pytest.approx({"height": 0.86, "seat_height": 0.45})
    assert chair.request.price == Price("1299.00", "CNY")
    assert chair.request.name == {"en": "Oak chair", "zh": "橡木椅"}
    assert chair.request.quick
    assert (shirt.id, shirt.request.size) == ("shirt", "L")
    assert shirt.request.price == Price("59.90", "EUR")


def test_a_table_in_a_chinese_spreadsheets_encoding_is_read(tmp_path: Path) -> None:
    path = table(tmp_path, "photos,name_zh\na.jpg,橡木椅\n", "gb18030")
    (order,) = orders_of([path], Request())
    assert isinstance(order, Order)
    assert order.request.name == {"zh": "橡木椅"}


@pytest.mark.parametrize("header", ["photo,height", "photos,colour", "photos,photos", ""])
def test_a_wrong_header_is_refused_with_the_columns_there_are(tmp_path: Path, header: str) -> None:
    with pytest.raises(ParameterError) as caught:
        orders_of([table(tmp_path, header + "\na.jpg,1\n")], Request())
    assert caught.value.field == "header"
    assert "photos" in caught.value.expected


def test_wrong_rows_are_named_by_line_and_the_others_stay(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "id,photos,height,price\n"
        "one,a.jpg,0.8,\n"
        "two,,0.8,\n"
        "one,b.jpg,,\n"
        "Four!,c.jpg,,\n"
        "five,d.jpg,tall,\n"
        "six,e.jpg,,cheap EUR\n"
        "seven,f.jpg,,5\n"
        "eight,g.jpg,1,2 EUR,surplus\n"
        "\n"
        "nine,h.jpg,90cm,7 EUR\n",
    )
    orders = orders_of([path], Request())
    fields = {o.where: o.error.field for o in orders if isinstance(o, Refused)}
    assert fields == {
        "shop.csv line 3": "photos",
        "shop.csv line 4": "id",
        "shop.csv line 5": "id",
        "shop.csv line 6": "height",
        "shop.csv line 7": "price",
        "shop.csv line 8": "currency",
        "shop.csv line 9": "row",
    }
    assert [o.id for o in orders if isinstance(o, Order)] == ["one", "nine"]


def test_two_photos_of_one_name_become_two_products(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shirt.jpg").touch()
    orders = orders_of([tmp_path / "a", tmp_path / "b"], Request())
    assert [o.id for o in orders if isinstance(o, Order)] == ["shirt", "shirt-2"]


@pytest.mark.parametrize(
    ("text", "value"), [("0.86", 0.86), ("86cm", 0.86), ("34 in", 0.8636), ("860 mm", 0.86)]
)
def test_lengths_may_carry_a_unit(text: str, value: float) -> None:
    assert metres(text, "height") == pytest.approx(value)


def test_a_length_in_no_unit_is_refused() -> None:
    with pytest.raises(ParameterError, match="height"):
        metres("86 ells", "height")


@pytest.mark.slow
def test_a_batch_goes_on_after_a_bad_row_and_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.jpg").write_bytes((PHOTOS / "tshirt.jpg").read_bytes()[:3000])
    path = table(
        tmp_path,
        "id,photos,height,price\n"
        f"tee,{PHOTOS / 'tshirt.jpg'},70 cm,19.90 EUR\n"
        "broken,broken.jpg,,\n"
        "gone,gone.jpg,,\n"
        f"giant,{PHOTOS / 'tshirt.jpg'},9,\n",
    )
    out = tmp_path / "out"
    arguments = ["reconstruct", str(path), "--out", str(out), "--jobs", "1", "--quick", "--explain"]
    assert main(arguments) == 1
    made = {line["where"]: line for line in lines(capsys.readouterr().out)}
    assert made["shop.csv line 2"]["id"] == "tee"
    assert made["shop.csv line 3"]["error"] == "photo"
    assert made["shop.csv line 4"]["error"] == "photo"
    assert made["shop.csv line 5"]["error"] == "parameter"
    product = load_product(out / "tee")
    assert product.price == Price("19.90", "EUR")
    assert product.values["body_length"].value == pytest.approx(0.70, rel=0.005)
    present = {p.name for p in (out / "tee").iterdir()}
    assert {"sheet.png", "explain.png", "explain.json", "inputs.json"} <= present
    assert {p.name for p in out.iterdir()} == {"tee", "overview.png"}  # nothing half-written

    def never(*_: object) -> dict[str, Any]:
        raise AssertionError("made again")

    monkeypatch.setattr(batch, "make", never)
    orders = [o for o in orders_of([path], Request(quick=True)) if o.where.endswith("line 2")]
    (again,) = batch.carry_out(orders, out, explain=True)
    assert again["skipped"]
    changed = [o for o in orders_of([path], Request()) if o.where.endswith("line 2")]
    with pytest.raises(AssertionError, match="made again"):
        list(batch.carry_out(changed, out, explain=True))


def test_correcting_keeps_the_rest_and_says_when_a_texture_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chair = ROOT / "assets" / "products" / "chair"
    before = load_product(chair)
    height = before.numbers["height"] * 1.05
    command = ["correct", str(chair), "--out", str(tmp_path / "a"), "--set", f"height={height}"]
    assert main(command) == 0
    taller = load_product(tmp_path / "a")
    assert taller.mesh.size[1] == pytest.approx(height, rel=0.005)
    assert taller.values["height"].source == "artist"
    assert taller.materials.keys() == before.materials.keys()
    assert all(m.texture for m in taller.materials.values())
    other = "slats" if before.choices["back"] != "slats" else "panel"
    command = ["correct", str(chair), "--out", str(tmp_path / "b"), "--choose", f"back={other}"]
    assert main(command) == 0
    capsys.readouterr()
    changed = load_product(tmp_path / "b")
    assert changed.choices["back"] == other
    assert not any(m.texture for m in changed.materials.values())
    assert any("texture" in w for w in changed.warnings)
    assert main(["correct", str(chair), "--out", str(tmp_path / "c"), "--set", "height=9"]) == 1
    assert not (tmp_path / "c").exists()
