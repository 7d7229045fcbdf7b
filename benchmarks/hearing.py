"""What hearing costs and how soon it answers: python -m benchmarks.hearing [--data DIR].

Prints processor time as a share of the audio's length, memory, the time from the end of speech to
the resolved intent, and the detector's F1 over windows of 32 ms. Speech is that of the synthetic
voices, or with ``--data`` recordings of people (a folder of 16 kHz WAV files).
"""

from __future__ import annotations

import argparse
import resource
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from showroom.hearing.audio import RATE, Samples, read_wav
from showroom.hearing.ear import STEP, Ear
from showroom.hearing.grammar import SpokenGrammar
from showroom.hearing.noise import colored, mixed, music
from showroom.hearing.score import SHOP
from showroom.hearing.shop import complete_for
from showroom.hearing.sphinx import SphinxRecogniser
from showroom.hearing.turn import TurnSettings
from showroom.hearing.vad import WINDOW, SileroVad
from showroom.hearing.voices import HELD_OUT, speak_all
from showroom.voice import Interpreter

QUIET_DB = 35.0
"""Windows of a clean recording within so many dB of its loudest hold speech."""
BRIDGE = 3
"""Pauses of up to so many windows, 0.1 s, belong to the speech around them."""


def speech_windows(samples: Samples) -> NDArray[np.bool_]:
    """Which windows of a clean recording hold speech, by their energy."""
    count = len(samples) // WINDOW
    windows = samples[: count * WINDOW].reshape(count, WINDOW).astype(np.float64)
    decibels = 10.0 * np.log10(np.mean(windows**2, axis=1) + 1e-9)
    return bridged(decibels > decibels.max() - QUIET_DB)


def bridged(voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Short pauses filled."""
    out = voiced.copy()
    at = np.flatnonzero(voiced)
    for before, after in pairwise(at):
        if after - before - 1 <= BRIDGE:
            out[before:after] = True
    return out


def detected(samples: Samples) -> NDArray[np.bool_]:
    """Which windows the detector takes for speech, with the turn's two thresholds."""
    vad, settings = SileroVad(), TurnSettings()
    voiced = False
    found = []
    for window in samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW):
        voiced = vad.probability(window) >= (settings.keep if voiced else settings.start)
        found.append(voiced)
    return bridged(np.array(found, dtype=bool))


def vad_scores(recordings: list[Samples]) -> None:
    """F1 of the detector, clean and under noise, and what it costs."""
    rng = np.random.default_rng(5)
    began = time.process_time()
    windows = 0
    for name, kind, decibels in (
        ("clean", "", 0.0),
        ("white 5 dB", "white", 5.0),
        ("music 10 dB", "music", 10.0),
    ):
        hits = wrong = missed = 0
        for samples in recordings:
            count = len(samples)
            given = samples
            if kind:
                other = music(rng, count) if kind == "music" else colored(rng, count, 0.0)
                given = mixed(samples.astype(np.float64), other, decibels).astype(np.int16)
            truth, found = speech_windows(samples), detected(given)
            windows += len(found)
            hits += int(np.sum(truth & found))
            wrong += int(np.sum(~truth & found))
            missed += int(np.sum(truth & ~found))
        precision, recall = hits / max(1, hits + wrong), hits / max(1, hits + missed)
        f1 = 2 * hits / max(1, 2 * hits + wrong + missed)
        print(f"VAD {name:12} F1 {f1:.3f}  precision {precision:.3f}  recall {recall:.3f}")
    print(f"VAD {1e6 * (time.process_time() - began) / windows:.0f} us a window, noise included")


def answer_times(seed: int, count: int) -> None:
    """Seconds from the end of speech to the resolved intent, on a clock that charges all work."""
    grammar = SpokenGrammar(SHOP)
    began = time.process_time()
    recogniser = SphinxRecogniser(grammar)
    print(f"recogniser loads in {time.process_time() - began:.2f} s of processor time")
    interpreter = Interpreter()

    clips = speak_all(grammar.sentences(count, seed), HELD_OUT, seed, each=1)
    late, spent, seconds = [], 0.0, 0.0
    for clip in clips:
        ear = Ear(
            SileroVad(),
            recogniser,
            complete=complete_for(interpreter),
            clock=time.process_time,
        )
        clock = 0.0
        end = (int(np.flatnonzero(speech_windows(clip.samples))[-1]) + 1) * STEP
        silence = np.zeros(RATE, dtype=np.int16)
        samples = np.concatenate((clip.samples, silence))
        for number, start in enumerate(range(0, len(samples) - WINDOW + 1, WINDOW)):
            began = time.process_time()
            reports = ear.accept(samples[start : start + WINDOW])
            final = next((r for r in reports if r.kind == "final"), None)
            if final is not None and final.text:
                interpreter.understand(final.text, "en")
            cost = time.process_time() - began
            # Audio arrives in real time; work that is not done when it comes delays what follows.
            clock = max(clock, (number + 1) * STEP) + cost
            spent += cost
            if final is not None:
                if final.text == clip.text:
                    late.append(clock - end)
                break
        seconds += len(clip.samples) / RATE
    print(
        f"end of speech to intent: median {np.median(late):.3f} s, "
        f"95% {np.percentile(late, 95):.3f} s, of {len(late)} of {len(clips)} heard right"
    )
    print(f"processor time / audio, partial texts included: {spent / seconds:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of people's recordings")
    parser.add_argument("--count", type=int, default=30, help="sentences (30)")
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer_times(7, options.count)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {before / 1024:.0f} MB before, {after / 1024:.0f} MB with all that hears")
    if options.data is not None:
        recordings = [read_wav(path) for path in sorted(options.data.glob("*.wav"))]
    else:
        texts = SpokenGrammar(SHOP).sentences(options.count, 8)
        recordings = [clip.samples for clip in speak_all(texts, HELD_OUT, 8, each=1)]
    vad_scores(recordings)


if __name__ == "__main__":
    main()
