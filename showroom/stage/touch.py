"""What hands do to products: point, choose, grab, carry, try on, put back, talk. Pure.

One :class:`Touch` belongs to one visitor. Each frame it takes the :class:`Controls` and gives
:class:`Acts`: events for the visit, haptic pulses, and what is to be drawn. It never changes the
visit's state itself; what is held is only shown elsewhere until it is let go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import msgspec

from ..protocol.limits import Transform
from ..protocol.messages import Command, Event, Point
from .controls import SIDES, Controls, Held, Side, Tick
from .ground import F64
from .holding import Hold, carry, grab, with_second
from .locomotion import Rig
from .poses import between
from .teleport import ray_of
from .wares import Hit, Ware, Wares

LONG = 0.35
"""A trigger held longer than this grabs or aims; shorter is a press, seconds."""

NEARBY = 0.10
"""A hand so near to a product takes it directly, metres."""

BESIDE = 0.03
"""A ray may pass a product so closely and still mean it, metres."""

FORGET = 2.0
"""A hand that is not tracked for so long lets go, and what it held goes back, seconds."""

BACK = 0.3
"""How long something put back is on its way, seconds."""


@dataclass(frozen=True)
class Ray:
    """One hand's ray: from, to (room, metres), and whether it meets a product or button."""

    side: Side
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    lit: bool


@dataclass(frozen=True)
class Carried:
    """A product shown elsewhere than the visit has it: in the hand, or on its way back."""

    target: str
    transform: Transform
    factor: float = 1.0
    held: bool = True
    on_body: bool = False


@dataclass(frozen=True)
class Acts:
    """What came of one frame.

    Attributes:
        events: for the visit, in order.
        talk: True when talking begins, False when it ends, else None.
        ticks: haptic pulses.
        aim: the hand that aims a teleport with its trigger.
        busy: hands whose sticks mean the thing that they hold.
        rays, hover, carried: what is to be drawn; ``hover`` is the product pointed at, or ``""``.
        pressed: the panel was pressed by a hand.
        menu: the wrist menu was asked for, or away.
    """

    events: tuple[Event, ...] = ()
    talk: bool | None = None
    ticks: tuple[Tick, ...] = ()
    aim: Side | None = None
    busy: frozenset[Side] = frozenset()
    rays: tuple[Ray, ...] = ()
    hover: str = ""
    carried: tuple[Carried, ...] = ()
    pressed: Side | None = None
    menu: bool = False


@dataclass
class _Hand:
    """What one hand is about."""

    select: Held = field(default_factory=Held)
    squeeze: Held = field(default_factory=Held)
    primary: Held = field(default_factory=Held)
    secondary: Held = field(default_factory=Held)
    menu: Held = field(default_factory=Held)
    begun_on: str | None = None
    """The product on which the trigger was pressed; ``""``: on nothing; None: means no press."""
    talks: bool = False
    aims: bool = False

    def update(self, controls: Controls, side: Side) -> None:
        hand, time = controls.hand(side), controls.time
        self.select.update(hand.select, time)
        self.squeeze.update(hand.squeeze, time)
        self.primary.update(float(hand.primary), time)
        self.secondary.update(float(hand.secondary), time)
        self.menu.update(float(hand.menu), time)


class Touch:
    """One visitor's hands.

    Attributes:
        chosen: the product that was chosen last, or ``""``.
        hold: what is held, or None.
        hover: the product that a ray meets, or ``""``.
        near: how far before the hand a garment is brought, metres.
    """

    def __init__(self, wares: Wares, *, near: float | None = None) -> None:
        self.chosen = ""
        self.hold: Hold | None = None
        self.hover = ""
        self._near = near
        self._wares = wares
        self._hands: dict[Side, _Hand] = {side: _Hand() for side in SIDES}
        self._by_squeeze = False
        self._back: dict[str, tuple[Transform, float, float]] = {}
        self._number = 0
        self._talking = False

    def forget(self) -> None:
        """Let go of everything without a word: the room, or the visit, is another one."""
        self.hold, self.chosen, self.hover = None, "", ""
        self._back.clear()
        for hand in self._hands.values():
            hand.begun_on = None

    def update(
        self,
        controls: Controls,
        rig: Rig,
        seconds: float,
        *,
        panel: frozenset[Side] = frozenset(),
        idle: frozenset[Side] = frozenset(),
    ) -> Acts:
        """Take one frame.

        Args:
            panel: hands whose rays meet the menu: they press it and touch nothing else.
            idle: hands whose rays are not drawn and meet nothing, as of the hand with the menu.
        """
        for side, hand in self._hands.items():
            hand.update(controls, side)
        self._gone()
        acts = _Making()
        deaf = idle | panel
        hits = {s: None if s in deaf else self._meets(controls, rig, s) for s in SIDES}
        holding = self.hold.side if self.hold is not None else None
        if holding is not None:
            self._holding(controls, rig, seconds, acts)
            self._hands[holding].begun_on = None
        for side in SIDES:
            if side != holding:
                self._free(side, controls, rig, hits[side], side in panel, acts)
        self._talk(acts)
        self._hovered(hits, acts)
        self._show(controls, rig, hits, panel, idle, seconds, acts)
        return acts.done(self.hover)

    def put_back(self) -> bool:
        """Let go of what is held as if nothing had been; whether there was anything."""
        hold, self.hold = self.hold, None
        if hold is None:
            return False
        self._back[hold.target] = (hold.transform, hold.factor, 0.0)
        return True

    def fresh(self) -> str:
        """An id for an event."""
        self._number += 1
        return f"hand-{self._number}"

    # --- seeing --------------------------------------------------------------------------------

    def _meets(self, controls: Controls, rig: Rig, side: Side) -> Hit | None:
        aim = controls.hand(side).aim
        if aim is None:
            return None
        origin, ahead = ray_of(rig.place(aim))
        held = self.hold.target if self.hold is not None else ""
        hit = self._wares.targets.pick(origin, ahead, near=BESIDE, but=held)
        return None if hit is not None and hit.target in self._back else hit

    def _reachable(self, ware: Ware) -> bool:
        held = self.hold is not None and self.hold.target == ware.target
        return not held and ware.target not in self._back

    def _beside(self, controls: Controls, rig: Rig, side: Side) -> str:
        """The product that a hand can take without pointing, or ``""``."""
        grip = controls.hand(side).grip
        if grip is None:
            return ""
        at = rig.place(grip)
        best, found = NEARBY, ""
        for ware in self._wares.all.values():
            box = ware.box
            if box is None or ware.worn or not self._reachable(ware):
                continue
            c, s = math.cos(box.yaw), math.sin(box.yaw)
            dx, dz = at[0] - box.x, at[2] - box.z
            out = (
                max(0.0, abs(c * dx - s * dz) - box.width / 2),
                max(0.0, abs(s * dx + c * dz) - box.depth / 2),
                max(0.0, box.low - at[1], at[1] - box.high),
            )
            far = math.hypot(*out)
            if far < best:
                best, found = far, ware.target
        return found

    # --- a free hand ---------------------------------------------------------------------------

    def _free(
        self, side: Side, controls: Controls, rig: Rig, hit: Hit | None, on_panel: bool,
        acts: _Making,
    ) -> None:  # fmt: skip
        hand, met = self._hands[side], hit.target if hit is not None else ""
        if hand.menu.began:
            acts.menu = True
        if hand.secondary.began and self.hold is None:
            acts.events.append(Command(action="undo", id=self.fresh()))
        if self.hold is not None:
            self._second(side, controls, rig)
            return
        if hand.select.began:
            hand.begun_on = None if on_panel else met
            if on_panel:
                acts.pressed = side
                acts.ticks.append(Tick(side, 0.02, 0.5))
        elif hand.select.down and hand.begun_on is not None:
            if controls.time - hand.select.since >= LONG:
                self._long(side, controls, rig, hit, acts)
        elif hand.select.ended and hand.begun_on is not None:
            if hand.begun_on == met and not hand.aims:
                self._choose(side, met, acts)
            hand.begun_on = None
        if hand.aims:
            hand.aims = hand.select.down
            acts.aim = side if hand.aims else acts.aim
        if hand.squeeze.began and not on_panel:
            near = self._beside(controls, rig, side) or met
            if near:
                self._grab(side, near, controls, rig, hit, by_squeeze=True, acts=acts)
            else:
                hand.talks = True
        if hand.squeeze.ended:
            hand.talks = False

    def _second(self, side: Side, controls: Controls, rig: Rig) -> None:
        """The other hand helps while it is closed."""
        assert self.hold is not None
        hand = self._hands[side]
        if self.hold.two is None and (hand.squeeze.began or hand.select.began):
            self.hold = with_second(self.hold, controls, rig, side)
        elif self.hold.two is not None and not (hand.squeeze.down or hand.select.down):
            self.hold = replace(self.hold, two=None)
        hand.begun_on = None

    def _long(
        self, side: Side, controls: Controls, rig: Rig, hit: Hit | None, acts: _Making
    ) -> None:
        """The trigger has been held: grab what it was pressed on, or aim a teleport."""
        hand = self._hands[side]
        if hand.begun_on:
            target, hand.begun_on = hand.begun_on, None
            self._grab(side, target, controls, rig, hit, by_squeeze=False, acts=acts)
        else:
            hand.aims = True

    def _choose(self, side: Side, target: str, acts: _Making) -> None:
        if target != self.chosen:
            self.chosen = target
            acts.ticks.append(Tick(side, 0.02, 0.5))
        acts.events.append(Point(target=target, id=self.fresh()))

    def _grab(
        self, side: Side, target: str, controls: Controls, rig: Rig, hit: Hit | None, *,
        by_squeeze: bool, acts: _Making,
    ) -> None:  # fmt: skip
        ware, aim = self._wares.get(target), controls.hand(side).aim
        if ware is None or aim is None or ware.worn or ware.shape is None:
            return
        met = hit if hit is not None and hit.target == target else None
        near = {} if self._near is None else {"near": self._near}
        self.hold = grab(ware, met, rig.place(aim), side, **near)
        self._by_squeeze = by_squeeze
        self._choose(side, target, acts)
        acts.ticks.append(Tick(side, 0.04, 0.7))

    # --- a hand that holds ---------------------------------------------------------------------

    def _holding(self, controls: Controls, rig: Rig, seconds: float, acts: _Making) -> None:
        hold = self.hold
        assert hold is not None
        side, hand = hold.side, self._hands[hold.side]
        was_on_body = hold.on_body
        hold = self.hold = carry(hold, controls, rig, seconds)
        if hold.on_body and not was_on_body:
            acts.ticks.append(Tick(side, 0.03, 0.6))
        if hold.lost > FORGET or hand.secondary.began:
            self.put_back()
            return
        if hand.menu.began:
            acts.menu = True
        button = hand.squeeze if self._by_squeeze else hand.select
        on_trigger = self._by_squeeze and hand.select.began and hold.kind == "garment"
        if on_trigger:
            hold = replace(hold, on_body=True)
        elif button.down or hold.lost > 0.0:
            return
        wish = hold.released()
        self.hold = None
        acts.ticks.append(Tick(side, 0.03, 0.5))
        if wish is None or hold.kind == "garment":
            # Hung back; or put on, and then the visit shows it on the body.
            self._back[hold.target] = (hold.transform, hold.factor, 0.0)
        if wish is not None:
            acts.events.append(msgspec.structs.replace(wish, id=self.fresh()))

    def _gone(self) -> None:
        """Whoever holds what has been sold, put away or put on meanwhile holds nothing."""
        if self.hold is not None:
            ware = self._wares.get(self.hold.target)
            if ware is None or ware.worn:
                self.hold = None
            elif ware.transform != self.hold.start or ware.factors != self.hold.limits:
                # It was moved, or re-fitted, by voice: what is held is that one now.
                limits = self.hold.limits if ware.kind == "garment" else ware.factors
                self.hold = replace(self.hold, start=ware.transform, limits=limits)
        for target in list(self._back):
            ware = self._wares.get(target)
            if ware is None or ware.worn:
                del self._back[target]
        if self.chosen and self.chosen not in self._wares:
            self.chosen = ""

    # --- what all hands come to ----------------------------------------------------------------

    def _talk(self, acts: _Making) -> None:
        talking = any(h.talks or h.primary.down for h in self._hands.values())
        if talking == self._talking:
            return
        self._talking = acts.talk = talking
        if talking and self.hover and self.hover != self.chosen:
            # "This one" is what is pointed at while it is said.
            acts.events.append(Point(target=self.hover, id=self.fresh()))

    def _hovered(self, hits: dict[Side, Hit | None], acts: _Making) -> None:
        side: Side = "right" if hits["right"] is not None else "left"
        hit = hits[side]
        free = self.hold is None and acts.aim is None
        met = hit.target if hit is not None and free else ""
        if met and met != self.hover:
            acts.ticks.append(Tick(side, 0.01, 0.2))
        self.hover = met

    def _show(
        self, controls: Controls, rig: Rig, hits: dict[Side, Hit | None], panel: frozenset[Side],
        idle: frozenset[Side], seconds: float, acts: _Making,
    ) -> None:  # fmt: skip
        hold = self.hold
        for side in SIDES:
            aim = controls.hand(side).aim
            if aim is None or side in idle or acts.aim == side:
                continue
            if hold is not None and hold.side == side:
                acts.busy.add(side)
                continue
            origin, ahead = ray_of(rig.place(aim))
            hit = hits[side]
            end = hit.point if hit is not None else _point(origin + ahead * 1.5)
            acts.rays.append(Ray(side, _point(origin), end, hit is not None or side in panel))
        if hold is not None:
            acts.busy.add(hold.side)
            acts.carried.append(
                Carried(hold.target, hold.transform, hold.factor, True, hold.on_body)
            )
        for target, (start_, factor, since) in list(self._back.items()):
            ware, since = self._wares.get(target), since + seconds
            if ware is None or since >= BACK:
                del self._back[target]
                continue
            self._back[target] = (start_, factor, since)
            share = since / BACK
            share = share * share * (3 - 2 * share)
            acts.carried.append(
                Carried(
                    target,
                    between(start_, ware.transform, share),
                    factor + (1.0 - factor) * share,
                    False,
                )
            )


@dataclass
class _Making:
    """:class:`Acts` while they are made."""

    events: list[Event] = field(default_factory=list)
    talk: bool | None = None
    ticks: list[Tick] = field(default_factory=list)
    aim: Side | None = None
    busy: set[Side] = field(default_factory=set)
    rays: list[Ray] = field(default_factory=list)
    carried: list[Carried] = field(default_factory=list)
    pressed: Side | None = None
    menu: bool = False

    def done(self, hover: str) -> Acts:
        return Acts(
            tuple(self.events), self.talk, tuple(self.ticks), self.aim, frozenset(self.busy),
            tuple(self.rays), hover, tuple(self.carried), self.pressed, self.menu,
        )  # fmt: skip


def _point(values: F64) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
