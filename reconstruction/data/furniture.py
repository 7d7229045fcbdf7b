"""Pictures of furniture: random members, materials, lights and cameras, by the numba renderer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..families import get_family
from ..families.furniture_family import FurnitureFamily
from ..families.furniture_solids import Topology
from ..mesh import vertex_normals
from ..render.rasterize import Camera, frame_camera, orbit_rotation, render
from .drawn import Drawn
from .textures import F32, Rng, colour, fabric, noise

_WOODS = np.array(
    [
        [0.76, 0.60, 0.42],
        [0.55, 0.36, 0.22],
        [0.36, 0.22, 0.14],
        [0.22, 0.14, 0.10],
        [0.86, 0.75, 0.60],
        [0.62, 0.42, 0.25],
        [0.93, 0.92, 0.90],
        [0.08, 0.08, 0.08],
    ]
)


def random_camera(
    rng: Rng, points: F32, family: FurnitureFamily, choices: Mapping[str, str], fill: float
) -> Camera:
    """A camera as people hold it before such a product; see the family's ``habit``."""
    habit = family.habit
    picked = {f"{name}={option}" for name, option in choices.items()}
    around = 0.0 if picked & set(habit.front_only) else habit.behind
    low, high = (-math.pi, math.pi) if rng.random() < around else habit.azimuth
    azimuth = float(rng.uniform(low, high))
    elevation = float(rng.uniform(*habit.elevation))
    roll = float(rng.normal(0, 0.025))
    fov = float(np.exp(rng.uniform(np.log(0.2), np.log(1.0))))
    return frame_camera(points, azimuth, elevation, roll=roll, fov=fov, margin=1 / fill)


def camera_numbers(camera: Camera, points: F32) -> tuple[float, ...]:
    """The camera as the network sees it, see :data:`reconstruction.data.drawn.CAMERA_FIELDS`."""
    diagonal = float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))
    return (
        math.sin(camera.azimuth),
        math.cos(camera.azimuth),
        camera.elevation,
        camera.roll,
        math.log(camera.distance / diagonal),
    )


def _wood(rng: Rng, size: int) -> F32:
    base = _WOODS[int(rng.integers(len(_WOODS)))] if rng.random() < 0.7 else colour(rng, 0.6)
    grain = noise(rng, size, int(rng.integers(20, 60)), rng.uniform(5, 20))
    knots = noise(rng, size, 5, 3)
    strength = rng.uniform(0.0, 0.14)
    out = np.asarray(base, np.float32) * (1 + strength * (grain + 0.6 * knots))[..., None]
    return np.clip(out, 0, 1).astype(np.float32)


def _cloth(rng: Rng, size: int) -> F32:
    if rng.random() < 0.5:
        return fabric(rng, size)
    return np.asarray(np.ones((size, size, 3)) * colour(rng), np.float32)


def _plain(rng: Rng, size: int, tone: ArrayLike) -> F32:
    """One colour, faintly uneven."""
    uneven = 1 + 0.03 * noise(rng, size, 4, 4)[..., None]
    return np.asarray(
        np.clip(np.ones((size, size, 3)) * np.asarray(tone) * uneven, 0, 1), np.float32
    )


def _bedding(rng: Rng, size: int) -> F32:
    if rng.random() < 0.3:
        return _cloth(rng, size)
    return _plain(rng, size, rng.uniform(0.7, 0.97) * (1 + rng.normal(0, 0.02, 3)))


def _shade(rng: Rng, size: int) -> F32:
    """Lampshades are mostly pale, and shine."""
    if rng.random() < 0.25:
        return _cloth(rng, size)
    warm = np.array([1.0, rng.uniform(0.85, 1.0), rng.uniform(0.65, 0.98)])
    return _plain(rng, size, rng.uniform(0.75, 1.0) * warm)


def _coat(rng: Rng, size: int) -> F32:
    """A car's paint: half of all cars are white, grey or black."""
    tone = rng.uniform(0.03, 0.95) * np.ones(3) if rng.random() < 0.5 else colour(rng)
    return _plain(rng, size, tone)


def _front(rng: Rng, size: int) -> F32:
    """Doors and drawers: of the same wood, or painted."""
    if rng.random() < 0.6:
        return _wood(rng, size)
    return _plain(rng, size, colour(rng) if rng.random() < 0.5 else rng.uniform(0.6, 0.98))


def _pane(rng: Rng, size: int) -> F32:
    """Glass: dark from afar, with a tint."""
    return _plain(rng, size, rng.uniform(0.05, 0.6) * (1 + rng.normal(0, 0.06, 3)))


def _grey(rng: Rng, size: int, low: float, high: float) -> F32:
    return _plain(rng, size, rng.uniform(low, high))


def _upper(rng: Rng, size: int) -> F32:
    """Leather or cloth of a shoe: as often black, brown or white as in a colour."""
    if rng.random() < 0.3:
        return _cloth(rng, size)
    leathers = [[0.05, 0.05, 0.05], [0.30, 0.18, 0.10], [0.55, 0.38, 0.24], [0.92, 0.91, 0.89]]
    tone = leathers[int(rng.integers(4))] if rng.random() < 0.6 else colour(rng, 0.7)
    return _plain(rng, size, tone)


def _sole(rng: Rng, size: int) -> F32:
    """Rubber, leather or cork."""
    tone = rng.uniform(0.03, 0.95) if rng.random() < 0.7 else colour(rng, 0.4)
    return _plain(rng, size, tone)


def _lining(rng: Rng, size: int) -> F32:
    """Lies in its own shade."""
    return np.asarray(0.7 * _plain(rng, size, colour(rng, 0.3)), np.float32)


_MATERIALS: Mapping[str, Callable[[Rng, int], F32]] = {
    "upholstery": _cloth,
    "fabric": _cloth,
    "trim": _cloth,
    "upper": _upper,
    "sole": _sole,
    "lining": _lining,
    "accent": _cloth,
    "carpet": _cloth,
    "border": _cloth,
    "bedding": _bedding,
    "shade": _shade,
    "front": _front,
    "paint": _coat,
    "glass": _pane,
    "metal": lambda rng, size: _grey(rng, size, 0.05, 0.8),
    "shell": lambda rng, size: _plain(rng, size, colour(rng)),
    "lens": lambda rng, size: _plain(rng, size, np.array([rng.uniform(0.4, 0.9), 0.08, 0.06])),
    "ceramic": lambda rng, size: _plain(rng, size, colour(rng)),
    "light": lambda rng, size: _grey(rng, size, 0.75, 1.0),
    "rubber": lambda rng, size: _grey(rng, size, 0.03, 0.2),
    "plastic": lambda rng, size: _grey(rng, size, 0.04, 0.3),
}
"""What a slot looks like; all others are wood or painted."""


def _material(rng: Rng, name: str, size: int) -> F32:
    """(size, size, 3) linear-light albedo of a material slot."""
    picture = _MATERIALS.get(name, _wood)(rng, size)
    linear: F32 = np.clip(picture, 0.02, 0.98).astype(np.float32) ** 2.2
    return linear


def _smooth_normals(points: F32, topology: Topology, corners: NDArray[np.int32], bary: F32) -> F32:
    """(n, 3) unit normals of surface points in triangles (n, 3) at barycentrics (n, 3)."""
    normals = vertex_normals(points, topology.point_faces)[topology.weld]
    out = np.einsum("nc,nck->nk", bary, normals[corners])
    return np.asarray(
        out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), np.float32
    )


def _lit(vertices: F32, faces: NDArray[np.int32], places: F32, sun: F32, side: int) -> F32:
    """(n,) 1 where the sun reaches the places (n, 3), by a shadow map of (side, side)."""
    azimuth = math.atan2(float(sun[0]), float(sun[2]))
    elevation = math.asin(float(np.clip(sun[1], -1, 1)))
    lamp = frame_camera(vertices, azimuth, elevation, fov=0.15, margin=1.05)
    depth = render(vertices, faces, lamp, (side, side)).depth
    spot = lamp.project(places, (side, side))
    column = np.clip(spot[:, 0].astype(np.int32), 0, side - 1)
    row = np.clip(spot[:, 1].astype(np.int32), 0, side - 1)
    size = float(np.linalg.norm(vertices.max(axis=0) - vertices.min(axis=0)))
    return (spot[:, 2] < depth[row, column] + 0.02 * size).astype(np.float32)


def _floor_shadow(
    vertices: F32,
    faces: NDArray[np.int32],
    camera: Camera,
    sun: F32,
    size: int,
    softness: float,
) -> F32:
    """(size, size) 1 where the product throws its shadow on the floor."""
    reach = vertices[:, 1:2] / max(float(sun[1]), 0.15)
    cast = vertices - reach * sun[None]
    cast[:, 1] = 0
    raster = render(cast.astype(np.float32), faces, camera, (size, size))
    mask = (raster.face_id >= 0).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.4, softness * size)), np.float32)


def _sun(rng: Rng, camera: Camera) -> F32:
    """(3,) unit vector towards a light above, rather behind the camera than behind the product."""
    sun = rng.normal(0, 1, 3)
    sun[1] = abs(sun[1]) + 0.5
    back = orbit_rotation(camera.azimuth, camera.elevation, 0.0)[2]
    sun = sun / np.linalg.norm(sun) + rng.uniform(0, 0.8) * back
    return np.asarray(sun / np.linalg.norm(sun), np.float32)


def _albedo(rng: Rng, topology: Topology, face: NDArray[np.int32], uv: F32) -> F32:
    """(n, 3) linear colours of surface points on faces (n,) at (n, 2) texture places."""
    slots = tuple(dict.fromkeys(topology.part_material))
    slot = np.array([slots.index(m) for m in topology.part_material])[topology.face_part][face]
    out = np.zeros((len(face), 3), np.float32)
    for i, material in enumerate(slots):
        texture = _material(rng, material, 96)
        here = slot == i
        index = (uv[here] * rng.uniform(100, 400)).astype(np.int32) % 96
        out[here] = texture[index[:, 1], index[:, 0]]
    tones = rng.normal(1, 0.04, len(topology.parts)).astype(np.float32)
    return np.asarray(out * tones[topology.face_part[face]][:, None], np.float32)


def _light(
    rng: Rng,
    vertices: F32,
    faces: NDArray[np.int32],
    normal: F32,
    places: F32,
    camera: Camera,
    sun: F32,
) -> F32:
    """(n, 1) light that reaches the surface points: sun, its shadow, sky, floor and gloss."""
    strength, sky, floor = rng.uniform(0.15, 0.8), rng.uniform(0.35, 0.8), rng.uniform(0.1, 0.5)
    direct = np.maximum(normal @ sun, 0) * strength
    if rng.random() < 0.6:
        direct = direct * _lit(vertices, faces, places, sun, 160)
    light = direct + floor + (sky - floor) * (normal[:, 1] * 0.5 + 0.5)
    if rng.random() < 0.4:
        view = (camera.position - vertices.mean(axis=0)).astype(np.float32)
        half = sun + view / np.linalg.norm(view)
        gloss = np.maximum(normal @ (half / np.linalg.norm(half)), 0) ** rng.uniform(8, 60)
        light = light + rng.uniform(0.05, 0.5) * gloss
    return np.asarray(light[:, None], np.float32)


def _shrink(values: F32, where: NDArray[np.intp], size: int, oversample: int) -> F32:
    """Sum (n, k) values at flat places of the large picture into (size, size, k) pixels."""
    side = size * oversample
    pixel = (where // side) // oversample * size + (where % side) // oversample
    sums = [np.bincount(pixel, values[:, k], size * size) for k in range(values.shape[1])]
    out = np.stack(sums, axis=-1).reshape(size, size, -1) / oversample**2
    return np.asarray(out, np.float32)


def draw_furniture(
    rng: Rng,
    name: str,
    size: int,
    *,
    member: tuple[dict[str, float], dict[str, str]] | None = None,
    oversample: int = 2,
    fill: float | None = None,
) -> Drawn:
    """A member of a furniture family in random materials, light and view.

    Args:
        size: side of the picture, pixels.
        member: complete values and choices; None: random.
        fill: share of the picture that the product's larger side takes; None: random.
    """
    family = get_family(name)
    assert isinstance(family, FurnitureFamily)
    values, choices = family.sample(rng) if member is None else member
    topology: Topology = family.topology(choices)
    points = family.points(values, choices)
    vertices = np.ascontiguousarray(points[topology.weld])
    faces = topology.faces
    share = float(rng.uniform(0.82, 0.98)) if fill is None else fill
    camera = random_camera(rng, vertices, family, choices, share)
    side = size * oversample
    raster = render(vertices, faces, camera, (side, side))
    where = np.flatnonzero(raster.face_id >= 0)
    face = raster.face_id.ravel()[where]
    bary = raster.bary.reshape(-1, 3)[where]
    corners = faces[face]
    uv = np.einsum("nc,nck->nk", bary, topology.uv[corners])
    places = np.einsum("nc,nck->nk", bary, vertices[corners])
    sun = _sun(rng, camera)
    normal = _smooth_normals(points, topology, corners, bary)
    light = _light(rng, vertices, faces, normal, places, camera, sun)
    linear = np.clip(_albedo(rng, topology, face, uv) * light, 0, 1)
    small = _shrink(
        np.concatenate([linear, np.ones((len(face), 1), np.float32)], 1), where, size, oversample
    )
    alpha = small[..., 3]
    rgb = (small[..., :3] / np.maximum(alpha, 1e-3)[..., None]) ** (1 / 2.2)
    shade: F32 | None = None
    if rng.random() < 0.7:
        shadow = _floor_shadow(vertices, faces, camera, sun, size, rng.uniform(0.005, 0.04))
        shade = (1 - rng.uniform(0.1, 0.6) * shadow).astype(np.float32)
    return Drawn(
        np.clip(rgb, 0, 1).astype(np.float32),
        alpha,
        shade,
        name,
        values,
        choices,
        frozenset(family.active(choices)),
        camera=camera_numbers(camera, vertices),
    )
