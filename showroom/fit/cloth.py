"""Cloth by extended position-based dynamics (Macklin et al. 2016) on a moving body.

Float32 on one thread. The constraints' order is shuffled once: in mesh order the sweep drifts for
ever, in random order the cloth comes to rest.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .collider import walk

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

GRAVITY = 9.81
SUBSTEPS = 8
COMPLIANCE = np.array([2e-3, 0.3, 1.0], dtype=np.float32)
"""Softness of threads, shear and bend, relative to an inverse mass of 1."""
_NEAR = np.float32(0.06**2)
"""Skin further off than this (squared) is another part of the body: its tangent says nothing."""


@njit(cache=True, nogil=True, fastmath=True)
def simulate(
    cloth: F32,
    before: F32,
    mass: F32,
    pairs: I32,
    lengths: F32,
    softness: F32,
    held: I32,
    held_to: F32,
    near: I32,
    body: F32,
    body_before: F32,
    normals: F32,
    start: I32,
    beside: I32,
    dt: float,
    substeps: int,
    gap: float,
    friction: float,
    damping: float,
) -> None:
    """Advance the cloth by ``dt`` while the body moves from ``body_before`` to ``body``.

    Args:
        cloth, before: (n, 3) places now and one substep ago; changed in place.
        mass: (n,) inverse masses, 0 where held.
        pairs, lengths, softness: (e, 2), (e,), (e,) constraints in shuffled order.
        held: (h,) nodes that follow the body, ``held_to`` (h, 3) where they end.
        near: (n, 2) nearest body vertex in each half of the body; changed in place.
        normals: (k, 3) of ``body``.
        damping: share of the velocity that is left after a second.
    """
    h = np.float32(dt / substeps)
    keep = np.float32(damping ** (dt / substeps))
    fall = np.float32(-9.81) * h * h
    rub = np.float32(friction)
    lift = np.float32(gap)
    n = cloth.shape[0]
    from_held = np.empty((held.shape[0], 3), dtype=np.float32)
    for k in range(held.shape[0]):
        for a in range(3):
            from_held[k, a] = cloth[held[k], a]
    for step in range(substeps):
        share = np.float32((step + 1.0) / substeps)
        for i in range(n):
            if mass[i] == 0:
                continue
            for a in range(3):
                v = (cloth[i, a] - before[i, a]) * keep
                before[i, a] = cloth[i, a]
                cloth[i, a] += v
            cloth[i, 1] += fall
        for k in range(held.shape[0]):
            i = held[k]
            for a in range(3):
                cloth[i, a] = from_held[k, a] + (held_to[k, a] - from_held[k, a]) * share
                before[i, a] = cloth[i, a]
        for e in range(pairs.shape[0]):
            i, j = pairs[e, 0], pairs[e, 1]
            wi, wj = mass[i], mass[j]
            dx = cloth[i, 0] - cloth[j, 0]
            dy = cloth[i, 1] - cloth[j, 1]
            dz = cloth[i, 2] - cloth[j, 2]
            length = np.sqrt(dx * dx + dy * dy + dz * dz) + np.float32(1e-12)
            stretch = length - lengths[e]
            soft = softness[e]
            if stretch < 0 and soft < np.float32(0.01):
                # Threads buckle more easily than they stretch.
                soft = np.float32(0.05)
            q = stretch / ((wi + wj + soft) * length)
            cloth[i, 0] -= wi * q * dx
            cloth[i, 1] -= wi * q * dy
            cloth[i, 2] -= wi * q * dz
            cloth[j, 0] += wj * q * dx
            cloth[j, 1] += wj * q * dy
            cloth[j, 2] += wj * q * dz
        steps = 2 if step % 2 == 0 else 0
        _collide(
            cloth, before, mass, near, body, body_before, normals, start, beside, share,
            np.float32(1.0 / substeps), lift, rub, steps,
        )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=True)
def _collide(
    cloth: F32,
    before: F32,
    mass: F32,
    near: I32,
    body: F32,
    body_before: F32,
    normals: F32,
    start: I32,
    beside: I32,
    share: float,
    part: float,
    gap: float,
    friction: float,
    steps: int,
) -> None:
    """Keep the cloth off the skin at ``share`` of its way, and let skin drag it along."""
    back = np.float32(1.0) - share
    for i in range(cloth.shape[0]):
        if mass[i] == 0:
            continue
        for half in range(2):
            s = walk(
                cloth[i, 0], cloth[i, 1], cloth[i, 2], body, start, beside, near[i, half], steps
            )
            near[i, half] = s
            d = away = np.float32(0.0)
            for a in range(3):
                at = body[s, a] - (body[s, a] - body_before[s, a]) * back
                off = cloth[i, a] - at
                d += off * normals[s, a]
                away += off * off
            if d < gap and away < _NEAR:
                for a in range(3):
                    cloth[i, a] += (gap - d) * normals[s, a]
                    moved = (body[s, a] - body_before[s, a]) * part
                    before[i, a] += friction * (cloth[i, a] - moved - before[i, a])


def shuffled(count: int) -> I32:
    """A fixed random order of ``count`` constraints."""
    return np.random.default_rng(0).permutation(count).astype(np.int32)
