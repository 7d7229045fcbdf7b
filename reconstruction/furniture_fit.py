"""Fit a furniture family to a photo's mask: render, compare, and change what differs.

The network proposes structures, values and a camera; here the silhouette, the two material
colours of the photo, the declared dimensions and what such furniture usually measures decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .evolution import minimise
from .families.furniture_family import FurnitureFamily
from .family import complete
from .furniture_scale import declared_values, metric_scale, rescaled
from .furniture_target import (
    FINE_SIDE,
    Pose,
    Target,
    blurred,
    compare,
    make_target,
    photo_camera,
    place,
    target_layers,
)
from .mesh import F32, I32
from .product import Estimate
from .rasterize import Camera, labels, render

F64 = NDArray[np.float64]

_TERMS = {"miss": 6.0, "colour": 0.7, "prior": 0.02, "outside": 2.0}
_MAIN = ("back", "base", "arms", "legs", "seat")
_CAMERA_SPREAD = np.array([0.14, 0.07, 0.08, 0.012, 0.004, 0.004, 0.01])


@dataclass(frozen=True)
class Start:
    """A guess to begin from.

    Attributes:
        values, choices: of the family; what is missing takes the defaults.
        spread: one standard deviation per parameter, in its unit; missing: 0.3 of its range.
        usual: where unseen parameters are drawn to; None: to ``values``.
    """

    values: Mapping[str, float]
    choices: Mapping[str, str]
    pose: Pose
    spread: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, float] | None = None


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


@dataclass(frozen=True, eq=False)
class _Problem:
    """One structure to be fitted: its free parameters as numbers from 0 to 1, then the pose."""

    family: FurnitureFamily
    target: Target
    choices: dict[str, str]
    fixed: dict[str, float]
    usual: dict[str, float]
    names: tuple[str, ...]
    low: F64
    high: F64
    centre: F64
    spread: F64
    faces: I32
    face_slot: I32
    slots: int

    def unpack(self, x: F64) -> tuple[dict[str, float], Pose]:
        n = len(self.names)
        inner = np.clip(x[:n], 0, 1)
        numbers = self.low + inner * (self.high - self.low)
        values = {**self.fixed, **dict(zip(self.names, numbers.tolist(), strict=True))}
        a, e, q, r, sx, sy, z = x[n:].tolist()
        return values, Pose(a, e, min(max(q, 0.06), 0.62), r, (sx, sy), z)

    def pack(self, values: Mapping[str, float], pose: Pose) -> F64:
        numbers = np.array([values[n] for n in self.names])
        inner = np.clip((numbers - self.low) / (self.high - self.low), 0, 1)
        tail = [pose.azimuth, pose.elevation, pose.closeness, pose.roll, *pose.shift, pose.zoom]
        return np.concatenate([inner, tail])

    def draw(self, points: F32, pose: Pose) -> NDArray[np.int32]:
        """(s, s) the material slot of each pixel of the square, -1 for none."""
        screen, _ = place(points, pose, self.target)
        return labels(screen, self.faces, self.face_slot, self.target.inside.shape)

    def points(self, x: F64) -> F32:
        return self.family.points(self.unpack(x)[0], self.choices)

    def loss(self, x: F64) -> float:
        """How badly the photo is met; about 0.05 for a good fit."""
        drawn = self.draw(self.points(x), self.unpack(x)[1])
        iou, miss, wrong = compare(drawn, self.target, self.slots)
        colour = self.target.colour_weight * wrong
        return 1 - iou + _TERMS["miss"] * miss + _TERMS["colour"] * colour + self.doubt(x)

    def doubts(self, x: F64) -> F64:
        """Residuals of straying from the guess, of an unusual camera and of leaving the ranges."""
        n = len(self.names)
        away = (x - self.centre) / self.spread * np.sqrt(_TERMS["prior"] / max(n, 1))
        away[n : n + 3] = 0.0
        away[n + 3 :] *= 0.5
        beyond = (x[:n] - np.clip(x[:n], 0, 1)) * np.sqrt(_TERMS["outside"])
        e, q = x[n + 1], x[n + 2]
        camera = [max(-0.1 - e, 0, e - 1.1), max(0.06 - q, 0, q - 0.6), 0.02 * (q - 0.2) / 0.1]
        return np.concatenate([away, beyond, camera])

    def doubt(self, x: F64) -> float:
        """The sum of the squares of :meth:`doubts`."""
        return float((self.doubts(x) ** 2).sum())


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
        effort: 1 spends about 1,500 evaluations, some two seconds.
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
    if not starts:
        starts = _search(family, target, given, rng, int(360 * effort))
    fits = [_descend(*_problem(family, target, s, given), (6.0, 4.0, 3.0)) for s in starts[:6]]
    fits = [_descend(p, x, (3.0, 2.0, 1.5)) for p, x, _ in sorted(fits, key=lambda f: f[2])[:2]]
    problem, x, loss = min(fits, key=lambda f: f[2])
    problem, x, loss = _switch(problem, x, loss, given, int(5 * effort), 6, 0.003)
    # Turnings and scrolls show only in a finer picture.
    problem = replace(problem, target=make_target(mask, photo, FINE_SIDE))
    problem, x, loss = _descend(problem, x, (2.5, 2.0, 1.5, 1.2))
    problem, x, loss = _switch(problem, x, loss, given, int(2 * effort), 5, 0.001)
    problem, x, loss = _polish(problem, x, int(100 * effort), seed)
    problem, x, loss = _descend(problem, x, (1.5, 1.2, 1.0, 1.0))
    return _finish(problem, x, loss, given, mask)


def _pose(camera: Camera | Pose | None) -> Pose:
    if isinstance(camera, Pose):
        return camera
    if camera is None:
        return Pose(0.5, 0.25, 0.22)
    return Pose(camera.azimuth, camera.elevation, 0.22, camera.roll)


def _problem(
    family: FurnitureFamily, target: Target, start: Start, declared: Mapping[str, float]
) -> tuple[_Problem, F64]:
    known = {p.name: p for p in family.parameters}
    inside = {
        n: float(np.clip(v, known[n].minimum, known[n].maximum)) for n, v in start.values.items()
    }
    values, choices = complete(family, inside, start.choices)
    values = {**rescaled(family, values, declared), **declared}
    # One length says how large the whole is; a silhouette cannot, so it stays as it is.
    held = set(declared) or {"height"}
    names = tuple(n for n in family.active(choices) if n not in held)
    low = np.array([known[n].minimum for n in names])
    high = np.array([known[n].maximum for n in names])
    sure = [start.spread.get(n, (known[n].maximum - known[n].minimum) * 0.3) for n in names]
    spread = np.clip(np.array(sure) / (high - low), 0.03, 0.3)
    surface = family.surface(choices)
    slots = tuple(dict.fromkeys(surface.part_material))
    of_part = np.array([slots.index(s) for s in surface.part_material], np.int32)
    problem = _Problem(
        family=family,
        target=target,
        choices=choices,
        fixed=values,
        usual=values,
        names=names,
        low=low,
        high=high,
        centre=np.zeros(0),
        spread=np.concatenate([spread, _CAMERA_SPREAD]),
        faces=surface.faces,
        face_slot=of_part[surface.face_part],
        slots=len(slots),
    )
    x = problem.pack(values, start.pose)
    usual = {**values, **(start.usual or {}), **declared}
    return replace(problem, centre=problem.pack(usual, start.pose), usual=usual), x


def _descend(problem: _Problem, x: F64, blurs: Sequence[float]) -> tuple[_Problem, F64, float]:
    """Levenberg-Marquardt steps on the difference of blurred pictures, one blur after another.

    How the points move with each parameter changes slowly, so those derivatives serve several
    steps; how the picture changes is drawn anew in each.
    """
    damping = 0.1
    best, best_loss = x, problem.loss(x)
    motion: F32 = np.empty((0, 0, 3), np.float32)
    for i, blur in enumerate(blurs):
        if i % 3 == 0:
            motion = _motion(problem, x)
        view = _View(problem, _assignment(problem, x), blur)
        base = view.residual(x)
        jacobian = view.jacobian(x, motion)
        normal, slope = jacobian.T @ jacobian, jacobian.T @ base
        cost = float(base @ base)
        for _ in range(4):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-6), -slope)
            trial = x + np.clip(step, -1.0 * problem.spread, 1.0 * problem.spread)
            trial[: len(problem.names)] = np.clip(trial[: len(problem.names)], 0, 1)
            after = view.residual(trial)
            if float(after @ after) < cost:
                x, damping = trial, max(damping * 0.3, 0.003)
                break
            damping = min(damping * 5, 50.0)
        loss = problem.loss(x)
        if loss < best_loss:
            best, best_loss = x, loss
    return problem, best, best_loss


def _motion(problem: _Problem, x: F64) -> F32:
    """(n, p, 3) how the points move per unit of each free parameter, metres."""
    base = problem.points(x)
    out = np.empty((len(problem.names), *base.shape), np.float32)
    for i in range(len(problem.names)):
        step = 0.04 if x[i] < 0.9 else -0.04
        moved = x.copy()
        moved[i] += step
        out[i] = (problem.points(moved) - base) / step
    return out


def _assignment(problem: _Problem, x: F64) -> F32:
    """For each material slot the colour group (0 or 1) that it mostly covers in the photo."""
    drawn = problem.draw(problem.points(x), problem.unpack(x)[1])
    inside = (drawn >= 0) & (problem.target.inside > 0)
    out = np.zeros(problem.slots, np.float32)
    for slot in range(problem.slots):
        here = problem.target.cluster[inside & (drawn == slot)]
        out[slot] = float(len(here) > 0 and here.mean() > 0.5)
    return out


class _View:
    """Blurred pictures of a problem, and how they differ from the wanted ones."""

    def __init__(self, problem: _Problem, assign: F32, blur: float) -> None:
        self.problem, self.blur = problem, blur
        self.assign = np.append(assign, 0.0).astype(np.float32) * problem.target.layer_weight
        self.wanted = blurred(target_layers(problem.target), blur)
        self.scale = 2.0 / np.sqrt(problem.target.area)

    def picture(self, points: F32, pose: Pose) -> F64:
        drawn = self.problem.draw(points, pose)
        layers = np.empty((*drawn.shape, 2), np.float32)
        layers[..., 0] = drawn >= 0
        layers[..., 1] = self.assign[drawn]
        return np.asarray((blurred(layers, self.blur) - self.wanted).ravel() * self.scale)

    def residual(self, x: F64) -> F64:
        pose = self.problem.unpack(x)[1]
        picture = self.picture(self.problem.points(x), pose)
        return np.concatenate([picture, self.problem.doubts(x)])

    def jacobian(self, x: F64, motion: F32) -> F64:
        """(r, n + 7) central differences, the shape's along ``motion`` (n, p, 3)."""
        problem = self.problem
        n, share = len(problem.names), 0.06 + 0.05 * self.blur
        points, pose = problem.points(x), problem.unpack(x)[1]
        columns = []
        for i in range(len(x)):
            step = problem.spread[i] * share
            up, down = x.copy(), x.copy()
            up[i] += step
            down[i] -= step
            if i < n:
                move = motion[i] * np.float32(step)
                change = self.picture(points + move, pose) - self.picture(points - move, pose)
            else:
                ahead, behind = problem.unpack(up)[1], problem.unpack(down)[1]
                change = self.picture(points, ahead) - self.picture(points, behind)
            doubt = problem.doubts(up) - problem.doubts(down)
            columns.append(np.concatenate([change, doubt]) / (2 * step))
        return np.stack(columns, axis=1)


def _polish(problem: _Problem, x: F64, evaluations: int, seed: int) -> tuple[_Problem, F64, float]:
    """A short evolution around the solution, on the unblurred loss."""
    found = minimise(problem.loss, x, problem.spread * 0.12, evaluations, seed)
    return problem, found.point, found.value


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
        problem, x = _problem(family, target, start, declared)
        residual = _View(problem, no_colour, 5.0).residual(x)
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
    problem: _Problem,
    x: F64,
    loss: float,
    declared: Mapping[str, float],
    rounds: int,
    width: int,
    gain: float,
) -> tuple[_Problem, F64, float]:
    """Try other options one at a time, and keep those that meet the photo better."""
    for _ in range(rounds):
        values, pose = problem.unpack(x)
        points = problem.points(x)
        trials = []
        for choice in problem.family.choices:
            for option in choice.options:
                if option != problem.choices[choice.name]:
                    begin = problem.family.spec.extra["switch"].get(f"{choice.name}={option}", {})
                    begin = {n: v for n, v in begin.items() if n not in declared}
                    changed = {**problem.choices, choice.name: option}
                    start = Start({**values, **begin}, changed, pose, usual=problem.usual)
                    other, y = _problem(problem.family, problem.target, start, declared)
                    if not np.array_equal(other.faces, problem.faces) or not np.array_equal(
                        other.points(y), points
                    ):
                        trials.append((other.loss(y), other, y))
        trials.sort(key=lambda t: t[0])
        # A first step tells the hopeful ones; the best of them goes on.
        near = [(other, y) for first, other, y in trials[:width] if first < loss + 0.25]
        tried = sorted((_descend(p, y, (2.0,)) for p, y in near), key=lambda t: t[2])
        if not tried:
            break
        best = min((_descend(p, y, (1.5, 1.2, 1.0)) for p, y, _ in tried[:2]), key=lambda t: t[2])
        if best[2] > loss - gain:
            break
        problem, x, loss = best
    return problem, x, loss


def _finish(
    problem: _Problem, x: F64, loss: float, declared: Mapping[str, float], mask: F32
) -> Fitted:
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
        half = reach.get(name, (spec.maximum - spec.minimum) * 0.4) * factor
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


def _reach(problem: _Problem, x: F64) -> dict[str, float]:
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
