"""One visitor on the stage: their inputs in, the visit's updates and what is to be drawn out.

A window, a headset and tests all run a visit through a :class:`Guest`: they fill
:class:`~showroom.stage.controls.Controls`, call :meth:`Guest.frame`, and draw the
:class:`~showroom.stage.view.View` that comes back. No engine and no runtime here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..catalog.scene import Scene
from ..protocol import messages as m
from ..protocol.limits import Transform
from .controls import SIDES, Controls, Side, Tick
from .ground import Box, Ground
from .locomotion import Comfort, Locomotion, Moved
from .menu import Local, Sheet, Shown, pressed, sheet
from .poses import ORIGIN
from .standing import Standing
from .teleport import throw
from .touch import Acts, Carried, Touch
from .view import Dimension, Label, Spot, View, dimensions, name_label, sizes, tailored
from .wares import Shape, Targets, Ware, Wares, box_of
from .words import language, word
from .wrist import Wrist

Handle = Callable[[m.Event], Iterable[m.Update]]
POSE_RATE = 30.0
HINT_SECONDS = 3.0
NEAR_SETTLED = 0.6
"""A held thing is shown where it would stand if that is so near, metres."""


class Theatre(Protocol):
    """What shows a visit's updates: the stage."""

    def apply(self, update: m.Update) -> None: ...

    def shape(self, target: str) -> Shape | None: ...

    @property
    def scene(self) -> Scene | None: ...


class Microphone(Protocol):
    """What hears the visitor while they hold the button to talk."""

    def start(self, lang: str) -> None: ...

    def stop(self) -> None: ...

    def heard(self) -> list[m.Event]: ...

    @property
    def problem(self) -> str: ...


@cache
def ready() -> None:
    """Load, or compile, what frames compute with, so that none of them has to wait for it."""
    triangle = Shape.of(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    ware = Ware("", {}, "furniture", "", ORIGIN, shape=triangle)
    Targets((ware,)).pick(np.array((0.3, 0.3, 2.0)), np.array((0.0, 0.0, -1.0)))
    ground = Ground(((1.0, -1.0), (-1.0, -1.0), (0.0, 1.0)), [Box(0.0, 0.0, 0.1, 0.1)])
    throw((0.0, 1.0, 0.5, 0.0, 0.0, 0.0, 1.0), ground)
    ground.step((0.0, -0.5), (0.1, 0.0))


class Guest:
    """One visitor.

    Args:
        theatre: shows what the visit says.
        handle: takes each event and returns its updates: a visit's own ``handle``.
        lang: of the stage's own words, and of the replies.
        near: how far before the hand a garment is brought, metres.
        wrist: the menu hangs at the left wrist or before the visitor; a window shows it itself.

    Attributes:
        legs, touch, wares: how they move, what their hands do, what there is.
        ticks: of the latest frame, for devices that can be felt.
        wrist: the menu.
    """

    def __init__(
        self,
        theatre: Theatre,
        handle: Handle,
        *,
        lang: str = "en",
        comfort: Comfort | None = None,
        microphone: Microphone | None = None,
        near: float | None = None,
        wrist: bool = True,
    ) -> None:
        ready()
        self.theatre, self.handle, self.lang = theatre, handle, language(lang)
        self.legs = Locomotion(comfort=comfort or Comfort())
        self.wares = Wares()
        self.touch = Touch(self.wares, near=near)
        self.microphone = microphone
        self.ticks: tuple[Tick, ...] = ()
        self.wrist = Wrist(hangs=wrist)
        self._standing = Standing()
        self._scene: Scene | None = None
        self._ground: tuple[tuple[int, str], Ground] | None = None
        self._reports: dict[str, m.FitReport] = {}
        self._maps: dict[str, m.FitMap] = {}
        self._asked: tuple[str, str, str] = ("", "", "")
        self._said = ""
        self._hint, self._hint_until = "", -math.inf
        self._sent = -math.inf
        self._spoken = 0
        self._time = 0.0
        self._talking = False

    # --- the visit -----------------------------------------------------------------------------

    def enter(self, client: str) -> None:
        """Begin the visit."""
        self.send(m.Hello(client=client, lang=self.lang, want=("vertices",)))

    def send(self, event: m.Event) -> None:
        """Hand an event to the visit and show what comes of it."""
        hold = self.touch.hold
        held = self.wares.get(hold.target) if hold is not None else None
        for update in self.handle(event):
            self.theatre.apply(update)
            self._follow(update)
        if held is not None and held.target not in self.wares:
            self._tell(word("gone", self.lang, product=held.title(self.lang)))

    def say(self, text: str) -> None:
        """Send a typed sentence."""
        self._spoken += 1
        self.send(m.Utterance(id=f"typed-{self._spoken}", text=text, lang=self.lang))

    def _follow(self, update: m.Update) -> None:
        """Remember what an update says of products, reports and answers."""
        old = self.wares.get(update.target) if isinstance(update, m.ProductShown) else None
        if isinstance(update, m.ProductShown) and update.worn and (old is None or not old.worn):
            self.touch.chosen = update.target  # What was just put on is what one is about.
        self.wares.take(update)
        if isinstance(update, m.ProductChanged) and update.glb:
            self._reports.pop(update.target, None)
        elif isinstance(update, m.FitReport):
            self._reports[update.target] = update
        elif isinstance(update, m.FitMap):
            self._maps[update.target] = update
        elif isinstance(update, m.Reply):
            self._said = update.text
        elif isinstance(update, m.RoomShown):
            self._ground = None

    # --- one frame -----------------------------------------------------------------------------

    def frame(
        self,
        controls: Controls,
        seconds: float,
        *,
        over: tuple[float, float] | None = None,
        joints: Mapping[str, Transform] | None = None,
        skeleton: str = "openxr_hand",
    ) -> View:
        """Take one frame of inputs, and say what is to be drawn.

        Args:
            seconds: since the frame before.
            over: where the pointer is on a menu that the window shows itself, (u, v) from its
                upper left corner.
            joints: more that is tracked, in the play space; sent with the poses.
        """
        self._time = controls.time
        self._enter_room(controls)
        self._shapes()
        page, hold = self._sheet(), self.touch.hold
        on = self.wrist.aim(controls, page, busy=hold is not None, over=over)
        idle: frozenset[Side] = frozenset(("left",)) if self.wrist.worn else frozenset()
        rig = self.legs.rig
        acts = self.touch.update(controls, rig, seconds, panel=on, idle=idle)
        walked = self.legs.update(controls, self.ground(), seconds, busy=acts.busy, aim=acts.aim)
        self.ticks = acts.ticks + walked.ticks
        if walked.landed:
            self.wrist.brought(controls)
        self._act(acts, controls, page)
        self._report()
        self._tell_pose(controls, joints or {}, skeleton)
        return self._view(controls, acts, walked)

    def ground(self) -> Ground:
        """The floor with everything on it but what is held."""
        held = self.touch.hold.target if self.touch.hold is not None else ""
        known = (self.wares.version, held)
        if self._ground is None or self._ground[0] != known:
            boxes = self.wares.boxes(but=(held,))
            scene = self._scene
            made = Ground((), boxes) if scene is None else Ground.of(scene, boxes)
            self._ground = (known, made)
        return self._ground[1]

    def head(self, controls: Controls) -> Transform | None:
        """The visitor's head in the room."""
        return None if controls.head is None else self.legs.rig.place(controls.head)

    def _enter_room(self, controls: Controls) -> None:
        scene = self.theatre.scene
        if scene is self._scene:
            return
        self._scene, self._ground = scene, None
        self._standing.enter(scene)
        self.touch.forget()
        if scene is not None and controls.head is not None:
            x, _, z = scene.spawn.position
            self.legs.go(controls.head, (x, z), scene.spawn.yaw)

    def _shapes(self) -> None:
        for target, ware in list(self.wares.all.items()):
            if ware.shape is None and not ware.worn:
                shape = self.theatre.shape(target)
                if shape is not None:
                    self.wares.shaped(target, shape)

    def _act(self, acts: Acts, controls: Controls, page: Sheet) -> None:
        for event in acts.events:
            self.send(event)
        if acts.menu:
            self.wrist.toggle(controls)
        if acts.pressed is not None and self.wrist.lit >= 0:
            self.press(page.buttons[self.wrist.lit].means)
        if acts.talk is not None:
            self._talk(acts.talk)
        if self.microphone is not None:
            for event in self.microphone.heard():
                self.send(event)
            if self._talking and self.microphone.problem:
                self._tell(self.microphone.problem)

    def _talk(self, on: bool) -> None:
        self._talking = on and self.microphone is not None
        if self.microphone is None:
            if on:
                self._tell(word("no_microphone", self.lang))
        elif on:
            self.microphone.start(self.lang)
            if self.microphone.problem:
                self._talking = False
                self._tell(self.microphone.problem)
        else:
            self.microphone.stop()

    def _tell_pose(
        self, controls: Controls, joints: Mapping[str, Transform], skeleton: str
    ) -> None:
        head = self.head(controls)
        if head is None or controls.time - self._sent < 1.0 / POSE_RATE:
            return
        self._sent = controls.time
        place = self.legs.rig.place
        left, right = (
            None if (grip := controls.hand(s).grip) is None else place(grip) for s in SIDES
        )
        if not self.wrist.hangs:
            left = right = None  # A window's mouse is no hand.
        told = {name: place(pose) for name, pose in joints.items()}
        self.send(
            m.Pose(
                time=controls.time, head=head, left=left, right=right, joints=told,
                skeleton=skeleton if told else "vrm",
            )
        )  # fmt: skip
        self.send(m.Clock(time=controls.time))

    # --- the menu ------------------------------------------------------------------------------

    @property
    def subject(self) -> Ware | None:
        """What the menu is about: the product chosen, else what was put on last."""
        chosen = self.wares.get(self.touch.chosen) if self.touch.chosen else None
        worn = self.wares.worn
        return chosen or (worn[-1] if worn else None)

    def press(self, means: m.Command | Local) -> None:
        """What a button of the menu means."""
        if isinstance(means, m.Command):
            self.send(msgspec.structs.replace(means, id=self.touch.fresh()))
            return
        if means == "strain":
            self.wrist.strain = not self.wrist.strain
        elif means == "measures":
            self.wrist.measures = not self.wrist.measures
        elif means == "home" or means == "colors" or means == "fit" or means == "comfort":
            self.wrist.page = means
        elif means == "lang":
            self.lang = "en" if self.lang == "zh" else "zh"
            self.enter("stage/1")
        else:
            self.legs.comfort = pressed(self.legs.comfort, means)

    def _report(self) -> None:
        """Ask for the fit report, and the strain map, once for each shape in which they show."""
        ware, wrist = self.subject, self.wrist
        if ware is None or not ware.worn or not (wrist.strain or wrist.page == "fit"):
            return
        wanted = (ware.target, ware.glb, "map" if wrist.strain else "")
        if wanted == self._asked:
            return
        self._asked = wanted
        wish = m.Command(action="report", target=ware.target, option=wanted[2])
        self.send(msgspec.structs.replace(wish, id=self.touch.fresh()))

    def _sheet(self) -> Sheet:
        ware = self.subject
        report = self._reports.get(ware.target) if ware is not None else None
        return sheet(
            Shown(
                ware, self._said, report, self.wrist.strain, self.wrist.measures,
                self.legs.comfort, self.lang, self.wrist.page,
                sizes(ware, self.lang) if ware is not None else (),
            )
        )  # fmt: skip

    def picture(self) -> NDArray[np.uint8]:
        """(h, w, 4) uint8 of the menu as it is now; the same object until it changes."""
        return self.wrist.picture(self._sheet())

    # --- what is seen --------------------------------------------------------------------------

    def _tell(self, text: str) -> None:
        self._hint, self._hint_until = text, self._time + HINT_SECONDS

    def _view(self, controls: Controls, acts: Acts, walked: Moved) -> View:
        head = self.head(controls)
        carried, spot = self._carried(acts, head)
        lit = [(c.target, True) for c in carried if c.held and c.on_body]
        labels: list[Label] = []
        ware = self.wares.get(acts.hover) if acts.hover else None
        if ware is not None:
            lit.append((ware.target, False))
            label = name_label(ware, self.lang)
            labels += [label] if label is not None else []
        labels += self._tailored(carried)
        return View(
            head, walked.arc, tuple(r for r in acts.rays if r.side != self.legs.aiming),
            tuple(lit), tuple(labels), carried, spot,
            self._measures(carried), self._strains(), walked.vignette, walked.dark,
            () if self.wrist.panel is None else (self.wrist.panel,), self._told(carried, spot),
            self.legs.rig,
        )  # fmt: skip

    def _carried(
        self, acts: Acts, head: Transform | None
    ) -> tuple[tuple[Carried, ...], Spot | None]:
        """What is shown elsewhere; furniture where the solver would stand it, if that is near."""
        shown, spot = [], None
        for one in acts.carried:
            ware = self.wares.get(one.target)
            if ware is None or ware.shape is None:
                continue
            if one.held and ware.kind == "furniture" and head is not None:
                settled = self._standing.settled(
                    ware, one.transform, one.factor, self.wares.all.values(), head,
                    self.wares.version,
                )  # fmt: skip
                there = one.transform
                if settled is not None:
                    half = settled[2] / 2
                    there = (
                        settled[0], there[1], settled[1], 0.0, math.sin(half), 0.0, math.cos(half),
                    )  # fmt: skip
                box = box_of(ware.shape, there, factor=one.factor)
                spot = Spot(box, settled is not None)
                if math.dist(there[:3], one.transform[:3]) < NEAR_SETTLED:
                    one = replace(one, transform=there)
            shown.append(one)
        return tuple(shown), spot

    def _strains(self) -> tuple[m.FitMap, ...]:
        ware = self.subject
        known = self._maps.get(ware.target) if ware is not None and ware.worn else None
        on = self.wrist.strain and known is not None and ware is not None
        return (known,) if on and known is not None and ware and known.glb == ware.glb else ()

    def _tailored(self, carried: tuple[Carried, ...]) -> tuple[Label, ...]:
        """The chosen garment's own measures, beside it."""
        ware = self.subject
        if not self.wrist.measures or ware is None or ware.kind != "garment" or ware.worn:
            return ()
        there = next((c.transform for c in carried if c.target == ware.target), ware.transform)
        return tailored(ware, self.lang, there)

    def _measures(self, carried: tuple[Carried, ...]) -> tuple[Dimension, ...]:
        ware = self.subject
        if not self.wrist.measures or ware is None or ware.kind == "garment":
            return ()
        for one in carried:
            if one.target == ware.target:
                return dimensions(ware, self.lang, one.transform, one.factor)
        return dimensions(ware, self.lang, ware.transform)

    def _told(self, carried: tuple[Carried, ...], spot: Spot | None) -> str:
        if self._talking:
            return word("listening", self.lang)
        if self._time < self._hint_until:
            return self._hint
        if spot is not None:
            return word("let_go_to_put" if spot.free else "no_room", self.lang)
        if any(c.held and c.on_body for c in carried):
            return word("let_go_to_try_on", self.lang)
        return ""
