from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.recommend import figures, shop
from showroom.catalog.errors import CatalogError
from showroom.catalog.faq import read_faq
from showroom.catalog.history import read_histories
from showroom.catalog.recommend import Recommender

ITEMS = ("tee", "jeans", "chair", "table", "new-tee")
CONTENT = np.array([[1, 0, 0.9], [1, 0, 0], [0, 1, 0], [0, 1, 0.1], [1, 0, 1.0]])
TOGETHER = [["tee", "jeans"]] * 30 + [["chair", "table"]] * 30 + [["tee", "chair"]] * 2


def test_what_others_took_together_comes_first_and_is_the_reason() -> None:
    pick = Recommender(ITEMS, CONTENT, TOGETHER).picks({"chair": 1.0})[0]
    assert (pick.item, pick.because, pick.together) == ("table", "chair", True)


def test_a_new_item_appears_by_its_likeness() -> None:
    picks = Recommender(ITEMS, CONTENT, TOGETHER).picks({"tee": 1.0}, limit=2)
    new = next(p for p in picks if p.item == "new-tee")
    assert (new.because, new.together, new.takers) == ("tee", False, 0)


def test_without_any_history_content_still_recommends() -> None:
    assert Recommender(ITEMS, CONTENT).picks({"table": 1.0})[0].item == "chair"


def test_nobody_known_gets_what_most_take() -> None:
    picks = Recommender(ITEMS, CONTENT, TOGETHER).picks({}, limit=2)
    assert {p.item for p in picks} == {"tee", "chair"}
    assert all(p.because == "" and p.takers == 32 for p in picks)


def test_a_dislike_turns_away_from_what_is_like_it() -> None:
    recommender = Recommender(ITEMS, CONTENT, TOGETHER)
    picks = recommender.picks({"tee": -1.0}, limit=4)
    assert picks[-1].item in ("jeans", "new-tee")
    assert "tee" not in [p.item for p in picks]


def test_what_is_barred_or_not_among_the_wanted_never_comes() -> None:
    recommender = Recommender(ITEMS, CONTENT, TOGETHER)
    assert recommender.picks({"tee": 1.0}, among=("jeans", "table"))[0].item == "jeans"
    assert "jeans" not in [p.item for p in recommender.picks({"tee": 1.0}, without=("jeans",))]
    assert recommender.picks({"tee": 1.0}, among=("unknown",)) == []
    assert Recommender((), np.zeros((0, 3))).picks({}) == []


def test_the_blend_beats_popularity_on_a_drawn_shop() -> None:
    taken, content, new = shop(400, 80, seed=1)
    known = [[i for i in row[:-1] if not new[i]] for row in taken]
    names = [str(i) for i in range(80)]
    histories = [[str(i) for i in row] for row in known]
    blend = Recommender(names, content, histories)
    popular = np.bincount([i for row in known for i in row], minlength=80).astype(float)
    wanted = [row[-1] for row in taken]
    hit = figures(lambda u: blend.scores(histories[u]), known, wanted, new)[0]
    base = figures(lambda u: popular, known, wanted, new)[0]
    assert hit > 1.15 * base


@pytest.mark.parametrize("text", ["{}", '[["a", 1]]', "nonsense", '"x"'])
def test_a_broken_history_is_a_typed_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "baskets.json").write_text(text)
    with pytest.raises(CatalogError) as caught:
        read_histories(tmp_path)
    assert caught.value.field == "baskets"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("entries: [1]", "faq.document"),
        ("entries: {Bad Id: {asked: {en: [a, b], zh: [a, b]}, answer: {en: x, zh: y}}}", "entries"),
        ("entries: {a: {asked: {en: [a, b], zh: [a, b]}, answer: {en: x}}}", "answer"),
        ("entries: {a: {asked: {en: [a], zh: [a, b]}, answer: {en: x, zh: y}}}", "asked.en"),
        ("entries: {a: {answer: {en: x, zh: y}}}", "document"),
        ("entries: {a: {asked: {}, answer: {}, price: 0}}", "document"),
        ("\t- : [", "document"),
    ],
)
def test_a_broken_faq_is_a_typed_error(tmp_path: Path, text: str, field: str) -> None:
    (tmp_path / "faq.yaml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        read_faq(tmp_path)
    assert field in caught.value.field
