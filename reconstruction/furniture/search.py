"""Which structure a photo shows, and from where: few tries of many, more of the hopeful ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..families.furniture_family import FurnitureFamily
from .solver import POSE, Problem, Start, Trial, descend, make_problem, pose_only
from .target import Pose, Target

F64 = NDArray[np.float64]

_DOUBT = 0.0012
_TURNS = (0.0, -0.25, 0.25, -0.5, 0.5)


class Favour:
    """How unlikely choices are by what was proposed, in units of the loss.

    Where two structures meet a photo equally well, as with what is hidden under a table's top, the
    proposals decide.

    Args:
        starts: proposals, best first; without a probability the n-th counts 1 / n.
    """

    def __init__(self, starts: Sequence[Start]) -> None:
        self._shares: dict[str, dict[str, float]] = {}
        weights = [
            1 / (i + 1) if s.probability is None else s.probability for i, s in enumerate(starts)
        ]
        total = sum(weights)
        for start, weight in zip(starts, weights, strict=True):
            for name, option in start.choices.items():
                shares = self._shares.setdefault(name, {})
                shares[option] = shares.get(option, 0.0) + weight / max(total, 1e-9)

    def cost(self, choices: Mapping[str, str]) -> float:
        """0 for the most probable options; what was never proposed counts as 4% probable."""
        total = 0.0
        for name, option in choices.items():
            shares = self._shares.get(name)
            if shares:
                total -= math.log((shares.get(option, 0.0) + 0.04) / (max(shares.values()) + 0.04))
        return _DOUBT * total


def posed(problem: Problem, x: F64, wide: Sequence[bool] = ()) -> F64:
    """The same shape seen from the best of several sides near the guess, or from behind.

    Args:
        wide: for each view, whether all sides are tried.
    """
    n = len(problem.names)
    points = problem.points(x)
    for view in range(len(problem.targets)):
        at = n + view * POSE
        azimuth = float(x[at])
        best = None
        angles = [*(azimuth + t for t in _TURNS), math.pi - azimuth, -azimuth]
        if wide and wide[view]:
            angles = [azimuth + t for t in np.arange(0.0, 2 * math.pi, 0.3).tolist()]
        for angle in angles:
            trial = x.copy()
            trial[at] = angle
            seen = problem.look(trial, points).sights[view].loss
            # The guess is kept unless another side is clearly better.
            seen += 0.0 if angle == azimuth else 0.02 if abs(angle - azimuth) < 0.6 else 0.05
            if best is None or seen < best[0]:
                best = (seen, trial)
        assert best is not None
        x = best[1]
    return x


def coarse(
    family: FurnitureFamily,
    targets: Sequence[Target],
    starts: Sequence[Start],
    given: Mapping[str, float],
    favour: Favour,
    *,
    wide: Sequence[bool] = (),
) -> list[Trial]:
    """The starts after a few blurred steps, best first; the better ones got more of them."""
    ranked = []
    for start in starts[:8]:
        problem, x = make_problem(family, targets, start, given)
        x = posed(problem, x, wide)
        ranked.append(pose_only(problem.held_at(x), x, (5.0, 4.0, 3.0)))
    ranked.sort(key=lambda t: t.loss + favour.cost(t.problem.choices))
    first = [descend(t.problem, t.x, (5.0, 4.0, 3.0, 2.0)) for t in ranked[:3]]
    first.sort(key=lambda pair: pair[0].loss + favour.cost(pair[0].problem.choices))
    best, motion = first[0]
    best, _ = descend(best.problem, best.x, (3.0, 2.0, 1.5), motion)
    return [best, *(t for t, _ in first[1:])]


def search(
    family: FurnitureFamily,
    targets: Sequence[Target],
    given: Mapping[str, float],
    rng: np.random.Generator,
    tries: int,
) -> list[Start]:
    """The best of many random members seen from many sides, no two of the same structure."""
    found: list[tuple[float, Start]] = []
    defaults = {p.name: p.default for p in family.parameters}
    habit = family.habit
    lowest, highest = habit.elevation
    for _ in range(tries):
        values, choices = family.sample(rng)
        active = set(family.active(choices))
        values = {n: v for n, v in values.items() if n in active}
        poses = tuple(
            Pose(
                float(rng.uniform(*habit.azimuth)) if rng.random() < 0.75 else 0.0,
                float(rng.uniform(lowest, min(highest, lowest + 0.75 * (highest - lowest) + 0.1))),
                float(rng.uniform(0.12, 0.32)),
            )
            for _ in targets
        )
        start = Start(values, choices, poses, usual=defaults)
        problem, x = make_problem(family, targets, start, given)
        trial = posed(problem, x)
        poses = problem.unpack(trial)[1]
        found.append((problem.look(trial).seen, replace(start, pose=poses)))
    found.sort(key=lambda pair: pair[0])
    best: dict[tuple[str, ...], Start] = {}
    for _, start in found:
        # Options of small visible effect are left to be switched later.
        main = tuple(
            option for name, option in start.choices.items() if name in family.main_choices
        )
        best.setdefault(main, start)
        if len(best) == 6:
            break
    return list(best.values())


def switch(
    best: Trial,
    given: Mapping[str, float],
    favour: Favour,
    rounds: int,
    gain: float,
    earnest: int = 4,
) -> tuple[Trial, float]:
    """Try other options one at a time, and keep those that meet the photo better.

    Args:
        rounds: how many options may be changed, one after another.
        gain: by how much the loss must fall.
        earnest: how many options a round tries with more than a first look.

    Returns:
        The best structure, and the least loss of another one that was tried in earnest.
    """
    runner = math.inf
    for _ in range(rounds):
        problem, x, loss = best
        values, poses = problem.unpack(x)
        points, held = problem.points(x), favour.cost(problem.choices)
        looks = []
        for choice in problem.family.choices:
            options = []
            for option in choice.options:
                if option == problem.choices[choice.name]:
                    continue
                begin = problem.family.spec.extra["switch"].get(f"{choice.name}={option}", {})
                begin = {n: v for n, v in begin.items() if n not in given}
                changed = {**problem.choices, choice.name: option}
                start = Start({**values, **begin}, changed, poses, usual=problem.usual)
                other, y = make_problem(
                    problem.family, problem.targets, start, given, problem.weights, problem.noise
                )
                there = other.points(y)
                if not np.array_equal(there, points):
                    extra = favour.cost(changed) - held
                    options.append(Trial(other, y, other.look(y, there).loss + extra))
            # Each choice gets its turn, however harmless another one's options look.
            looks += sorted(options, key=lambda t: t.loss)[:1]
        near = sorted((t for t in looks if t.loss < loss + 0.2), key=lambda t: t.loss)
        tried = [descend(t.problem, t.x, (3.0, 2.0)) for t in near[:earnest]]
        if not tried:
            break
        tried.sort(key=lambda pair: pair[0].loss + favour.cost(pair[0].problem.choices))
        hope, motion = tried[0]
        better, _ = descend(hope.problem, hope.x, (2.0, 1.5, 1.2), motion)
        rest = [t.loss for t, _ in tried[1:]]
        if better.loss + favour.cost(better.problem.choices) > loss + held - gain:
            runner = min([runner, better.loss, *rest])
            break
        runner = min([runner, loss, *rest])
        best = better
    return best, runner
