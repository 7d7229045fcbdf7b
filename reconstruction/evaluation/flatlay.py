"""A garment of any sewn family laid flat, as a wrinkled textured surface to be photographed."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.textures import F32, Rng, colour, noise
from ..families.garment import FlatPose, GarmentFamily
from .raytrace import Body
from .surroundings import Style, cloth, print_on

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
CELLS = 320
_FINE = 2


class _Grid:
    """Flat metres to cells of a square height field and back."""

    def __init__(self, points: F64) -> None:
        low, high = points.min(axis=0), points.max(axis=0)
        self.side = float(max(high - low)) * 1.04
        self.middle = (low + high) / 2
        self.metre = CELLS / self.side

    def cells(self, points: F64, scale: int = 1) -> NDArray[np.int32]:
        """Points (n, 2) in sixteenths of a cell, y down."""
        spot = (points - self.middle) * (self.metre, -self.metre) + CELLS / 2
        return np.asarray(np.round(spot * 16 * scale), np.int32)

    def fill(self, polygon: F64, scale: int = 1) -> NDArray[np.bool_]:
        mask = np.zeros((CELLS * scale, CELLS * scale), np.uint8)
        cv2.fillPoly(mask, [self.cells(polygon, scale)], 255, cv2.LINE_8, 4)
        return mask > 0


def flat_body(
    family: GarmentFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    pose: FlatPose,
    rng: Rng,
    style: Style,
) -> Body:
    """The garment on the plane y = 0, its front up and its top towards -z, about the origin."""
    flat = family.flat(values, choices, pose)
    grid = _Grid(np.concatenate(list(flat.parts.values())))
    masks = {name: grid.fill(points) for name, points in flat.parts.items()}
    whole = np.logical_or.reduce(list(masks.values()))
    height = _height(masks, whole, grid.metre, rng)
    texture = _texture(flat.parts, flat.curves, grid, rng, style)
    index = np.full((CELLS, CELLS), -1, np.int32)
    index[whole] = np.arange(int(whole.sum()))
    rows, columns = np.nonzero(whole)
    x = (columns + 0.5 - CELLS / 2) / grid.metre
    z = (rows + 0.5 - CELLS / 2) / grid.metre
    vertices = np.stack([x, height[rows, columns] + 6e-4, z], axis=1).astype(np.float32)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    full = (a >= 0) & (b >= 0) & (c >= 0) & (d >= 0)
    quads = np.stack([a[full], d[full], c[full], b[full]], axis=1)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    uv = np.stack([(columns + 0.5) / CELLS, (rows + 0.5) / CELLS], axis=1).astype(np.float32)
    return Body(vertices, faces, uv, texture, roughness=0.95, smooth=True)


def _height(
    masks: Mapping[str, NDArray[np.bool_]], whole: NDArray[np.bool_], metre: float, rng: Rng
) -> F32:
    """(cells, cells) metres above the floor: layers, soft edges, creases."""
    height = np.zeros(whole.shape, np.float32)
    covered = np.zeros(whole.shape, np.bool_)
    for name, mask in masks.items():
        far = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) / metre
        layer = rng.uniform(0.006, 0.012) * (1 - np.exp(-far / 0.011))
        if name == "back_inside":
            layer = np.full_like(layer, 0.003)
        on_top = 0.003 * (mask & covered)
        height = np.where(mask, np.maximum(height, layer + on_top), height).astype(np.float32)
        covered |= mask
    ruler = np.linspace(-1, 1, CELLS, dtype=np.float32)
    warp = noise(rng, CELLS, 5) * 0.9
    long = np.sin(ruler * 9 + 1.2 * warp + 2.2 * ruler[:, None]) * noise(rng, CELLS, 3)
    cross = np.sin(ruler[:, None] * 13 + 1.5 * noise(rng, CELLS, 4)) * noise(rng, CELLS, 4)
    creases = np.abs(noise(rng, CELLS, 9)) * 0.5 + 0.4 * long + 0.3 * cross
    depth = np.clip(cv2.distanceTransform(whole.astype(np.uint8), cv2.DIST_L2, 5) / 15, 0, 1)
    strength = rng.uniform(0.001, 0.006)
    height += strength * depth * cv2.GaussianBlur(creases.astype(np.float32), (0, 0), 2.5)
    return np.asarray(cv2.GaussianBlur(np.maximum(height, 0), (0, 0), 0.8), np.float32)


def _texture(
    parts: Mapping[str, F64], curves: Mapping[str, F64], grid: _Grid, rng: Rng, style: Style
) -> U8:
    side = CELLS * _FINE
    tone = None
    if style == "white":
        tone = (np.float32(rng.uniform(0.8, 0.95)) + rng.uniform(-0.02, 0.02, 3)).astype(np.float32)
    main = cloth(rng, side, tone)
    printed = main.copy()
    if style != "white" and "front" in parts and rng.random() < 0.35:
        x, y = grid.cells(parts["front"]).mean(axis=0) * _FINE / 16
        print_on(printed, (int(x), int(y)), int(side * rng.uniform(0.05, 0.11)), rng)
    turned = np.ascontiguousarray(np.rot90(main))
    cloths = {"front": printed, "back_inside": (main * rng.uniform(0.5, 0.8)).astype(np.uint8)}
    out = main.copy()
    for name, polygon in parts.items():
        mask = grid.fill(polygon, _FINE)
        out[mask] = cloths.get(name, turned)[mask]
        edge = np.zeros((side, side), np.uint8)
        cv2.polylines(edge, [grid.cells(polygon, _FINE)], True, 255, 2, cv2.LINE_AA, 4)
        out[edge > 0] = (out[edge > 0] * 0.75).astype(np.uint8)
    trim = [int(v * 255) for v in colour(rng, 0.6)] if rng.random() < 0.4 else None
    for name, line in curves.items():
        dark = [int(v) for v in out.reshape(-1, 3).mean(axis=0) * 0.6]
        wide = max(1, round(0.014 * grid.metre * _FINE)) if name == "neckline" and trim else 2
        ink = trim if name == "neckline" and trim else dark
        cv2.polylines(out, [grid.cells(line, _FINE)], False, ink, wide, cv2.LINE_AA, 4)
    return out
