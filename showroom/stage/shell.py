"""A room's shell: floor, ceiling, and walls with their openings and skirting."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import Opening, Scene
from .shape import F32, Shape, box, join, polygon, quad


def wall_frame(scene: Scene, wall: int) -> tuple[F32, F32, F32, float]:
    """Start corner (3,), unit vector along it, unit normal into the room, and length, metres."""
    a = np.asarray(scene.outline[wall], np.float32)
    b = np.asarray(scene.outline[(wall + 1) % len(scene.outline)], np.float32)
    length = float(np.linalg.norm(b - a))
    along = np.array([(b - a)[0] / length, 0.0, (b - a)[1] / length], np.float32)
    # Counter-clockwise from above: the inside is on the left hand, up x along.
    normal = np.cross(np.array([0.0, 1.0, 0.0], np.float32), along).astype(np.float32)
    return np.array([a[0], 0.0, a[1]], np.float32), along, normal, length


def shell(scene: Scene, seen: bool, glass: bool) -> list[Shape]:
    """Floor, ceiling and walls with their openings, frames and skirting.

    Args:
        seen: the scene's sky shows through its openings; else a picture stands behind each.
        glass: the scene has a material for panes.
    """
    room = scene.document.get("room", {})
    floor = str(room.get("floor", "floor"))
    shapes = [polygon(scene.outline, 0.0, True, floor)] if floor else []
    if scene.outdoor:
        return shapes
    shapes.append(polygon(scene.outline, scene.height, False, str(room.get("ceiling", "ceiling"))))
    material = str(room.get("walls", "walls"))
    skirting = room.get("skirting")
    for wall in range(len(scene.outline)):
        start, along, normal, length = wall_frame(scene, wall)
        holes = sorted((o for o in scene.openings if o.wall == wall), key=lambda o: o.offset)
        pieces = []
        at = 0.0
        for o in holes:
            pieces += [
                (at, 0.0, o.offset - at, scene.height),
                (o.offset, 0.0, o.width, o.sill),
                (o.offset, o.sill + o.height, o.width, scene.height - o.sill - o.height),
            ]
            at = o.offset + o.width
            shapes += _opening(o, start, along, normal, seen, glass)
        pieces.append((at, 0.0, length - at, scene.height))
        made = []
        for x, y, w, h in pieces:
            if w > 1e-4 and h > 1e-4:
                corner = start + along * x + np.array([0.0, y, 0.0])
                # along x up points out of the room, so the wall runs the other way.
                s = quad(corner + along * w, -along * w, (0.0, h, 0.0), material)
                shift = np.array([length - x - w, y], np.float32)
                made.append(_one_chart(s, shift))
        whole = join(made)
        shapes.append(
            Shape(whole.vertices, whole.normals, whole.uv, whole.faces,
                  np.zeros_like(whole.chart), whole.chart_uv, material)
        )  # fmt: skip
        if isinstance(skirting, str):
            doors = [o for o in holes if o.sill < 0.1]
            edges = [0.0, *(e for o in doors for e in (o.offset, o.offset + o.width)), length]
            for a, b in zip(edges[::2], edges[1::2], strict=True):
                if b - a > 0.02:
                    shapes.append(_along_wall(start, along, normal, a, b, 0.09, 0.014, skirting))
    return shapes


def _one_chart(s: Shape, shift: NDArray[np.float32]) -> Shape:
    """The wall piece with UVs and chart UVs in the whole wall's coordinates."""
    return Shape(
        s.vertices, s.normals, s.uv + shift, s.faces, s.chart, s.chart_uv + shift, s.material
    )


def _opening(
    o: Opening, start: F32, along: F32, normal: F32, seen: bool, glass: bool
) -> list[Shape]:
    """A window or door in its wall: reveal, frame, glass bars, sill, and the view or the leaf.

    Args:
        seen: one sees the scene's sky through it; else a picture stands behind it.
        glass: the scene has a material for panes.
    """
    deep = 0.14
    angle = math.atan2(float(normal[0]), float(normal[2]))
    middle = start + along * (o.offset + o.width / 2)
    w, h = o.width, o.height
    parts: list[Shape] = []

    def bar(x: float, y: float, width: float, height: float, z: float, d: float, m: str) -> None:
        parts.append(box((width, height, d), m, 0.004).moved(x, y, z))

    if o.kind == "window":
        frame, t = "window_frame", 0.055
        for x in (-w / 2 + t / 2, w / 2 - t / 2):
            bar(x, 0.0, t, h, -0.06, 0.06, frame)
        for y in (0.0, h - t):
            bar(0.0, y, w, t, -0.06, 0.06, frame)
        panes = max(1, round(w / 0.95))
        for k in range(1, panes):
            bar(-w / 2 + w * k / panes, 0.0, 0.045, h, -0.06, 0.05, frame)
        bar(0.0, -0.03, w + 0.1, 0.03, 0.03, 0.24, frame)
        if glass:
            pane = quad(
                (-w / 2 + t, t, -0.06), (w - 2 * t, 0.0, 0.0), (0.0, h - 2 * t, 0.0), "glass"
            )
            parts.append(_plain(pane))
        if not seen:
            parts.append(_view(w, h))
    elif o.glazed:
        t, frame = 0.06, "window_frame"
        leaves = 2 if w > 1.3 else 1
        each = w / leaves
        for k in range(leaves):
            x = -w / 2 + each * (k + 0.5)
            for side in (-1, 1):
                bar(x + side * (each / 2 - t / 2), 0.0, t, h, -0.05, 0.05, frame)
            bar(x, 0.0, each, 0.09, -0.05, 0.05, frame)
            bar(x, h - t, each, t, -0.05, 0.05, frame)
            grip = x + (each / 2 - 0.1) * (1 if k == 0 and leaves == 2 else -1)
            for side in (-1, 1):
                bar(grip, 0.75, 0.025, 0.7, -0.05 + side * 0.055, 0.025, "metal")
                bar(grip, 0.8, 0.012, 0.012, -0.05 + side * 0.035, 0.05, "metal")
                bar(grip, 1.38, 0.012, 0.012, -0.05 + side * 0.035, 0.05, "metal")
            if glass:
                pane = quad((x - each / 2 + t, 0.09, -0.05), (each - 2 * t, 0.0, 0.0),
                            (0.0, h - 0.09 - t, 0.0), "glass")  # fmt: skip
                parts.append(_plain(pane))
        if not seen:
            parts.append(_view(w, h))
    else:
        t = 0.07
        for x in (-w / 2 + t / 2, w / 2 - t / 2):
            bar(x, 0.0, t, h, 0.0, 0.18, "window_frame")
        bar(0.0, h - t, w, t, 0.0, 0.18, "window_frame")
        bar(0.0, 0.0, w - 2 * t, h - t, -0.05, 0.045, "door")
        bar(w / 2 - t - 0.08, 1.0, 0.018, 0.14, 0.0, 0.05, "metal")
    for x in (-w / 2, w / 2):
        shift = 0.005 if x < 0 else -0.005
        parts.append(box((0.01, h, deep), "window_frame", 0.0).moved(x - shift, 0.0, -deep / 2))
    parts.append(box((w, 0.01, deep), "window_frame", 0.0).moved(0.0, h, -deep / 2))
    base = middle + np.array([0.0, o.sill, 0.0], np.float32)
    return [
        p.turned("y", angle).moved(float(base[0]), float(base[1]), float(base[2])) for p in parts
    ]


def _view(w: float, h: float) -> Shape:
    """The picture behind an opening of a scene without a sky."""
    view = quad((-w, -0.6 * h, -1.2), (2 * w, 0.0, 0.0), (0.0, 2.2 * h, 0.0), "view")
    return replace(_plain(view), uv=(view.uv / np.array([2 * w, 2.2 * h])).astype(np.float32))


def _plain(shape: Shape) -> Shape:
    """The shape with light per vertex instead of a place in the lightmap."""
    return replace(shape, chart=np.full(len(shape.vertices), -1, np.int32))


def _along_wall(
    start: F32,
    along: F32,
    normal: F32,
    first: float,
    last: float,
    height: float,
    depth: float,
    material: str,
) -> Shape:
    """A bar on the floor along a wall, from ``first`` to ``last`` metres: skirting."""
    angle = math.atan2(float(normal[0]), float(normal[2]))
    middle = start + along * (first + last) / 2 + normal * depth / 2
    bar = box((last - first, height, depth), material, 0.003, skip="bottom back")
    return bar.turned("y", angle).moved(float(middle[0]), 0.0, float(middle[2]))
