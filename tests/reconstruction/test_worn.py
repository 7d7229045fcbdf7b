"""A garment that somebody wears is parted from its wearer; one laid flat loses nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from worn_pictures import SKINS, Outfit, picture

from reconstruction.intake.photo import Photo, read_photo
from reconstruction.intake.worn import garments, part_from_wearer, waist

PHOTOS = Path(__file__).parents[3] / "shared/data/garment_photos/train"

OUTFITS = (
    Outfit(("t_shirt",), ((40, 80, 160),), SKINS[0], (190, 150, 90), (225, 225, 225)),
    Outfit(("dress",), ((170, 30, 50),), SKINS[1], (150, 60, 30), (150, 160, 170)),
    Outfit(("dress",), ((235, 235, 232),), SKINS[2], (20, 18, 16), (120, 130, 110)),
    Outfit(
        ("t_shirt", "trousers"),
        ((60, 120, 60), (60, 60, 65)),
        SKINS[3],
        (60, 40, 30),
        (200, 205, 210),
    ),
    Outfit(("t_shirt",), ((190, 170, 130),), SKINS[4], (12, 10, 10), (240, 240, 240)),
)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def headless(person: np.ndarray) -> np.ndarray:
    """The mask of a photo that ends at the chin."""
    out = person.copy()
    out[: int(np.flatnonzero(person.any(axis=1))[0]) + 80] = False
    return out


@pytest.mark.parametrize("outfit", OUTFITS, ids=lambda o: "-".join(map(str, o.skin)))
def test_the_wearer_goes_and_the_clothes_stay(outfit: Outfit) -> None:
    rgb, clothes, person = picture(outfit)
    true = np.any(clothes, axis=0)
    assert iou(person, true) < 0.85
    kept, worn = part_from_wearer(rgb, person.astype(np.float32))
    assert worn.found
    assert {"face", "skin", "hair"} <= set(worn.what)
    assert iou(kept > 0.5, true) > 0.95
    rest = headless(person)
    kept, worn = part_from_wearer(rgb, rest.astype(np.float32))
    if worn.found:
        assert iou(kept > 0.5, true & rest) > 0.95
    else:  # The fewest signs: nothing may go.
        assert np.array_equal(kept, rest.astype(np.float32))


def test_upper_and_lower_garment_are_listed_larger_first() -> None:
    rgb, (shirt, trousers), _ = picture(OUTFITS[3])
    clothes = (shirt | trousers).astype(np.float32)
    row = waist(rgb, clothes)
    assert row is not None
    assert abs(row - np.flatnonzero(trousers.any(axis=1))[0]) < 8

    def look(own: np.ndarray) -> SimpleNamespace:
        upper = own[:row].sum() > own[row:].sum()
        return SimpleNamespace(categories={"t-shirt" if upper else "pants": 0.9})

    found = garments(rgb, clothes, rgb.shape[:2], look)
    assert {s.category for s in found} == {"t-shirt", "pants"}
    assert found[0].mask.sum() >= found[1].mask.sum()
    # One garment of two colours, as the network sees it, stays one.
    one = SimpleNamespace(categories={"dress": 0.9})
    assert garments(rgb, clothes, rgb.shape[:2], lambda own: one) == ()


def flat(colour: tuple[int, int, int], ground: tuple[int, int, int]) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(1)
    mask = np.zeros((500, 460), np.uint8)
    outline = [(180, 60), (120, 80), (30, 190), (80, 230), (120, 180), (120, 440), (330, 440)]
    outline += [(330, 180), (380, 230), (430, 190), (330, 80), (275, 60), (228, 85)]
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 1)
    rgb = np.where(mask[..., None] > 0, colour, ground) + rng.normal(0, 4, (500, 460, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8), mask.astype(np.float32)


@pytest.mark.parametrize("colour", [SKINS[0], SKINS[2], (60, 90, 160)])
@pytest.mark.parametrize("ground", [SKINS[1], (190, 140, 95), (240, 240, 240)])
def test_a_garment_laid_flat_keeps_all(colour: tuple[int, ...], ground: tuple[int, ...]) -> None:
    rgb, mask = flat(colour, ground)
    kept, worn = part_from_wearer(rgb, mask)
    assert not worn.found
    assert kept is mask


def test_the_pipeline_says_that_somebody_wears_it() -> None:
    from reconstruction.networks.segmentation import Mask
    from reconstruction.pipeline import _recognise

    rgb, (dress,), person = picture(OUTFITS[1])
    photo = Photo("worn.png", "0" * 64, rgb, None, rgb.shape[1], rgb.shape[0])
    seen = _recognise(photo, Mask(person.astype(np.float32), 0.9), ("dress",))
    assert iou(seen.mask.hard, dress) > 0.95
    assert any("wears the garment" in note for note in seen.notes)
    assert seen.trust < 1


@pytest.mark.skipif(not PHOTOS.exists(), reason="the shared garment photos are not here")
def test_real_garments_laid_flat_keep_all() -> None:
    """On the cheapest mask: the middle of each photo, skin-coloured floors and all."""
    files = [f for f in sorted(PHOTOS.glob("*/*")) if f.parent.name not in ("shoes", "hat")][::300]
    lost = []
    for file in files:
        rgb = read_photo(file).rgb
        mask = np.zeros(rgb.shape[:2], np.float32)
        h, w = mask.shape
        mask[h // 8 : -h // 8, w // 8 : -w // 8] = 1
        if part_from_wearer(rgb, mask)[1].found:
            lost.append(file.name)
    assert len(lost) <= 1, lost
