"""GLBs of ours made small with ``EXT_meshopt_compression``.

What is compressed: vertices, indices and skins' matrices. Positions take 14 bits of the mesh's
longest side, UVs 12 bits of the texture's, as gltfpack has it; normals and tangents pass through
the octahedral filter. Pictures stay as they are. A reader needs the extension; three.js, Babylon.js
and glTFast have it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..meshes.order import fan_order, strip_order
from .access import Container
from .budget import Budget
from .layout import FLOAT, I8, INDEX_TARGET, U8, U16, U32, Blob, pack_container
from .meshopt import LARGEST_STRIDE, encode_vertices
from .meshopt_filters import EXPONENTIAL, OCTAHEDRAL, encode_octahedral
from .meshopt_index import encode_triangles
from .meshopt_read import EXTENSION
from .quantize import quantized

POSITION_BITS, UV_BITS = 14, 12
_STRIPS = (5, 6, 7, 8, 10)
_INDEX = {U8: "u1", U16: "<u2", U32: "<u4"}


def compressed(glb: bytes, budget: Budget | None = None) -> bytes:
    """The same GLB of ours (:func:`reconstruction.gltf.glb.write_glb`), quantised and compressed.

    The order of the vertices stays. The triangles of each part come in another order, and a
    triangle's corners may be turned round.

    Raises:
        ProductFileError: the GLB cannot be read.
    """
    budget = budget or Budget()
    exact = Container(glb, budget)
    container = Container(quantized(glb, budget, bits=POSITION_BITS), budget)
    document = container.document
    uses = _uses(document)
    packed, whole = Blob(), 0
    views: list[dict[str, Any]] = []
    for number, view in enumerate(document["bufferViews"]):
        data, use = container.view(number), uses.get(number)
        stream = _stream(exact, document, data, view, use) if use else None
        if stream is None or len(stream[0]) >= len(data):
            packed.view(bytes(data))
            views.append({**view, "buffer": 0, "byteOffset": packed.views[-1]["byteOffset"]})
            continue
        packed.view(stream[0])
        how = {"buffer": 0, **packed.views[-1], **stream[1]}
        entry = {**view, "buffer": 1, "byteOffset": whole, "extensions": {EXTENSION: how}}
        entry["byteLength"] = how["count"] * how["byteStride"]
        if view.get("target") == INDEX_TARGET:
            entry.pop("byteStride", None)
        elif how.get("filter"):
            entry["byteStride"] = how["byteStride"]
        whole += entry["byteLength"] + (-entry["byteLength"] % 4)
        views.append(entry)
    document["bufferViews"] = views
    for key in ("extensionsUsed", "extensionsRequired"):
        document[key] = [*document.get(key, []), EXTENSION]
    binary = b"".join([*packed.chunks, b"\0" * (-packed.length % 4)])
    document["buffers"] = [{"byteLength": len(binary)}]
    if whole:
        document["buffers"].append(
            {"byteLength": whole, "extensions": {EXTENSION: {"fallback": True}}}
        )
    return pack_container(document, binary)


def _near(faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The triangles (m, 3) in the order that costs least, of some that keep neighbours near."""
    names, plain = np.unique(faces, return_inverse=True)
    fans = fan_order(plain.reshape(-1, 3).astype(np.int32), len(names))
    orders: list[NDArray[Any]] = [np.arange(len(faces)), fans]
    orders += [strip_order(faces, width) for width in _STRIPS]
    return min((faces[order] for order in orders), key=lambda f: len(encode_triangles(f)))


def _uses(document: dict[str, Any]) -> dict[int, tuple[str, int, dict[str, Any]]]:
    """What each buffer view holds: an attribute's name, its accessor, its primitive's extras."""
    found: dict[int, tuple[str, int, dict[str, Any]]] = {}
    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            for name, number in (*primitive["attributes"].items(), ("indices", None)):
                at = primitive["indices"] if number is None else number
                found[document["accessors"][at]["bufferView"]] = (
                    name,
                    at,
                    primitive.get("extras", {}),
                )
    for skin in document.get("skins", []):
        at = skin["inverseBindMatrices"]
        found[document["accessors"][at]["bufferView"]] = "matrices", at, {}
    return found


def _stream(
    exact: Container,
    document: dict[str, Any],
    data: memoryview,
    view: dict[str, Any],
    use: tuple[str, int, dict[str, Any]],
) -> tuple[bytes, dict[str, Any]] | None:
    """The compressed bytes of a view and the extension's words for them."""
    name, number, extras = use
    accessor = document["accessors"][number]
    count = int(accessor["count"])
    if name == "indices":
        kind = np.dtype(_INDEX[accessor["componentType"]])
        faces = np.frombuffer(data, kind, count).reshape(-1, 3).astype(np.int32)
        if kind.itemsize == 1:
            return None
        runs = [run[2] for run in extras.get("runs", [])] or [len(faces)]
        faces = np.concatenate([_near(part) for part in np.split(faces, np.cumsum(runs)[:-1])])
        how = {"byteStride": kind.itemsize, "count": count, "mode": "TRIANGLES"}
        return encode_triangles(faces), how
    if name in ("NORMAL", "TANGENT") and accessor["componentType"] == I8:
        rows = encode_octahedral(exact.accessor(number, 3 if name == "NORMAL" else 4, count))
        return encode_vertices(rows), {
            "byteStride": 4, "count": count, "mode": "ATTRIBUTES", "filter": OCTAHEDRAL,
        }  # fmt: skip
    if name == "TEXCOORD_0" and accessor.get("normalized"):
        # Floats whose exponent is the same everywhere: the codec sees whole numbers.
        uv = exact.accessor(number, 2, count).astype(np.float64)
        rows = np.round(uv * (1 << UV_BITS)).astype(np.int32) | -UV_BITS << 24
        accessor["componentType"] = FLOAT
        del accessor["normalized"]
        return encode_vertices(rows), {
            "byteStride": 8, "count": count, "mode": "ATTRIBUTES", "filter": EXPONENTIAL,
        }  # fmt: skip
    stride = len(data) // count
    if stride % 4 or not 4 <= stride <= LARGEST_STRIDE or stride * count != len(data):
        return None
    rows = np.frombuffer(data, np.uint8).reshape(count, stride)
    how = {"byteStride": stride, "count": count, "mode": "ATTRIBUTES"}
    return encode_vertices(rows), how
