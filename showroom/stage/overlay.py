"""Pictures over a window's frame: captions at its lower edge, the menu at its right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from .graphics import Graphics, image_texture, shader

_BOARD_HEIGHT, _BOARD_EDGE = 0.82, 0.02
"""Of the menu, as shares of the frame's height and width."""


class Overlay:
    """Pictures over the frame."""

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
        self._cards: dict[str, tuple[NDArray[np.uint8], tuple[float, ...], Any]] = {}

    def show_picture(self, pixels: NDArray[np.uint8] | None) -> None:
        """Captions: (h, w, 4) uint8 pixels, or nothing; the same object again costs nothing."""
        width, height = self._size()
        if pixels is None:
            self._put("caption", None, ())
            return
        w, h = pixels.shape[1] / width, 2 * pixels.shape[0] / height
        self._put("caption", pixels, (-w, w, -0.94, -0.94 + h))

    def show_board(self, pixels: NDArray[np.uint8] | None) -> None:
        """The menu: (h, w, 4) uint8 pixels, or nothing; the same object again costs nothing."""
        if pixels is None:
            self._put("board", None, ())
            return
        left, top, width, height = self._board(pixels)
        frame = (2 * left - 1, 2 * (left + width) - 1, 1 - 2 * (top + height), 1 - 2 * top)
        self._put("board", pixels, frame)

    def on_board(self, x: float, y: float) -> tuple[float, float] | None:
        """Where a pixel of the frame is on the menu, (u, v) from its upper left; None beside it."""
        shown = self._cards.get("board")
        if shown is None:
            return None
        left, top, width, height = self._board(shown[0])
        across, down = self._size()
        u, v = (x / across - left) / width, (y / down - top) / height
        return (u, v) if 0.0 <= u < 1.0 and 0.0 <= v < 1.0 else None

    def _board(self, pixels: NDArray[np.uint8]) -> tuple[float, float, float, float]:
        """Left, top, width and height of the menu as shares of the frame."""
        across, down = self._size()
        height = _BOARD_HEIGHT
        width = height * down * pixels.shape[1] / pixels.shape[0] / across
        return 1.0 - _BOARD_EDGE - width, (1.0 - height) / 2, width, height

    def _size(self) -> tuple[int, int]:
        output = self._graphics.output
        return max(1, output.get_x_size()), max(1, output.get_y_size())

    def _put(self, name: str, pixels: NDArray[np.uint8] | None, frame: tuple[float, ...]) -> None:
        old = self._cards.get(name)
        if old is not None and old[0] is pixels and old[1] == frame:
            return
        if old is not None:
            old[2].remove_node()
            del self._cards[name]
        if pixels is None:
            return
        maker = core.CardMaker(name)
        maker.set_frame(*frame)
        card = self._root.attach_new_node(maker.generate())
        card.set_shader(shader("flat"))
        card.set_transparency(core.TransparencyAttrib.M_alpha)
        card.set_depth_test(False)
        card.set_shader_input("base_map", image_texture(pixels, srgb=False, repeat=False))
        self._cards[name] = (pixels, frame, card)
