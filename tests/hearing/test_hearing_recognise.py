"""The embedded recogniser on spoken sentences, and on what is no command."""

import io
import json

import numpy as np
import pytest

from showroom import app
from showroom.counter.listening import run_hear
from showroom.hearing.audio import RATE
from showroom.hearing.ear import Ear
from showroom.hearing.grammar import SpokenGrammar, Stocked
from showroom.hearing.noise import colored, mixed, music
from showroom.hearing.shop import Hearing, complete_for
from showroom.hearing.speech import EspeakVoice
from showroom.hearing.sphinx import SphinxRecogniser
from showroom.hearing.vad import WINDOW, SileroVad
from showroom.voice import Interpreter

SENTENCES = (
    "undo that",
    "one size up please",
    "make the sleeves three centimeters longer",
    "turn the chair forty five degrees to the left",
)
CHATTER = (
    "who won the football last night",
    "tell me a joke about penguins",
    "my knee hurts when i run",
)
RNG = np.random.default_rng(4)
INTERPRETER = Interpreter()


@pytest.fixture(scope="module")
def recogniser():
    return SphinxRecogniser(SpokenGrammar([Stocked("chair", ("Strandmon armchair",))]))


@pytest.fixture(scope="module")
def voice():
    return EspeakVoice()


def padded(samples):
    silence = np.zeros(RATE // 2, dtype=np.int16)
    return np.concatenate((silence, samples, silence, silence))


def hear(recogniser, samples):
    ear = Ear(SileroVad(), recogniser, partials=False)
    reports = [*ear.accept(samples), *ear.finish()]
    return " ".join(r.text for r in reports if r.kind == "final" and r.text)


def test_spoken_commands_are_heard(recogniser, voice):
    heard = [hear(recogniser, padded(voice.say(text, "en"))) for text in SENTENCES]
    right = [a for a, b in zip(heard, SENTENCES, strict=True) if a == b]
    assert len(right) >= len(SENTENCES) - 1, heard


def test_commands_are_heard_in_some_noise(recogniser, voice):
    heard = []
    for text in SENTENCES[:3]:
        clean = padded(voice.say(text, "en")).astype(np.float64)
        noise = colored(np.random.default_rng(len(text)), len(clean), 1.0)
        heard.append(hear(recogniser, mixed(clean, noise, 20.0).astype(np.int16)))
    assert sum(a == b for a, b in zip(heard, SENTENCES, strict=False)) >= 2, heard


def test_a_product_is_heard_by_a_name_that_no_dictionary_has(recogniser, voice):
    text = "show me the strandmon armchair"
    assert hear(recogniser, padded(voice.say(text, "en"))) == text


def test_a_turn_that_is_followed_comes_out_as_one_decoded_at_once(recogniser, voice):
    samples = padded(voice.say("turn the chair forty five degrees to the left", "en"))
    samples = samples[: -RATE // 2]
    turn, other = object(), object()
    for end in range(RATE, len(samples), RATE // 5):
        recogniser.recognise(samples[:end], turn, ended=False)
        if end % RATE == 0:  # somebody else speaks, too
            recogniser.recognise(samples[: end // 2], other, ended=False)
    assert recogniser.recognise(samples, turn).text == recogniser.recognise(samples).text


def turns(recogniser, *parts, voice, pause):
    """The texts of the turns, and seconds from the last part's end to the last final text."""
    quiet = np.zeros(round(pause * RATE), dtype=np.int16)
    spoken = [part for text in parts for part in (trimmed(voice.say(text, "en")), quiet)][:-1]
    samples = np.concatenate((np.zeros(RATE // 2, dtype=np.int16), *spoken))
    ear = Ear(SileroVad(), recogniser, complete=complete_for(INTERPRETER))
    reports = ear.accept(np.concatenate((samples, np.zeros(RATE, dtype=np.int16))))
    finals = [r for r in reports if r.kind == "final"]
    return [r.text for r in finals], finals[-1].at - len(samples) / RATE


def trimmed(samples):
    """Without the silence around the words."""
    loud = np.flatnonzero(np.abs(samples) > 30)
    return samples[loud[0] : loud[-1] + 1]


@pytest.mark.parametrize(
    ("begun", "ended"),
    [
        ("make the sleeves", "three centimeters longer"),
        ("make the sleeves three centimeters", "longer"),
        ("move the chair", "two feet to the left"),
        ("turn the chair forty five", "degrees to the left"),
    ],
)
def test_who_thinks_within_a_sentence_is_heard_whole(recogniser, voice, begun, ended):
    texts, _ = turns(recogniser, begun, ended, voice=voice, pause=0.5)
    assert texts == [f"{begun} {ended}"]


@pytest.mark.parametrize("text", ["it is too wide now", "that is too tight", "undo that"])
def test_a_whole_command_ends_soon_though_it_takes_a_question_back(recogniser, voice, text):
    texts, late = turns(recogniser, text, voice=voice, pause=0.0)
    assert texts == [text]
    assert late < 0.45


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("make it red and", "en"),
        ("make the sleeves longer by", "en"),
        ("make the sleeves longer by three", "en"),
        ("make it red um", "en"),
        ("add it to my", "en"),
        ("换成红色和", "zh"),
        ("袖子加长三", "zh"),
        ("把袖子加长大概", "zh"),
    ],
)
def test_a_text_that_breaks_off_may_go_on(text, lang):
    assert not complete_for(INTERPRETER)(text, lang)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("make it red", "en"),
        ("make the sleeves longer by three centimeters", "en"),
        ("make it half as wide", "en"),
        ("size 38", "en"),
        ("what is it made of", "en"),
        ("换成红色", "zh"),
        ("不要", "zh"),
        ("袖子加长三厘米", "zh"),
        ("袖子加长一点", "zh"),
    ],
)
def test_a_text_that_is_whole_is_over(text, lang):
    assert complete_for(INTERPRETER)(text, lang)


@pytest.mark.parametrize("text", CHATTER)
def test_chatter_is_no_command(recogniser, voice, text):
    assert hear(recogniser, padded(voice.say(text, "en"))) == ""


def test_chinese_is_no_english_command(recogniser, voice):
    assert hear(recogniser, padded(voice.say("袖子加长三厘米", "zh"))) == ""


@pytest.mark.parametrize(
    "wave",
    [
        np.zeros(5 * RATE),
        3000 * RNG.normal(size=5 * RATE),
        20000 * colored(RNG, 5 * RATE, 2.0) / 3.0,
        6000 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE),
        2000 * music(RNG, 5 * RATE),
        20000 * (RNG.random(5 * RATE) < 0.0005),
    ],
    ids=["silence", "white noise", "rumble", "a tone", "music", "clicks"],
)
def test_what_is_no_speech_is_no_command(recogniser, wave):
    assert hear(recogniser, np.clip(wave, -32768, 32767).astype(np.int16)) == ""


def test_the_detector_tells_speech_from_silence(voice):
    vad = SileroVad()
    samples = padded(voice.say(SENTENCES[2], "en"))
    found = [
        vad.probability(w) for w in samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    ]
    assert max(found[:12]) < 0.3
    assert np.mean(np.array(found[16:-40]) > 0.5) > 0.8


def test_the_verb_prints_transcript_and_intent_as_json(recogniser, voice, monkeypatch):
    hearing = Hearing((recogniser,), lambda text, lang: text == "undo that")
    monkeypatch.setattr(app, "make_hearing", lambda *_, **__: hearing)
    monkeypatch.setattr(app, "make_interpreter", lambda _: Interpreter())
    out = io.StringIO()
    pcm = padded(voice.say("undo that", "en")).tobytes()
    options = {"lang": "en", "catalog": None, "engine": "", "weights": None}
    assert run_hear(io.BytesIO(pcm), out, **options) == 0
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["type"] for line in lines][-2:] == ["transcript", "intent"]
    assert lines[-2] | {"is_final": True, "text": "undo that"} == lines[-2]
    assert lines[-1]["resolved"] == [{"action": "undo"}]


def test_replies_can_be_said_in_both_languages(voice):
    english, chinese = voice.say("Sleeves 3 cm longer.", "en"), voice.say("袖子加长三厘米。", "zh")
    for samples in (english, chinese):
        assert 1.0 < len(samples) / RATE < 4.0
        assert 3000 < np.abs(samples).max() < 32767
    assert len(voice.say("", "en")) < RATE // 10
