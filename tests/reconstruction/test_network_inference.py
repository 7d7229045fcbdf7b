"""What the shipped network proposes: families, structures, cameras, landmarks, and nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reconstruction.data.holdout import held_out
from reconstruction.data.masks import MaskSources
from reconstruction.data.textures import plain, planks, studio, tiles
from reconstruction.errors import WeightsError
from reconstruction.families import family_names, get_family
from reconstruction.family import complete
from reconstruction.intake.photo import read_photo
from reconstruction.networks import inference
from reconstruction.networks.inference import WEIGHTS, network, propose
from reconstruction.networks.network import ReconstructionNet
from reconstruction.networks.segmentation import segment
from reconstruction.networks.vocabulary import NOTHING, REAL_CATEGORIES
from reconstruction.networks.weights import load_weights

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
EMPTY = MaskSources()


def held(family: str, seed: int):
    return held_out(np.random.default_rng((4242, seed)), family, EMPTY, 256)


@pytest.mark.parametrize("family", family_names())
def test_drawn_products_are_recognised(family: str):
    assert family in network(WEIGHTS).vocabulary.family_names
    cases = [held(family, seed) for seed in range(4)]
    said = [propose(c.rgb, c.truth).candidates[0].family for c in cases]
    assert sum(s == family for s in said) >= 3, said


@pytest.mark.parametrize("family", family_names())
def test_every_candidate_can_be_built(family: str):
    case = held(family, 9)
    for candidate in propose(case.rgb, case.truth).candidates:
        known = get_family(candidate.family)
        for structure in candidate.structures:
            values, _ = complete(known, candidate.values, structure.choices)
            assert set(values) == {p.name for p in known.parameters}
        assert set(candidate.sigma) == set(candidate.values)
        assert all(s > 0 for s in candidate.sigma.values())
        shares = [s.probability for s in candidate.structures]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-6
        structures = [tuple(sorted(s.choices.items())) for s in candidate.structures]
        assert len(set(structures)) == len(structures)


def test_probabilities_sum_to_one():
    case = held("chair", 1)
    said = propose(case.rgb, case.truth)
    assert math.isclose(sum(said.categories.values()), 1, abs_tol=1e-4)
    assert math.isclose(sum(c.probability for c in said.candidates), 1, abs_tol=1e-4)
    assert {*REAL_CATEGORIES, NOTHING} < set(said.categories)


def test_a_garments_landmarks_lie_near_the_true_ones():
    errors = []
    for seed in range(6):
        case = held("t_shirt", seed)
        said = propose(case.rgb, case.truth)
        apart = np.linalg.norm(said.landmarks - case.landmarks, axis=1)
        extent = np.ptp(np.nonzero(case.truth > 0.5)[0])
        errors.append(np.nanmedian(apart) / extent)
    assert np.median(errors) < 0.06


def test_a_chairs_camera_is_seen_to_turn():
    errors = []
    for seed in range(8):
        case = held("chair", seed)
        true = math.atan2(case.drawn.camera[0], case.drawn.camera[1])
        if abs(true) > 1.3 or case.drawn.choices["back"] == "none":
            continue
        said = propose(case.rgb, case.truth).camera
        errors.append(abs((said.azimuth - true + math.pi) % (2 * math.pi) - math.pi))
        assert 0 < said.closeness < 0.5
    assert np.median(errors) < math.radians(20)


def test_a_mirrored_photo_mirrors_the_answer():
    case = held("chair", 3)
    one = propose(case.rgb, case.truth)
    two = propose(case.rgb[:, ::-1].copy(), case.truth[:, ::-1].copy())
    assert abs(one.camera.azimuth + two.camera.azimuth) < 0.1
    assert one.category == two.category


def test_the_shipped_photos_are_what_they_show():
    for name, family in (("tshirt.jpg", "t_shirt"), ("chair.jpg", "chair")):
        rgb = read_photo(ROOT / "assets" / "photos" / name).rgb
        said = propose(rgb, segment(rgb))
        assert said.is_product
        assert said.candidates[0].family == family
        assert said.in_family > 0.5


def test_walls_and_floors_are_no_products():
    for maker in (plain, studio, planks, tiles):
        for seed in range(2):
            picture = maker(np.random.default_rng((99, seed)), 200)
            rgb = (picture * 255).astype(np.uint8)
            assert not propose(rgb, segment(rgb)).is_product


def test_an_empty_mask_is_no_product():
    case = held("t_shirt", 0)
    said = propose(case.rgb, np.zeros(case.truth.shape, np.float32))
    assert said.confidence == 0
    assert not said.is_product


def test_landmarks_in_another_order():
    case = held("t_shirt", 2)
    said = propose(case.rgb, case.truth)
    names = ("hem_center", "no_such_place", "neck_left")
    points, trust = said.landmark_table(names)
    assert np.isnan(points[1]).all()
    assert trust[1] == 0
    assert trust[0] == said.landmark_trust[said.landmark_names.index("hem_center")]


def test_a_parameter_the_weights_do_not_know_gets_its_prior(monkeypatch: pytest.MonkeyPatch):
    net = network(WEIGHTS)
    words = net.vocabulary.families
    i = net.vocabulary.family_names.index("t_shirt")
    columns = tuple(
        replace(c, name="old_name") if c.name == "cuff_width" else c for c in words[i].columns
    )
    older = replace(
        net.vocabulary, families=(*words[:i], replace(words[i], columns=columns), *words[i + 1 :])
    )
    stale = ReconstructionNet(older, net.trunk.conv1.weight.shape[0])
    stale.load_state_dict(net.state_dict())
    monkeypatch.setattr(inference, "network", lambda path: stale.eval())
    case = held("t_shirt", 1)
    candidate = next(c for c in propose(case.rgb, case.truth).candidates if c.family == "t_shirt")
    spec = next(p for p in get_family("t_shirt").parameters if p.name == "cuff_width")
    assert candidate.values["cuff_width"] == spec.default
    assert candidate.sigma["cuff_width"] == (spec.maximum - spec.minimum) / 4
    assert "cuff_width" not in candidate.seen


def test_missing_weights_are_said(tmp_path: Path):
    case = held("t_shirt", 1)
    with pytest.raises(WeightsError, match="docs/models"):
        propose(case.rgb, case.truth, weights=tmp_path / "gone.safetensors")


@pytest.mark.parametrize("name", ["segmentation", "reconstruction"])
def test_shipped_weights_say_what_made_them_and_stay_small(name: str):
    path = WEIGHTS.parent / f"{name}.safetensors"
    assert path.stat().st_size <= 16_000_000
    _, header = load_weights(path)
    assert header["command"].startswith("showroom train")
    assert header["settings"]["seed"] >= 0
    assert header["progress"]["images"] > 10_000
    assert header["data"]["photos"] > 3000


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared real photos")
def test_real_garments_fall_into_their_class():
    right = []
    for folder in sorted((SHARED / "garment_photos" / "validation").iterdir()):
        for path in sorted(folder.iterdir())[:1]:
            rgb = read_photo(path).rgb
            said = propose(rgb, segment(rgb))
            right.append(said.category == folder.name)
    assert np.mean(right) >= 0.6
