"""Score hearing: ``python -m showroom.hearing.score`` prints one row for each condition.

In-grammar sentences are drawn from the grammar with a seed that no tuning used and spoken by the
held-out voices; off-grammar ones stand in ``tests/hearing/off_grammar.txt``. Clips pass through the
whole ear: detector, turn, suppressor, decoder and gate. Exact means word for word; *same meaning*
that the interpreter resolves it to the same commands. Intervals are Wilson's at 95%.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..voice import Interpreter
from ..voice.interval import interval
from .audio import RATE, Samples
from .ear import Ear
from .grammar import SpokenGrammar, Stocked
from .noise import colored, mixed, music
from .recogniser import Recogniser
from .sphinx import SphinxRecogniser
from .vad import SileroVad
from .voices import DEVELOPMENT, HELD_OUT, Clip, speak_all

SHOP = (
    Stocked("armchair", ("Aster armchair",)),
    Stocked("t_shirt", ("Meridian tee",)),
    Stocked("sofa", ("Halden sofa",)),
    Stocked("dress", ("Linnea dress",)),
    Stocked("chair", ("Oslo chair",)),
    Stocked("table", ("Kolding table",)),
    Stocked("lamp", ("Nova lamp",)),
    Stocked("trousers", ("Corsa trousers",)),
    Stocked("jacket", ("Tindra jacket",)),
    Stocked("rug", ("Palma rug",)),
)
SEEDS = {"development": 1, "heldout": 99}
OFF_GRAMMAR = Path(__file__).parents[2] / "tests" / "hearing" / "off_grammar.txt"
ENDS = ("", "_development")


def chatter() -> tuple[list[str], list[str]]:
    """Off-grammar sentences: those to tune on, those to score on."""
    lines, more = (_lines(OFF_GRAMMAR.with_stem(OFF_GRAMMAR.stem + end)) for end in ENDS)
    return lines[: len(lines) // 2] + more, lines[len(lines) // 2 :]


def _lines(path: Path) -> list[str]:
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def under(clip: Clip, kind: str, decibels: float, seed: int) -> Samples:
    """A clip under white noise or music at a signal-to-noise ratio; ``"clean"`` as it is."""
    if kind == "clean":
        return clip.samples
    rng = np.random.default_rng(seed)
    count = len(clip.samples)
    other = music(rng, count) if kind == "music" else colored(rng, count, 0.0)
    return mixed(clip.samples.astype(np.float64), other, decibels).astype(np.int16)


def hear(ear: Ear, samples: Samples) -> str:
    """The final texts of a recording, joined."""
    ear.cancel()
    reports = [*ear.accept(samples), *ear.finish()]
    return " ".join(r.text for r in reports if r.kind == "final" and r.text)


def row(name: str, hits: int, count: int) -> str:
    """One line of the table."""
    return f"| {name} | {hits}/{count} | {interval(hits / max(1, count), count)} |"


def score_commands(
    recogniser: Recogniser,
    clips: Sequence[Clip],
    conditions: Sequence[tuple[str, float]],
    *,
    show: bool = False,
) -> None:
    """Exact and same-meaning shares of in-grammar clips, by condition and engine of the voice."""
    interpreter = Interpreter()
    ear = Ear(SileroVad(), recogniser, clock=time.process_time)
    for kind, decibels in conditions:
        exact: Counter[str] = Counter()
        meant = 0
        spent = seconds = 0.0
        count: Counter[str] = Counter()
        for number, clip in enumerate(clips):
            samples = under(clip, kind, decibels, number)
            began = time.process_time()
            text = hear(ear, samples)
            spent += time.process_time() - began
            seconds += len(samples) / RATE
            engine = clip.voice.split(":")[0]
            count[engine] += 1
            exact[engine] += text == clip.text
            same = text == clip.text
            if text and not same:
                told = [interpreter.understand(t, "en") for t in (text, clip.text)]
                same = told[0].intent == told[1].intent and told[0].commands == told[1].commands
            meant += same
            if show and text != clip.text:
                print(f"  {clip.voice}: {clip.text!r} heard as {text!r}")
        name = kind if kind == "clean" else f"{kind} {decibels:g} dB"
        print(row(f"{name}, exact", exact.total(), count.total()))
        print(row(f"{name}, same meaning", meant, count.total()))
        for engine in sorted(count):
            print(row(f"{name}, exact, {engine}", exact[engine], count[engine]))
        print(f"| {name}, processor time / audio | | {spent / seconds:.3f} |", flush=True)


def score_chatter(recogniser: Recogniser, clips: Sequence[Clip], *, show: bool = False) -> None:
    """The share of off-grammar clips in which a command is heard."""
    ear = Ear(SileroVad(), recogniser, clock=time.process_time)
    taken = 0
    for clip in clips:
        text = hear(ear, clip.samples)
        taken += bool(text)
        if show and text:
            print(f"  {clip.voice}: {clip.text!r} heard as {text!r}")
    print(row("off-grammar accepted", taken, len(clips)), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Score one set of voices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=list(SEEDS), default="heldout")
    parser.add_argument("--count", type=int, default=100, help="sentences, two voices each")
    parser.add_argument("--show", action="store_true", help="print what was misheard")
    parser.add_argument("--noise", type=float, nargs="*", default=[10.0], help="white, dB")
    options = parser.parse_args(arguments)
    held = options.set == "heldout"
    if held and options.show:
        parser.error("held-out sentences are not looked at: figures only")
    voices = HELD_OUT if held else DEVELOPMENT
    grammar = SpokenGrammar(SHOP)
    recogniser = SphinxRecogniser(grammar)
    half = chatter()[held]
    print("| condition | hits | share (95% interval) |\n|---|---|---|")
    score_chatter(recogniser, speak_all(half, voices, SEEDS[options.set] + 1), show=options.show)
    texts = grammar.sentences(options.count, SEEDS[options.set])
    conditions = [("clean", 0.0), *(("white", d) for d in options.noise)]
    score_commands(
        recogniser, speak_all(texts, voices, SEEDS[options.set]), conditions, show=options.show
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
