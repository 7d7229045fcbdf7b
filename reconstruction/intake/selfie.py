"""A wearer who takes the photo in a mirror: told by the phone held before the clothes.

Such a photo shows a mirror image: buttons, pockets and prints lie on the other side than in truth.
A phone is believed in where a small upright or level rectangle of one tone, unlike the clothes,
lies on the upper part of the wearer and is held by bare skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .worn import colour_ratios, skin_like

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_WORK = 400
_ASPECT = (1.5, 2.6)
"""Of a phone's sides; with a case, and seen a little from the side."""
_LONG = (0.05, 0.24)
"""Its longer side, in shares of how much of the wearer is seen from top to bottom."""
_FILLED = 0.84
"""Least share of its upright box turned to fit that it fills."""
_HELD = (0.06, 0.75)
"""Share of its outline that touches skin: a hand holds it and does not surround it."""
_UPPER = 0.7
"""It is held within this share of the wearer's height from the top."""
_APART = 16.0
"""Least difference in CIELAB from the clothes."""
_EVEN = 14.0
"""Most standard deviation of its lightness."""

_SKIN = (0.16, 0.2, 0.8)
"""How far ln(R/G), ln(B/G) and ln(G) of a hand may be from the wearer's other bare places."""


@dataclass(frozen=True)
class Selfie:
    """A photo that its wearer takes in a mirror.

    Attributes:
        phone: left, top, right, bottom of the phone, pixels.
    """

    phone: tuple[int, int, int, int]

    @property
    def note(self) -> str:
        """What a person should read."""
        left, top, right, bottom = self.phone
        return (
            "Somebody seems to take this photo of themselves in a mirror (a phone at "
            f"{left},{top} to {right},{bottom}): left and right are swapped, prints read "
            "backwards, and the phone may be taken for cloth. Let somebody else take it, or lay "
            "the garment flat."
        )


def find_selfie(rgb: U8, person: F32, clothes: F32) -> Selfie | None:
    """The finding, or None for any other photo.

    Args:
        rgb: (h, w, 3) uint8 sRGB.
        person: (h, w) float32, 0 to 1, of all that stands out.
        clothes: (h, w) the same without skin and hair; where nobody wears them, the very same.
    """
    height, width = person.shape
    scale = min(1.0, _WORK / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    solid = cv2.resize(person, size, interpolation=cv2.INTER_AREA) > 0.5
    cloth = cv2.resize(clothes, size, interpolation=cv2.INTER_AREA) > 0.5
    bare = solid & ~cloth & skin_like(small)
    if not bare.any() or not cloth.any():
        return None
    # A hand before the clothes is an island that the clothes' mask may have closed.
    ratios = colour_ratios(small)
    own = np.abs(ratios - np.median(ratios[bare], axis=0)) < _SKIN
    skin = solid & own.all(axis=-1)
    rows = np.flatnonzero(solid.any(axis=1))
    first, tall = int(rows[0]), int(np.ptp(rows)) + 1
    lab = cv2.cvtColor(cv2.medianBlur(small, 3).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    apart = np.linalg.norm(lab - np.median(lab[cloth], axis=0), axis=-1)
    odd = (solid & (apart > _APART)).astype(np.uint8)
    # Hand and phone touch: what is held is told from skin by lightness, dark or bright.
    usual = float(np.median(lab[bare][:, 0]))
    for unlike in (lab[..., 0] < usual - 12, lab[..., 0] > usual + 12):
        whole = cv2.morphologyEx(odd * unlike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        found = _phone(whole, lab[..., 0], skin & ~(whole > 0), first, tall)
        if found is not None:
            left, top, right, bottom = (round(v / scale) for v in found)
            return Selfie((left, top, right, bottom))
    return None


def _phone(
    odd: U8, light: F32, skin: Bool, first: int, tall: int
) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of a piece that is a phone held by skin."""
    count, label, stats, _ = cv2.connectedComponentsWithStats(odd, None, 4)
    for i in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[i])
        long = max(w, h)
        if not _LONG[0] * tall / 1.5 < long < 1.5 * _LONG[1] * tall or area < 24:
            continue
        if y + h / 2 > first + _UPPER * tall:
            continue
        piece = label == i
        corners = np.argwhere(piece)[:, ::-1].astype(np.float32)
        (_, sides, _) = cv2.minAreaRect(corners)
        long, short = max(sides) + 1, min(sides) + 1
        if not _ASPECT[0] < long / short < _ASPECT[1] or area < _FILLED * long * short:
            continue
        if not _LONG[0] * tall < long < _LONG[1] * tall or float(light[piece].std()) > _EVEN:
            continue
        ring = (cv2.dilate(piece.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~piece
        if _HELD[0] < float(skin[ring].mean()) < _HELD[1]:
            return x, y, x + w, y + h
    return None
