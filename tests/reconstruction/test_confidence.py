"""The confidence: learned from products whose truth is known, and honest about what it lacks."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reconstruction.confidence import DATA_FILE, Evidence, confidence, evidence_of, threshold
from reconstruction.doubt import shape_doubt
from reconstruction.evaluation.calibrate import fit_model, held_out_answers, limit_of, scores
from reconstruction.families import get_family
from reconstruction.families.furniture_family import FurnitureFamily
from reconstruction.family import View
from reconstruction.product import Estimate

VIEWS: tuple[View, ...] = ("flat", "solid")


def cases(count: int, seed: int = 0) -> tuple[list[dict[str, float]], Any]:
    """Cases whose ``iou`` decides mostly, whose ``noise`` says nothing."""
    rng = np.random.default_rng(seed)
    iou, noise = rng.normal(0, 1, count), rng.normal(5, 3, count)
    right = rng.random(count) < 1 / (1 + np.exp(-3 * iou - 1))
    rows = [{"iou": float(a), "noise": float(b)} for a, b in zip(iou, noise, strict=True)]
    return rows, right


def test_a_regression_finds_what_matters_and_is_calibrated():
    rows, right = cases(3000)
    model = fit_model(rows, right)
    assert model.weight["iou"] > 10 * abs(model.weight["noise"])
    told = np.array([model.probability(r) for r in rows])
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        here = (told > low) & (told < high)
        assert right[here].mean() == pytest.approx(told[here].mean(), abs=0.06)


def test_what_is_missing_says_nothing_either_way():
    rows, right = cases(500)
    for row in rows[::3]:
        del row["noise"]
    model = fit_model(rows, right)
    ordinary = {"iou": 0.5, "noise": model.mean["noise"]}
    assert model.probability({"iou": 0.5}) == pytest.approx(model.probability(ordinary))
    assert model.probability({"iou": 0.5, "noise": math.nan}) == model.probability({"iou": 0.5})


def test_the_threshold_keeps_false_alarms_low_on_cases_not_fitted_to():
    rows, right = cases(600)

    def told(truth: Any) -> dict[str, float]:
        answers = held_out_answers(rows, truth)
        return scores(answers, truth, limit_of(answers, truth))

    assert told(right)["false_alarms"] <= 0.09
    assert told(right)["flagged"] > 0.6
    assert told(right)["area"] > 0.85
    shuffled = np.random.default_rng(1).permutation(right)
    assert abs(told(shuffled)["area"] - 0.5) < 0.1


def test_the_shipped_model_says_how_it_was_made_and_likes_good_evidence():
    document = json.loads(DATA_FILE.read_text())
    assert document["command"].startswith("showroom train confidence")
    assert document["seed"] < 90_000
    assert document["figures"]["all"]["cases"] >= 100
    assert document["figures"]["all"]["false_alarms"] <= 0.1
    assert 0 < threshold() < 1
    mean, spread, weight = (document["model"][n] for n in ("mean", "deviation", "weight"))
    good = {n: mean[n] + 2 * math.copysign(spread[n], weight[n]) for n in weight}
    bad = {n: mean[n] - 2 * math.copysign(spread[n], weight[n]) for n in weight}
    for view in VIEWS:
        assert confidence(Evidence(view, good)) > 0.9
        assert confidence(Evidence(view, bad)) < threshold()


def fitted(iou: float, source: str = "photo") -> Any:
    family = get_family("chair")
    values = {
        p.name: Estimate(p.default, p.minimum, p.maximum, 0.5, source)  # type: ignore[arg-type]
        for p in family.parameters
    }
    return SimpleNamespace(family=family, values=values, iou=iou, detail=None)


def proposal(chair: float) -> Any:
    candidates = (SimpleNamespace(family="chair", probability=chair),)
    candidates += (SimpleNamespace(family="table", probability=1 - chair),)
    return SimpleNamespace(
        candidates=candidates,
        categories={"chair": chair, "table": 1 - chair},
        confidence=0.9,
        presence=0.95,
    )


def test_evidence_grows_with_agreement_and_a_named_category_is_taken_as_known():
    weak, strong = (evidence_of(proposal(0.4), fitted(iou)).features for iou in (0.7, 0.98))
    assert strong["outline"] > weak["outline"]
    assert evidence_of(proposal(0.9), fitted(0.9)).features["family_margin"] > 0
    named = evidence_of(proposal(0.1), fitted(0.9), named=True).features
    assert named["category"] > evidence_of(proposal(0.9), fitted(0.9)).features["category"]
    assert all(math.isfinite(v) for v in named.values())
    told = evidence_of(proposal(0.9), fitted(0.9, "prior")).features
    assert told["measured"] == 0
    assert "interval" not in told


def doubted(sigma: float, other: float, moved: float = 0.0, **more: Any) -> Any:
    """The doubt about a plain bed whose values have a spread, whose foot may be another."""
    family = get_family("bed")
    assert isinstance(family, FurnitureFamily)
    values = {p.name: p.default for p in family.parameters}
    choices = {c.name: c.default for c in family.choices}
    first = family.choices[0]
    option = next(o for o in first.options if o != first.default)
    reach = {p.name: p.maximum - p.minimum for p in family.parameters}
    proposed = {n: v + moved * reach[n] for n, v in values.items()}
    return shape_doubt(
        family,
        values,
        choices,
        proposed=proposed,
        structure=choices,
        sigma={n: sigma * r for n, r in reach.items()},
        odds={first.name: {first.default: 1 - other, option: other}},
        spread=dict.fromkeys(reach, sigma / 2),
        **more,
    )


def test_a_shape_is_doubted_as_far_as_it_would_be_another_one():
    sure = doubted(0.0, 0.0)
    assert (sure.guess, sure.fit, sure.structure, sure.moved) == (0, 0, 0, 0)
    unsure = doubted(0.1, 0.4, 0.2)
    assert unsure.guess > unsure.fit > 0
    assert unsure.structure > 0
    assert unsure.worst == unsure.structure
    assert unsure.moved > 0.1
    every = frozenset(p.name for p in get_family("bed").parameters)
    assert doubted(0.1, 0.0, known=every).guess == 0
    assert doubted(0.1, 0.4) == doubted(0.1, 0.4)
