"""How probable it is that a product is right: calibrated on products whose truth is known.

Right means that the F-score at 2% of the largest side is 0.7 or more. One logistic regression for
all products weighs what speaks for and against a reconstruction: how sure the networks are, how
well the outline is met, how far the shape would be another one if what is uncertain were otherwise
(:mod:`.doubt`), and how often products of its family come out right at all. What a flat product has
no word on says nothing either way. ``confidence.json`` holds the numbers and the command that made
them (:mod:`reconstruction.evaluation.calibrate`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .doubt import shape_doubt
from .families import family_names
from .families.furniture_family import FurnitureFamily
from .family import View

if TYPE_CHECKING:
    from .fitting import Fit
    from .networks.inference import Proposal

DATA_FILE = Path(__file__).parent / "data_files" / "confidence.json"

_SURE = 0.98
"""Probability of a category that the caller has named."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against a product.

    Attributes:
        features: finite numbers by name; one that is missing says nothing either way.
    """

    view: View
    features: Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """A logistic regression over standardised features.

    Attributes:
        mean, deviation, weight: by feature.
        threshold: probability below which a product is flagged.
    """

    mean: Mapping[str, float]
    deviation: Mapping[str, float]
    weight: Mapping[str, float]
    bias: float
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        """That the product is right."""
        total = self.bias
        for name, weight in self.weight.items():
            value = features.get(name, math.nan)
            if math.isfinite(value):
                z = (value - self.mean[name]) / self.deviation[name]
                total += weight * float(np.clip(z, -4, 4))
        return 1 / (1 + math.exp(-total))


def evidence_of(proposal: Proposal, fit: Fit, *, named: bool = False) -> Evidence:
    """Gather the evidence about a fit.

    Args:
        proposal: of the photo that decided.
        named: whether the caller named the category, which then is no evidence.
    """
    family = fit.family
    shares = {c.family: c.probability for c in proposal.candidates}
    own = _SURE if named else shares.get(family.name, 0.0)
    others = [p for name, p in shares.items() if name != family.name]
    category = _SURE if named else proposal.categories.get(family.category, 0.0)
    features = {
        "presence": _logit(proposal.presence),
        "mask": _logit(proposal.confidence),
        "category": _logit(category),
        "family": _logit(own),
        "family_margin": own - (0.0 if named else max(others, default=0.0)),
        "outline": -math.log(1.005 - float(np.clip(fit.iou, 0, 1))),
        "flat": float(family.view == "flat"),
    }
    features |= {f"is {name}": float(name == family.name) for name in family_names()}
    ranges = {p.name: p.maximum - p.minimum for p in family.parameters}
    widths = [
        (e.high - e.low) / max(ranges[name], 1e-9)
        for name, e in fit.values.items()
        if e.source == "photo"
    ]
    features["interval"] = float(np.mean(widths)) if widths else math.nan
    features["measured"] = len(widths) / max(len(fit.values), 1)
    found = getattr(fit.detail, "evidence", None)
    if found is not None:
        told = found.features()
        features |= {
            "loss": math.log(max(told["loss"], 1e-4)),
            "margin": min(told["margin"], 0.1),
            "miss": math.log(max(told["miss"], 1e-4)),
            "colour_left": told["colour_left"],
            "edge_left": told["edge_left"],
            "spread": told["spread_mean"],
            "leverage": told["leverage_mean"],
            "drift": min(told["drift"], 4.0),
        }
        features["mended"] = math.log(max(fit.detail.mended, 0.002))
        features |= _alternatives(proposal, fit, found.spread)
    return Evidence(family.view, {k: v for k, v in features.items() if math.isfinite(v)})


def _alternatives(proposal: Proposal, fit: Fit, spread: Mapping[str, float]) -> dict[str, float]:
    """What else a solid product may be, by the network's word and by what the fit leaves open."""
    family = fit.family
    candidate = next((c for c in proposal.candidates if c.family == family.name), None)
    if not isinstance(family, FurnitureFamily) or candidate is None:
        return {}
    doubt = shape_doubt(
        family,
        {n: e.value for n, e in fit.values.items()},
        fit.choices,
        proposed=candidate.values,
        structure=candidate.choices,
        sigma=candidate.sigma,
        odds=candidate.odds,
        spread=spread,
        known=frozenset(n for n, e in fit.values.items() if e.source == "declared"),
    )
    chosen = [
        math.log((odds.get(fit.choices[name], 0.0) + 0.02) / 1.02)
        for name, odds in candidate.odds.items()
        if name in fit.choices
    ]
    return {
        "doubt of the guess": doubt.guess,
        "doubt of the fit": doubt.fit,
        "doubt of the structure": min(doubt.structure, 2.0),
        "doubt of one choice": doubt.worst,
        "moved by the fit": doubt.moved,
        "choices": float(np.mean(chosen)) if chosen else math.nan,
    }


def confidence(evidence: Evidence) -> float:
    """Calibrated probability that the product is right, 0 to 1."""
    return model().probability(evidence.features)


def threshold() -> float:
    """The confidence below which a product is flagged to a person."""
    return model().threshold


@cache
def model() -> Model:
    """The calibrated model."""
    document: dict[str, Any] = json.loads(DATA_FILE.read_text(encoding="utf-8"))
    return Model(**document["model"])


def _logit(probability: float) -> float:
    p = float(np.clip(probability, 0.01, 0.99))
    return math.log(p / (1 - p))
