"""What is declared about a product's size, as parameters of the family that it belongs to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import ParameterError
from ..family import Family, complete
from ..product import Source, graded_sizes
from .request import Request
from .size_chart import SizeChart, chart_of_family

SIZES = ("XS", "S", "M", "L", "XL", "XXL")
BASE_SIZE = "M"

DECLARED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "garment": {
        "height": ("body_length", "length", "outseam_length", "height"),
        "width": ("chest_width", "waist_width", "width"),
        "depth": ("depth",),
    },
    "furniture": {"height": ("height",), "width": ("width",), "depth": ("depth",)},
}
"""What a plainly declared dimension means for each kind: the first parameter that is there."""


@dataclass(frozen=True)
class Declared:
    """Known values of a family's parameters.

    Attributes:
        values: metres (or the parameter's own unit) by parameter name.
        sources: where each came from: ``"declared"`` or ``"size"``.
        spread: 90% half interval of those that are not exact, such as a chart of body measures.
        notes: sentences that a person should read.
    """

    values: Mapping[str, float]
    sources: Mapping[str, Source] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def meant(family: Family, name: str) -> str | None:
    """The parameter that a declared name stands for in a family; None where it has none."""
    names = {p.name for p in family.parameters}
    found = next((n for n in DECLARED[family.kind].get(name, ()) if n in names), name)
    return found if found in names else None


def declared_for(family: Family, request: Request) -> Declared:
    """The declared dimensions and the size label as parameters of a family.

    Raises:
        ParameterError: the family has no such dimension or size, or the value is impossible.
    """
    names = {p.name for p in family.parameters}
    label = family.label.get("en", family.name)
    values: dict[str, float] = {}
    sources: dict[str, Source] = {}
    for name, value in request.declared.items():
        parameter = meant(family, name)
        if parameter is None:
            raise ParameterError(
                f"a {label} has no {name} to declare",
                field=f"declared.{name}",
                expected=", ".join(sorted(names)),
                got=name,
            )
        values[parameter], sources[parameter] = _number(name, value), "declared"
    spread: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    if request.size is not None:
        chart = request.chart or _own_chart(family, request.size)
        row = chart.row(family, request.size)
        for name, (value, half) in row.values.items():
            if name not in values:
                values[name], sources[name] = value, "size"
                if half > 0:
                    spread[name] = half
        notes = row.notes
    for name, value in request.keep.items():
        values[name] = _number(name, value)
    try:
        complete(family, values, request.choices)
    except ParameterError as error:
        raise ParameterError(
            error.message,
            field=error.field.replace("values.", "declared."),
            expected=error.expected,
            got=error.got,
        ) from None
    return Declared(values, sources, spread, notes)


def _number(name: str, value: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ParameterError(
            f"the declared {name} is no number",
            field=f"declared.{name}",
            expected="a finite number, in metres",
            got=str(value),
        )
    return number


def _own_chart(family: Family, size: str) -> SizeChart:
    label = family.label.get("en", family.name)
    if family.kind != "garment" or size not in SIZES:
        raise ParameterError(
            f"a {label} has no size {size}; give the shop's own chart with --chart",
            field="size",
            expected=", ".join(SIZES) if family.kind == "garment" else "no size label",
            got=size,
        )
    return chart_of_family(family, SIZES, BASE_SIZE)


def size_table(
    family: Family, values: Mapping[str, float], request: Request
) -> tuple[dict[str, dict[str, float]], str]:
    """The sizes that a product of these values comes in, and which of them it is.

    By the shop's chart where one was given: what the chart says of each size, the rest graded by
    the family's own steps.
    """
    if family.kind != "garment":
        return {}, ""
    if request.chart is None or request.size is None:
        size = request.size or BASE_SIZE
        return graded_sizes(family, values, SIZES, size), size
    labels = request.chart.labels
    size = request.chart.label(request.size)
    table = graded_sizes(family, values, labels, size)
    ranges = {p.name: (p.minimum, p.maximum) for p in family.parameters}
    here = request.chart.row(family, size).values
    for label in labels:
        for name, (value, _) in request.chart.row(family, label).values.items():
            # The product's own value counts; the chart says how far the sizes lie apart.
            moved = values[name] + value - here[name][0]
            table[label][name] = min(max(moved, ranges[name][0]), ranges[name][1])
    return table, size
