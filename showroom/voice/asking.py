"""Questions about a product, told by their form: 桌角尖不尖, "is it a bulb or an LED"."""

from __future__ import annotations

import re

from .context import Context
from .phrase import Phrase, category_kind
from .target import category_of

_ZH = re.compile(
    r"([\u4e00-\u9fff])不\1|会不会|能不能|可不可以|是不是|有没有|得(?:了|下|进|去|动|起|住)|"
    r"(?:吗|没|不|么)$|还是.+(?:啊|呀|呢|的|货|料|\?)$"
)
_ENTERS = re.compile(
    r"^(?:is|will|would|does|do|can|could)\b.*\b(?:fit|go through|get through|squeeze|clear)\b|"
    r"[进放过塞搬]得(?:了|下|进|去|过).*(?:吗|不|没|么)$|能不能[进放过塞搬]|[进放过塞搬]不[进放过塞搬]得"
)
"""How it is asked whether furniture goes somewhere."""
_FITS = re.compile(r"([勒紧松长短大小肥瘦合])不\1|合身(?:吗|不|么)|穿着(?:怎么样|咋样|如何)")
_ALTERNATIVE = re.compile(r"是.+还是.+")
_EN = re.compile(
    r"^(?:(?:and|so|but|ok|okay|hey|sorry) )*"
    r"(?:would|will|does|do|did|is|are|has|have|what's|whats|what|how|who|where|when)\b"
)
_MEASURING = re.compile(r"^(?:and |so |but )?(?:what|what's|whats|how)\b|多少|多[长宽高深大重]")
_ORDERS = ("change", "length", "amount", "raise", "percent", "factor", "size_word", "more", "less")
_DOES = ("change", "paint", "try_on", "take_off", "move", "rotate", "place", "scale", "show", "fit")
_LOST = ("out_of_scope", "adjust_fit", "set_choice", "set_color", "take_off", "place", "move", "no")


def asks_about(phrase: Phrase, context: Context) -> bool:
    """Whether a phrase asks how a product is that is there, and orders nothing."""
    if _ENTERS.search(phrase.text) and _furnished(phrase) and not phrase.has("act", "change"):
        return True
    told = any(phrase.has(kind) for kind in _ORDERS) or phrase.has("foreign")
    acts = {v for t in phrase if (v := t.get("act")) and t.kind == "act"}
    if told or acts & set(_DOES) or not _there(phrase, context):
        return False
    text = phrase.text
    if _MEASURING.search(text):
        return phrase.has("dimension") or any(t.kind == "word" for t in phrase)
    if _ALTERNATIVE.search(text):
        return True
    form = _ZH.search(text) or _EN.search(text)
    return form is not None and any(t.kind == "word" for t in phrase)


def asked(phrase: Phrase, context: Context, shares: dict[str, float]) -> None:
    """Give the probabilities of what is no question to *ask*, where a phrase asks.

    How a garment fits is reported.
    """
    worn = context.worn and not any(phrase.has(k) for k in ("change", "length", "size_word"))
    if worn and _FITS.search(phrase.text) and not _furnished(phrase):
        for name in ("try_on", "adjust_fit", "ask", "out_of_scope", "set_size"):
            moved = 0.8 * shares.get(name, 0.0)
            shares[name] = shares.get(name, 0.0) - moved
            shares["report"] = shares.get("report", 0.0) + moved
        return
    if not asks_about(phrase, context) or shares.get("ask", 0.0) < LEAST:
        return
    for name in _LOST:
        moved = 0.8 * shares.get(name, 0.0)
        shares[name] = shares.get(name, 0.0) - moved
        shares["ask"] = shares.get("ask", 0.0) + moved


LEAST = 0.02
"""How likely a question must be by its words to be taken for one by its form."""


def _furnished(phrase: Phrase) -> bool:
    """Whether a phrase names furniture."""
    said = [c for t in phrase if (c := t.get("category"))]
    return any(category_kind(c) == "furniture" for c in said)


def _there(phrase: Phrase, context: Context) -> bool:
    """Whether a phrase names a product that can be seen."""
    said = [c for t in phrase if (c := t.get("category"))]
    return any(t.category in category_of(c) for c in said for t in context.things)
