"""Rings of cloth around a trunk: the girth of the garment, the shape of the body beneath."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body_sections import DIRECTIONS, THETA, BodySections, girth, ring

F64 = NDArray[np.float64]

SKIN_GAP = 0.004
"""Least distance of cloth from skin, metres."""
SAMPLES = 96
"""Points of a ring, even steps of cloth, starting at the middle of the front."""
FLUTES = 9
"""Folds that form around the hem of a wide skirt."""
_HANG = 0.10
"""How fast loose cloth may fall back towards the body below a bulge, metres per metre."""


def trunk_rings(
    body: BodySections, heights: F64, girths: F64, spread: F64
) -> tuple[F64, NDArray[np.bool_]]:
    """Rings of cloth around the trunk.

    Cloth with ease hangs from what bulges above it; where the garment is smaller than the body
    it stretches to the skin. Ease beyond ``spread`` becomes flutes of the same total girth.

    Args:
        heights: (m,) descending, metres.
        girths: (m,) of the garment.
        spread: (m,) how far cloth may stand off its hanging shape, metres.

    Returns:
        (m, SAMPLES, 2) x and z of each ring in even steps from the middle of the front towards
        the wearer's left, and (m,) whether the ring had to stretch.
    """
    close = body.section(heights) + SKIN_GAP
    support, stretched = hung(close, heights, girths, spread)
    return flute(even(ring(support), DIRECTIONS // 4), girths, FLUTES), stretched


def hung(close: F64, heights: F64, girths: F64, spread: F64) -> tuple[F64, NDArray[np.bool_]]:
    """Supports (m, DIRECTIONS) of cloth over a body's, and whether it had to stretch (m,).

    Args:
        close: (m, DIRECTIONS) supports of the closest cloth can lie, from above downwards.
        heights, girths, spread: as for :func:`trunk_rings`.
    """
    hang = close.copy()
    for i in range(1, len(heights)):
        fall = _HANG * (heights[i - 1] - heights[i])
        hang[i] = np.maximum(hang[i], hang[i - 1] - fall)
    own, hung = girth(close), girth(hang)
    share = np.clip((girths - own) / np.maximum(hung - own, 1e-9), 0.0, 1.0)
    base = close + (hang - close) * share[:, None]
    ease = np.maximum(girths - girth(base), 0.0)
    plain = ease / (2 * np.pi)
    off = plain / np.sqrt(1.0 + (plain / spread) ** 2)
    return base + off[:, None], girths < own


def even(points: F64, start: int) -> F64:
    """Rings (m, DIRECTIONS, 2) by direction, resampled in (m, SAMPLES, 2) even steps.

    They begin at direction number ``start`` and run towards smaller angles: from the middle of
    the front towards the wearer's left.
    """
    loop = np.roll(points, -start, axis=1)[:, ::-1]
    loop = np.concatenate([loop[:, -1:], loop], axis=1)
    step = np.linalg.norm(np.diff(loop, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(loop), 1)), np.cumsum(step, axis=1)], axis=1)
    result = np.empty((len(loop), SAMPLES, 2))
    share = np.arange(SAMPLES) / SAMPLES
    for i, (s, p) in enumerate(zip(along, loop, strict=True)):
        at = share * s[-1]
        result[i, :, 0] = np.interp(at, s, p[:, 0])
        result[i, :, 1] = np.interp(at, s, p[:, 1])
    return result


def ring_length(points: F64) -> F64:
    """Lengths (m,) of closed rings (m, k, 2)."""
    result: F64 = np.linalg.norm(np.roll(points, -1, axis=1) - points, axis=2).sum(axis=1)
    return result


def flute(points: F64, girths: F64, flutes: int) -> F64:
    """Rings folded in waves until each is as long as its girth; longer rings stay as they are."""
    along = np.roll(points, -1, axis=1) - np.roll(points, 1, axis=1)
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    phase = np.arange(SAMPLES) * (2 * np.pi / SAMPLES)
    wave = 0.5 + 0.5 * np.cos(flutes * phase + 0.6 * np.sin(2 * phase + 0.7))
    plain = ring_length(points)
    wanted = np.maximum(girths, plain)
    low, high = np.zeros(len(points)), np.full(len(points), 0.25)
    for _ in range(14):
        depth = (low + high) / 2
        short = ring_length(points + normal * (depth[:, None] * wave)[..., None]) < wanted
        low, high = np.where(short, depth, low), np.where(short, high, depth)
    depth = np.where(wanted > plain * 1.001, (low + high) / 2, 0.0)
    result: F64 = points + normal * (depth[:, None] * wave)[..., None]
    return result


def on_rings(rings: F64, heights: F64, level: F64, turn: F64) -> F64:
    """Places on a stack of rings.

    Args:
        rings: (m, SAMPLES, 2).
        heights: (m,) of the rings.
        level: (n,) row numbers between 0 and m - 1, need not be whole.
        turn: (n,) share of the girth from the middle of the front towards the left, -0.5 to 0.5
            and beyond (it wraps).

    Returns:
        (n, 3) metres.
    """
    level = np.clip(level, 0.0, len(rings) - 1.0)
    i = np.minimum(level.astype(np.int64), len(rings) - 2)
    t = (level - i)[:, None]
    at = (turn % 1.0) * SAMPLES
    k = at.astype(np.int64)
    u = (at - k)[:, None]
    k0, k1 = k % SAMPLES, (k + 1) % SAMPLES
    low = rings[i, k0] * (1 - u) + rings[i, k1] * u
    high = rings[i + 1, k0] * (1 - u) + rings[i + 1, k1] * u
    flat = low * (1 - t) + high * t
    y = heights[i] * (1 - t[:, 0]) + heights[i + 1] * t[:, 0]
    return np.stack([flat[:, 0], y, flat[:, 1]], axis=1)


def front_profile(body: BodySections, heights: F64, theta: float) -> F64:
    """How far the trunk reaches in direction ``theta`` (x to z) at ``heights`` (m,), metres."""
    result: F64 = body.section(heights)[:, round(theta / THETA[1]) % DIRECTIONS]
    return result
