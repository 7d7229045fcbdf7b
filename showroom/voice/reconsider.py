"""A sentence in a conversation, understood again by all that it may lean on.

Rules and classifiers see little of what came before. Where they are unsure, or where the ranking of
all readings is surer of another one, that one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..protocol.messages import Command
from .context import Clarify, Context, Understanding
from .doubts import doubt
from .outcome import spoken
from .phrase import Phrase
from .ranking import load_ranking
from .readings import Reading, readings
from .replies import question
from .resolve import NO_COMMAND
from .risk import unexplained

SETTLED = 0.9
"""From this confidence on an understanding is not considered again."""
SURE, FRESH = 0.6, 0.8
"""From this probability on a reading counts; the second where nothing has been said before."""
RIVAL = 0.35
"""From this one on, the reading that was understood first stays."""
STRANGE = 0.05
"""Below this one, what was understood first is asked about."""
_REPLIES = ("yes", "no", "stop", "repeat")
"""What nobody says at length, and means nothing where nothing was asked."""
DOUBTFUL, CHOICE = 0.25, 0.06
"""From the first one on a sentence that was not understood is asked about; what is less likely than
the second is offered to nobody."""


def reconsidered(
    got: Understanding,
    phrases: Sequence[Phrase],
    shares: Sequence[Mapping[str, float]],
    context: Context,
) -> Understanding:
    """What was understood, or the likeliest reading where that is surer.

    Args:
        phrases: the whole of the sentence, and its clauses where it has several.
        shares: for each the probabilities of its intents.
    """
    unsure = got.clarify is not None or got.intent == "out_of_scope"
    if not phrases or got.problem:
        return got
    settled = got.confidence >= SETTLED and not (got.intent in _REPLIES and _long(phrases[0]))
    if settled and not unsure:
        return got
    found = readings(phrases, [dict(s) for s in shares], context)
    likely = load_ranking().probabilities(found, phrases[0], shares[0], context)
    order = np.argsort(-likely)
    best, share = found[int(order[0])], float(likely[order[0]])
    if best.commands and doubt(best.commands, phrases[0], context) is not None:
        return got
    if "measure" in unexplained(phrases[0], best.commands):
        return got  # "NaN cm longer"
    if best.intent == "clarify":
        if got.clarify is not None or share < SURE or context.asked is not None:
            return got
        return _asked(got, [found[int(i)] for i in order[:5] if likely[i] >= CHOICE])
    kept = sum(float(p) for r, p in zip(found, likely, strict=True) if _same(r, got))
    fresh = context.last is None and context.previous is None
    if share >= (FRESH if fresh else SURE) and (unsure or kept < RIVAL) and not _same(best, got):
        return replace(
            got, intent=best.intent, commands=best.commands, clarify=None, confidence=share
        )
    if got.intent == "out_of_scope" and got.confidence >= SETTLED:
        return got
    odd = not unsure and kept < STRANGE and bool(got.commands)
    if not (unsure or odd) or share < DOUBTFUL or context.asked is not None or not best.commands:
        return got
    rivals = [found[int(i)] for i in order[:5] if likely[i] >= CHOICE]
    own = [Reading(got.commands, got.intent, phrases[0])] if odd else []
    return _asked(got, [*rivals[:2], *own] if own else rivals)


def _long(phrase: Phrase) -> bool:
    """Whether more is said than a reply is long."""
    return len(phrase.content) > 1


def _same(reading: Reading, got: Understanding) -> bool:
    if got.clarify is not None:
        return False
    if reading.commands or got.commands:
        return reading.commands == got.commands
    return reading.intent == got.intent


def _asked(got: Understanding, likely: Sequence[Reading]) -> Understanding:
    """The question which of the likeliest readings is meant."""
    choices: dict[str, tuple[Command, ...]] = {}
    for reading in likely:
        if reading.commands and reading.intent not in NO_COMMAND:
            choices.setdefault(spoken(reading.commands, got.lang), reading.commands)
    texts = tuple(choices)[:3]
    what = "intent" if texts else "what"
    asked = Clarify(question(what, texts, got.lang), texts, tuple(choices.values())[:3])
    return replace(got, intent="clarify", commands=(), clarify=asked)
