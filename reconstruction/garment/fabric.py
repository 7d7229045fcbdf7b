"""The cloth in a photo: its colours, which of them are print, its shading, its unseen side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Colours = TypeVar("Colours", NDArray[np.float32], NDArray[np.uint8])

_CLUSTERS = 6
_SAMPLES = 6000
_AT_EDGE = 0.5
"""A colour belongs to the cloth when its share along the seams is this part of that overall."""
_UNLIKE = 13.0
"""Lab distance from the cloth around, lightness counted less, from which on a pixel stands out."""
_PATTERNED = 0.12
"""Cloth is patterned, not plain with a print, when more of its seams than this stands out."""
_PRINT_TOUCHING = 0.12
"""Patches of such a colour with more than this share of themselves along the seams are cloth."""
_DEEP, _CUT_OFF = 0.15, 0.35
"""Those that reach so far into the cloth, as a share of its size, are cloth only from the latter
share on: a fold at the hem cuts prints off."""


@dataclass(frozen=True, eq=False)
class Cloth:
    """What a garment's visible pixels say of its cloth.

    Attributes:
        color: (3,) sRGB 0 to 1, the cloth's main colour.
        labels: (h, w) int32 colour group of each pixel.
        centers: (k, 3) Lab of each group.
        printed: (h, w) whether a pixel belongs to a print on the cloth rather than to the cloth.
        roughness: 0 to 1.
    """

    color: tuple[float, float, float]
    labels: NDArray[np.int32]
    centers: F32
    printed: Bool
    roughness: float


def to_lab(rgb: F32) -> F32:
    """(h, w, 3) sRGB 0 to 1 to Lab: L 0 to 100, a and b about -100 to 100."""
    lab: F32 = cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2LAB)
    return lab


def fill_outside(rgb: Colours, inside: Bool) -> Colours:
    """Every pixel outside takes the colour of the nearest one inside."""
    if inside.all() or not inside.any():
        return rgb
    _, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    colors = np.zeros((int(label.max()) + 1, rgb.shape[2]), rgb.dtype)
    colors[label[inside]] = rgb[inside]
    filled = np.where(inside[..., None], rgb, colors[label])
    return cast("Colours", filled)


def own_pixels(rgb: F32, solid: Bool, band: int) -> Bool:
    """A mask without the rim that shows background: shadows and seams of a loose mask.

    Within ``band`` pixels of the outline each pixel is compared with the cloth further in and the
    background further out, and dropped where it is more like the latter.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1,) * 2)
    core = cv2.erode(solid.astype(np.uint8), kernel, borderValue=0).astype(bool)
    around = ~cv2.dilate(solid.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    if not core.any() or not around.any():
        return solid
    lab = to_lab(rgb)
    cloth = fill_smooth(lab, core, 0.5 * band)
    ground = fill_smooth(lab, around, 0.5 * band)
    to_cloth = np.linalg.norm(lab - cloth, axis=2)
    to_ground = np.linalg.norm(lab - ground, axis=2)
    foreign = solid & ~core & (to_ground < 0.75 * to_cloth)
    rim = cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    kept = rim & ~cv2.dilate(foreign.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    own: Bool = kept | core
    return own


def study(rgb: F32, inside: Bool, edge: Bool) -> Cloth:
    """Group the colours inside a mask.

    Args:
        rgb: (h, w, 3) sRGB 0 to 1.
        inside: (h, w) pixels of cloth.
        edge: (h, w) pixels of cloth near seams and hems, where prints hardly ever reach.
    """
    lab = to_lab(rgb)
    # Lightness counts less than hue: folds change it.
    features = lab * np.array([0.6, 1.0, 1.0], np.float32)
    pool = features[inside]
    picked = pool[np.linspace(0, len(pool) - 1, min(len(pool), _SAMPLES)).astype(np.int64)]
    cv2.setRNGSeed(7)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 25, 0.3)
    _, _, centers = cv2.kmeans(
        np.ascontiguousarray(picked), _CLUSTERS, None, criteria, 2, cv2.KMEANS_PP_CENTERS
    )
    centers = _merge(centers)
    distance = np.stack([((features - c) ** 2).sum(axis=-1) for c in centers], axis=-1)
    labels = distance.argmin(axis=-1).astype(np.int32)
    count = len(centers)
    overall = np.bincount(labels[inside], minlength=count) / max(int(inside.sum()), 1)
    at_edge = np.bincount(labels[edge], minlength=count) / max(int(edge.sum()), 1)
    cloth = (at_edge >= _AT_EDGE * overall) & (at_edge > 0.04)
    main = int((overall + at_edge).argmax())
    cloth[main] = True
    around = fill_smooth(features, inside & cloth[labels], 0.03 * max(inside.shape))
    unlike = inside & (np.linalg.norm(features - around, axis=2) > _UNLIKE)
    patterned = int((unlike & edge).sum()) > _PATTERNED * max(int(edge.sum()), 1)
    suspect = inside & ~cloth[labels] if patterned else unlike
    chosen = inside & (labels == main)
    color = np.median(rgb[chosen], axis=0)
    light = lab[..., 0][chosen]
    glare = float(np.percentile(light, 99) - np.median(light)) / 100
    return Cloth(
        color=(float(color[0]), float(color[1]), float(color[2])),
        labels=labels,
        centers=(centers / np.array([0.6, 1.0, 1.0])).astype(np.float32),
        printed=_patches(suspect, edge, inside),
        roughness=float(np.clip(1.0 - 0.8 * glare, 0.55, 0.92)),
    )


def _patches(suspect: Bool, edge: Bool, inside: Bool) -> Bool:
    """Of the pixels in suspect colours, those in patches that keep away from the seams.

    A patch that runs into a seam but reaches far into the cloth is print too, cut off by a fold.
    """
    size = max(suspect.shape)
    near = np.ones((max(round(0.003 * size), 2),) * 2, np.uint8)
    count, label = cv2.connectedComponents(cv2.dilate(suspect.astype(np.uint8), near))
    area = np.bincount(label[suspect], minlength=count)
    touching = np.bincount(label[suspect & edge], minlength=count)
    free = touching <= _PRINT_TOUCHING * np.maximum(area, 1)
    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    reach = np.zeros(count, np.float32)
    np.maximum.at(reach, label[suspect], depth[suspect])
    deep = reach > _DEEP * float(np.sqrt(inside.sum()))
    free |= deep & (touching <= _CUT_OFF * np.maximum(area, 1))
    free[area < 2e-5 * size * size] = False
    free[0] = False
    patches: Bool = suspect & free[label]
    return patches


def _merge(centers: F32) -> F32:
    """Groups whose colours are too alike to tell become one."""
    kept: list[F32] = []
    for center in sorted(centers.tolist()):
        color = np.array(center, np.float32)
        near = [i for i, k in enumerate(kept) if float(np.linalg.norm(k - color)) < 9.0]
        if near:
            kept[near[0]] = np.asarray((kept[near[0]] + color) / 2, np.float32)
        else:
            kept.append(color)
    return np.stack(kept)


def fill_smooth(rgb: F32, known: Bool, reach: float = 0.0) -> F32:
    """Colours spread from known pixels to all others, by blurs of growing reach.

    Args:
        reach: pixels; known pixels too are averaged over it when it is above 0.
    """
    h, w = known.shape
    value = np.where(known[..., None], rgb, 0.0).astype(np.float32)
    weight = known.astype(np.float32)
    result = np.zeros_like(value)
    done = np.zeros((h, w), np.float32)
    radius = reach or 0.006 * max(h, w)
    while radius < 2.0 * max(h, w):
        share = _blur(weight, radius)
        blurred = _blur(value, radius)
        take = np.clip((share - 0.02) / 0.1, 0.0, 1.0) * (1 - done)
        result += blurred / np.maximum(share, 1e-6)[..., None] * take[..., None]
        done += take
        if done.min() > 0.999:
            break
        radius *= 2.0
    rest = value.sum(axis=(0, 1)) / max(float(weight.sum()), 1.0)
    filled: F32 = result + (1 - done)[..., None] * rest
    return filled


def _blur(image: F32, reach: float) -> F32:
    """Gaussian blur of (h, w) or (h, w, k); a wide one is done on a smaller picture."""
    shrink = max(int(reach / 4), 1)
    if shrink == 1:
        blurred: F32 = cv2.GaussianBlur(image, (0, 0), max(reach, 0.5))
        return blurred
    h, w = image.shape[:2]
    size = (max(w // shrink, 2), max(h // shrink, 2))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), reach / shrink)
    wide: F32 = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    return wide
