"""What a top has beyond its body and sleeves: collar, opening, cuffs, pockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from .garment_flat import F64, smoothstep

Collar = Literal["none", "stand", "shirt", "lapel", "hood"]
Opening = Literal["none", "closed", "open"]

HALF = 28
"""Quads of a collar from the front edge to the middle of the back; the shoulder is half-way."""
CUFF_ROWS = 3
"""Quads along a cuff."""


@dataclass(frozen=True)
class Trim:
    """What a top has beyond its body and sleeves; lengths in metres.

    Attributes:
        stand: height of the collar band at the middle of the back.
        fall: width of the leaf there, from the fold to the edge.
        point: length of the leaf's front edge; of lapels their greatest width.
        hood_height: from the high shoulder point to the top of the hood laid flat.
        hood_width: from the face opening to the back seam.
        opening: whether the front is cut in two, and whether it is worn open.
        fastening: ``"none"``, ``"buttons"`` or ``"zip"``.
        gap: distance of an open front's edges at the hem.
        cuff: height of the cuffs; 0 without.
        hem_rise: how much higher the hem ends at the side seams than in the middle.
        band: whether hem and cuffs end in a ribbed band.
        pockets: ``"none"``, ``"chest"``, ``"two_chest"``, ``"welt"`` or ``"patch"``.
    """

    collar: Collar = "none"
    stand: float = 0.0
    fall: float = 0.0
    point: float = 0.0
    hood_height: float = 0.0
    hood_width: float = 0.0
    opening: Opening = "none"
    fastening: str = "none"
    gap: float = 0.0
    cuff: float = 0.0
    hem_rise: float = 0.0
    band: bool = False
    pockets: str = "none"

    def gap_at(self, depth: F64) -> F64:
        """Distance of an open front's edges at shares (n,) of the body's length."""
        result: F64 = self.gap * (0.35 + 0.65 * smoothstep(depth))
        return result

    def sleeve_levels(self, rows: int, length: float) -> F64:
        """(rows + 1,) shares of a sleeve's length from the cuff's edge to the armhole."""
        if self.cuff <= 0 or rows <= CUFF_ROWS:
            return np.linspace(0.0, 1.0, rows + 1)
        share = min(self.cuff / length, 0.5)
        cuff = np.linspace(0.0, share, CUFF_ROWS + 1)
        return np.concatenate([cuff, np.linspace(share, 1.0, rows - CUFF_ROWS + 1)[1:]])

    def stand_heights(self) -> F64:
        """(2 * HALF + 1,) of the band, from the right front edge around the back."""
        q = around()
        if self.collar == "lapel":
            return 0.002 + self.stand * smoothstep((0.80 - q) / 0.35)
        return np.maximum(self.stand * (1.0 - 0.12 * q**4), 0.006)

    def leaf_widths(self) -> F64:
        """(2 * HALF + 1,) of the leaf, from the right front edge around the back."""
        q = around()
        if self.collar == "lapel":
            collar = self.fall * (1.0 + 0.25 * smoothstep((q - 0.4) / 0.25))
            lapel = np.maximum(self.point * (1.0 - q) / 0.30, 0.006)
            width = np.where(q < 0.68, collar, np.minimum(lapel, self.point))
            return width * np.where(np.abs(q - 0.68) < 0.02, 0.7, 1.0)
        return self.fall + (self.point - self.fall) * smoothstep((q - 0.45) / 0.55)


def trim_of(values: Mapping[str, float], choices: Mapping[str, str], sleeves: str) -> Trim:
    """The trim of a top's complete values and choices; a plain one for families without any."""
    front = choices.get("front", "pullover")
    collar = cast(Collar, choices.get("collar", "none"))
    opening: Opening = "open" if front == "open" else "closed"
    fastening = {"buttons": "buttons", "zip": "zip"}.get(front, "none")
    band = choices.get("bands") == "ribbed"
    cuffed = sleeves == "long" and (band or choices.get("bands") == "cuffs")
    return Trim(
        collar=collar,
        stand=values.get("collar_height", 0.0),
        fall=values.get("collar_width", 0.0),
        point=values.get("lapel_width" if collar == "lapel" else "collar_point", 0.0)
        or values.get("collar_width", 0.0) * 1.3,
        hood_height=values.get("hood_height", 0.0),
        hood_width=values.get("hood_width", 0.0),
        opening="none" if front == "pullover" else opening,
        fastening=fastening,
        gap=values.get("front_gap", 0.0) if front == "open" else 0.0,
        cuff=values.get("cuff_height", 0.0) if cuffed else 0.0,
        hem_rise=values.get("hem_rise", 0.0),
        band=band,
        pockets=choices.get("pockets", "none"),
    )


def around() -> F64:
    """(2 * HALF + 1,): 1 at the front edges, one half at the shoulders, 0 at the back's middle."""
    return np.abs(np.linspace(-1.0, 1.0, 2 * HALF + 1))
