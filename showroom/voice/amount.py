"""Ellipsis of amounts: "make it three", "sixty-four, sorry", "one less", "that much too much".

A number by itself is of the unit in which the last amount was said, and what it is counted from is
that change or, where a measure was set, that measure.
"""

from __future__ import annotations

import math

from ..protocol.messages import Command
from . import fitting
from .context import Context
from .data import anatomy
from .ellipsis import acts_of, only, says
from .furnishing import copy, spoken_amount, turned_back
from .onward import unit_of
from .phrase import Phrase

_COUNTED = ("number", "length", "angle", "it", "this", "absolute", "answer", "negation", "act")


def total(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "make it three", "sixty-four, sorry": the whole amount of the change before."""
    last = context.last
    if last is None or context.previous is not None:
        return ()
    said = _said(phrase, last)
    close = last.value and said and abs(said - last.value) < 0.15 * last.value
    if not only(phrase, _COUNTED, 4 if close else 1):
        return ()
    told = refused or phrase.has("repair") or phrase.has("absolute") or phrase.has("act", "change")
    if said is None or acts_of(phrase) or phrase.has("size_word"):
        return ()
    if last.action == "adjust_fit" and last.value:
        return (copy(last, value=said),) if 0.5 < said / last.value < 2.0 else ()
    if not told or not last.delta or last.action not in ("adjust_fit", "move", "rotate"):
        return ()
    more = said - abs(last.delta)
    if abs(more) < 1e-6 or said > 4 * abs(last.delta):
        return ()
    if more < 0:
        return (turned_back(last, -more),)
    return (copy(last, delta=math.copysign(more, last.delta)),)


def fewer(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "one less", 少一公分: the change before, by so much less."""
    last = context.last
    if last is None or context.previous is not None or not phrase.has("less"):
        return ()
    if not only(phrase, ("number", "less", "length", "it", "this", "act")) or acts_of(phrase):
        return ()
    said = _said(phrase, last)
    if said is None and says("one", phrase) and last.action == "adjust_fit":
        said = unit_of(last)
    if said is None or last.action != "adjust_fit":
        return ()
    if last.value:
        return (copy(last, value=last.value - said),) if last.value > said else ()
    return (turned_back(last, said),) if last.delta else ()


def onward(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "and five more where that came from": so much more of the change before."""
    last = context.last
    if last is None or context.previous is not None or not last.delta or not phrase.has("more"):
        return ()
    if not only(phrase, ("number", "more", "other", "act", "it", "this"), 3) or acts_of(phrase):
        return ()
    said = _said(phrase, last)
    if said is None or not any(t.kind == "number" for t in phrase):
        return ()
    return (copy(last, delta=math.copysign(said, last.delta)),)


def overdone(phrase: Phrase, context: Context, refused: bool) -> tuple[Command, ...]:
    """As in "the hem is too much now", 宽过头了: too much of the change before."""
    last = context.last
    if last is None or last.action != "adjust_fit" or not last.delta:
        return ()
    if not (phrase.has("less") or says("overdone", phrase)):
        return ()
    kinds = ("less", "amount", "it", "this", "question", "done", "part", "adjective", "dimension")
    if not only(phrase, (*kinds, "too", "raise", "change"), 2) or phrase.has("length"):
        return ()
    parts = [v for t in phrase if (v := t.get("part"))]
    if parts and last.part not in (*parts, ""):
        return ()
    measures = {d for _, (d, _) in fitting.dimensions(phrase)} | {phrase.first("dimension")}
    alike = anatomy()["translate"].get(last.part, {})
    meant = {alike.get(m, [m])[0] if m else m for m in measures} - {None, "size"}
    if meant - {last.parameter} or not (parts or meant or phrase.has("raise")):
        return ()
    amount = spoken_amount(phrase, last, context)
    bit = phrase.has("amount") and amount
    return (turned_back(last, amount if bit and amount else abs(last.delta) / 2),)


def _said(phrase: Phrase, last: Command) -> float | None:
    """The amount that a phrase says, in SI; a number is of the last amount's unit."""
    for token in phrase:
        if token.kind in ("length", "angle"):
            return token.si
    numbers = [t.said for t in phrase if t.kind == "number" and t.said >= 1]
    return numbers[-1] * unit_of(last) if numbers else None
