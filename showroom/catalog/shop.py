"""What a shop says about a product beside its shape: price, stock, material, care.

An optional ``shop.json`` in the product's folder::

    {"price": 19.9, "currency": "EUR", "stock": {"S": 3, "M": 0},
     "facts": {"material": {"en": "100% cotton", "zh": "纯棉"}}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from .errors import CatalogError

SHOP_NAME = "shop.json"
_LIMIT = 2**18


@dataclass(frozen=True)
class ShopInfo:
    """One product's shop entry.

    Attributes:
        price: in ``currency``, or None where the shop names none.
        currency: ISO 4217, such as ``"EUR"`` or ``"CNY"``.
        stock: pieces per size label.
        facts: words per language for each fact, such as ``"material"`` or ``"care"``.
    """

    price: float | None = None
    currency: str = ""
    stock: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    price: float | None = None
    currency: str = ""
    stock: dict[str, int] = {}
    facts: dict[str, dict[str, str]] = {}


def read_shop(folder: Path) -> ShopInfo:
    """The shop entry of a product folder; an empty one where there is no file.

    Raises:
        CatalogError: the file is unreadable or does not follow the form above.
    """
    path = folder / SHOP_NAME
    if not path.exists():
        return ShopInfo()
    try:
        with path.open("rb") as stream:
            data = stream.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise _wrong(path, "size", f"at most {_LIMIT} bytes", "more")
        entry = msgspec.json.decode(data, type=_Document)
    except OSError as fault:
        raise _wrong(path, "file", "a readable file", fault.strerror or "an error") from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise _wrong(path, "document", "price, currency, stock, facts", str(fault)) from fault
    if entry.price is not None:
        if not 0.0 <= entry.price < 1e9:
            raise _wrong(path, "price", "0 or more", f"{entry.price:g}")
        if re.fullmatch(r"[A-Z]{3}", entry.currency) is None:
            raise _wrong(path, "currency", "three letters of ISO 4217", entry.currency)
    for size, count in entry.stock.items():
        if count < 0:
            raise _wrong(path, f"stock.{size}", "0 or more", str(count))
    return ShopInfo(entry.price, entry.currency, entry.stock, entry.facts)


def _wrong(path: Path, field: str, expected: str, got: str) -> CatalogError:
    return CatalogError(
        f"{path} is no shop entry", field=f"shop.{field}", expected=expected, got=got[:80]
    )
