"""Masks of real photos without a person's labels: where two independent colour models agree.

Two GrabCut runs start from different evidence: one from a rectangle, one from how unlike the
photo's border each pixel is. Where both arrive at the same region the mask is right nearly
always; pixels on which they differ are marked unknown, and photos on which they differ much are
left out. Used for training only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

UNKNOWN = 128
"""Value of a pixel on which the two models differ; 0 is background, 255 is product."""


@dataclass(frozen=True, eq=False)
class LabelledPhoto:
    """One real photo with its class and, where the two models agree, its mask.

    Attributes:
        rgb: (h, w, 3) uint8.
        mask: (h, w) uint8 of 0, 255 and :data:`UNKNOWN`, or None without consensus.
        label: the folder's name, such as ``"dress"``.
    """

    rgb: U8
    mask: U8 | None
    label: str


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest 8-connected region of an (h, w) mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 1:
        return mask
    biggest: NDArray[np.bool_] = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return biggest


def _grabcut(rgb: U8, marks: U8, rounds: int) -> NDArray[np.bool_]:
    cv2.setRNGSeed(0)
    cv2.grabCut(
        rgb, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK
    )
    return np.asarray((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD))


def mask_from_rectangle(rgb: U8, margin: float = 0.04) -> NDArray[np.bool_]:
    """GrabCut that takes all but the photo's margin as perhaps product."""
    height, width = rgb.shape[:2]
    y, x = max(2, round(height * margin)), max(2, round(width * margin))
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    marks[y:-y, x:-x] = cv2.GC_PR_FGD
    return _grabcut(rgb, marks, 5)


def mask_from_border(rgb: U8, margin: float = 0.07) -> NDArray[np.bool_]:
    """GrabCut seeded by the distance of each pixel's colour to six colours of the border."""
    height, width = rgb.shape[:2]
    y, x = max(3, round(height * margin)), max(3, round(width * margin))
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 1.0), cv2.COLOR_RGB2LAB).astype(np.float32)
    ring = np.ones((height, width), bool)
    ring[y:-y, x:-x] = False
    samples = lab[ring]
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, _, centres = cv2.kmeans(samples, 6, None, criteria, 1, cv2.KMEANS_PP_CENTERS)
    weight = np.array([0.7, 1.3, 1.3], np.float32)
    apart = np.linalg.norm((lab[:, :, None] - centres) * weight, axis=-1).min(axis=-1)
    threshold = max(8.0, float(np.quantile(apart[ring], 0.9)))
    likely = cv2.morphologyEx(
        (apart > threshold).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)
    )
    core = cv2.erode(likely, np.ones((5, 5), np.uint8)) > 0
    marks = np.where(likely > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    edge = max(1, min(y, x) // 3)
    outer = np.ones((height, width), bool)
    outer[edge:-edge, edge:-edge] = False
    marks[outer] = cv2.GC_BGD
    if not core.any():
        return np.zeros((height, width), bool)
    return _grabcut(rgb, marks, 4)


def consensus_mask(rgb: U8, agreement: float = 0.9) -> U8 | None:
    """The region on which two colour models agree.

    Args:
        rgb: (h, w, 3) uint8, best about 160 pixels on the longer side.
        agreement: least intersection over union of the two masks.

    Returns:
        (h, w) uint8 of 0, 255 and :data:`UNKNOWN`, or None where they do not agree or the
        region is no plausible product (too small, too large, or lying on much of the border).
    """
    first = largest_component(mask_from_rectangle(rgb))
    second = largest_component(mask_from_border(rgb))
    both, either = first & second, first | second
    area = both.mean()
    if not 0.06 < area < 0.8 or both.sum() / either.sum() < agreement:
        return None
    rim = np.concatenate([both[1], both[-2], both[:, 1], both[:, -2]])
    if rim.mean() > 0.15:
        return None
    mask = np.where(both, 255, np.where(either, UNKNOWN, 0)).astype(np.uint8)
    return mask


def read_photos(folder: Path, side: int) -> Iterator[LabelledPhoto]:
    """Photos of ``folder/<class>/*``, no larger than ``side``, with their consensus masks."""
    for path in sorted(folder.glob("*/*")):
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            continue
        scale = side / max(bgr.shape[:2])
        size = (max(8, round(bgr.shape[1] * scale)), max(8, round(bgr.shape[0] * scale)))
        rgb = cv2.cvtColor(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
        small = 160 / side
        coarse = cv2.resize(rgb, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
        mask = consensus_mask(coarse)
        if mask is not None:
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        yield LabelledPhoto(rgb, mask, path.parent.name)


def load_or_read(folder: Path, cache: Path, side: int = 224) -> list[LabelledPhoto]:
    """Like :func:`read_photos`, remembered in one ``.npz`` file."""
    if not cache.exists():
        from tqdm import tqdm

        photos = list(tqdm(read_photos(folder, side), desc="masks of real photos", unit="photo"))
        arrays: dict[str, NDArray[np.generic]] = {}
        for i, photo in enumerate(photos):
            arrays[f"rgb{i}"] = photo.rgb
            if photo.mask is not None:
                arrays[f"mask{i}"] = photo.mask
        arrays["label"] = np.array([photo.label for photo in photos])
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(".partial.npz")
        np.savez(partial, allow_pickle=False, **arrays)
        partial.replace(cache)
    with np.load(cache, allow_pickle=False) as stored:
        return [
            LabelledPhoto(
                stored[f"rgb{i}"],
                stored.get(f"mask{i}"),
                str(label),
            )
            for i, label in enumerate(stored["label"])
        ]
