"""The binary glTF 2.0 container: constants, and the buffer that a file is packed from."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MAGIC, JSON_CHUNK, BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942
FLOAT, U8, U16, U32, I8, I16 = 5126, 5121, 5123, 5125, 5120, 5122
VERTEX_TARGET, INDEX_TARGET = 34962, 34963
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_COMPONENT = {"f4": FLOAT, "u1": U8, "u2": U16, "u4": U32, "i1": I8, "i2": I16}
_SHAPE = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Blob:
    """The binary chunk under construction, with its buffer views and accessors."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.length = 0
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, data: bytes, target: int | None = None) -> int:
        pad = -self.length % 4
        self.chunks += [b"\0" * pad, data]
        entry: dict[str, Any] = {
            "buffer": 0,
            "byteOffset": self.length + pad,
            "byteLength": len(data),
        }
        if target is not None:
            entry["target"] = target
        self.length += pad + len(data)
        self.views.append(entry)
        return len(self.views) - 1

    def accessor(
        self, array: NDArray[Any], target: int | None = None, *, bounds: bool = False
    ) -> int:
        """Add an (n,), (n, k) array of float32, uint8, uint16 or uint32."""
        width = 1 if array.ndim == 1 else int(array.shape[1])
        entry: dict[str, Any] = {
            "bufferView": self.view(np.ascontiguousarray(array).tobytes(), target),
            "componentType": _COMPONENT[array.dtype.str[1:]],
            "count": len(array),
            "type": _SHAPE[width],
        }
        if bounds:
            entry["min"] = np.atleast_1d(array.min(axis=0)).tolist()
            entry["max"] = np.atleast_1d(array.max(axis=0)).tolist()
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def pack(self, document: dict[str, Any]) -> bytes:
        binary = b"".join([*self.chunks, b"\0" * (-self.length % 4)])
        document["buffers"] = [{"byteLength": len(binary)}]
        return pack_container(document, binary)


def pack_container(document: dict[str, Any], binary: bytes) -> bytes:
    """A GLB of a JSON document and its binary chunk."""
    text = msgspec.json.encode(document, enc_hook=_plain_number)
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<III", MAGIC, 2, total),
            struct.pack("<II", len(text), JSON_CHUNK),
            text,
            struct.pack("<II", len(binary), BIN_CHUNK),
            binary,
        ]
    )


def _plain_number(value: object) -> object:
    """A NumPy scalar as the Python number it is."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON")
