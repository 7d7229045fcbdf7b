"""From a tape to a body: Gauss-Newton on the baked basis, with an interval per measure."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reconstruction.dressform import BodyForm
from reconstruction.mesh import Skin

from . import measure
from .avatar import Avatar
from .basis import Basis, load, stand
from .errors import BodyError
from .vrm import BONES, PARENTS

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

GENDERS: Final = {"male": 0.0, "neutral": 0.5, "female": 1.0}
WEIGHT_RANGE: Final = (30.0, 250.0)

_DATA: Final = Path(__file__).parent / "data_files"
_TAPE_SIGMA: Final = 3e-4
"""How closely a given measure is met, metres; small against the sliders' priors."""
_TAPE_ERROR: Final = 5e-3
"""How far a tape is off when a person measures, metres (one standard deviation)."""
_SCALE_SIGMA: Final = 1.0
"""How closely a given weight is met, kilograms: clothes and a full stomach."""
_MET: Final = 1.5e-3
"""How near a given measure must come, metres, before other starts are tried."""
_OTHER_STARTS: Final = (
    {"weight": 0.45, "cupsize": 0.2},
    {"weight": 1.15, "cupsize": 0.8},
    {"weight": 0.8, "cupsize": 0.8, "proportions": 0.2},
    {"weight": 0.3, "muscle": 0.7},
)
"""Builds to start from where the solver gets stuck: the basis has kinks between its corners."""
_NINETY: Final = 1.645
_CONTRADICTION: Final = 0.015


@dataclass(frozen=True)
class Tape:
    """What a measure may be: ranges in metres and as a share of the stature."""

    minimum: float
    maximum: float
    share: tuple[float, float]


@lru_cache(maxsize=1)
def tapes() -> tuple[dict[str, Tape], dict[str, str], tuple[tuple[str, str, float, float], ...]]:
    """Accepted ranges by name, alias to name, and the ratios of pairs."""
    table: dict[str, Any] = tomllib.loads((_DATA / "tape.toml").read_text(encoding="utf-8"))
    pairs = tuple((*p["names"], *p["ratio"]) for p in table.pop("pair"))
    ranges = {
        name: Tape(row["range"][0], row["range"][1], tuple(row.get("share", (0.0, math.inf))))
        for name, row in table.items()
    }
    alias = {other: name for name, row in table.items() for other in row.get("alias", [])}
    return ranges, alias, pairs


@dataclass(frozen=True, eq=False)
class Sliders:
    """The sliders that the solver moves, with their priors; all arrays are (k,)."""

    names: tuple[str, ...]
    builds: int
    middle: F64
    spread: F64
    least: F64
    most: F64

    def split(self, x: F64) -> tuple[dict[str, float], dict[str, float]]:
        """Slider values as the basis takes them: phenotypes and local changes."""
        pairs = list(zip(self.names, (float(v) for v in x), strict=True))
        return dict(pairs[: self.builds]), dict(pairs[self.builds :])


@lru_cache(maxsize=1)
def sliders() -> Sliders:
    """Read the sliders and their priors."""
    table = tomllib.loads((_DATA / "build.toml").read_text(encoding="utf-8"))
    rows = [*table["build"].values(), *table["local"].values()]
    middle, spread, least, most = np.array(rows, dtype=np.float64).T
    names = (*table["build"], *table["local"])
    return Sliders(names, len(table["build"]), middle, spread, least, most)


def check(
    height: float, gender: str, tape: Mapping[str, float], weight: float | None
) -> dict[str, float]:
    """Every given measure under its ISO name, ``height`` and ``weight`` included.

    Raises:
        BodyError: a measure is unknown, no number, out of its range, or out of all proportion to
            another one; names the field, the value and the accepted range.
    """
    if gender not in GENDERS:
        _refuse("gender", "is unknown", ", ".join(GENDERS), gender)
    ranges, alias, pairs = tapes()
    given = {"height": _number("height", height)}
    _within("height", given["height"], ranges["height"].minimum, ranges["height"].maximum)
    for key, value in tape.items():
        name = alias.get(key, key)
        if name not in ranges:
            _refuse(f"tape.{key}", "is no measure of a body", ", ".join(ranges), str(key))
        if name == "height":
            continue
        number, limit = _number(f"tape.{key}", value), ranges[name]
        low = max(limit.minimum, limit.share[0] * given["height"])
        high = min(limit.maximum, limit.share[1] * given["height"])
        _within(f"tape.{key}", number, low, high)
        given[name] = number
    for first, second, low, high in pairs:
        if first in given and second in given:
            _within(f"tape.{first}", given[first], low * given[second], high * given[second])
    if weight is not None:
        given["weight"] = _number("weight", weight)
        index = 1 / given["height"] ** 2
        low, high = max(WEIGHT_RANGE[0], 12 / index), min(WEIGHT_RANGE[1], 65 / index)
        _within("weight", given["weight"], low, high, "kg")
    return given


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse(field, "is no number", "a finite number", repr(value)[:40])
    return float(value)  # type: ignore[arg-type]


def _within(field: str, value: float, low: float, high: float, unit: str = "m") -> None:
    if not low <= value <= high:
        _refuse(field, "is out of range", f"{low:.2f} to {high:.2f} {unit}", f"{value:g} {unit}")


def _refuse(field: str, what: str, expected: str, got: str) -> None:
    raise BodyError(f"{field} {what}", field=field, expected=expected, got=got)


def solve(
    height: float,
    gender: str = "neutral",
    tape: Mapping[str, float] | None = None,
    weight: float | None = None,
    seen: Mapping[str, tuple[float, float]] | None = None,
) -> Avatar:
    """The most ordinary body that has the given measures.

    Args:
        height: stature, metres.
        gender: ``"female"``, ``"male"`` or ``"neutral"``.
        tape: metres by ISO 8559-1 name (``bust`` or ``chest``, ``waist``, ``hip``, ``inseam``,
            ``arm_length``, ``shoulder``, ``neck``, …); any of them.
        weight: body weight, kilograms.
        seen: what photos show, by names of ``measure.NAMES`` and ``measure.EXTENTS``: metres,
            and their standard deviation. It shapes the body; a tape overrules it.

    Returns:
        An avatar whose given measures are met; the others come with wider intervals.

    Raises:
        BodyError: a measure is impossible, or the measures contradict each other.
    """
    given = check(height, gender, tape or {}, weight)
    problem = _Problem(load(), GENDERS[gender], given, seen or {})
    x = problem.minimise()
    found = problem.measures(x, everything=True)
    found = {n: v for n, v in found.items() if n not in measure.EXTENTS}
    for name, value in given.items():
        if name != "weight" and abs(found[name] - value) > _CONTRADICTION:
            _refuse(
                f"tape.{name}",
                "contradicts the other measures",
                f"about {found[name]:.2f} m with the others as given",
                f"{value:g} m",
            )
    deviation, advice = problem.uncertainty(x)
    basis = problem.basis
    vertices, joints, eyes = problem.body(x)
    values = dict(zip(problem.sliders.names, (round(float(v), 4) for v in x), strict=True))
    return Avatar(
        form=BodyForm(
            vertices,
            basis.faces,
            Skin(BONES, np.array(PARENTS, np.int32), joints, basis.joints, basis.weights),
        ),
        eyes=eyes,
        measures=found,
        intervals={n: (m - deviation[n], m + deviation[n]) for n, m in found.items()},
        gender=gender,
        sliders=values,
        advice=advice,
    )


class _Problem:
    """Residuals, Jacobian and prior of one visitor's measures."""

    def __init__(
        self,
        basis: Basis,
        gender: float,
        given: Mapping[str, float],
        seen: Mapping[str, tuple[float, float]],
    ) -> None:
        self.basis = basis
        self.sliders = sliders()
        self.gender = gender
        rough = {n: row for n, row in seen.items() if n not in given}
        self.names = (*given, *rough)
        self.target = np.array([*given.values(), *(value for value, _ in rough.values())])
        self.rough = {n: max(sigma, _TAPE_ERROR) for n, (_, sigma) in rough.items()}
        sharp = {n: _SCALE_SIGMA if n == "weight" else _TAPE_SIGMA for n in given}
        self.sigma = np.array([*sharp.values(), *self.rough.values()])
        self.girths = tuple(n for n in measure.GIRTHS if n in self.names)
        self.extents = any(n in self.names for n in measure.EXTENTS)

    def body(self, x: F64) -> tuple[F32, F32, F32]:
        builds, local = self.sliders.split(x)
        points = self.basis.points({**builds, "gender": self.gender}, local)
        return stand(self.basis, points)

    def measures(self, x: F64, everything: bool = False) -> dict[str, float]:
        vertices, joints, _ = self.body(x)
        return self._measured(vertices, joints, everything)

    def _measured(self, vertices: F32, joints: F32, everything: bool) -> dict[str, float]:
        girths = measure.GIRTHS if everything else self.girths
        wants_weight = everything or "weight" in self.names
        found = measure.measure(vertices, joints, girths, wants_weight)
        return found | measure.breadths(vertices, joints) if self.extents else found

    def jacobian(self, x: F64, everything: bool) -> tuple[dict[str, float], dict[str, F64]]:
        """Measures at ``x`` and their derivatives by every slider, by finite differences."""
        base = self.measures(x, everything)
        slope = {name: np.empty(len(x)) for name in base}
        for i in range(len(x)):
            step = 0.02 if x[i] >= 0 and x[i] + 0.02 <= self.sliders.most[i] else -0.02
            moved = x.copy()
            moved[i] += step
            for name, value in self.measures(moved, everything).items():
                slope[name][i] = (value - base[name]) / step
        return base, slope

    def minimise(self) -> F64:
        """The sliders that meet the measures; other starts where the first one gets stuck."""
        best = self._descend(self._start())
        for builds in _OTHER_STARTS:
            if self._met(best):
                break
            x = self._start()
            for name, value in builds.items():
                x[self.sliders.names.index(name)] = value
            other = self._descend(x)
            if self._cost(other, self.measures(other)) < self._cost(best, self.measures(best)):
                best = other
        return best

    def _start(self) -> F64:
        x = self.sliders.middle.copy()
        x[0] = 0.25 + 0.4 * (self.target[self.names.index("height")] - 1.55)
        return x

    def _met(self, x: F64) -> bool:
        """Whether every given measure is met."""
        found = self.measures(x)
        off = [
            abs(found[n] - t)
            for n, t, sigma in zip(self.names, self.target, self.sigma, strict=True)
            if sigma == _TAPE_SIGMA
        ]
        return bool(max(off) < _MET)

    def _descend(self, x: F64, rounds: int = 15) -> F64:
        damping = 0.0
        cost = self._cost(x, self.measures(x))
        for _ in range(rounds):
            base, slope = self.jacobian(x, everything=False)
            residual = (self.target - [base[n] for n in self.names]) / self.sigma
            j = np.stack([slope[n] for n in self.names]) / self.sigma[:, None]
            before = cost
            while damping < 1e9:
                tried = self._step(x, j, residual, damping)
                new = self._cost(tried, self.measures(tried))
                if new < cost:
                    x, cost, damping = tried, new, damping / 30 if damping > 1 else 0.0
                    break
                damping = max(damping * 10, 1.0)
            if before - cost < 0.02 * before or damping >= 1e9:
                break
        return x

    def _cost(self, x: F64, found: dict[str, float]) -> float:
        residual = (self.target - [found[n] for n in self.names]) / self.sigma
        prior = (x - self.sliders.middle) / self.sliders.spread
        return float(residual @ residual + prior @ prior)

    def _step(self, x: F64, j: F64, residual: F64, damping: float) -> F64:
        """One damped Gauss-Newton step with the prior, sliders at a limit held there."""
        s = self.sliders
        free = np.ones(len(x), dtype=bool)
        moved = x
        for _ in range(6):
            held = np.where(free, 0.0, moved - x)
            jf = j[:, free]
            right = jf.T @ (residual - j @ held) - ((x - s.middle) / s.spread**2)[free]
            normal = jf.T @ jf + np.diag((1 + damping) / s.spread[free] ** 2)
            step = held.copy()
            step[free] = np.linalg.solve(normal, right)
            raw = x + step
            moved = np.clip(raw, s.least, s.most)
            out = free & (np.abs(moved - raw) > 1e-9)
            if not out.any():
                break
            free &= ~out
        return np.asarray(moved, dtype=np.float64)

    def uncertainty(self, x: F64) -> tuple[dict[str, float], tuple[str, ...]]:
        """Half widths that hold 90%, and which further measures would narrow them most."""
        s = self.sliders
        base, slope = self.jacobian(x, everything=True)
        scale = {n: 1.0 if n == "weight" else _TAPE_ERROR for n in base} | self.rough
        j = np.stack([slope[n] / scale[n] for n in self.names])
        covariance = np.linalg.inv(j.T @ j + np.diag(1 / s.spread**2))
        half = {n: _NINETY * math.sqrt(float(v @ covariance @ v)) for n, v in slope.items()}
        gain = {}
        for name, v in slope.items():
            if (name in self.names and name not in self.rough) or name in measure.EXTENTS:
                continue
            spread = covariance @ v
            error = 1.0 if name == "weight" else _TAPE_ERROR
            removed = 1 / (error**2 + float(v @ spread))
            gain[name] = sum(
                float(w @ spread) ** 2 * removed for n, w in slope.items() if n != "weight"
            )
        best = sorted(gain, key=lambda n: gain[n], reverse=True)
        return half, tuple(best[:3])
