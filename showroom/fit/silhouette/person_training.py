"""Train the network that finds people in photos: ``showroom train person``."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reconstruction.networks import segmentation
from reconstruction.networks.provenance import data_hash
from reconstruction.networks.train_segmentation import FROZEN, mask_loss
from reconstruction.networks.training import Progress, TrainSettings, commit, fit
from reconstruction.networks.unet import WIDTHS, UNet
from reconstruction.networks.weights import fill, load_weights, save_weights

from .population import Rng
from .portrait import Cast, gather_cast, people_scene

U8 = NDArray[np.uint8]

PEOPLE: Final = 700
PLACES: Final = 250
"""What is drawn once, before training."""
SHARE: Final = 0.5
"""Of what was learned in the weights that are kept; the rest are those that it started from. Half
way between, a network still knows the real photos that it learned from before: Wortsman et al.,
"Robust fine-tuning of zero-shot models", 2022."""
PHOTOS: Final = 300
"""Real photos of clothes, at most, that stand behind people."""
_SIDE: Final = (240, 320)


def recipe(settings: TrainSettings) -> TrainSettings:
    """The settings with which the shipped weights were made: everything in one process."""
    return replace(settings, batch=16, rate=1e-3, average=0.99, workers=0, save_every=120)


def example(cast: Cast, rng: Rng) -> dict[str, NDArray[Any]]:
    """One picture (160, 128, 3) uint8 with its mask at half size."""
    scene = people_scene(rng, cast)
    rgb = cv2.resize(scene.rgb, (128, 160), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(scene.mask, (64, 80), interpolation=cv2.INTER_AREA)
    mask = np.where(mask > 190, 255, np.where(mask < 65, 0, 128)).astype(np.uint8)
    if rng.random() < 0.5:
        rgb, mask = rgb[:, ::-1], mask[:, ::-1]
    return {"rgb": np.ascontiguousarray(rgb), "mask": np.ascontiguousarray(mask)}


def clothes_photos(folder: Path | None) -> tuple[U8, ...]:
    """Evenly many of a folder's photos, ``<class>/<file>``, small; none without a folder."""
    if folder is None:
        return ()
    files = sorted(p for p in folder.glob("*/*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    out = []
    for path in files[:: max(1, len(files) // PHOTOS)]:
        picture = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
        if picture is not None:
            small = cv2.resize(picture, _SIDE, interpolation=cv2.INTER_AREA)
            out.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8))
    return tuple(out)


def train_person(
    out: Path,
    run: Path,
    settings: TrainSettings,
    *,
    photos: Path | None = None,
    start: Path | None = None,
    command: str = "showroom train person",
) -> Progress:
    """Train and write weights; goes on where a run in the folder ``run`` stopped.

    Args:
        out: the ``.safetensors`` file, rewritten at every checkpoint.
        run: folder of checkpoint and curves.
        photos: folder of real photos of clothes ``<class>/<file>`` with nobody in them.
        start: weights to start from; None: those that find products.
    """
    start = start or segmentation.WEIGHTS
    pictures = clothes_photos(photos)
    cast = gather_cast(np.random.default_rng(settings.seed), pictures, PEOPLE, PLACES)
    hashes = {"photos_sha256": data_hash(photos)} if photos is not None else {}

    def save(net: nn.Module, progress: Progress) -> None:
        header = {
            "network": "unet",
            "widths": list(WIDTHS),
            "size": [160, 128],
            "command": command,
            "commit": commit(),
            "start": start.name,
            "settings": asdict(settings),
            "progress": asdict(progress),
            "share": SHARE,
            "data": {"people": PEOPLE, "places": PLACES, "photos": len(pictures), **hashes},
        }
        mixed = {
            k: torch.lerp(state[k], v.cpu().float(), SHARE) if v.is_floating_point() else v
            for k, v in net.state_dict().items()
        }
        save_weights(out, mixed, header)

    torch.manual_seed(settings.seed)
    net = UNet(frozen=FROZEN)
    state, _ = load_weights(start)
    fill(net, state, start.name)
    _, progress = fit(
        net,
        partial(example, cast),
        mask_loss,
        settings,
        run / "person.pt",
        on_save=save,
        label="person",
    )
    return progress
