"""Drawn products on disk: ``showroom data render`` writes them, training composes scenes of them.

A bank is a folder of ``bank-00000.npz`` files and ``vocabulary.json``. Each file is seeded by
its own number, so that a bank can be continued, and any file of it made again, alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import ReconstructionError
from ..families import family_names, get_family
from ..networks.vocabulary import Vocabulary, measure_vocabulary
from .consensus import LabelledPhoto
from .drawn import CAMERA_FIELDS, U8, Drawn
from .furniture import draw_furniture
from .garments import draw_garment
from .textures import Rng

SIZE = 128
PER_FILE = 512
_COMPANIONS = 2
"""Products drawn beside each solid one with its structure, since joining it costs the most."""
_FAR = 0.3
"""Share of the companions whose dimensions lie far from the first, in reach of stylised pieces."""
_TURNS = {"chair": 0.9, "rug": 0.15, "hat": 0.3, "shoes": 0.3, "car": 0.3}
"""How often a family is drawn, where not as often as others of its view."""
_FLAT_TURN, _SOLID_TURN = 0.55, 0.48


def _turn(name: str) -> float:
    usual = _FLAT_TURN if get_family(name).view == "flat" else _SOLID_TURN
    return _TURNS.get(name, usual)


@dataclass(frozen=True, eq=False)
class Bank:
    """All drawn products of a folder.

    Attributes:
        rgba: (n, s, s, 4) uint8, straight alpha.
        shade: (n, s, s) uint8 light that the product's shadow leaves, 0 all over: none known.
        family: (n,) int64 index into the vocabulary.
        values: (n, columns) float32 standardised, NaN for other families and unseen parameters.
        choices: (n, choices) int64, -1 for other families.
        camera: (n, 5) float32, NaN for garments.
        landmarks: (n, L, 2) float32 pixels, NaN where there is none.
    """

    vocabulary: Vocabulary
    rgba: U8
    shade: U8
    family: NDArray[np.int64]
    values: NDArray[np.float32]
    choices: NDArray[np.int64]
    camera: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.family)


def cloth_patches(photos: list[LabelledPhoto], limit: int = 600) -> tuple[U8, ...]:
    """Pieces of real cloth from the middle of masked photos."""
    out = []
    for photo in photos:
        if photo.mask is None or photo.label in ("shoes", "hat"):
            continue
        ys, xs = np.nonzero(photo.mask == 255)
        y0, y1, x0, x1 = (int(v) for v in (ys.min(), ys.max(), xs.min(), xs.max()))
        dy, dx = (y1 - y0) // 4, (x1 - x0) // 4
        inside = photo.mask[y0 + dy : y1 - dy, x0 + dx : x1 - dx]
        if inside.size > 400 and (inside == 255).mean() > 0.98:
            out.append(np.ascontiguousarray(photo.rgb[y0 + dy : y1 - dy, x0 + dx : x1 - dx]))
        if len(out) == limit:
            break
    return tuple(out)


def _varied(
    rng: Rng, name: str, member: tuple[dict[str, float], dict[str, str]]
) -> tuple[dict[str, float], dict[str, str]]:
    """The same structure with other dimensions, mostly near by."""
    family, (values, choices) = get_family(name), member
    spread = 0.25 if rng.random() < _FAR else 0.1
    moved = {
        p.name: float(
            np.clip(
                values[p.name] + rng.normal(0, spread) * (p.maximum - p.minimum),
                p.minimum,
                p.maximum,
            )
        )
        for p in family.parameters
    }
    return moved, choices


def _draw_file(
    seed: int, number: int, size: int, count: int, patches: tuple[U8, ...]
) -> list[Drawn]:
    rng = np.random.default_rng((seed, number))
    names = family_names()
    share = np.array([_turn(n) for n in names])
    drawn: list[Drawn] = []
    while len(drawn) < count:
        name = names[int(rng.choice(len(names), p=share / share.sum()))]
        family = get_family(name)
        if family.view == "flat":
            drawn.append(draw_garment(rng, name, size, patches=patches))
            continue
        member = family.sample(rng)
        drawn.append(draw_furniture(rng, name, size, member=member))
        for _ in range(_COMPANIONS):
            other = _varied(rng, name, member)
            drawn.append(draw_furniture(rng, name, size, member=other))
    return drawn[:count]


def _pack(drawn: list[Drawn], vocabulary: Vocabulary) -> dict[str, NDArray[np.generic]]:
    names = vocabulary.family_names
    count, size = len(drawn), drawn[0].alpha.shape[0]
    values = np.full((count, vocabulary.column_count), np.nan, np.float32)
    choices = np.full((count, len(vocabulary.choice_sizes)), -1, np.int64)
    camera = np.full((count, len(CAMERA_FIELDS)), np.nan, np.float32)
    landmarks = np.full((count, len(vocabulary.landmarks), 2), np.nan, np.float32)
    shade = np.zeros((count, size, size), np.uint8)
    index = np.array([names.index(d.family) for d in drawn], np.int64)
    for i, d in enumerate(drawn):
        words = vocabulary.families[index[i]]
        values[i, vocabulary.columns_of(int(index[i]))] = words.encode(d.values, d.active)
        choices[i, vocabulary.choices_of(int(index[i]))] = words.encode_choices(d.choices)
        if d.camera is not None:
            camera[i] = d.camera
        if d.landmarks is not None:
            landmarks[i] = d.landmarks
        if d.shade is not None:
            shade[i] = np.clip(d.shade * 255, 1, 255).astype(np.uint8)
    return {
        "rgba": np.stack([d.sprite() for d in drawn]),
        "shade": shade,
        "family": index,
        "values": values,
        "choices": choices,
        "camera": camera,
        "landmarks": landmarks,
    }


def bank_of(drawn: list[Drawn], vocabulary: Vocabulary) -> Bank:
    """Drawn products as a bank in memory."""
    packed: dict[str, Any] = dict(_pack(drawn, vocabulary))
    return Bank(vocabulary, **packed)


def render_bank(
    folder: Path,
    count: int,
    *,
    seed: int = 0,
    size: int = SIZE,
    photos: list[LabelledPhoto] | None = None,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Draw products until the bank holds at least ``count``; files already there are kept.

    Args:
        photos: real photos whose cloth dresses some of the garments.
        stop: asked before each file; true ends early.

    Returns:
        The number of products in the bank.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = folder / "vocabulary.json"
    if words.exists():
        vocabulary = Vocabulary.from_document(json.loads(words.read_text(encoding="utf-8")))
    else:
        vocabulary = measure_vocabulary(family_names(), seed)
        words.write_text(json.dumps(vocabulary.document(), indent=1), encoding="utf-8")
    patches = cloth_patches(photos or [])
    files = -(-count // PER_FILE)
    for number in tqdm(range(files), desc="drawing products", unit=f"{PER_FILE} pictures"):
        path = folder / f"bank-{number:05d}.npz"
        if path.exists():
            continue
        if stop is not None and stop():
            return number * PER_FILE
        packed = _pack(_draw_file(seed, number, size, PER_FILE, patches), vocabulary)
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, allow_pickle=False, **packed)
        partial.replace(path)
    return files * PER_FILE


def load_bank(folder: Path) -> Bank:
    """Everything that :func:`render_bank` wrote.

    Raises:
        ReconstructionError: there is no bank in the folder.
    """
    files = sorted(p for p in folder.glob("bank-*.npz") if ".partial" not in p.name)
    words = folder / "vocabulary.json"
    if not files or not words.exists():
        raise ReconstructionError(
            f"no drawn products in {folder}; make them with: showroom data render",
            field="bank",
            expected="vocabulary.json and bank-*.npz",
            got="an empty folder",
        )
    vocabulary = Vocabulary.from_document(json.loads(words.read_text(encoding="utf-8")))
    parts = []
    for path in files:
        with np.load(path, allow_pickle=False) as stored:
            parts.append({name: stored[name] for name in stored.files})
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    return Bank(vocabulary, **joined)
