"""Train the segmentation network: ``showroom train segmentation``."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.bank import cloth_patches
from ..data.consensus import load_or_read
from ..data.masks import MaskSources, mask_scene
from ..data.sprites import load_sprites, render_sprites
from .efficientnet import PACKAGE, imagenet_state
from .group import leader_first, training_group
from .provenance import data_hash
from .training import Batch, Losses, Progress, TrainSettings, commit, fit
from .unet import WIDTHS, UNet
from .weights import fill, load_weights, save_weights

SIZE = 160
FROZEN = 8
"""Blocks of the trunk that keep their ImageNet weights."""
SPRITES = 4_000
"""Cut-outs that are drawn for a training which is given none."""
_THIN = 3.0
"""How much more a pixel of a thin part counts: legs and slats are few pixels and make the shape."""


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with the batch that keeps a processor's cores busy."""
    return replace(settings, batch=32, rate=1.5e-3, average=0.995)


def example(
    sources: MaskSources, size: int, rng: np.random.Generator
) -> dict[str, np.ndarray[Any, Any]]:
    """One picture (size, size, 3) uint8 with its mask at half size, uint8."""
    scene = mask_scene(rng, sources, size)
    return {"rgb": scene.rgb, "mask": np.ascontiguousarray(scene.mask[::2, ::2])}


def thin_parts(mask: Tensor, width: int = 5) -> Tensor:
    """Where a mask (n, 1, h, w) of 0 and 1 is narrower than ``width`` pixels: 1, else 0."""
    half = width // 2
    eroded = -functional.max_pool2d(-functional.pad(mask, (half,) * 4, value=1.0), width, 1)
    opened = functional.max_pool2d(eroded, width, 1, half)
    return mask - torch.minimum(opened, mask)


def mask_loss(net: nn.Module, batch: Batch) -> Losses:
    """Cross-entropy and soft overlap on known pixels, and whether there is a product at all."""
    x = batch["rgb"].permute(0, 3, 1, 2).float() / 255 - 0.5
    logits, present = net(x.contiguous(memory_format=torch.channels_last))
    truth = batch["mask"][:, None]
    known = ((truth == 0) | (truth == 255)).float()
    y = (truth == 255).float()
    weight = known * (1 + _THIN * thin_parts(y))
    entropy = (
        functional.binary_cross_entropy_with_logits(logits, y, weight, reduction="sum")
        / weight.sum()
    )
    q = torch.sigmoid(logits) * known
    overlap: Tensor = 2 * (q * y).sum((1, 2, 3)) + 1
    dice = 1 - (overlap / (q.sum((1, 2, 3)) + (y * known).sum((1, 2, 3)) + 1)).mean()
    there = (y.sum((1, 2, 3)) > 0).float()
    return {
        "entropy": 2 * entropy,
        "dice": dice,
        "present": 0.2 * functional.binary_cross_entropy_with_logits(present, there),
    }


def train_segmentation(
    out: Path,
    run: Path,
    settings: TrainSettings,
    *,
    photos: Path | None = None,
    sprites: Path | None = None,
    size: int = SIZE,
    start: Path | None = None,
    command: str = "showroom train segmentation",
) -> Progress:
    """Train and write weights; goes on where a run in the folder ``run`` stopped.

    Args:
        out: the ``.safetensors`` file, rewritten at every checkpoint.
        run: folder of checkpoint, curves and caches.
        photos: folder of real photos ``<class>/<file>``, or None for procedural data alone.
        sprites: file written by ``showroom data render``; None: 4,000 cut-outs are drawn into
            the folder ``run``.
        size: side of the training pictures, a multiple of 32.
        start: weights of ours to start from; None: ImageNet's, for the trunk.

    Raises:
        WeightsError: the ImageNet weights are not installed, or ``start`` is damaged.
    """
    with leader_first(training_group()):
        real = load_or_read(photos, run / "photos.npz") if photos is not None else []
        if sprites is None:
            sprites = run / "sprites.npz"
            if not sprites.exists():
                render_sprites(sprites, SPRITES, seed=settings.seed, patches=cloth_patches(real))
    hashes = {"sprites_sha256": data_hash(sprites.parent, (sprites.name,))}
    if photos is not None:
        hashes["photos_sha256"] = data_hash(photos)
    drawn = load_sprites(sprites)
    sources = MaskSources(tuple(real), drawn)

    def save(net: nn.Module, progress: Progress) -> None:
        header = {
            "network": "unet",
            "widths": list(WIDTHS),
            "size": size,
            "command": command,
            "commit": commit(),
            "start": PACKAGE if start is None else start.name,
            "settings": asdict(settings),
            "progress": asdict(progress),
            "data": {
                "photos": len(real),
                "photos_with_mask": len(sources.masked),
                "sprites": len(drawn),
                **hashes,
            },
        }
        save_weights(out, net.state_dict(), header)

    torch.manual_seed(settings.seed)
    net = UNet(frozen=FROZEN)
    if start is None:
        net.trunk.load_state_dict(imagenet_state(), strict=False)
    else:
        state, _ = load_weights(start)
        fill(net, state, start.name)
    _, progress = fit(
        net,
        partial(example, sources, size),
        mask_loss,
        settings,
        run / "segmentation.pt",
        on_save=save,
        label="segmentation",
    )
    return progress
