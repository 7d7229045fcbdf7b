"""Equal products drawn together: one draw call per material and level of detail, however many.

What differs between them, place and light, stands in a buffer texture that the vertex shader reads
by the number of the instance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32

from .geometry import ModelGeometry
from .graphics import shader
from .looks import SHADOWS

TEXELS = 9
"""Per instance: three rows of its matrix (column vectors), six colours of its ambient cube."""


class Repeats:
    """All equal products that are drawn together.

    Args:
        spot: the dark spot on the floor under one of them, in its own frame.

    Attributes:
        geometry: what they share.
        node: NodePath of all; in the world's frame.
        count: how many there are.
    """

    def __init__(self, geometry: ModelGeometry, spot: Any = None) -> None:
        self.geometry = geometry
        self.node = core.NodePath("repeats")
        self.count = 0
        self._spots = spot
        self._buffer: Any = None
        self._rows = np.zeros((0, TEXELS, 4), np.float32)
        self._sphere = np.zeros((0, 4), np.float32)
        self._levels: list[Any] = []
        self._share: NDArray[np.int64] = np.zeros(0, np.int64)
        self._boxes = np.zeros((0, 2, 3), np.float32)

    def set(self, matrices: F32, probes: F32) -> None:
        """Say where all are.

        Args:
            matrices: (n, 4, 4) float32 for row vectors, as the engine's.
            probes: (n, 6, 3) float32 light from +x -x +y -y +z -z.
        """
        self.count = n = len(matrices)
        rows = np.zeros((n, TEXELS, 4), np.float32)
        rows[:, :3] = matrices[:, :, :3].transpose(0, 2, 1)
        rows[:, 3:, :3] = probes
        self._rows = rows
        middle, half = self.geometry.box.mean(axis=0), np.ptp(self.geometry.box, axis=0) / 2
        at = np.einsum("k,nkj->nj", middle, matrices[:, :3, :3]) + matrices[:, 3, :3]
        reach = np.einsum("k,nkj->nj", half, np.abs(matrices[:, :3, :3]))
        self._boxes = np.stack([at - reach, at + reach], axis=1)
        radius = np.linalg.norm(reach, axis=1, keepdims=True)
        self._sphere = np.concatenate([at, radius], axis=1).astype(np.float32)
        if self._buffer is None or self._buffer.get_x_size() != max(1, n) * TEXELS:
            self._buffer = core.Texture("instances")
            self._buffer.setup_buffer_texture(
                max(1, n) * TEXELS, core.Texture.T_float, core.Texture.F_rgba32,
                core.GeomEnums.UH_dynamic,
            )  # fmt: skip
            self.node.set_shader_input("instances", self._buffer)
        self._share = np.zeros(0, np.int64)

    def refresh(self) -> None:
        """Draw anew with the levels of detail that the geometry has now."""
        self._share = np.zeros(0, np.int64)
        for path in self._levels:
            path.remove_node()
        self._levels.clear()

    def look(self, eye: F32, sharpness: float) -> bool:
        """Choose each one's level of detail for an eye; returns whether any changed.

        Args:
            sharpness: metres of error at a metre's distance that cannot be seen; 0 for none.
        """
        share = levels_of(self._sphere, eye, sharpness, self._errors)
        if len(share) == len(self._share) and (share == self._share).all():
            return False
        self._share = share
        order = np.argsort(share, kind="stable")
        view = memoryview(self._buffer.modify_ram_image()).cast("B")
        np.frombuffer(view, np.float32)[:] = self._rows[order].reshape(-1)
        first = 0
        for level in range(self.geometry.count):
            mine = order[share[order] == level]
            self._draw(level, first, mine)
            first += len(mine)
        self._shade()
        return True

    @property
    def _errors(self) -> tuple[float, ...]:
        return tuple(level.error for level in self.geometry.levels)

    def _draw(self, level: int, first: int, mine: NDArray[np.int64]) -> None:
        while len(self._levels) <= level:
            made = self.geometry.parts(self.geometry.data, len(self._levels), "INSTANCED")
            made.reparent_to(self.node)
            self._levels.append(made)
        path = self._levels[level]
        if not len(mine):
            path.stash()
            return
        path.unstash()
        self._span(path, first, mine)

    def _span(self, path: Any, first: int, mine: NDArray[np.int64]) -> None:
        """Draw ``mine`` with the nodes of ``path``."""
        boxes = self._boxes[mine]
        corners = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        bounds = core.BoundingBox(*(core.LPoint3f(*map(float, corner)) for corner in corners))
        path.set_instance_count(len(mine))
        path.set_shader_input("repeat_info", core.LVecBase4f(float(first), 0, 0, 0))
        for child in path.children:
            child.node().modify_geom(0).set_bounds(bounds)

    def _shade(self) -> None:
        """The contact spots of all, also together."""
        if self._spots is None:
            return
        if self._spots.get_parent() != self.node:
            self._spots.reparent_to(self.node)
            self._spots.hide(SHADOWS)
            for child in self._spots.children:
                child.set_shader(shader("decal", "INSTANCED"))
        self._span(self._spots, 0, np.arange(self.count))

    def close(self) -> None:
        """Draw none."""
        self.node.remove_node()


def levels_of(
    spheres: F32, eye: F32, sharpness: float, errors: tuple[float, ...]
) -> NDArray[np.int64]:
    """The level of detail of each of (n, 4) spheres (centre, radius).

    It is the lowest one whose error cannot be seen from ``eye``.
    """
    share = np.zeros(len(spheres), np.int64)
    if sharpness <= 0.0 or not errors:
        return share
    away = np.linalg.norm(spheres[:, :3] - eye, axis=1) - spheres[:, 3]
    for level, error in enumerate(errors, 1):
        share[away * sharpness > error] = level
    return share
