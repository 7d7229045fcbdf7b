"""Wit.ai's response to a sentence, as evidence beside the showroom's own reading of it.

A client's app may be trained on anything, and whoever holds a socket can send what they like. So
the sentence itself decides: the response names no product and no price, it cannot overrule what was
understood for sure, and it can bring nothing up that the showroom finds unlikely itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from ..protocol.messages import WitEntity, WitResponse
from .context import Understanding
from .data import read
from .lexicon import Token
from .quantity import units
from .text import Text, normalise

LIFT = 3.0
"""By how much the odds of an intent grow of which Wit.ai is quite sure: enough for one that the
showroom finds .38 likely. The ranking by what came before has its say afterwards."""
CREDIBLE = 0.5
"""What Wit.ai finds less likely is no evidence."""
_HIDDEN = frozenset(("aside", "clarify"))
_MEASURES = frozenset(("length", "angle", "percent", "times", "factor", "amount"))
_UNREAD = frozenset(("word", "foreign", "number", "filler"))


@cache
def _names() -> Mapping[str, Any]:
    table: Mapping[str, Any] = read("wit.yaml")
    return table


def meant(response: WitResponse) -> tuple[tuple[str, ...], float]:
    """What the surest intent may be here, and how sure Wit.ai is of it."""
    best = max(response.intents, key=lambda intent: intent.confidence, default=None)
    if best is None or best.confidence < CREDIBLE:
        return (), 0.0
    name = best.name.lower().replace("wit/", "wit$")
    return tuple(_names()["intents"].get(name, (name,))), best.confidence


def amounts_only(response: WitResponse) -> WitResponse:
    """The response as evidence on amounts only."""
    return msgspec.structs.replace(response, intents=())


def is_sure(own: Understanding) -> bool:
    """Whether the showroom needs no evidence from outside: it would neither ask nor reject."""
    return bool(own.problem) or (own.clarify is None and own.intent != "out_of_scope")


def tipped(
    shares: dict[str, float], response: WitResponse | None, enough: float
) -> dict[str, float]:
    """Probabilities of intents with Wit.ai's among the evidence, likeliest first.

    The odds of what it names grow by :data:`LIFT` to the power of its confidence.

    Args:
        enough: from this probability on the first one stays as it is.
    """
    if response is None or not shares or max(shares.values()) >= enough:
        return shares
    names, confidence = meant(response)
    lift = {n: LIFT**confidence for n in names if n not in _HIDDEN}
    if lift.keys().isdisjoint(shares):
        return shares
    raised = {name: share * lift.get(name, 1.0) for name, share in shares.items()}
    total = sum(raised.values()) or 1.0
    return dict(sorted(((n, s / total) for n, s in raised.items()), key=lambda item: -item[1]))


def filled(tokens: list[Token], clean: Text, response: WitResponse | None) -> list[Token]:
    """The words of a sentence, with an amount that Wit.ai alone could read among them.

    It counts where the sentence says no amount that the showroom understands, where it is the only
    one, and where its words stand in the sentence and say nothing else here ("tree centimetros").
    """
    if response is None or any(t.kind in _MEASURES for t in tokens):
        return tokens
    found = list(_amounts(response))
    if len(found) != 1:
        return tokens
    entity, value, kind, size = found[0]
    body = normalise(entity.body).plain
    start = clean.plain.find(body) if body else -1
    end = start + len(body)
    inside = [t for t in tokens if start < t.end and t.start < end]
    if start < 0 or not inside or inside[0].start < start or inside[-1].end > end:
        return tokens
    said = [t.said for t in inside if t.kind == "number"]
    if any(t.kind not in _UNREAD for t in inside) or any(abs(n - value) > 1e-6 for n in said):
        return tokens
    first, last = inside[0].start, inside[-1].end
    whole = Token(clean.plain[first:last], ((kind, ""),), first, last, value * size, value)
    at = tokens.index(inside[0])
    return [*tokens[:at], whole, *tokens[at + len(inside) :]]


def _amounts(response: WitResponse) -> Iterable[tuple[WitEntity, float, str, float]]:
    """Credible entities that are lengths or angles: value, kind and the size of its unit in SI."""
    for entity in (e for group in response.entities.values() for e in group):
        if entity.name not in _names()["quantities"] or entity.confidence < CREDIBLE:
            continue
        kind, size = units()[1].get(entity.unit.lower(), ("", 0.0))
        value = entity.value
        if kind not in ("length", "angle") or not isinstance(value, float | int):
            continue
        if math.isfinite(value) and value > 0:
            yield entity, float(value), kind, size
