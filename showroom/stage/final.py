"""The last pass: a finished picture with its edges smoothed, where nothing is multisampled."""

from __future__ import annotations

from typing import Any

from panda3d import core

from .graphics import Graphics, shader


class FinalPass:
    """A buffer to draw into instead of the output, and the pass that brings it there.

    Attributes:
        buffer: what cameras draw into.
    """

    def __init__(self, graphics: Graphics) -> None:
        self._graphics = graphics
        output = graphics.output
        size = output.get_x_size(), output.get_y_size()
        self.buffer = graphics.color_buffer("scene", *size, 0, 0)
        self.buffer.set_clear_color(output.get_clear_color())
        root = core.NodePath("final")
        maker = core.CardMaker("final")
        maker.set_frame(-1, 1, -1, 1)
        card: Any = root.attach_new_node(maker.generate())
        card.set_mat(core.LMatrix4f(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1))
        card.flatten_light()
        card.set_shader(shader("fxaa", vertex="fxaa"))
        texture = self.buffer.get_texture()
        texture.set_minfilter(core.SamplerState.FT_linear)
        texture.set_magfilter(core.SamplerState.FT_linear)
        card.set_shader_input("picture", texture)
        card.set_depth_test(False)
        card.set_depth_write(False)
        card.node().set_bounds(core.OmniBoundingVolume())
        card.node().set_final(True)
        self._card = card
        camera = root.attach_new_node(core.Camera("final", core.OrthographicLens()))
        self._region = output.make_display_region()
        self._region.set_sort(-10)
        self._region.set_camera(camera)
        self._size = (0, 0)
        self.update()

    def update(self) -> None:
        """Follow the output's size and background."""
        output = self._graphics.output
        size = output.get_x_size(), output.get_y_size()
        self.buffer.set_active(output.is_active())
        self.buffer.set_clear_color(output.get_clear_color())
        if size != self._size:
            self._size = size
            if size != (self.buffer.get_x_size(), self.buffer.get_y_size()):
                self.buffer.set_size(*size)
            self._card.set_shader_input(
                "pixel", core.LVecBase4f(1.0 / size[0], 1.0 / size[1], 0, 0)
            )
