"""The desktop visit: a window, mouse and keys instead of a headset, sentences typed or spoken.

The keys fill the same :class:`~showroom.stage.controls.Controls` that a headset fills, so that
everything moves and is touched alike; ``docs/stage.md`` lists them.
"""

from __future__ import annotations

import math
import time
from typing import Protocol

from panda3d import core

from ..protocol.limits import Transform
from ..protocol.messages import Bye
from .controls import Controls
from .gizmos import Gizmos
from .guest import Guest, Handle, Microphone
from .keys import Keys
from .locomotion import Comfort
from .settings import StageError
from .stage import Stage
from .view import View
from .words import word

REACH = 0.9
"""How far before the eyes a garment is held, metres."""

DESKTOP = Comfort(turning="smooth", vignette=0.0)
"""A window makes nobody sick."""

HELP_SECONDS = 30.0
"""How long the keys are told."""

_BEHIND = 2.3
_TYPING = ("enter", "backspace", "escape")


class Desktop:
    """Runs a visit in a window.

    Args:
        stage: opened with ``display="window"``.
        handle: takes each event and returns its updates: a visit's own ``handle``.
        eyes: how high the visitor's eyes are, metres.
        microphone: hears them while the space bar is held.
        inputs: keys and mouse; the window's own where none are given.

    Raises:
        StageError: the stage has no window, and no inputs are given.
    """

    def __init__(
        self,
        stage: Stage,
        handle: Handle,
        *,
        eyes: float = 1.6,
        lang: str = "en",
        microphone: Microphone | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        self.stage = stage
        self._input = inputs or WindowInput(stage)
        self.guest = Guest(
            stage,
            handle,
            lang=lang,
            comfort=DESKTOP,
            microphone=microphone,
            near=REACH,
            wrist=False,
        )
        self.keys = Keys(eyes)
        self.over = False
        self._gizmos = Gizmos(stage)
        self._opened = ""
        stage.first_person = True

    def run(self, seconds: float = math.inf) -> None:
        """Until the visitor leaves, or for ``seconds``."""
        begin = last = time.perf_counter()
        while not self.over and time.perf_counter() - begin < seconds:
            now = time.perf_counter()
            self.frame(now - begin, now - last)
            last = now
        self.guest.send(Bye())

    def frame(self, now: float, passed: float) -> None:
        """One frame: input, events out, updates in, picture."""
        for name, text in self._input.events():
            self._take(name, text)
        guest, at = self.guest, self._input.pointer()
        over = self.stage.overlay.on_board(*at) if at is not None else None
        aim = None if at is None else guest.legs.rig.local(self.stage.ray_through(*at))
        on_thing = over is not None or bool(guest.touch.hover)
        holding = guest.touch.hold is not None
        controls = self.keys.controls(now, at, aim, on_thing=on_thing, holding=holding)
        if controls.head is not None:
            guest.legs.rig = guest.legs.rig.turned(controls.head, self.keys.taken())
        self.show(guest.frame(controls, min(passed, 0.1), over=over), controls)
        self.stage.draw()
        self.over = self.over or self._input.closed

    def show(self, view: View, controls: Controls) -> None:
        """Make the picture of a frame ready."""
        stage, guest, line = self.stage, self.guest, self.keys.line
        head = guest.head(controls)
        if head is not None:
            look(stage, head)
        eye = (float(stage.eye[0]), float(stage.eye[1]), float(stage.eye[2]))
        self._gizmos.show(view, eye)
        stage.overlay.show_board(guest.picture() if guest.wrist.asked else None)
        typed = f"› {line.text}▏" if line.open else ""
        helps = word("prompt", guest.lang) if controls.time < HELP_SECONDS else ""
        stage.caption.prompt = typed or view.hint or helps

    def _take(self, name: str, text: str) -> None:
        """One key: ``name`` goes down ("key"), comes up ("up"), or ``text`` was typed."""
        line = self.keys.line
        if name == "typed":
            if text != self._opened:
                line.typed(text)
            self._opened = ""
        elif name == "up":
            self.keys.up(text)
        elif line.open and text in _TYPING:
            said = line.key(text)
            if said is not None:
                self.guest.say(said)
        elif text in ("t", "enter") and not line.open:
            line.open, line.text = True, ""
            # The keystroke of this very key press follows; it opens the line, it is no text.
            self._opened = text
        elif text == "escape":
            self._away()
        else:
            if text == "v" and not line.open:
                self.stage.first_person = not self.stage.first_person
            self.keys.down(text)

    def _away(self) -> None:
        """Escape: put back what is held, else close the menu, else leave."""
        if self.guest.touch.put_back():
            return
        if self.guest.wrist.asked:
            self.guest.wrist.asked = False
        else:
            self.over = True


class Inputs(Protocol):
    """Where keys and the mouse come from."""

    def events(self) -> list[tuple[str, str]]:
        """What happened since last asked: ("key" | "up" | "typed", a key's name or a text)."""

    def pointer(self) -> tuple[float, float] | None:
        """The mouse, pixels from the upper left corner; None outside the window."""

    @property
    def closed(self) -> bool:
        """Whether the window is gone."""


class WindowInput:
    """A window's keys and mouse, by the engine.

    Raises:
        StageError: the stage has no window.
    """

    def __init__(self, stage: Stage) -> None:
        window = stage.graphics.output
        if not isinstance(window, core.GraphicsWindow):
            raise StageError("keys and a mouse need a stage with display='window'")
        self._window = window
        self._root = core.NodePath("input")
        source = self._root.attach_new_node(core.MouseAndKeyboard(window, 0, "keys"))
        watcher = source.attach_new_node(core.MouseWatcher("watcher"))
        thrower = core.ButtonThrower("thrower")
        thrower.set_button_down_event("showroom-key")
        thrower.set_button_up_event("showroom-up")
        thrower.set_keystroke_event("showroom-typed")
        watcher.attach_new_node(thrower)
        self._traverser = core.DataGraphTraverser()
        self._queue = core.EventQueue.get_global_event_queue()

    @property
    def closed(self) -> bool:
        """Whether the window is gone."""
        return bool(self._window.is_closed())

    def events(self) -> list[tuple[str, str]]:
        """What happened since last asked: ("key" | "up" | "typed", a key's name or a text)."""
        self._traverser.traverse(self._root.node())
        found: list[tuple[str, str]] = []
        while not self._queue.is_queue_empty():
            event = self._queue.dequeue_event()
            kind = event.name.removeprefix("showroom-")
            if kind == event.name or not event.get_num_parameters():
                continue
            value = event.get_parameter(0)
            text = value.get_wstring_value() if kind == "typed" else value.get_string_value()
            found.append((kind, str(text)))
        return found

    def pointer(self) -> tuple[float, float] | None:
        """The mouse, pixels from the upper left corner; None outside the window."""
        pointer = self._window.get_pointer(0)
        if not pointer.get_in_window():
            return None
        return float(pointer.get_x()), float(pointer.get_y())


def look(stage: Stage, head: Transform) -> None:
    """See through the visitor's eyes, or see them from the front."""
    if stage.first_person:
        stage.look_from(head)
        return
    x, y, z, w = head[3:]
    ahead = (-2 * (x * z + y * w), -(1 - 2 * (x * x + y * y)))
    length = max(math.hypot(*ahead), 1e-6)
    eye = (
        head[0] + ahead[0] / length * _BEHIND,
        1.45,
        head[2] + ahead[1] / length * _BEHIND,
    )
    room = stage.room
    if room is not None:
        low, high = room.decor.bounds
        eye = (
            min(max(eye[0], float(low[0]) + 0.2), float(high[0]) - 0.2),
            eye[1],
            min(max(eye[2], float(low[2]) + 0.2), float(high[2]) - 0.2),
        )
    stage.look_at(eye, (head[0], 1.0, head[2]), 0.9)
