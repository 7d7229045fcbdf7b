"""Replies: short, with numbers, in both languages."""

from __future__ import annotations

import math
import string

import pytest

from showroom.protocol.messages import Command
from showroom.voice.data import read
from showroom.voice.replies import command_text, question, reply, reply_kinds


def test_a_changed_sleeve_is_said_with_its_number() -> None:
    slots = {"part": "sleeve", "parameter": "length", "delta": 0.03}
    assert reply("adjusted", "en", **slots) == "Sleeves 3 cm longer."
    assert reply("adjusted", "zh", **slots) == "袖子加长3厘米。"
    slots["delta"] = -0.025
    assert reply("adjusted", "en", **slots) == "Sleeves 2.5 cm shorter."
    assert reply("adjusted", "zh-CN", **slots) == "袖子缩短2.5厘米。"


def test_moves_and_turns_are_said_with_their_numbers() -> None:
    moved = {"name": {"en": "Chair", "zh": "椅子"}, "amount": 0.5, "direction": "left"}
    assert reply("moved", "en", **moved) == "Chair moved 50 cm to the left."
    assert reply("moved", "zh", **moved) == "椅子向左移了50厘米。"
    turned = {"name": "chair", "angle": math.radians(30)}
    assert reply("rotated", "en", **turned) == "Chair turned 30 degrees."
    assert reply("rotated", "zh", **turned) == "椅子转了30度。"


def test_a_refusal_states_the_limit() -> None:
    slots = {
        "part": "sleeve", "parameter": "length", "minimum": 0.1, "maximum": 0.7, "asked": 9.2,
    }  # fmt: skip
    english = reply("out_of_range", "en", **slots)
    assert "10 cm to 70 cm" in english
    assert "920 cm" in english
    assert "10厘米到70厘米" in reply("out_of_range", "zh", **slots)


def test_both_languages_know_the_same_kinds_and_slots() -> None:
    english, chinese = read("en/replies.yaml"), read("zh/replies.yaml")
    assert english["kinds"].keys() == chinese["kinds"].keys()
    for group in ("clarify", "commands", "part", "parameter", "category", "color", "near"):
        assert english[group].keys() == chinese[group].keys(), group

    def slots(forms: list[str]) -> set[str]:
        return {n for form in forms for _, n, _, _ in string.Formatter().parse(form) if n}

    for kind in reply_kinds():
        assert slots(chinese["kinds"][kind]) <= slots(english["kinds"][kind]), kind


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_kind_speaks_when_all_slots_are_given(lang: str) -> None:
    for kind, forms in read(f"{lang}/replies.yaml")["kinds"].items():
        names = {n for form in forms for _, n, _, _ in string.Formatter().parse(form) if n}
        text = reply(kind, lang, **{name: "7" for name in names})
        assert text
        assert "{" not in text


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        reply("no_such_kind", "en")
    with pytest.raises(KeyError):
        reply("no_such_size", "en")


def test_a_question_lists_its_choices() -> None:
    commands = [
        Command(action="set_size", size_step=1),
        Command(action="adjust_fit", part="sleeve", parameter="length", delta=0.03),
    ]
    for lang, wanted in (("en", "one size up or sleeves longer"), ("zh", "大一号，还是袖子加长")):
        choices = tuple(command_text(c, lang) for c in commands)
        assert wanted in question("intent", choices, lang)


def test_a_product_without_sizes_names_none():
    assert reply("no_such_size", "en", size="M", sizes=[]) == "It is not made in M."
    assert reply("no_such_size", "zh", size="M", sizes=["S", "L"]) == "没有M码，有S、L。"
