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
from .solver import Problem, Start, Trial, View, descend, make_problem
from .target import FINE_SIDE, Pose, Target, make_target, photo_camera

F64 = NDArray[np.float64]

_HOPELESS = 0.3
"""A coarse loss above which the guesses are given up for a search."""
_MAIN = ("back", "base", "arms", "legs", "seat", "apron")
"""Choices that decide what a chair or a table is; the others are tried afterwards."""


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
    best = _coarse(family, target, starts, given) if starts else None
    if best is None or best.loss > _HOPELESS:
        searched = _search(family, target, given, rng, int(360 * effort))
        other = _coarse(family, target, searched, given)
        best = other if best is None or other.loss < best.loss else best
    best = _switch(best, given, int(4 * effort), 1, 0.003)
    # Turnings and scrolls show only in a finer picture.
    fine = replace(best.problem, target=make_target(mask, photo, FINE_SIDE))
    best = descend(fine, best.x, (4.0, 3.0, 2.5, 2.0, 1.5, 1.2, 1.0))
    best = _switch(best, given, int(3 * effort), 1, 0.001)
    best = descend(best.problem, best.x, (4.0, 3.0, 2.0, 1.5, 1.2, 1.0))
    return _finish(best, given, mask)


def _coarse(
    family: FurnitureFamily, target: Target, starts: Sequence[Start], given: Mapping[str, float]
) -> Trial:
    """The best of the first guesses after a few blurred steps; the two best get some more."""
    first = [descend(*make_problem(family, target, s, given), (6.0, 4.0, 3.0)) for s in starts[:6]]
    first.sort(key=lambda t: t.loss)
    second = [descend(t.problem, t.x, (3.0, 2.0, 1.5)) for t in first[:2]]
    return min(second, key=lambda t: t.loss)


def _pose(camera: Camera | Pose | None) -> Pose:
    if isinstance(camera, Pose):
        return camera
    if camera is None:
        return Pose(0.5, 0.25, 0.22)
    return Pose(camera.azimuth, camera.elevation, 0.22, camera.roll)


def _search(
    family: FurnitureFamily,
    target: Target,
    declared: Mapping[str, float],
    rng: np.random.Generator,
    tries: int,
) -> list[Start]:
    """The best of many random members seen from many sides, no two of the same structure."""
    found: list[tuple[float, Start]] = []
    defaults = {p.name: p.default for p in family.parameters}
    no_colour = np.zeros(3, np.float32)
    for _ in range(tries):
        values, choices = family.sample(rng)
        active = set(family.active(choices))
        values = {n: v for n, v in values.items() if n in active}
        angle = float(rng.uniform(-1.1, 1.1)) if rng.random() < 0.75 else 0.0
        pose = Pose(angle, float(rng.uniform(0.02, 0.5)), float(rng.uniform(0.12, 0.32)))
        start = Start(values, choices, pose, usual=defaults)
        problem, x = make_problem(family, target, start, declared)
        residual = View(problem, no_colour, 5.0).residual(x)
        found.append((float(residual @ residual), start))
    found.sort(key=lambda pair: pair[0])
    best: dict[tuple[str, ...], Start] = {}
    for _, start in found:
        # Options of small visible effect are left to be switched later.
        main = tuple(option for name, option in start.choices.items() if name in _MAIN)
        best.setdefault(main, start)
        if len(best) == 6:
            break
    return list(best.values())


def _switch(
    best: Trial, declared: Mapping[str, float], rounds: int, width: int, gain: float
) -> Trial:
    """Try other options one at a time, and keep those that meet the photo better.

    Args:
        width: how many options of each choice are tried in earnest per round.
        gain: by how much the loss must fall.
    """
    for _ in range(rounds):
        problem, x, loss = best
        values, pose = problem.unpack(x)
        points = problem.points(x)
        trials = []
        for choice in problem.family.choices:
            options = []
            for option in choice.options:
                if option == problem.choices[choice.name]:
                    continue
                begin = problem.family.spec.extra["switch"].get(f"{choice.name}={option}", {})
                begin = {n: v for n, v in begin.items() if n not in declared}
                changed = {**problem.choices, choice.name: option}
                start = Start({**values, **begin}, changed, pose, usual=problem.usual)
                other, y = make_problem(problem.family, problem.target, start, declared)
                if not np.array_equal(other.points(y), points):
                    options.append(Trial(other, y, other.loss(y)))
            # Each choice gets its turn, however harmless another one's options look.
            trials += sorted(options, key=lambda t: t.loss)[:width]
        # A first step tells the hopeful ones; the best of them go on.
        near = [(t.problem, t.x) for t in trials if t.loss < loss + 0.25]
        tried = sorted((descend(p, y, (2.0,)) for p, y in near), key=lambda t: t.loss)
        if not tried:
            break
        final = [descend(t.problem, t.x, (3.0, 2.0, 1.5, 1.2, 1.0)) for t in tried[:2]]
        better = min(final, key=lambda t: t.loss)
        if better.loss > loss - gain:
            break
        best = better
    return best


def _finish(best: Trial, declared: Mapping[str, float], mask: F32) -> Fitted:
    problem, x, loss = best
    family = problem.family
    values, pose = problem.unpack(x)
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
    camera = photo_camera(points, pose, problem.target)
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
