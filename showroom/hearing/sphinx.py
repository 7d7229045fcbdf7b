"""The embedded English recogniser: PocketSphinx on a grammar of the shop, with a gate.

Every turn is decoded as a whole, with the mean of its own cepstra taken off: twice as accurate as
decoding while it is spoken, and at a few hundredths of real time no slower to the visitor. The
grammar's automaton allows nothing but commands; so that other speech is not pressed into one, the
same frames are decoded a second time as free phones, and a command whose score falls too far behind
is dropped.
"""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audio import Samples
from .denoise import load_suppressor, signal_to_noise
from .errors import HearingError
from .features import Mel, cepstra, floored, mel_energies
from .grammar import SpokenGrammar
from .pronounce import Dictionary, read_dictionary
from .recogniser import NOTHING, Hypothesis

EXTRA = "pip install 'showroom[hearing]'"
LANGUAGE_WEIGHT = 2.5
"""How much the number of words that may follow weighs against their sound."""
CLEAN_DB = 25.0
"""Turns whose loud parts stand so far over their quiet ones are decoded as they are."""
LEAST_FRAMES = 25
"""Shorter turns, 0.25 s, hold no command."""

MATCH = 3.5
"""How far a command's score may lie behind that of free phones, in :data:`UNIT` a frame."""
UNIT = 1e-4
"""The decoder's own step of log-likelihood, ln 1.0001, after its shift."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a search found: its words, and the log of its score in :data:`UNIT` a frame."""

    text: str
    score: float


class SphinxRecogniser:
    """English commands of one shop; about 80 MB.

    Args:
        grammar: what may be said.
        match: see :data:`MATCH`; None lets every command through.

    Raises:
        HearingError: pocketsphinx or its model is missing.
    """

    name = "pocketsphinx"
    languages: tuple[str, ...] = ("en",)

    def __init__(self, grammar: SpokenGrammar, *, match: float | None = MATCH) -> None:
        self.grammar = grammar
        self._match = match
        self._suppressor = load_suppressor()
        self._decoder = _decoder(grammar)

    def stream(self, lang: str = "") -> SphinxStream:
        """A turn; other languages than English are decoded as English, and dropped by the gate."""
        return SphinxStream(self)

    def recognise(self, samples: Samples) -> Hypothesis:
        """The command in a turn's samples.

        Returns:
            ``text`` with a ``reason`` where it is no command yet (``"unfinished"``) or does not
            sound like what was said (``"off_grammar"``).
        """
        mel = self.quieted(floored(mel_energies(samples)))
        if len(mel) < LEAST_FRAMES:
            return NOTHING
        frames = cepstra(mel)
        found = self.decode(frames, "grammar")
        if not found.text:
            return Hypothesis("", 0.0, "off_grammar")
        behind = self.decode(frames, "phones").score - found.score
        sure = confidence(behind)
        if self._match is not None and behind > self._match:
            return Hypothesis(found.text, sure, "off_grammar")
        whole = self.grammar.automaton.accepts(found.text)
        return Hypothesis(found.text, sure, "" if whole else "unfinished")

    def quieted(self, mel: Mel) -> Mel:
        """Mel energies with noise taken off, where there is any to speak of."""
        if len(mel) < LEAST_FRAMES or signal_to_noise(mel) > CLEAN_DB:
            return mel
        return floored(self._suppressor.clean(mel))

    def decode(self, frames: NDArray[np.float32], search: str) -> Decoded:
        """Decode cepstra, (frames, 13), with the search ``"grammar"`` or ``"phones"``."""
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_cep(np.ascontiguousarray(frames).tobytes(), False, True)
        decoder.end_utt()
        found = decoder.hyp()
        if found is None or found.score <= 0.0:
            return Decoded("", -math.inf)
        return Decoded(found.hypstr, math.log(found.score) / UNIT / len(frames))


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


def confidence(behind: float) -> float:
    """A probability for how far a command's score lies behind that of free phones."""
    return 1.0 / (1.0 + math.exp(behind - MATCH))


def _decoder(grammar: SpokenGrammar) -> Any:
    try:
        from pocketsphinx import Decoder, get_model_path
    except ImportError:
        raise HearingError(
            f"the embedded recogniser is missing; install it with: {EXTRA}",
            field="recogniser",
            expected="pocketsphinx 5.1",
            got="none",
            code="not_ready",
        ) from None
    automaton = grammar.automaton
    known = Dictionary(read_dictionary(Path(get_model_path("en-us/cmudict-en-us.dict"))))
    with tempfile.TemporaryDirectory(prefix="showroom-") as folder:
        words = Path(folder) / "words.dict"
        words.write_text(known.lines(automaton.words), encoding="utf-8")
        decoder = Decoder(
            hmm=get_model_path("en-us/en-us"),
            dict=str(words),
            lm=None,
            logfn=os.devnull,
            lw=LANGUAGE_WEIGHT,
        )
    last = len(automaton.edges)
    arcs: list[tuple[int, int, float] | tuple[int, int, float, str]] = []
    for state, edges in enumerate(automaton.edges):
        ends = state in automaton.final
        share = 1.0 / max(1, len(edges) + ends)
        arcs += [(state, to, share, word) for word, to in edges.items()]
        if ends:
            arcs.append((state, last, share))
    decoder.add_fsg("grammar", decoder.create_fsg("grammar", 0, last, arcs))
    decoder.add_allphone_file("phones", get_model_path("en-us/en-us-phone.lm.bin"))
    return decoder
