"""Fit the families that a photo may show, and let the photo decide between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from .errors import ParameterError
from .families import get_family
from .family import Family, complete
from .intake.declared import Declared, declared_for, meant
from .intake.request import Request
from .product import Estimate

if TYPE_CHECKING:
    from .furniture.target import Pose
    from .networks.inference import Candidate, Proposal

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

_LEAST_DOUBT, _FAR = 0.1, 3.0
"""Of a guessed length: its least relative deviation, and beyond how many it counts no more."""
_EFFORT = 1.0
"""Of the furniture fit: each round changes one choice, and the network often has several wrong."""


_MENDED = 0.03
"""Share of a mask that was mended from which on a person is told."""


@dataclass(frozen=True, eq=False)
class Sight:
    """One photo of the product, as far as fitting needs it.

    Attributes:
        rgb: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32, 0 to 1.
        cut: sides of the photo that cut the product off: of left, right, top, bottom.
        scale: pixels per metre in the product's plane where it was measured, or None.
        exact: whether the mask is the photo's own transparency.
    """

    rgb: U8
    mask: F32
    proposal: Proposal
    cut: frozenset[str] = frozenset()
    scale: float | None = None
    exact: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """A family fitted to the photos, flat or solid, before it becomes a product.

    Attributes:
        iou: silhouette in the first photo against its mask as it was used in the end, which for
            solid products may be mended by the fit (``detail.masks``).
        detail: what :mod:`.garment.fit` or :mod:`.furniture.fit` gave.
    """

    family: Family
    values: dict[str, Estimate]
    choices: dict[str, str]
    iou: float
    warnings: tuple[str, ...]
    detail: Any


def best_fit(sights: Sequence[Sight], candidates: Sequence[Candidate], request: Request) -> Fit:
    """Fit each candidate family; the photo decides between them.

    Args:
        sights: the photos; all show the same product, the first one decides.

    Raises:
        ParameterError: what is declared fits none of the families.
    """
    fits: list[tuple[float, Fit]] = []
    refused: ParameterError | None = None
    for candidate in candidates:
        family = get_family(candidate.family)
        try:
            declared = declared_for(family, request)
            complete(family, {}, request.choices)
        except ParameterError as error:
            refused = refused or error
            continue
        how = fit_flat if family.view == "flat" else fit_solid
        fit = how(family, sights, candidate, declared, request)
        fits.append((fit.iou + 0.1 * math.log(candidate.probability + 1e-3), fit))
    if not fits:
        assert refused is not None
        raise refused
    return max(fits, key=lambda pair: pair[0])[1]


def weighed(
    candidates: Sequence[Candidate], declared: Mapping[str, float]
) -> tuple[Candidate, ...]:
    """The candidates by what is declared of the product too: no rug is 1.7 m high.

    Families that have no such dimension, or not that large, are left out unless that leaves none;
    the others' probabilities are weighed by how usual the declared lengths are for them.

    Args:
        declared: dimensions as a caller says them.
    """
    found = []
    for candidate in candidates:
        family = get_family(candidate.family)
        known = {p.name: p for p in family.parameters}
        weight = candidate.probability
        for name, value in declared.items():
            spec = known.get(meant(family, name) or "")
            if spec is None or not spec.minimum <= value <= spec.maximum:
                weight = 0.0
            elif spec.unit == "m":
                guess = candidate.values[spec.name]
                wide = math.hypot(
                    candidate.size_sigma, candidate.sigma[spec.name] / guess, _LEAST_DOUBT
                )
                away = min(abs(math.log(value / guess)) / wide, _FAR)
                weight *= math.exp(-0.5 * away**2) / wide
        if weight > 0:
            found.append(replace(candidate, probability=weight))
    total = sum(c.probability for c in found)
    if not found or not declared:
        return tuple(candidates)
    found = [replace(c, probability=c.probability / total) for c in found]
    return tuple(sorted(found, key=lambda c: -c.probability))


def fit_flat(
    family: Family,
    sights: Sequence[Sight],
    candidate: Candidate,
    declared: Declared,
    request: Request,
) -> Fit:
    """Fit a sewing pattern that lies in the plane of the first photo."""
    from .families.garment import GarmentFamily
    from .families.garment_flat import LANDMARKS
    from .garment.fit import refine
    from .garment.hint import FitHint

    sight = sights[0]
    landmarks, trust = sight.proposal.landmark_table(LANDMARKS)
    hint = FitHint(
        landmarks=landmarks.astype(np.float64),
        trust=trust.astype(np.float64),
        sigma=candidate.sigma,
        declared=declared.values,
        scale=sight.scale,
        cut=sight.cut,
        quick=request.quick,
    )
    fitted = refine(
        cast(GarmentFamily, family),
        candidate.values,
        {**candidate.choices, **request.choices},
        sight.mask,
        hint,
        fixed_choices=tuple(request.choices),
    )
    estimates = {}
    for spec in family.parameters:
        value = fitted.values[spec.name]
        low, high = fitted.intervals[spec.name]
        wide = (high - low) / max(spec.maximum - spec.minimum, 1e-9)
        sure = float(np.clip(1 - wide, 0.05, 0.95))
        estimates[spec.name] = Estimate(value, low, high, sure, "photo")
    notes = list(declared.notes)
    if len(sights) > 2:
        notes.append("Of a garment the front and the back are used: further photos were left out.")
    known = _known(estimates, declared)
    return Fit(family, known, fitted.choices, fitted.iou, tuple(notes), fitted)


def fit_solid(
    family: Family,
    sights: Sequence[Sight],
    candidate: Candidate,
    declared: Declared,
    request: Request,
) -> Fit:
    """Fit a solid body to all photos, a camera to each."""
    from .families.furniture_family import FurnitureFamily
    from .furniture.fit import PhotoView, refine_views
    from .furniture.solver import Start

    poses = [_pose(sight) for sight in sights]
    starts = [
        Start(
            candidate.values,
            {**s.choices, **request.choices},
            poses[0],
            candidate.sigma,
            probability=s.probability,
            size_spread=candidate.size_sigma,
        )
        for s in candidate.structures[: 1 if request.quick else None]
    ]
    still = request.quick or request.choices or request.keep
    fitted = refine_views(
        cast(FurnitureFamily, family),
        [
            PhotoView(s.mask, s.rgb, pose, exact=s.exact, cut=s.cut)
            for s, pose in zip(sights, poses, strict=True)
        ],
        proposals=starts,
        odds={n: o for n, o in candidate.odds.items() if n not in request.choices},
        declared=declared.values,
        effort=0.0 if still else _EFFORT,
    )
    return Fit(
        family,
        _known(dict(fitted.estimates), declared),
        fitted.choices,
        fitted.ious[0],
        (*declared.notes, *fitted.warnings, *_mended_note(fitted.mended)),
        fitted,
    )


def _mended_note(share: float) -> tuple[str, ...]:
    """Says that the outline, and with it how well it is met, is no longer the network's alone."""
    if share < _MENDED:
        return ()
    return (
        f"{share:.0%} of the outline's area was mended by the fit, where the photo's colours agree "
        "with it.",
    )


def measured_by(
    fit: Fit, reference: str, sheets: Sequence[NDArray[np.float64]], size: tuple[int, ...]
) -> Fit:
    """A solid fit in the scale of the sheet that lies on the floor beside it.

    Args:
        sheets: what may be the sheet, as :func:`.intake.floor_reference.floor_outlines` has it.
        size: (height, width) of the first photo.

    Raises:
        NoProductError: no sheet lies on the floor as the fitted camera sees it.
    """
    from .furniture.fit import refit
    from .intake.floor_reference import floor_scale
    from .intake.reference import reference_object

    what = reference_object(reference)
    if any(e.source == "declared" for e in fit.values.values()):
        note = f"The declared size comes before the {what.label['en']} in the photo."
        return replace(fit, warnings=(*fit.warnings, note))
    found = floor_scale(sheets, what, fit.detail.camera, (size[0], size[1]))
    gauge = cast(Any, fit.family).gauge
    spec = next(p for p in fit.family.parameters if p.name == gauge)
    true = fit.detail.values[gauge] * found.factor
    if not spec.minimum <= true <= spec.maximum:
        raise ParameterError(
            f"the {what.label['en']} makes this {fit.family.name} {true:.2f} m in {gauge}",
            field="reference",
            expected=f"{spec.minimum:g} to {spec.maximum:g} m; lay it flat on the floor",
            got=f"{true:.3f}",
        )
    fitted = refit(fit.detail, {gauge: true})
    half = found.spread * true
    values = dict(fitted.estimates)
    values[gauge] = Estimate(true, true - half, true + half, 0.9, "photo")
    note = (
        f"The scale was measured by the {what.label['en']} on the floor, "
        f"give or take {found.spread:.1%}."
    )
    scaleless = tuple(w for w in fit.warnings if not w.startswith("No dimension was declared"))
    return replace(
        fit, values=values, iou=fitted.ious[0], warnings=(*scaleless, note), detail=fitted
    )


def _pose(sight: Sight) -> Pose:
    from .furniture.target import Pose

    guess = sight.proposal.camera
    return Pose(guess.azimuth, guess.elevation, guess.closeness, guess.roll)


def _known(estimates: dict[str, Estimate], declared: Declared) -> dict[str, Estimate]:
    """The estimates with what was declared set exactly, as what it was declared."""
    out = dict(estimates)
    for name, value in declared.values.items():
        if name not in declared.sources:  # kept as it was
            out[name] = Estimate(value, value, value, 1.0, "artist")
            continue
        half = declared.spread.get(name, 0.0)
        sure = 1.0 if half == 0.0 else 0.9
        out[name] = Estimate(value, value - half, value + half, sure, declared.sources[name])
    return out
