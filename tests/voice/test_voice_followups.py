"""What leans on the conversation: what was listed, talked about, asked and pointed at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from showroom.protocol.messages import Command
from showroom.voice import Context, Thing, understand
from showroom.voice.context import ContextError
from showroom.voice.interval import wilson
from showroom.voice.memory import noted
from showroom.voice.score import load
from showroom.voice.score_conversations import play

HERE = Path(__file__).parent
TEE = Thing("tee-1", "t_shirt", "garment", "grey", "M")
BLACK = Thing("jacket-1", "jacket", "garment", "black", "M")
BROWN = Thing("jacket-2", "jacket", "garment", "brown", "M")
CHAIR = Thing("chair-1", "chair", "furniture", "brown")
TABLE = Thing("table-1", "table", "furniture", "white")
ROOM = Context(things=(TEE, CHAIR, TABLE), worn="tee-1")
LISTED = replace(ROOM, listed=("jacket-1", "jacket-2"), shelf=(BLACK, BROWN), topic="jacket-1")


@pytest.mark.parametrize("text", ["the second one", "the brown one", "第二个", "棕色的那个"])
def test_one_of_those_listed_is_chosen(text: str) -> None:
    (command,) = understand(text, "", LISTED).commands
    assert (command.action, command.target) == ("choose", "jacket-2")


@pytest.mark.parametrize("text", ["the other one", "换一个"])
def test_the_other_one_is_the_next_of_those_listed(text: str) -> None:
    (command,) = understand(text, "", LISTED).commands
    assert command.target == "jacket-2"


@pytest.mark.parametrize("text", ["try it on", "试试看"])
def test_what_was_talked_about_is_tried_on(text: str) -> None:
    (command,) = understand(text, "", LISTED).commands
    assert (command.action, command.target) == ("try_on", "jacket-1")


@pytest.mark.parametrize("text", ["no, the hem", "不是，下摆"])
def test_a_correction_names_another_part(text: str) -> None:
    last = Command(
        action="adjust_fit", target="tee-1", part="sleeve", parameter="length", delta=-0.02
    )
    (command,) = understand(text, "", replace(ROOM, last=last, topic="tee-1")).commands
    assert (command.part, command.delta) == ("hem", -0.02)


@pytest.mark.parametrize("text", ["and this one too", "那个也是"])
def test_the_pointing_ray_says_which(text: str) -> None:
    last = Command(action="adjust_fit", target="chair-1", parameter="width", delta=0.05)
    context = replace(ROOM, last=last, topic="chair-1", pointed="table-1")
    (command,) = understand(text, "", context).commands
    assert (command.target, command.parameter, command.delta) == ("table-1", "width", 0.05)


def test_which_piece_of_furniture_is_asked_where_several_stand() -> None:
    got = understand("turn it thirty degrees", "", ROOM)
    assert got.commands == ()
    assert got.clarify is not None
    assert got.clarify.choices == ("chair", "table")


def test_what_is_taken_back_in_one_sentence_is_not_done() -> None:
    got = understand("把袖子弄短，不对，弄长两厘米", "", ROOM)
    assert [c.delta for c in got.commands] == [0.02]


def test_the_development_conversations_stay_understood() -> None:
    for name, least in (("dev", 0.88), ("dev2", 0.88), ("dev3", 0.84), ("dev4", 0.88)):
        tally = play(load(HERE / f"conversations_{name}.jsonl"))
        assert tally.followed >= least * tally.follow_ups, [e[:2] for e in tally.errors]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("show me something under a hundred euros", None, 100.0),
        ("show me tables between 100 and 300 pounds", 100.0, 300.0),
        ("五百块以内的沙发", None, 500.0),
    ],
)
def test_prices_bound_what_is_shown(text: str, low: float | None, high: float | None) -> None:
    (command,) = understand(text).commands
    assert (command.action, command.price_low, command.price_high) == ("show", low, high)


def test_an_interval_holds_its_share() -> None:
    low, high = wilson(0.6, 100)
    assert 0.50 < low < 0.60 < high < 0.70


@pytest.mark.parametrize(
    "data", ["nope", {"things": [{"id": 1}]}, {"worn": 5}, {"last": {"action": "fly"}}]
)
def test_a_context_of_another_form_is_refused(data: object) -> None:
    with pytest.raises(ContextError, match="expected an object with things"):
        Context.from_dict(data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "action", "delta"),
    [
        ("half of that back", "adjust_fit", -0.015),
        ("只要一半", "adjust_fit", -0.015),
        ("another two", "adjust_fit", 0.02),
        ("再来两公分", "adjust_fit", 0.02),
        ("and the hem as well", "adjust_fit", 0.03),
        ("maybe not", "undo", None),
        ("退回去", "undo", None),
    ],
)
def test_a_fragment_inherits_what_it_does_not_say(
    text: str, action: str, delta: float | None
) -> None:
    longer = Command(
        action="adjust_fit", target="tee-1", part="sleeve", parameter="length", delta=0.03
    )
    (command,) = understand(text, "", noted(ROOM, longer)).commands
    assert command.action == action
    assert command.delta == (delta if delta is None else pytest.approx(delta))


def test_an_earlier_value_comes_back_though_other_things_changed_since() -> None:
    red = Command(action="set_color", target="tee-1", color="red")
    large = Command(action="set_size", target="tee-1", size="L")
    context = noted(noted(ROOM, red), large)
    (command,) = understand("the previous colour was nicer", "", context).commands
    assert (command.action, command.color) == ("set_color", "grey")


def test_which_of_two_alike_is_asked_and_told_by_its_colour() -> None:
    grey, blue = (Thing(f"sofa-{c}", "sofa", "furniture", c) for c in ("grey", "blue"))
    room = replace(ROOM, things=(TEE, grey, blue))
    asked = understand("put the sofa by the wall", "", room).clarify
    assert asked is not None
    assert asked.choices == ("grey sofa", "blue sofa")
    (command,) = understand("the blue one", "", replace(room, asked=asked)).commands
    assert (command.action, command.target, command.near) == ("place", "sofa-blue", "wall")


def test_a_change_taken_back_is_no_longer_leant_on() -> None:
    red = Command(action="set_color", target="tee-1", color="red")
    after = noted(noted(ROOM, red), Command(action="undo"))
    assert (after.past, len(after.ahead)) == ((), 1)
    assert noted(after, Command(action="redo")).past[-1].before == "grey"
