"""The catalogue's products as things to recommend: their likeness, and what two have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .color import colors, to_lab
from .facts import price_of
from .products import Catalog, Entry
from .recommend import Recommender

_SHADE, _PRICE, _WORDS, _SIZE = 0.8, 0.5, 0.4, 0.3
_KIN = {"kind": 0.6, "category": 0.9}


def recommender(catalog: Catalog, histories: Sequence[Sequence[str]] = ()) -> Recommender:
    """A recommender over a catalogue; build it once, share it between visits."""
    entries = list(catalog)
    return Recommender([e.id for e in entries], features(entries), histories)


def features(entries: Sequence[Entry]) -> NDArray[np.float64]:
    """Content vectors (n, k): kind, family, colour in L*a*b*, price, words of material."""
    families = sorted({e.product.family.name for e in entries})
    words = sorted({w for e in entries for w in _words(e)})
    rows = []
    for entry in entries:
        row = [_KIN["kind"] * (entry.kind == "garment"), _KIN["kind"] * (entry.kind == "furniture")]
        row += [_KIN["category"] * (entry.product.family.name == name) for name in families]
        lab = to_lab(np.array(colors()[entry.color].linear)) if entry.color in colors() else None
        row += [0.0] * 3 if lab is None else [float(v) / 60.0 * _SHADE for v in lab - (55, 0, 0)]
        price = price_of(entry)
        row.append(_PRICE * float(np.log1p(float(price[0])) - 4.0) / 2.0 if price else 0.0)
        own = _words(entry)
        row += [_WORDS * (word in own) for word in words]
        rows.append(row)
    return np.array(rows, np.float64).reshape(len(entries), -1 if rows else 0)


def shared(first: Entry, second: Entry) -> str:
    """What two products have in common, the most telling first: an attribute, or ``""``."""
    if _words(first) & _words(second):
        return "material"
    if first.color == second.color:
        return "color"
    if first.product.family.name == second.product.family.name:
        return "category"
    prices = price_of(first), price_of(second)
    if prices[0] and prices[1] and prices[0][1] == prices[1][1]:
        low, high = sorted((float(prices[0][0]), float(prices[1][0])))
        if high <= 1.25 * low:
            return "price"
    return "kind" if first.kind == second.kind else ""


def _words(entry: Entry) -> frozenset[str]:
    """Fibres, woods and metals that the shop names, in English."""
    text = entry.shop.facts.get("material", {}).get("en", "").lower()
    words = (word.strip(",.;") for word in text.split())
    return frozenset(word for word in words if word.isalpha() and len(word) > 3)
