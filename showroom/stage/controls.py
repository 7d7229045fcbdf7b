"""What the visitor's head and hands do in one frame: one snapshot, whatever device it came from.

A headset's actions, a window's mouse and keys, and tests all fill :class:`Controls`; everything
that moves or touches reads it and nothing else. Poses are in the play space as the device tracks
it (OpenXR's LOCAL_FLOOR or STAGE: metres, Y up, -Z forward, floor at 0); where the play space
lies in the room is the :class:`~showroom.stage.locomotion.Rig`'s to say. Nothing here knows an
engine or a runtime.

What each input does, so that whoever binds actions knows which to take:

============  ====================================  ================================================
field         OpenXR path                           does
============  ====================================  ================================================
``grip``      ``input/grip/pose``; a bare hand:     where the hand is; held things follow it
              its palm or wrist
``aim``       ``input/aim/pose``                    the pointing ray: from there along its -Z
``stick``     ``input/thumbstick``, ``trackpad``    left: walk; right: sideways turns, forward
                                                    aims a teleport, let go lands. While a thing is
                                                    held, that hand's stick turns and scales it
``trigger``   ``input/trigger/value``,              choose, press; held on a thing grabs it, held
              ``input/select/click`` (0 or 1)       on nothing aims a teleport
``squeeze``   ``input/squeeze/value`` or ``click``  grab; on nothing: talk while it is held
``pinch``     thumb and index of a tracked hand     the same as ``trigger``
``primary``   ``input/a/click``, ``x/click``        talk while it is held
``secondary`` ``input/b/click``, ``y/click``        put back what is held, else undo
``menu``      ``input/menu/click``                  wrist menu
============  ====================================  ================================================

What a device lacks stays at its default. An untracked hand is ``HandInput()``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from ..protocol.limits import Transform

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

PRESSED, LET_GO = 0.7, 0.3
"""An analogue input counts as pressed above the one, and as let go below the other."""

DEAD_ZONE = 0.15
"""Of a thumbstick's way."""


@dataclass(frozen=True)
class HandInput:
    """One hand or controller.

    Attributes:
        grip: where it is held, in the play space; None while it is not tracked.
        aim: where its ray starts and points (-Z); None while it is not tracked.
        stick: right and forward, -1 to 1.
        trigger, squeeze: 0 to 1.
        pinch: 0 to 1, thumb to index of a tracked hand.
        primary, secondary, menu: buttons, whether they are down.
        bare: a tracked hand without a controller.
    """

    grip: Transform | None = None
    aim: Transform | None = None
    stick: tuple[float, float] = (0.0, 0.0)
    trigger: float = 0.0
    squeeze: float = 0.0
    pinch: float = 0.0
    primary: bool = False
    secondary: bool = False
    menu: bool = False
    bare: bool = False

    @property
    def select(self) -> float:
        """Trigger or pinch, whichever is further, 0 to 1."""
        return max(self.trigger, self.pinch)


@dataclass(frozen=True)
class Controls:
    """Head and hands in one frame.

    Attributes:
        time: seconds of any clock that never goes back.
        head: the headset in the play space; None while it is not tracked.
        left, right: the hands. A window fills the right one from the mouse, and walks by the
            left one's stick.
        wheel: notches that a mouse wheel was turned since the last frame, away is positive.
    """

    time: float = 0.0
    head: Transform | None = None
    left: HandInput = field(default_factory=HandInput)
    right: HandInput = field(default_factory=HandInput)
    wheel: float = 0.0

    def hand(self, side: Side) -> HandInput:
        """The hand of a side."""
        return self.left if side == "left" else self.right


class Held:
    """Whether an analogue input is pressed, with a gap between pressing and letting go.

    Attributes:
        down: whether it is pressed now.
        began: it was pressed with the latest value; ``ended``: let go with it.
        since: the time at which it was last pressed.
    """

    def __init__(self) -> None:
        self.down = self.began = self.ended = False
        self.since = -math.inf

    def update(self, value: float, time: float) -> None:
        """Take the value of one more frame (0 to 1; a button's is 0 or 1)."""
        before = self.down
        self.down = value > (LET_GO if before else PRESSED)
        self.began = self.down and not before
        self.ended = before and not self.down
        if self.began:
            self.since = time


def past_dead_zone(stick: tuple[float, float]) -> tuple[float, float]:
    """A stick's place without its dead zone, at most 1 long: 0 where the dead zone ends."""
    length = math.hypot(*stick)
    if not math.isfinite(length) or length <= DEAD_ZONE:
        return (0.0, 0.0)
    scale = (min(length, 1.0) - DEAD_ZONE) / ((1.0 - DEAD_ZONE) * length)
    return (stick[0] * scale, stick[1] * scale)


@dataclass(frozen=True)
class Tick:
    """A haptic pulse for a hand: seconds, and amplitude 0 to 1. Devices without haptics skip it."""

    side: Side
    seconds: float = 0.02
    strength: float = 0.4
