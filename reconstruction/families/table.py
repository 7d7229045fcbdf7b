"""Tables: dining tables, desks with drawers, coffee tables, side tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .furniture_blocks import blocks, places
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import LegStyle, bars, crossed, hairpins, legs, pedestal, slabs, sled
from .furniture_solids import F64, Loft, bevelled, outline, polygon, upright
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_SIDE = np.array([-1.0, 1.0])
_WITHOUT_APRON = (
    "pedestal",
    "star",
    "double",
    "drum",
    "pedestals",
    "pedestal_left",
    "pedestal_right",
)


def assemble(values: Values, choices: Choices) -> Assembly:
    """A table's lofts; see ``table.toml`` for what the values mean."""
    height = values["height"]
    thick = min(values["top_thickness"], height * 0.4)
    under = height - thick
    kind, thickness = choices["legs"], values["leg_thickness"]
    splay = values["leg_splay"] if kind in ("square", "round", "turned") else 0.0
    half = (values["width"] / 2, values["depth"] / 2)
    material = "glass" if choices["top"] == "glass" else "wood"
    lofts = [_board(half, (under, height), values, choices["top"], "top", material)]
    # Legs of a rounded top stand where its corners would be cut off.
    corner = 1 - 0.29 * values["top_round"]
    inset = 1 - values["leg_inset"]
    reach = tuple(
        max(h * corner * inset - thickness / 2 - 0.004, thickness * 0.6, 0.03) for h in half
    )
    spread = np.array([[sx * reach[0], sz * reach[1]] for sz in (1, -1) for sx in (-1, 1)])
    apron = min(values["apron_height"], under * 0.5)
    if kind in ("square", "round", "turned"):
        lofts += _four_legs(values, kind, spread, splay, under)
    elif kind == "trestle":
        board = min(thickness, 0.1)
        lofts.append(slabs(reach[0], reach[1], under + 0.004, board, values["leg_taper"]))
    elif kind == "crossed":
        bar = min(thickness, 0.12)
        lofts += crossed(_SIDE * reach[0], reach[1] + bar / 2, under + 0.002, bar)
    elif kind == "hairpin":
        rod = min(thickness * 0.3, 0.02)
        lofts.append(hairpins(spread, under + 0.003, min(0.14, reach[1]), max(rod, 0.008)))
    elif kind == "drum":
        lofts.append(_drum(half, under + 0.003, values))
    elif kind in ("pedestals", "pedestal_right", "pedestal_left"):
        lofts += _pedestals(kind, reach, under, values)
    elif kind == "double":
        aside = np.array([half[0] * 0.5, 0.0, 0.0])
        foot = (half[0] * 0.4 * values["base_width"], half[1] * values["base_width"])
        for loft in pedestal("disc", foot, under + 0.004, thickness):
            rings = np.concatenate([loft.rings - aside, loft.rings + aside])
            lofts.append(Loft(rings, loft.part, loft.material, loft.lower, loft.upper))
    elif kind == "sled":
        lofts.append(sled(_SIDE * reach[0], reach[1], under + 0.004, min(thickness, 0.06)))
    else:
        foot = (half[0] * values["base_width"], half[1] * values["base_width"])
        foot = (min(foot[0], foot[1] * 1.6), min(foot[1], foot[0] * 1.6))
        style = "disc" if kind == "pedestal" else "star"
        lofts += pedestal(style, foot, under + 0.004, thickness)
    if kind not in _WITHOUT_APRON:
        lofts += _apron(choices["apron"], reach, (under - apron, under + 0.003), half)
        lofts += _drawers(choices, reach, (under - apron, under), thickness)
        lofts += _shelf(choices["shelf"], reach, values["shelf_height"] * under, splay, values)
    anchors: Anchors = {
        "top": (0.0, height, 0.0),
        "front_edge": (0.0, height, half[1]),
        "floor": (0.0, 0.0, 0.0),
    }
    return Assembly(lofts, under, anchors)


def _board(
    half: tuple[float, float],
    span: tuple[float, float],
    values: Values,
    shape: str,
    part: str,
    material: str = "wood",
) -> Loft:
    round_ = max(values["top_round"], 0.02)
    ring = outline(1.0, 1.0, round_, 8, 3)
    if shape == "stadium":
        # Corners of one radius on both axes: at most two half circles and a straight between.
        least = min(half) * round_
        share = np.array([least / half[0], least / half[1]])
        corner = np.sign(np.where(np.abs(ring) > 1e-9, ring, 0.0))
        arc = outline(1.0, 1.0, 1.0, 8, 3)
        ring = corner * (1 - share) + arc * share
        straight = np.arange(len(ring)) % 12 > 8
        ring[straight] = _straighten(ring)[straight]
    elif shape == "superellipse":
        power = 2.0 + 10.0 * (1 - round_) ** 2
        turn = polygon(48)
        ring = np.sign(turn[:, ::-1]) * np.abs(turn[:, ::-1]) ** (2 / power)
    bow = values["top_bow"]
    sides = np.stack([1 - ring[:, 1] ** 2, 1 - ring[:, 0] ** 2], axis=1)
    ring = ring * (1 - bow + bow * sides)
    heights, inset = bevelled(span[0], span[1], min(0.006, (span[1] - span[0]) * 0.3), 2)
    scale = 1 - inset[:, None] / np.array(half)
    rings = np.empty((1, len(heights), len(ring), 3))
    rings[0, :, :, 0] = ring[:, 0] * half[0] * scale[:, :1]
    rings[0, :, :, 2] = ring[:, 1] * half[1] * scale[:, 1:]
    rings[0, :, :, 1] = heights[:, None]
    return Loft(rings, part, material, 2, -3)


def _straighten(ring: F64) -> F64:
    """The ring with each edge's three points evenly between its corners' ends."""
    out = ring.copy()
    for side in range(4):
        start, stop = ring[side * 12 + 8], ring[(side + 1) * 12 % 48]
        for i in range(3):
            out[side * 12 + 9 + i] = start + (stop - start) * (i + 1) / 4
    return out


def _four_legs(values: Values, kind: str, spread: F64, splay: float, under: float) -> list[Loft]:
    style = LegStyle(kind, values["leg_thickness"], values["leg_taper"], 1.0, _SPEC.extra["turned"])
    foot = spread + np.sign(spread) * splay
    return [legs(spread, foot, under + 0.004, style, "legs", "wood")]


def _drum(half: tuple[float, float], top: float, values: Values) -> Loft:
    """A solid body under the top, as wide as the base says, tapering to the floor."""
    ring = outline(1.0, 1.0, max(values["top_round"], 0.05), 8, 3)
    heights, inset = bevelled(0.0, top, 0.004, 1)
    size = np.array(half) * values["base_width"] * 0.97
    taper = np.interp(heights, [0, top], [values["leg_taper"], 1.0])
    taper = taper / taper.max()
    scale = size * taper[:, None] - inset[:, None]
    rings = upright(ring, heights, np.maximum(scale, 0.01), np.zeros((len(heights), 2)))
    return Loft(rings, "base", "wood", 1, -2)


def _pedestals(kind: str, reach: tuple[float, ...], under: float, values: Values) -> list[Loft]:
    """A desk's drawer pedestals at both ends, or at one with a board at the other."""
    wide = min(values["pedestal_width"], reach[0] * 0.8)
    x = reach[0] + values["leg_thickness"] / 2
    z = reach[1] + values["leg_thickness"] / 2
    signs = {"pedestals": (-1.0, 1.0), "pedestal_left": (1.0,), "pedestal_right": (-1.0,)}[kind]
    sign = np.array(signs)
    outer, inner = sign * x, sign * (x - wide)
    low, high = np.minimum(outer, inner), np.maximum(outer, inner)
    foot, front = min(0.04, under * 0.1), z - 0.02
    out = [
        blocks(places(low, foot, -z), places(high, under + 0.003, front), "pedestals", "wood"),
        blocks(
            places(low + 0.015, 0.0, -z + 0.02),
            places(high - 0.015, foot + 0.003, front - 0.03),
            "base",
            "wood",
        ),
    ]
    # Three drawers each, the lowest twice as deep.
    edges = foot + (under - foot) * np.array([0.0, 0.5, 0.75, 1.0])
    bottom, top = np.tile(edges[:-1], len(sign)) + 0.003, np.tile(edges[1:], len(sign)) - 0.003
    a, b = np.repeat(low, 3) + 0.004, np.repeat(high, 3) - 0.004
    faces = blocks(places(a, bottom, front - 0.002), places(b, top, z), "drawers", "front")
    out += [faces, _pulls((a + b) / 2, top - np.minimum((top - bottom) * 0.3, 0.05), z)]
    if len(sign) == 1:
        board = 0.03
        end = np.array([-signs[0] * x, -signs[0] * (x - board)])
        out.append(
            blocks(places(end.min(), 0.0, -z), places(end.max(), under + 0.003, z), "legs", "wood")
        )
    # A modesty board joins them at the rear.
    out.append(
        blocks(
            places(-x + 0.02, under * 0.45, -z + 0.03),
            places(x - 0.02, under + 0.002, -z + 0.05),
            "panel",
            "wood",
        )
    )
    return out


def _drawers(
    choices: Choices, reach: tuple[float, ...], span: tuple[float, float], thickness: float
) -> list[Loft]:
    """Drawers in the apron's front."""
    count = {"none": 0, "one": 1, "two": 2, "three": 3}[choices["drawers"]]
    if not count or choices["apron"] == "none":
        return []
    half = max(reach[0] - thickness / 2 - 0.01, 0.08)
    edges = np.linspace(-half, half, count + 1)
    tall = span[1] - span[0]
    low, high = span[0] + tall * 0.1, span[1] - tall * 0.08
    face = reach[1] + (0.012 if choices["apron"] == "rails" else 0.008)
    fronts = blocks(
        places(edges[:-1] + 0.006, low, face - 0.015),
        places(edges[1:] - 0.006, high, face + 0.012),
        "drawers",
        "front",
    )
    middle = (edges[:-1] + edges[1:]) / 2
    return [fronts, _pulls(middle, np.full(count, (low + high) / 2), face + 0.012)]


def _pulls(x: F64, y: F64, z: float) -> Loft:
    """Knobs on drawers' fronts."""
    radius = 0.011
    ring = polygon(12)
    reach = np.array([-0.002, 0.35, 0.55, 0.8, 1.3, 1.6, 1.7]) * radius * 1.2
    size = np.array([0.5, 0.4, 0.55, 0.9, 1.0, 0.75, 0.4]) * radius
    rings = np.empty((len(x), len(reach), len(ring), 3))
    rings[..., 0] = x[:, None, None] + size[:, None] * ring[:, 0]
    rings[..., 1] = y[:, None, None] + size[:, None] * ring[:, 1]
    rings[..., 2] = z - 0.002 + reach[:, None]
    return Loft(rings, "handles", "metal", 1, -3)


def _apron(
    kind: str, reach: tuple[float, ...], span: tuple[float, float], half: tuple[float, float]
) -> list[Loft]:
    if kind == "none":
        return []
    x, z = min(reach[0], half[0] * 0.96), min(reach[1], half[1] * 0.96)
    y = (span[0] + span[1]) / 2
    if kind == "rails":
        start = np.array([[-x, y, z], [-x, y, -z], [-x, y, z], [x, y, z]])
        stop = np.array([[x, y, z], [x, y, -z], [-x, y, -z], [x, y, -z]])
        start[2:, 1] -= 0.001
        stop[2:, 1] -= 0.001
        return [bars(start, stop, 0.02, span[1] - span[0], "apron", "wood")]
    ring = outline(1.0, 1.0, 0.06, 2)
    heights, inset = bevelled(*span, 0.003, 1)
    rings = np.empty((1, len(heights), len(ring), 3))
    rings[0, ..., 0] = ring[:, 0] * (x + 0.006 - inset)[:, None]
    rings[0, ..., 2] = ring[:, 1] * (z + 0.006 - inset)[:, None]
    rings[0, ..., 1] = heights[:, None]
    return [Loft(rings, "apron", "wood", 1, -2)]


def _shelf(
    kind: str, reach: tuple[float, ...], height: float, splay: float, values: Values
) -> list[Loft]:
    if kind == "none":
        return []
    share = 1 - values["shelf_height"]
    x, z = reach[0] + splay * share, reach[1] + splay * share
    if kind == "bar":
        y = height
        start = np.array([[-x, y, z], [x, y, z], [-x, y + 0.004, 0.0]])
        stop = np.array([[-x, y, -z], [x, y, -z], [x, y + 0.004, 0.0]])
        size = min(values["leg_thickness"] * 0.6, 0.04)
        return [bars(start, stop, size, size * 1.2, "stretchers", "wood")]
    span = (height - 0.009, height + 0.009)
    return [_board((x + 0.01, z + 0.01), span, {**values, "top_round": 0.08}, "slab", "shelf")]


FAMILY = FurnitureFamily(_SPEC, assemble)
