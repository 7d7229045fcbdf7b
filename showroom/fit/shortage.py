"""Why something does not fit, in one sentence per language with centimetres."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .furnishing import Blocked, Footprint, rules


def shortage(
    blocked: Blocked,
    offer: Footprint | None = None,
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, str]:
    """What is too long or in the way, and what would fit.

    Args:
        blocked: of an :class:`Outcome` or a :class:`Fit`.
        offer: the largest shape that would fit, if known.
        names: words per language of products, by id.

    Returns:
        One sentence for each language, such as ``{"en": "Its width is 40 cm too much; ..."}``.
        Centimetres are rounded up: what is said is enough.
    """
    found = {}
    for lang, words in rules()["words"].items():
        named = (names or {}).get(blocked.name, {}).get(lang) or words[blocked.by]
        cm = math.ceil(abs(blocked.lack) * 100 - 1e-6)
        if blocked.by.startswith("no_"):
            key: str = blocked.by
        elif blocked.dimension:
            key = "too_long"
        else:
            key = "missing" if cm else "in_the_way"
        text = words[key].format(dimension=words.get(blocked.dimension, ""), what=named, cm=cm)
        if offer is not None and blocked.dimension in ("width", "depth"):
            # Rounded down: a shape of these sides does fit.
            width, depth = (f"{math.floor(s * 100) / 100:.2f}" for s in (offer.width, offer.depth))
            text += words["offer"].format(width=width, depth=depth)
        found[lang] = text[0].upper() + text[1:] + words["stop"]
    return found
