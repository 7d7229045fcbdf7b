"""Photo to mask: transparency, drawn products, real photos, odd shapes, damaged weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconstruction.data.consensus import consensus_mask, largest_component
from reconstruction.data.holdout import held_out
from reconstruction.data.masks import MaskSources
from reconstruction.errors import WeightsError
from reconstruction.evaluation.scoring import mask_iou
from reconstruction.intake.photo import read_photo
from reconstruction.networks import segmentation
from reconstruction.networks.segmentation import (
    Mask,
    guided,
    meaningful,
    open_gaps,
    refine,
    see_through,
    segment,
    tidy,
)

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def disc(size: int = 160, radius: float = 0.3) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    return np.hypot(x, y) < radius


def test_a_cut_out_photo_brings_its_own_mask():
    alpha = (disc() * 255).astype(np.uint8)
    mask = segment(np.zeros((160, 160, 3), np.uint8), alpha)
    assert mask.source == "alpha"
    assert np.array_equal(mask.hard, disc())


def test_an_opaque_alpha_channel_says_nothing():
    opaque = np.full((50, 50), 255, np.uint8)
    opaque[0, 0] = 0
    assert not meaningful(opaque)
    assert not meaningful(np.zeros((50, 50), np.uint8))
    assert meaningful((disc() * 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("family", "least"), [("t_shirt", 0.9), ("skirt", 0.9), ("dress", 0.88), ("chair", 0.7)]
)
def test_masks_of_drawn_products_on_strange_grounds(family: str, least: float):
    scores = []
    for seed in range(3):
        case = held_out(np.random.default_rng((77, seed)), family, MaskSources())
        scores.append(mask_iou(segment(case.rgb).hard, case.truth > 0.5))
    assert np.median(scores) > least


def test_the_shipped_chair_and_shirt_stand_out_whole():
    photos = Path(__file__).resolve().parents[2] / "assets" / "photos"
    shirt = segment(read_photo(photos / "tshirt.jpg").rgb)
    assert 0.2 < shirt.area < 0.6
    assert shirt.confidence > 0.8
    assert largest_component(shirt.hard).sum() == shirt.hard.sum()
    assert not shirt.hard[:20].any()


def test_a_plain_wall_holds_nothing():
    rng = np.random.default_rng(3)
    wall = np.clip(rng.normal(190, 2, (240, 320, 3)), 0, 255).astype(np.uint8)
    mask = segment(wall)
    assert mask.area < 0.02 or mask.confidence < 0.5


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (900, 3), (33, 31)])
def test_any_shape_gets_a_mask_of_its_shape(shape: tuple[int, int]):
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = segment(rgb)
    assert mask.soft.shape == shape
    assert mask.soft.dtype == np.float32
    assert 0 <= mask.confidence <= 1


def test_the_same_photo_gives_the_same_mask():
    rgb = held_out(np.random.default_rng(5), "t_shirt", MaskSources()).rgb
    assert np.array_equal(segment(rgb).soft, segment(rgb).soft)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_tidying_never_invents_a_second_body(seed: int):
    rng = np.random.default_rng(seed)
    mask = cv2.GaussianBlur(rng.standard_normal((40, 40)), (0, 0), 2.0) > 0.15
    clean = tidy(mask)
    added = clean & ~mask
    assert added.sum() <= 0.0008 * mask.size * 40
    assert clean.any() == mask.any()


def test_crumbs_go_and_pinholes_close():
    mask = disc()
    mask[80, 80] = False
    mask[2, 2] = True
    clean = tidy(mask)
    assert clean[80, 80]
    assert not clean[2, 2]


def test_refinement_moves_a_rough_outline_to_the_colour_edge():
    truth = disc(240, 0.3)
    rgb = np.where(truth[..., None], (40, 80, 160), (205, 190, 170)).astype(np.uint8)
    noise = np.random.default_rng(0).normal(0, 5, rgb.shape)
    rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    rough = cv2.dilate(truth.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    likely = cv2.GaussianBlur(rough.astype(np.float32), (0, 0), 3)
    refined, agreement = refine(rgb, likely, rough)
    assert mask_iou(refined > 0.5, truth) > 0.985 > mask_iou(rough, truth)
    assert agreement > 0.7


def test_refinement_keeps_the_network_where_colours_tell_nothing():
    truth = disc(200)
    rgb = np.full((200, 200, 3), 128, np.uint8)
    refined, _ = refine(rgb, cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 2), truth)
    assert mask_iou(refined > 0.5, truth) > 0.85


def test_soft_edges_stay_near_the_edge():
    truth = disc(200)
    rgb = np.where(truth[..., None], 60, 200).astype(np.uint8).repeat(3, axis=2)
    soft = guided(rgb, truth.astype(np.float32), 3)
    core = cv2.erode(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    rim = cv2.dilate(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert (soft[core] == 1).all()
    assert (soft[~rim] == 0).all()


def slatted(size: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A slatted back on a shaded wall: picture, true mask, and the mask without its gaps."""
    whole = np.zeros((size, size), bool)
    whole[40:200, 60:180] = True
    truth = whole.copy()
    for x in range(72, 170, 24):
        truth[55:185, x : x + 14] = False
    wall = np.linspace(235, 200, size)[:, None, None] * np.ones((1, size, 3))
    wall = wall + np.random.default_rng(1).normal(0, 2, wall.shape)
    rgb = np.where(truth[..., None], (92, 56, 35), wall)
    return np.clip(rgb, 0, 255).astype(np.uint8), truth, whole


def test_gaps_of_furniture_open_onto_a_calm_background():
    rgb, truth, whole = slatted()
    assert mask_iou(whole, truth) < 0.7
    opened = open_gaps(rgb, Mask(whole.astype(np.float32), 0.9))
    assert mask_iou(opened.hard, truth) > 0.97


def test_nothing_opens_before_a_restless_background():
    rgb, truth, whole = slatted()
    rng = np.random.default_rng(2)
    restless = rng.integers(0, 256, rgb.shape, dtype=np.uint8)
    rgb = np.where(truth[..., None], rgb, restless)
    assert np.array_equal(see_through(rgb, whole), whole)


def test_a_product_in_the_background_colour_is_not_opened_away():
    wall = np.full((160, 160, 3), 240, np.uint8)
    assert np.array_equal(see_through(wall, disc()), disc())


def test_missing_weights_name_their_remedy(tmp_path: Path):
    with pytest.raises(WeightsError, match="reinstall") as caught:
        segment(np.zeros((32, 32, 3), np.uint8), weights=tmp_path / "none.safetensors")
    assert caught.value.field == "weights"


def test_truncated_weights_are_refused(tmp_path: Path):
    whole = segmentation.WEIGHTS.read_bytes()
    short = tmp_path / "short.safetensors"
    short.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="damaged"):
        segment(np.zeros((32, 32, 3), np.uint8), weights=short)


def test_two_colour_models_agree_on_a_clear_product_only():
    clear = np.where(disc(96)[..., None], (30, 60, 160), (220, 210, 190)).astype(np.uint8)
    found = consensus_mask(clear)
    assert found is not None
    assert mask_iou(found == 255, disc(96)) > 0.94
    flat = np.full((96, 96, 3), 127, np.uint8)
    assert consensus_mask(flat) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared real photos")
def test_real_garments_match_two_colour_models():
    scores = []
    for name in ("t-shirt", "dress", "skirt"):
        for path in sorted((SHARED / "garment_photos" / "validation" / name).glob("*"))[:2]:
            rgb = read_photo(path).rgb
            scale = 160 / max(rgb.shape[:2])
            small = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale), np.uint8)
            truth = consensus_mask(small)
            if truth is None:
                continue
            soft = cv2.resize(segment(rgb).soft, (truth.shape[1], truth.shape[0]))
            known = truth != 128
            scores.append(mask_iou((soft > 0.5) & known, (truth == 255) & known))
    assert len(scores) >= 3
    assert np.median(scores) > 0.93
