from __future__ import annotations

import numpy as np
import pytest
import yaml

from showroom.catalog.color import (
    colors,
    find_color,
    from_lab,
    nearest_color,
    to_lab,
    to_linear,
    to_srgb,
)
from showroom.catalog.errors import CatalogError


def test_the_lexicon_is_rich_and_speaks_both_languages() -> None:
    assert len(colors()) >= 40
    for color in colors().values():
        assert color.label["en"].isascii() and not color.label["zh"].isascii()
    assert len({c.label["zh"] for c in colors().values()}) == len(colors())


def test_every_colour_that_can_be_said_can_be_shown() -> None:
    from importlib.resources import files

    for lang in ("en", "zh"):
        path = files("showroom.voice") / "data_files" / lang / "lexicon.yaml"
        said = yaml.safe_load(path.read_text(encoding="utf-8"))["color"]
        assert set(said) <= set(colors())


@pytest.mark.parametrize("word", ["navy", "Navy", "藏青色", " light blue ", "light_blue"])
def test_colours_are_found_by_name_or_label(word: str) -> None:
    assert find_color(word).name in ("navy", "light_blue")


def test_an_unknown_colour_names_the_known_ones() -> None:
    with pytest.raises(CatalogError, match="infra") as caught:
        find_color("infrared")
    assert "navy" in caught.value.expected


def test_each_colour_is_nearest_to_itself() -> None:
    for color in colors().values():
        assert nearest_color(color.linear).name == color.name


def test_lab_agrees_with_published_values() -> None:
    # sRGB primaries under D65, from Lindbloom's calculator.
    table = {
        (1.0, 1.0, 1.0): (100.0, 0.0, 0.0),
        (1.0, 0.0, 0.0): (53.2408, 80.0925, 67.2032),
        (0.0, 1.0, 0.0): (87.7347, -86.1827, 83.1793),
        (0.0, 0.0, 1.0): (32.2970, 79.1875, -107.8602),
    }
    for linear, lab in table.items():
        np.testing.assert_allclose(to_lab(linear), lab, atol=0.02)


def test_colour_spaces_invert() -> None:
    linear = np.random.default_rng(0).random((200, 3))
    np.testing.assert_allclose(from_lab(to_lab(linear)), linear, atol=1e-6)
    np.testing.assert_allclose(to_linear(to_srgb(linear)), linear, atol=1e-6)
