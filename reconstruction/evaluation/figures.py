"""Figures with bootstrap intervals, in a table of Markdown and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Statistic = Callable[[F64], F64]
"""Values (..., n) or pairs (..., n, 2) to one number each (...)."""
_ROUNDS = 1000


@dataclass(frozen=True)
class Figure:
    """One number over many cases.

    Attributes:
        low, high: 95% percentile bootstrap interval.
        target: what is wanted, such as ``">= 0.85"``, or ``""``.
        reached: whether it is, or None where nothing is wanted.
        parts: category to value and count.
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    target: str = ""
    reached: bool | None = None
    parts: Mapping[str, tuple[float, int]] = field(default_factory=dict)

    def row(self) -> str:
        """One line of a Markdown table."""
        span = f"{_number(self.low)} to {_number(self.high)}"
        mark = {None: "", True: "yes", False: "no"}[self.reached]
        return (
            f"| {self.name} | {_number(self.value)} | {span} | {self.count} | {self.target} "
            f"| {mark} |"
        )


def mean(values: F64) -> F64:
    """The mean over the last axis."""
    return np.asarray(values.mean(axis=-1))


def median(values: F64) -> F64:
    """The median over the last axis."""
    return np.asarray(np.median(values, axis=-1))


def quantile(share: float) -> Statistic:
    """A quantile over the last axis."""
    return lambda values: np.asarray(np.quantile(values, share, axis=-1))


def ratio(pairs: F64) -> F64:
    """Mean of the first over mean of the second of pairs (..., n, 2)."""
    sums = pairs.mean(axis=-2)
    return np.asarray(sums[..., 0] / np.maximum(sums[..., 1], 1e-12))


def figure(
    name: str,
    samples: Sequence[Any],
    statistic: Statistic = mean,
    *,
    target: str = "",
    categories: Sequence[str] = (),
) -> Figure | None:
    """A figure of samples, numbers or pairs of numbers; None of none. Seeded.

    Args:
        target: ``">= x"`` or ``"<= x"``.
        categories: one per sample, for the parts.
    """
    if not len(samples):
        return None
    values = np.array(samples, np.float64)
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    values = values[finite]
    if not len(values):
        return None
    rng = np.random.default_rng(0)
    spread = statistic(values[rng.integers(0, len(values), (_ROUNDS, len(values)))])
    low, high = (float(v) for v in np.quantile(spread, (0.025, 0.975)))
    value = float(statistic(values))
    labels = np.array(categories)[finite] if len(categories) else np.array([])
    parts = {
        str(c): (float(statistic(values[labels == c])), int((labels == c).sum()))
        for c in dict.fromkeys(labels)
    }
    return Figure(name, value, low, high, len(values), target, _meets(value, target), parts)


def _meets(value: float, target: str) -> bool | None:
    if not target:
        return None
    sign, wanted = target.split()
    return value >= float(wanted) if sign == ">=" else value <= float(wanted)


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


@dataclass
class Report:
    """All figures of an evaluation.

    Attributes:
        head: what was evaluated: commit, weights, machine, command.
        confusion: truth to answer to count.
        missing: sentences about what could not be measured.
        remarks: further Markdown, such as the worst cases.
    """

    head: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, made: Figure | None) -> None:
        """Add a figure, if there is one."""
        if made is not None:
            self.figures.append(made)

    def __getitem__(self, name: str) -> Figure:
        """The figure of a name."""
        return next(f for f in self.figures if f.name == name)

    def markdown(self) -> str:
        """Figures, then figures per category, confusions and the rest."""
        lines = [f"- {name}: {value}" for name, value in self.head.items()]
        lines += ["", "| figure | value | 95% interval | cases | wanted | reached |"]
        lines += ["|---|---|---|---|---|---|", *(f.row() for f in self.figures)]
        lines += ["", *(f"Not measured: {text}" for text in self.missing)]
        lines += self._parts()
        if self.confusion:
            lines += ["", "## Classes of real photos", "", *self._confusions()]
        return "\n".join([*lines, "", *self.remarks]) + "\n"

    def _parts(self) -> list[str]:
        split = [f for f in self.figures if len(f.parts) > 1]
        if not split:
            return []
        names = sorted({c for f in split for c in f.parts})
        lines = ["", "## Per category", "", "| figure | " + " | ".join(names) + " |"]
        lines.append("|---" * (len(names) + 1) + "|")
        for f in split:
            cells = [_number(f.parts[c][0]) if c in f.parts else "" for c in names]
            lines.append(f"| {f.name} | " + " | ".join(cells) + " |")
        return lines

    def _confusions(self) -> list[str]:
        names = sorted({n for row in self.confusion.values() for n in row} | set(self.confusion))
        lines = ["| truth \\ said | " + " | ".join(names) + " |"]
        lines.append("|---" * (len(names) + 1) + "|")
        for truth, row in self.confusion.items():
            cells = " | ".join(str(row.get(n, 0)) for n in names)
            lines.append(f"| {truth} | {cells} |")
        return lines

    def write(self, path: Path) -> None:
        """Write ``path`` as JSON and the same as Markdown beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = asdict(self)
        path.write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
        path.with_suffix(".md").write_text(self.markdown(), encoding="utf-8")


def separation(products: Sequence[float], others: Sequence[float]) -> float:
    """Probability that a product scores above a picture without one (area under the curve)."""
    if not len(products) or not len(others):
        return math.nan
    a, b = np.asarray(products)[:, None], np.asarray(others)[None]
    return float((a > b).mean() + 0.5 * (a == b).mean())
