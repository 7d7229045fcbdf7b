"""Train the reconstruction network: ``showroom train reconstruction``."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..data.bank import load_bank, render_bank
from ..data.consensus import LabelledPhoto, load_or_read
from ..data.masks import MaskSources
from ..data.scenes import SceneSources, scene_example
from .group import leader_first, training_group
from .inherit import inherit
from .network import WIDTH, Answers, ReconstructionNet, as_input
from .provenance import data_hash
from .training import Batch, Losses, Progress, TrainSettings, commit, fit
from .vocabulary import Vocabulary
from .weights import save_weights

BANK = 15_000
"""Products that are drawn for a training which is given none."""


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with the batch that keeps a processor's cores busy."""
    return replace(settings, batch=64, rate=2.5e-3, average=0.995)


def laplace(error: Tensor, spread: Tensor, known: Tensor) -> Tensor:
    """Mean negative log-likelihood of Laplace errors, weighted by their scale to the half.

    The weight keeps hard numbers from being given up early (Seitzer et al., "On the pitfalls of
    heteroscedastic uncertainty estimation", 2022, with beta = 0.5).

    Args:
        error: absolute errors, any shape; ``spread``: log scales of the same shape.
        known: boolean, which to count.
    """
    each = (error * torch.exp(-spread) + spread) * torch.exp(0.5 * spread.detach())
    return torch.where(known, each, torch.zeros_like(each)).sum() / known.sum().clamp(min=1)


def answer_losses(vocabulary: Vocabulary, answers: Answers, batch: Batch) -> Losses:
    """Named losses of a batch; what an example does not know does not count."""
    losses: Losses = {
        "category": functional.cross_entropy(
            answers.category, batch["category"], label_smoothing=0.05
        )
    }
    families = batch["family"]
    if bool((families >= 0).any()):
        losses["family"] = 0.5 * functional.cross_entropy(answers.family, families, ignore_index=-1)
    values = batch["values"]
    known = ~torch.isnan(values)
    error = (answers.mean - torch.nan_to_num(values)).abs()
    losses["values"] = 1.5 * laplace(error, answers.spread, known)
    logits = answers.choices.split(list(vocabulary.choice_sizes), dim=1)
    entropies = []
    for j, part in enumerate(logits):
        target = batch["choices"][:, j]
        if bool((target >= 0).any()):
            share = (target >= 0).float().mean()
            entropies.append(share * functional.cross_entropy(part, target, ignore_index=-1))
    if entropies:
        losses["choices"] = 0.5 * torch.stack(entropies).sum()
    camera = batch["camera"]
    seen = ~torch.isnan(camera)
    aim = (answers.camera - torch.nan_to_num(camera)).abs()
    losses["camera"] = laplace(aim, answers.camera_spread, seen)
    points = batch["landmarks"]
    there = ~torch.isnan(points[..., 0])
    distance = (answers.landmarks - torch.nan_to_num(points)).abs().sum(dim=-1)
    losses["landmarks"] = laplace(distance, answers.landmark_spread, there)
    visible = batch["visible"]
    told = ~torch.isnan(visible)
    entropy = functional.binary_cross_entropy_with_logits(
        answers.visible, torch.nan_to_num(visible), reduction="none"
    )
    losses["visible"] = 0.2 * (entropy * told).sum() / told.sum().clamp(min=1)
    return losses


def _loss(net: nn.Module, batch: Batch) -> Losses:
    assert isinstance(net, ReconstructionNet)
    return answer_losses(net.vocabulary, net(as_input(batch["crop"])), batch)


def class_balance(photos: tuple[LabelledPhoto, ...]) -> NDArray[np.float64] | None:
    """(n,) probability of each photo: classes by the square root of how frequent they are."""
    if not photos:
        return None
    labels = np.array([p.label for p in photos])
    names, counts = np.unique(labels, return_counts=True)
    weight = dict(zip(names, counts**-0.5, strict=True))
    each = np.array([weight[label] for label in labels])
    result: NDArray[np.float64] = each / each.sum()
    return result


def _example(
    sources: SceneSources, balance: NDArray[np.float64] | None, rng: np.random.Generator
) -> dict[str, np.ndarray[Any, Any]]:
    return scene_example(rng, sources, balance)


def train_reconstruction(
    out: Path,
    run: Path,
    settings: TrainSettings,
    *,
    bank: Path | None = None,
    photos: Path | None = None,
    start: Path | None = None,
    width: int = WIDTH,
    command: str = "showroom train reconstruction",
) -> Progress:
    """Train and write weights; goes on where a run in the folder ``run`` stopped.

    Args:
        out: the ``.safetensors`` file, rewritten at every checkpoint.
        run: folder of checkpoint, curves and caches.
        bank: folder ``bank`` written by ``showroom data render``; None: one of 15,000 products
            is drawn into the folder ``run``.
        photos: folder of real photos ``<class>/<file>``, or None for drawn products alone.
        start: weights of ours to start from; what they do not know starts afresh.

    Raises:
        WeightsError: ``start`` is missing, damaged or of another width.
    """
    with leader_first(training_group()):
        real = load_or_read(photos, run / "photos.npz") if photos is not None else []
        if bank is None:
            bank = run / "bank"
            render_bank(bank, BANK, seed=settings.seed, photos=real)
    drawn = load_bank(bank)
    hashes = {"drawn_sha256": data_hash(bank, ("bank-*.npz", "vocabulary.json"))}
    if photos is not None:
        hashes["photos_sha256"] = data_hash(photos)
    sources = SceneSources(drawn, MaskSources(tuple(real)))

    def save(net: nn.Module, progress: Progress) -> None:
        header = {
            "network": "resnet18",
            "width": width,
            "vocabulary": drawn.vocabulary.document(),
            "command": command,
            "commit": commit(),
            "start": None if start is None else start.name,
            "settings": asdict(settings),
            "progress": asdict(progress),
            "data": {"drawn": len(drawn), "photos": len(real), **hashes},
        }
        save_weights(out, net.state_dict(), header)

    torch.manual_seed(settings.seed)
    net = ReconstructionNet(drawn.vocabulary, width)
    if start is not None:
        inherit(net, start)
    _, progress = fit(
        net,
        partial(_example, sources, class_balance(sources.photos.photos)),
        _loss,
        settings,
        run / "reconstruction.pt",
        on_save=save,
        label="reconstruction",
    )
    return progress
