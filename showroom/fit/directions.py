"""Rotations of bones from where joints are: for tracking systems that differ in their axes.

A bone points from its joint to the next. The turn about itself comes from what lies beside it: hips
and shoulders for the trunk, the bend of elbow and knee for the limbs, the knuckles for the hand; a
bone that has nothing beside it turns as little as possible against its parent. Rotations are from
the T-pose (see :mod:`tpose`), world, (x, y, z, w).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .turns import (
    Turn,
    Vector,
    add,
    between,
    blend,
    cross,
    exp,
    index,
    indices,
    inner,
    inverse,
    mul,
    norm,
    put_turn,
    rotate,
    row,
    scale,
    square,
    sub,
    turn_row,
)
from .vrm import BONES, INDEX

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

_COUNT = len(BONES)
_HIPS, _, _, _UPPER_CHEST, _NECK, _HEAD = indices(6)
_ARM, _LEG = index(INDEX["leftShoulder"]), index(INDEX["leftUpperLeg"])
_CORE = index(INDEX["leftThumbMetacarpal"])
_SHORT = 0.02
"""Joints nearer together than this say nothing of a direction, metres; a quarter of it in hands."""

_BENT = (0.10, 0.35)
"""Sines of the bend from which a limb's own plane begins to count, and counts alone."""


@njit(cache=True, nogil=True, error_model="numpy")
def turns_from_places(ways: F64, places: F64, placed: Flags, turns: F64, turned: Flags) -> None:
    """Fill ``turns`` (52, 4) and ``turned`` (52,).

    Args:
        ways: (52, 3), where bones point in the T-pose.
        places: (62, 3), bones' joints and then finger tips, metres.
        placed: (62,), which of them are known.
    """
    turned[:] = False
    _trunk(ways, places, placed, turns, turned)
    for side in range(2):
        _arm(ways, places, placed, turns, turned, side)
        _leg(ways, places, placed, turns, turned, side)
        _fingers(ways, places, placed, turns, turned, side)


@inner
def _set(turns: F64, turned: Flags, bone: int, turn: Turn) -> None:
    put_turn(turns, bone, turn)
    turned[bone] = True


@inner
def _way(places: F64, bone: int, end: int) -> Vector:
    return sub(row(places, end), row(places, bone))


@inner
def _aligned(way: Vector, beside: Vector, rest_way: Vector, rest_beside: Vector) -> Turn:
    """Carries ``rest_way`` to ``way`` exactly and ``rest_beside`` as near ``beside`` as may be."""
    return mul(square(way, beside), inverse(square(rest_way, rest_beside)))


@inner
def _swung(way: Vector, rest_way: Vector, parent: Turn) -> Turn:
    """The parent's turn, and on to ``way`` by the smallest rotation."""
    return mul(exp(between(rotate(parent, rest_way), way)), parent)


@inner
def _trunk(ways: F64, places: F64, placed: Flags, turns: F64, turned: Flags) -> None:
    hips, shoulders = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    if placed[_LEG] and placed[_LEG + 4]:
        hips = _way(places, _LEG + 4, _LEG)
    if placed[_ARM + 1] and placed[_ARM + 5]:
        shoulders = _way(places, _ARM + 5, _ARM + 1)
    if norm(hips) < 1e-6:
        hips = shoulders
    if norm(shoulders) < 1e-6:
        shoulders = hips
    if norm(hips) < 1e-6 or not placed[_HIPS]:
        return
    hips, shoulders = scale(hips, 1 / norm(hips)), scale(shoulders, 1 / norm(shoulders))
    left = (1.0, 0.0, 0.0)
    for bone in range(_NECK + 1):
        end = bone + 1
        while end <= _HEAD and not (placed[end] and norm(_way(places, bone, end)) > _SHORT):
            end += 1
        if not placed[bone] or end > _HEAD:
            if bone > 0 and turned[bone - 1]:
                _set(turns, turned, bone, turn_row(turns, bone - 1))
            continue
        way, share = _way(places, bone, end), min(bone / 3.0, 1.0)
        beside = add(scale(hips, 1 - share), scale(shoulders, share))
        _set(turns, turned, bone, _aligned(way, beside, row(ways, bone), left))


@inner
def _limb(
    ways: F64, places: F64, turns: F64, turned: Flags, first: int, parent: Turn, hinge: Vector
) -> None:
    """Two bones: the first's plane is that of the bend, as far as there is one."""
    upper, lower = _way(places, first, first + 1), _way(places, first + 1, first + 2)
    turn = _swung(upper, row(ways, first), parent)
    normal = cross(upper, lower)
    sine = norm(normal) / max(norm(upper) * norm(lower), 1e-9)
    share = min(max((sine - _BENT[0]) / (_BENT[1] - _BENT[0]), 0.0), 1.0)
    if share > 0:
        bent = _aligned(upper, normal, row(ways, first), hinge)
        turn = blend(turn, bent, share * share * (3 - 2 * share))
    _set(turns, turned, first, turn)
    _set(turns, turned, first + 1, _swung(lower, row(ways, first + 1), turn))


@inner
def _arm(ways: F64, places: F64, placed: Flags, turns: F64, turned: Flags, side: int) -> None:
    out = 1.0 - 2.0 * side
    shoulder = _ARM + 4 * side
    upper, hand = shoulder + 1, shoulder + 3
    parent = (0.0, 0.0, 0.0, 1.0)
    if turned[_UPPER_CHEST]:
        parent = turn_row(turns, _UPPER_CHEST)
        if placed[shoulder] and placed[upper]:
            parent = _swung(_way(places, shoulder, upper), row(ways, shoulder), parent)
        _set(turns, turned, shoulder, parent)
    if placed[upper] and placed[upper + 1] and placed[hand] and turned[_UPPER_CHEST]:
        _limb(ways, places, turns, turned, upper, parent, (0.0, -out, 0.0))
    if not placed[hand]:
        return
    # Knuckles: of the index, middle and little finger.
    thumb = _CORE + 15 * side
    index, middle, little = thumb + 3, thumb + 6, thumb + 12
    if placed[middle] and placed[index] and placed[little]:
        way, beside = _way(places, hand, middle), _way(places, little, index)
        _set(turns, turned, hand, _aligned(way, beside, row(ways, hand), (0.0, 0.0, 1.0)))
    elif turned[upper + 1]:
        turn = turn_row(turns, upper + 1)
        if placed[middle]:
            turn = _swung(_way(places, hand, middle), row(ways, hand), turn)
        _set(turns, turned, hand, turn)


@inner
def _leg(ways: F64, places: F64, placed: Flags, turns: F64, turned: Flags, side: int) -> None:
    upper = _LEG + 4 * side
    lower, foot, toes = upper + 1, upper + 2, upper + 3
    if not (placed[upper] and placed[lower] and placed[foot] and turned[_HIPS]):
        return
    _limb(ways, places, turns, turned, upper, turn_row(turns, _HIPS), (1.0, 0.0, 0.0))
    turn = turn_row(turns, lower)
    if placed[toes]:
        # A foot does not roll: its sides stay level.
        way = _way(places, foot, toes)
        turn = _aligned(way, (0.0, 1.0, 0.0), row(ways, foot), (0.0, 1.0, 0.0))
    _set(turns, turned, foot, turn)
    _set(turns, turned, toes, turn)


@inner
def _fingers(ways: F64, places: F64, placed: Flags, turns: F64, turned: Flags, side: int) -> None:
    hand = _ARM + 4 * side + 3
    if not turned[hand]:
        return
    for finger in range(5):
        parent = turn_row(turns, hand)
        for segment in range(3):
            bone = _CORE + 15 * side + 3 * finger + segment
            end = bone + 1 if segment < 2 else _COUNT + 5 * side + finger
            if placed[bone] and placed[end] and norm(_way(places, bone, end)) > _SHORT / 4:
                parent = _swung(_way(places, bone, end), row(ways, bone), parent)
                _set(turns, turned, bone, parent)
