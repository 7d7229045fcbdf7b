"""A face tells that somebody is in the photo; one printed on cloth does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from reconstruction.intake.face import find_face


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """(400, 400, 3) NASA's portrait of Eileen Collins, which comes with scikit-image."""
    return np.asarray(cv2.resize(astronaut(), (400, 400), interpolation=cv2.INTER_AREA), np.uint8)


def test_a_face_before_the_background_is_found(portrait: np.ndarray) -> None:
    solid = np.zeros((400, 400), bool)
    cv2.ellipse(mask := solid.astype(np.uint8), (175, 90), (65, 85), 0, 0, 360, 1, -1)
    mask[170:, 40:330] = 1
    box = find_face(portrait, mask > 0)
    assert box is not None
    left, top, right, bottom = box
    assert left < 175 < right
    assert top < 90 < bottom


def test_a_face_printed_on_cloth_and_cloth_without_one_are_none(portrait: np.ndarray) -> None:
    cloth = np.full((400, 400, 3), 210, np.uint8)
    cloth[120:280, 120:280] = cv2.resize(portrait[:200, 80:280], (160, 160))
    solid = np.zeros((400, 400), bool)
    solid[20:390, 20:380] = True
    assert find_face(cloth, solid) is None
    assert find_face(np.full((400, 400, 3), 210, np.uint8), solid) is None
