"""Train the recognition network: ``showroom train recognition``."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ..data.bank import Bank, load_bank
from ..data.composite import U8
from ..data.consensus import LabelledPhoto, load_or_read
from ..data.masks import MaskSources
from ..data.scenes import SceneSources, drawn_example, empty_example, photo_crop
from ..data.textures import Rng
from .efficientnet import PACKAGE, imagenet_state
from .provenance import data_hash
from .recognition import INPUT, RecognitionNet, as_picture
from .train_reconstruction import class_balance
from .training import Batch, Losses, Progress, TrainSettings, commit, fit
from .vocabulary import NOTHING
from .weights import fill, load_weights, save_weights

FROZEN = 8
"""Blocks that keep their ImageNet weights: edges and textures need no learning anew."""
SIDE = 256
_EMPTY, _DRAWN = 0.06, 0.3
_SMOOTHING = 0.1
_MIXED = 0.5
"""Share of the batches that are mixed (Zhang et al., "mixup", 2018)."""


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with the batch and rates that suit a network which knows pictures already."""
    return replace(settings, batch=32, rate=6e-4, weight_decay=0.05)


def recognition_example(
    rng: Rng, sources: SceneSources, balance: NDArray[np.float64] | None
) -> dict[str, np.ndarray[Any, Any]]:
    """One crop, (INPUT, INPUT, 3) uint8, and the number of its category."""
    photos = sources.photos.photos
    names = sources.bank.vocabulary.categories
    pick = rng.random()
    if pick < _EMPTY:
        example = empty_example(rng, sources, INPUT)
        return {"crop": example["crop"][..., :3], "category": example["category"]}
    if pick < _EMPTY + _DRAWN or not photos:
        example = drawn_example(rng, sources, _solid(rng, sources.bank))
        crop = cv2.resize(example["crop"][..., :3], (INPUT, INPUT), interpolation=cv2.INTER_CUBIC)
        return {"crop": np.asarray(crop, np.uint8), "category": example["category"]}
    photo: LabelledPhoto = photos[int(rng.choice(len(photos), p=balance))]
    rgb: U8 = np.ascontiguousarray(photo_crop(rng, photo, INPUT)[..., :3])
    return {"crop": rgb, "category": np.array(names.index(photo.label), np.int64)}


def _solid(rng: Rng, bank: Bank) -> int:
    """A drawn product; three in four are solid, since real photos show garments only."""
    wanted = rng.random() < 0.75
    index = 0
    for _ in range(40):
        index = int(rng.integers(len(bank)))
        if bool(np.isfinite(bank.camera[index, 0])) == wanted:
            break
    return index


def _loss(net: nn.Module, batch: Batch) -> Losses:
    x = as_picture(batch["crop"])
    target = functional.one_hot(batch["category"], _answers(net)).float()
    if torch.rand(()) < _MIXED:
        share = float(np.random.default_rng(int(torch.randint(2**31, ()))).beta(0.3, 0.3))
        other = torch.randperm(len(x))
        x = share * x + (1 - share) * x[other]
        target = share * target + (1 - share) * target[other]
    logits = net(x.contiguous(memory_format=torch.channels_last))
    return {"category": functional.cross_entropy(logits, target, label_smoothing=_SMOOTHING)}


def _answers(net: nn.Module) -> int:
    assert isinstance(net, RecognitionNet)
    return len(net.categories)


def _started(categories: tuple[str, ...], start: Path | None) -> RecognitionNet:
    """A network from ImageNet's weights, or from earlier ones of ours with maybe fewer answers."""
    net = RecognitionNet(categories, FROZEN)
    if start is None:
        net.trunk.load_state_dict(imagenet_state())
        return net
    state, header = load_weights(start)
    known = tuple(header["categories"])
    weight, bias = net.answer.weight.detach().clone(), net.answer.bias.detach().clone()
    for i, name in enumerate(categories):
        if name in known:
            weight[i] = state["answer.weight"][known.index(name)]
            bias[i] = state["answer.bias"][known.index(name)]
    fill(net, {**state, "answer.weight": weight, "answer.bias": bias}, start.name)
    return net


def train_recognition(
    out: Path,
    run: Path,
    settings: TrainSettings,
    *,
    bank: Path,
    photos: Path,
    start: Path | None = None,
    command: str = "showroom train recognition",
) -> Progress:
    """Train and write weights; goes on where a run in the folder ``run`` stopped.

    Args:
        out: the ``.safetensors`` file, rewritten at every checkpoint.
        run: folder of checkpoint, curves and caches.
        bank: folder ``bank`` written by ``showroom data render``.
        photos: folder of real photos ``<class>/<file>``.
        start: weights of ours to start from; None: ImageNet's.

    Raises:
        WeightsError: the ImageNet weights are not installed, or ``start`` is damaged.
    """
    real = load_or_read(photos, run / "photos.npz", SIDE)
    drawn = load_bank(bank)
    sources = SceneSources(drawn, MaskSources(tuple(real)))
    categories = drawn.vocabulary.categories
    assert NOTHING in categories
    hashes = {
        "drawn_sha256": data_hash(bank, ("bank-*.npz", "vocabulary.json")),
        "photos_sha256": data_hash(photos),
    }

    def save(net: nn.Module, progress: Progress) -> None:
        header = {
            "network": "efficientnet-lite0",
            "categories": list(categories),
            "command": command,
            "commit": commit(),
            "start": PACKAGE if start is None else start.name,
            "settings": asdict(settings),
            "progress": asdict(progress),
            "data": {"drawn": len(drawn), "photos": len(real), **hashes},
        }
        save_weights(out, net.state_dict(), header)

    torch.manual_seed(settings.seed)
    _, progress = fit(
        _started(categories, start),
        partial(_example, sources, class_balance(sources.photos.photos)),
        _loss,
        settings,
        run / "recognition.pt",
        on_save=save,
        label="recognition",
    )
    return progress


def _example(
    sources: SceneSources, balance: NDArray[np.float64] | None, rng: Rng
) -> dict[str, np.ndarray[Any, Any]]:
    return recognition_example(rng, sources, balance)
