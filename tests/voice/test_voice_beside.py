"""Orders beside their reasons, complaints with their remedies, and amounts said apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from showroom.voice import understand
from showroom.voice.context import Context, Thing
from showroom.voice.memory import noted

ROOM = Context(
    things=(
        Thing("tee-1", "t_shirt", "garment", "grey", "M"),
        Thing("chair-1", "chair", "furniture", "brown"),
        Thing("table-1", "table", "furniture", "white"),
    ),
    worn="tee-1",
)


@pytest.mark.parametrize(
    "text, target, part, delta",
    [
        ("I can't get past, push the table back twenty centimetres", "table-1", "", 0.2),
        ("扣子快崩了，胸围放大五公分", "tee-1", "chest", 0.05),
        ("my kid can't see over the table, make it lower", "table-1", "", -0.1),
        ("this tee's too long on me, shorten it", "tee-1", "", -0.03),
        ("the waist is way too tight, let it out", "tee-1", "waist", 0.05),
        ("桌面厚实点，加一公分", "table-1", "top", 0.01),
        ("sleeves shorter, keep the hem as it is", "tee-1", "sleeve", -0.03),
    ],
)
def test_one_order_is_carried_out(text: str, target: str, part: str, delta: float) -> None:
    (command,) = understand(text, "", ROOM).commands
    assert (command.target, command.part) == (target, part)
    assert command.delta == pytest.approx(delta)


def test_two_complaints_about_two_parts_are_two_changes() -> None:
    commands = understand("the hips are a squeeze and the hem's dragging", "", ROOM).commands
    assert [c.part for c in commands] == ["hip", "hem"]


@pytest.mark.parametrize("text", ["桌子怕不怕烫", "is the table going to fit a two metre wall"])
def test_a_question_of_a_product_is_no_order(text: str) -> None:
    assert understand(text, "", ROOM).intent == "ask"


@pytest.mark.parametrize(
    "before, after, delta",
    [
        ("袖子长三公分", "再长这么多", 0.03),
        ("make the sleeves 2 cm longer", "make it three", 0.01),
        ("make the sleeves 2 cm longer", "the sleeves are a bit too much now", -0.02),
    ],
)
def test_an_amount_counts_from_the_change_before(before: str, after: str, delta: float) -> None:
    context = ROOM
    for command in understand(before, "", ROOM).commands:
        context = noted(replace(context, topic="tee-1"), command)
    (command,) = understand(after, "", context).commands
    assert (command.part, command.delta) == ("sleeve", pytest.approx(delta))
