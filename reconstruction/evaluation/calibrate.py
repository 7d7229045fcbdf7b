"""Calibrate the confidence on drawn members: ``showroom train confidence``.

The members' seeds lie apart from training's and from the evaluation's, and come before every
ground. Each case takes seconds; a cancelled run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..confidence import Model, evidence_of
from ..errors import ReconstructionError
from ..family import View
from ..intake.photo import decode_photo
from ..networks.provenance import data_hash
from ..networks.training import commit
from ..pipeline import Request, reconstruct
from .cases import Case, Outcome, run_cases
from .distance import Shape, compare
from .drawn import drawn_cases, drawn_member
from .figures import separation
from .surroundings import STYLES
from .tables import BAD

SEED = 80_000
_RIDGE = 2.0
_FALSE_ALARMS = 0.08
_FOLDS = 5
_LEAST = 12
_VIEWS: tuple[View, ...] = ("flat", "solid")


def run_case(case: Case) -> Outcome:
    """Evidence about one drawn member, and whether its product is right."""
    picture, truth, declared = drawn_member(case)
    assert truth.shape is not None
    try:
        made = reconstruct(decode_photo(picture.jpeg, case.name), Request(declared=declared))
    except ReconstructionError as error:
        return Outcome({}, {"refused": error.message})
    assert made.fit is not None
    shape = Shape(made.product.mesh.vertices, made.product.mesh.faces)
    scores = compare(truth.shape, shape, samples=6000)
    found = evidence_of(made.proposal, made.fit)
    return Outcome(
        {"f2": scores["f2"], "confidence": made.product.confidence},
        {"view": found.view, "features": dict(found.features)},
    )


def calibrate(
    out: Path, *, count: int = 12, seed: int = SEED, jobs: int = 2, command: str
) -> dict[str, Any]:
    """Draw, reconstruct, and fit the confidence.

    Args:
        out: folder to write ``confidence.json`` and the cases into.
        count: members of each family.

    Returns:
        By view: cases, right ones, and cross-validated share of wrong products that are flagged,
        false alarms and area under the curve.

    Raises:
        ReconstructionError: too few products came out of it, or all of them right or wrong.
    """
    cases = [_estranged(c) for c in drawn_cases(seed, count, STYLES, None, group="calibration")]
    package = Path(__file__).parents[1]
    patterns = ("**/*.py", "**/*.toml", "**/*.npz", "**/*.safetensors")
    apart = ("evaluation/*.py", "confidence.py")
    key = data_hash(package, patterns, apart)[:16]
    scored = run_cases(cases, run_case, out / "cases", key=key, jobs=jobs, label="drawn members")
    views: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    for view in _VIEWS:
        rows = [s for s in scored if s.notes.get("view") == view]
        features = [s.notes["features"] for s in rows]
        right = np.array([s.figures["f2"] >= BAD for s in rows], np.bool_)
        least = min(int(right.sum()), int((~right).sum())) if len(right) else 0
        if len(rows) < _LEAST or least < 4:
            raise ReconstructionError(
                f"{len(rows)} {view} products, of which {int(right.sum())} right, are too few to "
                "calibrate on; draw more of them with --count",
                field="count",
                expected=f"{_LEAST} products, four of them right and four wrong",
                got=str(len(rows)),
            )
        figures[view] = cross_validated(features, right)
        model = fit_model(features, right)
        views[view] = {**model.__dict__, "threshold": round(figures[view]["threshold"], 3)}
    document = {
        "command": command,
        "commit": commit(),
        "seed": seed,
        "figures": figures,
        "refused": sum("refused" in s.notes for s in scored),
        "broke": sum("crash" in s.notes for s in scored),
        "views": views,
    }
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(document), indent=1)
    (out / "confidence.json").write_text(text + "\n", encoding="utf-8")
    return figures


def _estranged(case: Case) -> Case:
    """Every third member bent out of its family: real products are, too."""
    index = int(case.spec["index"])
    if index % 3 != 1:
        return case
    return replace(case, spec={**case.spec, "estranged": 0.01 * (1 + index % 5)})


def fit_model(features: Sequence[Mapping[str, float]], right: NDArray[np.bool_]) -> Model:
    """Logistic regression with a ridge, by Newton's method.

    Args:
        features: of each case; one that a case lacks counts as ordinary.
        right: (n,) whether the product is.
    """
    names = list(dict.fromkeys(n for row in features for n in row))
    table = np.array([[row.get(n, np.nan) for n in names] for row in features])
    mean = np.nanmean(table, axis=0)
    deviation = np.maximum(np.nanstd(table, axis=0), 1e-3)
    z = np.clip(np.nan_to_num((table - mean) / deviation), -4, 4)
    x = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    ridge = np.diag([_RIDGE] * len(names) + [1e-3])
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (right - p) - ridge @ w
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge, slope)
        w += step
        if np.abs(step).max() < 1e-8:
            break
    keys = [dict(zip(names, map(float, v), strict=True)) for v in (mean, deviation, w[:-1])]
    return Model(keys[0], keys[1], keys[2], float(w[-1]), 0.5)


def cross_validated(
    features: Sequence[Mapping[str, float]], right: NDArray[np.bool_]
) -> dict[str, float]:
    """How well the confidence tells right from wrong on cases that it was not fitted to.

    The threshold is the highest one, up to 0.8, that flags at most 8% of the right products.
    """
    fold = np.random.default_rng(0).permutation(len(right)) % _FOLDS
    told = np.zeros(len(right))
    for k in range(_FOLDS):
        rest = np.flatnonzero(fold != k).tolist()
        model = fit_model([features[i] for i in rest], right[rest])
        for i in np.flatnonzero(fold == k).tolist():
            told[i] = model.probability(features[i])
    limit = float(np.clip(np.quantile(told[right], _FALSE_ALARMS), 0.05, 0.8))
    return {
        "cases": len(right),
        "right": int(right.sum()),
        "threshold": limit,
        "flagged": float((told[~right] < limit).mean()),
        "false_alarms": float((told[right] < limit).mean()),
        "area": separation(list(told[right]), list(told[~right])),
        "brier": float(((told - right) ** 2).mean()),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return round(value, 5) if isinstance(value, float) else value
