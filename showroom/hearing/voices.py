"""Synthetic speakers to train and score with: eSpeak NG, Flite and Festival as commands.

Debian packages ``espeak-ng flite festival festvox-kdlpc16k festvox-us-slt-hts``. The speakers of
:data:`HELD_OUT` are for scoring only: nothing is tuned on them.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from .audio import RATE, Samples
from .errors import HearingError

DEVELOPMENT = (
    "espeak:en-us",
    "espeak:en-us+f3",
    "espeak:en-gb",
    "espeak:en-us+m3",
    "flite:slt",
    "flite:rms",
    "flite:awb",
)
HELD_OUT = (
    "espeak:en-us+f2",
    "espeak:en-gb-x-rp+m7",
    "flite:kal16",
    "festival:ked_diphone",
    "festival:cmu_us_slt_arctic_hts",
)
LEAD, TAIL = 0.25, 0.5
"""Seconds of silence before and after a sentence."""
_PROGRAMS = {"espeak": "espeak-ng", "flite": "flite", "festival": "text2wave"}


@dataclass(frozen=True, slots=True)
class Clip:
    """One spoken sentence."""

    voice: str
    text: str
    samples: Samples


def say(voice: str, text: str, rng: random.Random) -> Samples:
    """A sentence at a random pace and level, between silences.

    Raises:
        HearingError: the synthesizer is not installed.
    """
    engine, name = voice.split(":")
    program = _PROGRAMS[engine]
    if shutil.which(program) is None:
        raise HearingError(
            f"{program} is not installed; apt-get install espeak-ng flite festival",
            field="voice",
            expected=program,
            got="none",
        )
    with tempfile.TemporaryDirectory(prefix="showroom-") as folder:
        path = str(Path(folder) / "said.wav")
        if engine == "espeak":
            command = [program, "-v", name, "-s", str(rng.randint(140, 172)), "-w", path, text]
        elif engine == "flite":
            pace = f"duration_stretch={rng.uniform(0.9, 1.15):.2f}"
            command = [program, "-voice", name, "--setf", pace, "-t", text, "-o", path]
        else:
            command = [program, "-eval", f"(voice_{name})", "-o", path]
        given = text if engine == "festival" else None
        subprocess.run(command, input=given, text=True, check=True, capture_output=True)
        with wave.open(path) as file:
            rate = file.getframerate()
            said = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
    said = resample_poly(said, RATE, rate) if rate != RATE else said
    peak = 32767.0 * 10.0 ** (-rng.uniform(3.0, 15.0) / 20.0)
    said *= peak / max(1.0, float(np.max(np.abs(said))))
    silence = np.zeros(int(LEAD * RATE)), np.zeros(int(TAIL * RATE))
    padded = np.concatenate((silence[0], said, silence[1]))
    return np.asarray(np.rint(padded), dtype=np.int16)


def speak_all(
    texts: Sequence[str], voices: Sequence[str], seed: int, *, each: int = 2
) -> list[Clip]:
    """Every sentence by ``each`` random voices, of different engines where there are enough."""
    rng = random.Random(seed)
    engines = {engine: [v for v in voices if v.startswith(engine)] for engine in _PROGRAMS}
    groups = [engines["espeak"], engines["flite"] + engines["festival"]]
    clips = []
    for text in texts:
        for number in range(each):
            voice = rng.choice(groups[number % len(groups)])
            clips.append(Clip(voice, text, say(voice, text, rng)))
    return clips


def save_clips(clips: Sequence[Clip], folder: Path) -> None:
    """Write clips as WAV files and ``clips.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, clip in enumerate(clips):
        name = f"{number:04d}.wav"
        with wave.open(str(folder / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(clip.samples.astype("<i2").tobytes())
        rows.append({"file": name, "voice": clip.voice, "text": clip.text})
    (folder / "clips.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
