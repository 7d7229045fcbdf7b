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
COMPLIANCE = np.array([2e-3, 0.3], dtype=np.float32)
"""Softness of threads and shear, relative to an inverse mass of 1."""
_SLACK = np.float32(0.05)
"""Threads buckle more easily than they stretch."""
GATHER: Final = 0.25
"""Upright threads gather to this share of their length before they are pushed. What a lap leaves no
room for gathers evenly instead of folding over itself; level threads make the folds of a hem."""
BEND: Final = (2.0, 8.0)
"""Softness of bends of upright threads and of level ones, in cloth that gathers."""
STRAIGHT: Final = 4.0
"""Softness of bends in cloth that does not: softer or stiffer, more of it crosses itself."""
_SPREAD = np.float32(0.86)
"""Cloth beside what the body holds is held so much less, node by node."""
_LET_GO = np.float32(0.93)
"""What is left of a grip in the next frame."""
_TAKE = np.float32(0.25)
"""A grip closes by so much in a frame."""
_HOLD = np.float32(0.15)
"""What is held goes so much of its way in a substep."""
_LIMIT = np.float32(1.03)
"""The strain that is left to threads after the last substep: a tighter limit hands on what is too
much to more of the cloth, and raises the 95th percentile of long strides."""
_LIMIT_ROUNDS = 2
_CALM = np.float32(0.05)
"""Cloth slower than this loses its speed twice as fast, m/s: else it never quite rests."""
PRESSED = np.float32(0.005)
"""The body pinches this share of the nodes in a deep crouch, where cloth is no more caught than it
would be again."""
_FLOOR = np.float32(0.002)
"""Cloth lies this far over the floor, metres."""


class Weave(NamedTuple):
    """What holds a cloth together.

    Attributes:
        threads, lengths, gather: (e, 2), (e,), (e,) stiff constraints in shuffled order, and the
            share of their length to which they are short without being pushed.
        shears, diagonals: (s, 2), (s,) shear constraints and their lengths, shuffled too.
        slack: the share of their length to which those are short without being pushed.
        bends, bend: (t, 3), (t,) nodes in a row, and how softly they are kept so.
        tether, reach: (f,) the held node that each free one hangs on, or -1, and how far from it
            the cloth lets it be.
        beside: (f, b) free nodes on the same threads; a node itself where there are fewer.
    """

    threads: I32
    lengths: F32
    gather: F32
    shears: I32
    diagonals: F32
    slack: np.float32
    bends: I32
    bend: F32
    tether: I32
    reach: F32
    beside: I32


class Skin(NamedTuple):
    """What the cloth is kept off.

    Attributes:
        body, before: (k, 3) at the end and the beginning of the frame; ``normals`` at its end.
        start, beside: neighbours, see :class:`Topology`.
        part: (k,) the part of the body that a vertex belongs to, -1 for none.
        trunk: (k,) the trunk, which gives way to thighs that are pressed into it.
    """

    body: F32
    before: F32
    normals: F32
    start: I32
    beside: I32
    part: I8
    trunk: NDArray[np.bool_]


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
    pressed: NDArray[np.bool_],
    grip: F32,
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
        pressed: (count,) nodes that a thigh presses into the trunk; changed in place.
        grip: (count,) how firmly the body holds each, 0 to 1: there is no room for cloth where
            thighs are in the belly, and it goes with the skin; changed in place.
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
    stiff, shear = COMPLIANCE[0], COMPLIANCE[1]
    box = np.empty((near.shape[1], 6), np.float32)
    box[:, :3] = np.inf
    box[:, 3:] = -np.inf
    contact.boxes(skin.before, skin.part, box)
    contact.boxes(skin.body, skin.part, box)
    met = 0
    pairs = np.empty((m, 2), np.int32)
    across = np.empty((m, 3), np.float32)
    if folds.faces.shape[0] > 0:
        fill_normals(cloth, folds.faces, across)
        met = fold.meet(cloth, across, folds, weave.beside, pinched, pairs)
    pinched[:] = False
    held = _grip(grip, pressed, weave.beside)
    pressed[:] = False
    node, first = np.empty(count + 1, np.int32), np.empty(count + 1, np.int32)
    node_2, first_2 = np.empty(count + 1, np.int32), np.empty(count + 1, np.int32)
    planes, planes_2 = scratch[: 2 * count], scratch[2 * count :]
    fast, none = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    skip = none
    touching_2 = 0
    touching = contact.look(
        cloth, before, count, near, quiet, fast, False, weave.beside, turn % weave.beside.shape[1],
        skin.before, skin.body, skin.before, skin.normals, skin.trunk, skin.start, skin.beside, box,
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
                skin.trunk,
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
        for e in range(weave.shears.shape[0]):
            _hold(
                cloth, mass, weave.shears[e, 0], weave.shears[e, 1], weave.diagonals[e],
                weave.slack, shear, shear,
            )  # fmt: skip
        # Bends, which are softest, take part in every other substep.
        if step % 2 == 0:
            _straighten(cloth, mass, weave.bends, weave.bend)
        if held:
            _go_along(cloth, before, held_to, order, grip)
        # Threads come last: what is stiff has the last word.
        for e in range(weave.threads.shape[0]):
            _hold(
                cloth, mass, weave.threads[e, 0], weave.threads[e, 1], weave.lengths[e],
                weave.gather[e], stiff, _SLACK,
            )  # fmt: skip
        _tether(cloth, weave.tether, weave.reach)
        fold.keep_apart(cloth, before, mass, across, pairs, met, folds.side)
        contact.keep_off(
            cloth,
            before,
            node,
            first,
            planes,
            touching,
            share,
            part,
            gap,
            friction,
            pinched,
            pressed,
            grip,
            skip,
        )
        contact.keep_off(
            cloth, before, node_2, first_2, planes_2, touching_2, share, part, gap, friction,
            pinched, pressed, grip, none,
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
            np.float32(0.0), pinched, pressed, grip, skip,
        )  # fmt: skip
        contact.keep_off(
            cloth, before, node_2, first_2, planes_2, touching_2, np.float32(1.0), np.float32(0.0),
            gap, np.float32(0.0), pinched, pressed, grip, none,
        )  # fmt: skip
    for i in range(m):
        for a in range(3):
            places[order[i], a] = cloth[i, a]
            places_before[order[i], a] = before[i, a]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _hold(
    cloth: F32, mass: F32, i: int, j: int, length: float, gather: float, stiff: float, slack: float
) -> None:
    """Bring two nodes to a length apart, or at least a share of it, as softly as each is told."""
    dx = cloth[i, 0] - cloth[j, 0]
    dy = cloth[i, 1] - cloth[j, 1]
    dz = cloth[i, 2] - cloth[j, 2]
    apart = np.sqrt(dx * dx + dy * dy + dz * dz) + np.float32(1e-12)
    none = np.float32(0.0)
    stretch = max(apart - length, none) + min(apart - gather * length, none)
    wi, wj = mass[i], mass[j]
    q = stretch / ((wi + wj + (slack if stretch < 0 else stiff)) * apart)
    cloth[i, 0] -= wi * q * dx
    cloth[i, 1] -= wi * q * dy
    cloth[i, 2] -= wi * q * dz
    cloth[j, 0] += wj * q * dx
    cloth[j, 1] += wj * q * dy
    cloth[j, 2] += wj * q * dz


@njit(cache=True, nogil=True, fastmath=True)
def _grip(grip: F32, pressed: NDArray[np.bool_], beside: I32) -> bool:
    """Hold what the body presses between thigh and trunk, and, less, the cloth beside it."""
    held = False
    for i in range(grip.shape[0]):
        held = held or pressed[i] or grip[i] > 0
    if not held:
        return False
    old = grip.copy()
    for i in range(grip.shape[0]):
        wanted = np.float32(1.0 if pressed[i] else 0.0)
        for b in range(beside.shape[1]):
            wanted = max(wanted, _SPREAD * old[beside[i, b]])
        grip[i] = min(max(wanted, _LET_GO * old[i]), old[i] + _TAKE)
        if grip[i] < np.float32(0.02):
            grip[i] = np.float32(0.0)
    return True


@njit(cache=True, nogil=True, fastmath=True)
def _go_along(cloth: F32, before: F32, held_to: F32, order: I32, grip: F32) -> None:
    """Go with the skin, as far as the body holds it, without taking speed from it."""
    for i in range(grip.shape[0]):
        if grip[i] > 0:
            share = _HOLD * grip[i]
            for a in range(3):
                way = share * (held_to[order[i], a] - cloth[i, a])
                cloth[i, a] += way
                before[i, a] += way


@njit(cache=True, nogil=True, fastmath=True)
def _straighten(cloth: F32, mass: F32, bends: I32, soft: F32) -> None:
    """Bring the middle one of three nodes and the middle of the others nearer to each other."""
    half = np.float32(0.5)
    for e in range(bends.shape[0]):
        i, j, k = bends[e, 0], bends[e, 1], bends[e, 2]
        wi, wj, wk = half * mass[i], mass[j], half * mass[k]
        q = np.float32(1.0) / (half * (wi + wk) + wj + soft[e])
        dx = q * (cloth[j, 0] - half * (cloth[i, 0] + cloth[k, 0]))
        dy = q * (cloth[j, 1] - half * (cloth[i, 1] + cloth[k, 1]))
        dz = q * (cloth[j, 2] - half * (cloth[i, 2] + cloth[k, 2]))
        cloth[i, 0] += wi * dx
        cloth[i, 1] += wi * dy
        cloth[i, 2] += wi * dz
        cloth[j, 0] -= wj * dx
        cloth[j, 1] -= wj * dy
        cloth[j, 2] -= wj * dz
        cloth[k, 0] += wk * dx
        cloth[k, 1] += wk * dy
        cloth[k, 2] += wk * dz


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
