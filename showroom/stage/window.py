"""The desktop visit: a window, mouse and keys instead of a headset, sentences typed.

W A S D or the arrows walk, dragging the mouse looks around, T or Enter opens the line to type a
sentence into (any language), V changes between one's own eyes and a view of oneself, Escape
leaves. What the visitor does goes out as the same events that a headset sends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from panda3d import core

from ..protocol.messages import Bye, Clock, Event, Pose, Transform, Update, Utterance
from .ground import Ground
from .settings import StageError
from .stage import Stage

Handle = Callable[[Event], Iterable[Update]]
SPEED = 1.4
TURN = 0.0032
POSE_RATE = 30.0
PROMPT = "T: type a sentence · 输入一句话   W A S D   V   Esc"


@dataclass
class Walker:
    """A standing visitor: floor position, yaw (0 looks along -Z) and pitch, radians, metres."""

    x: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    eyes: float = 1.6

    @property
    def head(self) -> Transform:
        """The headset's pose."""
        cy, sy = math.cos(self.yaw / 2), math.sin(self.yaw / 2)
        cp, sp = math.cos(self.pitch / 2), math.sin(self.pitch / 2)
        return (self.x, self.eyes, self.z, cy * sp, sy * cp, -sy * sp, cy * cp)

    def heading(self, forward: float, right: float) -> tuple[float, float]:
        """(x, z) of a move that is forward and right as the walker sees it."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return (right * c - forward * s, -right * s - forward * c)


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


class Desktop:
    """Runs a visit in a window.

    Args:
        stage: opened with ``display="window"``.
        handle: takes each event and returns its updates: a visit's own ``handle``.
    """

    def __init__(self, stage: Stage, handle: Handle, *, eyes: float = 1.6) -> None:
        self.stage, self.handle = stage, handle
        self.walker = Walker(eyes=eyes)
        self.line = Line()
        self.spoken = 0
        self.over = False
        self._held: set[str] = set()
        self._drag: tuple[float, float] | None = None
        self._sent = -1.0
        window = stage.graphics.output
        if not isinstance(window, core.GraphicsWindow):
            raise StageError("a desktop visit needs a stage with display='window'")
        self._root = core.NodePath("input")
        source = self._root.attach_new_node(core.MouseAndKeyboard(window, 0, "keys"))
        watcher = core.MouseWatcher("watcher")
        self._watcher = source.attach_new_node(watcher)
        thrower = core.ButtonThrower("thrower")
        thrower.set_button_down_event("showroom-key")
        thrower.set_button_up_event("showroom-key-up")
        thrower.set_keystroke_event("showroom-typed")
        self._watcher.attach_new_node(thrower)
        self._traverser = core.DataGraphTraverser()

    def run(self, seconds: float = math.inf) -> None:
        """Until the visitor leaves, or for ``seconds``."""
        begin = last = time.perf_counter()
        while not self.over and time.perf_counter() - begin < seconds:
            now = time.perf_counter()
            self.frame(now - begin, now - last)
            last = now
        self.send(Bye())

    def frame(self, now: float, passed: float) -> None:
        """One frame: input, events out, updates in, picture."""
        self._traverser.traverse(self._root.node())
        self._keys()
        if not self.line.open:
            self._move(min(passed, 0.1))
        if now - self._sent >= 1.0 / POSE_RATE:
            self._sent = now
            self.send(Pose(time=now, head=self.walker.head))
            self.send(Clock(time=now))
        self._look()
        self.stage.caption.prompt = f"› {self.line.text}▏" if self.line.open else PROMPT
        self.stage.draw()
        if self.stage.graphics.output.is_closed():
            self.over = True

    def send(self, event: Event) -> None:
        """Hand an event to the visit and show what comes of it."""
        for update in self.handle(event):
            self.stage.apply(update)

    def say(self, text: str) -> None:
        """Send a typed sentence."""
        self.spoken += 1
        self.send(Utterance(id=f"typed-{self.spoken}", text=text))

    def _keys(self) -> None:
        queue = core.EventQueue.get_global_event_queue()
        while not queue.is_queue_empty():
            event = queue.dequeue_event()
            if not event.get_num_parameters():
                continue
            value = event.get_parameter(0)
            if event.name == "showroom-typed":
                self.line.typed(str(value.get_wstring_value()))
            elif event.name == "showroom-key":
                self._held.add(str(value.get_string_value()))
                self._key(str(value.get_string_value()))
            elif event.name == "showroom-key-up":
                self._held.discard(str(value.get_string_value()))

    def _key(self, name: str) -> None:
        if name == "escape" and not self.line.open:
            self.over = True
        elif name == "t" and not self.line.open:
            self.line.open = True
            # The keystroke of this very key press follows; it opens the line, it is no text.
            self.line.text = ""
            self._swallow()
        elif name == "v" and not self.line.open:
            self.stage.first_person = not self.stage.first_person
        elif name in ("enter", "backspace", "escape"):
            done = self.line.key(name)
            if done is not None:
                self.say(done)

    def _swallow(self) -> None:
        """Drop the waiting keystroke of the key that opened the line."""
        queue = core.EventQueue.get_global_event_queue()
        if not queue.is_queue_empty():
            queue.dequeue_event()

    def _move(self, passed: float) -> None:
        def held(*names: str) -> bool:
            return not self._held.isdisjoint(names)

        forward = held("w", "arrow_up") - held("s", "arrow_down")
        right = held("d", "arrow_right") - held("a", "arrow_left")
        if forward or right:
            scale = SPEED * passed / math.hypot(forward, right)
            dx, dz = self.walker.heading(forward * scale, right * scale)
            room = self.stage.room
            place = (self.walker.x, self.walker.z)
            if room is not None:
                ground = Ground.of(room.scene)
                self.walker.x, self.walker.z = ground.step(place, (dx, dz))
            else:
                self.walker.x, self.walker.z = place[0] + dx, place[1] + dz
        pointer = self.stage.graphics.output.get_pointer(0)
        if pointer.get_in_window() and held("mouse1", "mouse3"):
            at = (pointer.get_x(), pointer.get_y())
            if self._drag is not None:
                self.walker.yaw -= (at[0] - self._drag[0]) * TURN
                pitch = self.walker.pitch - (at[1] - self._drag[1]) * TURN
                self.walker.pitch = min(1.4, max(-1.4, pitch))
            self._drag = at
        else:
            self._drag = None

    def _look(self) -> None:
        if self.stage.first_person:
            self.stage.look_from(self.walker.head)
            return
        # A view of oneself from the front.
        dx, dz = self.walker.heading(2.3, 0.0)
        eye = (self.walker.x + dx, 1.45, self.walker.z + dz)
        room: Any = self.stage.room
        if room is not None:
            low, high = room.decor.bounds
            eye = (
                min(max(eye[0], float(low[0]) + 0.2), float(high[0]) - 0.2),
                eye[1],
                min(max(eye[2], float(low[2]) + 0.2), float(high[2]) - 0.2),
            )
        self.stage.look_at(eye, (self.walker.x, 1.0, self.walker.z), 0.9)


def has_display() -> bool:
    """Whether a window could be opened here."""
    import os
    import platform

    return platform.system() != "Linux" or bool(os.environ.get("DISPLAY"))
