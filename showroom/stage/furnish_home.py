"""Decor builders of a home: sofa, tables, lamps, rugs, curtains, pictures, plants."""

from __future__ import annotations

import math

import numpy as np

from .furnish import Made, builder
from .furnish_shop import vase
from .shape import Shape, box, cushion, cylinder, disk, lathe, quad, sheet, tube


def _flat(shape: Shape, width: float, height: float) -> Shape:
    """The quad with UVs 0 to 1 instead of metres, for textures that fill it once."""
    uv = np.asarray(shape.uv / np.array([width, height]), np.float32)
    return Shape(
        shape.vertices, shape.normals, uv, shape.faces, shape.chart, shape.chart_uv, shape.material
    )


@builder
def sofa(
    *,
    width: float = 2.1,
    depth: float = 0.92,
    seats: int = 3,
    cover: str = "sofa",
    pillows: tuple[str, ...] = ("pillow",),
    wood: str = "wood",
) -> Made:
    """A sofa with loose cushions and pillows, its back at z < 0."""
    arm, base = 0.17, 0.16
    inner = width - 2 * arm
    shapes = [cushion((width - 0.06, 0.17, depth - 0.08), cover, 0.5, 0.0, 9).moved(y=base)]
    roll = cushion((arm, 0.44, depth), cover, 0.75, 0.008, 9)
    shapes += [roll.moved(x, base - 0.01, 0.0) for x in ((arm - width) / 2, (width - arm) / 2)]
    shapes.append(
        cushion((width - 0.04, 0.6, 0.2), cover, 0.75, 0.005, 11).moved(0, base, -depth / 2 + 0.1)
    )
    each = inner / max(1, seats)
    for k in range(max(1, seats)):
        x = -inner / 2 + each * (k + 0.5)
        seat = cushion((each - 0.008, 0.17, depth - 0.2), cover, 0.62, 0.016, 11)
        shapes.append(seat.moved(x, base + 0.135, 0.09))
        rest = cushion((each - 0.02, 0.42, 0.19), cover, 0.75, 0.03, 11)
        shapes.append(rest.turned("x", -0.2).moved(x, base + 0.27, -depth / 2 + 0.26))
    for k, name in enumerate(pillows):
        side = -1 if k % 2 == 0 else 1
        x = side * (inner / 2 - 0.22 - 0.3 * (k // 2))
        pillow = cushion((0.44, 0.44, 0.1), name, 0.95, 0.05, 11)
        shapes.append(
            pillow.turned("z", 0.12 * side).turned("x", -0.42).turned("y", -0.22 * side)
            .moved(x, base + 0.33, 0.02)
        )  # fmt: skip
    w, d = width / 2 - 0.12, depth / 2 - 0.12
    shapes += [
        lathe([(0.016, 0.0), (0.026, base + 0.01)], wood, 14).moved(x, 0.0, z)
        for x in (-w, w)
        for z in (-d, d)
    ]
    return Made(shapes)


@builder
def armchair(*, cover: str = "sofa", wood: str = "wood", width: float = 0.8) -> Made:
    """An upholstered armchair."""
    return sofa(
        width=width + 0.12, depth=0.84, seats=1, cover=cover, pillows=("pillow",), wood=wood
    )


@builder
def rug(*, width: float = 2.4, depth: float = 1.7, material: str = "rug") -> Made:
    """A rug that fills its texture once."""
    t = 0.012
    top = quad((-width / 2, t, depth / 2), (width, 0.0, 0.0), (0.0, 0.0, -depth), material)
    rim = box((width, t, depth), "rug_edge", 0.0, skip="bottom top")
    return Made([_flat(top, width, depth), rim])


@builder
def coffee_table(
    *, width: float = 1.1, depth: float = 0.6, height: float = 0.38, wood: str = "wood"
) -> Made:
    """A low table with tapered legs, books and a bowl."""
    rng = np.random.default_rng(4)
    top = box((width, 0.03, depth), wood, 0.01).moved(y=height - 0.03)
    shapes = [top]
    for x in (-1, 1):
        for z in (-1, 1):
            leg = lathe([(0.012, 0.0), (0.022, height - 0.03)], wood, 14)
            shapes.append(leg.turned("z", 0.1 * x).turned("x", -0.1 * z)
                          .moved(x * (width / 2 - 0.1), 0.0, z * (depth / 2 - 0.1)))  # fmt: skip
    y = height
    for size, cover in (((0.28, 0.03, 0.2), "book_a"), ((0.25, 0.024, 0.18), "book_b")):
        shapes.append(box(size, cover, 0.003).turned("y", 0.2).moved(-width / 4, y, 0.03))
        y += size[1]
    bowl = lathe(
        [(0.04, 0.0), (0.09, 0.02), (0.13, 0.06), (0.125, 0.062), (0.08, 0.026), (0.002, 0.015)],
        "ceramic",
        32,
    )
    shapes.append(bowl.moved(width / 5, height, -0.02))
    shapes.append(vase("ceramic", 0.2, 0.045, rng).moved(width / 2.8, height, 0.1))
    return Made(shapes)


@builder
def sideboard(
    *,
    width: float = 1.8,
    depth: float = 0.42,
    height: float = 0.66,
    wood: str = "wood",
    doors: int = 4,
) -> Made:
    """A sideboard against the wall behind, on legs."""
    leg, z = 0.16, depth / 2
    shapes = [box((width, height - leg, depth), wood, 0.006).moved(0.0, leg, z)]
    each = (width - 0.03) / max(1, doors)
    for k in range(max(1, doors)):
        x = -width / 2 + 0.015 + each * (k + 0.5)
        front = box((each - 0.006, height - leg - 0.04, 0.018), wood, 0.003, skip="back")
        shapes.append(front.moved(x, leg + 0.02, depth + 0.009))
        side = 1 if k % 2 == 0 else -1
        grip = box((0.012, 0.12, 0.016), "metal", 0.004)
        shapes.append(grip.moved(x + side * (each / 2 - 0.04), height * 0.55, depth + 0.026))
    for x in (-width / 2 + 0.12, width / 2 - 0.12):
        shapes += [
            lathe([(0.012, 0.0), (0.02, leg)], "metal", 12).moved(x, 0.0, q)
            for q in (0.08, depth - 0.08)
        ]
    return Made(shapes)


@builder
def still_life(*, seed: int = 1, count: int = 4, spread: float = 0.6) -> Made:
    """Vases and a bowl for a table top."""
    rng = np.random.default_rng(seed)
    shapes = []
    for k, x in enumerate(np.linspace(-spread / 2, spread / 2, max(1, count))):
        tall = float(rng.uniform(0.12, 0.36))
        material = ("ceramic", "clay")[k % 2]
        shapes.append(vase(material, tall, float(rng.uniform(0.05, 0.085)), rng)
                      .moved(float(x), 0.0, float(rng.uniform(-0.05, 0.05))))  # fmt: skip
    return Made(shapes)


@builder
def floor_lamp(*, height: float = 1.6, metal: str = "metal", shade: str = "shade") -> Made:
    """A lamp with a fabric drum on a thin stem."""
    foot = lathe([(0.15, 0.0), (0.15, 0.014), (0.14, 0.02), (0.012, 0.026)], metal, 32)
    stem = tube([(0.0, 0.02, 0.0), (0.0, height - 0.1, 0.0)], 0.009, metal)
    low, high = height - 0.3, height
    outer = lathe([(0.21, low), (0.2, (low + high) / 2), (0.17, high)], shade, 36)
    inner = lathe([(0.168, high), (0.198, (low + high) / 2), (0.208, low)], shade, 36)
    bulb = lathe(
        [(0.001, high - 0.2), (0.04, high - 0.17), (0.05, high - 0.13), (0.02, high - 0.07)],
        "glow",
        16,
    )
    return Made([foot, stem, outer, inner, bulb])


@builder
def pendant(
    *, drop: float = 0.9, radius: float = 0.26, shade: str = "shade", metal: str = "black"
) -> Made:
    """A pendant lamp that hangs ``drop`` metres from where it is placed."""
    cord = tube([(0.0, 0.0, 0.0), (0.0, -drop + 0.2, 0.0)], 0.003, metal, 6)
    t = np.linspace(0.03, 1.0, 14)
    dome = [(float(radius * math.sin(a * 1.5)), float(-drop + 0.22 * math.cos(a * 1.5))) for a in t]
    outer = lathe(dome[::-1], shade, 40)
    inner = lathe([(max(r - 0.004, 0.001), y - 0.003) for r, y in dome], "shade_inside", 40)
    bulb = lathe(
        [(0.001, -drop + 0.02), (0.04, -drop + 0.05), (0.045, -drop + 0.09), (0.02, -drop + 0.15)],
        "glow",
        16,
    )
    return Made([cord, outer, inner, bulb])


@builder
def curtain(
    *, width: float = 0.8, height: float = 2.5, material: str = "curtain", seed: int = 1
) -> Made:
    """A gathered curtain, hanging from ``height`` to just above the floor."""
    rng = np.random.default_rng(seed)
    columns, rows = 60, 14
    u = np.linspace(0.0, 1.0, columns)[None, :]
    v = np.linspace(0.0, 1.0, rows)[:, None]
    waves = max(3, round(width / 0.13))
    phase = rng.uniform(0, 6.28)
    depth = 0.035 + 0.018 * v
    warp = 0.12 * np.sin(u * 5 + phase)
    z = depth * np.sin(2 * math.pi * waves * (u + 0.02 * warp) + phase)
    x = (u - 0.5) * width * (0.93 + 0.07 * v) + 0.012 * np.cos(4 * math.pi * waves * u)
    y = height - v * (height - 0.015)
    points = np.stack(np.broadcast_arrays(x, y, z), -1)
    return Made([sheet(points[::-1], material, 0.003)])


@builder
def curtain_rod(*, width: float = 3.0, metal: str = "black") -> Made:
    """A rod with round ends."""
    w = width / 2
    rod = tube([(-w, 0.0, 0.0), (w, 0.0, 0.0)], 0.012, metal)
    ball = [(0.001, -0.025), (0.02, -0.015), (0.025, 0.0), (0.02, 0.015), (0.001, 0.025)]
    knob = lathe(ball, metal)
    return Made([rod, knob.moved(x=-w), knob.moved(x=w)])


@builder
def framed(*, width: float = 0.6, height: float = 0.8, picture: str, frame: str = "wood") -> Made:
    """A framed print on the wall behind; ``at`` is its lower edge's middle."""
    t, d = 0.022, 0.028
    w = width / 2
    shapes = [
        box((t, height, d), frame, 0.003).moved(x, 0.0, d / 2) for x in (-w + t / 2, w - t / 2)
    ]
    shapes += [box((width, t, d), frame, 0.003).moved(0.0, y, d / 2) for y in (0.0, height - t)]
    inner_w, inner_h = width - 2 * t, height - 2 * t
    face = quad((-inner_w / 2, t, d * 0.5), (inner_w, 0.0, 0.0), (0.0, inner_h, 0.0), picture)
    return Made([*shapes, _flat(face, inner_w, inner_h)])


@builder
def plant(
    *,
    height: float = 1.3,
    leaves: int = 16,
    seed: int = 1,
    pot: str = "ceramic",
    leaf: str = "leaf",
    spread: float = 0.55,
) -> Made:
    """A leafy plant in a pot: arching stems with broad leaves."""
    rng = np.random.default_rng(seed)
    r = 0.15 * min(1.0, height)
    deep = 0.30 * min(1.0, height)
    shell = lathe(
        [
            (r * 0.72, 0.0),
            (r * 0.9, deep * 0.5),
            (r, deep),
            (r * 0.93, deep),
            (r * 0.9, deep * 0.86),
        ],
        pot,
        32,
    )
    soil = disk(r * 0.92, deep * 0.88, "soil", 24)
    shapes = [shell, soil]
    for k in range(leaves):
        turn = k * 2.399 + rng.normal(0, 0.2)
        rise = height * rng.uniform(0.45, 1.0) - deep * 0.8
        reach = spread * rng.uniform(0.35, 1.0) * (0.55 + 0.45 * (1 - rise / height))
        t = np.linspace(0.0, 1.0, 7)
        stem = np.stack(
            [reach * 0.62 * t**1.7, deep * 0.85 + rise * np.sin(t * 1.35) / math.sin(1.35), 0 * t],
            1,
        )
        shapes.append(tube(stem, 0.0045, "stem", 5).turned("y", turn))
        size = rng.uniform(0.2, 0.34) * (0.6 + 0.4 * min(1.0, height))
        shapes.append(_leaf(stem[-1], size, rng, leaf).turned("y", turn))
    return Made(shapes)


def _leaf(at: np.ndarray, size: float, rng: np.random.Generator, material: str) -> Shape:
    """A broad leaf that starts at ``at`` and droops along +x."""
    t = np.linspace(0.0, 1.0, 9)[:, None]
    s = np.linspace(-1.0, 1.0, 7)[None, :]
    wide = 0.36 * size * np.sin(np.pi * np.clip(t * 0.97 + 0.015, 0, 1) ** 0.75) ** 0.8
    droop = rng.uniform(0.35, 0.9)
    x = at[0] + size * np.sin(t * droop) / droop + 0 * s
    y = at[1] + size * (0.35 * t - droop * 0.75 * t**2) - 0.16 * wide * (1 - np.abs(s))
    z = wide * s
    points = np.stack(np.broadcast_arrays(x, y, z), -1)
    made = sheet(points, material, 0.0015)
    uv = np.stack(np.broadcast_arrays((s + 1) / 2, t), -1).reshape(-1, 2)
    return Shape(made.vertices, made.normals, np.concatenate([uv, uv]).astype(np.float32),
                 made.faces, made.chart, made.chart_uv, material)  # fmt: skip


@builder
def bench(
    *,
    width: float = 1.2,
    depth: float = 0.42,
    height: float = 0.44,
    cover: str = "leather",
    metal: str = "metal",
) -> Made:
    """An upholstered bench."""
    seat = cushion((width, 0.13, depth), cover, 0.7, 0.012, 11).moved(y=height - 0.13)
    w, d = width / 2 - 0.1, depth / 2 - 0.06
    legs = [
        cylinder(0.014, height - 0.11, metal, 12).moved(x, 0.0, z) for x in (-w, w) for z in (-d, d)
    ]
    return Made([seat, *legs])


@builder
def pouf(*, radius: float = 0.26, height: float = 0.38, cover: str = "sofa") -> Made:
    """A round upholstered stool."""
    t = np.linspace(-1.0, 1.0, 17)
    profile = [
        (float(radius * (1 - abs(k) ** 5) ** 0.5 + 0.001), float(height / 2 * (1 + k))) for k in t
    ]
    return Made([lathe(profile, cover, 40)])
