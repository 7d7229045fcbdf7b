"""The grammar: what it lets through, how it is made small, how its words are spoken."""

import random

import pytest

from showroom.hearing.automaton import compile_rules, sample
from showroom.hearing.errors import HearingError
from showroom.hearing.grammar import SpokenGrammar, Stocked, spoken
from showroom.hearing.notation import parse
from showroom.hearing.pronounce import Dictionary, spell
from showroom.voice import understand

RULES = {"color": parse("(red|dark blue)"), "item": parse("(chair|arm chair)")}
ROOT = parse("(show me|i want) [the] [{color}] {item} [please]")

SHOP = SpokenGrammar(
    [Stocked("chair", ("Strandmon wing chair", "翼椅")), Stocked("t_shirt", ("501 tee",))]
)


def test_an_automaton_takes_the_sentences_of_its_rules_and_no_others():
    automaton = compile_rules(RULES, ROOT)
    for text in ("show me the dark blue arm chair", "i want chair please", "show me red chair"):
        assert automaton.accepts(text)
    for text in (
        "",
        "show me",
        "show the chair",
        "show me the blue chair",
        "i want chair now",
    ):
        assert not automaton.accepts(text)


def test_every_sentence_that_rules_make_is_taken():
    automaton = compile_rules(RULES, ROOT)
    rng = random.Random(1)
    assert all(automaton.accepts(" ".join(sample(RULES, ROOT, rng))) for _ in range(200))


def test_an_automaton_is_the_smallest_one():
    same = compile_rules({}, parse("(a c|b c|a d|b d)"))
    assert (len(same.edges), same.size) == (3, 4)


@pytest.mark.parametrize("text", ["(a|b", "a)", "[a", "a]", "(a]"])
def test_brackets_that_do_not_match_are_refused(text):
    with pytest.raises(HearingError, match="brackets"):
        parse(text)


def test_rules_that_are_missing_or_run_in_circles_are_refused():
    with pytest.raises(HearingError):
        compile_rules({}, parse("{nothing}"))
    with pytest.raises(HearingError):
        compile_rules({"a": parse("x {a}")}, parse("{a}"))


def test_the_shop_s_own_names_can_be_said():
    assert SHOP.accepts("move the strandmon wing chair two feet to the left")
    assert SHOP.accepts("try on the five zero one tee")
    assert not SpokenGrammar().accepts("move the strandmon wing chair two feet to the left")


def test_only_what_the_shop_has_is_listened_for_but_it_can_be_asked_for_anything():
    assert SHOP.accepts("move the chair to the left")
    assert not SHOP.accepts("move the wardrobe to the left")
    assert SHOP.accepts("do you have wardrobes")
    assert SpokenGrammar([Stocked("outwear")]).accepts("try on the jacket")
    assert SpokenGrammar().accepts("move the wardrobe to the left")


def test_a_name_is_said_in_plain_words():
    assert spoken("Aster-2 (navy)") == "aster two navy"
    assert spoken("翼椅") == ""


def test_commands_can_be_said_and_chatter_cannot():
    for text in (
        "make the sleeves three centimeters longer",
        "one size up please",
        "change it to dark blue",
        "what is your return policy",
        "add it to my basket",
        "undo that",
    ):
        assert SHOP.accepts(text), text
    for text in ("who won the football last night", "make the", "longer longer", ""):
        assert not SHOP.accepts(text), text


@pytest.mark.parametrize("text", ["make the sleeves an inch longer", "undo that", "undo that now"])
def test_a_sentence_that_nothing_can_follow_is_over(text):
    assert SHOP.closes(text)


@pytest.mark.parametrize(
    "text",
    [
        "make the sleeves",
        "make the sleeves three",
        "make the",
        "turn the chair",
        "lengthen the hem by",
    ],
)
def test_a_sentence_that_may_go_on_is_not_over(text):
    assert not SHOP.closes(text)


def test_no_sentence_but_a_whole_one_is_over():
    """A beginning that counts as over goes on with nothing but the end of a turn."""
    for text in SHOP.sentences(300, seed=6):
        words = text.split()
        over = [n for n in range(1, len(words)) if SHOP.closes(" ".join(words[:n]))]
        assert all(" ".join(words[n:]) in ("please", "now", "for me") for n in over), text


def test_drawn_sentences_are_of_the_grammar():
    assert all(SHOP.accepts(text) for text in SHOP.sentences(300, seed=5))


def test_most_of_what_can_be_said_is_understood():
    """Sentences without context; questions back are understood, too."""
    drawn = SHOP.sentences(200, seed=8)
    missed = [t for t in drawn if understand(t, "en").intent == "out_of_scope"]
    assert len(missed) <= 30, missed


def test_words_of_no_dictionary_are_compounds_or_spelled():
    known = Dictionary({"neck": (("N", "EH", "K"),), "line": (("L", "AY", "N"),)})
    assert known.of("neckline") == (("N", "EH", "K", "L", "AY", "N"),)
    assert known.of("lines") == (("L", "AY", "N", "Z"),)
    assert known.of("kivik") == (("K", "IH", "V", "IH", "K"),)
    assert spell("strandmon")[:4] == ("S", "T", "R", "AE")


@pytest.mark.parametrize("word", ["a", "q", "x", "zzz", "ghq", "söder", "1", ""])
def test_every_word_has_a_pronunciation(word):
    assert spell(word)
