"""What makes drawn trousers look sewn: waistband, gathers, drawstring, loops, button, stitching."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ..families.garment_flat import Flat
from .textures import F32, Rng, colour

F64 = NDArray[np.float64]
_SHIFT = 4


def trim_trousers(
    rng: Rng,
    out: F32,
    flat: Flat,
    choices: Mapping[str, str],
    pixels: Callable[[F64], F64],
    pixel: float,
) -> None:
    """Draw onto ``out`` (s, s, 3), in place.

    Args:
        pixels: flat metres to pixels.
        pixel: a 128th of the picture's side.
    """
    band = pixels(flat.curves["waistband"])
    top = pixels(flat.parts["left_leg"])[0]
    rise = float(np.linalg.norm(band[len(band) // 2] - top))
    up = (top - band[len(band) // 2]) / max(rise, 1e-6)
    mean = np.asarray(out.mean(axis=(0, 1)), np.float32)
    dark = mean * rng.uniform(0.3, 0.7)
    thread = colour(rng, 0.8) if rng.random() < 0.35 else dark
    if rng.random() < 0.5:
        shade = dark if rng.random() < 0.6 else colour(rng, 0.7)
        _fill(out, np.concatenate([band, (band + up * rise)[::-1]]), shade, rng.uniform(0.1, 0.8))
    if choices["waistband"] == "elastic":
        for share in np.linspace(0.03, 0.97, int(rng.integers(14, 30))):
            foot = _along(band, float(share + rng.normal(0, 0.008)))
            head = foot + up * rise * rng.uniform(0.7, 1.0) - up * rng.uniform(0, 0.5) * rise
            _line(out, np.stack([foot - up * 0.3 * rise, head]), dark, 0.7 * pixel, 0.45)
        if rng.random() < 0.6:
            _drawstring(rng, out, band, up, rise, pixel)
    else:
        for share in (0.12, 0.33, 0.67, 0.88):
            foot = _along(band, share)
            width = rng.uniform(0.8, 1.8) * pixel
            _line(out, np.stack([foot, foot + up * rise]), dark, width, rng.uniform(0.2, 0.7))
    if choices["closure"] == "fly":
        spot = (band[len(band) // 2] + top) / 2
        metal = np.full(3, rng.uniform(0.1, 0.9), np.float32)
        _line(out, np.stack([spot, spot + 0.01]), metal, rng.uniform(1.4, 2.6) * pixel, 0.9)
    for name, line in flat.curves.items():
        if name.startswith("crease") and not (choices["closure"] == "fly" and rng.random() < 0.2):
            continue
        wide = rng.uniform(0.6, 1.5) * pixel
        tint = thread if name.startswith(("pocket", "fly")) else dark
        _line(out, pixels(line), tint, wide, rng.uniform(0.15, 0.9))
    if choices.get("hem") == "ribbed":
        for side in ("left", "right"):
            line = pixels(flat.curves[f"hem_{side}"])
            for share in np.linspace(0.08, 0.92, 9):
                foot = _along(line, float(share))
                _line(out, np.stack([foot, foot - 1.6 * up * pixel]), dark, 0.7 * pixel, 0.4)


def _drawstring(rng: Rng, out: F32, band: F64, up: F64, rise: float, pixel: float) -> None:
    middle = band[len(band) // 2] + 0.5 * up * rise
    tint = colour(rng, 0.5)
    across = np.array([-up[1], up[0]])
    for side in (-1.0, 1.0):
        reach = rng.uniform(1.5, 4.0) * rise
        spread = side * rng.uniform(0.2, 0.6) * rise
        t = np.linspace(0.0, 1.0, 9)[:, None]
        line = middle + across * spread * (1 + t) - up * reach * t**1.3
        _line(out, line, tint, rng.uniform(0.8, 1.8) * pixel, 0.9)


def _along(line: F64, share: float) -> F64:
    at = float(np.clip(share, 0, 1)) * (len(line) - 1)
    i = min(int(at), len(line) - 2)
    result: F64 = line[i] + (line[i + 1] - line[i]) * (at - i)
    return result


def _line(out: F32, points: F64, tint: F32, width: float, share: float) -> None:
    ink = np.zeros(out.shape[:2], np.uint8)
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(ink, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
    out += (ink.astype(np.float32) / 255 * share)[..., None] * (tint - out)


def _fill(out: F32, points: F64, tint: F32, share: float) -> None:
    ink = np.zeros(out.shape[:2], np.uint8)
    fixed = np.round(points * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(ink, [fixed], 255, cv2.LINE_AA, _SHIFT)
    out += (ink.astype(np.float32) / 255 * share)[..., None] * (tint - out)
