"""Numbers and units of both languages."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from showroom.voice.quantity import chinese_number, parse_quantity
from showroom.voice.text import normalise


@pytest.mark.parametrize(
    ("text", "kind", "si"),
    [
        ("3 cm", "length", 0.03),
        ("three centimetres", "length", 0.03),
        ("half an inch", "length", 0.0127),
        ("an inch and a half", "length", 0.0381),
        ("one and a half metres", "length", 1.5),
        ("a couple of centimetres", "length", 0.02),
        ("two feet", "length", 0.6096),
        ("1,200 mm", "length", 1.2),
        ("1/2 inch", "length", 0.0127),
        ("twenty five degrees", "angle", math.radians(25)),
        ("90°", "angle", math.radians(90)),
        ("a quarter turn", "angle", math.pi / 2),
        ("one hundred and twenty cm", "length", 1.2),
        ("20 percent", "percent", 0.2),
        ("three times", "times", 3.0),
        ("三厘米", "length", 0.03),
        ("两寸", "length", 2 / 30),
        ("半米", "length", 0.5),
        ("一米五", "length", 1.5),
        ("三公分半", "length", 0.035),
        ("七八厘米", "length", 0.075),
        ("三点五厘米", "length", 0.035),
        ("一百二十厘米", "length", 1.2),
        ("两英寸", "length", 0.0508),
        ("一尺", "length", 1 / 3),
        ("四十五度", "angle", math.radians(45)),
        ("半圈", "angle", math.pi),
        ("百分之二十", "percent", 0.2),
        ("1.5倍", "times", 1.5),
        ("三分之一", "factor", 1 / 3),
    ],
)
def test_a_quantity_comes_out_in_si(text: str, kind: str, si: float) -> None:
    quantity = parse_quantity(normalise(text).plain, 0)
    assert quantity is not None
    assert quantity.kind == kind
    assert quantity.si == pytest.approx(si)
    assert quantity.end == len(normalise(text).plain)


@pytest.mark.parametrize("text", ["打八折", "an m", "a bit", "一点点", "sleeves", "。"])
def test_what_is_no_length_is_not_read_as_one(text: str) -> None:
    quantity = parse_quantity(normalise(text).plain, 0)
    assert quantity is None or quantity.kind != "length"


_DIGITS = "零一二三四五六七八九"


def _spell(number: int) -> str:
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    out = _DIGITS[hundreds] + "百" if hundreds else ""
    if tens:
        out += _DIGITS[tens] + "十"
    elif hundreds and ones:
        out += "零"
    return out + (_DIGITS[ones] if ones else "") or "零"


@given(st.integers(0, 999))
def test_chinese_numerals_read_back(number: int) -> None:
    assert chinese_number(_spell(number)) == number


@given(st.integers(1, 99999))
def test_digits_read_back_in_millimetres(number: int) -> None:
    quantity = parse_quantity(f"{number} mm", 0)
    assert quantity is not None
    assert quantity.si == pytest.approx(number / 1000)
