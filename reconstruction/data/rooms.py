"""Rooms to put a product into: walls, a floor in perspective, windows, furniture further back."""

from __future__ import annotations

import cv2
import numpy as np

from .composite import U8, place
from .textures import F32, Rng, carpet, colour, folds, mottled, plain, planks, stripes, tiles

_WALLS = (plain, plain, plain, stripes, mottled, tiles, planks)
_FLOORS = (planks, planks, tiles, carpet, mottled, plain)


def _floor(rng: Rng, size: int, horizon: int) -> F32:
    """(size - horizon, size, 3) a floor that runs away from the viewer."""
    flat = _FLOORS[int(rng.integers(len(_FLOORS)))](rng, size)
    if rng.random() < 0.5:
        flat = np.ascontiguousarray(flat.transpose(1, 0, 2))
    height = size - horizon
    shift, narrow = rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.45)
    source = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    middle = size * (0.5 + shift * 0.3)
    far = size * (0.5 + 0.5 / narrow) * 0.5
    near = size * rng.uniform(0.5, 0.8)
    target = np.array(
        [
            [middle - near, 0],
            [middle + near, 0],
            [middle + far * 2, height],
            [middle - far, height],
        ],
        np.float32,
    )
    matrix = cv2.getPerspectiveTransform(source, target)
    return np.asarray(
        cv2.warpPerspective(flat, matrix, (size, height), borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )


def _openings(rng: Rng, out: F32, horizon: int) -> None:
    """Windows, doors, pictures and shelves on the wall, in place."""
    size = out.shape[1]
    for _ in range(int(rng.integers(0, 5))):
        width, height = (int(v) for v in rng.uniform(0.08, 0.4, 2) * size)
        x, y = int(rng.uniform(-0.1, 1) * size), int(rng.uniform(-0.1, 0.8) * horizon)
        bright = rng.random() < 0.4
        tint = np.full(3, rng.uniform(0.85, 1.0)) if bright else colour(rng, 0.7)
        low, high = (x, y), (x + width, min(y + height, horizon))
        cv2.rectangle(out, low, high, tuple(float(v) for v in tint), -1)
        frame = tuple(float(v) for v in colour(rng, 0.2))
        cv2.rectangle(out, low, high, frame, int(rng.integers(1, 4)))
        for bar in range(int(rng.integers(0, 4))):
            across = y + (bar + 1) * height // 4
            cv2.line(out, (x, across), (x + width, across), frame, int(rng.integers(1, 3)))


def _furniture(rng: Rng, out: F32, sprites: tuple[U8, ...], horizon: int) -> F32:
    """The room with pieces standing in its depth."""
    size = out.shape[0]
    count = int(rng.integers(1, 8))
    feet = np.sort(rng.uniform(0, 0.3, count)) * (size - horizon) + horizon
    for foot in feet:
        sprite = sprites[int(rng.integers(len(sprites)))]
        side = sprite.shape[0]
        ys, xs = np.nonzero(sprite[..., 3] > 127)
        if len(ys) == 0:
            continue
        scale = rng.uniform(0.12, 0.4) * (1 + (foot - horizon) / size) * size / side
        flip = -1.0 if rng.random() < 0.5 else 1.0
        x = rng.uniform(-0.05, 1.05) * size
        middle, bottom = (float(xs.min()) + float(xs.max())) / 2, float(ys.max())
        matrix = np.array(
            [[scale * flip, 0, x - scale * flip * middle], [0, scale, foot - scale * bottom]]
        )
        colours, alpha = place(sprite, matrix, size)
        light = rng.uniform(0.5, 1.1)
        out = out * (1 - alpha[..., None]) + np.clip(colours * light, 0, 1) * alpha[..., None]
    return out


def room(rng: Rng, size: int, sprites: tuple[U8, ...] = ()) -> F32:
    """A (size, size, 3) float32 picture of 0 to 1 of a furnished room without the product.

    Args:
        sprites: (h, w, 4) uint8 cut-outs of furniture for its depth.
    """
    horizon = int(rng.uniform(0.2, 0.75) * size)
    wall = _WALLS[int(rng.integers(len(_WALLS)))](rng, size)
    out = np.ascontiguousarray(wall)
    out[horizon:] = _floor(rng, size, horizon)
    _openings(rng, out, horizon)
    if rng.random() < 0.7:
        skirting = int(rng.integers(1, max(2, size // 24)))
        out[horizon - skirting : horizon] = colour(rng, 0.15)
    if rng.random() < 0.4:
        edge = int(rng.uniform(0, 1) * size)
        out[:horizon, :edge] *= rng.uniform(0.7, 0.95)
    if sprites:
        out = _furniture(rng, out, sprites, horizon)
    if rng.random() < 0.6:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 0.015 * size))
    if rng.random() < 0.5:
        out = out * folds(rng, size, rng.uniform(0, 0.15))
    return np.asarray(np.clip(out * rng.uniform(0.7, 1.15), 0, 1), np.float32)
