"""Clothes as an outline shows them: tubes around parts of a posed body, with ease, hang and folds.

A tube is a stack of convex rings, as cloth spans hollows: at each level the body's support
function in 28 directions, let out by the ease, and let fall from the ring above no faster than
the garment clings. They are meant to hide a body as clothes do, not to be sewn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..basis import load
from ..vrm import BONES, INDEX
from .population import Person, Rng, coarse, table

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

DIRECTIONS: Final = 28
_STEP: Final = 0.025
_TURN = (np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)).astype(np.float32)
_COS, _SIN = np.cos(_TURN), np.sin(_TURN)

PARTS: Final = ("top", "legs", "shoes", "hair")
"""What a piece may be, in the order of the labels."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A mesh that covers part of a body: ``what`` indexes ``PARTS``."""

    vertices: F32
    faces: I32
    what: int


@dataclass(frozen=True, eq=False)
class Outfit:
    """What a person wears and how it raises them.

    Attributes:
        level: 0 tight, 1 ordinary, 2 loose.
        sole: how far the body stands above the floor, metres.
    """

    pieces: tuple[Piece, ...]
    level: int
    sole: float


@cache
def _regions() -> dict[str, I32]:
    """Rows of the coarse body by part, each vertex with its heaviest bone."""
    main = load().joints[coarse()[0], 0]

    def of(*names: str) -> I32:
        wanted = [i for i, bone in enumerate(BONES) if bone.startswith(names)]
        return np.flatnonzero(np.isin(main, wanted)).astype(np.int32)

    trunk = ("hips", "spine", "chest", "upperChest", "leftShoulder", "rightShoulder")
    out = {"trunk": of(*trunk), "seat": of("hips", "spine", "leftUpperLeg", "rightUpperLeg")}
    out["body"] = of(*trunk, "leftUpperLeg", "rightUpperLeg", "leftLowerLeg", "rightLowerLeg")
    out["head"] = of("head")
    for side in ("left", "right"):
        out[f"{side}_leg"] = of(f"{side}UpperLeg", f"{side}LowerLeg")
        out[f"{side}_calf"] = of(f"{side}LowerLeg")
        out[f"{side}_foot"] = of(f"{side}Foot", f"{side}Toes")
        out[f"{side}_upper_arm"] = of(f"{side}UpperArm")
        out[f"{side}_forearm"] = of(f"{side}LowerArm")
    return out


@njit(cache=True, nogil=True, fastmath=True)
def _around(
    points: F32, rows: I32, top: F32, bottom: F32, levels: int, cos: F32, sin: F32
) -> tuple[F32, F32, F32]:
    """See :func:`_tube`; levels without any points take those beside them."""
    turns = cos.shape[0]
    axis = bottom - top
    length = np.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2)
    step = length / (levels - 1)
    axes = np.empty((3, 3), np.float32)
    axes[0] = axis / length
    axes[1] = 0
    axes[1, 2 if abs(axes[0, 0]) > 0.8 else 0] = 1
    along = axes[0, 0] * axes[1, 0] + axes[0, 1] * axes[1, 1] + axes[0, 2] * axes[1, 2]
    axes[1] -= axes[0] * along
    axes[1] /= np.sqrt(axes[1, 0] ** 2 + axes[1, 1] ** 2 + axes[1, 2] ** 2)
    axes[2, 0] = axes[0, 1] * axes[1, 2] - axes[0, 2] * axes[1, 1]
    axes[2, 1] = axes[0, 2] * axes[1, 0] - axes[0, 0] * axes[1, 2]
    axes[2, 2] = axes[0, 0] * axes[1, 1] - axes[0, 1] * axes[1, 0]
    out = np.full((levels, turns), np.float32(-1e9))
    for i in range(rows.shape[0]):
        p = points[rows[i]]
        x0, y0, z0 = p[0] - top[0], p[1] - top[1], p[2] - top[2]
        down = x0 * axes[0, 0] + y0 * axes[0, 1] + z0 * axes[0, 2]
        low = int(np.floor(down / step))
        if low < -1 or low >= levels:
            continue
        x = x0 * axes[1, 0] + y0 * axes[1, 1] + z0 * axes[1, 2]
        z = x0 * axes[2, 0] + y0 * axes[2, 1] + z0 * axes[2, 2]
        for d in range(turns):
            reach = x * cos[d] + z * sin[d]
            if low >= 0:
                out[low, d] = max(out[low, d], reach)
            if low + 1 < levels:
                out[low + 1, d] = max(out[low + 1, d], reach)
    known = -1
    for k in range(levels):
        if out[k, 0] < -1e8:
            continue
        for j in range(known + 1, k):
            share = 1.0 if known < 0 else (j - known) / (k - known)
            for d in range(turns):
                start = out[k, d] if known < 0 else out[known, d]
                out[j, d] = start + np.float32(share) * (out[k, d] - start)
        known = k
    for j in range(known + 1, levels):
        for d in range(turns):
            out[j, d] = out[known, d] if known >= 0 else np.float32(0.03)
    centres = np.empty((levels, 3), np.float32)
    half, quarter = turns // 2, turns // 4
    for k in range(levels):
        x = (out[k, 0] - out[k, half]) / 2
        z = (out[k, quarter] - out[k, half + quarter]) / 2
        for a in range(3):
            centres[k, a] = top[a] + k * step * axes[0, a] + x * axes[1, a] + z * axes[2, a]
        for d in range(turns):
            out[k, d] -= x * cos[d] + z * sin[d]
    return out, centres, axes


def _tube(
    points: F32, rows: I32, top: F32, bottom: F32, step: float = _STEP
) -> tuple[F32, F32, F32]:
    """The body's support around a straight line, in levels from top to bottom.

    Returns:
        (levels, directions) reach from each level's centre, the (levels, 3) centres, and the
        (3, 3) axes: down the line, across, along.
    """
    top, bottom = np.asarray(top, np.float32), np.asarray(bottom, np.float32)
    levels = max(3, round(float(np.sqrt(((bottom - top) ** 2).sum())) / step) + 1)
    found: tuple[F32, F32, F32] = _around(points, rows, top, bottom, levels, _COS, _SIN)
    return found


@njit(cache=True, nogil=True)
def _fall(reach: F32, hang: float, step: float) -> F32:
    """Let cloth fall: from one level to the next the radius shrinks by at most hang * step."""
    out = reach.copy()
    for k in range(1, len(out)):
        for d in range(out.shape[1]):
            out[k, d] = max(out[k, d], out[k - 1, d] - np.float32(hang * step))
    return out


def _mesh(reach: F32, centres: F32, axes: F32, what: int) -> Piece:
    """Rings of a support function, joined; both sides of every face."""
    points = _outline(reach, centres, axes, _COS, _SIN)
    return Piece(points, _quads(len(reach)), what)


@njit(cache=True, nogil=True, fastmath=True)
def _outline(reach: F32, centres: F32, axes: F32, cos: F32, sin: F32) -> F32:
    """Points of convex rings from their support h: h n + h' t; (levels * directions, 3)."""
    levels, turns = reach.shape
    out = np.empty((levels * turns, 3), np.float32)
    rate = np.float32(turns / (4 * np.pi))
    for k in range(levels):
        for d in range(turns):
            slope = (reach[k, (d + 1) % turns] - reach[k, d - 1]) * rate
            x = reach[k, d] * cos[d] - slope * sin[d]
            z = reach[k, d] * sin[d] + slope * cos[d]
            for a in range(3):
                out[k * turns + d, a] = centres[k, a] + x * axes[1, a] + z * axes[2, a]
    return out


@cache
def _quads(levels: int) -> I32:
    a = (np.arange(levels - 1)[:, None] * DIRECTIONS + np.arange(DIRECTIONS)).ravel()
    b = np.arange(levels - 1)[:, None] * DIRECTIONS + (np.arange(DIRECTIONS) + 1) % DIRECTIONS
    b = b.ravel()
    c, d = a + DIRECTIONS, b + DIRECTIONS
    one = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    ring = np.arange(1, DIRECTIONS - 1)
    for start in (0, (levels - 1) * DIRECTIONS):
        cap = np.stack([np.full_like(ring, start), start + ring, start + ring + 1], 1)
        one = np.concatenate([one, cap])
    return np.concatenate([one, one[:, ::-1]]).astype(np.int32)


def _folds(rng: Rng, shape: tuple[int, int], size: float) -> F32:
    """Smooth unevenness, (levels, directions), never negative, ``size`` in the mean."""
    if size <= 0:
        return np.zeros(shape, np.float32)
    coarse = rng.standard_normal((max(2, shape[0] // 4) + 1, 7)).astype(np.float32)
    return np.asarray(_smooth(coarse, shape[0], shape[1], np.float32(size)), np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _smooth(coarse: F32, levels: int, turns: int, size: float) -> F32:
    rows, columns = coarse.shape
    out = np.empty((levels, turns), np.float32)
    for k in range(levels):
        y = k * (rows - 1.001) / max(1, levels - 1)
        i = int(y)
        for d in range(turns):
            x = d * columns / turns
            j = int(x)
            m = (j + 1) % columns
            one = coarse[i, j] + (x - j) * (coarse[i, m] - coarse[i, j])
            two = coarse[i + 1, j] + (x - j) * (coarse[i + 1, m] - coarse[i + 1, j])
            out[k, d] = max(np.float32(0.0), size * (1 + one + (y - i) * (two - one)))
    return out


def dress_up(
    rng: Rng,
    person: Person,
    skin: F32,
    joints: F32,
    level: int | None = None,
    barefoot: bool = False,
) -> Outfit:
    """Random clothes, shoes and hair for a posed body.

    Args:
        skin: (k, 3) posed rows of :func:`.population.coarse`.
        joints: (52, 3) posed joints.
        level: of clothing; None: as often as the table says.
        barefoot: without shoes; else as often as the table says.
    """
    rules = table()
    if level is None:
        level = int(rng.choice(3, p=rules["clothing"]["share"]))
    rule = rules["clothing"]["level"][level]
    pieces: list[Piece] = []
    crotch = float((joints[INDEX["leftUpperLeg"], 1] + joints[INDEX["rightUpperLeg"], 1]) / 2)
    crotch -= 0.06 * person.measures["height"] / 1.7
    waist = float(joints[INDEX["chest"], 1])
    dressed = rng.random() < rule["dress"]
    if dressed or rng.random() < rule["skirt"]:
        pieces.append(_skirt(rng, rule, skin, joints, waist))
    else:
        pieces += _trousers(rng, rule, skin, joints, waist, crotch)
    if dressed or rng.random() < rule["top"]:
        pieces += _top(rng, rule, skin, joints, waist, tucked=dressed or rng.random() < 0.2)
    shoes, sole = ([], 0.0) if barefoot else _shoes(rng, skin, joints)
    pieces += shoes
    pieces += _hair(rng, person.sex, skin, joints)
    return Outfit(tuple(pieces), level, sole)


def _line(joints: F32, high: float, low: float) -> tuple[F32, F32]:
    """Two points on the upright line through the middle of the body."""
    hips = joints[INDEX["hips"]]
    return (
        np.array((hips[0], high, hips[2]), np.float32),
        np.array((hips[0], low, hips[2]), np.float32),
    )


def _top(
    rng: Rng, rule: dict[str, Any], skin: F32, joints: F32, waist: float, tucked: bool
) -> list[Piece]:
    ease, hang = rng.uniform(*rule["top_ease"]), rng.uniform(*rule["hang"])
    shoulder = float(max(joints[INDEX["leftUpperArm"], 1], joints[INDEX["rightUpperArm"], 1]))
    hem = waist - (0.0 if tucked else rng.uniform(*rule["hem"]))
    top, bottom = _line(joints, shoulder - rng.uniform(0.0, 0.03), hem)
    parts = _regions()
    body, centres, axes = _tube(skin, parts["body"], top, bottom)
    # At the shoulders cloth lies on: the ease comes with the first levels below.
    slack = np.minimum((np.arange(len(body)) + 0.5) / 5, 1).astype(np.float32)[:, None]
    reach = _fall(body + slack * np.float32(ease), hang, _STEP)
    reach += _folds(rng, reach.shape, rule["fold"])
    if rng.random() < 0.2:  # A ribbed hem or a belt pulls the last rings in.
        tight = body + np.float32(min(ease, 0.008))
        start = max(2, len(reach) - int(rng.integers(2, 5)))
        reach[start:] = np.minimum(reach[start:], tight[start:] + np.float32(0.01))
    out = [_mesh(reach, centres, axes, 0)]
    sleeve, ease = rng.random(), rng.uniform(*rule["sleeve_ease"])
    for side in ("left", "right"):
        upper, lower, hand = (joints[INDEX[side + b]] for b in ("UpperArm", "LowerArm", "Hand"))
        if sleeve < 0.1:
            continue
        share = 0.6 if sleeve < 0.5 else 1.0
        limbs = [("upper_arm", upper, upper + share * (lower - upper))]
        if share == 1.0:
            limbs.append(("forearm", lower, lower + rng.uniform(0.7, 1.0) * (hand - lower)))
        for name, a, b in limbs:
            reach, centres, axes = _tube(skin, parts[f"{side}_{name}"], a, b)
            reach = reach + np.float32(ease) + _folds(rng, reach.shape, rule["fold"])
            out.append(_mesh(reach, centres, axes, 0))
    return out


def _trousers(
    rng: Rng, rule: dict[str, Any], skin: F32, joints: F32, waist: float, crotch: float
) -> list[Piece]:
    parts = _regions()
    ease, hang = rng.uniform(*rule["leg_ease"]), rng.uniform(*rule["leg_hang"])
    top, bottom = _line(joints, waist - rng.uniform(0.0, 0.08), crotch - 0.01)
    reach, centres, axes = _tube(skin, parts["seat"], top, bottom)
    slack = np.linspace(0.2, 1.0, len(reach), dtype=np.float32)[:, None] * np.float32(ease)
    reach = reach + slack + _folds(rng, reach.shape, rule["fold"])
    out = [_mesh(reach, centres, axes, 1)]
    length = rng.choice([0.3, 0.55, 1.0], p=[0.15, 0.05, 0.8])
    for side in ("left", "right"):
        hip, ankle = joints[INDEX[f"{side}UpperLeg"]], joints[INDEX[f"{side}Foot"]]
        start = hip + (ankle - hip) * ((hip[1] - crotch - 0.02) / (hip[1] - ankle[1]))
        reach, centres, axes = _tube(
            skin, parts[f"{side}_leg"], start, start + length * (ankle - start)
        )
        reach = _fall(reach + np.float32(ease), hang, _STEP)
        reach += _folds(rng, reach.shape, rule["fold"])
        out.append(_mesh(reach, centres, axes, 1))
    return out


def _skirt(rng: Rng, rule: dict[str, Any], skin: F32, joints: F32, waist: float) -> Piece:
    ankle = float(joints[INDEX["leftFoot"], 1])
    length = rng.uniform(0.35, 0.98) * (waist - ankle)
    top, bottom = _line(joints, waist, waist - length)
    body, centres, axes = _tube(skin, _regions()["body"], top, bottom)
    flare = rng.uniform(*rule["flare"])
    seat = round(0.12 / _STEP)
    ease = np.float32(rng.uniform(*rule["leg_ease"]))
    reach = body + ease * np.minimum(np.arange(len(body)) / seat, 1).astype(np.float32)[:, None]
    reach = _fall(reach, -flare if rng.random() < 0.6 else rng.uniform(*rule["leg_hang"]), _STEP)
    reach += _folds(rng, reach.shape, 2 * rule["fold"])
    return _mesh(reach, centres, axes, 1)


def _shoes(rng: Rng, skin: F32, joints: F32) -> tuple[list[Piece], float]:
    rule = table()["shoes"]
    if rng.random() < rule["bare"]:
        return [], 0.0
    high = rng.random() < rule["heel_share"]
    sole = float(rng.uniform(*(rule["heel"] if high else rule["sole"])))
    wider = np.float32(rng.uniform(*rule["width"]))
    boot = rng.random() < rule["boot"]
    out = []
    for side in ("left", "right"):
        rows = _regions()[f"{side}_foot"]
        foot = skin[rows]
        low, high_at = float(foot[:, 1].min()), float(joints[INDEX[f"{side}Foot"], 1])
        middle = foot.mean(axis=0)
        top = np.array((middle[0], high_at, middle[2]), np.float32)
        bottom = np.array((middle[0], low, middle[2]), np.float32)
        reach, centres, axes = _tube(skin, rows, top, bottom, 0.012)
        reach = reach + wider
        reach = np.concatenate([reach, reach[-1:]])
        centres = np.concatenate([centres, centres[-1:] - np.array((0, sole, 0), np.float32)])
        out.append(_mesh(reach, centres, axes, 2))
        if boot:
            knee = joints[INDEX[f"{side}LowerLeg"]]
            ankle = joints[INDEX[f"{side}Foot"]]
            reach, centres, axes = _tube(
                skin, _regions()[f"{side}_calf"], ankle + 0.6 * (knee - ankle), ankle
            )
            out.append(_mesh(reach + 2 * wider, centres, axes, 2))
    return out, sole


def _hair(rng: Rng, sex: int, skin: F32, joints: F32) -> list[Piece]:
    rule = table()["hair"]
    if rng.random() < rule["bald"]:
        return []
    head = skin[_regions()["head"]]
    low, high = head.min(axis=0), head.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2
    up, out = rng.uniform(*rule["top"]), rng.uniform(*rule["side"])
    size = np.array((half[0] * 0.95 + out, 0.62 * half[1], half[2] * 0.95 + out))
    middle = np.array((centre[0], high[1] + up - size[1], centre[2] - 0.015))
    pieces = [_ellipsoid(middle, size)]
    if rng.random() < rule["long_share"][sex]:
        length = rng.uniform(0.05, 0.45)
        size = np.array((half[0] + out + rng.uniform(-0.01, 0.05), half[1] / 2 + length / 2, 0.05))
        top = high[1] - half[1] * 0.4
        back = centre[2] - half[2] * rng.uniform(0.5, 0.9)
        pieces.append(_ellipsoid(np.array((centre[0], top - length / 2, back)), size))
    if rng.random() < rule["bun_share"][sex]:
        size = np.full(3, rng.uniform(0.03, 0.06))
        place = np.array((centre[0], high[1] - rng.uniform(-0.03, 0.10), low[2] - 0.01))
        pieces.append(_ellipsoid(place, size))
    return pieces


@cache
def _ball() -> F32:
    """Unit directions, (9 levels * DIRECTIONS, 3), from top to bottom."""
    lat = np.linspace(0.05, np.pi - 0.05, 9)
    x = np.sin(lat)[:, None] * _COS
    z = np.sin(lat)[:, None] * _SIN
    y = np.cos(lat)[:, None] * np.ones_like(_COS)
    return np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)


def _ellipsoid(middle: NDArray[np.floating], size: NDArray[np.floating]) -> Piece:
    return Piece((_ball() * size + middle).astype(np.float32), _quads(9), 3)
