"""Bakes a scene's light: direct light of all lamps and two bounces, by path tracing.

    python -m showroom.stage.bake store apartment

Writes ``scenes/baked/NAME.npz``. Rays are cast by Open3D (Embree); the rest is numpy. Needed only
after a scene's geometry, materials or lamps were changed.
"""

from __future__ import annotations

import argparse
import ctypes
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import load_scene
from . import decor as decor_
from .atlas import ATLAS
from .decor import Decor
from .lamp import Light
from .light import AXES, BAKED, RoomLight, dilate, encode, packed, probe_grid, received, texels
from .settings import StageError
from .shape import F32
from .sky import panorama, radiance, stored, unstored

CHUNK = 400_000
LIFT = 0.003
Progress = Callable[[str, float], None]


class _Caster:
    """Ray casting against all faces of a decor."""

    def __init__(self, decor: Decor) -> None:
        try:
            import libusb_package

            # Open3D links libusb, which a bare system lacks; this package carries it.
            ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
        except (ImportError, OSError):
            pass
        try:
            import open3d as o3d
        except ImportError as error:
            raise StageError(
                "baking light needs open3d; install the 'reconstruct' extra"
            ) from error
        self._core: Any = o3d.core
        solid = np.ones(len(decor.faces), np.bool_)
        for key, first, end in decor.batches:
            solid[first:end] = decor.materials[key].opacity >= 1.0
        self._faces = np.flatnonzero(solid)
        self._scene: Any = o3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(
            self._core.Tensor(np.ascontiguousarray(decor.vertices)),
            self._core.Tensor(np.ascontiguousarray(decor.faces[solid].astype(np.uint32))),
        )

    def blocked(self, start: F32, way: F32) -> NDArray[np.bool_]:
        """Whether something lies between ``start`` and ``start + way``."""
        rays = self._core.Tensor(np.concatenate([start, way], axis=1).astype(np.float32))
        found: NDArray[np.bool_] = self._scene.test_occlusions(rays, tnear=0.0, tfar=0.998).numpy()
        return found

    def first(self, start: F32, way: F32) -> tuple[NDArray[np.int64], F32]:
        """(face index or -1, (n, 2) barycentrics of its second and third corner)."""
        rays = self._core.Tensor(np.concatenate([start, way], axis=1).astype(np.float32))
        hit: Any = self._scene.cast_rays(rays)
        struck = np.isfinite(hit["t_hit"].numpy())
        face = np.full(len(start), -1, np.int64)
        face[struck] = self._faces[hit["primitive_ids"].numpy()[struck].astype(np.int64)]
        return face, hit["primitive_uvs"].numpy()


def bake(
    decor: Decor,
    *,
    direct: int = 9,
    gather: int = 49,
    bounces: int = 2,
    seed: int = 1,
    sky_width: int = 3072,
    progress: Progress | None = None,
) -> RoomLight:
    """Trace a room's light.

    Args:
        direct: shadow rays per lamp and receiver.
        gather: rays per receiver and bounce.
        sky_width: of the panorama, pixels.
    """
    caster = _Caster(decor)
    rng = np.random.default_rng(seed)
    place, normal, known = texels(decor)
    own = ~decor.charted
    points, shape, origin = probe_grid(decor)
    centres = np.repeat(points, 6, axis=0)
    around = np.tile(AXES, (len(points), 1))
    start = np.concatenate([place[known], decor.vertices[own], centres]).astype(np.float32)
    facing = np.concatenate([normal[known], decor.normals[own], around]).astype(np.float32)
    counts = np.cumsum([int(known.sum()), int(own.sum())])

    def tell(what: str, done: float) -> None:
        if progress is not None:
            progress(what, done)

    tell("sky", 0.0)
    picture = stored(panorama(decor.sky, sky_width, 2)) if decor.sky is not None else None
    straight = _direct(decor, caster, start, facing, direct, rng, tell)
    lookup = _Lookup(decor, known, counts, picture)
    straight[: counts[0]] = _smooth(straight[: counts[0]], place, normal, known, 1)
    total = straight.copy()
    # Light that bounces is soft: every other texel is enough.
    needed = _needed(place, normal, known)
    chosen = np.concatenate([needed[known], np.ones(len(start) - counts[0], np.bool_)])
    for bounce in range(bounces):
        lookup.set(total)
        found = _gather(caster, lookup, start[chosen], facing[chosen], gather, rng, tell, bounce)
        around_light = np.zeros_like(total)
        around_light[chosen] = found
        around_light[: counts[0]] = _filled(around_light[: counts[0]], place, normal, known, needed)
        around_light[: counts[0]] = _smooth(around_light[: counts[0]], place, normal, known, 3)
        round_things = slice(counts[0], counts[1])
        around_light[round_things] = _eased(around_light[round_things], decor, own)
        total = straight + around_light
    lightmap = np.ones((ATLAS, ATLAS, 3), np.float32)
    lightmap[known] = total[: counts[0]]
    dilate(lightmap, known)
    lightmap[:4, :4] = 1.0
    vertex = np.ones((len(decor.vertices), 3), np.float32)
    vertex[own] = total[counts[0] : counts[1]]
    probes = total[counts[1] :].reshape(*shape, 6, 3)
    return RoomLight(lightmap, vertex, probes, origin, "baked", picture)


def save(light: RoomLight, decor: Decor, path: Path) -> None:
    """Write a baked file; nothing is left behind if that fails."""
    own = ~decor.charted
    inside = light.lightmap[4:]
    peaks = (float(np.percentile(inside, 99.95)), float(np.percentile(light.vertex, 99.9)))
    scale = max(*peaks, 1.0)
    lightmap = encode(light.lightmap, scale)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.npz")
    try:
        np.savez_compressed(
            temporary,
            digest=np.array(decor.digest),
            scale=np.array(scale),
            lightmap=lightmap,
            vertex=encode(light.vertex[own], scale),
            probes=light.probes.astype(np.float16),
            origin=light.origin,
            sky=packed(light.sky) if light.sky is not None else np.zeros(0, np.uint8),
        )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _points(light: Light, count: int, n: int, rng: np.random.Generator, k: int) -> F32:
    """(n, 3) points on a lamp: stratum ``k`` of ``count``."""
    side = max(1, round(math.sqrt(count)))
    a = ((k % side) + rng.random(n)) / side
    b = ((k // side % side) + rng.random(n)) / side
    at = np.asarray(light.at)
    if light.kind == "sun":
        u, v = np.cross(light.normal, (0.3, 0.1, 1.0)), np.zeros(3)
        u /= np.linalg.norm(u)
        v = np.cross(light.normal, u)
        far, around = light.radius * np.sqrt(a)[:, None], (2 * math.pi * b)[:, None]
        return np.asarray(at + far * (np.cos(around) * u + np.sin(around) * v), np.float32)
    if light.kind in ("panel", "sky"):
        u, v = np.asarray(light.u), np.asarray(light.v)
        return np.asarray(at + (2 * a - 1)[:, None] * u + (2 * b - 1)[:, None] * v, np.float32)
    z, turn = 2 * a - 1, 2 * math.pi * b
    r = np.sqrt(np.maximum(1 - z * z, 0.0))
    ball = np.stack([r * np.cos(turn), r * np.sin(turn), z], 1) * light.radius
    return np.asarray(at + ball, np.float32)


def _direct(
    decor: Decor,
    caster: _Caster,
    start: F32,
    facing: F32,
    count: int,
    rng: np.random.Generator,
    tell: Progress,
) -> F32:
    total = np.zeros((len(start), 3), np.float32)
    for i, light in enumerate(decor.lights):
        tell("direct light", i / len(decor.lights))
        wide = light.kind in ("sky", "sun") or max(np.abs(light.u).max(), np.abs(light.v).max()) > 1
        each = count if wide else min(count, 4)
        power = np.asarray(light.power, np.float32) / each
        reached = np.flatnonzero(_reached(light, start, facing))
        for first in range(0, len(reached), CHUNK):
            s = reached[first : first + CHUNK]
            origin = start[s] + facing[s] * LIFT
            for k in range(each):
                way = _points(light, each, len(origin), rng, k) - origin
                share = received(light, way, facing[s])
                if light.kind in ("panel", "sky"):
                    share = np.minimum(share, 2.0)
                live = np.flatnonzero(share > 1e-5)
                if len(live):
                    share[live] *= ~caster.blocked(origin[live], way[live])
                total[s] += share[:, None] * power
    return total


def _reached(light: Light, start: F32, facing: F32) -> NDArray[np.bool_]:
    """Which receivers a lamp can light noticeably, if nothing stands between."""
    way = np.asarray(light.at, np.float32) - start
    reach = float(np.linalg.norm(light.u) + np.linalg.norm(light.v)) + light.radius
    towards = (way * facing).sum(axis=1)
    if light.kind == "sun":
        return np.asarray(towards > 0.0)
    far = np.sqrt((way * way).sum(axis=1))
    in_front = towards > -reach
    area = 4.0 * float(np.linalg.norm(light.u) * np.linalg.norm(light.v))
    bright = max(light.power) * (area if light.kind in ("panel", "sky") else 1.0)
    strong = bright / np.maximum(far - reach, 0.05) ** 2 > 0.004
    if light.kind == "bulb":
        return np.asarray(in_front & strong)
    away = -(way @ np.asarray(light.normal, np.float32))
    edge = light.cosine if light.kind == "spot" else 0.0
    return np.asarray(in_front & strong & (away > edge * far - reach - 0.05))


class _Lookup:
    """Light that leaves the surface a ray has hit."""

    def __init__(
        self,
        decor: Decor,
        known: NDArray[np.bool_],
        counts: NDArray[np.int_],
        picture: NDArray[np.uint8] | None,
    ) -> None:
        # Indoors the sky's light comes through the windows' rectangles, which are sampled directly.
        self.sky = None
        if picture is not None and decor.outdoor and decor.sky is not None:
            step = max(1, picture.shape[1] // 512)
            coarse = unstored(picture[::step, ::step]) * decor.sky.strength
            self.sky = np.minimum(coarse, 1.2 * decor.sky.strength)
        self.decor, self.known, self.counts = decor, known, counts
        self.albedo = np.zeros((len(decor.faces), 3), np.float32)
        self.shine = np.zeros((len(decor.faces), 3), np.float32)
        for key, first, end in decor.batches:
            material = decor.materials[key]
            self.albedo[first:end] = np.minimum(material.albedo, 0.85)
            if key not in ("glow", "view"):  # Those are lamps and windows, sampled directly.
                self.shine[first:end] = material.albedo * material.glow
        self.lightmap = np.zeros((ATLAS, ATLAS, 3), np.float32)
        self.vertex = np.zeros((len(decor.vertices), 3), np.float32)

    def set(self, light: F32) -> None:
        self.lightmap[self.known] = light[: self.counts[0]]
        dilate(self.lightmap, self.known, 1)
        self.vertex[~self.decor.charted] = light[self.counts[0] : self.counts[1]]

    def leaving(self, face: NDArray[np.int64], bary: F32, way: F32) -> F32:
        """(n, 3) light towards where rays along ``way`` came from."""
        out = np.zeros((len(face), 3), np.float32)
        if self.sky is not None:
            missed = face < 0
            out[missed] = radiance(self.sky, way[missed])
        hit = np.flatnonzero(face >= 0)
        f = self.decor.faces[face[hit]]
        w = np.stack([1 - bary[hit, 0] - bary[hit, 1], bary[hit, 0], bary[hit, 1]], 1)[..., None]
        uv = (self.decor.lightmap_uv[f] * w).sum(axis=1)
        x = np.clip((uv[:, 0] * ATLAS).astype(int), 0, ATLAS - 1)
        y = np.clip(((1 - uv[:, 1]) * ATLAS).astype(int), 0, ATLAS - 1)
        charted = self.decor.charted[f[:, 0]][:, None]
        light = np.where(charted, self.lightmap[y, x], (self.vertex[f] * w).sum(axis=1))
        out[hit] = light * self.albedo[face[hit]] + self.shine[face[hit]]
        return out


def _gather(
    caster: _Caster,
    lookup: _Lookup,
    start: F32,
    facing: F32,
    count: int,
    rng: np.random.Generator,
    tell: Progress,
    bounce: int,
) -> F32:
    total = np.zeros((len(start), 3), np.float32)
    side = max(1, round(math.sqrt(count)))
    for first in range(0, len(start), CHUNK):
        tell(f"bounce {bounce + 1}", first / len(start))
        s = slice(first, first + CHUNK)
        n = facing[s]
        helper = np.where(np.abs(n[:, 1:2]) < 0.9, (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
        t = np.cross(helper, n)
        t /= np.maximum(np.linalg.norm(t, axis=1, keepdims=True), 1e-9)
        b = np.cross(n, t)
        origin = start[s] + n * LIFT
        for k in range(side * side):
            r = np.sqrt((k % side + rng.random(len(n))) / side)
            turn = 2 * math.pi * (k // side + rng.random(len(n))) / side
            x, y = r * np.cos(turn), r * np.sin(turn)
            z = np.sqrt(np.maximum(1 - r * r, 1e-6))
            way = (t * x[:, None] + b * y[:, None] + n * z[:, None]).astype(np.float32)
            total[s] += lookup.leaving(*caster.first(origin, way), way)
    return (total / (side * side)).astype(np.float32)


def _eased(light: F32, decor: Decor, own: NDArray[np.bool_], rounds: int = 2) -> F32:
    """Remove noise between vertices that an edge joins."""
    index = np.full(len(own), -1)
    index[own] = np.arange(int(own.sum()))
    faces = index[decor.faces[own[decor.faces[:, 0]]]]
    a = faces[:, [0, 1, 2]].ravel()
    b = faces[:, [1, 2, 0]].ravel()
    normal = decor.normals[own]
    alike = (normal[a] * normal[b]).sum(axis=1) > 0.6
    a, b = a[alike], b[alike]
    for _ in range(rounds):
        total, count = light.astype(np.float64), np.ones(len(light))
        for k in range(3):
            total[:, k] += np.bincount(a, light[b, k], len(light))
            total[:, k] += np.bincount(b, light[a, k], len(light))
        count += np.bincount(a, minlength=len(light)) + np.bincount(b, minlength=len(light))
        light = (total / count[:, None]).astype(np.float32)
    return light


def _neighbours(place: F32, normal: NDArray[np.float32], known: NDArray[np.bool_]) -> Any:
    """The eight texels around each: (row shift, column shift, mask where it is the same plane)."""
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if dx == 0 and dy == 0:
                continue
            other = np.roll(known, (dy, dx), (0, 1)) & known
            near = np.roll(place, (dy, dx), (0, 1)) - place
            same = (np.roll(normal, (dy, dx), (0, 1)) * normal).sum(-1) > 0.95
            yield dy, dx, other & same & ((near * near).sum(-1) < 0.01)


def _needed(place: F32, normal: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every other texel of every other row, and those that have none of them beside them."""
    even = known.copy()
    even[1::2] = False
    even[:, 1::2] = False
    beside = np.zeros_like(known)
    for dy, dx, same in _neighbours(place, normal, known):
        beside |= same & np.roll(even, (dy, dx), (0, 1))
    return even | (known & ~beside)


def _filled(
    light: F32,
    place: F32,
    normal: NDArray[np.float32],
    known: NDArray[np.bool_],
    needed: NDArray[np.bool_],
) -> F32:
    """The light of all known texels from that of the needed ones, by the mean of neighbours."""
    image = np.zeros((ATLAS, ATLAS, 3), np.float32)
    image[known] = light
    total, count = np.zeros_like(image), np.zeros(known.shape, np.float32)
    for dy, dx, same in _neighbours(place, normal, known):
        use = (same & np.roll(needed, (dy, dx), (0, 1))).astype(np.float32)
        total += np.roll(image, (dy, dx), (0, 1)) * use[..., None]
        count += use
    rest = known & ~needed & (count > 0)
    image[rest] = total[rest] / count[rest][:, None]
    return np.asarray(image[known], np.float32)


def _smooth(light: F32, place: F32, normal: F32, known: NDArray[np.bool_], rounds: int) -> F32:
    """Remove noise between texels of one flat surface (an edge-stopping a-trous filter)."""
    image = np.zeros((ATLAS, ATLAS, 3), np.float32)
    image[known] = light
    for k in range(rounds):
        step = 1 << k
        total, weight = image.copy(), known.astype(np.float32)
        for dy in (-step, 0, step):
            for dx in (-step, 0, step):
                if dx == 0 and dy == 0:
                    continue
                other = np.roll(known, (dy, dx), (0, 1)) & known
                near = np.roll(place, (dy, dx), (0, 1)) - place
                same = (np.roll(normal, (dy, dx), (0, 1)) * normal).sum(-1) > 0.95
                close = (near * near).sum(-1) < (0.12 * step) ** 2
                w = (other & same & close).astype(np.float32) * (0.5 if dx and dy else 0.7)
                total += np.roll(image, (dy, dx), (0, 1)) * w[..., None]
                weight += w
        image = np.asarray(total / np.maximum(weight, 1e-6)[..., None], np.float32)
    return np.asarray(image[known], np.float32)


def main(arguments: list[str] | None = None) -> int:
    """Command line: bake the named scenes."""
    parser = argparse.ArgumentParser(description="Bake the light of scenes.")
    parser.add_argument("scenes", nargs="+", help="scene names, such as store")
    parser.add_argument("--draft", action="store_true", help="few rays, for looking at a change")
    chosen = parser.parse_args(arguments)
    rays = {"direct": 4, "gather": 9, "bounces": 1, "sky_width": 1024} if chosen.draft else {}
    for name in chosen.scenes:
        decor = decor_.build(load_scene(name))

        def tell(what: str, done: float, name: str = name) -> None:
            print(f"\r{name}: {what} {done:4.0%}   ", end="", flush=True)

        light = bake(decor, progress=tell, **rays)
        save(light, decor, BAKED / f"{name}.npz")
        print(f"\r{name}: {len(decor.faces)} triangles, written to {BAKED.name}/{name}.npz")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
