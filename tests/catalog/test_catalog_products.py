from __future__ import annotations

import json
from pathlib import Path

import pytest
from product_samples import Sheet, sheet_product

import reconstruction.product_io as product_io
from reconstruction.errors import ProductFileError
from reconstruction.product_io import save_product
from showroom.catalog.errors import CatalogError
from showroom.catalog.products import Catalog
from showroom.catalog.recolor import recolor


@pytest.fixture(autouse=True)
def sheet_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_io, "get_family", lambda _: Sheet(label={"en": "sheet"}))


def small_catalog() -> Catalog:
    grey = sheet_product()
    red = recolor(sheet_product("red-sheet", variants=(), sizes={}, size=""), "red")
    return Catalog([grey, red])


def test_products_are_found_by_id_words_colour_and_size() -> None:
    catalog = small_catalog()

    def ids(*args: str, **kwargs: str) -> list[str]:
        return [e.id for e in catalog.find(*args, **kwargs)]

    assert ids() == ["grey-sheet", "red-sheet"]
    assert ids("red-sheet") == ["red-sheet"]
    for word in ("curtain", "Curtains", "sheet", "garment", "帘", "灰色帘"):
        assert "grey-sheet" in ids(word), word
    assert ids("sofa") == []
    assert ids(color="red") == ["red-sheet"]
    assert ids(color="藏青色") == ["grey-sheet"]
    assert ids(size="L") == ["grey-sheet"]
    assert ids(kind="furniture") == []
    assert ids("curtain", color="grey", size="XXL") == []


def test_an_exact_id_ranks_before_words() -> None:
    catalog = Catalog([sheet_product("sheet-two"), sheet_product("sheet")])
    assert [e.id for e in catalog.find("sheet")] == ["sheet", "sheet-two"]


def test_an_unknown_product_names_the_known_ones() -> None:
    with pytest.raises(CatalogError) as caught:
        small_catalog().get("unicorn")
    assert caught.value.expected == "grey-sheet, red-sheet"
    with pytest.raises(CatalogError):
        small_catalog().find(color="octarine")


def test_folders_open_and_damaged_ones_are_reported(tmp_path: Path) -> None:
    save_product(sheet_product("one"), tmp_path / "one")
    save_product(sheet_product("two"), tmp_path / "two")
    (tmp_path / "two" / "product.glb").write_bytes(b"glTF")
    (tmp_path / "empty").mkdir()
    catalog = Catalog.open(tmp_path, tmp_path / "one", tmp_path / "missing")
    assert [e.id for e in catalog] == ["one"] and "one" in catalog and len(catalog) == 1
    assert catalog.get("one").folder == tmp_path / "one"
    assert [p.field for p in catalog.problems] == ["product.json", "glb.sha256", "folder"]


def test_a_shop_entry_comes_along(tmp_path: Path) -> None:
    folder = save_product(sheet_product("one"), tmp_path / "one")
    facts = {"material": {"en": "linen", "zh": "亚麻"}}
    entry = {"price": 19.9, "currency": "EUR", "stock": {"M": 2}, "facts": facts}
    (folder / "shop.json").write_text(json.dumps(entry), encoding="utf-8")
    shop = Catalog.open(tmp_path).get("one").shop
    assert (shop.price, shop.currency, shop.stock["M"]) == (19.9, "EUR", 2)
    assert shop.facts["material"]["zh"] == "亚麻"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("shop.document", "{"),
        ("shop.document", '{"prize": 3}'),
        ("shop.price", '{"price": -3, "currency": "EUR"}'),
        ("shop.currency", '{"price": 3, "currency": "euro"}'),
        ("shop.stock.M", '{"stock": {"M": -1}}'),
        ("shop.size", " " * (2**18 + 1)),
    ],
)
def test_a_wrong_shop_entry_is_reported(tmp_path: Path, field: str, text: str) -> None:
    folder = save_product(sheet_product("one"), tmp_path / "one")
    (folder / "shop.json").write_text(text, encoding="utf-8")
    catalog = Catalog.open(tmp_path)
    assert len(catalog) == 0 and catalog.problems[0].field == field


def test_saving_stores_and_adds(tmp_path: Path) -> None:
    catalog = Catalog()
    assert catalog.save(sheet_product("one"), tmp_path).color == "grey"
    assert [e.id for e in Catalog.open(tmp_path)] == ["one"]
    catalog.remove("one")
    assert len(catalog) == 0 and (tmp_path / "one" / "product.json").exists()
    with pytest.raises(ProductFileError):
        catalog.save(sheet_product("Bad Id"), tmp_path)
