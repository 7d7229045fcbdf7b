"""Hostile files: how soon and in how little memory each is refused, against reading a good file.

Usage: python benchmarks/hostile_files.py

Every file is made here, in a folder that is gone afterwards. Prints CPU milliseconds (the median of
5), the peak of Python's memory, and the ratio to reading a good file of the same kind.
"""

from __future__ import annotations

import base64
import io
import json
import os
import statistics
import struct
import tempfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reconstruction.errors import ReconstructionError
from reconstruction.intake.photo import read_photo
from reconstruction.meshes.file import read_mesh_file

PHOTOS = (".png", ".jpg")
TRIANGLE = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
GOOD_OBJ = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"

Maker = Callable[[Path], Path]
"""Writes a hostile file, and what lies beside it, into a folder."""


def read(path: Path) -> object:
    """A file as the product's own readers take it, by its ending."""
    return read_photo(path) if path.suffix in PHOTOS else read_mesh_file(path)


Data = bytes | Callable[[], bytes]
"""A file's content; what is large is made when it is wanted."""


def file(name: str, data: Data) -> Maker:
    """A file by itself."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data() if callable(data) else data)
        return folder / name

    return make


def beside(name: str, data: bytes, others: Mapping[str, bytes]) -> Maker:
    """A file, with others in its folder or around it."""

    def make(folder: Path) -> Path:
        home = folder / "home"
        home.mkdir()
        for other, content in others.items():
            (home / other).write_bytes(content)
        return file(name, data)(home)

    return make


def sized(name: str, head: bytes, size: int) -> Maker:
    """A file with a hole after its head: large to read, small on the disk."""

    def make(folder: Path) -> Path:
        with (folder / name).open("wb") as stream:
            stream.write(head)
            stream.truncate(size)
        return folder / name

    return make


def pipe(name: str) -> Maker:
    """A pipe that nobody writes to: to open it is to wait for ever."""

    def make(folder: Path) -> Path:
        os.mkfifo(folder / name)
        return folder / name

    return make


# --- glTF --------------------------------------------------------------------------------------


def document(**changes: Any) -> dict[str, Any]:
    """A triangle's document, with some of its collections changed."""
    return {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "buffers": [{"byteLength": 36}],
    } | changes


def glb(text: bytes | dict[str, Any], binary: bytes = TRIANGLE, rest: bytes = b"") -> bytes:
    """The container around a document and its bytes."""
    if isinstance(text, dict):
        text = json.dumps(text).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    chunks += struct.pack("<II", len(binary), 0x4E4942) + binary + rest
    return struct.pack("<III", 0x46546C67, 2, 12 + len(chunks)) + chunks


def accessor(**changes: Any) -> dict[str, Any]:
    """The triangle with another accessor."""
    return document(accessors=[document()["accessors"][0] | changes])


def textured(picture: bytes) -> bytes:
    """The triangle with a texture."""
    changed = document(
        materials=[{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        textures=[{"source": 0}],
        images=[{"bufferView": 1, "mimeType": "image/png"}],
        bufferViews=[
            {"buffer": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": 36, "byteLength": len(picture)},
        ],
    )
    changed["meshes"][0]["primitives"][0]["material"] = 0
    return glb(changed, TRIANGLE + picture)


def meshopt(mode: str, count: int, stride: int) -> bytes:
    """The triangle in a compressed view that claims more than its bytes can hold."""
    how = {"buffer": 0, "byteLength": 36, "byteStride": stride, "mode": mode, "count": count}
    view = {"buffer": 0, "byteLength": 36, "extensions": {"EXT_meshopt_compression": how}}
    return glb(document(bufferViews=[view], extensionsUsed=["EXT_meshopt_compression"]))


def outside(uri: str) -> bytes:
    """A glTF whose buffer lies elsewhere."""
    return json.dumps(document(buffers=[{"byteLength": 36, "uri": uri}])).encode()


def chain(depth: int) -> dict[str, Any]:
    """Nodes below nodes."""
    nodes: list[dict[str, Any]] = [{"children": [i + 1]} for i in range(depth)]
    return document(nodes=[*nodes, {"mesh": 0}])


def laughing(levels: int) -> dict[str, Any]:
    """Nodes that each name the next twice: 2^levels meshes if they were followed."""
    nodes: list[dict[str, Any]] = [{"children": [i + 1, i + 1]} for i in range(levels)]
    return document(nodes=[*nodes, {"mesh": 0}])


# --- pictures ----------------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, before: bytes = b"", pixels: bytes | None = None) -> bytes:
    """A PNG that declares a size; its pixels are a few zeros."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = zlib.compress(bytes(1000)) if pixels is None else pixels
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    """A JPEG's segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(width: int, height: int, *, before: bytes = b"", scans: int = 1) -> bytes:
    """A JPEG that declares a size, with empty scans."""
    parts = b"".join(bytes((n, 0x11, 0)) for n in (1, 2, 3))
    frame = segment(0xC2, struct.pack(">BHHB", 8, height, width, 3) + parts)
    scan = segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(8)
    return b"\xff\xd8" + before + frame + scan * scans + b"\xff\xd9"


def archive(entries: Mapping[str, bytes]) -> bytes:
    """A ZIP."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in entries.items():
            out.writestr(name, data)
    return stream.getvalue()


def mtl(line: bytes) -> Mapping[str, bytes]:
    """A material library of one line."""
    return {"a.mtl": b"newmtl a\n" + line + b"\n"}


def wide() -> bytes:
    """JSON of four million arrays: 12 MB that would be 300 once parsed."""
    return b'{"a":[' + b"[]," * 4_000_000 + b"[]]}"


def embedded() -> bytes:
    """A glTF with its buffer in base64, and a list out of measure."""
    data = base64.b64encode(bytes(9_000_000)).decode()
    text = outside(f"data:application/octet-stream;base64,{data}")
    return text[:-1] + b',"a":[' + b"[]," * 1_000_000 + b"0]}"


def cases() -> dict[str, Maker]:
    """The hostile files by name; none is kept anywhere."""
    bomb = archive({"a": bytes(20_000_000)})
    nested = archive({"a.zip": bomb})
    climbing = archive({"../../escaped.obj": GOOD_OBJ})
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    hidden = b'{"a":' + b'["]",' * 50_000 + b"1" + b"]" * 50_000 + b"}"
    glbs: dict[str, Data] = {
        "deep JSON": glb(deep),
        "deep JSON behind brackets in texts": glb(hidden),
        "four million empty arrays": lambda: glb(wide()),
        "two million objects": lambda: glb(b'{"a":[' + b'{"b":{}},' * 1_000_000 + b"0]}"),
        "a number of a million digits": lambda: glb(b'{"a":' + b"9" * 1_000_000 + b"}"),
        "a node that is its own child": glb(document(nodes=[{"mesh": 0, "children": [0]}])),
        "a cycle of two nodes": glb(document(nodes=[{"children": [1]}, {"children": [0]}])),
        "a chain of 4,000 nodes": glb(chain(4000)),
        "a node named twice on 40 levels": glb(laughing(40)),
        "a hundred thousand nodes": lambda: glb(document(nodes=[{}] * 100_000)),
        "an accessor without data": glb(
            document(accessors=[{"componentType": 5126, "count": 3, "type": "VEC3"}])
        ),
        "an accessor without data, of 900,000": glb(
            document(accessors=[{"componentType": 5126, "count": 900_000, "type": "VEC3"}])
        ),
        "a sparse accessor": glb(accessor(sparse={"count": 2**40})),
        "2^60 values": glb(accessor(count=2**60)),
        "values beyond the view": glb(accessor(count=900_000)),
        "a negative offset": glb(accessor(byteOffset=-36)),
        "a stride of nothing": glb(
            document(
                accessors=[document()["accessors"][0] | {"count": 900_000}],
                bufferViews=[{"buffer": 0, "byteLength": 36, "byteStride": 0}],
            )
        ),
        "a view of 2 GB": glb(document(bufferViews=[{"buffer": 0, "byteLength": 2**31}])),
        "a GLB's buffer elsewhere": glb(
            document(buffers=[{"byteLength": 36, "uri": "../secret.bin"}])
        ),
        "vertices compressed beyond reason": meshopt("ATTRIBUTES", 2_000_000, 16),
        "triangles compressed beyond reason": meshopt("TRIANGLES", 6_000_000, 4),
        "indices compressed beyond reason": meshopt("INDICES", 6_000_000, 4),
        "a million chunks": lambda: glb(document(), rest=bytes(8_000_000)),
        "a length that lies": glb(document())[:8] + b"\xff\xff\xff\xff" + glb(document())[12:],
        "a texture of 40,000 pixels a side": textured(png(40_000, 40_000)),
        "a texture larger than its bytes": textured(png(8000, 8000)),
        "a texture of 1,500 chunks": textured(png(8, 8, before=chunk(b"tEXt", b"a\0b") * 1500)),
        "a ZIP as GLB": bomb,
    }
    gltfs: dict[str, Data] = {
        "a buffer at ../": outside("../secret.bin"),
        "a buffer at an encoded ../": outside("%2e%2e/secret.bin"),
        "a buffer at /etc": outside("/etc/passwd"),
        "a buffer on the network": outside("http://example.invalid/a.bin"),
        "a deep glTF": deep,
        "a wide glTF": wide,
        "a glTF of 17 MB in one text": lambda: b'{"a":"' + b" " * (17 * 2**20) + b'"}',
        "data that are no base64": outside("data:application/octet-stream;base64,***"),
        "a ZIP as glTF": nested,
    }
    photos: dict[str, Data] = {
        "40,000 pixels a side": png(40_000, 40_000),
        "2^31 - 1 pixels a side": png(2**31 - 1, 2**31 - 1),
        "a hundred megapixels of nothing": png(10_000, 10_000),
        "half a million chunks": lambda: png(300, 300, before=chunk(b"tEXt", b"a\0b") * 500_000),
        "60 texts that unpack to 1 MB": png(
            300, 300, before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**20 - 64))) * 60
        ),
        "a colour profile that unpacks to 20 MB": lambda: png(
            300, 300, before=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(20_000_000)))
        ),
        "a chunk of 2 GB": png(300, 300)[:33] + struct.pack(">I4s", 2**31 - 1, b"tEXt"),
        "a ZIP as PNG": climbing,
    }
    jpegs: dict[str, Data] = {
        "65,000 pixels a side": jpeg(65_000, 65_000),
        "a hundred megapixels in 200 bytes": jpeg(10_000, 10_000),
        "a thousand scans": jpeg(2000, 2000, scans=1000),
        "half a million segments": lambda: jpeg(300, 300, before=segment(0xFE, b"") * 500_000),
        "a ZIP as JPEG": bomb,
    }
    long = b"f " + b"1 2 3 " * 20_000 + b"\n"
    objs: dict[str, Data] = {
        "1.5 million vertices": lambda: b"v 0 0 0\n" * 1_500_000 + b"f 1 2 3\n",
        "2.5 million faces": lambda: GOOD_OBJ + b"f 1 2 3\n" * 2_500_000,
        "13 million empty lines": lambda: b"\n" * 13_000_000,
        "a line of 10 MB": lambda: b"v " + b"0" * 10_000_000,
        "a face of 60,000 corners": GOOD_OBJ + long,
        "an index of 2^60": GOOD_OBJ + b"f 1 2 1152921504606846976\n",
        "an index of -2^60": GOOD_OBJ + b"f 1 2 -1152921504606846976\n",
        "a library at ../": b"mtllib ../a.mtl\n" + GOOD_OBJ,
        "a library at /etc": b"mtllib /etc/passwd\n" + GOOD_OBJ,
        "a hundred libraries": b"".join(b"mtllib %d.mtl\n" % i for i in range(100)) + GOOD_OBJ,
        "zeros": bytes(10_000),
        "a ZIP as OBJ": climbing,
    }
    using = b"mtllib a.mtl\n" + GOOD_OBJ
    repeated = json.dumps(document(buffers=[{"byteLength": 36, "uri": "a.bin"}] * 40)).encode()
    made: dict[str, Maker] = {
        **{name: file("a.glb", data) for name, data in glbs.items()},
        **{name: file("a.gltf", data) for name, data in gltfs.items()},
        **{name: file("a.png", data) for name, data in photos.items()},
        **{name: file("a.jpg", data) for name, data in jpegs.items()},
        **{name: file("a.obj", data) for name, data in objs.items()},
        "one file forty times": beside("a.gltf", repeated, {"a.bin": bytes(4 * 2**20)}),
        "12 MB of base64 beyond the JSON's values": file("b.gltf", embedded),
        "a picture at ../": beside("a.obj", using, mtl(b"map_Kd ../../secret.png")),
        "a bump map at /etc": beside("a.obj", using, mtl(b"map_Bump -bm 1 /etc/passwd")),
        "a map larger than its bytes": beside(
            "a.obj", using, {**mtl(b"map_Kd a.png"), "a.png": png(8000, 8000)}
        ),
        "a library of 2 MB": beside("a.obj", using, {"a.mtl": bytes(2**21)}),
        "10^12 vertices in a PLY": file(
            "a.ply", b"ply\nformat ascii 1.0\nelement vertex 999999999999\nend_header\n"
        ),
        "a PLY without an end": file("a.ply", b"ply\n" + b"comment a\n" * 100_000),
        "2^32 - 1 triangles in an STL": file("a.stl", bytes(80) + b"\xff" * 4 + bytes(50)),
        "a ZIP as STL": file("a.stl", bomb),
        "an OBJ of 1 GB": sized("a.obj", GOOD_OBJ, 2**30),
        "a GLB of 1 GB": sized("a.glb", glb(document()), 2**30),
        "a PNG of 1 GB": sized("a.png", png(300, 300), 2**30),
        "a pipe as OBJ": pipe("a.obj"),
        "a pipe as GLB": pipe("a.glb"),
        "a pipe as PNG": pipe("a.png"),
    }
    return made


def good(folder: Path) -> dict[str, Path]:
    """An honest file of each kind, by ending."""
    from PIL import Image

    side = 224
    grid = [b"v %d %d 0\n" % (i % side, i // side) for i in range(side * side)]
    corners = [i for i in range(1, side * (side - 1)) if i % side]
    faces = [b"f %d %d %d\n" % (i, i + 1, i + side) for i in corners]
    picture = Image.effect_noise((1600, 1200), 40).convert("RGB")
    paths = {ending: folder / f"good{ending}" for ending in (".obj", ".png", ".jpg")}
    paths[".obj"].write_bytes(b"".join(grid + faces))
    picture.save(paths[".png"])
    picture.save(paths[".jpg"])
    assets = Path(__file__).resolve().parents[1] / "assets" / "products"
    return paths | {".glb": assets / "tshirt" / "product.glb"}


def spent(call: Callable[[], object]) -> float:
    """CPU milliseconds of a call, the median of 5."""
    times = []
    for _ in range(5):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1e3


def refused(path: Path) -> None:
    """Read a file that must not be read.

    Raises:
        AssertionError: it was.
    """
    try:
        read(path)
    except ReconstructionError:
        return
    raise AssertionError(f"{path.name} was read")


def main() -> None:
    """Print one line per file, then the worst."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = {ending: spent(partial(read, path)) for ending, path in good(folder).items()}
        for ending, cost in base.items():
            print(f"good {ending}: {cost:.1f} ms")
        likes = {".gltf": ".glb", ".ply": ".obj", ".stl": ".obj"}
        rows: list[tuple[float, float, float]] = []
        for number, (title, make) in enumerate(cases().items()):
            place = folder / str(number)
            place.mkdir()
            path = make(place)
            cost = spent(partial(refused, path))
            tracemalloc.start()
            refused(path)
            peak = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
            ratio = cost / base[likes.get(path.suffix, path.suffix)]
            rows.append((cost, peak, ratio))
            print(f"{title:45} {path.suffix:5} {cost:7.2f} ms {peak:6.1f} MB {ratio:7.3f}")
    costs, peaks, ratios = zip(*rows, strict=True)
    middle = f"median {statistics.median(costs):.2f} ms, ratio {statistics.median(ratios):.3f}"
    worst = f"most {max(costs):.1f} ms, {max(peaks):.1f} MB, ratio {max(ratios):.2f}"
    print(f"{len(rows)} files refused: {middle}; {worst}")


if __name__ == "__main__":
    main()
