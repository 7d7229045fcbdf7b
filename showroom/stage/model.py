"""What the stage draws of a GLB: one vertex buffer and a surface per material; no engine here.

Files are decoded by the reconstructor's own reader, which trusts none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reconstruction.errors import ProductFileError
from reconstruction.export.lod import LEVELS, make_lods
from reconstruction.gltf.read import GlbContents, read_glb
from reconstruction.mesh import F32, I32, Mesh
from reconstruction.product import Material, Variant

from .settings import StageError


@dataclass(frozen=True, eq=False)
class Primitive:
    """Triangles of one material: ``faces`` (m, 3) index the model's shared vertex arrays."""

    faces: I32
    material: Material
    slot: str = ""


@dataclass(frozen=True, eq=False)
class Model:
    """A GLB as one vertex buffer with primitives.

    Attributes:
        positions: (n, 3) float32, metres, glTF frame, in the order of the GLB's shared buffer.
        normals: (n, 3) float32.
        uv: (n, 2) float32, (0, 0) is the texture's upper left corner.
        weld: (n,) int32: vertices with the same number share place and normal.
        variants: the colourways of ``KHR_materials_variants``.
        mesh: what it was made of, for lower levels of detail.
        color: (n, 3) float32 linear RGB that multiplies the material, or None.
    """

    positions: F32
    normals: F32
    uv: F32
    weld: I32
    primitives: tuple[Primitive, ...]
    variants: tuple[Variant, ...] = ()
    mesh: Mesh | None = None
    color: F32 | None = None

    @property
    def faces(self) -> I32:
        """(m, 3) int32, the faces of all primitives."""
        return np.concatenate([p.faces for p in self.primitives])

    def wearing(self, variant: str) -> Model:
        """The model in one of its colourways; ``""`` is the model itself.

        Raises:
            StageError: it has no such colourway.
        """
        if not variant:
            return self
        for known in self.variants:
            if known.name == variant:
                return replace(
                    self,
                    primitives=tuple(
                        replace(p, material=known.materials.get(p.slot, p.material))
                        for p in self.primitives
                    ),
                )
        names = ", ".join(v.name for v in self.variants) or "none"
        raise StageError(f"there is no colourway {variant[:40]!r}; there are: {names}")


@dataclass(frozen=True, eq=False)
class Level:
    """A lower level of detail: other triangles on the same vertices.

    Attributes:
        faces: per primitive of the model, (m, 3) int32 into the model's vertices.
        error: root mean square distance from the model that it may have, metres.
    """

    faces: tuple[I32, ...]
    error: float


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
    return model_of(contents)


def model_of(contents: GlbContents) -> Model:
    """What is drawn of a file's contents."""
    mesh = contents.mesh
    weld = mesh.weld if mesh.weld is not None else np.arange(len(mesh.vertices), dtype=np.int32)
    normals = contents.normals if contents.normals is not None else mesh.normals()
    return Model(
        mesh.vertices,
        normals,
        mesh.uv,
        weld,
        tuple(
            Primitive(faces, contents.materials.get(slot, Material()), slot)
            for slot, faces in _by_slot(mesh).items()
        ),
        contents.variants,
        mesh,
        contents.color,
    )


def make_levels(model: Model) -> tuple[Level, ...]:
    """The model's lower levels of detail, finest first; those of a product's own folder."""
    mesh = model.mesh
    if mesh is None:
        return ()
    diagonal = float(np.linalg.norm(mesh.size))
    made = []
    for lod in make_lods(mesh, LEVELS):
        faces = _by_slot(replace(lod.mesh, faces=lod.source[lod.mesh.faces]))
        none = np.zeros((0, 3), np.int32)
        parts = tuple(faces.get(p.slot, none) for p in model.primitives)
        made.append(Level(parts, lod.settings.error * diagonal))
    return tuple(made)


def _by_slot(mesh: Mesh) -> dict[str, I32]:
    """The mesh's faces by material slot, without empty ones."""
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of_part = np.array([slots.index(s) for s in mesh.part_material])
    slot_of_face = slot_of_part[mesh.face_part]
    faces = {slot: mesh.faces[slot_of_face == i] for i, slot in enumerate(slots)}
    return {slot: of_slot for slot, of_slot in faces.items() if len(of_slot)}


def warm_levels() -> None:
    """Have the simplification compiled, so that the first levels need not wait for that."""
    side = 6
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    place = np.stack([x, y, np.sin(x * y)], -1).reshape(-1, 3).astype(np.float32)
    index = np.arange(side * side, dtype=np.int32).reshape(side, side)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (b, d, c))])
    uv = place[:, :2] / np.float32(side)
    parts = np.zeros(len(faces), np.int32)
    make_lods(Mesh(place, faces, uv, parts, ("part",), ("slot",)), LEVELS)
