"""What the second reader promises: frames that go there and back, and a say with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from showroom.protocol.messages import Command
from showroom.voice import embedding
from showroom.voice.context import Clarify, Context, Thing
from showroom.voice.effect import same_commands
from showroom.voice.frame import SILENT, frame_of, spoken
from showroom.voice.furnishing import copy as replace_command
from showroom.voice.interpreter import Interpreter
from showroom.voice.reader_data import people
from showroom.voice.reader_input import input_of
from showroom.voice.rebuild import command_of
from showroom.voice.second import load_second

SENTENCES = Path(__file__).parent
ROOM = Context(
    things=(
        Thing("tee-1", "t_shirt", "garment", "grey", "M"),
        Thing("chair-1", "chair", "furniture", "brown"),
        Thing("sofa-1", "sofa", "furniture", "grey"),
    ),
    worn="tee-1",
)
needs_encoder = pytest.mark.skipif(
    not embedding.available(), reason="needs the sentence encoder (extra embed)"
)


@pytest.fixture(scope="module")
def grammar() -> Interpreter:
    return Interpreter(second=False)


@needs_encoder
def test_commands_that_people_want_are_the_same_after_frame_and_back(grammar: Interpreter) -> None:
    lost, count = [], 0
    for sentence in people([SENTENCES])[::7]:
        tokens = grammar.scanned(sentence.text)
        wanted = [c for c in sentence.commands if c.action not in SILENT]
        frame = frame_of(wanted, sentence.context, tokens)
        for command, slots in zip(wanted, frame, strict=True):
            at = spoken(tokens, slots.number or 0.0, factor=command.action == "scale")
            number = tokens[at[0]] if slots.number is not None and at else None
            made = command_of(slots, number, sentence.context)
            count += 1
            if made is None or not same_commands([command], [made], sentence.context):
                lost.append((sentence.text, command, made))
    assert count > 500
    assert len(lost) <= count // 100, lost


@needs_encoder
@pytest.mark.parametrize("text", ["make the sleeves 3 cm longer", "袖子加长三公分，沙发往左挪半米"])
def test_marks_stand_on_the_words_that_they_are_of(grammar: Interpreter, text: str) -> None:
    tokens = grammar.scanned(text)
    seen = input_of(tokens, ROOM)
    assert len(seen.pieces) == len(seen.over) == len(seen.marks)
    told = {i for over in seen.over for i in over}
    assert told == set(range(len(tokens)))
    sleeve = next(i for i, t in enumerate(tokens) if t.get("part") == "sleeve")
    on = [m for over, m in zip(seen.over, seen.marks, strict=True) if over == (sleeve,)]
    assert on
    assert all("part=sleeve" in marks for marks in on)


@needs_encoder
def test_states_are_those_that_the_encoder_averages() -> None:
    weights = embedding.encoder_weights()
    model = embedding._encoder()._model
    for text in ("the sofa is too wide", "裙子太短了"):
        ids, _ = embedding.pieces_of(text)
        made = embedding.states(ids, weights)
        mean = (made.sum(axis=0) @ model.cnn_W + len(ids) * model.cnn_b) / len(ids) ** 0.5
        hidden = np.maximum(mean @ model.p1 + np.maximum(mean @ model.d0, 0) @ model.d1, 0)
        out = np.tanh(hidden @ model.p3 + np.maximum(hidden @ model.d2, 0) @ model.d3)
        assert out @ embedding.embed_one(text) / np.linalg.norm(out) > 0.999


@needs_encoder
def test_the_same_sentence_is_always_read_alike_and_disagreement_is_told() -> None:
    second = load_second()
    assert second is not None
    grammar = Interpreter(second=False)
    tokens = grammar.scanned("move the sofa half a metre to the left")
    reading = second.reader.read(tokens, ROOM)
    again = second.reader.read(tokens, ROOM)
    assert np.array_equal(reading.intent, again.intent)
    assert next(iter(reading.intents)) == "move"
    slots = reading.best(0)
    assert (slots.values["direction"], slots.target) == ("left", "sofa-1")
    number = reading.pointed(0)
    assert number is not None
    assert number.si == pytest.approx(0.5)
    assert command_of(slots, number, ROOM) == Command(
        action="move", target="sofa-1", direction="left", delta=0.5
    )


@needs_encoder
def test_what_the_grammar_misreads_is_read_otherwise_or_asked_and_the_reason_is_told() -> None:
    grammar, both = Interpreter(second=False), Interpreter()
    sofa = Command(action="move", target="sofa-1", direction="left", delta=0.5)
    second = load_second()
    assert second is not None
    text = "move the sofa half a metre to the left"
    own = grammar.understand(text, "en", ROOM)
    assert own.commands == (sofa,)
    misread = replace(own, commands=(replace_command(sofa, direction="right"),))
    tokens = grammar.scanned(text)
    got = second.opinion(misread, tokens, ROOM, lambda options: Clarify("?", (), options))
    assert got.commands in ((), (sofa,))
    assert "direction left, not right" in got.second
    if got.clarify is not None:
        assert (sofa,) in got.clarify.commands
    assert both.understand(text, "en", ROOM).commands == (sofa,)
    assert both.understand(text, "en", ROOM).second == ""


@needs_encoder
def test_no_second_question_follows_a_question() -> None:
    asked = replace(ROOM, asked=Clarify("?"))
    engine = Interpreter()
    for sentence in people([SENTENCES])[::40]:
        context = replace(sentence.context, asked=asked.asked)
        assert engine.understand(sentence.text, "", context).clarify is None, sentence.text
