"""What another reconstructor made, taken in: cleaned, turned to the photo, to scale, its own name.

The mesh comes in as a free-form product. Where a family fits it, it becomes a member of that
family and can be re-fitted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..freeform.family import AXES, freeform_family, standing
from ..freeform.refit import refitted
from ..gltf.read import GlbContents
from ..intake.photo import Photo
from ..mesh import F32, Mesh
from ..meshes.clean import BUDGET, clean, picture_of
from ..product import Estimate, Material, PhotoSource, Product
from ..render.camera import frame_camera
from ..render.shading import picture
from . import Hints

_SIZE = 96
_COLOR = 0.5  # weight of a difference in colour against one in outline


def adopt(
    contents: GlbContents,
    photo: Photo,
    mask: F32,
    hints: Hints,
    *,
    maker: str,
    license: str,
    confidence: float = 0.5,
) -> Product:
    """A free-form product of a network's mesh.

    Args:
        contents: Y up; any scale, any of four directions.
        photo: the one that it was made from, with its ``mask`` (h, w).
        maker: who made it, for the warning.
        license: of its mesh, kept in the product and its GLB.

    Raises:
        ProductFileError: the mesh is nothing that can be used.
        ParameterError: a declared size is impossible.
    """
    tidy, done = clean(contents, BUDGET)
    materials = tidy.materials
    turned, agreement = facing_photo(tidy.mesh, materials, photo, mask)
    declared = dict(hints.declared)
    side = declared or {AXES[int(np.argmax(turned.size))]: _usual_side(hints.category)}
    mesh = standing(turned, side)
    label = dict(hints.name) or _label(hints.category)
    family = freeform_family(mesh, hints.category, label)
    warnings = [
        f"Made by {maker} from the photo: its hidden sides are that network's invention. It can be "
        "scaled, not re-fitted."
    ]
    if done.capped:
        warnings.append("Its surface had holes, which were closed.")
    if done.remeshed:
        warnings.append("Its surface enclosed nothing and was made anew around what it shows.")
    if not declared:
        warnings.append("No size was declared: its longest side is a guess.")
    values = {
        axis: Estimate(size, size, size, 1.0, "declared")
        if axis in declared
        else Estimate(size, size * 0.8, size * 1.25, 0.4 if declared else 0.1, "photo")
        for axis, size in zip(AXES, mesh.size, strict=True)
    }
    product = Product(
        id=hints.id,
        name=label,
        family=family,
        values=values,
        choices={},
        mesh=mesh,
        materials=materials,
        photo=PhotoSource(photo.name, photo.sha256, photo.width, photo.height, agreement),
        confidence=confidence * agreement,
        warnings=tuple(warnings),
        license=license,
    )
    return refitted(product) if hints.refit else product


def facing_photo(
    mesh: Mesh, materials: Mapping[str, Material], photo: Photo, mask: F32
) -> tuple[Mesh, float]:
    """The mesh turned about its height so that its front is what the photo shows.

    Networks agree on Y up but not on where the front is. Of four directions the one is taken
    whose picture is most like the photo, in outline first and then in colour.

    Returns:
        The mesh, and the IoU of its outline with the mask.
    """
    import cv2

    rows, columns = np.where(mask > 0.5)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    wanted = cv2.resize(mask[box], (_SIZE, _SIZE), interpolation=cv2.INTER_AREA) > 0.5
    shown = cv2.resize(photo.rgb[box], (_SIZE, _SIZE), interpolation=cv2.INTER_AREA) / 255.0
    colors = {slot: m.base_color[:3] for slot, m in materials.items()}
    textures = {
        slot: np.ascontiguousarray(picture_of(m.texture)[..., :3])
        for slot, m in materials.items()
        if m.texture is not None
    }
    aspect = float((np.ptp(columns) + 1) / (np.ptp(rows) + 1))
    best: tuple[float, int, float] = (-np.inf, 0, 0.0)
    for quarter in range(4):
        for elevation in (0.0, 0.3):
            camera = frame_camera(mesh.vertices, quarter * math.pi / 2, elevation, fov=0.3)
            drawn = picture(mesh, camera, (160, 160), colors, textures, oversample=1)
            alpha = drawn[..., 3] > 127
            y, x = np.where(alpha)
            if not len(y):
                continue
            own = np.s_[y.min() : y.max() + 1, x.min() : x.max() + 1]
            ratio = float((np.ptp(x) + 1) / (np.ptp(y) + 1)) / aspect
            body = cv2.resize(alpha[own].astype(np.float32), (_SIZE, _SIZE)) > 0.5
            seen = cv2.resize(drawn[own][..., :3], (_SIZE, _SIZE)) / 255.0
            both = body & wanted
            # Both boxes were stretched to squares: what that hid counts as well.
            iou = float(both.sum() / max((body | wanted).sum(), 1)) * min(ratio, 1 / ratio)
            apart = float(np.abs(_even(seen, both) - _even(shown, both))[both].mean())
            if iou - _COLOR * apart > best[0]:
                best = (iou - _COLOR * apart, quarter, iou)
    _, quarter, iou = best
    turn = -quarter * math.pi / 2
    c, s = round(math.cos(turn)), round(math.sin(turn))
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
    return replace(mesh.with_vertices(mesh.vertices @ rotation.T), anchors={}), iou


def _even(image: NDArray[np.float64], here: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The picture at a middle brightness, so that another light does not count."""
    return np.asarray(image * (0.5 / max(float(image[here].mean()) if here.any() else 1.0, 1e-3)))


def _usual_side(category: str) -> float:
    from ..freeform.photo import category_words

    return category_words(category).side[1]


def _label(category: str) -> dict[str, str]:
    from ..freeform.photo import category_words

    return dict(category_words(category).label)
