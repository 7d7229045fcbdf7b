"""Decor builders of a car hall: turntables, rings of light, wheels, a reception, swatches."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from .furnish import Made, builder
from .shape import Shape, box, cylinder, disk, lathe, quad, sheet, tube


def disk_ring(inner: float, outer: float, y: float, material: str, segments: int = 72) -> Shape:
    """A flat ring between two radii at height ``y``, facing up."""
    rings = max(2, min(14, math.ceil((outer - inner) / 0.25) + 1))
    r = np.linspace(inner, outer, rings)
    angle = np.linspace(0.0, 2 * math.pi, segments + 1)
    gr, ga = np.meshgrid(r, angle, indexing="ij")
    place = np.stack([gr * np.sin(ga), np.full(gr.shape, y), gr * np.cos(ga)], -1)
    made = sheet(place[:, ::-1], material)
    return replace(made, uv=made.vertices[:, [0, 2]].copy())


@builder
def turntable(*, radius: float = 2.7, top: str = "plinth", metal: str = "metal") -> Made:
    """A round stage flush with the floor, edged with metal and a line of light."""
    return Made([
        disk_ring(0.001, radius - 0.08, 0.004, top),
        disk_ring(radius - 0.08, radius - 0.045, 0.006, "glow"),
        disk_ring(radius - 0.045, radius, 0.005, metal),
    ])  # fmt: skip


@builder
def ring_light(
    *, radius: float = 1.8, drop: float = 1.4, thickness: float = 0.05, metal: str = "black"
) -> Made:
    """A ring of light that hangs ``drop`` metres below where it is placed, on thin wires."""
    y = -drop
    lit = disk_ring(radius - thickness, radius + thickness, 0.0, "glow").turned("x", math.pi)
    outer = lathe([(radius + thickness, 0.0), (radius + thickness, 0.06)], metal, 72)
    inner = lathe([(radius - thickness, 0.06), (radius - thickness, 0.0)], metal, 72)
    over = disk_ring(radius - thickness, radius + thickness, 0.06, metal)
    shapes = [s.moved(y=y) for s in (lit, outer, inner, over)]
    for k in range(3):
        a = 2 * math.pi * k / 3 + 0.4
        x, z = radius * math.sin(a), radius * math.cos(a)
        shapes.append(tube([(x, y + 0.05, z), (x * 0.75, -0.01, z * 0.75)], 0.003, metal, 5))
    return Made(shapes)


@builder
def slats(
    *, width: float = 4.0, height: float = 3.0, spacing: float = 0.12, wood: str = "wood",
    back: str = "black",
) -> Made:  # fmt: skip
    """A wall of upright wooden slats before the wall behind."""
    count = max(2, min(400, int(width / spacing)))
    shapes = [box((width, height, 0.02), back, 0.0, skip="back").moved(0.0, 0.0, 0.01)]
    for x in np.linspace(-width / 2 + spacing / 2, width / 2 - spacing / 2, count):
        slat = box((spacing * 0.45, height, 0.045), wood, 0.0, skip="back bottom")
        shapes.append(slat.moved(float(x), 0.0, 0.042))
    return Made(shapes)


def wheel(radius: float, spokes: int, metal: str, tyre: str) -> list[Shape]:
    """An alloy wheel with its tyre, facing +Z, its middle at the origin."""
    rim = radius * 0.72
    profile = [
        (rim * 0.98, -0.09), (radius * 0.94, -0.1), (radius, -0.06), (radius, 0.06),
        (radius * 0.94, 0.1), (rim * 0.98, 0.09),
    ]  # fmt: skip
    rubber = lathe(profile, tyre, 40)
    well = lathe([(rim * 0.97, 0.085), (rim * 0.9, 0.05), (rim * 0.88, -0.08)], metal, 40)
    hub = lathe([(0.075, 0.0), (0.075, 0.05), (0.055, 0.065), (0.001, 0.066)], metal, 24)
    shapes = [s.turned("x", math.pi / 2) for s in (rubber, well, hub)]
    shapes.append(disk(rim * 0.9, -0.05, tyre, 32).turned("x", math.pi / 2))
    for k in range(spokes):
        bar = box((0.055, rim * 0.9 - 0.05, 0.03), metal, 0.006).moved(0.0, 0.05, 0.035)
        shapes.append(bar.turned("z", 2 * math.pi * k / spokes))
    return shapes


@builder
def wheel_wall(
    *, count: int = 4, radius: float = 0.33, spacing: float = 0.85, metal: str = "alloy",
    tyre: str = "tyre",
) -> Made:  # fmt: skip
    """Wheels in a row on the wall behind, the middle at the origin's height."""
    shapes: list[Shape] = []
    for k in range(max(1, count)):
        x = (k - (count - 1) / 2) * spacing
        shapes.append(box((0.06, 0.06, 0.1), "black", 0.004).moved(x, -0.03, 0.05))
        shapes += [s.moved(x, 0.0, 0.2) for s in wheel(radius, 5 + 2 * (k % 3), metal, tyre)]
    return Made(shapes)


@builder
def swatches(
    *, columns: int = 4, spacing: float = 0.26, paints: tuple[str, ...], metal: str = "metal"
) -> Made:
    """Painted domes on the wall behind: the colours that a car may have."""
    t = np.linspace(0.0, math.pi / 2, 9)
    r = spacing * 0.4
    dome = [(float(r * math.cos(a)) + 1e-4, float(r * 0.45 * math.sin(a))) for a in t]
    shapes: list[Shape] = []
    for k, name in enumerate(paints):
        x = (k % columns - (columns - 1) / 2) * spacing
        y = -(k // columns) * spacing
        shapes.append(lathe(dome, name, 28).turned("x", math.pi / 2).moved(x, y, 0.012))
        edge = lathe([(r * 1.04, 0.0), (r * 1.04, 0.012)], metal, 28)
        shapes.append(edge.turned("x", math.pi / 2).moved(x, y, 0.0))
        shapes.append(disk_ring(r * 0.99, r * 1.04, 0.012, metal, 28)
                      .turned("x", math.pi / 2).moved(x, y, 0.0))  # fmt: skip
    return Made(shapes)


@builder
def reception(
    *, width: float = 2.6, depth: float = 0.8, height: float = 1.08, front: str = "wood",
    top: str = "plinth",
) -> Made:  # fmt: skip
    """A counter to be received at; visitors stand at z > 0, a screen stands on it."""
    body = box((width, height - 0.04, depth * 0.6), front, 0.006, skip="bottom")
    slab = box((width + 0.06, 0.045, depth * 0.72), top, 0.005).moved(y=height - 0.045)
    work = box((width - 0.1, 0.03, depth * 0.5), top, 0.004).moved(0.0, 0.72, -depth * 0.5)
    line = box((width - 0.3, 0.02, 0.012), "glow", 0.0).moved(0.0, 0.12, depth * 0.3 + 0.004)
    foot = box((width - 0.06, 0.07, depth * 0.6 + 0.01), "black", 0.0, skip="bottom")
    shapes = [body, slab, work, line, foot]
    screen = box((0.56, 0.34, 0.02), "black", 0.004).turned("x", 0.1)
    shapes.append(screen.moved(width / 4, height + 0.09, -0.06))
    shapes.append(box((0.05, 0.12, 0.02), "black", 0.002).moved(width / 4, height, -0.07))
    shapes.append(box((0.22, 0.01, 0.16), "black", 0.002).moved(width / 4, height, -0.07))
    return Made(shapes)


@builder
def column(*, radius: float = 0.22, height: float = 4.0, material: str = "walls") -> Made:
    """A round column with a steel foot."""
    rings = max(3, math.ceil(height / 0.4))
    side = [(radius, float(y)) for y in np.linspace(0.0, height, rings)]
    foot = [(radius + 0.02, 0.0), (radius + 0.02, 0.1), (radius, 0.12)]
    return Made([lathe(side, material, 36), lathe(foot, "black", 36)])


@builder
def beam(
    *, width: float, height: float = 0.3, depth: float = 0.16, material: str = "black"
) -> Made:
    """An I-beam under a ceiling, along x, its top at the origin."""
    t = 0.022
    parts = [
        box((width, t, depth), material, 0.0).moved(y=-t),
        box((width, t, depth), material, 0.0).moved(y=-height),
        box((width, height - 2 * t, t), material, 0.0).moved(y=-height + t),
    ]
    return Made(parts)


@builder
def panel_picture(*, width: float, height: float, picture: str, edge: str = "black") -> Made:
    """A flat panel filled once by its picture, on the wall behind; ``at`` is its lower middle."""
    board = box((width, height, 0.03), edge, 0.003, skip="back").moved(0.0, 0.0, 0.015)
    face = quad((-width / 2 + 0.006, 0.006, 0.0315), (width - 0.012, 0.0, 0.0),
                (0.0, height - 0.012, 0.0), picture)  # fmt: skip
    uv = (face.uv / np.array([width - 0.012, height - 0.012])).astype(np.float32)
    face = Shape(face.vertices, face.normals, uv, face.faces, face.chart, face.chart_uv, picture)
    return Made([board, face])


@builder
def barrier(*, length: float = 2.0, height: float = 0.95, metal: str = "metal") -> Made:
    """Two posts with a drooping cord between them, along x."""
    shapes: list[Shape] = []
    for x in (-length / 2, length / 2):
        foot = lathe([(0.15, 0.0), (0.15, 0.012), (0.02, 0.03)], metal, 28)
        shapes.append(foot.moved(x))
        shapes.append(cylinder(0.018, height, metal, 14).moved(x))
        shapes.append(lathe([(0.018, 0.0), (0.03, 0.015), (0.024, 0.04), (0.001, 0.05)], metal, 16)
                      .moved(x, height))  # fmt: skip
    t = np.linspace(-1.0, 1.0, 15)
    cord = [(float(k) * length / 2, height - 0.06 - 0.16 * (1 - float(k) ** 2), 0.0) for k in t]
    return Made([*shapes, tube(cord, 0.016, "cord", 8)])
