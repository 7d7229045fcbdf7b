"""The camera and the mirror of a headset: both eyes side by side, culled once for both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from .graphics import shader
from .mirror import Glass, MirrorView, behind, covered, crop, glasses, nearest_seen, whole
from .openxr_view import F64, Eye, Fov, StereoLens
from .settings import StageError
from .stage import EYE, Stage

_DEPTH_32F = 0x8CAC
_FLIP = np.diag([-1.0, 1.0, 1.0, 1.0])


class StereoCamera:
    """One camera that draws two eyes side by side: the scene is culled once for both.

    Args:
        width, height: of one eye, pixels.
        depth: GL's number of the format in which the depth is kept, to be handed over; 0 keeps
            none.
    """

    def __init__(self, stage: Stage, width: int, height: int, *, depth: int = 0) -> None:
        self._graphics = graphics = stage.graphics
        self._lens = core.MatrixLens()
        camera = core.Camera("headset", self._lens)
        camera.set_camera_mask(EYE)
        self._camera = stage._world.attach_new_node(camera)
        samples = stage.settings.samples
        self._buffer = graphics.color_buffer(
            "eyes", 2 * width, height, 5, samples, float_depth=depth == _DEPTH_32F
        )
        self._depth = self._depth_texture(2 * width, height, depth) if depth else None
        self.clear()
        _divide(self._buffer, self._camera, (core.Lens.SC_left, core.Lens.SC_right))
        graphics.output.set_active(False)
        self._masks: list[Any] = []

    def clear(self, alpha: float = 1.0) -> None:
        """What is behind everything: black, or with ``alpha`` 0 nothing at all."""
        self._buffer.set_clear_color((0.0, 0.0, 0.0, alpha))

    def look(self, lens: StereoLens) -> None:
        """Place the camera and both eyes."""
        self._camera.set_mat(_matrix(lens.head))
        _set_lens(self._lens, lens.cull, lens.eyes)

    def hide_behind(self, masks: tuple[Any, Any], eyes: Sequence[Eye]) -> None:
        """Draw nothing where no eye can see.

        Args:
            masks: for each eye (vertices (n, 2) on its plane z = -1, triangles (m, 3)).
            eyes: their fields of view.
        """
        for region, node in self._masks:
            self._buffer.remove_display_region(region)
            node.remove_node()
        self._masks.clear()
        for index, ((vertices, triangles), eye) in enumerate(zip(masks, eyes, strict=True)):
            if not len(triangles):
                continue
            root = core.NodePath("hidden")
            root.attach_new_node(_mask_geometry(on_clip_plane(vertices, eye.fov), triangles))
            root.set_shader(shader("hidden", vertex="hidden"))
            root.set_two_sided(True)
            root.set_attrib(core.ColorWriteAttrib.make(core.ColorWriteAttrib.C_off))
            root.set_attrib(core.DepthTestAttrib.make(core.RenderAttrib.M_always))
            node = core.Camera("hidden", core.OrthographicLens())
            node.get_lens().set_near_far(-10.0, 10.0)
            path = root.attach_new_node(node)
            region = self._buffer.make_mono_display_region(0.5 * index, 0.5 * index + 0.5, 0.0, 1.0)
            region.set_sort(-10)
            region.set_scissor_enabled(False)
            region.set_camera(path)
            self._masks.append((region, root))

    def texture(self) -> int:
        """GL's number of the drawn picture."""
        return self._number(self._buffer.get_texture())

    def depth(self) -> int | None:
        """GL's number of the drawn depth; None where it is not kept."""
        return None if self._depth is None else self._number(self._depth)

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

    def _depth_texture(self, width: int, height: int, form: int) -> Any:
        texture = core.Texture("eyes' depth")
        kind = core.Texture.T_float if form == _DEPTH_32F else core.Texture.T_unsigned_int
        texture.setup_2d_texture(width, height, kind, core.Texture.F_depth_component32)
        self._buffer.add_render_texture(
            texture, core.GraphicsOutput.RTM_bind_or_copy, core.GraphicsOutput.RTP_depth
        )
        return texture

    def _number(self, texture: Any) -> int:
        gsg = self._graphics.output.get_gsg()
        made = texture.prepare_now(0, gsg.get_prepared_objects(), gsg)
        if made is None:
            raise StageError("the headset's picture was not drawn")
        return int(made.get_native_id())


def on_clip_plane(vertices: NDArray[np.float32], fov: Fov) -> NDArray[np.float32]:
    """Points on the plane z = -1 of an eye's view in its picture, (n, 2), each -1 to 1."""
    left, right, up, down = (math.tan(a) for a in fov)
    middle = np.array([right + left, up + down])
    size = np.array([right - left, up - down])
    return np.asarray((2.0 * vertices - middle) / size, np.float32)


def _mask_geometry(points: NDArray[np.float32], triangles: NDArray[np.uint32]) -> Any:
    data = core.GeomVertexData("hidden", core.GeomVertexFormat.get_v3(), core.Geom.UH_static)
    data.unclean_set_num_rows(len(points))
    placed = np.column_stack([points, np.zeros(len(points), np.float32)])
    data.modify_array_handle(0).copy_data_from(np.ascontiguousarray(placed, np.float32).tobytes())
    primitive = core.GeomTriangles(core.Geom.UH_static)
    primitive.set_index_type(core.GeomEnums.NT_uint32)
    for index in triangles.ravel():
        primitive.add_vertex(int(index))
    geometry = core.Geom(data)
    geometry.add_primitive(primitive)
    node = core.GeomNode("hidden")
    node.add_geom(geometry)
    node.set_bounds(core.OmniBoundingVolume())
    node.set_final(True)
    return node


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
        channels = (core.Lens.SC_right, core.Lens.SC_left)
        self._regions = _divide(self._buffer, self._camera, channels)
        self._room: Any = None
        self._panes: tuple[Glass, ...] = ()
        self._live: tuple[Glass | None] | None = None

    def update(self, lens: StereoLens) -> None:
        """Reflect the visitor's eyes in the nearest mirror that they see."""
        room = self._stage.room
        if room is not self._room:
            self._room, self._live = room, None
            self._panes = glasses(room.decor) if room is not None else ()
            for node in room.mirror_nodes if room is not None else ():
                node.hide(MirrorView.mask)
                node.set_shader_input("mirror_map", self._buffer.get_texture())
        view = np.linalg.inv(lens.head)
        clips = [view @ eye for eye in lens.eyes]
        found = nearest_seen(self._panes, lens.head[3, :3].astype(np.float32), clips)
        self._buffer.set_active(found is not None)
        live = found[0] if found is not None else None
        if room is not None and self._live != (live,):
            self._live = (live,)
            for pane, node in zip(self._panes, room.mirror_nodes, strict=True):
                info = core.LVecBase4f(*self._pixel, float(pane is live), 0.0)
                node.set_shader_input("mirror_info", info)
        if found is None:
            return
        pane = found[0]
        normal, center = core.LVector3f(*pane.normal), core.LPoint3f(*pane.center)
        reflected = core.LPlanef(normal, center).get_reflection_mat()
        self._camera.set_mat(_matrix(_FLIP @ lens.head) * reflected)
        # The part of each eye's picture that the mirror covers, flipped as the picture is.
        wide, high = self._buffer.get_x_size() // 2, self._buffer.get_y_size()
        eyes = []
        for eye, clip, half in zip(lens.eyes, clips, (1, 0), strict=True):
            left, right, low, top = covered(pane.points, [clip]) or (-0.01, 0.01, -0.01, 0.01)
            left, right = whole(-right, -left, wide)
            low, top = whole(low, top, high)
            eyes.append(_FLIP @ eye @ _FLIP @ crop(left, right, low, top))
            start, end = ((half + (1.0 + x) / 2) / 2 for x in (left, right))
            self._regions[half].set_dimensions(start, end, (1.0 + low) / 2, (1.0 + top) / 2)
        _set_lens(self._lens, _FLIP @ lens.cull @ _FLIP, (eyes[0], eyes[1]))
        # What stands behind the mirror is not seen in it.
        self._camera.node().set_initial_state(behind(pane))

    def close(self) -> None:
        """Free the camera and its buffer."""
        self._camera.remove_node()
        self._stage.graphics.remove(self._buffer)


def _divide(buffer: Any, camera: Any, channels: tuple[int, int]) -> list[Any]:
    """Draw one eye in each half of a buffer, from left to right; returns the two regions."""
    regions = []
    for index, channel in enumerate(channels):
        region = buffer.make_mono_display_region(0.5 * index, 0.5 * index + 0.5, 0.0, 1.0)
        region.set_stereo_channel(channel)
        # The engine resolves samples under the last region's scissor: one eye would stay black.
        region.set_scissor_enabled(False)
        region.set_camera(camera)
        regions.append(region)
    return regions


def _set_lens(lens: Any, cull: F64, eyes: tuple[F64, F64]) -> None:
    lens.set_user_mat(_matrix(cull))
    lens.set_left_eye_mat(_matrix(eyes[0]))
    lens.set_right_eye_mat(_matrix(eyes[1]))


def _matrix(values: F64) -> Any:
    return core.LMatrix4f(*values.ravel().tolist())
