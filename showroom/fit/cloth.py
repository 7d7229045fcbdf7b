"""Cloth by extended position-based dynamics (Macklin et al. 2016) on a moving body.

Float32 on one thread. The constraints' order is shuffled once: in mesh order the sweep drifts for
ever, in random order the cloth comes to rest. Threads that are still too long after the last
substep are shortened without giving the cloth any speed (strain limiting, Provot 1995).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .collider import walk

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

SUBSTEPS = 8
COMPLIANCE = np.array([2e-3, 0.3, 1.0], dtype=np.float32)
"""Softness of threads, shear and bend, relative to an inverse mass of 1."""
_SLACK = np.float32(0.05)
"""Threads buckle more easily than they stretch."""
_NEAR = np.float32(0.06**2)
"""Skin further off than this (squared) is another part of the body: its tangent says nothing."""
_LIMIT = np.float32(1.02)
"""The strain that is left to threads after the last substep."""
_LIMIT_ROUNDS = 2
_CALM = np.float32(0.05)
"""Cloth slower than this loses its speed twice as fast, m/s: else it never quite rests."""


@njit(cache=True, nogil=True, fastmath=True)
def simulate(
    cloth: F32,
    before: F32,
    mass: F32,
    threads: I32,
    lengths: F32,
    soft: I32,
    soft_lengths: F32,
    softness: F32,
    held: I32,
    held_to: F32,
    near: I32,
    body: F32,
    body_before: F32,
    normals: F32,
    start: I32,
    beside: I32,
    reach: F32,
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
        threads, lengths: (e, 2), (e,) stiff constraints in shuffled order.
        soft, soft_lengths, softness: (s, 2), (s,), (s,) shear and bend in shuffled order.
        held: (h,) nodes that follow the body, ``held_to`` (h, 3) where they end.
        near: (n, c) nearest body vertex in each part of the body; changed in place.
        normals: (k, 3) of ``body``.
        reach: (c, 6) box (low, high) of each part: cloth outside of it is not asked.
        damping: share of the velocity that is left after a second.
    """
    h = np.float32(dt / substeps)
    keep = np.float32(damping ** (dt / substeps))
    fall = np.float32(-9.81) * h * h
    calm = (_CALM * h) ** 2
    n = cloth.shape[0]
    from_held = np.empty((held.shape[0], 3), dtype=np.float32)
    for k in range(held.shape[0]):
        for a in range(3):
            from_held[k, a] = cloth[held[k], a]
    stiff = COMPLIANCE[0]
    for step in range(substeps):
        share = np.float32((step + 1.0) / substeps)
        for i in range(n):
            if mass[i] == 0:
                continue
            vx = cloth[i, 0] - before[i, 0]
            vy = cloth[i, 1] - before[i, 1]
            vz = cloth[i, 2] - before[i, 2]
            speed = vx * vx + vy * vy + vz * vz
            left = keep
            if speed < calm:
                left *= np.float32(0.5) + np.float32(0.5) * speed / calm
            for a in range(3):
                before[i, a] = cloth[i, a]
            cloth[i, 0] += vx * left
            cloth[i, 1] += vy * left + fall
            cloth[i, 2] += vz * left
        for k in range(held.shape[0]):
            i = held[k]
            for a in range(3):
                cloth[i, a] = from_held[k, a] + (held_to[k, a] - from_held[k, a]) * share
                before[i, a] = cloth[i, a]
        for e in range(soft.shape[0]):
            _pull(cloth, mass, soft[e, 0], soft[e, 1], soft_lengths[e], softness[e], softness[e])
        # Threads come last: what is stiff has the last word.
        for e in range(threads.shape[0]):
            _pull(cloth, mass, threads[e, 0], threads[e, 1], lengths[e], stiff, _SLACK)
        steps = 2 if step % 2 == 0 else 0
        _collide(
            cloth, before, mass, near, body, body_before, normals, start, beside, reach, share,
            np.float32(1.0 / substeps), np.float32(gap), np.float32(friction), steps,
        )  # fmt: skip
    for _ in range(_LIMIT_ROUNDS):
        for e in range(threads.shape[0]):
            _shorten(cloth, before, mass, threads[e, 0], threads[e, 1], _LIMIT * lengths[e])
        _collide(
            cloth, before, mass, near, body, body, normals, start, beside, reach, np.float32(1.0),
            np.float32(0.0), np.float32(gap), np.float32(0.0), 0,
        )  # fmt: skip


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _pull(cloth: F32, mass: F32, i: int, j: int, length: float, stiff: float, slack: float) -> None:
    """Bring two nodes to a length apart; ``slack`` is the softness where they are nearer."""
    wi, wj = mass[i], mass[j]
    dx = cloth[i, 0] - cloth[j, 0]
    dy = cloth[i, 1] - cloth[j, 1]
    dz = cloth[i, 2] - cloth[j, 2]
    apart = np.sqrt(dx * dx + dy * dy + dz * dz) + np.float32(1e-12)
    stretch = apart - length
    q = stretch / ((wi + wj + (slack if stretch < 0 else stiff)) * apart)
    cloth[i, 0] -= wi * q * dx
    cloth[i, 1] -= wi * q * dy
    cloth[i, 2] -= wi * q * dz
    cloth[j, 0] += wj * q * dx
    cloth[j, 1] += wj * q * dy
    cloth[j, 2] += wj * q * dz


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _shorten(cloth: F32, before: F32, mass: F32, i: int, j: int, most: float) -> None:
    """Bring two nodes nearer than ``most`` without changing their speed."""
    dx = cloth[i, 0] - cloth[j, 0]
    dy = cloth[i, 1] - cloth[j, 1]
    dz = cloth[i, 2] - cloth[j, 2]
    apart = np.sqrt(dx * dx + dy * dy + dz * dz) + np.float32(1e-12)
    if apart <= most:
        return
    q = (apart - most) / ((mass[i] + mass[j]) * apart)
    qi, qj = mass[i] * q, mass[j] * q
    cloth[i, 0] -= qi * dx
    cloth[i, 1] -= qi * dy
    cloth[i, 2] -= qi * dz
    before[i, 0] -= qi * dx
    before[i, 1] -= qi * dy
    before[i, 2] -= qi * dz
    cloth[j, 0] += qj * dx
    cloth[j, 1] += qj * dy
    cloth[j, 2] += qj * dz
    before[j, 0] += qj * dx
    before[j, 1] += qj * dy
    before[j, 2] += qj * dz


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
    reach: F32,
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
        for c in range(near.shape[1]):
            x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
            if (
                x < reach[c, 0] or y < reach[c, 1] or z < reach[c, 2]
                or x > reach[c, 3] or y > reach[c, 4] or z > reach[c, 5]
            ):  # fmt: skip
                continue
            s = near[i, c]
            if steps > 0:
                s = walk(x, y, z, body, start, beside, s, steps)
                near[i, c] = s
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
