"""A visit in a headset: both eyes drawn with one camera, head and hands sent as poses.

The visitor walks on foot, or further with a thumbstick; the play space moves in the room then.
When the headset or its software goes away the visit waits for it to come back.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from ..protocol.limits import Transform
from ..protocol.messages import Bye, Clock, Event, Pose, Update
from .bindings import BINDINGS
from .controls import SIDES, Controls
from .ground import Ground
from .locomotion import Locomotion
from .openxr_binding import current_context
from .openxr_camera import StereoCamera, StereoMirror
from .openxr_hands import Joints
from .openxr_instance import HeadsetLost
from .openxr_session import XrSession
from .openxr_view import Eye, middle, stereo
from .panel import Panel
from .room import RoomNode
from .settings import StageError, StageSettings
from .stage import Stage

Handle = Callable[[Event], Iterable[Update]]
POSE_RATE = 30.0
LEAVING = 3.0
WAITING = 30.0
"""How long a visit waits for a headset that went away, seconds."""
_AGAIN = 0.5
MIRROR_SCALE = 0.6
CAPTION_WIDTH = 1024
_CAPTION_METRES = 1.1
_CAPTION = (0.0, -0.38, -1.2, 0.0, 0.0, 0.0, 1.0)


def headset_settings(settings: StageSettings) -> StageSettings:
    """A stage for a headset: no picture but the eyes', whose mirrors the headset draws itself.

    On Windows GL needs a window; elsewhere none is opened.
    """
    display = "window" if sys.platform == "win32" else "headless"
    return replace(settings, display=display, width=64, height=64, supersample=1, mirror_scale=0.0)  # type: ignore[arg-type]


class Headset:
    """Runs a visit in a headset.

    Args:
        stage: opened with :func:`headset_settings`.
        handle: takes each event and returns its updates: a visit's own ``handle``.
        mixed: show products in the visitor's own surroundings, where the headset can.
        bindings: another file than the shipped one.
        waiting: how long the visit waits for a headset that went away, seconds.

    Attributes:
        session: with the runtime; another one after it was lost.
        frames: drawn and handed over.
        said: sentences about the headset itself, for the visitor.

    Raises:
        StageError: there is no headset, or it cannot be drawn to.
    """

    def __init__(
        self,
        stage: Stage,
        handle: Handle,
        *,
        mixed: bool = False,
        bindings: Path = BINDINGS,
        waiting: float = WAITING,
    ) -> None:
        self.stage, self.handle = stage, handle
        self.legs = Locomotion()
        self.frames = 0
        self.over = False
        self.said: list[str] = []
        self._mixed, self._bindings, self._waiting = mixed, bindings, waiting
        self._clock = 0.0
        self._on: tuple[RoomNode | None, Ground] = (None, Ground(()))
        self._place: Transform | None = None
        self._sent = -math.inf
        self._last: int | None = None
        self._lost_at: float | None = None
        stage.graphics.render()  # Makes the GL context current on this thread.
        self.session = self._opened()
        size = (self.session.width, self.session.height)
        self._eyes = StereoCamera(stage, *size, depth=self.session.depth_form)
        self._mirror = StereoMirror(stage, *size, scale=MIRROR_SCALE)
        self._surroundings()

    def run(self, seconds: float = math.inf) -> str:
        """Until the visitor leaves, or for ``seconds``; returns a sentence if the visit was cut."""
        begin = time.perf_counter()
        try:
            while not self.over and time.perf_counter() - begin < seconds:
                if self.session.life.over and not self._regained():
                    break
                try:
                    self._turn()
                except HeadsetLost as error:
                    self.session.life = self.session.life.lost(str(error))
            self._leave()
        finally:
            self.close()
        self.send(Bye())
        return self.session.life.reason

    def send(self, event: Event) -> None:
        """Hand an event to the visit and show what comes of it."""
        for update in self.handle(event):
            self.stage.apply(update)

    def close(self) -> None:
        """Leave the runtime and free what was drawn with; the stage stays."""
        self.session.close()
        self._mirror.close()
        self._eyes.close()

    # --- the session ---------------------------------------------------------------------------

    def _opened(self) -> XrSession:
        context = current_context(self.stage.settings.display)
        return XrSession(context, mixed=self._mixed, bindings=self._bindings)

    def _surroundings(self) -> None:
        """Show the room, or what is around the visitor instead."""
        through = self.session.passthrough is not None
        self._eyes.clear(0.0 if through else 1.0)
        self.stage.show_surroundings(not through)
        if self._mixed and not through:
            self.said.append("this headset shows no surroundings; the scene is shown instead")

    def _regained(self) -> bool:
        """Try to open a session anew in place of a lost one; False when it is given up."""
        life = self.session.life
        if not life.lossy:
            return False
        now = time.perf_counter()
        if self._lost_at is None:
            self._lost_at = now
            self.session.close()
        if now - self._lost_at > self._waiting:
            return False
        time.sleep(_AGAIN)
        try:
            again = self._opened()
        except StageError:
            return True
        if (again.width, again.height) != (self.session.width, self.session.height):
            self._mirror.close()
            self._eyes.close()
            size = (again.width, again.height)
            self._eyes = StereoCamera(self.stage, *size, depth=again.depth_form)
            self._mirror = StereoMirror(self.stage, *size, scale=MIRROR_SCALE)
        self.session, self._lost_at, self._last = again, None, None
        self._surroundings()
        return True

    def _leave(self) -> None:
        """Ask to leave, and wait a while for the runtime to agree."""
        try:
            if self.session.life.over:
                return
            self.session.leave()
            until = time.perf_counter() + LEAVING
            while not self.session.life.over and time.perf_counter() < until:
                if not self.session.life.running and self.session.life.state == "IDLE":
                    return
                self._turn()
        except HeadsetLost as error:
            self.session.life = self.session.life.lost(str(error))

    # --- a frame -------------------------------------------------------------------------------

    def _turn(self) -> None:
        """One frame, or a short wait while the runtime wants none."""
        session = self.session
        session.poll()
        if not session.life.running:
            time.sleep(0.01)
            return
        shown, wanted = session.begin()
        drawn = False
        panels: tuple[Panel, ...] = ()
        try:
            if not session.life.asked:
                panels = self._follow(shown)
            # Located last: the visit's work must not make the picture older.
            eyes = session.eyes() if wanted else ()
            if eyes:
                self._draw(eyes)
                drawn = True
        finally:
            session.end(drawn, panels)

    def _follow(self, shown: int) -> tuple[Panel, ...]:
        """Take what head and hands do; returns what hangs before the visitor."""
        passed = 0.0 if self._last is None else min(0.1, max(0.0, (shown - self._last) / 1e9))
        self._last = shown
        self._clock += passed
        controls, joints, skeleton = self.session.controls(self._clock)
        if controls.head is not None and self.session.recentred():
            self._stay(controls)
        self._place = self.legs.rig.place(controls.head) if controls.head is not None else None
        moved = self.legs.update(controls, self.ground(), passed)
        for tick in moved.ticks:
            self.session.pulse(tick)
        self._tell(controls, joints, skeleton)
        pixels = self.stage.caption.picture(CAPTION_WIDTH)
        if pixels is None:
            return ()
        metres = _CAPTION_METRES / CAPTION_WIDTH
        size = (pixels.shape[1] * metres, pixels.shape[0] * metres)
        return (Panel("caption", pixels, _CAPTION, *size, "head"),)

    def _stay(self, controls: Controls) -> None:
        """The play space has another origin: stay where one was, and face along it anew."""
        if self._place is not None and controls.head is not None:
            self.legs.go(controls.head, (self._place[0], self._place[2]))

    def ground(self) -> Ground:
        """The floor with what stands on it."""
        room = self.stage.room
        if room is not self._on[0]:
            self._on = (room, Ground(()) if room is None else Ground.of(room.scene))
        return self._on[1]

    def _tell(self, controls: Controls, joints: Joints, skeleton: str) -> None:
        """Send the visitor's pose when it is time to."""
        if controls.head is None or self._clock - self._sent < 1.0 / POSE_RATE:
            return
        self._sent = self._clock
        place = self.legs.rig.place
        grips = [controls.hand(side).grip for side in SIDES]
        left, right = (None if grip is None else place(grip) for grip in grips)
        told = {name: place(pose) for name, pose in joints.items()}
        self.send(
            Pose(
                time=self._clock, head=place(controls.head), left=left, right=right,
                joints=told, skeleton=skeleton or "vrm",
            )
        )  # fmt: skip
        self.send(Clock(time=self._clock))

    def _draw(self, eyes: tuple[Eye, ...]) -> None:
        session, place = self.session, self.legs.rig.place
        masks = session.take_masks()
        if masks is not None:
            self._eyes.hide_behind(masks, eyes)
        there = [Eye(place(eye.pose), eye.fov) for eye in eyes]
        head = middle(there)
        lens = stereo(head, there)
        self._eyes.look(lens)
        self._mirror.update(lens)
        self.stage.look_from(head)
        self.stage.first_person = True
        self.stage.draw()
        with session.pictures() as pictures:
            session.copy(pictures, self._eyes.texture(), self._eyes.depth())
            self.submitted(pictures)
        self.frames += 1

    def submitted(self, pictures: tuple[int, int | None]) -> None:
        """Called with each frame's pictures before they are handed over; for watchers."""
