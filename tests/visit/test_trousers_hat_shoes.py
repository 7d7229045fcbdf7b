"""Trousers, a hat and shoes are put on, streamed, re-fitted by words and reported on."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
from visit_samples import BODY, BROWN, GREY, Talk, product

from showroom.catalog.products import Catalog
from showroom.protocol.messages import (
    Command,
    Done,
    FitReport,
    Hello,
    MeshFrame,
    Pose,
    ProductChanged,
)
from showroom.visit import Visit
from showroom.visit.visit import interpreter_for


@cache
def shop() -> Catalog:
    return Catalog(
        [
            product("jeans-1", "trousers", "grey jeans", "灰色牛仔裤", GREY),
            product("cap-1", "hat", "brown cap", "棕色棒球帽", BROWN),
            product("boots-1", "shoes", "brown boots", "棕色靴子", BROWN),
        ]
    )


@cache
def _interpreter():
    return interpreter_for(shop())


def wearing(key: str) -> Visit:
    """Copied, since draping takes its time."""
    shared = {id(thing): thing for thing in (shop(), _interpreter())}
    return deepcopy(_wearing(key), shared)


@cache
def _wearing(key: str) -> Visit:
    visit = Visit(shop(), interpreter=_interpreter())
    visit.handle(Hello(lang="en"))
    visit.handle(BODY)
    answer = visit.handle(Command(action="try_on", target=key, id="on"))
    assert isinstance(answer[-1], Done), answer[-1]
    return visit


def positions(visit, key, time, head=(0.0, 1.56, 0.0, 0.0, 0.0, 0.0, 1.0)):
    updates = visit.handle(Pose(head=head, time=time))
    frames = [f for f in updates if isinstance(f, MeshFrame) and f.target == key]
    return np.frombuffer(frames[-1].positions, "<f4").reshape(-1, 3)


@pytest.mark.parametrize(
    ("text", "lang", "name", "step"),
    [
        ("make the legs 2 cm shorter", "en", "length", -0.02),
        ("裤长短两厘米", "zh", "length", -0.02),
        ("make the waist 2 cm wider", "en", "waist_width", 0.01),
        ("腰围大两厘米", "zh", "waist_width", 0.01),
    ],
)
def test_worn_trousers_are_re_fitted_by_words(text, lang, name, step):
    changes = Talk(wearing("jeans-1"), lang).say(text).changes
    assert set(changes) == {name}
    before, after = changes[name]
    assert after - before == pytest.approx(step, abs=1e-6)


@pytest.mark.parametrize(
    ("key", "text", "lang", "name", "step"),
    [
        ("cap-1", "make the peak 1 cm longer", "en", "peak_length", 0.01),
        ("cap-1", "帽舌加长一厘米", "zh", "peak_length", 0.01),
        ("boots-1", "make the shaft 5 cm higher", "en", "shaft_height", 0.05),
        ("boots-1", "鞋跟高两厘米", "zh", "heel_height", 0.02),
        ("boots-1", "make them 1 cm longer", "en", "foot_length", 0.01),
    ],
)
def test_parts_of_hats_and_shoes_are_altered_by_words(key, text, lang, name, step):
    changes = Talk(wearing(key), lang).say(text).changes
    assert set(changes) == {name}
    before, after = changes[name]
    assert after - before == pytest.approx(step, abs=1e-6)


def test_the_fit_report_of_trousers_names_waist_hip_and_inner_leg():
    answer = Talk(wearing("jeans-1")).say("does it fit?")
    report = answer.of(FitReport)[0]
    assert {"waist", "hip"} <= {r.region for r in report.regions}
    assert report.recommended in {"S", "M", "L"}


@pytest.mark.parametrize(("key", "region"), [("cap-1", "head"), ("boots-1", "foot_length")])
def test_hats_and_shoes_are_sized_by_head_and_foot(key, region):
    report = Talk(wearing(key)).say("does it fit?").of(FitReport)[0]
    assert [r.region for r in report.regions] == [region]
    assert 0.2 < report.regions[0].body < 0.7
    assert report.recommended in {"S", "M", "L"}


def test_a_brim_cannot_be_widened_where_there_is_none():
    answer = Talk(wearing("cap-1")).say("make the brim 1 cm wider")
    assert "has no brim" in answer.text
    assert not answer.of(ProductChanged)


@pytest.mark.parametrize(("key", "height"), [("cap-1", (1.5, 1.85)), ("boots-1", (-0.02, 0.2))])
def test_hat_and_shoes_are_worn_where_they_belong_and_follow(key, height):
    visit = wearing(key)
    first = positions(visit, key, 0.0)
    assert height[0] < first[:, 1].min() and first[:, 1].max() < height[1]
    for i in range(1, 40):
        moved = positions(visit, key, i / 36, (0.0, 1.56, -0.02 * i, 0.0, 0.0, 0.0, 1.0))
    assert np.isfinite(moved).all()
    assert moved[:, 2].mean() < first[:, 2].mean() - 0.4
