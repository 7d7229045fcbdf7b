"""Fit a furniture family to a photo's mask: render, compare, and change what differs.

The network proposes structures, values and a camera; here the silhouette, the two material
colours of the photo, the declared dimensions and what such furniture usually measures decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..families.furniture_family import FurnitureFamily
from ..mesh import F32
from ..product import Estimate
from ..render.camera import Camera
from ..render.zbuffer import render
from .scale import declared_values, metric_scale
from .search import coarse, search, switch
from .solver import Problem, Start, Trial, descend
from .target import FINE_SIDE, Pose, make_target, photo_camera

F64 = NDArray[np.float64]

_HOPELESS = 0.3
"""A coarse loss above which the guesses are given up for a search."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted member of a family.

    Attributes:
        camera: of the whole photo, in its own pixels.
        iou: silhouette against the mask, at the photo's resolution.
        loss: what was minimised; comparable between structures fitted to the same photo.
        estimates: value, 90% interval and source of each parameter.
        confidence: 0 to 1.
        warnings: sentences for a person.
    """

    values: dict[str, float]
    choices: dict[str, str]
    camera: Camera
    iou: float
    loss: float
    estimates: dict[str, Estimate]
    confidence: float
    warnings: tuple[str, ...] = ()


def refine(
    family: FurnitureFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    camera: Camera | Pose | None,
    mask: F32,
    *,
    photo: NDArray[np.uint8] | None = None,
    declared: Mapping[str, float] | None = None,
    proposals: Sequence[Start] = (),
    spread: Mapping[str, float] | None = None,
    effort: float = 1.0,
    seed: int = 0,
) -> Fitted:
    """Fit a family to a mask.

    Args:
        values, choices: the best guess; empty where there is none, which searches structures.
        camera: the guess's camera, or None.
        mask: (h, w) float32, 0 to 1.
        photo: (h, w, 3) uint8 sRGB; where it clearly shows two materials they are fitted too.
        declared: known values by parameter name, such as ``{"height": 0.86}``; kept exactly.
        proposals: further guesses, such as the network's next structures.
        spread: how sure ``values`` are: one standard deviation each, in their unit.
        effort: scales the number of structures that are tried.
        seed: the result is the same for the same seed.

    Raises:
        ParameterError: an unknown declared name, or a value out of its range.
        NoProductError: the mask is all but empty.
    """
    given = declared_values(family, declared or {})
    target = make_target(mask, photo)
    rng = np.random.default_rng(seed)
    starts = list(proposals)
    if choices:
        pose = _pose(camera)
        starts.insert(0, Start(values, choices, pose, spread or {}))
    best = coarse(family, (target,), starts, given)[0] if starts else None
    if best is None or best.loss > _HOPELESS:
        searched = search(family, (target,), given, rng, int(240 * effort))
        other = coarse(family, (target,), searched, given)[0]
        best = other if best is None or other.loss < best.loss else best
    best, _ = switch(best, given, round(4 * effort), 0.003)
    # Turnings and scrolls show only in a finer picture.
    fine = replace(best.problem, targets=(make_target(mask, photo, FINE_SIDE),))
    best, _ = descend(fine, best.x, (4.0, 3.0, 2.0, 1.5))
    best, _ = switch(best, given, round(2 * effort), 0.001)
    best, _ = descend(best.problem, best.x, (3.0, 2.0, 1.5, 1.2, 1.0))
    return _finish(best, given, mask)


def _pose(camera: Camera | Pose | None) -> Pose:
    if isinstance(camera, Pose):
        return camera
    if camera is None:
        return Pose(0.5, 0.25, 0.22)
    return Pose(camera.azimuth, camera.elevation, 0.22, camera.roll)


def _finish(best: Trial, declared: Mapping[str, float], mask: F32) -> Fitted:
    problem, x, loss = best
    family = problem.family
    values, poses = problem.unpack(x)
    reach = _reach(problem, x)
    scale = metric_scale(family, values, problem.choices, declared)
    lengths = {p.name for p in family.parameters if p.unit == "m"}
    known = {p.name: p for p in family.parameters}
    estimates, final = {}, {}
    for name, spec in known.items():
        factor = scale.factor if name in lengths else 1.0
        value = float(np.clip(values[name] * factor, spec.minimum, spec.maximum))
        final[name] = value
        if name in declared:
            estimates[name] = Estimate(
                declared[name], declared[name], declared[name], 1.0, "declared"
            )
            final[name] = declared[name]
            continue
        half = reach.get(name, 0.0 if name == "height" else (spec.maximum - spec.minimum) * 0.4)
        half *= factor
        if name in lengths:
            half = float(np.hypot(half, value * scale.spread))
        seen = half < 0.3 * (spec.maximum - spec.minimum)
        low, high = max(value - half, spec.minimum), min(value + half, spec.maximum)
        sure = float(np.clip(1 - half / (spec.maximum - spec.minimum), 0, 1))
        estimates[name] = Estimate(value, low, high, sure, "photo" if seen else "prior")
    points = family.points(final, problem.choices)
    camera = photo_camera(points, poses[0], problem.targets[0])
    iou = silhouette_iou(points, family.surface(problem.choices).faces, camera, mask)
    warnings = []
    if iou < 0.88:
        warnings.append(
            f"The photo's outline is met only to {iou:.0%}: this product's shape may lie outside "
            f"the {family.name} family."
        )
    if not declared:
        warnings.append(
            f"No dimension was declared: the scale is usual for a {family.name}, "
            f"give or take {scale.spread:.0%}."
        )
    confidence = float(np.clip((iou - 0.7) / 0.25, 0.05, 0.98))
    return Fitted(final, problem.choices, camera, iou, loss, estimates, confidence, tuple(warnings))


def _reach(problem: Problem, x: F64) -> dict[str, float]:
    """How far each free parameter can move before the picture gets visibly worse, its unit."""
    base = problem.loss(x) - problem.doubt(x)
    out = {}
    for i, name in enumerate(problem.names):
        width = float(problem.high[i] - problem.low[i])
        worst = 0.0
        for step in (-0.06, 0.06):
            y = x.copy()
            y[i] = np.clip(y[i] + step, 0, 1)
            moved = abs(float(y[i] - x[i]))
            if moved > 0.01:
                rise = max(problem.loss(y) - problem.doubt(y) - base, 1e-4)
                worst = max(worst, rise / moved)
        # A visible change is a hundredth of the loss's scale.
        out[name] = float(np.clip(0.012 / max(worst, 1e-3), 0.005, 0.4)) * width
    return out


def silhouette_iou(points: F32, faces: NDArray[np.int32], camera: Camera, mask: F32) -> float:
    """Intersection over union of a mesh's silhouette with a mask (h, w), at most 512 px high."""
    import cv2

    height, width = mask.shape
    shrink = min(1.0, 512 / max(height, width))
    size = (max(round(height * shrink), 8), max(round(width * shrink), 8))
    small = cv2.resize(np.asarray(mask, np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0.5
    drawn = render(points, faces, camera, size).face_id >= 0
    return float((drawn & small).sum() / max((drawn | small).sum(), 1))
