"""What is misheard, corrected in passing, or said in one breath."""

from __future__ import annotations

import pytest

from showroom.voice import understand
from showroom.voice.context import Context, Thing

ROOM = Context(
    things=(
        Thing("tee-1", "t_shirt", "garment", "grey", "M"),
        Thing("chair-1", "chair", "furniture", "brown"),
        Thing("sofa-1", "sofa", "furniture", "grey"),
    ),
    worn="tee-1",
)


def _said(text: str) -> list[tuple[str, ...]]:
    commands = understand(text, "", ROOM).commands
    return [(c.action, c.target, c.part or c.color or c.size or c.near) for c in commands]


@pytest.mark.parametrize(
    "text, part, delta",
    [
        ("秀子在长一点", "sleeve", 0.02),
        ("妖围放两公分", "waist", 0.02),
        ("sleeves shorter by two, no, three centimetres", "sleeve", -0.03),
        ("袖子长三公分 呃不是 是短三公分", "sleeve", -0.03),
        ("this waist is so tight, 喘不上气来", "waist", 0.03),
    ],
)
def test_what_was_meant_is_changed(text: str, part: str, delta: float) -> None:
    (command,) = understand(text, "", ROOM).commands
    assert (command.part, command.delta) == (part, pytest.approx(delta))


def test_a_number_takes_the_unit_said_elsewhere() -> None:
    text = "add two to the shoulders and three to the chest, centimetres obviously"
    deltas = [c.delta for c in understand(text, "", ROOM).commands]
    assert deltas == pytest.approx([0.02, 0.03])


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("large and in navy", [("set_size", "tee-1", "L"), ("set_color", "tee-1", "navy")]),
        (
            "sofa and chair both in navy",
            [("set_color", "sofa-1", "navy"), ("set_color", "chair-1", "navy")],
        ),
        (
            "沙发改成白色 椅子改成灰色",
            [("set_color", "sofa-1", "white"), ("set_color", "chair-1", "grey")],
        ),
        ("a green skirt please", [("show", "skirt", "green")]),
    ],
)
def test_all_that_one_breath_asks_for_is_done(text: str, wanted: list[tuple[str, ...]]) -> None:
    assert _said(text) == wanted


@pytest.mark.parametrize(
    "text", ["make it NaN cm longer", "turn the chair 99999999999999999999 degrees", "fix that"]
)
def test_what_no_number_says_is_asked(text: str) -> None:
    assert understand(text, "", ROOM).clarify is not None


@pytest.mark.parametrize("text", ["set the price of this to one cent", "\ud83d", "举个例子"])
def test_nothing_is_done_for_it(text: str) -> None:
    got = understand(text, "", ROOM)
    assert got.commands == () and got.text.encode("utf-8")
