"""The room's engine nodes: decor batches under one shader, lit by a lightmap and baked vertices."""

from __future__ import annotations

from typing import Any

import numpy as np
from panda3d import core

from ..catalog.scene import Scene
from . import decor as decor_
from . import light as light_
from .geometry import room_geometry
from .graphics import float_texture, image_texture, shader


class RoomNode:
    """One scene as nodes.

    Attributes:
        node: NodePath of everything static.
        mirrors: the flat mirrors of the scene.
        mirror_nodes: the NodePaths that show a mirror image.
        light: probes for what moves.
    """

    def __init__(self, scene: Scene, baked: bool = True) -> None:
        self.scene = scene
        self.decor = decor_.build(scene)
        found = light_.load(self.decor, scene.id) if baked and scene.path else None
        self.light = found or light_.estimate(self.decor)
        self.node = core.NodePath("room")
        self.mirrors = self.decor.mirrors
        self.mirror_nodes: list[Any] = []
        self.node.set_shader(shader("surface", "ROOM"))
        self.node.set_shader_input("lightmap", float_texture(self.light.lightmap))
        for key, first, end in self.decor.batches:
            self._batch(key, first, end)

    @property
    def triangles(self) -> int:
        """Triangles of the static geometry."""
        return len(self.decor.faces)

    def _batch(self, key: str, first: int, end: int) -> None:
        d, material = self.decor, self.decor.materials[key]
        used, faces = np.unique(d.faces[first:end], return_inverse=True)
        geometry = room_geometry(
            d.vertices[used], d.normals[used], d.uv[used], d.lightmap_uv[used],
            self.light.vertex[used], faces.reshape(-1, 3).astype(np.int32),
        )  # fmt: skip
        node = self.node.attach_new_node(geometry)
        node.set_shader_input("base_map", image_texture(material.pixels))
        node.set_shader_input("base_color", core.LVecBase4f(1, 1, 1, 1))
        node.set_shader_input(
            "surface", core.LVecBase4f(material.roughness, material.metallic, material.glow, 0)
        )
        if key in ("leaf",):
            node.set_two_sided(True)
        if key == "mirror" and self.mirrors:
            node.set_shader(shader("surface", "ROOM", "MIRROR"))
            self.mirror_nodes.append(node)
