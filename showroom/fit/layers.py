"""Which garments are worn over which, and which take each other's place (``layers.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Layer:
    """Where a garment belongs.

    Attributes:
        order: it lies on garments of a lower order.
        covers: regions of the body: ``upper``, ``lower``, ``outer``, ``feet``, ``head``. Of two
            garments that cover the same region only one can be worn.
    """

    order: int
    covers: frozenset[str]


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("layers.toml").read_text(encoding="utf-8"))


@cache
def layer_of(family: str, category: str = "") -> Layer:
    """The layer of a family, or of a garment without parameters by its category's words."""
    table = _table()
    row = table["families"].get(family)
    if row is None:
        row = table["regions"][region_of(category)]
    return Layer(int(row["layer"]), frozenset(row["covers"]))


@cache
def region_of(category: str) -> str:
    """Where a garment without parameters is worn, by its category's words."""
    folded, words = category.casefold(), _table()["words"]
    found = [region for region in words if any(word in folded for word in words[region])]
    return found[0] if found else "both"


@cache
def swinging(category: str) -> str:
    """The family that a garment without parameters swings like, ``""`` if it does not swing."""
    folded, words = category.casefold(), _table()["swinging"]
    return next((f for f in words if any(word in folded for word in words[f])), "")


def displaced(new: Layer, worn: Mapping[str, Layer]) -> tuple[str, ...]:
    """The worn garments, by key, that a new one takes the place of."""
    return tuple(key for key, layer in worn.items() if layer.covers & new.covers)


def inner_first(worn: Mapping[str, Layer]) -> Iterable[str]:
    """Keys from the skin outwards."""
    return sorted(worn, key=lambda key: worn[key].order)
