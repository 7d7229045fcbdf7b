"""Encoded pictures into the pixels that GL takes, with all their smaller copies; no engine here.

It runs beside the frames: the heavy loops hold no lock of the interpreter.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image

from reconstruction.product import Material

from .settings import StageError

U8 = NDArray[np.uint8]
LARGEST = 8192
_FINE = 4096
_CODES = np.arange(256) / 255.0
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_LINEAR = _LINEAR.astype(np.float32)
_STEPS = np.arange(_FINE) / (_FINE - 1.0)
_ENCODED = np.where(_STEPS <= 0.0031308, _STEPS * 12.92, 1.055 * _STEPS ** (1 / 2.4) - 0.055)
_ENCODED = (np.clip(_ENCODED, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Picture:
    """A texture before it is one.

    Attributes:
        key: names the pixels: equal keys are equal pictures.
        srgb: whether RGB is sRGB and stands for colour; else it is numbers.
        levels: (h, w, 4) uint8 blue, green, red, alpha, bottom row first, the largest first and
            each of the others half as wide and high.
    """

    key: bytes
    srgb: bool
    levels: tuple[U8, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return (self.levels[0].shape[1], self.levels[0].shape[0])

    @property
    def nbytes(self) -> int:
        """Of all levels."""
        return sum(level.nbytes for level in self.levels)


def decode(data: bytes, *, srgb: bool, side: int = LARGEST, masked: bool = False) -> Picture:
    """The picture of PNG or JPEG bytes.

    Args:
        side: longest side it may have; larger ones are reduced.
        masked: its alpha cuts holes: smaller copies keep as much of it as the picture has.

    Raises:
        StageError: the bytes are no picture, or larger than 8192 pixels a side.
    """
    return picture(_pixels(data, side), key=key_of(data, srgb, side), srgb=srgb, masked=masked)


def key_of(data: bytes, srgb: bool, side: int) -> bytes:
    """The key of a decoded picture."""
    return blake2b(data, digest_size=16).digest() + bytes([srgb]) + side.to_bytes(2, "big")


def _pixels(data: bytes, side: int) -> U8:
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
            if max(image.size) > LARGEST:
                raise StageError(f"a texture may have {LARGEST} pixels a side, got {image.size}")
            share = side / max(image.size)
            if share < 1.0:
                size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
                image.draft(None, size)
                return np.asarray(image.convert("RGBA").resize(size, Image.Resampling.BOX))
            return np.asarray(image.convert("RGBA"))
    except StageError:
        raise
    except Exception as error:  # Pillow raises many types for broken files.
        raise StageError(f"a texture cannot be read: {error}") from error


def picture(pixels: U8, *, key: bytes, srgb: bool, masked: bool = False) -> Picture:
    """A picture of (h, w, 4) uint8 RGBA pixels, top row first."""
    levels = [_flipped(np.ascontiguousarray(pixels))]
    while max(levels[-1].shape[:2]) > 1:
        levels.append(_half(levels[-1], _LINEAR, _ENCODED, srgb))
    if masked:
        _keep_cover(levels)
    return Picture(key, srgb, tuple(levels))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _flipped(pixels: U8) -> U8:
    """RGBA from the top as BGRA from the bottom."""
    height, width = pixels.shape[0], pixels.shape[1]
    out = np.empty((height, width, 4), np.uint8)
    for y in range(height):
        for x in range(width):
            out[height - 1 - y, x, 0] = pixels[y, x, 2]
            out[height - 1 - y, x, 1] = pixels[y, x, 1]
            out[height - 1 - y, x, 2] = pixels[y, x, 0]
            out[height - 1 - y, x, 3] = pixels[y, x, 3]
    return out


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator,unused-ignore]
def _half(source: U8, linear: NDArray[np.float32], encoded: U8, srgb: bool) -> U8:
    """Half as wide and high: means of four in linear light, weighted by alpha where it varies."""
    rows, columns = source.shape[0], source.shape[1]
    height, width = max(1, rows // 2), max(1, columns // 2)
    out = np.empty((height, width, 4), np.uint8)
    top = np.float32(encoded.shape[0] - 1)
    for y in range(height):
        y0, y1 = min(2 * y, rows - 1), min(2 * y + 1, rows - 1)
        for x in range(width):
            x0, x1 = min(2 * x, columns - 1), min(2 * x + 1, columns - 1)
            a, b = source[y0, x0, 3], source[y0, x1, 3]
            c, d = source[y1, x0, 3], source[y1, x1, 3]
            even = a == b and a == c and a == d
            wa, wb, wc, wd = np.float32(a), np.float32(b), np.float32(c), np.float32(d)
            if even or not srgb:
                wa = wb = wc = wd = np.float32(1.0)
            scale = np.float32(1.0) / (wa + wb + wc + wd)
            for k in range(3):
                p, q = source[y0, x0, k], source[y0, x1, k]
                r, s = source[y1, x0, k], source[y1, x1, k]
                if srgb:
                    mean = (
                        wa * linear[p] + wb * linear[q] + wc * linear[r] + wd * linear[s]
                    ) * scale
                    out[y, x, k] = encoded[int(mean * top + np.float32(0.5))]
                else:
                    total = np.uint32(p) + np.uint32(q) + np.uint32(r) + np.uint32(s)
                    out[y, x, k] = (total + np.uint32(2)) // np.uint32(4)
            alpha = np.uint32(a) + np.uint32(b) + np.uint32(c) + np.uint32(d)
            out[y, x, 3] = (alpha + np.uint32(2)) // np.uint32(4)
    return out


def _keep_cover(levels: list[U8]) -> None:
    """Scale the smaller copies' alpha, so that as much of them is above one half.

    Castaño, "Computing alpha mipmaps" (2010): lace does not dissolve in the distance.
    """
    wanted = float((levels[0][..., 3] >= 128).mean())
    for level in levels[1:-2]:
        alpha = level[..., 3].astype(np.float32)
        cut = float(np.quantile(alpha, 1.0 - wanted)) if 0.0 < wanted < 1.0 else 128.0
        if cut > 1.0:
            level[..., 3] = np.clip(alpha * (128.0 / cut), 0.0, 255.0).astype(np.uint8)


def plain(color: tuple[int, int, int, int] = (255, 255, 255, 255), *, srgb: bool) -> Picture:
    """A picture of one pixel, RGBA."""
    red, green, blue, alpha = color
    pixel = np.array([blue, green, red, alpha], np.uint8).reshape(1, 1, 4)
    return Picture(b"plain" + bytes([*color, srgb]), srgb, (pixel,))


def warm() -> None:
    """Have the loops compiled, so that the first picture need not wait for that."""
    for srgb in (True, False):
        picture(np.zeros((2, 2, 4), np.uint8), key=b"", srgb=srgb)


def channels(picture: Picture) -> dict[str, Any]:
    """The picture's channels apart, each (h, w) uint8, top row first."""
    top = picture.levels[0][::-1]
    return {"red": top[..., 2], "green": top[..., 1], "blue": top[..., 0], "alpha": top[..., 3]}


def material_pictures(material: Material, side: int) -> dict[str, Picture]:
    """A material's pictures as the shader wants them: ``base``, ``normal``, ``surface`` (occlusion,
    roughness, metallic) and ``emission``, those that there are.

    Raises:
        StageError: one of them cannot be decoded.
    """
    made: dict[str, Picture] = {}
    if material.texture is not None:
        masked = material.alpha == "mask"
        made["base"] = decode(material.texture, srgb=True, side=side, masked=masked)
    if material.normal is not None:
        made["normal"] = decode(material.normal, srgb=False, side=side)
    if material.emission is not None and any(material.emissive):
        made["emission"] = decode(material.emission, srgb=True, side=side)
    surface = _surface(material, side)
    if surface is not None:
        made["surface"] = surface
    return made


def _surface(material: Material, side: int) -> Picture | None:
    """Occlusion, roughness and metallic in one picture, which they often are already."""
    rough, shade = material.surface, material.occlusion
    if rough is None and shade is None:
        return None
    if rough is not None and rough == shade:
        return decode(rough, srgb=False, side=side)
    parts = [_pixels(data, side) for data in (shade, rough) if data is not None]
    height, width = (max(p.shape[k] for p in parts) for k in (0, 1))
    joined = np.full((height, width, 4), 255, np.uint8)
    sized = [np.asarray(Image.fromarray(p).resize((width, height))) for p in parts]
    if shade is not None:
        joined[..., 0] = sized[0][..., 0]
    if rough is not None:
        joined[..., 1:3] = sized[-1][..., 1:3]
    key = blake2b((shade or b"") + b"|" + (rough or b""), digest_size=16).digest() + b"surface"
    return picture(joined, key=key + side.to_bytes(2, "big"), srgb=False)


def see_through(picture: Picture) -> bool:
    """Whether any of it is not opaque."""
    return bool((picture.levels[0][..., 3] < 255).any())
