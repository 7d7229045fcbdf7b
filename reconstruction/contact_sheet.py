"""The picture that shows what a reconstruction did: photo, mask, re-render and turntable."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .product import Product
from .render.camera import frame_camera
from .render.shading import picture

U8 = NDArray[np.uint8]

BACKDROP = (236, 234, 230)
INK = (60, 58, 55)
TURNTABLE = tuple(math.radians(a) for a in (-35.0, 25.0, 145.0, 205.0))
ELEVATION = math.radians(14.0)


def textures(product: Product, largest: int | None = None) -> dict[str, U8]:
    """The base colour textures of a product, (h, w, 3) uint8 sRGB by material slot.

    Args:
        largest: texels per side that are enough; decoding smaller is faster.
    """
    decoded: dict[bytes, U8] = {}
    for material in product.materials.values():
        if material.texture and material.texture not in decoded:
            decoded[material.texture] = _decoded(material.texture, largest)
    return {
        slot: decoded[material.texture]
        for slot, material in product.materials.items()
        if material.texture
    }


def _decoded(data: bytes, largest: int | None) -> U8:
    with Image.open(io.BytesIO(data)) as picture:
        if largest is not None:
            picture.draft("RGB", (largest, largest))  # JPEG halves as it decodes
        return np.asarray(picture.convert("RGB"))


def view(product: Product, azimuth: float, elevation: float, size: tuple[int, int]) -> U8:
    """One picture of a product on the sheet's backdrop, (h, w, 3) uint8.

    Args:
        azimuth: radians; 0 is the front, positive walks to the product's left side (+X).
        size: (height, width) in pixels.
    """
    camera = frame_camera(product.mesh.vertices, azimuth, elevation)
    colours = {slot: m.base_color[:3] for slot, m in product.materials.items()}
    rgba = picture(product.mesh, camera, size, colours, textures(product, 2 * max(size)))
    return over_backdrop(rgba)


def over_backdrop(rgba: U8) -> U8:
    """Put a picture with straight alpha on the sheet's backdrop."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    backdrop = np.array(BACKDROP, np.float32)
    return np.asarray(rgba[..., :3] * alpha + backdrop * (1 - alpha) + 0.5, np.uint8)


def contact_sheet(
    photo: U8, mask: NDArray[np.float32], rerender: U8, product: Product, side: int = 320
) -> U8:
    """Photo, mask on photo, re-render from the photo's camera, and four turntable views.

    Args:
        photo: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32, 0 to 1.
        rerender: (h, w, 3) uint8 sRGB, from the photo's own camera.
        side: of each square cell, pixels.

    Returns:
        (2 rows of cells) uint8 picture.
    """
    shown = photo.astype(np.float32)
    shown = shown * (0.25 + 0.75 * mask[..., None])
    shown[..., 1] += 60 * (mask > 0.5) * (_edge(mask > 0.5))
    top = [("photo", photo), ("mask", np.clip(shown, 0, 255).astype(np.uint8))]
    top.append(("re-render", rerender))
    top.append(("front", view(product, 0.0, 0.05, (side, side))))
    low = [
        (f"{round(math.degrees(a))}°", view(product, a, ELEVATION, (side, side))) for a in TURNTABLE
    ]
    return tile([top, low], side)


def corrected_sheet(before: Product, after: Product, side: int = 320) -> U8:
    """A product before and after a correction by hand, and its turntable after.

    Returns:
        (2 rows of cells) uint8 picture, as :func:`contact_sheet`.
    """
    top = [
        (f"{name} {when}", view(product, azimuth, elevation, (side, side)))
        for name, azimuth, elevation in (("front", 0.0, 0.05), ("25°", TURNTABLE[1], ELEVATION))
        for when, product in (("before", before), ("after", after))
    ]
    low = [
        (f"{round(math.degrees(a))}°", view(after, a, ELEVATION, (side, side))) for a in TURNTABLE
    ]
    return tile([top, low], side)


def tile(rows: Sequence[Sequence[tuple[str, U8]]], side: int, height: int = 0) -> U8:
    """Cells with captions on a common backdrop; each picture is fitted into its cell.

    Args:
        side: width of a cell, pixels.
        height: of a cell without its caption; as wide if it is 0.
    """
    caption, height = 22, height or side
    width = max(len(row) for row in rows) * side
    sheet = Image.new("RGB", (width, len(rows) * (height + caption)), BACKDROP)
    draw = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        for x, (label, pixels) in enumerate(row):
            cell = Image.fromarray(np.ascontiguousarray(pixels))
            cell.thumbnail((side - 8, height - 8), Image.Resampling.LANCZOS)
            left, top = x * side, y * (height + caption)
            sheet.paste(cell, (left + (side - cell.width) // 2, top + (height - cell.height) // 2))
            while draw.textlength(label) > side - 12:
                label = label[:-2].rstrip(" …") + "…"
            draw.text((left + 8, top + height + 3), label, fill=INK)
    return np.asarray(sheet)


def _edge(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    out = np.zeros_like(inside)
    out[1:-1, 1:-1] = inside[1:-1, 1:-1] & ~(
        inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    )
    return out
