"""A file of cut-out products: rendered once, composed many times."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .composite import U8


def save_sprites(path: Path, sprites: list[U8]) -> None:
    """Write (h, w, 4) uint8 pictures of one size to an ``.npz`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, sprites=np.stack(sprites))
    partial.replace(path)


def load_sprites(path: Path) -> tuple[U8, ...]:
    """Read what :func:`save_sprites` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return tuple(np.asarray(stored["sprites"], np.uint8))
