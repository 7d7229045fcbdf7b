"""Light of a room as arrays: a lightmap, light per vertex, and probes for what moves.

Baked files (``scenes/baked/*.npz``) hold path-traced light; without one, :func:`estimate` sums
the lamps without shadows. No engine here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..catalog.scene import SCENES
from .atlas import ATLAS
from .decor import Decor
from .lamp import Light
from .settings import StageError
from .shape import F32
from .sky import panorama, stored

BAKED = SCENES / "baked"
PROBE_STEP = 0.9
QUICK_SKY = 768
"""Width of a panorama that is painted while a scene loads, pixels."""
AXES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)


@dataclass(frozen=True, eq=False)
class RoomLight:
    """Irradiance divided by pi, so that diffuse colour times it is what the eye sees.

    Attributes:
        lightmap: (ATLAS, ATLAS, 3) float32 linear, top row first.
        vertex: (n, 3) float32 linear, 1 for charted vertices.
        probes: (x, y, z, 6, 3) float32, light from +x -x +y -y +z -z at grid points.
        origin: (3,) of the first probe, metres; they are ``PROBE_STEP`` apart.
        source: ``"baked"`` or ``"estimated"``.
        sky: (h, w, 3) uint8, the stored panorama; None without a sky.
    """

    lightmap: F32
    vertex: F32
    probes: F32
    origin: F32
    source: str
    sky: NDArray[np.uint8] | None = None

    def at(self, position: F32) -> F32:
        """(6, 3) light around a point, interpolated between probes."""
        limit = np.array(self.probes.shape[:3], np.float32) - 1.0
        g = np.clip((position - self.origin) / PROBE_STEP, 0.0, limit)
        low = np.minimum(np.floor(g), np.maximum(limit - 1.0, 0.0)).astype(int)
        t = g - low
        total = np.zeros((6, 3), np.float32)
        for corner in range(8):
            step = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])
            weight = float(np.prod(np.where(step, t, 1.0 - t)))
            i, j, k = np.minimum(low + step, limit.astype(int))
            total += weight * self.probes[i, j, k]
        return total


def probe_grid(decor: Decor) -> tuple[F32, tuple[int, int, int], F32]:
    """Where probes stand: (points (p, 3), grid shape, origin (3,)), metres."""
    low, high = decor.bounds
    inner = np.array([0.35, 0.3, 0.35], np.float32)
    span = np.maximum(high - low - 2 * inner, 0.1)
    span[1] = min(span[1], 2.4)
    shape = tuple(math.ceil(s / PROBE_STEP) + 1 for s in span)
    origin = ((low + high) / 2 - np.array([shape[0] - 1, 0, shape[2] - 1]) * PROBE_STEP / 2).astype(
        np.float32
    )
    origin[1] = 0.3
    axes = [origin[i] + np.arange(shape[i]) * PROBE_STEP for i in range(3)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    return points.astype(np.float32), (shape[0], shape[1], shape[2]), origin


def load(decor: Decor, name: str, folder: Path = BAKED) -> RoomLight | None:
    """The baked light of a scene, or None when there is none for exactly this geometry.

    Raises:
        StageError: the file is there but broken.
    """
    path = folder / f"{name}.npz"
    if not path.exists():
        return None
    try:
        with np.load(path) as data:
            if str(data["digest"]) != decor.digest:
                return None
            scale = float(data["scale"])
            lightmap = decode(data["lightmap"], scale)
            vertex = np.ones((len(decor.vertices), 3), np.float32)
            vertex[~decor.charted] = decode(data["vertex"], scale)
            probes = data["probes"].astype(np.float32)
            sky = _unpacked(data["sky"]) if data["sky"].size else None
            return RoomLight(lightmap, vertex, probes, data["origin"], "baked", sky)
    except (OSError, KeyError, ValueError) as error:
        raise StageError(f"{path.name} is broken ({error}); bake the scene again") from error


def packed(sky: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A stored panorama as the bytes of a JPEG."""
    from PIL import Image

    data = BytesIO()
    Image.fromarray(sky).save(data, "JPEG", quality=88, optimize=True)
    return np.frombuffer(data.getvalue(), np.uint8)


def _unpacked(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(BytesIO(data.tobytes())) as image:
        return np.asarray(image.convert("RGB"))


def encode(light: F32, scale: float) -> NDArray[np.uint8]:
    """Light as 8 bits per channel with a gamma of 2.2; ``scale`` is the brightest value."""
    return np.asarray(np.clip(light / scale, 0.0, 1.0) ** (1 / 2.2) * 255.0 + 0.5).astype(np.uint8)


def decode(stored: NDArray[np.uint8], scale: float) -> F32:
    """What :func:`encode` stored."""
    table = ((np.arange(256) / 255.0) ** 2.2 * scale).astype(np.float32)
    return table[stored]


def estimate(decor: Decor) -> RoomLight:
    """Light without shadows: every lamp's direct light plus an even share of what bounces."""
    place, normal, known = texels(decor)
    flat = known.ravel()
    straight = _open_light(decor, place[known], normal[known])
    share, around = _exposed(decor, straight)
    lightmap = np.ones((ATLAS, ATLAS, 3), np.float32)
    lightmap.reshape(-1, 3)[flat] = _with_bounce(straight * share, around, normal[known])
    dilate(lightmap, known)
    lightmap[:4, :4] = 1.0
    vertex = np.ones((len(decor.vertices), 3), np.float32)
    own = ~decor.charted
    found = _open_light(decor, decor.vertices[own], decor.normals[own]) * share
    vertex[own] = _with_bounce(found, around, decor.normals[own])
    points, shape, origin = probe_grid(decor)
    sides = [np.broadcast_to(a, points.shape) for a in AXES]
    probes = np.stack(
        [_with_bounce(_open_light(decor, points, a) * share, around, a) for a in sides], axis=1
    )
    sky = stored(panorama(decor.sky, QUICK_SKY)) if decor.sky is not None else None
    return RoomLight(lightmap, vertex, probes.reshape(*shape, 6, 3), origin, "estimated", sky)


def _open_light(decor: Decor, place: F32, normal: NDArray[np.float32]) -> F32:
    """Every lamp's direct light, as if nothing stood between."""
    total = np.zeros((len(place), 3), np.float32)
    for light in decor.lights:
        share = received(light, np.asarray(light.at, np.float32) - place, normal)
        total += share[:, None] * np.asarray(light.power, np.float32)
    return total


def _exposed(decor: Decor, straight: F32) -> tuple[float, F32]:
    """What to multiply direct light by, and the even light (3,) around.

    Without shadows, walls between rooms let everything through; keep to an ordinary exposure.
    """
    if decor.outdoor and decor.sky is not None:
        zenith, horizon = np.asarray(decor.sky.zenith), np.asarray(decor.sky.horizon)
        return 0.8, ((zenith + horizon) / 2 * decor.sky.strength).astype(np.float32)
    level = float(np.median(straight.mean(axis=1))) if len(straight) else 0.0
    share = 0.5 / max(level, 0.5)
    mean = straight.mean(axis=0) * share if len(straight) else np.zeros(3)
    warm = np.array([0.42, 0.40, 0.37])
    return share, np.maximum(mean * 0.8, warm).astype(np.float32)


def _with_bounce(straight: F32, around: F32, normal: NDArray[np.float32]) -> F32:
    up = (0.8 + 0.2 * normal[:, 1:2]).astype(np.float32)
    return (straight + around * up).astype(np.float32)


def received(light: Light, way: F32, normal: NDArray[np.float32]) -> F32:
    """Irradiance over pi per unit of power, (n,), from a point of the light, unshadowed.

    Args:
        way: (n, 3) from the receiver to the light's point, metres.
    """
    square = np.maximum((way * way).sum(axis=1), 1e-4)
    unit = way / np.sqrt(square)[:, None]
    facing = np.maximum((unit * normal).sum(axis=1), 0.0)
    if light.kind == "sun":
        return np.asarray(facing, np.float32)
    away = -(unit @ np.asarray(light.normal, np.float32))
    if light.kind in ("panel", "sky"):
        area = 4.0 * float(np.linalg.norm(light.u) * np.linalg.norm(light.v))
        # Seen from closer than its own size a rectangle is no point: soften.
        return np.asarray(facing * np.maximum(away, 0.0) * area / (square + area * 0.1) / math.pi,
                          np.float32)  # fmt: skip
    if light.kind == "spot":
        soft = np.clip((away - light.cosine) / max(1e-3, (1.0 - light.cosine) * 0.95), 0.0, 1.0)
        facing = facing * soft * soft * (3.0 - 2.0 * soft)
    return np.asarray(facing / square / math.pi, np.float32)


def texels(decor: Decor) -> tuple[F32, F32, NDArray[np.bool_]]:
    """Where each lightmap texel lies in the room.

    Returns:
        Positions and unit normals (ATLAS, ATLAS, 3) float32, and which texels are covered.
    """
    charted = decor.charted[decor.faces[:, 0]]
    place = np.zeros((ATLAS, ATLAS, 3), np.float32)
    normal = np.zeros((ATLAS, ATLAS, 3), np.float32)
    known = np.zeros((ATLAS, ATLAS), np.bool_)
    pixel = decor.lightmap_uv * (ATLAS, -ATLAS) + (0.0, ATLAS)
    _rasterise(
        pixel.astype(np.float32), decor.vertices, decor.normals, decor.faces[charted],
        place, normal, known,
    )  # fmt: skip
    length = np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return place, (normal / length).astype(np.float32), known


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _rasterise(
    pixel: NDArray[np.float32],
    vertices: NDArray[np.float32],
    normals: NDArray[np.float32],
    faces: NDArray[np.int32],
    place: NDArray[np.float32],
    normal: NDArray[np.float32],
    known: NDArray[np.bool_],
) -> None:
    size = known.shape[0]
    slack = 0.75
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay = pixel[a, 0], pixel[a, 1]
        bx, by = pixel[b, 0], pixel[b, 1]
        cx, cy = pixel[c, 0], pixel[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-6:
            continue
        x0 = max(0, int(np.floor(min(ax, bx, cx) - slack)))
        x1 = min(size - 1, int(np.ceil(max(ax, bx, cx) + slack)))
        y0 = max(0, int(np.floor(min(ay, by, cy) - slack)))
        y1 = min(size - 1, int(np.ceil(max(ay, by, cy) + slack)))
        longest = max(
            np.hypot(bx - ax, by - ay), np.hypot(cx - bx, cy - by), np.hypot(ax - cx, ay - cy)
        )
        allow = -slack * longest / abs(area)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x + 0.5, y + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1.0 - u - v
                low = min(u, v, w)
                if low < allow or (low < 0.0 and known[y, x]):
                    continue
                u, v, w = max(u, 0.0), max(v, 0.0), max(w, 0.0)
                total = u + v + w
                u, v, w = u / total, v / total, w / total
                known[y, x] = True
                for k in range(3):
                    place[y, x, k] = u * vertices[a, k] + v * vertices[b, k] + w * vertices[c, k]
                    normal[y, x, k] = u * normals[a, k] + v * normals[b, k] + w * normals[c, k]


def dilate(lightmap: F32, known: NDArray[np.bool_], rounds: int = 2) -> None:
    """Spread covered texels over their uncovered neighbours, in place."""
    filled = known.copy()
    for _ in range(rounds):
        total = np.zeros_like(lightmap)
        count = np.zeros(known.shape, np.float32)
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            near = np.roll(filled, (dy, dx), (0, 1))
            total += np.roll(lightmap, (dy, dx), (0, 1)) * near[..., None]
            count += near
        new = ~filled & (count > 0)
        lightmap[new] = total[new] / count[new][:, None]
        filled |= new
