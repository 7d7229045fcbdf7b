"""Trousers on a body: one tube from the waist, two below the crotch, joined along the rise.

Around the seat each row of the halves is a mixture of the ring around the trunk and the ring
around its leg; the share of the latter follows a quarter ellipse, so that the rise runs down the
front, under the body and up the back in one smooth line, as long in front as it is cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..families.garment_flat import Pattern
from ..families.garment_trousers import COLUMNS, UPPER_ROWS, TrouserShape
from .body_sections import DIRECTIONS, BodySections, girth, ring
from .drape_lower import waistband_height
from .drape_relax import EVEN_OUT, averaging, rim
from .drape_rings import SAMPLES, SKIN_GAP, even, flute, hung, on_rings, trunk_rings
from .drape_topology import Topology
from .leg_sections import Leg, LegSections

F64 = NDArray[np.float64]

_LEVELS = 72
_FORK = 0.11
"""Height above the crotch over which the rise turns from the front under the body, metres."""
_INNER, _FRONT = DIRECTIONS // 2, DIRECTIONS // 4
_FLUTES = 5
_STAND_OFF = 0.06
"""How far a wide leg may stand off its hanging shape at the hem, metres."""
_APART = 0.003
"""Least distance of either leg's cloth from the middle below the crotch, metres."""
_ROUNDS = 8


def drape_trousers(
    shape: TrouserShape, pattern: Pattern, net: Topology, body: BodySections, legs: LegSections
) -> F64:
    """Places (n, 3) of the mesh's vertices on the body, metres."""
    top, low = rise_heights(shape, body, legs)
    drop = np.linspace(0.0, 1.0, _LEVELS)
    heights = top + (low - top) * drop
    seat = np.where(
        -shape.rise * drop > shape.hip_level,
        shape.seat_width(-shape.rise * drop),
        np.minimum(shape.seat_width(-shape.rise * drop), 1.04 * shape.hip),
    )
    trunk, _ = trunk_rings(body, heights, 2 * seat, 0.01 + 0.10 * drop)
    front = _rise_shares(body, legs, top, low)
    tubes = tuple(_leg_rings(shape, leg, low, legs.crotch[0]) for leg in legs.legs)
    places = np.empty((len(net.weld), 3))
    band = shape.band / shape.rise
    for panel in pattern.panels:
        numbers = panel.numbers()
        if panel.name.startswith("waistband"):
            across = np.linspace(-1.0, 1.0, numbers.shape[1])
            turn = across / 4 if panel.name.endswith("front") else 0.5 - across / 4
            depth = np.linspace(band, 0.0, numbers.shape[0])
            level, turn = np.broadcast_arrays(depth[:, None], turn[None])
            places[numbers.ravel()] = on_rings(
                trunk, heights, level.ravel() * (_LEVELS - 1), turn.ravel()
            )
            continue
        left = panel.name.startswith("left")
        rings, levels = tubes[0 if left else 1]
        is_front = panel.name.endswith("front")
        across = np.linspace(0.0, 1.0, COLUMNS + 1)
        # Around the leg from the inseam over the front (or the back) to the outseam.
        round_leg = across / 2 if is_front else 1.0 - across / 2
        lower = _leg_places(rings, levels, shape.leg_rows, round_leg)
        upper = np.empty((UPPER_ROWS, COLUMNS + 1, 3))
        share = np.linspace(0.0, 1.0, UPPER_ROWS + 1)[1:] * (1 - band)
        middle = np.interp(share, np.linspace(0.0, 1.0, len(front)), front) if is_front else share
        up = middle[:, None] * (1 - across) + share[:, None] * across
        turn = across / 4 if is_front else 0.5 - across / 4
        if not left:
            turn = -turn
        level = (1 - up) * (_LEVELS - 1)
        round_trunk = np.broadcast_to(turn[None], up.shape).ravel()
        upper = on_rings(trunk, heights, level.ravel(), round_trunk).reshape(*up.shape, 3)
        blend = _fork(up * (top - low), top - low)[..., None]
        root = lower[-1] if left else lower[-1] * [-1.0, 1.0, 1.0]
        upper[..., [0, 2]] = (1 - blend) * upper[..., [0, 2]] + blend * root[None, :, [0, 2]]
        if not left:
            lower = lower * [-1.0, 1.0, 1.0]
        grid = np.concatenate([lower, upper])
        places[numbers.ravel()] = (grid if left else grid[:, ::-1]).reshape(-1, 3)
    return _settle(places, shape, pattern, net, body, legs)


def rise_heights(shape: TrouserShape, body: BodySections, legs: LegSections) -> tuple[float, float]:
    """Heights of the waistband's upper edge and of the crotch seam, metres.

    The waistband rests where it first finds hold. Where the front rise is too short to reach
    from there to the body's crotch the trousers sit lower; where it is longer the crotch hangs.
    """
    hold = waistband_height(body, 2 * shape.waist)
    low = legs.crotch[0] - 2.5 * SKIN_GAP
    tops = np.linspace(low + 0.08, hold, 48)
    arcs = np.array([_front_arc(body, legs, float(t), low)[1][-1] for t in tops])
    if shape.rise <= arcs[-1]:
        return float(np.interp(shape.rise, arcs, tops)), low
    for _ in range(4):
        low -= shape.rise - float(_front_arc(body, legs, hold, low)[1][-1])
    return hold, low


def _fork(above: F64, depth: float) -> F64:
    """Share of the leg's ring at distances above the crotch, 1 there and 0 at the fork's top."""
    reach = min(_FORK, 0.6 * depth)
    t = np.clip(above / reach, 0.0, 1.0)
    result: F64 = 1.0 - np.sqrt(1.0 - (1.0 - t) ** 2)
    return result


def _front_arc(body: BodySections, legs: LegSections, top: float, low: float) -> tuple[F64, F64]:
    """Shares of the height from crotch to waist, and the rise's length up to there, (96,) each."""
    share = np.linspace(0.0, 1.0, 96) ** 1.5
    y = low + share * (top - low)
    front = body.section(y)[:, _FRONT] + SKIN_GAP
    blend = _fork(y - low, top - low)
    z = front * (1 - blend) + legs.crotch[1] * blend
    step = np.hypot(np.diff(y), np.diff(z))
    return share, np.concatenate([[0.0], np.cumsum(step)])


def _rise_shares(body: BodySections, legs: LegSections, top: float, low: float) -> F64:
    """Shares of the height at even steps (64,) of the front rise, from the crotch upwards."""
    share, arc = _front_arc(body, legs, top, low)
    result: F64 = np.interp(np.linspace(0.0, arc[-1], 64), arc, share)
    return result


def _leg_rings(shape: TrouserShape, leg: Leg, low: float, crotch: float) -> tuple[F64, F64]:
    """Rings of one leg of cloth, (levels, SAMPLES, 2) from the inseam over the front, and heights.

    In the leg's own coordinates, x to its own side.
    """
    along = np.linspace(0.0, 1.0, _LEVELS)
    girths = 2 * shape.leg_width(along)
    heights = low - along * shape.inseam / leg.slope
    # The inseam runs from the middle outwards: down by as much as makes it as long as it is cut.
    inside = leg.at(np.minimum(heights, crotch - 0.008))
    line = np.stack([inside[0][:, 0] - inside[1][:, _INNER], heights, inside[0][:, 1]], axis=1)
    line[0, 0] = 0.0
    reach = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    heights = low - (low - heights) * shape.inseam / reach
    end = _lowest(leg, float(girths[-1]))
    if heights[-1] < end:
        # Cloth that is too long is pushed together above the foot.
        calf = max(low - 0.6 * (low - end), end + 1e-3)
        free = np.interp(heights, [heights[-1], low], [end, low])
        keep = heights > calf
        if keep.any() and not keep.all():
            rest = np.linspace(calf, end, int((~keep).sum()) + 1)[1:]
            free = np.concatenate([heights[keep], rest])
        heights = free
    middle, section = leg.at(np.minimum(heights, crotch - 0.008))
    close = section + SKIN_GAP
    spread = 0.012 + _STAND_OFF * along * min(shape.inseam / 0.7, 1.0)
    support, _ = hung(close, heights, girths, spread)
    # Away from the other leg, as far as its own skin allows.
    inner = middle[:, 0] - support[:, _INNER]
    room = np.maximum(support[:, _INNER] - close[:, _INNER], 0.0)
    apart = np.minimum(_APART, 0.2 * (low - heights) + 1e-4)
    middle = middle + np.stack([np.clip(apart - inner, 0.0, room), np.zeros_like(inner)], axis=1)
    rings = even(ring(support), _INNER)
    rings = flute(rings, girths, _FLUTES) + middle[:, None]
    rings[..., 0] = np.maximum(rings[..., 0], apart[:, None])
    # The inseam starts exactly between the legs.
    first = rings[0]
    pull = np.exp(-0.5 * (np.minimum(np.arange(SAMPLES), SAMPLES - np.arange(SAMPLES)) / 4.0) ** 2)
    first[:, 0] -= pull * first[0, 0]
    return rings, heights


def _lowest(leg: Leg, girth_: float) -> float:
    """How low a hem of this girth can hang: at the ankle, or over the foot if it is wide enough."""
    y = np.arange(leg.ankle, 0.025, -0.005)
    _, section = leg.at(y)
    fits = girth(section + SKIN_GAP) <= girth_
    blocked = np.flatnonzero(~fits)
    if not len(blocked):
        return float(y[-1])
    return float(y[max(blocked[0] - 1, 0)])


def _leg_places(rings: F64, heights: F64, rows: int, turn: F64) -> F64:
    """(rows + 1, columns, 3) from hem to crotch."""
    level = np.linspace(len(rings) - 1.0, 0.0, rows + 1)
    a, b = np.broadcast_arrays(level[:, None], turn[None])
    return on_rings(rings, heights, a.ravel(), b.ravel()).reshape(rows + 1, len(turn), 3)


def _settle(
    places: F64,
    shape: TrouserShape,
    pattern: Pattern,
    net: Topology,
    body: BodySections,
    legs: LegSections,
) -> F64:
    """Even out the fork, keep cloth off the skin and each leg on its own side."""
    groups = int(net.weld.max()) + 1
    count = np.bincount(net.weld, minlength=groups)[:, None]
    nodes = (
        np.stack([np.bincount(net.weld, places[:, k], groups) for k in range(3)], axis=1) / count
    )
    side = np.zeros(groups, np.int8)
    middle = np.zeros(groups, bool)
    free = np.zeros(groups, bool)
    fork = shape.leg_rows + UPPER_ROWS // 2
    near = max(shape.leg_rows - 6, 1)
    for panel in pattern.panels:
        numbers = net.weld[panel.numbers()]
        if panel.name.startswith("waistband"):
            continue
        left = panel.name.startswith("left")
        side[numbers.ravel()] = 1 if left else -1
        middle[numbers[shape.leg_rows :, 0 if left else -1]] = True
        free[numbers[near:fork].ravel()] = True
    free &= ~middle
    moving = np.flatnonzero(free)
    everywhere = averaging(pattern, net, groups)
    average = everywhere[moving]
    for turn in range(_ROUNDS):
        nodes[moving] = 0.5 * nodes[moving] + 0.5 * (average @ nodes)
        if turn % 3 == 1:
            nodes = _off_skin(nodes, side, middle, body, legs, 1.2 * SKIN_GAP)
    nodes = _off_skin(nodes, side, middle, body, legs, 0.75 * SKIN_GAP)
    tubes = np.flatnonzero((side != 0) & ~middle & ~rim(net, groups))
    smooth = everywhere[tubes]
    for _ in range(EVEN_OUT):
        nodes[tubes] = 0.5 * nodes[tubes] + 0.5 * (smooth @ nodes)
    nodes = _off_skin(nodes, side, middle, body, legs, 0.5 * SKIN_GAP)
    settled: F64 = nodes[net.weld]
    return settled


def _off_skin(
    nodes: F64,
    side: NDArray[np.int8],
    middle: NDArray[np.bool_],
    body: BodySections,
    legs: LegSections,
    gap: float,
) -> F64:
    out = nodes.copy()
    for sign, leg in zip((1, -1), legs.legs, strict=True):
        own = np.flatnonzero((side == sign) & ~middle)
        pushed = leg.hide.push_out(nodes[own], gap)
        pushed[:, 0] = sign * np.maximum(sign * pushed[:, 0], 1e-3)
        out[own] = pushed
    rest = np.flatnonzero((side == 0) | middle)
    out[rest] = body.trunk.push_out(nodes[rest], gap)
    out[middle, 0] = 0.0
    return out
