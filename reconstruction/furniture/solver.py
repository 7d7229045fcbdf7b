"""One structure of furniture fitted to one or several targets by least squares on blurred pictures.

Every step draws each view once; the derivatives with respect to all parameters come from the edges
of that drawing (:mod:`.picture`). How the points move with each parameter is measured once per
structure and then kept up to date along the steps that are taken (Broyden 1965).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..families.furniture_family import FurnitureFamily
from ..family import complete
from ..mesh import F32, I32
from .creases import drawn_edges, edge_cost, edge_normal, unmet
from .picture import UNKNOWN, blur, draw_faces, edge_derivatives, face_regions, shrink_layers
from .scale import rescaled
from .target import Pose, Target, compare, place, screen_motion, target_layers

F64 = NDArray[np.float64]

TERMS = {"miss": 6.0, "colour": 0.15, "edge": 0.1, "edge step": 0.02}
_EDGE_BLUR = 1.2
"""Pixels by which the photo's edges are blurred where structures are compared."""
_NO_EDGES = np.zeros((0, 4), np.int32)
ERRORS = 12
LEAST_NOISE = 1e-4
_CAMERA_SPREAD = np.array([0.14, 0.07, 0.08, 0.012, 0.004, 0.004, 0.01])
_CUT_SPREAD = np.array([1, 1, 1, 1, 12, 12, 12.0])
"""... times this where the photo cuts the product off, so that its box is not known."""
_CAMERA_HELD = np.array([0.8, 0.8, 1.0, 0.5, 0.5, 0.5, 0.5])
POSE = 7
"""Numbers of a pose: azimuth, elevation, closeness, roll, shift (2), zoom."""


@dataclass(frozen=True)
class Start:
    """A guess to begin from.

    Attributes:
        values, choices: of the family; what is missing takes the defaults.
        pose: the camera's; of several views one each.
        spread: one standard deviation per parameter, in its unit; missing: 0.3 of its range.
        usual: where unseen parameters are drawn to; None: to ``values``.
        probability: of these choices; None where nothing is known but the order of the starts.
        size_spread: relative standard deviation of the size, common to all lengths; None: it is
            the size that is wrong where a length is declared otherwise.
    """

    values: Mapping[str, float]
    choices: Mapping[str, str]
    pose: Pose | tuple[Pose, ...]
    spread: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, float] | None = None
    probability: float | None = None
    size_spread: float | None = None

    @property
    def poses(self) -> tuple[Pose, ...]:
        """One per view."""
        return self.pose if isinstance(self.pose, tuple) else (self.pose,)


@dataclass(frozen=True, eq=False)
class Problem:
    """One structure to be fitted: its free parameters as numbers from 0 to 1, then the poses.

    Attributes:
        centre, spread: the guess and one standard deviation of each number.
        noise: how much squared residual a deviation by one ``spread`` weighs as much as.
        ties: (names of two lengths, their usual ratio and its deviation), see
            :meth:`.FurnitureFamily.tied`.
        sigma: one standard deviation of the guess by parameter, as far as it is known; those of
            parameters that this structure has not go with it to others.
    """

    family: FurnitureFamily
    targets: tuple[Target, ...]
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
    weights: tuple[float, ...]
    noise: float = 1e-3
    ties: tuple[tuple[str, str, float, float], ...] = ()
    sigma: Mapping[str, float] = field(default_factory=dict)

    def unpack(self, x: F64) -> tuple[dict[str, float], tuple[Pose, ...]]:
        """Values of all parameters, and the pose of each view."""
        n = len(self.names)
        numbers = self.low + np.clip(x[:n], 0, 1) * (self.high - self.low)
        values = {**self.fixed, **dict(zip(self.names, numbers.tolist(), strict=True))}
        return values, tuple(_pose(row) for row in x[n:].reshape(-1, POSE).tolist())

    def pack(self, values: Mapping[str, float], poses: Sequence[Pose]) -> F64:
        """The inverse of :meth:`unpack`."""
        numbers = np.array([values[n] for n in self.names])
        inner = np.clip((numbers - self.low) / (self.high - self.low), 0, 1)
        rows = [(p.azimuth, p.elevation, p.closeness, p.roll, *p.shift, p.zoom) for p in poses]
        return np.concatenate([inner, np.array(rows).ravel()])

    def settled_at(self, x: F64, sigma: float = 1.5) -> Problem:
        """The same problem, its guess weighed against what the photos leave unexplained at ``x``.

        Neighbouring pixels of a blurred picture err together, so that a picture's squared
        residual counts as that of :data:`ERRORS` independent errors.
        """
        look = self.look(x)
        unexplained = Blurred(self, look, sigma).unexplained(look)
        return replace(self, noise=float(np.clip(unexplained / ERRORS, LEAST_NOISE, 1e-3)))

    def held_at(self, x: F64) -> Problem:
        """The same problem, whose cameras are drawn to those of ``x``."""
        n = len(self.names)
        return replace(self, centre=np.concatenate([self.centre[:n], x[n:]]))

    def points(self, x: F64) -> F32:
        """(p, 3) the surface's points, metres."""
        return self.family.points(self.unpack(x)[0], self.choices)

    def prior(self, x: F64) -> tuple[F64, F64]:
        """Two residuals per number, (2, n): straying from the guess and an unusual camera.

        Returns:
            The residuals and their derivatives, each by its own number.
        """
        n, count = len(self.names), len(self.targets)
        rate = np.sqrt(self.noise) / self.spread
        rate[n:] *= np.tile(_CAMERA_HELD, count)
        value, slope = np.zeros((2, len(x))), np.zeros((2, len(x)))
        low = min(self.family.habit.elevation[0], 0.0) - 0.1
        high = max(self.family.habit.elevation[1] + 0.1, 1.1)
        value[0], slope[0] = (x - self.centre) * rate, rate
        for i in range(n, len(x), POSE):
            elevation, closeness = float(x[i + 1]), float(x[i + 2])
            usual = float(np.clip(elevation, low, high))
            if elevation != usual:
                value[1, i + 1], slope[1, i + 1] = elevation - usual, 1.0
            value[1, i + 2], slope[1, i + 2] = 0.2 * (closeness - 0.2), 0.2
        return value, slope

    def tie(self, x: F64) -> tuple[F64, F64]:
        """Residuals (t,) of lengths that stray from what they go with, and their derivatives.

        Returns:
            (t,) and (t, n): by each number of ``x``.
        """
        value, slope = np.zeros(len(self.ties)), np.zeros((len(self.ties), len(x)))
        if self.ties:
            values = self.unpack(x)[0]
        for row, (name, other, ratio, deviation) in enumerate(self.ties):
            rate = np.sqrt(self.noise) / deviation
            value[row] = rate * (values[name] / values[other] - ratio)
            for which, change in ((name, 1.0), (other, -values[name] / values[other])):
                if which in self.names:
                    i = self.names.index(which)
                    slope[row, i] = rate * change / values[other] * (self.high[i] - self.low[i])
        return value, slope

    def doubt(self, x: F64) -> float:
        """The sum of the squares of :meth:`prior` and of :meth:`tie`."""
        return float((self.prior(x)[0] ** 2).sum() + (self.tie(x)[0] ** 2).sum())

    def look(self, x: F64, points: F32 | None = None) -> Look:
        """Draw all views."""
        if points is None:
            points = self.points(x)
        sights = []
        region = self.face_slot
        if any(t.colour_weight > 0 for t in self.targets):
            region = face_regions(points, self.faces, self.face_slot)
        for target, pose in zip(self.targets, self.unpack(x)[1], strict=True):
            screen, _ = place(points, pose, target)
            face_id, nearest = draw_faces(screen, self.faces, *target.inside.shape)
            if target.unknown is not None:
                face_id[target.unknown] = UNKNOWN
            # Each region stands for the mean colour of what it covers.
            iou, miss, left, mean = compare(face_id, region, target)
            tone = mean * np.float32(target.layer_weight)
            loss = 1 - iou + TERMS["miss"] * miss + TERMS["colour"] * target.colour_weight * left
            drawn, bare, edges = _NO_EDGES, 1.0, target.edges_at(_EDGE_BLUR)
            if edges is not None:
                radius = float(np.linalg.norm(np.ptp(points, axis=0))) / 2
                drawn = drawn_edges(
                    face_id,
                    nearest,
                    screen,
                    points,
                    self.faces,
                    self.face_slot,
                    target.core,
                    radius,
                )
                bare = unmet(drawn, edges, _EDGE_BLUR)
                loss += TERMS["edge"] * target.edge_weight * bare
            sights.append(
                Sight(screen, face_id, nearest, region, tone, loss, iou, miss, left, bare, drawn)
            )
        seen = sum(w * s.loss for w, s in zip(self.weights, sights, strict=True))
        return Look(x, points, tuple(sights), seen / sum(self.weights), self.doubt(x))

    def loss(self, x: F64) -> float:
        """How badly the photos are met; about 0.05 for a good fit."""
        return self.look(x).loss


class Sight(NamedTuple):
    """One view, drawn.

    Attributes:
        screen: points on the square.
        face_id, nearest: nearest faces and 1 / depth.
        region, tone: which faces look alike, and the weighed mean colour of each such region.
        loss, iou, miss, left: how it differs; see :func:`.target.compare`.
        bare: share of the photo's edges that it does not explain, see :func:`.creases.unmet`.
        edges: see :func:`.creases.drawn_edges`.
    """

    screen: F32
    face_id: I32
    nearest: F32
    region: I32
    tone: F32
    loss: float
    iou: float
    miss: float
    left: float
    bare: float
    edges: I32


class Look(NamedTuple):
    """A point of a problem with its drawings."""

    x: F64
    points: F32
    sights: tuple[Sight, ...]
    seen: float
    doubt: float

    @property
    def loss(self) -> float:
        """What structures are compared by."""
        return self.seen + self.doubt


class Trial(NamedTuple):
    """A structure, the best point found for it, and its loss."""

    problem: Problem
    x: F64
    loss: float


def _pose(row: Sequence[float]) -> Pose:
    a, e, q, r, sx, sy, z = row
    return Pose(a, e, min(max(q, 0.06), 0.62), r, (sx, sy), z)


def make_problem(
    family: FurnitureFamily,
    targets: Target | Sequence[Target],
    start: Start,
    declared: Mapping[str, float],
    weights: Sequence[float] | None = None,
    noise: float = 1e-3,
) -> tuple[Problem, F64]:
    """The problem of one structure and the point to begin from; declared values are held.

    Args:
        targets: of the views; the start has a pose for each.
        weights: how much each view counts; None: all the same.
        noise: see :class:`Problem`.
    """
    views = (targets,) if isinstance(targets, Target) else tuple(targets)
    known = {p.name: p for p in family.parameters}
    inside = {
        n: float(np.clip(v, known[n].minimum, known[n].maximum)) for n, v in start.values.items()
    }
    values, choices = complete(family, inside, start.choices)
    scaled, left = rescaled(family, values, declared, start.spread, start.size_spread)
    values = {**scaled, **declared}
    # One length says how large the whole is; a silhouette cannot, so it stays as it is.
    held = set(declared) or {family.gauge}
    names = tuple(n for n in family.active(choices) if n not in held)
    low = np.array([known[n].minimum for n in names])
    high = np.array([known[n].maximum for n in names])
    sigma = {
        n: math.hypot(s, left * values[n]) if known[n].unit == "m" else s
        for n, s in start.spread.items()
    }
    sure = [sigma.get(n, (known[n].maximum - known[n].minimum) * 0.3) for n in names]
    spread = np.clip(np.array(sure) / (high - low), 0.03, 0.3)
    surface = family.surface(choices)
    slots = tuple(dict.fromkeys(surface.part_material))
    of_part = np.array([slots.index(s) for s in surface.part_material], np.int32)
    problem = Problem(
        family=family,
        targets=views,
        choices=choices,
        fixed=values,
        usual=values,
        names=names,
        low=low,
        high=high,
        centre=np.zeros(0),
        spread=np.concatenate([spread, *(_camera_spread(t) for t in views)]),
        faces=surface.faces,
        face_slot=of_part[surface.face_part],
        weights=tuple(weights) if weights is not None else (1.0,) * len(views),
        noise=noise,
        ties=_ties(family, choices, held),
        sigma=sigma,
    )
    x = problem.pack(values, start.poses)
    usual = {**values, **(start.usual or {}), **declared}
    return replace(problem, centre=problem.pack(usual, start.poses), usual=usual), x


def _camera_spread(target: Target) -> F64:
    return _CAMERA_SPREAD * (1 if target.unknown is None else _CUT_SPREAD)


def _ties(
    family: FurnitureFamily, choices: Mapping[str, str], held: set[str]
) -> tuple[tuple[str, str, float, float], ...]:
    """The ties of a structure, but for those between lengths that are both held."""
    return tuple(
        (name, *tie) for name, tie in family.tied(choices).items() if not {name, tie[0]} <= held
    )


def descend(
    problem: Problem, x: F64, blurs: Sequence[float], motion: F32 | None = None
) -> tuple[Trial, F32]:
    """Levenberg-Marquardt steps on the difference of blurred pictures, one blur after another.

    Args:
        blurs: standard deviations in pixels of the target.
        motion: (n, p, 3) from a former descent near ``x``; None: measured.

    Returns:
        The best point by :meth:`Problem.loss`, and the motion to go on with.
    """
    n, damping = len(problem.names), 0.1
    look = problem.look(x)
    if motion is None:
        motion = point_motion(problem, x, look.points)
    best = look
    for sigma in blurs:
        view = Blurred(problem, look, sigma)
        normal, slope, cost = view.normal(look, motion)
        for _ in range(3):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-6), -slope)
            trial = look.x + np.clip(step, -problem.spread, problem.spread)
            trial[:n] = np.clip(trial[:n], 0, 1)
            ahead = problem.look(trial)
            if view.cost(ahead) < cost:
                _update(motion, look, ahead)
                look, damping = ahead, max(damping * 0.3, 0.003)
                break
            damping = min(damping * 6, 50.0)
        else:
            damping = 0.3
        if look.loss < best.loss:
            best = look
    return Trial(problem, best.x, best.loss), motion


def pose_only(problem: Problem, x: F64, blurs: Sequence[float]) -> Trial:
    """A descent of the cameras alone, which needs no motion of the points: cheap."""
    still = np.zeros((0, 1, 3), np.float32)
    look = problem.look(x)
    best, damping, n = look, 0.1, len(problem.names)
    for sigma in blurs:
        view = Blurred(problem, look, sigma)
        normal, slope, cost = view.normal(look, still)
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-6), -slope)
        trial = look.x.copy()
        trial[n:] += np.clip(step, -problem.spread[n:], problem.spread[n:])
        ahead = problem.look(trial, look.points)
        if view.cost(ahead) < cost:
            look, damping = ahead, damping * 0.3
        else:
            damping *= 6
        if look.loss < best.loss:
            best = look
    return Trial(problem, best.x, best.loss)


def point_motion(problem: Problem, x: F64, points: F32) -> F32:
    """(n, p, 3) how the points move per unit of each free parameter, metres."""
    out = np.empty((len(problem.names), *points.shape), np.float32)
    for i in range(len(problem.names)):
        step = 0.04 if x[i] < 0.9 else -0.04
        moved = x.copy()
        moved[i] += step
        out[i] = (problem.points(moved) - points) / step
    return out


def _update(motion: F32, before: Look, after: Look) -> None:
    """Broyden's rank-one update of the points' motion along the step that was taken."""
    n = len(motion)
    step = (after.x[:n] - before.x[:n]).astype(np.float32)
    length = float(step @ step)
    if length < 1e-8:
        return
    missed = after.points - before.points - np.tensordot(step, motion, axes=1)
    motion += (step / length)[:, None, None] * missed


class Blurred:
    """The wanted pictures at one blur, and how drawn ones differ from them."""

    def __init__(self, problem: Problem, look: Look, sigma: float) -> None:
        self.problem = problem
        self.step = 4 if sigma >= 4.5 else 2
        self.sigma = sigma / self.step
        self.tones = [s.tone for s in look.sights]
        self.wanted, self.scales = [], []
        self.edges, self.edge_shares = [], []
        for target, weight in zip(problem.targets, problem.weights, strict=True):
            self.wanted.append(target_layers(target, self.step, self.sigma))
            share = weight / sum(problem.weights)
            self.scales.append(self.step * np.sqrt(share / target.area))
            self.edges.append(target.edges_at(max(sigma, 1.0)))
            self.edge_shares.append(TERMS["edge step"] * share * target.edge_weight)

    def _difference(self, look: Look, view: int) -> F32:
        sight, wanted = look.sights[view], self.wanted[view]
        layers = shrink_layers(
            sight.face_id, sight.region, self.tones[view], self.step, wanted.shape[2]
        )
        return np.asarray((blur(layers, self.sigma) - wanted) * np.float32(self.scales[view]))

    def cost(self, look: Look) -> float:
        """The sum of squares that is minimised."""
        total = look.doubt + self.unexplained(look)
        for sight, edges, share in zip(look.sights, self.edges, self.edge_shares, strict=True):
            if edges is not None:
                total += share * float(edge_cost(sight.edges, edges.strength))
        return total

    def unexplained(self, look: Look) -> float:
        """The share of the pictures in :meth:`cost`: edges may be a weave's, which is no error."""
        total = 0.0
        for view in range(len(self.wanted)):
            difference = self._difference(look, view).ravel()
            total += float(difference @ difference)
        return total

    def normal(self, look: Look, motion: F32) -> tuple[F64, F64, float]:
        """Normal matrix, gradient and cost; of the poses alone where ``motion`` is empty."""
        problem, n = self.problem, len(motion)
        poses = problem.unpack(look.x)[1]
        size = n + POSE * len(poses)
        matrix, slope = np.zeros((size, size)), np.zeros(size)
        total = look.doubt
        for view, (target, pose) in enumerate(zip(problem.targets, poses, strict=True)):
            sight = look.sights[view]
            moves = screen_motion(look.points, motion, pose, target)
            layers = self.wanted[view].shape[2]
            change = edge_derivatives(
                sight.face_id, sight.nearest, sight.screen, problem.faces, moves,
                sight.region, self.tones[view], self.step, layers,
            )  # fmt: skip
            jacobian = blur(change, self.sigma).reshape(-1, n + POSE) * self.scales[view]
            difference = self._difference(look, view).ravel()
            total += float(difference @ difference)
            at = np.r_[0:n, n + view * POSE : n + (view + 1) * POSE]
            matrix[np.ix_(at, at)] += jacobian.T @ jacobian
            slope[at] += jacobian.T @ difference
            edges, part = self.edges[view], self.edge_shares[view]
            if edges is not None:
                total += part * float(edge_cost(sight.edges, edges.strength))
                bend, fall = edge_normal(
                    sight.edges, edges.strength, edges.slope, sight.screen, problem.faces, moves
                )
                matrix[np.ix_(at, at)] += part * bend
                slope[at] += part * fall
        value, rate = problem.prior(look.x)
        skip = len(look.x) - size
        matrix[np.arange(size), np.arange(size)] += (rate**2).sum(axis=0)[skip:]
        slope += (rate * value).sum(axis=0)[skip:]
        if problem.ties:
            value, rate = problem.tie(look.x)
            matrix += rate[:, skip:].T @ rate[:, skip:]
            slope += value @ rate[:, skip:]
        return matrix, slope, total
