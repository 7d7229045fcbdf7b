"""Decor builders of a shop: racks with clothes, shelves, mirrors, plinths, busts, spot tracks."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reconstruction.dressform import reference_form

from .furnish import Made, builder
from .shape import Shape, box, cushion, cylinder, disk, join, lathe, quad, sheet, tube


def hanging(
    rng: np.random.Generator, material: str, length: float, width: float, sleeves: bool
) -> Shape:
    """A garment on a hanger, seen from its side along the rail (x): shoulders at the origin.

    Two sheets from neck to hem with folds; z spans the shoulders, x the thickness.
    """
    rows, columns = 15, 11
    t = np.linspace(0.0, 1.0, rows)[:, None]
    s = np.linspace(-1.0, 1.0, columns)[None, :]
    flare = rng.uniform(0.02, 0.16)
    half = width / 2 * (0.36 + 0.64 * np.clip(t / 0.07, 0, 1) ** 0.5 + flare * t)
    drop = 0.13 * np.abs(s) ** 1.6 * np.clip(1 - t * 1.2, 0, 1)
    phase, waves = rng.uniform(0, 6.28), rng.integers(3, 6)
    fold = 0.012 + 0.03 * t
    wave = np.sin(s * waves * 1.9 + phase + t * rng.uniform(-1, 1)) * fold * 0.55
    round_off = np.sqrt(np.clip(1.0 - s**2, 0.0, 1.0))
    sheets = []
    for side in (1.0, -1.0):
        x = side * (0.012 + 0.035 * np.clip(t * 5, 0, 1)) * round_off + wave
        z = s * half
        y = -t * length - drop + 0.012 * np.cos(s * 7 + phase) * t
        points = np.stack(np.broadcast_arrays(x, y, z), -1)
        sheets.append(sheet(points if side > 0 else points[:, ::-1], material))
    parts = sheets
    if sleeves:
        reach = rng.uniform(0.3, 0.55)
        for side in (1.0, -1.0):
            z0 = side * width * 0.47
            path = [(0.0, -0.13, z0), (0.01, -0.13 - reach * 0.5, z0 + side * 0.045),
                    (0.0, -0.13 - reach, z0 + side * 0.03)]  # fmt: skip
            parts.append(tube(path, 0.042, material, 8).scaled(0.75, 1.0, 1.0))
    return join(parts)


def hanger(wood: str, metal: str, width: float) -> list[Shape]:
    """A wooden hanger with its hook; the hook's top is at y = 0.1."""
    arms = [
        (0.0, -0.075, -width / 2),
        (0.0, -0.012, -0.03),
        (0.0, -0.012, 0.03),
        (0.0, -0.075, width / 2),
    ]
    angle = np.linspace(0.2, 4.2, 9)
    hook = [(0.0, 0.0, 0.0), (0.0, 0.055, 0.0)]
    hook += [
        (0.0, 0.075 + 0.02 * math.sin(a - 1.57 + 0.2), 0.02 - 0.02 * math.cos(a - 0.2))
        for a in angle
    ]
    return [tube(arms, 0.009, wood, 6), tube(hook, 0.0022, metal, 5)]


def _clothes(
    width: float, fabrics: tuple[str, ...], seed: int, spacing: float, length: float, wood: str
) -> list[Shape]:
    """Hangers with garments along x, their hooks' tops at y = 0."""
    rng = np.random.default_rng(seed)
    shapes: list[Shape] = []
    count = max(1, int(width / spacing))
    xs = np.linspace(-width / 2 + spacing * 0.4, width / 2 - spacing * 0.4, count)
    group, left = "", 0
    size, cut = 0.44, length
    for x in xs:
        if left <= 0:
            group = fabrics[int(rng.integers(len(fabrics)))]
            left = int(rng.integers(2, 5))
            cut = length * rng.uniform(0.8, 1.15)
            size = rng.uniform(0.40, 0.46)
        left -= 1
        at = float(x + rng.normal(0, 0.004))
        lean = float(rng.normal(0.0, 0.07))
        cloth = hanging(rng, group, cut * rng.uniform(0.98, 1.02), size, cut < 0.85)
        one = [*hanger(wood, "metal", size * 0.86), cloth.moved(y=-0.02)]
        shapes += [s.turned("y", lean).moved(at, -0.095, 0.0) for s in one]
    return shapes


@builder
def rack(
    *,
    width: float = 1.4,
    height: float = 1.45,
    fabrics: tuple[str, ...],
    seed: int = 1,
    spacing: float = 0.07,
    length: float = 0.8,
    metal: str = "metal",
    wood: str = "wood",
) -> Made:
    """A free-standing clothes rack with garments on hangers."""
    r, w, d = 0.014, width / 2, 0.24
    shapes = [tube([(-w, height, 0.0), (w, height, 0.0)], r, metal)]
    for x in (-w, w):
        shapes.append(tube([(x, 0.03, 0.0), (x, height, 0.0)], r, metal))
        shapes.append(tube([(x, 0.03, -d), (x, 0.03, d)], r, metal))
        shapes += [cylinder(0.02, 0.022, metal, 12).moved(x, 0.0, z) for z in (-d, d)]
    shapes.append(box((width - 0.05, 0.025, 0.34), wood, 0.005).moved(y=0.12))
    clothes = _clothes(width - 0.14, fabrics, seed, spacing, length, wood)
    return Made(shapes + [s.moved(y=height + r + 0.004) for s in clothes])


@builder
def wall_rail(
    *,
    width: float = 2.0,
    height: float = 1.7,
    fabrics: tuple[str, ...],
    seed: int = 1,
    spacing: float = 0.075,
    length: float = 0.85,
    metal: str = "metal",
    wood: str = "wood",
    shelf: bool = True,
) -> Made:
    """A rail on the wall behind (z = 0) with garments, and a shelf above it with folded stacks."""
    r, d = 0.013, 0.32
    w = width / 2
    shapes = [tube([(-w, height, d), (w, height, d)], r, metal)]
    shapes += [
        tube([(x, height, 0.0), (x, height, d)], 0.010, metal) for x in (-w + 0.04, 0.0, w - 0.04)
    ]
    clothes = _clothes(width - 0.12, fabrics, seed, spacing, length, wood)
    shapes += [s.moved(0.0, height + r + 0.004, d) for s in clothes]
    if shelf:
        y = height + 0.28
        shapes.append(box((width, 0.035, 0.36), wood, 0.004).moved(0.0, y, 0.18))
        shapes += _stacks(width - 0.1, y + 0.035, 0.19, fabrics, seed + 7)
    return Made(shapes)


def _stacks(
    width: float, y: float, z: float, fabrics: tuple[str, ...], seed: int, tall: int = 5
) -> list[Shape]:
    """Piles of folded clothes along x."""
    rng = np.random.default_rng(seed)
    shapes: list[Shape] = []
    x = -width / 2 + 0.16
    while x < width / 2 - 0.14:
        if rng.uniform() < 0.82:
            top = y
            main = fabrics[int(rng.integers(len(fabrics)))]
            for _ in range(int(rng.integers(2, tall + 1))):
                thick = rng.uniform(0.028, 0.045)
                fold = cushion((0.27, thick, 0.29), main, 0.85, 0.004, 7)
                shapes.append(fold.turned("y", rng.normal(0, 0.03)).moved(x, top, z))
                top += thick * 0.93
                if rng.uniform() < 0.3:
                    main = fabrics[int(rng.integers(len(fabrics)))]
        x += 0.35 + rng.uniform(0, 0.06)
    return shapes


@builder
def shelves(
    *,
    width: float = 1.2,
    height: float = 2.1,
    depth: float = 0.38,
    levels: int = 5,
    fabrics: tuple[str, ...],
    seed: int = 1,
    wood: str = "wood",
    back: str = "",
    filling: str = "folded",
) -> Made:
    """A shelf unit against the wall behind (z = 0): folded clothes, books or bags and bowls."""
    t, z = 0.028, depth / 2
    shapes = [
        box((t, height, depth), wood, 0.003).moved(x, 0.0, z) for x in (-width / 2, width / 2)
    ]
    if back:
        shapes.append(box((width, height, 0.012), back, 0.0).moved(0.0, 0.0, 0.006))
    rng = np.random.default_rng(seed)
    gap = (height - t) / levels
    for k in range(levels + 1):
        y = k * gap
        shapes.append(box((width - t, t, depth), wood, 0.003).moved(0.0, y, z))
        if k == levels:
            break
        kind = filling if filling != "mixed" else ("books", "folded", "vases")[(k + seed) % 3]
        if kind == "folded":
            tall = max(1, min(6, int((gap - t - 0.05) / 0.04)))
            shapes += _stacks(width - 0.1, y + t, z, fabrics, seed + k, tall)
        elif kind == "books":
            shapes += _books(width - 0.12, y + t, z, gap - t, fabrics, rng)
        else:
            shapes += _vases(width - 0.2, y + t, z, gap - t, fabrics, rng)
    return Made(shapes)


def _books(
    width: float,
    y: float,
    z: float,
    room: float,
    fabrics: tuple[str, ...],
    rng: np.random.Generator,
) -> list[Shape]:
    shapes, x = [], -width / 2
    stop = width / 2 * rng.uniform(0.1, 1.0)
    while x < stop:
        thick = rng.uniform(0.016, 0.042)
        size = (thick, min(room - 0.03, rng.uniform(0.18, 0.27)), rng.uniform(0.13, 0.19))
        cover = fabrics[int(rng.integers(len(fabrics)))]
        shapes.append(box(size, cover, 0.002, skip="bottom").moved(x + thick / 2, y, z + 0.02))
        x += thick + 0.001
    return shapes


def vase(material: str, height: float, belly: float, rng: np.random.Generator) -> Shape:
    """A turned vase."""
    t = np.linspace(0.0, 1.0, 18)
    swell = np.sin(np.pi * t ** rng.uniform(0.7, 1.3)) * belly * 0.55
    radius = belly * 0.42 + swell - 0.2 * belly * np.clip(t - 0.75, 0, 1) * 4 * 0.3
    profile = [
        (0.001, 0.0),
        *((float(r), float(y * height)) for r, y in zip(radius, t, strict=True)),
    ]
    profile.append((float(radius[-1]) * 0.82, height - 0.004))
    profile.append((0.002, height * 0.82))
    return lathe(profile, material, 24)


def _vases(
    width: float,
    y: float,
    z: float,
    room: float,
    fabrics: tuple[str, ...],
    rng: np.random.Generator,
) -> list[Shape]:
    shapes, x = [], -width / 2
    while x < width / 2:
        if rng.uniform() < 0.75:
            tall = min(room - 0.05, rng.uniform(0.12, 0.3))
            material = ("ceramic", fabrics[int(rng.integers(len(fabrics)))])[
                int(rng.uniform() < 0.4)
            ]
            shapes.append(vase(material, tall, rng.uniform(0.04, 0.07), rng).moved(x, y, z))
        x += rng.uniform(0.16, 0.3)
    return shapes


@builder
def mirror(
    *, width: float = 0.9, height: float = 2.0, frame: str = "metal", lift: float = 0.08
) -> Made:
    """A tall mirror against the wall behind, which shows the visitor live."""
    t, d, w = 0.03, 0.035, width / 2
    shapes = [
        box((t, height, d), frame, 0.004).moved(x, lift, d / 2) for x in (-w - t / 2, w + t / 2)
    ]
    shapes += [
        box((width + 2 * t, t, d), frame, 0.004).moved(0.0, y, d / 2)
        for y in (lift - t, lift + height)
    ]
    shapes.append(quad((-w, lift, 0.02), (width, 0.0, 0.0), (0.0, height, 0.0), "mirror"))
    return Made(shapes, (((0.0, lift + height / 2, 0.02), (0.0, 0.0, 1.0)),))


@builder
def bust(
    *, height: float = 1.62, cover: str = "linen", wood: str = "wood", metal: str = "metal"
) -> Made:
    """A tailor's bust on a turned stand."""
    # Height above the hip line, half-widths across and deep, forward shift: metres.
    rings = [
        (0.00, 0.165, 0.115, 0.0), (0.06, 0.175, 0.122, -0.004), (0.14, 0.168, 0.115, -0.004),
        (0.24, 0.132, 0.092, 0.0), (0.30, 0.130, 0.090, 0.004), (0.38, 0.150, 0.105, 0.008),
        (0.46, 0.168, 0.122, 0.012), (0.53, 0.175, 0.112, 0.006), (0.59, 0.178, 0.092, -0.004),
        (0.635, 0.150, 0.072, -0.012), (0.66, 0.095, 0.058, -0.012), (0.675, 0.062, 0.052, -0.008),
        (0.72, 0.055, 0.052, 0.0), (0.745, 0.054, 0.051, 0.004),
    ]  # fmt: skip
    r = np.asarray(rings)
    y = np.linspace(0.0, r[-1, 0], 40)
    a, b, f = (np.interp(y, r[:, 0], r[:, k]) for k in (1, 2, 3))
    kernel = np.array([0.25, 0.5, 0.25])
    for _ in range(2):
        a[1:-1], b[1:-1] = np.convolve(a, kernel, "valid"), np.convolve(b, kernel, "valid")
    angle = np.linspace(0.0, 2 * math.pi, 33)
    power = 0.86
    c, s = np.cos(angle), np.sin(angle)
    x = a[:, None] * np.sign(s) * np.abs(s) ** power
    z = b[:, None] * np.sign(c) * np.abs(c) ** power + f[:, None]
    points = np.stack([x, np.broadcast_to(y[:, None], x.shape), z], -1)
    base = height - 0.78
    body = sheet(points, cover).moved(y=base)
    top = lathe(
        [(0.056, 0.0), (0.058, 0.012), (0.02, 0.022), (0.012, 0.04), (0.016, 0.052), (0.001, 0.06)],
        wood,
    )
    under = disk(0.14, base + 0.002, cover, 24, up=False).scaled(1.15, 1.0, 0.8)
    pole = tube([(0.0, 0.03, 0.0), (0.0, base + 0.05, 0.0)], 0.014, metal)
    foot = lathe(
        [(0.16, 0.0), (0.16, 0.012), (0.15, 0.018), (0.03, 0.03), (0.016, 0.07)], metal, 32
    )
    return Made([body, top.moved(y=base + 0.742), under, pole, foot])


@lru_cache(maxsize=1)
def _torso() -> NDArray[np.float64]:
    """The dress form's trunk from the hips to the neck, (rings, angles, 3), a centimetre slimmer.

    Garments are draped on this form, so that they hang on it as they were made.
    """
    body = reference_form()
    trunk = np.isin(
        np.array(body.skin.names)[
            body.skin.joints[np.arange(len(body.vertices)), body.skin.weights.argmax(axis=1)]
        ],
        ("hips", "spine", "chest", "upperChest", "neck", "leftShoulder", "rightShoulder",
         "leftUpperLeg", "rightUpperLeg"),
    )  # fmt: skip
    v = body.vertices[trunk].astype(np.float64)
    heights = np.linspace(0.80, 1.555, 44)
    angles = np.linspace(-math.pi, math.pi, 41)
    rings = np.zeros((len(heights), len(angles), 3))
    for i, y in enumerate(heights):
        near = np.abs(v[:, 1] - y) < 0.03
        middle = np.array([0.0, v[near, 2].min() + v[near, 2].max()]) / 2
        offset = v[near][:, [0, 2]] - middle
        turn, far = np.arctan2(offset[:, 0], offset[:, 1]), np.hypot(*offset.T)
        for k, a in enumerate(angles):
            way = np.abs((turn - a + math.pi) % (2 * math.pi) - math.pi)
            weight = np.exp(-((way / 0.16) ** 2)) + 1e-9
            r = max(0.02, float((weight * far).sum() / weight.sum()) - 0.01)
            rings[i, k] = (r * math.sin(a), y, middle[1] + r * math.cos(a))
    for _ in range(2):
        rings[1:-1] = 0.25 * rings[:-2] + 0.5 * rings[1:-1] + 0.25 * rings[2:]
    rings[:, -1] = rings[:, 0]
    return rings


@builder
def dress_form(*, cover: str = "linen", wood: str = "wood", metal: str = "metal") -> Made:
    """The trunk that garments are draped on, on a pole: a stand for a garment."""
    rings = _torso()
    shapes = [sheet(rings, cover)]
    low, high = rings[0], rings[-1]
    for ring, up in ((low, False), (high, True)):
        middle = ring[:-1].mean(axis=0)
        fan = np.stack([middle + 0.05 * (ring - middle), (ring + middle) / 2, ring])
        cap = sheet(fan if up else fan[:, ::-1], cover if not up else wood)
        shapes.append(cap)
    x, y, z = high[:-1].mean(axis=0)
    knob = lathe([(0.03, 0.0), (0.032, 0.008), (0.012, 0.02), (0.016, 0.035), (0.001, 0.045)], wood)
    shapes.append(knob.moved(float(x), float(y), float(z)))
    base = float(low[:, 1].mean())
    at = float(low[:-1, 2].mean())
    shapes.append(tube([(0.0, 0.03, at), (0.0, base + 0.02, at)], 0.014, metal))
    foot = lathe(
        [(0.17, 0.0), (0.17, 0.012), (0.16, 0.018), (0.03, 0.03), (0.016, 0.07)], metal, 32
    )
    shapes.append(foot.moved(z=at))
    return Made(shapes)


@builder
def cabin(
    *, width: float = 1.1, depth: float = 1.1, height: float = 2.3, drawn: float = 0.45,
    walls: str = "feature", curtain: str = "curtain", metal: str = "metal", wood: str = "wood",
    seed: int = 1,
) -> Made:  # fmt: skip
    """A fitting cabin against the wall behind: walls, a curtain half drawn, a mirror, hooks.

    ``drawn`` is the curtain's share of the opening.
    """
    from .furnish_home import curtain as drape
    from .furnish_home import curtain_rod

    t = 0.045
    shapes = [
        box((t, height, depth), walls, 0.004, skip="bottom").moved(x, 0.0, depth / 2)
        for x in (-width / 2 + t / 2, width / 2 - t / 2)
    ]
    shapes.append(box((width, 0.12, t), walls, 0.004).moved(0.0, height - 0.12, depth - t / 2))
    shapes += [s.moved(0.0, height - 0.17, depth - 0.09)
               for s in curtain_rod(width=width - 0.12, metal=metal).shapes]  # fmt: skip
    wide = max(0.25, drawn * (width - 0.12))
    cloth = drape(width=wide, height=height - 0.18, material=curtain, seed=seed)
    shapes += [s.moved(-width / 2 + t + wide / 2, 0.0, depth - 0.09) for s in cloth.shapes]
    glass = quad((-0.26, 0.35, 0.024), (0.52, 0.0, 0.0), (0.0, 1.55, 0.0), "mirror_plain")
    shapes += [glass, box((0.58, 1.61, 0.02), metal, 0.003, skip="back").moved(0.0, 0.32, 0.01)]
    side = width / 2 - t
    for z in (0.45, 0.65):
        peg = [(side, 1.7, z), (side - 0.05, 1.7, z), (side - 0.07, 1.73, z)]
        shapes.append(tube(peg, 0.008, metal, 8))
    seat = box((0.34, 0.03, depth * 0.5), wood, 0.006).moved(-side + 0.17, 0.44, depth * 0.42)
    lamp = box((width * 0.5, 0.02, 0.05), "glow", 0.0).moved(0.0, height - 0.08, 0.06)
    return Made([*shapes, seat, lamp])


@builder
def spot_track(
    *, width: float = 3.0, spots: int = 4, aim: float = 35.0, metal: str = "black"
) -> Made:
    """A ceiling track with spotlights, hanging from where it is placed; ``aim`` degrees to +Z."""
    shapes = [box((width, 0.03, 0.035), metal, 0.003).moved(y=-0.03)]
    tilt = math.radians(aim)
    for x in np.linspace(-width / 2 + 0.25, width / 2 - 0.25, max(1, spots)):
        can = cylinder(0.038, 0.13, metal, 20).moved(y=-0.13)
        lens = disk(0.03, -0.131, "glow", 20, up=False)
        shapes += [s.turned("x", -tilt).moved(float(x), -0.09, 0.0) for s in (can, lens)]
        shapes.append(tube([(float(x), -0.03, 0.0), (float(x), -0.12, 0.0)], 0.008, metal, 8))
    return Made(shapes)


@builder
def display_table(
    *, width: float = 1.5, depth: float = 0.8, height: float = 0.8, fabrics: tuple[str, ...],
    seed: int = 1, wood: str = "wood", metal: str = "metal",
) -> Made:  # fmt: skip
    """A table with folded clothes on its top and a lower shelf."""
    w, d, t = width / 2 - 0.04, depth / 2 - 0.04, 0.035
    shapes = [box((width, t, depth), wood, 0.006).moved(y=height - t)]
    shapes.append(box((width - 0.1, 0.022, depth - 0.1), wood, 0.004).moved(y=0.22))
    shapes += [
        box((0.035, height - t, 0.035), metal, 0.004).moved(x, 0.0, z)
        for x in (-w, w)
        for z in (-d, d)
    ]
    for k, z in enumerate((-depth / 4 + 0.01, depth / 4 - 0.01)):
        shapes += _stacks(width - 0.12, height, z, fabrics, seed + k, 4)
        shapes += _stacks(width - 0.2, 0.242, z * 0.9, fabrics, seed + 5 + k, 5)
    return Made(shapes)


@builder
def bag(*, width: float = 0.3, material: str = "leather", metal: str = "metal") -> Made:
    """A handbag with a handle."""
    body = cushion((width, width * 0.72, width * 0.4), material, 0.5, 0.012, 9)
    top = width * 0.72
    angle = np.linspace(0.0, math.pi, 13)
    handle = [
        (-math.cos(a) * width * 0.26, top - 0.02 + math.sin(a) * width * 0.42, 0.0) for a in angle
    ]
    clasp = box((0.035, 0.022, 0.01), metal, 0.003).moved(0.0, top * 0.72, width * 0.2 + 0.004)
    return Made([body, tube(handle, 0.008, material, 8), clasp])


@builder
def sign(
    *, width: float = 1.6, height: float = 0.4, material: str = "sign", depth: float = 0.03
) -> Made:
    """A board on the wall behind."""
    board = box((width, height, depth), "black", 0.004, skip="back").moved(0.0, 0.0, depth / 2)
    face = quad((-width / 2 + 0.02, 0.02, depth + 0.001), (width - 0.04, 0.0, 0.0),
                (0.0, height - 0.04, 0.0), material)  # fmt: skip
    return Made([board, face])


@builder
def podium(*, radius: float = 0.7, height: float = 0.14, material: str = "plinth") -> Made:
    """A round platform."""
    side = lathe([(radius, 0.0), (radius, height - 0.006), (radius - 0.006, height)], material, 64)
    angle = np.linspace(0.0, 2 * math.pi, 65)
    r = np.linspace(0.001, radius - 0.006, 12)
    gr, ga = np.meshgrid(r, angle, indexing="ij")
    top = np.stack([gr * np.sin(ga), np.full(gr.shape, height), gr * np.cos(ga)], -1)
    return Made([side, sheet(top[:, ::-1], material)])
