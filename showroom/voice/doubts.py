"""What must be asked before commands are carried out, however sure their intent is."""

from __future__ import annotations

from ..protocol.messages import Command
from .context import Context
from .data import amounts
from .furnishing import copy
from .phrase import Phrase
from .resolve import Need, Outcome
from .target import category_of, kind_of

OUT_OF_RANGE = "out_of_range"
_BARE = frozenset(("act", "it", "this", "filler", "repair", "punct", "kind", "question"))
"""Kinds of words that do not say what shall become different."""
_FURNISHING = ("move", "rotate", "scale", "place")


def doubt(outcome: Outcome, phrase: Phrase, context: Context) -> Need | None:
    """The question that commands need first, or None."""
    if isinstance(outcome, Need) or not outcome:
        return None
    return _several(outcome, context) or _beyond(outcome, context)


def vague(phrase: Phrase) -> bool:
    """Whether a phrase asks for a change but names none ("change it", 改一改)."""
    acts = [v for t in phrase if (v := t.get("act"))]
    kinds = {kind for t in phrase for kind, _ in t.senses}
    return bool(acts) and all(act == "change" for act in acts) and kinds <= _BARE


def _several(outcome: tuple[Command, ...], context: Context) -> Need | None:
    """The question which piece of furniture is meant, where several stand there."""
    target = outcome[0].target
    if target and context.thing(target) is None:
        found = [t for t in context.things if t.category in category_of(target)]
        told_apart = len({thing.color for thing in found}) == len(found)
        wanted = outcome[0].action in (*_FURNISHING, "set_color", "set_choice", "adjust_fit")
    else:
        found = [thing for thing in context.things if thing.kind == "furniture"]
        told_apart = len({thing.category for thing in found}) == len(found)
        wanted = outcome[0].action in _FURNISHING and not target and not context.pointed
    if len(found) < 2 or not told_apart or not wanted:
        return None
    choices = tuple(tuple(copy(c, target=t.id) for c in outcome) for t in found[:3])
    return Need("which_product", choices)


def _beyond(outcome: tuple[Command, ...], context: Context) -> Need | None:
    """The question how much is meant, where no product could change as much as was said."""
    most = amounts()["most"]
    for command in outcome:
        size = max(abs(command.delta or 0.0), abs(command.value or 0.0))
        kind = kind_of(command.target, context) or "garment"
        limit = {"adjust_fit": most[kind], "move": most["move"], "rotate": most["rotate"]}.get(
            command.action
        )
        if limit is not None and size > limit:
            return Need(OUT_OF_RANGE, (outcome,))
        factor = command.factor or 1.0
        if factor > most["scale"] or factor * most["scale"] < 1.0:
            return Need(OUT_OF_RANGE, (outcome,))
    return None
