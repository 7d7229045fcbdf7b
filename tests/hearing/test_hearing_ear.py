"""Turns: when they begin and end, what is kept of them, what breaks into a reply."""

import numpy as np
import pytest
from speech_toys import LevelVad, WordRecogniser, said, tone

from showroom.hearing.audio import FRAME
from showroom.hearing.ear import Ear


def ear_for(*words, complete=lambda text, lang: True):
    recogniser = WordRecogniser(*words)
    return Ear(LevelVad(), recogniser, complete=complete), recogniser


def hear(ear, samples, chunk=FRAME):
    return [r for i in range(0, len(samples), chunk) for r in ear.accept(samples[i : i + chunk])]


def final(reports):
    return [r for r in reports if r.kind == "final"]


def test_a_turn_gives_begin_partials_and_one_final_text():
    ear, _ = ear_for("one", "size", "up")
    reports = hear(ear, np.concatenate((tone(0.5, 0), said(3.0, 1.0))))
    assert next(r.kind for r in reports) == "begin"
    assert [r.text for r in reports if r.kind == "partial"] == ["one", "one size", "one size up"]
    assert [r.text for r in final(reports)] == ["one size up"]


def test_the_pre_roll_belongs_to_the_turn():
    ear, recogniser = ear_for("undo")
    hear(ear, np.concatenate((tone(1.0, 0), said(1.0, 1.0))))
    heard = np.concatenate(recogniser.streams[0].samples)
    lead = int(np.argmax(np.abs(heard) > 1000)) / 16000
    assert 0.16 < lead < 0.30


@pytest.mark.parametrize(("complete", "pause"), [(True, 0.2), (False, 0.6)])
def test_a_turn_ends_sooner_when_the_command_is_complete(complete, pause):
    ear, _ = ear_for("undo", complete=lambda text, lang: complete)
    reports = hear(ear, np.concatenate((tone(0.512, 0), said(1.024, 1.5))))
    (end,) = final(reports)
    assert end.at - (0.512 + 1.024) == pytest.approx(pause, abs=0.04)


@pytest.mark.parametrize(
    ("reason", "closed", "understood", "pause"),
    [
        ("", True, False, 0.15),  # a whole sentence that takes a question back, and is closed
        ("", False, True, 0.2),
        ("", False, False, 0.6),
        ("unfinished", False, True, 0.6),  # what the grammar cannot end with is never whole
    ],
)
def test_the_grammar_has_the_first_word_on_a_pause(reason, closed, understood, pause):
    ear, recogniser = ear_for("undo", complete=lambda text, lang: understood)
    recogniser.reason, recogniser.closed = reason, closed
    (end,) = final(hear(ear, np.concatenate((tone(0.512, 0), said(1.024, 1.5)))))
    assert end.at - (0.512 + 1.024) == pytest.approx(pause, abs=0.04)


def test_who_pauses_within_a_sentence_is_not_cut_off():
    ear, recogniser = ear_for("make", "the", "sleeves", "longer", complete=lambda t, _: "er" in t)
    reports = hear(ear, said(3.0, 0.5, 1.0, 1.0))
    assert [r.text for r in final(reports)] == ["make the sleeves longer"]
    assert len(recogniser.streams) == 1


def test_a_click_is_no_turn():
    ear, recogniser = ear_for("undo")
    assert hear(ear, said(0.05, 1.0, 0.05, 1.0)) == []
    assert recogniser.streams == []


def test_only_sustained_speech_breaks_into_a_reply():
    ear, _ = ear_for("stop")
    ear.playing = True
    assert hear(ear, said(0.45, 0.5)) == []
    begun = [r for r in hear(ear, said(1.0, 1.0)) if r.kind == "begin"]
    assert [r.barged for r in begun] == [True]


def test_the_words_of_who_breaks_in_are_heard_from_their_first():
    ear, recogniser = ear_for("stop")
    ear.playing = True
    hear(ear, np.concatenate((tone(1.0, 0), said(1.0, 1.0))))
    loud = np.abs(np.concatenate(recogniser.streams[0].samples)) > 1000
    assert loud.sum() / 16000 == pytest.approx(1.0, abs=0.07)


def test_who_never_stops_is_told_so_and_nothing_is_kept():
    ear, recogniser = ear_for("undo")
    reports = hear(ear, tone(20.0))
    (error,) = [r.error for r in reports if r.error]
    assert (error.field, error.code) == ("duration", "too_large")
    assert recogniser.streams[0].seconds < 16.0


def test_ten_minutes_of_speech_give_errors_and_no_command():
    ear, recogniser = ear_for("undo")
    minute = tone(60.0)
    reports = [r for _ in range(10) for r in ear.accept(minute)]
    assert [r.kind for r in reports if r.kind != "partial"] == ["begin", "error"]
    assert all(stream.seconds < 16.0 for stream in recogniser.streams)


def test_the_end_of_what_was_too_long_is_no_command_and_the_next_sentence_is_heard():
    ear, recogniser = ear_for("undo")
    reports = hear(ear, said(16.5, 0.3, 1.0, 1.0))  # no pause yet
    assert [r.kind for r in reports if r.kind != "partial"] == ["begin", "error"]
    assert [r.text for r in final(hear(ear, said(1.0, 1.0)))] == ["undo"]
    assert len(recogniser.streams) == 2


def test_a_sentence_that_was_torn_is_dropped_and_the_next_one_heard():
    ear, _ = ear_for("undo")
    hear(ear, said(1.0))
    assert [(r.text, r.reason) for r in ear.tear()] == [("", "lost")]
    assert not final(hear(ear, said(2.0, 1.0)))  # its other half
    assert ear.tear() == []
    assert not final(hear(ear, tone(1.0, 0)))
    assert [r.text for r in final(hear(ear, said(1.0, 1.0)))] == ["undo"]


def test_clipped_speech_is_an_error_with_its_remedy():
    ear, _ = ear_for("undo")
    reports = hear(ear, np.concatenate((tone(1.0, 32767), tone(1.0, 0))))
    (error,) = [r.error for r in reports if r.error]
    assert error.field == "level"
    assert "turn it down" in str(error)
    assert not final(reports)


def test_a_stream_that_ends_ends_its_turn():
    ear, _ = ear_for("undo")
    assert not final(hear(ear, said(1.0, 0.1)))
    assert [r.text for r in ear.finish()] == ["undo"]


def test_a_stream_without_speech_says_that_nothing_was_heard():
    ear, _ = ear_for("undo")
    hear(ear, tone(2.0, 0))
    assert [(r.text, r.reason) for r in ear.finish()] == [("", "silence")]


def test_what_is_cancelled_is_forgotten():
    ear, _ = ear_for("undo")
    hear(ear, said(1.0))
    ear.cancel()
    assert [r.text for r in ear.finish()] == [""]


def test_chunks_of_any_length_are_heard_alike():
    samples = np.concatenate((tone(0.4, 0), said(1.5, 1.0)))
    texts = []
    for chunk in (100, 320, 3200, len(samples)):
        ear, _ = ear_for("undo", "that")
        texts.append([(r.kind, r.text, r.at) for r in hear(ear, samples, chunk) if r.text])
    assert all(found[-1] == texts[0][-1] for found in texts)
