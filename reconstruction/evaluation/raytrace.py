"""A ray tracer for pictures that score: Embree's rays, and light from an environment.

Training draws with a z-buffer, a sun and a shadow map; here light comes from all around with exact
visibility, so that shadows are soft, contacts dark and metals mirror their surroundings. Surfaces
are Lambertian with a GGX coat (Walter et al. 2007) in Schlick's approximation; light bounces once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32
from ..meshes.rays import Caster
from ..render.camera import Camera
from ..render.shading import linear_to_srgb, sample_texture
from .environment import Environment

U8 = NDArray[np.uint8]
Rng = np.random.Generator

_SAMPLES = 3
"""Directions per ray; four rays meet each pixel."""
_CREASE = math.cos(math.radians(35))


@dataclass(frozen=True, eq=False)
class Body:
    """A textured surface.

    Attributes:
        vertices: (n, 3) float32 metres; ``faces`` (m, 3) int32; ``uv`` (n, 2), (0, 0) the upper
            left corner, repeating.
        texture: (h, w, 3) uint8 sRGB.
        metallic: 0 or 1.
        smooth: whether edges sharper than 35 degrees are shaded round as well.
    """

    vertices: F32
    faces: I32
    uv: F32
    texture: U8
    roughness: float = 0.9
    metallic: float = 0.0
    smooth: bool = False


@dataclass(frozen=True, eq=False)
class Traced:
    """A picture and the first body in it.

    Attributes:
        rgb: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32: share of each pixel that the bodies before ``product`` cover.
    """

    rgb: U8
    mask: F32


def trace(
    bodies: Sequence[Body],
    camera: Camera,
    environment: Environment,
    size: int,
    rng: Rng,
    *,
    product: int = 1,
    exposure: float = 1.0,
    backdrop: Environment | None = None,
    catcher: float | None = None,
) -> Traced:
    """Photograph bodies.

    Args:
        size: side of the square picture, pixels.
        product: how many of the bodies, the first ones, are the product.
        exposure: 1 shows a level white surface as bright as the light allows, just unclipped.
        backdrop: what is seen where nothing is; None: ``environment``.
        catcher: where set, a level floor carries the backdrop as it looks from this height over
            it, metres, and takes the product's shadow.
    """
    scene = _Scene(bodies, product)
    side = 2 * size
    start, way = _rays(camera, side)
    face, bary, _ = scene.caster.first(start, way)
    seen = np.flatnonzero(face >= 0)
    found = scene.shade(face[seen], bary[seen], way[seen], environment, rng)
    layers = np.zeros((side * side, 5, 3), np.float32)
    layers[seen] = np.stack(found, axis=1)
    pooled = _pool(layers[:, 1:], face >= 0, size)
    smooth = _smoothed(pooled[..., :2, :], pooled[..., 2, :], pooled[..., 3, :], scene.size)
    every = _doubled(smooth)
    light = layers[:, 0] * every[:, 0] + every[:, 1]
    behind = np.flatnonzero(face < 0)
    shown = backdrop or environment
    light[behind] = shown.radiance(way[behind])
    if catcher is not None:
        down = behind[way[behind, 1] < -1e-3]
        place = start[down] - way[down] * (start[down, 1:2] / way[down, 1:2])
        near = np.linalg.norm(place, axis=1) < 40
        down, place = down[near], place[near]
        photo = shown.radiance(place - np.array([0, catcher, 0], np.float32))
        level = np.broadcast_to(np.array([0, 1, 0], np.float32), place.shape)
        floor = np.zeros((side * side, 3, 3), np.float32)
        floor[down] = np.stack([scene.shadow(place, environment, rng), level, place], axis=1)
        on_floor = np.zeros(side * side, np.bool_)
        on_floor[down] = True
        soft = _pool(floor, on_floor, size)
        soft = _smoothed(soft[..., :1, :], soft[..., 1, :], soft[..., 2, :], 10 * scene.size)
        light[down] = photo * _doubled(soft)[down, 0]
    scale = exposure * 0.9 * math.pi / max(float(environment.irradiance().mean()), 1e-6)
    pixels = light.reshape(size, 2, size, 2, 3)
    linear = _shoulder(pixels * scale).mean(axis=(1, 3))
    covered = ((face >= 0) & (scene.owner[np.maximum(face, 0)] < product)).reshape(size, 2, size, 2)
    return Traced(_develop(linear, rng), covered.mean(axis=(1, 3)).astype(np.float32))


def _pool(layers: F32, hit: NDArray[np.bool_], size: int) -> F32:
    """(size, size, k, 3) mean of layers (4 size^2, k, 3) over those of a pixel's rays that hit."""
    k = layers.shape[1]
    total = layers.reshape(size, 2, size, 2, k, 3).sum(axis=(1, 3))
    count = hit.reshape(size, 2, size, 2).sum(axis=(1, 3))
    return np.asarray(total / np.maximum(count, 1)[..., None, None], np.float32)


def _doubled(layers: F32) -> F32:
    """(4 h w, k, 3): the rays' share of each pixel's layers (h, w, k, 3)."""
    wide = np.repeat(np.repeat(layers, 2, axis=0), 2, axis=1)
    return wide.reshape(-1, *layers.shape[2:])


def _smoothed(light: F32, normal: F32, place: F32, size: float) -> F32:
    """Sampling noise out of light (h, w, k, 3): an edge-avoiding a-trous filter.

    Dammertz et al. (2010), guided by normals and by the distance from each other's plane.

    Args:
        normal, place: (h, w, 3); zeros where nothing was hit.
        size: of the product, metres.
    """
    kernel = np.array([0.25, 0.5, 0.25])
    for step in (1, 2, 4):
        total, weight = np.zeros_like(light), np.zeros(light.shape[:2], np.float32)
        for i, down in enumerate((-step, 0, step)):
            for j, right in enumerate((-step, 0, step)):
                near = [np.roll(a, (down, right), (0, 1)) for a in (light, normal, place)]
                turn = ((normal - near[1]) ** 2).sum(axis=2)
                off = ((place - near[2]) * normal).sum(axis=2) / (0.01 * size)
                w = kernel[i] * kernel[j] * np.exp(-turn / 0.05 - off**2)
                total += w[..., None, None] * near[0]
                weight += w
        light = (total / np.maximum(weight, 1e-6)[..., None, None]).astype(np.float32)
    return light


def _shoulder(linear: F32) -> F32:
    """Highlights roll off from 0.7 of full scale on, as a camera's curve has it."""
    over = np.maximum(linear - 0.7, 0)
    return np.where(linear > 0.7, 0.7 + 0.3 * (1 - np.exp(-over / 0.3)), linear).astype(np.float32)


def _develop(linear: F32, rng: Rng) -> U8:
    """Lens fall-off, sensor noise and the sRGB curve."""
    height, width = linear.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    out = linear * (1 - 0.07 * (x**2 + y**2))[..., None]
    out = out + rng.normal(0, 0.003, out.shape) * np.sqrt(np.clip(out, 0.01, 1))
    return linear_to_srgb(out.astype(np.float32))


def _rays(camera: Camera, side: int) -> tuple[F32, F32]:
    """Start and direction (side x side, 3) of the rays through a square picture."""
    right, up, back = camera.rotation()
    slope = math.tan(camera.fov / 2)
    line = (np.arange(side) + 0.5) / side - 0.5
    x = 2 * slope * (line - camera.center[0])
    y = -2 * slope * (line - camera.center[1])
    way = y[:, None, None] * up + x[None, :, None] * right - back
    way = way.reshape(-1, 3).astype(np.float32)
    start = np.broadcast_to(camera.position.astype(np.float32), way.shape)
    return np.ascontiguousarray(start), way


class _Scene:
    """All bodies as one set of triangles with normals and materials."""

    def __init__(self, bodies: Sequence[Body], product: int) -> None:
        offsets = np.cumsum([0] + [len(b.vertices) for b in bodies])
        parts = list(zip(bodies, offsets[:-1], strict=True))
        self.bodies = bodies
        self.vertices = np.concatenate([b.vertices for b in bodies]).astype(np.float32)
        self.faces = np.concatenate([b.faces + o for b, o in parts]).astype(np.int32)
        self.owner = np.repeat(np.arange(len(bodies)), [len(b.faces) for b in bodies])
        self.uv = np.concatenate([b.uv for b in bodies]).astype(np.float32)
        self.normals = np.concatenate([corner_normals(b) for b in bodies])
        self.caster = Caster(self.vertices, self.faces)
        extent = np.ptp(np.concatenate([b.vertices for b in bodies[:product]]), axis=0)
        self.size = float(extent.max())
        self.lift = 1e-4 * self.size

    def shade(
        self, face: I32, bary: F32, way: F32, environment: Environment, rng: Rng
    ) -> tuple[F32, F32, F32, F32, F32]:
        """What makes the light that leaves surface points against ``way``.

        Returns:
            (n, 3) each: the share of arriving light that goes out diffusely; the light that
            arrives; the mirrored light that leaves; normals; places.
        """
        corner = self.faces[face]
        place = np.einsum("nc,nck->nk", bary, self.vertices[corner])
        normal = np.einsum("nc,nck->nk", bary, self.normals[face])
        toward = -way / np.linalg.norm(way, axis=1, keepdims=True)
        flat = self._flat(face)
        side = np.where((flat * toward).sum(axis=1, keepdims=True) < 0, -1.0, 1.0)
        normal = np.asarray(normal * side, np.float32)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        place = (place + self.lift * flat * side).astype(np.float32)
        uv = np.einsum("nc,nck->nk", bary, self.uv[corner])
        albedo = np.zeros((len(face), 3), np.float32)
        rough, metal = np.zeros(len(face), np.float32), np.zeros(len(face), np.float32)
        for i, body in enumerate(self.bodies):
            here = np.flatnonzero(self.owner[face] == i)
            if len(here):
                albedo[here] = sample_texture(body.texture, uv[here] % 1)
                rough[here], metal[here] = body.roughness, body.metallic
        diffuse = np.zeros((len(face), 3), np.float32)
        gloss = np.zeros((len(face), 3), np.float32)
        alpha = np.maximum(rough, 0.12)[:, None] ** 2
        begin = rng.integers(0, 1 << 30, len(face))
        glossy = np.flatnonzero(rough < 0.75)
        for step in range(_SAMPLES):
            towards, light = environment.draw(_SAMPLES, step, begin)
            cosine = (normal * towards).sum(axis=1)
            lit = np.flatnonzero(cosine > 0)
            lit = lit[~self.caster.blocked(place[lit], towards[lit])]
            arrives = np.zeros_like(diffuse)
            arrives[lit] = light[lit] * cosine[lit, None]
            diffuse += arrives
            if len(glossy):
                weight = _ggx(normal[glossy], toward[glossy], towards[glossy], alpha[glossy])
                gloss[glossy] += arrives[glossy] * weight
        facing = np.maximum((normal * toward).sum(axis=1, keepdims=True), 0)
        base = np.where(metal[:, None] > 0, albedo, 0.04)
        fresnel = base + (1 - base) * (1 - facing) ** 5 * (1 - rough[:, None]) ** 2
        matt = albedo * (1 - metal[:, None]) / math.pi * (1 - fresnel)
        return (
            matt.astype(np.float32),
            diffuse,
            (fresnel * gloss).astype(np.float32),
            normal,
            place,
        )

    def shadow(self, place: F32, environment: Environment, rng: Rng) -> F32:
        """(n, 3) share of the light on level places (n, 3) that the bodies let through."""
        got, free = np.zeros_like(place), np.zeros_like(place)
        place = place + np.array([0, self.lift, 0], np.float32)
        begin = rng.integers(0, 1 << 30, len(place))
        for step in range(_SAMPLES):
            towards, light = environment.draw(_SAMPLES, step, begin)
            up = np.flatnonzero(towards[:, 1] > 0)
            arrives = light[up] * towards[up, 1:2]
            free[up] += arrives
            open_ = ~self.caster.blocked(place[up], towards[up])
            got[up] += arrives * open_[:, None]
        return np.asarray((got + 1e-6) / (free + 1e-6), np.float32)

    def _flat(self, face: I32) -> F32:
        a, b, c = (self.vertices[self.faces[face, i]] for i in range(3))
        normal = np.cross(b - a, c - a)
        return np.asarray(
            normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20), np.float32
        )


def _ggx(normal: F32, toward: F32, light: F32, alpha: F32) -> F32:
    """(n, 1) GGX distribution times Smith visibility, without Fresnel's factor."""
    half = light + toward
    half /= np.maximum(np.linalg.norm(half, axis=1, keepdims=True), 1e-9)
    nh = np.clip((normal * half).sum(axis=1, keepdims=True), 0, 1)
    nv = np.clip((normal * toward).sum(axis=1, keepdims=True), 1e-3, 1)
    nl = np.clip((normal * light).sum(axis=1, keepdims=True), 1e-3, 1)
    a2 = alpha**2
    spread = a2 / (math.pi * (nh**2 * (a2 - 1) + 1) ** 2)
    k = (np.sqrt(alpha) + 1) ** 2 / 8
    visible = 0.25 / ((nv * (1 - k) + k) * (nl * (1 - k) + k))
    return np.asarray(np.minimum(spread * visible, 50), np.float32)


def corner_normals(body: Body) -> F32:
    """(m, 3, 3) unit normal of each triangle corner; sharp edges stay sharp unless smooth."""
    a, b, c = (body.vertices[body.faces[:, i]].astype(np.float64) for i in range(3))
    area = np.cross(b - a, c - a)
    unit = area / np.maximum(np.linalg.norm(area, axis=1, keepdims=True), 1e-20)
    _, place = np.unique(np.round(body.vertices, 6), axis=0, return_inverse=True)
    group = place.reshape(-1)[body.faces].reshape(-1)
    face = np.repeat(np.arange(len(body.faces)), 3)
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(group.max() + 2))
    many = np.diff(first)[group]
    # Every corner meets every corner at its place.
    mine = np.repeat(np.arange(len(group)), many)
    within = np.arange(len(mine)) - np.repeat(np.cumsum(many) - many, many)
    other = order[np.repeat(first[group], many) + within]
    agree = np.einsum("nk,nk->n", unit[face[mine]], unit[face[other]])
    near = np.flatnonzero(agree > (-1.0 if body.smooth else _CREASE))
    total = np.stack(
        [np.bincount(mine[near], area[face[other[near]], k], len(group)) for k in range(3)], axis=1
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    total = np.where(length > 1e-20, total / np.maximum(length, 1e-20), unit[face])
    return np.asarray(total.reshape(-1, 3, 3), np.float32)
