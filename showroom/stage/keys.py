"""A desktop's mouse and keys as a head and two hands; no engine here.

The right hand is the mouse: its ray goes through the pointer, its trigger is the left button. The
left hand's stick is W A S D. ``docs/stage.md`` lists all keys.
"""

from __future__ import annotations

import math

from ..protocol.limits import Transform
from .controls import Controls, HandInput
from .poses import looking
from .touch import LONG

TURN = 0.0032
"""Radians for each pixel that the mouse is dragged."""

STEEPEST = 1.4
"""How far up or down one can look, radians."""

DRAG = 6.0
"""A mouse moved less than this many pixels was held still."""

Pixel = tuple[float, float]


class Line:
    """The line that a sentence is typed into."""

    def __init__(self) -> None:
        self.open = False
        self.text = ""

    def key(self, name: str) -> str | None:
        """Take a named key; returns the sentence when it is complete."""
        if name == "enter":
            if self.open and self.text.strip():
                done, self.text, self.open = self.text.strip(), "", False
                return done
            self.open = not self.open
        elif name == "backspace":
            self.text = self.text[:-1]
        elif name == "escape":
            self.open, self.text = False, ""
        return None

    def typed(self, char: str) -> None:
        """Take a typed character."""
        if self.open and char.isprintable() and len(self.text) < 300:
            self.text += char


class Trigger:
    """The left mouse button: a hand's trigger, or, dragged from nothing, a look around.

    A press on a product or a button counts at once. A press on nothing waits until it is known
    what it is: let go it was a press, held still it aims a teleport, dragged it looks around.

    Attributes:
        looks: the drag that goes on looks around.
    """

    def __init__(self) -> None:
        self.looks = False
        self._since: float | None = None
        self._start: Pixel = (0.0, 0.0)
        self._fired = False
        self._late = False

    def update(self, down: bool, at: Pixel, time: float, on_thing: bool) -> float:
        """The trigger in one more frame, 0 or 1."""
        if not down:
            # A short press on nothing is told one frame late, once it is over.
            late = self._since is not None and not self.looks and not self._fired
            self._since, self.looks, self._fired = None, False, False
            return 1.0 if late else 0.0
        if self._since is None:
            self._since, self._start, self._fired = time, at, on_thing
        if not self._fired and not self.looks:
            self.looks = math.dist(at, self._start) > DRAG
            self._fired = not self.looks and time - self._since >= LONG / 2
        return 1.0 if self._fired else 0.0


class Keys:
    """What is held and pressed, and where the mouse is.

    Args:
        eyes: how high the visitor's eyes are, metres.

    Attributes:
        pitch: how far up one looks, radians.
        line: what is being typed.
        turned: how far the mouse was dragged around since it was last asked, radians.
    """

    def __init__(self, eyes: float = 1.6) -> None:
        self.eyes, self.pitch = eyes, 0.0
        self.line = Line()
        self.turned = 0.0
        self._held: set[str] = set()
        self._pressed: set[str] = set()
        self._wheel = 0.0
        self._trigger = Trigger()
        self._last: Pixel | None = None

    def down(self, name: str) -> None:
        """A key, button or wheel notch goes down."""
        if name in ("wheel_up", "wheel_down"):
            self._wheel += 1.0 if name == "wheel_up" else -1.0
            return
        self._held.add(name)
        if not self.line.open:
            self._pressed.add(name)

    def up(self, name: str) -> None:
        """A key or button comes up."""
        self._held.discard(name)

    def release(self) -> None:
        """Everything comes up, as when the window loses the keyboard."""
        self._held.clear()
        self._pressed.clear()

    def controls(
        self, now: float, at: Pixel | None, aim: Transform | None, *, on_thing: bool, holding: bool
    ) -> Controls:
        """One frame.

        Args:
            now: seconds.
            at: the pointer, pixels; None outside the window.
            aim: the ray through it, in the play space.
            on_thing: it is on a product or a button.
            holding: something is held: keys turn and scale it then.
        """
        trigger = self._trigger.update(
            "mouse1" in self._held and at is not None, at or (0.0, 0.0), now, on_thing
        )
        self._look(at)
        wheel, self._wheel = self._wheel, 0.0
        pressed, self._pressed = self._pressed, set()
        head: Transform = (0.0, self.eyes, 0.0, *looking(0.0, self.pitch))
        if self.line.open:
            hand = HandInput(None, aim, trigger=trigger)
            return Controls(now, head, HandInput(), hand, wheel)
        lift = self._way(("=", "+"), ("-",)) if holding else self._way(("g",), ())
        right = HandInput(
            None,
            aim,
            (self._way(("e",), ("q",)), lift),
            trigger,
            primary="space" in self._held,
            secondary="b" in pressed,
            menu=bool(pressed & {"m", "tab"}),
        )
        walk = (
            self._way(("d", "arrow_right"), ("a", "arrow_left")),
            self._way(("w", "arrow_up"), ("s", "arrow_down")),
        )
        return Controls(now, head, HandInput(stick=walk), right, wheel)

    def _way(self, more: tuple[str, ...], less: tuple[str, ...]) -> float:
        return float(not self._held.isdisjoint(more)) - float(not self._held.isdisjoint(less))

    def _look(self, at: Pixel | None) -> None:
        if at is not None and ("mouse3" in self._held or self._trigger.looks):
            if self._last is not None:
                self.turned -= (at[0] - self._last[0]) * TURN
                pitch = self.pitch - (at[1] - self._last[1]) * TURN
                self.pitch = min(STEEPEST, max(-STEEPEST, pitch))
            self._last = at
        else:
            self._last = None

    def taken(self) -> float:
        """How far the mouse was dragged around, radians; 0 from then on."""
        turned, self.turned = self.turned, 0.0
        return turned
