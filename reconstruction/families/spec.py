"""Reading a family's data file: names, labels, ranges, grade rules and choices from TOML.

A data file looks like this::

    name = "t_shirt"
    kind = "garment"
    category = "t-shirt"
    label = { en = "T-shirt", zh = "T恤" }

    [parameters.sleeve_length]
    unit = "m"
    range = [0.08, 0.35]
    default = 0.20
    grade = 0.005
    label = { en = "sleeve length", zh = "袖长" }

    [choices.neck]
    options = ["crew", "v"]
    default = "crew"
    label = { en = "neckline", zh = "领型" }

    [extra]        # anything else the builder wants
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ..errors import ParameterError
from ..family import ChoiceSpec, ParameterSpec, Unit

_UNITS = ("m", "rad", "ratio", "count")


@dataclass(frozen=True)
class FamilySpec:
    """What a family's data file says; ``extra`` is left to the builder."""

    name: str
    kind: Literal["garment", "furniture"]
    category: str
    label: Mapping[str, str]
    parameters: tuple[ParameterSpec, ...]
    choices: tuple[ChoiceSpec, ...]
    extra: Mapping[str, Any]


def load_spec(path: Path) -> FamilySpec:
    """Read and check a family's data file.

    Raises:
        ParameterError: a range that is empty, a default outside it, or an unknown unit or
            option; names the file and the key.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return FamilySpec(
        name=document["name"],
        kind=document["kind"],
        category=document["category"],
        label=document["label"],
        parameters=tuple(
            _parameter(path, name, table) for name, table in document.get("parameters", {}).items()
        ),
        choices=tuple(
            _choice(path, name, table) for name, table in document.get("choices", {}).items()
        ),
        extra=document.get("extra", {}),
    )


def _parameter(path: Path, name: str, table: Mapping[str, Any]) -> ParameterSpec:
    low, high = (float(x) for x in table["range"])
    default = float(table["default"])
    if table["unit"] not in _UNITS or not low < high or not low <= default <= high:
        raise ParameterError(
            f"{path.name} describes {name} wrongly",
            field=f"parameters.{name}",
            expected=f"a unit of {', '.join(_UNITS)} and low <= default <= high",
            got=f"{table['unit']}, {low:g} <= {default:g} <= {high:g}",
        )
    return ParameterSpec(
        name=name,
        unit=cast(Unit, table["unit"]),
        minimum=low,
        maximum=high,
        default=default,
        label=table["label"],
        grade=float(table.get("grade", 0.0)),
    )


def _choice(path: Path, name: str, table: Mapping[str, Any]) -> ChoiceSpec:
    options = tuple(str(o) for o in table["options"])
    if table["default"] not in options:
        raise ParameterError(
            f"{path.name} describes {name} wrongly",
            field=f"choices.{name}.default",
            expected=", ".join(options),
            got=str(table["default"]),
        )
    return ChoiceSpec(name, options, str(table["default"]), table.get("label", {}))
