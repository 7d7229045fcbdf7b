from __future__ import annotations

from showroom.catalog.scene import Stand
from showroom.visit.shopfloor import suited


def stand(name: str, *families: str) -> Stand:
    return Stand(name, "furniture", (0.0, 0.0, 0.0), 0.0, families)


def test_a_product_takes_the_stand_made_for_its_family_before_one_for_any() -> None:
    stands = [stand("floor"), stand("turntable", "car"), stand("lounge", "chair", "lamp")]
    assert suited(stands, "car") == stands[1]
    assert suited(stands, "lamp") == stands[2]
    assert suited(stands, "bed") == stands[0]


def test_a_place_made_for_others_stays_free() -> None:
    assert suited([stand("turntable", "car")], "chair") is None
    assert suited([], "car") is None
