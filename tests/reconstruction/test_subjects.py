"""Several products in one photo are told apart, and a cut-off one is seen to be cut off."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reconstruction.garment.fit import beyond
from reconstruction.intake.subjects import chosen, cut_sides, pieces, subjects


def boxes(*places: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((200, 300), np.float32)
    for left, top, right, bottom in places:
        mask[top:bottom, left:right] = 1
    return mask


def network(names: list[str]) -> Any:
    """Answers that name the pieces one after the other."""
    left = list(names)

    def look(own: np.ndarray) -> Any:
        assert own.any()
        name = left.pop(0)
        return SimpleNamespace(category=name, categories={name: 0.9}, is_product=True)

    return look


def test_two_garments_are_listed_and_the_named_one_is_taken() -> None:
    mask = boxes((20, 30, 140, 170), (170, 60, 270, 160))
    found = subjects(mask, (400, 600), network(["dress", "skirt"]))
    assert [s.category for s in found] == ["dress", "skirt"]
    assert found[0].box == (40, 60, 280, 340)  # of the original photo, twice as large
    subject, told = chosen(found, ["skirt"])
    assert subject.category == "skirt"
    assert subject.mask[100, 200] == 1
    assert subject.mask[100, 60] == 0
    assert "2 products" in told
    assert "40,60" in told
    assert chosen(found, [])[0].category == "dress"


def test_a_pair_of_shoes_and_a_chair_in_pieces_stay_one_product() -> None:
    pair = boxes((20, 60, 130, 120), (160, 60, 270, 120))
    assert subjects(pair, (200, 300), network(["shoes", "shoes"])) == ()
    nested = boxes((20, 20, 280, 90), (100, 60, 180, 190))
    assert len(pieces(nested)) == 1
    crumbs = boxes((20, 30, 140, 170), (200, 60, 215, 70))
    assert len(pieces(crumbs)) == 1


@pytest.mark.parametrize(
    ("place", "sides"),
    [
        ((40, 40, 200, 160), set()),
        ((0, 40, 200, 160), {"left"}),
        ((40, 0, 300, 160), {"top", "right"}),
        ((40, 80, 200, 200), {"bottom"}),
    ],
)
def test_sides_that_cut_the_product_are_named(
    place: tuple[int, int, int, int], sides: set[str]
) -> None:
    assert cut_sides(boxes(place)) == sides


def test_outline_beyond_a_cut_side_is_not_measured() -> None:
    points = np.array([[-5.0, 50.0], [150.0, 50.0], [150.0, 250.0]])
    assert beyond(points, (200, 300), frozenset({"left"}), 0.0).tolist() == [True, False, False]
    assert beyond(points, (200, 300), frozenset({"bottom"}), 0.0).tolist() == [False, False, True]
