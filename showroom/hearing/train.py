"""Train the noise suppressor on synthetic speech under noise; needs the extra ``reconstruct``.

``showroom train hearing`` speaks sentences with the development voices, or reads clean 16 kHz WAV
files from ``--data``. Each epoch mixes every clip with other noise at another level, through
another random equalizer, so that neither a voice nor a microphone is learned by heart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .audio import RATE, Samples, read_wav
from .denoise import CONTEXT, HIDDEN, WEIGHTS, Suppressor, inputs
from .features import FILTERS, Mel, floored, mel_energies
from .grammar import SpokenGrammar
from .noise import Wave, mixed, noise
from .score import SEEDS, SHOP, chatter
from .voices import DEVELOPMENT, speak_all

QUIETEST, LOUDEST = 0.0, 35.0
"""Signal-to-noise ratios in dB, over the parts where somebody speaks."""
BATCH = 1024
STEP = 2e-3
CLEAN_SHARE = 0.1
"""Of the clips of an epoch stay without noise."""


def equalized(rng: np.random.Generator, wave: Wave) -> Wave:
    """Speech as another microphone in another room would take it."""
    spectrum = np.fft.rfft(wave)
    hertz = np.linspace(0.0, RATE / 2.0, len(spectrum))
    knots = np.array([0.0, 200.0, 800.0, 2000.0, 4000.0, 8000.0])
    gains = np.interp(hertz, knots, rng.normal(0.0, 4.0, len(knots)))
    out = np.fft.irfft(spectrum * 10.0 ** (gains / 20.0), len(wave))
    return np.asarray(out * (0.5 * 32767.0 / (np.max(np.abs(out)) + 1e-9)))


def pair(rng: np.random.Generator, wave: Wave, clips: list[Wave]) -> tuple[Mel, Mel]:
    """Noisy and clean mel energies of one clip, (frames, 25) each."""
    clean = np.rint(equalized(rng, wave))
    noisy = clean
    if rng.random() >= CLEAN_SHARE:
        noisy = mixed(clean, noise(rng, len(clean), clips), rng.uniform(QUIETEST, LOUDEST))
    # floored() with a floor of its own: silence of zeros is no target.
    return (
        floored(mel_energies(noisy.astype(np.int16))),
        floored(mel_energies(clean.astype(np.int16))),
    )


def read_clips(folder: Path) -> list[Samples]:
    """The WAV files of a folder and its folders.

    Raises:
        HearingError: a file that cannot be used.
    """
    return [read_wav(path) for path in sorted(folder.glob("**/*.wav"))]


def development_clips(seed: int, count: int = 140) -> list[Samples]:
    """Commands and chatter by the development voices.

    Raises:
        HearingError: a synthesizer is not installed.
    """
    texts = SpokenGrammar(SHOP).sentences(count, SEEDS["development"])
    said = speak_all([*texts, *chatter()[0]], DEVELOPMENT, seed)
    return [clip.samples for clip in said]


def train_suppressor(
    recordings: Sequence[Samples],
    minutes: float,
    *,
    out: Path = WEIGHTS,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Suppressor:
    """Train for some minutes of processor time and write the weights.

    Args:
        recordings: clean speech.
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    clips = [samples.astype(np.float64) for samples in recordings]
    width = (2 * CONTEXT + 1) * FILTERS + FILTERS
    net = torch.nn.Sequential(
        torch.nn.Linear(width, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, FILTERS),
    )
    began = time.process_time()
    adam = torch.optim.Adam(net.parameters(), STEP)
    epoch = 0
    while (share := (time.process_time() - began) / (60.0 * minutes)) < 1.0:
        for group in adam.param_groups:
            group["lr"] = STEP * (1.0 - share) ** 1.5 + 1e-5
        pairs = [pair(rng, clips[i], clips) for i in rng.permutation(len(clips))]
        given = np.concatenate([inputs(noisy) for noisy, _ in pairs])
        wanted = np.concatenate([np.log(clean) - np.log(noisy) for noisy, clean in pairs])
        x, y = torch.from_numpy(given), torch.from_numpy(wanted.astype(np.float32))
        losses = []
        for chosen in torch.randperm(len(x)).split(BATCH):
            loss = torch.nn.functional.smooth_l1_loss(net(x[chosen]), y[chosen])
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item())
        epoch += 1
        say(f"epoch {epoch}: {np.mean(losses):.4f}, {share:.0%}")
    layers = [m for m in net if isinstance(m, torch.nn.Linear)]
    suppressor = Suppressor(
        tuple((m.weight.detach().numpy().T.copy(), m.bias.detach().numpy().copy()) for m in layers)
    )
    suppressor.save(out)
    return suppressor
