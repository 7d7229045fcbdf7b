"""Arrays into engine nodes: static geometry, and meshes whose vertices move every frame."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32, I32

from .looks import Look
from .model import Level, Model


@lru_cache(maxsize=2)
def _moving_format(tinted: bool = False) -> Any:
    place = core.GeomVertexArrayFormat()
    place.add_column("vertex", 3, core.Geom.NT_float32, core.Geom.C_point)
    place.add_column("normal", 3, core.Geom.NT_float32, core.Geom.C_normal)
    rest = core.GeomVertexArrayFormat()
    rest.add_column("texcoord", 2, core.Geom.NT_float32, core.Geom.C_texcoord)
    if tinted:
        rest.add_column("color", 4, core.Geom.NT_float32, core.Geom.C_other)
    made = core.GeomVertexFormat()
    made.add_array(place)
    made.add_array(rest)
    return core.GeomVertexFormat.register_format(made)


@lru_cache(maxsize=1)
def _room_format() -> Any:
    array = core.GeomVertexArrayFormat()
    array.add_column("vertex", 3, core.Geom.NT_float32, core.Geom.C_point)
    array.add_column("normal", 3, core.Geom.NT_float32, core.Geom.C_normal)
    array.add_column("texcoord", 2, core.Geom.NT_float32, core.Geom.C_texcoord)
    array.add_column("lightmap_uv", 2, core.Geom.NT_float32, core.Geom.C_texcoord)
    array.add_column("baked", 3, core.Geom.NT_float32, core.Geom.C_other)
    return core.GeomVertexFormat.register_format(core.GeomVertexFormat(array))


def _fill(data: Any, index: int, values: F32) -> None:
    view = memoryview(data.modify_array(index)).cast("B")
    np.frombuffer(view, np.float32)[:] = values.reshape(-1)


def _triangles(faces: I32) -> Any:
    primitive = core.GeomTriangles(core.Geom.UH_static)
    small = faces.size == 0 or int(faces.max()) < 0xFFFF
    primitive.set_index_type(core.Geom.NT_uint16 if small else core.Geom.NT_uint32)
    array = primitive.modify_vertices()
    array.unclean_set_num_rows(faces.size)
    kind = np.uint16 if small else np.uint32
    np.frombuffer(memoryview(array).cast("B"), kind)[:] = faces.reshape(-1)
    return primitive


def room_geometry(
    vertices: F32, normals: F32, uv: F32, lightmap_uv: F32, baked: F32, faces: I32
) -> Any:
    """A GeomNode of static geometry; all arrays (n, 2|3) float32, ``faces`` (m, 3) int32."""
    data = core.GeomVertexData("room", _room_format(), core.Geom.UH_static)
    data.unclean_set_num_rows(len(vertices))
    rows = np.concatenate([vertices, normals, uv, lightmap_uv, baked], axis=1)
    _fill(data, 0, np.ascontiguousarray(rows, np.float32))
    geom = core.Geom(data)
    geom.add_primitive(_triangles(faces))
    node = core.GeomNode("room")
    node.add_geom(geom)
    return node


class ModelGeometry:
    """A model in the engine: what all things that show it share.

    Attributes:
        looks: how each of the model's primitives looks.
        levels: the lower levels of detail, once they are there.
        box: (2, 3) float32, the lowest and highest corner of the model, metres.
    """

    def __init__(self, model: Model, looks: tuple[Look, ...]) -> None:
        self.model, self.looks = model, looks
        self.levels: tuple[Level, ...] = ()
        self.box = box_of(model.positions)
        tinted = model.color is not None
        self.data = core.GeomVertexData("mesh", _moving_format(tinted), core.Geom.UH_static)
        self.data.unclean_set_num_rows(len(model.positions))
        _fill(self.data, 0, np.concatenate([model.positions, model.normals], axis=1))
        rest = np.ascontiguousarray(model.uv * (1.0, -1.0) + (0.0, 1.0), np.float32)
        if model.color is not None:
            alpha = np.ones((len(rest), 1), np.float32)
            rest = np.concatenate([rest, model.color, alpha], axis=1)
        _fill(self.data, 1, rest)
        self._triangles = [tuple(_triangles(p.faces) for p in model.primitives)]

    def add_levels(self, levels: tuple[Level, ...]) -> None:
        """Have lower levels of detail."""
        self.levels = levels
        self._triangles[1:] = [tuple(_triangles(f) for f in level.faces) for level in levels]

    @property
    def count(self) -> int:
        """How many levels there are, the model itself included."""
        return len(self._triangles)

    def triangles(self, level: int) -> int:
        """How many triangles a level has."""
        if level == 0:
            return len(self.model.faces)
        return sum(len(f) for f in self.levels[level - 1].faces)

    def parts(self, data: Any, level: int, *defines: str) -> Any:
        """A new NodePath with one child per primitive of a level, drawn from ``data``."""
        made = core.NodePath(f"level{level}")
        for look, triangles in zip(self.looks, self._triangles[level], strict=True):
            if not triangles.get_num_vertices():
                continue
            for side in look.sides:
                geom = core.Geom(data)
                geom.add_primitive(triangles)
                node = core.GeomNode("part")
                node.add_geom(geom)
                look.dress(made.attach_new_node(node), side, *defines)
        return made


class MovingMesh:
    """A model whose vertices can be rewritten every frame.

    Until they are, it draws from what all things of its model share.

    Attributes:
        node: NodePath with one child, the level of detail that is drawn.
        positions: (n, 3) float32, the current vertices.
        box: (2, 3) float32, the lowest and highest corner of ``positions``.
        level: the level of detail that is drawn, 0 the model itself.
    """

    def __init__(self, geometry: ModelGeometry) -> None:
        self.geometry, self.model = geometry, geometry.model
        model = geometry.model
        self.positions: F32 = model.positions
        self.box = geometry.box
        self.level = 0
        self.moved = False
        self.node = core.NodePath("mesh")
        self._data = geometry.data
        self._faces: I32 | None = None
        self._parts: dict[int, Any] = {}
        self._show(0)

    def _show(self, level: int) -> None:
        if level not in self._parts:
            self._parts[level] = self.geometry.parts(self._data, level)
            if self.moved:
                self._bound(self._parts[level])
        for known, parts in self._parts.items():
            if known == level:
                parts.reparent_to(self.node)
            else:
                parts.detach_node()
        self.level = level

    def detail(self, level: int) -> None:
        """Draw a level of detail; the lowest that there is if it is lower."""
        level = min(level, self.geometry.count - 1)
        if level != self.level:
            self._show(level)

    def move(self, positions: F32) -> None:
        """Write new vertices, (n, 3) float32 in metres; normals are recomputed."""
        weld = self.model.weld
        if not self.moved:
            self.moved = True
            self._faces = self.model.faces
            self._groups = int(weld.max()) + 1
            self._normal = np.empty((len(positions), 3), np.float32)
            # The engine copies an array when it is first written: the others go on sharing theirs.
            self._data = core.GeomVertexData(self._data)
            self._data.set_usage_hint(core.Geom.UH_dynamic)
            for parts in self._parts.values():
                for path in parts.children:
                    path.node().modify_geom(0).set_vertex_data(self._data)
        assert self._faces is not None
        _normals(positions, self._faces, weld, self._groups, self._normal)
        self.positions = positions
        view = memoryview(self._data.modify_array(0)).cast("B")
        rows = np.frombuffer(view, np.float32).reshape(-1, 6)
        self.box = _interleave(positions, self._normal, rows)
        for parts in self._parts.values():
            self._bound(parts)

    def _bound(self, parts: Any) -> None:
        """Tell the engine where the vertices are, which it would look for one by one."""
        low, high = (core.LPoint3f(*map(float, corner)) for corner in self.box)
        for path in parts.children:
            path.node().modify_geom(0).set_bounds(core.BoundingBox(low, high))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _interleave(
    positions: NDArray[np.float32], normals: NDArray[np.float32], rows: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Write places and normals side by side into (n, 6); returns the (2, 3) box of the places."""
    box = np.empty((2, 3), np.float32)
    for k in range(3):
        box[0, k] = box[1, k] = positions[0, k]
    for i in range(positions.shape[0]):
        for k in range(3):
            value = positions[i, k]
            rows[i, k], rows[i, 3 + k] = value, normals[i, k]
            box[0, k], box[1, k] = min(box[0, k], value), max(box[1, k], value)
    return box


def box_of(positions: F32) -> F32:
    """(2, 3) the lowest and the highest corner of (n, 3) positions."""
    return np.stack([positions.min(axis=0), positions.max(axis=0)])


def placed_box(box: F32, matrix: NDArray[np.float32]) -> F32:
    """(2, 3) the box of a box that a (4, 4) matrix for row vectors places."""
    middle, half = box.mean(axis=0), (box[1] - box[0]) / 2
    at = middle @ matrix[:3, :3] + matrix[3, :3]
    reach = half @ np.abs(matrix[:3, :3])
    return np.stack([at - reach, at + reach]).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator,unused-ignore]
def _normals(
    positions: NDArray[np.float32],
    faces: NDArray[np.int32],
    weld: NDArray[np.int32],
    groups: int,
    out: NDArray[np.float32],
) -> None:
    """Area-weighted vertex normals shared inside weld groups, written into ``out`` (n, 3)."""
    summed = np.zeros((groups, 3), np.float32)
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax = positions[j, 0] - positions[i, 0]
        ay = positions[j, 1] - positions[i, 1]
        az = positions[j, 2] - positions[i, 2]
        bx = positions[k, 0] - positions[i, 0]
        by = positions[k, 1] - positions[i, 1]
        bz = positions[k, 2] - positions[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            g = weld[v]
            summed[g, 0] += nx
            summed[g, 1] += ny
            summed[g, 2] += nz
    for v in range(positions.shape[0]):
        g = weld[v]
        x, y, z = summed[g, 0], summed[g, 1], summed[g, 2]
        length = np.sqrt(x * x + y * y + z * z)
        if length > 1e-20:
            out[v, 0], out[v, 1], out[v, 2] = x / length, y / length, z / length
        else:
            out[v, 0], out[v, 1], out[v, 2] = 0.0, 1.0, 0.0


def warm_loops() -> None:
    """Have the loops compiled, so that the first moving product need not wait for that."""
    place, normal = np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32)
    _normals(place, np.array([[0, 1, 2]], np.int32), np.arange(3, dtype=np.int32), 3, normal)
    _interleave(place, normal, np.zeros((3, 6), np.float32))
