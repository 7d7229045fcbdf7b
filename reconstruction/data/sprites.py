"""A file of cut-out products: rendered once, composed many times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..families import family_names
from .composite import U8
from .product import draw_product


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


def render_sprites(
    path: Path, count: int, *, seed: int = 0, size: int = 192, patches: tuple[U8, ...] = ()
) -> None:
    """Draw random members of the families, furniture and garments equally.

    Args:
        patches: (h, w, 3) uint8 pieces of real cloth for some of the garments.
    """
    rng = np.random.default_rng((seed, 7))
    names = family_names()
    sprites = []
    for _ in tqdm(range(count), desc="drawing cut-outs", unit="picture"):
        name = names[int(rng.integers(len(names)))]
        sprites.append(draw_product(rng, name, size, fill=0.96, patches=patches).sprite())
    save_sprites(path, sprites)
