"""The embedded English recogniser: PocketSphinx on a grammar of the shop, with a gate.

Every turn is decoded with the mean of its own cepstra taken off: twice as accurate as with the mean
of what came before, and :mod:`.searches` follows it while it is spoken all the same. The grammar's
automaton allows nothing but commands; so that other speech is not pressed into one, the
same frames are decoded a second time as free phones, and a command whose score falls too far behind
is dropped.
"""

from __future__ import annotations

import math

import numpy as np

from .audio import Samples
from .grammar import SpokenGrammar
from .recogniser import NOTHING, Hypothesis
from .searches import Searches

MATCH = 8.0
"""How far a command may lie behind free phones (:class:`~.searches.Found`)."""


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

    def recognise(self, samples: Samples, turn: object = None, *, ended: bool = True) -> Hypothesis:
        """The command in a turn's samples.

        Args:
            samples, turn, ended: as :meth:`.searches.Searches.best` takes them.

        Returns:
            ``text`` with a ``reason`` where it is no command yet (``"unfinished"``) or does not
            sound like what was said (``"off_grammar"``).
        """
        found = self._searches.best(samples, turn, ended=ended)
        if not found.text:
            return Hypothesis("", 0.0, "off_grammar")
        sure = 1.0 / (1.0 + math.exp(found.behind - MATCH))
        # Chatter comes out as another command each time.
        if self._gated and (found.behind > MATCH or not found.agreed):
            return Hypothesis(found.text, sure, "off_grammar")
        reason = "" if self.grammar.automaton.accepts(found.text) else "unfinished"
        return Hypothesis(found.text, sure, reason, self.grammar.closes(found.text))


class SphinxStream:
    """One turn's audio, decoded as far as it goes whenever somebody looks."""

    def __init__(self, recogniser: SphinxRecogniser) -> None:
        self._recogniser = recogniser
        self._parts: list[Samples] = []
        self._count = 0
        self._decoded = (-1, False)
        self._found = NOTHING

    def accept(self, samples: Samples) -> None:
        """Take the next samples."""
        self._parts.append(samples)
        self._count += len(samples)

    def partial(self, *, paused: bool = False) -> Hypothesis:
        """The words so far, where they sound like the beginning of a command."""
        found = self._look(ended=paused)
        return found if found.reason in ("", "unfinished") else Hypothesis("", 0.0, found.reason)

    def final(self) -> Hypothesis:
        """The command."""
        found = self._look(ended=True)
        return found if not found.reason else Hypothesis("", found.confidence, "off_grammar")

    def _look(self, *, ended: bool) -> Hypothesis:
        if self._decoded not in ((self._count, ended), (self._count, True)):
            samples = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int16)
            self._found = self._recogniser.recognise(samples, self, ended=ended)
            self._decoded = (self._count, ended)
        return self._found
