"""Legs, stretchers and bases of chairs and tables as lofts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .furniture_family import turned_profile
from .furniture_solids import (
    F64,
    Loft,
    bar_section,
    bevelled,
    outline,
    polygon,
    round_ends,
    sweep,
    upright,
)

X_AXIS = np.array([1.0, 0.0, 0.0])
Y_AXIS = np.array([0.0, 1.0, 0.0])
Z_AXIS = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class LegStyle:
    """What a leg looks like.

    Attributes:
        kind: ``"square"``, ``"round"`` or ``"turned"``.
        thickness: at the top, metres.
        taper: thickness of the foot over that of the top.
        curve: 1 for straight legs, 2 for sabre legs, whose feet sweep outwards.
        profile: rows of (height, radius) of a turned leg.
    """

    kind: str
    thickness: float
    taper: float
    curve: float
    profile: list[list[float]]


def legs(top: F64, foot: F64, high: float, style: LegStyle, part: str, material: str) -> Loft:
    """Legs from the floor to ``high``.

    Args:
        top, foot: (b, 2) x and z of each leg's upper and lower end, metres.
    """
    if style.kind == "turned":
        share, radius = turned_profile(style.profile, len(style.profile) + 4)
        share = share * 0.9 / share.max()
        # A square block on top takes the joints; the ring below it is turned down to meet it.
        radius = radius * (style.taper + (1 - style.taper) * share)
        share = np.concatenate([share, [0.905, 1.0]])
        radius = np.concatenate([radius, [1.0, 1.0]])
    else:
        rows = 10 if style.curve != 1 else 5
        share = np.linspace(0, 1, rows)
        radius = style.taper + (1 - style.taper) * share
    heights = share * high
    scale = radius * style.thickness / 2
    # The foot's rim is bevelled by one more ring.
    bevel = min(0.004, style.thickness * 0.1)
    heights = np.concatenate([[0.0, bevel], heights[1:]])
    scale = np.concatenate([[scale[0] - bevel * 0.8], scale])
    lean = (1 - heights / high) ** style.curve
    centre = top[:, None] + (foot - top)[:, None] * lean[None, :, None]
    if style.kind == "square":
        section = outline(1.0, 1.0, 0.22, 2)
        rings = upright(section, heights, np.repeat(scale[:, None], 2, axis=1), centre)
    else:
        circle = polygon(16)[:, ::-1]
        rings = upright(circle, heights, np.repeat(scale[:, None], 2, axis=1), centre)
        if style.kind == "turned":
            block = _square_from_circle(circle)
            square = upright(block, heights, np.repeat(scale[:, None], 2, axis=1), centre)
            rings[:, -2:] = square[:, -2:]
    return Loft(rings, part, material, lower=1)


def _square_from_circle(circle: F64) -> F64:
    """The circle's points pushed out to a slightly rounded square."""
    power = 9.0
    reach = (np.abs(circle) ** power).sum(axis=1, keepdims=True) ** (-1 / power)
    return np.asarray(circle * reach)


def bars(start: F64, stop: F64, width: float, height: float, part: str, material: str) -> Loft:
    """Straight round-edged bars that lie level.

    Args:
        start, stop: (b, 3) ends, metres.
        width, height: of the section, metres.
    """
    path = np.stack([start, stop], axis=1)
    along = stop - start
    side = np.cross(along, Y_AXIS)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    section = bar_section(height / 2, width / 2)
    return Loft(sweep(path, section, side[:, None]), part, material)


def stretchers(kind: str, front: F64, rear: F64, height: float, thickness: float) -> list[Loft]:
    """Bars between four legs.

    Args:
        kind: ``"box"`` all around, ``"h"`` both sides and one across.
        front, rear: (2, 2) x and z of the left and right legs at ``height``.
    """
    front3 = np.insert(front, 1, height, axis=1)
    rear3 = np.insert(rear, 1, height, axis=1)
    start, stop = [front3[0], front3[1]], [rear3[0], rear3[1]]
    if kind == "box":
        start += [front3[0] + [0, 0.01, 0], rear3[0] + [0, 0.01, 0]]
        stop += [front3[1] + [0, 0.01, 0], rear3[1] + [0, 0.01, 0]]
    else:
        start.append((front3[0] + rear3[0]) / 2)
        stop.append((front3[1] + rear3[1]) / 2)
    wide, tall = thickness * 0.55, thickness * 0.7
    return [bars(np.array(start), np.array(stop), wide, tall, "stretchers", "wood")]


def rockers(front: F64, rear: F64, half_length: float, thickness: float, rise: float) -> Loft:
    """Two rockers: arcs that stand on the floor, under the feet.

    Args:
        front, rear: (2, 2) x and z of the left and right feet.
        half_length: reach to the front and to the rear, metres.
        rise: how far their ends curl up, metres.
    """
    z = np.linspace(-half_length, half_length, 17)
    path = np.empty((2, len(z), 3))
    slope = (front[:, 0] - rear[:, 0]) / np.maximum(front[:, 1] - rear[:, 1], 0.05)
    path[..., 0] = rear[:, :1] + slope[:, None] * (z[None] - rear[:, 1:])
    path[..., 1] = rise * (z / half_length) ** 2 + thickness / 2
    path[..., 2] = z
    rings = round_ends(sweep(path, bar_section(thickness / 2, thickness * 0.4), X_AXIS), 0.004)
    return Loft(rings, "base", "wood", 1, -2)


def sled(x: F64, half_depth: float, top: float, thickness: float) -> Loft:
    """Two bent tubes: down from the seat's front, along the floor, up to its rear."""
    r, low = min(0.06, half_depth * 0.5, top * 0.4), thickness / 2
    turn = np.linspace(0, np.pi / 2, 6)
    front = np.stack([half_depth - r + r * np.cos(turn), low + r - r * np.sin(turn)], axis=1)
    rear = np.stack([-half_depth + r - r * np.sin(turn), low + r - r * np.cos(turn)], axis=1)
    zy = np.concatenate([[[half_depth, top]], front, rear, [[-half_depth, top]]])
    path = np.stack([np.stack([np.full(len(zy), s), zy[:, 1], zy[:, 0]], axis=1) for s in x])
    rings = sweep(path, polygon(10) * low, X_AXIS)
    return Loft(rings, "base", "metal")


def pedestal(kind: str, reach: tuple[float, float], top: float, thickness: float) -> list[Loft]:
    """A column on a disc or on a star of five arms with glides.

    Args:
        reach: half width and half depth of the foot, metres.
    """
    foot = min(0.03, top * 0.1) if kind == "disc" else min(0.09, top * 0.25)
    circle = polygon(20)[:, ::-1]
    heights, inset = bevelled(foot * 0.5, top, 0.003, 1)
    radius = np.repeat((thickness * 0.8 - inset)[:, None], 2, axis=1)
    column = upright(circle, heights, radius, np.zeros((len(heights), 2)))
    out = [Loft(column, "base", "metal")]
    if kind == "disc":
        disc = polygon(36)[:, ::-1]
        heights, inset = bevelled(0.0, foot * 0.6, 0.004, 2)
        slope = np.array([[reach[0], reach[1]]]) - inset[:, None]
        rings = upright(disc, heights, slope, np.zeros((len(heights), 2)))
        cone = upright(
            disc,
            np.array([foot * 0.5, foot * 0.9, foot * 1.4]),
            np.array([[0.55, 0.55], [0.25, 0.25], [0.0, 0.0]]) * np.array(reach)
            + thickness * np.array([[0.0], [0.5], [0.82]]),
            np.zeros((3, 2)),
        )
        return [*out, Loft(rings, "base", "metal", 2, -3), Loft(cone, "base", "metal")]
    turn = np.arange(5) * (2 * np.pi / 5)
    share = np.linspace(0.0, 1.0, 5)
    spread = np.stack([np.sin(turn) * reach[0], np.cos(turn) * reach[1]], axis=1)
    path = np.zeros((5, 5, 3))
    path[..., [0, 2]] = spread[:, None] * share[None, :, None]
    path[..., 1] = foot * (0.95 - 0.45 * share)
    section = bar_section(thickness * 0.45, thickness * 0.45, 0.4)
    normal = np.stack([np.cos(turn), np.zeros(5), -np.sin(turn)], axis=1)
    arms = sweep(path, section, normal[:, None], 1.0 - 0.45 * share)
    out.append(Loft(round_ends(arms, 0.004), "base", "metal", 1, -2))
    ball_heights = foot * np.array([0.0, 0.06, 0.25, 0.42, 0.5])
    ball = foot * 0.28 * np.array([0.45, 0.75, 1.0, 0.75, 0.45])
    glides = upright(
        circle,
        ball_heights,
        np.repeat(ball[:, None], 2, axis=1),
        np.repeat(spread[:, None] * 0.94, 5, axis=1),
    )
    out.append(Loft(glides, "base", "metal", 1, -2))
    return out


def swivel(reach: tuple[float, float], top: float, thickness: float) -> list[Loft]:
    """An office chair's base: five arms on twin castors, a gas lift, and a plate under the seat.

    Args:
        reach: half width and half depth of the foot, metres.
    """
    wheel = min(0.028, top * 0.09)
    hub = 2 * wheel + min(0.07, top * 0.2)
    circle = polygon(16)[:, ::-1]
    wide = max(thickness * 0.55, 0.016)
    half_way = hub + (top - hub) * 0.45
    heights = np.array([hub * 0.55, hub * 0.6, half_way, half_way + 0.002, top - 0.012, top])
    radius = np.array([wide * 0.9, wide, wide, wide * 0.55, wide * 0.55, wide * 0.55])
    column = upright(circle, heights, np.repeat(radius[:, None], 2, axis=1), np.zeros((6, 2)))
    plate_half = 0.55 * min(reach)
    low, rise = bevelled(top - 0.035, top, 0.006, 1)
    plate = upright(
        outline(1.0, 1.0, 0.2, 2),
        low,
        plate_half * np.array([0.6, 0.8]) - rise[:, None],
        np.zeros((len(low), 2)),
    )
    turn = np.arange(5) * (2 * np.pi / 5)
    tip = np.stack([np.sin(turn) * (reach[0] - wheel), np.cos(turn) * (reach[1] - wheel)], axis=1)
    share = np.linspace(0.0, 1.0, 6)
    path = np.zeros((5, 6, 3))
    path[..., [0, 2]] = tip[:, None] * share[None, :, None]
    path[..., 1] = hub * 0.8 + (2.35 * wheel - hub * 0.8) * share**1.4
    normal = np.stack([np.cos(turn), np.zeros(5), -np.sin(turn)], axis=1)
    section = bar_section(wide * 0.55, wide * 0.75, 0.4)
    arms = round_ends(sweep(path, section, normal[:, None], 1.0 - 0.4 * share), 0.004)
    # Castors roll about the arms' sideways axes.
    side = wheel * np.array([-0.8, -0.8, -0.7, 0.7, 0.8, 0.8])
    rim = wheel * np.array([0.5, 0.88, 1.0, 1.0, 0.88, 0.5])
    ring = polygon(14)[::-1]
    outward = tip / np.linalg.norm(tip, axis=1, keepdims=True)
    castors = np.empty((5, 6, 14, 3))
    around = rim[:, None, None] * ring
    for axis in (0, 2):
        flat = outward[:, 0 if axis == 0 else 1]
        castors[..., axis] = (
            tip[:, None, None, 0 if axis == 0 else 1]
            + side[None, :, None] * normal[:, None, None, axis]
            + around[None, ..., 1] * flat[:, None, None]
        )
    castors[..., 1] = wheel - around[None, ..., 0]
    return [
        Loft(column, "base", "metal", 1, -1),
        Loft(plate, "base", "metal", 1, -2),
        Loft(arms, "base", "metal", 1, -2),
        Loft(castors, "castors", "plastic", 1, -2),
    ]


def cantilever(x: F64, half_depth: float, top: float, thickness: float) -> Loft:
    """Two bent tubes: along the floor from the rear, up in front, and back under the seat."""
    low = thickness / 2
    r = min(0.07, half_depth * 0.5, top * 0.35)
    turn = np.linspace(0, np.pi / 2, 6)
    lower = np.stack([half_depth - r + r * np.sin(turn), low + r - r * np.cos(turn)], axis=1)
    upper = np.stack([half_depth - r + r * np.cos(turn), top - low - r + r * np.sin(turn)], axis=1)
    zy = np.concatenate([[[-half_depth, low]], lower, upper, [[-half_depth, top - low]]])
    path = np.stack([np.stack([np.full(len(zy), s), zy[:, 1], zy[:, 0]], axis=1) for s in x])
    # Walking to the front, up and back turns the other way than sled() does.
    rings = sweep(path, polygon(10) * low, -X_AXIS)
    return Loft(rings, "base", "metal")


def slabs(x: float, half_depth: float, top: float, thickness: float, taper: float) -> Loft:
    """Two boards on end, wider at the foot by the taper's inverse."""
    ring = outline(1.0, 1.0, 0.1, 2)
    heights, inset = bevelled(0.0, top, 0.004, 1)
    widen = np.interp(heights, [0, top], [1.0, taper**0.7])
    widen = widen / widen.max()
    rings = np.empty((2, len(heights), len(ring), 3))
    half_x, half_z = thickness / 2 - inset, half_depth * widen - inset
    rings[..., 0] = (np.array([-1.0, 1.0]) * x)[:, None, None] + ring[:, 0] * half_x[:, None]
    rings[..., 2] = ring[:, 1] * half_z[:, None]
    rings[..., 1] = heights[:, None]
    return Loft(rings, "legs", "wood", 1, -2)


def crossed(x: F64, half_depth: float, top: float, thickness: float) -> list[Loft]:
    """An X of two bars at each x, and a rail that joins the crossings."""
    half = thickness / 2
    path = np.empty((2 * len(x), 5, 3))
    share = np.linspace(-1, 1, 5)
    shift = half * 0.98
    for i, at in enumerate(x):
        for j, sign in enumerate((-1.0, 1.0)):
            # Side by side where they cross.
            path[2 * i + j, :, 0] = at + sign * shift * 0.5
            path[2 * i + j, :, 1] = top * (share + 1) / 2
            path[2 * i + j, :, 2] = sign * share * (half_depth - half)
    section = bar_section(half, half * 0.55, 0.3)
    rings = sweep(path, section, X_AXIS)
    # Cut level at the floor and under the top.
    rings[:, 0, :, 1], rings[:, -1, :, 1] = 0.0, top
    y = top / 2
    start, stop = np.array([[x[0], y, 0.0]]), np.array([[x[-1], y, 0.0]])
    rail = bars(start, stop, half * 0.9, half * 0.9, "stretchers", "wood")
    return [Loft(rings, "legs", "wood"), rail]


def hairpins(at: F64, top: float, spread: float, thickness: float) -> Loft:
    """Bent rods: two thin legs that meet in a bow at the floor, turned to the corners.

    Args:
        at: (b, 2) x and z of each pin's upper end.
        spread: distance between a pin's two upper ends, metres.
    """
    half, low = spread / 2, thickness / 2
    at = at - np.sign(at) * np.minimum(half / np.sqrt(2), np.abs(at) * 0.6)
    r = min(0.016, half * 0.8)
    turn = np.linspace(np.pi, 2 * np.pi, 7)
    bow = np.stack([r * np.cos(turn), low + r + r * np.sin(turn)], axis=1)
    line = np.concatenate([[[-half, top]], bow, [[half, top]]])
    out = np.sign(at) / np.sqrt(2)
    along = np.stack([out[:, 1], -out[:, 0]], axis=1)
    path = np.empty((len(at), len(line), 3))
    lean = 0.5 * spread * (1 - line[:, 1] / top)
    for axis, column in ((0, 0), (2, 1)):
        path[..., axis] = (
            at[:, column, None]
            + line[None, :, 0] * along[:, column, None]
            + lean[None] * out[:, column, None]
        )
    path[..., 1] = line[:, 1]
    normal = np.stack([out[:, 0], np.zeros(len(at)), out[:, 1]], axis=1)
    return Loft(sweep(path, polygon(8) * low, normal[:, None]), "legs", "metal")
