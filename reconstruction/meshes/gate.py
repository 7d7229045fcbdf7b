"""What an OBJ, PLY or STL claims, measured before trimesh parses it.

One pass over the bytes in blocks: no more than the budget's vertices and triangles, no line or
index out of all measure, and no file but those in the mesh's own folder.
"""

from __future__ import annotations

import re
import stat
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ProductFileError
from ..gltf.budget import Budget
from ..texture.header import header_fault

BLOCK = 2**20
MAX_LINE = 2**16
"""Bytes of a line; a face of thousands of corners fits."""
MAX_MTL = 2**20
MAX_HEADER = 2**14
"""Bytes of a PLY's header."""

_INDEX = re.compile(rb"^f[^\n.]*[ \t/-]\d{8}", re.MULTILINE)
_LIBRARY = re.compile(rb"^[ \t]*mtllib[ \t]+([^\r\n]+)", re.MULTILINE)
_MAP = re.compile(rb"^[ \t]*(?:map_\w+|bump|disp|decal|refl|norm)[ \t]+([^\r\n]+)", re.M | re.I)
_ELEMENT = re.compile(rb"^element[ \t]+(\w+)[ \t]+(\S+)", re.MULTILINE)


def check_mesh_file(path: Path, budget: Budget) -> None:
    """Whether a mesh file may be parsed.

    Raises:
        ProductFileError: it is no file of its kind, costs more than the budget, or names a file
            outside its folder.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, "file", "a regular file", "a pipe, device or folder")
        if not 0 < status.st_size <= budget.bytes:
            raise _refused(path, "file.bytes", f"1 to {budget.bytes}", str(status.st_size))
        kind = path.suffix.lower()
        if kind == ".obj":
            _check_obj(path, budget)
        elif kind == ".ply":
            _check_ply(path, budget)
        elif kind == ".stl":
            _check_stl(path, status.st_size, budget)
    except OSError as fault:
        raise _refused(path, "file", "a readable file", fault.strerror or "none") from fault


def _check_obj(path: Path, budget: Budget) -> None:
    vertices = faces = lines = 0
    rest, libraries = b"\n", set[bytes]()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            if b"\0" in block or (rest == b"\n" and block.startswith(b"PK")):
                raise _refused(path, "file", "the text of an OBJ", "binary data")
            text = rest + (block.replace(b"\r", b"\n") if b"\r" in block else block)
            cut = text.rfind(b"\n")
            text, rest = text[:cut], text[cut:]  # whole lines, each after its line feed
            letters = np.frombuffer(text, np.uint8)
            feeds = letters == 10
            if len(rest) > MAX_LINE or _has_long_line(feeds):
                raise _refused(path, "obj.line", f"at most {MAX_LINE} bytes", "more")
            # An attribute of its own for each corner at the most, and as many lines between.
            lines += int(np.count_nonzero(feeds))
            _within(path, "obj.lines", lines, 4 * (budget.vertices + budget.triangles))
            vertices += _starting(letters, feeds, "v ")
            _within(path, "obj.v", vertices, budget.vertices)
            faces += _starting(letters, feeds, "f ")
            _within(path, "obj.f", faces, budget.triangles)
            _check_statements(path, text, libraries)
    _check_statements(path, rest, libraries)
    for name in sorted(libraries):
        _check_library(path, name, budget)


def _starting(letters: NDArray[np.uint8], feeds: NDArray[np.bool_], start: str) -> int:
    """How many lines start with two letters."""
    first, second = start.encode()
    begun = feeds[:-2] & (letters[1:-1] == first)
    begun &= letters[2:] == second
    return int(np.count_nonzero(begun))


def _has_long_line(feeds: NDArray[np.bool_]) -> bool:
    """Whether a line is longer than it may be: it spans a window of half that size."""
    half = MAX_LINE // 2
    windows = feeds[: len(feeds) // half * half].reshape(-1, half)
    if windows.any(axis=1).all():
        return False
    ends = np.flatnonzero(feeds)
    return bool(np.diff(ends, prepend=0, append=len(feeds)).max() > MAX_LINE)


def _check_statements(path: Path, text: bytes, libraries: set[bytes]) -> None:
    if _has_long_number(text) and _INDEX.search(text):
        raise _refused(path, "obj.f", "indices of less than 8 digits", "a longer one")
    if b"mtllib" in text:
        libraries.update(match.strip() for match in _LIBRARY.findall(text))
        _within(path, "obj.mtllib", len(libraries), 16)


def _has_long_number(text: bytes) -> bool:
    """Whether eight digits follow each other after a blank, a slash or a minus sign."""
    letters = np.frombuffer(text, np.uint8)
    run = (letters - np.uint8(48)) < 10
    for step in (1, 2, 4):
        run = run[:-step] & run[step:] if len(run) > step else run[:0]
    before = letters[np.flatnonzero(run[1:])]
    return bool(np.isin(before, list(b" \t/-")).any())


def _check_library(path: Path, name: bytes, budget: Budget) -> None:
    library = _beside(path, name, "obj.mtllib")
    if library is None:
        return
    if library.stat().st_size > MAX_MTL:
        raise _refused(path, "obj.mtllib", f"at most {MAX_MTL} bytes", "more")
    left = budget.bytes
    for words in _MAP.findall(library.read_bytes()):
        for picture in {words.strip(), words.split()[-1]}:  # whole, or after options
            found = _beside(path, picture, "mtl.map")
            if found is None:
                continue
            size = found.stat().st_size
            left -= size
            if left < 0:
                raise _refused(path, "mtl.map", f"at most {budget.bytes} bytes in all", "more")
            # A larger picture than this has bytes enough for what it may declare.
            fault = header_fault(found.read_bytes()) if size < 2**24 else None
            if fault is not None:
                raise _refused(path, "mtl.map", *fault)
            _within(path, "mtl.map", _pixels(found), budget.image_pixels)


def _pixels(path: Path) -> int:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning
            with Image.open(path) as picture:  # its header alone
                return picture.width * picture.height
    except Image.DecompressionBombError:
        return 2**62
    except (OSError, ValueError, SyntaxError):
        return 0  # no picture: the material does without


def _beside(path: Path, name: bytes, field: str) -> Path | None:
    """A file of the mesh's own folder, or None where there is none of that name."""
    text = name.decode("utf-8", "replace").replace("\\", "/")
    folder = path.parent.resolve()
    found = (folder / text).resolve() if "\0" not in text else folder
    if not found.is_relative_to(folder):
        raise _refused(path, field, "a file in the mesh's own folder; put it there", text)
    if not found.exists():
        return None
    if not found.is_file():
        raise _refused(path, field, "a regular file", text)
    return found


def _check_ply(path: Path, budget: Budget) -> None:
    with path.open("rb") as stream:
        head = stream.read(MAX_HEADER).replace(b"\r", b"\n")
    if not head.startswith(b"ply") or b"\nend_header" not in head:
        expected = f"'ply' to 'end_header' within {MAX_HEADER} bytes"
        raise _refused(path, "ply.header", expected, head[:8].hex())
    limits = {b"vertex": budget.vertices, b"face": budget.triangles}
    for name, count in _ELEMENT.findall(head[: head.index(b"\nend_header")]):
        if not count.isdigit() or len(count) > 12:
            raise _refused(path, "ply.element", "a count", count.decode("ascii", "replace"))
        _within(path, "ply.element", int(count), limits.get(name, budget.triangles))


def _check_stl(path: Path, size: int, budget: Budget) -> None:
    with path.open("rb") as stream:
        head = stream.read(84)
    if head.startswith(b"PK"):
        raise _refused(path, "file", "an STL", "binary data of another kind")
    if head.lstrip().startswith(b"solid") and b"\0" not in head:
        return
    count = int.from_bytes(head[80:84], "little")
    if len(head) < 84 or 84 + 50 * count > size:
        raise _refused(path, "stl.count", f"triangles inside {size} bytes", str(count))
    _within(path, "stl.count", count, budget.triangles)


def _within(path: Path, field: str, count: int, limit: int) -> None:
    if count > limit:
        raise _refused(path, field, f"at most {limit}", str(count))


def _refused(path: Path, field: str, expected: str, got: str) -> ProductFileError:
    return ProductFileError(
        f"{path.name} cannot be used", field=field, expected=expected, got=got[:80]
    )
