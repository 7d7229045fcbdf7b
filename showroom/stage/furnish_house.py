"""Decor builders of a whole home: walls between rooms, kitchen, dining, bedroom, screens."""

from __future__ import annotations

import math

import numpy as np

from .furnish import Made, builder
from .furnish_shop import vase
from .shape import Shape, box, cushion, cylinder, disk, lathe, quad, sheet, tube


@builder
def partition(
    *,
    width: float,
    height: float = 2.7,
    thickness: float = 0.1,
    door_at: float = 0.0,
    door_width: float = 0.9,
    door_height: float = 2.1,
    material: str = "walls",
    frame: str = "skirting",
) -> Made:
    """A wall between rooms along x; with ``door_at`` metres from its left end a doorway."""
    t = thickness
    if door_at <= 0.0:
        wall = [box((width, height, t), material, 0.0, skip="bottom")]
        foot = [box((width, 0.08, t + 0.024), frame, 0.003, skip="bottom")]
        return Made(wall + foot)
    left, right = door_at, width - door_at - door_width
    shapes = []
    for w, x in ((left, -width / 2 + left / 2), (right, width / 2 - right / 2)):
        if w > 0.01:
            shapes.append(box((w, height, t), material, 0.0, skip="bottom").moved(x))
            shapes.append(box((w, 0.08, t + 0.024), frame, 0.003, skip="bottom").moved(x))
    x = -width / 2 + left + door_width / 2
    over = box((door_width, height - door_height, t), material, 0.0)
    shapes.append(over.moved(x, door_height))
    for side in (-1, 1):
        jamb = box((0.05, door_height + 0.04, t + 0.03), frame, 0.004, skip="bottom")
        shapes.append(jamb.moved(x + side * (door_width / 2 - 0.02)))
    shapes.append(box((door_width, 0.05, t + 0.03), frame, 0.004).moved(x, door_height - 0.01))
    return Made(shapes)


@builder
def glass_wall(
    *, width: float, height: float = 2.7, panes: int = 4, bars: int = 3, frame: str = "black"
) -> Made:
    """A glazed wall with thin steel bars, along x."""
    t = 0.045
    shapes = [box((t, height, t), frame, 0.003).moved(-width / 2 + t / 2 + k * (width - t) / panes)
              for k in range(panes + 1)]  # fmt: skip
    for k in range(bars + 1):
        thick = t if k in (0, bars) else 0.028
        y = k * (height - thick) / bars
        shapes.append(box((width, thick, 0.04), frame, 0.003).moved(0.0, y))
    for side in (1.0, -1.0):
        pane = quad((-side * width / 2, 0.0, 0.004 * side), (side * width, 0.0, 0.0),
                    (0.0, height, 0.0), "glass")  # fmt: skip
        shapes.append(_unlit(pane))
    return Made(shapes)


def _unlit(shape: Shape) -> Shape:
    """The shape with light per vertex instead of a place in the lightmap."""
    return Shape(
        shape.vertices, shape.normals, shape.uv, shape.faces,
        np.full(len(shape.vertices), -1, np.int32), shape.chart_uv, shape.material,
    )  # fmt: skip


def _fronts(
    width: float, low: float, high: float, depth: float, count: int, front: str, grip: str
) -> list[Shape]:
    """Cupboard fronts side by side with a shadow gap and a bar to pull."""
    each = width / max(1, count)
    shapes = []
    for k in range(max(1, count)):
        x = -width / 2 + each * (k + 0.5)
        panel = box((each - 0.005, high - low - 0.005, 0.02), front, 0.003, skip="back")
        shapes.append(panel.moved(x, low, depth + 0.01))
        bar = box((min(0.24, each * 0.5), 0.01, 0.014), grip, 0.003)
        y = high - 0.06 if low < 1.0 else low + 0.04
        shapes.append(bar.moved(x, y, depth + 0.03))
    return shapes


@builder
def kitchen(
    *,
    width: float = 3.0,
    front: str = "front",
    top: str = "counter",
    splash: str = "tiles",
    metal: str = "metal",
    wood: str = "wood",
) -> Made:
    """A kitchen line against the wall behind: cupboards, sink, hob, oven, hood and fridge."""
    tall, run, deep = 0.62, width - 0.62, 0.6
    # The line begins at the left; the fridge stands at its right end.
    x0 = -width / 2 + run / 2
    shapes = [box((run, 0.09, deep - 0.06), "black", 0.0).moved(x0, 0.0, deep / 2 - 0.03)]
    shapes.append(box((run, 0.78, deep), front, 0.002).moved(x0, 0.09, deep / 2))
    doors = max(2, round(run / 0.6))
    shapes += [s.moved(x0) for s in _fronts(run, 0.1, 0.86, deep, doors, front, metal)]
    shapes.append(
        box((run + 0.01, 0.035, deep + 0.03), top, 0.004).moved(x0, 0.87, deep / 2 + 0.015)
    )
    wall = quad((x0 - run / 2, 0.905, 0.006), (run, 0.0, 0.0), (0.0, 0.55, 0.0), splash)
    shapes.append(wall)
    # Wall cupboards, with the hood over the hob.
    hob = x0 + run / 2 - 0.75
    for a, b in ((x0 - run / 2, hob - 0.35), (hob + 0.35, x0 + run / 2)):
        if b - a > 0.3:
            x, w = (a + b) / 2, b - a
            shapes.append(box((w, 0.7, 0.34), front, 0.002).moved(x, 1.455, 0.17))
            n = max(1, round(w / 0.5))
            shapes += [s.moved(x) for s in _fronts(w, 1.455, 2.155, 0.34, n, front, metal)]
            shapes.append(box((w - 0.06, 0.012, 0.03), "glow", 0.0).moved(x, 1.444, 0.28))
    shapes.append(box((0.6, 0.06, 0.42), metal, 0.006).moved(hob, 1.5, 0.21))
    shapes.append(box((0.26, 0.6, 0.24), metal, 0.006).moved(hob, 1.56, 0.12))
    # Hob, oven, sink, tap.
    shapes.append(box((0.58, 0.006, 0.5), "black", 0.002).moved(hob, 0.906, deep / 2))
    shapes += [
        disk(r, 0.9135, "iron", 24).moved(hob + x, 0.0, deep / 2 + z)
        for x, z, r in ((-0.14, -0.11, 0.075), (0.14, -0.11, 0.095), (-0.14, 0.12, 0.095),
                        (0.14, 0.12, 0.075))
    ]  # fmt: skip
    shapes.append(box((0.58, 0.56, 0.022), "black", 0.006).moved(hob, 0.18, deep + 0.022))
    shapes.append(box((0.5, 0.014, 0.02), metal, 0.004).moved(hob, 0.68, deep + 0.05))
    sink = x0 - run / 2 + 0.7
    shapes.append(box((0.54, 0.004, 0.42), metal, 0.002).moved(sink, 0.906, deep / 2 + 0.02))
    shapes.append(box((0.48, 0.002, 0.36), "iron", 0.0).moved(sink, 0.911, deep / 2 + 0.02))
    angle = np.linspace(0.0, math.pi, 9)
    neck = [(sink, 0.906, 0.13), (sink, 1.14, 0.13)]
    neck += [(sink, 1.14 + 0.08 * math.sin(a), 0.21 - 0.08 * math.cos(a)) for a in angle[1:]]
    neck.append((sink, 1.09, 0.29))
    shapes.append(tube(neck, 0.012, metal, 10))
    # Things that stand about.
    rng = np.random.default_rng(6)
    at = sink + 0.6
    shapes.append(vase("ceramic", 0.2, 0.055, rng).moved(at, 0.906, 0.2))
    shapes.append(
        box((0.26, 0.34, 0.02), wood, 0.008).turned("x", -0.2).moved(at + 0.26, 0.906, 0.12)
    )
    jars = [(0.05, 0.0), (0.052, 0.13), (0.046, 0.14), (0.046, 0.16), (0.001, 0.162)]
    shapes += [lathe(jars, "ceramic", 20).scaled(s, s, s).moved(at + 0.5 + k * 0.12, 0.906, 0.14)
               for k, s in enumerate((1.1, 0.9, 0.75))]  # fmt: skip
    fridge = width / 2 - tall / 2
    shapes.append(box((tall, 2.155, 0.62), front, 0.004).moved(fridge, 0.0, 0.31))
    shapes += [
        box((tall - 0.01, h, 0.02), front, 0.003, skip="back").moved(fridge, y, 0.63)
        for y, h in ((0.1, 0.76), (0.87, 1.28))
    ]
    shapes += [
        box((0.014, 0.4, 0.02), metal, 0.004).moved(fridge - tall / 2 + 0.05, y, 0.655)
        for y in (0.42, 0.95)
    ]
    return Made(shapes)


@builder
def island(
    *, width: float = 1.8, depth: float = 0.8, height: float = 0.92, front: str = "front",
    top: str = "counter",
) -> Made:  # fmt: skip
    """A kitchen island with an overhanging top, a bowl of fruit and a board."""
    body = box((width - 0.1, height - 0.03, depth - 0.3), front, 0.004, skip="bottom")
    slab = box((width, 0.04, depth), top, 0.005).moved(0.0, height - 0.04, 0.0)
    bowl = lathe(
        [(0.05, 0.0), (0.11, 0.025), (0.16, 0.085), (0.163, 0.09), (0.155, 0.091), (0.1, 0.03),
         (0.002, 0.015)],
        "clay", 32,
    ).moved(width / 4, height, -0.05)  # fmt: skip
    fruit = [
        _ball(0.038, m).moved(width / 4 + x, height + y, -0.05 + z)
        for m, x, y, z in (
            ("orange", -0.05, 0.035, 0.02), ("orange", 0.04, 0.035, 0.045),
            ("lemon", 0.02, 0.04, -0.05), ("orange", -0.01, 0.085, 0.0),
            ("lemon", 0.055, 0.075, -0.01),
        )
    ]  # fmt: skip
    return Made([body.moved(0.0, 0.0, -0.1), slab, bowl, *fruit])


def _ball(radius: float, material: str) -> Shape:
    t = np.linspace(-math.pi / 2, math.pi / 2, 11)
    profile = [(max(1e-4, radius * math.cos(a)), radius * math.sin(a) + radius) for a in t]
    return lathe([(float(r), float(y)) for r, y in profile], material, 16)


@builder
def stool(*, height: float = 0.66, cover: str = "leather", metal: str = "black") -> Made:
    """A bar stool on four legs with a foot ring."""
    seat = cushion((0.36, 0.07, 0.36), cover, 0.8, 0.01, 9).moved(y=height - 0.07)
    shapes = [seat]
    for x in (-1, 1):
        feet = [((x * 0.19, 0.0, z * 0.19), (x * 0.13, height - 0.06, z * 0.13)) for z in (-1, 1)]
        shapes += [tube(foot, 0.01, metal, 8) for foot in feet]
    r = 0.175
    ring = [(-r, 0.22, -r), (r, 0.22, -r), (r, 0.22, r), (-r, 0.22, r), (-r, 0.22, -r)]
    return Made([*shapes, tube(ring, 0.008, metal, 8)])


@builder
def dining_table(
    *, width: float = 1.8, depth: float = 0.9, height: float = 0.745, wood: str = "wood",
    laid: bool = True,
) -> Made:  # fmt: skip
    """A wooden dining table, laid with a runner, a vase and plates."""
    shapes = [box((width, 0.035, depth), wood, 0.012).moved(y=height - 0.035)]
    for x in (-1, 1):
        for z in (-1, 1):
            leg = lathe([(0.018, 0.0), (0.03, height - 0.034)], wood, 16)
            leg = leg.turned("z", 0.06 * x).turned("x", -0.06 * z)
            shapes.append(leg.moved(x * (width / 2 - 0.13), 0.0, z * (depth / 2 - 0.12)))
        shapes.append(box((0.03, 0.07, depth - 0.22), wood, 0.004)
                      .moved(x * (width / 2 - 0.13), height - 0.105))  # fmt: skip
    if laid:
        rng = np.random.default_rng(8)
        shapes.append(box((width * 0.62, 0.003, 0.34), "linen", 0.0).moved(0.0, height))
        shapes.append(vase("ceramic", 0.24, 0.06, rng).moved(0.0, height + 0.003))
        plate = [(0.05, 0.0), (0.085, 0.006), (0.13, 0.02), (0.133, 0.023), (0.127, 0.0245),
                 (0.08, 0.012), (0.002, 0.006)]  # fmt: skip
        glass = [(0.028, 0.0), (0.034, 0.1), (0.032, 0.1), (0.026, 0.006), (0.001, 0.005)]
        for u in (-0.5, 0.5):
            for z in (-1, 1):
                at = (u * width * 0.55, height, z * (depth / 2 - 0.19))
                shapes.append(lathe(plate, "ceramic", 28).moved(*at))
                shapes.append(
                    lathe(glass, "tumbler", 16).moved(at[0] + 0.18, height, at[2] - 0.09 * z)
                )
    return Made(shapes)


@builder
def dining_chair(*, cover: str = "sofa", wood: str = "wood") -> Made:
    """A chair with a padded seat and a curved back rest, its back at z < 0."""
    seat = cushion((0.45, 0.06, 0.43), cover, 0.85, 0.01, 9).moved(y=0.415)
    shapes = [seat, box((0.4, 0.035, 0.38), wood, 0.006).moved(y=0.385)]
    for x in (-1, 1):
        shapes.append(tube([(x * 0.2, 0.0, 0.19), (x * 0.185, 0.4, 0.165)], 0.015, wood, 10))
        post = [(x * 0.2, 0.0, -0.22), (x * 0.19, 0.4, -0.175), (x * 0.185, 0.8, -0.235)]
        shapes.append(tube(post, 0.014, wood, 10))
    t = np.linspace(-1.0, 1.0, 9)
    for low, high in ((0.62, 0.8),):
        rows = np.linspace(low, high, 5)
        grid = np.stack(
            np.broadcast_arrays(
                t[None] * 0.2, rows[:, None], -0.205 - 0.06 * (1 - t[None] ** 2)
                - 0.12 * (rows[:, None] - 0.62),
            ), -1,
        )  # fmt: skip
        shapes.append(sheet(grid, wood, 0.018))
    return Made(shapes)


@builder
def bed(
    *, width: float = 1.6, length: float = 2.05, wood: str = "wood", cover: str = "duvet",
    linen: str = "linen", throw: str = "throw",
) -> Made:  # fmt: skip
    """A made bed with its head at the wall behind (z = 0)."""
    z = length / 2
    shapes = [
        box((width + 0.16, 1.02, 0.06), wood, 0.01).moved(0.0, 0.0, 0.03),
        box((width + 0.08, 0.2, length), wood, 0.01).moved(0.0, 0.1, z + 0.06),
        cushion((width, 0.22, length - 0.04), linen, 0.6, 0.01, 11).moved(0.0, 0.27, z + 0.06),
        cushion((width + 0.1, 0.14, length * 0.72), cover, 0.8, 0.03, 15)
        .moved(0.0, 0.4, z + 0.06 + length * 0.14),
        cushion((width + 0.13, 0.09, length * 0.24), throw, 0.8, 0.02, 11)
        .moved(0.0, 0.46, length * 0.86),
    ]  # fmt: skip
    for k, (name, depth) in enumerate(((linen, 0.26), ("pillow_b", 0.5))):
        for x in (-1, 1):
            size = (0.62, 0.4, 0.16) if k == 0 else (0.45, 0.4, 0.13)
            pillow = cushion(size, name, 0.95, 0.05, 11).turned("x", -0.5 - 0.15 * k)
            shapes.append(pillow.moved(x * (0.37 - 0.1 * k), 0.5, depth))
    for x in (-1, 1):
        foot = cylinder(0.025, 0.1, wood, 12).moved(x * (width / 2 - 0.05))
        shapes += [foot.moved(z=q) for q in (0.15, length - 0.1)]
    return Made(shapes)


@builder
def wardrobe(
    *, width: float = 1.8, height: float = 2.3, depth: float = 0.6, doors: int = 3,
    front: str = "front", metal: str = "metal",
) -> Made:  # fmt: skip
    """A wardrobe against the wall behind."""
    shapes = [box((width, height, depth), front, 0.004).moved(0.0, 0.0, depth / 2)]
    each = width / max(1, doors)
    for k in range(max(1, doors)):
        x = -width / 2 + each * (k + 0.5)
        panel = box((each - 0.006, height - 0.09, 0.02), front, 0.003, skip="back")
        shapes.append(panel.moved(x, 0.06, depth + 0.01))
        side = 1 if k % 2 == 0 else -1
        shapes.append(box((0.014, 0.32, 0.02), metal, 0.004)
                      .moved(x + side * (each / 2 - 0.05), 0.95, depth + 0.032))  # fmt: skip
    return Made(shapes)


@builder
def nightstand(*, wood: str = "wood", metal: str = "metal", lamp: bool = True) -> Made:
    """A bedside table with a drawer, a book and a small lamp, at the wall behind."""
    shapes = [box((0.46, 0.24, 0.38), wood, 0.006).moved(0.0, 0.24, 0.19)]
    shapes.append(box((0.42, 0.17, 0.016), wood, 0.003, skip="back").moved(0.0, 0.275, 0.388))
    shapes.append(box((0.1, 0.01, 0.016), metal, 0.003).moved(0.0, 0.36, 0.402))
    for x in (-0.19, 0.19):
        shapes += [lathe([(0.012, 0.0), (0.018, 0.245)], wood, 12).moved(x, 0.0, z)
                   for z in (0.05, 0.33)]  # fmt: skip
    shapes.append(box((0.15, 0.025, 0.21), "book_a", 0.003).turned("y", 0.3).moved(0.1, 0.48, 0.24))
    if lamp:
        foot = lathe([(0.07, 0.0), (0.07, 0.015), (0.012, 0.03), (0.012, 0.2)], metal, 24)
        shade = lathe([(0.13, 0.17), (0.095, 0.36)], "shade", 28)
        inner = lathe([(0.093, 0.36), (0.128, 0.17)], "shade_inside", 28)
        shapes += [s.moved(-0.1, 0.48, 0.15) for s in (foot, shade, inner)]
    return Made(shapes)


@builder
def screen(*, width: float = 1.4, picture: str = "screen", stand: bool = False) -> Made:
    """A television on the wall behind, or with ``stand`` on a foot; ``at`` is its lower edge."""
    height = width * 0.5625
    lift = 0.07 if stand else 0.0
    body = box((width, height, 0.035), "black", 0.004).moved(0.0, lift, 0.03)
    face = quad((-width / 2 + 0.008, lift + 0.008, 0.0485), (width - 0.016, 0.0, 0.0),
                (0.0, height - 0.016, 0.0), picture)  # fmt: skip
    uv = (face.uv / np.array([width - 0.016, height - 0.016])).astype(np.float32)
    face = Shape(face.vertices, face.normals, uv, face.faces, face.chart, face.chart_uv, picture)
    shapes = [body, face]
    if stand:
        shapes.append(box((width * 0.4, 0.012, 0.2), "black", 0.003).moved(0.0, 0.0, 0.05))
        shapes.append(box((0.06, lift, 0.02), "black", 0.003).moved(0.0, 0.005, 0.02))
    return Made(shapes)


@builder
def desk(
    *, width: float = 1.4, depth: float = 0.65, wood: str = "wood", metal: str = "black"
) -> Made:
    """A desk on trestle legs with a lamp, a notebook and a pen pot, its front at z > 0."""
    h = 0.74
    shapes = [box((width, 0.03, depth), wood, 0.006).moved(y=h - 0.03)]
    for x in (-1, 1):
        low, high = x * (width / 2 - 0.08), x * (width / 2 - 0.16)
        legs = [
            ((low, 0.0, z * (depth / 2 - 0.05)), (high, h - 0.03, z * (depth / 2 - 0.14)))
            for z in (-1, 1)
        ]
        shapes += [tube(leg, 0.013, metal, 10) for leg in legs]
    shapes.append(box((0.3, 0.016, 0.21), "book_b", 0.003).turned("y", 0.15).moved(0.05, h, 0.08))
    pot = lathe(
        [(0.035, 0.0), (0.038, 0.1), (0.034, 0.1), (0.03, 0.01), (0.001, 0.008)], "clay", 20
    )
    shapes.append(pot.moved(width / 2 - 0.15, h, -depth / 2 + 0.12))
    foot = lathe([(0.08, 0.0), (0.08, 0.014), (0.01, 0.022)], metal, 28)
    arm = tube([(0.0, 0.02, 0.0), (-0.05, 0.32, 0.0), (0.18, 0.46, 0.04)], 0.007, metal, 8)
    head = lathe([(0.07, 0.0), (0.03, 0.09), (0.012, 0.1)], metal, 24)
    at = (-width / 2 + 0.2, h, -depth / 2 + 0.15)
    shapes += [foot.moved(*at), arm.moved(*at),
               head.turned("z", 0.3).moved(at[0] + 0.19, at[1] + 0.38, at[2] + 0.04)]  # fmt: skip
    return Made(shapes)
