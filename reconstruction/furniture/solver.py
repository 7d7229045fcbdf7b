"""One structure of furniture fitted to a target by least squares on blurred pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..families.furniture_family import FurnitureFamily
from ..family import complete
from ..mesh import F32, I32
from ..render.zbuffer import labels
from .scale import rescaled
from .target import Pose, Target, blurred, compare, place, target_layers

F64 = NDArray[np.float64]

_TERMS = {"miss": 6.0, "colour": 0.7, "prior": 0.02, "outside": 2.0}
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
class Problem:
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
        """(p, 3) the surface's points, metres."""
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


class Trial(NamedTuple):
    """A structure, the best point found for it, and its loss."""

    problem: Problem
    x: F64
    loss: float


def make_problem(
    family: FurnitureFamily, target: Target, start: Start, declared: Mapping[str, float]
) -> tuple[Problem, F64]:
    """The problem of one structure and the point to begin from; declared values are held."""
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
    problem = Problem(
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


def descend(problem: Problem, x: F64, blurs: Sequence[float]) -> Trial:
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
        view = View(problem, _assignment(problem, x), blur)
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
        else:
            damping = 0.3
        loss = problem.loss(x)
        if loss < best_loss:
            best, best_loss = x, loss
    return Trial(problem, best, best_loss)


def _motion(problem: Problem, x: F64) -> F32:
    """(n, p, 3) how the points move per unit of each free parameter, metres."""
    base = problem.points(x)
    out = np.empty((len(problem.names), *base.shape), np.float32)
    for i in range(len(problem.names)):
        step = 0.04 if x[i] < 0.9 else -0.04
        moved = x.copy()
        moved[i] += step
        out[i] = (problem.points(moved) - base) / step
    return out


def _assignment(problem: Problem, x: F64) -> F32:
    """For each material slot the colour group (0 or 1) that it mostly covers in the photo."""
    drawn = problem.draw(problem.points(x), problem.unpack(x)[1])
    inside = (drawn >= 0) & (problem.target.inside > 0)
    out = np.zeros(problem.slots, np.float32)
    for slot in range(problem.slots):
        here = problem.target.cluster[inside & (drawn == slot)]
        out[slot] = float(len(here) > 0 and here.mean() > 0.5)
    return out


class View:
    """Blurred pictures of a problem, and how they differ from the wanted ones."""

    def __init__(self, problem: Problem, assign: F32, blur: float) -> None:
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
