"""A photo is read upright and safely, or refused with a sentence."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reconstruction.errors import PhotoError
from reconstruction.intake.photo import WORK_SIDE, decode_photo, read_photo


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


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_a_huge_photo_of_any_mode_is_scaled_down_in_strips(mode: str) -> None:
    small = gradient(2500, 60)
    if mode == "I;16":
        ramp = (np.linspace(0, 65535, 5001)[None].repeat(120, 0)).astype(np.uint16)
        image = Image.fromarray(ramp)
    else:
        image = small.resize((5001, 120)).convert(mode)
    photo = decode_photo(encoded(image, "TIFF" if mode in ("CMYK", "LA") else "PNG"), "wide")
    assert photo.rgb.shape[1] <= WORK_SIDE
    assert photo.width == 5001
    dark, light = photo.rgb[:, :50].mean(axis=(0, 1)), photo.rgb[:, -50:].mean(axis=(0, 1))
    assert light[0] > dark[0] + 20


def test_reading_sixty_megapixels_needs_little_more_than_the_picture() -> None:
    """Peak memory of a process of its own that reads a 60 MP photo."""
    code = """
import io, pathlib
from PIL import Image
from reconstruction.intake.photo import decode_photo
Image.MAX_IMAGE_PIXELS = None
stream = io.BytesIO()
Image.new("RGB", (8000, 7500), (200, 30, 40)).save(stream, "PNG", compress_level=1)
photo = decode_photo(stream.getvalue(), "large.png")
assert photo.rgb.shape == (1920, 2048, 3) and photo.rgb[5, 5, 0] == 200
# Not getrusage: its peak counts the parent that was running before exec.
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 500  # MiB: made once and read once, 229 each


def test_an_animation_gives_its_first_frame_and_says_so() -> None:
    photo = decode_photo(animated(), "spin.gif")
    assert photo.rgb.shape == (60, 60, 3)
    assert photo.rgb[30, 55, 0] > photo.rgb[30, 5, 0] + 100  # not the turned second frame
    assert any("2 frames" in note for note in photo.notes)


def test_a_wrong_name_and_a_small_photo_are_said() -> None:
    photo = decode_photo(encoded(gradient(120, 90), "JPEG"), "shirt.png")
    assert any("named like PNG but is JPEG" in note for note in photo.notes)
    assert any("120 x 90" in note for note in photo.notes)
    assert decode_photo(encoded(gradient(400, 300), "JPEG"), "shirt.jpg").notes == ()


def test_colours_follow_the_files_own_profile() -> None:
    swapped = gamma_profile(1.0)  # the file's numbers are linear light
    grey = Image.new("RGB", (300, 300), (55, 55, 55))
    photo = decode_photo(encoded(grey, "PNG", icc_profile=swapped), "linear")
    assert photo.rgb[9, 9].tolist() == pytest.approx([128, 128, 128], abs=3)
    damaged = decode_photo(encoded(grey, "PNG", icc_profile=b"no profile"), "damaged")
    assert damaged.rgb[9, 9].tolist() == [55, 55, 55]
    assert any("profile is damaged" in note for note in damaged.notes)


def gamma_profile(gamma: float) -> bytes:
    """An ICC profile of the sRGB primaries with one power law, made by hand (ICC.1:2010)."""

    def fixed(*numbers: float) -> bytes:
        return struct.pack(f">{len(numbers)}i", *(round(x * 65536) for x in numbers))

    xyz = {
        b"rXYZ": (0.43607, 0.22249, 0.01392),
        b"gXYZ": (0.38515, 0.71687, 0.09708),
        b"bXYZ": (0.14307, 0.06061, 0.71410),
        b"wtpt": (0.96420, 1.0, 0.82491),
    }
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    blocks = {name: b"XYZ \0\0\0\0" + fixed(*v) for name, v in xyz.items()}
    blocks |= {name: curve for name in (b"rTRC", b"gTRC", b"bTRC")}
    text = b"made for a test"
    blocks[b"cprt"] = b"text\0\0\0\0" + text + b"\0" * (4 - len(text) % 4)
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0"
    blocks[b"desc"] = described + b"\0" * (78 + (-len(described) - 78) % 4)
    at = 128 + 4 + 12 * len(blocks)
    table, body = struct.pack(">I", len(blocks)), b""
    for name, block in blocks.items():
        table += name + struct.pack(">II", at + len(body), len(block))
        body += block
    head = struct.pack(">I4xI4s4s4s", at + len(body), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    head += fixed(0.96420, 1.0, 0.82491)
    return head.ljust(128, b"\0") + table + body


def test_sixteen_bits_a_colour_are_read() -> None:
    import cv2

    deep = np.zeros((90, 120, 3), np.uint16)
    deep[..., 2] = 40000  # red, in OpenCV's order
    done, data = cv2.imencode(".tiff", deep)
    assert done
    photo = decode_photo(data.tobytes(), "deep.tiff")
    assert photo.rgb[5, 5].tolist() == pytest.approx([156, 0, 0], abs=1)


def test_heic_is_read_with_its_package_and_named_without(monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    heif.register_heif_opener()
    data = encoded(gradient(320, 240), "HEIF", quality=90)
    photo = decode_photo(data, "phone.heic")
    assert photo.rgb.shape == (240, 320, 3)
    assert photo.rgb[120, 310, 0] > photo.rgb[120, 10, 0] + 100
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoError, match="pillow-heif") as caught:
        decode_photo(data, "phone.heic")
    assert caught.value.field == "photo.format"


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
        (encoded(gradient(1, 1), "PNG"), "photo.size"),
        (encoded(gradient(3000, 40), "PNG"), "photo.size"),
        (encoded(gradient(300, 200), "TIFF")[:3000], "photo"),
        (encoded(gradient(300, 200), "WEBP")[:200], "photo"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64, "photo"),
    ],
    ids=[
        "empty",
        "text",
        "pdf",
        "cut jpeg",
        "cut png",
        "tiny",
        "bomb",
        "huge",
        "one pixel",
        "sliver",
        "cut tiff",
        "cut webp",
        "hollow heic",
    ],
)
def test_unusable_files_are_refused_with_what_was_expected(data: bytes, field: str) -> None:
    with pytest.raises(PhotoError) as caught:
        decode_photo(data, "it")
    assert caught.value.field.startswith(field)
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
