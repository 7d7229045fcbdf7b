"""A size chart, or an object of known size in the photo, makes a product metric."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from reconstruction.errors import NoProductError, ParameterError
from reconstruction.families import get_family
from reconstruction.intake.declared import declared_for, size_table
from reconstruction.intake.reference import find_reference, reference_object, straightened
from reconstruction.intake.request import Request
from reconstruction.intake.size_chart import read_chart

SHIRT = get_family("t_shirt")


def chart(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "size,chest width (cm),length_cm\nS,49,68\nM,52,70\nL,55,72\n"),
        ("b.csv", "尺码,胸围(cm),衣长(厘米)\nS,98,68\nM,104,70\nL,110,72\n"),
        ("c.csv", "size,unit,chest_width,body_length\nS,in,19.291,26.772\nM,in,20.472,27.559\n"),
        ("d.toml", 'unit = "cm"\n[sizes.S]\nchest_width = 49\nbody_length = 68\n'
         "[sizes.M]\nchest_width = 52\nbody_length = 70\n"),
    ],
)  # fmt: skip
def test_a_shops_chart_declares_measures(tmp_path: Path, name: str, text: str) -> None:
    request = Request(size="m", chart=read_chart(chart(tmp_path, name, text)))
    declared = declared_for(SHIRT, request)
    assert declared.values == pytest.approx({"chest_width": 0.52, "body_length": 0.70}, abs=1e-4)
    assert set(declared.sources.values()) == {"size"}
    assert not declared.spread
    values = {p.name: p.default for p in SHIRT.parameters} | dict(declared.values)
    table, size = size_table(SHIRT, values, request)
    assert size == "M"
    assert table["S"]["chest_width"] == pytest.approx(0.49, abs=1e-4)
    assert table["S"]["body_length"] == pytest.approx(0.68, abs=1e-4)


def test_a_chart_of_bodies_adds_ease_and_says_how_unsure_it_is(tmp_path: Path) -> None:
    path = chart(tmp_path, "body.csv", "size,chest girth (cm)\nM,94-98\n")
    declared = declared_for(SHIRT, Request(size="M", chart=read_chart(path)))
    assert declared.values["chest_width"] == pytest.approx(0.52)  # (96 + 8) / 2 cm
    assert declared.spread["chest_width"] > 0.01
    assert any("ease" in note for note in declared.notes)


def test_what_is_declared_by_itself_comes_before_the_chart(tmp_path: Path) -> None:
    path = chart(tmp_path, "a.csv", "size,length_cm\nM,70\n")
    request = Request(size="M", chart=read_chart(path), declared={"height": 0.66})
    declared = declared_for(SHIRT, request)
    assert declared.values == {"body_length": 0.66}
    assert declared.sources == {"body_length": "declared"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("size,chest width\nM,52\n", "chest width"),
        ("size,chest (cm)\nM,wide\n", "line 2"),
        ("size,chest (cm)\nM,52\nM,54\n", "line 3"),
        ("size,chest (cm)\nM,52000\n", "line 2"),
        ("chest (cm)\n52\n", "line 1"),
        ("size,chest (cm)\n", "chart"),
    ],
)
def test_a_wrong_chart_is_refused_where_it_is_wrong(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_chart(chart(tmp_path, "bad.csv", text))
    assert where in caught.value.field


def test_an_unknown_size_and_a_chart_of_something_else_are_refused(tmp_path: Path) -> None:
    shirts = read_chart(chart(tmp_path, "a.csv", "size,length_cm\nM,70\n"))
    with pytest.raises(ParameterError, match="no size XL") as caught:
        declared_for(SHIRT, Request(size="XL", chart=shirts))
    assert caught.value.expected == "M"
    shoes = read_chart(chart(tmp_path, "b.csv", "size,heel (cm)\nM,7\n"))
    with pytest.raises(ParameterError, match="measures nothing"):
        declared_for(SHIRT, Request(size="M", chart=shoes))


@pytest.mark.parametrize("value", [9.0, -0.2, math.nan, math.inf])
def test_impossible_sizes_are_refused(value: float) -> None:
    with pytest.raises(ParameterError) as caught:
        declared_for(SHIRT, Request(declared={"sleeve_length": value}))
    assert caught.value.field == "declared.sleeve_length"


def table_top(name: str, tilt: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A cloth of 0.5 x 0.7 m and an object beside it, seen at a tilt.

    Returns:
        (h, w, 3) uint8 photo, (h, w) bool mask, (4, 2) the cloth's corners in pixels.
    """
    what = reference_object(name)
    scale = 1200.0
    inset = 0.5 / scale  # OpenCV draws a polygon's outline half a pixel further out
    plane = np.full((1200, 1300, 3), (150, 160, 140), np.uint8)
    mask = np.zeros(plane.shape[:2], np.uint8)
    cloth = np.array([[100, 150], [700, 150], [700, 990], [100, 990]], np.float64)
    for picture, colour in ((plane, (60, 70, 140)), (mask, 1)):
        cv2.fillPoly(picture, [cloth.astype(np.int32)], colour)
    middle = np.array([1000.0, 600.0])
    if what.shape == "rectangle":
        long, short = what.size
        turn = np.array([[math.cos(0.3), math.sin(0.3)], [-math.sin(0.3), math.cos(0.3)]])
        box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (long / 2 - inset, short / 2 - inset)
        points = box @ turn * scale + middle
    else:
        t = np.linspace(0, 2 * math.pi, 120)
        points = (
            np.stack([np.cos(t), np.sin(t)], axis=1) * (what.size[0] / 2 - inset) * scale + middle
        )
    drawn = [np.round(points * 16).astype(np.int32)]
    cv2.fillPoly(plane, drawn, (244, 243, 240), cv2.LINE_AA, 4)
    camera = np.array([[1500.0, 0, 650], [0, 1500, 600], [0, 0, 1]])
    turned, _ = cv2.Rodrigues(np.array([tilt, -0.6 * tilt, 0.0]))
    warp = camera @ turned @ np.linalg.inv(camera)
    size = (1300, 1200)
    photo = cv2.warpPerspective(plane, warp, size, borderMode=cv2.BORDER_REPLICATE)
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    seen = np.clip(photo + noise, 0, 255).astype(np.uint8)
    there = cv2.perspectiveTransform(cloth[None], warp)[0]
    return seen, cv2.warpPerspective(mask, warp, size) > 0, there


@pytest.mark.parametrize(
    ("name", "tilt", "within"), [("a4", 0.05, 0.01), ("card", 0.0, 0.015), ("coin:eur1", 0.0, 0.03)]
)
def test_an_object_in_the_photo_measures_what_lies_beside_it(
    name: str, tilt: float, within: float
) -> None:
    photo, mask, corners = table_top(name, tilt)
    found = find_reference(photo, reference_object(name), mask)
    there = cv2.perspectiveTransform(corners[None], found.to_plane)[0]
    sides = np.linalg.norm(np.roll(there, -1, axis=0) - there, axis=1)
    assert sides == pytest.approx([0.5, 0.7, 0.5, 0.7], rel=within)
    _, soft, scale, _ = straightened(found, photo, mask.astype(np.float32))
    rows, columns = np.nonzero(soft > 0.5)
    assert (np.ptp(rows) + 1) / scale == pytest.approx(0.7, rel=within + 0.01)
    assert (np.ptp(columns) + 1) / scale == pytest.approx(0.5, rel=within + 0.01)


def test_a_missing_object_is_asked_for() -> None:
    plain = np.full((400, 400, 3), 128, np.uint8)
    with pytest.raises(NoProductError, match="lay it flat"):
        find_reference(plain, reference_object("card"))
    with pytest.raises(ParameterError) as caught:
        reference_object("a9")
    assert "a4" in caught.value.expected
