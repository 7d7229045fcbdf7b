"""Procedural surfaces: floors, cloths, walls and prints, as float32 pictures of 0 to 1.

Every function takes a generator and gives (size, size, 3) float32 sRGB; nothing is read from
disk. They need to be various rather than beautiful: a network that has seen them all finds real
floors and fabrics ordinary.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Rng = np.random.Generator


def colour(rng: Rng, saturation: float = 0.5) -> F32:
    """(3,) an sRGB colour; ``saturation`` bounds its distance from grey."""
    grey = rng.uniform(0.03, 0.97)
    tint = rng.uniform(-1.0, 1.0, 3) * rng.uniform(0, saturation)
    return np.asarray(np.clip(grey + tint - tint.mean(), 0.01, 0.99), np.float32)


def noise(rng: Rng, size: int, cells: int, stretch: float = 1.0) -> F32:
    """(size, size) smooth noise of unit deviation with about ``cells`` waves across."""
    rows = max(2, int(cells))
    columns = max(2, int(cells / stretch))
    grid = rng.standard_normal((rows, columns)).astype(np.float32)
    out = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(out / max(float(out.std()), 1e-6), np.float32)


def fractal(rng: Rng, size: int) -> F32:
    """(size, size) noise of several octaves, unit deviation."""
    out = np.zeros((size, size), np.float32)
    strength = 1.0
    for cells in (3, 7, 15, 34, 80):
        out += strength * noise(rng, size, min(cells, size))
        strength *= rng.uniform(0.4, 1.1)
    return np.asarray(out / max(float(out.std()), 1e-6), np.float32)


def plain(rng: Rng, size: int) -> F32:
    """One colour with faint grain."""
    out = np.ones((size, size, 3), np.float32) * colour(rng)
    return out * (1 + rng.uniform(0, 0.03) * rng.standard_normal((size, size, 1))).astype(
        np.float32
    )


def studio(rng: Rng, size: int) -> F32:
    """A white or light sweep, sometimes with a visible floor line."""
    light = rng.uniform(0.75, 1.0)
    cast = rng.uniform(-0.03, 0.03, 3)
    out = (np.ones((size, size, 3)) * (light + cast)).astype(np.float32)
    if rng.random() < 0.5:
        line = int(rng.uniform(0.35, 0.9) * size)
        out[line:] *= rng.uniform(0.75, 1.0)
        if rng.random() < 0.6:
            out = cv2.GaussianBlur(out, (0, 0), rng.uniform(1, size / 12))
    return np.clip(out, 0, 1)


def denim(rng: Rng, size: int) -> F32:
    """Twill in blue, black or grey, washed paler in broad places."""
    tones = [[0.16, 0.22, 0.36], [0.28, 0.38, 0.55], [0.50, 0.60, 0.74], [0.09, 0.09, 0.11]]
    base = np.asarray(tones[int(rng.integers(len(tones)))], np.float32) * rng.uniform(0.75, 1.25)
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    twill = np.sin((row + column) * rng.uniform(0.9, 2.2)).astype(np.float32)
    thread = rng.standard_normal((size, size)).astype(np.float32)
    light = 1 + rng.uniform(0.02, 0.10) * twill + rng.uniform(0.02, 0.10) * thread
    wash = rng.uniform(0.0, 0.35) * np.clip(noise(rng, size, 4, 0.6), 0, 2)
    out = base * light[..., None]
    out = out + (1 - out) * 0.5 * wash[..., None]
    return np.asarray(np.clip(out, 0, 1), np.float32)


def planks(rng: Rng, size: int) -> F32:
    """Boards with grain and dark joints, along the first axis."""
    base = np.array([rng.uniform(0.3, 0.9), rng.uniform(0.22, 0.75), rng.uniform(0.1, 0.6)])
    base = np.sort(base)[::-1] if rng.random() < 0.8 else np.ones(3) * base[0]
    out = np.ones((size, size, 3), np.float32) * base.astype(np.float32)
    width = int(rng.uniform(0.06, 0.28) * size)
    grain = noise(rng, size, int(rng.integers(30, 90)), rng.uniform(4, 15)).T
    offset = int(rng.integers(0, width))
    for left in range(-offset, size, width):
        stop = min(left + width, size)
        start = max(left, 0)
        out[:, start:stop] *= rng.uniform(0.82, 1.18)
        cut = int(rng.integers(0, size))
        out[cut : cut + 1, start:stop] *= 0.6
        out[cut:, start:stop] *= rng.uniform(0.85, 1.15)
        if start > 0:
            out[:, start : start + 1] *= rng.uniform(0.4, 0.9)
    out *= (1 + rng.uniform(0.02, 0.12) * grain)[..., None]
    return np.clip(out, 0, 1)


def tiles(rng: Rng, size: int) -> F32:
    """Square tiles with grout."""
    out = plain(rng, size)
    width = int(rng.uniform(0.12, 0.6) * size)
    grout = colour(rng, 0.1)
    thick = int(rng.integers(1, 4))
    shift = rng.integers(0, width, 2)
    strength = rng.uniform(0.3, 1.0)
    for k in range(thick):
        rows = slice(int(shift[0]) + k, None, width)
        columns = slice(int(shift[1]) + k, None, width)
        out[rows] = (1 - strength) * out[rows] + strength * grout
        out[:, columns] = (1 - strength) * out[:, columns] + strength * grout
    out *= (1 + rng.uniform(0, 0.08) * fractal(rng, size))[..., None]
    return np.clip(out, 0, 1)


def carpet(rng: Rng, size: int) -> F32:
    """A patterned rug: quantised noise in a few colours, often mirrored."""
    field = fractal(rng, size)
    if rng.random() < 0.6:
        field = field + field[:, ::-1]
        if rng.random() < 0.6:
            field = field + field[::-1]
    count = int(rng.integers(2, 6))
    palette = np.stack([colour(rng, 0.7) for _ in range(count)])
    rank = np.digitize(field, np.quantile(field, np.linspace(0, 1, count + 1)[1:-1]))
    out = palette[rank]
    speckle = rng.uniform(0.03, 0.2) * rng.standard_normal((size, size, 1))
    out = out * (1 + speckle).astype(np.float32)
    return np.clip(out, 0, 1).astype(np.float32)


def stripes(rng: Rng, size: int) -> F32:
    """Stripes, or a check where both directions carry them."""
    out = np.ones((size, size, 3), np.float32) * colour(rng, 0.7)
    for axis in range(2 if rng.random() < 0.45 else 1):
        period = int(rng.uniform(0.02, 0.25) * size) + 2
        duty = int(np.clip(rng.uniform(0.15, 0.7) * period, 1, period - 1))
        band = (np.arange(size) + int(rng.integers(period))) % period < duty
        tint, strength = colour(rng, 0.7), rng.uniform(0.3, 1.0)
        view = out if axis == 0 else out.transpose(1, 0, 2)
        view[band] = (1 - strength) * view[band] + strength * tint
    return np.asarray(np.clip(out, 0, 1), np.float32)


def spots(rng: Rng, size: int) -> F32:
    """Dots, petals and blobs scattered on one colour."""
    out = np.ones((size, size, 3), np.float32) * colour(rng, 0.7)
    tints = [colour(rng, 0.9) for _ in range(int(rng.integers(1, 4)))]
    radius = rng.uniform(0.008, 0.06) * size
    for _ in range(int(rng.integers(20, 160))):
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        axes = (
            max(1, int(radius * rng.uniform(0.5, 1.5))),
            max(1, int(radius * rng.uniform(0.5, 1.5))),
        )
        tint = tuple(float(v) for v in tints[int(rng.integers(len(tints)))])
        cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, tint, -1, cv2.LINE_AA)
    return out


def mottled(rng: Rng, size: int) -> F32:
    """Two colours blended by noise: stone, plush, tie-dye, foliage."""
    blend = 1 / (1 + np.exp(-rng.uniform(0.6, 4) * fractal(rng, size)))
    out = colour(rng, 0.6) * blend[..., None] + colour(rng, 0.6) * (1 - blend[..., None])
    return np.asarray(out, np.float32)


def clutter(rng: Rng, size: int) -> F32:
    """A room seen past: boxes, bars and discs of many colours."""
    out = GROUNDS[int(rng.integers(4))](rng, size)
    for _ in range(int(rng.integers(2, 10))):
        tint = tuple(float(v) for v in colour(rng, 0.7))
        a, b = rng.integers(0, size, 2), rng.integers(0, size, 2)
        if rng.random() < 0.7:
            cv2.rectangle(out, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), tint, -1)
        else:
            cv2.circle(out, (int(a[0]), int(a[1])), int(rng.uniform(0.03, 0.2) * size), tint, -1)
    if rng.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, size / 50))
    return out


def folds(rng: Rng, size: int, strength: float) -> F32:
    """(size, size, 1) shading of creased cloth, about 1."""
    angle = rng.uniform(0, np.pi)
    ruler = np.arange(size, dtype=np.float32) / size
    along = np.float32(np.cos(angle)) * ruler + np.float32(np.sin(angle)) * ruler[:, None]
    bend = noise(rng, size, int(rng.integers(3, 7)))
    waves = np.sin(along * rng.uniform(8, 40) + bend * rng.uniform(0.5, 2.5))
    ridge = noise(rng, size, int(rng.integers(5, 14)))
    field = 0.5 * waves * noise(rng, size, 3) + 0.7 * ridge
    return np.asarray(1 + strength * np.clip(field, -2.5, 2.5) * 0.5, np.float32)[..., None]


def motif(rng: Rng, out: F32) -> None:
    """Print letters or a badge onto the middle of a picture, in place."""
    size = out.shape[0]
    tint = tuple(float(v) for v in colour(rng, 0.9))
    x = int(rng.uniform(0.3, 0.55) * size)
    y = int(rng.uniform(0.3, 0.6) * size)
    if rng.random() < 0.5:
        word = "".join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(2, 7))))
        scale = rng.uniform(0.3, 1.1) * size / 128
        thick = max(1, int(rng.uniform(1, 3.5) * size / 128))
        left = max(0, x - int(10 * scale * len(word)))
        ink = np.zeros((size, size), np.uint8)
        cv2.putText(ink, word, (left, y), int(rng.integers(0, 5)), scale, 255, thick, cv2.LINE_AA)
        share = (ink.astype(np.float32) / 255)[..., None]
        out += share * (np.array(tint, np.float32) - out)
    else:
        points = rng.normal(0, rng.uniform(0.04, 0.14) * size, (int(rng.integers(3, 9)), 2))
        hull = cv2.convexHull((points + np.array((x, y))).astype(np.float32)).astype(np.int32)
        cv2.fillPoly(out, [hull], tint, cv2.LINE_AA)


Maker = Callable[[Rng, int], F32]
GROUNDS: tuple[Maker, ...] = (plain, studio, planks, tiles, carpet, stripes, spots, mottled)
_GROUND_WEIGHT = np.array([0.18, 0.22, 0.17, 0.1, 0.12, 0.04, 0.04, 0.13])
FABRICS: tuple[Maker, ...] = (plain, stripes, spots, mottled, carpet)
_FABRIC_WEIGHT = np.array([0.55, 0.15, 0.1, 0.12, 0.08])


def _turned(rng: Rng, picture: F32, size: int) -> F32:
    """A rotated, scaled crop of a larger picture."""
    big = picture.shape[0]
    angle = float(rng.choice([0, 90, rng.uniform(-180, 180)]))
    matrix = cv2.getRotationMatrix2D((big / 2, big / 2), angle, rng.uniform(0.95, 1.6))
    matrix[:, 2] += size / 2 - big / 2
    return np.asarray(
        cv2.warpAffine(picture, matrix, (size, size), borderMode=cv2.BORDER_REFLECT), np.float32
    )


def ground(rng: Rng, size: int) -> F32:
    """A background: floor, wall, bedspread or clutter, unevenly lit."""
    if rng.random() < 0.08:
        out = clutter(rng, size)
    else:
        maker = GROUNDS[int(rng.choice(len(GROUNDS), p=_GROUND_WEIGHT))]
        out = maker(rng, size)
        if maker is not studio:
            out = _turned(rng, out, size)
            if rng.random() < 0.3:
                out = out * folds(rng, size, rng.uniform(0.03, 0.3))
    ruler = np.arange(size, dtype=np.float32) / size - 0.5
    slope = 1 + np.float32(rng.normal(0, 0.15)) * ruler[:, None]
    slope = slope + np.float32(rng.normal(0, 0.15)) * ruler
    return np.clip(out * slope[..., None], 0, 1).astype(np.float32)


def fabric(rng: Rng, size: int) -> F32:
    """A garment's cloth: weave or print, creases, sometimes letters."""
    out = FABRICS[int(rng.choice(len(FABRICS), p=_FABRIC_WEIGHT))](rng, size)
    if rng.random() < 0.5:
        out = _turned(rng, out, size)
    if rng.random() < 0.4:
        motif(rng, out)
    creased = out * folds(rng, size, rng.uniform(0.05, 0.45))
    return np.asarray(np.clip(creased, 0, 1), np.float32)
