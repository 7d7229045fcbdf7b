"""A photo is read upright and safely, or refused with a sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reconstruction.errors import PhotoError
from reconstruction.photo import WORK_SIDE, decode_photo, read_photo


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def gradient(width: int, height: int) -> Image.Image:
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([x, y, 255 - x], axis=2).astype(np.uint8), "RGB")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_ordinary_formats_come_back_as_upright_rgb(kind: str) -> None:
    photo = decode_photo(encoded(gradient(120, 80), kind), "a")
    assert photo.rgb.shape == (80, 120, 3)
    assert (photo.width, photo.height) == (120, 80)
    assert photo.alpha is None
    assert photo.rgb[40, 110, 0] > photo.rgb[40, 10, 0]


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held a quarter turn clockwise
    photo = decode_photo(encoded(gradient(120, 80), "JPEG", exif=exif.tobytes()), "turned")
    assert photo.rgb.shape == (120, 80, 3)
    assert (photo.width, photo.height) == (80, 120)
    assert photo.rgb[110, 40, 0] > photo.rgb[10, 40, 0]


def test_cmyk_sixteen_bit_and_palette_become_rgb() -> None:
    cmyk = decode_photo(encoded(gradient(90, 90).convert("CMYK"), "JPEG"), "cmyk")
    assert cmyk.rgb.shape == (90, 90, 3)
    deep = Image.fromarray((np.arange(8100).reshape(90, 90) * 8).astype(np.uint16))
    wide = decode_photo(encoded(deep, "PNG"), "deep")
    assert wide.rgb.max() > 200
    assert wide.rgb.min() == 0
    palette = decode_photo(encoded(gradient(90, 90).convert("P"), "PNG"), "palette")
    assert palette.rgb.shape == (90, 90, 3)


def test_meaningful_transparency_is_kept_and_shown_on_white() -> None:
    image = gradient(100, 100).convert("RGBA")
    hole = Image.new("L", (100, 100), 0)
    hole.paste(255, (25, 25, 75, 75))
    image.putalpha(hole)
    photo = decode_photo(encoded(image, "PNG"), "cut out")
    assert photo.alpha is not None
    assert photo.alpha[50, 50] == 255
    assert photo.alpha[5, 5] == 0
    assert tuple(photo.rgb[5, 5]) == (255, 255, 255)


def test_large_photo_is_scaled_but_remembers_its_size() -> None:
    photo = decode_photo(encoded(gradient(5000, 2500), "JPEG"), "large")
    assert max(photo.rgb.shape[:2]) <= WORK_SIDE
    assert (photo.width, photo.height) == (5000, 2500)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that declares a giant picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def animated() -> bytes:
    frames = [gradient(60, 60), gradient(60, 60).rotate(90)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=50)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "photo"),
        (b"not a picture at all", "photo"),
        (b"%PDF-1.4 nor is this", "photo"),
        (encoded(gradient(300, 200), "JPEG")[:2000], "photo"),
        (encoded(gradient(300, 200), "PNG")[:400], "photo"),
        (encoded(gradient(8, 8), "PNG"), "photo.size"),
        (bomb(40_000, 40_000), "photo.size"),
        (bomb(12_000, 12_000), "photo.size"),
        (animated(), "photo.frames"),
    ],
    ids=["empty", "text", "pdf", "cut jpeg", "cut png", "tiny", "bomb", "huge", "animated"],
)
def test_unusable_files_are_refused_with_what_was_expected(data: bytes, field: str) -> None:
    with pytest.raises(PhotoError) as caught:
        decode_photo(data, "it")
    assert caught.value.field == field
    assert caught.value.expected
    assert caught.value.got


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="cannot be read"):
        read_photo(tmp_path / "nowhere.jpg")
    with pytest.raises(PhotoError):
        read_photo(tmp_path)


def test_hash_is_of_the_file() -> None:
    one, two = (encoded(gradient(64, 64 + i), "PNG") for i in range(2))
    assert decode_photo(one, "a").sha256 != decode_photo(two, "a").sha256
    assert decode_photo(one, "a").sha256 == decode_photo(one, "b").sha256
