"""How a visitor moves: the play space in the room, walking, turning, teleporting, comfort. Pure.

On foot the visitor moves inside the play space; sticks, keys and teleports move the play space
itself, the :class:`Rig`. The rig turns about the visitor's head, so that nobody is swung around.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from ..protocol.limits import Transform
from .controls import LET_GO, PRESSED, Controls, Side, Tick, past_dead_zone
from .ground import Ground, Place
from .openxr_view import yaw_of
from .teleport import Arc, throw

Turning = Literal["snap", "smooth"]


@dataclass(frozen=True)
class Comfort:
    """What keeps a visitor from feeling sick; each may change it.

    Attributes:
        turning: in steps (``"snap"``) or steadily (``"smooth"``).
        step: of a snap turn, radians.
        turn_speed: of a smooth turn, radians a second.
        walking: whether the left stick walks; teleports always work.
        speed: of walking, metres a second.
        vignette: how far the edge of the view darkens while sticks move the visitor, 0 to 1.
        blink: how long the view is dark at a teleport or snap turn, seconds; 0 for not at all.
    """

    turning: Turning = "snap"
    step: float = math.pi / 6
    turn_speed: float = 1.6
    walking: bool = True
    speed: float = 1.4
    vignette: float = 0.7
    blink: float = 0.12


@dataclass(frozen=True)
class Rig:
    """Where the play space lies in the room: its origin (x, z) and its yaw about +Y."""

    x: float = 0.0
    z: float = 0.0
    yaw: float = 0.0

    def place(self, pose: Transform) -> Transform:
        """A pose of the play space in the room."""
        px, py, pz, x, y, z, w = pose
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        c, s = math.cos(self.yaw / 2), math.sin(self.yaw / 2)
        return (
            self.x + cos * px + sin * pz,
            py,
            self.z - sin * px + cos * pz,
            c * x + s * z,
            c * y + s * w,
            c * z - s * x,
            c * w - s * y,
        )

    def local(self, pose: Transform) -> Transform:
        """A pose of the room in the play space; undoes :meth:`place`."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        x, z = -(cos * self.x - sin * self.z), -(sin * self.x + cos * self.z)
        return Rig(x, z, -self.yaw).place(pose)

    def over(self, head: Transform, place: Place) -> Rig:
        """The rig that stands the head, a pose of the play space, over a place of the room."""
        now = self.place(head)
        return replace(self, x=self.x + place[0] - now[0], z=self.z + place[1] - now[2])

    def turned(self, head: Transform, angle: float) -> Rig:
        """The rig turned about the head; counter-clockwise seen from above is positive."""
        now = self.place(head)
        yaw = (self.yaw + angle + math.pi) % (2 * math.pi) - math.pi
        return replace(self, yaw=yaw).over(head, (now[0], now[2]))


@dataclass(frozen=True)
class Moved:
    """What came of one frame.

    Attributes:
        arc: of the teleport that is being aimed.
        landed: a teleport ended; the view jumped.
        vignette: 0 (clear) to 1: how far the view's edge is dark.
        dark: 0 to 1: how dark the whole view is: at a jump, or with the head in a wall.
        ticks: haptic pulses.
    """

    arc: Arc | None = None
    landed: bool = False
    vignette: float = 0.0
    dark: float = 0.0
    ticks: tuple[Tick, ...] = ()


@dataclass
class Locomotion:
    """Moves one visitor.

    Attributes:
        rig: where their play space lies.
        comfort: their settings; may be replaced at any time.
    """

    rig: Rig = field(default_factory=Rig)
    comfort: Comfort = field(default_factory=Comfort)
    _turned: bool = False
    _aiming: Side | None = None
    _arc: Arc | None = None
    _vignette: float = 0.0
    _blinked: float = math.inf

    def update(
        self,
        controls: Controls,
        ground: Ground,
        seconds: float,
        *,
        busy: frozenset[Side] = frozenset(),
        aim: Side | None = None,
    ) -> Moved:
        """Move by what the sticks say.

        Args:
            seconds: since the frame before.
            busy: hands whose sticks mean something else now.
            aim: the hand that aims a teleport without a stick; None lets a teleport that it
                aimed land.
        """
        head = controls.head
        if head is None or not (math.isfinite(seconds) and seconds >= 0.0):
            return Moved()
        self._blinked += seconds
        moving = 0.0
        if self.comfort.walking and "left" not in busy:
            moving = self._walk(controls, head, ground, seconds)
        turn, tick = self._turn(controls, head, seconds) if "right" not in busy else (0.0, False)
        hand = self._aiming or "right"
        landed = self._teleport(controls, head, ground, busy, aim)
        if landed or (tick and self.comfort.turning == "snap"):
            self._blinked = 0.0
        # In and out within a fifth of a second.
        goal = self.comfort.vignette * max(moving, turn)
        fade = min(1.0, seconds / 0.2) * max(self.comfort.vignette, 0.01)
        self._vignette += max(-fade, min(fade, goal - self._vignette))
        ticks = [Tick("right")] * tick + [Tick(hand, 0.04, 0.6)] * landed
        return Moved(self._arc, landed, self._vignette, self._dark(head, ground), tuple(ticks))

    def go(self, head: Transform, place: Place, yaw: float | None = None) -> None:
        """Stand the visitor at a place of the room, looking along ``yaw`` if given."""
        if yaw is not None:
            self.rig = self.rig.turned(head, yaw - yaw_of(self.rig.place(head)))
        self.rig = self.rig.over(head, place)

    def _walk(self, controls: Controls, head: Transform, ground: Ground, seconds: float) -> float:
        """Walk where one looks; how fast, 0 to 1."""
        right, ahead = past_dead_zone(controls.left.stick)
        if not (right or ahead):
            return 0.0
        now = self.rig.place(head)
        yaw, reach = yaw_of(now), self.comfort.speed * seconds
        cos, sin = math.cos(yaw), math.sin(yaw)
        move = ((right * cos - ahead * sin) * reach, (-right * sin - ahead * cos) * reach)
        there = ground.step((now[0], now[2]), move)
        self.rig = self.rig.over(head, there)
        return min(1.0, math.hypot(right, ahead))

    def _turn(self, controls: Controls, head: Transform, seconds: float) -> tuple[float, bool]:
        """Turn by the right stick's sideways way: how fast, 0 to 1, and whether a step was made."""
        x, y = controls.right.stick
        if self._aiming == "right" or abs(y) > abs(x):
            self._turned = self._turned and abs(x) > LET_GO
            return 0.0, False
        if self.comfort.turning == "smooth":
            speed = past_dead_zone((x, 0.0))[0]
            if speed:
                self.rig = self.rig.turned(head, -speed * self.comfort.turn_speed * seconds)
            return abs(speed), False
        step = abs(x) > PRESSED and not self._turned
        if step:
            self.rig = self.rig.turned(head, -math.copysign(self.comfort.step, x))
        self._turned = abs(x) > (LET_GO if self._turned else PRESSED)
        return 0.0, step

    def _teleport(
        self,
        controls: Controls,
        head: Transform,
        ground: Ground,
        busy: frozenset[Side],
        aim: Side | None,
    ) -> bool:
        x, y = controls.right.stick
        by_stick = "right" not in busy and y > (LET_GO if self._aiming == "right" else PRESSED)
        by_stick = by_stick and (self._aiming == "right" or y > abs(x))
        side: Side | None = "right" if by_stick else aim
        if side is not None:
            pose = controls.hand(side).aim
            self._aiming = side
            self._arc = throw(self.rig.place(pose), ground) if pose is not None else None
            return False
        arc, self._arc, self._aiming = self._arc, None, None
        if arc is None or arc.landing is None:
            return False
        self.rig = self.rig.over(head, arc.landing)
        return True

    @property
    def aiming(self) -> Side | None:
        """The hand that aims a teleport."""
        return self._aiming

    def cancel(self) -> None:
        """Aim no longer; nothing lands."""
        self._arc, self._aiming = None, None

    def _dark(self, head: Transform, ground: Ground) -> float:
        """Dark after a jump, and with the head in a wall: nobody looks through walls."""
        dark = 0.0
        if self.comfort.blink > 0.0:
            dark = max(0.0, 1.0 - self._blinked / self.comfort.blink)
        now = self.rig.place(head)
        if not ground.inside(now[0], now[2]):
            dark = 1.0
        return dark
