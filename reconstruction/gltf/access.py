"""Opening a GLB from a stranger: what the file claims is checked before it is believed."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32
from .budget import Budget, refuse
from .compression import decompressed
from .document import parse_document
from .layout import BIN_CHUNK, FLOAT, I8, I16, JSON_CHUNK, MAGIC, U8, U16, U32

__all__ = ["Budget", "Container", "open_chunks", "refuse"]
_KINDS: dict[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"),
    I8: np.dtype("i1"),
    I16: np.dtype("<i2"),
    U8: np.dtype("u1"),
    U16: np.dtype("<u2"),
    U32: np.dtype("<u4"),
}
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_ONE = {FLOAT: 1.0, U8: 255.0, U16: 65535.0, I8: 127.0, I16: 32767.0}
_UNDERSTOOD = {
    "KHR_materials_variants",
    "KHR_materials_unlit",
    "KHR_mesh_quantization",
    "KHR_texture_transform",
}
_CONVERT = "export the file with PNG or JPEG textures, or convert it with gltf-transform"
MAX_CHUNKS = 16
"""Chunks of a GLB; the first two are known, others are passed over."""
REMEDIES = {
    "KHR_texture_basisu": f"{_CONVERT} ktxdecompress (npm)",
    "EXT_texture_webp": f"{_CONVERT} png (npm)",
    "EXT_texture_avif": f"{_CONVERT} png (npm)",
}
"""What to do about a file that needs what is not understood."""


class Container:
    """The JSON document and the binary chunk of a GLB.

    Raises:
        ProductFileError: from the constructor and each method, when the file is truncated,
            contradicts itself, reaches outside itself or costs more than the budget.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.budget = budget
        self.document, self.binary = decompressed(*open_chunks(data, budget), budget)
        needs = set(self.document.get("extensionsRequired", ())) - _UNDERSTOOD
        if needs:
            remedies = [f"; {REMEDIES[name]}" for name in sorted(needs & REMEDIES.keys())]
            wanted = "no need but " + ", ".join(sorted(_UNDERSTOOD)) + "".join(remedies)
            raise refuse("extensionsRequired", wanted, sorted(needs))
        buffers = self.document.get("buffers", [])
        if len(buffers) > 1 or any("uri" in b for b in buffers):
            raise refuse("buffers", "the GLB's own binary chunk only", "another buffer or a uri")
        for name, limit in (("nodes", budget.nodes), ("materials", budget.materials)):
            if len(self.document.get(name, ())) > limit:
                raise refuse(name, f"at most {limit}", len(self.document[name]))

    def item(self, collection: str, index: object) -> dict[str, Any]:
        """An entry of one of the document's arrays."""
        items = self.document.get(collection, ())
        if not isinstance(index, int) or not 0 <= index < len(items):
            raise refuse(collection, f"an index below {len(items)}", index)
        entry = items[index]
        if not isinstance(entry, dict):
            raise refuse(f"{collection}.{index}", "an object", type(entry).__name__)
        return entry

    def view(self, index: object) -> memoryview:
        """The bytes of a buffer view."""
        entry = self.item("bufferViews", index)
        start, size = int(entry.get("byteOffset", 0)), int(entry["byteLength"])
        if "extensions" in entry or start < 0 or size <= 0 or start + size > len(self.binary):
            raise refuse(f"bufferViews.{index}", "plain bytes inside the file", (start, size))
        return self.binary[start : start + size]

    def accessor(self, index: object, width: int, limit: int) -> NDArray[Any]:
        """The (n, width) values of an accessor, or (n,) where ``width`` is 1; n <= ``limit``."""
        entry = self.item("accessors", index)
        where = f"accessors.{index}"
        if "sparse" in entry or "bufferView" not in entry:
            raise refuse(where, "stored values", "a sparse or empty accessor")
        kind, count = _KINDS.get(entry["componentType"]), int(entry["count"])
        if kind is None or _WIDTH.get(entry["type"]) != width:
            raise refuse(where, f"{width} numbers each", (entry["componentType"], entry["type"]))
        if not 0 < count <= limit:
            raise refuse(f"{where}.count", f"1 to {limit}", count)
        view = self.view(entry["bufferView"])
        offset, item = int(entry.get("byteOffset", 0)), kind.itemsize * width
        stride = int(self.item("bufferViews", entry["bufferView"]).get("byteStride", item))
        end = offset + stride * (count - 1) + item
        if offset < 0 or stride < item or end > len(view):
            raise refuse(where, f"values inside {len(view)} bytes", f"{offset} to {end}")
        raw: NDArray[Any] = np.ndarray((count, width), kind, view, offset, (stride, kind.itemsize))
        return raw[:, 0] if width == 1 else raw

    def fractions(self, index: object, width: int, limit: int) -> F32:
        """Floats of an accessor; integers stand for 0 to 1, or -1 to 1 where they have a sign."""
        kind = self.item("accessors", index)["componentType"]
        if kind not in _ONE:
            raise refuse(f"accessors.{index}", "floats or normalised integers", kind)
        values = self.accessor(index, width, limit)
        if kind == FLOAT:
            return values.astype(np.float32)
        return np.maximum(values / np.float32(_ONE[kind]), np.float32(-1)).astype(np.float32)

    def numbers(self, index: object, width: int, limit: int) -> F32:
        """Floats of an accessor; integers are themselves, or fractions where it says so."""
        if self.item("accessors", index).get("normalized", False):
            return self.fractions(index, width, limit)
        return self.accessor(index, width, limit).astype(np.float32)


def open_chunks(data: bytes, budget: Budget) -> tuple[dict[str, Any], memoryview]:
    """The JSON document and the binary chunk of a GLB's bytes."""
    if not 20 <= len(data) <= budget.bytes:
        raise refuse("bytes", f"20 to {budget.bytes}", len(data))
    magic, version, total = struct.unpack_from("<III", data)
    if magic != MAGIC or version != 2:
        raise refuse("header", "binary glTF, version 2", data[:8].hex())
    if total != len(data):
        raise refuse("header.length", f"{len(data)}, the file's own size", total)
    chunks: list[tuple[int, memoryview]] = []
    at, view = 12, memoryview(data)
    while at < total:
        if len(chunks) > MAX_CHUNKS:
            raise refuse("chunks", f"at most {MAX_CHUNKS}", "more")
        size, kind = struct.unpack_from("<II", data, at) if at + 8 <= total else (total, 0)
        if at + 8 + size > total:
            raise refuse("chunk.length", f"at most {max(total - at - 8, 0)}", size)
        chunks.append((kind, view[at + 8 : at + 8 + size]))
        at += 8 + size
    if chunks[0][0] != JSON_CHUNK or len(chunks[0][1]) > budget.json_bytes:
        raise refuse("chunk", f"JSON first, at most {budget.json_bytes} bytes", "something else")
    document = parse_document(bytes(chunks[0][1]), budget)
    has_binary = len(chunks) > 1 and chunks[1][0] == BIN_CHUNK
    return document, chunks[1][1] if has_binary else memoryview(b"")
