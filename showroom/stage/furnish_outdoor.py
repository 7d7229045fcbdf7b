"""Decor builders of the open air: terrain, trees, rocks, grass, railings, benches, a pergola."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .furnish import Made, Rectangle, builder
from .shape import Shape, box, cylinder, disk, lathe, quad, sheet, tube
from .textures import fractal


def _spread(size: float, detail: int) -> NDArray[np.float64]:
    """Grid lines from -size/2 to size/2, closer together in the middle."""
    t = np.linspace(-1.0, 1.0, detail)
    return np.asarray(np.sign(t) * np.abs(t) ** 1.7 * size / 2)


@builder
def terrain(
    *,
    size: float = 140.0,
    detail: int = 90,
    flat: Rectangle = (-8.0, -5.0, 8.0, 5.0),
    edge: float = 5.6,
    drop: float = 32.0,
    slope: float = 0.05,
    rough: float = 1.6,
    seed: int = 1,
    grass: str = "grass",
    rock: str = "rock",
) -> Made:
    """Land around a terrace: level under it, falling away at z < -edge, rising behind it.

    ``flat`` is the level rectangle.
    """
    detail = min(detail, 240)
    line = _spread(size, detail)
    x, z = np.meshgrid(line, line)
    rng = np.random.default_rng(seed)
    image = fractal((256, 256), (4, 4), 6, rng).astype(np.float64)

    def bumps(scale: float) -> NDArray[np.float64]:
        i = np.floor(x / scale * 256).astype(int) % 256
        j = np.floor(z / scale * 256).astype(int) % 256
        return np.asarray(image[j, i], np.float64)

    low_x, low_z, high_x, high_z = flat
    away = np.hypot(
        np.maximum(np.maximum(low_x - x, x - high_x), 0.0),
        np.maximum(np.maximum(low_z - z, z - high_z), 0.0),
    )
    ease = np.clip(away / 9.0, 0.0, 1.0)
    ease = ease * ease * (3 - 2 * ease)
    cliff = -edge + 1.3 * bumps(60.0) - 0.02 * x**2 * np.clip(np.abs(x) / 30.0, 0, 1)
    fall = np.clip((cliff - z) / 20.0, 0.0, 1.6)
    down = drop * (fall**0.8) * (0.75 + 0.35 * bumps(35.0))
    rise = slope * np.maximum(z - high_z, 0.0) * (1.0 + 0.5 * bumps(90.0))
    y = -0.10 - down + ease * (rise + rough * (bumps(70.0) * 1.2 + 0.35 * bumps(23.0)))
    y = np.where(away <= 0.0, -0.10, y)
    points = np.stack([x, y, z], -1)
    whole = sheet(points, grass)
    # Faces of the sheet that point down are turned, as z grows towards the viewer.
    faces = whole.faces[:, ::-1]
    normals = -whole.normals
    steep = normals[faces].mean(axis=1)[:, 1] < 0.78
    shapes = []
    for name, chosen in ((grass, ~steep), (rock, steep)):
        if chosen.any():
            used, index = np.unique(faces[chosen], return_inverse=True)
            flat_uv = whole.vertices[used][:, [0, 2]]
            if name == rock:
                flat_uv = flat_uv + whole.vertices[used][:, 1:2] * 0.8
            shapes.append(Shape(
                whole.vertices[used], normals[used], flat_uv.astype(np.float32),
                index.reshape(-1, 3).astype(np.int32), np.full(len(used), -1, np.int32),
                np.zeros((len(used), 2), np.float32), name,
            ))  # fmt: skip
    return Made(shapes)


@builder
def pine(
    *, height: float = 7.0, seed: int = 1, bark: str = "bark", needles: str = "needles"
) -> Made:
    """A conifer: a trunk with drooping tiers of branches."""
    rng = np.random.default_rng(seed)
    shapes = [
        lathe([(height * 0.022, -0.6), (height * 0.016, height * 0.4), (0.01, height)], bark, 8)
    ]
    tiers = 9
    for k in range(tiers):
        t = k / (tiers - 1)
        base = height * (0.14 + 0.80 * t)
        reach = height * (0.235 * (1.0 - t) ** 0.85 + 0.025) * rng.uniform(0.88, 1.1)
        tall = height * (0.19 - 0.07 * t)
        points = 22
        angle = np.linspace(0.0, 2 * math.pi, points + 1) + rng.uniform(0, 6)
        jag = np.where(np.arange(points + 1) % 2 == 0, 1.0, 0.66) * rng.uniform(
            0.86, 1.1, points + 1
        )
        jag[-1] = jag[0]
        rows = np.array([0.0, 0.45, 1.0])[:, None]
        radius = 0.01 + reach * rows**0.9 * (1.0 + (jag[None] - 1.0) * rows)
        y = base + tall * (1.0 - rows**0.75) - 0.05 * tall * rows * jag[None]
        grid = np.stack(np.broadcast_arrays(radius * np.sin(angle), y, radius * np.cos(angle)), -1)
        shapes.append(sheet(grid[::-1], needles))
    return Made(shapes)


@builder
def shrub(*, radius: float = 0.5, seed: int = 1, leaf: str = "hedge") -> Made:
    """A round bush."""
    rng = np.random.default_rng(seed)
    rows, columns = 13, 22
    e = np.linspace(-0.35, math.pi / 2 - 0.03, rows)[:, None]
    a = np.linspace(0.0, 2 * math.pi, columns + 1)[None]
    bump = 1.0 + 0.22 * fractal((rows, columns), (4, 6), 3, rng)
    bump = np.concatenate([bump, bump[:, :1]], axis=1)
    bump[-1] = bump[-1].mean()
    r = radius * bump
    grid = np.stack(
        np.broadcast_arrays(
            r * np.cos(e) * np.sin(a), 0.8 * r * np.sin(e) + 0.2 * radius, r * np.cos(e) * np.cos(a)
        ),
        -1,
    )
    return Made([sheet(grid, leaf)])


@builder
def boulder(*, radius: float = 0.6, seed: int = 1, rock: str = "rock") -> Made:
    """A rock half sunk into the ground."""
    rng = np.random.default_rng(seed)
    rows, columns = 12, 18
    e = np.linspace(-0.9, math.pi / 2 - 0.03, rows)[:, None]
    a = np.linspace(0.0, 2 * math.pi, columns + 1)[None]
    bump = 1.0 + 0.3 * fractal((rows, columns), (2, 3), 3, rng)
    bump = np.concatenate([bump, bump[:, :1]], axis=1)
    bump[-1] = bump[-1].mean()
    r = radius * bump
    sx, sz = rng.uniform(0.8, 1.3, 2)
    grid = np.stack(
        np.broadcast_arrays(
            sx * r * np.cos(e) * np.sin(a), 0.62 * r * np.sin(e) + 0.15 * radius,
            sz * r * np.cos(e) * np.cos(a),
        ),
        -1,
    )  # fmt: skip
    return Made([sheet(grid, rock)])


@builder
def meadow(
    *, width: float = 4.0, depth: float = 1.0, count: int = 200, height: float = 0.22,
    seed: int = 1, blade: str = "blade", flower: str = "",
) -> Made:  # fmt: skip
    """Tufts of grass on a rectangle, with flowers among them."""
    rng = np.random.default_rng(seed)
    blades = 9
    n = count * blades
    cx = np.repeat(rng.uniform(-width / 2, width / 2, count), blades) + rng.normal(0, 0.035, n)
    cz = np.repeat(rng.uniform(-depth / 2, depth / 2, count), blades) + rng.normal(0, 0.035, n)
    tall = np.repeat(rng.uniform(0.5, 1.1, count), blades) * rng.uniform(0.6, 1.1, n) * height
    turn, lean = rng.uniform(0, 2 * math.pi, n), rng.uniform(0.1, 0.65, n)
    sx, sz = np.sin(turn), np.cos(turn)
    wide = rng.uniform(0.004, 0.009, n)
    rows = []
    for t, w in ((0.0, 1.0), (0.55, 0.75), (1.0, 0.05)):
        bend = lean * tall * t**1.8
        middle = np.stack([cx + sx * bend, tall * t * (1 - 0.25 * lean * t), cz + sz * bend], -1)
        side = np.stack([sz * wide * w, 0 * wide, -sx * wide * w], -1)
        rows += [middle - side, middle + side]
    place = np.stack(rows, axis=1).reshape(-1, 3)
    one = np.array([[0, 1, 3], [0, 3, 2], [2, 3, 5], [2, 5, 4]], np.int32)
    faces = (one[None] + 6 * np.arange(n, dtype=np.int32)[:, None, None]).reshape(-1, 3)
    a, b, c = (place[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    facing = np.repeat(cross.reshape(n, 4, 3).sum(axis=1), 6, axis=0)
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-12)
    uv = np.tile(np.array([[0, 0], [1, 0], [0, 0.5], [1, 0.5], [0, 1], [1, 1]]), (n, 1))
    total = len(place)
    shapes = [Shape(place.astype(np.float32), facing.astype(np.float32), uv.astype(np.float32),
                    faces.astype(np.int32), np.full(total, -1, np.int32),
                    np.zeros((total, 2), np.float32), blade)]  # fmt: skip
    if flower:
        head = disk(0.016, 0.0, flower, 6)
        for _ in range(max(1, count // 7)):
            x, z = rng.uniform(-width / 2, width / 2), rng.uniform(-depth / 2, depth / 2)
            y = height * rng.uniform(0.7, 1.05)
            shapes.append(
                head.turned("x", rng.uniform(-0.6, 0.6)).moved(float(x), float(y), float(z))
            )
    return Made(shapes)


@builder
def railing(
    *, length: float = 4.0, height: float = 1.08, metal: str = "steel", wood: str = "teak",
    wires: int = 6,
) -> Made:  # fmt: skip
    """A railing along x: steel posts, taut wires and a wooden rail."""
    posts = max(2, round(length / 1.4) + 1)
    shapes: list[Shape] = []
    for x in np.linspace(-length / 2 + 0.03, length / 2 - 0.03, posts):
        shapes.append(box((0.045, height - 0.02, 0.045), metal, 0.004).moved(float(x), 0.0))
        shapes.append(box((0.11, 0.012, 0.11), metal, 0.003).moved(float(x), 0.0))
    for k in range(wires):
        y = 0.14 + (height - 0.26) * k / max(1, wires - 1)
        shapes.append(tube([(-length / 2, y, 0.0), (length / 2, y, 0.0)], 0.004, metal, 5))
    shapes.append(box((length, 0.045, 0.1), wood, 0.01).moved(0.0, height - 0.03))
    return Made(shapes)


@builder
def slat_bench(
    *, width: float = 1.7, back: bool = True, wood: str = "teak", metal: str = "steel"
) -> Made:
    """A park bench of wooden slats, its back at z < 0."""
    seat = box((width, 0.032, 0.08), wood, 0.006).moved(y=0.42)
    shapes = [seat.moved(z=float(z)) for z in np.linspace(-0.16, 0.22, 5)]
    if back:
        for k in range(3):
            slat = box((width, 0.085, 0.028), wood, 0.006).turned("x", -0.22)
            shapes.append(slat.moved(0.0, 0.52 + 0.12 * k, -0.235 - 0.027 * k))
    for x in (-width / 2 + 0.18, width / 2 - 0.18):
        shapes.append(box((0.05, 0.03, 0.46), metal, 0.004).moved(x, 0.39, 0.02))
        shapes += [box((0.05, 0.4, 0.04), metal, 0.004).moved(x, 0.0, z) for z in (-0.17, 0.2)]
        shapes.append(box((0.05, 0.012, 0.5), metal, 0.003).moved(x, 0.0, 0.015))
        if back:
            shapes.append(box((0.045, 0.48, 0.03), metal, 0.004).turned("x", -0.22)
                          .moved(x, 0.38, -0.20))  # fmt: skip
    return Made(shapes)


@builder
def telescope(*, metal: str = "enamel", dark: str = "steel") -> Made:
    """A coin-operated viewer on a post, looking along -Z."""
    foot = lathe([(0.2, 0.0), (0.2, 0.02), (0.09, 0.05), (0.055, 0.09)], metal, 32)
    post = lathe([(0.055, 0.08), (0.05, 0.6), (0.06, 1.1), (0.075, 1.16)], metal, 28)
    t = np.linspace(0.0, math.pi, 13)
    body = lathe([(float(0.17 * math.sin(a)) + 1e-4, float(0.2 * (1 - math.cos(a)))) for a in t],
                 metal, 32)  # fmt: skip
    head = body.scaled(1.0, 0.8, 0.75).moved(0.0, 1.16, 0.0)
    shapes = [foot, post, head]
    for x in (-0.075, 0.075):
        barrel = cylinder(0.055, 0.2, metal, 24).turned("x", -math.pi / 2)
        shapes.append(barrel.moved(x, 1.33, -0.07))
        rim = lathe([(0.062, 0.0), (0.062, 0.03), (0.05, 0.032)], dark, 24).turned(
            "x", -math.pi / 2
        )
        shapes.append(rim.moved(x, 1.33, -0.25))
        eye = cylinder(0.026, 0.07, dark, 20).turned("x", math.pi / 2)
        shapes.append(eye.moved(x * 0.45, 1.34, 0.1))
    shapes.append(box((0.1, 0.05, 0.02), dark, 0.004).moved(0.0, 1.2, 0.12))
    return Made(shapes)


@builder
def info_board(*, width: float = 1.1, picture: str = "map", wood: str = "teak") -> Made:
    """A slanted panel on two posts that explains the view; readers stand at z > 0."""
    height = width * 0.5
    face = quad((-width / 2, 0.0, 0.0), (width, 0.0, 0.0), (0.0, height, 0.0), picture)
    uv = (face.uv / np.array([width, height])).astype(np.float32)
    face = Shape(face.vertices, face.normals, uv, face.faces, face.chart, face.chart_uv, picture)
    board = box((width + 0.06, height + 0.06, 0.03), wood, 0.006).moved(0.0, -0.03, -0.018)
    panel = [s.turned("x", -0.95).moved(0.0, 0.82, 0.14) for s in (face, board)]
    posts = [box((0.07, 0.86, 0.07), wood, 0.006).moved(x, 0.0, 0.0)
             for x in (-width / 2 + 0.12, width / 2 - 0.12)]  # fmt: skip
    return Made([*panel, *posts])


@builder
def pergola(
    *, width: float = 4.0, depth: float = 3.0, height: float = 2.6, spacing: float = 0.32,
    wood: str = "teak",
) -> Made:  # fmt: skip
    """Four posts with beams and slats above: shade in stripes."""
    shapes: list[Shape] = []
    for x in (-width / 2 + 0.1, width / 2 - 0.1):
        post = box((0.13, height - 0.15, 0.13), wood, 0.008).moved(x)
        shapes += [post.moved(z=z) for z in (-depth / 2 + 0.1, depth / 2 - 0.1)]
        shapes.append(box((0.09, 0.18, depth + 0.3), wood, 0.006).moved(x, height - 0.2))
    count = max(2, min(60, int(depth / spacing)))
    for z in np.linspace(-depth / 2, depth / 2, count):
        slat = box((width + 0.5, 0.13, 0.055), wood, 0.005)
        shapes.append(slat.moved(0.0, height - 0.03, float(z)))
    return Made(shapes)


@builder
def bollard_light(*, height: float = 0.85, metal: str = "steel") -> Made:
    """A short lamp post along a path."""
    post = cylinder(0.05, height - 0.16, metal, 20)
    lit = lathe([(0.044, 0.0), (0.044, 0.1)], "glow", 20).moved(y=height - 0.16)
    cap = lathe([(0.055, 0.0), (0.055, 0.03), (0.03, 0.05), (0.001, 0.052)], metal, 20)
    return Made([post, lit, cap.moved(y=height - 0.06)])


@builder
def planter(
    *, width: float = 1.2, depth: float = 0.4, height: float = 0.5, wood: str = "teak",
    blade: str = "blade", flower: str = "flower", seed: int = 1,
) -> Made:  # fmt: skip
    """A box with tall grasses and flowers."""
    sides = box((width, height, depth), wood, 0.008, skip="bottom")
    soil = quad((-width / 2 + 0.03, height + 0.001, depth / 2 - 0.03), (width - 0.06, 0.0, 0.0),
                (0.0, 0.0, -depth + 0.06), "soil")  # fmt: skip
    count = max(8, min(160, int(width * depth * 160)))
    plants = meadow(width=width - 0.12, depth=depth - 0.1, count=count, height=0.42, seed=seed,
                    blade=blade, flower=flower)  # fmt: skip
    return Made([sides, soil, *(s.moved(y=height) for s in plants.shapes)])
