"""A shop's size chart: what each label measures, read from CSV or TOML, in metres inside.

CSV has one row per size, ``size`` first, and one column per measure whose header carries its
unit, such as ``chest width (cm)`` or ``body_length_in``; or a ``unit`` column. TOML has ``unit``
and one table per size. Terms are those of ``size_terms.toml`` and the families' parameters. A
range such as ``96-100`` means its middle.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..family import Family
from ..product import graded_sizes

UNITS = {
    "m": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "in": 0.0254,
    "inch": 0.0254,
    "inches": 0.0254,
    '"': 0.0254,
    "厘米": 0.01,
    "公分": 0.01,
    "米": 1.0,
    "英寸": 0.0254,
}
_TERMS = Path(__file__).with_name("size_terms.toml")
_LIMIT = 2**20
_MOST_SIZES = 64
_LABEL = 16


@dataclass(frozen=True)
class SizeRow:
    """One size as parameters of a family.

    Attributes:
        values: by parameter name, the value in metres and its 90% half interval (0 if exact).
        notes: sentences that a person should read.
    """

    values: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SizeChart:
    """Measures per size label.

    Attributes:
        name: of the chart's file.
        sizes: per label, smallest first, the measures in metres by the chart's own terms.
    """

    name: str
    sizes: Mapping[str, Mapping[str, float]]

    @property
    def labels(self) -> tuple[str, ...]:
        """The size labels, in the chart's order."""
        return tuple(self.sizes)

    def label(self, size: str) -> str:
        """The chart's own spelling of a label.

        Raises:
            ParameterError: the chart has no such size; names those it has.
        """
        for known in self.sizes:
            if known.casefold() == size.strip().casefold():
                return known
        raise ParameterError(
            f"{self.name} has no size {size}",
            field="size",
            expected=", ".join(self.sizes),
            got=size,
        )

    def row(self, family: Family, size: str) -> SizeRow:
        """A size as parameters of a family.

        Raises:
            ParameterError: no such size, or the chart measures nothing that the family knows.
        """
        measured = self.sizes[self.label(size)]
        values: dict[str, tuple[float, float]] = {}
        notes = []
        for term, metres in measured.items():
            found = _meaning(family, term)
            if found is None:
                continue
            parameter, factor, ease, doubt = found
            if doubt > 0 and parameter in values:
                continue  # measured on the garment itself
            values[parameter] = (factor * (metres + ease), factor * doubt)
            if doubt > 0:
                notes.append(
                    f"{self.name} gives the body's {term}: {ease * 100:.0f} cm of ease were added, "
                    f"give or take {doubt * 100:.0f} cm."
                )
        if not values:
            raise ParameterError(
                f"{self.name} measures nothing that a {family.label.get('en', family.name)} has",
                field="chart",
                expected=", ".join(p.name for p in family.parameters if p.unit == "m"),
                got=", ".join(measured) or "no measures",
            )
        return SizeRow(values, tuple(notes))


def chart_of_family(family: Family, labels: tuple[str, ...], base: str) -> SizeChart:
    """The chart that a family's own defaults and grade steps make: its girth per size."""
    names = {p.name for p in family.parameters}
    girth = next(n for n in ("chest_width", "waist_width", "width", "length") if n in names)
    defaults = {p.name: p.default for p in family.parameters}
    graded = graded_sizes(family, defaults, labels, base)
    return SizeChart(
        f"the usual chart of {family.label.get('en', family.name)}",
        {label: {girth: row[girth]} for label, row in graded.items() if girth in row}
        or {label: {girth: defaults[girth]} for label in labels},
    )


def read_chart(path: Path) -> SizeChart:
    """Read a size chart from a ``.csv`` or ``.toml`` file.

    Raises:
        ParameterError: the file is unreadable, has no sizes, a unit is missing or a number wrong;
            names the line or the size.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ParameterError(
            f"the size chart {path} cannot be read",
            field="chart",
            expected="a CSV or TOML file",
            got=error.strerror or type(error).__name__,
        ) from error
    if len(data) > _LIMIT:
        raise _fault(path.name, "chart", f"at most {_LIMIT} bytes", f"{len(data)} bytes")
    text = decoded(data)
    sizes = (
        _from_toml(text, path.name)
        if path.suffix.lower() == ".toml"
        else _from_csv(text, path.name)
    )
    if not 0 < len(sizes) <= _MOST_SIZES:
        raise _fault(path.name, "chart", f"1 to {_MOST_SIZES} sizes", str(len(sizes)))
    return SizeChart(path.name, sizes)


def decoded(data: bytes) -> str:
    """Text of a table as spreadsheets save it: UTF-8 with or without a mark, else GB 18030."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def _from_csv(text: str, name: str) -> dict[str, dict[str, float]]:
    rows = list(csv.reader(io.StringIO(text)))
    rows = [[c.strip() for c in row] for row in rows if any(c.strip() for c in row)]
    if len(rows) < 2:
        raise _fault(name, "chart", "a header and a row for each size", f"{len(rows)} rows")
    header = [h.casefold() for h in rows[0]]
    if header[0] not in ("size", "label", "尺码", "尺寸"):
        raise _fault(name, "line 1", "the first column is called size", rows[0][0])
    unit_at = header.index("unit") if "unit" in header else None
    sizes: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows[1:], 2):
        label = _label(name, f"line {number}", row[0], sizes)
        unit = row[unit_at] if unit_at is not None and unit_at < len(row) else None
        measures = {}
        for title, cell in list(zip(header, row, strict=False))[1:]:
            if title == "unit" or not cell:
                continue
            term, own = _split_unit(title)
            measures[term] = _metres(name, f"line {number}, {title}", cell, own or unit)
        sizes[label] = measures
    return sizes


def _from_toml(text: str, name: str) -> dict[str, dict[str, float]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _fault(name, "chart", "TOML", str(error)[:80]) from error
    unit = document.pop("unit", None)
    tables = document.pop("sizes", document)
    if not isinstance(tables, dict):
        raise _fault(name, "sizes", "a table for each size", type(tables).__name__)
    sizes: dict[str, dict[str, float]] = {}
    for raw, table in tables.items():
        label = _label(name, f"sizes.{raw}", str(raw), sizes)
        if not isinstance(table, dict):
            raise _fault(name, f"sizes.{raw}", "a table of measures", type(table).__name__)
        measures = {}
        for title, value in table.items():
            term, own = _split_unit(str(title).casefold())
            measures[term] = _metres(name, f"sizes.{raw}.{title}", str(value), own or unit)
        sizes[label] = measures
    return sizes


def _label(name: str, where: str, text: str, known: Mapping[str, Any]) -> str:
    if not 0 < len(text) <= _LABEL or text in known:
        raise _fault(name, where, f"a new label of 1 to {_LABEL} letters", text[:40] or "nothing")
    return text


def _split_unit(title: str) -> tuple[str, str | None]:
    """``"chest width (cm)"`` or ``"chest_width_cm"`` to its term and its unit."""
    match = re.fullmatch(r"(.+?)\s*[(\[（]\s*([^)\]）]+?)\s*[)\]）]", title)
    if match and match[2] in UNITS:
        return _folded(match[1]), match[2]
    match = re.fullmatch(r"(.+)[_ ](m|cm|mm|in|inch|inches)", title)
    return (_folded(match[1]), match[2]) if match else (_folded(title), None)


def _metres(name: str, where: str, text: str, unit: object) -> float:
    if unit not in UNITS:
        raise _fault(name, where, f"a unit ({', '.join(list(UNITS)[:5])})", str(unit or "none"))
    ends = re.fullmatch(r"\s*([\d.]+)\s*(?:[-–~～/]\s*([\d.]+))?\s*", text)
    try:
        numbers = [float(n) for n in (ends.groups() if ends else ()) if n is not None]
        value = sum(numbers) / len(numbers) * UNITS[str(unit)]
    except (ValueError, ZeroDivisionError):
        raise _fault(name, where, "a number, or a range such as 96-100", text[:40]) from None
    if not math.isfinite(value) or not 0 < value < 4:
        raise _fault(name, where, "between 0 and 4 m", f"{value:g} m")
    return value


def _meaning(family: Family, term: str) -> tuple[str, float, float, float] | None:
    """Parameter, factor, ease and doubt of a chart's term for a family, or None."""
    names = {p.name for p in family.parameters if p.unit == "m"}
    term = _folded(term)
    known = _terms().get(term)
    if known is not None:
        parameter = next((p for p in known["parameters"] if p in names), None)
        if parameter is None:
            return None
        if known["of"] == "garment":
            return parameter, float(known["factor"]), 0.0, 0.0
        ease = known["ease"].get(family.name)
        if ease is None:
            return None
        return parameter, float(known["factor"]), float(ease), float(known["doubt"])
    for p in family.parameters:
        if p.unit == "m" and term in (_folded(w) for w in (p.name, *p.label.values())):
            return p.name, 1.0, 0.0, 0.0
    return None


@cache
def _terms() -> dict[str, dict[str, Any]]:
    document = tomllib.loads(_TERMS.read_text(encoding="utf-8"))
    return {
        _folded(word): term
        for key, term in document["terms"].items()
        for word in (key, *term["names"])
    }


def _folded(word: str) -> str:
    return re.sub(r"[\s_]+", " ", word.strip().casefold())


def _fault(name: str, where: str, expected: str, got: str) -> ParameterError:
    return ParameterError(
        f"the size chart {name} is wrong at {where}",
        field=f"chart.{where}",
        expected=expected,
        got=got,
    )
