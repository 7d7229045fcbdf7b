"""What the shop states of a product, one attribute at a time; nothing that it does not state.

Numbers of shape come from the product's parameters, or from its mesh where the family has no such
parameter; everything else from the shop's entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .color import colors
from .errors import CatalogError
from .products import Entry

LANGUAGES = ("en", "zh")
COMPARED = (
    "price", "material", "dimensions", "sizes", "colors", "stock", "weight", "weight_limit", "care",
    "origin",
)  # fmt: skip
"""What a comparison goes through, in this order."""


@dataclass(frozen=True)
class Fact:
    """One stated fact.

    Attributes:
        source: ``"product:tshirt/material"``.
        attribute: as it was asked for.
        label: what it is called, per language.
        text: the fact alone, per language, as the shop wrote it.
    """

    source: str
    attribute: str
    label: Mapping[str, str]
    text: Mapping[str, str]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("attributes.toml").read_text("utf-8"))


def attribute_names() -> tuple[str, ...]:
    """Every attribute that has a name of its own."""
    return tuple(_table()["label"])


def measured_names() -> tuple[str, ...]:
    """Every attribute that is a single measure of the product, and all of them together."""
    return (*_table()["measure"], "dimensions")


def label_of(attribute: str, entry: Entry | None = None) -> Mapping[str, str]:
    """What an attribute is called; a family's parameter by its own label."""
    known: Mapping[str, str] | None = _table()["label"].get(attribute)
    if known:
        return known
    if entry is not None:
        specs = {p.name: p for p in entry.product.family.parameters}
        for name in (*_table()["measure"].get(attribute, ()), attribute):
            if name in specs:
                return specs[name].label
    words = attribute.replace("_", " ")
    return dict.fromkeys(LANGUAGES, words)


def fact(
    entry: Entry,
    attribute: str,
    *,
    values: Mapping[str, float] | None = None,
    size: str = "",
) -> Fact | None:
    """What the shop states of one attribute, or None where it states nothing.

    Args:
        attribute: such as ``"material"``, ``"sleeve_length"``, ``"dimensions"``.
        values: the parameters as the visitor has altered them; else the catalogue's.
        size: a size label that stock was asked for.
    """
    text = _stated(entry, attribute, values or entry.product.numbers, size)
    if text is None:
        return None
    source = f"product:{entry.id}/{attribute}"
    return Fact(source, attribute, label_of(attribute, entry), text)


def comparison(
    first: Entry, second: Entry, attributes: Iterable[str] = COMPARED
) -> list[tuple[Fact, Fact]]:
    """The attributes that the shop states of both products, and that differ."""
    pairs = [(fact(first, name), fact(second, name)) for name in attributes]
    return [(a, b) for a, b in pairs if a and b and dict(a.text) != dict(b.text)]


def price_of(entry: Entry) -> tuple[str, str] | None:
    """Amount and currency: the shop entry's, else what the product was made with."""
    if entry.shop.price is not None:
        return f"{entry.shop.price:.2f}", entry.shop.currency
    price = entry.product.price
    return (price.amount, price.currency) if price is not None else None


def _stated(
    entry: Entry, attribute: str, values: Mapping[str, float], size: str
) -> Mapping[str, str] | None:
    written = entry.shop.facts.get(attribute)
    if written:
        return {lang: written.get(lang) or next(iter(written.values())) for lang in LANGUAGES}
    match attribute:
        case "price":
            price = price_of(entry)
            return None if price is None else dict.fromkeys(LANGUAGES, " ".join(price))
        case "sizes":
            return _listed(list(entry.product.sizes), list(entry.product.sizes))
        case "colors":
            names = list(dict.fromkeys([entry.color, *(v.name for v in entry.product.variants)]))
            known = [colors()[n].label for n in names if n in colors()]
            return _listed([c["en"] for c in known], [c["zh"] for c in known])
        case "stock":
            return _stock(entry.shop.stock, size)
        case "dimensions":
            return _whole(entry, values)
    return _measured(entry, attribute, values)


def _listed(english: list[str], chinese: list[str]) -> Mapping[str, str] | None:
    if not english:
        return None
    return {"en": ", ".join(english), "zh": "、".join(chinese)}


def _stock(stock: Mapping[str, int], size: str) -> Mapping[str, str] | None:
    if not stock:
        return None
    phrases = _table()["phrase"]
    wanted = {size: stock[size]} if size in stock else stock
    if not any(wanted.values()):
        none: Mapping[str, str] = phrases["stock_none"]
        return none
    out = {}
    for lang in LANGUAGES:
        sized = [
            phrases["stock_of" if label else "stock_all"][lang].format(size=label, count=count)
            for label, count in wanted.items()
            if count
        ]
        out[lang] = ("、" if lang == "zh" else ", ").join(sized)
    return out


def _whole(entry: Entry, values: Mapping[str, float]) -> Mapping[str, str] | None:
    specs = {p.name: p for p in entry.product.family.parameters}
    names = [n for n in _table()["whole"][entry.kind] if n in values and n in specs]
    if not names:
        box = _box(entry)
        measures = {label: box[label] for label in ("width", "depth", "height")}
        named = {name: label_of(name) for name in measures}
    else:
        measures = {name: values[name] for name in names}
        named = {name: specs[name].label for name in names}
    out = {}
    for lang in LANGUAGES:
        parts = [f"{named[n].get(lang, n)} {_length(v, lang)}" for n, v in measures.items()]
        out[lang] = ("，" if lang == "zh" else ", ").join(parts)
    return out


def _measured(
    entry: Entry, attribute: str, values: Mapping[str, float]
) -> Mapping[str, str] | None:
    specs = {p.name: p for p in entry.product.family.parameters if p.unit == "m"}
    for name in (*_table()["measure"].get(attribute, ()), attribute):
        if name in specs and name in values:
            return {lang: _length(values[name], lang) for lang in LANGUAGES}
    if entry.kind == "furniture" and attribute in ("width", "height", "depth"):
        return {lang: _length(_box(entry)[attribute], lang) for lang in LANGUAGES}
    return None


def _box(entry: Entry) -> dict[str, float]:
    """The mesh's extents in metres: X is the width, Y the height, Z the depth."""
    vertices = entry.product.mesh.vertices
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return {n: float(high[i] - low[i]) for i, n in enumerate(("width", "height", "depth"))}


def _length(metres: float, lang: str) -> str:
    return f"{round(metres * 100, 1):g}{_table()['unit'][lang]}"


def is_known(attribute: str) -> bool:
    """Whether something can be stated of an attribute."""
    return attribute in _table()["label"] or attribute in _table()["measure"]


def check_attribute(attribute: str) -> None:
    """Refuse a fact under a name that nothing can ask for.

    Raises:
        CatalogError: names those there are.
    """
    if not is_known(attribute):
        raise CatalogError(
            f"there is no attribute {attribute[:40]!r}",
            field="parameter",
            expected=", ".join(attribute_names()),
            got=attribute[:40],
        )
