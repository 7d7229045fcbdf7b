"""Cloth by extended position-based dynamics (Macklin et al. 2016) on a moving body.

Float32 on one thread. The constraints' order is shuffled once: in mesh order the sweep drifts for
ever, in random order the cloth comes to rest. No node gets further from where its cloth hangs than
along the cloth (long range attachments, Kim et al. 2012), which lets few sweeps hold it up. Threads
that are still too long after the last substep are shortened without giving the cloth any speed
(strain limiting, Provot 1995).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from . import contact, fold
from .collider import fill_normals

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]

SUBSTEPS: Final = 8
COMPLIANCE = np.array([2e-3, 0.3, 1.0], dtype=np.float32)
"""Softness of threads, shear and bend, relative to an inverse mass of 1."""
_SLACK = np.float32(0.05)
"""Threads buckle more easily than they stretch."""
_LIMIT = np.float32(1.03)
"""The strain that is left to threads after the last substep: a tighter limit hands on what is too
much to more of the cloth, and raises the 95th percentile of long strides."""
_LIMIT_ROUNDS = 2
_CALM = np.float32(0.05)
"""Cloth slower than this loses its speed twice as fast, m/s: else it never quite rests."""
PRESSED = np.float32(0.005)
"""Where the body pinches this share of the nodes, as a deep crouch does between thigh and belly,
plies have no room to be kept apart: the attempt would only drag the cloth through the skin."""
_FLOOR = np.float32(0.002)
"""Cloth lies this far over the floor, metres."""


class Weave(NamedTuple):
    """What holds a cloth together.

    Attributes:
        threads, lengths: (e, 2), (e,) stiff constraints in shuffled order.
        soft, soft_lengths, softness: (s, 2), (s,), (s,) shear constraints, ``shears`` of
            them, and then bends, each in shuffled order.
        tether, reach: (f,) the held node that each free one hangs on, or -1, and how far from it
            the cloth lets it be.
        beside: (f, b) free nodes on the same threads; a node itself where there are fewer.
    """

    threads: I32
    lengths: F32
    soft: I32
    soft_lengths: F32
    softness: F32
    shears: int
    tether: I32
    reach: F32
    beside: I32


class Skin(NamedTuple):
    """What the cloth is kept off.

    Attributes:
        body, before: (k, 3) at the end and the beginning of the frame; ``normals`` at its end.
        start, beside: neighbours, see :class:`Topology`.
        part: (k,) the part of the body that a vertex belongs to, -1 for none.
    """

    body: F32
    before: F32
    normals: F32
    start: I32
    beside: I32
    part: I8


@njit(cache=True, nogil=True, fastmath=True)
def simulate(
    places: F32,
    places_before: F32,
    order: I32,
    count: int,
    held_to: F32,
    near: I32,
    weave: Weave,
    skin: Skin,
    folds: fold.Folds,
    dt: float,
    substeps: int,
    gap: float,
    friction: float,
    damping: float,
    pinched: NDArray[np.bool_],
    turn: int,
    quiet: I8,
    scratch: F32,
) -> None:
    """Advance the cloth by ``dt`` while the body moves.

    Args:
        places, places_before: (n, 3) now and one substep ago; changed in place.
        order: (m,) the nodes that take part, as the constraints number them: first ``count``
            free ones, then those that follow the body.
        held_to: (n, 3) where the latter end.
        near: (count, c) nearest body vertex in each part of the body; changed in place.
        damping: share of the velocity that is left after a second.
        pinched: (m,) out: nodes that two parts of the body press between them.
        turn: counts the frames.
        quiet, scratch: of :func:`contact.look`.
    """
    m = order.shape[0]
    cloth, before = np.empty((m, 3), np.float32), np.empty((m, 3), np.float32)
    mass = np.zeros(m, np.float32)
    mass[:count] = 1
    step_held = np.empty((m - count, 3), np.float32)
    h = np.float32(dt / substeps)
    part = np.float32(1.0 / substeps)
    for i in range(m):
        for a in range(3):
            cloth[i, a] = places[order[i], a]
            before[i, a] = places_before[order[i], a]
            if i >= count:
                step_held[i - count, a] = (held_to[order[i], a] - cloth[i, a]) * part
    keep = np.float32(damping ** (dt / substeps))
    fall = np.float32(-9.81) * h * h
    calm = np.float32(_CALM * h * _CALM * h)
    calmer = np.float32(0.5) / calm
    stiff = COMPLIANCE[0]
    box = np.empty((near.shape[1], 6), np.float32)
    box[:, :3] = np.inf
    box[:, 3:] = -np.inf
    contact.boxes(skin.before, skin.part, box)
    contact.boxes(skin.body, skin.part, box)
    met = 0
    pairs = np.empty((m, 2), np.int32)
    across = np.empty((m, 3), np.float32)
    if folds.faces.shape[0] > 0 and np.sum(pinched) < PRESSED * m:
        fill_normals(cloth, folds.faces, across)
        met = fold.meet(cloth, across, folds, pinched, pairs)
    else:
        folds.ply[:] = -1
    pinched[:] = False
    node, first = np.empty(count + 1, np.int32), np.empty(count + 1, np.int32)
    node_2, first_2 = np.empty(count + 1, np.int32), np.empty(count + 1, np.int32)
    planes, planes_2 = scratch[: 2 * count], scratch[2 * count :]
    fast, none = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    skip = none
    touching_2 = 0
    touching = contact.look(
        cloth, before, count, near, quiet, fast, False, weave.beside, turn % weave.beside.shape[1],
        skin.before, skin.body, skin.before, skin.normals, skin.start, skin.beside, box,
        np.float32(substeps), np.float32(1.0), gap, node, first, planes,
    )  # fmt: skip
    middle = substeps // 2
    for step in range(substeps):
        share = np.float32((step + 1.0) / substeps)
        if step == middle and fast.any():
            now = skin.before + (skin.body - skin.before) * np.float32(step / substeps)
            touching_2 = contact.look(
                cloth, before, count, near, quiet, fast, True, weave.beside,
                turn % weave.beside.shape[1], now, skin.body, skin.before, skin.normals,
                skin.start, skin.beside, box, np.float32(substeps - middle),
                np.float32(1.0 - step / substeps), gap, node_2, first_2, planes_2,
            )  # fmt: skip
            skip = fast
        for i in range(count):
            vx = cloth[i, 0] - before[i, 0]
            vy = cloth[i, 1] - before[i, 1]
            vz = cloth[i, 2] - before[i, 2]
            speed = vx * vx + vy * vy + vz * vz
            left = keep
            if speed < calm:
                left *= np.float32(0.5) + speed * calmer
            before[i, 0], before[i, 1], before[i, 2] = cloth[i, 0], cloth[i, 1], cloth[i, 2]
            cloth[i, 0] += vx * left
            cloth[i, 1] += vy * left + fall
            cloth[i, 2] += vz * left
        for i in range(count, m):
            for a in range(3):
                cloth[i, a] += step_held[i - count, a]
        # Bends, which are softest, take part in every other substep.
        for e in range(weave.soft.shape[0] if step % 2 == 0 else weave.shears):
            soft = weave.softness[e]
            _pull(
                cloth, mass, weave.soft[e, 0], weave.soft[e, 1], weave.soft_lengths[e], soft, soft
            )
        # Threads come last: what is stiff has the last word.
        for e in range(weave.threads.shape[0]):
            _pull(
                cloth, mass, weave.threads[e, 0], weave.threads[e, 1], weave.lengths[e],
                stiff, _SLACK,
            )  # fmt: skip
        _tether(cloth, weave.tether, weave.reach)
        fold.keep_apart(cloth, before, mass, across, pairs, met, folds.side)
        contact.keep_off(
            cloth, before, node, first, planes, touching, share, part, gap, friction, pinched, skip
        )
        contact.keep_off(
            cloth, before, node_2, first_2, planes_2, touching_2, share, part, gap, friction,
            pinched, none,
        )  # fmt: skip
        _stay_above(cloth, before, count)
    for _ in range(_LIMIT_ROUNDS):
        for e in range(weave.threads.shape[0]):
            _shorten(
                cloth, before, mass, weave.threads[e, 0], weave.threads[e, 1],
                _LIMIT * weave.lengths[e],
            )  # fmt: skip
        contact.keep_off(
            cloth, before, node, first, planes, touching, np.float32(1.0), np.float32(0.0), gap,
            np.float32(0.0), pinched, skip,
        )  # fmt: skip
        contact.keep_off(
            cloth, before, node_2, first_2, planes_2, touching_2, np.float32(1.0), np.float32(0.0),
            gap, np.float32(0.0), pinched, none,
        )  # fmt: skip
    for i in range(m):
        for a in range(3):
            places[order[i], a] = cloth[i, a]
            places_before[order[i], a] = before[i, a]


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
def _tether(cloth: F32, tether: I32, reach: F32) -> None:
    """Bring what is further from where it hangs than along the cloth back within reach."""
    for i in range(tether.shape[0]):
        j = tether[i]
        if j < 0:
            continue
        dx = cloth[i, 0] - cloth[j, 0]
        dy = cloth[i, 1] - cloth[j, 1]
        dz = cloth[i, 2] - cloth[j, 2]
        squared = dx * dx + dy * dy + dz * dz
        if squared > reach[i] * reach[i]:
            q = np.float32(1.0) - reach[i] / np.sqrt(squared)
            cloth[i, 0] -= q * dx
            cloth[i, 1] -= q * dy
            cloth[i, 2] -= q * dz


@njit(cache=True, nogil=True, fastmath=True)
def _stay_above(cloth: F32, before: F32, count: int) -> None:
    """Lie on the floor, where it is not slipped over."""
    for i in range(count):
        if cloth[i, 1] < _FLOOR:
            cloth[i, 1] = _FLOOR
            for a in range(3):
                before[i, a] = cloth[i, a] - np.float32(0.5) * (cloth[i, a] - before[i, a])
            before[i, 1] = _FLOOR


def shuffled(count: int) -> I32:
    """A fixed random order of ``count`` constraints."""
    return np.random.default_rng(0).permutation(count).astype(np.int32)
