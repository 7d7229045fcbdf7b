"""The photos that the project ships, made by a renderer that training never sees.

A T-shirt laid flat on a wooden floor and a chair in a studio, drawn by pyrender under many small
lights whose shadows add up to soft ones::

    showroom data studio --out assets/photos

needs the ``train`` extra (pyrender). The pictures are seeded, to the pixel for one GL driver.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..families import get_family
from ..families.furniture_family import FurnitureFamily
from ..families.garment import FlatPose, GarmentFamily
from .textures import F32, Rng, fractal, noise

U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Body:
    """A textured piece of a studio scene.

    Attributes:
        vertices: (n, 3) metres; ``faces`` (m, 3); ``uv`` (n, 2), (0, 0) is the upper left corner.
        texture: (h, w, 3) uint8 sRGB.
    """

    vertices: F32
    faces: NDArray[np.int32]
    uv: F32
    texture: U8
    roughness: float = 0.9
    smooth: bool = True


@dataclass(frozen=True)
class Shot:
    """Camera and lights.

    Attributes:
        eye, target: metres.
        fov: vertical opening, radians.
        size: (height, width) pixels.
        key: direction towards the main light; ``spread``: how large it is, radians.
        dome: share of the light that comes from all the sky.
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float
    size: tuple[int, int]
    key: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    spread: float = 0.2
    dome: float = 0.5
    exposure: float = 1.0


def _pose(eye: NDArray[np.float64], target: NDArray[np.float64], up: Sequence[float]) -> F32:
    back = eye - target
    back = back / np.linalg.norm(back)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3] = np.stack([right, np.cross(back, right), back, eye], axis=1)
    return matrix.astype(np.float32)


def _lights(rng: Rng, shot: Shot, count: int) -> list[tuple[NDArray[np.float64], float]]:
    """Directions towards small lights and their strengths, which sum to one."""
    key = np.asarray(shot.key) / np.linalg.norm(shot.key)
    out = []
    half = count // 2
    for _ in range(half):
        jitter = key + rng.normal(0, shot.spread, 3)
        out.append((jitter / np.linalg.norm(jitter), (1 - shot.dome) / half))
    for i in range(count - half):
        height = (i + 0.5) / (count - half)
        angle = i * 2.399963
        ring = math.sqrt(1 - height**2)
        place = np.array([ring * math.cos(angle), height, ring * math.sin(angle)])
        out.append((place, shot.dome / (count - half)))
    return out


def photograph_scene(bodies: Sequence[Body], shot: Shot, *, seed: int = 0, lights: int = 20) -> U8:
    """Render (h, w, 3) uint8 sRGB with soft light; seconds per light without a GPU."""
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    if not hasattr(np, "infty"):
        # pyrender 0.1.45 was written for numpy 1.
        np.infty = np.inf  # type: ignore[attr-defined]
    import pyrender
    import trimesh
    from PIL import Image

    rng = np.random.default_rng(seed)
    scene = pyrender.Scene(ambient_light=(0.04, 0.04, 0.04), bg_color=(0.8, 0.8, 0.8, 1.0))
    for body in bodies:
        uv = np.stack([body.uv[:, 0], 1 - body.uv[:, 1]], axis=1)
        material = trimesh.visual.material.PBRMaterial(
            baseColorTexture=Image.fromarray(body.texture),
            roughnessFactor=body.roughness,
            metallicFactor=0.0,
        )
        visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
        mesh = trimesh.Trimesh(body.vertices, body.faces, visual=visual, process=False)
        if not body.smooth:
            mesh = trimesh.graph.smooth_shade(mesh, angle=math.radians(35))
        scene.add(pyrender.Mesh.from_trimesh(mesh, smooth=True))
    camera = pyrender.PerspectiveCamera(yfov=shot.fov, znear=0.05, zfar=20)
    eye, target = np.asarray(shot.eye), np.asarray(shot.target)
    pose = _pose(eye, target, shot.up)
    eyepiece = scene.add(camera, pose=pose)
    height, width = shot.size
    pixel = 2 * math.tan(shot.fov / 2) * float(np.linalg.norm(eye - target)) / height
    renderer = pyrender.OffscreenRenderer(width, height)
    total = np.zeros((height, width, 3), np.float64)
    try:
        for direction, weight in _lights(rng, shot, lights):
            lamp = pyrender.DirectionalLight(intensity=6.0)
            side = (1.0, 0.0, 0.0) if abs(direction[1]) > 0.9 else (0.0, 1.0, 0.0)
            node = scene.add(lamp, pose=_pose(direction * 3, np.zeros(3), side))
            # Each light sees the scene from a place within one pixel: together they smooth edges.
            moved = pose.copy()
            moved[:3, 3] += pose[:3, :2] @ rng.uniform(-0.5, 0.5, 2) * pixel
            scene.set_pose(eyepiece, moved)
            flags = pyrender.RenderFlags.SHADOWS_DIRECTIONAL
            colour, _ = renderer.render(scene, flags=flags)
            scene.remove_node(node)
            linear = (colour.astype(np.float64) / 255) ** 2.2
            total += weight * linear
    finally:
        renderer.delete()
    return _develop(rng, np.asarray(total * shot.exposure, np.float32))


def _develop(rng: Rng, linear: F32) -> U8:
    """Lens fall-off, sensor noise and gamma."""
    height, width = linear.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    out = linear * (1 - 0.09 * (x**2 + y**2))[..., None]
    out = out + rng.normal(0, 0.004, out.shape) * np.sqrt(np.clip(out, 0.01, 1))
    return np.asarray(np.clip(out, 0, 1) ** (1 / 2.2) * 255 + 0.5, np.uint8)


def _quad(half: tuple[float, float], texture: U8, height: float = 0.0) -> Body:
    x, z = half
    vertices = np.array(
        [[-x, height, -z], [x, height, -z], [x, height, z], [-x, height, z]], np.float32
    )
    faces = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return Body(vertices, faces, uv, texture)


def oak_floor(rng: Rng, size: int = 2048, boards: int = 9) -> U8:
    """Boards of oiled oak, (size, size, 3) uint8."""
    out = np.zeros((size, size, 3), np.float32)
    wide = size / boards
    for i in range(boards):
        left, right = round(i * wide), round((i + 1) * wide)
        start = -int(rng.integers(0, size))
        while start < size:
            length = int(rng.uniform(0.5, 0.9) * size)
            top, bottom = max(0, start), min(size, start + length)
            if bottom > top:
                tone = np.array([0.66, 0.50, 0.34]) * rng.uniform(0.84, 1.1)
                square = noise(rng, size, 7)[: right - left, : bottom - top]
                rings = np.sin(
                    np.linspace(0, rng.uniform(20, 45), right - left)[:, None]
                    + 3.0 * noise(rng, size, 3)[: right - left, : bottom - top]
                    + 0.6 * square
                )
                pores = noise(rng, size, 700, 60)[: right - left, : bottom - top]
                shade = 1 + 0.045 * rings + 0.05 * pores + 0.02 * square
                out[top:bottom, left:right] = (tone * shade.T[..., None]).astype(np.float32)
                out[max(0, bottom - 2) : bottom, left:right] *= 0.55
            start += length
        out[:, left : left + 2] *= 0.5
    return (np.clip(out, 0, 1) * 255).astype(np.uint8)


def _motif(picture: U8, centre: tuple[int, int], radius: int) -> None:
    """A sun over hills with a word below, printed onto cloth in place."""
    cream, sun, hill = (238, 228, 205), (226, 164, 60), (206, 92, 66)
    x, y = centre
    disc = np.zeros(picture.shape[:2], np.uint8)
    cv2.circle(disc, centre, radius, 255, -1, cv2.LINE_AA)
    art = np.empty_like(picture)
    art[:] = cream
    cv2.circle(art, (x + radius // 5, y - radius // 5), radius * 2 // 5, sun, -1, cv2.LINE_AA)
    ridge = [(x - radius, y + radius // 2), (x - radius // 3, y - radius // 6)]
    ridge += [(x + radius // 8, y + radius // 4), (x + radius // 2, y - radius // 12)]
    ridge += [(x + radius, y + radius // 2), (x + radius, y + radius), (x - radius, y + radius)]
    cv2.fillPoly(art, [np.array(ridge, np.int32)], hill, cv2.LINE_AA)
    for k in range(4):
        level = y + radius * (11 + 2 * k) // 20
        cv2.line(art, (x - radius, level), (x + radius, level), cream, max(2, radius // 40))
    share = disc[..., None].astype(np.float32) / 255
    picture[:] = (picture * (1 - share) + art * share).astype(np.uint8)
    word, scale = "SUNDAY", radius / 62
    (w, h), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, scale, max(2, radius // 22))
    place = (x - w // 2, y + radius + h * 7 // 4)
    cv2.putText(
        picture,
        word,
        place,
        cv2.FONT_HERSHEY_DUPLEX,
        scale,
        cream,
        max(2, radius // 22),
        cv2.LINE_AA,
    )


def shirt_body(rng: Rng, cells: int = 760) -> Body:
    """A printed T-shirt lying in the plane y = 0, as a height field with wrinkles."""
    family = get_family("t_shirt")
    assert isinstance(family, GarmentFamily)
    values = {p.name: p.default for p in family.parameters}
    values |= {"body_length": 0.71, "sleeve_length": 0.21, "chest_width": 0.53}
    choices = {c.name: c.default for c in family.choices}
    pose = FlatPose(rotation=0.035, sleeve_left=0.50, sleeve_right=0.58, hem_curve=0.008)
    flat = family.flat(values, choices, pose)
    every = np.concatenate(list(flat.parts.values()))
    low, high = every.min(axis=0) - 0.03, every.max(axis=0) + 0.03
    side = float(max(high - low))
    middle = (low + high) / 2

    def pixels(points: NDArray[np.float64]) -> NDArray[np.int32]:
        spot = (points - middle) * (cells / side, -cells / side) + cells / 2
        return np.asarray(np.round(spot * 16), np.int32)

    masks = {}
    for part, points in flat.parts.items():
        mask = np.zeros((cells, cells), np.uint8)
        cv2.fillPoly(mask, [pixels(points)], 255, cv2.LINE_8, 4)
        masks[part] = mask > 0
    front = masks["front"]
    whole = np.logical_or.reduce(list(masks.values()))
    metre = cells / side

    def puff(mask: NDArray[np.bool_], height: float, edge: float) -> F32:
        far = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) / metre
        return np.asarray(height * (1 - np.exp(-far / edge)), np.float32)

    height = puff(whole, 0.004, 0.004)
    height = np.maximum(height, puff(front, 0.011, 0.012))
    for part in ("left_sleeve", "right_sleeve"):
        height = np.maximum(height, puff(masks[part], 0.009, 0.010))
    inner = masks["back_inside"] & ~front
    height[inner] = 0.003
    ruler = np.linspace(-1, 1, cells, dtype=np.float32)
    warp = noise(rng, cells, 5) * 0.9
    long = np.sin(ruler * 9 + 1.2 * warp + 2.2 * ruler[:, None]) * noise(rng, cells, 3)
    cross = np.sin(ruler[:, None] * 13 + 1.5 * noise(rng, cells, 4)) * noise(rng, cells, 4)
    creases = np.abs(noise(rng, cells, 9)) * 0.5 + 0.4 * long + 0.3 * cross
    depth = np.clip(cv2.distanceTransform(whole.astype(np.uint8), cv2.DIST_L2, 5) / 25, 0, 1)
    height = height + 0.0055 * depth * cv2.GaussianBlur(creases.astype(np.float32), (0, 0), 4)
    height = cv2.GaussianBlur(np.where(inner, 0.003, height).astype(np.float32), (0, 0), 1.2)

    scale = 2
    big = cells * scale
    knit = 1 + 0.05 * noise(rng, big, 420) + 0.02 * fractal(rng, big)
    cloth = np.array([52, 104, 112], np.float32) * knit[..., None]
    texture = np.clip(cloth, 0, 255).astype(np.uint8)
    chest = pixels(np.array([[0.005, -0.29]]))[0] * scale // 16
    _motif(texture, (int(chest[0]), int(chest[1])), int(0.105 * metre * scale))
    dark = tuple(int(v) for v in (30, 62, 68))
    grown = cv2.resize(inner.astype(np.uint8), (big, big), interpolation=cv2.INTER_NEAREST) > 0
    texture[grown] = (texture[grown] * 0.62).astype(np.uint8)
    for line, points in flat.curves.items():
        drawn = (pixels(points) * scale).astype(np.int32)
        if line == "neckline":
            rib = round(0.018 * metre * scale)
            ink = np.zeros((big, big), np.uint8)
            cv2.polylines(ink, [drawn], False, 255, rib, cv2.LINE_AA, 4)
            share = ink[..., None].astype(np.float32) / 255 * 0.8
            texture = (texture * (1 - share) + np.array(dark) * share).astype(np.uint8)
        else:
            cv2.polylines(texture, [drawn], False, dark, 3, cv2.LINE_AA, 4)
    for part in ("left_sleeve", "right_sleeve", "front"):
        _stitch(texture, masks[part], whole, part, scale, metre, dark)

    index = np.full((cells, cells), -1, np.int32)
    index[whole] = np.arange(int(whole.sum()))
    rows, columns = np.nonzero(whole)
    x = (columns + 0.5 - cells / 2) / metre
    z = (rows + 0.5 - cells / 2) / metre
    vertices = np.stack([x, height[rows, columns] + 0.0006, z], axis=1).astype(np.float32)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    full = (a >= 0) & (b >= 0) & (c >= 0) & (d >= 0)
    quads = np.stack([a[full], d[full], c[full], b[full]], axis=1)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    uv = np.stack([(columns + 0.5) / cells, (rows + 0.5) / cells], axis=1).astype(np.float32)
    return Body(vertices, faces, uv, texture, roughness=0.95)


def _stitch(
    texture: U8,
    mask: NDArray[np.bool_],
    whole: NDArray[np.bool_],
    part: str,
    scale: int,
    metre: float,
    tint: tuple[int, ...],
) -> None:
    """A seam line parallel to the hem of a part, in place."""
    rim = cv2.distanceTransform(np.pad(whole, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    near = np.abs(rim - 0.022 * metre) < 0.9
    rows, columns = np.nonzero(mask)
    where = np.zeros_like(mask)
    if part == "front":
        where[int(rows.max() - 0.045 * metre) :] = True
    elif part == "left_sleeve":
        where[:, int(columns.max() - 0.075 * metre) :] = True
    else:
        where[:, : int(columns.min() + 0.075 * metre)] = True
    line = (near & where & mask).astype(np.uint8) * 255
    big = cv2.resize(line, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    share = big[..., None].astype(np.float32) / 255 * 0.7
    texture[:] = (texture * (1 - share) + np.array(tint) * share).astype(np.uint8)


def chair_bodies(rng: Rng) -> list[Body]:
    """A wooden dining chair with an upholstered seat, and a studio sweep behind it."""
    family = get_family("chair")
    assert isinstance(family, FurnitureFamily)
    values = {p.name: p.default for p in family.parameters}
    choices = {c.name: c.default for c in family.choices}
    values |= {"width": 0.47, "height": 0.89, "depth": 0.54, "seat_height": 0.46}
    values |= {"back_tilt": 0.2, "crest_height": 0.085, "slat_width": 0.03, "leg_thickness": 0.036}
    choices |= {"back": "slats", "slat_count": "4", "seat": "cushion", "legs": "square"}
    mesh = family.build(values, choices)
    bodies = []
    for slot in dict.fromkeys(mesh.part_material):
        parts = [i for i, m in enumerate(mesh.part_material) if m == slot]
        faces = mesh.faces[np.isin(mesh.face_part, parts)]
        used, flat = np.unique(faces, return_inverse=True)
        bodies.append(
            Body(
                mesh.vertices[used],
                flat.reshape(-1, 3).astype(np.int32),
                mesh.uv[used],
                _walnut(rng) if slot == "wood" else _linen(rng),
                roughness=0.45 if slot == "wood" else 0.95,
                smooth=False,
            )
        )
    profile = [(2.2, 0.0), (-0.9, 0.0)]
    profile += [
        (-0.9 - 0.6 * math.sin(t), 0.6 - 0.6 * math.cos(t)) for t in np.linspace(0.1, 1.57, 14)
    ]
    profile.append((-1.5, 3.2))
    sweep = np.array([[x, y, z] for z, y in profile for x in (-2.6, 2.6)], np.float32)
    rows = np.arange(len(profile) - 1, dtype=np.int32) * 2
    faces = np.concatenate(
        [np.stack([rows, rows + 1, rows + 3], 1), np.stack([rows, rows + 3, rows + 2], 1)]
    )
    grey = np.full((8, 8, 3), (226, 224, 220), np.uint8)
    bodies.append(Body(sweep, faces, np.zeros((len(sweep), 2), np.float32), grey, roughness=1.0))
    return bodies


def _walnut(rng: Rng, size: int = 1024) -> U8:
    grain = noise(rng, size, 160, 14) * 0.05 + noise(rng, size, 30, 8) * 0.05
    tone = np.array([126, 84, 55], np.float32) * (1 + grain)[..., None]
    return np.asarray(np.clip(tone, 0, 255), np.uint8)


def _linen(rng: Rng, size: int = 1024) -> U8:
    weave = 0.05 * noise(rng, size, 500, 6) + 0.05 * noise(rng, size, 500, 6).T
    tone = np.array([176, 72, 52], np.float32) * (1 + weave)[..., None]
    return np.asarray(np.clip(tone, 0, 255), np.uint8)


def write_studio_photos(folder: Path, *, seed: int = 4, lights: int = 20) -> tuple[Path, Path]:
    """Render ``tshirt.jpg`` and ``chair.jpg`` into a folder, each below 300 kB."""
    rng = np.random.default_rng(seed)
    floor = _quad((0.85, 0.85), oak_floor(rng), -0.0004)
    shot = Shot(
        (0.02, 1.75, 0.12),
        (0.0, 0.0, 0.0),
        0.62,
        (1200, 1200),
        (0.5, 1.1, -0.55),
        up=(0.0, 0.0, -1.0),
        spread=0.13,
        dome=0.5,
    )
    shirt = photograph_scene([floor, shirt_body(rng)], shot, seed=seed, lights=lights)
    view = Shot(
        (1.25, 1.05, 2.1),
        (0.0, 0.43, -0.02),
        0.46,
        (1280, 1040),
        (0.5, 1.3, 0.8),
        spread=0.22,
        dome=0.6,
    )
    chair = photograph_scene(chair_bodies(rng), view, seed=seed, lights=lights)
    folder.mkdir(parents=True, exist_ok=True)
    paths = (folder / "tshirt.jpg", folder / "chair.jpg")
    for path, picture in zip(paths, (shirt, chair), strict=True):
        path.write_bytes(_jpeg(picture, 300_000))
    return paths


def _jpeg(picture: U8, limit: int) -> bytes:
    """The best JPEG of at most ``limit`` bytes."""
    options: list[Any] = []
    for quality in range(94, 20, -3):
        options = [cv2.IMWRITE_JPEG_QUALITY, quality]
        _, data = cv2.imencode(".jpg", picture[..., ::-1], options)
        if len(data) <= limit:
            break
    return bytes(data)
