"""PocketSphinx's searches over one automaton: commands, and free phones to hold them against.

The decoders take cepstra of our own front end: mel energies over a floor of noise, with noise taken
off where there is any to speak of, less their mean over the turn. They follow a turn while it is
spoken. Floor, noise and mean are only known at its end; as long as what was decoded lies near
enough to what it would be by now, the rest is added to it, else the turn is decoded anew. So when
somebody falls silent, there is little left to decode.
"""

from __future__ import annotations

import math
import os
import tempfile
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audio import Samples
from .automaton import Automaton
from .denoise import load_suppressor, signal_to_noise
from .errors import HearingError
from .features import CEPSTRA, cepstra, floored, mel_energies
from .pronounce import Dictionary, read_dictionary

EXTRA = "pip install 'showroom[hearing]'"
LANGUAGE_WEIGHT = 2.5
"""How much the number of words that may follow weighs against their sound."""
CLEAN_DB = 25.0
"""Turns whose loud parts stand so far over their quiet ones are decoded as they are."""
LEAST_FRAMES = 25
"""Shorter turns, 0.25 s, hold no command."""
WELL = 0.0
"""In noise, who lies no further behind free phones than this needs no further reading."""
ALIKE = 0.75
"""How much of its words (Ratcliff and Obershelp's likeness) a command has to keep, on average."""
TRACTS = (1.1, 0.92)
"""Where formants lie, relative to the model's, for the further readings."""
UNIT = 1e-4
"""The decoder's own step of log-likelihood, ln 1.0001, after its shift."""
NEAR, ROUGHLY = 0.12, 0.3
"""How far decoded cepstra may lie from what they would be by now: root mean square, in their own
standard deviations; ``ROUGHLY`` while somebody speaks, and for further readings."""
HELD_BACK = 8
"""Frames at the end that wait while somebody speaks: what comes next changes them the most."""

PAUSE = 22
"""Quiet frames at the end of a turn when it is looked at."""
QUIET_SHARE = 1e-3
"""What lies this far, 30 dB, below the loudest frame is quiet."""

Frames = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """What was decoded.

    Attributes:
        text: the automaton's likeliest words, or ``""``.
        behind: how far their score lies behind that of free phones, in :data:`UNIT` a frame.
        over_noise: dB between the loud and the quiet frames of the turn.
        agreed: whether the further readings found much the same; in noise, one of them.
    """

    text: str
    behind: float
    over_noise: float
    agreed: bool = True


NOTHING_FOUND = Found("", math.inf, 0.0)


class Search:
    """One decoder with one search; follows one turn at a time.

    Args:
        decoder: PocketSphinx's, with that search active.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        # Until it has taken a whole turn once, it loses the first frames of one taken in parts.
        decoder.start_utt()
        decoder.process_cep(np.zeros((LEAST_FRAMES, CEPSTRA), np.float32).tobytes(), True, True)
        decoder.end_utt()
        self._turn: object = None
        self._fed: Frames | None = None

    def follow(
        self, turn: object, frames: Frames, *, ended: bool, near: float = NEAR
    ) -> tuple[str, float]:
        """Words, and the log of their score in :data:`UNIT` a frame.

        Args:
            turn: whose frames they are; another turn's decoding is dropped.
            frames: (frames, 13), all of the turn so far.
            ended: nothing follows, as far as known.
            near: how far decoded frames may lie from these.
        """
        if self._fed is not None and (turn is not self._turn or _off(self._fed, frames) > near):
            self._end()
        if self._fed is None:
            self._decoder.start_utt()
            self._fed = frames[:0]
        self._turn = turn
        rest = np.ascontiguousarray(frames[len(self._fed) :], dtype=np.float32)
        if len(rest):
            self._decoder.process_cep(rest.tobytes(), False, False)
        self._fed = np.concatenate((self._fed, rest))
        if ended:
            self._end()
        found = self._decoder.hyp()
        if found is None or found.score <= 0.0:
            return "", -math.inf
        return found.hypstr, math.log(found.score) / UNIT / len(frames)

    def _end(self) -> None:
        self._decoder.end_utt()
        self._fed = None


def _likeness(text: str, other: str) -> float:
    return SequenceMatcher(None, text.split(), other.split()).ratio()


def _off(fed: Frames, frames: Frames) -> float:
    """How far frames that were decoded lie from what they are by now."""
    if len(fed) > len(frames):
        return math.inf
    off = (frames[: len(fed)] - fed) / (frames.std(axis=0) + 1e-3)
    return float(np.sqrt(np.mean(off**2))) if len(fed) else 0.0


class Searches:
    """Decodes turns against one automaton; about 130 MB.

    Turns may overlap, but only the one that was looked at last is followed; another one that is
    looked at is decoded from its beginning.

    Raises:
        HearingError: pocketsphinx or its model is missing.
    """

    def __init__(self, automaton: Automaton) -> None:
        self._suppressor = load_suppressor()
        with tempfile.TemporaryDirectory(prefix="showroom-") as folder:
            make = partial(_decoder, automaton, Path(folder))
            self._commands, self._phones = Search(make("grammar")), Search(make("phones"))
            self._others = {tract: Search(make("grammar")) for tract in TRACTS}

    def best(self, samples: Samples, turn: object = None, *, ended: bool = True) -> Found:
        """The likeliest sentence, or beginning of one, in a turn's samples.

        It is decoded twice more, as of speakers with a shorter and a longer vocal tract: a command
        stays the same, chatter seldom does.

        Args:
            samples: all of the turn so far.
            turn: stands for the turn; the same one as long as samples are only added.
            ended: nothing follows, as far as known.
        """
        turn = turn or object()
        frames, over, quiet = self._frames(samples, 1.0, ended=ended)
        near = NEAR if ended or quiet > PAUSE // 3 else ROUGHLY
        if len(frames) < LEAST_FRAMES:
            return NOTHING_FOUND
        text, score = self._commands.follow(turn, frames, ended=ended, near=near)
        if not text:
            return Found("", math.inf, over)
        behind = self._phones.follow(turn, frames, ended=ended, near=near)[1] - score
        if over <= CLEAN_DB and behind <= WELL:
            return Found(text, behind, over)
        kept = []
        for tract, search in self._others.items():
            frames, *_ = self._frames(samples, tract, ended=ended)
            other, _ = search.follow(turn, frames, ended=ended, near=ROUGHLY)
            kept.append(_likeness(text, other))
        likeness = max(kept) if over <= CLEAN_DB else sum(kept) / len(kept)
        return Found(text, behind, over, likeness >= ALIKE)

    def _frames(self, samples: Samples, warp: float, *, ended: bool) -> tuple[Frames, float, int]:
        """Cepstra less their mean, dB over the noise, and how many frames at the end are quiet."""
        mel = floored(mel_energies(samples, warp))
        if len(mel) < LEAST_FRAMES:
            return np.zeros((0, CEPSTRA), dtype=np.float32), 0.0, 0
        over = signal_to_noise(mel)
        if over <= CLEAN_DB:
            mel = floored(self._suppressor.clean(mel))
        total = mel.sum(axis=1)
        quiet = len(total) - 1 - int(np.flatnonzero(total > total.max() * QUIET_SHARE)[-1])
        found = cepstra(mel)
        if ended:
            return found - found.mean(axis=0), over, quiet
        # As if a pause followed that is as quiet as the quietest frames.
        more = max(0, PAUSE - quiet)
        quietest = found[np.argsort(total)[: len(total) // 10]].mean(axis=0)
        mean = (found.sum(axis=0) + more * quietest) / (len(found) + more)
        return (found - mean)[:-HELD_BACK].astype(np.float32), over, quiet


def _decoder(automaton: Automaton, folder: Path, search: str) -> Any:
    """PocketSphinx with the search "grammar" or "phones".

    Args:
        folder: for its files, while it is made.
    """
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
    model = Path(get_model_path("en-us/en-us"))
    words, features = folder / "words.dict", folder / "feat.params"
    if not words.exists():
        known = Dictionary(read_dictionary(Path(get_model_path("en-us/cmudict-en-us.dict"))))
        words.write_text(known.lines(automaton.words), encoding="utf-8")
        # The mean is taken off already; the decoder's own would lag behind.
        own = (model / "feat.params").read_text("utf-8").replace("-cmn batch", "-cmn none")
        features.write_text(own, encoding="utf-8")
    decoder = Decoder(
        hmm=str(model),
        dict=str(words),
        featparams=str(features),
        lm=None,
        logfn=os.devnull,
        lw=LANGUAGE_WEIGHT,
        bestpath=False,
    )
    if search == "phones":
        decoder.add_allphone_file(search, get_model_path("en-us/en-us-phone.lm.bin"))
    else:
        last = len(automaton.edges)
        arcs: list[tuple[int, int, float] | tuple[int, int, float, str]] = []
        for state, edges in enumerate(automaton.edges):
            ends = state in automaton.final
            share = 1.0 / max(1, len(edges) + ends)
            arcs += [(state, to, share, word) for word, to in edges.items()]
            if ends:
                arcs.append((state, last, share))
        decoder.add_fsg(search, decoder.create_fsg(search, 0, last, arcs))
    decoder.activate_search(search)
    return decoder
