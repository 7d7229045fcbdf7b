"""Choosing the cheapest, largest or second of what was offered."""

from __future__ import annotations

import pytest
from test_desk_basket import Guest, stocked

from showroom.protocol.messages import Reply
from showroom.visit.desk import Desk
from showroom.visit.picking import pick
from showroom.visit.refused import RefusedError
from showroom.visit.shopfloor import Shopfloor
from showroom.visit.state import State
from showroom.visit.visit import load_scene

OFFERED = ("tee-1", "skirt-1", "chair-1")


@pytest.fixture(scope="module")
def shop() -> Shopfloor:
    return Shopfloor.of(stocked(), load_scene("store"))


def test_prices_and_order_pick_one_of_those_offered(shop) -> None:
    assert pick("cheapest", OFFERED, State(), shop) == "tee-1"
    assert pick("dearest", OFFERED, State(), shop) == "chair-1"
    assert pick("2", OFFERED, State(), shop) == "skirt-1"
    assert pick("-1", OFFERED, State(), shop) == "chair-1"


def test_nothing_is_picked_by_what_the_shop_does_not_state(shop) -> None:
    priceless = next(e.id for e in shop.catalog if e.id not in OFFERED)
    with pytest.raises(RefusedError):
        pick("cheapest", (*OFFERED, priceless), State(), shop)
    with pytest.raises(RefusedError):
        pick("9", OFFERED, State(), shop)


def test_a_visitor_may_ask_for_the_cheaper_one() -> None:
    stock = stocked()
    guest = Guest(stock, Desk(stock))
    guest.press("try_on", target="tee-1")
    guest.press("show", target="chair-1")
    said = [u.text for u in guest.say("I'd like the cheaper one") if isinstance(u, Reply)]
    assert any("shirt" in text.lower() for text in said), said
