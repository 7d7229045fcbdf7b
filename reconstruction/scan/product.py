"""A depth scan to a product: metric as it was measured, free-form or of a family that fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..freeform.family import freeform_family, standing
from ..intake.request import Request
from ..mesh import Mesh
from ..meshes.unwrap import make_texels, unwrap, vertex_picture
from ..product import Estimate, Material, Product
from .clean import Standing, clean
from .frames import Cloud, Scan, read_scan
from .fuse import fuse
from .surface import F32, open_share, surface

STEPS = ("read it", "fuse it", "clean it", "mesh it", "build it")
_TEXTURE = 1024


def product_of_scan(
    path: Path,
    request: Request | None = None,
    *,
    id: str = "scan",
    progress: Callable[[str], None] = lambda step: None,
) -> Product:
    """Make a product of a folder of RGB-D frames or a point cloud.

    Its measures are those of the scan, to a point spacing; declared ones come first.

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
        cloud, notes = fuse(scan)
    else:
        cloud = scan
    progress(STEPS[1])
    body = clean(cloud)
    progress(STEPS[2])
    mesh, colors = surface(body)
    progress(STEPS[3])
    product = _freeform(mesh, colors, body, request, request.id or id, notes)
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
    half = 1.5 * body.spacing
    values = {}
    for name, size in family.natural.items():
        if name in sizes:
            values[name] = Estimate(size, size, size, 1.0, "declared")
        else:
            values[name] = Estimate(size, max(size - half, size / 2), size + half, 0.95, "photo")
    told = list(notes)
    if not body.floor:
        told.append("No floor was seen in the scan: up and down are the scan's own.")
    hole = open_share(mesh)
    if hole > 0:
        told.append(
            "The scan does not show all sides: the surface is open where nothing was seen, "
            "such as underneath."
        )
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
        confidence=0.9 if body.floor else 0.75,
        warnings=tuple(told),
        price=request.price,
    )


def _jpeg(picture: np.ndarray) -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=90)
    return stream.getvalue()
