from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from stage_models import box

from showroom.protocol import messages as m
from showroom.stage.controls import Controls, HandInput
from showroom.stage.holding import REACH
from showroom.stage.locomotion import Rig
from showroom.stage.touch import BACK, FORGET, LONG, Acts, Touch
from showroom.stage.wares import Shape, Wares

FRAME = 1 / 30
HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


def shown(target: str, kind: str, x: float, y: float, z: float, **more: Any) -> m.ProductShown:
    return m.ProductShown(
        target=target, glb=target, name={"en": target.title(), "zh": "椅子"}, kind=kind,
        category=target, transform=(x, y, z, 0.0, 0.0, 0.0, 1.0), **more,
    )  # fmt: skip


CHAIR = shown(
    "chair", "furniture", 0.0, 0.0, -2.0, values={"width": 0.5}, ranges={"width": (0.4, 0.7)},
    price="129.00", currency="EUR",
)  # fmt: skip
SHIRT = shown("shirt", "garment", 1.2, 1.0, -1.0)


def wares(*updates: m.ProductShown) -> Wares:
    made = Wares()
    for update in updates or (CHAIR, SHIRT):
        made.take(update)
        size = 0.5 if update.kind == "furniture" else 0.4
        made.shaped(update.target, Shape.of(*_mesh(size)))
    return made


def _mesh(size: float) -> tuple[np.ndarray, np.ndarray]:
    positions, faces = box(size)
    return positions, faces.astype(np.int32)


def aim(at: tuple[float, float, float], start: tuple[float, float, float] = (0.2, 1.2, -0.2)):
    """A pose whose -Z points from start to at."""
    way = np.subtract(at, start)
    yaw = math.atan2(-way[0], -way[2])
    pitch = math.atan2(way[1], math.hypot(way[0], way[2]))
    cy, sy, cp, sp = math.cos(yaw / 2), math.sin(yaw / 2), math.cos(pitch / 2), math.sin(pitch / 2)
    return (*start, cy * sp, sy * cp, -sy * sp, cy * cp)


AT_CHAIR, AT_SHIRT, AT_FLOOR = (0.0, 0.3, -1.75), (1.2, 1.2, -0.8), (-1.0, 0.0, -1.5)


class Script:
    """Frames one after the other, for one visitor."""

    def __init__(self, *updates: m.ProductShown) -> None:
        self.wares = wares(*updates)
        self.touch = Touch(self.wares)
        self.time = 0.0
        self.events: list[m.Event] = []
        self.talks: list[bool] = []

    def __call__(
        self,
        at: tuple[float, float, float] = AT_FLOOR,
        seconds: float = FRAME,
        *,
        start: tuple[float, float, float] = (0.2, 1.2, -0.2),
        left: HandInput | None = None,
        wheel: float = 0.0,
        panel: bool = False,
        **hand: Any,
    ) -> Acts:
        pose = aim(at, start)
        for _ in range(max(1, round(seconds / FRAME))):
            self.time += FRAME
            controls = Controls(
                self.time, HEAD, left or HandInput(), HandInput(pose, pose, **hand), wheel
            )
            over = frozenset(("right",)) if panel else frozenset()
            acts = self.touch.update(controls, Rig(), FRAME, panel=over)
            self.events += acts.events
            if acts.talk is not None:
                self.talks.append(acts.talk)
        return acts

    @property
    def commands(self) -> list[m.Command]:
        return [e for e in self.events if isinstance(e, m.Command)]


# --- pointing ------------------------------------------------------------------------------------


def test_a_ray_meets_the_triangle_not_the_box() -> None:
    place = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    made = Wares()
    made.take(shown("corner", "furniture", 0.0, 0.0, -1.0))
    made.shaped("corner", Shape.of(place, np.array([[0, 1, 2]], np.int32)))
    ahead = np.array([0.0, 0.0, -1.0])
    hit = made.targets.pick(np.array([0.2, 0.2, 0.0]), ahead)
    assert hit is not None
    assert hit.point == pytest.approx((0.2, 0.2, -1.0))
    assert made.targets.pick(np.array([0.9, 0.9, 0.0]), ahead) is None


def test_a_ray_takes_the_nearest_of_what_stands_behind_each_other_turned_or_not() -> None:
    made = wares(CHAIR, shown("table", "furniture", 0.0, 0.0, -3.5))
    half = math.pi / 8
    turned = (0.0, 0.0, -2.0, 0.0, math.sin(half), 0.0, math.cos(half))
    made.take(m.ProductChanged(target="chair", changes=(), transform=turned))
    hit = made.targets.pick(np.array([0.0, 0.3, 0.0]), np.array([0.0, 0.0, -1.0]))
    assert hit is not None
    assert hit.target == "chair"
    assert hit.distance == pytest.approx(2.0 - 0.25 * math.sqrt(2), abs=0.01)


def test_pointing_lights_a_product_and_ticks_once() -> None:
    script = Script()
    first, second = script(AT_CHAIR), script(AT_CHAIR)
    assert (first.hover, second.hover) == ("chair", "chair")
    assert (len(first.ticks), len(second.ticks)) == (1, 0)
    assert first.rays[0].lit
    assert first.rays[0].end == pytest.approx(AT_CHAIR, abs=0.02)
    assert script(AT_FLOOR).hover == ""
    ware = script.wares.get("chair")
    assert ware is not None
    assert (ware.title("en"), ware.title("zh"), ware.cost) == ("Chair", "椅子", "129.00 EUR")


# --- choosing ------------------------------------------------------------------------------------


def test_a_short_press_chooses_and_on_nothing_chooses_nothing() -> None:
    script = Script()
    script(AT_CHAIR, trigger=1.0)
    script(AT_CHAIR)
    assert script.touch.chosen == "chair"
    script(AT_FLOOR, trigger=1.0)
    script(AT_FLOOR)
    assert [e.target for e in script.events if isinstance(e, m.Point)] == ["chair", ""]
    assert not script.commands


def test_a_press_that_slips_off_chooses_nothing() -> None:
    script = Script()
    script(AT_CHAIR, trigger=1.0)
    script(AT_SHIRT)
    assert script.touch.chosen == ""
    assert not script.events


def test_a_pinch_is_a_trigger() -> None:
    script = Script()
    script(AT_CHAIR, pinch=1.0, bare=True)
    script(AT_CHAIR, bare=True)
    assert script.touch.chosen == "chair"


def test_a_press_on_the_menu_touches_nothing_behind_it() -> None:
    script = Script()
    assert script(AT_CHAIR, panel=True, trigger=1.0).pressed == "right"
    assert script(AT_CHAIR, 1.0, panel=True, trigger=1.0).pressed is None
    script(AT_CHAIR, panel=True)
    assert not script.events
    assert script.touch.hold is None


# --- furniture -----------------------------------------------------------------------------------


def test_furniture_is_pushed_over_the_floor_under_the_ray_and_put_where_it_is_let_go() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    acts = script((0.8, 0.3, -1.75), squeeze=1.0)
    carried = acts.carried[0].transform
    assert carried[:3] == pytest.approx((0.8, 0.0, -2.0), abs=0.02)
    assert acts.busy == {"right"}
    assert not script.commands  # The visit hears nothing before it is let go.
    script((0.8, 0.3, -1.75))
    put = script.commands[-1]
    assert (put.action, put.target, put.factor) == ("place", "chair", None)
    assert put.at == pytest.approx((0.8, -2.0, 0.0), abs=0.02)
    assert script.touch.hold is None


def test_a_trigger_held_long_grabs_what_it_was_pressed_on() -> None:
    script = Script()
    script(AT_CHAIR, LONG / 2, trigger=1.0)
    assert script.touch.hold is None
    script(AT_CHAIR, LONG, trigger=1.0)
    assert script.touch.hold is not None
    script((0.5, 0.3, -1.75), trigger=1.0)
    script((0.5, 0.3, -1.75))
    assert script.commands[-1].action == "place"


def test_what_was_grabbed_and_not_moved_is_only_chosen() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    script(AT_CHAIR)
    assert not script.commands
    assert script.touch.chosen == "chair"


def test_the_stick_turns_and_scales_within_the_sizes_that_are_made() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    script(AT_CHAIR, 1.0, squeeze=1.0, stick=(-1.0, 0.0))
    script(AT_CHAIR, 5.0, squeeze=1.0, stick=(0.0, 1.0))
    script(AT_CHAIR)
    put = script.commands[-1]
    assert put.at is not None
    assert put.at[2] == pytest.approx(1.6, abs=0.1)
    assert put.factor == pytest.approx(0.7 / 0.5)  # The widest that it is made.
    script(AT_CHAIR, squeeze=1.0)
    script(AT_CHAIR, 5.0, squeeze=1.0, stick=(0.0, -1.0))
    script(AT_CHAIR)
    assert script.commands[-1].factor == pytest.approx(0.4 / 0.5)


def test_two_hands_turn_and_scale() -> None:
    script = Script()

    def left(x: float, z: float) -> HandInput:
        grip = (x, 1.2, z, 0.0, 0.0, 0.0, 1.0)
        return HandInput(grip, grip, squeeze=1.0)

    script(AT_CHAIR, squeeze=1.0)
    script(AT_CHAIR, squeeze=1.0, left=left(-0.2, -0.2))
    acts = script(AT_CHAIR, squeeze=1.0, left=left(-0.28, -0.2))
    assert acts.carried[0].factor == pytest.approx(1.2)
    acts = script(AT_CHAIR, squeeze=1.0, left=left(0.2, -0.68))
    turned = 2 * math.atan2(acts.carried[0].transform[4], acts.carried[0].transform[6])
    assert abs(turned) == pytest.approx(math.pi / 2, abs=0.01)
    script(AT_CHAIR, squeeze=1.0)  # One hand lets go: the other goes on.
    assert script.touch.hold is not None
    assert script.touch.hold.two is None


def test_a_wheel_turns_furniture() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    for _ in range(3):
        script(AT_CHAIR, squeeze=1.0, wheel=1.0)
    script(AT_CHAIR)
    assert script.commands[-1].at[2] == pytest.approx(math.pi / 4)


def test_a_ray_to_the_horizon_pushes_nothing_out_of_sight() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    acts = script((0.0, 5.0, -40.0), squeeze=1.0)
    assert math.hypot(acts.carried[0].transform[0], acts.carried[0].transform[2]) < REACH + 1.0


def test_the_second_button_puts_back_and_then_undoes() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    script((0.8, 0.3, -1.75), squeeze=1.0)
    acts = script((0.8, 0.3, -1.75), squeeze=1.0, secondary=True)
    assert script.touch.hold is None
    assert not acts.carried[0].held
    script((0.8, 0.3, -1.75), BACK + 0.1)
    assert not script.commands
    script(AT_FLOOR, secondary=True)
    assert script.commands[-1].action == "undo"


# --- garments ------------------------------------------------------------------------------------


def test_a_garment_comes_to_the_hand_and_is_hung_back_when_let_go_elsewhere() -> None:
    script = Script()
    script(AT_SHIRT, squeeze=1.0)
    far = script(AT_SHIRT, squeeze=1.0).carried[0].transform
    acts = script(AT_SHIRT, 1.0, squeeze=1.0)
    near = acts.carried[0].transform
    start = np.array((0.2, 1.2, -0.2))
    top = np.add(near[:3], (0.0, 0.4, 0.0))
    assert np.linalg.norm(top - start) < 0.3 < np.linalg.norm(np.subtract(far[:3], start))
    assert not acts.carried[0].on_body
    acts = script(AT_SHIRT)
    assert acts.carried[0].held is False
    assert script(AT_SHIRT, BACK + 0.1).carried == ()
    assert not script.commands


def test_a_garment_let_go_on_oneself_is_tried_on() -> None:
    script = Script()
    script(AT_SHIRT, squeeze=1.0)
    acts = script((0.0, 1.2, -0.1), 1.0, start=(0.1, 1.25, -0.35), squeeze=1.0)
    assert acts.carried[0].on_body
    script((0.0, 1.2, -0.1), start=(0.1, 1.25, -0.35))
    assert [(c.action, c.target) for c in script.commands] == [("try_on", "shirt")]


def test_the_trigger_tries_on_what_the_grip_holds() -> None:
    script = Script()
    script(AT_SHIRT, squeeze=1.0)
    script(AT_SHIRT, 0.5, squeeze=1.0)
    script(AT_SHIRT, squeeze=1.0, trigger=1.0)
    script(AT_SHIRT, squeeze=1.0)
    script(AT_SHIRT)
    assert [(c.action, c.target) for c in script.commands] == [("try_on", "shirt")]


def test_dragged_down_at_oneself_a_garment_is_tried_on_at_a_desktop() -> None:
    script = Script()
    script.touch = Touch(script.wares, near=0.9)
    eyes = (0.0, 1.6, 0.0)
    script(AT_SHIRT, start=eyes, squeeze=1.0)
    assert not script((0.0, 0.9, -1.0), 1.0, start=eyes, squeeze=1.0).carried[0].on_body
    assert script((0.0, 0.0, -0.5), start=eyes, squeeze=1.0).carried[0].on_body
    script((0.0, 0.0, -0.5), start=eyes)
    assert [c.action for c in script.commands] == ["try_on"]


def test_a_hand_takes_directly_what_it_reaches() -> None:
    script = Script()
    script((0.0, 1.2, -9.0), start=(1.2, 1.2, -0.75), squeeze=1.0)
    assert script.touch.hold is not None
    assert script.touch.hold.target == "shirt"


# --- what vanishes -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["removed", "worn"])
def test_what_vanishes_from_the_hand_leaves_it_empty(how: str) -> None:
    script = Script()
    script(AT_SHIRT, squeeze=1.0)
    assert script.touch.hold is not None
    if how == "removed":
        script.wares.take(m.ProductRemoved(target="shirt"))
    else:
        script.wares.take(shown("shirt", "garment", 0.0, 0.0, 0.0, worn=True))
    acts = script(AT_SHIRT, squeeze=1.0)
    assert script.touch.hold is None
    assert acts.carried == ()
    assert script.touch.chosen == ("" if how == "removed" else "shirt")
    script(AT_SHIRT)
    assert not script.commands
    script(AT_CHAIR, squeeze=1.0)  # And the hand goes on.
    assert script.touch.hold is not None


def test_what_vanishes_on_its_way_back_is_no_trouble() -> None:
    script = Script()
    script(AT_SHIRT, squeeze=1.0)
    script(AT_SHIRT)
    script.wares.take(m.ProductRemoved(target="shirt"))
    assert script(AT_SHIRT).carried == ()


def test_a_re_fit_while_held_stays_in_the_hand() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    change = m.Change(name="width", unit="m", old=0.5, new=0.6)
    there = (0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 1.0)
    script.wares.take(
        m.ProductChanged(target="chair", changes=(change,), transform=there, glb="wider")
    )
    assert script(AT_CHAIR, squeeze=1.0).carried[0].target == "chair"
    assert script.touch.hold is not None
    assert script.touch.hold.limits[1] == pytest.approx(0.7 / 0.6)


def test_a_hand_that_is_lost_for_long_puts_back() -> None:
    script = Script()
    script(AT_CHAIR, squeeze=1.0)
    controls = Controls(script.time, HEAD)
    script.touch.update(controls, Rig(), FORGET / 2)
    assert script.touch.hold is not None
    script.touch.update(controls, Rig(), FORGET)
    assert script.touch.hold is None


# --- talking and teleporting ---------------------------------------------------------------------


@pytest.mark.parametrize("button", ["primary", "squeeze"])
def test_one_talks_while_a_button_is_held(button: str) -> None:
    script = Script()
    script(AT_FLOOR, **{button: True if button == "primary" else 1.0})
    script(AT_FLOOR, 0.5, **{button: True if button == "primary" else 1.0})
    script(AT_FLOOR)
    assert script.talks == [True, False]


def test_this_one_is_what_is_pointed_at_while_one_talks() -> None:
    script = Script()
    script(AT_CHAIR)
    script(AT_CHAIR, primary=True)
    assert [e.target for e in script.events if isinstance(e, m.Point)] == ["chair"]


def test_a_trigger_held_on_nothing_aims_a_teleport() -> None:
    script = Script()
    assert script(AT_FLOOR, trigger=1.0).aim is None
    assert script(AT_FLOOR, LONG * 1.5, trigger=1.0).aim == "right"
    assert script(AT_FLOOR).aim is None
    assert script.touch.chosen == ""
    assert not script.events


def test_the_menu_button_asks_for_the_menu_once() -> None:
    script = Script()
    asked = [script(AT_FLOOR, menu=True).menu, script(AT_FLOOR, menu=True).menu]
    assert asked == [True, False]
