"""Own families with held-out parameters, and masks, in pictures by a renderer of their own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ..data.holdout import empty_picture
from ..data.masks import MaskSources
from ..families import family_names, get_family
from ..families.worn_solid import WornSolid
from ..family import Family
from ..intake.photo import decode_photo
from ..networks.inference import PRODUCT_THRESHOLD, propose
from ..networks.segmentation import segment
from ..pipeline import DECLARED
from .cases import Case, Outcome
from .distance import Shape
from .pictures import Picture, estranged, picture_of, random_member
from .scoring import Truth, mask_iou, score_photo
from .surroundings import Style


def drawn_cases(
    seed: int,
    count: int,
    styles: Sequence[Style],
    validator: Path | None,
    *,
    families: Sequence[str] | None = None,
    group: str = "drawn",
) -> list[Case]:
    """``count`` members of each family, going through the styles; families mixed."""
    where = None if validator is None else str(validator)
    return [
        Case(
            group,
            f"{name}-{seed}-{i}",
            get_family(name).category,
            {
                "family": name,
                "seed": seed,
                "index": i,
                "style": styles[i % len(styles)],
                "validator": where,
            },
        )
        for i in range(count)
        for name in families or family_names()
    ]


def declared_side(family: Family) -> tuple[str, str]:
    """The one dimension that is told, as a caller says it, and the parameter that it means.

    The height; the width of what is all but flat; of hats and shoes what tells their size.
    """
    if isinstance(family, WornSolid):
        gauge = str(family.spec.extra["gauge"])
        return gauge, gauge
    box = family.build({}, {}).size
    side = "width" if family.view == "solid" and box[1] < 0.1 * max(box) else "height"
    names = {p.name for p in family.parameters}
    return side, next(n for n in DECLARED[family.kind][side] if n in names)


def drawn_member(case: Case) -> tuple[Picture, Truth, dict[str, float]]:
    """The picture of a drawn case, what is true of it, and what is told of it."""
    spec = case.spec
    family, values, choices, rng = random_member(spec["family"], spec["seed"], spec["index"])
    mesh = family.build(values, choices)
    bent = float(spec.get("estranged", 0.0))
    if bent and not isinstance(family, WornSolid) and family.view == "solid":
        mesh = estranged(mesh, bent, rng)
        picture = picture_of(family, values, choices, rng, spec["style"], mesh=mesh)
    else:
        picture = picture_of(family, values, choices, rng, spec["style"])
    solid = family.view == "solid"
    truth = Truth(
        family.category,
        Shape(mesh.vertices, mesh.faces),
        family.name,
        values,
        picture.mask,
        picture.azimuth if solid else None,
        None if isinstance(family, WornSolid) else picture.eye,
    )
    side, meant = declared_side(family)
    return picture, truth, {side: values[meant]}


def run_drawn(case: Case) -> Outcome:
    """Reconstruct a drawn member."""
    picture, truth, declared = drawn_member(case)
    validator = case.spec["validator"]
    outcome = score_photo(
        picture.jpeg,
        case.name,
        truth,
        declared,
        validator=None if validator is None else Path(validator),
    )
    notes = {**outcome.notes, "style": case.spec["style"], "truth": case.spec["family"]}
    return Outcome(outcome.figures, notes, outcome.panel)


def mask_cases(seed: int, count: int, styles: Sequence[Style]) -> list[Case]:
    """``count`` pictures of each style, going round the families."""
    names = family_names()
    return [
        Case(
            "masks",
            f"{style}-{seed}-{i}",
            get_family(names[i % len(names)]).category,
            {"family": names[i % len(names)], "seed": seed + j, "index": i, "style": style},
        )
        for i in range(count)
        for j, style in enumerate(styles)
    ]


def run_mask(case: Case) -> Outcome:
    """Separate a drawn member from its background."""
    picture, _, _ = drawn_member(case)
    photo = decode_photo(picture.jpeg, case.name)
    mask = segment(photo.rgb).hard
    shown = photo.rgb.copy()
    shown[~mask] //= 4
    panel = [(case.name, photo.rgb), ("mask", shown)]
    return Outcome({"mask": mask_iou(mask, picture.mask)}, {"style": case.spec["style"]}, panel)


def empty_cases(seed: int, count: int) -> list[Case]:
    """Pictures without any product, ten to a case."""
    return [
        Case("empty", f"{seed}-{i}", "nothing", {"seed": seed, "index": i, "count": 10})
        for i in range(-(-count // 10))
    ]


@cache
def _grounds() -> MaskSources:
    return MaskSources()


def run_empty(case: Case) -> Outcome:
    """How often a ground without a product is taken for one."""
    rng = np.random.default_rng((case.spec["seed"], case.spec["index"]))
    presence = []
    for _ in range(case.spec["count"]):
        rgb = empty_picture(rng, _grounds())
        presence.append(propose(rgb, segment(rgb)).presence)
    taken = float(np.mean(np.array(presence) >= PRODUCT_THRESHOLD))
    return Outcome({"taken": taken}, {"presence": [round(p, 3) for p in presence]})


def encoded(rgb: np.ndarray, quality: int = 92) -> bytes:
    """(h, w, 3) uint8 as JPEG bytes."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", rgb[..., ::-1], options)[1].tobytes())
