"""How far a solid product's shape would be another one if what is uncertain were otherwise.

The outline alone tells little of what lies behind it. So the shape is built again with values drawn
from how sure the network and the fit are of them, and with each choice exchanged for those that
the network thinks likely as well; how much of the surface moves is the doubt. Nothing is rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .families.furniture_family import FurnitureFamily

F64 = NDArray[np.float64]

_NEAR = 0.02
"""A point within this share of the largest side has not moved."""
_FAR = 0.1
"""A point that moved by more than this counts no more."""
_GRAIN = 0.012
"""How far apart sampled points lie, likewise: so much more is no distance between two shapes."""
_DRAWS = 5
_POINTS = 900
_LIKELY = 0.08
"""Options less probable than this are left out."""
_MOST = 10
"""So many other options are looked at, most probable first."""


@dataclass(frozen=True)
class ShapeDoubt:
    """How far, or how much of the surface, would lie elsewhere, 0 to 1 (0: sure).

    Attributes:
        guess: how far in members drawn from the network's values and their spread, the mean over
            the surface in tenths of the largest side.
        fit: the same in members drawn from what the photo leaves open after the fit.
        structure: the share of the surface with other options, by their probability; more than 1
            where many are open.
        moved: the share between the network's own proposal and the fit.
        worst: the share with the one other option that changes most, by its probability.
    """

    guess: float
    fit: float
    structure: float
    moved: float
    worst: float


def shape_doubt(
    family: FurnitureFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    *,
    proposed: Mapping[str, float],
    structure: Mapping[str, str],
    sigma: Mapping[str, float],
    odds: Mapping[str, Mapping[str, float]],
    spread: Mapping[str, float],
    known: frozenset[str] = frozenset(),
) -> ShapeDoubt:
    """How uncertain a fitted member is.

    Args:
        values, choices: the fitted member, complete.
        proposed, structure: the network's own member.
        sigma: of the network's values, one standard deviation each.
        odds: probability of each option of each choice.
        spread: standard deviation of the fitted values, as shares of their ranges.
        known: values that are declared and do not vary.
    """
    rng = np.random.default_rng(0)
    reach = {p.name: p.maximum - p.minimum for p in family.parameters}
    base = _Surface(family, values, choices)

    def drawn(deviation: Mapping[str, float]) -> float:
        free = [n for n in values if n not in known and n != family.gauge and n in deviation]
        if not free:
            return 0.0
        moved = []
        for _ in range(_DRAWS):
            other = dict(values)
            for name in free:
                other[name] += float(rng.normal()) * deviation[name]
            moved.append(base.moved(_within(family, other)))
        return float(np.mean(moved))

    guess = drawn(sigma)
    fit = drawn({n: s * reach[n] for n, s in spread.items() if n in reach})
    ranked = sorted(
        (
            (p, name, option)
            for name, options in odds.items()
            for option, p in options.items()
            if name in choices and option != choices[name] and p > _LIKELY
        ),
        reverse=True,
    )
    shares = []
    seen = family.meaningful(choices)
    for p, name, option in ranked[:_MOST]:
        other = {**choices, name: option}
        if family.meaningful(other) != seen:
            shares.append(p * base.unlike(_Surface(family, values, other)))
    factor = values[family.gauge] / max(proposed.get(family.gauge, 0.0), 1e-6)
    own = {
        p.name: proposed.get(p.name, p.default) * (factor if p.unit == "m" else 1.0)
        for p in family.parameters
    }
    own |= {n: values[n] for n in known if n in values}
    moved = base.unlike(_Surface(family, _within(family, own), {**choices, **structure}))
    return ShapeDoubt(guess, fit, float(sum(shares)), moved, max(shares, default=0.0))


def _within(family: FurnitureFamily, values: Mapping[str, float]) -> dict[str, float]:
    return {p.name: min(max(values[p.name], p.minimum), p.maximum) for p in family.parameters}


class _Surface:
    """A member's surface as points of it, each standing for the same area."""

    def __init__(
        self, family: FurnitureFamily, values: Mapping[str, float], choices: Mapping[str, str]
    ) -> None:
        self.family, self.choices = family, choices
        self.faces = family.surface(choices).faces
        points = family.points(values, choices)
        self.side = float(np.ptp(points, axis=0).max())
        corners = points[self.faces].astype(np.float64)
        area = np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        # Evenly along the running area: the same points for the same topology and proportions.
        running = np.cumsum(area)
        at = (np.arange(_POINTS) + 0.5) / _POINTS * running[-1]
        self.face = np.minimum(np.searchsorted(running, at), len(area) - 1)
        a, b = np.random.default_rng(1).random((2, _POINTS))
        flip = a + b > 1
        a, b = np.where(flip, 1 - a, a), np.where(flip, 1 - b, b)
        self.weight = np.stack([1 - a - b, a, b], axis=1)
        self.points = self._at(points)

    def _at(self, points: NDArray[np.float32]) -> F64:
        low, high = points.min(axis=0), points.max(axis=0)
        origin = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
        corners = points[self.faces[self.face]].astype(np.float64)
        return np.asarray((corners * self.weight[..., None]).sum(axis=1) - origin)

    def moved(self, values: Mapping[str, float]) -> float:
        """How far the points lie elsewhere with other values of the same structure, 0 to 1."""
        there = self._at(self.family.points(values, self.choices))
        away = np.linalg.norm(there - self.points, axis=1) / (_FAR * self.side)
        return float(np.minimum(away, 1).mean())

    def unlike(self, other: _Surface) -> float:
        """One less the F-score of both sets of points at :data:`_NEAR`."""
        limit = (_NEAR + _GRAIN) * self.side
        mine = float((cKDTree(other.points).query(self.points)[0] < limit).mean())
        its = float((cKDTree(self.points).query(other.points)[0] < limit).mean())
        return 1 - 2 * mine * its / max(mine + its, 1e-9)
