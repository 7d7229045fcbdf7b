"""Textures as encoded bytes: their size, and smaller copies of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache

from PIL import Image

from ..errors import ProductFileError
from ..product import Material

_QUALITY = 88


def open_picture(data: bytes) -> Image.Image:
    """A texture's picture, its pixels not decoded yet.

    Raises:
        ProductFileError: it is neither PNG nor JPEG.
    """
    try:
        return Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:
        raise ProductFileError(
            "a texture cannot be decoded",
            field="materials.texture",
            expected="PNG or JPEG",
            got=type(fault).__name__,
        ) from fault


@lru_cache(maxsize=32)
def limited(data: bytes, side: int) -> bytes:
    """The texture with no side longer than ``side`` pixels; itself if it is small enough.

    A JPEG stays a JPEG and a PNG a PNG: the kind says whether there is transparency.

    Raises:
        ProductFileError: it cannot be decoded.
    """
    picture = open_picture(data)
    if max(picture.size) <= side:
        return data
    share = side / max(picture.size)
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    kind = picture.format or "PNG"
    try:
        picture.draft(None, size)  # a JPEG is decoded near the wanted size at once
        small = picture.resize(size, Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError) as fault:
        raise ProductFileError(
            "a texture cannot be decoded",
            field="materials.texture",
            expected="a whole PNG or JPEG",
            got=type(fault).__name__,
        ) from fault
    stream = io.BytesIO()
    if kind == "JPEG":
        small.save(stream, "JPEG", quality=_QUALITY, subsampling=0)
    else:
        small.save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def limited_materials(materials: Mapping[str, Material], side: int) -> dict[str, Material]:
    """All materials with textures of at most ``side`` pixels; errors as :func:`limited`."""
    return {
        slot: m.with_pictures({name: limited(data, side) for name, data in m.pictures.items()})
        for slot, m in materials.items()
    }
