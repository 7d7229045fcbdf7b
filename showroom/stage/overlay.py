"""A picture over the lower edge of the frame: captions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from .graphics import Graphics, image_texture, shader


class Overlay:
    """A picture over the lower edge of the frame."""

    def __init__(self, graphics: Graphics) -> None:
        self._root = core.NodePath("overlay")
        lens = core.OrthographicLens()
        lens.set_film_size(2, 2)
        lens.set_near_far(-10, 10)
        camera = self._root.attach_new_node(core.Camera("overlay", lens))
        region = graphics.output.make_display_region()
        region.set_sort(20)
        region.set_camera(camera)
        self._graphics = graphics
        self._card: Any = None
        self._shown: Any = None

    def show_picture(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show (h, w, 4) uint8 pixels, or nothing; the same object again costs nothing."""
        if pixels is self._shown:
            return
        self._shown = pixels
        if self._card is not None:
            self._card.remove_node()
            self._card = None
        if pixels is None:
            return
        width, height = self._graphics.output.get_x_size(), self._graphics.output.get_y_size()
        w, h = pixels.shape[1] / width, 2 * pixels.shape[0] / height
        maker = core.CardMaker("caption")
        maker.set_frame(-w, w, -0.94, -0.94 + h)
        self._card = self._root.attach_new_node(maker.generate())
        self._card.set_shader(shader("flat"))
        self._card.set_transparency(core.TransparencyAttrib.M_alpha)
        self._card.set_depth_test(False)
        texture = image_texture(pixels, srgb=False, repeat=False)
        self._card.set_shader_input("base_map", texture)
