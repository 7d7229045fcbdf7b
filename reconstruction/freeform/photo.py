"""Free-form products from photos: for whatever no family can build, and honest about it.

One photo gives a body inflated from its silhouette, several from all round their visual hull. The
product is only scalable; its confidence is low and its warnings say what it is.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import NoProductError, ParameterError
from ..intake.photo import Photo
from ..mesh import F32, Mesh
from ..meshes.simplify import simplify
from ..product import Estimate, Material, PhotoSource, Product
from ..render.camera import Camera
from ..render.zbuffer import silhouette
from .carve import View, all_round, carve, make_view
from .family import AXES, check_declared, freeform_family, standing
from .inflate import inflate, largest_pieces, plausible_silhouette, silhouette_grid
from .texture import from_all_round, front_and_back

TRIANGLES = 8000
MOST_PHOTOS = 16
_SMALLEST = 400  # pixels of mask below which there is no outline to speak of
_FAR = 200.0  # camera distance in heights at which a pinhole is as good as orthographic
_ONE_PHOTO, _MANY_PHOTOS = 0.3, 0.55  # confidence at best
_PLANE, _DEPTH = 0.06, 0.5  # how far a measured and a guessed side may be off, as a share


@dataclass(frozen=True, eq=False)
class _Body:
    mesh: Mesh
    material: Material
    iou: float
    confidence: float
    depth_known: bool
    warning: str


def freeform_from_photos(
    photos: Sequence[Photo],
    masks: Sequence[F32],
    azimuths: Sequence[float] | None = None,
    category: str = "other",
    declared: Mapping[str, float] | None = None,
    *,
    id: str = "product",
    name: Mapping[str, str] | None = None,
) -> Product:
    """A scalable product from the photos of anything.

    Args:
        photos: one, or up to :data:`MOST_PHOTOS` of the same product from all round at eye level.
        masks: (h, w) float32 with 0 to 1 for each photo's ``rgb``.
        azimuths: of the camera for each photo, radians; 0 sees the front, positive walks towards
            the product's left (+X). None: a turntable, evenly all round in this order.
        category: free text; what ``freeform.toml`` names has words and a size.
        declared: true ``width``, ``height`` and ``depth`` in metres, as far as they are known.
        name: words per language; those of the category if None.

    Raises:
        NoProductError: a mask is (nearly) empty, or the silhouettes have nothing in common.
        ParameterError: photos, masks and azimuths do not match, or a declared size is impossible.
    """
    sizes = dict(declared or {})
    check_declared(sizes)
    if not photos or len(photos) > MOST_PHOTOS or len(masks) != len(photos):
        raise ParameterError(
            "each photo needs its mask",
            field="photos",
            expected=f"1 to {MOST_PHOTOS} photos and as many masks",
            got=f"{len(photos)} photos, {len(masks)} masks",
        )
    if azimuths is None:
        azimuths = [2 * math.pi * k / len(photos) for k in range(len(photos))]
    if len(azimuths) != len(photos) or not all(map(math.isfinite, azimuths)):
        raise ParameterError(
            "each photo needs the direction that it was taken from",
            field="azimuths",
            expected=f"{len(photos)} angles in radians, or none for a turntable",
            got=f"{len(azimuths)} angles",
        )
    whole = [_whole(photo, mask) for photo, mask in zip(photos, masks, strict=True)]
    if len(photos) > 1 and all_round(azimuths):
        body = _hull(photos, whole, azimuths)
    else:
        body = _cushion(photos, whole, azimuths)
    words = category_words(category)
    side = {} if sizes else {_longest(body.mesh): words.side[1]}
    mesh = standing(body.mesh, sizes or side)
    label = dict(name or words.label)
    family = freeform_family(mesh, category, label)
    warnings = [body.warning]
    if not sizes:
        warnings.append(
            f"No size was declared: the longest side was taken to be {words.side[1]:g} m, as is "
            f"usual for this; it may be {words.side[0]:g} to {words.side[2]:g} m."
        )
    first = photos[0]
    return Product(
        id=id,
        name=label,
        family=family,
        values=_estimates(mesh, sizes, words, body.depth_known),
        choices={},
        mesh=mesh,
        materials={"body": body.material},
        photo=PhotoSource(first.name, first.sha256, first.width, first.height, body.iou),
        confidence=body.confidence,
        warnings=tuple(warnings),
    )


def _whole(photo: Photo, mask: F32) -> F32:
    if mask.shape != photo.rgb.shape[:2]:
        raise ParameterError(
            f"the mask of {photo.name} is not of the photo's size",
            field="masks",
            expected=str(photo.rgb.shape[:2]),
            got=str(mask.shape),
        )
    if int((mask > 0.5).sum()) < _SMALLEST:
        raise NoProductError(
            f"no product was found in {photo.name}; show it whole, against a calm background",
            field="photo",
            expected="one product",
            got="an empty mask",
        )
    return largest_pieces(np.asarray(mask, np.float32))


def _cushion(photos: Sequence[Photo], masks: Sequence[F32], azimuths: Sequence[float]) -> _Body:
    """The front's silhouette inflated; a photo from behind, if there is one, on its back."""
    grid, corner, cell = silhouette_grid(masks[0])
    plausible, symmetric = plausible_silhouette(grid)
    mesh, _ = simplify(inflate(plausible), TRIANGLES)
    behind = next(
        (k for k, a in enumerate(azimuths) if k and math.cos(a - azimuths[0]) < -0.5), None
    )
    back = None if behind is None else _cropped(photos[behind].rgb, masks[behind])
    cut, material = front_and_back(mesh, photos[0].rgb, masks[0], corner, cell, back)
    screen = cut.vertices * np.array([cell, -cell, 0], np.float32)
    screen += np.array([corner[0], corner[1], 1], np.float32)
    drawn = silhouette(screen, cut.faces, (masks[0].shape[0], masks[0].shape[1]))
    made = "symmetric " if symmetric else ""
    seen = "the back is the second photo" if back is not None else "the back is made up"
    return _Body(
        cut,
        material,
        _iou(drawn > 0, masks[0] > 0.5),
        _ONE_PHOTO,
        False,
        f"No family builds this: it is a {made}body inflated from the photo's outline. Its depth "
        f"is a guess and {seen}. It can be scaled, not re-fitted; photos from all round give "
        "a truer shape.",
    )


def _hull(photos: Sequence[Photo], masks: Sequence[F32], azimuths: Sequence[float]) -> _Body:
    """The visual hull of all silhouettes, painted from all photos."""
    views = [make_view(mask, a) for mask, a in zip(masks, azimuths, strict=True)]
    hull, shifts, fill = carve(views)
    small, _ = simplify(hull, TRIANGLES)
    cameras = [
        _camera(view, mask, shift) for view, mask, shift in zip(views, masks, shifts, strict=True)
    ]
    cut, material = from_all_round(small, cameras, [p.rgb for p in photos], masks)
    size = (masks[0].shape[0], masks[0].shape[1])
    drawn = silhouette(cameras[0].project(cut.vertices, size), cut.faces, size)
    trust = float(np.clip((fill - 0.6) / 0.35, 0, 1))
    warning = (
        f"No family builds this: it is the visual hull of {len(photos)} photos, which fills "
        "hollows that no outline shows. It can be scaled, not re-fitted."
    )
    if fill < 0.85:
        warning += (
            f" The outlines do not agree well (IoU {fill:.2f}): check that the photos are level "
            "and in turntable order, or declare their azimuths."
        )
    confidence = _ONE_PHOTO + (_MANY_PHOTOS - _ONE_PHOTO) * trust
    return _Body(cut, material, _iou(drawn > 0, masks[0] > 0.5), confidence, True, warning)


def _camera(view: View, mask: F32, shift: float) -> Camera:
    """A far pinhole camera that sees a body of height 1 as the view does."""
    height, width = mask.shape
    rows, columns = np.where(mask > 0.5)
    middle = (float(columns.min()) + float(columns.max()) + 1) / 2 + shift * view.height
    row = float(rows.max()) + 1 - view.height / 2
    return Camera(
        azimuth=view.azimuth,
        elevation=0.0,
        distance=_FAR,
        fov=2 * math.atan(height / 2 / (view.height * _FAR)),
        target=(0.0, 0.5, 0.0),
        center=((middle - width / 2) / height, (row - height / 2) / height),
    )


def _cropped(rgb: NDArray[np.uint8], mask: F32) -> tuple[NDArray[np.uint8], F32]:
    rows, columns = np.where(mask > 0.5)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return np.ascontiguousarray(rgb[box]), np.ascontiguousarray(mask[box])


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def _longest(mesh: Mesh) -> str:
    return AXES[int(np.argmax(mesh.size))]


@dataclass(frozen=True)
class Category:
    """What free-form products of one kind are called, and how long their longest side is.

    Attributes:
        side: the shortest, the ordinary and the longest that there is, metres.
    """

    side: tuple[float, float, float]
    label: Mapping[str, str]


@cache
def _categories() -> Mapping[str, Category]:
    path = Path(__file__).with_name("freeform.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        key: Category(tuple(entry["side"]), {"en": entry["en"], "zh": entry["zh"]})
        for key, entry in table.items()
    }


def category_words(category: str) -> Category:
    """What a free-form category is called and how large it usually is; ``other`` if unknown."""
    known = _categories()
    folded = category.strip().casefold().replace("-", "_").replace(" ", "_")
    if folded in known:
        return known[folded]
    for entry in known.values():
        if folded in entry.label.values():
            return entry
    own = known["other"]
    return own if folded in ("", "freeform") else replace(own, label={"en": category[:64]})


def _estimates(
    mesh: Mesh, declared: Mapping[str, float], words: Category, depth_known: bool
) -> dict[str, Estimate]:
    estimates = {}
    for axis, size in zip(AXES, mesh.size, strict=True):
        if axis in declared:
            estimates[axis] = Estimate(size, size, size, 1.0, "declared")
            continue
        measured = axis != "depth" or depth_known
        share = _PLANE if measured else _DEPTH
        low, high = size * (1 - share), size * (1 + share)
        if not declared:
            low, high = low * words.side[0] / words.side[1], high * words.side[2] / words.side[1]
        sure = (0.7 if declared else 0.3) if measured else 0.15
        estimates[axis] = Estimate(size, low, high, sure, "photo" if measured else "prior")
    return estimates
