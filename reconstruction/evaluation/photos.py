"""Real photos: their classes, their masks, and products made of some of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.consensus import consensus_mask
from ..intake.photo import Photo, read_photo
from ..networks.inference import propose
from ..networks.segmentation import Mask, segment
from .cases import Case, Outcome
from .scoring import Truth, mask_iou, score_photo


def class_cases(data: Path, lists: Mapping[str, Any]) -> list[Case]:
    """Every photo of the folder ``<class>/<file>``."""
    root = data / lists["folder"]
    return [
        Case("classes", f"{path.parent.name}-{path.stem}", path.parent.name, {"path": str(path)})
        for path in sorted(root.glob("*/*"))
    ]


def run_class(case: Case) -> Outcome:
    """What the network takes a photo for, and its mask against two colour models' consensus."""
    photo = read_photo(Path(case.spec["path"]))
    mask = segment(photo.rgb, photo.alpha)
    said = propose(photo.rgb, mask)
    figures = {
        "right": float(said.category == case.category),
        "taken": float(said.is_product),
        "consensus": _consensus_iou(photo, mask),
    }
    notes = {"said": said.category, "presence": round(said.presence, 3)}
    panel = [] if figures["right"] else [(f"{case.category}: {said.category}", photo.rgb)]
    return Outcome(figures, notes, panel)


def _consensus_iou(photo: Photo, mask: Mask) -> float:
    """IoU on the pixels that two colour models agree on; NaN where they do not agree."""
    scale = 160 / max(photo.rgb.shape[:2])
    small = cv2.resize(photo.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    truth = consensus_mask(np.asarray(small, np.uint8))
    if truth is None:
        return math.nan
    size = (truth.shape[1], truth.shape[0])
    said = cv2.resize(mask.soft, size, interpolation=cv2.INTER_AREA) > 0.5
    known = truth != 128
    return mask_iou(said & known, (truth == 255) & known)


def photo_cases(data: Path, lists: Mapping[str, Any], validator: Path | None) -> list[Case]:
    """The listed photos of each class, classes mixed, and the photos of furniture."""
    where = None if validator is None else str(validator)
    root = data / lists["folder"]
    listed = [
        (i, root / label / name, label)
        for label, names in lists["reconstructed"].items()
        for i, name in enumerate(names)
    ]
    listed += [(0, data / entry["path"], entry["category"]) for entry in lists["furniture"]]
    return [
        Case("photos", f"{label}-{path.stem}", label, {"path": str(path), "validator": where})
        for _, path, label in sorted(listed, key=lambda entry: entry[0])
        if path.is_file()
    ]


def run_photo(case: Case) -> Outcome:
    """Reconstruct a real photo of which nothing is told."""
    path = Path(case.spec["path"])
    validator = case.spec["validator"]
    return score_photo(
        path.read_bytes(),
        case.name,
        Truth(case.category),
        {},
        validator=None if validator is None else Path(validator),
    )


def cutout_cases(data: Path, lists: Mapping[str, Any]) -> list[Case]:
    """Photos with a reference cut-out ``NAME.out.png`` beside them."""
    out = []
    for folder in lists["folders"]:
        for cutout in sorted((data / folder).glob("*.out.png")):
            stem = cutout.name.removesuffix(".out.png")
            photo = next(p for p in sorted(cutout.parent.glob(f"{stem}.*")) if p != cutout)
            spec = {"path": str(photo), "cutout": str(cutout)}
            out.append(Case("cutouts", stem, stem, spec))
    return out


def run_cutout(case: Case) -> Outcome:
    """A mask against a reference cut-out."""
    photo = read_photo(Path(case.spec["path"]))
    read = cv2.imread(case.spec["cutout"], cv2.IMREAD_UNCHANGED)
    alpha: NDArray[np.uint8] = np.asarray(read, np.uint8)[..., 3]
    said = segment(photo.rgb).hard
    if alpha.shape != said.shape:
        alpha = np.asarray(cv2.resize(alpha, said.shape[::-1], interpolation=cv2.INTER_AREA))
    shown = photo.rgb.copy()
    shown[~said] //= 4
    panel = [(case.name, photo.rgb), ("mask", shown)]
    return Outcome({"mask": mask_iou(said, alpha > 127)}, {}, panel)
