"""Pictures of members of the families by a ray tracer that no training sees, with their truth.

Solid products stand in a studio or a room, sewn ones lie on a floor, in light from soft boxes or a
window. Pictures are seeded and come as JPEG bytes, as a photo would.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.textures import Rng, fabric
from ..families import get_family
from ..families.furniture_family import FurnitureFamily
from ..families.garment import GarmentFamily
from ..family import Family
from ..mesh import Mesh
from ..render.camera import Camera, frame_camera
from .environment import made_up
from .flatlay import flat_body
from .raytrace import Body, trace
from .surroundings import (
    METALS,
    Style,
    box,
    clutter,
    floor,
    material,
    planks,
    room,
    sweep,
    timber,
    to_bytes,
)

SIZE = 416


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered photo and what is true about it.

    Attributes:
        jpeg: the photo.
        mask: (h, w) bool, where the product is.
        azimuth, elevation: of the camera, radians; NaN for what lies flat.
        eye: (3,) the camera in the product's frame, or None for what lies flat.
    """

    jpeg: bytes
    mask: NDArray[np.bool_]
    azimuth: float
    elevation: float
    eye: NDArray[np.float64] | None


def picture_of(
    family: Family,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    rng: Rng,
    style: Style,
    *,
    mesh: Mesh | None = None,
) -> Picture:
    """Photograph a member of a family as such products are shown.

    Args:
        mesh: what is photographed of a solid family instead of the member itself.
    """
    if isinstance(family, GarmentFamily):
        return _flat(family, values, choices, rng, style)
    assert isinstance(family, FurnitureFamily)
    return _solid(family, mesh or shown_mesh(family, values, choices), rng, style)


def random_member(
    name: str, seed: int, index: int
) -> tuple[Family, dict[str, float], dict[str, str], Rng]:
    """Member ``index`` of a family for a seed, and the generator to photograph it with."""
    rng = np.random.default_rng((seed, index, *name.encode()))
    family = get_family(name)
    values, choices = family.sample(rng)
    return family, values, choices, rng


def shown_mesh(
    family: FurnitureFamily, values: Mapping[str, float], choices: Mapping[str, str]
) -> Mesh:
    """A solid member as photos show it: a hat or a shoe off the body, with its own choices."""
    how = family.topology(choices)
    points = family.points(values, choices)
    return Mesh(
        np.ascontiguousarray(points[how.weld]),
        how.faces,
        how.uv,
        how.face_part,
        how.parts,
        how.part_material,
        how.weld,
    )


def estranged(mesh: Mesh, amount: float, rng: Rng) -> Mesh:
    """A mesh bent smoothly so that its family cannot follow, in the same box.

    Args:
        amount: how far surfaces move, as a share of the box's largest side.
    """
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    side = float((high - low).max())
    place = (mesh.vertices - low) / side
    moved = mesh.vertices.astype(np.float64)
    for _ in range(3):
        wave, phase = rng.normal(0, 4, 3), rng.uniform(0, 2 * math.pi)
        way = rng.normal(0, 1, 3)
        way *= amount * side / np.linalg.norm(way)
        moved += np.sin(place @ wave + phase)[:, None] * way
    now_low, now_high = moved.min(axis=0), moved.max(axis=0)
    moved = (moved - now_low) / np.maximum(now_high - now_low, 1e-9) * (high - low) + low
    return mesh.with_vertices(moved.astype(np.float32))


def _solid(family: FurnitureFamily, mesh: Mesh, rng: Rng, style: Style) -> Picture:
    low, high = (np.asarray(f(mesh.vertices, axis=0), np.float64) for f in (np.min, np.max))
    size = float((high - low).max())
    azimuth = float(rng.uniform(*family.habit.azimuth))
    elevation = float(rng.uniform(*family.habit.elevation))
    fov = float(rng.uniform(0.35, 0.75))
    camera = frame_camera(
        mesh.vertices, azimuth, elevation, fov=fov, margin=float(rng.uniform(1.15, 1.5))
    )
    moved = np.asarray(camera.target) + rng.uniform(-0.06, 0.06, 3) * size
    camera = replace(camera, target=(float(moved[0]), float(moved[1]), float(moved[2])))
    # From below its level the floor would hide the product.
    level = (0.02 * size - camera.target[1]) / camera.distance
    elevation = max(elevation, math.asin(min(level, 1.0)))
    camera = replace(camera, elevation=elevation)
    product = _bodies(mesh, rng, style)
    if style in ("studio", "white"):
        around = _turned(sweep(size, style == "white", rng), azimuth)
    else:
        around = _turned(room(size, rng), azimuth)
        if style == "clutter":
            back = -np.array([math.sin(azimuth), math.cos(azimuth)])
            around += clutter(low, high, back, rng)
    jpeg, mask = _photograph(product, around, camera, rng, style)
    return Picture(jpeg, mask, azimuth, elevation, camera.position)


def _flat(
    family: GarmentFamily,
    values: Mapping[str, float],
    choices: Mapping[str, str],
    rng: Rng,
    style: Style,
) -> Picture:
    body = flat_body(family, values, choices, family.sample_pose(rng, choices), rng, style)
    size = float(np.ptp(body.vertices, axis=0).max())
    if style == "white":
        ground = to_bytes(np.full((8, 8, 3), rng.uniform(0.92, 0.97), np.float32))
    elif style == "studio":
        ground = to_bytes(np.full((8, 8, 3), rng.uniform(0.5, 0.9), np.float32))
    elif rng.random() < 0.6:
        ground = planks(rng)
    else:
        ground = to_bytes(fabric(rng, 512))
    around = [floor(3 * size, ground, repeat=3.0)]
    if style == "clutter":
        around += _strewn(body, rng)
    fov = float(rng.uniform(0.5, 0.9))
    spot = rng.uniform(-0.04, 0.04, 2) * size
    camera = Camera(
        azimuth=float(rng.normal(0, 0.03)),
        elevation=math.pi / 2 - abs(float(rng.normal(0, 0.06))),
        distance=size * float(rng.uniform(0.56, 0.72)) / math.tan(fov / 2),
        fov=fov,
        target=(float(spot[0]), 0.0, float(spot[1])),
    )
    jpeg, mask = _photograph([body], around, camera, rng, style)
    return Picture(jpeg, mask, math.nan, math.nan, None)


def _strewn(body: Body, rng: Rng) -> list[Body]:
    """Low things around what lies on the floor, none of them on it."""
    low, high = body.vertices.min(axis=0), body.vertices.max(axis=0)
    out = []
    for side in rng.permutation(4)[: int(rng.integers(1, 4))]:
        extent = rng.uniform(0.05, 0.2, 3) * (1, 0.3, 1)
        gap = rng.uniform(0.02, 0.1)
        along = rng.uniform(low[[0, 2]], high[[0, 2]])
        x = (low[0] - gap - extent[0], high[0] + gap, along[0], along[0])[side]
        z = (along[1], along[1], low[2] - gap - extent[2], high[2] + gap)[side]
        corner = np.array([x, 0.0, z])
        texture = timber(rng) if rng.random() < 0.5 else to_bytes(fabric(rng, 128))
        out.append(box(corner, corner + extent, texture))
    return out


def _bodies(mesh: Mesh, rng: Rng, style: Style) -> list[Body]:
    """The mesh in random materials, one body per material slot."""
    out = []
    for slot in dict.fromkeys(mesh.part_material):
        texture, rough = material(rng, slot, style)
        parts = [i for i, m in enumerate(mesh.part_material) if m == slot]
        faces = mesh.faces[np.isin(mesh.face_part, parts)]
        used, flat = np.unique(faces, return_inverse=True)
        index = flat.reshape(-1, 3).astype(np.int32)
        uv = mesh.uv[used] * float(rng.uniform(1, 4))
        metal = 1.0 if slot in METALS else 0.0
        out.append(Body(mesh.vertices[used], index, uv, texture, rough, metal))
    return out


def _turned(bodies: list[Body], azimuth: float) -> list[Body]:
    """Surroundings turned about the product so that they lie behind it for the camera."""
    c, s = math.cos(azimuth), math.sin(azimuth)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
    return [replace(b, vertices=np.ascontiguousarray(b.vertices @ turn.T)) for b in bodies]


def _photograph(
    product: list[Body], around: list[Body], camera: Camera, rng: Rng, style: Style
) -> tuple[bytes, NDArray[np.bool_]]:
    """The JPEG, and where the product is."""
    light = made_up(rng, indoors=style in ("room", "clutter")).turned(camera.azimuth)
    traced = trace(
        [*product, *around],
        camera,
        light,
        SIZE,
        rng,
        product=len(product),
        exposure=float(rng.uniform(0.8, 1.1)),
    )
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(82, 96))]
    jpeg = cv2.imencode(".jpg", traced.rgb[..., ::-1], quality)[1].tobytes()
    return jpeg, traced.mask > 0.5
