"""A shop's own data to fine-tune on: product folders of ours, and photos with what is known.

A folder may hold any of

* product folders (``product.json`` and ``product.glb``), whose parameters are exact;
* a CSV file with the columns ``photo``, ``category`` and, where known, ``height``, ``width`` and
  ``depth`` in metres; photos lie relative to it;
* sub-folders named after categories, with photos in them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from ..errors import ParameterError, ReconstructionError
from ..families import family_names, get_family
from ..intake.photo import read_photo
from ..product_io import JSON_NAME, load_product
from .consensus import LabelledPhoto

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_SIDES = ("height", "width", "depth")


@dataclass(frozen=True)
class ShopMember:
    """A product whose parameters are known exactly."""

    id: str
    family: str
    values: Mapping[str, float]
    choices: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class ShopPhoto:
    """A photo of a product of a known category.

    Attributes:
        photo: with its mask.
        declared: true height, width, depth in metres, those that are known.
    """

    id: str
    photo: LabelledPhoto
    declared: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shop:
    """All that a shop gave.

    Attributes:
        skipped: sentences about what could not be used.
    """

    members: tuple[ShopMember, ...]
    photos: tuple[ShopPhoto, ...]
    skipped: tuple[str, ...] = ()


def read_shop(folder: Path, side: int = 224) -> Shop:
    """Read a shop's folder, or the CSV file in it.

    Args:
        side: pixels of the photos at most.

    Raises:
        ParameterError: there is nothing to learn from.
    """
    skipped: list[str] = []
    root = folder if folder.is_dir() else folder.parent
    tables = sorted(root.glob("*.csv")) if folder.is_dir() else [folder]
    members = tuple(_members(root, skipped))
    listed = [row for table in tables for row in _rows(table, skipped)]
    listed += [
        (path, path.parent.name, {})
        for path in sorted(root.glob("*/*"))
        if path.suffix.lower() in SUFFIXES and not (path.parent / JSON_NAME).exists()
    ]
    known = {get_family(name).category for name in family_names()}
    photos = []
    for path, category, declared in dict((p, (p, c, d)) for p, c, d in reversed(listed)).values():
        if category not in known:
            skipped.append(f"{path.name}: no family stands for the category {category!r}")
            continue
        try:
            photo = _photo(path, category, side)
        except ReconstructionError as error:
            skipped.append(f"{path.name}: {error.message}")
            continue
        photos.append(ShopPhoto(path.stem, photo, declared))
    if not members and not photos:
        raise ParameterError(
            f"there is nothing to learn from in {folder.name}",
            field="data",
            expected="product folders, a CSV of photos, or sub-folders named after categories",
            got="; ".join(skipped[:3]) or "none of them",
        )
    return Shop(members, tuple(sorted(photos, key=lambda p: p.id)), tuple(skipped))


def _members(root: Path, skipped: list[str]) -> Iterator[ShopMember]:
    for document in sorted(root.glob(f"**/{JSON_NAME}")):
        try:
            product = load_product(document.parent)
        except ReconstructionError as error:
            skipped.append(f"{document.parent.name}: {error.message}")
            continue
        if product.family.name not in family_names():
            skipped.append(f"{product.id}: a free-form product has no parameters to learn")
            continue
        yield ShopMember(product.id, product.family.name, product.numbers, dict(product.choices))


def _rows(table: Path, skipped: list[str]) -> Iterator[tuple[Path, str, dict[str, float]]]:
    with table.open(newline="", encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream), 2):
            name = (row.get("photo") or row.get("photos") or "").split(";")[0].strip()
            category = (row.get("category") or "").strip()
            if not name or not category:
                skipped.append(f"{table.name}, line {number}: it names no photo or no category")
                continue
            try:
                declared = {s: float(row[s]) for s in _SIDES if (row.get(s) or "").strip()}
            except ValueError:
                skipped.append(f"{table.name}, line {number}: a size is no number of metres")
                continue
            yield table.parent / name, category, declared


def _photo(path: Path, category: str, side: int) -> LabelledPhoto:
    from ..networks.segmentation import segment

    photo = read_photo(path)
    mask = segment(photo.rgb, photo.alpha).soft
    scale = min(1.0, side / max(photo.rgb.shape[:2]))
    size = (max(8, round(photo.width * scale)), max(8, round(photo.height * scale)))
    rgb = np.asarray(cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.5
    return LabelledPhoto(rgb, np.asarray(small * np.uint8(255)), category)
