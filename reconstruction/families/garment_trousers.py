"""Trousers and shorts: a front and a back panel per leg and a waistband, from tailor's measures.

Plain flat frame: y down from the waistband's upper edge, the crotch at x = 0. The inseam is
straight but for a slight hollow at the knee; the leg's width is measured square to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .garment_flat import (
    F64,
    Flat,
    FlatPose,
    Panel,
    Pattern,
    Seam,
    landmark_array,
    pose_points,
    smooth_profile,
    smoothstep,
)

COLUMNS = 16
"""Quads across one panel, a quarter of the trousers' girth."""
UPPER_ROWS = 16
"""Quads from the crotch to the waistband."""
BAND_ROWS = 2
"""Quads across the waistband."""
CUT_ANGLE = 0.06
"""Angle of the inseam from the vertical at which the panels are cut, radians."""

_HIP_SHARE = 0.62
"""Hips lie this share of the rise below the waist."""
_BACK_LIFT = 0.018
"""How much higher the back panel reaches in the middle than at the sides, metres."""
_GATHER = 0.014
"""Depth over which cloth gathered by elastic widens to its own width, metres."""
_RIB = 0.06
"""Height of a ribbed leg cuff, metres."""
_HOLLOW = 0.3
_FLIP = np.array([-1.0, 1.0])


@dataclass(frozen=True)
class TrouserShape:
    """The measures of trousers, made consistent; metres, widths as measured laid flat.

    Attributes:
        rise: from the waistband's upper edge down the front to the crotch.
        inseam: from the crotch down the inner leg to the hem.
        waist, hip: widths of both halves together, half the girths there.
        hip_level: y of the hips.
        knots, widths: shares of the inseam from the crotch, and the leg's width there.
        band: height of the waistband.
        gathered: whether elastic gathers the cloth below the waistband.
        fly: whether it opens in front.
        pockets: ``"slash"``, ``"cargo"`` or ``"none"``.
        leg_rows: quads from hem to crotch.
    """

    rise: float
    inseam: float
    waist: float
    hip: float
    hip_level: float
    knots: tuple[float, ...]
    widths: tuple[float, ...]
    band: float
    gathered: bool
    fly: bool
    pockets: str
    leg_rows: int

    @property
    def length(self) -> float:
        """From the waistband's upper edge to the hem."""
        return self.rise + self.inseam

    @property
    def thigh(self) -> float:
        """Width of a leg at the crotch."""
        return self.widths[0]

    @property
    def hem(self) -> float:
        """Width of a leg at the hem."""
        return self.widths[-1]

    @property
    def below_band(self) -> float:
        """Width of both halves just below the waistband."""
        if not self.gathered:
            return self.waist
        return self.waist + 0.45 * max(self.hip - self.waist, 0.0)

    def leg_width(self, share: F64) -> F64:
        """Width of a leg at shares (n,) of the inseam below the crotch."""
        return smooth_profile(np.array(self.knots), np.array(self.widths), share)

    def seat_width(self, y: F64) -> F64:
        """Width of both halves at heights ``y`` (n,) between waistband and crotch."""
        low = min(2 * self.thigh, 1.04 * self.hip)
        knots = [-self.rise, self.hip_level, -self.band - _GATHER, -self.band, 0.0]
        widths = [low, self.hip, self.below_band, self.waist, self.waist]
        return smooth_profile(np.array(knots), np.array(widths), y)


def trouser_shape(
    values: Mapping[str, float], choices: Mapping[str, str], leg_rows: int
) -> TrouserShape:
    """The consistent shape of trousers or shorts.

    Any values inside the family's ranges give a sound shape: the inseam keeps 3 cm, two legs are
    nearly as wide as the hips, the waistband lies above the hips, no hem flares by more than 0.7 of
    the inseam.
    """
    v = values
    rise = v["rise"]
    inseam = max(v["length"] - rise, 0.03)
    thigh = max(v["thigh_width"], 0.47 * v["hip_width"])
    hem = min(v["hem_width"], thigh + 0.7 * inseam)
    knots: tuple[float, ...] = (0.0, 1.0)
    widths: tuple[float, ...] = (thigh, hem)
    if "knee_width" in v:
        knots, widths = (0.0, 0.5, 1.0), (thigh, v["knee_width"], hem)
        if choices.get("hem") == "ribbed":
            rib = min(_RIB / inseam, 0.25)
            full = max(hem + 0.6 * (v["knee_width"] - hem), 1.12 * hem)
            knots = (0.0, 0.5, 1 - rib, 1 - 0.8 * rib, 1.0)
            widths = (thigh, v["knee_width"], full, hem, hem)
    return TrouserShape(
        rise=rise,
        inseam=inseam,
        waist=v["waist_width"],
        hip=v["hip_width"],
        hip_level=-_HIP_SHARE * rise,
        knots=knots,
        widths=widths,
        band=min(v["waistband_height"], 0.3 * rise),
        gathered=choices.get("waistband") == "elastic",
        fly=choices.get("closure", "fly") == "fly",
        pockets=choices.get("pockets", "slash"),
        leg_rows=leg_rows,
    )


@dataclass(frozen=True, eq=False)
class _Half:
    """The lines of the left half, each from above downwards, (n, 2)."""

    band: F64
    seat: F64
    outer: F64
    inner: F64
    centre: F64


def _half(
    shape: TrouserShape, angle: float, bend: float, tilt: float, rows: tuple[int, int]
) -> _Half:
    """The lines of the left half.

    Args:
        angle: of the inseam from the vertical, outwards, radians.
        bend: further turn of the lower leg, outwards, radians.
        tilt: how much higher the hem's outer corner lies than its inner one, ratio of its width.
        rows: quads from crotch to waistband and from hem to crotch.
    """
    upper, legs = rows
    t = np.linspace(0.0, 1.0, legs + 1)
    width = shape.leg_width(t)
    tilt = min(tilt, 0.5 * shape.inseam / width[-1])
    heading = angle + bend * smoothstep((t - 0.3) / 0.35)
    middle = (heading[1:] + heading[:-1]) / 2
    step = np.stack([np.sin(middle), -np.cos(middle)], axis=1) * (shape.inseam / legs)
    line = np.array([0.0, -shape.rise]) + np.concatenate([np.zeros((1, 2)), np.cumsum(step, 0)])
    along = np.stack([np.sin(heading), -np.cos(heading)], axis=1)
    across = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    hollow = _HOLLOW * np.maximum(width[0] + (width[-1] - width[0]) * t - width, 0.0)
    inner = line + across * hollow[:, None]
    outer = line + across * (hollow + width)[:, None] - along * (tilt * width * t**2)[:, None]

    # The side runs smoothly from the waistband over the hip into the leg.
    enter = max(1, min(round(legs * min(0.09 / shape.inseam, 0.4)), legs - 1))
    start = np.array([shape.below_band / 2, -shape.band - (_GATHER if shape.gathered else 0.0)])
    hip = np.array([shape.hip / 2, shape.hip_level])
    into = outer[enter]
    out = outer[enter + 1] - outer[enter]
    before = float(np.linalg.norm(outer[0] - hip))
    after = float(np.linalg.norm(outer[enter] - outer[0]))
    share = before / max(before + after, 1e-9)
    chord = into - start
    first, second = hip - start, into - hip
    size = (math.hypot(*first), math.hypot(*second))
    turn = chord / max(math.hypot(*chord), 1e-9)
    lower = np.concatenate([np.linspace(0.0, share, 64), np.linspace(share, 1.0, enter + 1)[1:]])
    high = _hermite(start, first, hip, turn * size[0], np.linspace(0.0, 1.0, 48))
    # A leg too short to have a direction of its own ends as the hip's line runs.
    own = min(shape.inseam / 0.12, 1.0)
    out = own * out / max(math.hypot(*out), 1e-9) + (1 - own) * second / max(size[1], 1e-9)
    low = _hermite(hip, turn * size[1], into, out * size[1], lower)
    outer[: enter + 1] = low[63:]
    corner = np.array([shape.waist / 2, 0.0])
    foot = np.array([shape.waist / 2, -shape.band])
    way = np.concatenate([foot[None], high, low[1:64]])
    return _Half(
        band=np.linspace(corner, foot, BAND_ROWS + 1),
        seat=_even(way, upper),
        outer=outer,
        inner=inner,
        centre=np.linspace([0.0, -shape.band], [0.0, -shape.rise], upper + 1),
    )


def _hermite(a: F64, da: F64, b: F64, db: F64, t: F64) -> F64:
    t = t[:, None]
    t2, t3 = t * t, t * t * t
    line: F64 = (
        (2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * da + (3 * t2 - 2 * t3) * b + (t3 - t2) * db
    )
    return line


def _even(line: F64, steps: int) -> F64:
    """A line (n, 2) in even steps."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0.0, along[-1], steps + 1)
    return np.stack([np.interp(at, along, line[:, k]) for k in (0, 1)], axis=1)


def flat_trousers(shape: TrouserShape, pose: FlatPose, bare: bool = False) -> Flat:
    """Silhouette, landmarks and, unless ``bare``, parts and seams of trousers in a flat pose."""
    rows = (10, max(8, shape.leg_rows // 2))
    halves = [
        _half(shape, angle, bend, pose.hem_tilt, rows)
        for angle, bend in (
            (pose.leg_left, pose.elbow_left),
            (pose.leg_right, pose.elbow_right),
        )
    ]
    t = np.linspace(0.0, 1.0, 10)[:-1]
    back = np.stack([shape.waist / 2 * t, -pose.waist_curve * (1 - t**2)], axis=1)
    loops, outlines = [], []
    for half in halves:
        hem = _hem(half, pose.hem_curve, 6)
        side = [half.band[:-1], half.seat[:-1], half.outer[:-1], hem[:-1], half.inner[::-1]]
        loops.append(np.concatenate(side))
        outlines.append(np.concatenate([back, *side]))
    loop = np.concatenate([outlines[0], (outlines[1] * _FLIP)[-2:0:-1]])
    points: dict[str, F64] = {"crotch": np.array([0.0, -shape.rise])}
    for side_name, half, flip in (("left", halves[0], 1.0), ("right", halves[1], -1.0)):
        mirror = np.array([flip, 1.0])
        points[f"waist_{side_name}"] = half.band[0] * mirror
        hip = int(np.argmin(np.abs(half.seat[:, 1] - shape.hip_level)))
        points[f"hip_{side_name}"] = half.seat[hip] * mirror
        points[f"hem_{side_name}"] = half.outer[-1] * mirror
        points[f"inseam_{side_name}"] = half.inner[-1] * mirror

    def lay(p: F64) -> F64:
        return _lay(shape, pose, p)

    if bare:
        both = lay(np.concatenate([loop, landmark_array(points)]))
        return Flat(both[: len(loop)], both[len(loop) :], {})
    front = np.stack([shape.waist / 2 * t, -_front_dip(pose) * (1 - t**2)], axis=1)
    whole = np.concatenate([back, half.band[:1]])
    within = np.concatenate([front, half.band[:1]])
    parts = {
        "back_inside": np.concatenate([(whole * _FLIP)[:0:-1], whole, within[::-1], within * _FLIP])
    }
    for name, line, mirror in (
        ("left_leg", loops[0], np.array([1.0, 1.0])),
        ("right_leg", loops[1], _FLIP),
    ):
        parts[name] = np.concatenate([front, line]) * mirror
    return Flat(
        outline=lay(loop),
        points=lay(landmark_array(points)),
        parts={k: lay(p) for k, p in parts.items()},
        curves={k: lay(p) for k, p in _curves(shape, pose, halves).items()},
    )


def _front_dip(pose: FlatPose) -> float:
    """How far the middle of the front's upper edge lies below the waist's corners."""
    return pose.waist_curve + max(pose.back_neck, 0.0)


def _hem(half: _Half, curve: float, count: int) -> F64:
    """``count`` + 1 points of a hem from its outer to its inner corner."""
    t = np.linspace(0.0, 1.0, count + 1)[:, None]
    a, b = half.outer[-1], half.inner[-1]
    down = np.array([-(a - b)[1], (a - b)[0]]) / max(float(np.linalg.norm(a - b)), 1e-9)
    line: F64 = a + (b - a) * t - down * (0.5 * curve * 4 * t * (1 - t))
    return line


def _lay(shape: TrouserShape, pose: FlatPose, points: F64) -> F64:
    """Plain flat points into the pose; the hems' tilt is in them already."""
    plain = replace(pose, hem_tilt=0.0)
    return pose_points(points, plain, -shape.length / 2, shape.thigh)


def _curves(shape: TrouserShape, pose: FlatPose, halves: list[_Half]) -> dict[str, F64]:
    """Seams and stitched lines that the front shows, plain flat frame."""
    t = np.linspace(-1.0, 1.0, 13)
    dip = _front_dip(pose) * (1 - t**2)
    foot = halves[0].band[-1]
    lines = {
        "waistband": np.stack([foot[0] * t, foot[1] - dip], axis=1),
        "centre_seam": np.array([[0.0, -shape.band - _front_dip(pose)], [0.0, -shape.rise]]),
    }
    turn = np.linspace(0.0, math.pi / 2, 7)
    low, wide = -shape.band - 0.62 * (shape.rise - shape.band), 0.038
    fly = np.stack([wide * np.cos(turn), low - 0.05 * np.sin(turn)], axis=1)
    if shape.fly:
        lines["fly"] = np.concatenate([[[wide, -shape.band - _front_dip(pose)]], fly])
    for name, half, flip in (("left", halves[0], 1.0), ("right", halves[1], -1.0)):
        mirror = np.array([flip, 1.0])
        seat, inner, outer = half.seat, half.inner, half.outer
        start = np.array([0.62 * seat[0, 0], -shape.band - 0.4 * _front_dip(pose)])
        end = seat[int(0.55 * (len(seat) - 1))]
        if shape.pockets != "none":
            lines[f"pocket_{name}"] = np.stack([start, 0.55 * start + 0.45 * end, end]) * mirror
        if shape.pockets == "cargo":
            low = max(1, round((len(inner) - 1) * min(0.13 / shape.inseam, 0.3)))
            high = max(low + 1, round((len(inner) - 1) * min(0.32 / shape.inseam, 0.75)))
            box = [
                outer[i] + (inner[i] - outer[i]) * t
                for i, t in ((low, 0.02), (low, 0.45), (high, 0.45), (high, 0.02), (low, 0.02))
            ]
            lines[f"pocket_cargo_{name}"] = np.stack(box) * mirror
        above = min(0.025 / shape.inseam, 0.5)
        back = inner + (outer - inner) * 0.5
        at = max(1, round((len(inner) - 1) * (1 - above)))
        lift = (inner[-1] - inner[0]) / max(shape.inseam, 1e-9) * min(0.025, 0.5 * shape.inseam)
        lines[f"hem_{name}"] = np.stack([outer[-1] - lift, inner[-1] - lift]) * mirror
        lines[f"crease_{name}"] = back[: at + 1] * mirror
    return lines


def half_grid(
    shape: TrouserShape, angle: float, bend: float, tilt: float, hem_curve: float = 0.0
) -> F64:
    """Quad grid of the left half, (leg_rows + UPPER_ROWS + 1, COLUMNS + 1, 2), plain flat frame.

    Rows from hem to waistband, columns from the inseam and the middle to the side.
    """
    half = _half(shape, angle, bend, tilt, (UPPER_ROWS, shape.leg_rows))
    inner = np.concatenate([half.inner[::-1], half.centre[-2::-1]])
    outer = np.concatenate([half.outer[::-1], half.seat[-2::-1]])
    across = np.linspace(0.0, 1.0, COLUMNS + 1)[None, :, None]
    grid: F64 = inner[:, None] * (1 - across) + outer[:, None] * across
    if hem_curve:
        fade = np.linspace(1.0, 0.0, shape.leg_rows + 1)[:, None] ** 2
        along = half.inner[-1] - half.inner[0]
        along = along / max(float(np.linalg.norm(along)), 1e-9)
        bow = 0.5 * hem_curve * 4 * across[0, :, 0] * (1 - across[0, :, 0])
        grid[: shape.leg_rows + 1] += (fade * bow)[..., None] * along
    return grid


def band_grid(shape: TrouserShape) -> F64:
    """Quad grid of one half of the waistband, (BAND_ROWS + 1, 2 * COLUMNS + 1, 2)."""
    y = np.linspace(-shape.band, 0.0, BAND_ROWS + 1)
    x = np.linspace(-shape.waist / 2, shape.waist / 2, 2 * COLUMNS + 1)
    return np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=-1)


def trouser_pattern(shape: TrouserShape) -> Pattern:
    """The panels' quad grids and their seams: outseams, inseams, rises, waistband."""
    cut = half_grid(shape, CUT_ANGLE, 0.0, 0.0)
    lift = np.zeros(cut.shape[:2])
    share = np.linspace(0.0, 1.0, UPPER_ROWS + 1) ** 2
    middle = (1 - np.linspace(0.0, 1.0, COLUMNS + 1)) ** 2
    lift[shape.leg_rows :] = _BACK_LIFT * share[:, None] * middle
    back = cut + np.stack([np.zeros_like(lift), lift], axis=-1)
    panels: list[Panel] = []
    first = 0
    for name, grid in (
        ("right_front", cut[:, ::-1] * _FLIP),
        ("left_front", cut),
        ("right_back", back[:, ::-1] * _FLIP),
        ("left_back", back),
        ("waistband_front", band_grid(shape)),
        ("waistband_back", band_grid(shape)),
    ):
        panels.append(Panel(name, np.ascontiguousarray(grid), first))
        first += grid[..., 0].size
    number = {p.name: p.numbers() for p in panels}
    leg = shape.leg_rows + 1
    seams = []
    for side, inner, outer in (("left", 0, -1), ("right", -1, 0)):
        front, rear = number[f"{side}_front"], number[f"{side}_back"]
        seams.append(Seam(f"{side}_outseam", front[:, outer], rear[:, outer]))
        seams.append(Seam(f"{side}_inseam", front[:leg, inner], rear[:leg, inner]))
    for face in ("front", "back"):
        left, right = number[f"left_{face}"], number[f"right_{face}"]
        band = number[f"waistband_{face}"][0]
        seams.append(Seam(f"{face}_rise", left[leg - 1 :, 0], right[leg - 1 :, -1]))
        seams.append(Seam(f"left_{face}_waist", left[-1], band[COLUMNS:]))
        seams.append(Seam(f"right_{face}_waist", right[-1], band[: COLUMNS + 1]))
    ends = (number["waistband_front"], number["waistband_back"])
    seams.append(Seam("left_waistband", ends[0][:, -1], ends[1][:, -1]))
    seams.append(Seam("right_waistband", ends[0][:, 0], ends[1][:, 0]))
    return Pattern(tuple(panels), tuple(seams))


def trouser_flat_grid(shape: TrouserShape, pose: FlatPose) -> tuple[F64, NDArray[np.bool_]]:
    """Where each vertex lies in a flat pose, (n, 2) metres, and whether the camera sees it (n,)."""
    left = half_grid(shape, pose.leg_left, pose.elbow_left, pose.hem_tilt, pose.hem_curve)
    right = half_grid(shape, pose.leg_right, pose.elbow_right, pose.hem_tilt, pose.hem_curve)
    band = band_grid(shape)
    dip = _front_dip(pose)
    across = np.linspace(0.0, 1.0, COLUMNS + 1)
    share = np.clip(np.arange(len(left)) - shape.leg_rows, 0, None)[:, None] / UPPER_ROWS
    sag = np.stack([np.zeros(left.shape[:2]), share * dip * (1 - across**2)], axis=-1)
    left, right = left - sag, right - sag
    wide = np.linspace(-1.0, 1.0, 2 * COLUMNS + 1)
    band = band - np.stack([np.zeros_like(wide), dip * (1 - wide**2)], axis=-1)
    places = np.concatenate(
        [g.reshape(-1, 2) for g in (right[:, ::-1] * _FLIP, left) * 2 + (band, band)]
    )
    counts = [2 * left[..., 0].size, 2 * left[..., 0].size, band[..., 0].size, band[..., 0].size]
    seen = np.repeat([True, False, True, False], counts)
    return _lay(shape, pose, places), seen
