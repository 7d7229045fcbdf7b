"""A whole visit through the stage's hands, without an engine: a real visit, a toy theatre."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from showroom.app import SHIPPED_PRODUCTS, make_visit
from showroom.catalog.scene import Scene, load_scene
from showroom.protocol import messages as m
from showroom.stage.controls import Controls, HandInput
from showroom.stage.guest import Guest
from showroom.stage.model import read_model
from showroom.stage.poses import looking, toward
from showroom.stage.view import View
from showroom.stage.wares import Shape
from showroom.visit import Visit

FRAME = 1 / 30


class Theatre:
    """Shows nothing, but knows each product's mesh, as a stage does."""

    def __init__(self) -> None:
        self.assets: dict[str, bytes] = {}
        self.glbs: dict[str, str] = {}
        self.scene: Scene | None = None
        self.heard: list[m.Update] = []

    def apply(self, update: m.Update) -> None:
        self.heard.append(update)
        if isinstance(update, m.RoomShown):
            # The same room told again is not shown anew.
            self.scene = self.scene or load_scene(update.scene)
        elif isinstance(update, m.ProductShown | m.ProductChanged) and update.glb:
            self.glbs[update.target] = update.glb
        elif isinstance(update, m.AssetReady):
            self.assets[update.hash] = update.data

    def shape(self, target: str) -> Shape | None:
        model = read_model(self.assets[self.glbs[target]])
        return Shape.of(model.positions, model.faces)


class Visitor:
    """Plays frames one after the other."""

    def __init__(self, visit: Visit, lang: str = "en", **more: Any) -> None:
        self.visit, self.theatre = visit, Theatre()
        self.events: list[m.Event] = []
        self.guest = Guest(self.theatre, self._handle, lang=lang, **more)
        self.time = 0.0
        self.guest.enter("test/1")
        self.play()

    def _handle(self, event: m.Event) -> list[m.Update]:
        self.events.append(event)
        return self.visit.handle(event)

    def play(
        self,
        at: tuple[float, float, float] | None = None,
        frames: int = 1,
        *,
        start: tuple[float, float, float] = (0.2, 1.25, -0.25),
        left: HandInput | None = None,
        pitch: float = -0.2,
        **hand: Any,
    ) -> View:
        """``at``: where the right hand points, in the room."""
        for _ in range(frames):
            self.time += FRAME
            rig = self.guest.legs.rig
            aim = None
            if at is not None:
                place = rig.place((*start, 0.0, 0.0, 0.0, 1.0))[:3]
                aim = rig.local((*place, *toward(place, at)))
            head = (0.0, 1.6, 0.0, *looking(0.0, pitch))
            right = HandInput(aim, aim, **hand)
            view = self.guest.frame(Controls(self.time, head, left or HandInput(), right), FRAME)
        return view

    def commands(self) -> list[m.Command]:
        return [e for e in self.events if isinstance(e, m.Command)]

    @property
    def said(self) -> str:
        return next(u.text for u in reversed(self.theatre.heard) if isinstance(u, m.Reply))


@pytest.fixture
def visitor() -> Visitor:
    return Visitor(make_visit(SHIPPED_PRODUCTS, "store", vertices=True))


SEAT = (0.0, 0.45, -2.45)


def test_products_have_names_prices_and_the_sizes_that_they_are_made_in(visitor: Visitor) -> None:
    chair = visitor.guest.wares.get("chair")
    assert chair is not None
    assert chair.cost == "129.00 EUR"
    low, high = chair.factors
    assert 0.3 < low < 1.0 < high < 3.0
    view = visitor.play(SEAT)
    assert view.lit == (("chair", False),)
    assert view.labels[0].lines == ("Chair", "129.00 EUR")


def test_a_chair_is_carried_and_stands_where_the_visit_says(visitor: Visitor) -> None:
    visitor.play(SEAT, squeeze=1.0)
    view = visitor.play((0.7, 0.45, -2.0), 3, squeeze=1.0)
    assert view.spot is not None
    assert view.spot.free
    assert view.hint == "Let go to put it here"
    shown = view.carried[0].transform
    visitor.play((0.7, 0.45, -2.0))
    stands = visitor.visit.state.things["chair"]
    assert (stands.x, stands.z) == pytest.approx((shown[0], shown[2]), abs=0.01)
    assert (stands.x, stands.z) != pytest.approx((0.0, -2.6), abs=0.3)
    assert visitor.said == "The chair stands there now."
    visitor.play(secondary=True)  # One step back undoes it.
    assert visitor.visit.state.things["chair"].x == pytest.approx(0.0, abs=0.01)


def test_what_is_shown_ahead_is_what_the_visit_does_where_there_is_no_room(
    visitor: Visitor,
) -> None:
    visitor.play(SEAT, squeeze=1.0)
    # Into the knitwear table: the solver stands it beside.
    table = (-2.2, 0.45, -2.2)
    view = visitor.play(table, 3, squeeze=1.0)
    assert view.spot is not None
    box = view.spot.box
    wished = visitor.guest.touch.hold
    assert wished is not None
    assert math.dist((box.x, box.z), (wished.transform[0], wished.transform[2])) > 0.1
    visitor.play(table)
    stands = visitor.guest.wares.get("chair")
    assert stands is not None
    assert stands.box is not None
    assert (stands.box.x, stands.box.z) == pytest.approx((box.x, box.z), abs=0.02)
    assert visitor.said.startswith("There was no room just there")


def test_scaling_in_the_hand_is_one_step_with_the_move(visitor: Visitor) -> None:
    visitor.play(SEAT, squeeze=1.0)
    visitor.play((0.6, 0.45, -2.0), 10, squeeze=1.0, stick=(0.0, 1.0))
    before = visitor.visit.state.things["chair"].look.values["width"]
    visitor.play((0.6, 0.45, -2.0))
    after = visitor.visit.state.things["chair"]
    assert after.look.values["width"] == pytest.approx(before * 1.16, rel=0.03)
    assert after.x > 0.3
    visitor.play(secondary=True)
    undone = visitor.visit.state.things["chair"]
    assert undone.look.values["width"] == pytest.approx(before)
    assert undone.x == pytest.approx(0.0, abs=0.01)


def test_one_walks_around_a_chair_and_where_it_stood_once_it_is_gone(visitor: Visitor) -> None:
    ground = visitor.guest.ground()
    assert not ground.free(0.0, -2.6)
    visitor.guest.send(m.Command(action="take_off", target="chair", id="away"))
    assert visitor.guest.ground().free(0.0, -2.6)


def test_what_vanishes_from_the_hand_is_said(visitor: Visitor) -> None:
    visitor.play(SEAT, squeeze=1.0)
    visitor.guest.send(m.Command(action="take_off", target="chair", id="away"))
    view = visitor.play((0.5, 0.4, -2.0), squeeze=1.0)
    assert view.carried == ()
    assert view.spot is None
    assert view.hint == "Chair is no longer here"
    visitor.play((0.5, 0.4, -2.0))
    assert "chair" not in visitor.visit.state.things
    assert [c.action for c in visitor.commands()] == ["take_off"]


def test_a_shirt_from_its_stand_to_the_body_its_report_and_strain_and_off_again(
    visitor: Visitor,
) -> None:
    visitor.play((-0.9, 1.2, -2.2), squeeze=1.0)
    visitor.play((-0.9, 1.2, -2.2), 20, squeeze=1.0)
    body = {"at": (-0.05, 1.3, 0.0), "start": (-0.1, 1.35, -0.35)}
    view = visitor.play(**body, frames=20, squeeze=1.0)
    assert view.lit == (("tshirt", True),)
    assert view.hint == "Let go to try it on"
    view = visitor.play(**body)
    assert view.carried == ()
    assert visitor.visit.state.worn == "tshirt"
    subject = visitor.guest.subject
    assert subject is not None
    assert subject.worn
    # By its buttons: another size, the fit report, the strain map.
    sheet = visitor.guest._sheet()
    size_l = next(b for b in sheet.buttons if b.label == "L")
    visitor.guest.press(size_l.means)
    assert visitor.visit.state.things["tshirt"].look.size == "L"
    visitor.guest.press("fit")
    visitor.play()
    lines = [line.text for line in visitor.guest._sheet().lines]
    assert "chest" in lines
    visitor.guest.press("strain")
    view = visitor.play()
    assert view.strains[0].glb == visitor.guest.wares.get("tshirt").glb  # type: ignore[union-attr]
    bands = np.frombuffer(view.strains[0].bands, np.uint8)
    positions = read_model(visitor.theatre.assets[view.strains[0].glb]).positions
    assert len(bands) == len(positions)
    assert bands.max() <= 7
    # A re-fit asks anew, once.
    asked = len(visitor.commands())
    visitor.guest.say("one size down")
    for _ in range(3):
        view = visitor.play()
    assert len(visitor.commands()) == asked + 1
    assert view.strains[0].glb == visitor.guest.wares.get("tshirt").glb  # type: ignore[union-attr]
    visitor.guest.press("home")
    off = next(b for b in visitor.guest._sheet().buttons if b.label == "Take off")
    visitor.guest.press(off.means)
    assert visitor.visit.state.worn == ""
    assert visitor.play().strains == ()


def test_the_menu_is_on_the_wrist_that_one_looks_at_and_is_pressed_by_the_other_hand(
    visitor: Visitor,
) -> None:
    grip = (-0.2, 1.25, -0.35, *looking(0.0, 0.5))
    wrist = HandInput(grip, grip)
    away = HandInput((-0.2, 0.8, 0.1, *looking(2.0, -1.0)))
    assert visitor.play(left=away).panels == ()
    visitor.play(SEAT, trigger=1.0)
    visitor.play(SEAT)
    assert visitor.guest.touch.chosen == "chair"
    panel = visitor.play(left=wrist, pitch=-0.5).panels[0]
    assert panel.pixels.shape[2] == 4
    sheet = visitor.guest._sheet()
    index = next(i for i, b in enumerate(sheet.buttons) if b.label.startswith("Smaller"))
    x, y, w, h = sheet.buttons[index].rect
    from showroom.stage.menu import HEIGHT, WIDTH
    from showroom.stage.poses import moved

    u, v = (x + w / 2) / WIDTH - 0.5, 0.5 - (y + h / 2) / HEIGHT
    on = visitor.guest.legs.rig.place(
        (*moved(panel.pose, (u * panel.width, v * panel.height, 0.0)), 0.0, 0.0, 0.0, 1.0)
    )[:3]
    before = visitor.visit.state.things["chair"].look.values["width"]
    from_here = (0.1, 1.3, -0.15)
    visitor.play(on, start=from_here, left=wrist, pitch=-0.5)
    assert visitor.guest.wrist.lit == index
    visitor.play(on, start=from_here, left=wrist, pitch=-0.5, trigger=1.0)
    visitor.play(on, start=from_here, left=wrist, pitch=-0.5)
    after = visitor.visit.state.things["chair"].look.values["width"]
    assert after == pytest.approx(before / 1.05)
    # With a hand that holds something the menu is away.
    view = visitor.play(SEAT, left=wrist, pitch=-0.5, squeeze=1.0)
    assert visitor.guest.touch.hold is not None
    assert visitor.play(SEAT, left=wrist, pitch=-0.5, squeeze=1.0).panels == ()
    assert view is not None


def test_without_a_left_hand_the_menu_button_hangs_it_before_the_visitor(
    visitor: Visitor,
) -> None:
    visitor.play(SEAT, menu=True)
    panel = visitor.play(SEAT).panels[0]
    assert panel.pose[2] == pytest.approx(-0.6, abs=0.05)
    visitor.play(SEAT, menu=True)
    assert visitor.play(SEAT).panels == ()


def test_all_of_it_in_chinese() -> None:
    visitor = Visitor(make_visit(SHIPPED_PRODUCTS, "store", vertices=True), lang="zh-CN")
    view = visitor.play(SEAT)
    assert view.labels[0].lines[0] == "椅子"
    visitor.play(SEAT, squeeze=1.0)
    assert visitor.play((0.7, 0.45, -2.0), 2, squeeze=1.0).hint == "松开放在这里"
    visitor.play((0.7, 0.45, -2.0))
    assert visitor.said == "椅子放好了。"
    assert any(b.label == "撤销" for b in visitor.guest._sheet().buttons)
    before = visitor.guest.legs.rig
    visitor.guest.press("lang")
    visitor.play()
    assert visitor.guest.legs.rig == before
    assert any(b.label == "Undo" for b in visitor.guest._sheet().buttons)
    visitor.guest.say("undo")
    assert visitor.said == "Undone."


class Microphone:
    """Hears one sentence."""

    problem = ""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self, lang: str) -> None:
        self.calls.append(f"start {lang}")

    def stop(self) -> None:
        self.calls.append("stop")

    def heard(self) -> list[m.Event]:
        if self.calls[-1:] != ["stop"]:
            return []
        self.calls.append("told")
        return [m.Utterance(id="mic-1", text="turn the chair by 90 degrees")]


def test_one_talks_while_the_button_is_held() -> None:
    microphone = Microphone()
    visitor = Visitor(make_visit(SHIPPED_PRODUCTS, "store"), microphone=microphone)
    assert visitor.play(SEAT, primary=True).hint.startswith("Listening")
    visitor.play(SEAT, 3, primary=True)
    visitor.play(SEAT)
    assert microphone.calls == ["start en", "stop", "told"]
    assert abs(visitor.visit.state.things["chair"].yaw) == pytest.approx(math.pi / 2, abs=0.01)


def test_without_a_microphone_it_is_said_how_to_go_on(visitor: Visitor) -> None:
    assert "Press T to type" in visitor.play(SEAT, primary=True).hint


def test_poses_go_out_in_the_rooms_frame(visitor: Visitor) -> None:
    visitor.guest.legs.go((0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0), (1.0, -1.0), math.pi / 2)
    visitor.play(SEAT, 3)
    pose = [e for e in visitor.events if isinstance(e, m.Pose)][-1]
    assert (pose.head[0], pose.head[2]) == pytest.approx((1.0, -1.0))
    assert pose.right is not None
    assert pose.left is None
    times = [e.time for e in visitor.events if isinstance(e, m.Pose)]
    assert times == sorted(times)


def test_words_are_the_same_in_both_languages_and_can_be_drawn() -> None:
    from showroom.stage import words
    from showroom.stage.caption import font

    known = words.names()
    assert known["en"] == known["zh"]
    face = font(24)
    for lang in ("en", "zh"):
        for name in known["en"]:
            text = words.word(name, lang)
            # A character that the font lacks leaves no ink.
            lost = {c for c in text if not c.isspace() and not face.getmask(c).size[1]}
            assert not lost, (name, lang)
