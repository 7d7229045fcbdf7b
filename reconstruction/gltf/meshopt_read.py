"""Unpacks the buffer views that ``EXT_meshopt_compression`` stores as compressed streams."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .budget import Budget, refuse
from .meshopt import MeshoptError, decode_vertices
from .meshopt_filters import decode_filter
from .meshopt_index import decode_indices, decode_triangles

EXTENSION = "EXT_meshopt_compression"
NEWER = "KHR_meshopt_compression"
"""The name under which later files carry the same streams."""


def unpacked(
    document: dict[str, Any], binary: memoryview, budget: Budget
) -> tuple[dict[str, Any], memoryview]:
    """A document and its binary with all compressed views decoded; others as they are.

    Raises:
        ProductFileError: a view cannot be decoded, or costs more than the budget.
    """
    used = set(document.get("extensionsUsed", ())) & {EXTENSION, NEWER}
    if not used:
        return document, binary
    tail, start = bytearray(), len(binary) + (-len(binary) % 4)
    for index, view in enumerate(document.get("bufferViews", [])):
        extensions = view.get("extensions") or {}
        how = next((extensions.pop(name) for name in used if name in extensions), None)
        if how is None:
            continue
        rows = _decoded(how, binary, budget.bytes - len(tail), f"bufferViews.{index}")
        tail.extend(b"\0" * (-len(tail) % 4))
        view.update(buffer=0, byteOffset=start + len(tail), byteLength=rows.nbytes)
        if not extensions:
            view.pop("extensions", None)
        tail.extend(rows.tobytes())
    document["buffers"] = [
        b for b in document.get("buffers", []) if not used & set(b.get("extensions") or {})
    ][:1]
    for key in ("extensionsUsed", "extensionsRequired"):
        if key in document:
            document[key] = [name for name in document[key] if name not in used]
    whole = bytes(binary) + b"\0" * (start - len(binary)) + bytes(tail)
    return document, memoryview(whole)


def _decoded(how: dict[str, Any], binary: memoryview, left: int, where: str) -> NDArray[np.uint8]:
    at, size = int(how.get("byteOffset", 0)), int(how["byteLength"])
    count, stride, mode = int(how["count"]), int(how["byteStride"]), how["mode"]
    if how.get("buffer", 0) != 0 or at < 0 or size <= 0 or at + size > len(binary):
        raise refuse(where, "compressed bytes inside the file", (at, size))
    if count < 1 or stride < 1 or count * stride > left:
        raise refuse(where, f"at most {left} bytes unpacked", count * stride)
    # A byte stands for 1024 of vertices at the most, for a triangle, or for an index.
    most = {"TRIANGLES": 3 * size, "INDICES": size}.get(mode, 1024 * size // stride)
    if count > most:
        raise refuse(where, f"at most {most} from {size} bytes", count)
    stream = binary[at : at + size]
    try:
        if mode == "ATTRIBUTES":
            rows = decode_vertices(stream, count, stride)
            return decode_filter(rows, str(how.get("filter", "NONE")))
        if stride not in (2, 4) or mode not in ("TRIANGLES", "INDICES") or how.get("filter"):
            raise MeshoptError(f"no mode {mode!r} with {stride} bytes and {how.get('filter')}")
        if mode == "TRIANGLES" and count % 3:
            raise MeshoptError(f"{count} indices are no triangles")
        indices = (
            decode_triangles(stream, count // 3).reshape(-1)
            if mode == "TRIANGLES"
            else decode_indices(stream, count)
        )
        return np.ascontiguousarray(indices.astype(f"<u{stride}")).view(np.uint8)
    except MeshoptError as fault:
        raise refuse(where, "data that meshopt's codecs can decode", fault) from fault
