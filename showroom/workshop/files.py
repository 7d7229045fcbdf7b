"""The verbs of files: others' meshes in, products out, colourways, and what a shop's page asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconstruction.product import Product

PRODUCT_FILE = "product.glb"
ENDINGS = {".glb": "glb", ".usdz": "usdz", ".obj": "obj"}


class AssetsError(Exception):
    """A verb cannot do what was asked; the message names the remedy."""


def run_import(
    file: Path,
    out: Path,
    *,
    category: str,
    declared: Mapping[str, float],
    triangles: int | None,
    name: str | None,
    refit: bool,
) -> int:
    """Make a product of another artist's mesh; prints one line of JSON.

    Args:
        refit: make it a member of its category's family, where one follows the mesh.
    """
    from reconstruction.freeform.family import import_mesh
    from reconstruction.freeform.photo import category_words
    from reconstruction.pipeline import product_id
    from reconstruction.product_io import save_product

    label = {"en": name} if name else dict(category_words(category).label)
    product = import_mesh(
        file,
        product_id(file.name),
        label,
        category=category,
        width=declared.get("width"),
        height=declared.get("height"),
        depth=declared.get("depth"),
        triangles=triangles,
    )
    if refit:
        from reconstruction.freeform.refit import families_of, refitted

        if not families_of(category):
            raise AssetsError(f"no family stands for {category!r}; name one with --category")
        product = refitted(product)
    folder = save_product(product, out / product.id, lods=True)
    _print(_line(product, folder))
    return 0


def run_export(
    product: Path, out: Path, *, format: str | None, texture: int | None, colors: Sequence[str]
) -> int:
    """Write a product in another format; prints the file and its size."""
    from reconstruction.export.formats import FORMATS, export_product
    from reconstruction.product_io import load_product

    chosen = format or ENDINGS.get(out.suffix.lower())
    if chosen is None:
        raise AssetsError(f"say which format with --format: {', '.join(FORMATS)}")
    loaded = load_product(product)
    if colors:
        loaded = _with_colors(loaded, colors)
    path = export_product(loaded, chosen, out, texture=texture)
    _print({"file": str(path), "format": chosen, "bytes": path.stat().st_size})
    return 0


def run_check(path: Path, *, as_json: bool) -> int:
    """Check a GLB, or a product's folder with its levels of detail, as shops' pages want them.

    Returns:
        1 if there is an error among the findings, else 0.
    """
    from reconstruction.export.commerce import commerce_check

    files = [path]
    if path.is_dir():
        files = [path / PRODUCT_FILE, *sorted(path.glob("lod?.glb"))]
    wrong = False
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as fault:
            raise AssetsError(f"{file} cannot be read: {fault.strerror}") from fault
        for finding in commerce_check(data):
            wrong |= finding.severity == "error"
            if as_json:
                _print({"file": str(file), **{k: getattr(finding, k) for k in
                        ("severity", "code", "message", "remedy")}})  # fmt: skip
            else:
                print(f"{file.name}: {finding.severity} [{finding.code}] {finding.message}")
                print(f"    {finding.remedy}")
    if not as_json:
        print("errors: see above" if wrong else f"{path}: no errors")
    return 1 if wrong else 0


def run_colorways(product: Path, colors: Sequence[str]) -> int:
    """Add colourways to a product's folder; prints one line of JSON."""
    from reconstruction.product_io import (
        GLB_NAME,
        JSON_NAME,
        load_lods,
        load_product,
        save_product,
    )

    levels = bool(load_lods(product))
    dyed = _with_colors(load_product(product), colors)
    ours = {JSON_NAME, GLB_NAME, *(f"lod{k}.glb" for k in range(1, 9))}
    others = [f for f in product.iterdir() if f.is_file() and f.name not in ours]
    beside = {f.name: f.read_bytes() for f in others}  # prices, the contact sheet
    save_product(dyed, product, lods=levels, beside=beside)
    _print({"product": str(product), "colorways": [v.name for v in dyed.variants]})
    return 0


def run_reconstructor(
    name: str,
    photos: Sequence[Path],
    out: Path,
    *,
    category: str | None,
    declared: Mapping[str, str],
    server: str | None = None,
    remote: bool = False,
) -> int:
    """Have another reconstructor build one product from its photos; prints one line of JSON.

    Args:
        declared: true ``width``, ``height`` and ``depth``, such as ``"0.86"`` or ``"86cm"``.
        server, remote: of a reconstructor that asks a server.
    """
    from reconstruction.intake.photo import read_photo
    from reconstruction.networks.segmentation import segment
    from reconstruction.pipeline import product_id
    from reconstruction.product_io import save_product
    from reconstruction.reconstructors import Hints, get_reconstructor

    from .orders import metres

    if not photos:
        raise AssetsError("give one photo, or several of the same product")
    settings: dict[str, Any] = {"url": server} if server else {}
    if remote:
        settings["remote"] = True
    maker = get_reconstructor(name, **settings)
    sizes = {axis: metres(text, f"declared.{axis}") for axis, text in declared.items()}
    shots = [read_photo(path) for path in photos]
    masks = [segment(shot.rgb, shot.alpha).soft for shot in shots]
    hints = Hints(category=category or "other", declared=sizes, id=product_id(photos[0].name))
    product = maker.reconstruct(shots, masks, hints)
    folder = save_product(product, out / product.id, lods=True)
    _print(_line(product, folder))
    return 0


def _with_colors(product: Product, colors: Sequence[str]) -> Product:
    from showroom.catalog.recolor import with_colorways

    names = [name for text in colors for name in text.replace("，", ",").split(",") if name.strip()]
    return with_colorways(product, names)


def _line(product: Product, folder: Path) -> dict[str, Any]:
    return {
        "product": str(folder),
        "family": product.family.name,
        "category": product.category,
        "triangles": len(product.mesh.faces),
        "size_m": [round(s, 3) for s in product.mesh.size],
        "confidence": round(product.confidence, 3),
        "license": product.license,
        "warnings": list(product.warnings),
    }


def _print(line: Mapping[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False))
