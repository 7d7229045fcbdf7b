"""A triangle mesh with named parts: plain arrays, no engine, no file format.

Frame everywhere in this package: right-handed, Y up, metres, -Z forward (glTF and OpenXR).
Furniture stands with its floor centre at the origin and faces +Z (towards the viewer, as glTF
asks); garments lie on the body frame, whose origin is on the floor between the feet, facing +Z.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Skin:
    """Linear blend skinning of a mesh.

    Attributes:
        names: one VRM 1.0 humanoid bone name per joint, such as ``"leftUpperArm"``.
        parents: (J,) int32, index of each joint's parent, -1 for the root; parents come first.
        rest: (J, 3) float32, joint positions in the rest pose, metres, body frame.
        joints: (n, k) uint16, joint indices per vertex, heaviest first.
        weights: (n, k) float32, summing to 1 per vertex.
    """

    names: tuple[str, ...]
    parents: I32
    rest: F32
    joints: NDArray[np.uint16]
    weights: F32


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with UVs, grouped into named parts.

    Attributes:
        vertices: (n, 3) float32, metres.
        faces: (m, 3) int32, counter-clockwise seen from outside.
        uv: (n, 2) float32, glTF convention: (0, 0) is the texture's upper left corner.
        face_part: (m,) int32, index into ``parts``.
        parts: part names, such as ``("front", "back", "left_sleeve", "right_sleeve")``.
        part_material: the material slot of each part, one per entry of ``parts``.
        weld: (n,) int32 or None: vertices with the same number share a place and move
            together although their UVs differ (a sewn seam). None: no seams.
        skin: linear blend skinning, or None for rigid products.
    """

    vertices: F32
    faces: I32
    uv: F32
    face_part: I32
    parts: tuple[str, ...]
    part_material: tuple[str, ...]
    weld: I32 | None = None
    skin: Skin | None = None
    anchors: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float, float]:
        """Width (x), height (y) and depth (z) of the bounding box, metres."""
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        return (float(high[0] - low[0]), float(high[1] - low[1]), float(high[2] - low[2]))

    def normals(self) -> F32:
        """Area-weighted vertex normals, (n, 3) float32, smooth across welded seams."""
        return vertex_normals(self.vertices, self.faces, self.weld)

    def part_faces(self, name: str) -> I32:
        """The (p, 3) faces of one part."""
        return np.asarray(self.faces[self.face_part == self.parts.index(name)])

    def with_vertices(self, vertices: F32) -> Mesh:
        """The same topology at other places; ``vertices`` is (n, 3)."""
        return replace(self, vertices=np.ascontiguousarray(vertices, dtype=np.float32))


def vertex_normals(vertices: F32, faces: I32, weld: I32 | None = None) -> F32:
    """Area-weighted vertex normals.

    Args:
        vertices: (n, 3) float32.
        faces: (m, 3) int32.
        weld: (n,) int32 groups whose normals are shared, or None.

    Returns:
        (n, 3) float32 unit vectors; (0, 1, 0) where a vertex has no area around it.
    """
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normal = np.cross(b - a, c - a)
    group = np.arange(len(vertices), dtype=np.int32) if weld is None else weld
    count = int(group.max()) + 1 if len(group) else 0
    index = group[faces].ravel()
    repeated = np.repeat(face_normal, 3, axis=0)
    summed = np.stack([np.bincount(index, repeated[:, k], count) for k in range(3)], axis=1)
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    unit = np.where(length > 1e-20, summed / np.maximum(length, 1e-20), (0.0, 1.0, 0.0))
    return np.ascontiguousarray(unit[group], dtype=np.float32)


def merge(meshes: list[Mesh]) -> Mesh:
    """Concatenate rigid meshes; parts of the same name become one part."""
    parts: dict[str, str] = {}
    for mesh in meshes:
        for name, material in zip(mesh.parts, mesh.part_material, strict=True):
            parts.setdefault(name, material)
    order = {name: i for i, name in enumerate(parts)}
    offsets = np.cumsum([0] + [len(m.vertices) for m in meshes])
    anchors: dict[str, tuple[float, float, float]] = {}
    for mesh in meshes:
        anchors.update(mesh.anchors)
    return Mesh(
        vertices=np.concatenate([m.vertices for m in meshes]).astype(np.float32),
        faces=np.concatenate(
            [m.faces + o for m, o in zip(meshes, offsets[:-1], strict=True)]
        ).astype(np.int32),
        uv=np.concatenate([m.uv for m in meshes]).astype(np.float32),
        face_part=np.concatenate(
            [np.array([order[p] for p in m.parts], np.int32)[m.face_part] for m in meshes]
        ),
        parts=tuple(parts),
        part_material=tuple(parts.values()),
        anchors=anchors,
    )
