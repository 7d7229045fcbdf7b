"""The measures of a top, and the curves that follow from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .garment_flat import F64, bezier, smooth_profile
from .garment_trim import Trim

CUT_ANGLE = 0.5
"""Angle of a sleeve's upper edge below the horizontal for which the sleeve is cut, radians."""


@dataclass(frozen=True)
class UpperShape:
    """The measures of a top, made consistent; metres, see the families' data files for the words.

    Attributes:
        levels, widths: y (negative, from the hem up to the armpit) and half girth of the body
            panels there.
        body_rows, sleeve_rows: quads from hem to armpit and from cuff to armhole.
        trim: collar, front opening, cuffs and the hem's curve.
    """

    length: float
    levels: tuple[float, ...]
    widths: tuple[float, ...]
    waist_level: float
    hip_level: float | None
    shoulder_half: float
    shoulder_drop: float
    armhole_depth: float
    sleeve_length: float
    cuff_width: float
    neck_half: float
    neck_depth: float
    neckline: str
    body_rows: int
    sleeve_rows: int
    trim: Trim = field(default_factory=Trim)

    @property
    def chest_half(self) -> float:
        return self.widths[-1] / 2

    @property
    def hem_half(self) -> float:
        return self.widths[0] / 2

    @property
    def side_length(self) -> float:
        """From the high shoulder point down to the hem's corners."""
        return self.length - self.trim.hem_rise

    @property
    def sleeve_levels(self) -> F64:
        """(sleeve_rows + 1,) shares of the sleeve's length from the cuff's edge to the armhole."""
        return self.trim.sleeve_levels(self.sleeve_rows, self.sleeve_length)

    @property
    def back_neck_depth(self) -> float:
        """Depth of the rear neckline: a fixed share of the front's, as patterns are cut."""
        return min(max(0.18 * self.neck_depth, 0.012), 0.03)

    @property
    def armpit(self) -> F64:
        """Armpit on the wearer's left."""
        return np.array([self.chest_half, -self.armhole_depth])

    @property
    def shoulder(self) -> F64:
        """Shoulder point on the wearer's left."""
        return np.array([self.shoulder_half, -self.shoulder_drop])

    @property
    def sleeve_width(self) -> float:
        """Half girth of the sleeve at the armpit, square to its upper edge, as it is cut."""
        down = np.array([-math.sin(CUT_ANGLE), -math.cos(CUT_ANGLE)])
        return max(float((self.armpit - self.shoulder) @ down), 0.8 * self.cuff_width, 0.07)

    def half_width(self, y: F64) -> F64:
        """Half the width of a body panel between hem and armpit at heights ``y`` (n,)."""
        return smooth_profile(np.array(self.levels), np.array(self.widths), y) / 2

    def armhole(self, count: int) -> F64:
        """``count`` points from the left armpit up to the left shoulder point."""
        a, s = self.armpit, self.shoulder
        inner = min(a[0], s[0]) - 0.10 * (s[1] - a[1])
        return bezier(a, np.array([inner, a[1] + 0.22 * (s[1] - a[1])]), s, count)

    def neck_drop(self, x: F64, depth: float) -> F64:
        """Y of a neckline of this depth at distances ``x`` (n,) from the middle."""
        r = np.clip(np.abs(x) / self.neck_half, 0.0, 1.0)
        if self.neckline == "v":
            return -depth * (1.0 - r) ** 0.9
        if self.neckline == "square":
            return -depth * np.clip(1.0 - r**8, 0.0, 1.0) ** 0.7
        return -depth * (1.0 - r**2.2) ** 0.62

    def neckline_curve(self, depth: float, count: int) -> F64:
        """``count`` points of a neckline from the left high shoulder point to the middle."""
        x = self.neck_half * np.cos(np.linspace(0.0, math.pi / 2, count))
        x[-1] = 0.0
        drop = self.neck_drop(x, depth) if self.neckline == "v" or depth > 0.04 else None
        if drop is None:
            r = x / self.neck_half
            drop = -depth * (1.0 - r**2)
        return np.stack([x, drop], axis=1)
