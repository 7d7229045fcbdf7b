"""Correct a finished product by hand and go on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .contact_sheet import textures
from .errors import ParameterError
from .intake.request import Request
from .product import Material, Product

if TYPE_CHECKING:
    from .intake.photo import Photo
    from .outcome import Reconstruction

UNTEXTURED = (
    "The structure was changed without the photo: its texture no longer fits and gave way to its "
    "mean colours. Give the photo to have it textured anew."
)


def correct(
    product: Product,
    values: Mapping[str, float] | None = None,
    choices: Mapping[str, str] | None = None,
    photos: Sequence[Photo] = (),
) -> tuple[Product, Reconstruction | None]:
    """Rebuild a product with some parameters and choices set by hand.

    What is not set stays as it is. With the photos the pose or the camera is found anew for the
    corrected shape and the texture taken again; without them the texture stays, unless the
    structure changed, whose mean colours then stand in for it.

    Returns:
        The product, and how it was reconstructed if there were photos.

    Raises:
        ParameterError: an unknown name or a value out of range; nothing has changed then.
        NoProductError: the photos show no product.
    """
    changed = product.refit(values, choices)
    changed = replace(changed, sizes=_moved_sizes(product, changed))
    if photos:
        return _textured_anew(changed, photos)
    same = changed.choices == dict(product.choices) or np.array_equal(
        changed.mesh.uv, product.mesh.uv
    )
    if same:
        return changed, None
    shown = textures(product, 256)
    plain = {slot: _plain(m, shown.get(slot)) for slot, m in product.materials.items()}
    some = next(iter(plain.values()))
    slots = dict.fromkeys(changed.mesh.part_material)
    return replace(
        changed,
        materials={slot: plain.get(slot, some) for slot in slots},
        variants=(),
        warnings=(*changed.warnings, UNTEXTURED),
    ), None


def _textured_anew(product: Product, photos: Sequence[Photo]) -> tuple[Product, Reconstruction]:
    from .freeform.family import NAME
    from .pipeline import reconstruct

    if product.family.name == NAME:
        raise ParameterError(
            "a free-form product is only scaled; leave the photo away",
            field="photos",
            expected="none",
            got=str(len(photos)),
        )
    request = Request(
        category=product.family.name,
        keep=product.numbers,
        choices=product.choices,
        id=product.id,
        name=product.name,
        price=product.price,
    )
    made = reconstruct(photos, request)
    product = replace(
        product,
        materials=made.product.materials,
        variants=(),
        photo=made.product.photo,
        confidence=made.product.confidence,
        warnings=tuple(w for w in made.product.warnings if w != UNTEXTURED),
    )
    return product, replace(made, product=product)


def _plain(material: Material, texture: np.ndarray | None) -> Material:
    """A material in the mean colour of its texture."""
    if texture is None:
        return material
    from .render.shading import srgb_to_linear

    mean = srgb_to_linear(np.median(texture.reshape(-1, 3), axis=0).astype(np.uint8)[None])[0]
    factor = np.asarray(material.base_color[:3]) * np.asarray(mean)
    color = (float(factor[0]), float(factor[1]), float(factor[2]), material.base_color[3])
    return replace(material.with_pictures({}), base_color=color)


def _moved_sizes(before: Product, after: Product) -> dict[str, dict[str, float]]:
    """The size chart, its values moved by as much as the product's own were."""
    ranges = {p.name: (p.minimum, p.maximum) for p in after.family.parameters}
    return {
        label: {
            name: float(np.clip(value + after.numbers[name] - before.numbers[name], *ranges[name]))
            for name, value in row.items()
        }
        for label, row in before.sizes.items()
    }
