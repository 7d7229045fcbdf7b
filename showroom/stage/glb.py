"""Reads the GLBs that this project writes into plain arrays; no engine here.

Supported: glTF 2.0 binary, triangles, float32 positions, normals and UVs, one set of UVs, indices
of 8, 16 or 32 bits, embedded PNG or JPEG images, node transforms. Anything that needs an
extension which changes the data (Draco, meshopt, KTX2) is refused with a sentence.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import StageError

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
MAX_BYTES = 256 * 1024 * 1024
_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True, eq=False)
class Surface:
    """A metallic-roughness material; ``texture`` and ``normal`` are encoded PNG or JPEG bytes."""

    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    roughness: float = 0.8
    metallic: float = 0.0
    texture: bytes | None = None
    normal: bytes | None = None
    double_sided: bool = False
    alpha: bool = False


@dataclass(frozen=True, eq=False)
class Primitive:
    """Triangles of one material: ``faces`` (m, 3) index the model's shared vertex arrays."""

    faces: I32
    surface: Surface


@dataclass(frozen=True, eq=False)
class Model:
    """A GLB as one vertex buffer with primitives.

    Attributes:
        positions: (n, 3) float32, metres, glTF frame. Distinct position accessors follow each
            other in the order in which primitives use them, so a shared buffer appears once.
        normals: (n, 3) float32.
        uv: (n, 2) float32, (0, 0) is the texture's upper left corner.
        weld: (n,) int32: vertices with the same number share place and normal.
    """

    positions: F32
    normals: F32
    uv: F32
    weld: I32
    primitives: tuple[Primitive, ...] = field(default=())

    @property
    def faces(self) -> I32:
        """(m, 3) int32, the faces of all primitives."""
        return np.concatenate([p.faces for p in self.primitives])


def read_glb(data: bytes) -> Model:
    """Parse a GLB.

    Raises:
        StageError: truncated, not glTF 2.0, out-of-range accessors or an unsupported extension.
    """
    document, blob = _chunks(data)
    try:
        return _model(document, blob)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise StageError(f"the GLB is broken: {type(error).__name__} {error}") from error


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) > MAX_BYTES:
        raise StageError(f"the GLB is larger than {MAX_BYTES >> 20} MiB")
    if len(data) < 20 or data[:4] != b"glTF":
        raise StageError("not a GLB: expected the magic 'glTF' and a JSON chunk")
    version, total = struct.unpack_from("<II", data, 4)
    if version != 2 or total != len(data):
        raise StageError(f"expected glTF 2 with {total} bytes, got {version} with {len(data)}")
    json_size, kind = struct.unpack_from("<I4s", data, 12)
    if kind != b"JSON" or 20 + json_size > len(data):
        raise StageError("the GLB's JSON chunk is truncated")
    try:
        document = json.loads(data[20 : 20 + json_size])
    except ValueError as error:
        raise StageError(f"the GLB's JSON is broken: {error}") from error
    if not isinstance(document, dict):
        raise StageError("the GLB's JSON is not an object")
    needed = [e for e in document.get("extensionsRequired", []) if e != "KHR_materials_variants"]
    if needed:
        raise StageError(f"the GLB needs {', '.join(map(str, needed))}; export it without")
    blob = b""
    at = 20 + json_size
    if at + 8 <= len(data):
        size, kind = struct.unpack_from("<I4s", data, at)
        blob = data[at + 8 : at + 8 + size]
        if len(blob) != size:
            raise StageError("the GLB's binary chunk is truncated")
    return document, blob


def _accessor(document: dict[str, Any], blob: bytes, index: int) -> NDArray[Any]:
    accessor = document["accessors"][index]
    if "sparse" in accessor or "bufferView" not in accessor:
        raise StageError("sparse accessors are not supported")
    view = document["bufferViews"][accessor["bufferView"]]
    kind = np.dtype(_TYPES[accessor["componentType"]])
    width, count = _WIDTH[accessor["type"]], int(accessor["count"])
    start, inner = int(view.get("byteOffset", 0)), int(accessor.get("byteOffset", 0))
    offset = start + inner
    stride = int(view.get("byteStride", 0)) or kind.itemsize * width
    end = offset + stride * max(count - 1, 0) + kind.itemsize * width
    limit = min(len(blob), start + int(view["byteLength"]))
    if count < 0 or start < 0 or inner < 0 or end > limit:
        raise StageError(f"accessor {index} reaches beyond its buffer")
    return np.ndarray((count, width), kind, blob, offset, (stride, kind.itemsize))


def _image(document: dict[str, Any], blob: bytes, info: dict[str, Any] | None) -> bytes | None:
    if info is None:
        return None
    image = document["images"][document["textures"][info["index"]]["source"]]
    if "bufferView" not in image:
        raise StageError("images must be inside the GLB")
    view = document["bufferViews"][image["bufferView"]]
    start = int(view.get("byteOffset", 0))
    return blob[start : start + int(view["byteLength"])]


def _surface(document: dict[str, Any], blob: bytes, index: int | None) -> Surface:
    if index is None:
        return Surface()
    material = document["materials"][index]
    pbr = material.get("pbrMetallicRoughness", {})
    color = tuple(float(v) for v in pbr.get("baseColorFactor", (1.0, 1.0, 1.0, 1.0)))
    return Surface(
        color=(color[0], color[1], color[2], color[3]),
        roughness=float(pbr.get("roughnessFactor", 1.0)),
        metallic=float(pbr.get("metallicFactor", 1.0)),
        texture=_image(document, blob, pbr.get("baseColorTexture")),
        normal=_image(document, blob, material.get("normalTexture")),
        double_sided=bool(material.get("doubleSided", False)),
        alpha=material.get("alphaMode", "OPAQUE") != "OPAQUE",
    )


def _model(document: dict[str, Any], blob: bytes) -> Model:
    offsets: dict[int, int] = {}
    positions: list[F32] = []
    normals: list[F32 | None] = []
    uvs: list[F32] = []
    primitives: list[Primitive] = []
    count = 0
    surfaces: dict[int | None, Surface] = {}
    for mesh_index, matrix in _placed_meshes(document):
        for part in document["meshes"][mesh_index]["primitives"]:
            if part.get("mode", 4) != 4:
                raise StageError("only triangles are supported")
            attributes = part["attributes"]
            key = int(attributes["POSITION"])
            if key not in offsets:
                place = np.ascontiguousarray(_accessor(document, blob, key), dtype=np.float32)
                if matrix is not None:
                    place = (place @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)
                offsets[key] = count
                count += len(place)
                positions.append(place)
                normal = None
                if "NORMAL" in attributes:
                    normal = _accessor(document, blob, attributes["NORMAL"]).astype(np.float32)
                    if matrix is not None:
                        normal = (normal @ np.linalg.inv(matrix[:3, :3])).astype(np.float32)
                normals.append(normal)
                uvs.append(
                    _accessor(document, blob, attributes["TEXCOORD_0"]).astype(np.float32)
                    if "TEXCOORD_0" in attributes
                    else np.zeros((len(place), 2), np.float32)
                )
            size = len(positions[list(offsets).index(key)])
            if "indices" in part:
                index = _accessor(document, blob, part["indices"]).astype(np.int64).ravel()
            else:
                index = np.arange(size, dtype=np.int64)
            if len(index) % 3 or (len(index) and (index.max() >= size)):
                raise StageError("a primitive's indices do not fit its vertices")
            material = part.get("material")
            if material not in surfaces:
                surfaces[material] = _surface(document, blob, material)
            faces = (index.reshape(-1, 3) + offsets[key]).astype(np.int32)
            primitives.append(Primitive(faces, surfaces[material]))
    if not primitives:
        raise StageError("the GLB holds no triangles")
    place = np.concatenate(positions)
    if not np.isfinite(place).all():
        raise StageError("the GLB holds positions that are not finite")
    faces = np.concatenate([p.faces for p in primitives])
    known = [
        n if n is not None else np.zeros_like(p) for n, p in zip(normals, positions, strict=True)
    ]
    normal = np.concatenate(known)
    if any(n is None for n in normals):
        normal = vertex_normals(place, faces, _weld(place, normal))
    return Model(place, normal, np.concatenate(uvs), _weld(place, normal), tuple(primitives))


def _placed_meshes(document: dict[str, Any]) -> list[tuple[int, NDArray[np.float64] | None]]:
    """(mesh index, world matrix or None for identity) of every node of the default scene."""
    nodes = document.get("nodes", [])
    scenes = document.get("scenes")
    roots = scenes[document.get("scene", 0)]["nodes"] if scenes else range(len(nodes))
    found: list[tuple[int, NDArray[np.float64] | None]] = []
    todo = [(int(r), np.eye(4), 0) for r in roots]
    while todo:
        index, parent, depth = todo.pop(0)
        if depth > 64:
            raise StageError("the GLB's nodes form a cycle")
        node = nodes[index]
        # A skinned mesh ignores its node's transform (glTF 2.0, 3.7.3.1).
        matrix = parent @ _local(node)
        if "mesh" in node:
            rigid = "skin" not in node and not np.allclose(matrix, np.eye(4))
            found.append((int(node["mesh"]), matrix if rigid else None))
        todo += [(int(child), matrix, depth + 1) for child in node.get("children", [])]
    return found


def _local(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = (float(v) for v in node.get("rotation", (0.0, 0.0, 0.0, 1.0)))
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= np.array(node.get("scale", (1.0, 1.0, 1.0)), np.float64)
    matrix[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return matrix


def _weld(positions: F32, normals: F32) -> I32:
    """(n,) int32 groups of vertices with the same place (1e-5 m) and normal (1/64)."""
    key = np.concatenate([np.round(positions * 1e5), np.round(normals * 64)], axis=1).astype(
        np.int64
    )
    _, group = np.unique(key, axis=0, return_inverse=True)
    return group.reshape(-1).astype(np.int32)


def vertex_normals(positions: F32, faces: I32, weld: I32) -> F32:
    """(n, 3) float32 area-weighted normals, shared inside weld groups."""
    a, b, c = (positions[faces[:, i]] for i in range(3))
    face_normal = np.cross(b - a, c - a)
    count = int(weld.max()) + 1
    index = weld[faces].ravel()
    repeated = np.repeat(face_normal, 3, axis=0)
    summed = np.stack([np.bincount(index, repeated[:, k], count) for k in range(3)], axis=1)
    length = np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-20)
    return np.ascontiguousarray((summed / length)[weld], dtype=np.float32)
