"""Words for trousers, shorts, hats and shoes, and whose legs are meant."""

import pytest

from showroom.protocol.messages import Command
from showroom.voice import Context, Thing, understand

ROOM = (
    Thing("jeans-1", "pants", "garment", "blue", "M"),
    Thing("shorts-1", "shorts", "garment", "black", "M"),
    Thing("cap-1", "hat", "garment", "red"),
    Thing("boots-1", "shoes", "garment", "brown"),
    Thing("table-1", "table", "furniture", "white"),
)
DRESSED = Context(things=ROOM, worn="jeans-1")


def one(text, context):
    found = understand(text, "", context)
    assert len(found.commands) == 1, (text, found)
    return found.commands[0]


@pytest.mark.parametrize(
    ("text", "delta"),
    [
        ("make the legs 2 cm shorter", -0.02),
        ("shorten the inseam by 2 cm", -0.02),
        ("make the trouser legs three centimeters longer", 0.03),
        ("legs 2 cm shorter", -0.02),
        ("裤长短两厘米", -0.02),
        ("裤腿改短两厘米", -0.02),
        ("裤腿加长三厘米", 0.03),
    ],
)
def test_legs_of_worn_trousers_are_re_fitted(text, delta):
    command = one(text, DRESSED)
    assert (command.action, command.target, command.part) == ("adjust_fit", "jeans-1", "leg")
    assert command.parameter == "length"
    assert command.delta == pytest.approx(delta)


def test_legs_of_a_named_or_last_touched_table_are_the_tables():
    assert one("make the table legs 2 cm longer", DRESSED).target == "table-1"
    moved = Context(
        things=ROOM, worn="jeans-1", last=Command(action="move", target="table-1", delta=0.5)
    )
    assert one("make the legs 2 cm longer", moved).target == "table-1"


def test_the_waist_and_the_whole_are_words_of_trousers_too():
    command = one("make the waist 2 cm wider", DRESSED)
    assert (command.target, command.part) == ("jeans-1", "waist")
    assert one("make the shorts 3 cm longer", DRESSED).target == "shorts-1"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("try on the jeans", "jeans-1"),
        ("put the beanie on", "cap-1"),
        ("try the boots on", "boots-1"),
        ("试穿牛仔裤", "jeans-1"),
        ("试穿短裤", "shorts-1"),
        ("试试棒球帽", "cap-1"),
        ("试穿运动鞋", "boots-1"),
    ],
)
def test_they_are_put_on_by_their_words(text, target):
    command = one(text, Context(things=ROOM))
    assert (command.action, command.target) == ("try_on", target)
