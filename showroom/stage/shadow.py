"""Shadows of what moves: one key light's shadow map, and soft contact spots on the floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core
from scipy.ndimage import gaussian_filter

from reconstruction.mesh import F32

from .graphics import Graphics, image_texture, shader
from .looks import PASS, SHADOWS
from .settings import StageSettings

CONTACT_CELL = 0.03
MARGIN = 0.25
REACH = 0.45
"""Metres above the floor below which things darken it."""
STEADY = 0.015
"""Metres that a thing may move before the spot under it is painted anew."""
EVERY = 6
"""How seldom the spot under an avatar is painted: 12 times a second at 72 frames."""
SOFT = 0.02
"""Radius of the key light's penumbra, metres."""


class KeyLight:
    """A directional light whose shadow map follows the things that move.

    Only one light casts shadows: it is enough for a room whose own shadows are baked, and
    Debian 12's Mesa crashes with several. The map is drawn only after something has moved.
    """

    mask = SHADOWS

    def __init__(self, graphics: Graphics, world: Any, settings: StageSettings) -> None:
        self._world, self._size = world, settings.shadow_size
        self._taps = settings.shadow_taps
        self._lens = core.OrthographicLens()
        self._lens.set_film_size(6, 6)
        self._lens.set_near_far(0.1, 30.0)
        camera = core.Camera("key", self._lens)
        camera.set_camera_mask(self.mask)
        self.camera = world.attach_new_node(camera)
        self._direction = np.array([0.3, 0.8, 0.5])
        self._center = np.zeros(3)
        self._radius = 3.0
        self.drawn = 0
        self.buffer: Any = None
        if self._size:
            camera.set_initial_state(_depth_state())
            # What needs a shader of its own also has a tag that says which.
            camera.set_tag_state_key(PASS)
            for words in ("INSTANCED", "MASK", "INSTANCED MASK"):
                camera.set_tag_state(words, _depth_state(*words.split()))
            self.buffer, texture = graphics.depth_buffer("key", self._size, -10)
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
        forward = -self._direction
        right = np.cross(forward, [0.0, 1.0, 0.0] if abs(forward[1]) < 0.99 else [0.0, 0.0, -1.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        self._axes = [*right.tolist(), 0.0, *up.tolist(), 0.0, *self._direction.tolist(), 0.0]
        self._world.set_shader_input("key_direction", core.LVecBase3f(*map(float, self._direction)))
        self._world.set_shader_input("key_color", core.LVecBase3f(*map(float, color)))

    def update(self, world: Any, boxes: Sequence[F32]) -> None:
        """Fit the shadow map around (2, 3) boxes, and have it drawn with the next frame.

        Call it when something has moved; :meth:`rest` when nothing has.
        """
        if boxes:
            all_boxes = np.stack(boxes)
            low, high = all_boxes[:, 0].min(axis=0), all_boxes[:, 1].max(axis=0)
            self._center = (low + high) / 2
            self._radius = float(np.clip(np.linalg.norm(high - low) / 2 + 0.05, 0.8, 9.0))
        eye = self._center + self._direction * (self._radius + 4.0)
        self.camera.set_mat(core.LMatrix4f(*self._axes, *eye.tolist(), 1.0))
        self._lens.set_film_size(2 * self._radius, 2 * self._radius)
        self._lens.set_near_far(0.1, 2 * self._radius + 12.0)
        inverse = core.LMatrix4f(self.camera.get_mat())
        inverse.invert_in_place()
        matrix = inverse * self._lens.get_projection_mat()
        world.set_shader_input("key_matrix", matrix)
        taps = float(self._taps) if self._size and boxes else 0.0
        texel = 1.0 / max(1, self._size)
        # A disc of at least 2.5 texels, and of 2 cm where texels are small.
        disc = max(2.5 * texel, SOFT / (2 * self._radius)) if self._taps > 1 else 0.0
        bias = 0.006 + 2.0 * self._radius * texel + (SOFT / 2 if self._taps > 1 else 0.0)
        world.set_shader_input("key_info", core.LVecBase4f(taps, disc, 0.42, bias))
        if self.buffer is not None:
            self.buffer.set_active(bool(boxes))
            self.drawn += bool(boxes)

    def rest(self) -> None:
        """Keep the map as it was drawn."""
        if self.buffer is not None:
            self.buffer.set_active(False)


def _depth_state(*defines: str) -> Any:
    state = core.NodePath("depth")
    state.set_shader(shader("depth", *defines, vertex="depth"), 100 + len(defines))
    state.set_attrib(core.ColorWriteAttrib.make(core.ColorWriteAttrib.C_off), 100)
    state.set_transparency(core.TransparencyAttrib.M_none, 100)
    return state.get_state()


class Spot:
    """The dark spot that a thing keeps on the floor under it.

    Attributes:
        node: NodePath of it, in the world's frame.
    """

    def __init__(self, parent: Any) -> None:
        self.node = parent.attach_new_node("spot")
        self._card = self.node.attach_new_node(_floor_card())
        self._card.set_shader(shader("decal"))
        self._card.set_transparency(core.TransparencyAttrib.M_alpha)
        self._card.set_depth_write(False)
        self._key: tuple[Any, ...] = ()
        self._height = 0.0
        self._late = 0
        self.empty = True

    def update(self, positions: F32, box: F32, matrix: F32, *, moving: bool = False) -> None:
        """Darken the floor under (n, 3) vertices that a (4, 4) matrix for row vectors places.

        Args:
            moving: the vertices move with every frame: it then follows every sixth time.
        """
        self._late = (self._late + 1) % EVERY
        if moving and self._key and self._late:
            return
        upright = is_upright(matrix)
        self._height = float(matrix[3, 1]) if upright else 0.0
        stand = np.eye(4, dtype=np.float32)
        if upright:  # The spot then only turns and moves with the thing.
            stand[:3, :3] = matrix[:3, :3]
            stand[3, [0, 2]] = matrix[3, [0, 2]]
        self.node.set_mat(core.LMatrix4f(*map(float, stand.ravel())))
        if upright:
            key = (*np.round(box / STEADY).ravel(), round(self._height / STEADY))
        else:
            key = (*np.round(box / STEADY).ravel(), *np.round(matrix / STEADY).ravel())
        if key == self._key:
            return
        self._key = key
        lift = np.array([0.0, self._height, 0.0], np.float32)
        placed = positions + lift if upright else _placed(positions, matrix)
        self.empty = bool((placed[:, 1] >= REACH).all())
        if self.empty:
            self._card.hide()
            return
        self._card.show()
        pixels, (x, z, w, d) = contact_pixels(placed.astype(np.float32))
        self._card.set_shader_input("base_map", image_texture(pixels, srgb=False, repeat=False))
        # Above a rug, which lies a centimetre higher than the floor.
        self._card.set_pos(x, 0.015, z)
        self._card.set_scale(w, 1.0, d)

    def local(self) -> Any:
        """The spot in the frame of an upright thing, as a NodePath of its own; None without one."""
        if self.empty:
            return None
        card = core.NodePath("spots")
        copied = self._card.copy_to(card)
        copied.set_y(0.015 - self._height)
        reducer = core.SceneGraphReducer
        reducer().apply_attribs(copied.node(), reducer.TT_transform)
        return card


def is_upright(matrix: F32) -> bool:
    """Whether a (4, 4) matrix for row vectors only turns about Y and moves."""
    return bool(np.abs(matrix[1, :3] - (0.0, 1.0, 0.0)).max() < 1e-3)


def _placed(positions: F32, matrix: F32) -> F32:
    return positions @ matrix[:3, :3] + matrix[3, :3]


def _floor_card() -> Any:
    maker = core.CardMaker("contact")
    maker.set_frame(-0.5, 0.5, -0.5, 0.5)
    path = core.NodePath(maker.generate())
    # The card stands upright, facing the viewer; lay it on the floor, its top towards -z.
    path.set_mat(core.LMatrix4f(1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1))
    path.flatten_light()
    return path.node()


def contact_pixels(
    placed: F32,
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """How much of the floor's light a thing close to it keeps away.

    Args:
        placed: (n, 3) float32 vertices, metres.

    Returns:
        (h, w) uint8 darkness with -z at the top, and the spot's centre x, z, width and depth.
    """
    near = placed[placed[:, 1] < REACH]
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
