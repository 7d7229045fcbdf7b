"""What customers took together: the ``baskets.json`` beside a shop's products."""

from __future__ import annotations

from pathlib import Path

import msgspec

from .errors import CatalogError

HISTORY_NAME = "baskets.json"
"""Beside the products: lists of product ids that one customer took, without names or dates."""
_LIMIT = 2**25


def read_histories(folder: Path) -> tuple[tuple[str, ...], ...]:
    """What customers took together; empty where there is no file.

    Raises:
        CatalogError: the file is unreadable or is no list of lists of ids.
    """
    path = folder / HISTORY_NAME
    if not path.exists():
        return ()
    try:
        with path.open("rb") as stream:
            data = stream.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise _wrong(path, f"at most {_LIMIT} bytes", "more")
        baskets = msgspec.json.decode(data, type=list[list[str]])
    except OSError as fault:
        raise _wrong(path, "a readable file", fault.strerror or "an error") from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise _wrong(path, '[["tee-1", "chair-2"], …]', str(fault)) from fault
    return tuple(tuple(basket) for basket in baskets)


def _wrong(path: Path, expected: str, got: str) -> CatalogError:
    return CatalogError(
        f"{path} is no list of baskets", field="baskets", expected=expected, got=got[:80]
    )
