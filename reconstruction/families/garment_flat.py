"""Garments laid flat: pose, silhouette, landmarks and sewing panels, as plain arrays.

Flat frame: metres, x towards the wearer's left (the right of a picture of the front), y up,
origin midway between the two high shoulder points (tops) or at the waist's middle (skirts).
"Left" and "right" in every name are the wearer's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

LANDMARKS: tuple[str, ...] = (
    "neck_left",
    "neck_right",
    "neck_center",
    "shoulder_left",
    "shoulder_right",
    "cuff_outer_left",
    "cuff_outer_right",
    "cuff_inner_left",
    "cuff_inner_right",
    "armpit_left",
    "armpit_right",
    "waist_left",
    "waist_right",
    "hip_left",
    "hip_right",
    "hem_left",
    "hem_right",
    "hem_center",
    "crotch",
    "inseam_left",
    "inseam_right",
)
"""Every landmark that any garment family knows, in the order of :attr:`Flat.points`.

``neck_center`` is the lowest middle point of the front neckline, ``hem_*`` of a leg is its outer
corner and ``inseam_*`` its inner one.
"""

PARTS: tuple[str, ...] = (
    "hood",
    "hood_inside",
    "collar_back",
    "back_inside",
    "front",
    "right_front",
    "left_front",
    "left_leg",
    "right_leg",
    "left_sleeve",
    "right_sleeve",
    "right_collar_stand",
    "right_collar",
    "left_collar_stand",
    "left_collar",
)
"""Every visible part of a flat garment, in painting order (later ones may cover earlier ones)."""

INSIDE_OUT = frozenset(("right_sleeve", "right_cuff", "collar_stand", "collar", "right_hood"))
"""Panels, besides backs, whose grids run clockwise as seen from outside when worn."""


@dataclass(frozen=True)
class FlatPose:
    """How a garment lies or hangs in front of the camera; nothing of it belongs to the product.

    Attributes:
        rotation: in-plane rotation about the garment's middle, radians, counter-clockwise.
        sleeve_left, sleeve_right: angle of a sleeve's upper edge below the horizontal, radians.
        elbow_left, elbow_right: further bend half-way down the sleeve, radians, down positive; of
            trousers the bend at the knee, outwards positive.
        lean: shear, metres of x per metre of y.
        asymmetry: how much wider the wearer's left half is than the right, ratio.
        keystone_x, keystone_y: perspective, change of scale per metre along x and y.
        hem_curve: how far the middle of the hem hangs below its corners, metres.
        hem_tilt: how much higher the left hem corner is than the middle, ratio of half a width;
            of trousers, how much higher each hem's outer corner is, ratio of the hem's width.
        back_neck: how far the rear edge of the neck opening, which closes the silhouette, dips
            below the high shoulder points, metres; of trousers, how far the front of the waist
            dips below its back.
        waist_curve: how far the middle of a skirt's waist dips below its corners, metres.
        leg_left, leg_right: angle of a trouser leg's inseam from the vertical, outwards, radians.
    """

    rotation: float = 0.0
    sleeve_left: float = 0.5
    sleeve_right: float = 0.5
    elbow_left: float = 0.0
    elbow_right: float = 0.0
    lean: float = 0.0
    asymmetry: float = 0.0
    keystone_x: float = 0.0
    keystone_y: float = 0.0
    hem_curve: float = 0.0
    hem_tilt: float = 0.0
    back_neck: float = 0.015
    waist_curve: float = 0.01
    leg_left: float = 0.08
    leg_right: float = 0.08


@dataclass(frozen=True, eq=False)
class Flat:
    """A garment in one flat pose.

    Attributes:
        outline: (k, 2) metres, closed silhouette loop without its repeated last point, clockwise
            from the middle of the neck (or waist) over the wearer's left. It crosses itself where
            a steep sleeve lies on the body: fill ``parts`` instead of it. ``k`` depends on the
            choices only.
        points: (len(LANDMARKS), 2) metres, NaN where the garment has no such landmark.
        parts: part name to its (p, 2) polygon, in painting order; their union is the silhouette.
        curves: named open lines to draw on the garment, such as ``"neckline"``.
    """

    outline: F64
    points: F64
    parts: Mapping[str, F64]
    curves: Mapping[str, F64] = field(default_factory=dict)

    @property
    def landmarks(self) -> dict[str, tuple[float, float]]:
        """The landmarks that this garment has, by name."""
        return {
            name: (float(x), float(y))
            for name, (x, y) in zip(LANDMARKS, self.points, strict=True)
            if math.isfinite(x)
        }


@dataclass(frozen=True, eq=False)
class Panel:
    """One sewing panel, cut flat.

    Attributes:
        name: such as ``"front"`` (or ``"right_front"`` and ``"left_front"``), ``"back"``,
            ``"left_sleeve"``, ``"left_cuff"``, ``"collar_stand"``, ``"collar"`` or
            ``"left_hood"``.
        grid: (rows, columns, 2) metres: a quad grid over the panel. Rows run from hem to shoulder
            (from cuff to armhole on sleeves); columns from the wearer's right to the left on the
            front and the back, and once around the arm on sleeves, from the underarm over the
            front, the top and the back to the underarm again. A collar's rows run from the
            neckline upwards (a leaf's from its edge to the fold), its columns from the wearer's
            right front edge around the back; a hood half's columns from the face to the back.
        first: number of the grid's first vertex in the garment's mesh.
    """

    name: str
    grid: F64
    first: int

    @property
    def reverse(self) -> bool:
        """Whether its grid runs the other way round when it is seen from outside."""
        return self.name in INSIDE_OUT or self.name.endswith("back")

    @property
    def outline(self) -> F64:
        """The (k, 2) cutting line, counter-clockwise from the first vertex, without allowance."""
        g = self.grid
        return np.concatenate([g[0, :-1], g[:-1, -1], g[-1, :0:-1], g[:0:-1, 0]])

    def numbers(self) -> NDArray[np.int32]:
        """(rows, columns) int32, the mesh's vertex number of each grid point."""
        rows, columns = self.grid.shape[:2]
        return (self.first + np.arange(rows * columns, dtype=np.int32)).reshape(rows, columns)


@dataclass(frozen=True, eq=False)
class Seam:
    """Two panel edges sewn together: vertex ``a[i]`` meets vertex ``b[i]`` of the mesh."""

    name: str
    a: NDArray[np.int32]
    b: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Pattern:
    """The panels of a garment and how they are sewn, metres."""

    panels: tuple[Panel, ...]
    seams: tuple[Seam, ...]

    def panel(self, name: str) -> Panel:
        """The panel called ``name``."""
        return next(p for p in self.panels if p.name == name)


def bezier(start: F64, control: F64, end: F64, count: int) -> F64:
    """``count`` points of a quadratic Bezier curve, both ends included."""
    curve: F64 = _bernstein(count) @ np.stack([start, control, end])
    return curve


@cache
def _bernstein(count: int) -> F64:
    t = np.linspace(0.0, 1.0, count)
    return np.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=1)


def smooth_profile(knots: F64, values: F64, at: F64) -> F64:
    """Monotone cubic interpolation (Fritsch-Carlson) that never overshoots its knots.

    Args:
        knots: (k,) strictly ascending.
        values: (k,).
        at: (n,) places; held constant outside the knots.
    """
    step = np.diff(knots)
    slope = np.diff(values) / step
    left, right = slope[:-1], slope[1:]
    harmonic = np.where(left * right > 0, 2 * left * right / (left + right + 1e-30), 0.0)
    tangent = np.concatenate([slope[:1], harmonic, slope[-1:]])
    where = np.minimum(np.maximum(at, knots[0]), knots[-1])
    i = np.minimum(np.maximum(np.searchsorted(knots, where, side="right") - 1, 0), len(step) - 1)
    h = step[i]
    t = (where - knots[i]) / h
    t2, t3 = t * t, t * t * t
    result: F64 = (
        (2 * t3 - 3 * t2 + 1) * values[i]
        + (t3 - 2 * t2 + t) * h * tangent[i]
        + (3 * t2 - 2 * t3) * values[i + 1]
        + (t3 - t2) * h * tangent[i + 1]
    )
    return result


def smoothstep(x: F64) -> F64:
    """0 below 0, 1 above 1, with a smooth rise between."""
    t = np.clip(x, 0.0, 1.0)
    result: F64 = t * t * (3 - 2 * t)
    return result


def pose_points(points: F64, pose: FlatPose, middle: float, half_width: float) -> F64:
    """Lay points of the plain flat frame into a pose.

    Args:
        points: (..., 2) metres, plain flat frame.
        middle: y of the garment's middle, about which it turns.
        half_width: half the garment's width, the scale of ``hem_tilt``.
    """
    x = points[..., 0]
    y = points[..., 1] - middle
    x = x + pose.asymmetry * np.abs(x)
    low = np.clip(-y / max(abs(middle), 1e-6), 0.0, 1.0)
    y = y + pose.hem_tilt * low * np.clip(x, -half_width, half_width)
    x = x + pose.lean * y
    scale = 1.0 / np.maximum(1.0 + pose.keystone_x * x + pose.keystone_y * y, 0.2)
    x, y = x * scale, y * scale
    c, s = math.cos(pose.rotation), math.sin(pose.rotation)
    return np.stack([c * x - s * y, s * x + c * y + middle], axis=-1)


def landmark_array(points: Mapping[str, F64]) -> F64:
    """(len(LANDMARKS), 2) with NaN for what ``points`` lacks."""
    table = np.full((len(LANDMARKS), 2), np.nan)
    for name, point in points.items():
        table[LANDMARKS.index(name)] = point
    return table
