"""Tables: dining tables, desks, coffee tables, side tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import LegStyle, bars, legs, pedestal, sled
from .furniture_solids import F64, Loft, bevelled, outline
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_SIDE = np.array([-1.0, 1.0])


def assemble(values: Values, choices: Choices) -> Assembly:
    """A table's lofts; see ``table.toml`` for what the values mean."""
    height = values["height"]
    thick = min(values["top_thickness"], height * 0.4)
    under = height - thick
    kind, thickness = choices["legs"], values["leg_thickness"]
    splay = values["leg_splay"] if kind in ("square", "round", "turned") else 0.0
    half = (values["width"] / 2, values["depth"] / 2)
    lofts = [_board(half, (under, height), values, "top")]
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
        lofts += _trestles(reach, under, values)
    elif kind == "sled":
        lofts.append(sled(_SIDE * reach[0], reach[1], under + 0.004, min(thickness, 0.06)))
    else:
        foot = (half[0] * values["base_width"], half[1] * values["base_width"])
        foot = (min(foot[0], foot[1] * 1.6), min(foot[1], foot[0] * 1.6))
        style = "disc" if kind == "pedestal" else "star"
        lofts += pedestal(style, foot, under + 0.004, thickness)
    if kind not in ("pedestal", "star"):
        lofts += _apron(choices["apron"], reach, (under - apron, under + 0.003), half)
        lofts += _shelf(choices["shelf"], reach, values["shelf_height"] * under, splay, values)
    anchors: Anchors = {
        "top": (0.0, height, 0.0),
        "front_edge": (0.0, height, half[1]),
        "floor": (0.0, 0.0, 0.0),
    }
    return Assembly(lofts, under, anchors)


def _board(half: tuple[float, float], span: tuple[float, float], values: Values, part: str) -> Loft:
    ring = outline(1.0, 1.0, max(values["top_round"], 0.02), 8, 3)
    bow = values["top_bow"]
    sides = np.stack([1 - ring[:, 1] ** 2, 1 - ring[:, 0] ** 2], axis=1)
    ring = ring * (1 - bow + bow * sides)
    heights, inset = bevelled(span[0], span[1], min(0.006, (span[1] - span[0]) * 0.3), 2)
    scale = 1 - inset[:, None] / np.array(half)
    rings = np.empty((1, len(heights), len(ring), 3))
    rings[0, :, :, 0] = ring[:, 0] * half[0] * scale[:, :1]
    rings[0, :, :, 2] = ring[:, 1] * half[1] * scale[:, 1:]
    rings[0, :, :, 1] = heights[:, None]
    return Loft(rings, part, "wood", 2, -3)


def _four_legs(values: Values, kind: str, spread: F64, splay: float, under: float) -> list[Loft]:
    style = LegStyle(kind, values["leg_thickness"], values["leg_taper"], 1.0, _SPEC.extra["turned"])
    foot = spread + np.sign(spread) * splay
    return [legs(spread, foot, under + 0.004, style, "legs", "wood")]


def _trestles(reach: tuple[float, ...], under: float, values: Values) -> list[Loft]:
    """Two slabs, wider at the foot by the taper's inverse, standing at both ends."""
    ring = outline(1.0, 1.0, 0.1, 2)
    heights, inset = bevelled(0.0, under + 0.004, 0.004, 1)
    thickness = min(values["leg_thickness"], 0.1)
    widen = np.interp(heights, [0, under], [1.0, values["leg_taper"] ** 0.7])
    widen = widen / widen.max()
    rings = np.empty((2, len(heights), len(ring), 3))
    half_x, half_z = thickness / 2 - inset, reach[1] * widen - inset
    rings[..., 0] = (_SIDE * reach[0])[:, None, None] + ring[:, 0] * half_x[:, None]
    rings[..., 2] = ring[:, 1] * half_z[:, None]
    rings[..., 1] = heights[:, None]
    return [Loft(rings, "legs", "wood", 1, -2)]


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
    return [_board((x + 0.01, z + 0.01), span, {**values, "top_round": 0.08}, "shelf")]


FAMILY = FurnitureFamily(_SPEC, assemble)
