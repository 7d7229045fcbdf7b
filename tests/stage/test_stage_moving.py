from __future__ import annotations

import math

import numpy as np
import pytest

from showroom.catalog.scene import load_scene
from showroom.stage.controls import Controls, HandInput, Held, past_dead_zone
from showroom.stage.ground import RADIUS, Box, Ground
from showroom.stage.locomotion import Comfort, Locomotion, Rig
from showroom.stage.openxr_view import yaw_of
from showroom.stage.teleport import throw

ROOM = ((3.0, -3.0), (-3.0, -3.0), (-3.0, 3.0), (3.0, 3.0))
TABLE = Box(1.0, 0.0, 1.0, 0.6, math.pi / 6, 0.0, 0.75, "table")
FRAME = 1 / 60


def turned(yaw: float, pitch: float = 0.0) -> tuple[float, float, float, float]:
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    return (cy * sp, sy * cp, -sy * sp, cy * cp)


def head(x: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> tuple[float, ...]:
    return (x, 1.6, z, *turned(yaw))


# --- ground --------------------------------------------------------------------------------------


def test_a_step_slides_along_a_slanted_table_and_never_enters_it() -> None:
    ground = Ground(ROOM, [TABLE])
    place = (0.0, 0.15)
    for _ in range(200):
        place = ground.step(place, (0.02, 0.0))
        assert ground.free(*place)
    # Past the table: it slid around it, and stands at the wall.
    assert place[0] == pytest.approx(3.0 - RADIUS, abs=1e-3)


def test_a_long_step_jumps_over_nothing() -> None:
    panel = Box(0.0, -1.0, 2.0, 0.02, 0.0, 0.0, 2.0, "panel")
    assert Ground(ROOM, [panel]).step((0.0, 0.0), (0.0, -2.5))[1] > -1.0
    x, z = Ground(ROOM).step((0.0, 0.0), (40.0, 1.0))
    assert x == pytest.approx(3.0 - RADIUS, abs=1e-3)
    assert -3.0 < z < 3.0


@pytest.mark.parametrize("seed", range(4))
def test_nobody_ever_leaves_a_room_or_enters_what_stands_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outline = ((4.0, -3.0), (0.5, -3.0), (0.5, -1.0), (-3.0, -1.0), (-3.0, 3.0), (4.0, 3.0))
    boxes = [
        Box(*rng.uniform((-2, 0), (3, 2)), *rng.uniform(0.1, 1.2, 2), rng.uniform(0, 3))
        for _ in range(4)
    ]
    ground = Ground(outline, boxes)
    free = (p for p in rng.uniform((-3, -3), (4, 3), (500, 2)) if ground.free(*p))
    place = tuple(next(free))
    gone = 0.0
    for way in rng.normal(0.0, 0.3, (300, 2)):
        after = ground.step(place, (float(way[0]), float(way[1])))
        gone += math.dist(after, place)
        place = after
        assert ground.free(*place, RADIUS - 1e-3), place
    assert gone > 10.0


def test_one_whom_something_was_put_upon_can_walk_out_of_it() -> None:
    ground = Ground(ROOM, [TABLE])
    place = (1.2, 0.1)
    assert not ground.free(*place)
    assert ground.step(place, (-0.05, -0.05)) == place  # Deeper into it is no way out.
    for _ in range(20):
        place = ground.step(place, (0.05, 0.05))
    assert ground.free(*place)


def test_what_lies_flat_or_hangs_high_is_in_nobodys_way() -> None:
    rug = Box(0.0, -1.0, 2.0, 2.0, 0.0, 0.0, 0.02)
    lamp = Box(0.0, -1.0, 0.5, 0.5, 0.0, 2.0, 2.6)
    assert Ground(ROOM, [rug, lamp]).step((0.0, 0.0), (0.0, -1.0)) == pytest.approx((0.0, -1.0))


def test_walking_stops_at_walls_and_slides_along_obstacles() -> None:
    ground = Ground.of(load_scene("store"))
    x, z = ground.step((0.0, 0.0), (0.0, 20.0))
    assert 6.8 - 0.35 < z < 6.8 - 0.25 + 1e-6
    assert x == pytest.approx(0.0)
    # Into the knitwear table, diagonally: the walk goes on along its side.
    x, z = ground.step((-1.2, -1.5), (-1.0, -1.0))
    assert ground.free(x, z)
    assert z < -2.0


# --- teleport ------------------------------------------------------------------------------------


def test_the_arc_is_a_throw_under_gravity() -> None:
    arc = throw((0.0, 1.2, 0.0, *turned(0.0, 0.3)), Ground())
    vy, vz = 5.5 * math.sin(0.3), 5.5 * math.cos(0.3)
    flight = (vy + math.sqrt(vy * vy + 2 * 9.81 * 1.2)) / 9.81
    assert arc.ends == "floor"
    assert arc.points[-1] == pytest.approx((0.0, 0.0, -vz * flight), abs=0.01)
    assert arc.landing == pytest.approx((0.0, -vz * flight), abs=0.01)
    assert (np.diff(arc.points[:, 2]) < 0).all()


@pytest.mark.parametrize(
    ("yaw", "pitch", "ends"),
    [
        (0.0, -0.6, "floor"),
        (0.0, 0.9, "ceiling"),
        (math.pi / 4, 0.4, "wall"),
        (-math.pi / 2, -0.7, "table"),
    ],
)
def test_it_lands_on_free_floor_and_nowhere_else(yaw: float, pitch: float, ends: str) -> None:
    ground = Ground(ROOM if ends != "wall" else ((1, -1), (-1, -1), (-1, 1), (1, 1)), [TABLE], 2.2)
    arc = throw((0.0, 1.4, 0.0, *turned(yaw, pitch)), ground)
    assert arc.ends == ends
    assert (arc.landing is not None) == (ends == "floor")


def test_a_landing_close_to_a_wall_is_moved_to_where_one_can_stand() -> None:
    ground = Ground(ROOM)
    for pitch in np.linspace(-0.2, 0.2, 30):
        arc = throw((0.0, 1.4, 0.0, *turned(0.0, float(pitch))), ground)
        if arc.landing is not None:
            assert ground.free(*arc.landing)
            assert math.dist(arc.landing, arc.points[-1][[0, 2]]) <= 0.3 + 1e-6


# --- rig -----------------------------------------------------------------------------------------


def test_a_rig_places_poses_and_takes_them_back() -> None:
    rig = Rig(1.0, -2.0, 0.7)
    pose = (0.3, 1.5, 0.2, *turned(0.4, -0.2))
    there = rig.place(pose)
    assert yaw_of(there) == pytest.approx(1.1)
    assert rig.local(there) == pytest.approx(pose)
    assert Rig(1.0, 0.0, math.pi / 2).place((0.0, 1.0, -1.0, 0.0, 0.0, 0.0, 1.0))[:3] == (
        pytest.approx((0.0, 1.0, 0.0))
    )


def test_turning_swings_nobody_around() -> None:
    at = head(0.8, -0.4, 0.2)
    before = Rig(1.0, 1.0, 0.3)
    after = before.turned(at, 1.0)
    assert after.place(at)[:3] == pytest.approx(before.place(at)[:3])
    assert yaw_of(after.place(at)) == pytest.approx(yaw_of(before.place(at)) + 1.0)


# --- sticks --------------------------------------------------------------------------------------


def sticks(
    left: tuple[float, float] = (0, 0), right: tuple[float, float] = (0, 0), **more: float
) -> Controls:
    aim = (0.2, 1.2, -0.2, *turned(0.0, -0.4))
    return Controls(head=head(**more), left=HandInput(stick=left), right=HandInput(aim, aim, right))


def test_the_left_stick_walks_where_one_looks_and_darkens_the_edge() -> None:
    legs = Locomotion(comfort=Comfort(speed=1.0, vignette=0.5))
    forward = sticks((0, 1), yaw=math.pi / 2)
    dark = [legs.update(forward, Ground(ROOM), FRAME).vignette for _ in range(30)]
    assert (legs.rig.x, legs.rig.z) == pytest.approx((-0.5, 0.0), abs=1e-3)
    assert 0.0 < dark[0] < dark[5] < dark[-1] == pytest.approx(0.5)
    for _ in range(20):
        still = legs.update(sticks((0.1, 0.1)), Ground(ROOM), FRAME)  # Within the dead zone.
    assert still.vignette == 0.0
    assert legs.rig.x == pytest.approx(-0.5, abs=1e-3)


def test_walking_can_be_turned_off() -> None:
    legs = Locomotion(comfort=Comfort(walking=False))
    legs.update(sticks((0, 1)), Ground(ROOM), 0.1)
    assert legs.rig == Rig()


def test_the_right_stick_turns_one_step_for_each_push() -> None:
    legs = Locomotion()
    ticks = [
        len(legs.update(sticks(right=(x, 0.0)), Ground(ROOM), FRAME).ticks)
        for x in (0.5, 0.9, 1.0, 1.0, 0.5, 0.9, 0.1, 0.95)
    ]
    assert ticks == [0, 1, 0, 0, 0, 0, 0, 1]
    assert legs.rig.yaw == pytest.approx(-math.pi / 3)


def test_smooth_turning_goes_on_while_the_stick_is_pushed() -> None:
    legs = Locomotion(comfort=Comfort(turning="smooth", turn_speed=2.0))
    for _ in range(30):
        moved = legs.update(sticks(right=(-1.0, 0.0)), Ground(ROOM), FRAME)
    assert legs.rig.yaw == pytest.approx(1.0, abs=0.01)
    assert moved.vignette > 0.5


def test_the_right_stick_forward_aims_and_letting_go_lands_under_the_head() -> None:
    legs, ground = Locomotion(), Ground(ROOM, [TABLE])
    aimed = legs.update(sticks(right=(0.0, 1.0)), ground, FRAME)
    assert aimed.arc is not None
    assert legs.rig == Rig()
    landed = legs.update(sticks(right=(0.0, 0.0)), ground, FRAME)
    assert landed.landed
    assert landed.dark > 0.5
    assert landed.ticks[0].side == "right"
    now = legs.rig.place(head())
    assert (now[0], now[2]) == pytest.approx(aimed.arc.landing)
    # Sideways while aiming does not turn.
    assert legs.rig.yaw == 0.0


def test_a_teleport_that_can_land_nowhere_moves_nobody() -> None:
    legs = Locomotion()
    walled = Ground(((0.4, -0.4), (-0.4, -0.4), (-0.4, 0.4), (0.4, 0.4)))
    assert legs.update(sticks(right=(0.0, 1.0)), walled, FRAME).arc is not None
    assert not legs.update(sticks(), walled, FRAME).landed
    assert legs.rig == Rig()


def test_a_head_in_a_wall_sees_nothing() -> None:
    legs = Locomotion()
    assert legs.update(sticks(), Ground(ROOM), FRAME).dark == 0.0
    assert legs.update(sticks(x=3.1), Ground(ROOM), FRAME).dark == 1.0


def test_an_untracked_head_changes_nothing() -> None:
    legs = Locomotion()
    lost = Controls(left=HandInput(stick=(0.0, 1.0)))
    assert legs.update(lost, Ground(ROOM), 0.1).vignette == 0.0
    assert legs.rig == Rig()


# --- inputs --------------------------------------------------------------------------------------


def test_a_trembling_trigger_is_pressed_once() -> None:
    held = Held()
    began = []
    for k, value in enumerate((0.2, 0.72, 0.66, 0.71, 0.5, 0.75, 0.2, 0.1)):
        held.update(value, float(k))
        began.append((held.began, held.ended))
    assert [b for b, _ in began].count(True) == 1
    assert [e for _, e in began].count(True) == 1
    assert held.since == 1.0


def test_the_dead_zone_is_left_smoothly() -> None:
    assert past_dead_zone((0.1, 0.1)) == (0.0, 0.0)
    assert math.hypot(*past_dead_zone((0.16, 0.0))) < 0.02
    assert past_dead_zone((0.0, 1.0)) == pytest.approx((0.0, 1.0))
    assert math.hypot(*past_dead_zone((1.0, 1.0))) == pytest.approx(1.0)
