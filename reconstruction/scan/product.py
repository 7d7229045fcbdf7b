"""A depth scan to a product: metric as it was measured, of its category's family where one fits.

A family fits where :attr:`..furniture.mesh_fit.MeshFit.good` says so; else the product is the
scanned surface itself, free-form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..freeform.family import freeform_family, standing
from ..freeform.refit import families_of, refitted
from ..furniture.mesh_fit import SIDES
from ..intake.request import Request
from ..mesh import Mesh
from ..meshes.holes import open_edges
from ..meshes.unwrap import make_texels, unwrap, vertex_picture
from ..product import Estimate, Material, Product
from .clean import Standing, clean
from .frames import Cloud, Scan, read_scan
from .fuse import TRACKED, fuse
from .surface import F32, closed, surface

STEPS = ("read it", "fuse it", "clean it", "mesh it", "build it")
_TEXTURE = 1024
_DRIFT = 0.05
"""Relative 90% half interval that frames without poses add to a measure."""
_OPEN = (
    "The scan does not show all sides: the surface is open where nothing was seen, such as "
    "underneath."
)


def product_of_scan(
    path: Path,
    request: Request | None = None,
    *,
    id: str = "scan",
    progress: Callable[[str], None] = lambda step: None,
    frames: Callable[[int, int], None] = lambda done, total: None,
) -> Product:
    """Make a product of a folder of RGB-D frames or a point cloud.

    Its measures are those of the scan, to a point spacing (frames without poses drift by a few per
    cent on top); declared ones come first.

    Args:
        progress: called with each of :data:`STEPS` when it is done.
        frames: called with each fused frame's number and how many there are. What either raises
            ends the work.

    Raises:
        ScanError: the scan cannot be read, fused or cleaned; says why.
        ParameterError: a declared size is impossible.
    """
    request = request or Request()
    scan = read_scan(path)
    progress(STEPS[0])
    notes: tuple[str, ...] = ()
    cloud: Cloud
    if isinstance(scan, Scan):
        cloud, notes = fuse(scan, frames)
    else:
        cloud = scan
    progress(STEPS[1])
    body = clean(cloud)
    progress(STEPS[2])
    mesh, colors = surface(body)
    progress(STEPS[3])
    mesh, colors = closed(mesh, colors, body.spacing)
    product = _of_family(_freeform(mesh, colors, body, request, request.id or id, notes), body)
    progress(STEPS[4])
    return product


def _freeform(
    mesh: Mesh, colors: F32, body: Standing, request: Request, id: str, notes: tuple[str, ...]
) -> Product:
    sizes = {k: v for k, v in request.declared.items() if k in ("width", "height", "depth")}
    stood = standing(mesh, sizes) if sizes else mesh
    cut, source = unwrap(stood)
    texels = make_texels(cut, _TEXTURE)
    picture = vertex_picture(cut, colors[source], _TEXTURE)[texels.rows, texels.columns]
    texture = np.clip(texels.spread(picture) * 255 + 0.5, 0, 255).astype(np.uint8)
    category = request.category or "furniture"
    label = {"en": "Scanned product", "zh": "扫描商品", **request.name}
    family = freeform_family(cut, category, label)
    tracked = TRACKED in notes
    values = {}
    for name, size in family.natural.items():
        half = 1.5 * body.spacing + (_DRIFT * size if tracked else 0.0)
        if name in sizes:
            values[name] = Estimate(size, size, size, 1.0, "declared")
        else:
            values[name] = Estimate(size, max(size - half, size / 2), size + half, 0.95, "photo")
    told = list(notes)
    if not body.floor:
        told.append("No floor was seen in the scan: up and down are the scan's own.")
    if open_edges(mesh):
        told.append(_OPEN)
    plain = body.colors is None
    if plain:
        told.append("The scan has no colours: the product is grey.")
    return Product(
        id=id,
        name=label,
        family=family,
        values=values,
        choices={},
        mesh=cut,
        materials={"body": Material(texture=_jpeg(texture), roughness=0.75, double_sided=True)},
        confidence=(0.9 if body.floor else 0.75) * (0.85 if tracked else 1.0),
        warnings=tuple(told),
        price=request.price,
    )


def _of_family(product: Product, body: Standing) -> Product:
    """The member of the category's family that follows the scan, or the scan as it is."""
    if not families_of(product.category):
        note = (
            "The scan stays free-form: name its category (chair, table, ...) for the family that "
            "follows it to take its place."
        )
        return replace(product, warnings=(*product.warnings, note))
    made = refitted(product, metric=True, source="photo")
    if made.family is product.family:
        return made
    half = 1.5 * body.spacing
    values = dict(made.values)
    for name in SIDES:
        old = values[name]
        if old.source == "photo":
            low, high = max(old.value - half, old.value / 2), old.value + half
            values[name] = Estimate(old.value, low, high, 0.95, "photo")
    told = tuple(w for w in made.warnings if w != _OPEN)
    return replace(made, values=values, warnings=told)


def _jpeg(picture: np.ndarray) -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=90)
    return stream.getvalue()
