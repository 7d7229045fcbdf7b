"""What the stage draws of a GLB: one vertex buffer and a surface per material; no engine here.

Files are decoded by the reconstructor's own reader, which trusts none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reconstruction.errors import ProductFileError
from reconstruction.gltf.read import read_glb
from reconstruction.mesh import F32, I32, Mesh
from reconstruction.product import Material

from .settings import StageError


@dataclass(frozen=True, eq=False)
class Primitive:
    """Triangles of one material: ``faces`` (m, 3) index the model's shared vertex arrays."""

    faces: I32
    material: Material


@dataclass(frozen=True, eq=False)
class Model:
    """A GLB as one vertex buffer with primitives.

    Attributes:
        positions: (n, 3) float32, metres, glTF frame, in the order of the GLB's shared buffer.
        normals: (n, 3) float32.
        uv: (n, 2) float32, (0, 0) is the texture's upper left corner.
        weld: (n,) int32: vertices with the same number share place and normal.
    """

    positions: F32
    normals: F32
    uv: F32
    weld: I32
    primitives: tuple[Primitive, ...]

    @property
    def faces(self) -> I32:
        """(m, 3) int32, the faces of all primitives."""
        return np.concatenate([p.faces for p in self.primitives])


def read_model(data: bytes) -> Model:
    """Decode a GLB for drawing.

    Raises:
        StageError: the file is truncated, contradicts itself, reaches outside itself, or needs
            what is not supported; the sentence names the field.
    """
    try:
        contents = read_glb(data)
    except ProductFileError as error:
        raise StageError(f"the GLB cannot be shown: {error}") from error
    mesh = contents.mesh
    weld = mesh.weld if mesh.weld is not None else np.arange(len(mesh.vertices), dtype=np.int32)
    return Model(
        mesh.vertices, mesh.normals(), mesh.uv, weld, _primitives(mesh, contents.materials)
    )


def _primitives(mesh: Mesh, materials: dict[str, Material]) -> tuple[Primitive, ...]:
    """The mesh's faces by material slot; a slot without a material is plain."""
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of_part = np.array([slots.index(s) for s in mesh.part_material])
    slot_of_face = slot_of_part[mesh.face_part]
    return tuple(
        Primitive(mesh.faces[slot_of_face == i], materials.get(slot, Material()))
        for i, slot in enumerate(slots)
        if (slot_of_face == i).any()
    )
