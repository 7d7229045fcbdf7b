"""Cabinets: wardrobes, dressers, sideboards, television stands, bookcases and shelves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .furniture_blocks import blocks, places
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import LegStyle, legs, sled
from .furniture_solids import F64, Loft, polygon
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))


@dataclass(frozen=True)
class _Carcass:
    """The box that holds the bays, metres.

    Attributes:
        half: half width and half depth of the carcass.
        low, high: y of its underside and its top.
        board: thickness of its boards.
        x: (columns + 1,) middles of the upright boards.
        y: (rows + 1,) middles of the level boards, from the floor up.
    """

    half: tuple[float, float]
    low: float
    high: float
    board: float
    x: F64
    y: F64


def assemble(values: Values, choices: Choices) -> Assembly:
    """A cabinet's lofts; see ``cabinet.toml`` for what the values mean."""
    case = _carcass(values, choices)
    lofts = _boards(case, values, choices)
    lofts += _fronts(case, values, choices)
    lofts += _base(case, values, choices)
    anchors: Anchors = {
        "top": (0.0, values["height"], 0.0),
        "front": (0.0, (case.low + case.high) / 2, values["depth"] / 2),
        "floor": (0.0, 0.0, 0.0),
    }
    return Assembly(lofts, case.low, anchors)


def _carcass(values: Values, choices: Choices) -> _Carcass:
    width, height, depth = values["width"], values["height"], values["depth"]
    board = min(values["board_thickness"], width * 0.06, height * 0.06)
    base = choices["base"]
    low = 0.0 if base == "floor" else min(values["base_height"], height * 0.45)
    top = min(values["top_thickness"], height * 0.1)
    over = values["top_overhang"] if choices["top"] == "slab" else 0.0
    high = height - (top if choices["top"] == "slab" else 0.0)
    half = (max(width / 2 - over, 0.05), max(depth / 2 - over / 2, 0.05))
    columns, rows = int(choices["columns"]), int(choices["rows"])
    shares = np.ones(columns)
    shares[1:-1] *= values["middle_columns"]
    x = np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    x = -half[0] + board / 2 + x * (2 * half[0] - board)
    steps = values["lower_rows"] ** np.linspace(1, 0, rows) if rows > 1 else np.ones(1)
    y = np.concatenate([[0.0], np.cumsum(steps / steps.sum())])
    y = low + board / 2 + y * (high - low - board)
    return _Carcass(half, low, high, board, x, y)


def _boards(case: _Carcass, values: Values, choices: Choices) -> list[Loft]:
    """Sides, bottom, top, dividers, shelves and the back panel: real hollow bays."""
    half_x, half_z = case.half
    t = case.board / 2
    overlay = choices["mount"] == "overlay" and "open" not in choices["fronts"]
    front = half_z - (values["front_thickness"] if overlay else 0.0)
    rows, columns = len(case.y) - 1, len(case.x) - 1
    if choices["sides"] == "posts":
        out = _posts(case, front)
        if columns > 1 and choices["fronts"] != "open":
            out.append(_dividers(case, front, 0.012))
    else:
        x, y = case.x[[0, -1]], case.y[[0, -1]]
        low = places(x - t, case.low, -half_z)
        out = [blocks(low, places(x + t, case.high, front), "sides", "wood", radius=0.002)]
        hair = np.array([0.001, 0.0])
        low = places(x[0] + t - 0.002, y - t + hair, -half_z + 0.001)
        high = places(x[1] - t + 0.002, y + t - hair[::-1], front - 0.001)
        out.append(blocks(low, high, "carcass", "wood", radius=0.002))
        setback = 0.004 if choices["fronts"] == "open" else 0.012
        if rows > 1:
            out.append(_shelves(case, front - setback))
        if columns > 1:
            out.append(_dividers(case, front, setback + 0.001))
    if choices["back"] == "board":
        low = places(-half_x + t, case.low + t, -half_z + 0.004)
        high = places(half_x - t, case.high - t, -half_z + 0.012)
        out.append(blocks(low, high, "back_panel", "wood", radius=0.001))
    if choices["top"] == "slab":
        thick = values["height"] - case.high
        low = places(-values["width"] / 2, case.high - 0.001, -values["depth"] / 2)
        high = places(values["width"] / 2, values["height"], values["depth"] / 2)
        out.append(blocks(low, high, "top", "wood", radius=min(0.005, thick * 0.3)))
    return out


def _posts(case: _Carcass, front: float) -> list[Loft]:
    """Four posts, and boards from post to post."""
    half_x, half_z = case.half
    size, t = max(case.board, 0.02), case.board / 2
    x = np.array([-half_x, half_x - size, -half_x, half_x - size])
    z = np.array([front - size, front - size, -half_z, -half_z])
    posts = blocks(
        places(x, 0.0, z),
        places(x + size, case.high - 0.001, z + size),
        "posts",
        "metal",
        radius=0.002,
    )
    reach = half_x - size * 0.4
    low = places(-reach, case.y - t, -half_z + 0.003)
    high = places(reach, case.y + t, front - 0.003)
    return [posts, blocks(low, high, "shelves", "wood", radius=0.002)]


def _shelves(case: _Carcass, front: float) -> Loft:
    level, t, half_z = case.y[1:-1], case.board / 2, case.half[1]
    x = case.x[0] + t - 0.002
    low, high = places(x, level - t, -half_z + 0.006), places(-x, level + t, front)
    return blocks(low, high, "shelves", "wood", radius=0.002)


def _dividers(case: _Carcass, front: float, setback: float) -> Loft:
    x, t, half_z = case.x[1:-1], case.board / 2, case.half[1]
    low = places(x - t, case.low + t, -half_z + 0.005)
    high = places(x + t, case.high - t, front - setback)
    return blocks(low, high, "dividers", "wood", radius=0.002)


@cache
def _kinds(fronts: str, columns: int, rows: int) -> tuple[tuple[str, ...], ...]:
    """``"open"``, ``"door"`` or ``"drawer"`` per row from the floor up and column."""

    def kind(row: int, column: int) -> str:
        middle = columns > 2 and 0 < column < columns - 1
        lowest, highest = row == 0, row == rows - 1
        table = {
            "open": "open",
            "doors": "door",
            "drawers": "drawer",
            "doors_below": "door" if row < (rows + 1) // 2 else "open",
            "drawers_below": "drawer" if lowest else "door",
            "drawers_above": "drawer" if highest and rows > 1 else "door",
            "drawers_under_open": "drawer" if lowest else "open",
            "drawers_middle": "drawer" if middle else "door",
            "open_middle": "open" if middle else "door",
            "open_above": "open" if highest and rows > 1 else "drawer",
            "one_side": "drawer" if column == 0 else "door",
        }
        return table[fronts]

    return tuple(tuple(kind(r, c) for c in range(columns)) for r in range(rows))


@cache
def _bays(fronts: str, columns: int, rows: int) -> tuple[tuple[str, int, int, int, int], ...]:
    """Fronts as (kind, column, column + 1, row, row after): doors run over several rows."""
    kinds = _kinds(fronts, columns, rows)
    out = []
    for c in range(columns):
        r = 0
        while r < rows:
            stop = r + 1
            if kinds[r][c] == "door":
                while stop < rows and kinds[stop][c] == "door":
                    stop += 1
            if kinds[r][c] != "open":
                out.append((kinds[r][c], c, c + 1, r, stop))
            r = stop
    return tuple(out)


def _fronts(case: _Carcass, values: Values, choices: Choices) -> list[Loft]:
    columns, rows = len(case.x) - 1, len(case.y) - 1
    bays = _bays(choices["fronts"], columns, rows)
    if not bays:
        return []
    t, gap, thick = case.board / 2, values["front_gap"], values["front_thickness"]
    inset = choices["mount"] == "inset" or "open" in choices["fronts"]
    out: list[Loft] = []
    for kind, part in (("door", "doors"), ("drawer", "drawers")):
        rows_of = np.array([b[1:] for b in bays if b[0] == kind], int).reshape(-1, 4)
        if not len(rows_of):
            continue
        x0, x1 = case.x[rows_of[:, 0]], case.x[rows_of[:, 1]]
        y0, y1 = case.y[rows_of[:, 2]], case.y[rows_of[:, 3]]
        edge = t + gap / 2 if inset else gap / 2
        outer = 0.0 if inset else t - gap / 2
        x0 = x0 + edge - np.where(rows_of[:, 0] == 0, outer, 0.0)
        x1 = x1 - edge + np.where(rows_of[:, 1] == columns, outer, 0.0)
        y0 = y0 + edge - np.where(rows_of[:, 2] == 0, outer, 0.0)
        y1 = y1 - edge + np.where(rows_of[:, 3] == rows, outer, 0.0)
        front = case.half[1] - (0.001 if inset else 0.0)
        box = np.stack([x0, y0, x1, y1], axis=1)
        out += _panels(box, front, thick, part, choices["panel"], values)
        out += _handles(box, rows_of, front, part, values, choices)
    return out


def _panels(
    box: F64, front: float, thick: float, part: str, style: str, values: Values
) -> list[Loft]:
    """Door leaves or drawer fronts: (n, 4) x0, y0, x1, y1."""
    n = len(box)
    rear = np.full(n, front - thick)
    if style == "slab" or (style == "glass" and part == "drawers"):
        low = np.stack([box[:, 0], box[:, 1], rear], axis=1)
        high = np.stack([box[:, 2], box[:, 3], np.full(n, front)], axis=1)
        return [blocks(low, high, part, "front", radius=0.0025)]
    span = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    rail = np.minimum(values["rail_width"], span * 0.3)
    x0, y0, x1, y1 = box.T
    a, c, b, d = x0 + rail, y0 + rail, x1 - rail, y1 - rail
    far = np.full(n, front)
    low = np.stack(
        [
            np.stack([x0, y0, rear], 1),
            np.stack([b, y0, rear], 1),
            np.stack([a - 0.001, y0, rear + 0.001], 1),
            np.stack([a - 0.001, d, rear + 0.001], 1),
        ],
        axis=1,
    ).reshape(-1, 3)
    high = np.stack(
        [
            np.stack([a, y1, far], 1),
            np.stack([x1, y1, far], 1),
            np.stack([b + 0.001, c, far - 0.0005], 1),
            np.stack([b + 0.001, y1, far - 0.0005], 1),
        ],
        axis=1,
    ).reshape(-1, 3)
    frame = blocks(low, high, part, "front", radius=0.002)
    deep = min(0.008, thick * 0.5)
    low = np.stack([a - 0.002, c - 0.002, rear + 0.002], axis=1)
    high = np.stack([b + 0.002, d + 0.002, far - deep], axis=1)
    pane = "glass" if style == "glass" else "front"
    name = "glass" if style == "glass" else part
    return [frame, blocks(low, high, name, pane, radius=0.001)]


def _handles(
    box: F64, rows_of: F64, front: float, part: str, values: Values, choices: Choices
) -> list[Loft]:
    """Knobs or bars: in a drawer's middle, at a door's free side."""
    style = choices["handles"]
    if style == "none":
        return []
    n = len(box)
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    wide, tall = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    door = part == "doors"
    size = values["handle_length"]
    if door:
        # Neighbouring doors open away from each other.
        odd = rows_of[:, 0] % 2 == 0
        reach = np.minimum(0.045, wide * 0.2)
        x = np.where(odd, box[:, 2] - reach, box[:, 0] + reach)
        # Low doors are gripped above, high ones in the middle.
        y = box[:, 1] + tall * np.clip(0.5 + 0.28 * (box[:, 1] + tall < 1.0), 0.5, 0.8)
    if style == "knob":
        radius = min(0.018, size * 0.12)
        turn = polygon(12)
        # Along +z, seen from +z counter-clockwise.
        z = np.array([-0.002, 0.35, 0.55, 0.8, 1.3, 1.6, 1.7]) * radius * 1.2
        r = np.array([0.5, 0.4, 0.55, 0.9, 1.0, 0.75, 0.4]) * radius
        rings = np.empty((n, len(z), len(turn), 3))
        rings[..., 0] = x[:, None, None] + r[:, None] * turn[:, 0]
        rings[..., 1] = y[:, None, None] + r[:, None] * turn[:, 1]
        rings[..., 2] = front - 0.002 + z[:, None]
        return [Loft(rings, "handles", "metal", 1, -3)]
    long = np.minimum(size, (tall if door else wide) * 0.8) / 2
    thin, away = 0.006, min(0.03, 0.02 + size * 0.02)
    half = np.stack([np.full(n, thin), long] if door else [long, np.full(n, thin)], axis=1)
    low = np.stack([x - half[:, 0], y - half[:, 1], np.full(n, front + away - 0.01)], axis=1)
    high = np.stack([x + half[:, 0], y + half[:, 1], np.full(n, front + away)], axis=1)
    bar = blocks(low, high, "handles", "metal", radius=0.003)
    offset = long - 0.012
    posts = []
    for sign in (-1.0, 1.0):
        px, py = (x, y + sign * offset) if door else (x + sign * offset, y)
        posts.append(np.stack([px, py, np.full(n, front)], axis=1))
    at = np.concatenate(posts)
    ahead = np.array([0.004, 0.004, away - 0.005])
    stem = blocks(at - 0.004, at + ahead, "handles", "metal")
    return [bar, stem]


def _base(case: _Carcass, values: Values, choices: Choices) -> list[Loft]:
    kind, low = choices["base"], case.low
    if kind == "floor" or choices["sides"] == "posts":
        return []
    half_x, half_z = case.half
    if kind == "plinth":
        back = min(values["leg_inset"], 0.08)
        low_corner = [-half_x + 0.004, 0.0, -half_z + 0.004]
        high_corner = [half_x - 0.004, low + 0.002, half_z - back - 0.006]
        return [blocks(low_corner, high_corner, "base", "wood")]
    thick = values["leg_thickness"]
    inside = values["leg_inset"] + thick / 2
    x, z = max(half_x - inside, 0.03), max(half_z - inside * 0.7, 0.03)
    if kind == "sled":
        return [sled(np.array([-x, x]), z, low + 0.004, min(thick, 0.03, low * 0.5))]
    upper = np.array([[sx * x, sz * z] for sz in (1, -1) for sx in (-1, 1)])
    foot = upper + np.sign(upper) * min(values["leg_splay"], values["leg_inset"])
    style = LegStyle(kind, thick, values["leg_taper"], 1.0, _SPEC.extra["turned"])
    return [legs(upper, foot, low + 0.004, style, "legs", "wood")]


FAMILY = FurnitureFamily(_SPEC, assemble)
