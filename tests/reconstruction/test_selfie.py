"""A wearer with a phone before the clothes takes the photo in a mirror; a print is no phone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from worn_pictures import SKINS, Outfit, picture

from reconstruction.intake.selfie import find_selfie
from reconstruction.intake.worn import part_from_wearer

BLACK, WHITE = (26, 26, 30), (235, 235, 238)
OUTFITS = (
    (Outfit(("t_shirt",), ((40, 80, 160),), SKINS[0], (190, 150, 90), (225, 225, 225)), BLACK),
    (Outfit(("dress",), ((170, 30, 50),), SKINS[1], (150, 60, 30), (150, 160, 170)), BLACK),
    (Outfit(("dress",), ((60, 90, 70),), SKINS[3], (20, 18, 16), (200, 205, 200)), WHITE),
)


def held(outfit: Outfit, phone: tuple[int, int, int], *, hand: bool, tilt: float = 12.0):
    """The wearer with a phone before the chest, in a hand or, as a print, in none."""
    rgb, _, person = picture(outfit)
    rgb = rgb.copy()
    rows, columns = (np.flatnonzero(person.any(axis=axis)) for axis in (1, 0))
    at = (float(columns.mean()) + 12, float(rows[0] + 0.3 * np.ptp(rows)))
    if hand:
        spot = (round(at[0] + 4), round(at[1] + 22))
        cv2.ellipse(rgb, spot, (19, 15), 0, 0, 360, outfit.skin, -1, cv2.LINE_AA)
    box = cv2.boxPoints((at, (27.0, 54.0), tilt)).astype(np.int32)
    cv2.fillPoly(rgb, [box], phone, cv2.LINE_AA)
    return rgb, person.astype(np.float32), at


@pytest.mark.parametrize(("outfit", "phone"), OUTFITS, ids=("light", "tan", "dark"))
def test_a_phone_in_a_hand_before_the_clothes_is_a_mirror(outfit: Outfit, phone) -> None:
    rgb, person, at = held(outfit, phone, hand=True)
    clothes, worn = part_from_wearer(rgb, person)
    assert worn.found
    found = find_selfie(rgb, person, clothes)
    assert found is not None
    left, top, right, bottom = found.phone
    assert left < at[0] < right
    assert top < at[1] < bottom
    assert "mirror" in found.note


@pytest.mark.parametrize(("outfit", "phone"), OUTFITS, ids=("light", "tan", "dark"))
def test_a_print_a_bare_hand_and_a_plain_wearer_are_none(outfit: Outfit, phone) -> None:
    plain, _, whole = picture(outfit)
    for rgb, person in (
        held(outfit, phone, hand=False)[:2],
        held(outfit, outfit.colours[0], hand=True)[:2],
        (plain, whole.astype(np.float32)),
    ):
        clothes, _ = part_from_wearer(rgb, person)
        assert find_selfie(rgb, person, clothes) is None


def test_clothes_that_nobody_wears_hold_no_phone() -> None:
    rgb, person, _ = held(*OUTFITS[0], hand=True)
    assert find_selfie(rgb, person, person) is None
