"""The words of a sentence that carried meaning, after Wit.ai's entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .context import Entity
from .lexicon import Token
from .text import Text

_ENTITY_KINDS = {
    "length": "amount", "angle": "amount", "percent": "amount", "times": "amount",
    "factor": "amount", "number": "amount", "part": "part", "category": "product",
    "product": "product", "color": "color", "size": "size", "direction": "direction",
    "spin": "direction", "near": "anchor", "amount": "vague", "option": "choice",
    "change": "change", "adjective": "change",
}  # fmt: skip


def entities_of(clean: Text, tokens: Iterable[Token]) -> Iterator[Entity]:
    """The words that carried meaning, with where they stand in what was said."""
    for token in tokens:
        for kind, value in token.senses:
            role = _ENTITY_KINDS.get(kind)
            if role is None:
                continue
            start, end = clean.span(token.start, token.end)
            number = token.said if token.said == token.said else None
            yield Entity(
                name="quantity" if kind in ("percent", "times", "factor", "number") else kind,
                role=role,
                start=start,
                end=end,
                body=clean.original[start:end],
                value=value if number is None else number,
                unit=token.unit,
            )
            break
