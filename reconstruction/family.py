"""What a product family is: named parameters with ranges, discrete choices, and a builder.

A family turns ``values`` (metres, radians, ratios) and ``choices`` into a :class:`Mesh`. Ranges,
defaults, grading and words live in ``reconstruction/families/*.toml``; builders live beside them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from .errors import ParameterError
from .mesh import Mesh

if TYPE_CHECKING:
    import numpy as np

Unit = Literal["m", "rad", "ratio", "count"]
View = Literal["flat", "solid"]
"""How photos show a product: ``"flat"``, a sewing pattern laid or hung in the picture's plane, or
``"solid"``, a body seen by a camera from some side. Fitting, drawing and texturing go by it."""


@dataclass(frozen=True)
class ParameterSpec:
    """One continuous parameter of a family.

    Attributes:
        name: snake_case, the field's own term, such as ``"sleeve_length"``.
        unit: ``"m"``, ``"rad"``, ``"ratio"`` or ``"count"``.
        minimum, maximum: the accepted range, inclusive.
        default: the family's ordinary value.
        label: words per language, ``{"en": "sleeve length", "zh": "袖长"}``.
        grade: change of the value per size step (S to M), in the same unit; 0 where sizes do
            not change it.
    """

    name: str
    unit: Unit
    minimum: float
    maximum: float
    default: float
    label: Mapping[str, str]
    grade: float = 0.0


@dataclass(frozen=True)
class ChoiceSpec:
    """One discrete choice of a family, such as ``back_style`` of ``slats`` or ``solid``."""

    name: str
    options: tuple[str, ...]
    default: str
    label: Mapping[str, str] = field(default_factory=dict)


class Family(Protocol):
    """The interface of every family; instances are stateless and shared."""

    name: str
    kind: Literal["garment", "furniture"]
    view: View
    category: str
    label: Mapping[str, str]
    parameters: tuple[ParameterSpec, ...]
    choices: tuple[ChoiceSpec, ...]

    def build(self, values: Mapping[str, float], choices: Mapping[str, str]) -> Mesh:
        """The family's mesh; garments come skinned, draped on the reference dress form."""
        ...

    def sample(self, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, str]]:
        """A random member, for training data; always inside the ranges and buildable."""
        ...


def complete(
    family: Family, values: Mapping[str, float], choices: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Check names and ranges, and fill what is missing with the defaults.

    Raises:
        ParameterError: an unknown name, a value that is not finite or out of its range, or an
            unknown option; says the accepted range.
    """
    specs = {p.name: p for p in family.parameters}
    full = {p.name: p.default for p in family.parameters}
    for name, value in values.items():
        if name not in specs:
            raise ParameterError(
                f"{family.name} has no parameter {name!r}",
                field=f"values.{name}",
                expected=", ".join(specs),
                got=name,
            )
        spec = specs[name]
        number = float(value)
        slack = 1e-6 * max(1.0, abs(spec.maximum - spec.minimum))
        if not math.isfinite(number) or not (
            spec.minimum - slack <= number <= spec.maximum + slack
        ):
            raise ParameterError(
                f"{family.name}.{name} is out of its range",
                field=f"values.{name}",
                expected=f"{spec.minimum:g} to {spec.maximum:g} {spec.unit}",
                got=f"{number:g}",
            )
        full[name] = min(max(number, spec.minimum), spec.maximum)
    options = {c.name: c for c in family.choices}
    picked = {c.name: c.default for c in family.choices}
    for name, option in choices.items():
        if name not in options or option not in options[name].options:
            known = ", ".join(options[name].options) if name in options else ", ".join(options)
            raise ParameterError(
                f"{family.name} has no choice {name}={option!r}",
                field=f"choices.{name}",
                expected=known,
                got=option if name in options else name,
            )
        picked[name] = option
    return full, picked
