"""What a sentence may come to in a conversation, and which of it is likeliest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from showroom.protocol.messages import Command
from showroom.voice import Context, Thing, understand
from showroom.voice.interpreter import Interpreter, default_interpreter
from showroom.voice.leanings import leanings
from showroom.voice.memory import noted
from showroom.voice.ranking import load_ranking
from showroom.voice.readings import readings

DRESS = Thing("dress-1", "dress", "garment", "black", "M")
TABLE = Thing("table-1", "table", "furniture", "white")
ROOM = Context(things=(DRESS, TABLE), worn="dress-1", topic="dress-1")
HEM = Command(
    action="adjust_fit", target="dress-1", part="hem", parameter="length", delta=0.04
)  # fmt: skip
LOWER = Command(action="adjust_fit", target="table-1", parameter="height", delta=-0.05)
PAINTED = noted(noted(ROOM, Command(action="set_color", target="dress-1", color="olive")), HEM)


@pytest.mark.parametrize("text", ["I overdid it", "that went too far", "弄过头了", "加狠了"])
def test_too_much_takes_back_some_or_all_of_the_last_change(text: str) -> None:
    (command,) = understand(text, "", noted(ROOM, HEM)).commands
    assert command.action == "undo" or (command.part == "hem" and (command.delta or 0.0) < 0)


@pytest.mark.parametrize("text", ["再矮这么多", "same amount again, it's for my son"])
def test_the_amount_before_is_that_much(text: str) -> None:
    (command,) = understand(text, "", noted(ROOM, LOWER)).commands
    assert (command.target, command.delta) == ("table-1", -0.05)


def test_readings_are_each_found_once_and_their_probabilities_sum_to_one() -> None:
    context = PAINTED
    phrases, shares = default_interpreter().weigh("same for the waist, it's for a wedding", context)
    found = readings(phrases, shares, context)
    keys = [(r.intent if not r.commands else "", repr(r.commands)) for r in found]
    assert len(set(keys)) == len(keys) > 10
    likely = load_ranking().probabilities(found, phrases[0], shares[0], context)
    assert likely.sum() == pytest.approx(1.0)


def test_every_saying_has_a_reading_that_it_means() -> None:
    engine = default_interpreter()
    said = missed = 0
    for leaning, context in leanings([noted(ROOM, HEM), noted(ROOM, LOWER)]):
        phrases, shares = engine.weigh(leaning.text, context)
        said += 1
        missed += not any(leaning.means(r) for r in readings(phrases, shares, context))
        if said == 60:
            break
    assert said == 60
    assert missed <= 3


GREY = Thing("sofa-1", "sofa", "furniture", "grey")
BLUE = Thing("sofa-2", "sofa", "furniture", "blue")
SHOP = Context(things=(DRESS, GREY), worn="dress-1", stock=(DRESS, GREY, BLUE))


@pytest.mark.parametrize("text", ["bring the blue sofa in", "把蓝沙发搬进来"])
def test_what_the_shop_has_in_that_color_comes_and_what_is_there_is_not_dyed(text: str) -> None:
    (command,) = understand(text, "", SHOP).commands
    assert (command.action, command.target) == ("place", "sofa-2")
    (dyed,) = understand("make the sofa blue", "", SHOP).commands
    assert (dyed.action, dyed.target) == ("set_color", "sofa-1")


def test_once_a_thing_is_gone_what_is_left_is_talked_about() -> None:
    here = replace(SHOP, things=(DRESS, GREY, BLUE))
    moved = noted(here, Command(action="move", target="sofa-2", direction="left", delta=0.3))
    gone = noted(moved, Command(action="take_off", target="sofa-1"))
    left = replace(gone, things=(DRESS, BLUE))
    (command,) = understand("turn it to face the door", "", left).commands
    assert (command.action, command.target) == ("rotate", "sofa-2")


def test_back_it_up_moves_it_back() -> None:
    context = noted(SHOP, Command(action="move", target="sofa-1", near="me", delta=0.3))
    (command,) = understand("back it up thirty centimetres", "", context).commands
    assert (command.direction, command.delta) == ("back", pytest.approx(0.3))


def test_what_is_so_already_is_not_set_again() -> None:
    leather = Command(action="set_choice", target="sofa-1", part="material", option="leather")
    (command,) = understand("brown leather, not blue", "", noted(SHOP, leather)).commands
    assert (command.action, command.color) == ("set_color", "brown")


def test_what_is_not_understood_is_asked_about_but_never_twice_in_a_row() -> None:
    context = noted(ROOM, HEM)
    text = "and the whole thing seventy-five long"
    grammar = Interpreter(second=False)
    got = grammar.understand(text, "", context)
    assert got.clarify is not None
    assert 0 < len(got.clarify.choices) <= 3
    again = grammar.understand(text, "", replace(context, asked=got.clarify))
    assert again.clarify is None
