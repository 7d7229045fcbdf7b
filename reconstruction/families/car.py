"""Cars: a body lofted from nose to tail over two pairs of wheel arches, a glazed cabin, wheels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .car_wheels import Axles, wheels
from .furniture_blocks import Grid, blocks, places
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_solids import F64, Loft, outline, upright
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_SIDE = np.array([-1.0, 1.0])
_NOSE = np.array([0.0, 0.05, 0.16, 0.36, 0.65, 1.0])
_ARCH = np.linspace(0.0, np.pi, 11)
# The side's outline: share of its height, share of the half width.
_RISE = np.array([0.0, 0.05, 0.16, 0.36, 0.56, 0.74, 0.88, 0.96, 1.0])
_FLANK = np.array([0.90, 0.955, 0.985, 0.998, 1.0, 0.994, 0.976, 0.948, 0.90])
_ROWS = np.array([0.0, 0.35, 0.7, 1.0])


@dataclass(frozen=True)
class _Plan:
    """Where things are, metres; z from the tail (negative) to the nose.

    Attributes:
        half: half the body's width.
        nose, tail: z of both ends.
        front, rear: z of the axles.
        radius, arch: of the wheels and of their arches.
        sill: y of the body's underside.
        cowl, deck: z of the lower ends of windscreen and rear window.
        roof_front, roof_rear: z of the roof's ends.
    """

    half: float
    nose: float
    tail: float
    front: float
    rear: float
    radius: float
    arch: float
    sill: float
    cowl: float
    deck: float
    roof_front: float
    roof_rear: float
    values: Values
    pickup: bool

    def half_at(self, z: float) -> float:
        """Half the body's width at one z."""
        beyond = max(abs(z) / (self.nose - self.tail) - 0.15, 0.0) / 0.35
        return float(self.half - self.values["plan_taper"] * beyond**2.2)

    def top_at(self, z: float) -> float:
        """Y of the body's upper edge at one z."""
        return float(self.top(np.array(z)))

    def half_width(self, z: F64) -> F64:
        """Half the body's width at z, without the rounding of nose and tail."""
        length = self.nose - self.tail
        beyond = np.maximum(np.abs(z) / length - 0.15, 0.0) / 0.35
        return np.asarray(self.half - self.values["plan_taper"] * beyond**2.2)

    def top(self, z: F64) -> F64:
        """Y of the body's upper edge at z: deck, belt line, bonnet."""
        v = self.values
        belt, rear = v["belt_height"], v["belt_height"] + v["belt_rise"]
        hood, tail = min(v["hood_height"], belt), min(v["deck_height"], rear + 0.1)
        middle = (self.cowl + self.nose) / 2
        if self.pickup:
            bed = min(max(rear - 0.45, self.radius + self.arch + 0.09), rear - 0.1)
            at = [self.tail, self.deck - 0.05, self.deck + 0.01]
            y = [bed, bed, rear]
        else:
            at = [self.tail, (self.deck + self.tail) / 2, self.deck]
            y = [tail - 0.02, (tail + rear) / 2 + 0.015, rear]
        at += [self.cowl, middle, self.nose]
        y += [belt, hood + (belt - hood) * 0.62, hood]
        return np.interp(z, at, y)

    def roof(self, x: F64, z: F64) -> F64:
        """Y of the roof's surface; x as a share of its half width."""
        length = max(self.roof_front - self.roof_rear, 0.2)
        along = (z - (self.roof_front + self.roof_rear) / 2) / (length / 2)
        back = np.clip((self.roof_front - z) / length, 0.0, 1.2)
        drop = self.values["roof_drop"] * back**2
        return np.asarray(self.values["height"] - 0.04 * x**2 - 0.03 * along**2 - drop)


def assemble(values: Values, choices: Choices) -> Assembly:
    """A car's lofts; see ``car.toml`` for what the values mean."""
    plan = _plan(values, choices)
    style = _SPEC.extra["styles"][choices["style"]]
    hull = _hull(plan)
    lofts = [_body(plan, hull)]
    low, high = _sides(plan)
    lofts += _cabin(plan, low, high, style)
    lofts += wheels(_axles(plan), values, choices["wheels"])
    lofts += _details(plan, hull, high, values, style, choices["trim"] == "dark")
    if plan.pickup:
        lofts += _bed(plan)
    if choices["mirrors"] == "mirrors":
        lofts.append(_mirrors(plan))
    anchors: Anchors = {
        "roof": (0.0, values["height"], (plan.roof_front + plan.roof_rear) / 2),
        "nose": (0.0, values["hood_height"], plan.nose),
        "floor": (0.0, 0.0, 0.0),
    }
    return Assembly(lofts, 0.0, anchors)


def _plan(values: Values, choices: Choices) -> _Plan:
    length, half = values["depth"], values["width"] / 2
    if choices["mirrors"] == "mirrors":
        half -= 0.09
    radius = min(values["wheel_radius"], values["height"] * 0.32)
    arch = radius + values["arch_gap"]
    overhang = max(values["front_overhang"], arch + 0.14)
    base = min(values["wheelbase"], length - overhang - arch - 0.14)
    base = max(base, 2 * arch + 0.3)
    front = length / 2 - overhang
    hood, screen = values["hood_length"], values["windscreen_run"]
    rear, deck = values["rear_run"], values["deck_length"]
    # What is left is the roof; where too little is, all else shrinks.
    shrink = min(1.0, (length - 0.45) / (hood + screen + rear + deck))
    return _Plan(
        half=half,
        nose=length / 2,
        tail=-length / 2,
        front=front,
        rear=max(front - base, -length / 2 + arch + 0.1),
        radius=radius,
        arch=arch,
        sill=min(values["ground_clearance"], radius * 1.1),
        cowl=length / 2 - hood * shrink,
        deck=-length / 2 + deck * shrink,
        roof_front=length / 2 - (hood + screen) * shrink,
        roof_rear=-length / 2 + (deck + rear) * shrink,
        values=values,
        pickup=choices["style"] == "pickup",
    )


@dataclass(frozen=True, eq=False)
class _Hull:
    """The body's rings: z, lower and upper edge, half width, and roundedness, (n,) each."""

    z: F64
    low: F64
    high: F64
    half: F64
    full: F64


_EASE = (1 - (1 - _NOSE) ** 2.4) ** (1 / 2.4)
_FULL = np.concatenate([_EASE, np.ones(36), _EASE[::-1]])
_BOW = np.stack([-np.cos(_ARCH), np.sin(_ARCH)])
_BETWEEN = np.linspace(0.0, 1.0, 12)[1:-1]


def _hull(plan: _Plan) -> _Hull:
    nose_depth = min(plan.values["nose_round"], plan.nose - plan.front - plan.arch - 0.05)
    tail_depth = min(plan.values["tail_round"], plan.rear - plan.tail - plan.arch - 0.05)
    z, under = np.empty(48), np.full(48, plan.sill)
    z[:6] = plan.tail + tail_depth * _NOSE
    z[42:] = plan.nose - nose_depth * _NOSE[::-1]
    reach = plan.arch + 0.004
    for start, axle in ((6, plan.rear), (29, plan.front)):
        # The bow over the wheel, between two upright cuts.
        z[start], z[start + 12] = axle - reach, axle + reach
        z[start + 1 : start + 12] = axle + plan.arch * _BOW[0]
        under[start + 1 : start + 12] = plan.radius + plan.arch * _BOW[1]
    z[19:29] = z[18] + (z[29] - z[18]) * _BETWEEN
    top, full = plan.top(z), _FULL
    under = np.minimum(under, top - 0.07)
    middle = plan.sill + (top - plan.sill) * 0.55
    return _Hull(
        z=z,
        low=under + (middle - under) * 0.45 * (1 - full),
        high=top - (top - middle) * 0.5 * (1 - full),
        half=plan.half_width(z) * (0.74 + 0.26 * full),
        full=full,
    )


def _body(plan: _Plan, hull: _Hull) -> Loft:
    low, high, half = hull.low[:, None], hull.high[:, None], hull.half[:, None]
    y = low + (high - low) * _RISE
    share = (y - plan.sill) / np.maximum(high - plan.sill, 0.05)
    count = len(_RISE) + 4
    rings = np.empty((1, len(hull.z), 2 * count, 3))
    right = rings[0, :, :count]
    right[:, :2, 0] = half * np.array([0.25, 0.7])
    right[:, :2, 1] = low
    right[:, 2:-2, 0] = half * np.interp(share, _RISE, _FLANK)
    right[:, 2:-2, 1] = y
    right[:, -2:, 0] = half * np.array([0.6, 0.2])
    right[:, -2:, 1] = high + hull.full[:, None] * np.array([0.026, 0.035])
    rings[0, :, count:, 0] = -right[:, ::-1, 0]
    rings[0, :, count:, 1] = right[:, ::-1, 1]
    rings[0, :, :, 2] = hull.z[:, None]
    return Loft(rings, "body", "paint", 3, -4)


_PLAN_RING = outline(1.0, 1.0, 0.14, 3, 5)
_CORNERS = ((1, 2), (10, 11), (19, 20), (28, 29))
"""The two middle points of each corner of the cabin's outline."""


def _sides(plan: _Plan) -> tuple[F64, F64]:
    """(k, 3) the cabin's outline on the belt line and under the roof."""
    u, v = _PLAN_RING[:, 0], _PLAN_RING[:, 1]
    ends = []
    for rear, front, bow in (
        (plan.deck, plan.cowl, 0.10),
        (plan.roof_rear, plan.roof_front, 0.05),
    ):
        z = (front + rear) / 2 + v * (front - rear) / 2
        z = z + bow * (1 - u**2) * np.maximum(v, 0.0) - 0.4 * bow * (1 - u**2) * np.maximum(-v, 0)
        ends.append(z)
    low_half = plan.half_width(ends[0]) * 0.885
    low = np.stack([u * low_half, plan.top(ends[0]) - 0.035, ends[0]], axis=1)
    high_half = plan.half_width(ends[1]) * 0.885 - plan.values["tumblehome"]
    high = np.stack([u * high_half, plan.roof(u, ends[1]) - 0.028, ends[1]], axis=1)
    return low, high


def _cabin(plan: _Plan, low: F64, high: F64, style: dict[str, list[list[float]]]) -> list[Loft]:
    """Glass all around, and the roof and the pillars that stand before it."""
    share = _ROWS[:, None, None]
    rings = low + (high - low) * share
    # Glass swells a little between belt and roof.
    rings[..., 0] *= 1 + 0.06 * share[..., 0] * (1 - share[..., 0])
    out = [Loft(rings[None], "windows", "glass", 0, -1)]
    out.append(_roof(plan, high))
    posts = np.stack([rings[:, list(c)].mean(axis=1) for c in _CORNERS])
    section = outline(1.0, 1.0, 0.5, 2)
    size = np.broadcast_to([0.03, 0.05], (4, len(_ROWS), 2))
    # Inwards by half their width, so that they stand just proud of the glass.
    centre = posts[..., [0, 2]] - np.sign(posts[..., [0, 2]]) * [0.012, 0.0]
    corner = upright(section, posts[..., 1], size, centre)
    out.append(Loft(corner, "pillars", "paint"))
    out += [_patch(rings, start, stop) for start, stop in style["pillars"]]
    return out


def _patch(rings: F64, start: float, stop: float) -> Loft:
    """Painted metal on both sides of the cabin, between two shares of its length from the front."""
    # The outline's first edge along z runs from the front corner to the rear one.
    edge = rings[:, 3:10]
    at = np.linspace(start, stop, 5) * (edge.shape[1] - 1)
    index = np.minimum(at.astype(int), edge.shape[1] - 2)
    weight = (at - index)[:, None]
    line = edge[:, index] * (1 - weight) + edge[:, index + 1] * weight
    outer, inner = line.copy(), line[:, ::-1].copy()
    outer[..., 0] += 0.006
    inner[..., 0] -= 0.03
    # From above: along the outer side to the rear, and back inside.
    right = np.concatenate([outer, inner], axis=1)
    left = right[:, ::-1] * np.array([-1.0, 1.0, 1.0])
    return Loft(np.stack([right, left]), "pillars", "paint")


def _roof(plan: _Plan, edge: F64) -> Loft:
    middle = np.array([0.0, 0.0, (plan.roof_front + plan.roof_rear) / 2])
    spread = [0.97, 1.02, 1.02, 0.95, 0.7, 0.35]
    lift = [-0.012, -0.006, 0.008, 0.024, 0.0, 0.0]
    rings = np.empty((1, len(spread), len(edge), 3))
    half = np.abs(edge[:, 0]).max()
    for i, (s, up) in enumerate(zip(spread, lift, strict=True)):
        ring = middle + (edge - middle) * np.array([s, 1.0, s])
        ring[:, 1] = edge[:, 1] + up
        if i > 2:
            ring[:, 1] = plan.roof(ring[:, 0] / half, ring[:, 2]) - (0.004 if i == 3 else 0.0)
        rings[0, i] = ring
    return Loft(rings, "roof", "paint", 1, -4)


def _axles(plan: _Plan) -> Axles:
    z = np.array([plan.front, plan.front, plan.rear, plan.rear])
    out = [plan.half_at(plan.front) * 0.985 - 0.012, plan.half_at(plan.rear) * 0.985 - 0.012]
    side = np.array([-1.0, 1.0, -1.0, 1.0])
    face = side * np.array([out[0], out[0], out[1], out[1]])
    return Axles(side, face, z, plan.radius)


def _on_end(hull: _Hull, loft: Loft, front: bool) -> Loft:
    """Lay blocks drawn about z = 0 onto the nose or the tail, following its rounding."""
    pick = slice(-1, -7, -1) if front else slice(0, 6)
    away = np.abs(hull.z[pick] - hull.z[pick][0])
    rings = loft.rings.copy()
    y = rings[..., 1]
    back = np.interp(np.abs(rings[..., 0]), hull.half[pick] * 0.985, away)
    back = np.maximum(back, np.interp(y, hull.high[pick], away))
    back = np.maximum(back, np.interp(-y, -hull.low[pick], away))
    end = hull.z[pick][0]
    rings[..., 2] += end - np.sign(end) * back
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


def _details(
    plan: _Plan,
    hull: _Hull,
    roof_edge: F64,
    values: Values,
    style: dict[str, list[list[float]]],
    trimmed: bool,
) -> list[Loft]:
    """Lights, grille, underbody, door handles and rails."""
    half = plan.half_at(plan.nose - 0.1)
    hood, sill = plan.top_at(plan.nose), plan.sill
    tall = hood - sill
    grid = Grid(2, 1, 4, 0, 2, 0)
    light = 0.3 * values["light_size"]
    level = sill + tall * 0.70
    lamp_low = places(np.array([-0.90, 0.50]) * half, level - light * 0.32, -0.1)
    lamp_high = places(np.array([-0.50, 0.90]) * half, level + light * 0.32, 0.012)
    lamps = blocks(lamp_low, lamp_high, "headlights", "light", radius=0.01, grid=grid)
    grille = blocks(
        places(-half * 0.44, sill + tall * 0.26, -0.1),
        places(half * 0.44, sill + tall * 0.66, 0.008),
        "grille",
        "plastic",
        radius=0.01,
        grid=grid,
    )
    rear_top = plan.top_at(plan.tail)
    back_half = plan.half_at(plan.tail + 0.1)
    level = sill + (rear_top - sill) * 0.74
    low = places(np.array([-0.92, 0.55]) * back_half, level - light * 0.3, -0.012)
    high = places(np.array([-0.55, 0.92]) * back_half, level + light * 0.3, 0.1)
    tails = blocks(low, high, "taillights", "lens", radius=0.01, grid=grid)
    tread = plan.half_at(plan.front) - values["wheel_width"] - 0.07
    tread = max(tread, 0.2)
    under = blocks(
        places(-tread, sill * 0.9, plan.rear - plan.arch - 0.03),
        places(tread, plan.radius + plan.arch + 0.02, plan.front + plan.arch + 0.03),
        "underbody",
        "plastic",
        radius=0.02,
    )
    handles = _handles(plan, style)
    out = [_on_end(hull, lamps, True), _on_end(hull, grille, True), _on_end(hull, tails, False)]
    out += [under, handles]
    if trimmed:
        out += _trim(plan, hull, half, back_half)
    if style["rails"]:
        edge = roof_edge[3:10]
        start, stop = edge[1], edge[-2]
        z0, z1 = stop[2], start[2]
        x = float(edge[:, 0].min()) - 0.06
        low = places(_SIDE * x - 0.014, -0.05, z0)
        high = places(_SIDE * x + 0.014, 0.035, z1)
        rails = blocks(low, high, "rails", "metal", radius=0.012, grid=Grid(2, 2, 0, 6))
        rails.rings[..., 1] += plan.roof(np.array(0.85), rails.rings[..., 2])
        out.append(rails)
    return out


def _trim(plan: _Plan, hull: _Hull, half: float, back_half: float) -> list[Loft]:
    """Dark lips under both bumpers and dark sills between the wheels."""
    sill, grid = plan.sill, Grid(2, 1, 6, 0, 2, 0)
    tall = 0.2 * (plan.top_at(plan.nose) - sill)
    low, high = sill + 0.4 * tall, sill + 1.25 * tall
    front = blocks(
        places(-half * 0.86, low, -0.12),
        places(half * 0.86, high, 0.006),
        "trim",
        "plastic",
        radius=0.012,
        grid=grid,
    )
    rear = blocks(
        places(-back_half * 0.86, low, -0.006),
        places(back_half * 0.86, high, 0.12),
        "trim",
        "plastic",
        radius=0.012,
        grid=grid,
    )
    start, stop = plan.rear + plan.arch + 0.02, plan.front - plan.arch - 0.02
    x = _SIDE * min(plan.half_at(start), plan.half_at(stop))
    sills = blocks(
        places(np.minimum(x * 0.90, x * 0.994), sill - 0.012, start),
        places(np.maximum(x * 0.90, x * 0.994), sill + 0.6 * tall, stop),
        "trim",
        "plastic",
        radius=0.02,
    )
    return [_on_end(hull, front, True), _on_end(hull, rear, False), sills]


def _handles(plan: _Plan, style: dict[str, list[list[float]]]) -> Loft:
    z = plan.roof_front - (plan.roof_front - plan.deck) * np.array(style["handles"][0])
    belt = plan.top(z) - 0.12
    share = (belt - plan.sill) / (belt + 0.12 - plan.sill)
    x = plan.half_width(z) * np.interp(share, _RISE, _FLANK)
    x, y, z = np.concatenate([-x, x]), np.concatenate([belt, belt]), np.concatenate([z, z])
    out = 0.018 * np.sign(x)
    low = places(np.minimum(x, x + out) - 0.012, y - 0.012, z - 0.085)
    high = places(np.maximum(x, x + out) + 0.002, y + 0.012, z + 0.085)
    return blocks(low, high, "handles", "paint", radius=0.008)


def _bed(plan: _Plan) -> list[Loft]:
    """A pickup's open bed: two walls, a tailgate and the cabin's rear wall."""
    rear, front = plan.tail + 0.07, plan.deck + 0.02
    top = plan.values["belt_height"] + plan.values["belt_rise"]
    floor = plan.top_at(plan.tail)
    half = plan.half_at(plan.tail + 0.3)
    low = places(
        np.array([-half * 0.985, half * 0.985 - 0.08, -half * 0.97, -half * 0.88]),
        floor - 0.14,
        np.array([rear, rear, rear - 0.05, front - 0.08]),
    )
    high = places(
        np.array([-half * 0.985 + 0.08, half * 0.985, half * 0.97, half * 0.88]),
        np.array([top, top, top - 0.004, top]),
        np.array([front, front, rear + 0.03, front + 0.02]),
    )
    return [blocks(low, high, "bed", "paint", radius=0.02, grid=Grid(2, 2))]


def _mirrors(plan: _Plan) -> Loft:
    z = plan.cowl - 0.22
    y = plan.top_at(z) + 0.10
    inner = plan.half_at(z) * 0.86
    outer = plan.half + 0.09
    low = places(np.array([-outer, inner]), y - 0.07, z - 0.06)
    high = places(np.array([-inner, outer]), y + 0.07, z + 0.07)
    return blocks(low, high, "mirrors", "paint", radius=0.035, grid=Grid(3, 3))


FAMILY = FurnitureFamily(_SPEC, assemble)
