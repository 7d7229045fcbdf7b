"""Products on disk: a folder with ``product.glb`` and ``product.json``, whole or not at all.

On request ``lod1.glb`` and ``lod2.glb`` stand beside it, with fewer triangles.

``product.json`` follows ``product.schema.json`` and says what the product is and how well that is
known; the GLB holds mesh, skin, materials and colourways. The JSON names each GLB's SHA-256,
so that two halves of different products are never mixed.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from .errors import ParameterError, ProductFileError
from .export.lod import lod_glb, make_lods
from .families import get_family
from .family import Family, complete
from .freeform import family as freeform
from .gltf.glb import product_glb
from .gltf.read import Budget, GlbContents, read_glb
from .mesh import Mesh
from .product import SCHEMA_VERSION, Estimate, PhotoSource, Price, Product

GLB_NAME, JSON_NAME = "product.glb", "product.json"
_JSON_LIMIT = 2**20


def save_product(
    product: Product,
    folder: Path | str,
    *,
    copyright: str = "",
    lods: bool = False,
    beside: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a product's folder, replacing what was there.

    Args:
        lods: also write the lower levels of detail, ``lod1.glb`` and ``lod2.glb``.

        beside: further files of the folder by name, such as a contact sheet.

    All files are written to a temporary folder beside it, which then takes the name: a reader
    or a crash never sees half a product.

    Raises:
        ProductFileError: the product breaks the schema, or the disk refuses.
    """
    target = Path(folder)
    glb = product_glb(product, copyright=copyright)
    files = {GLB_NAME: glb}
    document = _document(product, hashlib.sha256(glb).hexdigest())
    if lods:
        document["lods"] = []
        for number, lod in enumerate(make_lods(product.mesh), 1):
            data = lod_glb(product, lod, copyright=copyright)
            name = f"lod{number}.glb"
            files[name] = data
            digest = hashlib.sha256(data).hexdigest()
            entry = {"file": name, "sha256": digest, "triangles": len(lod.mesh.faces)}
            document["lods"].append(entry)
    text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    _validate(msgspec.json.decode(text), f"product {product.id!r}")  # as a reader will see it
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as fault:
        raise _disk(target, fault) from fault
    try:
        fresh = work / "new"
        fresh.mkdir()
        for name, data in files.items():
            _write(fresh / name, data)
        _write(fresh / JSON_NAME, text)
        for name, data in (beside or {}).items():
            _write(fresh / Path(name).name, data)
        if target.exists():
            target.rename(work / "old")
        try:
            fresh.rename(target)
        except OSError:
            if (work / "old").exists():
                (work / "old").rename(target)
            raise
    except OSError as fault:
        raise _disk(target, fault) from fault
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def load_product(folder: Path | str, budget: Budget | None = None) -> Product:
    """Read a product's folder back.

    Args:
        budget: what the GLB may cost at most.

    Raises:
        ProductFileError: a file is missing, unreadable, too large, damaged, of a newer schema,
            or does not belong to the other; a family or parameter is unknown.
    """
    source = Path(folder)
    limits = budget or Budget()
    document = _read_json(source / JSON_NAME)
    _validate(document, str(source / JSON_NAME))
    glb = _read(source / GLB_NAME, limits.bytes)
    _check_digest(source / GLB_NAME, glb, document["glb"]["sha256"], "glb.sha256")
    contents = read_glb(glb, limits)
    family = _family(document, contents.mesh)
    values = {name: Estimate(**_only(entry)) for name, entry in document["values"].items()}
    sizes = {entry["label"]: dict(entry["values"]) for entry in document["sizes"]}
    try:
        complete(family, {k: e.value for k, e in values.items()}, document["choices"])
        for chart in sizes.values():
            complete(family, chart, {})
    except ParameterError as fault:
        raise ProductFileError(
            f"{source / JSON_NAME}: {fault.message}",
            field=fault.field,
            expected=fault.expected,
            got=fault.got,
        ) from fault
    for spec in family.parameters:  # a parameter that the family has learned since
        if spec.name not in values:
            values[spec.name] = Estimate(spec.default, spec.minimum, spec.maximum, 0.0, "prior")
    size = document["size"]
    if size and size not in sizes:
        raise ProductFileError(
            f"{source / JSON_NAME}: the size is not in the chart",
            field="size",
            expected=", ".join(sizes) or "no size",
            got=size,
        )
    photo = document["photo"]
    if photo is not None:
        iou = photo["mask_iou"]
        photo = {k: photo[k] for k in ("name", "sha256", "width", "height")}
        photo = PhotoSource(**photo, mask_iou=float("nan") if iou is None else float(iou))
    return Product(
        id=document["id"],
        name=document["name"],
        family=family,
        values=values,
        choices=document["choices"],
        mesh=contents.mesh,
        materials=contents.materials,
        variants=contents.variants,
        sizes=sizes,
        size=size,
        photo=photo,
        confidence=float(document["confidence"]),
        warnings=tuple(document["warnings"]),
        license=document.get("license", ""),
        price=Price(**document["price"]) if document.get("price") else None,
    )


def load_lods(folder: Path | str, budget: Budget | None = None) -> tuple[GlbContents, ...]:
    """The lower levels of detail of a product's folder, finest first; empty if it has none.

    Raises:
        ProductFileError: a file is missing, damaged, or not the one that ``product.json`` names.
    """
    source = Path(folder)
    limits = budget or Budget()
    document = _read_json(source / JSON_NAME)
    _validate(document, str(source / JSON_NAME))
    levels = []
    for number, entry in enumerate(document.get("lods", [])):
        data = _read(source / entry["file"], limits.bytes)
        _check_digest(source / entry["file"], data, entry["sha256"], f"lods.{number}.sha256")
        levels.append(read_glb(data, limits))
    return tuple(levels)


def _check_digest(path: Path, data: bytes, wanted: str, field: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest != wanted:
        raise ProductFileError(
            f"{path} is not the file that {JSON_NAME} describes; save it again",
            field=field,
            expected=wanted,
            got=digest,
        )


def _document(product: Product, digest: str) -> dict[str, Any]:
    units = {p.name: p.unit for p in product.family.parameters}
    price = product.price
    photo: dict[str, Any] | None = None
    if product.photo is not None:
        shot = product.photo
        photo = {
            "name": shot.name,
            "sha256": shot.sha256,
            "width": shot.width,
            "height": shot.height,
            "mask_iou": shot.mask_iou if math.isfinite(shot.mask_iou) else None,
        }
    return {
        "schema": SCHEMA_VERSION,
        "id": product.id,
        "name": dict(product.name),
        "family": product.family.name,
        "kind": product.kind,
        "category": product.category,
        "values": {
            name: {
                "value": float(e.value),
                "low": float(e.low),
                "high": float(e.high),
                "unit": units.get(name, "ratio"),
                "confidence": float(e.confidence),
                "source": e.source,
            }
            for name, e in product.values.items()
        },
        "choices": dict(product.choices),
        "sizes": [
            {"label": label, "values": {k: float(v) for k, v in chart.items()}}
            for label, chart in product.sizes.items()
        ],
        "size": product.size,
        "confidence": float(product.confidence),
        "warnings": list(product.warnings),
        "photo": photo,
        "glb": {"file": GLB_NAME, "sha256": digest},
        **({"license": product.license} if product.license else {}),
        **_freeform(product.family),
        **({"price": {"amount": price.amount, "currency": price.currency}} if price else {}),
    }


def _freeform(family: Family) -> dict[str, Any]:
    if not isinstance(family, freeform.FreeForm):
        return {}
    return {"freeform": {"label": dict(family.label), "natural": dict(family.natural)}}


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    schema = Path(__file__).with_name("product.schema.json").read_bytes()
    return Draft202012Validator(msgspec.json.decode(schema))


def _validate(document: Mapping[str, Any], where: str) -> None:
    version = document.get("schema")
    if version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        raise ProductFileError(
            f"{where} was written by {'a newer' if newer else 'another'} program",
            field="schema",
            expected=str(SCHEMA_VERSION),
            got=str(version)[:40],
        )
    for fault in _validator().iter_errors(document):
        raise ProductFileError(
            f"{where} does not follow the product schema",
            field=".".join(str(p) for p in fault.absolute_path) or "document",
            expected=f"{fault.validator}: {fault.validator_value}"[:120],
            got=str(fault.instance)[:80],
        )
    for name, entry in document["values"].items():
        numbers = (entry["value"], entry["low"], entry["high"])
        if not all(math.isfinite(x) for x in numbers) or entry["low"] > entry["high"]:
            raise ProductFileError(
                f"{where} gives {name} no usable interval",
                field=f"values.{name}",
                expected="finite numbers, low <= high",
                got=str(numbers),
            )


def _only(entry: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {k: float(entry[k]) for k in ("value", "low", "high", "confidence")}
    return {**numbers, "source": entry["source"]}


def _family(document: Mapping[str, Any], mesh: Mesh) -> Family:
    try:
        if document["family"] == freeform.NAME:
            own = document.get("freeform", {})
            label = own.get("label", document["name"])
            return freeform.freeform_family(
                mesh, document.get("category", "furniture"), label, own.get("natural")
            )
        return get_family(document["family"])
    except ParameterError as fault:
        raise ProductFileError(
            fault.message, field=fault.field, expected=fault.expected, got=fault.got
        ) from fault


def _read_json(path: Path) -> dict[str, Any]:
    data = _read(path, _JSON_LIMIT)
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ProductFileError(
            f"{path} is no JSON", field=JSON_NAME, expected="a JSON object", got=str(fault)[:80]
        ) from fault
    if not isinstance(document, dict):
        raise ProductFileError(
            f"{path} is no product",
            field=JSON_NAME,
            expected="a JSON object",
            got=type(document).__name__,
        )
    return document


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as fault:
        raise ProductFileError(
            f"{path} cannot be read",
            field=path.name,
            expected="a readable file",
            got=fault.strerror or type(fault).__name__,
        ) from fault
    if len(data) > limit:
        raise ProductFileError(
            f"{path} is too large",
            field=path.name,
            expected=f"at most {limit} bytes",
            got="more",
        )
    return data


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _disk(target: Path, fault: OSError) -> ProductFileError:
    return ProductFileError(
        f"{target} cannot be written",
        field="folder",
        expected="a folder that can be written",
        got=fault.strerror or type(fault).__name__,
    )
