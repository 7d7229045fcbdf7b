"""Masks as the fit sees them: one clean contour, distances, overlap of silhouettes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_RASTER = 224


def largest(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece of a mask, its holes filled."""
    count, label, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8))
    if count < 2:
        return np.zeros_like(solid)
    best = label == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    outer, _ = cv2.findContours(best.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(solid.shape, np.uint8)
    cv2.drawContours(filled, outer, -1, 1, -1)
    return filled.astype(bool)


def contour_of(solid: NDArray[np.bool_], count: int) -> F64 | None:
    """The mask's outer contour as ``count`` evenly spaced pixels (count, 2), clockwise as seen.

    Hooks and tags thinner than 1.5% of the shape are cut off. None where the mask is empty or
    its shape smaller than 24 pixels.
    """
    best = largest(solid)
    rows, columns = np.flatnonzero(best.any(axis=1)), np.flatnonzero(best.any(axis=0))
    if len(rows) < 24 or len(columns) < 24:
        return None
    size = max(np.ptp(rows), np.ptp(columns))
    width = max(int(0.015 * size) | 1, 3)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    padded = np.pad(best.astype(np.uint8), width)
    opened = largest(cv2.morphologyEx(padded, cv2.MORPH_OPEN, kernel).astype(bool))
    outer, _ = cv2.findContours(opened.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outer:
        return None
    line = max(outer, key=len)[:, 0].astype(np.float64) - width
    step = np.linalg.norm(np.diff(line, axis=0, append=line[:1]), axis=1)
    along = np.concatenate([[0.0], np.cumsum(step)])
    at = np.linspace(0.0, along[-1], count, endpoint=False)
    closed = np.concatenate([line, line[:1]])
    points = np.stack([np.interp(at, along, closed[:, k]) for k in (0, 1)], axis=1)
    x, y = points[:, 0], points[:, 1]
    area = float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    return points if area > 0 else points[::-1].copy()


def signed_distance(solid: NDArray[np.bool_]) -> F64:
    """Pixels to the mask's boundary, (h, w): positive outside, negative inside."""
    inner = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 5)
    outer = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, 5)
    result: F64 = np.where(solid, 0.5 - inner, outer - 0.5).astype(np.float64)
    return result


def fill(polygons: list[F64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The union of polygons (k, 2) in pixels, as a mask of ``shape`` (h, w)."""
    out = np.zeros(shape, np.uint8)
    for polygon in polygons:
        points = np.round((polygon + 0.0) * 16).astype(np.int32)
        cv2.fillPoly(out, [points], 1, cv2.LINE_8, 4)
    return out.astype(bool)


def coverage(polygons: list[F64], solid: NDArray[np.bool_]) -> float:
    """IoU of the polygons' union with a mask; large masks are compared at 224 pixels."""
    scale = min(1.0, _RASTER / max(solid.shape))
    size = (max(round(solid.shape[1] * scale), 1), max(round(solid.shape[0] * scale), 1))
    small = cv2.resize(solid.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    ours = fill([p * scale for p in polygons], (size[1], size[0]))
    both, either = int((ours & small).sum()), int((ours | small).sum())
    return both / max(either, 1)
