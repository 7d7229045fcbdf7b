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
from ..families import get_family
from ..family import View
from ..intake.photo import decode_photo
from ..networks.provenance import data_hash
from ..networks.training import commit
from ..pipeline import Request, reconstruct
from .cases import Case, Outcome, Scored, run_cases
from .distance import Shape, compare
from .drawn import drawn_cases, drawn_member
from .figures import separation
from .scoring import Truth
from .surroundings import STYLES
from .tables import BAD

SEED = 80_000
_RIDGE = 4.0
_FALSE_ALARMS = 0.085
_FOLDS, _DIVISIONS = 5, 3
_LEAST = 12
_DRAWN_BY = (
    "families/*",
    "garment/drape*.py",
    *(f"evaluation/{n}.py" for n in ("drawn", "environment", "flatlay", "pictures", "raytrace")),
    "evaluation/surroundings.py",
    "data/textures.py",
)
"""What decides how a drawn picture looks."""
_VIEWS: tuple[View, ...] = ("flat", "solid")


def run_case(case: Case) -> Outcome:
    """Evidence about one drawn member, and whether its product is right.

    The picture is kept beside the cases: a calibration after another change draws it no more.
    """
    jpeg, truth, declared = _pictured(case)
    assert truth.shape is not None
    try:
        made = reconstruct(decode_photo(jpeg, case.name), Request(declared=declared))
    except ReconstructionError as error:
        return Outcome({}, {"refused": error.message})
    assert made.fit is not None
    shape = Shape(made.product.mesh.vertices, made.product.mesh.faces)
    scores = compare(truth.shape, shape, samples=4000)
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
        count: members of each solid family; of the flat ones, which go wrong seldom, half.

    Returns:
        For all products and by view: cases, right ones, and cross-validated share of wrong
        products that are flagged, false alarms and area under the curve.

    Raises:
        ReconstructionError: too few products came out of it, or all of them right or wrong.
    """
    package = Path(__file__).parents[1]
    kept = str(out / f"pictures-{data_hash(package, _DRAWN_BY)[:12]}")
    cases = [
        replace(c, spec={**c.spec, "pictures": kept})
        for c in map(_estranged, drawn_cases(seed, count, STYLES, None, group="calibration"))
        if get_family(c.spec["family"]).view == "solid" or c.spec["index"] < -(-count // 2)
    ]
    patterns = ("**/*.py", "**/*.toml", "**/*.npz", "**/*.safetensors")
    apart = ("evaluation/*.py", "confidence.py")
    key = data_hash(package, patterns, apart)[:16]
    scored = run_cases(cases, run_case, out / "cases", key=key, jobs=jobs, label="drawn members")
    document, figures = fitted(scored)
    document = {"command": command, "commit": commit(), "seed": seed, **document}
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(document), indent=1)
    (out / "confidence.json").write_text(text + "\n", encoding="utf-8")
    return figures


def fitted(scored: Sequence[Scored]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The calibrated model of scored cases, as the data file has it, and its figures.

    Raises:
        ReconstructionError: too few products came out of it, or all of them right or wrong.
    """
    rows = [s for s in scored if "features" in s.notes]
    features = [s.notes["features"] for s in rows]
    right = np.array([s.figures["f2"] >= BAD for s in rows], np.bool_)
    least = min(int(right.sum()), int((~right).sum())) if len(right) else 0
    if len(rows) < _LEAST or least < 4:
        raise ReconstructionError(
            f"{len(rows)} products, of which {int(right.sum())} right, are too few to calibrate "
            "on; draw more of them with --count",
            field="count",
            expected=f"{_LEAST} products, four of them right and four wrong",
            got=str(len(rows)),
        )
    told = held_out_answers(features, right)
    limit = limit_of(told, right)
    figures: dict[str, Any] = {"all": scores(told, right, limit)}
    for view in _VIEWS:
        own = np.array([s.notes["view"] == view for s in rows], np.bool_)
        figures[view] = scores(told[own], right[own], limit)
    document = {
        "figures": figures,
        "refused": sum("refused" in s.notes for s in scored),
        "broke": sum("crash" in s.notes for s in scored),
        "model": {**fit_model(features, right).__dict__, "threshold": round(limit, 3)},
    }
    return document, figures


def _pictured(case: Case) -> tuple[bytes, Truth, dict[str, float]]:
    """The photo of a case, its truth and what is told of it; drawn once."""
    kept = Path(case.spec["pictures"]) / f"{case.name}.npz"
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as stored:
            shape = Shape(stored["vertices"], stored["faces"])
            declared = {str(stored["side"]): float(stored["length"])}
            return stored["jpeg"].tobytes(), Truth(case.category, shape), declared
    picture, truth, declared = drawn_member(case)
    assert truth.shape is not None
    ((side, length),) = declared.items()
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(".partial.npz")
    np.savez(
        partial,
        jpeg=np.frombuffer(picture.jpeg, np.uint8),
        vertices=truth.shape.vertices,
        faces=truth.shape.faces,
        side=np.array(side),
        length=np.array(length),
    )
    partial.replace(kept)
    return picture.jpeg, truth, declared


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


def held_out_answers(
    features: Sequence[Mapping[str, float]], right: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(n,) what models say of cases that they were not fitted to, the mean over three divisions."""
    told = np.zeros(len(right))
    for division in range(_DIVISIONS):
        fold = np.random.default_rng(division).permutation(len(right)) % _FOLDS
        for k in range(_FOLDS):
            rest = np.flatnonzero(fold != k).tolist()
            model = fit_model([features[i] for i in rest], right[rest])
            for i in np.flatnonzero(fold == k).tolist():
                told[i] += model.probability(features[i]) / _DIVISIONS
    return told


def limit_of(told: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The highest threshold, from 0.05 to 0.9, that flags at most 8.5% of the right products."""
    return float(np.clip(np.quantile(told[right], _FALSE_ALARMS), 0.05, 0.9))


def scores(
    told: NDArray[np.float64], right: NDArray[np.bool_], limit: float
) -> dict[str, float | int]:
    """How well a confidence tells right from wrong; 0 where there are no cases."""
    good, bad = told[right], told[~right]
    return {
        "cases": len(right),
        "right": int(right.sum()),
        "threshold": limit,
        "flagged": float((bad < limit).mean()) if len(bad) else 0.0,
        "false_alarms": float((good < limit).mean()) if len(good) else 0.0,
        "area": separation(list(good), list(bad)) if len(good) and len(bad) else 0.5,
        "brier": float(((told - right) ** 2).mean()) if len(right) else 0.0,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return round(value, 5) if isinstance(value, float) else value
