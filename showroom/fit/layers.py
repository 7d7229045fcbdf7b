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
        folded = category.casefold()
        regions = table["words"]
        region = next(
            (r for r in ("both", *regions) if any(w in folded for w in regions[r])), "both"
        )
        row = table["regions"][region]
    return Layer(int(row["layer"]), frozenset(row["covers"]))


def displaced(new: Layer, worn: Mapping[str, Layer]) -> tuple[str, ...]:
    """The worn garments, by key, that a new one takes the place of."""
    return tuple(key for key, layer in worn.items() if layer.covers & new.covers)


def inner_first(worn: Mapping[str, Layer]) -> Iterable[str]:
    """Keys from the skin outwards."""
    return sorted(worn, key=lambda key: worn[key].order)
