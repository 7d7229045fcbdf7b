"""Sofas: loveseats to five seats, chaises, corners, chesterfields; an armchair has one seat."""

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
    mirrored,
    places,
    prisms,
    tufted,
    turned,
)
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import LegStyle, legs
from .furniture_solids import F64, Loft
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))
_CLOTH = "upholstery"


@dataclass(frozen=True)
class _Plan:
    """Where things are, metres: x and z on the floor, y up.

    Attributes:
        half: half the width.
        rear, front: z of the back's rear and of the seat's front.
        far: z of the front of a chaise or of a corner's return.
        arm: width of an arm, 0 without arms.
        back: thickness of the whole back at the seat.
        leg: height of the legs.
        seat: y of the top of the seat.
        deck: y of what the seat cushions lie on.
        side: -1, 0 or 1: the side (of x) on which a chaise or a return stands.
        turning: whether that side has a back of its own.
    """

    half: float
    rear: float
    front: float
    far: float
    arm: float
    back: float
    leg: float
    seat: float
    deck: float
    side: float
    turning: bool

    @property
    def face(self) -> float:
        """Z of the back's front at the seat."""
        return self.rear + self.back

    def inner(self, sign: float) -> float:
        """X of the seat's end on one side."""
        if self.turning and sign == self.side:
            return sign * (self.half - self.back)
        return sign * (self.half - self.arm)


def assemble(values: Values, choices: Choices) -> Assembly:
    """A sofa's lofts; see ``sofa.toml`` for what the values mean."""
    plan = _plan(values, choices)
    lofts = _frame(plan, values, choices)
    lofts += _arms(plan, values, choices)
    lofts += _seat(plan, values, choices)
    lofts += _back(plan, values, choices)
    if choices["pillows"] == "two":
        lofts.append(_pillows(plan, values))
    anchors: Anchors = {
        "seat": (0.0, plan.seat, (plan.face + plan.front) / 2),
        "back_top": (0.0, values["height"], plan.rear),
        "floor": (0.0, 0.0, 0.0),
    }
    if plan.arm:
        rest = plan.seat + values["arm_height"]
        anchors["left_arm"] = (plan.half - plan.arm / 2, rest, 0.0)
        anchors["right_arm"] = (-plan.half + plan.arm / 2, rest, 0.0)
    return Assembly(lofts, plan.seat, anchors)


def _plan(values: Values, choices: Choices) -> _Plan:
    height, depth = values["height"], values["depth"]
    seat = min(values["seat_height"], height - 0.15)
    leg = min(values["leg_height"], seat * 0.5)
    if choices["base"] == "skirt":
        leg = 0.012
    elif choices["base"] == "plinth":
        leg = min(leg, 0.12)
    thick = min(values["seat_cushion"], (seat - leg) * 0.75)
    layout = choices["layout"]
    side = {"left": 1.0, "right": -1.0}.get(layout.rpartition("_")[2], 0.0)
    body = depth if layout == "straight" else depth * values["body_depth"]
    back = values["back_thickness"]
    if choices["back"] == "cushions":
        back += values["back_cushion"] * 0.9
    back = min(back, body * 0.5)
    arm = 0.0 if choices["arms"] == "none" else min(values["arm_width"], values["width"] * 0.22)
    return _Plan(
        half=values["width"] / 2,
        rear=-depth / 2,
        front=-depth / 2 + body,
        far=depth / 2,
        arm=arm,
        back=back,
        leg=leg,
        seat=seat,
        deck=seat - thick,
        side=side,
        turning=layout.startswith("corner"),
    )


def _frame(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    """The box under the seat and what it stands on."""
    inset = 0.012
    x = np.array([plan.inner(-1) - 0.02, plan.inner(1) + 0.02])
    if not plan.arm:
        x = np.array([-plan.half, plan.half]) * (1 - 0.004 / plan.half)
    if plan.turning:
        # Under the return's back cushions too.
        x[1 if plan.side > 0 else 0] = plan.side * (plan.half - 0.02)
    low = [[x[0], plan.leg, plan.rear + 0.02]]
    high = [[x[1], plan.deck + 0.004, plan.front - inset]]
    if plan.side:
        edge = _return_edge(plan, int(choices["seats"]))
        outer = x[1 if plan.side > 0 else 0] - plan.side * 0.001
        ends = sorted((edge + plan.side * 0.004, outer))
        low.append([ends[0], plan.leg, plan.front - 0.1])
        high.append([ends[1], plan.deck + 0.003, plan.far - inset])
    out = [blocks(low, high, "frame", _CLOTH, radius=0.012, grid=SMOOTH)]
    return out + _stand(plan, values, choices)


def _return_edge(plan: _Plan, seats: int) -> float:
    """X of the inner side of a chaise or of a corner's return."""
    if plan.turning:
        return plan.side * (plan.half - (plan.front - plan.rear))
    width = (plan.inner(1) - plan.inner(-1)) / seats
    return plan.inner(plan.side) - plan.side * width


def _stand(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    if choices["base"] == "skirt":
        return []
    rear, front = plan.rear + 0.05, plan.front - 0.05
    if choices["base"] == "plinth":
        low = [[-plan.half + 0.05, 0.0, rear]]
        high = [[plan.half - 0.05, plan.leg + 0.004, front]]
        if plan.side:
            edge = _return_edge(plan, int(choices["seats"])) + plan.side * 0.05
            outer = plan.half if plan.turning else plan.side * plan.inner(plan.side)
            ends = sorted((edge, plan.side * (outer - 0.05)))
            low.append([ends[0], 0.0, front - 0.1])
            high.append([ends[1], plan.leg + 0.003, plan.far - 0.05])
        return [blocks(low, high, "base", "wood")]
    thick = values["leg_thickness"]
    inside = values["leg_inset"] + thick / 2
    x, z = plan.half - inside, np.array([plan.rear + inside, plan.front - inside])
    top = [[-x, z[0]], [x, z[0]], [-x, z[1]], [x, z[1]]]
    if plan.side:
        reach = plan.far - inside
        top[3 if plan.side > 0 else 2] = [plan.inner(plan.side) - plan.side * inside, reach]
        if plan.turning:
            top[3 if plan.side > 0 else 2][0] = plan.side * x
        top.append([_return_edge(plan, int(choices["seats"])) + plan.side * inside, reach])
    upper = np.array(top)
    middle = np.array([0.0, (plan.rear + plan.front) / 2])
    foot = upper + np.sign(upper - middle) * min(values["leg_splay"], values["leg_inset"])
    material = "metal" if choices["base"] == "metal" else "wood"
    kind = {"square": "square", "round": "round", "turned": "turned"}.get(choices["base"], "round")
    style = LegStyle(kind, thick, values["leg_taper"], 1.0, _SPEC.extra["turned"])
    return [legs(upper, foot, plan.leg + 0.004, style, "legs", material)]


def _arms(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    kind = choices["arms"]
    if kind == "none":
        return []
    top = plan.seat + min(values["arm_height"], values["height"] - plan.seat)
    rear, round_ = plan.rear + 0.012, values["edge_round"]
    sides = [s for s in (-1.0, 1.0) if not (plan.turning and s == plan.side)]
    if kind == "rolled":
        section = _roll(plan.arm, plan.leg, top)
        both = mirrored(section)
        both[0] += [plan.half - plan.arm, 0.0]
        both[1] -= [plan.half - plan.arm, 0.0]
        chosen = both[[0 if s > 0 else 1 for s in sides]]
        out = [prisms(chosen, rear, plan.front, 0.012, "arms", _CLOTH)]
    else:
        pad = min(0.09, (top - plan.seat) * 0.6) if kind == "pillow" else 0.0
        low = [[min(s * plan.half, s * (plan.half - plan.arm)), plan.leg, rear] for s in sides]
        high = [
            [max(s * plan.half, s * (plan.half - plan.arm)), top - pad, plan.front] for s in sides
        ]
        if kind == "pillow":
            for corner in (low, high):
                for row in corner:
                    row[0] *= 1 - 0.15 * plan.arm / plan.half
        out = [blocks(low, high, "arms", _CLOTH, radius=round_, grid=_ARM)]
        if kind == "pillow":
            spans = [sorted((s * plan.half, s * (plan.half - plan.arm))) for s in sides]
            under = [[a, top - pad - 0.03, rear + 0.01] for a, _ in spans]
            over = [[b, top, plan.front + 0.006] for _, b in spans]
            out.append(
                blocks(under, over, "arms", _CLOTH, radius=0.05, puff=(0, 0.02, 0), grid=CUSHION)
            )
    if plan.turning:
        # The return's arm closes its front end.
        ends = sorted((_return_edge(plan, 1), plan.side * plan.half))
        out.append(
            blocks(
                [ends[0], plan.leg, plan.far - plan.arm],
                [ends[1], top, plan.far],
                "arms",
                _CLOTH,
                radius=round_,
                grid=_ARM,
            )
        )
    return out


_ARM = Grid(corner=4, rim=3, along_x=0, along_z=2, side=0, inner=1)


def _roll(width: float, low: float, top: float) -> F64:
    """(k, 2) section of a right-hand rolled arm from its inner side: a panel under a roll."""
    radius = min(width * 0.5, (top - low) * 0.35)
    middle = np.array([width - radius, top - radius])
    turn = np.linspace(-0.28 * np.pi, 1.1 * np.pi, 15)
    roll = middle + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    neck = max(width * 0.2, min(roll[-1, 0], width * 0.3))
    foot = [[neck * 0.0, low], [max(roll[0, 0] - 0.03, width * 0.55), low]]
    inner = [[0.0, roll[-1, 1] - radius * 0.5]]
    roll[:, 0] = np.maximum(roll[:, 0], 0.0)
    shoulder = [[foot[1][0], roll[0, 1] - radius * 0.4]]
    return np.concatenate([foot, shoulder, roll, inner])


def _seat(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    seats = int(choices["seats"])
    edges = np.linspace(plan.inner(-1), plan.inner(1), seats + 1)
    rear, front = plan.face - 0.03, plan.front + 0.004
    fronts = np.full(seats, front)
    if plan.turning:
        corner = _return_edge(plan, seats)
        if plan.side > 0:
            edges = np.append(np.linspace(plan.inner(-1), corner, seats), plan.inner(1))
        else:
            edges = np.append(plan.inner(-1), np.linspace(corner, plan.inner(1), seats))
    elif plan.side:
        fronts[-1 if plan.side > 0 else 0] = plan.far + 0.004
    if choices["seat"] == "bench" and not plan.side:
        edges, fronts = edges[[0, -1]], fronts[:1]
    gap = 0.002
    low = np.stack([edges[:-1] + gap, np.full(len(fronts), plan.deck), np.full(len(fronts), rear)])
    high = np.stack([edges[1:] - gap, np.full(len(fronts), plan.seat), fronts])
    low, high = low.T.copy(), high.T.copy()
    if plan.turning:
        z = np.linspace(plan.front + 0.004, plan.far - plan.arm, 3)
        ends = sorted((_return_edge(plan, seats), plan.inner(plan.side) + plan.side * 0.03))
        more = np.array([[ends[0], plan.deck, z[0] + gap], [ends[0], plan.deck, z[1] + gap]])
        low = np.concatenate([low, more])
        more = np.array([[ends[1], plan.seat, z[1] - gap], [ends[1], plan.seat, z[2] - gap]])
        high = np.concatenate([high, more])
    plump = values["plumpness"]
    puff = (plump * 0.1, plump * 0.55, plump * 0.35)
    loft = blocks(
        low, high, "seat_cushions", _CLOTH, radius=values["edge_round"], puff=puff, grid=CUSHION
    )
    return [loft]


def _back(plan: _Plan, values: Values, choices: Choices) -> list[Loft]:
    style, seats = choices["back"], int(choices["seats"])
    top, tilt = values["height"], values["back_tilt"]
    reach = plan.half - plan.arm + 0.01 + values["back_reach"] * max(plan.arm - 0.016, -0.01)
    x = [-reach, reach]
    if plan.turning:
        x[1 if plan.side > 0 else 0] = plan.side * plan.half
    frame_top = top
    thick = plan.back
    if style == "cushions":
        frame_top = plan.seat + (top - plan.seat) * values["back_frame"]
        thick = min(values["back_thickness"], plan.back * 0.6)
    round_ = min(values["edge_round"] * 1.3, thick * 0.45)
    grid, count = _BACK_GRID[style], 1
    if style in ("tufted", "channel"):
        count = min(3 * seats, 9) if style == "tufted" else min(4 * seats, 14)
        points = 6 if style == "tufted" else 5
        grid = Grid(3, 3, count * points - 1, 0, grid.side, 1)
    block = blocks(
        [x[0], plan.leg, plan.rear],
        [x[1], frame_top, plan.rear + thick],
        "back",
        _CLOTH,
        radius=round_,
        grid=grid,
    )
    area = np.array([x[0], plan.seat - 0.03]), np.array([x[1], frame_top])
    depth = min(0.05, thick * 0.3)
    if style == "tufted":
        block = tufted(block, *area, (count, 3), depth)
    elif style == "channel":
        block = channelled(block, *area, count, depth * 0.7)
    # What is above the seat leans; what is below it stands.
    out = [_sloped(block, tilt, plan.seat)]
    if plan.turning:
        ends = sorted((plan.side * plan.half, plan.side * (plan.half - thick)))
        side = blocks(
            [ends[0], plan.leg, plan.rear + 0.03],
            [ends[1], frame_top - 0.002, plan.far - plan.arm * 0.5],
            "back",
            _CLOTH,
            radius=round_,
            grid=_BACK_GRID["tight"],
        )
        out.append(side)
    if style == "cushions":
        out.append(_back_cushions(plan, values, seats, thick))
    return out


_BACK_GRID = {
    "cushions": Grid(corner=3, rim=3, along_x=2, along_z=0, side=1, inner=1),
    "tight": Grid(corner=3, rim=3, along_x=2, along_z=0, side=1, inner=1),
    "tufted": Grid(side=9),
    "channel": Grid(side=2),
}


def _sloped(loft: Loft, tilt: float, seat: float) -> Loft:
    """Sheared backwards above the seat; the front face more than the rear one."""
    rings = loft.rings.copy()
    z = rings[..., 2]
    low, high = float(z.min()), float(z.max())
    front = (z - low) / max(high - low, 1e-6)
    rings[..., 2] = z - np.tan(tilt) * np.maximum(rings[..., 1] - seat, 0) * (0.35 + 0.3 * front)
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


def _back_cushions(plan: _Plan, values: Values, seats: int, frame: float) -> Loft:
    thick = plan.back - frame + 0.03
    start, stop = plan.inner(-1), plan.inner(1)
    if plan.turning:
        # The last one fills the corner.
        corner = plan.side * (plan.half - frame)
        start, stop = (start, corner) if plan.side > 0 else (corner, stop)
    edges = np.linspace(start, stop, seats + 1)
    gap, low_y = 0.003, plan.seat - 0.02 - values["plumpness"] * 0.3
    z = plan.rear + frame - 0.03
    low = np.stack([edges[:-1] + gap, np.full(seats, low_y), np.full(seats, z)], axis=1)
    top = values["height"]
    high = np.stack([edges[1:] - gap, np.full(seats, top), np.full(seats, z + thick)], axis=1)
    plump = values["plumpness"]
    puff = (plump * 0.1, plump * 0.35, plump * 0.6)
    loft = blocks(
        low, high, "back_cushions", _CLOTH, radius=values["edge_round"], puff=puff, grid=CUSHION
    )
    loft = leaned(loft, values["back_tilt"] * 0.55, (plan.seat, z))
    if not plan.turning:
        return loft
    # Three along the return: one beside the corner seat, two on the return itself.
    edge = np.append(plan.face, np.linspace(plan.front, plan.far - plan.arm, 3))
    middle = (edge[0] + edge[-1]) / 2
    edge = (edge - middle) * plan.side
    first, last = np.minimum(edge[:-1], edge[1:]), np.maximum(edge[:-1], edge[1:])
    more = blocks(
        places(first + gap, low_y, 0.0),
        places(last - gap, top, thick),
        "",
        "",
        radius=values["edge_round"],
        puff=puff,
        grid=CUSHION,
    )
    more = leaned(more, values["back_tilt"] * 0.55, (plan.seat, 0.0))
    more = turned(more, -plan.side * np.pi / 2, np.zeros(2))
    more.rings[..., 0] += plan.side * (plan.half - frame + 0.03)
    more.rings[..., 2] += middle
    rings = np.concatenate([loft.rings, more.rings])
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


def _pillows(plan: _Plan, values: Values) -> Loft:
    """Two throw pillows that lean in the outer seats' corners."""
    room = min(values["height"] - plan.seat + 0.05, (plan.inner(1) - plan.inner(-1)) * 0.42)
    side = min(values["pillow_size"], room, (plan.front - plan.face) * 0.85)
    thick = side * 0.34
    sign = np.array([-1.0, 1.0])
    x = np.array([plan.inner(-1), plan.inner(1)]) - sign * (side * 0.55 + 0.02)
    z = plan.face + 0.015
    low = np.stack([x - side / 2, np.full(2, plan.seat - 0.015), np.full(2, z)], axis=1)
    high = low + np.array([side, side, thick])
    loft = blocks(
        low,
        high,
        "pillows",
        "accent",
        radius=0.025,
        puff=(0.0, 0.0, thick * 0.36),
        grid=Grid(corner=2, rim=2, along_x=5, side=4, inner=1),
    )
    loft = leaned(loft, 0.30, (plan.seat, z))
    return turned(loft, -sign * 0.22, np.stack([x, np.full(2, z)], axis=1))


FAMILY = FurnitureFamily(_SPEC, assemble)
