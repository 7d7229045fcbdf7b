"""Wit.ai's response beside the showroom's own reading of a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from showroom.protocol.messages import Command, WitEntity, WitIntent, WitResponse
from showroom.voice import Context, Interpreter, Thing
from showroom.voice.data import read
from showroom.voice.wit import CREDIBLE, LIFT, tipped

TEE = Thing("tee-1", "t_shirt", "garment", "grey", "M")
CHAIR = Thing("chair-1", "chair", "furniture", "brown")
ROOM = Context(things=(TEE, CHAIR), worn="tee-1")
CHANGED = replace(
    ROOM,
    last=Command(
        action="adjust_fit", target="tee-1", part="sleeve", parameter="length", delta=0.03
    ),
)


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    return Interpreter()


def intent(*names: str, confidence: float = 0.95) -> WitResponse:
    return WitResponse(intents=tuple(WitIntent(name=n, confidence=confidence) for n in names))


def amount(body: str, value: float | str | None, unit: str, **more) -> WitResponse:
    name = more.pop("name", "wit$distance")
    entity = WitEntity(name=name, body=body, value=value, unit=unit, **({"confidence": 0.9} | more))
    return WitResponse(entities={f"{name}:by": (entity,)})


UNSURE = (
    ("let me see it on", "try_on", "try_on"),
    ("let me see it on", "look", "look"),
    ("back it goes", "wit$go_back", "undo"),
    ("back it goes", "wit/go_back", "undo"),
    ("back it goes", "Undo", "undo"),
    ("往回", "undo", "undo"),
    ("lose the last one", "undo", "undo"),
)
"""Sentences that may be taken for several things, and one that Wit.ai takes them for."""


def test_an_unsure_reading_is_tipped(interpreter):
    tried = 0
    for text, named, action in UNSURE:
        if interpreter.understand(text, "", ROOM).clarify is not None:
            got = interpreter.understand(text, "", ROOM, intent(named))
            assert [c.action for c in got.commands] == [action], text
            tried += 1
    assert tried >= 4, "of these the showroom must be unsure by itself"


@pytest.mark.parametrize("context", [ROOM, CHANGED])
@pytest.mark.parametrize("named", ["undo", "add_to_basket", "out_of_scope", "wit$stop"])
def test_a_sure_reading_stays(interpreter, named, context):
    surely = ("pop the shirt on me", "make the sleeves 3 cm longer", "袖子加长三厘米")
    for text in (*surely, *dict.fromkeys(text for text, _, _ in UNSURE)):
        own = interpreter.understand(text, "", context)
        assert own.commands or text not in surely
        if own.commands:
            got = interpreter.understand(text, "", context, intent(named, confidence=1.0))
            assert got == own, text


@pytest.mark.parametrize("named", ["buy_everything", "aside", "clarify", "", "wit$play_music"])
@pytest.mark.parametrize("text", ["let me see it on", "往回", "scrub that last bit"])
def test_a_name_that_means_nothing_here_counts_for_nothing(interpreter, text, named):
    own = interpreter.understand(text, "", ROOM)
    assert interpreter.understand(text, "", ROOM, intent(named)) == own
    unsure = interpreter.understand(text, "", ROOM, intent("undo", confidence=CREDIBLE - 0.01))
    assert unsure == own


@pytest.mark.parametrize(
    "text", ["set the price to 0", "what is the weather on the moon", "把价格改成零"]
)
def test_what_is_out_of_scope_is_not_talked_into_it(interpreter, text):
    for named in ("add_to_basket", "scale", "yes"):
        got = interpreter.understand(text, "", ROOM, intent(named, confidence=1.0))
        assert (got.intent, got.commands) == ("out_of_scope", ())


def test_one_intent_says_nothing_of_two_requests(interpreter):
    text = "shorter sleeves and let me see it on"
    own = interpreter.understand(text, "", ROOM)
    assert interpreter.understand(text, "", ROOM, intent("try_on")) == own


def test_odds_grow_by_what_wit_is_sure_of_and_no_further():
    shares = {"undo": 0.4, "less": 0.35, "no": 0.25}
    for confidence in (0.5, 0.8, 1.0):
        got = tipped(shares, intent("less", confidence=confidence), 0.65)
        odds = got["less"] / got["undo"] / (shares["less"] / shares["undo"])
        assert odds == pytest.approx(LIFT**confidence)
        assert sum(got.values()) == pytest.approx(1.0)
    assert next(iter(tipped(shares, intent("less"), 0.65))) == "less"
    assert tipped(shares, intent("less"), 0.4) == shares
    faint = tipped({"undo": 0.37, "less": 0.33, "no": 0.3}, intent("undo", confidence=1.0), 0.65)
    assert faint["undo"] < 0.65, "one word of an app's is not enough"


def test_the_table_s_names_are_the_showroom_s():
    known = Interpreter()._model.probabilities
    shares = known(Interpreter().weigh("undo", ROOM)[0][0])
    for meant in read("wit.yaml")["intents"].values():
        assert meant
        assert set(meant) <= set(shares)


@pytest.mark.parametrize(
    ("text", "body", "value", "unit"),
    [
        ("make the sleeves longer by tree centimetros", "tree centimetros", 5, "centimeter"),
        ("make the sleeves longer by 5 centimetros", "5 centimetros", 5, "centimeter"),
        ("Make the sleeves longer by Zwei Zoll", "zwei zoll", 2, "inch"),
        ("袖子加长5里外", "5里外", 5, "centimeter"),
    ],
)
def test_an_amount_that_only_wit_could_read_is_filled_in(interpreter, text, body, value, unit):
    got = interpreter.understand(text, "", ROOM, amount(body, value, unit))
    (command,) = got.commands
    assert (command.action, command.part) == ("adjust_fit", "sleeve")
    assert command.delta == pytest.approx(value * {"centimeter": 0.01, "inch": 0.0254}[unit])


SAID = "make the sleeves longer by tree centimetros"


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("make the sleeves 3 cm longer", amount("3 cm", 9, "centimeter")),
        ("make the sleeves a bit longer", amount("a bit", 9, "centimeter")),
        ("make the sleeves longer", amount("9 cm", 9, "centimeter")),
        ("make the sleeves longer", amount("longer", 9, "centimeter")),
        ("make the sleeves longer by 5 centimetros", amount("5 centimetros", 9, "centimeter")),
        (SAID, amount("tree centimetros", 9, "gallon")),
        (SAID, amount("tree centimetros", -9, "centimeter")),
        (SAID, amount("tree centimetros", "nine", "centimeter")),
        (SAID, amount("tree centimetros", None, "centimeter")),
        (SAID, amount("tree centimetros", float("nan"), "centimeter")),
        (SAID, amount("tree centimetros", 9, "centimeter", confidence=0.2)),
        (SAID, amount("tree centimetros", 9, "centimeter", name="wit$duration")),
        (SAID, amount("", 9, "centimeter")),
        (SAID, amount("ree centimetros", 9, "centimeter")),
    ],
)
def test_an_amount_that_was_said_or_was_not_stays_as_it_is(interpreter, text, response):
    own = interpreter.understand(text, "", ROOM)
    assert own.commands
    assert interpreter.understand(text, "", ROOM, response) == own
