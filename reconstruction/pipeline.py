"""Photo to product: separate, recognise, refine, texture, build.

The network proposes, the photo decides. Each step's result is kept, so that a contact sheet can
show what happened and a person can correct any value and go on from there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .confidence import confidence, evidence_of, threshold
from .errors import NoProductError, ParameterError
from .explain import overlay
from .families import family_names, get_family
from .families.worn_solid import as_shown
from .fitting import Fit, Sight, best_fit, measured_by, weighed
from .intake.declared import BASE_SIZE, DECLARED, SIZES, size_table
from .intake.nature import doubts
from .intake.photo import Photo
from .intake.reflection import find_reflection
from .intake.request import Request
from .intake.selfie import find_selfie
from .intake.subjects import PAIRED, Subject, chosen, cut_sides, pieces, subjects
from .intake.worn import garments, part_from_wearer
from .outcome import Reconstruction
from .product import PhotoSource, Product
from .texture.textured import Textured

if TYPE_CHECKING:
    from .networks.inference import Candidate, Proposal
    from .networks.segmentation import Mask

__all__ = [
    "BASE_SIZE",
    "DECLARED",
    "SIZES",
    "STEPS",
    "Reconstruction",
    "Request",
    "product_id",
    "reconstruct",
]

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

STEPS = ("separate it", "recognise it", "refine its shape", "texture it", "build it")

_SURE = 0.62
"""Agreement of mask and category below which a photo may well show what no family stands for."""

_LIKELY = 0.55
_TRIES = 2

_MOST_PHOTOS = 8

_TRUST_SEVERAL = 0.9
_TRUST_CUT = 0.75
_TRUST_WORN = 0.85
_TRUST_MIRROR = 0.85


@dataclass(frozen=True, eq=False)
class _Seen:
    """One photo after it was separated and recognised.

    Attributes:
        notes: sentences about it that a person should read.
        trust: 0 to 1, lowered by what makes the photo hard to trust.
        odd: whether the picture is no photograph of a product, whose confidence is always low.
    """

    photo: Photo
    mask: Mask
    sight: Sight
    notes: tuple[str, ...]
    trust: float
    odd: bool = False


def reconstruct(
    photos: Photo | Sequence[Photo],
    request: Request | None = None,
    *,
    progress: Callable[[str], None] = lambda step: None,
) -> Reconstruction:
    """Reconstruct the product in one photo, or in several of the same product.

    Args:
        photos: of a garment its front and, if there is a second one, its back; of furniture up
            to eight views. The first one names the product and decides what it is.
        progress: called with the name of each of :data:`STEPS` when it is done.

    Raises:
        NoProductError: nothing there, or nothing of a family that can be built.
        ParameterError: an unknown category, size or parameter, or an impossible declared size.
        WeightsError: the networks' weights are missing.
    """
    request = request or Request()
    shots = (photos,) if isinstance(photos, Photo) else tuple(photos)
    if not 1 <= len(shots) <= _MOST_PHOTOS:
        raise ParameterError(
            "a product takes one photo or a few",
            field="photos",
            expected=f"1 to {_MOST_PHOTOS}",
            got=str(len(shots)),
        )
    free = request.category is not None and _is_other(request)
    wanted = () if free else _wanted_families(request.category)
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def done(step: str) -> None:
        nonlocal started
        seconds[step] = time.perf_counter() - started
        started = time.perf_counter()
        progress(step)

    from .networks.segmentation import segment

    masks = [segment(photo.rgb, photo.alpha) for photo in shots]
    done(STEPS[0])
    seen = [_recognise(shots[0], masks[0], wanted)]
    try:
        if free:
            return _free_form(seen, shots, masks, request, seconds, done)
        candidates = _candidates(shots[0], seen[0].sight.proposal, wanted, request)
    except NoProductError:
        if not request.freeform or not seen[0].mask.hard.any():
            raise
        return _free_form(seen, shots, masks, request, seconds, done)
    if not wanted and _doubtful(seen[0].sight.proposal):
        note = (
            f"It is not clear what this is: it was built as the nearest, a {candidates[0].family}. "
            "Name it with --category, or take --freeform for what no family stands for."
        )
        seen[0] = replace(seen[0], notes=(*seen[0].notes, note))
    solid = get_family(candidates[0].family).view == "solid"
    sheets: tuple[Any, ...] = ()
    if request.reference is not None and solid:
        seen[0], sheets = _beside(seen[0], request.reference)
    elif request.reference is not None:
        seen[0] = _scaled(seen[0], request.reference)
    if solid:
        seen[0] = _opened(seen[0])
    seen += [
        _recognise(photo, mask, tuple(c.family for c in candidates))
        for photo, mask in zip(shots[1:], masks[1:], strict=True)
    ]
    done(STEPS[1])
    fit = best_fit([s.sight for s in seen], candidates, request)
    if request.reference is not None and sheets:
        fit = measured_by(fit, request.reference, sheets, seen[0].mask.soft.shape[:2])
    done(STEPS[2])
    product, rerender, textured = _finish(seen, fit, request, done)
    first = seen[0]
    return Reconstruction(
        product,
        first.photo,
        fit.detail.masks[0] if fit.family.view == "solid" else first.mask.soft,
        first.sight.proposal,
        rerender,
        seconds,
        textured,
        fit.detail.camera if fit.family.view == "solid" else None,
        fit,
    )


def _is_other(request: Request) -> bool:
    """Whether the caller asks for what no family stands for."""
    folded = re.sub(r"[\s_-]", "", (request.category or "").casefold())
    if folded in ("other", "freeform", "其他"):
        return True
    if not request.freeform:
        return False
    try:
        _wanted_families(request.category)
    except ParameterError:
        return True
    return False


def _free_form(
    seen: Sequence[_Seen],
    shots: Sequence[Photo],
    masks: Sequence[Mask],
    request: Request,
    seconds: Mapping[str, float],
    done: Callable[[str], None],
) -> Reconstruction:
    """A product that is only scaled, of what no family stands for."""
    from .freeform.photo import freeform_from_photos

    first = seen[0]
    done(STEPS[1])
    done(STEPS[2])
    product = freeform_from_photos(
        shots,
        [first.mask.soft, *(m.soft for m in masks[1:])],
        None,
        request.category or "other",
        {k: v for k, v in request.declared.items() if k in ("width", "height", "depth")},
        id=request.id or product_id(shots[0].name),
        name=dict(request.name) or None,
    )
    done(STEPS[3])
    product = replace(
        product,
        price=request.price,
        confidence=product.confidence * first.trust,
        warnings=(*first.notes, *product.warnings),
    )
    if request.corrections:
        product = product.refit(request.corrections)
    done(STEPS[4])
    sight = first.sight
    return Reconstruction(product, shots[0], first.mask.soft, sight.proposal, shots[0].rgb, seconds)


def _beside(seen: _Seen, reference: str) -> tuple[_Seen, tuple[Any, ...]]:
    """A solid product's photo without the sheet on the floor, and what may be that sheet.

    Raises:
        NoProductError: the object is not found.
        ParameterError: there is no such object, or it is too small.
    """
    from .intake.floor_reference import floor_outlines, without
    from .intake.reference import reference_object
    from .networks.inference import propose

    what = reference_object(reference)
    sheets = floor_outlines(seen.photo.rgb, what, seen.mask.hard)
    alone = without(seen.mask.soft, sheets[0])
    if np.array_equal(alone > 0.5, seen.mask.hard):
        return seen, sheets
    mask = replace(seen.mask, soft=alone)
    sight = replace(seen.sight, mask=alone, proposal=propose(seen.photo.rgb, mask))
    return replace(seen, mask=mask, sight=sight), sheets


def _scaled(seen: _Seen, reference: str) -> _Seen:
    """A flat product's photo seen straight from above, its scale by the object that lies in it.

    Raises:
        NoProductError: the object is not found.
        ParameterError: there is no such object.
    """
    from .intake.reference import find_reference, reference_object, straightened
    from .networks.inference import propose

    what = reference_object(reference)
    found = find_reference(seen.photo.rgb, what, seen.mask.hard)
    covered = found.covers((seen.mask.soft.shape[0], seen.mask.soft.shape[1]))
    alone = np.where(covered, np.float32(0), seen.mask.soft)
    parts = pieces(alone)
    alone = np.where(parts[0], alone, np.float32(0)) if parts else alone
    rgb, soft, scale, _ = straightened(found, seen.photo.rgb, alone.astype(np.float32))
    mask = replace(seen.mask, soft=soft)
    photo = replace(seen.photo, rgb=rgb, alpha=None)
    note = (
        f"The scale was measured by the {what.label['en']} in the photo, "
        f"give or take {found.spread:.1%}."
    )
    sight = replace(
        seen.sight, rgb=rgb, mask=soft, proposal=propose(rgb, mask), cut=frozenset(), scale=scale
    )
    return replace(seen, photo=photo, mask=mask, sight=sight, notes=(*seen.notes, note))


def _recognise(photo: Photo, mask: Mask, wanted: tuple[str, ...]) -> _Seen:
    """What the network says of one photo, and what of it is the product."""
    from .networks.inference import propose

    notes = list(photo.notes)
    trust = 1.0
    odd = doubts(photo.rgb)
    for doubt in odd:
        notes.append(doubt.note)
        trust *= doubt.trust
    proposal: Proposal | None = None
    size = (photo.height, photo.width)

    def look(own: F32) -> Proposal:
        return propose(photo.rgb, replace(mask, soft=own))

    found: tuple[Subject, ...] = ()
    clothes, worn = mask.soft, None
    if _may_be_worn(wanted):
        clothes, worn = part_from_wearer(photo.rgb, mask.soft)
    if worn is not None and worn.found:
        seen_alone = look(clothes)
        if wanted or get_family(seen_alone.candidates[0].family).view == "flat":
            whole = mask.soft
            mask, proposal = replace(mask, soft=clothes), seen_alone
            notes.append(worn.note)
            trust *= _TRUST_WORN
            selfie = find_selfie(photo.rgb, whole, clothes)
            if selfie is not None:
                notes.append(selfie.note)
                trust *= _TRUST_MIRROR
            found = garments(photo.rgb, clothes, size, look)
    mirrored = None if found else find_reflection(photo.rgb, mask.soft)
    if mirrored is not None and look(mirrored.mask).category not in PAIRED:
        mask, proposal = replace(mask, soft=mirrored.mask), look(mirrored.mask)
        notes.append(mirrored.note)
        trust *= _TRUST_MIRROR
    found = found or subjects(mask.soft, size, look)
    if found:
        subject, told = chosen(found, [get_family(name).category for name in wanted])
        notes.append(told)
        trust *= _TRUST_SEVERAL
        mask, proposal = replace(mask, soft=subject.mask), subject.proposal
    proposal = proposal or propose(photo.rgb, mask)
    cut = cut_sides(mask.soft)
    if cut:
        notes.append(
            f"The photo cuts the product off ({', '.join(sorted(cut))}): what lies beyond is a "
            "guess. Show it whole."
        )
        trust *= _TRUST_CUT
    return _Seen(
        photo,
        mask,
        Sight(photo.rgb, mask.soft, proposal, cut, exact=mask.source == "alpha"),
        tuple(notes),
        trust,
        bool(odd),
    )


def _may_be_worn(wanted: Sequence[str]) -> bool:
    """Whether a product may be clothes on a person, by what the caller says it is."""
    return not wanted or any(get_family(name).view == "flat" for name in wanted)


def _opened(seen: _Seen) -> _Seen:
    """A solid product with the gaps opened through which the background shows.

    A slatted back shows what lies behind it; a garment has no such gaps.
    """
    from .networks.inference import propose
    from .networks.segmentation import open_gaps

    opened = open_gaps(seen.photo.rgb, seen.mask)
    if opened is seen.mask:
        return seen
    sight = replace(seen.sight, mask=opened.soft, proposal=propose(seen.photo.rgb, opened))
    return replace(seen, mask=opened, sight=sight)


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


def _candidates(
    photo: Photo,
    proposal: Proposal,
    wanted: tuple[str, ...],
    request: Request,
) -> tuple[Candidate, ...]:
    """The families worth fitting, most probable first.

    What is declared says something of what it is: nobody measures the height of a hat. What only
    may be no product of a family is built and said to be doubtful; free form comes first where
    the caller allows it.
    """
    if wanted:
        return tuple(c for c in proposal.candidates if c.family in wanted)[:_TRIES]
    if not proposal.is_product:
        why = "".join(f" {doubt.note}" for doubt in doubts(photo.rgb))
        raise NoProductError(
            f"no product was found in {photo.name}; show one product whole, against a calm "
            f"background, or say what it is with --category.{why}".rstrip("."),
            field="photo",
            expected="one garment or piece of furniture",
            got=f"presence {proposal.presence:.2f}",
        )
    if request.freeform and _doubtful(proposal):
        raise NoProductError(
            f"{photo.name} shows nothing that a family here is sure to build (nearest: "
            f"{proposal.category}); name one with --category to have it built as that",
            field="photo",
            expected=", ".join(family_names()),
            got=f"{proposal.category} ({proposal.categories[proposal.category]:.2f})",
        )
    ranked = weighed(proposal.candidates, request.declared)
    if ranked[0].probability >= _LIKELY:
        return (ranked[0],)
    return (ranked[0], *(c for c in ranked[1:_TRIES] if c.probability > 0.15))


def _doubtful(proposal: Proposal) -> bool:
    """Whether a photo may show what no family stands for."""
    return proposal.in_family * proposal.confidence < _SURE


def _finish(
    seen: Sequence[_Seen], fit: Fit, request: Request, done: Callable[[str], None]
) -> tuple[Product, U8, Textured]:
    """Texture and build the product, and draw it over its photo."""
    first = seen[0]
    photo = first.photo
    numbers = {n: e.value for n, e in fit.values.items()}
    mesh = fit.family.build(numbers, fit.choices)
    own_notes: list[str] = []
    if fit.family.view == "flat":
        from .garment.texture import from_behind, rectify

        back = None
        if len(seen) > 1:
            back = from_behind(fit.detail, seen[1].photo.rgb, seen[1].mask.soft)
            if back is None:
                own_notes.append(
                    f"{seen[1].photo.name} does not show the same garment from behind: the back "
                    "was made up from the front. Show it laid out in the same way."
                )
        textured = rectify(photo.rgb, first.mask.soft, fit.detail, mesh, back)
    else:
        from .furniture.texture import project

        shots = [
            (camera, s.photo.rgb, mask)
            for i, (camera, s, mask) in enumerate(
                zip(fit.detail.cameras, seen, fit.detail.masks, strict=True)
            )
            if i == 0 or i not in fit.detail.odd_views
        ]
        textured = project(as_shown(fit.family, numbers, fit.choices, mesh), shots)
    done(STEPS[3])
    told = evidence_of(first.sight.proposal, fit, named=request.category is not None)
    sure = confidence(told) * first.trust
    if first.odd:
        sure = min(sure, 0.95 * threshold())
    notes = [note for s in seen for note in s.notes] + list(fit.warnings) + own_notes
    if sure < threshold():
        notes.append(
            f"low confidence ({sure:.2f}): compare the contact sheet, correct values with "
            "--set, or give a second photo"
        )
    sizes, size = size_table(fit.family, numbers, request)
    product = Product(
        id=request.id or product_id(photo.name),
        name={**fit.family.label, **request.name},
        family=fit.family,
        values=fit.values,
        choices=fit.choices,
        mesh=mesh,
        materials=dict(textured.materials),
        sizes=sizes,
        size=size,
        photo=PhotoSource(photo.name, photo.sha256, photo.width, photo.height, fit.iou),
        confidence=sure,
        warnings=tuple(dict.fromkeys(notes)),
        price=request.price,
    )
    if request.corrections:
        product = product.refit(request.corrections)
    rerender = overlay(photo.rgb, fit, product)
    done(STEPS[4])
    return product, rerender, textured


def product_id(name: str) -> str:
    """A product's id from its photo's file name: lower-case letters, digits and hyphens."""
    stem = name.rsplit(".", 1)[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:48] or "product"
