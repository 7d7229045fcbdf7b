"""A product beside its mirror image is one product; two of a kind are two."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reconstruction.intake.reflection import find_reflection

PIECES = {
    "armchair": ([[10, 20], [45, 10], [60, 60], [110, 65], [112, 130], [95, 130], [92, 95],
                  [40, 95], [36, 130], [20, 130]], (140, 60, 50)),
    "lamp": ([[60, 10], [110, 10], [118, 40], [70, 45], [66, 118], [90, 130], [30, 130],
              [55, 118]], (60, 90, 140)),
}  # fmt: skip


def drawn(name: str, *, dim: float = 1.0, turned: int | None = None) -> np.ndarray:
    """(140, 130, 4) a shape with light from its left; alpha is its mask."""
    outline, colour = PIECES[name]
    mask = np.zeros((140, 130), np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
    light = np.linspace(1.3, 0.6, 130)[None, :, None] * np.linspace(1.1, 0.9, 140)[:, None, None]
    picture = np.clip(np.array(colour) * light * dim + 225 * (1 - dim), 0, 255)
    whole = np.dstack([picture, mask]).astype(np.uint8)
    return whole if turned is None else np.flip(whole, turned)


def scene(one: np.ndarray, two: np.ndarray, *, below: bool = False) -> tuple[np.ndarray, ...]:
    rgb, mask = np.full((320, 340, 3), 225, np.uint8), np.zeros((320, 340), np.float32)
    places = ((10, 60), (155, 60)) if below else ((40, 20), (60, 180))
    for piece, (top, left) in zip((one, two), places, strict=True):
        h, w = piece.shape[:2]
        here = piece[..., 3] > 127
        rgb[top : top + h, left : left + w][here] = piece[..., :3][here]
        mask[top : top + h, left : left + w][here] = 1
    return rgb, mask


@pytest.mark.parametrize("name", PIECES)
def test_a_mirror_image_is_left_out(name: str) -> None:
    image = cv2.resize(drawn(name, dim=0.9, turned=1), (110, 118))
    found = find_reflection(*scene(drawn(name), image))
    assert found is not None and not found.floor
    assert found.mask[:, :175].any() and not found.mask[:, 185:].any()
    assert "mirror" in found.note


@pytest.mark.parametrize("name", PIECES)
def test_an_image_in_the_floor_is_left_out(name: str) -> None:
    found = find_reflection(*scene(drawn(name), drawn(name, dim=0.6, turned=0), below=True))
    assert found is not None and found.floor
    assert found.mask[:145].any() and not found.mask[155:].any()


def test_two_of_a_kind_two_products_and_one_alone_are_no_reflection() -> None:
    twin = cv2.resize(drawn("armchair"), (110, 118))
    assert find_reflection(*scene(drawn("armchair"), twin)) is None
    assert find_reflection(*scene(drawn("armchair"), drawn("lamp", turned=1))) is None
    other = drawn("armchair", turned=1).copy()
    other[..., :3] = other[..., 2::-1]
    assert find_reflection(*scene(drawn("armchair"), other)) is None
    rgb, mask = scene(drawn("lamp"), np.zeros_like(drawn("lamp")))
    assert find_reflection(rgb, mask) is None
