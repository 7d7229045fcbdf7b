"""A visit in a headset: both eyes drawn with one camera, head and hands sent as poses.

The visitor walks on foot, or further with a thumbstick; the play space's origin moves then.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..protocol.messages import Bye, Clock, Event, Pose, Update
from .ground import Ground
from .openxr_binding import Copier, EglContext
from .openxr_camera import CAPTION_WIDTH, StereoCamera, StereoMirror
from .openxr_session import HeadsetLost, XrFrame, XrSession
from .openxr_view import Eye, shifted, stereo, yaw_of
from .settings import StageSettings
from .stage import Stage

Handle = Callable[[Event], Iterable[Update]]
POSE_RATE = 30.0
SPEED = 1.4
DEAD_ZONE = 0.2
PATIENCE = 3.0
MIRROR_SCALE = 0.6


def headset_settings(settings: StageSettings) -> StageSettings:
    """A stage for a headset: no picture but the eyes', whose mirrors the headset draws itself."""
    return replace(
        settings, display="headless", width=64, height=64, supersample=1, mirror_scale=0.0
    )


class Headset:
    """Runs a visit in a headset.

    Args:
        stage: opened with :func:`headset_settings`.
        handle: takes each event and returns its updates: a visit's own ``handle``.

    Raises:
        StageError: there is no headset, or it cannot be drawn to.
    """

    def __init__(self, stage: Stage, handle: Handle) -> None:
        self.stage, self.handle = stage, handle
        self.origin = (0.0, 0.0)
        self.frames = 0
        self.over = False
        self._sent = -math.inf
        self._first: int | None = None
        self._last: int | None = None
        stage.graphics.render()  # Makes the GL context current on this thread.
        context = EglContext()
        self._copier = Copier(context.function)
        self.session = XrSession(context)
        size = (self.session.width, self.session.height)
        self._eyes = StereoCamera(stage, *size)
        self._mirror = StereoMirror(stage, *size, scale=MIRROR_SCALE)

    def run(self, seconds: float = math.inf) -> str:
        """Until the visitor leaves, or for ``seconds``; returns a sentence if the visit was cut."""
        begin = time.perf_counter()
        try:
            while not (self.over or self.session.life.over):
                if time.perf_counter() - begin >= seconds:
                    break
                self._turn()
            self._leave()
        except HeadsetLost as error:
            self.session.life = self.session.life.lost(str(error))
        finally:
            self.close()
        self.send(Bye())
        return self.session.life.reason

    def _leave(self) -> None:
        """Ask to leave, and wait a while for the runtime to agree."""
        if self.session.life.over:
            return
        self.session.leave()
        until = time.perf_counter() + PATIENCE
        while not self.session.life.over and time.perf_counter() < until:
            self._turn()

    def send(self, event: Event) -> None:
        """Hand an event to the visit and show what comes of it."""
        for update in self.handle(event):
            self.stage.apply(update)

    def close(self) -> None:
        """Leave the runtime and free what was drawn with; the stage stays."""
        self._mirror.close()
        self._eyes.close()
        self._copier.close()
        self.session.close()

    def _turn(self) -> None:
        """One frame, or a short wait while the runtime wants none."""
        self.session.poll()
        if not self.session.life.running:
            time.sleep(0.01)
            return
        frame = self.session.begin()
        drawn = False
        try:
            if not self.session.life.asked:
                self._follow(frame)
            if frame.eyes and frame.head is not None:
                self._draw(frame)
                drawn = True
        finally:
            self.session.end(drawn)

    def _follow(self, frame: XrFrame) -> None:
        """Walk, and send the visitor's pose when it is time to."""
        if frame.head is None:
            return
        if self._first is None or self._last is None:
            self._first = self._last = frame.time
        self._walk(frame, min(0.1, (frame.time - self._last) / 1e9))
        self._last = frame.time
        now = (frame.time - self._first) / 1e9
        if now - self._sent < 1.0 / POSE_RATE:
            return
        self._sent = now
        x, z = self.origin
        left, right = (None if h.pose is None else shifted(h.pose, x, z) for h in frame.hands)
        self.send(Pose(time=now, head=shifted(frame.head, x, z), left=left, right=right))
        self.send(Clock(time=now))

    def _walk(self, frame: XrFrame, passed: float) -> None:
        """Move the play space by the left thumbstick, or the right: towards where one looks."""
        assert frame.head is not None
        stick = max((h.stick for h in frame.hands), key=lambda s: math.hypot(*s))
        if math.hypot(*stick) < DEAD_ZONE:
            return
        yaw = yaw_of(frame.head)
        cos, sin = math.cos(yaw), math.sin(yaw)
        right, forward = stick
        reach = SPEED * passed
        move = (
            (right * cos - forward * sin) * reach,
            (-right * sin - forward * cos) * reach,
        )
        x, z = self.origin
        place = (frame.head[0] + x, frame.head[2] + z)
        room = self.stage.room
        after = (
            (place[0] + move[0], place[1] + move[1])
            if room is None
            else Ground.of(room.scene).step(place, move)
        )
        self.origin = (x + after[0] - place[0], z + after[1] - place[1])

    def _draw(self, frame: XrFrame) -> None:
        x, z = self.origin
        assert frame.head is not None
        head = shifted(frame.head, x, z)
        lens = stereo(head, [Eye(shifted(e.pose, x, z), e.fov) for e in frame.eyes])
        self._eyes.look(lens)
        self._mirror.update(lens)
        self.stage.look_from(head)
        self._eyes.caption(self.stage.caption.picture(CAPTION_WIDTH))
        self.stage.first_person = True
        self.stage.draw()
        with self.session.image() as image:
            width, height = 2 * self.session.width, self.session.height
            self._copier.copy(self._eyes.texture(), image, width, height)
            self.submitted(image)
        self.frames += 1

    def submitted(self, image: int) -> None:
        """Called with each picture handed over; for watchers."""

    def picture(self, image: int) -> NDArray[np.uint8]:
        """An image's pixels, (h, 2 w, 3) uint8, top row first: left eye, right eye."""
        return self._copier.read(image, 2 * self.session.width, self.session.height)
