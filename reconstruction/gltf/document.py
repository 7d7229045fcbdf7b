"""A glTF document's JSON, measured before it is parsed: its bytes, its values and its depth."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from .budget import Budget, refuse

_STEP = np.zeros(256, np.int8)
_STEP[list(b"[{")] = 1
_STEP[list(b"]}")] = -1


def parse_document(text: bytes, budget: Budget) -> dict[str, Any]:
    """The document as an object.

    Brackets and commas are counted wherever they stand, also in texts: a bound, not a parse.

    Raises:
        ProductFileError: it is no JSON object, or has more bytes, values or depth than the budget.
    """
    if len(text) > budget.json_bytes:
        raise refuse("json.bytes", f"at most {budget.json_bytes}", len(text))
    opened, closed = (text.count(a) + text.count(b) for a, b in ((b"[", b"{"), (b"]", b"}")))
    values = max(opened + text.count(b","), closed)
    if values > budget.json_values:
        raise refuse("json.values", f"at most {budget.json_values}", values)
    steps = _STEP[np.frombuffer(text, np.uint8)]
    depth = int(np.cumsum(steps[steps != 0], dtype=np.int32).max(initial=0))
    if depth > budget.json_depth:
        raise refuse("json.depth", f"at most {budget.json_depth} arrays and objects", depth)
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise refuse("json", "a JSON document", fault) from fault
    if not isinstance(document, dict):
        raise refuse("json", "an object", type(document).__name__)
    return document
