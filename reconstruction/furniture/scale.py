"""How large furniture is: declared dimensions first, else what such furniture usually measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..errors import ParameterError
from ..families.furniture_family import FurnitureFamily
from ..family import complete


class Scale(NamedTuple):
    """A factor for all lengths, and its relative 90% half interval."""

    factor: float
    spread: float


def declared_values(family: FurnitureFamily, declared: Mapping[str, float]) -> dict[str, float]:
    """Check declared values.

    Raises:
        ParameterError: an unknown name or a value out of its range; the field is
            ``declared.NAME``.
    """
    try:
        complete(family, declared, {})
    except ParameterError as error:
        raise ParameterError(
            error.message,
            field=error.field.replace("values.", "declared."),
            expected=error.expected,
            got=error.got,
        ) from None
    return {name: float(value) for name, value in declared.items()}


def rescaled(
    family: FurnitureFamily,
    values: Mapping[str, float],
    declared: Mapping[str, float],
    spread: Mapping[str, float] | None = None,
    size_spread: float | None = None,
) -> tuple[dict[str, float], float]:
    """Scale all lengths so that the declared ones come near what they shall be.

    A guess errs in its size and in each proportion. Of a bed's height twice as great as it was
    guessed, most is the headboard's and little the bed's, since beds are about as long: each error
    is taken for as large as its own variance (the mean of a normal distribution given a sum).

    Args:
        spread: one standard deviation per value, its size left out.
        size_spread: relative standard deviation of the size; None: it alone may be wrong.

    Returns:
        The values, and the relative standard deviation of the size that remains.
    """
    lengths = {p.name: p for p in family.parameters if p.unit == "m"}
    known = [n for n in declared if n in lengths and values[n] > 0]
    factor, left = 1.0, size_spread or 0.0
    if known:
        ratios = np.log([declared[n] / values[n] for n in known])
        if size_spread is None or spread is None:
            factor = float(np.exp(ratios.mean()))
        else:
            own = np.array([max(spread.get(n, 0.0) / values[n], 1e-3) for n in known]) ** -2.0
            total = own.sum() + max(size_spread, 1e-3) ** -2.0
            factor, left = float(np.exp((own * ratios).sum() / total)), float(total**-0.5)
    scaled = {
        n: float(np.clip(v * factor, lengths[n].minimum, lengths[n].maximum)) if n in lengths else v
        for n, v in values.items()
    }
    return scaled, left


def unlikeliness(
    family: FurnitureFamily, values: Mapping[str, float], choices: Mapping[str, str]
) -> float:
    """Negative log probability of some lengths, up to a constant, as the likeliest kind has them.

    The kinds are those of :func:`metric_scale`; here sizes are compared as they are.
    """
    active = set(family.active(choices))
    out = math.inf
    for kind in family.spec.extra["scale"].values():
        rows = [(math.log(values[n] / m), s) for n, (m, s) in kind.items() if n in active]
        if rows:
            out = min(out, sum(0.5 * min((away / s) ** 2, 25.0) + math.log(s) for away, s in rows))
    return out if math.isfinite(out) else 0.0


def metric_scale(
    family: FurnitureFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    declared: Mapping[str, float],
) -> Scale:
    """The most probable scale of a shape whose proportions are known.

    The data file's ``extra.scale`` holds kinds of this furniture (a dining table, a coffee
    table), each with the usual value and the relative spread of some lengths; the kind that
    fits the proportions best decides.
    """
    specs = {p.name: p for p in family.parameters}
    if any(specs[n].unit == "m" for n in declared):
        return Scale(1.0, 0.0)
    active = set(family.active(choices))
    best: tuple[float, Scale] | None = None
    for kind in family.spec.extra["scale"].values():
        rows = [(n, m, s) for n, (m, s) in kind.items() if n in active]
        if not rows:
            continue
        weight = np.array([1 / s**2 for _, _, s in rows])
        wanted = np.log([m / values[n] for n, m, _ in rows])
        mean = float((weight * wanted).sum() / weight.sum())
        misfit = float((weight * (wanted - mean) ** 2).sum() + 2 * sum(np.log(s) for *_, s in rows))
        spread = 1.64 * float(np.hypot(weight.sum() ** -0.5, 0.03))
        if best is None or misfit < best[0]:
            best = (misfit, Scale(float(np.exp(mean)), spread))
    if best is None:
        return Scale(1.0, 0.3)
    factor, spread = best[1]
    # The box must stay within the family's ranges.
    for name in ("width", "height", "depth"):
        if name not in specs:
            continue
        spec = specs[name]
        factor = float(np.clip(factor, spec.minimum / values[name], spec.maximum / values[name]))
    return Scale(factor, spread)
