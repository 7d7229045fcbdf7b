"""PocketSphinx's searches over one automaton: commands, and free phones to hold them against.

The decoder takes cepstra of our own front end: mel energies over a floor of noise, with noise taken
off where there is any to speak of.
"""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audio import Samples
from .automaton import Automaton
from .denoise import load_suppressor, signal_to_noise
from .errors import HearingError
from .features import cepstra, floored, mel_energies
from .pronounce import Dictionary, read_dictionary

EXTRA = "pip install 'showroom[hearing]'"
LANGUAGE_WEIGHT = 2.5
"""How much the number of words that may follow weighs against their sound."""
CLEAN_DB = 25.0
"""Turns whose loud parts stand so far over their quiet ones are decoded as they are."""
LEAST_FRAMES = 25
"""Shorter turns, 0.25 s, hold no command."""
WELL = 0.0
"""Who lies no further behind free phones than this needs no second attempt."""
SHORT_TRACT = 1.1
"""Where formants lie, relative to the model's, for the second attempt."""
UNIT = 1e-4
"""The decoder's own step of log-likelihood, ln 1.0001, after its shift."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was decoded.

    Attributes:
        text: the automaton's likeliest words, or ``""``.
        behind: how far their score lies behind that of free phones, in :data:`UNIT` a frame.
        over_noise: dB between the loud and the quiet frames of the turn.
        agreed: whether a second attempt, where there was one, found the same.
    """

    text: str
    behind: float
    over_noise: float
    agreed: bool = True


NOTHING_FOUND = Found("", math.inf, 0.0)


class Searches:
    """Decodes turns against one automaton; about 80 MB.

    Raises:
        HearingError: pocketsphinx or its model is missing.
    """

    def __init__(self, automaton: Automaton) -> None:
        self._suppressor = load_suppressor()
        self._decoder = _decoder(automaton)

    def best(self, samples: Samples) -> Found:
        """The likeliest sentence, or beginning of one, in a turn's samples.

        What is not explained well is decoded once more as of a speaker with a shorter vocal tract:
        a command stays the same, chatter seldom does.
        """
        found = self._attempt(samples, 1.0)
        if found.behind <= WELL or found is NOTHING_FOUND:
            return found
        other = self._attempt(samples, SHORT_TRACT)
        return replace(found, agreed=found.text == other.text)

    def _attempt(self, samples: Samples, warp: float) -> Found:
        mel = floored(mel_energies(samples, warp))
        if len(mel) < LEAST_FRAMES:
            return NOTHING_FOUND
        over = signal_to_noise(mel)
        if over <= CLEAN_DB:
            mel = floored(self._suppressor.clean(mel))
        frames = cepstra(mel)
        text, score = self._decode("grammar", frames)
        if not text:
            return Found("", math.inf, over)
        return Found(text, self._decode("phones", frames)[1] - score, over)

    def _decode(self, search: str, frames: NDArray[np.float32]) -> tuple[str, float]:
        """Words, and the log of their score in :data:`UNIT` a frame."""
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_cep(np.ascontiguousarray(frames).tobytes(), False, True)
        decoder.end_utt()
        found = decoder.hyp()
        if found is None or found.score <= 0.0:
            return "", -math.inf
        return found.hypstr, math.log(found.score) / UNIT / len(frames)


def _decoder(automaton: Automaton) -> Any:
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
