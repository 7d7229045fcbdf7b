"""Rugs: rectangles, runners, ovals and circles with a border and fringes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .furniture_blocks import blocks, places
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_solids import F64, Loft, outline
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_STRANDS = 36


def assemble(values: Values, choices: Choices) -> Assembly:
    """A rug's lofts; see ``rug.toml`` for what the values mean."""
    fringe = values["fringe_length"] if choices["fringe"] == "ends" else 0.0
    half = (values["width"] / 2 - min(fringe, values["width"] * 0.2), values["depth"] / 2)
    high = values["height"]
    ring = _edge(half, values, choices["shape"])
    lofts = []
    if choices["border"] == "band":
        band = min(values["border_width"], min(half) * 0.6)
        lofts.append(_sheet(ring, half, high * 0.96, 0.0, values, "border", "border"))
        lofts.append(_sheet(ring, half, high, band, values, "field", "carpet"))
    else:
        lofts.append(_sheet(ring, half, high, 0.0, values, "field", "carpet"))
    if fringe:
        lofts.append(_fringe(half, fringe, high, values))
    anchors: Anchors = {"top": (0.0, high, 0.0), "floor": (0.0, 0.0, 0.0)}
    return Assembly(lofts, 0.0, anchors)


def _edge(half: tuple[float, float], values: Values, shape: str) -> F64:
    """(k, 2) the rug's outline, x and z."""
    if shape == "oval":
        power = 2.0 + 4.0 * (1 - values["roundness"])
        turn = np.arange(64) * (2 * np.pi / 64) + 1e-9
        sin, cos = np.sin(turn), np.cos(turn)
        x = np.sign(sin) * np.abs(sin) ** (2 / power)
        z = np.sign(cos) * np.abs(cos) ** (2 / power)
        return np.stack([x * half[0], z * half[1]], axis=1)
    if shape == "octagon":
        cut = 0.3 + 0.5 * values["roundness"]
        corner = np.array([[1 - cut, 1], [1, 1 - cut], [1, cut - 1], [1 - cut, -1]])
        points = np.concatenate([corner, -corner])
        fine = [points + (np.roll(points, -1, axis=0) - points) * s for s in (0.0, 0.34, 0.67)]
        return np.asarray(np.stack(fine, axis=1).reshape(-1, 2) * np.array(half))
    # The same corner radius on both axes.
    least = min(half)
    radius = least * min(values["roundness"], 0.98)
    unit = outline(1.0, 1.0, 1.0, 5, 0)
    corner = np.repeat(np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]), 6, axis=0)
    arc = corner * (np.array(half) - radius) + unit * radius
    pieces = []
    for q in range(4):
        here, after = arc[6 * q : 6 * q + 6], arc[(6 * q + 6) % 24]
        share = (np.arange(1, 6) / 6)[:, None]
        pieces += [here, here[-1] + (after - here[-1]) * share]
    return np.concatenate(pieces)


def _sheet(
    ring: F64,
    half: tuple[float, float],
    high: float,
    inset: float,
    values: Values,
    part: str,
    material: str,
) -> Loft:
    """A thin pad with a soft edge, drawn in by an inset."""
    soft = min(high * 0.5, 0.012)
    low = 0.0 if inset == 0 else high * 0.4
    heights = np.array([low, low, low + (high - low) * 0.5, high - 0.3 * (high - low), high, high])
    room = min(half) - inset
    drawn = inset + np.array([0.3 * room, 0.2 * soft, 0.0, 0.1 * soft, soft, 0.5 * room])
    scale = 1 - drawn[:, None] / np.array(half)[None]
    rings = np.empty((1, len(heights), len(ring), 3))
    rings[0, :, :, 0] = ring[:, 0] * scale[:, :1]
    rings[0, :, :, 2] = ring[:, 1] * scale[:, 1:]
    rings[0, :, :, 1] = heights[:, None]
    return Loft(rings, part, material, 1, -2)


def _fringe(half: tuple[float, float], length: float, high: float, values: Values) -> Loft:
    """Strands at both short ends."""
    z = np.linspace(-half[1], half[1], _STRANDS + 2)[1:-1]
    wide = half[1] / _STRANDS * 0.62
    thick = max(min(0.004, high * 0.6), 0.002)
    x0, x1 = half[0] - 0.01, values["width"] / 2
    # Every other strand is a little shorter.
    tip = x1 - 0.12 * min(length, x1 - x0) * (np.arange(_STRANDS) % 2)
    right = places(x0, 0.0, z - wide), places(tip, thick, z + wide)
    left = places(-tip, 0.0, z - wide), places(-x0, thick, z + wide)
    low, high_corner = (np.concatenate(pair) for pair in zip(right, left, strict=True))
    return blocks(low, high_corner, "fringe", "border", radius=0.0015)


FAMILY = FurnitureFamily(_SPEC, assemble)
