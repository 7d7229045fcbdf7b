"""A product in the hand: where it goes while it is held, and what comes of letting go. Pure.

Furniture is pushed over the floor: the point that was grabbed stays under the ray. A garment hangs
from the hand. Neither changes anything in the visit before it is let go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..protocol.limits import Transform
from ..protocol.messages import Command
from .controls import Controls, HandInput, Side, past_dead_zone
from .ground import F64, Place
from .locomotion import Rig
from .openxr_view import yaw_of
from .teleport import ray_of
from .wares import Hit, Ware

REACH = 8.0
"""Nothing is pushed further away, metres."""

IN_HAND = 0.18
"""How far before the hand a garment hangs, metres."""

ON_BODY = 0.36
"""A garment let go so near to the visitor's own middle is tried on, metres."""

DOWN = -0.75
"""A ray from the eyes that goes down so steeply means oneself: the sine of about 49 degrees."""

_EYES = 0.05

TURN_SPEED, SCALE_SPEED = 1.6, 0.5
"""Radians, and growth by e, a second with the stick pushed to its end."""

WHEEL_TURN, WHEEL_WAY = math.pi / 12, 1.15
"""What one notch of a wheel turns furniture by, and brings a garment nearer by."""

PULL = 6.0
"""A garment grabbed from afar comes to the hand at this rate, per second."""

_PLANE = 0.5
_STILL, _STILL_TURN, _STILL_SCALE = 0.02, 0.02, 0.01


@dataclass(frozen=True)
class TwoHands:
    """What the second hand began with: the hands' distance and direction, and the product's."""

    side: Side
    far: float
    angle: float
    factor: float
    yaw: float


@dataclass(frozen=True)
class Hold:
    """One product in a hand.

    Attributes:
        target, kind: of the product.
        side: the hand; ``two``: the other one, while it helps.
        start: where the product was.
        transform: where it is shown now, in the room.
        factor: how much larger than it was.
        limits: smallest and largest factor.
        far: distance of a garment along the ray, metres.
        offset: of furniture, from the ray's point on the plane to the product (x, z).
        plane: height of that plane, metres.
        on_body: a garment would be tried on if it were let go now.
        lost: seconds since the hand was last tracked.
    """

    target: str
    kind: str
    side: Side
    start: Transform
    transform: Transform
    factor: float = 1.0
    limits: tuple[float, float] = (1.0, 1.0)
    far: float = 0.0
    near: float = IN_HAND
    offset: Place = (0.0, 0.0)
    plane: float = 0.0
    yaw: float = 0.0
    hang: tuple[float, float, float] = (0.0, 0.0, 0.0)
    two: TwoHands | None = None
    on_body: bool = False
    lost: float = 0.0

    @property
    def moved(self) -> bool:
        """Whether it is any different from when it was grabbed."""
        dx, dz = self.transform[0] - self.start[0], self.transform[2] - self.start[2]
        turned = math.remainder(self.yaw - _yaw(self.start), 2 * math.pi)
        return (
            math.hypot(dx, dz) > _STILL
            or abs(turned) > _STILL_TURN
            or abs(self.factor - 1.0) > _STILL_SCALE
        )

    def released(self) -> Command | None:
        """What letting go asks of the visit; None leaves all as it was."""
        if self.kind == "garment":
            return Command(action="try_on", target=self.target) if self.on_body else None
        if not self.moved:
            return None
        scaled = abs(self.factor - 1.0) > _STILL_SCALE
        return Command(
            action="place",
            target=self.target,
            at=(self.transform[0], self.transform[2], self.yaw),
            factor=round(self.factor, 4) if scaled else None,
        )


def grab(ware: Ware, hit: Hit | None, aim: Transform, side: Side, *, near: float = IN_HAND) -> Hold:
    """Take a product by where a ray meets it, or by its middle.

    Args:
        aim: the hand's ray, in the room.
        near: how far before the hand a garment is brought, metres.
    """
    shape = ware.shape
    low, high = (shape.low, shape.high) if shape is not None else (np.zeros(3), np.zeros(3))
    middle = (low + high) / 2
    origin, ahead = ray_of(aim)
    # From the middle of its top edge, as by the neck.
    hang = (float(middle[0]), float(high[1]), float(middle[2]))
    far = hit.distance if hit is not None else near
    hold = Hold(
        ware.target, ware.kind, side, ware.transform, ware.transform, 1.0, ware.factors,
        far=far, near=near, yaw=ware.yaw, hang=hang,
    )  # fmt: skip
    if ware.kind == "garment":
        return replace(hold, limits=(1.0, 1.0))
    at = hit.point if hit is not None else (ware.transform[0], float(middle[1]), ware.transform[2])
    plane = max(0.0, min(at[1], float(origin[1]) - _PLANE))
    x, z = _on_plane(origin, ahead, plane)
    return replace(hold, plane=plane, offset=(ware.transform[0] - x, ware.transform[2] - z))


def carry(hold: Hold, controls: Controls, rig: Rig, seconds: float) -> Hold:
    """The product one frame on: it follows the hand, its stick, the wheel, and a second hand."""
    hand = controls.hand(hold.side)
    if hand.aim is None:
        return replace(hold, lost=hold.lost + seconds)
    hold = replace(hold, lost=0.0)
    origin, ahead = ray_of(rig.place(hand.aim))
    if hold.kind == "garment":
        return _hung(hold, controls, rig, origin, ahead, seconds)
    hold = _both(hold, controls, rig) if hold.two else _by_stick(hold, hand, seconds)
    yaw = hold.yaw + (0.0 if hold.two else controls.wheel * WHEEL_TURN)
    x, z = _on_plane(origin, ahead, hold.plane)
    half = yaw / 2
    there: Transform = (
        x + hold.offset[0], hold.start[1], z + hold.offset[1],
        0.0, math.sin(half), 0.0, math.cos(half),
    )  # fmt: skip
    return replace(hold, yaw=yaw, transform=there)


def with_second(hold: Hold, controls: Controls, rig: Rig, side: Side) -> Hold:
    """The other hand helps: from now on both turn and scale it."""
    apart = _apart(controls, rig, hold.side, side)
    if apart is None or hold.kind == "garment":
        return hold
    return replace(hold, two=TwoHands(side, apart[0], apart[1], hold.factor, hold.yaw))


def _both(hold: Hold, controls: Controls, rig: Rig) -> Hold:
    two = hold.two
    assert two is not None
    apart = _apart(controls, rig, hold.side, two.side)
    if apart is None:
        return hold
    factor = two.factor * apart[0] / max(two.far, 0.05)
    turned = math.remainder(apart[1] - two.angle, 2 * math.pi)
    return replace(hold, factor=_within(factor, hold.limits), yaw=two.yaw + turned)


def _by_stick(hold: Hold, hand: HandInput, seconds: float) -> Hold:
    x, y = past_dead_zone(hand.stick)
    # One thing at a time: the stick's greater way counts.
    x, y = (x, 0.0) if abs(x) >= abs(y) else (0.0, y)
    factor = _within(hold.factor * math.exp(y * SCALE_SPEED * seconds), hold.limits)
    return replace(hold, yaw=hold.yaw - x * TURN_SPEED * seconds, factor=factor)


def _hung(
    hold: Hold, controls: Controls, rig: Rig, origin: F64, ahead: F64, seconds: float
) -> Hold:
    """A garment before the hand, upright, its front to the visitor."""
    near = hold.near * WHEEL_WAY**-controls.wheel
    near = min(max(near, 0.12), 3.0)
    far = near + (hold.far - near) * math.exp(-PULL * seconds)
    point = origin + ahead * far
    head = rig.place(controls.head) if controls.head is not None else None
    on_body = head is not None and _over_body(head, origin, ahead, point)
    # What faces +Z at yaw 0 shall face the visitor.
    yaw = hold.yaw if head is None else math.atan2(head[0] - point[0], head[2] - point[2])
    if head is not None and math.hypot(head[0] - point[0], head[2] - point[2]) < ON_BODY:
        yaw = yaw_of(head) + math.pi  # As it will be worn: facing away from the visitor's eyes.
    c, s = math.cos(yaw), math.sin(yaw)
    u, top, v = hold.hang
    there: Transform = (
        float(point[0]) - (c * u + s * v), float(point[1]) - top,
        float(point[2]) - (-s * u + c * v),
        0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2),
    )  # fmt: skip
    return replace(hold, transform=there, yaw=yaw, far=far, near=near, on_body=on_body)


def _over_body(head: Transform, origin: F64, ahead: F64, point: F64) -> bool:
    """Whether a garment is before the visitor's trunk, or a ray from elsewhere points at it."""
    high, low = head[1], 0.35 * head[1]
    if math.hypot(point[0] - head[0], point[2] - head[2]) < ON_BODY:
        return bool(low <= point[1] <= high + 0.1)
    away = np.array((head[0] - origin[0], head[2] - origin[2]))
    if float(np.hypot(*away)) < _EYES:
        return bool(ahead[1] < DOWN)  # A window's ray comes from the eyes: down at oneself.
    if float(np.hypot(*away)) < 2 * ON_BODY:
        return False  # It is the visitor's own hand.
    flat = np.array((ahead[0], ahead[2]))
    length = float(flat @ flat)
    if length < 1e-6:
        return False
    t = float(away @ flat) / length
    beside = abs(float(away[0] * flat[1] - away[1] * flat[0])) / math.sqrt(length)
    height = float(origin[1] + t * ahead[1])
    return bool(t > 0.0 and beside < ON_BODY and low <= height <= high + 0.1)


def _on_plane(origin: F64, ahead: F64, height: float) -> Place:
    """The (x, z) at which a ray meets a level plane, at most :data:`REACH` metres away."""
    flat = max(math.hypot(ahead[0], ahead[2]), 1e-6)
    drop = float(height - origin[1])
    t = drop / ahead[1] if ahead[1] * drop > 0.0 else math.inf
    t = min(t, REACH / flat)
    return float(origin[0] + t * ahead[0]), float(origin[2] + t * ahead[2])


def _apart(controls: Controls, rig: Rig, one: Side, other: Side) -> tuple[float, float] | None:
    """The hands' distance, metres, and the direction from one to the other, as a yaw."""
    a, b = controls.hand(one).grip, controls.hand(other).grip
    if a is None or b is None:
        return None
    p, q = rig.place(a), rig.place(b)
    return math.dist(p[:3], q[:3]), math.atan2(q[0] - p[0], q[2] - p[2])


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def _yaw(transform: Transform) -> float:
    return 2.0 * math.atan2(transform[4], transform[6])
