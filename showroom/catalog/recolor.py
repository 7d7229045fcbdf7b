"""Dyeing a product: its cloth takes another colour, its print, stitching and folds stay.

The cloth's own colour is found where the mesh wears the texture: the densest cluster of texels,
weighted by the area that they cover. A texel counts as cloth as far as its colour lies on the
line from black through that cluster (a fold is the same colour, darker). One colour table of 25³
entries then maps the whole picture, so that the cost hardly depends on the picture's size.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from reconstruction.mesh import Mesh
from reconstruction.product import Material, Product, Variant
from reconstruction.texture.surfaces import worn_materials

from .color import Color, find_color, from_lab, nearest_color, to_lab, to_linear, to_srgb
from .errors import CatalogError

F64 = NDArray[np.float64]
_TABLE = 25
_SAMPLES = 3000  # triangles at which a texture's colour is read
# Slots that a colour means first, where a product has them; otherwise the largest one.
_CLOTH = ("fabric", "upholstery", "cushion")
# A slot within this distance in L*a*b* of the main one is dyed along (a rib collar).
_SAME_COLOR = 25.0
# How far folds are darker, highlights lighter and either differs in chroma, as scales.
_SHADE, _SHINE, _HUE = 30.0, 13.0, 9.0


@dataclass(frozen=True)
class Cloth:
    """The colour of one material slot.

    Attributes:
        lab: its main colour as CIE L*a*b*.
        area: of the slot on the mesh, square metres.
    """

    lab: tuple[float, float, float]
    area: float


def recolor(product: Product, color: str | Color) -> Product:
    """The product dyed in another colour.

    A colourway of the product's own with that name is taken as it is. Otherwise the main slot
    (its cloth, or the largest) is dyed, and on garments all slots of about the same colour;
    others, such as a contrasting collar or wooden legs, stay. Dye from the original, not from a
    dyed product.

    Args:
        color: a :class:`Color` or a name that :func:`find_color` knows.

    Raises:
        CatalogError: an unknown colour, or a texture that cannot be decoded.
    """
    if isinstance(color, str):
        for variant in product.variants:
            if variant.name == color:
                return replace(product, materials={**product.materials, **variant.materials})
    target = find_color(color) if isinstance(color, str) else color
    cloths = product_cloths(product)
    goal = np.array(to_lab(target.linear))
    materials = worn_materials(product.mesh, product.materials)
    chosen = main_slot(cloths)
    for slot, cloth in cloths.items():
        near = np.linalg.norm(np.subtract(cloth.lab, cloths[chosen].lab)) <= _SAME_COLOR
        if slot == chosen or (near and product.kind == "garment"):
            materials[slot] = dyed(materials[slot], np.array(cloth.lab), goal, target)
    return replace(product, materials=materials)


def with_colorways(product: Product, colors: Sequence[str]) -> Product:
    """The product with a colourway (``KHR_materials_variants``) in each of these colours.

    Those that it has already stay, but for one of the same name.

    Args:
        colors: names that :func:`find_color` knows, in any of its languages.

    Raises:
        CatalogError: an unknown colour, or a texture that cannot be decoded.
    """
    fresh: dict[str, Variant] = {}
    for name in colors:
        color = find_color(name)
        dyed_ = recolor(product, color).materials
        changed = {slot: m for slot, m in dyed_.items() if m != product.materials.get(slot)}
        fresh[color.name] = Variant(color.name, color.label, changed)
    kept = tuple(v for v in product.variants if v.name not in fresh)
    return replace(product, variants=(*kept, *fresh.values()))


def product_color(product: Product) -> Color:
    """The colour of the lexicon nearest to the product's main colour."""
    cloths = product_cloths(product)
    return nearest_color(np.clip(from_lab(cloths[main_slot(cloths)].lab), 0, 1))


def product_cloths(product: Product) -> dict[str, Cloth]:
    """The main colour and area of each material slot that the mesh wears."""
    mesh = product.mesh
    materials = worn_materials(mesh, product.materials)
    slots = np.array(mesh.part_material)[mesh.face_part]
    corner = mesh.vertices[mesh.faces]
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    area = np.linalg.norm(cross, axis=1).astype(np.float64) / 2
    return {
        slot: Cloth(
            _main_color(materials[slot], mesh, slots == slot, area),
            float(area[slots == slot].sum()),
        )
        for slot in sorted(set(slots.tolist()))
    }


def main_slot(cloths: Mapping[str, Cloth]) -> str:
    """The slot that "the colour" of a product means."""
    for name in _CLOTH:
        if name in cloths:
            return name
    return max(cloths, key=lambda slot: cloths[slot].area)


def dyed(material: Material, cloth: F64, goal: F64, color: Color) -> Material:
    """One material with its cloth moved from one L*a*b* colour to another."""
    alpha = material.base_color[3]
    if material.texture is None:
        return replace(material, base_color=(*color.linear, alpha))
    table = _color_table(np.array(material.base_color[:3]), cloth, goal)
    picture = _open(material.texture)
    has_alpha = "A" in picture.getbands()
    source = picture.convert("RGB")
    painted = source.filter(ImageFilter.Color3DLUT(_TABLE, table.ravel().tolist()))
    stream = io.BytesIO()
    if has_alpha:
        painted.putalpha(picture.getchannel("A"))
        painted.save(stream, "PNG", compress_level=1)
    else:
        painted.save(stream, "JPEG", quality=93, subsampling=0)
    return replace(material, texture=stream.getvalue(), base_color=(1.0, 1.0, 1.0, alpha))


def _open(texture: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(texture), formats=("PNG", "JPEG"))
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:
        raise CatalogError(
            "a texture cannot be decoded",
            field="materials.texture",
            expected="PNG or JPEG",
            got=type(fault).__name__,
        ) from fault
    return picture


def _main_color(
    material: Material, mesh: Mesh, worn: NDArray[np.bool_], area: F64
) -> tuple[float, float, float]:
    factor = np.array(material.base_color[:3])
    if material.texture is None:
        lab = to_lab(factor)
    else:
        picture = _open(material.texture)
        picture.draft("RGB", (512, 512))
        pixels = np.asarray(picture.convert("RGB").resize((256, 256), Image.Resampling.BOX))
        every = max(1, int(worn.sum()) // _SAMPLES)
        seen = np.flatnonzero(worn)[::every]
        uv = mesh.uv[mesh.faces[seen]]
        # The middle of each triangle, and three points towards its corners.
        spread = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4]], np.float64)
        points = np.einsum("kc,fcd->fkd", spread / spread.sum(axis=1, keepdims=True), uv)
        column, row = (np.floor((points % 1.0) * 256).astype(int).clip(0, 255)).reshape(-1, 2).T
        samples = to_lab(to_linear(pixels[row, column] / 255.0) * factor)
        lab = _densest(samples, np.repeat(area[seen], 4))
    return (float(lab[0]), float(lab[1]), float(lab[2]))


def _densest(samples: F64, weights: F64) -> F64:
    """The middle of the densest cluster of L*a*b* colours, by mean shift from the mode."""
    scale = np.array([_SHADE / 2, _HUE, _HUE])
    cell = np.clip(np.floor(samples / scale).astype(int) + 32, 0, 63) @ (4096, 64, 1)
    mode = np.bincount(cell, weights).argmax()
    centre = np.average(samples, axis=0, weights=weights * (cell == mode))
    for _ in range(8):
        near = weights * np.exp(-0.5 * (((samples - centre) / scale) ** 2).sum(axis=1))
        centre = np.average(samples, axis=0, weights=near + 1e-12)
    return np.asarray(centre)


def _color_table(factor: F64, cloth: F64, goal: F64) -> F64:
    """(25, 25, 25, 3) sRGB to sRGB, red fastest: what each texel's colour becomes.

    Args:
        factor: linear RGB that the texture is multiplied by; it goes into the table.
    """
    step = np.linspace(0, 1, _TABLE)
    blue, green, red = np.meshgrid(step, step, step, indexing="ij")
    shown = to_linear(np.stack([red, green, blue], axis=-1)) * factor
    lab = to_lab(shown)
    light, chroma = lab[..., :1], lab[..., 1:]
    # The same dye in another light: chroma goes with lightness.
    shade = np.clip(light / max(cloth[0], 1.0), 0.0, 1.3)
    stray = chroma - cloth[1:] * shade
    reach = np.where(light > cloth[0], _SHINE, _SHADE)
    far = np.sqrt(
        ((light - cloth[0]) / reach) ** 2 + (stray**2).sum(axis=-1, keepdims=True) / _HUE**2
    )
    x = np.clip((2.6 - far) / (2.6 - 1.4), 0.0, 1.0)
    is_cloth = x * x * (3 - 2 * x)
    contrast = float(np.clip((goal[0] + 16) / (cloth[0] + 16), 0.4, 1.5))
    new_light = np.clip(goal[0] + (light - cloth[0]) * contrast, 1.0, 99.0)
    new_shade = np.clip(new_light / max(float(goal[0]), 1.0), 0.0, 1.2)
    new = np.concatenate([new_light, goal[1:] * new_shade + 0.4 * stray], axis=-1)
    mixed = is_cloth * from_lab(new) + (1 - is_cloth) * shown
    return to_srgb(mixed)
