"""All training data in one folder: ``showroom data render``."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from .bank import Bank, cloth_patches, load_bank, render_bank
from .consensus import LabelledPhoto
from .sprites import render_sprites


def render_data(
    folder: Path,
    count: int = 20_000,
    *,
    seed: int = 0,
    photos: list[LabelledPhoto] | None = None,
) -> Path:
    """Draw products for both networks, and a picture of some of them.

    Writes ``bank/`` (products with all that is true of them), ``sprites.npz`` (larger cut-outs
    for the segmentation network) and ``preview.png``. What is there already is kept.

    Args:
        count: products in the bank, rounded up to whole files; a tenth as many cut-outs.
        photos: real photos whose cloth dresses some of the garments.

    Returns:
        The path of the preview.
    """
    bank = folder / "bank"
    render_bank(bank, count, seed=seed, photos=photos)
    sprites = folder / "sprites.npz"
    if not sprites.exists():
        patches = cloth_patches(photos or [])
        render_sprites(sprites, max(16, count // 10), seed=seed, patches=patches)
    preview = folder / "preview.png"
    cv2.imwrite(str(preview), contact(load_bank(bank))[..., ::-1])
    return preview


def contact(
    bank: Bank, rows: int = 6, columns: int = 10
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """(h, w, 3) uint8: the first products of a bank on grey, shadows included."""
    tiles = []
    for i in range(rows * columns):
        rgba = bank.rgba[i % len(bank)].astype(np.float32) / 255
        shade = bank.shade[i % len(bank)].astype(np.float32)[..., None] / 255
        ground = 0.8 * (shade if shade.any() else np.ones_like(shade))
        picture = rgba[..., :3] * rgba[..., 3:] + ground * (1 - rgba[..., 3:])
        tiles.append((picture * 255).astype(np.uint8))
    lines = [np.concatenate(tiles[r * columns : (r + 1) * columns], axis=1) for r in range(rows)]
    return np.concatenate(lines, axis=0)
