"""Training data: seeded, continued, and true to what it says of itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from reconstruction.data import bank as banks
from reconstruction.data.bank import load_bank, render_bank
from reconstruction.data.consensus import LabelledPhoto
from reconstruction.data.furniture import draw_furniture
from reconstruction.data.garments import draw_garment
from reconstruction.data.masks import MaskSources, mask_scene
from reconstruction.data.render import contact
from reconstruction.data.rooms import room
from reconstruction.data.scenes import SceneSources, scene_example
from reconstruction.data.sprites import render_sprites
from reconstruction.data.textures import FABRICS, GROUNDS, fabric, ground
from reconstruction.errors import ReconstructionError
from reconstruction.families import family_names, get_family
from reconstruction.networks.inference import propose
from reconstruction.networks.segmentation import segment
from reconstruction.networks.train_reconstruction import train_reconstruction
from reconstruction.networks.train_segmentation import thin_parts, train_segmentation
from reconstruction.networks.training import TrainSettings
from reconstruction.networks.vocabulary import (
    NOTHING,
    REAL_CATEGORIES,
    category_of,
    known_categories,
)
from reconstruction.networks.weights import load_weights

FURNITURE = [n for n in family_names() if get_family(n).kind == "furniture"]


def product_photo() -> LabelledPhoto:
    rng = np.random.default_rng(0)
    rgb = rng.integers(150, 200, (120, 100, 3), dtype=np.uint8)
    mask = np.zeros((120, 100), np.uint8)
    mask[30:90, 25:75] = 255
    rgb[mask > 0] = (30, 60, 120)
    return LabelledPhoto(rgb, mask, "t-shirt")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank")
    before = banks.PER_FILE
    banks.PER_FILE = 12
    try:
        render_bank(folder, 24, seed=3)
    finally:
        banks.PER_FILE = before
    return folder


@pytest.mark.parametrize("maker", [*GROUNDS, *FABRICS, ground, fabric])
def test_surfaces_are_seeded_pictures(maker):
    one, two = (maker(np.random.default_rng(5), 48) for _ in range(2))
    assert one.shape == (48, 48, 3)
    assert np.array_equal(one, two)
    assert np.isfinite(one).all()


@pytest.mark.parametrize("name", ["t_shirt", "long_sleeve", "dress", "skirt"])
def test_a_drawn_garments_landmarks_lie_on_it(name: str):
    drawn = draw_garment(np.random.default_rng(2), name, 128)
    points = drawn.landmarks[np.isfinite(drawn.landmarks[:, 0])]
    assert len(points) >= 7
    near = [
        drawn.alpha[max(0, int(y) - 3) : int(y) + 4, max(0, int(x) - 3) : int(x) + 4].max()
        for x, y in points
    ]
    assert min(near) > 0.5
    left = drawn.landmarks[0, 0] if name != "skirt" else drawn.landmarks[11, 0]
    right = drawn.landmarks[1, 0] if name != "skirt" else drawn.landmarks[12, 0]
    assert left > right, "the wearer's left is on the picture's right"


@pytest.mark.parametrize("name", FURNITURE)
def test_drawn_furniture_fills_its_picture(name: str):
    drawn = draw_furniture(np.random.default_rng(4), name, 96, fill=0.9)
    ys, xs = np.nonzero(drawn.alpha > 0.5)
    assert 0.6 < max(np.ptp(xs), np.ptp(ys)) / 96 <= 0.95
    assert abs(np.hypot(*drawn.camera[:2]) - 1) < 1e-6
    assert "width" in drawn.active


def test_a_bank_is_continued_not_made_again(bank: Path):
    files = sorted(bank.glob("bank-*.npz"))
    assert len(files) == 2
    times = [f.stat().st_mtime_ns for f in files]
    before = banks.PER_FILE
    banks.PER_FILE = 12
    try:
        assert render_bank(bank, 24, seed=3) == 24
    finally:
        banks.PER_FILE = before
    assert [f.stat().st_mtime_ns for f in files] == times


def test_a_bank_knows_what_it_drew(bank: Path):
    drawn = load_bank(bank)
    assert len(drawn) == 24
    for i in range(len(drawn)):
        family = int(drawn.family[i])
        own = drawn.vocabulary.columns_of(family)
        others = np.delete(drawn.values[i], np.arange(own.start, own.stop))
        assert np.isnan(others).all()
        assert np.isfinite(drawn.values[i, own.start])
        solid = get_family(drawn.vocabulary.family_names[family]).view == "solid"
        assert np.isfinite(drawn.camera[i]).all() == solid
        assert np.isfinite(drawn.landmarks[i]).any() != solid


def test_no_bank_names_the_command_that_makes_one(tmp_path: Path):
    with pytest.raises(ReconstructionError, match="showroom data render"):
        load_bank(tmp_path)


def test_examples_are_complete_and_seeded(bank: Path):
    sources = SceneSources(load_bank(bank), MaskSources((product_photo(),)))
    rng = np.random.default_rng(1)
    examples = [scene_example(rng, sources, None) for _ in range(60)]
    shapes = {k: v.shape for k, v in examples[0].items()}
    for example in examples:
        assert {k: v.shape for k, v in example.items()} == shapes
    names = known_categories()
    categories = {names[int(e["category"])] for e in examples}
    assert {"t-shirt", "chair", "nothing"} <= categories
    for example in examples:
        if np.isfinite(example["camera"]).all():
            family = sources.bank.vocabulary.family_names[int(example["family"])]
            assert category_of(family) == names[int(example["category"])]
    again = scene_example(np.random.default_rng(1), sources, None)
    assert all(np.array_equal(examples[0][k], again[k], equal_nan=True) for k in ("crop", "values"))


def test_masks_mark_product_ground_and_doubt_only():
    sources = MaskSources((product_photo(),))
    rng = np.random.default_rng(2)
    areas = []
    for _ in range(40):
        scene = mask_scene(rng, sources, 64)
        assert scene.rgb.shape == (64, 64, 3)
        assert set(np.unique(scene.mask)) <= {0, 128, 255}
        areas.append(float((scene.mask == 255).mean()))
    assert 0.1 < np.mean(areas) < 0.7


def test_a_training_of_seconds_gives_weights_that_load(bank: Path, tmp_path: Path):
    settings = TrainSettings(minutes=60, images=8, batch=4, workers=0, seed=5)
    sprites = tmp_path / "sprites.npz"
    render_sprites(sprites, 6, seed=5, size=64)
    masks, parts = tmp_path / "s.safetensors", tmp_path / "r.safetensors"
    train_segmentation(masks, tmp_path / "s", settings, sprites=sprites, size=64)
    train_reconstruction(parts, tmp_path / "r", settings, bank=bank, width=8)
    rgb = np.random.default_rng(0).integers(0, 256, (80, 60, 3), dtype=np.uint8)
    mask = segment(rgb, weights=masks)
    assert mask.soft.shape == (80, 60)
    said = propose(rgb, mask, weights=parts)
    assert {*REAL_CATEGORIES, NOTHING} < set(said.categories) <= set(known_categories())
    _, header = load_weights(parts)
    assert header["progress"]["images"] == 8
    assert header["settings"]["seed"] == 5


def test_a_contact_sheet_shows_the_bank(bank: Path):
    sheet = contact(load_bank(bank), rows=2, columns=3)
    assert sheet.shape == (256, 384, 3)
    assert sheet.std() > 5


def test_rooms_are_pictures_of_their_own_seed() -> None:
    sprite = np.zeros((32, 32, 4), np.uint8)
    sprite[8:, 8:24] = (200, 40, 40, 255)
    first, again = (room(np.random.default_rng(5), 96, (sprite,)) for _ in range(2))
    other = room(np.random.default_rng(6), 96, (sprite,))
    assert first.shape == (96, 96, 3)
    assert first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


def test_thin_parts_of_a_mask_are_told_from_its_body() -> None:
    mask = torch.zeros(1, 1, 40, 40)
    mask[..., 5:20, 10:30] = 1
    mask[..., 20:38, 12:14] = 1
    found = thin_parts(mask)[0, 0]
    assert found[22:38, 12:14].min() == 1
    assert found[6:18].max() == 0
    assert found.sum() == found[20:, 12:14].sum()
