"""The confidence: learned from products whose truth is known, and honest about what it lacks."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reconstruction.confidence import DATA_FILE, Evidence, confidence, evidence_of, threshold
from reconstruction.evaluation.calibrate import cross_validated, fit_model
from reconstruction.families import get_family
from reconstruction.product import Estimate

VIEWS = ("flat", "solid")


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
    told = cross_validated(rows, right)
    assert told["false_alarms"] <= 0.09
    assert told["flagged"] > 0.6
    assert told["area"] > 0.85
    shuffled = np.random.default_rng(1).permutation(right)
    assert abs(cross_validated(rows, shuffled)["area"] - 0.5) < 0.1


@pytest.mark.parametrize("view", VIEWS)
def test_the_shipped_model_says_how_it_was_made_and_likes_good_evidence(view):
    document = json.loads(DATA_FILE.read_text())
    assert document["command"].startswith("showroom train confidence")
    assert document["seed"] < 90_000
    assert document["figures"][view]["cases"] >= 12
    assert 0 < threshold(view) < 1
    mean = document["views"][view]["mean"]
    spread = document["views"][view]["deviation"]
    weight = document["views"][view]["weight"]
    good = {n: mean[n] + 2 * math.copysign(spread[n], weight[n]) for n in weight}
    bad = {n: mean[n] - 2 * math.copysign(spread[n], weight[n]) for n in weight}
    assert confidence(Evidence(view, good)) > 0.9
    assert confidence(Evidence(view, bad)) < threshold(view)


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
        candidates=candidates, categories={"chair": chair, "table": 1 - chair}, confidence=0.9
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
