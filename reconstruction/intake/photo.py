"""Reading a photo safely: any ordinary file in, upright sRGB pixels out.

A photo is checked by its header before a pixel is decoded, so that a small file which declares
an enormous picture costs nothing. A large one is scaled down strip by strip right after it is
decoded, before any change of mode or colour, so that 100 megapixels fit into ordinary memory.
What was done to a photo on the way (a frame taken, colours converted) is kept in its ``notes``.
"""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import PhotoError
from ..texture.header import header_fault

if TYPE_CHECKING:
    from PIL import Image

U8 = NDArray[np.uint8]

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 110_000_000
MAX_PIXELS_OF = {"WEBP": 60_000_000, "AVIF": 60_000_000}
"""Formats whose decoders hold the whole picture several times over."""
MIN_SIDE = 48
SMALL_SIDE = 240
"""Below this a photo is taken, but said to show little detail."""
WORK_SIDE = 2048
EXIF_ORIENTATION = 0x0112
QUARTER_TURNS = (5, 6, 7, 8)
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".gif": "GIF",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
"""File name endings of photos and the format that each promises."""
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_STRIP = 256
"""Rows that are scaled down at a time."""


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photograph.

    Attributes:
        name: file name without its folder.
        sha256: hash of the file's bytes, in hex.
        rgb: (h, w, 3) uint8 sRGB, EXIF rotation applied, longest side at most ``WORK_SIDE``.
        alpha: (h, w) uint8 where the file carries a transparency that says something, or None.
        width, height: of the upright original, pixels.
        notes: sentences about the file that a person should read.
    """

    name: str
    sha256: str
    rgb: U8
    alpha: U8 | None
    width: int
    height: int
    notes: tuple[str, ...] = ()


def read_photo(path: Path) -> Photo:
    """Read a photo file.

    Raises:
        PhotoError: the file is missing, too large, no picture, truncated, of a format whose
            package is not installed, smaller than ``MIN_SIDE`` or larger than ``MAX_PIXELS``.
    """
    try:
        status = path.stat()
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(
                f"{path.name} cannot be read: it is no file",
                field="photo",
                expected="a readable picture file",
                got="a pipe, device or folder",
            )
        if size > MAX_BYTES:
            raise PhotoError(
                f"{path.name} is too large a file for a photo; save it as a JPEG",
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
    from PIL import Image

    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own size warning: checked below instead.
        try:
            image = _opened(data, name)
            width, height = image.size
            kind = str(image.format)
            _check_size(name, width, height, MAX_PIXELS_OF.get(kind, MAX_PIXELS))
            promised = SUFFIXES.get(Path(name).suffix.lower())
            if promised is not None and promised != kind and (promised, kind) != ("JPEG", "MPO"):
                notes.append(f"{name} is named like {promised} but is {kind}; read as {kind}.")
            frames = int(getattr(image, "n_frames", 1))
            if frames > 1 and kind != "MPO":
                notes.append(f"{name} has {frames} frames or pages: the first one was taken.")
            turn = int(image.getexif().get(EXIF_ORIENTATION, 1))
            # The draft decodes a JPEG at a half, a quarter or an eighth right away.
            if kind in ("JPEG", "MPO"):
                image.draft(None, (WORK_SIDE, WORK_SIDE))
            image.load()
            small = _shrunk(image)
            small, told = _in_srgb(small, name)
            rgb, alpha = _to_rgb(_upright(small, turn))
        except PhotoError:
            raise
        except Image.DecompressionBombError as error:
            raise _too_many_pixels(name, "a decompression bomb", MAX_PIXELS) from error
        except (
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            LookupError,
            TypeError,
            struct.error,
        ) as error:
            raise PhotoError(
                f"{name} is truncated or damaged; copy it again from where it came",
                field="photo",
                expected="a whole picture",
                got=str(error)[:80] or type(error).__name__,
            ) from error
    notes += told
    if turn in QUARTER_TURNS:
        width, height = height, width
    if min(width, height) < SMALL_SIDE:
        notes.append(f"{name} is only {width} x {height} pixels: small details are guesses.")
    digest = hashlib.sha256(data).hexdigest()
    return Photo(name, digest, rgb, alpha, width, height, tuple(notes))


def _opened(data: bytes, name: str) -> Image.Image:
    """The picture with its header read and nothing decoded.

    Raises:
        PhotoError: it is no picture, or one that needs a package which is not installed.
    """
    from PIL import Image, UnidentifiedImageError, features

    fault = header_fault(data)
    if fault is not None:
        raise PhotoError(
            f"{name} declares what its bytes cannot hold; save it again as a JPEG",
            field="photo.size",
            expected=fault[0],
            got=fault[1],
        )
    formats = [f for f in FORMATS if f != "AVIF" or features.check("avif")]
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        try:
            import pillow_heif
        except ImportError as error:
            raise PhotoError(
                f"{name} is a HEIC picture; install pillow-heif to read it, or save it as JPEG",
                field="photo.format",
                expected="JPEG, PNG, WebP, TIFF or BMP",
                got="HEIC",
            ) from error
        pillow_heif.register_heif_opener()
        formats = ["HEIF"]
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        deep = _deep_tiff(data, name) if data[:4] in (b"II*\0", b"MM\0*") else None
        if deep is not None:
            return deep
        raise PhotoError(
            f"{name} is not a picture that can be read",
            field="photo",
            expected="JPEG, PNG, WebP, TIFF or BMP",
            got=f"{len(data)} bytes of something else",
        ) from error


def _deep_tiff(data: bytes, name: str) -> Image.Image | None:
    """A TIFF of a kind that Pillow does not know, such as 16 bits a colour, or None."""
    import cv2
    from PIL import Image
    from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

    stream = io.BytesIO(data)
    try:
        tags = ImageFileDirectory_v2(stream.read(8))
        stream.seek(tags.next)
        tags.load(stream)
        size = [tags.get(t, 0) for t in (256, 257)]
        width, height = (int(v) for v in size if not isinstance(v, IFDRational))
        turn = int(tags.get(274, 1))
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, EOFError):
        return None
    _check_size(name, width, height, MAX_PIXELS // 2)
    try:
        pixels = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        return None
    if pixels is None:
        return None
    image = Image.fromarray(np.ascontiguousarray(pixels[..., ::-1]))
    image.format = "TIFF"
    image.getexif()[EXIF_ORIENTATION] = turn
    return image


def _check_size(name: str, width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise _too_many_pixels(name, f"{width} x {height}", limit)
    if min(width, height) < MIN_SIDE:
        raise PhotoError(
            f"{name} is too small to see a product in",
            field="photo.size",
            expected=f"at least {MIN_SIDE} pixels a side",
            got=f"{width} x {height}",
        )


def _shrunk(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be averaged, its longest side below twice ``WORK_SIDE``.

    Whole multiples are averaged away strip by strip: at no time does a second full picture exist.
    """
    from PIL import Image

    factor = max(image.size) // WORK_SIDE
    top = _top(image)
    if factor <= 1:
        return _plain(image, top)
    width, height = -(-image.width // factor), -(-image.height // factor)
    out: Image.Image | None = None
    rows = max(_STRIP // factor, 1) * factor
    for first in range(0, image.height, rows):
        box = (0, first, image.width, min(first + rows, image.height))
        strip = image.crop(box)
        strip.info = dict(image.info)
        part = _plain(strip, top).reduce(factor)
        if out is None:
            out = Image.new(part.mode, (width, height))
            out.info = dict(image.info)
        out.paste(part, (0, first // factor))
    assert out is not None
    return out


def _top(image: Image.Image) -> float:
    """What white is in a picture of more than 8 bits a pixel."""
    if image.mode not in ("I", "F"):
        return 65535.0
    largest = float(max(np.ravel(image.getextrema())))
    return 1.0 if largest <= 1.0 else 255.0 if largest <= 255 else 65535.0


def _plain(image: Image.Image, top: float) -> Image.Image:
    """The picture as L, RGB, RGBA or CMYK; palettes, 16 bits and single bits resolved."""
    from PIL import Image

    mode = image.mode
    info = dict(image.info)
    if mode.startswith("I") or mode == "F":
        wide = np.asarray(image, dtype=np.float32)
        image = Image.fromarray(np.clip(wide / top * 255.0 + 0.5, 0, 255).astype(np.uint8))
    elif "transparency" in info or mode in ("PA", "LA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif mode not in ("L", "RGB", "RGBA", "CMYK"):
        image = image.convert("L" if mode == "1" else "RGB")
    image.info = {k: v for k, v in info.items() if k in ("icc_profile",)}
    return image


def _in_srgb(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """The picture's colours as sRGB, by its own ICC profile where it has one."""
    from PIL import Image, ImageCms

    notes: list[str] = []
    profile = image.info.get("icc_profile")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colour = image.convert("RGB") if alpha is not None else image
    if isinstance(profile, bytes) and profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = str(own.profile.xcolor_space).strip()
            wanted = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}[colour.mode]
            if space == wanted:
                target = ImageCms.createProfile("sRGB")
                turned = ImageCms.profileToProfile(colour, own, target, outputMode="RGB")
                colour = turned if turned is not None else colour
        except (ImageCms.PyCMSError, OSError, ValueError):
            notes.append(f"{name}: its colour profile is damaged; its colours were taken as sRGB.")
    elif image.mode == "CMYK":
        notes.append(f"{name} is a CMYK print file without a profile: its colours are approximate.")
    colour = colour.convert("RGB")
    if alpha is not None:
        colour = Image.merge("RGBA", (*colour.split(), alpha))
    return colour, notes


def _upright(image: Image.Image, turn: int) -> Image.Image:
    """The picture turned and mirrored as its EXIF orientation (1 to 8) says."""
    from PIL.Image import Transpose

    how = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(turn)
    return image if how is None else image.transpose(how)


def _to_rgb(image: Image.Image) -> tuple[U8, U8 | None]:
    """An RGB or RGBA picture as (h, w, 3) uint8, with its alpha where it says something."""
    from PIL.Image import Resampling

    image.thumbnail((WORK_SIDE, WORK_SIDE), Resampling.LANCZOS)
    pixels = np.asarray(image)
    if image.mode != "RGBA":
        return np.ascontiguousarray(pixels), None
    alpha = np.ascontiguousarray(pixels[..., 3])
    covered = float((alpha > 127).mean())
    opaque = (alpha[..., None] / 255.0).astype(np.float32)
    rgb = (pixels[..., :3] * opaque + 255.0 * (1.0 - opaque)).round().astype(np.uint8)
    return np.ascontiguousarray(rgb), alpha if 0.005 < covered < 0.98 else None


def _too_many_pixels(name: str, got: str, limit: int) -> PhotoError:
    return PhotoError(
        f"{name} has too many pixels; scale it down",
        field="photo.size",
        expected=f"at most {limit} pixels",
        got=got,
    )
