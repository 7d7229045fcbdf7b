"""A GLB made compact: quantised vertices (``KHR_mesh_quantization``), smaller textures.

Positions become 16-bit integers in the mesh's box, whose node scales them back: an error of at
most 1/65534 of the longest side. They are not normalised, so that readers which take integers as
they are place them right, too. Normals and tangents take 8 bits, UVs 16, skin weights 8. The
file needs a reader that knows the extension; every glTF viewer of note does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .access import Budget, Container
from .layout import I8, I16, U8, U16, VERTEX_TARGET, Blob

EXTENSION = "KHR_mesh_quantization"
_TYPES = {I8: "i1", I16: "i2", U8: "u1", U16: "u2"}


def quantized(glb: bytes, budget: Budget | None = None, *, bits: int = 16) -> bytes:
    """The same GLB of ours (:func:`reconstruction.gltf.glb.write_glb`), quantised.

    Args:
        bits: of a position, 2 to 16; fewer do not shorten this file, but what is compressed after.

    Raises:
        ProductFileError: the GLB cannot be read.
    """
    container = Container(glb, budget or Budget())
    document = container.document
    packer = _Packer(container)
    node = document["nodes"][0]
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    names = {
        number: name
        for primitive in document["meshes"][0]["primitives"]
        for name, number in primitive["attributes"].items()
    }
    vertices = container.accessor(attributes["POSITION"], 3, container.budget.vertices)
    low, high = vertices.min(axis=0).astype(np.float64), vertices.max(axis=0).astype(np.float64)
    one = (1 << (bits - 1)) - 1
    reach, middle = max(float((high - low).max()) / 2, 1e-9), (low + high) / 2
    step = reach / one
    weights = _weights(container, attributes)
    binding = document["skins"][0]["inverseBindMatrices"] if "skins" in document else -1
    for number, entry in enumerate(document["accessors"]):
        name = names.get(number, "")
        if name == "POSITION":
            packer.add(
                entry,
                np.round((vertices - middle) / reach * one),
                I16,
                bounds=True,
                normalized=False,
            )
        elif name in ("NORMAL", "TANGENT"):
            wide = 3 if name == "NORMAL" else 4
            packer.add(entry, _units(container.accessor(number, wide, len(vertices))), I8)
        elif name == "TEXCOORD_0" and _in_unit(container, number):
            values = container.accessor(number, 2, len(vertices))
            packer.add(entry, np.round(values * 65535), U16)
        elif name == "_WELD" and len(vertices) <= 1 << 16:
            # Seams' numbers are below the vertices': whole numbers of 16 bits hold them.
            groups = container.accessor(number, 1, len(vertices))
            packer.add(entry, groups[:, None], U16, normalized=False)
        elif name.startswith("JOINTS_"):
            # A weight that became nothing must name no joint.
            used = weights[attributes[f"WEIGHTS_{name[7:]}"]] > 0
            joints = container.accessor(number, 4, len(vertices))
            packer.plain(entry, np.where(used, joints, 0).astype(joints.dtype), VERTEX_TARGET)
        elif number in weights:
            packer.add(entry, weights[number], U8)
        elif number == binding:
            # Joints place a skinned mesh, not its node: they undo the quantisation, too.
            matrices = container.accessor(number, 16, container.budget.nodes).reshape(-1, 4, 4)
            undo = np.diag([step, step, step, 1.0])
            undo[:3, 3] = middle
            bound = (matrices.transpose(0, 2, 1) @ undo).transpose(0, 2, 1).reshape(-1, 16)
            packer.plain(entry, bound.astype(np.float32))
        else:
            packer.keep(entry)
    for image in document.get("images", []):
        image["bufferView"] = packer.raw(image["bufferView"])
    if binding < 0:
        node["translation"], node["scale"] = middle.tolist(), [step] * 3
    for key in ("extensionsUsed", "extensionsRequired"):
        document[key] = [*document.get(key, []), EXTENSION]
    document["accessors"], document["bufferViews"] = packer.accessors, packer.out.views
    return packer.out.pack(document)


def _units(values: NDArray[Any]) -> NDArray[np.float64]:
    """Unit vectors (n, 3), with a handedness (n, 4), as multiples of 1/127."""
    return np.round(np.asarray(values, np.float64) * 127)


def _weights(container: Container, attributes: dict[str, int]) -> dict[int, NDArray[np.float64]]:
    """Skin weights by accessor as multiples of 1/255 that still sum to 1 for each vertex."""
    groups = [attributes[name] for name in sorted(attributes) if name.startswith("WEIGHTS_")]
    if not groups:
        return {}
    limit = container.budget.vertices
    exact = np.concatenate([container.accessor(g, 4, limit) for g in groups], axis=1) * 255.0
    whole = np.floor(exact)
    missing = np.round(255 - whole.sum(axis=1)).astype(int)
    rank = np.argsort(np.argsort(-(exact - whole), axis=1), axis=1)
    whole += rank < missing[:, None]  # the largest remainders are rounded up
    return {g: whole[:, 4 * k : 4 * k + 4] for k, g in enumerate(groups)}


def _in_unit(container: Container, number: int) -> bool:
    values = container.accessor(number, 2, container.budget.vertices)
    return bool(values.min() >= 0 and values.max() <= 1)


class _Packer:
    """Accessors and views of a new buffer, in the old order."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.out = Blob()
        self.accessors: list[dict[str, Any]] = []

    def raw(self, view: int, target: int | None = None) -> int:
        return self.out.view(bytes(self.container.view(view)), target)

    def keep(self, entry: dict[str, Any]) -> None:
        """An accessor as it was."""
        target = self.container.item("bufferViews", entry["bufferView"]).get("target")
        self.accessors.append({**entry, "bufferView": self.raw(entry["bufferView"], target)})

    def plain(self, entry: dict[str, Any], values: NDArray[Any], target: int | None = None) -> None:
        """An accessor with other values of the same type."""
        view = self.out.view(np.ascontiguousarray(values).tobytes(), target)
        self.accessors.append({**entry, "bufferView": view})

    def add(
        self,
        entry: dict[str, Any],
        values: NDArray[Any],
        kind: int,
        *,
        bounds: bool = False,
        normalized: bool = True,
    ) -> None:
        """An accessor of integers, each vertex at a multiple of four bytes as glTF asks."""
        plain = values.astype(_TYPES[kind])
        row = plain.dtype.itemsize * plain.shape[1]
        stride = row + (-row % 4)
        padded = np.zeros((len(plain), stride), np.uint8)
        padded[:, :row] = np.ascontiguousarray(plain).view(np.uint8).reshape(len(plain), row)
        view = self.out.view(padded.tobytes(), VERTEX_TARGET)
        if stride != row:
            self.out.views[view]["byteStride"] = stride
        new = {**entry, "bufferView": view, "componentType": kind}
        if normalized:
            new["normalized"] = True
        for key in ("min", "max"):
            new.pop(key, None)
        if bounds:
            new["min"], new["max"] = plain.min(axis=0).tolist(), plain.max(axis=0).tolist()
        self.accessors.append(new)
