"""The materials that a mesh wears, also where a choice has brought in a slot without one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..errors import ProductFileError
from ..mesh import Mesh
from ..product import Material


def worn_materials(mesh: Mesh, materials: Mapping[str, Material]) -> dict[str, Material]:
    """All of a product's materials, and one for each slot of the mesh that has none.

    A choice can add parts that the photo did not show, such as arms. A slot that has no material
    then is plain, in the mean colour of the product's first material.

    Raises:
        ProductFileError: the product has no material at all.
    """
    missing = [slot for slot in mesh.part_material if slot not in materials]
    if not missing:
        return dict(materials)
    if not materials:
        raise ProductFileError(
            "the product has no material",
            field="materials",
            expected=", ".join(dict.fromkeys(missing)),
            got="nothing",
        )
    stand_in = plain(next(iter(materials.values())))
    return {**materials, **dict.fromkeys(missing, stand_in)}


def plain(material: Material) -> Material:
    """The material without its pictures, in its mean colour."""
    if material.texture is None:
        return material.with_pictures({})
    mean = _mean_color(material.texture)
    r, g, b = (f * m for f, m in zip(material.base_color[:3], mean, strict=True))
    color = (r, g, b, material.base_color[3])
    return replace(material.with_pictures({}), base_color=color)


@lru_cache(maxsize=16)
def _mean_color(texture: bytes) -> tuple[float, float, float]:
    """Mean linear RGB of an encoded picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(texture), formats=("PNG", "JPEG")) as picture:
            small = picture.convert("RGB").resize((32, 32), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:
        raise ProductFileError(
            "a texture cannot be decoded",
            field="materials.texture",
            expected="PNG or JPEG",
            got=type(fault).__name__,
        ) from fault
    srgb = np.asarray(small, np.float64) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    r, g, b = linear.reshape(-1, 3).mean(axis=0)
    return (float(r), float(g), float(b))
