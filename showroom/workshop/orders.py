"""What shall be reconstructed: photos, folders and a shop's table as a list of orders.

An order that cannot be read does not stop the others: it is kept as what was wrong with it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconstruction.errors import ParameterError, ReconstructionError
from reconstruction.families import family_names, get_family
from reconstruction.intake.photo import SUFFIXES
from reconstruction.intake.request import Request
from reconstruction.intake.size_chart import UNITS, decoded, read_chart
from reconstruction.pipeline import product_id
from reconstruction.product import Price

if TYPE_CHECKING:
    from reconstruction.intake.size_chart import SizeChart

PHOTO_SUFFIXES = frozenset(SUFFIXES)
COLUMNS = (
    "id",
    "photos",
    "category",
    "height",
    "width",
    "depth",
    "size",
    "chart",
    "reference",
    "price",
    "currency",
    "name_en",
    "name_zh",
)
"""Columns of a shop's table; besides them every parameter of a family by its name."""
_LIMIT = 16 * 2**20
_MOST_PHOTOS = 8


@dataclass(frozen=True)
class Order:
    """One product to make.

    Attributes:
        where: what a person finds it by: the photo's path, or the table's name and line.
        id: unique among the orders of a run.
    """

    where: str
    id: str
    photos: tuple[Path, ...]
    request: Request


@dataclass(frozen=True)
class Refused:
    """An order that cannot be carried out, and why."""

    where: str
    error: ReconstructionError


@dataclass
class _Ids:
    """Ids that are taken; a second product of the same name gets a number."""

    taken: set[str] = field(default_factory=set)

    def fresh(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted[:44]}-{number}", number + 1
        self.taken.add(name)
        return name


def orders_of(paths: Sequence[Path], request: Request) -> list[Order | Refused]:
    """The orders that photos, folders of photos and ``.csv`` tables stand for.

    Args:
        request: what holds for all of them; a table's cells come first.

    Raises:
        ParameterError: a table's header is wrong.
    """
    ids = _Ids()
    out: list[Order | Refused] = []
    for path in paths:
        if path.suffix.lower() == ".csv":
            out += _table(path, request, ids)
            continue
        for photo in _photos(path):
            name = ids.fresh(request.id or product_id(photo.name))
            out.append(Order(str(photo), name, (photo,), replace(request, id=name)))
    return out


def order_of_views(photos: Sequence[Path], request: Request) -> Order:
    """One order of several photos of one product.

    Raises:
        ParameterError: no photo, or too many.
    """
    _check_count(len(photos))
    name = request.id or product_id(photos[0].name)
    where = ", ".join(map(str, photos))
    return Order(where, name, tuple(photos), replace(request, id=name))


def metres(text: str, field_name: str) -> float:
    """``"0.86"``, ``"86 cm"`` or ``"34 in"`` in metres; a bare number is metres.

    Raises:
        ParameterError: neither a number nor a number with a unit.
    """
    match = re.fullmatch(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?|nan|inf)\s*(\S*)\s*", text)
    unit = match[2].casefold() if match else "?"
    if match is None or (unit and unit not in UNITS):
        raise ParameterError(
            f"the {field_name} is no length",
            field=field_name,
            expected="a number of metres, or with a unit such as 86cm",
            got=text[:40],
        )
    return float(match[1]) * (UNITS[unit] if unit else 1.0)


def _photos(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(p for p in path.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES)
    else:
        yield path


def _table(path: Path, request: Request, ids: _Ids) -> list[Order | Refused]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ParameterError(
            f"the table {path} cannot be read",
            field="table",
            expected="a CSV file",
            got=error.strerror or type(error).__name__,
        ) from error
    if len(data) > _LIMIT:
        raise ParameterError(
            f"the table {path.name} is too large",
            field="table",
            expected=f"at most {_LIMIT} bytes",
            got=f"{len(data)} bytes",
        )
    reader = csv.reader(io.StringIO(decoded(data)))
    header = [cell.strip().casefold() for cell in next(reader, [])]
    _check_header(path.name, header)
    charts: dict[str, SizeChart] = {}
    out: list[Order | Refused] = []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path.name} line {reader.line_num}"
        try:
            if len(row) > len(header):
                raise ParameterError(
                    "the row has more cells than the header",
                    field="row",
                    expected=str(len(header)),
                    got=str(len(row)),
                )
            cells = {k: v.strip() for k, v in zip(header, row, strict=False) if v.strip()}
            out.append(_order(where, path.parent, cells, request, charts, ids))
        except ReconstructionError as error:
            out.append(Refused(where, error))
    return out


def _check_header(name: str, header: Sequence[str]) -> None:
    known = {*COLUMNS, *_parameters()}
    strange = [h for h in header if h not in known]
    double = {h for h in header if header.count(h) > 1}
    if strange or double or "photos" not in header:
        raise ParameterError(
            f"the header of {name} is wrong",
            field="header",
            expected=f"photos and any of {', '.join(COLUMNS)}, or parameters of a family",
            got=", ".join([*strange, *sorted(double)]) or ", ".join(header) or "nothing",
        )


def _parameters() -> set[str]:
    families = [get_family(name) for name in family_names()]
    return {p.name for f in families for p in f.parameters if p.unit == "m"}


def _order(
    where: str,
    folder: Path,
    cells: Mapping[str, str],
    request: Request,
    charts: dict[str, SizeChart],
    ids: _Ids,
) -> Order:
    names = [n.strip() for n in re.split(r"[;|]", cells.get("photos", "")) if n.strip()]
    _check_count(len(names))
    photos = tuple(folder / name for name in names)
    measures = {k: v for k, v in cells.items() if k not in COLUMNS}
    measures |= {k: cells[k] for k in ("height", "width", "depth") if k in cells}
    declared = {**request.declared, **{k: metres(v, k) for k, v in measures.items()}}
    chart = request.chart
    if "chart" in cells:
        name = cells["chart"]
        chart = charts.get(name) or read_chart(folder / name)
        charts[name] = chart
    price = request.price
    if "price" in cells:
        amount, _, currency = cells["price"].partition(" ")
        price = Price.of(amount, currency or cells.get("currency", ""))
    words = {k[5:]: cells[k] for k in ("name_en", "name_zh") if k in cells}
    wanted = cells.get("id", "")
    if wanted and (product_id(wanted) != wanted or wanted in ids.taken):
        raise ParameterError(
            "the id cannot name a product",
            field="id",
            expected="lower-case letters, digits and hyphens, once in the table",
            got=wanted[:60],
        )
    own = ids.fresh(wanted or product_id(photos[0].name))
    return Order(
        where,
        own,
        photos,
        replace(
            request,
            id=own,
            category=cells.get("category", request.category),
            declared=declared,
            size=cells.get("size", request.size),
            chart=chart,
            reference=cells.get("reference", request.reference),
            price=price,
            name={**request.name, **words},
        ),
    )


def _check_count(count: int) -> None:
    if not 1 <= count <= _MOST_PHOTOS:
        raise ParameterError(
            "a product takes one photo or a few, separated by ; or |",
            field="photos",
            expected=f"1 to {_MOST_PHOTOS}",
            got=str(count),
        )
