"""Train the body network: ``showroom train body``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from reconstruction.networks.group import training_group
from reconstruction.networks.training import Batch, Losses, Progress, TrainSettings, commit, fit
from reconstruction.networks.weights import save_weights

from .bank import SEEDS, Order, drawing, read_bank, wait_for
from .example import TARGETS
from .network import ANSWERS, BodyNet
from .source import Source, measured

COUNT: Final = 400_000
VALIDATION: Final = 1_500
_GLANCE: Final = 300
"""People on whom the intervals of interim weights are made."""
_FIRST: Final = 20
"""Files of the bank that must be there before the learning begins; the others may follow."""
_COUNTS: Final = {"waist": 4.0, "bust": 2.0, "hip": 2.0}
_WEIGHT: Final = [*(_COUNTS.get(n, 1.0) for n in TARGETS), 1.0, 1.0]
"""How much each answer counts."""
_BALANCE: Final = 0.75


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with which weights are made: larger batches where a GPU learns."""
    quick = torch.cuda.is_available()
    return replace(
        settings,
        batch=2048 if quick else 192,
        rate=3e-3 if quick else 2e-3,
        average=0.999 if quick else 0.997,
        weight_decay=0.05,
        workers=0,
        save_every=45 if quick else 180,
        bfloat16=True,
    )


def drawers() -> int:
    """How many processes draw where it is not said: all cores but the one that teaches."""
    return max(1, (os.cpu_count() or 2) - 1)


def body_loss(net: nn.Module, batch: Batch) -> Losses:
    """Laplace likelihood of measures where they can be read, and what the silhouettes are."""
    given = ("front", "side", "told", "has_side")
    middle, spread, kind, beside, trunk = net(*(batch[k] for k in given))
    # Members that learn side by side answer one after the other.
    members = len(middle) // len(batch["target"])
    asked = ("target", "trunk", "whole", "kind", "beside", "has_side")
    batch = {k: batch[k].repeat(members, *[1] * (batch[k].ndim - 1)) for k in asked}
    weight = middle.new_tensor(_WEIGHT).expand(len(middle), -1) * batch["whole"].float()[:, None]
    # The side's scale is nobody's to tell where there is no side photo.
    has = batch["has_side"].float()
    weight = torch.cat([weight[:, :-1], weight[:, -1:] * has[:, None]], dim=1)
    off = (batch["target"] - middle).abs() * torch.exp(-spread) + spread
    # Hard examples would else count for little and never be learned: Seitzer et al., "On the
    # pitfalls of heteroscedastic uncertainty estimation", 2022.
    off = off * torch.exp(_BALANCE * spread.detach())
    # How deep the trunk is is asked without a side photo too: that is what a front photo lacks.
    known = (batch["trunk"] > 0).float() * batch["whole"].float()[:, None, None]
    hidden = (trunk - batch["trunk"]).abs() * known
    right = functional.binary_cross_entropy_with_logits(beside, batch["beside"].float(), has)
    return {
        "measures": (off * weight).sum() / weight.sum().clamp(min=1),
        "trunk": hidden.sum() / known.sum().clamp(min=1),
        "kind": 0.1 * functional.cross_entropy(kind, batch["kind"]),
        "beside": 0.1 * right,
    }


def train_body(
    out: Path,
    run: Path,
    settings: TrainSettings,
    *,
    count: int = COUNT,
    jobs: int | None = None,
    command: str = "showroom train body",
) -> Progress:
    """Train and write weights; goes on where a run in the folder ``run`` stopped.

    Args:
        out: the ``.safetensors`` file, rewritten at every checkpoint.
        run: folder of the bank, checkpoint and curves.
        settings: its minutes count from here on, the drawing of the first examples included.
        count: drawn examples; while the network learns from the first ones, processes of lower
            priority draw the others.
        jobs: how many of these; None: :func:`drawers`.

    Raises:
        ChildProcessError: people could not be drawn.
    """
    from .score import calibrate, sitting

    begun = time.monotonic()
    group = training_group()
    folder = run / "body-bank"
    validation = Order(folder / "validation", VALIDATION, "validation")
    training = Order(folder / "training", count, "training")
    with _drawn(validation, training, (jobs or drawers()) if group.leads else 0):
        group.wait()
        bank = read_bank(validation.folder, VALIDATION)
        met = sitting(bank)
        # Of the validation's people, so that a bank that grows changes nothing.
        answers = measured(bank)
        scale = answers.mean(axis=0), answers.std(axis=0)
        source = Source(training, scale, group.device)

        def save(net: nn.Module, progress: Progress, people: int | None = None) -> dict[str, float]:
            assert isinstance(net, BodyNet)
            widen, waists = calibrate(net, met.first(people), scale)
            header = {
                "network": "body",
                "targets": list(ANSWERS),
                "mean": [float(x) for x in scale[0]],
                "deviation": [float(x) for x in scale[1]],
                "widen": widen,
                "command": command,
                "commit": commit(),
                "settings": asdict(settings),
                "progress": asdict(progress),
                "data": {"examples": source.examples, "seeds": SEEDS},
            }
            save_weights(out, net.state_dict(), header)
            return {**waists, "examples": source.examples}

        def glance(net: nn.Module, progress: Progress) -> dict[str, float]:
            return save(net, progress, None if group.device.type == "cuda" else _GLANCE)

        torch.manual_seed(settings.seed)
        left = settings.minutes - (time.monotonic() - begun) / 60
        kept, progress = fit(
            BodyNet(),
            source,
            body_loss,
            replace(settings, minutes=max(left, 1 / 60)),
            run / "body.pt",
            on_save=glance,
            label="body",
        )
    if group.leads:
        print(save(kept, progress))
    return progress


@contextmanager
def _drawn(validation: Order, training: Order, jobs: int) -> Iterator[None]:
    """Draw both banks; the block begins when there is enough to begin with."""
    if not jobs:
        yield
        return
    with drawing((validation, training), jobs) as processes:
        wait_for(validation, processes)
        wait_for(training, processes, _FIRST)
        yield
