"""A live flat mirror: the scene seen by a reflected camera, shown on the mirror's surface."""

from __future__ import annotations

from typing import Any

import numpy as np
from panda3d import core

from reconstruction.mesh import F32

from .graphics import Graphics
from .room import RoomNode
from .settings import StageSettings


class MirrorView:
    """Draws the mirror that the camera faces; others show the room's reflection only."""

    mask = core.BitMask32.bit(2)

    def __init__(
        self, graphics: Graphics, settings: StageSettings, world: Any, room: RoomNode
    ) -> None:
        self._graphics, self._room = graphics, room
        scale = settings.mirror_scale
        scale *= graphics.scale
        width, height = int(settings.width * scale), int(settings.height * scale)
        self._buffer = graphics.color_buffer(
            "mirror", width, height, -5, 0 if settings.display == "headless" else settings.samples
        )
        self._lens = core.PerspectiveLens()
        self._lens.set_near_far(0.04, 80.0)
        camera = core.Camera("mirror", self._lens)
        camera.set_camera_mask(self.mask)
        self._camera = world.attach_new_node(camera)
        region = self._buffer.make_display_region()
        region.set_camera(self._camera)
        for node in room.mirror_nodes:
            node.hide(self.mask)

    def update(self, camera: Any, eye: F32) -> None:
        """Reflect the camera in the nearest mirror that faces it."""
        best, distance = None, 1e9
        for mirror in self._room.mirrors:
            way = eye - np.asarray(mirror.center)
            if float(way @ np.asarray(mirror.normal)) > 0.02 and np.linalg.norm(way) < distance:
                best, distance = mirror, float(np.linalg.norm(way))
        self._buffer.set_active(best is not None)
        live = 0.0
        if best is not None:
            live = 1.0
            normal = core.LVector3f(*best.normal)
            plane = core.LPlanef(normal, core.LPoint3f(*best.center))
            # A reflection turns right into left; flipping x again gives an ordinary camera, and
            # the shader reads its picture from right to left.
            flip = core.LMatrix4f.scale_mat(core.LVecBase3f(-1.0, 1.0, 1.0))
            self._camera.set_mat(flip * camera.get_mat() * plane.get_reflection_mat())
            self._lens.set_fov(camera.node().get_lens().get_fov())
            state = core.NodePath("state")
            offset = -float(np.dot(best.normal, best.center)) - 0.003
            state.set_shader_input("clip_plane", core.LVecBase4f(*best.normal, offset), 50)
            self._camera.node().set_initial_state(state.get_state())
        output = self._graphics.output
        size = (1.0 / output.get_x_size(), 1.0 / output.get_y_size())
        for node in self._room.mirror_nodes:
            node.set_shader_input("mirror_map", self._buffer.get_texture())
            node.set_shader_input("mirror_info", core.LVecBase4f(*size, live, 0.0))

    def close(self) -> None:
        """Free the buffer."""
        self._camera.remove_node()
        self._graphics.remove(self._buffer)
