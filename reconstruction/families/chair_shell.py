"""Chairs' moulded shells, wings, seat pads and office arms as lofts."""

from __future__ import annotations

import numpy as np

from .chair_back_shape import BackShape
from .furniture_blocks import SMOOTH, Grid, blocks, places
from .furniture_family import Values
from .furniture_solids import F64, Loft

_SIDE = np.array([-1.0, 1.0])
_ACROSS = np.linspace(1.0, -1.0, 11)


def shell(shape: BackShape, values: Values, half: tuple[float, float], seat: float) -> Loft:
    """One moulded piece: seat, bend and back, its sides drawn up.

    Args:
        half: half width and half depth of the seat, metres.
        seat: y of the seat's top.
    """
    half_width, half_depth = half
    tilt = max(values["back_tilt"], 0.02)
    bend = min(0.12, half_depth * 0.5, shape.height * 0.35)
    rear = shape.z + 0.004
    # The profile in (z, y): along the seat, through the bend, up the back.
    # Closer together where the outline is rounded.
    share = (np.arange(8) / 8) ** 1.7
    run = half_depth + (rear + bend - half_depth) * share
    level = seat - 0.35 * values["seat_bow"] * np.maximum((run - rear) / half_depth - 1.2, 0.0)
    turn = np.linspace(0, np.pi / 2 - tilt, 7)
    arc = np.stack([rear + bend - bend * np.sin(turn), seat + bend * (1 - np.cos(turn))], axis=1)
    left = max(seat + shape.height - arc[-1, 1], 0.05)
    climb = 1 - (1 - np.arange(1, 13) / 12) ** 1.8
    lean = np.tan(tilt) * left * climb + values["back_curve"] * climb**2.2
    back = np.stack([arc[-1, 0] - lean, arc[-1, 1] + left * climb], axis=1)
    path = np.concatenate([np.stack([run, level], axis=1), arc, back])
    step = np.linalg.norm(np.diff(path, axis=0), axis=1)
    way = np.concatenate([[0.0], np.cumsum(step)])
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    up = np.clip((path[:, 1] - seat) / shape.height, 0.0, 1.0)
    upper = values["back_width"] * (
        1 + (values["back_flare"] - 1) * up ** values["back_flare_rise"]
    )
    wide = half_width * (1 + (upper - 1) * np.clip(up * 2.5, 0.0, 1.0))
    wide = wide * _rounded(way, 0.25 * values["seat_round"] * half_width + 0.03)
    wide = wide * _rounded(way[-1] - way, 0.6 * values["back_round"] * half_width + 0.03)
    # Sides are drawn up most around the bend.
    middle = way[8 + 3]
    rise = (0.012 + values["back_wrap"]) * np.exp(-(((way - middle) / (0.55 * way[-1])) ** 2))
    thick = min(values["back_thickness"], 0.05)
    lift = rise[:, None] * _ACROSS**2
    above = path[:, None] + normal[:, None] * (lift[..., None])
    under = path[:, None] + normal[:, None] * (lift[..., None] - thick)
    rim = np.sqrt(np.clip(1 - _ACROSS**8, 0.0, 1.0)) * 0.5 + 0.5
    middle_line = (above + under) / 2
    above = middle_line + (above - middle_line) * rim[None, :, None]
    under = middle_line + (under - middle_line) * rim[None, :, None]
    rings = np.empty((1, len(path), 2 * len(_ACROSS), 3))
    x = wide[:, None] * _ACROSS
    rings[0, :, :11, 0], rings[0, :, 11:, 0] = x, x[:, ::-1]
    rings[0, :, :11, 2], rings[0, :, 11:, 2] = above[..., 0], under[:, ::-1, 0]
    rings[0, :, :11, 1], rings[0, :, 11:, 1] = above[..., 1], under[:, ::-1, 1]
    return Loft(rings[:, :, ::-1], "shell", "shell", 0, -1)


def _rounded(distance: F64, radius: float) -> F64:
    """A width's factor near an end: rises like a rounded corner over a radius."""
    share = np.clip(1 - distance / max(radius, 1e-3), 0.0, 1.0)
    return np.asarray(0.45 + 0.55 * (1 - share**2.2) ** (1 / 2.2))


def wings(shape: BackShape, values: Values, low: float, high: float) -> Loft:
    """Two padded wings that reach forward from the back's sides."""
    thick = max(values["back_thickness"] * 0.55, 0.03)
    reach = 0.10 + values["back_wrap"]
    inner = shape.half_width - thick * 0.6
    outer = shape.half_width + thick * 0.4
    start = low + 0.30 * (high - low)
    first = places(np.array([-outer, inner]), start, -values["back_thickness"] * 0.3)
    second = places(np.array([-inner, outer]), high - 0.015, reach)
    loft = blocks(
        first,
        second,
        "wings",
        "upholstery",
        radius=thick * 0.48,
        grid=Grid(3, 3, 0, 2, 4, 1),
    )
    # Wings are deepest below the top and run out towards the arms.
    y = (loft.rings[..., 1] - start) / (high - start)
    depth = np.sin(np.clip(0.15 + 0.75 * y, 0, 1) * np.pi) ** 0.6
    forward = np.maximum(loft.rings[..., 2], 0.0)
    loft.rings[..., 2] -= forward * (1 - depth)
    return Loft(shape.bend(loft.rings), loft.part, loft.material, loft.lower, loft.upper)


def tee_arms(values: Values, half: tuple[float, float], seat: float, under: float) -> list[Loft]:
    """An office chair's arms: a post beside the seat and a pad on it."""
    half_width, half_depth = half
    thick = min(max(values["arm_thickness"], 0.03), 0.10)
    top = seat + values["arm_height"]
    x = _SIDE * (half_width + thick * 0.1)
    reach = half_depth * values["arm_length"] * 0.72
    pads = blocks(
        places(x - thick / 2, top - 0.03, -reach),
        places(x + thick / 2, top, reach),
        "arms",
        "plastic",
        radius=0.014,
        grid=SMOOTH,
    )
    posts = blocks(
        places(x - 0.012, under, -0.03),
        places(x + 0.012, top - 0.02, 0.035),
        "arm_posts",
        "plastic",
        radius=0.008,
        grid=SMOOTH,
    )
    # From the plate under the seat out to the posts.
    joints = blocks(
        places(np.minimum(x * 0.3, x), under - 0.006, -0.025),
        places(np.maximum(x * 0.3, x), under + 0.012, 0.03),
        "arm_posts",
        "plastic",
        radius=0.004,
    )
    return [pads, posts, joints]
