"""Procedural textures: wood, plaster, fabric, stone, rugs, pictures; numpy only.

Every painter takes ``(size, rng, base, accent)``, colours in sRGB 0 to 1, and returns
(size, size, 3) float32 sRGB 0 to 1 that tiles, except pictures and skies.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Pixels = NDArray[np.float32]
Painter = Callable[[int, np.random.Generator, Pixels, Pixels], Pixels]


def _f32(values: Any) -> Pixels:
    return np.asarray(values, np.float32)


def noise(shape: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Smooth tiling noise, (h, w) float32 in -1 to 1, with ``cells`` bumps per axis."""
    ch, cw = max(1, cells[0]), max(1, cells[1])
    grid = rng.uniform(-1.0, 1.0, (ch, cw))
    y = np.arange(shape[0]) * (ch / shape[0])
    x = np.arange(shape[1]) * (cw / shape[1])
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    ty, tx = y - y0, x - x0
    ty, tx = ty * ty * (3 - 2 * ty), tx * tx * (3 - 2 * tx)
    rows = grid[y0 % ch] * (1 - ty)[:, None] + grid[(y0 + 1) % ch] * ty[:, None]
    out = rows[:, x0 % cw] * (1 - tx) + rows[:, (x0 + 1) % cw] * tx
    return _f32(out)


def fractal(
    shape: tuple[int, int], cells: tuple[int, int], octaves: int, rng: np.random.Generator
) -> Pixels:
    """Sum of octaves of :func:`noise`, each half as strong; about -1 to 1."""
    total = np.zeros(shape, np.float32)
    for k in range(octaves):
        total += noise(shape, (cells[0] << k, cells[1] << k), rng) / 2**k
    return _f32(total / 1.6)


def _grain(height: int, width: int, rng: np.random.Generator) -> Pixels:
    """Wood grain that runs along x: (h, w), about -1 to 1."""
    warp = fractal((height, width), (3, 2), 3, rng) * 0.5
    rings = noise((height, 1), (9, 1), rng).repeat(width, 1)
    y = np.linspace(0, 1, height, endpoint=False, dtype=np.float32)[:, None]
    lines = np.sin(2 * np.pi * (y * 7 + warp * 1.3 + rings * 0.4))
    fine = noise((height, width), (height // 2, max(2, width // 90)), rng)
    pores = noise((height, width), (height, max(2, width // 40)), rng)
    return _f32(0.42 * lines + 0.38 * fine - 0.35 * np.clip(pores - 0.45, 0, 1) + 0.3 * warp)


def wood(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """One board, grain along x."""
    g = _grain(size, size, rng)[..., None]
    return _f32(np.clip(base + (accent - base) * (0.5 + 0.5 * g) * 0.55 + 0.02 * g, 0, 1))


def planks(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """A floor of eight staggered rows of boards along x, with dark joints."""
    rows, out = 8, np.empty((size, size, 3), np.float32)
    tall = size // rows
    for r in range(rows):
        cuts = np.sort(rng.choice(np.arange(1, 8), 2, replace=False)) * size // 8
        strip = np.empty((tall, size, 3), np.float32)
        shift = int(rng.integers(size))
        edges = [*cuts, int(cuts[0]) + size]
        for a, b in pairwise(edges):
            g = _grain(tall, b - a, rng)[..., None]
            tone = rng.normal(0.0, 0.035)
            warm = rng.normal(0.0, 0.012)
            board = base + (accent - base) * (0.5 + 0.5 * g) * 0.5 + tone
            board = board + np.array([warm, 0.0, -warm], np.float32)
            board[:, :1] *= 0.55
            board[:, -1:] *= 0.7
            strip[:, np.arange(a, b) % size] = board
        strip[:1] *= 0.5
        strip[1:2] *= 0.82
        strip[-1:] *= 0.8
        out[r * tall : (r + 1) * tall] = np.roll(strip, shift, axis=1)
    out[rows * tall :] = out[: size - rows * tall]
    return _f32(np.clip(out, 0, 1))


def herringbone(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Herringbone parquet: blocks one by four."""
    unit = size // 16
    y, x = np.mgrid[0:size, 0:size]
    cx, cy = x // unit, y // unit
    # In a one-by-four herringbone the block of a cell follows from (x - y) modulo eight.
    phase = (cx - cy) % 8
    flat = phase < 4
    start_x, start_y = cx - phase, cy - (7 - phase)
    key = np.where(flat, (start_x % 16) * 31 + (cy % 16) * 7, (cx % 16) * 17 + (start_y % 16) * 131)
    tone = (np.random.default_rng(5).normal(0.0, 0.055, 8192))[key % 8192][..., None]
    g1 = _grain(size, size, rng)
    grain = np.where(flat, g1, g1.T)[..., None]
    along = np.where(flat, (x - start_x * unit) / (4 * unit), (y - start_y * unit) / (4 * unit))
    across = np.where(flat, y % unit, x % unit) / unit
    joint = (across < 0.06) | (along % 1.0 < 0.014)
    out = base + (accent - base) * (0.5 + 0.5 * grain) * 0.5 + tone
    return _f32(np.clip(np.where(joint[..., None], out * 0.6, out), 0, 1))


def plaster(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Painted plaster: barely there."""
    g = fractal((size, size), (4, 4), 5, rng)[..., None]
    fine = noise((size, size), (size // 2, size // 2), rng)[..., None]
    return _f32(np.clip(base + 0.012 * g + 0.008 * fine + (accent - base) * 0.03 * g, 0, 1))


def concrete(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Polished concrete: clouds and pores."""
    g = fractal((size, size), (3, 3), 6, rng)[..., None]
    pore = np.clip(noise((size, size), (size // 3, size // 3), rng) - 0.7, 0, 1)[..., None]
    return _f32(np.clip(base + (accent - base) * (0.5 + 0.5 * g) * 0.6 - 0.35 * pore, 0, 1))


def terrazzo(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Stone chips in a light ground."""
    count = 900
    points = rng.uniform(0, size, (count, 2))
    tree = cKDTree(points, boxsize=size)
    y, x = np.mgrid[0:size, 0:size]
    distance, index = tree.query(np.stack([x.ravel(), y.ravel()], 1), k=2)
    edge = (distance[:, 1] - distance[:, 0]).reshape(size, size)
    radius = rng.uniform(0.05, 0.8, count)[index[:, 0]].reshape(size, size) * size / 40
    chip = (distance[:, 0].reshape(size, size) < radius) & (edge > 1.5)
    tones = np.stack([base * 0.75, accent, accent * 0.7, base * 0.55, base * 0.9])
    colors = tones[rng.integers(0, len(tones), count)][index[:, 0]].reshape(size, size, 3)
    cloud = fractal((size, size), (4, 4), 4, rng)[..., None] * 0.015
    return _f32(np.clip(np.where(chip[..., None], colors, base) + cloud, 0, 1))


def fabric(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """A plain weave with slubs."""
    y, x = np.mgrid[0:size, 0:size]
    threads = 64
    wx, wy = np.sin(2 * np.pi * x * threads / size), np.sin(2 * np.pi * y * threads / size)
    weave = np.where(wx * wy > 0, np.abs(wx), np.abs(wy))[..., None]
    slub = noise((size, size), (threads, 6), rng) + noise((size, size), (6, threads), rng)
    cloud = fractal((size, size), (5, 5), 3, rng)
    mix = 0.5 + 0.22 * slub + 0.1 * cloud
    out = base + (accent - base) * mix[..., None] * 0.5
    return _f32(np.clip(out * (0.9 + 0.1 * weave), 0, 1))


def stripes(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Woven horizontal stripes."""
    y = np.arange(size)
    band = ((y * 8 // size) % 2 == 1)[:, None, None]
    plain = fabric(size, rng, base, base * 0.92)
    other = fabric(size, rng, accent, accent * 0.92)
    return _f32(np.where(band, other, plain))


def rug(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """A hand-woven rug: borders and a field of lozenges; does not tile."""
    y, x = np.mgrid[0:size, 0:size] / size
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    wobble = 0.004 * noise((size, size), (60, 60), rng)
    u, v = np.abs(((x + wobble) * 6) % 1 - 0.5), np.abs(((y + wobble) * 8) % 1 - 0.5)
    lozenge = np.abs(u + v - 0.42) < 0.045
    dot = (u + v) < 0.1
    border = ((edge > 0.035) & (edge < 0.05)) | ((edge > 0.062) & (edge < 0.068))
    ink = (((lozenge | dot) & (edge > 0.09)) | border)[..., None]
    pile = noise((size, size), (size // 2, size // 2), rng) * 0.03
    bands = noise((size, size), (size // 5, 2), rng) * 0.03
    out = np.where(ink, accent, base) + (pile + bands)[..., None]
    return _f32(np.clip(out, 0, 1))


def picture(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """An abstract print: soft arches and a sun on paper; does not tile."""
    y, x = np.mgrid[0:size, 0:size] / size
    paper = np.array([0.945, 0.925, 0.885], np.float32)
    out = np.broadcast_to(paper, (size, size, 3)).copy()
    warp = fractal((size, size), (3, 3), 3, rng) * 0.025
    tones: list[Pixels] = [
        base, accent, _f32((base + accent) / 2), _f32(accent * 0.6), _f32(base * 0.7 + 0.3)
    ]  # fmt: skip
    mode = int(rng.integers(3))
    if mode == 0:
        cx, cy = rng.uniform(0.35, 0.65), rng.uniform(0.6, 0.75)
        for k in range(5):
            radius = 0.42 - 0.08 * k
            inside = (np.hypot(x - cx + warp, (y - cy + warp) * 0.9) < radius) & (y < cy)
            leg = (np.abs(x - cx + warp) < radius) & (y >= cy) & (y < 0.92)
            out[inside | leg] = tones[k % 5]
    elif mode == 1:
        sun = np.hypot(x - rng.uniform(0.35, 0.65), y - 0.33) < 0.15
        out[sun] = accent
        for k in range(4):
            hill = 0.5 + 0.11 * k + 0.05 * np.sin(x * rng.uniform(4, 9) + rng.uniform(0, 6)) + warp
            out[y > hill] = _f32(tones[k % 5] * (0.75 + 0.08 * k))
    else:
        for k in range(7):
            a, b = rng.uniform(0.1, 0.75, 2)
            w, h = rng.uniform(0.12, 0.38, 2)
            block = (x > a + warp) & (x < a + w + warp) & (y > b + warp) & (y < b + h + warp)
            out[block] = tones[k % 5]
    margin = (np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) < 0.09)[..., None]
    out = np.where(margin, paper, out)
    grain = noise((size, size), (size // 2, size // 2), rng)[..., None] * 0.018
    return _f32(np.clip(out + grain, 0, 1))


def sky(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """An out-of-focus view: sky above, trees below; does not tile."""
    y, x = np.mgrid[0:size, 0:size] / size
    del x
    haze = np.array([0.93, 0.95, 0.96], np.float32)
    t = np.clip(y / 0.62, 0, 1)[..., None] ** 1.4
    out = base * (1 - t) + haze * t
    cloud = np.clip(fractal((size, size), (2, 3), 4, rng) + 0.05, 0, 1)[..., None]
    out = out + (1.0 - out) * cloud * 0.55
    line = 0.62 + 0.07 * fractal((1, size), (1, 6), 4, rng)
    leaf = fractal((size, size), (10, 10), 4, rng)[..., None]
    trees = accent * (0.85 + 0.35 * leaf)
    soft = np.clip((y - line) / 0.03, 0, 1)[..., None]
    return _f32(np.clip(out * (1 - soft) + trees * soft, 0, 1))


def leaf(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """A leaf with a midrib and veins along v."""
    y, x = np.mgrid[0:size, 0:size] / size
    rib = np.exp(-(((x - 0.5) / 0.02) ** 2))
    vein = np.clip(np.cos((y * 10 + np.abs(x - 0.5) * 9) * 2 * np.pi) - 0.86, 0, 1) * 3
    cloud = fractal((size, size), (4, 4), 4, rng) * 0.1
    mix = np.clip(0.3 + cloud + 0.7 * rib + 0.5 * vein, 0, 1)[..., None]
    return _f32(np.clip(base + (accent - base) * mix, 0, 1))


def grass(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """A meadow from above: clumps, dry patches and fine blades."""
    clump = fractal((size, size), (7, 7), 5, rng)
    dry = fractal((size, size), (2, 2), 4, rng)
    blades = noise((size, size), (size // 2, size // 3), rng)
    mix = np.clip(0.45 + 0.5 * dry + 0.25 * clump, 0, 1)[..., None]
    out = base + (accent - base) * mix
    return _f32(np.clip(out * (1.0 + 0.22 * clump + 0.16 * blades)[..., None], 0, 1))


def foliage(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Leaves or needles close together, dark between them."""
    near = noise((size, size), (size // 6, size // 6), rng)
    fine = noise((size, size), (size // 3, size // 3), rng)
    broad = fractal((size, size), (5, 5), 3, rng)
    mix = np.clip(0.4 + 0.5 * near + 0.3 * fine, 0, 1)[..., None]
    dark = np.clip(0.75 + 0.45 * near + 0.25 * broad, 0.3, 1.2)[..., None]
    return _f32(np.clip((base + (accent - base) * mix) * dark, 0, 1))


def tiles(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Glazed tiles two to one in a running bond; joints in the accent colour."""
    y, x = np.mgrid[0:size, 0:size] / size
    rows, columns = 8, 4
    row = np.floor(y * rows).astype(int)
    across = x * columns + 0.5 * (row % 2)
    column = np.floor(across).astype(int) % columns
    tone = rng.normal(0.0, 0.02, (rows, columns))[row, column][..., None]
    fu, fv = across % 1.0, (y * rows) % 1.0
    joint = (np.minimum(fu, 1 - fu) < 0.018) | (np.minimum(fv, 1 - fv) < 0.036)
    cloud = fractal((size, size), (6, 6), 3, rng)[..., None] * 0.012
    return _f32(np.clip(np.where(joint[..., None], accent, base + tone + cloud), 0, 1))


def marble(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Polished stone with veins."""
    warp = fractal((size, size), (3, 3), 5, rng)
    vein = np.abs(fractal((size, size), (2, 3), 5, rng) + 0.25 * warp)
    line = np.exp(-((vein / 0.035) ** 2)) * np.clip(0.4 + warp, 0, 1)
    cloud = 0.10 * fractal((size, size), (3, 2), 5, rng)
    mix = np.clip(0.75 * line + 0.18 + cloud, 0, 1)[..., None]
    return _f32(np.clip(base + (accent - base) * mix, 0, 1))


def asphalt(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """Grit or gravel."""
    grit = noise((size, size), (size // 2, size // 2), rng)
    stones = noise((size, size), (size // 5, size // 5), rng)
    cloud = fractal((size, size), (3, 3), 4, rng)
    mix = np.clip(0.5 + 0.35 * grit + 0.25 * stones + 0.2 * cloud, 0, 1)[..., None]
    return _f32(np.clip(base + (accent - base) * mix, 0, 1))


def plain(size: int, rng: np.random.Generator, base: Pixels, accent: Pixels) -> Pixels:
    """One colour."""
    del rng, accent
    return _f32(np.broadcast_to(base, (min(size, 4), min(size, 4), 3)))


PAINTERS: dict[str, Painter] = {
    f.__name__: f
    for f in (
        wood, planks, herringbone, plaster, concrete, terrazzo, fabric, stripes, rug, picture,
        sky, leaf, grass, foliage, tiles, marble, asphalt, plain,
    )
}  # fmt: skip


def paint(name: str, size: int, seed: int, base: Pixels, accent: Pixels) -> NDArray[np.uint8]:
    """A texture by painter name, (h, w, 3) uint8 sRGB."""
    made = PAINTERS[name](size, np.random.default_rng(seed), base, accent)
    return (np.clip(made, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def lettering(
    text: str, width: int, height: int, base: Pixels, accent: Pixels
) -> NDArray[np.uint8]:
    """Words in the accent colour on the base, as large as fits: (height, width, 3) uint8 sRGB."""
    from PIL import Image, ImageDraw

    from .caption import font

    ground, ink = (tuple(int(v * 255 + 0.5) for v in c) for c in (base, accent))
    image = Image.new("RGB", (width, height), ground)
    size = height
    while size > 6:
        used = font(size)
        left, top, right, bottom = used.getbbox(text)
        if right - left <= 0.9 * width and bottom - top <= 0.72 * height:
            break
        size = int(size * 0.92)
    at = ((width - right - left) / 2, (height - bottom - top) / 2)
    ImageDraw.Draw(image).text(at, text, fill=ink, font=used)
    return np.asarray(image)
