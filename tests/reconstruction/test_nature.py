"""Drawings, screenshots and darkness are told from photographs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from reconstruction.intake.nature import doubts
from reconstruction.intake.photo import read_photo

PHOTOS = Path(__file__).parents[3] / "shared/data/garment_photos/train"

SHIRT = [(200, 90), (150, 110), (60, 220), (110, 260), (150, 210), (150, 430), (330, 430)]
SHIRT += [(330, 210), (370, 260), (420, 220), (330, 110), (280, 90), (240, 110)]


def kinds(picture: np.ndarray) -> list[str]:
    return [d.kind for d in doubts(picture)]


def through_jpeg(picture: np.ndarray, quality: int = 85) -> np.ndarray:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def drawn_shirt(fill: str | None) -> np.ndarray:
    image = Image.new("RGB", (480, 520), "white")
    draw = ImageDraw.Draw(image)
    draw.polygon(SHIRT, fill=fill)
    draw.line([*SHIRT, SHIRT[0]], fill="black", width=4)
    draw.line([(240, 110), (240, 430)], fill="black", width=2)
    for y in range(150, 420, 50):
        draw.ellipse((246, y, 256, y + 10), outline="black", width=2)
    return np.asarray(image)


def photographed_shirt(seed: int) -> np.ndarray:
    """Cloth and wall as a camera sees them: folds, light falling off, noise."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((520, 480), np.uint8)
    cv2.fillPoly(mask, [np.array(SHIRT, np.int32)], 1)
    folds = cv2.GaussianBlur(rng.normal(0, 1, mask.shape), (0, 0), 6)
    cloth = np.array([150, 60, 60]) * (1 + 0.12 * folds / folds.std())[..., None]
    wall = np.array([225, 222, 215]) * np.linspace(1, 0.8, 520)[:, None, None]
    rgb = np.where(mask[..., None] > 0, cloth, wall) + rng.normal(0, 2.5, (520, 480, 3))
    return np.asarray(np.clip(rgb, 0, 255), np.uint8)


def screenshot(dark: bool) -> np.ndarray:
    ink, paper = ("white", (18, 18, 20)) if dark else ("black", "white")
    image = Image.new("RGB", (480, 900), paper)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 480, 60), fill=(40, 90, 200))
    image.paste(Image.fromarray(photographed_shirt(3)).resize((300, 320)), (90, 90))
    font = ImageFont.load_default(16)
    for i in range(8):
        draw.text((20, 440 + 40 * i), "Cotton shirt, size M, blue: add to basket", ink, font)
    draw.rectangle((20, 800, 460, 860), fill=(240, 160, 30))
    return np.asarray(image)


@pytest.mark.parametrize("fill", [None, "#d05050", "#4070c0"])
def test_a_drawing_is_called_one_also_as_jpeg(fill: str | None) -> None:
    assert kinds(drawn_shirt(fill)) == ["drawing"]
    assert kinds(through_jpeg(drawn_shirt(fill))) == ["drawing"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_page_with_text_is_called_a_screenshot(dark: bool) -> None:
    assert kinds(screenshot(dark)) == ["screenshot"]
    assert kinds(through_jpeg(screenshot(dark), 92)) == ["screenshot"]


def test_black_on_black_and_one_tone_are_said() -> None:
    rng = np.random.default_rng(0)
    black = np.clip(rng.normal(12, 3, (300, 300, 3)), 0, 255).astype(np.uint8)
    assert kinds(black) == ["dark"]
    pale = np.clip(rng.normal(236, 2, (300, 300, 3)), 0, 255).astype(np.uint8)
    assert kinds(pale) == ["uniform"]


def test_a_photographed_shirt_is_none_of_these() -> None:
    for seed in range(3):
        assert kinds(photographed_shirt(seed)) == []
        assert kinds(through_jpeg(photographed_shirt(seed))) == []


@pytest.mark.skipif(not PHOTOS.exists(), reason="the shared garment photos are not here")
def test_real_photos_are_hardly_ever_flagged() -> None:
    files = sorted(PHOTOS.glob("*/*"))[::100]
    flagged = [f.name for f in files if doubts(read_photo(f).rgb)]
    assert len(flagged) <= 0.02 * len(files), flagged
