"""Collars, hoods and cuffs on a body: they rise from the settled neckline, lie on the garment."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import cKDTree

from ..families.garment_collar import (
    LEAF_SPREAD,
    leaf_directions,
    shoulder_y,
)
from ..families.garment_collar_grid import HOOD_ROWS, LEAF_ROWS, STAND_ROWS, neck_loop
from ..families.garment_flat import F64, Pattern, smoothstep
from ..families.garment_trim import CUFF_ROWS, HALF
from ..families.garment_upper_grid import neck_numbers
from ..families.garment_upper_shape import UpperShape
from ..mesh import vertex_normals
from .body_sections import BodySections, Hide
from .drape_rings import SKIN_GAP
from .drape_topology import Topology

_LEAN = 0.28
"""How far a collar band leans towards the neck, tangent."""
_OFF = 0.006
"""Distance of a leaf from what it lies on, metres."""
_HOOD_EASE = 0.03
"""Least distance of a hood from the head, metres."""


def dress_up(
    shape: UpperShape,
    core: Pattern,
    pattern: Pattern,
    settled: F64,
    net: Topology,
    full: Topology,
    body: BodySections,
) -> F64:
    """Places (n, 3) of a pattern's vertices, of which the core's have settled already.

    Args:
        core, net, settled: the body panels and whole sleeves, their topology and places.
        pattern, full: all panels and their topology.
    """
    number = {p.name: p.numbers() for p in core.panels}
    grids: dict[str, F64] = {}
    for panel in pattern.panels:
        base, _, kind = panel.name.rpartition("_")
        if kind == "cuff":
            grids[panel.name] = settled[number[f"{base}_sleeve"]][: CUFF_ROWS + 1]
        elif panel.name in number:
            skipped = CUFF_ROWS if kind == "sleeve" and shape.trim.cuff > 0 else 0
            grids[panel.name] = settled[number[panel.name]][skipped:]
    loop = settled[neck_numbers(number)]
    if shape.trim.collar == "hood":
        grids["left_hood"] = _hood(shape, loop[: HALF - 1 : -1], body, 1.0)
        grids["right_hood"] = _hood(shape, loop[: HALF + 1], body, -1.0)
    elif shape.trim.collar != "none":
        grids |= _collar(shape, core, settled, net, loop, body)
    places = np.concatenate([grids[p.name].reshape(-1, 3) for p in pattern.panels])
    groups = int(full.weld.max()) + 1
    count = np.bincount(full.weld, minlength=groups)
    nodes = np.stack([np.bincount(full.weld, places[:, k], groups) / count for k in range(3)], 1)
    sewn: F64 = nodes[full.weld]
    return sewn


def _inward(loop: F64) -> F64:
    """Horizontal unit vectors (n, 3) from the neckline's points towards the neck."""
    middle = (loop[len(loop) // 2] + loop[[0, -1]].mean(axis=0)) / 2
    to = (middle - loop) * [1.0, 0.0, 1.0]
    result: F64 = to / np.maximum(np.linalg.norm(to, axis=1, keepdims=True), 1e-6)
    return result


def _collar(
    shape: UpperShape,
    core: Pattern,
    settled: F64,
    net: Topology,
    loop: F64,
    body: BodySections,
) -> dict[str, F64]:
    """Grids of the band and the leaf."""
    trim = shape.trim
    inward = _inward(loop)
    rise = inward * _LEAN + np.array([0.0, 1.0, 0.0])
    rise /= np.linalg.norm(rise, axis=1, keepdims=True)
    stand = trim.stand_heights()
    found: dict[str, F64] = {}
    t = np.linspace(0.0, 1.0, STAND_ROWS + 1)[:, None, None]
    band = loop + rise * stand[:, None] * t
    band[1:] = body.head.push_out(band[1:].reshape(-1, 3), SKIN_GAP).reshape(band[1:].shape)
    if trim.collar != "lapel":
        found["collar_stand"] = band
    if trim.collar == "stand":
        return found
    surface = _Surface(core, settled, net)
    fold = loop if trim.collar == "lapel" else band[-1]
    leaf = _leaf(shape, surface, loop, band[-1], inward)
    leaf[-1] = fold
    for _ in range(2):
        inner = leaf[1:-1]
        around = leaf[:-2, 1:-1] + leaf[2:, 1:-1] + inner[:, :-2] + inner[:, 2:]
        leaf[1:-1, 1:-1] = 0.5 * inner[:, 1:-1] + 0.125 * around
        free = leaf[:-1].reshape(-1, 3)
        leaf[:-1] = surface.hide.push_out(free, 0.7 * _OFF).reshape(leaf[:-1].shape)
    found["collar"] = leaf
    return found


class _Surface:
    """The settled body panels as maps from their flat patterns to places and normals."""

    def __init__(self, core: Pattern, settled: F64, net: Topology) -> None:
        groups = int(net.weld.max()) + 1
        nodes = np.zeros((groups, 3))
        nodes[net.weld] = settled
        faces = net.weld[net.faces].astype(np.int32)
        normals = vertex_normals(nodes.astype(np.float32), faces).astype(np.float64)[net.weld]
        trunk = [p for p in core.panels if not p.name.endswith("_sleeve")]
        self.maps: dict[bool, tuple[LinearNDInterpolator, cKDTree, F64]] = {}
        for rear in (False, True):
            mine = [p for p in trunk if (p.name == "back") == rear]
            flat = np.concatenate([p.grid.reshape(-1, 2) for p in mine])
            index = np.concatenate([p.numbers().ravel() for p in mine])
            # Both edges of an opening lie on x = 0 of the pattern: keep their order.
            side = np.concatenate(
                [
                    np.full(
                        p.grid[..., 0].size,
                        {"left_front": 1e-6, "right_front": -1e-6}.get(p.name, 0.0),
                    )
                    for p in mine
                ]
            )
            flat = flat + np.stack([side, np.zeros_like(side)], axis=1)
            high = flat[:, 1] > flat[:, 1].min() * 0.75
            value = np.concatenate([settled[index], normals[index]], axis=1)[high]
            self.maps[rear] = (
                LinearNDInterpolator(flat[high], value),
                cKDTree(flat[high]),
                value,
            )
        every = np.concatenate([p.numbers().ravel() for p in trunk])
        self.hide = Hide(cKDTree(settled[every]), settled[every], normals[every])

    def at(self, flat: F64, rear: bool, off: F64) -> F64:
        """Places (n, 3) ``off`` (n,) metres above pattern points (n, 2)."""
        smooth, tree, value = self.maps[rear]
        found = smooth(flat)
        lost = ~np.isfinite(found[:, 0])
        if lost.any():
            found[lost] = value[tree.query(flat[lost])[1]]
        normal = found[:, 3:] / np.maximum(
            np.linalg.norm(found[:, 3:], axis=1, keepdims=True), 1e-9
        )
        result: F64 = found[:, :3] + normal * off[:, None]
        return result


def _leaf(shape: UpperShape, surface: _Surface, loop: F64, top: F64, inward: F64) -> F64:
    """(LEAF_ROWS + 1, 2 * HALF + 1, 3) down the outside of the band, then over the body."""
    trim = shape.trim
    stand = trim.stand_heights()
    line = neck_loop(shape)
    half, quarter = HALF, HALF // 2
    away = np.empty_like(line)
    spread = LEAF_SPREAD[trim.collar]
    for first, sign in ((line[: quarter + 1], -1.0), (line[: -quarter - 2 : -1], 1.0)):
        ways = leaf_directions(first * [sign, 1.0], spread) * [sign, 1.0]
        if sign < 0:
            away[: quarter + 1] = ways
        else:
            away[-quarter - 1 :] = ways[::-1]
    for cut, sign in ((slice(half, quarter - 1, -1), -1.0), (slice(half, 3 * quarter + 1), 1.0)):
        ways = leaf_directions(line[cut] * [sign, 1.0], 0.0) * [sign, 1.0]
        inner = slice(None, -1)
        away[cut][inner] = ways[inner]
    away[half] = [0.0, -1.0]
    total = trim.leaf_widths() + (stand if trim.collar == "lapel" else 0.0)
    rows = np.empty((LEAF_ROWS + 1, len(line), 3))
    rear = np.zeros(len(line), bool)
    rear[quarter + 1 : 3 * quarter] = True
    for i in range(LEAF_ROWS + 1):
        s = total * (1.0 - i / LEAF_ROWS)
        off = _OFF * (1.0 - np.exp(-s / 0.004))
        on_band = top + (loop - top) * np.clip(s / stand, 0.0, 1.0)[:, None]
        place = on_band - inward * off[:, None]
        beyond = np.maximum(s - stand, 0.0)
        flat = line + away * beyond[:, None]
        flat[:, 1] = np.minimum(
            flat[:, 1], [shoulder_y(shape, float(abs(x))) - 1e-4 for x in flat[:, 0]]
        )
        for back in (False, True):
            mine = (rear == back) & (beyond > 0)
            if mine.any():
                lying = surface.at(flat[mine], back, np.full(int(mine.sum()), _OFF))
                blend = smoothstep(beyond[mine] / 0.012)[:, None]
                place[mine] = place[mine] * (1 - blend) + lying * blend
        rows[i] = place
    return rows


def _hood(shape: UpperShape, line: F64, body: BodySections, side: float) -> F64:
    """(HOOD_ROWS + 1, HALF + 1, 3) half a hood, worn up.

    Args:
        line: (HALF + 1, 3) the neckline from the front edge to the middle of the back.
        side: 1 for the wearer's left, -1 for the right.
    """
    trim = shape.trim
    skull = body.head.points
    skull = skull[skull[:, 1] > line[:, 1].max() + 0.08]
    top = max(float(skull[:, 1].max()) + _HOOD_EASE, line[HALF // 2, 1] + 0.93 * trim.hood_height)
    front = float(np.quantile(skull[:, 2], 0.9))
    back = min(float(skull[:, 2].min()) - _HOOD_EASE, front - 0.85 * trim.hood_width)
    half = float(np.abs(skull[:, 0]).max()) + _HOOD_EASE
    foot = float(line[:, 1].mean())
    u = np.linspace(0.0, 1.0, HALF + 1)[None]
    v = np.linspace(0.0, 1.0, HOOD_ROWS + 1)[:, None]
    turn = u * np.pi / 2
    dome = np.sqrt(np.clip(1.0 - v**3.5, 0.0, 1.0))
    x = half * np.cos(turn) ** 0.75 * dome * (0.86 + 0.14 * np.sin(turn * 2))
    x[:, -1] = 0.0
    x[-1] = 0.0
    z = front + (back - front) * np.sin(turn) * (0.62 + 0.38 * dome)
    y = foot + (top - foot) * v**0.9 - 0.16 * (top - foot) * v**4 * (1 - np.cos(turn))
    shell = np.stack([side * x, np.broadcast_to(y, x.shape), z], axis=-1)
    blend = smoothstep(v / 0.5)[..., None]
    places: F64 = line[None] * (1 - blend) + shell * blend
    low = np.broadcast_to(v, x.shape)[..., None]
    places = places + (1 - blend) * low * np.array([0.0, top - foot, 0.0]) * 0.6
    for _ in range(6):
        inner = places[1:-1, 1:-1]
        around = places[:-2, 1:-1] + places[2:, 1:-1] + places[1:-1, :-2] + places[1:-1, 2:]
        places[1:-1, 1:-1] = 0.5 * inner + 0.125 * around
    flat = places[1:].reshape(-1, 3)
    places[1:] = body.head.push_out(flat, 2 * SKIN_GAP).reshape(places[1:].shape)
    places[1:, -1, 0] = 0.0
    places[-1, :, 0] = 0.0
    return places
