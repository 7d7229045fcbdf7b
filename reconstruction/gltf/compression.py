"""Compressed geometry of other programs' files, unpacked into plain accessors before it is read.

Draco (``KHR_draco_mesh_compression``) is decoded by the package DracoPy, part of the extra
``reconstruct``; meshopt's streams by :mod:`.meshopt_read`. What was decoded is checked against what
the file said of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .budget import Budget, refuse
from .layout import FLOAT, I8, I16, U8, U16, U32
from .meshopt_read import unpacked

DRACO = "KHR_draco_mesh_compression"
_KINDS = {"f4": FLOAT, "i1": I8, "i2": I16, "u1": U8, "u2": U16, "u4": U32}


def decompressed(
    document: dict[str, Any], binary: memoryview, budget: Budget
) -> tuple[dict[str, Any], memoryview]:
    """The document and its binary with Draco's primitives and meshopt's views unpacked.

    Raises:
        ProductFileError: a primitive or a view cannot be decoded, or costs more than the budget.
    """
    document, binary = unpacked(document, binary, budget)
    if DRACO not in document.get("extensionsUsed", ()):
        return document, binary
    try:
        import DracoPy
    except ModuleNotFoundError as fault:
        raise refuse(
            "extensionsRequired",
            f"the package DracoPy to decode {DRACO}; pip install DracoPy",
            DRACO,
        ) from fault
    tail = bytearray()
    start = len(binary) + (-len(binary) % 4)

    def add(array: NDArray[Any], accessor: object) -> None:
        entry = document["accessors"][accessor]
        plain = np.ascontiguousarray(array)
        kind = _KINDS.get(plain.dtype.str[1:])
        if kind is None or len(plain) != entry["count"]:
            raise refuse(f"accessors.{accessor}", f"{entry['count']} values", plain.shape)
        tail.extend(b"\0" * (-len(tail) % 4))
        document["bufferViews"].append(
            {"buffer": 0, "byteOffset": start + len(tail), "byteLength": plain.nbytes}
        )
        tail.extend(plain.tobytes())
        entry.update(bufferView=len(document["bufferViews"]) - 1, byteOffset=0, componentType=kind)
        if len(tail) > budget.bytes:
            raise refuse("buffers", f"at most {budget.bytes} bytes unpacked", "more")

    for entry in document.get("meshes", []):
        for primitive in entry["primitives"]:
            packed = primitive.get("extensions", {}).pop(DRACO, None)
            if packed is None:
                continue
            view = document["bufferViews"][packed["bufferView"]]
            at, size = int(view.get("byteOffset", 0)), int(view["byteLength"])
            counts = [document["accessors"][a]["count"] for a in primitive["attributes"].values()]
            if at < 0 or size <= 0 or at + size > len(binary):
                raise refuse("bufferViews", "bytes inside the file", (at, size))
            if max(counts) > budget.vertices:
                raise refuse("POSITION", f"at most {budget.vertices} vertices", max(counts))
            try:
                mesh = DracoPy.decode(bytes(binary[at : at + size]))
            except Exception as fault:  # DracoPy raises plain errors of many kinds
                raise refuse(DRACO, "data that Draco can decode", type(fault).__name__) from fault
            if "indices" in primitive:
                add(np.asarray(mesh.faces, np.uint32).reshape(-1), primitive["indices"])
            for name, number in packed["attributes"].items():
                found = mesh.get_attribute_by_unique_id(number)
                if found is None:
                    raise refuse(f"{DRACO}.{name}", "an attribute of the data", number)
                add(np.asarray(found["data"]), primitive["attributes"][name])
    for key in ("extensionsUsed", "extensionsRequired"):
        if key in document:
            document[key] = [name for name in document[key] if name != DRACO]
    whole = bytes(binary) + b"\0" * (start - len(binary)) + bytes(tail)
    document["buffers"] = [{"byteLength": len(whole)}]
    return document, memoryview(whole)
