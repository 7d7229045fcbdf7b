"""Recommendations to one visitor: from what they tried, took and refused."""

from __future__ import annotations

from showroom.catalog.recommend import Pick, Recommender
from showroom.catalog.taste import shared
from showroom.protocol.messages import Command, Recommended, Suggestion
from showroom.voice.replies import reply

from .shopfloor import Shopfloor
from .state import State

TAKEN, WORN, ASKED, REFUSED = 3.0, 2.0, 1.0, -1.0
"""What it says of a visitor's taste that something is in the basket, worn, asked for, refused."""


def history(state: State, beside: str = "") -> dict[str, float]:
    """Product to how much it says of the visitor's taste.

    Args:
        beside: a product that the recommended ones should go with.
    """
    weights = dict.fromkeys(state.interest, ASKED)
    weights |= dict.fromkeys(state.outfit, WORN)
    if beside:
        weights[beside] = TAKEN
    weights |= dict.fromkeys((c.target for c in state.basket), TAKEN)
    return weights | dict.fromkeys(state.disliked, REFUSED)


def recommended(
    command: Command, state: State, shop: Shopfloor, recommender: Recommender, ref: str = ""
) -> Recommended:
    """Up to three products that the visitor has not chosen or refused, each with its reason.

    Args:
        command: ``target`` and ``color`` narrow the choice; ``near`` is a product to go with.
    """
    seen = history(state, command.near if command.near in shop.catalog else "")
    among = [e.id for e in shop.catalog.find(command.target, color=command.color)]
    return Recommended(
        products=tuple(
            _suggestion(pick, shop)
            for pick in recommender.picks(seen, among=among, without=state.disliked)
        ),
        ref=ref,
    )


def _suggestion(pick: Pick, shop: Shopfloor) -> Suggestion:
    entry = shop.catalog.get(pick.item)
    common, slots = "", {}
    if pick.because:
        other = shop.catalog.get(pick.because)
        common = "together" if pick.together else shared(entry, other) or "kind"
        slots = {"name": dict(other.product.name)}
    elif pick.takers:
        common = "popular"
    kind = f"reason_{common}"
    reason = {lang: reply(kind, lang, **slots) for lang in ("en", "zh")} if common else {}
    return Suggestion(
        target=pick.item,
        name=dict(entry.product.name),
        because=pick.because,
        shared=common,
        reason=reason,
    )


def spoken(found: Recommended, lang: str) -> str:
    """The recommendation as one sentence."""
    if not found.products:
        return reply("recommended_none", lang)
    rows = [
        reply("recommended_row", lang, name=p.name, reason=_lower(p.reason.get(lang, "")))
        for p in found.products
    ]
    return reply("recommended", lang, rows="、".join(rows) if lang == "zh" else ", ".join(rows))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
