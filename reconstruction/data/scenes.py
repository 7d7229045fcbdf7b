"""Crops with everything the reconstruction network is to answer, composed as fast as it learns.

Drawn products carry family, values, choices, camera and landmarks; real photos carry their
class; a few crops hold nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..networks.crop import cut, square_around
from ..networks.vocabulary import NOTHING, Vocabulary, category_of
from .bank import Bank
from .composite import U8, pale, photograph, with_shadow
from .consensus import LabelledPhoto
from .drawn import CAMERA_FIELDS
from .masks import MaskSources
from .textures import F32, Rng

Example = dict[str, np.ndarray[Any, Any]]
_EMPTY, _PHOTOS = 0.04, 0.14
"""Shares of grounds without a product and of real photos, which teach a family and no more."""


@dataclass(frozen=True, eq=False)
class SceneSources:
    """What crops are made of.

    Attributes:
        bank: drawn products.
        photos: real photos with their masks, by which they are cropped.
    """

    bank: Bank
    photos: MaskSources


def _blank(vocabulary: Vocabulary, crop: U8, category: str) -> Example:
    points = len(vocabulary.landmarks)
    return {
        "crop": crop,
        "category": np.array(vocabulary.categories.index(category), np.int64),
        "family": np.array(-1, np.int64),
        "values": np.full(vocabulary.column_count, np.nan, np.float32),
        "choices": np.full(len(vocabulary.choice_sizes), -1, np.int64),
        "camera": np.full(len(CAMERA_FIELDS), np.nan, np.float32),
        "landmarks": np.full((points, 2), np.nan, np.float32),
        "visible": np.full(points, np.nan, np.float32),
    }


def worn_mask(rng: Rng, alpha: F32) -> F32:
    """A mask (h, w) of 0 to 1 as a segmentation gets it.

    Its edges are shifted, it has holes and extra bits, and thin parts are missing from some side.
    """
    size = alpha.shape[0]
    pick = rng.random()
    if pick < 0.04:
        return np.zeros_like(alpha)
    out = alpha
    if pick < 0.4:
        grow = int(rng.integers(1, 4))
        kernel = np.ones((grow, grow), np.uint8)
        out = cv2.dilate(out, kernel) if rng.random() < 0.5 else cv2.erode(out, kernel)
    if rng.random() < 0.2:
        out = _without_thin_parts(rng, out)
    if rng.random() < 0.25:
        out = out.copy()
        for _ in range(int(rng.integers(1, 4))):
            centre = tuple(int(v) for v in rng.integers(0, size, 2))
            axes = tuple(int(v) for v in rng.uniform(0.02, 0.1, 2) * size + 1)
            cv2.ellipse(
                out, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.random() < 0.5), -1
            )
    if rng.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.6))
    return np.asarray(out, np.float32)


def _without_thin_parts(rng: Rng, alpha: F32) -> F32:
    """A mask that lost what is thin, in a random half-plane that fades in."""
    size = alpha.shape[0]
    width = int(rng.integers(3, 9))
    opened = cv2.morphologyEx(alpha, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    angle = rng.uniform(0, 2 * np.pi)
    across = (np.arange(size) - rng.uniform(0.2, 0.8) * size) / (0.1 * size)
    there = np.clip(across[:, None] * np.sin(angle) + across[None] * np.cos(angle), 0, 1)
    return np.asarray(opened * there + alpha * (1 - there), np.float32)


def _with_alpha(rgb: U8, alpha: F32) -> U8:
    return np.dstack([rgb, (np.clip(alpha, 0, 1) * 255 + 0.5).astype(np.uint8)])


def drawn_example(rng: Rng, sources: SceneSources, index: int) -> Example:
    """A drawn product before a ground."""
    bank = sources.bank
    size = bank.rgba.shape[1]
    garment = bool(np.isnan(bank.camera[index, 0]))
    scale = rng.uniform(0.92, 1.04)
    angle = float(rng.normal(0, 4)) if garment else 0.0
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), angle, scale)
    matrix[:, 2] += rng.uniform(-0.04, 0.04, 2) * size
    warped = cv2.warpAffine(bank.rgba[index], matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    rgb = warped[..., :3]
    if rng.random() < 0.5:
        tint = rng.uniform(0.6, 1.3) * (1 + rng.normal(0, 0.15, 3))
        curve = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.6, 1.6) * tint
        rgb = cv2.LUT(rgb, (np.clip(curve, 0, 1) * 255 + 0.5).astype(np.uint8)[None])
    colours = rgb * np.float32(1 / 255)
    alpha = warped[..., 3] * np.float32(1 / 255)
    behind = sources.photos.ground(rng, size)
    if rng.random() < 0.1:
        colours = pale(rng, colours, alpha)
        behind = np.clip(1 - (1 - behind) * rng.uniform(0, 0.15), 0, 1).astype(np.float32)
    shade = bank.shade[index]
    if shade[0, 0] or shade.any():
        moved = cv2.warpAffine(shade, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
        behind = behind * (moved.astype(np.float32) / 255)[..., None]
    else:
        behind = with_shadow(rng, behind, alpha)
    rgb = photograph(rng, colours * alpha[..., None] + behind * (1 - alpha[..., None]))
    vocabulary = bank.vocabulary
    family = int(bank.family[index])
    out = _blank(
        vocabulary,
        _with_alpha(rgb, worn_mask(rng, alpha)),
        category_of(vocabulary.family_names[family]),
    )
    out["family"] = np.array(family, np.int64)
    out["values"], out["choices"] = bank.values[index], bank.choices[index]
    out["camera"] = bank.camera[index]
    if garment:
        points = bank.landmarks[index] @ matrix[:, :2].T + matrix[:, 2]
        out["landmarks"] = (points / size * 2 - 1).astype(np.float32)
        out["visible"] = np.isfinite(points[:, 0]).astype(np.float32)
    return out


def photo_crop(rng: Rng, photo: LabelledPhoto, size: int) -> U8:
    """A real photo around its product, turned, squeezed, re-exposed, sometimes part-covered.

    Returns:
        (size, size, 4) uint8: colours, and a mask as a segmentation gets it.
    """
    mask = np.zeros(photo.rgb.shape[:2], np.float32)
    if photo.mask is not None:
        mask = (photo.mask == 255).astype(np.float32)
    square = square_around(mask, float(rng.uniform(-0.02, 0.2)))
    grown = cut(photo.rgb, mask, square, size)
    middle = size / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), float(rng.normal(0, 9)), 1.0)
    stretch = np.diag([rng.uniform(0.85, 1.15), rng.uniform(0.85, 1.15)])
    if rng.random() < 0.5:
        stretch[0, 0] *= -1
    linear = matrix[:, :2] @ stretch
    offset = middle - linear @ (middle, middle) + rng.uniform(-0.06, 0.06, 2) * size
    whole = np.concatenate([linear, offset[:, None]], axis=1)
    rgb = cv2.warpAffine(grown[..., :3], whole, (size, size), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(grown[..., 3], whole, (size, size)).astype(np.float32) / 255
    picture = rgb.astype(np.float32) / 255
    if rng.random() < 0.3:
        picture = picture[..., rng.permutation(3)]
    rgb = photograph(rng, picture)
    if rng.random() < 0.35:
        x, y = (int(v) for v in rng.integers(0, size * 3 // 4, 2))
        w, h = (int(v) for v in rng.uniform(0.1, 0.3, 2) * size)
        rgb = rgb.copy()
        rgb[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return _with_alpha(rgb, worn_mask(rng, alpha))


def photo_example(rng: Rng, vocabulary: Vocabulary, photo: LabelledPhoto, size: int) -> Example:
    """A crop of a real photo, whose category and family are known and nothing else."""
    out = _blank(vocabulary, photo_crop(rng, photo, size), photo.label)
    for i, name in enumerate(vocabulary.family_names):
        if category_of(name) == photo.label:
            out["family"] = np.array(i, np.int64)
    return out


def empty_example(rng: Rng, sources: SceneSources, size: int) -> Example:
    """A ground without a product, under whatever mask a segmentation might have found."""
    rgb = photograph(rng, sources.photos.ground(rng, size))
    alpha = np.zeros((size, size), np.float32)
    if rng.random() < 0.7:
        count = int(rng.integers(3, 8))
        points = rng.uniform(0.1, 0.9, (count, 2)) * size
        hull = cv2.convexHull(points.astype(np.float32)).astype(np.int32)
        cv2.fillPoly(alpha, [hull], 1.0)
    elif rng.random() < 0.4:
        alpha[:] = 1
    mask = worn_mask(rng, alpha)
    return _blank(sources.bank.vocabulary, _with_alpha(rgb, mask), NOTHING)


def scene_example(rng: Rng, sources: SceneSources, balance: NDArray[np.float64] | None) -> Example:
    """One training example.

    Args:
        balance: probability of each real photo, so that rare classes come up oftener.
    """
    bank = sources.bank
    size = bank.rgba.shape[1]
    pick = rng.random()
    photos = sources.photos.photos
    if pick < _EMPTY:
        return empty_example(rng, sources, size)
    if photos and pick < _EMPTY + _PHOTOS:
        photo = photos[int(rng.choice(len(photos), p=balance))]
        return photo_example(rng, bank.vocabulary, photo, size)
    return drawn_example(rng, sources, int(rng.integers(len(bank))))
