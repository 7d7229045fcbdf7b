"""A scene's sky and the land far away, as one panorama: what windows and outdoor scenes look at.

The panorama is an equirectangular picture: its middle looks along -Z, its left half lies on the
left hand. It also lights outdoor scenes and is what glossy things reflect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..catalog.scene import Scene
from . import check
from .landscape import LANDS, paint_land
from .shape import F32

PEAK = 3.0
"""The brightest value that a stored panorama holds, before ``strength``."""
_KEYS = (
    "zenith", "horizon", "ground", "strength", "sun", "sun_color", "sun_strength", "sun_size",
    "clouds", "haze", "land", "seed", "height", "turn",
)  # fmt: skip


@dataclass(frozen=True)
class Sky:
    """What surrounds a scene.

    Attributes:
        zenith, horizon, ground: linear RGB.
        strength: multiplies the panorama to radiance.
        sun: unit vector towards the sun; ``sun_power`` its irradiance over pi on what faces it,
            linear RGB, zero where it casts no light; ``sun_radius`` in radians: softness.
        clouds, haze: 0 to 1.
        land: one of :data:`landscape.LANDS`.
        height: of the viewer above the land, metres.
        turn: of the land about +Y, radians.
    """

    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    ground: tuple[float, float, float]
    strength: float
    sun: tuple[float, float, float]
    sun_power: tuple[float, float, float]
    sun_tint: tuple[float, float, float]
    sun_radius: float
    clouds: float
    haze: float
    land: str
    seed: int
    height: float
    turn: float


def read_sky(scene: Scene) -> Sky | None:
    """The ``[sky]`` table; None where there is none.

    Raises:
        SceneError: an unknown key or a wrong value.
    """
    table = scene.document.get("sky")
    if table is None:
        return None
    check.keys(scene, table, _KEYS, "sky")

    def number(key: str, default: float, low: float, high: float) -> float:
        return check.number(scene, table, key, "sky", default, low, high)

    def tint(key: str, default: str) -> tuple[float, float, float]:
        c = check.linear(check.color(scene, table.get(key, default), f"sky.{key}"))
        return (float(c[0]), float(c[1]), float(c[2]))

    azimuth, elevation = (
        math.radians(v) for v in check.vector(scene, table.get("sun", [30.0, 40.0]), 2, "sky.sun")
    )
    if not 0.0 <= elevation <= math.pi / 2:
        raise scene.fail(
            "is out of range", "sky.sun", "[azimuth, elevation 0 to 90] degrees", table["sun"]
        )
    flat = math.cos(elevation)
    sun_tint = tint("sun_color", "#fff2e0")
    power = number("sun_strength", 0.0, 0.0, 100.0)
    return Sky(
        zenith=tint("zenith", "#4d7fbf"),
        horizon=tint("horizon", "#dbe7f0"),
        ground=tint("ground", "#77756c"),
        strength=number("strength", 2.0, 0.0, 20.0),
        sun=(-math.sin(azimuth) * flat, math.sin(elevation), -math.cos(azimuth) * flat),
        sun_power=(sun_tint[0] * power, sun_tint[1] * power, sun_tint[2] * power),
        sun_tint=sun_tint,
        sun_radius=math.radians(number("sun_size", 0.6, 0.1, 10.0)),
        clouds=number("clouds", 0.35, 0.0, 1.0),
        haze=number("haze", 0.5, 0.0, 1.0),
        land=check.option(scene, table, "land", "sky", "none", LANDS),
        seed=int(number("seed", 1, 0, 1e6)),
        height=number("height", 20.0, 1.0, 2000.0),
        turn=math.radians(number("turn", 0.0, -360.0, 360.0)),
    )


def directions(width: int) -> F32:
    """(width // 2, width, 3) float32 unit vectors of a panorama's pixels, top row first."""
    azimuth = ((np.arange(width) + 0.5) / width - 0.5) * 2 * math.pi
    elevation = (0.5 - (np.arange(width // 2) + 0.5) / (width // 2)) * math.pi
    c = np.cos(elevation)[:, None]
    return np.stack(
        [
            np.sin(azimuth)[None] * c,
            np.broadcast_to(np.sin(elevation)[:, None], (width // 2, width)),
            -np.cos(azimuth)[None] * c,
        ],
        axis=-1,
    ).astype(np.float32)


def panorama(sky: Sky, width: int, samples: int = 1) -> F32:
    """Paint what surrounds a scene, (width // 2, width, 3) float32 linear, before ``strength``.

    Args:
        samples: rays a pixel and axis for the land.
    """
    way = directions(width)
    out = np.empty_like(way)
    sun = np.asarray(sky.sun, np.float32)
    zenith, horizon, ground, tint = (
        np.asarray(c, np.float32) for c in (sky.zenith, sky.horizon, sky.ground, sky.sun_tint)
    )
    _heaven(way, sun, zenith, horizon, ground, tint, sky.clouds, sky.haze, sky.seed, out)
    if sky.land != "none":
        paint_land(
            sky.land, out, sun, horizon, zenith, tint, sky.haze, sky.seed, sky.height, sky.turn,
            samples,
        )  # fmt: skip
    return np.minimum(out, PEAK)


def stored(light: F32) -> NDArray[np.uint8]:
    """A panorama as 8-bit sRGB of its share of :data:`PEAK`, dithered against bands."""
    rng = np.random.default_rng(1)
    wide = check.encoded(light / PEAK) * 255.0
    return np.asarray(np.clip(wide + rng.random(light.shape[:2])[..., None], 0, 255), np.uint8)


def unstored(pixels: NDArray[np.uint8]) -> F32:
    """What :func:`stored` stored, linear."""
    return np.asarray(check.LINEAR[pixels] * PEAK, np.float32)


def radiance(picture: F32, way: F32) -> F32:
    """(n, 3) of a panorama along unit vectors (n, 3); the nearest pixel."""
    h, w = picture.shape[:2]
    x = (np.arctan2(way[:, 0], -way[:, 2]) / (2 * math.pi) + 0.5) * w
    y = (0.5 - np.arcsin(np.clip(way[:, 1], -1.0, 1.0)) / math.pi) * h
    return np.asarray(
        picture[np.clip(y, 0, h - 1).astype(np.intp), np.clip(x, 0, w - 1).astype(np.intp)],
        np.float32,
    )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _hash(x: int, y: int, seed: int) -> float:
    """A number in 0 to 1 of a grid point."""
    n = (x * 374761393 + y * 668265263 + seed * 2147483647) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777215.0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _clouds(x: float, y: float, seed: int) -> float:
    """Fractal value noise, 0 to 1."""
    total, share = 0.0, 0.5
    for octave in range(6):
        i, j = int(np.floor(x)), int(np.floor(y))
        u, v = x - i, y - j
        u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
        a = _hash(i, j, seed + octave) * (1 - u) + _hash(i + 1, j, seed + octave) * u
        b = _hash(i, j + 1, seed + octave) * (1 - u) + _hash(i + 1, j + 1, seed + octave) * u
        total += share * (a * (1 - v) + b * v)
        x, y, share = x * 2.03 + 7.1, y * 2.03 + 3.7, share * 0.5
    return total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _heaven(
    way: NDArray[np.float32],
    sun: NDArray[np.float32],
    zenith: NDArray[np.float32],
    horizon: NDArray[np.float32],
    ground: NDArray[np.float32],
    tint: NDArray[np.float32],
    clouds: float,
    haze: float,
    seed: int,
    out: NDArray[np.float32],
) -> None:
    """Gradient, sun and its glow, and clouds on a flat layer."""
    for r in range(way.shape[0]):
        for c in range(way.shape[1]):
            x, y, z = way[r, c, 0], way[r, c, 1], way[r, c, 2]
            facing = max(0.0, x * sun[0] + y * sun[1] + z * sun[2])
            up = max(y, 0.0)
            t = 1.0 - np.exp(-up * (5.5 - 3.0 * haze))
            glow = 0.30 * facing**6 * (1.0 - 0.6 * up) + 0.45 * facing**48 + 0.8 * facing**900
            cover, bright = 0.0, 0.0
            if clouds > 0.0 and y > 0.015:
                u, v = x / (y + 0.09) * 1.5, z / (y + 0.09) * 1.5
                n = _clouds(u, v, seed)
                low = 0.66 - 0.34 * clouds
                cover = min(1.0, max(0.0, (n - low) / 0.2))
                cover *= min(1.0, (y - 0.015) / 0.12)
                # Lit from the sun's side: what is thinner towards the sun is brighter.
                beside = _clouds(u + 0.22 * sun[0], v + 0.22 * sun[2], seed)
                bright = 0.86 + 1.6 * (n - beside) + 0.35 * facing**4
                bright = min(1.5, max(0.55, bright))
            below = min(1.0, max(0.0, -y / 0.04))
            for k in range(3):
                value = horizon[k] + (zenith[k] - horizon[k]) * t + tint[k] * glow
                white = bright * (0.75 + 0.25 * tint[k]) * (0.55 + 0.45 * horizon[k])
                value += (white - value) * cover * 0.85
                if facing > 0.99995:
                    value += 2.0 * (1.0 - cover)
                out[r, c, k] = value + (ground[k] - value) * below
