"""Photo to product: separate, recognise, refine, texture, build.

The network proposes, the photo decides. Each step's result is kept, so that a contact sheet can
show what happened and a person can correct any value and go on from there.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from .errors import NoProductError, ParameterError
from .families import family_names, get_family
from .family import Family, complete
from .photo import Photo
from .product import Estimate, PhotoSource, Product, graded_sizes
from .textured import Textured

if TYPE_CHECKING:
    from .networks.inference import Candidate, Proposal
    from .networks.segmentation import Mask
    from .render.camera import Camera

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

STEPS = ("separate it", "recognise it", "refine its shape", "texture it", "build it")
SIZES = ("XS", "S", "M", "L", "XL", "XXL")
BASE_SIZE = "M"

DECLARED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "garment": {
        "height": ("body_length", "length"),
        "width": ("chest_width", "waist_width"),
    },
    "furniture": {"height": ("height",), "width": ("width",), "depth": ("depth",)},
}
"""What a plainly declared dimension means for each kind: the first parameter that is there."""

_SURE = 0.62
"""Least agreement of mask and category for a photo to be taken without the caller's word for it;
chosen on four photos of a person, a car and plants, which stay below it."""

_LIKELY = 0.55
_TRIES = 2
_EFFORT = 0.5
"""Of the furniture fit: half of the rounds in which other structures are tried."""

_LOW_CONFIDENCE = 0.5
_OVERLAY = 640
"""Pixels of the re-render on the contact sheet, longest side."""


@dataclass(frozen=True)
class Request:
    """What the caller knows and wants.

    Attributes:
        category: a category or family name, where it is known.
        declared: true dimensions in metres: ``height``, ``width``, ``depth``, or parameters.
        size: a garment's size label, which declares its chest (or waist) by the size chart.
        corrections: parameters set by hand after the fit.
        id: of the product; made from the photo's name if it is empty.
    """

    category: str | None = None
    declared: Mapping[str, float] = field(default_factory=dict)
    size: str | None = None
    corrections: Mapping[str, float] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A product and what the pipeline saw on the way.

    Attributes:
        mask: (h, w) float32, 0 to 1.
        rerender: (h, w, 3) uint8: the fitted product drawn over the dimmed photo, made smaller.
        seconds: per step.
        textured: the materials as they were made, and how the product lies in the photo.
        camera: the photo's camera as it was fitted, for what is solid; else None.
    """

    product: Product
    photo: Photo
    mask: F32
    proposal: Proposal
    rerender: U8
    seconds: Mapping[str, float]
    textured: Textured | None = None
    camera: Camera | None = None

    def explain(self) -> dict[str, Any]:
        """What the network saw, ranked."""
        ranked = sorted(self.proposal.categories.items(), key=lambda pair: -pair[1])
        return {
            "categories": {name: round(p, 3) for name, p in ranked[:4]},
            "families": {c.family: round(c.probability, 3) for c in self.proposal.candidates[:4]},
            "structures": [
                {"choices": dict(s.choices), "probability": round(s.probability, 3)}
                for s in self.proposal.candidates[0].structures[:3]
            ],
            "confidence": round(self.proposal.confidence, 3),
            "in_family": round(self.proposal.in_family, 3),
        }


@dataclass(frozen=True, eq=False)
class _Fit:
    """A family fitted to the photo, flat or solid, before it becomes a product."""

    family: Family
    values: dict[str, Estimate]
    choices: dict[str, str]
    iou: float
    warnings: tuple[str, ...]
    detail: Any


def reconstruct(
    photo: Photo,
    request: Request | None = None,
    *,
    progress: Callable[[str], None] = lambda step: None,
) -> Reconstruction:
    """Reconstruct the product in one photo.

    Args:
        progress: called with the name of each of :data:`STEPS` when it is done.

    Raises:
        NoProductError: nothing there, or nothing of a family that can be built.
        ParameterError: an unknown category, size or parameter, or an impossible declared size.
        WeightsError: the networks' weights are missing.
    """
    request = request or Request()
    wanted = _wanted_families(request.category)
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def done(step: str) -> None:
        nonlocal started
        seconds[step] = time.perf_counter() - started
        started = time.perf_counter()
        progress(step)

    from .networks.inference import propose
    from .networks.segmentation import open_gaps, segment

    mask = segment(photo.rgb, photo.alpha)
    done(STEPS[0])
    proposal = propose(photo.rgb, mask)
    candidates = _candidates(photo, proposal, wanted)
    if get_family(candidates[0].family).view == "solid":
        # A slatted back shows what lies behind it; a garment has no such gaps.
        opened = open_gaps(photo.rgb, mask)
        if opened is not mask:
            mask = opened
            proposal = propose(photo.rgb, mask)
            candidates = _candidates(photo, proposal, wanted)
    done(STEPS[1])
    fit = _best_fit(photo, mask, proposal, candidates, request)
    done(STEPS[2])
    product, rerender, textured = _finish(photo, mask, proposal, fit, request, done)
    camera = fit.detail.camera if fit.family.view == "solid" else None
    return Reconstruction(product, photo, mask.soft, proposal, rerender, seconds, textured, camera)


def _wanted_families(category: str | None) -> tuple[str, ...]:
    """The families that a declared category allows; empty for any.

    Raises:
        ParameterError: no family is called so; names those there are.
    """
    if category is None:
        return ()
    folded = re.sub(r"[\s_-]", "", category.casefold())
    found = []
    for name in family_names():
        family = get_family(name)
        words = (name, family.category, family.kind, *family.label.values())
        if folded in (re.sub(r"[\s_-]", "", w.casefold()) for w in words):
            found.append(name)
    if not found:
        raise ParameterError(
            f"there is no category {category!r} that can be built",
            field="category",
            expected=", ".join(family_names()),
            got=category,
        )
    return tuple(found)


def _candidates(photo: Photo, proposal: Proposal, wanted: tuple[str, ...]) -> tuple[Candidate, ...]:
    """The families worth fitting, most probable first."""
    if wanted:
        return tuple(c for c in proposal.candidates if c.family in wanted)[:_TRIES]
    if not proposal.is_product:
        raise NoProductError(
            f"no product was found in {photo.name}; show one product whole, against a calm "
            "background, or say what it is with --category",
            field="photo",
            expected="one garment or piece of furniture",
            got=f"confidence {proposal.confidence:.2f}",
        )
    if proposal.in_family * proposal.confidence < _SURE:
        raise NoProductError(
            f"{photo.name} shows nothing that a family here is sure to build (nearest: "
            f"{proposal.category}); name one with --category to have it built as that",
            field="photo",
            expected=", ".join(family_names()),
            got=f"{proposal.category} ({proposal.categories[proposal.category]:.2f})",
        )
    best = proposal.candidates[0]
    if best.probability >= _LIKELY:
        return (best,)
    return tuple(c for c in proposal.candidates[:_TRIES] if c.probability > 0.15)


def _declared(family: Family, request: Request) -> dict[str, float]:
    """The declared dimensions as parameters of a family.

    Raises:
        ParameterError: the family has no such dimension or size.
    """
    names = {p.name for p in family.parameters}
    out: dict[str, float] = {}
    for name, value in request.declared.items():
        meant = next((n for n in DECLARED[family.kind].get(name, ()) if n in names), name)
        if meant not in names:
            raise ParameterError(
                f"a {family.label.get('en', family.name)} has no {name} to declare",
                field=f"declared.{name}",
                expected=", ".join(sorted(names)),
                got=name,
            )
        out[meant] = float(value)
    if request.size is not None:
        if family.kind != "garment" or request.size not in SIZES:
            raise ParameterError(
                f"a {family.label.get('en', family.name)} has no size {request.size}",
                field="size",
                expected=", ".join(SIZES) if family.kind == "garment" else "no size label",
                got=request.size,
            )
        girth = next(n for n in DECLARED["garment"]["width"] if n in names)
        defaults = {p.name: p.default for p in family.parameters}
        out.setdefault(girth, graded_sizes(family, defaults, SIZES, BASE_SIZE)[request.size][girth])
    complete(family, out, {})
    return out


def _best_fit(
    photo: Photo,
    mask: Mask,
    proposal: Proposal,
    candidates: tuple[Candidate, ...],
    request: Request,
) -> _Fit:
    """Fit each candidate family; the photo decides between them."""
    fits = []
    for candidate in candidates:
        family = get_family(candidate.family)
        declared = _declared(family, request)
        fit = _fit_flat if family.view == "flat" else _fit_solid
        fits.append((fit(family, photo, mask, proposal, candidate, declared), candidate))
    best, _ = max(fits, key=lambda pair: pair[0].iou + 0.1 * math.log(pair[1].probability + 1e-3))
    return best


def _fit_flat(
    family: Family,
    photo: Photo,
    mask: Mask,
    proposal: Proposal,
    candidate: Candidate,
    declared: dict[str, float],
) -> _Fit:
    from .families.garment import GarmentFamily
    from .families.garment_flat import LANDMARKS
    from .garment.fit import FitHint, refine

    landmarks, trust = proposal.landmark_table(LANDMARKS)
    hint = FitHint(
        landmarks=landmarks.astype(np.float64),
        trust=trust.astype(np.float64),
        sigma=candidate.sigma,
        declared=declared,
    )
    garment = cast(GarmentFamily, family)
    fitted = refine(garment, candidate.values, candidate.choices, mask.soft, hint)
    estimates = {}
    for spec in family.parameters:
        value = fitted.values[spec.name]
        low, high = fitted.intervals[spec.name]
        if spec.name in declared:
            estimates[spec.name] = Estimate(value, value, value, 1.0, "declared")
        else:
            wide = (high - low) / max(spec.maximum - spec.minimum, 1e-9)
            sure = float(np.clip(1 - wide, 0.05, 0.95))
            estimates[spec.name] = Estimate(value, low, high, sure, "photo")
    return _Fit(family, estimates, fitted.choices, fitted.iou, (), fitted)


def _fit_solid(
    family: Family,
    photo: Photo,
    mask: Mask,
    proposal: Proposal,
    candidate: Candidate,
    declared: dict[str, float],
) -> _Fit:
    from .families.furniture_family import FurnitureFamily
    from .furniture.fit import refine
    from .furniture.solver import Start
    from .furniture.target import Pose

    guess = proposal.camera
    pose = Pose(guess.azimuth, guess.elevation, guess.closeness, guess.roll)
    starts = [
        Start(candidate.values, s.choices, pose, candidate.sigma) for s in candidate.structures
    ]
    fitted = refine(
        cast(FurnitureFamily, family),
        {},
        {},
        None,
        mask.soft,
        photo=photo.rgb,
        declared=declared,
        proposals=starts,
        effort=_EFFORT,
    )
    return _Fit(
        family,
        dict(fitted.estimates),
        fitted.choices,
        fitted.iou,
        fitted.warnings,
        fitted,
    )


def _finish(
    photo: Photo,
    mask: Mask,
    proposal: Proposal,
    fit: _Fit,
    request: Request,
    done: Callable[[str], None],
) -> tuple[Product, U8, Textured]:
    """Texture and build the product, and draw it over its photo."""
    numbers = {n: e.value for n, e in fit.values.items()}
    mesh = fit.family.build(numbers, fit.choices)
    if fit.family.view == "flat":
        from .garment.texture import rectify

        textured = rectify(photo.rgb, mask.soft, fit.detail, mesh)
    else:
        from .furniture.texture import project

        textured = project(mesh, [(fit.detail.camera, photo.rgb, mask.soft)])
    done(STEPS[3])
    confidence = _confidence(mask, proposal, fit)
    warnings = list(fit.warnings)
    if confidence < _LOW_CONFIDENCE:
        warnings.append(
            f"low confidence ({confidence:.2f}): compare the contact sheet, correct values with "
            "--set, or give a second photo"
        )
    label = dict(fit.family.label)
    sizes: Mapping[str, Mapping[str, float]] = {}
    size = ""
    if fit.family.kind == "garment":
        size = request.size or BASE_SIZE
        sizes = graded_sizes(fit.family, numbers, SIZES, size)
    product = Product(
        id=request.id or product_id(photo.name),
        name=label,
        family=fit.family,
        values=fit.values,
        choices=fit.choices,
        mesh=mesh,
        materials=dict(textured.materials),
        sizes=sizes,
        size=size,
        photo=PhotoSource(photo.name, photo.sha256, photo.width, photo.height, fit.iou),
        confidence=confidence,
        warnings=tuple(warnings),
    )
    if request.corrections:
        product = product.refit(request.corrections)
    rerender = _overlay(photo, fit, product)
    done(STEPS[4])
    return product, rerender, textured


def _confidence(mask: Mask, proposal: Proposal, fit: _Fit) -> float:
    """Between 0 and 1: the mask's, the family's and the fit's confidence together."""
    agreement = float(np.clip((fit.iou - 0.6) / 0.35, 0, 1))
    family = next(c.probability for c in proposal.candidates if c.family == fit.family.name)
    parts = (proposal.confidence, 0.4 + 0.6 * family, agreement)
    return float(np.prod(parts) ** (1 / len(parts)))


def _overlay(photo: Photo, fit: _Fit, product: Product) -> U8:
    """The fitted product over the dimmed photo: drawn for furniture, outlined for garments.

    It is for looking at: at most ``_OVERLAY`` pixels on its longest side.
    """
    import cv2

    height, width = photo.rgb.shape[:2]
    scale = min(1.0, _OVERLAY / max(height, width))
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    small = cv2.resize(photo.rgb, size[::-1], interpolation=cv2.INTER_AREA)
    if fit.family.view == "flat":
        return _outlined(np.asarray(small), fit.detail, scale)
    from .contact_sheet import textures
    from .render.shading import picture

    dim = small.astype(np.float32) * 0.4 + 140
    colours = {slot: m.base_color[:3] for slot, m in product.materials.items()}
    rgba = picture(
        product.mesh, fit.detail.camera, size, colours, textures(product, _OVERLAY), oversample=1
    )
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray(rgba[..., :3] * alpha + dim * (1 - alpha) + 0.5, np.uint8)


def _outlined(picture: U8, fitted: Any, scale: float) -> U8:
    """The panels and landmarks that were fitted, over the photo reduced by ``scale``."""
    import cv2

    out = picture.copy()
    thick = max(1, round(max(out.shape[:2]) / 300))
    flat = fitted.flat()
    for polygon in (flat.outline, *flat.parts.values()):
        points = np.round(fitted.to_pixels(polygon) * scale).astype(np.int32)
        cv2.polylines(out, [points], True, (40, 200, 255), thick, cv2.LINE_AA)
    for x, y in fitted.landmarks[~np.isnan(fitted.landmarks[:, 0])] * scale:
        cv2.circle(out, (round(x), round(y)), 2 * thick, (255, 230, 60), -1, cv2.LINE_AA)
    return out


def product_id(name: str) -> str:
    """A product's id from its photo's file name: lower-case letters, digits and hyphens."""
    stem = name.rsplit(".", 1)[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:48] or "product"
