"""The room's engine nodes: decor batches under one shader, lit by a lightmap and baked vertices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from ..catalog.scene import Scene
from .geometry import room_geometry
from .graphics import float_texture, image_texture, shader
from .reload import Built, build_room
from .shape import I32, grid_faces
from .sky import PEAK


class RoomNode:
    """One scene as nodes.

    Attributes:
        node: NodePath of everything static.
        mirrors: the flat mirrors of the scene.
        mirror_nodes: the NodePaths that show a mirror image, one a mirror.
        light: probes for what moves.
    """

    def __init__(self, scene: Scene, baked: bool = True, built: Built | None = None) -> None:
        made = built or build_room(scene, baked)
        self.scene, self.decor, self.light = made.scene, made.decor, made.light
        self.node = core.NodePath("room")
        self.mirrors = self.decor.mirrors
        self.mirror_nodes: list[Any] = []
        self.node.set_shader(shader("surface", "ROOM"))
        self.node.set_shader_input("lightmap", float_texture(self.light.lightmap))
        for key, first, end in self.decor.batches:
            self._batch(key, first, end)
        if self.light.sky is not None and self.decor.sky is not None:
            self._dome(self.light.sky, self.decor.sky.strength)

    @property
    def triangles(self) -> int:
        """Triangles of the static geometry."""
        return len(self.decor.faces)

    def _dome(self, panorama: NDArray[np.uint8], strength: float) -> None:
        """The sky around everything, infinitely far away."""
        rows, columns = 33, 65
        v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
        c = np.cos((0.5 - v) * np.pi)
        around = (u - 0.5) * 2 * np.pi
        place = np.stack([np.sin(around) * c, np.sin((0.5 - v) * np.pi), -np.cos(around) * c], -1)
        flat = place.reshape(-1, 3).astype(np.float32)
        uv = np.stack([u, 1.0 - v], -1).reshape(-1, 2).astype(np.float32)
        geometry = room_geometry(flat, -flat, uv, uv, np.ones_like(flat), grid_faces(rows, columns))
        geometry.set_bounds(core.OmniBoundingVolume())
        geometry.set_final(True)
        node = self.node.attach_new_node(geometry)
        node.set_shader(shader("sky", vertex="sky"))
        node.set_shader_input("base_map", image_texture(panorama))
        node.set_shader_input("sky_strength", strength * PEAK)
        node.set_two_sided(True)
        node.set_depth_write(False)
        node.set_bin("background", 0)

    def _batch(self, key: str, first: int, end: int) -> None:
        if key == "mirror" and self.mirrors:
            # One node a mirror: each shows a picture of its own.
            middle = self.decor.vertices[self.decor.faces[first:end]].mean(axis=1)
            centers = np.asarray([m.center for m in self.mirrors])
            apart = np.linalg.norm(middle[:, None] - centers[None], axis=-1)
            nearest = apart.argmin(axis=1)
            for k in range(len(self.mirrors)):
                node = self._part(key, self.decor.faces[first:end][nearest == k])
                node.set_shader(shader("surface", "ROOM", "MIRROR"))
                self.mirror_nodes.append(node)
            return
        self._part(key, self.decor.faces[first:end])

    def _part(self, key: str, triangles: I32) -> Any:
        d, material = self.decor, self.decor.materials[key]
        used, faces = np.unique(triangles, return_inverse=True)
        geometry = room_geometry(
            d.vertices[used], d.normals[used], d.uv[used], d.lightmap_uv[used],
            self.light.vertex[used], faces.reshape(-1, 3).astype(np.int32),
        )  # fmt: skip
        node = self.node.attach_new_node(geometry)
        node.set_shader_input("base_map", image_texture(material.pixels))
        node.set_shader_input("base_color", core.LVecBase4f(1, 1, 1, material.opacity))
        node.set_shader_input(
            "surface", core.LVecBase4f(material.roughness, material.metallic, material.glow, 0)
        )
        node.set_two_sided(material.double_sided)
        if material.opacity < 1.0:
            node.set_shader(shader("surface", "ROOM", "BLEND"))
            node.set_transparency(core.TransparencyAttrib.M_alpha)
        return node
