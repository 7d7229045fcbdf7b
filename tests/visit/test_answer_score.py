from __future__ import annotations

from pathlib import Path

from showroom.catalog.products import Catalog
from showroom.counter.answer_score import SHIPPED_PRODUCTS, same, score, with_stand_ins
from showroom.visit.desk import Desk
from showroom.voice.interval import interval
from showroom.voice.score import load

DEVELOPMENT = Path(__file__).parents[1] / "voice" / "questions_dev.jsonl"


def test_the_development_questions_stay_answered() -> None:
    rows = load(DEVELOPMENT)
    shop = with_stand_ins(rows, Catalog.open(SHIPPED_PRODUCTS))
    found = score(rows, Desk(shop, embed=False))
    assert min(found.top1.values()) >= 0.95
    assert found.coverage >= 0.85
    assert found.wrong <= 0.03
    assert found.invented == 0


def test_overall_dimensions_are_one_source_and_other_attributes_are_not() -> None:
    def product(attribute: str) -> dict[str, str]:
        return {"kind": "product", "product": "chair", "attribute": attribute}

    assert same(product("height"), product("dimensions"))
    assert same(product("colours"), product("colors"))
    assert not same(product("height"), product("seat_height"))
    assert not same(product("price"), {"kind": "shop", "topic": "price"})


def test_an_interval_holds_its_share() -> None:
    assert interval(0.5, 100).startswith("0.500 (0.40-0.60)")


def test_products_that_only_questions_name_have_no_facts() -> None:
    row = {"context": {"things": [{"id": "sku-9", "category": "sofa", "kind": "furniture"}]}}
    shop = with_stand_ins([row], Catalog())
    assert shop.get("sku-9").product.family.name == "sofa"
    assert not shop.get("sku-9").shop.facts
