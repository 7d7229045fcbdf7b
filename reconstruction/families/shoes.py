"""Shoes: sneakers, loafers, boots, pumps, slides, thongs and sandals, as a pair.

A closed shoe is one shell: from the ground up the sole, over the upper to the collar, and down the
lining to the insole. Local frame of the left shoe: heel at z = 0, toe towards +Z, y = 0 the floor,
x = 0 the middle, +x the outer side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..mesh import vertex_normals
from .furniture_family import Anchors, Choices, Values
from .furniture_solids import F64, Loft, bar_section, round_ends, sweep
from .spec import load_spec
from .worn_solid import Fitting, WornAssembly, WornSolid, push_from

if TYPE_CHECKING:
    from ..dressform import BodyForm

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_POINTS = 48
_SOLE, _UPPER, _SHAFT, _LINING = 4, 9, 7, 7
_WALL = 0.003
_BALL = 0.70
"""Where the ball of the foot lies, share of the length from the heel."""
Bands = tuple[tuple[int, str, str], ...]
_FLIP = np.array([-1.0, 1.0, 1.0])
_TURN = np.arange(_POINTS) * (2 * math.pi / _POINTS)
"""Angles around the sole: 0 at the toe, towards the outer side of the left shoe."""


class Last:
    """The sizes of one shoe, made consistent, and the lines that its lofts run along."""

    def __init__(self, values: Values, choices: Choices) -> None:
        self.values, self.choices = values, choices
        self.length = values["foot_length"] * (1.05 + values["toe_extra"])
        self.half = values["width"] / 2
        self.thick = values["sole_thickness"]
        self.rise = values["heel_height"]
        self.blocked = choices["heel"] == "block"
        self._lines: dict[tuple[str, float, float], F64] = {}

    def lift(self, s: F64) -> F64:
        """How much higher the foot stands at shares ``s`` of the length than at the ball."""
        t = np.clip((_BALL - s) / (_BALL - 0.22), 0.0, 1.0)
        result: F64 = self.rise * t * t * (3 - 2 * t)
        return result

    def spring(self, s: F64) -> F64:
        """How far the toe is bent up off the ground."""
        result: F64 = 0.05 * self.length * np.clip((s - 0.78) / 0.22, 0.0, 1.0) ** 2
        return result

    def outline(self, wider: float = 1.0, inset: float = 0.0) -> F64:
        """(k, 2) x and z of the sole's outline, from the toe over the outer side."""
        known = self._lines.get(("outline", wider, inset))
        if known is not None:
            return known
        v = self.values
        s = 0.5 + 0.5 * np.cos(_TURN)
        side = np.sin(_TURN)
        toe = np.clip((s - _BALL) / (1 - _BALL), 0.0, 1.0)
        end = 0.72 + toe * (0.45 - 0.55 * (1 - v["toe_point"]) + 0.75 * v["toe_point"] - 0.17)
        bulge = np.abs(side) ** np.clip(end, 0.35, 1.25)
        waist = np.interp(s, [0, 0.15, 0.42, _BALL, 0.88, 1], [0.70, 0.74, 0.80, 1.0, 0.93, 0.9])
        narrow = 1 - 0.35 * v["toe_point"] * toe
        x = np.sign(side) * bulge * waist * narrow * self.half * wider
        # The foot bends inwards, towards the big toe.
        x = x + self.half * 0.16 * (np.cos((s - 0.45) * 2.2) - 1)
        z = s * self.length
        middle = self.length / 2
        shrink = 1 - inset / middle
        out = np.stack([x - np.sign(x) * np.minimum(inset, np.abs(x) * 0.5), z], axis=1)
        out[:, 1] = middle + (z - middle) * shrink * (1 + (wider - 1) * 0.4)
        self._lines["outline", wider, inset] = out
        return out

    def share(self, outline: F64) -> F64:
        return np.clip(outline[:, 1] / self.length, 0.0, 1.0)

    def sole(self) -> list[F64]:
        """Rings (k, 3) of the sole, from the ground to the feather line."""
        flare = 1 + self.values["sole_flare"]
        rings = []
        for height, wider in (
            (0.0, flare * 0.97),
            (0.18, flare),
            (0.9, flare),
            (1.0, flare * 0.99),
        ):
            plan = self.outline(wider)
            s = self.share(plan)
            top = self.thick + self.lift(s) + self.spring(s)
            bottom = self.spring(s) + (self.lift(s) if self.blocked else 0.0)
            y = bottom + (top - bottom) * height
            rings.append(np.stack([plan[:, 0], y, plan[:, 1]], axis=1))
        return rings

    def top(self, s: F64) -> F64:
        """Height of the insole at shares ``s``."""
        result: F64 = self.thick + self.lift(s) + self.spring(s)
        return result

    def collar(self, inset: float) -> F64:
        """The ring (k, 3) around the ankle, or of a low shoe its top line."""
        known = self._lines.get(("collar", inset, 0.0))
        if known is not None:
            return known
        v = self.values
        front = v["opening"]
        s = 0.035 + (front - 0.035) * (0.5 + 0.5 * np.cos(_TURN))
        wide = np.interp(s, [0.03, 0.3, 0.6, 0.9], [0.58, 0.62, 0.66, 0.60]) * self.half
        x = np.sin(_TURN) * wide
        # As a share, as along the foot below: points beside the middle must not fall together.
        x = x * (1 - inset / max(float(np.abs(x).max()), 2 * inset, 1e-3))
        sigma = (s - 0.035) / max(front - 0.035, 1e-6)
        back, throat = v["collar_height"], v["instep_height"]
        y = back * (1 - sigma) + throat * sigma - 4 * v["collar_dip"] * sigma * (1 - sigma)
        z = s * self.length
        middle = float(z.mean())
        z = middle + (z - middle) * (1 - inset / max(float(np.ptp(z)) / 2, 1e-3))
        bend = self.half * 0.16 * (np.cos((s - 0.45) * 2.2) - 1)
        out = np.stack([x + bend, y + self.top(s), z], axis=1)
        self._lines["collar", inset, 0.0] = out
        return out

    def shaft(self, inset: float, share: float) -> F64:
        """A ring (k, 3) of the shaft, from the collar (0) to the upper edge (1)."""
        v = self.values
        low = self.collar(inset)
        radius = v["shaft_width"] / 2 - inset
        centre = 0.24 * self.length
        round_ = np.stack(
            [
                np.sin(_TURN) * radius * 0.92,
                np.full(_POINTS, v["collar_height"] + v["shaft_height"] + self.top(np.zeros(1))[0]),
                centre + np.cos(_TURN) * radius,
            ],
            axis=1,
        )
        tall = min(v["shaft_height"] / 0.10, 1.0)
        blend = tall * (1 - (1 - share) ** 2)
        out = low * (1 - blend) + round_ * blend
        out[:, 1] = low[:, 1] + (round_[:, 1] - low[:, 1]) * share * tall
        out[:, 1] += (1 - tall) * v["shaft_height"] * share
        return out


def _upper(last: Last, q: F64, inset: float) -> list[F64]:
    """Rings of the upper from the feather line (0) to the collar (1)."""
    low = last.outline(1.0, 0.002 + inset)
    s = last.share(low)
    foot = np.stack([low[:, 0], last.top(s) + (inset > 0) * 0.001, low[:, 1]], axis=1)
    collar = last.collar(inset)
    toe = 0.5 + 0.5 * np.cos(_TURN)
    bulge = (0.45 + 0.45 * toe * (last.values["toe_box"] - 0.4))[:, None]
    rings = []
    for share in q:
        up = (1 - bulge) * share + bulge * math.sin(share * math.pi / 2)
        inward = (1 - bulge) * share + bulge * (1 - math.cos(share * math.pi / 2))
        ring = foot + (collar - foot) * inward
        ring[:, 1] = foot[:, 1] + (collar[:, 1] - foot[:, 1]) * up[:, 0] - 0.8 * inset * share
        rings.append(ring)
    return rings


def closed_shoe(last: Last) -> tuple[Loft, Bands]:
    """The shell of a shoe with an upper."""
    rings = last.sole()
    rings += _upper(last, np.linspace(0.0, 1.0, _UPPER + 1), 0.0)
    rings += [last.shaft(0.0, t) for t in np.linspace(0.0, 1.0, _SHAFT + 1)[1:]]
    rings += [last.shaft(_WALL, t) for t in np.linspace(1.0, 0.0, 5)]
    rings += _upper(last, np.linspace(1.0, 0.0, _LINING + 1)[1:], _WALL)
    count = len(rings)
    edge = _SOLE + _UPPER + 1 + _SHAFT
    loft = Loft(np.array(rings)[None], "~sole", "sole", 0, count - 1)
    return loft, ((_SOLE, "upper", "upper"), (edge, "lining", "lining"))


def footbed(last: Last) -> tuple[Loft, Bands]:
    """The sole of a sandal: closed, slightly dished on top."""
    rings = last.sole()
    plan = last.outline(0.9)
    s = last.share(plan)
    rings.append(np.stack([plan[:, 0], last.top(s) - 0.002, plan[:, 1]], axis=1))
    return Loft(np.array(rings)[None], "~sole", "sole", 0, len(rings) - 2), (
        (len(rings) - 2, "insole", "lining"),
    )


def _arch(last: Last, s: float, height: float, width: float, part: str) -> Loft:
    """A strap over the foot at a share of the length."""
    plan = last.outline(1.0, 0.003)
    outer = plan[: _POINTS // 2 + 1][::-1]
    inner = plan[_POINTS // 2 :]
    right = float(np.interp(s * last.length, outer[:, 1], outer[:, 0]))
    left = float(np.interp(s * last.length, inner[:, 1], inner[:, 0]))
    y = float(last.top(np.array([s]))[0]) - 0.004
    t = np.linspace(0.0, math.pi, 15)
    path = np.stack(
        [
            (left + right) / 2 + (right - left) / 2 * np.cos(t),
            y + height * np.sin(t) ** 0.75,
            np.full(len(t), s * last.length),
        ],
        axis=1,
    )
    rings = sweep(path[None], bar_section(0.0016, width / 2, 0.5), np.array([0.0, 0.0, 1.0]))
    return Loft(round_ends(rings, 0.001), part, "upper", 1, -2)


def _thong(last: Last) -> Loft:
    """Two bands from between the toes to the sides of the foot."""
    v = last.values
    plan = last.outline(1.0, 0.004)
    toe = np.array([-0.22 * last.half, 0.0, 0.80 * last.length])
    toe[1] = float(last.top(np.array([0.80]))[0]) - 0.003
    paths, planes = [], []
    for side in (1.0, -1.0):
        line = plan[: _POINTS // 2 + 1][::-1] if side > 0 else plan[_POINTS // 2 :]
        at = 0.48 * last.length
        end = np.array([float(np.interp(at, line[:, 1], line[:, 0])), 0.0, at])
        end[1] = float(last.top(np.array([0.48]))[0]) - 0.003
        top = 0.5 * (toe + end) + np.array([0.0, 2 * v["strap_height"], 0.02])
        t = np.linspace(0.0, 1.0, 13)[:, None]
        paths.append((1 - t) ** 2 * toe + 2 * t * (1 - t) * top + t**2 * end)
        plane = np.cross(top - toe, end - toe)
        planes.append(plane / np.linalg.norm(plane))
    rings = sweep(
        np.array(paths),
        bar_section(0.002, min(v["strap_width"], 0.03) / 2, 0.5),
        np.array(planes)[:, None],
    )
    return Loft(round_ends(rings, 0.001), "straps", "upper", 1, -2)


def _back_strap(last: Last) -> Loft:
    """A band around the heel, from side to side of the instep strap."""
    v = last.values
    t = np.linspace(0.0, math.pi, 17)
    y = float(last.top(np.array([0.1]))[0]) + 0.85 * v["strap_height"]
    front = 0.42 * last.length
    wide = 0.72 * last.half
    path = np.stack(
        [
            wide * np.cos(t) * 1.0,
            np.full(len(t), y),
            front - (front - 0.02 * last.length) * np.sin(t),
        ],
        axis=1,
    )
    rings = sweep(path[None], bar_section(0.0016, 0.008, 0.5), np.array([0.0, 1.0, 0.0]))
    return Loft(round_ends(rings, 0.001), "straps", "upper", 1, -2)


def _heel(last: Last) -> Loft:
    """The block under the heel, as thin at the ground as ``heel_tip`` says."""
    v = last.values
    length = 0.27 * last.length
    # The same outline pressed into the heel's length.
    shape = np.stack([np.sin(_TURN) * 0.68 * last.half, length * (0.5 + 0.5 * np.cos(_TURN))], 1)
    rings = []
    tip = v["heel_tip"]
    for share in np.linspace(0.0, 1.0, 7):
        scale = tip + (1 - tip) * share**1.6
        back = 0.012 + (1 - scale) * length * 0.30
        ring = np.stack([shape[:, 0] * scale, np.zeros(_POINTS), back + shape[:, 1] * scale], 1)
        s = np.clip(ring[:, 2] / last.length, 0.0, 1.0)
        ring[:, 1] = share * (last.lift(s) + 0.003)
        rings.append(ring)
    return Loft(np.array(rings)[None], "heel", "sole", 0, -1)


def left_shoe(values: Values, choices: Choices) -> tuple[list[Loft], dict[int, Bands]]:
    """The lofts of the left shoe in its local frame."""
    last = Last(values, choices)
    style = choices["style"]
    make: Callable[[Last], tuple[Loft, Bands]] = closed_shoe if style == "closed" else footbed
    base, bands = make(last)
    lofts = [base]
    height, width = values["strap_height"], values["strap_width"]
    if style == "slide":
        lofts.append(_arch(last, 0.66, height, width, "straps"))
    elif style == "thong":
        lofts.append(_thong(last))
    elif style == "sandal":
        lofts.append(_arch(last, 0.74, 0.75 * height, min(width, 0.045), "straps"))
        lofts.append(_arch(last, 0.42, 1.2 * height, min(width, 0.03), "straps"))
        lofts.append(_back_strap(last))
    if choices["heel"] == "block":
        lofts.append(_heel(last))
    return lofts, {0: bands}


def _placed(loft: Loft, side: str, turn: float, shift: F64) -> Loft:
    """A loft of the left shoe as one of either shoe, turned about y and moved."""
    rings = loft.rings
    if side == "right":
        rings = (rings * _FLIP)[:, :, ::-1]
    c, s = math.cos(turn), math.sin(turn)
    x, z = rings[..., 0], rings[..., 2]
    moved = np.stack([c * x + s * z, rings[..., 1], c * z - s * x], axis=-1) + shift
    mark = "~" if loft.part.startswith("~") else ""
    name = f"{mark}{side}_{loft.part.removeprefix('~')}"
    return Loft(np.ascontiguousarray(moved), name, loft.material, loft.lower, loft.upper)


def _sides(choices: Choices) -> tuple[str, ...]:
    return {"pair": ("left", "right"), "left": ("left",), "right": ("right",)}[choices["shown"]]


def assemble(values: Values, choices: Choices) -> WornAssembly:
    """Shoes on the floor as the photo shows them, facing +Z."""
    one, bands = left_shoe(values, choices)
    lofts: list[Loft] = []
    all_bands: dict[int, Bands] = {}
    length = Last(values, choices).length
    pair = choices["shown"] == "pair"
    apart = values["width"] / 2 + (
        values["stand_gap"] / 2 if pair else _SPEC.extra["alone"]["stand_gap"] / 2
    )
    for side in _sides(choices):
        sign = 1.0 if side == "left" else -1.0
        ahead = -0.5 * sign * values["stand_shift"] if pair else 0.0
        turn = sign * values["stand_turn"] if pair else 0.0
        middle = np.array([sign * apart, 0.0, ahead])
        half = 0.5 * length
        shift = middle - np.array([math.sin(turn) * half, 0.0, math.cos(turn) * half])
        for number, parts in bands.items():
            all_bands[len(lofts) + number] = tuple((r, f"{side}_{p}", m) for r, p, m in parts)
        lofts += [_placed(loft, side, turn, shift) for loft in one]
    anchors: Anchors = {"floor": (0.0, 0.0, 0.0), "left": (apart, 0.0, 0.0)}
    return WornAssembly(lofts, 0.0, anchors, all_bands)


def fit_on_feet(values: Values, choices: Choices, form: BodyForm) -> Fitting:
    """Put the pair on the feet: heel at heel, along each foot, the sole on the floor.

    A shoe that is too small is stretched to hold the foot; a shaft leans with the leg. Feet stay
    flat, so that high heels are worn without the arch that they ask for.
    """
    one, _ = left_shoe(values, choices)
    last = Last(values, choices)
    names = form.skin.names
    rest = form.skin.rest.astype(np.float64)
    dominant = form.skin.joints[np.arange(len(form.vertices)), form.skin.weights.argmax(axis=1)]
    bone = np.array(names)[dominant]
    v = form.vertices.astype(np.float64)
    normals = vertex_normals(form.vertices, form.faces).astype(np.float64)
    bones = tuple(f"{s}{b}" for s in ("left", "right") for b in ("LowerLeg", "Foot", "Toes"))
    points, weights = [], []
    for k, side in enumerate(("left", "right")):
        own = np.isin(bone, [f"{side}Foot", f"{side}Toes", f"{side}LowerLeg"])
        foot = v[own & (v[:, 1] < rest[names.index(f"{side}Foot"), 1])]
        heel_low, toe = foot[foot[:, 2].argmin()], foot[foot[:, 2].argmax()]
        ahead = (toe - heel_low)[[0, 2]]
        turn = math.atan2(float(ahead[0]), float(ahead[1]))
        c, s = math.cos(turn), math.sin(turn)
        across = foot[:, 0] * c - foot[:, 2] * s
        along = foot[:, 2] * c + foot[:, 0] * s
        middle = (across.min() + across.max()) / 2
        back = along.min() - 0.008
        knee, joint = (rest[names.index(f"{side}{b}")] for b in ("LowerLeg", "Foot"))
        lean = (knee - joint)[[0, 2]] / (knee - joint)[1]
        # Outwards as far as the foot is wider, forwards as far as it is longer.
        wide = max(1.0, (float(np.ptp(across)) + 0.016) / values["width"])
        long = max(1.0, (float(np.ptp(along)) + 0.016) / last.length)
        shift = np.array([middle * c + back * s, 0.0, back * c - middle * s])
        grown = [
            Loft(f.rings * [wide, 1.0, long], f.part, f.material, f.lower, f.upper) for f in one
        ]
        mine = np.concatenate([_placed(f, side, turn, shift).points() for f in grown])
        ankle = float(joint[1])
        above = np.maximum(mine[:, 1] - ankle, 0.0)
        if choices["style"] == "closed":
            mine[:, 0] += lean[0] * above
            mine[:, 2] += lean[1] * above
            mine = _around(mine, grown[0], v[own], normals[own])
        points.append(mine)
        ball = rest[names.index(f"{side}Toes")]
        front = (mine - ball)[:, 2] * c + (mine - ball)[:, 0] * s
        toes = np.clip(front / 0.03 + 0.5, 0.0, 1.0)
        leg = np.clip((mine[:, 1] - ankle) / 0.06, 0.0, 1.0)
        part = np.zeros((len(mine), 6))
        part[:, 3 * k] = leg
        part[:, 3 * k + 1] = (1 - leg) * (1 - toes)
        part[:, 3 * k + 2] = (1 - leg) * toes
        weights.append(part)
    left = points[0].mean(axis=0)
    anchors: Anchors = {"floor": (0.0, 0.0, 0.0), "left": (float(left[0]), 0.0, float(left[2]))}
    return Fitting(np.concatenate(points), bones, np.concatenate(weights), anchors)


def _around(points: F64, shell: Loft, skin: F64, normals: F64) -> F64:
    """Upper and lining of a shell pushed off the foot, the lining nearer to it."""
    _, n, k, _, _ = shell.layout
    ring = np.concatenate([np.repeat(np.arange(n), k), [0, n - 1]])
    out = points.copy()
    edge = _SOLE + _UPPER + 1 + _SHAFT
    for chosen, gap in (((ring >= _SOLE) & (ring < edge), 0.005), (ring >= edge, 0.002)):
        at = np.flatnonzero(chosen)
        out[at] = push_from(points[at], skin, normals, gap)
    return out


FAMILY = WornSolid(_SPEC, assemble, fit_on_feet, {"shown": "pair"})
