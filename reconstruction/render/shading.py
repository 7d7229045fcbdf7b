"""Simple pictures of meshes: Lambert shading, textures, sRGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from .camera import Camera
from .zbuffer import Raster, interpolate, render


@dataclass(frozen=True)
class Light:
    """A sun with a hemisphere of sky and ground light; all in linear light.

    Attributes:
        direction: towards the light, need not be of unit length, world frame.
        strength: of the sun.
        sky, ground: ambient strength from above and from below.
    """

    direction: tuple[float, float, float] = (0.4, 0.9, 0.7)
    strength: float = 0.75
    sky: float = 0.55
    ground: float = 0.3


def shade(
    raster: Raster,
    faces: I32,
    normals: F32,
    albedo: F32,
    light: Light,
    away: NDArray[np.bool_] | None = None,
) -> F32:
    """Lambert shading of a raster.

    Args:
        normals: (n, 3) float32 vertex normals.
        albedo: linear RGB: (m, 3) per face, or (h, w, 3) per pixel.
        away: (m,) faces whose back is seen (:func:`turned_away`): there the normal is turned
            round, as glTF has it for double-sided materials. None: there are none.

    Returns:
        (h, w, 4) float32: linear RGB, and alpha 1 where the product is seen.
    """
    normal = interpolate(raster, faces, normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)
    seen = raster.face_id >= 0
    if away is not None:
        normal[seen & away[np.maximum(raster.face_id, 0)]] *= -1
    colour = albedo if albedo.ndim == 3 else albedo[np.maximum(raster.face_id, 0)]
    sun = np.asarray(light.direction) / np.linalg.norm(light.direction)
    lambert = np.maximum(normal @ sun.astype(np.float32), 0) * light.strength
    ambient = light.ground + (light.sky - light.ground) * (normal[..., 1] * 0.5 + 0.5)
    out = np.zeros((*seen.shape, 4), np.float32)
    out[..., :3] = colour * (lambert + ambient)[..., None] * seen[..., None]
    out[..., 3] = seen
    return out


def turned_away(vertices: F32, faces: I32, camera: Camera) -> NDArray[np.bool_]:
    """(m,): whether a camera sees a face (m, 3), if at all, from behind.

    Args:
        vertices: (n, 3) float32, metres.
    """
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    toward = np.asarray(camera.position, np.float32) - a
    return np.asarray(np.einsum("nk,nk->n", np.cross(b - a, c - a), toward) < 0, np.bool_)


def sample_texture(texture: NDArray[np.uint8], uv: F32) -> F32:
    """Bilinear look-up in an sRGB picture.

    Args:
        texture: (h, w, 3) uint8 sRGB.
        uv: (..., 2) float32, (0, 0) is the upper left corner.

    Returns:
        (..., 3) float32 linear RGB.
    """
    height, width = texture.shape[:2]
    x = np.clip(uv[..., 0] * width - 0.5, 0, width - 1.001)
    y = np.clip(uv[..., 1] * height - 0.5, 0, height - 1.001)
    x0, y0 = x.astype(np.int32), y.astype(np.int32)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    linear = srgb_to_linear(texture[..., :3])
    top = linear[y0, x0] * (1 - fx) + linear[y0, x1] * fx
    low = linear[y1, x0] * (1 - fx) + linear[y1, x1] * fx
    return np.asarray(top * (1 - fy) + low * fy, np.float32)


def srgb_to_linear(image: NDArray[np.uint8]) -> F32:
    """SRGB bytes to linear light 0 to 1 (IEC 61966-2-1)."""
    return np.asarray(_LINEAR[image])


def linear_to_srgb(image: F32) -> NDArray[np.uint8]:
    """Linear light 0 to 1 to sRGB bytes (IEC 61966-2-1)."""
    # Steps of 1/65535 are below a tenth of a byte's step even where the curve is steepest.
    return np.asarray(_ENCODED[(np.clip(image, 0.0, 1.0) * 65535 + 0.5).astype(np.uint16)])


def _linear_table() -> F32:
    x = np.arange(256) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded_table() -> NDArray[np.uint8]:
    x = np.arange(65536) / 65535
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return np.asarray(encoded * 255 + 0.5, np.uint8)


_LINEAR = _linear_table()
_ENCODED = _encoded_table()


def picture(
    mesh: Mesh,
    camera: Camera,
    size: tuple[int, int],
    colours: dict[str, tuple[float, float, float]] | None = None,
    textures: dict[str, NDArray[np.uint8]] | None = None,
    light: Light | None = None,
    oversample: int = 2,
) -> NDArray[np.uint8]:
    """An anti-aliased picture of a mesh.

    Args:
        colours: linear RGB per material slot, where there is no texture.
        textures: (h, w, 3) uint8 sRGB per material slot.

    Returns:
        (h, w, 4) uint8 sRGB with straight alpha.
    """
    height, width = size[0] * oversample, size[1] * oversample
    raster = render(mesh.vertices, mesh.faces, camera, (height, width))
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of_part = np.array([slots.index(s) for s in mesh.part_material])
    slot = slot_of_part[mesh.face_part][np.maximum(raster.face_id, 0)]
    albedo = np.full((height, width, 3), 0.6, np.float32)
    uv = interpolate(raster, mesh.faces, mesh.uv) if textures else None
    for i, name in enumerate(slots):
        here = slot == i
        if textures and name in textures and uv is not None:
            albedo[here] = sample_texture(textures[name], uv[here])
        elif colours and name in colours:
            albedo[here] = colours[name]
    away = turned_away(mesh.vertices, mesh.faces, camera)
    shaded = shade(raster, mesh.faces, mesh.normals(), albedo, light or Light(), away)
    small = shaded.reshape(size[0], oversample, size[1], oversample, 4).mean(axis=(1, 3))
    alpha = small[..., 3:]
    out = np.empty((*size, 4), np.uint8)
    out[..., :3] = linear_to_srgb(small[..., :3] / np.maximum(alpha, 1e-6))
    out[..., 3] = np.round(alpha[..., 0] * 255)
    return out
