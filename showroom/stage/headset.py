"""A visit in a headset: both eyes drawn with one camera, head and hands sent as poses.

The visitor walks on foot, or further with a thumbstick; the play space moves in the room then.
When the headset or its software goes away the visit waits for it to come back.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..protocol.limits import Transform
from ..protocol.messages import Bye, RoomPlan
from .bindings import BINDINGS
from .controls import Controls
from .gizmos import Gizmos
from .guest import Guest, Handle, Microphone
from .locomotion import Comfort, Rig
from .openxr import EGL, RuntimeInfo
from .openxr_binding import current_context
from .openxr_camera import StereoCamera, StereoMirror
from .openxr_instance import HeadsetLost
from .openxr_session import XrSession
from .openxr_view import Eye, middle, stereo
from .panel import Panel
from .settings import StageError, StageSettings
from .stage import Stage
from .view import View
from .words import word

LEAVING = 3.0
WAITING = 30.0
"""How long a visit waits for a headset that went away, seconds."""

TOLD = 12.0
"""How long a sentence about the headset itself is shown, seconds."""

HANDLESS = 3.0
"""After so long without a hand or a known controller it is said, seconds."""

EDGE = 0.4
"""The play area's edge is shown from so near to it, metres."""

MIRROR_SCALE = 0.6
CAPTION_WIDTH = 1024
_AGAIN = 0.5
_CAPTION_METRES = 1.1
_CAPTION = (0.0, -0.38, -1.2, 0.0, 0.0, 0.0, 1.0)


def headset_settings(settings: StageSettings, runtime: RuntimeInfo | None = None) -> StageSettings:
    """A stage for a headset: no picture but the eyes', whose mirrors the headset draws itself.

    Where the runtime takes no EGL (on Windows none does) GL needs a window, a small one.
    """
    display: Literal["headless", "window"] = "headless"
    if runtime is not None and EGL not in runtime.extensions:
        display = "window"
    return replace(
        settings,
        display=display,
        width=64,
        height=64,
        supersample=1,
        mirror_scale=0.0,
        fxaa=False,
    )


class Headset:
    """Runs a visit in a headset.

    Args:
        stage: opened with :func:`headset_settings`.
        handle: takes each event and returns its updates: a visit's own ``handle``.
        microphone: hears the visitor while they hold the button to talk.
        mixed: show products in the visitor's own surroundings, where the headset can.
        bindings: another file than the shipped one.
        waiting: how long the visit waits for a headset that went away, seconds.

    Attributes:
        guest: the visitor.
        session: with the runtime; another one after it was lost.
        frames: drawn and handed over.

    Raises:
        StageError: there is no headset, or it cannot be drawn to.
    """

    def __init__(
        self,
        stage: Stage,
        handle: Handle,
        *,
        lang: str = "en",
        microphone: Microphone | None = None,
        mixed: bool = False,
        bindings: Path = BINDINGS,
        waiting: float = WAITING,
    ) -> None:
        self.stage = stage
        self.guest = Guest(stage, handle, lang=lang, comfort=Comfort(), microphone=microphone)
        self.frames = 0
        self.over = False
        self._mixed, self._bindings, self._waiting = mixed, bindings, waiting
        self._clock = 0.0
        self._at_home: Rig | None = None
        self._place: Transform | None = None
        self._last: int | None = None
        self._lost_at: float | None = None
        self._said, self._said_until = "", -math.inf
        self._planned = False
        self._handless_at: float | None = HANDLESS
        stage.graphics.render()  # Makes the GL context current on this thread.
        self.session = self._opened()
        self._gizmos = Gizmos(stage)
        self._eyes, self._mirror = self._cameras()
        stage.first_person = True
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
        self.guest.send(Bye())
        return self.session.life.reason

    def close(self) -> None:
        """Leave the runtime and free what was drawn with; the stage stays."""
        self.session.close()
        self._gizmos.close()
        self._mirror.close()
        self._eyes.close()

    # --- the session ---------------------------------------------------------------------------

    def _opened(self) -> XrSession:
        context = current_context(self.stage.settings.display)
        return XrSession(context, mixed=self._mixed, bindings=self._bindings)

    def _cameras(self) -> tuple[StereoCamera, StereoMirror]:
        size = (self.session.width, self.session.height)
        eyes = StereoCamera(self.stage, *size, depth=self.session.depth_form)
        return eyes, StereoMirror(self.stage, *size, scale=MIRROR_SCALE)

    def _surroundings(self) -> None:
        """Show the room, or what is around the visitor instead."""
        through = self.session.passthrough is not None
        self._eyes.clear(0.0 if through else 1.0)
        self.stage.show_surroundings(not through)
        if self._mixed and not through:
            self._say("no_surroundings")

    def _say(self, name: str) -> None:
        """Tell the visitor a sentence about the headset."""
        self._said, self._said_until = name, self._clock + TOLD

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
        before, self.session = self.session, again
        if (again.width, again.height) != (before.width, before.height):
            self._mirror.close()
            self._eyes.close()
            self._eyes, self._mirror = self._cameras()
        self._lost_at = self._last = None
        self._handless_at = self._clock + HANDLESS
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
        session, guest = self.session, self.guest
        controls, joints, skeleton = session.controls(self._clock)
        if controls.head is not None and session.recentred():
            self._stay(controls)
        view = guest.frame(controls, passed, joints=joints, skeleton=skeleton or "openxr_hand")
        if session.passthrough is not None:
            self._keep_home(controls)
        self._place = guest.head(controls)
        for tick in guest.ticks:
            session.pulse(tick)
        self._tell(controls)
        return self._show(view, controls)

    def _show(self, view: View, controls: Controls) -> tuple[Panel, ...]:
        """Draw a frame's additions into the scene; panels are the runtime's to show."""
        eye = self._place or (0.0, 1.6, 0.0)
        self._gizmos.show(view, (eye[0], eye[1], eye[2]), panels=False)
        about = word(self._said, self.guest.lang) if self._clock < self._said_until else ""
        self.stage.caption.prompt = view.hint or about
        pixels = self.stage.caption.picture(CAPTION_WIDTH)
        if pixels is None:
            return view.panels
        metres = _CAPTION_METRES / CAPTION_WIDTH
        size = (pixels.shape[1] * metres, pixels.shape[0] * metres)
        return (*view.panels, Panel("caption", pixels, _CAPTION, *size, "head"))

    def _tell(self, controls: Controls) -> None:
        """Say what is wrong with the controllers, and how near the play area's edge is."""
        session = self.session
        if self._handless_at is not None and self._clock > self._handless_at:
            self._handless_at = None
            if session.handless:
                self._say("unknown_controllers")
        head = controls.head
        if session.area is None or head is None:
            return
        if session.passthrough is None and session.area.inside(head[0], head[2]) < EDGE:
            self._said, self._said_until = "edge", self._clock + 0.3
        if session.passthrough is not None and not self._planned:
            # Furniture shall stand in the visitor's own room, not in the shop.
            self._planned = True
            place = self.guest.legs.rig.place
            corners = [place((x, 0.0, z, 0.0, 0.0, 0.0, 1.0)) for x, z in session.area.corners]
            self.guest.send(RoomPlan(outline=tuple((c[0], c[2]) for c in corners)))

    def _stay(self, controls: Controls) -> None:
        """The play space has another origin: stay where one was, and face along it anew."""
        if self._place is not None and controls.head is not None:
            self.guest.legs.go(controls.head, (self._place[0], self._place[2]))

    def _keep_home(self, controls: Controls) -> None:
        """In one's own room nothing but feet moves: what is drawn lies over what is there."""
        if self._at_home is None and controls.head is not None:
            self._at_home = self.guest.legs.rig
        if self._at_home is not None:
            self.guest.legs.cancel()
            self.guest.legs.rig = self._at_home

    def _draw(self, eyes: tuple[Eye, ...]) -> None:
        session, place = self.session, self.guest.legs.rig.place
        masks = session.take_masks()
        if masks is not None:
            self._eyes.hide_behind(masks, eyes)
        there = [Eye(place(eye.pose), eye.fov) for eye in eyes]
        head = middle(there)
        lens = stereo(head, there)
        self._eyes.look(lens)
        self._mirror.update(lens)
        self.stage.look_from(head)
        up, down = (math.tan(angle) for angle in eyes[0].fov[2:])
        self.stage.draw((up - down) / session.height)
        with session.pictures() as pictures:
            session.copy(pictures, self._eyes.texture(), self._eyes.depth())
            self.submitted(pictures)
        self.frames += 1

    def submitted(self, pictures: tuple[int, int | None]) -> None:
        """Called with each frame's pictures before they are handed over; for watchers."""
