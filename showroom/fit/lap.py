"""Cloth in the lap: from a bent thigh to the other one, not down between them.

What hangs before the crotch is skinned to the hips. When the wearer sits down it would stay there
and dip between the thighs, while the cloth beside it would go into the crease of the hip with the
skin. A fabric is folded where the belly meets the thighs, and lies on them. So the front below that
height has a second place: as far from the fold, along the thighs, as its gathers leave it; it goes
over into that place as they bend.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .collider import Collider, walk
from .vrm import INDEX

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Mask = NDArray[np.bool_]

_THIGHS: Final = (INDEX["leftUpperLeg"], INDEX["rightUpperLeg"])
_LEFT, _RIGHT = _THIGHS
_CHEST: Final = INDEX["chest"]
_TAUT: Final = np.float32(0.5)
"""What the gathers at the fold leave of the cloth's length below it."""
_BENDS: Final = (0.6, 1.3)
"""Between these angles of a thigh the cloth goes over into its lap, radians."""
_PINCHES: Final = (2.15, 2.6)
"""Between these angles of a thigh and the chest together the belly comes to lie on the thigh."""
_HALF: Final = np.float32(0.5)
_ALL: Final = 0.95
_STEPS: Final = 12
_ROUNDS: Final = 2
_DEEP: Final = np.float32(0.06)
_SHALLOW: Final = np.float32(0.03)
"""What would have to be lifted by over ``_DEEP`` is not, what by ``_SHALLOW`` less, metres."""
_OUTER: Final = 0.6
"""So much further aside than their middles, as a share, the cloth goes with the thighs alone."""
_OVER: Final = np.float32(0.006)
"""Over a thigh it lies in folds, this far off the skin, metres."""
_BESIDE: Final = 0.6
"""The front begins this share of the way from the hip joints to the cloth before them."""


class Lap(NamedTuple):
    """The cloth that comes to lie in the lap.

    Attributes:
        nodes: (m,) int32, its nodes.
        fold: (m,) int32, for each the node where its column of the cloth is folded.
        left: (m,) float32, how much it goes with the left thigh; the rest with the right one.
        front: (m,) float32, 1 on the front, towards the sides less.
        outer: (m,) float32, 1 beyond the thighs' middles, 0 between them.
        over: (m, 3) float32, the place in the rest pose that each lies over on a bent thigh.
        near: (m,) int32, the skin there, to look from.
    """

    nodes: I32
    fold: I32
    left: F32
    front: F32
    outer: F32
    over: F32
    near: I32


def lap_of(rest: F32, trunk: Mask, skeleton: F32, skin: Collider) -> Lap | None:
    """The lap of a garment with one front for both legs; None where it ends above it.

    Args:
        rest: (n, 3) nodes in the rest pose.
        trunk: (n,) the nodes that lie on trunk and thighs.
        skeleton: (j, 3) the joints' rest places.
        skin: in the rest pose.
    """
    (x, high, deep), other = skeleton[_LEFT], skeleton[_RIGHT, 0]
    front = trunk & (rest[:, 2] > deep)
    over = front & (np.abs(rest[:, 1] - high) < 0.05) & (np.abs(np.abs(rest[:, 0]) - x) < 0.03)
    if not over.any():
        return None
    thick = float(rest[over, 2].max()) - deep
    level = high + thick
    nodes = np.flatnonzero(front & (rest[:, 1] < level))
    upper = np.flatnonzero(front & (rest[:, 1] >= level) & (rest[:, 1] < level + 0.06))
    if not len(nodes) or not len(upper):
        return None
    column = rest[nodes][:, [0, 2]]
    column[:, 1] = np.maximum(column[:, 1], deep)
    lowest = rest[upper] + [0.0, -level, 0.0]
    wanted = np.stack([column[:, 0], np.zeros(len(nodes)), column[:, 1]], axis=1)
    _, near = cKDTree(lowest * [1.0, 1.0, 0.3]).query(wanted * [1.0, 1.0, 0.3])
    share = np.clip((rest[nodes, 0] - other) / (x - other), 0.0, 1.0)
    ahead = np.clip((rest[nodes, 2] - deep) / (_BESIDE * thick), 0.0, 1.0)
    fold = upper[near]
    whole = ahead * ahead * (3 - 2 * ahead)
    # The place of the thigh that is under it when the thigh is bent by a right angle.
    along = rest[fold, 2] - deep + _TAUT * (rest[fold, 1] - rest[nodes, 1])
    over = rest[nodes].copy()
    over[:, 1] += whole * (high - along - over[:, 1])
    return Lap(
        nodes.astype(np.int32),
        fold.astype(np.int32),
        share.astype(np.float32),
        whole.astype(np.float32),
        np.clip(np.abs(rest[nodes, 0]) / (_OUTER * x) - 1 / _OUTER, 0.0, 1.0).astype(np.float32),
        over,
        skin.nearest(over, skin.shape.leg > 0),
    )


class Lying(NamedTuple):
    """What lies in the lap now: what goes with a thigh, and whether the belly lies on that."""

    left: bool
    right: bool
    left_pinched: bool
    right_pinched: bool


def lies(lap: Lap, which: Lying) -> Mask:
    """(m,) of a lap's nodes, whether they lie in it."""
    left, right, *pinched = (float(there) for there in which)
    share = lap.left * left + (1 - lap.left) * right
    pinch = lap.left * pinched[0] + (1 - lap.left) * pinched[1]
    return np.asarray(lap.front * share * (1 - pinch * lap.outer) > _HALF)


def span(
    cloth: F32, rest: F32, matrices: F32, lap: Lap, skin: Collider, beside: tuple[I32, I32]
) -> Lying | None:
    """Lay what is in the lap over bent thighs; returns what lies there now, None if nothing does.

    Args:
        cloth: (n, 3) skinned nodes, changed in place; ``rest`` (n, 3) are they in the rest pose.
        matrices: (j, 3, 4) the pose.
        skin: posed.
        beside: neighbours of the nodes, see :func:`collider.neighbours`.
    """
    bends = [_bend(matrices, thigh) for thigh in _THIGHS]
    goes = [_rise(bend, *_BENDS) for bend in bends]
    if max(goes) <= 0:
        return None
    lean = _lean(matrices)
    pinch = [_rise(bend + lean, *_PINCHES) for bend in bends]
    lying = Lying(bool(goes[0] > _HALF), bool(goes[1] > _HALF), pinch[0] > _ALL, pinch[1] > _ALL)
    shape = skin.shape
    state = np.array([goes, pinch], dtype=np.float32)
    _span(
        cloth, rest, matrices, lap, state, lies(lap, lying), skin.places, skin.normals,
        shape.limb_start, shape.limb_beside, *beside,
    )  # fmt: skip
    return lying if lying.left or lying.right else None


@njit(cache=True, nogil=True, fastmath=True)
def _span(
    cloth: F32, rest: F32, matrices: F32, lap: Lap, state: F32, lies: Mask,
    places: F32, normals: F32, start: I32, beside: I32, cloth_start: I32, cloth_beside: I32,
) -> None:  # fmt: skip
    """See :func:`span`; ``state`` (2, 2) is how far each thigh is bent, and pinched."""
    one = np.float32(1.0)
    for m in range(lap.nodes.shape[0]):
        i, j, share = lap.nodes[m], lap.fold[m], lap.left[m]
        other = one - share
        goes = lap.front[m] * (share * state[0, 0] + other * state[0, 1])
        goes *= one - lap.outer[m] * (share * state[1, 0] + other * state[1, 1])
        if goes <= 0:
            continue
        across = rest[i, 0] - rest[j, 0]
        up = _TAUT * (rest[i, 1] - rest[j, 1])
        for a in range(3):
            x = share * matrices[_LEFT, a, 0] + other * matrices[_RIGHT, a, 0]
            y = share * matrices[_LEFT, a, 1] + other * matrices[_RIGHT, a, 1]
            cloth[i, a] += goes * (cloth[j, a] + across * x + up * y - cloth[i, a])
    for turn in range(2):
        for m in range(lap.nodes.shape[0]):
            i = lap.nodes[m]
            if turn > 0 and lap.front[m] > 0:
                count = cloth_start[i + 1] - cloth_start[i]
                for a in range(3):
                    total = np.float32(0.0)
                    for k in range(cloth_start[i], cloth_start[i + 1]):
                        total += cloth[cloth_beside[k], a]
                    cloth[i, a] += _HALF * (total / count - cloth[i, a])
            if lies[m]:
                share = lap.left[m]
                pinch = share * state[1, 0] + (one - share) * state[1, 1]
                # Where the belly lies on a thigh there is room between the thighs only.
                aside = min(max(np.float32(5.0) * abs(share - _HALF) - one, 0.0), one)
                _lift(cloth, i, lap.near[m], places, normals, start, beside, one - pinch * aside)


@njit(cache=True, nogil=True, fastmath=True)
def _lift(
    cloth: F32, i: int, s: int, places: F32, normals: F32, start: I32, beside: I32, share: float
) -> None:
    """Lift a node off the thigh, by a ``share``; what is deep in it is pinched and stays there."""
    for _ in range(_ROUNDS):
        x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
        s = walk(x, y, z, places, start, beside, s, _STEPS)
        nx, ny, nz = normals[s, 0], normals[s, 1], normals[s, 2]
        lack = _OVER - (x - places[s, 0]) * nx - (y - places[s, 1]) * ny - (z - places[s, 2]) * nz
        if lack <= 0:
            break
        lack *= share * min(max((_DEEP - lack) / _SHALLOW, np.float32(0.0)), np.float32(1.0))
        cloth[i, 0] += lack * nx
        cloth[i, 1] += lack * ny
        cloth[i, 2] += lack * nz


def _rise(x: float, low: float, high: float) -> float:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def _bend(matrices: F32, thigh: int) -> float:
    """How far a thigh is bent forward, radians."""
    _, up, ahead = matrices[0, :, :3].T @ matrices[thigh, :, 1]
    return math.atan2(-ahead, up)


def _lean(matrices: F32) -> float:
    """How far the chest is bent forward over the hips, radians."""
    _, up, ahead = matrices[0, :, :3].T @ matrices[_CHEST, :, 1]
    return math.atan2(ahead, up)
