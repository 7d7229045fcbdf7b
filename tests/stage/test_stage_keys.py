from __future__ import annotations

import math

import numpy as np
import pytest

from showroom.protocol import messages as m
from showroom.spectate import Mirror
from showroom.stage.keys import Keys, Line, Trigger
from showroom.stage.locomotion import Rig
from showroom.stage.openxr_view import yaw_of
from showroom.stage.poses import (
    composed,
    local,
    looking,
    meets_panel,
    moved,
    rotated,
    toward,
)
from showroom.stage.touch import LONG

FRAME = 1 / 30
AIM = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


# --- mouse and keys ------------------------------------------------------------------------------


def press(trigger: Trigger, *moves: tuple[float, float], on_thing: bool = False) -> list[float]:
    """The trigger while the button is down at each pixel, and for two frames after."""
    told = [trigger.update(True, at, k * FRAME, on_thing) for k, at in enumerate(moves)]
    end = len(moves) * FRAME
    return [*told, *(trigger.update(False, moves[-1], end + k * FRAME, False) for k in (0, 1))]


def test_a_press_on_a_product_counts_at_once_and_as_long_as_it_is_held() -> None:
    assert press(Trigger(), (5, 5), (50, 5), (99, 5), on_thing=True) == [1, 1, 1, 0, 0]


def test_a_click_on_nothing_is_one_short_press() -> None:
    assert press(Trigger(), (5, 5), (6, 5)) == [0, 0, 1, 0]


def test_a_drag_from_nothing_looks_around_and_presses_nothing() -> None:
    trigger = Trigger()
    assert press(trigger, (5, 5), (15, 5), (40, 5), (40, 5), *[(40, 5)] * 9) == [0.0] * 15
    assert not trigger.looks  # Let go.


def test_held_still_on_nothing_it_aims() -> None:
    count = math.ceil(LONG / FRAME) + 2
    told = press(Trigger(), *[(5.0, 5.0)] * count)
    assert told[0] == 0
    assert told[count - 1] == 1
    assert told[-2:] == [0, 0]


def keyed(*names: str, holding: bool = False) -> Keys:
    keys = Keys()
    for name in names:
        keys.down(name)
    return keys


def test_keys_are_a_heads_and_two_hands_sticks() -> None:
    controls = keyed("w", "d", "e", "space", "m").controls(
        1.0, (3, 3), AIM, on_thing=False, holding=False
    )
    assert controls.left.stick == (1.0, 1.0)
    assert controls.right.stick == (1.0, 0.0)
    assert controls.right.primary
    assert controls.right.menu
    assert controls.right.aim == AIM
    assert controls.head == (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


def test_a_button_is_told_once_and_a_stick_as_long_as_it_is_held() -> None:
    keys = keyed("m", "w")
    first = keys.controls(0.0, None, None, on_thing=False, holding=False)
    second = keys.controls(0.1, None, None, on_thing=False, holding=False)
    assert (first.right.menu, second.right.menu) == (True, False)
    assert second.left.stick == (0.0, 1.0)
    keys.up("w")
    third = keys.controls(0.2, None, None, on_thing=False, holding=False)
    assert third.left.stick == (0.0, 0.0)


def test_plus_and_minus_scale_what_is_held_and_g_aims_else() -> None:
    def stick(key: str, holding: bool) -> float:
        keys = keyed(key)
        return keys.controls(0.0, None, AIM, on_thing=False, holding=holding).right.stick[1]

    assert (stick("g", False), stick("g", True)) == (1.0, 0.0)
    assert (stick("=", False), stick("=", True), stick("-", True)) == (0.0, 1.0, -1.0)


def test_wheel_notches_are_counted_once() -> None:
    keys = keyed("wheel_up", "wheel_up", "wheel_down")
    assert keys.controls(0.0, None, AIM, on_thing=False, holding=True).wheel == 1.0
    assert keys.controls(0.1, None, AIM, on_thing=False, holding=True).wheel == 0.0


def test_the_right_button_drags_the_view() -> None:
    keys = keyed("mouse3")
    for k, at in enumerate(((0, 0), (100, -50))):
        keys.controls(k * FRAME, at, AIM, on_thing=True, holding=False)
    assert keys.taken() == pytest.approx(-0.32)
    assert keys.taken() == 0.0
    assert keys.pitch == pytest.approx(0.16)
    keys.controls(1.0, (100, -9999), AIM, on_thing=False, holding=False)
    assert keys.pitch == pytest.approx(1.4)  # Never over one's head.


def test_while_a_sentence_is_typed_nobody_walks() -> None:
    keys = Keys()
    keys.line.key("enter")
    for name in ("w", "m", "b"):
        keys.down(name)
    controls = keys.controls(0.0, None, AIM, on_thing=False, holding=False)
    assert controls.left.stick == (0.0, 0.0)
    assert not controls.right.menu
    keys.line.key("escape")
    assert not keys.controls(0.1, None, AIM, on_thing=False, holding=False).right.menu


def test_a_line_takes_any_language_and_gives_the_sentence_on_enter() -> None:
    line = Line()
    line.typed("x")  # Not open yet.
    line.key("enter")
    for char in "袖子加长3厘米\x08":
        line.typed(char)
    line.typed("!")
    line.key("backspace")
    assert line.key("enter") == "袖子加长3厘米"
    assert (line.open, line.text) == (False, "")


# --- poses ---------------------------------------------------------------------------------------


def test_poses_are_put_together_and_taken_apart() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        outer = (*rng.normal(0, 1, 3), *looking(*rng.uniform(-1.4, 1.4, 2)))
        inner = (*rng.normal(0, 1, 3), *looking(*rng.uniform(-1.4, 1.4, 2)))
        point = tuple(float(v) for v in rng.normal(0, 1, 3))
        whole = composed(outer, inner)
        assert moved(whole, point) == pytest.approx(moved(outer, moved(inner, point)))
        assert local(whole, moved(whole, point)) == pytest.approx(point)
    rig = Rig(0.4, -1.0, 0.8)
    assert rig.place(inner) == pytest.approx(composed((0.4, 0.0, -1.0, *looking(0.8)), inner))


def test_a_pose_looks_where_it_is_told() -> None:
    pose = (1.0, 1.0, 1.0, *toward((1.0, 1.0, 1.0), (2.0, 3.0, -1.0)))
    ahead = np.array(rotated(pose, (0.0, 0.0, -1.0)))
    assert ahead == pytest.approx(np.array([1.0, 2.0, -2.0]) / 3.0)
    assert yaw_of((0.0, 0.0, 0.0, *looking(0.6, 0.3))) == pytest.approx(0.6)


def test_a_ray_meets_a_panel_from_its_front_only() -> None:
    panel = (0.0, 1.5, -1.0, *looking(0.0))
    hit = meets_panel((0.05, 1.6, 0.0, *looking(0.0)), panel, 0.4, 0.5)
    assert hit == pytest.approx((0.625, 0.3, 1.0))
    assert meets_panel((0.5, 1.6, 0.0, *looking(0.0)), panel, 0.4, 0.5) is None
    assert meets_panel((0.0, 1.5, -2.0, *looking(math.pi)), panel, 0.4, 0.5) is None


# --- a mirrored visit ----------------------------------------------------------------------------


class Shown:
    def __init__(self) -> None:
        self.log: list[str] = []

    def apply(self, update: m.Update) -> None:
        self.log.append(getattr(update, "target", type(update).__name__))

    def clear(self) -> None:
        self.log.append("clear")


def product(target: str, glb: str) -> m.ProductShown:
    return m.ProductShown(
        target=target, glb=glb, name={"en": target}, kind="furniture", category="x",
        transform=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    )  # fmt: skip


def until(mirror: Mirror, count: int) -> list[m.Update]:
    import time

    found: list[m.Update] = []
    end = time.monotonic() + 5.0
    while len(found) < count and time.monotonic() < end:
        found += mirror.take([])
        time.sleep(0.002)
    return found


def test_a_mirror_shows_updates_in_order_each_once_its_file_is_there() -> None:
    from threading import Event

    slow = Event()

    def fetch(digest: str) -> bytes:
        if digest == "slow":
            assert slow.wait(5.0)
        if digest == "lost":
            raise OSError("the asset cannot be fetched")
        return digest.encode()

    stage = Shown()
    mirror = Mirror(stage, fetch)
    room = m.RoomShown(scene="store", outline=((0.0, 0.0),) * 3, height=2.5, ref=m.WATCHED)
    told = [room, product("a", "slow"), product("b", "fast"), product("c", "lost")]
    assert len(mirror.take([*told, m.ProductRemoved(target="a")])) == 1
    slow.set()
    until(mirror, 3)
    assert stage.log == ["clear", "RoomShown", "a", "b", "a"]
    assert mirror.assets == {"slow": b"slow", "fast": b"fast"}
    assert "cannot be fetched" in mirror.problem
    mirror.take([room])  # The line broke and came back: all that there is follows.
    assert stage.log[-2:] == ["clear", "RoomShown"]
    mirror.close()
