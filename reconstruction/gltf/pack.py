"""A glTF with its files beside it, packed into one GLB; a GLB's outside textures brought in.

Only files in the document's own folder, or below it, are opened, and only within the budget.
"""

from __future__ import annotations

import base64
import binascii
import stat
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ..errors import ProductFileError
from .access import Budget, open_chunks, refuse
from .document import parse_document
from .layout import pack_container


def pack_gltf(path: Path, budget: Budget) -> bytes:
    """The file as one GLB that needs nothing else.

    Raises:
        ProductFileError: a file is missing, too large, outside the folder, or no glTF.
    """
    data = _read(path, budget.json_bytes if path.suffix.lower() == ".gltf" else budget.bytes)
    if data[:4] == b"glTF":
        document, chunk = open_chunks(data, budget)
        binary = bytes(chunk)
    else:
        document, binary = parse_document(data, budget), b""
    try:
        return _packed(document, binary, path.parent, budget)
    except ProductFileError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise refuse("gltf", "a valid glTF 2.0 document", type(fault).__name__) from fault


def _packed(document: dict[str, Any], binary: bytes, folder: Path, budget: Budget) -> bytes:
    blob = bytearray(binary)
    starts: list[int] = []
    left = budget.bytes - len(blob)

    def append(data: bytes) -> int:
        nonlocal left
        left -= len(data)
        if left < 0:
            raise refuse("buffers", f"at most {budget.bytes} bytes in all", "more")
        blob.extend(b"\0" * (-len(blob) % 4))
        start = len(blob)
        blob.extend(data)
        return start

    buffers, images = document.get("buffers", []), document.get("images", [])
    if sum(_size(entry.get("uri"), folder) for entry in (*buffers, *images)) > left:
        raise refuse("buffers", f"at most {budget.bytes} bytes in all", "more")
    for index, buffer in enumerate(buffers):
        if "uri" in buffer:
            starts.append(append(_resource(buffer["uri"], folder, f"buffers.{index}", left)))
        else:
            starts.append(0)
    views = document.setdefault("bufferViews", []) if document.get("images") else None
    for view in document.get("bufferViews", []):
        view["byteOffset"] = int(view.get("byteOffset", 0)) + starts[int(view["buffer"])]
        view["buffer"] = 0
    for index, image in enumerate(document.get("images", [])):
        if "uri" in image and views is not None:
            picture = _resource(image.pop("uri"), folder, f"images.{index}", left)
            views.append({"buffer": 0, "byteOffset": append(picture), "byteLength": len(picture)})
            image["bufferView"] = len(views) - 1
            image["mimeType"] = "image/png" if picture[:4] == b"\x89PNG" else "image/jpeg"
    document["buffers"] = [{"byteLength": len(blob)}] if blob else []
    return pack_container(document, bytes(blob))


def _resource(uri: object, folder: Path, field: str, limit: int) -> bytes:
    if not isinstance(uri, str):
        raise refuse(field, "a uri", type(uri).__name__)
    if uri.startswith("data:"):
        head, _, body = uri.partition(",")
        if not head.endswith(";base64") or len(body) > limit * 4 // 3 + 4:
            raise refuse(field, "base64 within the budget", head)
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as fault:
            raise refuse(field, "base64", fault) from fault
    name = Path(unquote(uri))
    inside = (folder / name).resolve()
    if ":" in uri or name.is_absolute() or not inside.is_relative_to(folder.resolve()):
        raise refuse(field, "a file in the document's own folder", uri)
    return _read(inside, max(limit, 0))


def _size(uri: object, folder: Path) -> int:
    """Bytes that a resource will take, before any of them is read; 0 where it cannot be read."""
    if not isinstance(uri, str):
        return 0
    if uri.startswith("data:"):
        return len(uri) * 3 // 4
    try:
        return (folder / unquote(uri)).stat().st_size
    except (OSError, ValueError):
        return 0


def _read(path: Path, limit: int) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise refuse(path.name, "a regular file", "a pipe, device or folder")
        if status.st_size > limit:
            raise refuse(path.name, f"at most {limit} bytes", "more")
        with path.open("rb") as stream:
            data = stream.read(status.st_size + 1)  # a larger ask would be allocated
    except (OSError, ValueError) as fault:
        raise refuse(path.name, "a readable file", getattr(fault, "strerror", "") or "none") from (
            fault
        )
    if len(data) > limit:
        raise refuse(path.name, f"at most {limit} bytes", "more")
    return data
