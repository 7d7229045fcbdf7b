"""The land beyond a scene, ray by ray into its panorama: mountains, hills, a city, a street."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .shape import F32
from .textures import fractal, noise

LANDS = ("none", "mountains", "hills", "city", "street")
_TILE = 16000.0
"""Length of the repeating height map, metres."""

WALLS = np.array(
    [
        [0.62, 0.50, 0.38], [0.55, 0.30, 0.20], [0.70, 0.64, 0.54], [0.40, 0.36, 0.33],
        [0.66, 0.57, 0.45], [0.48, 0.40, 0.33], [0.72, 0.70, 0.66], [0.42, 0.24, 0.17],
    ],
    np.float32,
)  # fmt: skip
"""Linear colours of plaster, brick, stone and concrete."""

SIGNS = np.array(
    [[0.05, 0.16, 0.13], [0.30, 0.05, 0.04], [0.04, 0.07, 0.16], [0.42, 0.25, 0.06],
     [0.06, 0.06, 0.06]],
    np.float32,
)  # fmt: skip


def paint_land(
    land: str,
    out: F32,
    sun: F32,
    horizon: F32,
    zenith: F32,
    tint: F32,
    haze: float,
    seed: int,
    height: float,
    turn: float,
    samples: int,
) -> None:
    """Paint the land over a panorama of the sky, in place; (h, w, 3) float32 linear.

    Args:
        height: of the viewer above the lake, the ground, or the pavement, metres.
        turn: of the land about +Y, radians.
        samples: rays a pixel and axis.
    """
    shape = out.shape[:2]
    # The sun and the land turn against each other.
    c, s = math.cos(turn), math.sin(turn)
    local = np.array([c * sun[0] - s * sun[2], sun[1], s * sun[0] + c * sun[2]], np.float32)
    scale = np.array([haze, height, turn], np.float32)
    if land in ("mountains", "hills"):
        rng = np.random.default_rng(seed)
        size = 1024
        rough = fractal((size, size), (5, 5), 8, rng)
        ridged = 1.0 - np.abs(fractal((size, size), (4, 4), 8, rng)) * 2.2
        relief = (0.62 * np.clip(ridged, 0, 1) ** 1.6 + 0.3 * (rough + 0.4)).astype(np.float32)
        patches = noise((size, size), (90, 90), rng)
        tall = 2400.0 if land == "mountains" else 260.0
        _country(out, relief, patches, local, horizon, zenith, tint, scale, tall, samples)
    elif land == "city":
        _city(out, local, horizon, zenith, tint, scale, seed, samples)
    elif land == "street":
        _street(out, local, horizon, zenith, tint, scale, seed, samples)
        soft = 0.0009 * shape[1]  # The camera's focus is inside the shop.
        out[:] = gaussian_filter(out, (soft, soft, 0), mode=("nearest", "wrap", "nearest"))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _chance(x: int, y: int, seed: int) -> float:
    n = (x * 374761393 + y * 668265263 + seed * 974634777) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777215.0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _sampled(image: NDArray[np.float32], u: float, v: float) -> float:
    """Bilinear and wrapping, ``u`` and ``v`` in repeats."""
    size = image.shape[0]
    x, y = (u - np.floor(u)) * size, (v - np.floor(v)) * size
    i, j = int(x) % size, int(y) % size
    a, b = x - np.floor(x), y - np.floor(y)
    i1, j1 = (i + 1) % size, (j + 1) % size
    top = image[j, i] * (1 - a) + image[j, i1] * a
    low = image[j1, i] * (1 - a) + image[j1, i1] * a
    return float(top * (1 - b) + low * b)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _ground(x: float, z: float, relief: NDArray[np.float32], tall: float) -> float:
    """Height of the land above the lake, metres: a basin around the viewer, ranges beyond."""
    far = np.hypot(x, z)
    rise = min(1.0, max(0.0, (far - 900.0) / 6500.0))
    rise = rise * rise * (3 - 2 * rise)
    broad = _sampled(relief, x / _TILE + 0.37, z / _TILE + 0.11)
    fine = _sampled(relief, x / 1270.0, z / 1270.0)
    shore = 70.0 * (_sampled(relief, x / 5300.0 + 0.2, z / 5300.0 + 0.7) - 0.28)
    # A lake straight ahead.
    shore -= 110.0 * np.exp(-((x / 2600.0) ** 2) - ((z + 3300.0) / 3000.0) ** 2)
    return float(
        tall * rise * broad + (0.045 * tall + 10.0) * (fine - 0.35) * (0.25 + rise) + shore
    )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _country(
    out: NDArray[np.float32],
    relief: NDArray[np.float32],
    patches: NDArray[np.float32],
    sun: NDArray[np.float32],
    horizon: NDArray[np.float32],
    zenith: NDArray[np.float32],
    tint: NDArray[np.float32],
    scale: NDArray[np.float32],
    tall: float,
    samples: int,
) -> None:
    """Walk outwards once per column; what rises above all that was nearer is seen."""
    haze, height, turn = scale[0], scale[1], scale[2]
    rows, columns = out.shape[0], out.shape[1]
    fine = rows * samples
    color = np.zeros(3)
    column = np.zeros((rows, 3))
    hits = np.zeros(rows)
    for c in range(columns):
        column[:] = 0.0
        hits[:] = 0.0
        for k in range(samples):
            a = ((c + (k + 0.5) / samples) / columns - 0.5) * 2 * np.pi + turn
            dx, dz = np.sin(a), -np.cos(a)
            row = fine  # The lowest row that nothing fills yet, plus one.
            t, last, before = 15.0, 8.0, -np.pi / 2
            while t < 45000.0 and row > 0:
                level = max(_ground(t * dx, t * dz, relief, tall), 0.0)
                rise = np.arctan2(level - height, t)
                while row > 0:
                    e = (0.5 - (row - 0.5) / fine) * np.pi
                    if e > rise:
                        break
                    share = (e - before) / max(rise - before, 1e-9)
                    at = last + (t - last) * min(1.0, max(0.0, share))
                    _seen(
                        at * dx, at * dz, at, dx, e, dz, relief, patches, sun, horizon, zenith,
                        tint, haze, tall, color,
                    )  # fmt: skip
                    row -= 1
                    for q in range(3):
                        column[row // samples, q] += color[q]
                    hits[row // samples] += 1.0
                last, before = t, rise
                t += max(1.5, t * 0.0035)
        n = samples * samples
        for r in range(rows):
            if hits[r] > 0.0:
                for q in range(3):
                    out[r, c, q] += (column[r, q] - out[r, c, q] * hits[r]) / n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _seen(
    x: float,
    z: float,
    t: float,
    flat_x: float,
    elevation: float,
    flat_z: float,
    relief: NDArray[np.float32],
    patches: NDArray[np.float32],
    sun: NDArray[np.float32],
    horizon: NDArray[np.float32],
    zenith: NDArray[np.float32],
    tint: NDArray[np.float32],
    haze: float,
    tall: float,
    color: NDArray[np.float64],
) -> None:
    """The colour of the land at (x, z), ``t`` metres away, through the haze."""
    dx, dy = flat_x * np.cos(elevation), np.sin(elevation)
    dz = flat_z * np.cos(elevation)
    clear = 3500.0 + 16000.0 * (1.0 - haze) ** 2
    level = _ground(x, z, relief, tall)
    fog = 1.0 - np.exp(-((t / clear) ** 1.15))
    facing = max(0.0, dx * sun[0] + dy * sun[1] + dz * sun[2])
    if level <= 0.5:
        # Water: the sky mirrored, and the sun's glitter.
        ripple = 0.02 * _sampled(patches, x / 310.0, z / 90.0)
        up = min(1.0, max(0.0, -dy + 0.02 + ripple))
        fresnel = 0.05 + 0.95 * (1.0 - up) ** 4
        sparkle = max(0.0, dx * sun[0] - dy * sun[1] + dz * sun[2]) ** 90
        for q in range(3):
            mirrored = horizon[q] + (zenith[q] - horizon[q]) * (1 - np.exp(-up * 3))
            deep = 0.04 + 0.025 * q
            color[q] = deep + (mirrored * 0.9 - deep) * fresnel
            color[q] += tint[q] * sparkle * max(0.0, 0.7 + 25.0 * ripple)
    else:
        d = max(6.0, t * 0.002)
        gx = _ground(x + d, z, relief, tall) - _ground(x - d, z, relief, tall)
        gz = _ground(x, z + d, relief, tall) - _ground(x, z - d, relief, tall)
        nx, ny, nz = -gx, 2 * d, -gz
        length = np.sqrt(nx * nx + ny * ny + nz * nz)
        ny /= length
        lit = max(0.0, (nx * sun[0] + nz * sun[2]) / length + ny * sun[1])
        patch = _sampled(patches, x / 8300.0, z / 8300.0)
        patch += 0.4 * _sampled(patches, x / 2600.0, z / 2600.0)
        grain = _sampled(patches, x / 330.0, z / 330.0)
        wild = _sampled(patches, x / 47.0, z / 47.0) * max(0.0, 1.0 - t / 3000.0)
        wood = min(1.0, max(0.0, (patch + 0.25 * grain + 0.30) * 4.0))
        rock = min(1.0, max(0.0, (0.80 - ny) * 6.0 + (level - 0.42 * tall) / 400.0))
        snow = min(1.0, max(0.0, (level - 0.47 * tall) / 160.0 + (ny - 0.75) * 1.5))
        if tall < 600.0:
            rock, snow = rock * 0.35, 0.0
        grass = (0.16, 0.20, 0.075)
        trees = (0.045, 0.085, 0.035)
        stone = (0.26, 0.23, 0.21)
        white = (0.82, 0.85, 0.92)
        for q in range(3):
            base = grass[q] * (1.0 + 0.25 * grain)
            base += (trees[q] * (1.0 + 0.7 * wild) - base) * wood
            base += (stone[q] * (1.0 + 0.3 * grain) - base) * rock
            base += (white[q] - base) * snow
            color[q] = base * (1.25 * lit * tint[q] + 0.42 * horizon[q])
    for q in range(3):
        veil = horizon[q] * 0.92 + 0.30 * tint[q] * facing**6
        color[q] += (veil - color[q]) * fog


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _tower(i: int, j: int, lot: float, seed: int) -> float:
    """Height of the building on a lot, metres; 0 for streets and parks."""
    if i % 4 == 0 or j % 4 == 0 or (i * i + j * j) * lot * lot < 70.0 * 70.0:
        return 0.0
    if _chance(i // 4, j // 4, seed + 5) < 0.12:
        return 0.0
    tall = 9.0 + 13.0 * _chance(i, j, seed) + 6.0 * _chance(i // 4, j // 4, seed + 9)
    far = np.hypot(i - 22.0, j + 30.0) * lot
    if _chance(i, j, seed + 3) < 0.30 * np.exp(-((far / 420.0) ** 2)):
        tall = 50.0 + 110.0 * _chance(i, j, seed + 4)
    elif _chance(i, j, seed + 6) < 0.03:
        tall = 34.0 + 26.0 * _chance(i, j, seed + 4)
    return float(tall)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _city(
    out: NDArray[np.float32],
    sun: NDArray[np.float32],
    horizon: NDArray[np.float32],
    zenith: NDArray[np.float32],
    tint: NDArray[np.float32],
    scale: NDArray[np.float32],
    seed: int,
    samples: int,
) -> None:
    """Lots with one building each, walked through cell by cell (Amanatides and Woo, 1987)."""
    haze, height, turn = scale[0], scale[1], scale[2]
    rows, columns = out.shape[0], out.shape[1]
    clear = 900.0 + 6000.0 * (1.0 - haze) ** 2
    c0, s0 = np.cos(turn), np.sin(turn)
    lot = 21.0
    color = np.zeros(3)
    for r in range(rows):
        if (0.5 - r / rows) * np.pi > 0.9:
            continue
        for c in range(columns):
            total0, total1, total2 = 0.0, 0.0, 0.0
            for k in range(samples * samples):
                row = r + (k // samples + 0.5) / samples
                column = c + (k % samples + 0.5) / samples
                e = (0.5 - row / rows) * np.pi
                a = (column / columns - 0.5) * 2 * np.pi
                wx, dy, wz = np.sin(a) * np.cos(e), np.sin(e), -np.cos(a) * np.cos(e)
                dx, dz = c0 * wx - s0 * wz, s0 * wx + c0 * wz
                i, j = 0, 0
                sx, sz = (1 if dx > 0 else -1), (1 if dz > 0 else -1)
                tx = (0.5 * lot) / max(abs(dx), 1e-6)
                tz = (0.5 * lot) / max(abs(dz), 1e-6)
                ax, az = lot / max(abs(dx), 1e-6), lot / max(abs(dz), 1e-6)
                t, side, kind, top = 0.0, 0, 0, 0.0
                end = 1e9 if dy >= 0 else -height / dy
                for _ in range(600):
                    leave = min(tx, tz)
                    if t >= end:
                        break
                    tower = _tower(i, j, lot, seed)
                    if tower > 0.0:
                        y = height + t * dy
                        if y < tower:
                            kind, top = 1, tower
                            break
                        if dy < 0 and height + leave * dy < tower:
                            t, kind, top = (tower - height) / dy, 2, tower
                            break
                    if t > 9000.0 or (dy > 0 and height + t * dy > 170.0):
                        break
                    if tx < tz:
                        t, side, i, tx = tx, 0, i + sx, tx + ax
                    else:
                        t, side, j, tz = tz, 1, j + sz, tz + az
                if kind == 0 and end < 8000.0:
                    t, kind = end, 3
                if kind == 0:
                    total0 += out[r, c, 0]
                    total1 += out[r, c, 1]
                    total2 += out[r, c, 2]
                    continue
                x, y, z = t * dx, height + t * dy, t * dz
                pick = _chance(i, j, seed + 1)
                wall = WALLS[int(pick * 7.999)]
                far = min(1.0, max(0.0, t / 700.0 - 0.15))
                if kind == 1:
                    along = z if side == 0 else x
                    lit = max(0.0, -sx * sun[0] if side == 0 else -sz * sun[2])
                    bay = 2.5 + 0.9 * _chance(i, j, seed + 2)
                    u, v = along / bay, y / 3.2
                    fu, fv = u - np.floor(u), v - np.floor(v)
                    glass = 0.18 < fu < 0.80 and 0.22 < fv < 0.80 and y < top - 0.9
                    if top > 45.0:
                        glass = fu > 0.06 and fv > 0.16
                    share = 0.34 if top <= 45.0 else 0.75
                    blend = share * far + (1.0 if glass else 0.0) * (1 - far)
                    room = _chance(int(np.floor(u)) + 31 * i, int(np.floor(v)) + 17 * j, seed)
                    up = 0.35 + 0.5 * room
                    ledge = 0.72 if (fv < 0.07 or y > top - 0.5) else 1.0
                    ledge = 1.0 + (ledge - 1.0) * (1 - far)
                    shade = min(1.0, 0.45 + y / 18.0)
                    for q in range(3):
                        pane = 0.10 + 0.42 * (horizon[q] * (1 - up) + zenith[q] * up)
                        light = 1.05 * lit * tint[q] + 0.5 * horizon[q] * shade
                        color[q] = wall[q] * light * ledge * (1 - blend) + pane * blend
                elif kind == 2:
                    grit = 0.85 + 0.3 * _chance(int(x / 2.5), int(z / 2.5), seed)
                    for q in range(3):
                        base = (0.32, 0.30, 0.28)[q] * grit * (0.8 + 0.4 * pick)
                        color[q] = base * (1.0 * sun[1] * tint[q] + 0.6 * horizon[q])
                else:
                    street = i % 4 == 0 or j % 4 == 0
                    p, q0 = int(np.floor(x / 6.0)), int(np.floor(z / 6.0))
                    leaf = _chance(p, q0, seed)
                    ox = x / 6.0 - p - 0.5 - 0.3 * (leaf - 0.5)
                    oz = z / 6.0 - q0 - 0.5 - 0.3 * (_chance(p, q0, seed + 8) - 0.5)
                    round_ = ox * ox + oz * oz < 0.11 + 0.09 * leaf
                    fx, fz = x / lot - np.floor(x / lot), z / lot - np.floor(z / lot)
                    edge = min(min(fx, 1 - fx), min(fz, 1 - fz)) < 0.12
                    tree = round_ and leaf < (0.35 if street else 0.8) and (edge or not street)
                    for q in range(3):
                        base = (0.20, 0.195, 0.19)[q] if street else (0.13, 0.17, 0.07)[q]
                        if street and edge:
                            base *= 1.5
                        if tree:
                            base = (0.05, 0.085, 0.035)[q] * (
                                0.7 + leaf - 1.2 * (ox * sun[0] + oz * sun[2]) * -1.0
                            )
                        color[q] = base * (0.6 * tint[q] + 0.5 * horizon[q])
                fog = 1.0 - np.exp(-((t / clear) ** 1.1))
                for q in range(3):
                    color[q] += (horizon[q] * 0.95 - color[q]) * fog
                total0 += color[0]
                total1 += color[1]
                total2 += color[2]
            n = samples * samples
            out[r, c, 0], out[r, c, 1], out[r, c, 2] = total0 / n, total1 / n, total2 / n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator,unused-ignore]
def _street(
    out: NDArray[np.float32],
    sun: NDArray[np.float32],
    horizon: NDArray[np.float32],
    zenith: NDArray[np.float32],
    tint: NDArray[np.float32],
    scale: NDArray[np.float32],
    seed: int,
    samples: int,
) -> None:
    """The other side of a street along x, at +Z: shop fronts with awnings under windows."""
    height, turn = scale[1], scale[2]
    rows, columns = out.shape[0], out.shape[1]
    c0, s0 = np.cos(turn), np.sin(turn)
    away = 17.0
    lit = max(0.0, -sun[2]) * 0.7 + 0.12
    for r in range(rows):
        for c in range(columns):
            total0, total1, total2 = 0.0, 0.0, 0.0
            for k in range(samples * samples):
                row = r + (k // samples + 0.5) / samples
                column = c + (k % samples + 0.5) / samples
                e = (0.5 - row / rows) * np.pi
                a = (column / columns - 0.5) * 2 * np.pi
                wx, dy, wz = np.sin(a) * np.cos(e), np.sin(e), -np.cos(a) * np.cos(e)
                dx, dz = c0 * wx - s0 * wz, s0 * wx + c0 * wz
                t = away / dz if dz > 1e-4 else 1e9
                x, y = t * dx, height + t * dy
                lot = int(np.floor(x / 7.5))
                top = 11.0 + 5.0 * _chance(lot, 0, seed)
                red, green, blue = out[r, c, 0], out[r, c, 1], out[r, c, 2]
                if dz > 1e-4 and 0.0 < y < top and t < 400.0:
                    wall = WALLS[int(_chance(lot, 1, seed) * 7.999)]
                    sign = SIGNS[int(_chance(lot, 2, seed) * 4.999)]
                    u = x / 7.5 - np.floor(x / 7.5)
                    light = 0.55 + lit
                    red, green, blue = wall[0] * light, wall[1] * light, wall[2] * light
                    if y < 3.7:
                        if 0.06 < u < 0.94 and y > 0.4:
                            door = 0.62 < u < 0.78
                            if y < 2.7 and not door:
                                warm = 0.55 + 0.4 * _chance(int(u * 9) + lot * 11, 5, seed)
                                red, green, blue = 0.95 * warm, 0.74 * warm, 0.46 * warm
                            elif y < 2.5 and door:
                                red, green, blue = sign[0] * 1.4, sign[1] * 1.4, sign[2] * 1.4
                            elif y < 3.25:
                                band = int(u * 22) % 2 == 0 and _chance(lot, 3, seed) < 0.6
                                red = 0.75 if band else sign[0] + 0.02
                                green = 0.72 if band else sign[1] + 0.02
                                blue = 0.66 if band else sign[2] + 0.02
                            else:
                                red, green, blue = sign[0], sign[1], sign[2]
                    elif y < top - 0.7:
                        v = (y - 3.9) / 3.0
                        w = u * 3.0
                        fu, fv = w - np.floor(w), v - np.floor(v)
                        if 0.28 < fu < 0.72 and 0.2 < fv < 0.82:
                            edge = min(fu - 0.28, 0.72 - fu) < 0.045 or abs(fu - 0.5) < 0.02
                            up = 0.4 + 0.4 * _chance(int(np.floor(w)) + 5 * lot, int(v), seed)
                            if edge or fv < 0.25:
                                red, green, blue = 0.8, 0.78, 0.73
                            else:
                                red = 0.1 + 0.5 * zenith[0] * up
                                green = 0.1 + 0.5 * zenith[1] * up
                                blue = 0.1 + 0.5 * zenith[2] * up
                    else:
                        red, green, blue = red * 1.15, green * 1.15, blue * 1.15
                elif dy < 0.0:
                    t = -height / dy
                    z, x = t * dz, t * dx
                    grit = 0.92 + 0.16 * _chance(int(x * 2.0), int(z * 2.0), seed)
                    value = 0.42 if (z < 8.0 or z > 14.6) else 0.17
                    value *= grit * (0.75 + 0.6 * sun[1])
                    red, green, blue = value * 1.02, value, value * 0.97
                total0 += red
                total1 += green
                total2 += blue
            n = samples * samples
            out[r, c, 0], out[r, c, 1], out[r, c, 2] = total0 / n, total1 / n, total2 / n
