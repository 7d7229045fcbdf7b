"""Lamps: floor, table, desk, arc and hanging lamps, each a stand, a shade and a bulb."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .furniture_blocks import Grid, blocks, places
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import Z_AXIS
from .furniture_solids import F64, Loft, bevelled, outline, polygon, round_ends, sweep, upright
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_ROUND = polygon(28)[:, ::-1]
_THIN = polygon(12)[:, ::-1]


@dataclass(frozen=True)
class _Plan:
    """Where the shade hangs, metres.

    Attributes:
        radius: of the shade's lower rim.
        top: radius of its upper rim.
        low, high: y of its rims.
        x: of its middle.
        foot: radius of the base.
        foot_x: x of the base's middle.
    """

    radius: float
    top: float
    low: float
    high: float
    x: float
    foot: float
    foot_x: float


def assemble(values: Values, choices: Choices) -> Assembly:
    """A lamp's lofts; see ``lamp.toml`` for what the values mean."""
    plan = _plan(values, choices)
    lofts = _stand(plan, values, choices)
    lofts += _shade(plan, values, choices["shade"])
    anchors: Anchors = {
        "light": (plan.x, (plan.low + plan.high) / 2, 0.0),
        "floor": (0.0, 0.0, 0.0),
    }
    return Assembly(lofts, 0.0, anchors)


def _plan(values: Values, choices: Choices) -> _Plan:
    width, height = values["width"], values["height"]
    stand = choices["stand"]
    tall = min(values["shade_height"], height * 0.6)
    share = values["base_width"]
    if stand == "cord":
        share = min(share, 0.9)
    if stand in ("arm", "arc"):
        # The whole reaches from the base's far edge to the shade's far edge.
        reach = values["depth"] / 2
        radius = reach / max(share, 1.0)
        foot = radius * share
        x, foot_x = width / 2 - radius, -width / 2 + foot
        x = max(x, foot_x + 0.02)
    else:
        radius = width / 2 / max(share, 1.0)
        foot, x, foot_x = radius * share, 0.0, 0.0
    top = radius * values["shade_top"]
    if choices["shade"] == "globe":
        # Globes are round, give or take.
        tall, top = min(max(tall, 1.5 * radius), 2.2 * radius, height * 0.7), radius
    elif values["shade_top"] > 1.0:
        radius, top = radius / values["shade_top"], radius
    if stand == "cord":
        low, high = 0.0, tall
    elif stand == "arc":
        low = height - tall - min(values["drop"] + 0.03, height * 0.3)
        high = low + tall
    elif stand == "arm":
        low, high = height - tall - 0.02, height - 0.02
    else:
        low, high = height - tall, height
    return _Plan(radius, top, low, high, x, foot, foot_x)


def _shade(plan: _Plan, values: Values, style: str) -> list[Loft]:
    """An open shade with a bulb in it, or a globe that is its own light."""
    low, high, x = plan.low, plan.high, plan.x
    tall = high - low
    if style == "globe":
        turn = np.linspace(-0.47 * np.pi, 0.47 * np.pi, 13)
        radius = max(plan.radius, plan.top) * np.cos(turn) + 0.0
        heights = (low + high) / 2 + tall / 2 * np.sin(turn) / np.sin(turn[-1])
        rings = _lathe(_ROUND, radius, heights, x)
        return [Loft(rings, "shade", "light", 2, -3)]
    wall = 0.004
    if style == "dome":
        turn = np.linspace(0.0, 0.46 * np.pi, 7)
        outer_r = plan.radius * np.cos(turn) ** (0.4 + 0.6 * min(values["shade_top"], 1.0))
        outer_r = np.maximum(outer_r, 0.02)
        outer_y = low + tall * np.sin(turn) / np.sin(turn[-1])
    elif style == "bell":
        share = np.linspace(0, 1, 7)
        outer_r = plan.top + (plan.radius - plan.top) * (1 - share) ** 1.9
        outer_y = low + tall * share
    else:
        share = np.linspace(0, 1, 4)
        outer_r = plan.radius + (plan.top - plan.radius) * share
        outer_y = low + tall * share
    section = _ROUND
    if style == "square":
        section = outline(0.92, 0.92, 0.08, 3, 2)
    if style == "pleated":
        section = polygon(96)[:, ::-1] * (1 - 0.02 * (np.arange(96) % 2))[:, None]
    ceiling = min(0.012, tall * 0.1)
    inner_r, inner_y = np.maximum(outer_r[::-1] - wall, 0.006), outer_y[::-1].copy()
    inner_y[0] = high - ceiling - wall
    closed = outer_r[-1] * 0.3
    radius = np.concatenate([[inner_r[0] * 0.3], inner_r, outer_r])
    heights = np.concatenate([[inner_y[0]], inner_y, outer_y])
    if style == "dome":
        radius, heights = np.append(radius, closed), np.append(heights, high)
    else:
        # The upper disc lies a little below the rim.
        rim = outer_r[-1] - wall
        radius = np.concatenate([radius, [rim, rim, rim * 0.3]])
        heights = np.concatenate([heights, [high, high - ceiling, high - ceiling]])
    material = "metal" if style == "dome" else "shade"
    upper = -2 if style == "dome" else -3
    out = [Loft(_lathe(section, radius, heights, x), "shade", material, 1, upper)]
    bulb = min(0.04, min(plan.radius, plan.top) * 0.5, tall * 0.3)
    bow = np.linspace(-0.45 * np.pi, 0.45 * np.pi, 7)
    level = low + tall * 0.45 + bulb * 1.2 * np.sin(bow)
    rings = _lathe(_THIN, bulb * np.cos(bow), level, x)
    out.append(Loft(rings, "bulb", "light", 1, -2))
    # What carries the bulb: a socket up to the shade's upper disc.
    socket = [low + tall * 0.45 + bulb, high - ceiling - wall * 0.5]
    if socket[1] - socket[0] < 0.01:
        socket[0] = socket[1] - 0.01
    out.append(_rod((x, x), socket[0], socket[1], max(bulb * 0.35, 0.006), "socket"))
    return out


def _lathe(section: F64, radius: F64, heights: F64, x: float) -> F64:
    scale = np.repeat(radius[:, None], 2, axis=1)
    centre = np.zeros((len(radius), 2))
    centre[:, 0] = x
    return upright(section, heights, scale, centre)


def _rod(x: tuple[float, float], low: float, high: float, radius: float, part: str) -> Loft:
    heights = np.linspace(low, high, 5)
    centre = np.zeros((5, 2))
    centre[:, 0] = np.linspace(x[0], x[1], 5)
    rings = upright(_THIN, heights, np.full((5, 2), radius), centre)
    return Loft(rings, part, "metal")


def _stand(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    kind = choices["stand"]
    thin = values["pole_thickness"] / 2
    join = plan.high - min(0.012, (plan.high - plan.low) * 0.1) - 0.002
    if choices["shade"] == "globe":
        join = plan.low + 0.01
    elif choices["shade"] == "dome":
        join = plan.high - 0.005
    if kind == "cord":
        rose = min(0.03, values["height"] * 0.05)
        heights, inset = bevelled(values["height"] - rose, values["height"], 0.004)
        disc = _lathe(_ROUND, np.maximum(plan.foot * 0.35, 0.03) - inset, heights, 0.0)
        start = plan.high - 0.012 if choices["shade"] != "globe" else plan.high - 0.01
        return [
            Loft(disc, "base", "metal", 2, -3),
            _rod((0.0, 0.0), start, values["height"] - rose + 0.003, min(thin, 0.004), "cord"),
        ]
    if kind == "tripod":
        return _tripod(plan, values, join)
    foot = choices["foot"]
    if foot == "none" and kind in ("pole", "arc", "arm"):
        foot = "disc"
    out = _foot(plan, values, foot)
    top = min(values["foot_height"], plan.low * 0.3) if foot != "none" else 0.0
    if kind in ("pole", "arc", "arm"):
        return out + _pole(plan, values, kind, (top * 0.7, join), thin)
    neck = max(plan.low - values["neck"], plan.low * 0.5)
    return [
        *out,
        _body(plan, values, kind, (top * 0.9, neck)),
        _rod((0.0, 0.0), neck - 0.01, join, min(thin, 0.008), "pole"),
    ]


def _foot(plan: _Plan, values: Values, kind: str) -> list[Loft]:
    if kind == "none":
        return []
    tall = min(values["foot_height"], plan.low * 0.3)
    if kind == "square":
        low = places(plan.foot_x - plan.foot * 0.9, 0.0, -plan.foot * 0.9)
        high = places(plan.foot_x + plan.foot * 0.9, tall, plan.foot * 0.9)
        return [blocks(low, high, "base", "metal", radius=0.004, grid=Grid(2, 2))]
    if kind == "dome":
        turn = np.linspace(0.08, 0.48 * np.pi, 7)
        radius, heights = plan.foot * np.cos(turn), tall * np.sin(turn)
        radius = np.concatenate([[plan.foot * 0.97], radius])
        heights = np.concatenate([[0.0], heights])
        return [Loft(_lathe(_ROUND, radius, heights, plan.foot_x), "base", "metal", 1, -3)]
    heights, inset = bevelled(0.0, tall, min(0.005, tall * 0.3))
    rings = _lathe(_ROUND, plan.foot - inset, heights, plan.foot_x)
    return [Loft(rings, "base", "metal", 2, -3)]


def _pole(
    plan: _Plan, values: Values, kind: str, span: tuple[float, float], thin: float
) -> list[Loft]:
    low, high = span
    if kind == "pole":
        return [_rod((0.0, 0.0), low, high, thin, "pole")]
    if kind == "arc":
        # Up, then over in a quarter of an ellipse, and down to the shade.
        turn = np.linspace(np.pi, 0.12 * np.pi, 22)
        across = (plan.x - plan.foot_x) / (1 + np.cos(0.12 * np.pi))
        top = values["height"] - thin
        rise = min(across * 1.1, (top - low) * 0.6)
        arc = np.stack(
            [plan.foot_x + across * (1 + np.cos(turn)), top - rise + rise * np.sin(turn)], axis=1
        )
        path = np.concatenate(
            [[[plan.foot_x, low], [plan.foot_x, (low + arc[0, 1]) / 2]], arc, [[plan.x, high]]]
        )
        flat = np.insert(path, 2, 0.0, axis=1)[None]
        return [Loft(sweep(flat, polygon(10) * thin, Z_AXIS), "pole", "metal")]
    # A lower arm that leans away, an elbow, and an upper arm to the shade.
    elbow_y = low + (values["height"] - low) * values["elbow"]
    elbow_x = plan.foot_x - min(values["lean"], plan.foot - thin)
    elbow_x = max(elbow_x, -values["width"] / 2 + 0.015)
    path = np.array(
        [
            [[plan.foot_x, low], [elbow_x, elbow_y]],
            [[elbow_x, elbow_y], [plan.x, high]],
        ]
    )
    share = np.linspace(0, 1, 3)[None, :, None]
    line = path[:, :1] + (path[:, 1:] - path[:, :1]) * share
    flat = np.insert(line, 2, 0.0, axis=2)
    rods = Loft(round_ends(sweep(flat, polygon(10) * thin, Z_AXIS), 0.002), "pole", "metal", 1, -2)
    ball = thin * 1.6
    turn = np.linspace(-0.45 * np.pi, 0.45 * np.pi, 7)
    joints = np.stack(
        [
            _lathe(_THIN, ball * np.cos(turn), y + ball * np.sin(turn), x)[0]
            for x, y in ((plan.foot_x, low), (elbow_x, elbow_y), (plan.x, high))
        ]
    )
    return [rods, Loft(joints, "joints", "metal", 1, -2)]


def _tripod(plan: _Plan, values: Values, join: float) -> list[Loft]:
    thin = values["pole_thickness"] / 2
    turn = np.array([0.5, 0.5 + 2 / 3, 0.5 + 4 / 3]) * np.pi
    hub = min(plan.low * 0.97, join)
    way = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    heights = np.concatenate([[0.0], np.linspace(0.004, hub, 5)])
    share = 1 - heights / hub
    centre = way[:, None] * (plan.foot * share + 0.012 * (1 - share))[None, :, None]
    scale = np.repeat(thin * (0.7 + 0.3 * (1 - share))[:, None], 2, axis=1)
    legs = upright(_THIN, heights, scale, centre)
    ring, inset = bevelled(hub - 0.03, hub + 0.004, 0.003)
    cap = _lathe(_ROUND, max(0.03, thin * 2.2) - inset, ring, 0.0)
    return [
        Loft(legs, "legs", "wood", 1),
        Loft(cap, "base", "metal", 2, -3),
        _rod((0.0, 0.0), hub - 0.005, max(join, hub + 0.01), min(thin, 0.01), "pole"),
    ]


def _body(plan: _Plan, values: Values, kind: str, span: tuple[float, float]) -> Loft:
    """A table lamp's body of ceramic, glass or wood."""
    low, high = span
    share = np.linspace(0.0, 1.0, 15)
    widest = max(min(values["body_width"] * plan.radius, plan.radius * 1.2), 0.02)
    neck = min(max(widest * values["body_neck"], 0.012), widest)
    if kind == "block":
        half = max(widest * 0.85, 0.02)
        place = places(-half, low, -half), places(half, high, half)
        return blocks(*place, "body", "ceramic", radius=0.008, grid=Grid(3, 3))
    belly = values["belly"]
    if kind == "balls":
        wave = np.abs(np.sin(share * np.pi * 2)) ** 0.6
        radius = neck + (widest - neck) * wave
    else:
        up = np.where(share < belly, share / belly, (1 - share) / (1 - belly))
        radius = np.where(share < belly, widest * 0.62, neck)
        radius = radius + (widest - radius) * np.sin(up * np.pi / 2) ** 1.3
    if kind == "column":
        radius = widest + (neck - widest) * share
    heights = low + (high - low) * share
    rings = _lathe(_ROUND, radius, heights, 0.0)
    return Loft(rings, "body", "ceramic", 0, -1)


FAMILY = FurnitureFamily(_SPEC, assemble)
