"""The embedded English recogniser: PocketSphinx on a grammar of the shop, with a gate.

Every turn is decoded as a whole, with the mean of its own cepstra taken off: twice as accurate as
decoding while it is spoken, and at a few hundredths of real time no slower to the visitor. The
grammar's automaton allows nothing but commands; so that other speech is not pressed into one, the
same frames are decoded a second time as free phones, and a command whose score falls too far behind
is dropped.
"""

from __future__ import annotations

import math

import numpy as np

from .audio import Samples
from .grammar import SpokenGrammar
from .recogniser import NOTHING, Hypothesis
from .searches import CLEAN_DB, Searches

MATCH = 3.5
"""How far a command may lie behind free phones (:class:`~.searches.Found`) in a quiet room."""
MATCH_NOISY = 5.0
"""So far in noise, where no words explain the sounds well."""
NOISY_DB = 12.0
"""What is as loud as this beside the noise counts as noisy."""


class SphinxRecogniser:
    """English commands of one shop.

    Args:
        grammar: what may be said.
        gated: drop commands that do not sound like what was said.

    Raises:
        HearingError: pocketsphinx or its model is missing.
    """

    name = "pocketsphinx"
    languages: tuple[str, ...] = ("en",)

    def __init__(self, grammar: SpokenGrammar, *, gated: bool = True) -> None:
        self.grammar = grammar
        self._gated = gated
        self._searches = Searches(grammar.automaton)

    def stream(self, lang: str = "") -> SphinxStream:
        """A turn; other languages than English are decoded as English, and dropped by the gate."""
        return SphinxStream(self)

    def recognise(self, samples: Samples) -> Hypothesis:
        """The command in a turn's samples.

        Returns:
            ``text`` with a ``reason`` where it is no command yet (``"unfinished"``) or does not
            sound like what was said (``"off_grammar"``).
        """
        found = self._searches.best(samples)
        if not found.text:
            return Hypothesis("", 0.0, "off_grammar")
        limit = match(found.over_noise)
        sure = 1.0 / (1.0 + math.exp(found.behind - limit))
        # Chatter comes out as another command each time.
        if self._gated and (found.behind > limit or not found.agreed):
            return Hypothesis(found.text, sure, "off_grammar")
        reason = "" if self.grammar.automaton.accepts(found.text) else "unfinished"
        return Hypothesis(found.text, sure, reason, self.grammar.closes(found.text))


def match(over_noise: float) -> float:
    """How far a command may lie behind free phones, by dB over the noise."""
    share = (CLEAN_DB - over_noise) / (CLEAN_DB - NOISY_DB)
    return MATCH + (MATCH_NOISY - MATCH) * min(1.0, max(0.0, share))


class SphinxStream:
    """One turn's audio, decoded when somebody looks."""

    def __init__(self, recogniser: SphinxRecogniser) -> None:
        self._recogniser = recogniser
        self._parts: list[Samples] = []
        self._count = 0
        self._decoded = -1
        self._found = NOTHING

    def accept(self, samples: Samples) -> None:
        """Take the next samples."""
        self._parts.append(samples)
        self._count += len(samples)

    def partial(self) -> Hypothesis:
        """The words so far, where they sound like the beginning of a command."""
        found = self._look()
        return found if found.reason in ("", "unfinished") else Hypothesis("", 0.0, found.reason)

    def final(self) -> Hypothesis:
        """The command."""
        found = self._look()
        return found if not found.reason else Hypothesis("", found.confidence, "off_grammar")

    def _look(self) -> Hypothesis:
        if self._count != self._decoded:
            self._found = self._recogniser.recognise(np.concatenate(self._parts))
            self._decoded = self._count
        return self._found
