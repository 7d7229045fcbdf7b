"""Simple silhouettes that need no product family: tops, trousers, skirts, bags, blobs.

They widen what the segmentation network takes for a product beyond the families. Points are
(k, 2) in pixels of a square picture, x to the right and y down.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from .textures import F32, Rng, fabric

F64 = NDArray[np.float64]


def _smooth(points: F64, rounds: int) -> F64:
    """Chaikin's corner cutting of a closed polygon."""
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        cut = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], 1)
        points = cut.reshape(-1, 2)
    return points


def _mirrored(right: F64) -> F64:
    """A closed outline from its right half, top to bottom, about x = 0."""
    return np.concatenate([right, (right * (-1, 1))[::-1]])


def top(rng: Rng) -> F64:
    """A T-shirt, blouse, jumper or coat seen from the front; about unit height."""
    half = rng.uniform(0.24, 0.4)
    neck, drop = rng.uniform(0.25, 0.5) * half, rng.uniform(0.0, 0.18)
    fall = rng.uniform(0.02, 0.1)
    angle = rng.uniform(0.1, 1.45)
    length = rng.choice([rng.uniform(0.1, 0.3), rng.uniform(0.45, 0.8)])
    cuff = rng.uniform(0.07, 0.16)
    shoulder = np.array([half * 1.02, fall])
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    outer = shoulder + along * length
    inner = outer + across * cuff
    pit = np.array([half * rng.uniform(0.92, 1.0), fall + rng.uniform(0.18, 0.3)])
    inner[0] = max(inner[0], pit[0] * 0.8)
    hem = np.array([half * rng.uniform(0.85, 1.25), 1.0])
    right = np.stack([[0.0, drop], [neck, 0.0], shoulder, outer, inner, pit, hem, [0.0, 1.02]])
    return _smooth(_mirrored(right), int(rng.integers(1, 3)))


def trousers(rng: Rng) -> F64:
    """Trousers or shorts; about unit height at full length."""
    waist = rng.uniform(0.16, 0.3)
    hip = waist * rng.uniform(1.05, 1.4)
    length = rng.choice([rng.uniform(0.4, 0.6), 1.0])
    crotch = rng.uniform(0.25, 0.36)
    spread = rng.uniform(0.0, 0.12)
    hem = rng.uniform(0.08, 0.2)
    middle = hip * 0.5 + spread
    right = np.array(
        [
            [0, 0.01],
            [waist, 0],
            [hip, crotch * 0.9],
            [middle + hem / 2 + 0.02, length],
            [max(0.01, middle - hem / 2), length],
            [0.005, crotch],
        ]
    )
    return _smooth(_mirrored(right), 1)


def skirt(rng: Rng) -> F64:
    """A skirt or a sleeveless dress; about unit height."""
    waist, hem = rng.uniform(0.15, 0.35), rng.uniform(0.25, 0.6)
    right = [[0, 0.0], [waist, 0.0]]
    if rng.random() < 0.4:
        right = [[0, rng.uniform(0.03, 0.15)], [waist * 0.5, 0], [waist, 0.02], [waist, 0.22]]
        right.append([waist * rng.uniform(0.7, 1.0), 0.42])
    right += [[hem, 1.0], [0, 1.0 + rng.uniform(0, 0.05)]]
    return _smooth(_mirrored(np.array(right, float)), int(rng.integers(1, 3)))


def blob(rng: Rng) -> F64:
    """A rounded or angular lump: shoes, hats, bags, toys."""
    count = int(rng.integers(5, 14))
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = rng.uniform(0.25, 0.55, count)
    points = np.stack([np.cos(angle) * radius * rng.uniform(0.6, 1.6), np.sin(angle) * radius], 1)
    return _smooth(points, int(rng.integers(0, 3)))


_SHAPES: tuple[Callable[[Rng], F64], ...] = (top, trousers, skirt, blob)


def frame(rng: Rng, size: int) -> tuple[F32, F32]:
    """Crossing bars and panels of few colours, like furniture; colours and alpha."""
    alpha = np.zeros((size, size), np.uint8)
    picture = np.zeros((size, size, 3), np.float32)
    shades = [rng.uniform(0.05, 0.9, 3) for _ in range(3)]
    for _ in range(int(rng.integers(4, 11))):
        shade = tuple(float(v) for v in shades[int(rng.integers(3))] * rng.uniform(0.5, 1.1))
        if rng.random() < 0.65:
            a = rng.uniform(0.12, 0.88, 2) * size
            b = a + rng.normal(0, 0.4, 2) * size * (rng.permutation([1.0, 0.15]))
            thick = int(rng.uniform(0.015, 0.08) * size) + 1
            ends = [tuple(int(v) for v in np.clip(p, 0.05 * size, 0.95 * size)) for p in (a, b)]
            cv2.line(alpha, ends[0], ends[1], 255, thick, cv2.LINE_AA)
            cv2.line(picture, ends[0], ends[1], shade, thick + 2)
        else:
            corner = rng.uniform(0.15, 0.6, 2) * size
            edge = rng.uniform(0.1, 0.4, (2, 2)) * size * ((1, 0.3), (0.3, 1))
            quad = np.array([corner, corner + edge[0], corner + edge.sum(0), corner + edge[1]])
            cv2.fillConvexPoly(alpha, quad.astype(np.int32), 255, cv2.LINE_AA)
            cv2.fillConvexPoly(picture, quad.astype(np.int32), shade)
    grown = cv2.dilate(picture, np.ones((3, 3), np.uint8))
    picture = np.where(picture.max(axis=2, keepdims=True) > 0, picture, grown)
    return picture.astype(np.float32), np.asarray(alpha / 255, np.float32)


def shape(rng: Rng, size: int) -> tuple[F32, F32]:
    """A random product-like silhouette filled with cloth.

    Returns:
        (size, size, 3) float32 colours of 0 to 1 and (size, size) float32 alpha.
    """
    if rng.random() < 0.2:
        return frame(rng, size)
    points = _SHAPES[int(rng.choice(4, p=[0.4, 0.2, 0.2, 0.2]))](rng)
    low, high = points.min(axis=0), points.max(axis=0)
    angle = rng.normal(0, 0.15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    fill = rng.uniform(0.5, 0.97)
    points = (points - (low + high) / 2) @ turn.T / max(high - low) * fill * size
    points += size / 2 + rng.uniform(-1, 1, 2) * (1 - fill) * size / 2
    wobble = rng.normal(0, 0.004 * size, (8, 2))
    where = np.linspace(0, 8, len(points), endpoint=False)
    points += np.stack([np.interp(where, np.arange(8), wobble[:, k], period=8) for k in (0, 1)], 1)
    alpha = np.zeros((size, size), np.uint8)
    cv2.fillPoly(alpha, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    colours = fabric(rng, size)
    edge = cv2.GaussianBlur(alpha.astype(np.float32) / 255, (0, 0), 0.02 * size)
    colours *= (1 - rng.uniform(0, 0.35) * (1 - np.clip(2 * edge - 1, 0, 1)))[..., None]
    return colours, np.asarray(alpha / 255, np.float32)
