"""The figures that say how true a texture is: known answers, and what must not count."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.texture.score import ciede2000, compare

# From the supplementary test data of Sharma, Wu and Dalal (2005): Lab 1, Lab 2, difference.
SHARMA = [
    (50.0, 2.6772, -79.7751, 50.0, 0.0, -82.7485, 2.0425),
    (50.0, -1.3802, -84.2814, 50.0, 0.0, -82.7485, 1.0),
    (50.0, 0.0, 0.0, 50.0, -1.0, 2.0, 2.3669),
    (50.0, 2.49, -0.001, 50.0, -2.49, 0.0009, 7.1792),
    (50.0, 2.49, -0.001, 50.0, -2.49, 0.0011, 7.2195),
    (50.0, -0.001, 2.49, 50.0, 0.0011, -2.49, 4.7461),
    (50.0, 2.5, 0.0, 73.0, 25.0, -18.0, 27.1492),
    (50.0, 2.5, 0.0, 50.0, 3.1736, 0.5854, 1.0),
    (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
    (22.7233, 20.0904, -46.694, 23.0331, 14.973, -42.5619, 2.0373),
    (90.8027, -2.0831, 1.441, 91.1528, -1.6435, 0.0447, 1.4441),
    (2.0776, 0.0795, -1.135, 0.9033, -0.0636, -0.5514, 0.9082),
]


def test_colour_differences_are_those_of_the_published_table() -> None:
    table = np.array(SHARMA)
    assert ciede2000(table[:, :3], table[:, 3:6]) == pytest.approx(table[:, 6], abs=1e-4)
    assert ciede2000(table[:, 3:6], table[:, :3]) == pytest.approx(table[:, 6], abs=1e-4)


@pytest.fixture
def cloth() -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(60, 200, (80, 100, 3)).astype(np.uint8)


def test_equal_pictures_score_full_marks_and_the_outside_does_not_count(cloth: np.ndarray) -> None:
    inside = np.zeros((80, 100), bool)
    inside[20:60, 30:80] = True
    other = cloth.copy()
    other[~inside] = 0
    ssim, delta = compare(cloth, other, inside)
    assert ssim == pytest.approx(1.0, abs=1e-6)
    assert delta == 0.0


def test_lost_detail_costs_similarity_and_a_tint_costs_colour(cloth: np.ndarray) -> None:
    everywhere = np.ones((80, 100), bool)
    flat = np.full_like(cloth, int(cloth.mean()))
    tinted = np.clip(cloth.astype(int) + np.array([12, 0, -12]), 0, 255).astype(np.uint8)
    assert compare(cloth, flat, everywhere)[0] < 0.2
    ssim, delta = compare(cloth, tinted, everywhere)
    assert ssim > 0.95
    assert 4 < delta < 15
