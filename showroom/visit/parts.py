"""The words of parts and dimensions, in a family's own parameters (data: ``parts.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from reconstruction.families.garment import GarmentFamily
from reconstruction.family import Family

from .refused import RefusedError


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "parts.toml").read_text("utf-8"))


def rates(
    family: Family, choices: Mapping[str, str], part: str, dimension: str
) -> Mapping[str, float]:
    """By how much each parameter changes per unit of a change of ``part`` in ``dimension``.

    Args:
        choices: the product's present choices; a dress without sleeves has none to lengthen.
        part: as commands carry it, ``""`` for the whole product.
        dimension: ``length``, ``width``, ``height``, ``depth``, ``ease`` or ``thickness``, or
            one of the family's own parameters.

    Raises:
        RefusedError: the product has no such part or measure.
    """
    names = {p.name for p in family.parameters}
    if dimension in names and (not part or part == "body" or dimension.startswith(part)):
        return {dimension: 1.0}
    if choices.get(_tables()["absent"].get(part, "")) == "none":
        raise _no_part(family, part)
    names &= _active(family, choices)
    parts: dict[str, Any] = _tables()["measures"][family.kind]
    rows: list[dict[str, float]] = parts.get(part or "body", {}).get(dimension, [])
    for row in rows:
        if names >= row.keys():
            if not _shows(family, choices, row):
                raise _no_part(family, part)
            return row
    if dimension in names:
        return {dimension: 1.0}
    raise _no_part(family, part or dimension)


def _shows(family: Family, choices: Mapping[str, str], row: Mapping[str, float]) -> bool:
    """Whether a change would be seen: the brim's width does not show on a cap."""
    active = getattr(family, "active", None)
    if active is None:
        return True
    shown = active(choices)
    return any(rate and name in shown for name, rate in row.items())


def has_part(family: Family, choices: Mapping[str, str], part: str) -> bool:
    """Whether a product has a part that can be altered."""
    if choices.get(_tables()["absent"].get(part, "")) == "none":
        return False
    names = _active(family, choices)
    rows = _tables()["measures"][family.kind].get(part, {})
    return any(
        names >= row.keys() and _shows(family, choices, row)
        for dimension in rows.values()
        for row in dimension
    )


def _active(family: Family, choices: Mapping[str, str]) -> frozenset[str]:
    """The parameters that change anything under the product's choices."""
    if isinstance(family, GarmentFamily):
        return family.active(choices)
    return frozenset(p.name for p in family.parameters)


def scaled(family: Family) -> tuple[str, ...]:
    """The parameters that grow when the product is scaled as a whole."""
    names = {p.name for p in family.parameters}
    return tuple(name for name in _tables()["scale"][family.kind] if name in names)


def option(
    family: Family, part: str, parameter: str, word: str
) -> tuple[dict[str, str], dict[str, float]]:
    """The choices and values that an option of speech, or of a button, stands for.

    Args:
        part, word: such as ``"neckline"`` and ``"v"``.
        parameter: a choice's own name, with one of its options as ``word``.

    Raises:
        RefusedError: the family cannot be made so.
    """
    options = {c.name: c.options for c in family.choices}
    if word in options.get(parameter, ()):
        return {parameter: word}, {}
    entry = _tables()["options"].get(f"{part}.{word}", {})
    chosen: dict[str, str] = dict(entry.get("choices", {}))
    values: dict[str, float] = dict(entry.get("values", {}))
    names = {p.name for p in family.parameters}
    fits = all(picked in options.get(name, ()) for name, picked in chosen.items())
    if not entry or not fits or not names >= values.keys():
        known = sorted(o for c in family.choices for o in c.options if c.name in (part, parameter))
        raise RefusedError(
            "no_such_choice",
            "the product cannot be made that way",
            {"name": dict(family.label), "options": known},
            field="option",
            expected=", ".join(known) or "another choice",
            got=word,
        )
    return chosen, values


def _no_part(family: Family, part: str) -> RefusedError:
    return RefusedError(
        "no_such_part",
        "the product has no such part or measure",
        {"name": dict(family.label), "part": part},
        field="part",
        expected=", ".join(p.name for p in family.parameters),
        got=part,
    )
