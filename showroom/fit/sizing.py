"""Garment sizes on a body: ease per region, the best size of a chart, and trade labels.

Ease is what the garment measures more than the body, metres. Body measures go by ISO 8559-1's
names, as :class:`showroom.fit.avatar.Avatar` has them. What is compared, the bands of ease and
the label tables are data, in ``sizing.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .errors import FitError

Verdict = Literal["tight", "snug", "regular", "loose"]
VERDICTS: tuple[Verdict, ...] = ("tight", "snug", "regular", "loose")
_SOFT = 0.35  # how fast confidence grows with the distance in cost between two sizes


class SizingError(FitError):
    """A garment or body that cannot be compared: an unknown family, a measure missing."""

    code = "sizing"


@dataclass(frozen=True)
class Region:
    """How one region of a garment sits.

    Attributes:
        region: ISO 8559-1 name of the body measure.
        body, garment, ease: metres; ``ease`` is garment - body.
        strain: how far the cloth is stretched, as a share of its own girth; 0 where it has ease.
        weight: how much it counts for the size.
        badness: 0 in the middle of "regular", 1 at its ends, and growing outside.
    """

    region: str
    body: float
    garment: float
    ease: float
    verdict: Verdict
    strain: float
    weight: float
    badness: float


@dataclass(frozen=True)
class Ranking:
    """The sizes of a chart from best to worst on one body.

    Attributes:
        order: labels, best first.
        regions: per label.
        confidence: 0 to 1 that the first is better than the others.
    """

    order: tuple[str, ...]
    regions: Mapping[str, tuple[Region, ...]]
    confidence: float


@cache
def tables() -> Mapping[str, Any]:
    """The contents of ``sizing.toml``."""
    return tomllib.loads(Path(__file__).with_name("sizing.toml").read_text(encoding="utf-8"))


def region_fits(
    family: str,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    measures: Mapping[str, float],
) -> tuple[Region, ...]:
    """Ease and verdict of each region that a garment has and the body's measures know.

    Args:
        family: such as ``"t_shirt"``.
        values: the garment's parameters, metres.
        measures: the body's, metres, by ISO 8559-1 name.

    Raises:
        SizingError: a family without a table, a measure that is no length, or nothing to compare.
    """
    known = tables()["families"]
    if family not in known:
        raise SizingError(
            f"there is no table of ease for {family!r}",
            field="family",
            expected=", ".join(known),
            got=family[:40],
        )
    for name, value in measures.items():
        if name != "weight" and not (math.isfinite(value) and 0.0 < value < 3.0):
            raise SizingError(
                "a body measure is impossible",
                field=f"measures.{name}",
                expected="0 to 3 m",
                got=f"{value:g}",
            )
    found = []
    for name, rule in known[family].items():
        body_sum = rule.get("body", {name: 1.0})
        missing = not all(part in measures for part in body_sum)
        off = any(choices.get(key) not in allowed for key, allowed in rule.get("when", {}).items())
        small = any(values.get(key, 0.0) < low for key, low in rule.get("least", {}).items())
        if missing or off or small or not all(part in values for part in rule["sum"]):
            continue
        garment = sum(factor * values[part] for part, factor in rule["sum"].items())
        body = sum(factor * measures[part] for part, factor in body_sum.items())
        found.append(_region(name, body, garment, rule))
    if not found:
        raise SizingError(
            "the body has none of the measures that this garment is judged by",
            field="measures",
            expected=", ".join(known[family]),
            got=", ".join(measures) or "nothing",
        )
    return tuple(found)


def _region(name: str, body: float, garment: float, rule: Mapping[str, Any]) -> Region:
    tight, snug, regular = (float(x) for x in rule["bands"])
    ease = garment - body
    at = sum(ease >= band for band in (tight, snug, regular))
    middle = (snug + regular) / 2
    # Too tight counts double: cloth that is too loose can still be worn.
    half = (regular - middle) if ease > middle else (middle - snug) / 1.5
    badness = abs(ease - middle) / max(half, 1e-6)
    is_girth = tables()["regions"][name]["kind"] == "girth"
    strain = max(0.0, -ease / garment) if is_girth and garment > 0 else 0.0
    return Region(name, body, garment, ease, VERDICTS[at], strain, float(rule["weight"]), badness)


def rank_sizes(
    family: str,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    sizes: Mapping[str, Mapping[str, float]],
    measures: Mapping[str, float],
) -> Ranking:
    """Which size of a chart fits a body best.

    Each size costs the weighted mean square of its regions' badness. Confidence is the softmax
    of the costs, so two sizes that fit alike give about one half.

    Args:
        values: the garment's parameters; each size of the chart replaces its own.
        sizes: parameter values per label, smallest first.

    Raises:
        SizingError: the chart is empty, or as :func:`region_fits`.
    """
    if not sizes:
        raise SizingError(
            "the product has no size chart", field="sizes", expected="at least one size", got="none"
        )
    regions = {
        label: region_fits(family, {**values, **chart}, choices, measures)
        for label, chart in sizes.items()
    }
    cost = {label: _cost(found) for label, found in regions.items()}
    order = tuple(sorted(sizes, key=cost.__getitem__))
    best = cost[order[0]]
    total = sum(math.exp(-(cost[label] - best) / _SOFT) for label in order)
    return Ranking(order, regions, 1.0 / total)


def _cost(regions: tuple[Region, ...]) -> float:
    weight = sum(r.weight for r in regions)
    # Beyond ten half bands more is no worse; keeps far sizes comparable.
    return sum(r.weight * min(r.badness, 10.0) ** 2 for r in regions) / weight


def en_13402(measures: Mapping[str, float], gender: str = "neutral") -> str:
    """The letter code of EN 13402-3 for a body, such as ``"M"``; ``""`` outside the table.

    A neutral body goes by the men's table, as unisex clothing does.

    Raises:
        SizingError: no bust (chest) measure.
    """
    bust = _need(measures, "bust")
    table = tables()["en_13402"][_table(gender)]
    label = ""
    for name, start in table["from"].items():
        if bust >= start:
            label = name
    return label if bust < table["end"] else ""


def gb_1335(measures: Mapping[str, float], gender: str = "neutral", *, lower: bool = False) -> str:
    """The size code of GB/T 1335 for a body, such as ``"165/88A"``.

    Height and chest (``lower``: waist) in centimetres, rounded to the standard's steps, and the
    body type Y, A, B or C by the drop from chest to waist (Y above its range, C below).

    Raises:
        SizingError: height, bust or waist is missing.
    """
    table = tables()["gb_1335"]
    height, bust, waist = (_need(measures, name) for name in ("height", "bust", "waist"))
    drop = bust - waist
    types = table[_table(gender)]["drop"]
    letter = next((name for name, least in types.items() if drop >= least), "C")
    girth, step = (waist, table["waist_step"]) if lower else (bust, table["chest_step"])
    return f"{_round(height, table['height_step'])}/{_round(girth, step)}{letter}"


def _round(metres: float, step: float) -> int:
    return round(math.floor(metres / step + 0.5) * step * 100)


def _table(gender: str) -> str:
    return "female" if gender == "female" else "male"


def _need(measures: Mapping[str, float], name: str) -> float:
    if name not in measures:
        raise SizingError(
            f"a size label needs the body's {name}",
            field=f"measures.{name}",
            expected="metres",
            got="nothing",
        )
    return measures[name]
