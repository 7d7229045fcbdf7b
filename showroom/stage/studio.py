"""The light that artists look at a product in: a photo studio of soft boxes, which can be turned.

Reflections are prefiltered: mip level ``k`` of the cube map holds the light that a surface of
roughness ``(k / top)²`` reflects (Karis, "Real shading in Unreal Engine 4", 2013, split sum).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
SIZE, TOP = 64, 6
_SAMPLES = 96
_GAIN = 0.5
"""So that white paper that faces the camera is nearly white."""
_BOXES = (
    # Direction, half width and half height (tangents), softness, colour.
    ((0.75, 0.85, 0.65), 0.55, 0.40, 0.22, (7.0, 6.8, 6.5)),
    ((-0.95, 0.35, 0.45), 0.50, 0.60, 0.35, (1.9, 2.0, 2.15)),
    ((0.15, 0.55, -1.0), 0.65, 0.12, 0.15, (3.2, 3.2, 3.2)),
)
KEY: tuple[float, float, float] = (0.75, 0.95, 0.65)
"""Towards the largest box, from which shadows fall."""
KEY_COLOR: tuple[float, float, float] = (0.46, 0.45, 0.43)


def radiance(direction: F64) -> F64:
    """(n, 3) linear light from (n, 3) unit directions."""
    up = direction[:, 1:2]
    sky, floor = np.array([0.62, 0.63, 0.65]), np.array([0.34, 0.33, 0.32])
    blend = 1.0 / (1.0 + np.exp(-up * 7.0))
    total: F64 = floor * (1.0 - blend) + sky * blend
    for way, wide, high, soft, color in _BOXES:
        ahead = np.asarray(way) / np.linalg.norm(way)
        right = np.cross([0.0, 1.0, 0.0], ahead)
        right /= np.linalg.norm(right)
        along = direction @ ahead
        safe = np.maximum(along, 1e-3)
        x = np.abs(direction @ right) / safe
        y = np.abs(direction @ np.cross(ahead, right)) / safe
        inside = _fade((wide - x) / soft) * _fade((high - y) / soft) * (along > 0.05)
        total = total + inside[:, None] * np.asarray(color)
    return total * _GAIN


def _fade(t: F64) -> F64:
    s = np.clip(t + 0.5, 0.0, 1.0)
    return np.asarray(s * s * (3.0 - 2.0 * s))


def _directions(size: int) -> F64:
    """(6, size, size, 3) unit directions of a cube map's texels, as OpenGL lays them out."""
    t = (np.arange(size) + 0.5) / size * 2.0 - 1.0
    v, u = np.meshgrid(t, t, indexing="ij")
    one = np.ones_like(u)
    faces = (
        (one, -v, -u), (-one, -v, u), (u, one, v), (u, -one, -v), (u, -v, one), (-u, -v, -one),
    )  # fmt: skip
    ways = np.stack([np.stack(face, -1) for face in faces])
    return np.asarray(ways / np.linalg.norm(ways, axis=-1, keepdims=True))


def prefiltered(level: int) -> F32:
    """(6, n, n, 3) float32: the cube's mip level, its light averaged over the GGX lobe."""
    size = SIZE >> level
    normal = _directions(size).reshape(-1, 3)
    if level == 0:
        return radiance(normal).reshape(6, size, size, 3).astype(np.float32)
    alpha = (level / TOP) ** 4  # of the roughness (level / TOP)²
    k = np.arange(_SAMPLES)
    first = (k + 0.5) / _SAMPLES
    angle = 2.0 * np.pi * ((k * 0.61803398875) % 1.0)
    cosine = np.sqrt((1.0 - first) / (1.0 + (alpha * alpha - 1.0) * first))
    sine = np.sqrt(1.0 - cosine * cosine)
    helper = np.where(np.abs(normal[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    across = np.cross(helper, normal)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(normal, across)
    total, weight = np.zeros((len(normal), 3)), np.zeros((len(normal), 1))
    for c, s, a in zip(cosine, sine, angle, strict=True):
        half = normal * c + across * (s * np.cos(a)) + other * (s * np.sin(a))
        light = 2.0 * c * half - normal  # The view is taken to be along the normal.
        share = np.maximum((light * normal).sum(axis=1, keepdims=True), 0.0)
        total += share * radiance(light / np.linalg.norm(light, axis=1, keepdims=True))
        weight += share
    return (total / np.maximum(weight, 1e-6)).reshape(6, size, size, 3).astype(np.float32)


@lru_cache(maxsize=1)
def cube() -> Any:
    """The studio as a cube map."""
    texture = core.Texture("studio")
    texture.setup_cube_map(SIZE, core.Texture.T_half_float, core.Texture.F_rgb16)
    for level in range(TOP + 1):
        data = prefiltered(level)[..., ::-1].astype(np.float16)
        array = core.PTA_uchar.empty_array(data.nbytes)
        np.frombuffer(memoryview(array).cast("B"), np.uint8)[:] = data.view(np.uint8).reshape(-1)
        if level:
            texture.set_ram_mipmap_image(level, core.CPTA_uchar(array))
        else:
            texture.set_ram_image(core.CPTA_uchar(array))
    texture.set_minfilter(core.SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(core.SamplerState.FT_linear)
    return texture


def probe(turn: float) -> F32:
    """(6, 3) float32: irradiance over pi from +x -x +y -y +z -z, the studio turned about Y."""
    count = 1024
    k = np.arange(count) + 0.5
    y = 1.0 - 2.0 * k / count
    angle = np.pi * (1.0 + 5.0**0.5) * k
    ring = np.sqrt(1.0 - y * y)
    ways = np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], axis=1)
    light = radiance(turned(ways, -turn))
    sides = np.concatenate([np.eye(3), -np.eye(3)])[[0, 3, 1, 4, 2, 5]]
    facing = np.maximum(ways @ sides.T, 0.0)
    return np.asarray(4.0 * facing.T @ light / count, np.float32)


def turned(directions: F64, angle: float) -> F64:
    """(n, 3) directions turned about Y, radians."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = directions.T
    return np.stack([c * x + s * z, y, c * z - s * x], axis=1)
