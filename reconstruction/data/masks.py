"""Pictures with masks for the segmentation network, composed as fast as it learns.

Four sources, mixed: real photos whose mask two colour models agree on; those products before
other grounds; sprites of the families (rendered furniture, flat garments); simple shapes. A few
pictures hold no product at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from .composite import U8, Scene, compose, photograph, place, random_placement
from .consensus import LabelledPhoto
from .rooms import room
from .shapes import shape
from .textures import F32, Rng, clutter, folds, ground

_POOL, _POOL_SIDE, _POOL_SEED, _NEW = 400, 240, 11, 0.15
"""Backgrounds kept ready, their side in pixels, their seed, and the share that is drawn anew."""
_ROOMS = 0.25
"""Share of backgrounds that are whole rooms."""


@dataclass(frozen=True, eq=False)
class MaskSources:
    """What pictures are made of.

    Attributes:
        photos: real photos; those without a mask give fabrics and grounds only.
        sprites: (h, w, 4) uint8 cut-out products.
    """

    photos: tuple[LabelledPhoto, ...] = ()
    sprites: tuple[U8, ...] = ()

    @cached_property
    def masked(self) -> tuple[LabelledPhoto, ...]:
        return tuple(p for p in self.photos if p.mask is not None)

    @cached_property
    def grounds(self) -> U8:
        """(g, s, s, 3) uint8 backgrounds that are kept ready, the same every time."""
        rng = np.random.default_rng(_POOL_SEED)
        drawn = [any_ground(rng, self, _POOL_SIDE) for _ in range(_POOL)]
        return np.stack([(g * 255 + 0.5).astype(np.uint8) for g in drawn])

    def ground(self, rng: Rng, size: int) -> F32:
        """(size, size, 3) float32 background: mostly a piece of a kept one, sometimes new."""
        if rng.random() < _NEW or size > _POOL_SIDE:
            return any_ground(rng, self, size)
        whole = self.grounds[int(rng.integers(_POOL))]
        y, x = (int(v) for v in rng.integers(0, _POOL_SIDE - size + 1, 2))
        piece = whole[y : y + size, x : x + size]
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        if rng.random() < 0.25:
            piece = piece[..., rng.permutation(3)]
        return np.asarray(piece * np.float32(rng.uniform(0.75, 1.15) / 255), np.float32)


def _box(mask: NDArray[np.generic]) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.min()), float(ys.min()), float(xs.max()) + 1, float(ys.max()) + 1


def real_ground(rng: Rng, photo: LabelledPhoto, size: int) -> F32 | None:
    """A full background from the strip of a photo beside its product, mirrored to size."""
    assert photo.mask is not None
    x0, y0, x1, y1 = (int(v) for v in _box(photo.mask != 0))
    height, width = photo.mask.shape
    strips = [(0, 0, x0, height), (x1, 0, width, height), (0, 0, width, y0), (0, y1, width, height)]
    strips.sort(key=lambda s: (s[2] - s[0]) * (s[3] - s[1]))
    left, top, right, bottom = strips[-1]
    if min(right - left, bottom - top) < 16:
        return None
    patch = photo.rgb[top:bottom, left:right]
    scale = rng.uniform(0.8, 2.2) * size / max(height, width)
    patch = cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    rows, columns = max(0, size - patch.shape[0]), max(0, size - patch.shape[1])
    while rows or columns:
        down = min(rows, patch.shape[0] - 1)
        over = min(columns, patch.shape[1] - 1)
        patch = cv2.copyMakeBorder(patch, 0, down, 0, over, cv2.BORDER_REFLECT_101)
        rows, columns = max(0, size - patch.shape[0]), max(0, size - patch.shape[1])
    y = int(rng.integers(0, patch.shape[0] - size + 1))
    x = int(rng.integers(0, patch.shape[1] - size + 1))
    out: F32 = patch[y : y + size, x : x + size].astype(np.float32) / 255
    return out


def any_ground(rng: Rng, sources: MaskSources, size: int) -> F32:
    """A room, or a procedural or, where there are photos, just as often a real background."""
    masked = sources.masked
    if rng.random() < _ROOMS:
        return room(rng, size, sources.sprites)
    if masked and rng.random() < 0.5:
        found = real_ground(rng, masked[int(rng.integers(len(masked)))], size)
        if found is not None:
            return found
    return ground(rng, size)


def real_scene(rng: Rng, photo: LabelledPhoto, size: int) -> Scene:
    """A real photo, squeezed, turned, cropped and re-exposed."""
    assert photo.mask is not None
    height, width = photo.mask.shape
    x0, y0, x1, y1 = _box(photo.mask == 255)
    grow = rng.uniform(0.0, 1.0, 4)
    left, top = x0 * grow[0], y0 * grow[1]
    right, bottom = x1 + (width - x1) * grow[2], y1 + (height - y1) * grow[3]
    matrix = np.array([[size / (right - left), 0, 0], [0, size / (bottom - top), 0]])
    matrix[:, 2] = -matrix[:, :2] @ (left, top)
    if rng.random() < 0.5:
        matrix[0] *= -1
        matrix[0, 2] += size
    turn = np.eye(3)
    angle = float(rng.choice([0, 1, 2, 3], p=[0.85, 0.05, 0.05, 0.05])) * 90 + rng.normal(0, 5)
    turn[:2] = cv2.getRotationMatrix2D((size / 2, size / 2), angle, rng.uniform(0.92, 1.05))
    matrix = turn[:2] @ np.vstack([matrix, (0, 0, 1)])
    rgb = cv2.warpAffine(
        photo.rgb, matrix, (size, size), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpAffine(
        photo.mask,
        matrix,
        (size, size),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return Scene(photograph(rng, rgb.astype(np.float32) / 255), mask)


def pasted_scene(rng: Rng, photo: LabelledPhoto, sources: MaskSources, size: int) -> Scene:
    """A real product before another ground."""
    assert photo.mask is not None
    soft = cv2.GaussianBlur(np.where(photo.mask == 255, 255, 0).astype(np.uint8), (0, 0), 0.7)
    sprite = np.dstack([photo.rgb, soft])
    return sprite_scene(rng, sprite, sources, size, 0.2)


def sprite_scene(rng: Rng, sprite: U8, sources: MaskSources, size: int, turn: float) -> Scene:
    """A cut-out product before a ground."""
    matrix = random_placement(
        rng, (sprite.shape[0], sprite.shape[1]), _box(sprite[..., 3] > 127), size, turn
    )
    colours, alpha = place(sprite, matrix, size)
    if rng.random() < 0.3:
        colours = np.clip(colours ** rng.uniform(0.6, 1.7) * rng.uniform(0.6, 1.3, 3), 0, 1)
    return compose(rng, colours.astype(np.float32), alpha, sources.ground(rng, size))


def textured_shape(rng: Rng, sources: MaskSources, size: int) -> Scene:
    """A simple shape of procedural or real cloth before a ground."""
    colours, alpha = shape(rng, size)
    masked = sources.masked
    if masked and rng.random() < 0.5:
        photo = masked[int(rng.integers(len(masked)))]
        assert photo.mask is not None
        x0, y0, x1, y1 = (int(v) for v in _box(photo.mask == 255))
        inset = 0.22
        dx, dy = int((x1 - x0) * inset), int((y1 - y0) * inset)
        patch = photo.rgb[y0 + dy : y1 - dy, x0 + dx : x1 - dx]
        if min(patch.shape[:2]) > 8:
            cloth = cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR)
            colours = cloth.astype(np.float32) / 255 * folds(rng, size, rng.uniform(0, 0.3))
    return compose(rng, np.clip(colours, 0, 1), alpha, sources.ground(rng, size))


def empty_scene(rng: Rng, sources: MaskSources, size: int) -> Scene:
    """A picture without a product."""
    picture = clutter(rng, size) if rng.random() < 0.2 else sources.ground(rng, size)
    return Scene(photograph(rng, picture), np.zeros((size, size), np.uint8))


def mask_scene(rng: Rng, sources: MaskSources, size: int) -> Scene:
    """One training picture of (size, size)."""
    masked = sources.masked
    pick = rng.random()
    if pick < 0.04:
        return empty_scene(rng, sources, size)
    if masked and pick < 0.36:
        return real_scene(rng, masked[int(rng.integers(len(masked)))], size)
    if masked and pick < 0.50:
        return pasted_scene(rng, masked[int(rng.integers(len(masked)))], sources, size)
    if sources.sprites and pick < 0.88:
        sprite = sources.sprites[int(rng.integers(len(sources.sprites)))]
        return sprite_scene(rng, sprite, sources, size, 0.06)
    return textured_shape(rng, sources, size)
