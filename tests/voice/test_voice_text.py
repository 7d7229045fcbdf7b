"""Normalising what was typed, and knowing where it came from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from showroom.voice.text import detect_language, normalise


def test_width_case_traditional_and_lookalikes_fold() -> None:
    assert normalise("ＭＡＫＥ　it 長一點").plain == "make it 长一点"
    assert normalise("mаke").plain == "make"  # Cyrillic а
    assert normalise("T-Shirt").plain == "t shirt"


def test_the_invisible_vanishes() -> None:
    assert normalise("lon\u200bger\ufeff 👍🏽\x00\x1b please").plain == "longer please"


def test_spans_lead_back_to_the_original() -> None:
    text = normalise("  Sleeves　３ cm longer")
    at = text.plain.index("3")
    start, end = text.span(at, at + 4)
    assert text.original[start:end] == "３ cm"


@given(st.text(max_size=200))
def test_any_text_normalises_with_valid_origins(text: str) -> None:
    out = normalise(text)
    assert len(out.origin) == len(out.plain) + 1
    assert all(0 <= i <= len(text) for i in out.origin)
    assert list(out.origin) == sorted(out.origin)
    assert "  " not in out.plain


def test_the_sentence_decides_the_language_and_the_hint_breaks_ties() -> None:
    assert detect_language("make it longer", "zh-CN") == "en"
    assert detect_language("袖子 longer 一点", "en") == "zh"
    assert detect_language("!!", "zh-CN") == "zh"
    assert detect_language("", "") == "en"
