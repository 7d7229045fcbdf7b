"""Arrays into engine nodes: static geometry, and meshes whose vertices move every frame."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32, I32
from reconstruction.product import Material

from .graphics import decode_image, white
from .model import Model


@lru_cache(maxsize=1)
def _moving_format() -> Any:
    place = core.GeomVertexArrayFormat()
    place.add_column("vertex", 3, core.Geom.NT_float32, core.Geom.C_point)
    place.add_column("normal", 3, core.Geom.NT_float32, core.Geom.C_normal)
    rest = core.GeomVertexArrayFormat()
    rest.add_column("texcoord", 2, core.Geom.NT_float32, core.Geom.C_texcoord)
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
    primitive.set_index_type(core.Geom.NT_uint32)
    array = primitive.modify_vertices()
    array.unclean_set_num_rows(faces.size)
    np.frombuffer(memoryview(array).cast("B"), np.uint32)[:] = faces.reshape(-1)
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


class MovingMesh:
    """A model whose vertices can be rewritten every frame.

    Attributes:
        node: NodePath with one child per primitive, all on one vertex buffer.
        positions: (n, 3) float32, the current vertices.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.positions: F32 = model.positions
        self._faces = model.faces
        self._groups = int(model.weld.max()) + 1
        self._rows = np.empty((len(model.positions), 6), np.float32)
        self._data = core.GeomVertexData("mesh", _moving_format(), core.Geom.UH_dynamic)
        self._data.unclean_set_num_rows(len(model.positions))
        flipped = np.ascontiguousarray(model.uv * (1.0, -1.0) + (0.0, 1.0), np.float32)
        _fill(self._data, 1, flipped)
        self._write(model.positions, model.normals)
        self.node = core.NodePath("mesh")
        for part in model.primitives:
            geom = core.Geom(self._data)
            geom.add_primitive(_triangles(part.faces))
            node = core.GeomNode("part")
            node.add_geom(geom)
            # The engine would cull by a stale bounding volume; the mesh node keeps one instead.
            node.set_bounds(core.OmniBoundingVolume())
            node.set_final(True)
            dress(self.node.attach_new_node(node), part.material)

    def move(self, positions: F32) -> None:
        """Write new vertices, (n, 3) float32 in metres; normals are recomputed."""
        normals = np.empty_like(positions)
        _normals(positions, self._faces, self.model.weld, self._groups, normals)
        self._write(positions, normals)

    def _write(self, positions: F32, normals: F32) -> None:
        self.positions = positions
        self._rows[:, :3] = positions
        self._rows[:, 3:] = normals
        _fill(self._data, 0, self._rows)


def dress(node: Any, material: Material) -> None:
    """Give a node the looks of a material."""
    node.set_shader_input(
        "base_map", decode_image(material.texture) if material.texture else white()
    )
    node.set_shader_input("base_color", core.LVecBase4f(*material.base_color))
    node.set_shader_input(
        "surface",
        core.LVecBase4f(material.roughness, material.metallic, 0.0, 0.0),
    )
    mapped = material.normal is not None
    image = decode_image(material.normal, srgb=False) if material.normal else white()
    node.set_shader_input("normal_map", image)
    node.set_shader_input("normal_info", core.LVecBase4f(float(mapped), 0, 0, 0))
    node.set_two_sided(material.double_sided)
    if material.alpha != "opaque" or material.base_color[3] < 0.999:
        node.set_transparency(core.TransparencyAttrib.M_alpha)


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
