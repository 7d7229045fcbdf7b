"""Pictures of garments laid flat or hung: outlines of the families filled with cloth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..families import get_family
from ..families.garment import GarmentFamily
from .drawn import Drawn
from .textures import F32, Rng, colour, denim, fabric, folds
from .trouser_trim import trim_trousers

_SHIFT = 4


def _fill(canvas: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], 255, cv2.LINE_AA, _SHIFT)


def _stroke(out: F32, points: NDArray[np.float64], tint: F32, width: float, share: float) -> None:
    ink = np.zeros(out.shape[:2], np.uint8)
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(ink, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
    weight = (ink.astype(np.float32) / 255 * share)[..., None]
    out += weight * (tint - out)


def _cloth(rng: Rng, size: int, patches: tuple[NDArray[np.uint8], ...]) -> F32:
    """Procedural cloth, or a real patch of one."""
    if patches and rng.random() < 0.45:
        patch = patches[int(rng.integers(len(patches)))]
        big = cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR)
        real = big.astype(np.float32) / 255
        return np.asarray(np.clip(real * folds(rng, size, rng.uniform(0, 0.25)), 0, 1), np.float32)
    return fabric(rng, size)


_INSIDES = ("back_inside", "collar_back", "hood_inside")
"""Parts that show the garment's inner side."""
_FASTENED = ("front_edge", "collar", "pocket", "hem_band")


def _fasten(
    rng: Rng,
    out: F32,
    line: str,
    points: NDArray[np.float64],
    dark: F32,
    contrast: F32,
    pixel: float,
) -> None:
    """Draw a zip, buttons, an edge of front or collar, a pocket or a ribbed band, in place."""
    if line == "buttons":
        radius = rng.uniform(0.7, 1.9) * pixel
        for x, y in points:
            spot = np.array([[x, y], [x + 0.01, y]])
            _stroke(out, spot, dark * 0.6, 2.2 * radius, rng.uniform(0.2, 0.6))
            _stroke(out, spot, contrast, 1.7 * radius, 0.9)
    elif line == "zip":
        _stroke(out, points, dark, rng.uniform(1.5, 3.5) * pixel, rng.uniform(0.3, 0.9))
        _stroke(out, points, contrast, rng.uniform(0.6, 1.6) * pixel, rng.uniform(0.4, 1.0))
    elif line.startswith(("front_edge", "collar")):
        _stroke(out, points, dark, rng.uniform(0.6, 1.6) * pixel, rng.uniform(0.2, 0.9))
    elif line.startswith("pocket"):
        _stroke(out, points, contrast, rng.uniform(0.6, 1.8) * pixel, rng.uniform(0.2, 0.9))
    else:
        _stroke(out, points, dark, rng.uniform(0.8, 2.0) * pixel, rng.uniform(0.2, 0.9))


def draw_garment(
    rng: Rng,
    name: str,
    size: int,
    *,
    oversample: int = 1,
    fill: float | None = None,
    patches: tuple[NDArray[np.uint8], ...] = (),
    member: tuple[dict[str, float], dict[str, str]] | None = None,
) -> Drawn:
    """A member of a garment family in a random flat pose.

    Args:
        size: side of the picture, pixels.
        member: complete values and choices; None: random.
        fill: share of the picture that the garment's larger side takes; None: random.
        patches: (h, w, 3) uint8 pieces of real cloth to dress it in, now and then.
    """
    family = get_family(name)
    assert isinstance(family, GarmentFamily)
    values, choices = family.sample(rng) if member is None else member
    flat = family.flat(values, choices, family.sample_pose(rng, choices))
    every = np.concatenate(list(flat.parts.values()))
    low, high = every.min(axis=0), every.max(axis=0)
    side = size * oversample
    share = float(rng.uniform(0.82, 0.98)) if fill is None else fill
    scale = side * share / float(max(high - low))
    middle = (low + high) / 2

    def pixels(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points - middle) * (scale, -scale) + side / 2)

    legs = family.engine == "trousers"
    cloth = denim(rng, side) if legs and rng.random() < 0.35 else _cloth(rng, side, patches)
    lining = np.ascontiguousarray(cloth[::-1])
    if choices.get("front") is not None and rng.random() < 0.4:
        lining = _cloth(rng, side, patches)
    rgb = cloth.copy()
    total = np.zeros((side, side), np.uint8)
    pixel = side / 128
    for part, points in flat.parts.items():
        mask = np.zeros((side, side), np.uint8)
        _fill(mask, pixels(points))
        weight = mask.astype(np.float32)[..., None] / 255
        shade = rng.uniform(0.82, 1.1)
        if part in _INSIDES:
            piece = lining * rng.uniform(0.45, 0.9)
        elif part.endswith("front"):
            piece = cloth
        else:
            # Both legs are mostly cut alike, sleeves any way.
            turn = 0 if legs and rng.random() < 0.85 else int(rng.integers(4))
            turned = np.ascontiguousarray(np.rot90(cloth, turn))
            piece = turned * shade * folds(rng, side, rng.uniform(0, 0.2))
        near = cv2.GaussianBlur(mask, (0, 0), 1.5 * pixel).astype(np.float32)[..., None] / 255
        if part != "front" and part not in _INSIDES:
            rgb *= 1 - rng.uniform(0, 0.3) * near * (1 - weight)
        rgb += weight * (piece - rgb)
        total = np.maximum(total, mask)
    trim = colour(rng, 0.8) if rng.random() < 0.35 else None
    dark = np.asarray(rgb.mean(axis=(0, 1)) * 0.4, np.float32)
    contrast = colour(rng, 0.9) if rng.random() < 0.4 else dark
    if legs:
        trim_trousers(rng, rgb, flat, choices, pixels, pixel)
    for line, points in () if legs else flat.curves.items():
        if line in ("buttons", "zip") or line.startswith(_FASTENED):
            _fasten(rng, rgb, line, pixels(points), dark, contrast, pixel)
        elif line == "neckline":
            if trim is not None and choices.get("collar", "none") == "none":
                _stroke(rgb, pixels(points), trim, rng.uniform(1.5, 4) * pixel, 0.9)
            _stroke(rgb, pixels(points), rgb.mean(axis=(0, 1)) * 0.4, pixel, rng.uniform(0.2, 0.8))
        else:
            _stroke(rgb, pixels(points), rgb.mean(axis=(0, 1)) * 0.5, pixel, rng.uniform(0, 0.6))
    alpha = total.astype(np.float32) / 255
    inner = cv2.GaussianBlur(alpha, (0, 0), 0.015 * side)
    rgb *= (1 - rng.uniform(0, 0.4) * (1 - np.clip(2 * inner - 1, 0, 1)))[..., None]
    landmarks = pixels(flat.points) / oversample
    if oversample > 1:
        rgb = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)
    return Drawn(
        np.clip(rgb, 0, 1).astype(np.float32),
        alpha.astype(np.float32),
        None,
        name,
        values,
        choices,
        family.active(choices),
        landmarks=landmarks.astype(np.float32),
    )
