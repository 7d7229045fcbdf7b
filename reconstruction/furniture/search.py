"""Which structure a photo shows, and from where: few tries of many, more of the hopeful ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..families.furniture_family import FurnitureFamily
from ..mesh import F32
from .scale import unlikeliness
from .solver import POSE, Problem, Start, Trial, descend, make_problem, pose_only
from .target import Pose, Target

F64 = NDArray[np.float64]

_DOUBT = 0.0012
_POOR = 0.14
"""A loss of the best guess above which it is tried from all sides."""
_SIDES = 18
_FAR_BETTER = 0.7
_CLEAN = 0.02
"""Loss of a good fit to a good mask."""
_OUTLINE = 0.005
"""By how much another structure may meet the outline worse."""
_CHANGES = (0.4, 0.35, 0.25)
"""How often one, two or three choices are drawn anew at once."""
_TURNS = (0.0, -0.25, 0.25, -0.5, 0.5)


class Favour:
    """How unlikely choices are by what was proposed, in units of the loss.

    Where two structures meet a photo equally well, as with what is hidden under a table's top, the
    proposals decide.

    Args:
        starts: proposals, best first; without a probability the n-th counts 1 / n.
        odds: how probable each option of a choice is, where that is known better.
    """

    def __init__(
        self, starts: Sequence[Start], odds: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        self.shares: dict[str, dict[str, float]] = {}
        weights = [
            1 / (i + 1) if s.probability is None else s.probability for i, s in enumerate(starts)
        ]
        total = sum(weights)
        for start, weight in zip(starts, weights, strict=True):
            for name, option in start.choices.items():
                shares = self.shares.setdefault(name, {})
                shares[option] = shares.get(option, 0.0) + weight / max(total, 1e-9)
        for name, known in (odds or {}).items():
            self.shares[name] = dict(known)

    def cost(self, choices: Mapping[str, str], level: float = 0.0) -> float:
        """0 for the most probable options; what was never proposed counts as 4% probable.

        Args:
            level: the loss of the best structure. What no structure explains, as of a mask that
                lost a leg, may be explained a little better by a wrong one, so that the more is
                left over, the more the proposals count.
        """
        total = 0.0
        for name, option in choices.items():
            shares = self.shares.get(name)
            if shares:
                total -= math.log((shares.get(option, 0.0) + 0.04) / (max(shares.values()) + 0.04))
        return _DOUBT * total * max(1.0, level / _CLEAN)

    def draw(
        self, family: FurnitureFamily, choices: Mapping[str, str], rng: np.random.Generator
    ) -> dict[str, str]:
        """Choices of which one to three are drawn anew, doubtful ones first.

        Options are drawn a little more evenly than they are probable, so that what the proposals
        think little of has its chance.
        """
        out = dict(choices)
        names = [c.name for c in family.choices]
        doubt = np.array([1.02 - self.share(n, choices[n]) for n in names])
        count = min(1 + int(rng.choice(3, p=_CHANGES)), len(names))
        for i in rng.choice(len(names), count, replace=False, p=doubt / doubt.sum()):
            options = [o for o in family.choices[i].options if o != choices[names[i]]]
            odds = np.array([(self.share(names[i], o) + 0.003) ** 0.75 for o in options])
            out[names[i]] = options[int(rng.choice(len(options), p=odds / odds.sum()))]
        return out

    def share(self, name: str, option: str) -> float:
        """How probable an option is; all alike where nothing was proposed."""
        shares = self.shares.get(name)
        return 0.5 if shares is None else shares.get(option, 0.0)


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
    tried = [*starts[:8], *(_quarter(s) for s in starts[:2] if _lies(family))]
    for start in tried:
        problem, x = make_problem(family, targets, start, given)
        x = posed(problem, x, wide)
        ranked.append(pose_only(problem.held_at(x), x, (5.0, 4.0, 3.0)))
    ranked.sort(key=lambda t: t.loss + favour.cost(t.problem.choices) + _unusual(t))
    first = [descend(t.problem, t.x, (5.0, 4.0, 3.0, 2.0)) for t in ranked[:3]]
    first.sort(key=lambda f: f[0].loss + favour.cost(f[0].problem.choices) + _unusual(f[0]))
    best, motion = first[0]
    best, _ = descend(best.problem, best.x, (3.0, 2.0, 1.5), motion)
    return [best, *(t for t, _ in first[1:])]


def _lies(family: FurnitureFamily) -> bool:
    """Whether a family is photographed from all around, as a rug is: no side is its front."""
    low, high = family.habit.azimuth
    return high - low > 1.9 * math.pi


def _quarter(start: Start) -> Start:
    """The same outline as that of a piece which is as wide as this one is deep, from its side."""
    poses = tuple(replace(p, azimuth=p.azimuth + math.pi / 2) for p in start.poses)
    return replace(start, values=_swapped(start.values), spread=_swapped(start.spread), pose=poses)


def _swapped(table: Mapping[str, float]) -> dict[str, float]:
    other = {"width": "depth", "depth": "width"}
    return {other.get(name, name): value for name, value in table.items()}


def _unusual(trial: Trial) -> float:
    """How unusual the measures of a piece without a front are, in units of the loss.

    Its width and depth change places as it is turned, which no outline shows.
    """
    family = trial.problem.family
    if not _lies(family):
        return 0.0
    return _DOUBT * unlikeliness(family, trial.problem.unpack(trial.x)[0], trial.problem.choices)


def turned(best: Trial) -> Trial:
    """What the guess becomes from other sides, if that meets a single photo far better."""
    problem = best.problem
    if best.loss < _POOR or len(problem.targets) > 1:
        return best
    x, at = problem.centre, len(problem.names)
    points = problem.points(x)
    seen = []
    for turn in np.arange(_SIDES) * (2 * math.pi / _SIDES):
        trial = x.copy()
        trial[at] += turn
        seen.append((problem.look(trial, points).sights[0].loss, trial))
    seen.sort(key=lambda pair: pair[0])
    limit = _FAR_BETTER * best.loss
    for _, trial in seen[:3]:
        alone = pose_only(problem.held_at(trial), trial, (6.0, 5.0, 4.0, 3.0))
        other, _ = descend(alone.problem.held_at(alone.x), alone.x, (5.0, 4.0, 3.0, 2.0))
        if other.loss < limit:
            best, limit = other, other.loss
    return best


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


def explore(
    best: Trial,
    given: Mapping[str, float],
    favour: Favour,
    rng: np.random.Generator,
    rounds: int,
    *,
    looks: int = 36,
    earnest: int = 6,
) -> tuple[Trial, float]:
    """Try structures that differ from the best one in several choices at once.

    Args:
        rounds: how often the best structure is set out from.
        looks: structures that get a first look in each round.
        earnest: how many of them are fitted, the most hopeful ones.

    Returns:
        The best structure, and the least loss of another one that was fitted.
    """
    runner, least = math.inf, _outline(best) - _OUTLINE
    tried: set[tuple[tuple[str, str], ...]] = set()
    for _ in range(rounds):
        problem, x, loss = best
        family = problem.family
        values, poses = problem.unpack(x)
        tried.add(tuple(sorted(family.meaningful(problem.choices).items())))
        ranked = []
        for _ in range(looks):
            choices = favour.draw(family, problem.choices, rng)
            key = tuple(sorted(family.meaningful(choices).items()))
            if key in tried:
                continue
            tried.add(key)
            other, y = _changed(problem, values, choices, poses, given)
            ranked.append(Trial(other, y, other.look(y).loss + favour.cost(choices, loss)))
        ranked.sort(key=lambda t: t.loss)
        fitted = [descend(t.problem, t.x, (3.0, 2.0)) for t in ranked[:earnest]]
        for trial, motion in _ranked(fitted, favour, loss)[:2]:
            better, _ = descend(trial.problem, trial.x, (2.0, 1.5), motion)
            gain = _cost(best, favour, loss) - _cost(better, favour, loss)
            # Colours and edges alone, at the outline's cost, speak for no other structure.
            if gain > 0 and _outline(better) > least:
                best, better = better, best
                least = max(least, _outline(best) - _OUTLINE)
            runner = min(runner, better.loss)
    return best, runner


def _ranked(
    fitted: Sequence[tuple[Trial, F32]], favour: Favour, level: float
) -> list[tuple[Trial, F32]]:
    return sorted(fitted, key=lambda pair: _cost(pair[0], favour, level))


def _outline(trial: Trial) -> float:
    """Intersection over union of the silhouettes, the mean over the views."""
    return float(np.mean([s.iou for s in trial.problem.look(trial.x).sights]))


def _cost(trial: Trial, favour: Favour, level: float) -> float:
    return trial.loss + favour.cost(trial.problem.choices, level)


def _changed(
    problem: Problem,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    poses: tuple[Pose, ...],
    given: Mapping[str, float],
) -> tuple[Problem, F64]:
    """Another structure, begun from the values of this one."""
    table = problem.family.spec.extra["switch"]
    begin: dict[str, float] = {}
    for name, option in choices.items():
        if option != problem.choices[name]:
            begin |= {n: v for n, v in table.get(f"{name}={option}", {}).items() if n not in given}
    start = Start({**values, **begin}, choices, poses, problem.sigma, problem.usual)
    return make_problem(
        problem.family, problem.targets, start, given, problem.weights, problem.noise
    )


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
    runner, least = math.inf, _outline(best) - _OUTLINE
    for _ in range(rounds):
        problem, x, loss = best
        values, poses = problem.unpack(x)
        points, held = problem.points(x), favour.cost(problem.choices, loss)
        looks = []
        for choice in problem.family.choices:
            options = []
            for option in choice.options:
                if option == problem.choices[choice.name]:
                    continue
                changed = {**problem.choices, choice.name: option}
                other, y = _changed(problem, values, changed, poses, given)
                there = other.points(y)
                if not np.array_equal(there, points):
                    extra = favour.cost(changed, loss) - held
                    options.append(Trial(other, y, other.look(y, there).loss + extra))
            # Each choice gets its turn, however harmless another one's options look.
            looks += sorted(options, key=lambda t: t.loss)[:1]
        near = sorted((t for t in looks if t.loss < loss + 0.2), key=lambda t: t.loss)
        tried = [descend(t.problem, t.x, (3.0, 2.0)) for t in near[:earnest]]
        if not tried:
            break
        tried = _ranked(tried, favour, loss)
        hope, motion = tried[0]
        better, _ = descend(hope.problem, hope.x, (2.0, 1.5, 1.2), motion)
        rest = [t.loss for t, _ in tried[1:]]
        if _outline(better) < least or _cost(better, favour, loss) > loss + held - gain:
            runner = min([runner, better.loss, *rest])
            break
        runner = min([runner, loss, *rest])
        best, least = better, max(least, _outline(better) - _OUTLINE)
    return best, runner
