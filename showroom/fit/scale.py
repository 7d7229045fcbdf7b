"""Larger and smaller furniture, within the sizes in which its family can be made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reconstruction.family import Family

from .furnishing import PlacementError

_OUTER = ("width", "depth", "height")
# What grows with the outer measures, where the family has it.
_FOLLOW = {"height": ("seat_height",)}


@dataclass(frozen=True)
class Scaled:
    """New parameter values.

    Attributes:
        values: of the parameters that changed, metres.
        lack: per parameter that its range stopped, the metres that are missing (signed).
    """

    values: Mapping[str, float]
    lack: Mapping[str, float]


def scaled(
    family: Family, values: Mapping[str, float], factor: float, dimension: str = ""
) -> Scaled:
    """Multiply one measure of a product, or all of them, within the family's ranges.

    Args:
        values: all its parameters now.
        factor: 2.0 is twice as large.
        dimension: ``"width"``, ``"depth"``, ``"height"``, another parameter in metres, or ``""``
            for the whole product.

    Raises:
        PlacementError: a factor that is no positive number, or no such measure.
    """
    specs = {p.name: p for p in family.parameters if p.unit == "m"}
    if not (math.isfinite(factor) and 0.0 < factor <= 100.0):
        raise PlacementError(
            "a product cannot be scaled by that",
            field="factor",
            expected="more than 0, at most 100",
            got=f"{factor:g}",
        )
    names = [dimension] if dimension else [n for n in _OUTER if n in specs]
    for name in names:
        if name not in specs:
            raise PlacementError(
                f"a {family.name} has no {name[:40]!r} to scale",
                field="parameter",
                expected=", ".join(specs),
                got=name[:40],
            )
    if not dimension:
        names += [n for outer in names for n in _FOLLOW.get(outer, ()) if n in specs]
    new, lack = {}, {}
    for name in names:
        spec = specs[name]
        wanted = values.get(name, spec.default) * factor
        new[name] = min(max(wanted, spec.minimum), spec.maximum)
        if abs(wanted - new[name]) > 1e-9:
            lack[name] = wanted - new[name]
    return Scaled(new, lack)
