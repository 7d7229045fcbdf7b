"""The camera and the mirror of a headset: both eyes side by side, culled once for both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from .graphics import image_texture, shader
from .mirror import MirrorView
from .openxr_view import F64, StereoLens
from .settings import StageError
from .stage import EYE, Stage

CAPTION_WIDTH = 1024
CAPTION_METRES = 1.1
_FLIP = np.diag([-1.0, 1.0, 1.0, 1.0])


class StereoCamera:
    """One camera that draws two eyes side by side: the scene is culled once for both."""

    def __init__(self, stage: Stage, width: int, height: int) -> None:
        self._graphics = graphics = stage.graphics
        self._lens = core.MatrixLens()
        camera = core.Camera("headset", self._lens)
        camera.set_camera_mask(EYE)
        self._camera = stage._world.attach_new_node(camera)
        samples = stage.settings.samples
        self._buffer = graphics.color_buffer("eyes", 2 * width, height, 5, samples)
        self._buffer.set_clear_color((0.0, 0.0, 0.0, 1.0))
        _divide(self._buffer, self._camera, (core.Lens.SC_left, core.Lens.SC_right))
        graphics.output.set_active(False)
        self._card: Any = None
        self._shown: NDArray[np.uint8] | None = None

    def look(self, lens: StereoLens) -> None:
        """Place the camera and both eyes."""
        self._camera.set_mat(_matrix(lens.head))
        _set_lens(self._lens, lens.cull, lens.eyes)

    def caption(self, pixels: NDArray[np.uint8] | None) -> None:
        """Hold (h, w, 4) uint8 pixels in front of the visitor, or nothing."""
        if pixels is self._shown:
            return
        self._shown = pixels
        if self._card is not None:
            self._card.remove_node()
            self._card = None
        if pixels is None:
            return
        metres = CAPTION_METRES / CAPTION_WIDTH
        w, h = pixels.shape[1] * metres / 2, pixels.shape[0] * metres
        maker = core.CardMaker("caption")
        maker.set_frame(-w, w, 0.0, h)
        self._card = self._camera.attach_new_node(maker.generate())
        self._card.set_pos(0.0, -0.42, -1.2)
        self._card.set_shader(shader("flat"))
        self._card.set_transparency(core.TransparencyAttrib.M_alpha)
        self._card.set_depth_test(False)
        self._card.set_bin("fixed", 10)
        self._card.hide(core.BitMask32.all_on() & ~EYE)
        texture = image_texture(pixels, srgb=False, repeat=False)
        self._card.set_shader_input("base_map", texture)

    def texture(self) -> int:
        """GL's number of the drawn picture."""
        gsg = self._graphics.output.get_gsg()
        made = self._buffer.get_texture().prepare_now(0, gsg.get_prepared_objects(), gsg)
        if made is None:
            raise StageError("the headset's picture was not drawn")
        return int(made.get_native_id())

    def read(self) -> NDArray[np.uint8]:
        """The drawn picture, (h, 2 w, 3) uint8, top row first; slow, for tests."""
        texture = self._buffer.get_texture()
        gsg = self._graphics.output.get_gsg()
        if not self._graphics.engine.extract_texture_data(texture, gsg):
            raise StageError("the headset's picture could not be read back")
        size = (texture.get_y_size(), texture.get_x_size(), 3)
        pixels = np.frombuffer(texture.get_ram_image_as("RGB"), np.uint8)
        return pixels.reshape(size)[::-1].copy()

    def close(self) -> None:
        """Free the camera and its buffer."""
        self._camera.remove_node()
        self._graphics.remove(self._buffer)
        self._graphics.output.set_active(True)


class StereoMirror:
    """The mirror that the visitor faces, drawn for both eyes.

    The surface's shader reads a mirror's picture from right to left over the whole frame. So
    each eye's picture is drawn flipped, and in the other eye's half.
    """

    def __init__(self, stage: Stage, width: int, height: int, scale: float) -> None:
        self._stage = stage
        self._pixel = (0.5 / width, 1.0 / height)
        self._lens = core.MatrixLens()
        camera = core.Camera("mirrors", self._lens)
        camera.set_camera_mask(MirrorView.mask)
        self._camera = stage._world.attach_new_node(camera)
        size = (int(2 * width * scale), int(height * scale))
        self._buffer = stage.graphics.color_buffer("mirrors", *size, -5, 0)
        _divide(self._buffer, self._camera, (core.Lens.SC_right, core.Lens.SC_left))
        self._room: Any = None

    def update(self, lens: StereoLens) -> None:
        """Reflect the visitor's eyes in the nearest mirror that faces them."""
        room = self._stage.room
        if room is not self._room:
            self._room = room
            for node in room.mirror_nodes if room is not None else ():
                node.hide(MirrorView.mask)
                node.set_shader_input("mirror_map", self._buffer.get_texture())
        head = lens.head[3, :3]
        facing = [
            mirror
            for mirror in (room.mirrors if room is not None else ())
            if float((head - np.asarray(mirror.center)) @ np.asarray(mirror.normal)) > 0.02
        ]
        self._buffer.set_active(bool(facing))
        if room is None:
            return
        live = 1.0 if facing else 0.0
        for node in room.mirror_nodes:
            node.set_shader_input("mirror_info", core.LVecBase4f(*self._pixel, live, 0.0))
        if not facing:
            return
        mirror = min(facing, key=lambda m: float(np.linalg.norm(head - np.asarray(m.center))))
        normal, center = core.LVector3f(*mirror.normal), core.LPoint3f(*mirror.center)
        reflected = core.LPlanef(normal, center).get_reflection_mat()
        self._camera.set_mat(_matrix(_FLIP @ lens.head) * reflected)
        left, right = (_FLIP @ eye @ _FLIP for eye in lens.eyes)
        _set_lens(self._lens, _FLIP @ lens.cull @ _FLIP, (left, right))
        # What stands behind the mirror is not seen in it.
        offset = -float(np.dot(mirror.normal, mirror.center)) - 0.003
        state = core.NodePath("state")
        state.set_shader_input("clip_plane", core.LVecBase4f(*mirror.normal, offset), 50)
        self._camera.node().set_initial_state(state.get_state())

    def close(self) -> None:
        """Free the camera and its buffer."""
        self._camera.remove_node()
        self._stage.graphics.remove(self._buffer)


def _divide(buffer: Any, camera: Any, channels: tuple[int, int]) -> None:
    """Draw one eye in each half of a buffer, from left to right."""
    for index, channel in enumerate(channels):
        region = buffer.make_mono_display_region(0.5 * index, 0.5 * index + 0.5, 0.0, 1.0)
        region.set_stereo_channel(channel)
        # The engine resolves samples under the last region's scissor: one eye would stay black.
        region.set_scissor_enabled(False)
        region.set_camera(camera)


def _set_lens(lens: Any, cull: F64, eyes: tuple[F64, F64]) -> None:
    lens.set_user_mat(_matrix(cull))
    lens.set_left_eye_mat(_matrix(eyes[0]))
    lens.set_right_eye_mat(_matrix(eyes[1]))


def _matrix(values: F64) -> Any:
    return core.LMatrix4f(*(float(v) for v in values.ravel()))
