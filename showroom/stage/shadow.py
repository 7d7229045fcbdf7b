"""Shadows of what moves: one key light's shadow map, and soft contact spots on the floor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core
from scipy.ndimage import gaussian_filter

from reconstruction.mesh import F32

from .graphics import Graphics, shader

CONTACT_SIZE = 64
CONTACT_CELL = 0.03
MARGIN = 0.25


class KeyLight:
    """A directional light whose shadow map follows the things that move.

    Only one light casts shadows: it is enough for a room whose own shadows are baked, and
    Debian 12's Mesa crashes with several.
    """

    mask = core.BitMask32.bit(1)

    def __init__(self, graphics: Graphics, world: Any, size: int) -> None:
        self._world, self._size = world, size
        self._lens = core.OrthographicLens()
        self._lens.set_film_size(6, 6)
        self._lens.set_near_far(0.1, 30.0)
        camera = core.Camera("key", self._lens)
        camera.set_camera_mask(self.mask)
        self.camera = world.attach_new_node(camera)
        self._direction = np.array([0.3, 0.8, 0.5])
        self._center = np.zeros(3)
        self._radius = 3.0
        if size:
            state = core.NodePath("depth")
            state.set_shader(shader("depth", vertex="depth"), 100)
            state.set_attrib(core.ColorWriteAttrib.make(core.ColorWriteAttrib.C_off), 100)
            camera.set_initial_state(state.get_state())
            self.buffer, texture = graphics.depth_buffer("key", size, -10)
            region = self.buffer.make_display_region()
            region.set_camera(self.camera)
            world.set_shader_input("key_map", texture)
        else:
            empty = core.Texture("no key")
            empty.setup_2d_texture(
                1, 1, core.Texture.T_unsigned_int, core.Texture.F_depth_component
            )
            empty.set_minfilter(core.SamplerState.FT_shadow)
            empty.set_magfilter(core.SamplerState.FT_shadow)
            world.set_shader_input("key_map", empty)

    def aim(self, direction: tuple[float, float, float], color: NDArray[np.float64]) -> None:
        """Set the direction towards the light and its linear colour."""
        self._direction = np.asarray(direction, np.float64) / np.linalg.norm(direction)
        self._world.set_shader_input("key_direction", core.LVecBase3f(*map(float, self._direction)))
        self._world.set_shader_input("key_color", core.LVecBase3f(*map(float, color)))

    def update(self, world: Any, things: Iterable[Any]) -> None:
        """Fit the shadow map around all things and hand its matrix to the shaders."""
        lows, highs = [], []
        for thing in things:
            matrix = np.array(thing.node.get_mat()).reshape(4, 4)
            corners = thing.mesh.positions
            box = np.stack([corners.min(axis=0), corners.max(axis=0)])
            eight = np.array(
                [[box[i, 0], box[j, 1], box[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
            )
            eight = eight @ matrix[:3, :3] + matrix[3, :3]
            lows.append(eight.min(axis=0))
            highs.append(eight.max(axis=0))
        if lows:
            low, high = np.min(lows, axis=0), np.max(highs, axis=0)
            self._center = (low + high) / 2
            self._radius = float(np.clip(np.linalg.norm(high - low) / 2 + 0.05, 0.8, 9.0))
        eye = self._center + self._direction * (self._radius + 4.0)
        forward = -self._direction
        right = np.cross(forward, [0.0, 1.0, 0.0] if abs(forward[1]) < 0.99 else [0.0, 0.0, -1.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        rows = [*right, 0.0, *up, 0.0, *(-forward), 0.0, *eye, 1.0]
        self.camera.set_mat(core.LMatrix4f(*(float(v) for v in rows)))
        self._lens.set_film_size(2 * self._radius, 2 * self._radius)
        self._lens.set_near_far(0.1, 2 * self._radius + 12.0)
        inverse = core.LMatrix4f(self.camera.get_mat())
        inverse.invert_in_place()
        matrix = inverse * self._lens.get_projection_mat()
        world.set_shader_input("key_matrix", matrix)
        live = 1.0 if self._size and lows else 0.0
        texel = 1.0 / max(1, self._size)
        world.set_shader_input("key_info", core.LVecBase4f(live, texel, 0.42, 0.0))


def contact_pixels(
    placed: F32,
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """How much of the floor's light a thing close to it keeps away.

    Args:
        placed: (n, 3) float32 vertices, metres.

    Returns:
        (h, w) uint8 darkness with -z at the top, and the spot's centre x, z, width and depth.
    """
    near = placed[placed[:, 1] < 0.45]
    if not len(near):
        return np.zeros((4, 4), np.uint8), (0.0, 0.0, 0.1, 0.1)
    low, high = near.min(axis=0) - MARGIN, near.max(axis=0) + MARGIN
    width, depth = float(high[0] - low[0]), float(high[2] - low[2])
    cell = max(CONTACT_CELL, width / 128, depth / 128)
    columns, rows = int(np.ceil(width / cell)), int(np.ceil(depth / cell))
    x = np.clip(((near[:, 0] - low[0]) / cell).astype(int), 0, columns - 1)
    z = np.clip(((near[:, 2] - low[2]) / cell).astype(int), 0, rows - 1)
    weight = np.exp(-np.maximum(near[:, 1], 0.0) / 0.12)
    cover = np.zeros((rows, columns), np.float32)
    np.maximum.at(cover, (z, x), weight.astype(np.float32))
    tight = gaussian_filter(cover, 0.045 / cell)
    wide = gaussian_filter(cover, 0.11 / cell)
    dark = 0.75 * (1.0 - np.exp(-1.6 * tight)) + 0.6 * (1.0 - np.exp(-2.2 * wide))
    # The spot ends softly before its border.
    ey = np.minimum(np.arange(rows), np.arange(rows)[::-1])[:, None] * cell / MARGIN
    ex = np.minimum(np.arange(columns), np.arange(columns)[::-1])[None, :] * cell / MARGIN
    dark = dark * np.clip(np.minimum(ex, ey) * 1.5, 0.0, 1.0)
    center = ((low[0] + high[0]) / 2, (low[2] + high[2]) / 2)
    pixels = (np.clip(dark, 0.0, 0.85) * 255).astype(np.uint8)
    return pixels, (float(center[0]), float(center[1]), width, depth)
