"""A window on somebody else's visit: a spectator walks around in it, or follows the visitor."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..protocol import messages as m
from .ground import Ground
from .keys import Keys
from .locomotion import Locomotion
from .stage import Stage
from .window import DESKTOP, HELP_SECONDS, Inputs, WindowInput
from .words import language, word

AWAY, HEIGHT, ASIDE = 2.6, 1.55, 0.6
"""Where a follower's eyes are: metres before the visitor, above the floor, and radians aside."""


class Onlooker:
    """What a spectator sees.

    Args:
        stage: the visit's stage; it is only looked at.
        lang: of the stage's own words.

    Attributes:
        follows: the camera keeps to the visitor; else the spectator walks.
    """

    def __init__(self, stage: Stage, *, lang: str = "en") -> None:
        self.stage, self.lang = stage, language(lang)
        self.follows = True
        self.legs = Locomotion(comfort=DESKTOP)
        self.keys = Keys()
        self.over = False
        self._place: tuple[float, float, float] | None = None
        self._eye: tuple[float, float, float] | None = None

    def follow(self, update: m.Update) -> None:
        """Remember where the visitor is."""
        if isinstance(update, m.AvatarPose) and not update.who:
            x, y, z, w = update.rotations.get("hips", (0.0, 0.0, 0.0, 1.0))
            # The avatar faces +Z in its rest pose.
            yaw = math.atan2(2 * (x * z + y * w), 1 - 2 * (x * x + y * y))
            self._place = (update.root[0], update.root[2], yaw)

    def step(self, now: float, passed: float) -> None:
        """Place the camera for one more frame."""
        controls = self.keys.controls(now, None, None, on_thing=False, holding=False)
        head = controls.head
        assert head is not None
        self.legs.rig = self.legs.rig.turned(head, self.keys.taken())
        if self.follows and self._place is not None:
            self._keep_to(self._place, passed)
        else:
            scene = self.stage.scene
            ground = Ground() if scene is None else Ground.of(scene)
            self.legs.update(controls, ground, passed)
            self.stage.look_from(self.legs.rig.place(head))
        waits = self._place is None and not self.stage.things
        helps = "waiting" if waits else "watching" if now < HELP_SECONDS else ""
        self.stage.caption.prompt = word(helps, self.lang) if helps else ""

    def _keep_to(self, place: tuple[float, float, float], passed: float) -> None:
        """Before the visitor and a little aside, inside the room; the camera trails softly."""
        x, z, yaw = place
        way = yaw + ASIDE
        wanted = (x + AWAY * math.sin(way), HEIGHT, z + AWAY * math.cos(way))
        room = self.stage.room
        if room is not None:
            low, high = room.decor.bounds
            wanted = (
                min(max(wanted[0], float(low[0]) + 0.2), float(high[0]) - 0.2),
                HEIGHT,
                min(max(wanted[2], float(low[2]) + 0.2), float(high[2]) - 0.2),
            )
        share = 1.0 if self._eye is None else 1.0 - math.exp(-3.0 * passed)
        old = self._eye or wanted
        eye = tuple(a + (b - a) * share for a, b in zip(old, wanted, strict=True))
        self._eye = (eye[0], eye[1], eye[2])
        self.stage.look_at(self._eye, (x, 1.05, z))


class OnlookerWindow:
    """Runs an :class:`Onlooker` in a window.

    Args:
        stage: opened with ``display="window"``.
        arrive: called each frame; shows what has arrived of the visit and returns it.
        inputs: keys and mouse; the window's own where none are given.

    Raises:
        StageError: the stage has no window, and no inputs are given.
    """

    def __init__(
        self,
        stage: Stage,
        arrive: Callable[[], list[m.Update]],
        *,
        lang: str = "en",
        inputs: Inputs | None = None,
    ) -> None:
        self.onlooker = Onlooker(stage, lang=lang)
        self._stage, self._arrive = stage, arrive
        self._input = inputs or WindowInput(stage)

    def run(self, seconds: float = math.inf) -> None:
        """Until the spectator leaves, or for ``seconds``."""
        begin = last = time.perf_counter()
        while not self.onlooker.over and time.perf_counter() - begin < seconds:
            now = time.perf_counter()
            self.frame(now - begin, min(now - last, 0.1))
            last = now

    def frame(self, now: float, passed: float) -> None:
        """One frame: keys, what has arrived, picture."""
        onlooker = self.onlooker
        for kind, name in self._input.events():
            if kind == "up":
                onlooker.keys.up(name)
            elif kind == "key" and name == "escape":
                onlooker.over = True
            elif kind == "key":
                onlooker.follows = not onlooker.follows if name == "v" else onlooker.follows
                onlooker.keys.down(name)
        for update in self._arrive():
            onlooker.follow(update)
        onlooker.step(now, passed)
        self._stage.draw()
        onlooker.over = onlooker.over or self._input.closed
