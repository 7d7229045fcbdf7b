"""Beds from single to king: headboard, footboard, frame, mattress, pillows and blanket."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .furniture_blocks import (
    CUSHION,
    SMOOTH,
    Grid,
    blocks,
    channelled,
    leaned,
    prisms,
    tufted,
)
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import LegStyle, legs
from .furniture_solids import F64, Loft
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_SIDE = np.array([-1.0, 1.0])
_AHEAD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class _Plan:
    """Where things are, metres.

    Attributes:
        half: half the width of the frame.
        mattress: half the width of the mattress.
        head, foot: z of the mattress's ends.
        low: y of the frame's underside.
        rail: y of the top of the side rails.
        deck: y of the mattress's underside.
        top: y of the mattress's top.
    """

    half: float
    mattress: float
    head: float
    foot: float
    low: float
    rail: float
    deck: float
    top: float


def assemble(values: Values, choices: Choices) -> Assembly:
    """A bed's lofts; see ``bed.toml`` for what the values mean."""
    plan = _plan(values, choices)
    lofts = _frame(plan, values, choices)
    lofts += _headboard(plan, values, choices)
    lofts += _footboard(plan, values, choices)
    lofts.append(_mattress(plan, values))
    lofts += _bedding(plan, values, choices)
    anchors: Anchors = {
        "mattress": (0.0, plan.top, 0.0),
        "head": (0.0, plan.top, plan.head),
        "floor": (0.0, 0.0, 0.0),
    }
    return Assembly(lofts, plan.top, anchors)


def _plan(values: Values, choices: Choices) -> _Plan:
    width, height, depth = values["width"], values["height"], values["depth"]
    head = values["headboard_thickness"] if choices["headboard"] != "none" else 0.0
    lean = np.tan(values["headboard_tilt"]) * max(height - values["mattress_top"], 0.0)
    if choices["headboard"] in ("none", "slats", "bars"):
        lean = 0.0
    foot = values["footboard_thickness"] if choices["footboard"] != "none" else 0.01
    low_edge = values["headboard_overhang"] if choices["headboard"] != "none" else 0.0
    half = width / 2 - max(low_edge, 0.0)
    top = values["mattress_top"] if choices["headboard"] != "none" else height
    top = min(top, height - (0.05 if choices["headboard"] != "none" else 0.0))
    if choices["headboard"] == "none":
        top -= _cover_rise(values, choices)
    thick = min(values["mattress_thickness"], top * 0.7)
    deck = top - thick
    low = 0.0 if choices["base"] == "box" else min(values["leg_height"], deck * 0.8)
    rail = min(max(deck + values["rail_rise"], low + 0.04), top - 0.03)
    border = values["rail_border"]
    return _Plan(
        half=half,
        mattress=half - border,
        head=-depth / 2 + head + float(lean) + 0.005,
        foot=depth / 2 - foot - border,
        low=low,
        rail=rail,
        deck=deck,
        top=top,
    )


def _cover_rise(values: Values, choices: Choices) -> float:
    """By how much bedding stands above the mattress, metres."""
    rise = {"none": 0.0, "blanket": 0.012, "duvet": values["duvet_thickness"]}[choices["bedding"]]
    return max(rise, values["pillow_thickness"] if choices["pillows"] != "none" else 0.0)


def _frame(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    material = "upholstery" if choices["frame"] == "upholstered" else "wood"
    soft = material == "upholstery"
    radius = 0.02 if soft else 0.004
    grid = SMOOTH if soft else Grid()
    board = 0.03 if not soft else 0.05
    x, z0 = plan.half, plan.head - 0.02
    z1 = plan.foot + values["rail_border"]
    low = [
        [-x, plan.low, z0],
        [x - board, plan.low, z0],
        [-x + 0.004, plan.low + 0.001, z1 - board],
    ]
    high = [
        [-x + board, plan.rail, z1 - 0.003],
        [x, plan.rail, z1 - 0.003],
        [x - 0.004, plan.rail - 0.001, z1],
    ]
    out = [blocks(low, high, "frame", material, radius=radius, grid=grid)]
    # The deck that carries the mattress; it also closes the frame from below.
    floor = max(plan.low + 0.004, plan.deck - 0.06)
    out.append(
        blocks(
            [-x + board - 0.004, floor, z0 + 0.004],
            [x - board + 0.004, plan.deck + 0.006, z1 - board + 0.004],
            "deck",
            "wood",
        )
    )
    if choices["base"] == "box":
        return out
    if choices["base"] == "plinth":
        inset = min(values["leg_inset"] + 0.05, plan.half * 0.4)
        low_corner = [-x + inset, 0.0, z0 + inset * 0.5]
        high_corner = [x - inset, plan.low + 0.008, z1 - inset]
        return [*out, blocks(low_corner, high_corner, "base", "wood")]
    thick = values["leg_thickness"]
    inside = values["leg_inset"] + thick / 2 + 0.002
    reach = plan.half - inside
    z = [plan.foot + values["rail_border"] - inside, -values["depth"] / 2 + 0.02 + thick / 2]
    upper = np.array([[sx * reach, at] for at in z for sx in (-1, 1)])
    material = "metal" if choices["base"] == "metal" else "wood"
    kind = "round" if choices["base"] in ("round", "metal") else choices["base"]
    style = LegStyle(kind, thick, values["leg_taper"], 1.0, _SPEC.extra["turned"])
    return [*out, legs(upper, upper, plan.low + 0.012, style, "legs", material)]


def _headboard(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    style = choices["headboard"]
    if style == "none":
        return []
    over = values["headboard_overhang"]
    half, thick = values["width"] / 2 if over > 0 else plan.half, values["headboard_thickness"]
    half = plan.half + over if over < 0 else half
    rear, top = -values["depth"] / 2, values["height"]
    low = min(values["headboard_gap"] * plan.top, plan.low if style != "slats" else plan.rail)
    low = max(low, 0.0)
    if style in ("slats", "bars"):
        return _open_board(
            (half, rear, top), plan, thick, style, "headboard", int(choices["slat_count"])
        )
    out: list[Loft] = []
    lean = values["headboard_tilt"]
    if style in ("panel", "arched"):
        board = _arched(half, low, top, values["headboard_arch"] if style == "arched" else 0.0)
        section = board[None]
        out.append(prisms(section, rear, rear + thick, 0.004, "headboard", "wood"))
    else:
        count = int(np.clip(int(choices["slat_count"]) + 2, 3, 9))
        points = 6 if style == "tufted" else 5
        divided = style != "upholstered"
        grid = Grid(3, 3, count * points - 1 if divided else 3, 0, 9 if divided else 2, 1)
        block = blocks(
            [-half, low, rear],
            [half, top, rear + thick],
            "headboard",
            "upholstery",
            radius=min(0.035, thick * 0.45),
            puff=(0.0, 0.0, 0.0 if divided else min(0.02, thick * 0.2)),
            grid=grid,
        )
        area = np.array([-half, plan.deck]), np.array([half, top])
        depth = min(0.04, thick * 0.35)
        if style == "tufted":
            block = tufted(block, *area, (count, 2), depth)
        elif style == "channel":
            block = channelled(block, *area, count, depth * 0.7)
        out.append(block)
    line = max(plan.deck, low)
    out = [_sloped(loft, lean, line) for loft in out]
    # Where the board ends above the floor two posts carry it; else they lie inside it.
    x = half * 0.7 * _SIDE
    deep = np.array([0.2, 0.8]) * thick + rear
    feet = np.stack([x - 0.03, np.zeros(2), np.full(2, deep[0])], axis=1)
    tops = np.stack([x + 0.03, np.full(2, low + 0.05), np.full(2, deep[1])], axis=1)
    out.append(blocks(feet, tops, "headboard_posts", "wood"))
    return out


def _sloped(loft: Loft, tilt: float, line: float) -> Loft:
    rings = loft.rings.copy()
    rings[..., 2] -= np.tan(tilt) * np.maximum(rings[..., 1] - line, 0)
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


def _arched(half: float, low: float, top: float, arch: float) -> F64:
    """(k, 2) outline of a board whose upper edge is an arch, counter-clockwise from +z."""
    share = np.linspace(1, -1, 17)
    rise = min(arch, (top - low) * 0.6)
    upper = top - rise + rise * np.sqrt(np.maximum(1 - share**2, 0)) ** 0.8
    edge = np.stack([share * half, upper], axis=1)
    return np.concatenate([[[-half, low], [half, low]], edge])


def _open_board(
    box: tuple[float, float, float], plan: _Plan, thick: float, style: str, part: str, count: int
) -> list[Loft]:
    """Posts and rails with upright slats or thin metal bars between them."""
    half, rear, top = box
    material = "metal" if style == "bars" else "wood"
    post = min(thick, 0.035) if style == "bars" else min(max(thick, 0.035), 0.07)
    z0, z1 = rear, rear + thick
    low = [[-half, 0.0, z0], [half - post, 0.0, z0]]
    high = [[-half + post, top, z1], [half, top, z1]]
    out = [blocks(low, high, part, material, radius=0.006)]
    rail = min(0.09, (top - plan.rail) * 0.3) if style == "slats" else post * 0.9
    bottom = plan.rail - 0.02
    low = [[-half + post - 0.004, top - rail - 0.006, z0 + thick * 0.15]]
    low.append([-half + post - 0.004, bottom, z0 + thick * 0.15])
    high = [[half - post + 0.004, top - 0.006, z1 - thick * 0.15]]
    high.append([half - post + 0.004, bottom + rail, z1 - thick * 0.15])
    out.append(blocks(low, high, part, material, radius=0.005))
    n = 2 * count + 1 if style == "slats" else 2 * count + 3
    x = np.linspace(-half + post, half - post, n + 2)[1:-1]
    wide = (x[1] - x[0]) * 0.28 if style == "slats" else 0.006
    deep = thick * 0.2 if style == "slats" else min(0.006, thick * 0.3)
    middle = (z0 + z1) / 2
    low_s = np.stack([x - wide, np.full(n, bottom + rail - 0.004), np.full(n, middle - deep)], 1)
    high_s = np.stack([x + wide, np.full(n, top - rail - 0.002), np.full(n, middle + deep)], 1)
    out.append(blocks(low_s, high_s, part, material, radius=0.003))
    return out


def _footboard(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    style = choices["footboard"]
    if style == "none":
        return []
    front, thick = values["depth"] / 2, values["footboard_thickness"]
    top = min(max(values["footboard_height"], plan.rail + 0.02), values["height"] - 0.02)
    if style == "open":
        like = "bars" if choices["headboard"] == "bars" else "slats"
        top = max(top, plan.rail + 0.1)
        count = int(choices["slat_count"])
        return _open_board((plan.half, front - thick, top), plan, thick, like, "footboard", count)
    soft = choices["frame"] == "upholstered"
    return [
        blocks(
            [-plan.half, plan.low, front - thick],
            [plan.half, top, front],
            "footboard",
            "upholstery" if soft else "wood",
            radius=min(0.03, thick * 0.4) if soft else 0.006,
            grid=SMOOTH,
        )
    ]


def _mattress(plan: _Plan, values: Values) -> Loft:
    return blocks(
        [-plan.mattress, plan.deck, plan.head],
        [plan.mattress, plan.top, plan.foot],
        "mattress",
        "bedding",
        radius=min(values["mattress_round"], (plan.top - plan.deck) * 0.45),
        puff=(0.004, 0.008, 0.004),
        grid=CUSHION,
    )


def _bedding(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    out = []
    pillows = {"none": 0, "one": 1, "two": 2, "four": 4}[choices["pillows"]]
    reach = 0.0
    if pillows:
        across = 1 if pillows == 1 else 2
        wide = min(values["pillow_width"], 2 * plan.mattress * 0.92 / across)
        deep, thick = min(0.46, wide * 0.72), values["pillow_thickness"]
        reach = deep + 0.05
        x = np.array([0.0]) if across == 1 else _SIDE * plan.mattress * 0.5
        z = np.full(across, plan.head + deep / 2 + 0.03)
        low = np.stack([x - wide / 2, np.full(across, plan.top - 0.015), z - deep / 2], axis=1)
        high = np.stack([x + wide / 2, np.full(across, plan.top + thick), z + deep / 2], axis=1)
        puff = (0.0, thick * 0.34, 0.0)
        grid = Grid(2, 2, 5, 3, 1, 3)
        if pillows == 4:
            # Two more stand against the headboard.
            low2, high2 = low - _AHEAD * 0.02, high - _AHEAD * 0.02
            low, high = low + _AHEAD * 0.15, high + _AHEAD * 0.15
            reach += 0.15
            flat = blocks(low2, high2, "pillows", "bedding", radius=0.03, puff=puff, grid=grid)
            centre = (plan.top, plan.head)
            out.append(leaned(flat, -1.05, centre))
            lowest = out[-1].rings[..., 1].min()
            out[-1].rings[..., 1] += plan.top - 0.01 - lowest
            out[-1].rings[..., 2] += plan.head + 0.004 - out[-1].rings[..., 2].min()
        out.append(blocks(low, high, "pillows", "bedding", radius=0.03, puff=puff, grid=grid))
    if choices["bedding"] == "none":
        return out
    start = max(plan.foot - values["blanket_length"] * (plan.foot - plan.head), plan.head)
    start = max(start, plan.head + reach) if choices["bedding"] == "duvet" else start
    start = min(start, plan.foot - 0.2)
    thick = 0.012 if choices["bedding"] == "blanket" else values["duvet_thickness"]
    out.append(_cover(plan, values, start, thick, choices["footboard"] == "none"))
    return out


def _cover(plan: _Plan, values: Values, start: float, thick: float, over_foot: bool) -> Loft:
    """A blanket that falls over the sides, and over the foot where no footboard holds it."""
    hem = plan.top - min(values["blanket_drop"], plan.top - 0.03)
    soft = min(values["mattress_round"] + thick, 0.09)
    side = plan.mattress + thick * 0.6 + 0.004
    loft = blocks(
        [-side, hem - soft, start],
        [side, plan.top + thick * 1.2, plan.foot + (thick * 0.6 + 0.004 if over_foot else 0.004)],
        "blanket",
        "accent",
        radius=soft,
        puff=(0.0, thick * 0.2, 0.0),
        grid=Grid(3, 3, 7, 13, 3, 2),
    )
    rings = loft.rings
    # The lower rim is laid flat at the hem; what falls must clear the frame's rails.
    y = np.maximum(rings[..., 1], hem)
    rings[..., 1] = y
    fallen = np.clip((plan.top - y) / max(plan.top - plan.rail - 0.01, 0.02), 0.0, 1.0)
    border = values["rail_border"]
    # Over a wide border nothing falls: it is tucked in.
    spread = (border + 0.012) * fallen * float(np.clip((0.10 - border) / 0.03, 0.0, 1.0))
    low = np.clip((plan.top - y) / max(plan.top - hem, 0.02), 0.0, 1.0)
    along = rings[..., 2] * (2 * np.pi / 0.55)
    wave = 0.25 * min(values["blanket_drop"], 0.05) * low**2
    edge = np.clip((np.abs(rings[..., 0]) / side - 0.5) * 2, 0.0, 1.0)
    rings[..., 0] += np.sign(rings[..., 0]) * edge * (spread + wave * (1 + np.sin(along)))
    if over_foot:
        near = np.clip((rings[..., 2] - start) / (plan.foot - start) * 2 - 1, 0.0, 1.0)
        across = rings[..., 0] * (2 * np.pi / 0.5)
        rings[..., 2] += near**2 * (spread + wave * (1 + np.sin(across)))
    return loft


FAMILY = FurnitureFamily(_SPEC, assemble)
