"""Reading a photo safely: any ordinary file in, upright sRGB pixels out.

A photo is checked by its header before a pixel is decoded, so that a small file which declares
an enormous picture costs nothing.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import PhotoError

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 110_000_000
MIN_SIDE = 48
WORK_SIDE = 2048
EXIF_ORIENTATION = 0x0112
QUARTER_TURNS = (5, 6, 7, 8)
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photograph.

    Attributes:
        name: file name without its folder.
        sha256: hash of the file's bytes, in hex.
        rgb: (h, w, 3) uint8 sRGB, EXIF rotation applied, longest side at most ``WORK_SIDE``.
        alpha: (h, w) uint8 where the file carries a transparency that says something, or None.
        width, height: of the upright original, pixels.
    """

    name: str
    sha256: str
    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    width: int
    height: int


def read_photo(path: Path) -> Photo:
    """Read a photo file.

    Raises:
        PhotoError: the file is missing, too large, no picture, animated, truncated, smaller than
            ``MIN_SIDE`` or larger than ``MAX_PIXELS``.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PhotoError(
                f"{path.name} is too large a file for a photo",
                field="photo.bytes",
                expected=f"at most {MAX_BYTES} bytes",
                got=f"{size} bytes",
            )
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(
            f"{path.name} cannot be read: {error.strerror or error}",
            field="photo",
            expected="a readable picture file",
            got=type(error).__name__,
        ) from error
    return decode_photo(data, path.name)


def decode_photo(data: bytes, name: str = "photo") -> Photo:
    """Decode a photo from bytes; the checks and errors of :func:`read_photo`."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own size warning: checked below instead.
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise PhotoError(
                f"{name} is not a picture that can be read",
                field="photo",
                expected="JPEG, PNG, WebP, TIFF or BMP",
                got=f"{len(data)} bytes of something else",
            ) from error
        except Image.DecompressionBombError as error:
            raise _too_many_pixels(name, "a decompression bomb") from error
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _too_many_pixels(name, f"{width} x {height}")
        if min(width, height) < MIN_SIDE:
            raise PhotoError(
                f"{name} is too small to see a product in",
                field="photo.size",
                expected=f"at least {MIN_SIDE} pixels a side",
                got=f"{width} x {height}",
            )
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":
            raise PhotoError(
                f"{name} is animated or has several pages; save the frame you want as a picture",
                field="photo.frames",
                expected="1",
                got=str(frames),
            )
        try:
            turned = image.getexif().get(EXIF_ORIENTATION, 1) in QUARTER_TURNS
            if image.format in ("JPEG", "MPO"):
                image.draft("RGB", (WORK_SIDE, WORK_SIDE))
            image.load()
            upright = ImageOps.exif_transpose(image)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise PhotoError(
                f"{name} is truncated or damaged; copy it again from where it came",
                field="photo",
                expected="a whole picture",
                got=str(error)[:80],
            ) from error
    if turned:
        width, height = height, width
    rgb, alpha = _to_rgb(upright)
    return Photo(name, hashlib.sha256(data).hexdigest(), rgb, alpha, width, height)


def _to_rgb(image: object) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Any Pillow image as (h, w, 3) uint8, with its alpha where it says something."""
    from PIL import Image

    assert isinstance(image, Image.Image)
    if image.mode.startswith("I") or image.mode == "F":
        wide = np.asarray(image, dtype=np.float64)
        top = 65535.0 if wide.max() > 255 else 255.0
        image = Image.fromarray(np.clip(wide / top * 255.0, 0, 255).astype(np.uint8), "L")
    alpha: NDArray[np.uint8] | None = None
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        rgba.thumbnail((WORK_SIDE, WORK_SIDE), Image.Resampling.LANCZOS)
        pixels = np.asarray(rgba)
        alpha = np.ascontiguousarray(pixels[..., 3])
        covered = float((alpha > 127).mean())
        opaque = (alpha[..., None] / 255.0).astype(np.float32)
        rgb = (pixels[..., :3] * opaque + 255.0 * (1.0 - opaque)).round().astype(np.uint8)
        return np.ascontiguousarray(rgb), alpha if 0.005 < covered < 0.98 else None
    flat = image.convert("RGB")
    flat.thumbnail((WORK_SIDE, WORK_SIDE), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(flat)), alpha


def _too_many_pixels(name: str, got: str) -> PhotoError:
    return PhotoError(
        f"{name} has too many pixels; scale it down",
        field="photo.size",
        expected=f"at most {MAX_PIXELS} pixels",
        got=got,
    )
