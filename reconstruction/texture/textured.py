"""What texturing leaves behind: materials, and how the product lies in each photo it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32
from ..product import Material
from ..render.shading import sample_texture
from ..render.zbuffer import interpolate, render_screen

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PhotoView:
    """How a textured mesh lies in one photo; enough to draw it there again.

    Attributes:
        screen: (n, 3) float32 per vertex: pixel x and y (centres at .5) and a depth above 0.
        faces: (m, 3) int32, the triangles that this photo can show.
        face_slot: (m,) int32, index into ``slots``.
        slots: material slots.
        uv: (n, 2) float32.
        size: (height, width) of the photo in pixels.
        shading: (h, w) float32, the light that was taken out of the photo in making the base
            colour, as a factor in linear light: photo = base colour x shading. Spread over the
            whole photo whatever its resolution.
    """

    screen: F32
    faces: I32
    face_slot: I32
    slots: tuple[str, ...]
    uv: F32
    size: tuple[int, int]
    shading: F32

    def draw(
        self, textures: Mapping[str, U8], factors: Mapping[str, tuple[float, float, float]]
    ) -> tuple[F32, Bool]:
        """The base colour as the photo's camera sees it, without any light.

        Args:
            textures: (h, w, 3) uint8 sRGB by slot; slots without one show their factor alone.
            factors: linear RGB by slot.

        Returns:
            (h, w, 3) float32 linear RGB, and (h, w) bool where the product is.
        """
        raster = render_screen(self.screen, self.faces, self.size)
        seen = raster.face_id >= 0
        uv = interpolate(raster, self.faces, self.uv)
        slot = np.where(seen, self.face_slot[np.maximum(raster.face_id, 0)], -1)
        out = np.zeros((*self.size, 3), np.float32)
        for i, name in enumerate(self.slots):
            here = slot == i
            factor = np.array(factors.get(name, (1.0, 1.0, 1.0)), np.float32)
            if name in textures:
                out[here] = sample_texture(textures[name], uv[here]) * factor
            else:
                out[here] = factor
        return out, seen


@dataclass(frozen=True, eq=False)
class Textured:
    """The materials of a product and where they came from.

    Attributes:
        materials: by material slot.
        views: one per photo that was used, the main one first.
        origin: (s, s) uint8 over the texture: 2 seen in a photo, 1 taken from the mirror image,
            0 invented from the material.
    """

    materials: Mapping[str, Material]
    views: tuple[PhotoView, ...] = ()
    origin: U8 = field(default_factory=lambda: np.zeros((1, 1), np.uint8))
