from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from showroom.fit.furnishing import (
    Blocked,
    Footprint,
    Item,
    Outcome,
    PlacementError,
    Viewer,
    longer,
)
from showroom.fit.placement import Floor
from showroom.fit.room import Room
from showroom.fit.shortage import shortage

shapely = pytest.importorskip("shapely")

CHAIR, TABLE = Footprint(0.5, 0.55, 0.9), Footprint(1.4, 0.8, 0.75)
ROOM = Room.of(
    ((0, 0), (0, 4), (5, 4), (5, 0)),
    2.6,
    [("door", 0, 1.5, 0.9, 0.0, 2.1), ("window", 3, 1.5, 2.0, 0.9, 1.2)],
)


def floor(*items: Item, visitor: Viewer | None = None) -> Floor:
    """A room of 5 m (x) by 4 m (z), a door at x = 0, a window at z = 0."""
    return Floor(ROOM, {i.id: i for i in items}, visitor or Viewer(2.5, 3.5, 0.0))


def chair(x: float, z: float, yaw: float = 0.0, name: str = "chair-1") -> Item:
    return Item(name, CHAIR, x, z, yaw, "chair")


def table(x: float, z: float, yaw: float = 0.0, name: str = "table-1") -> Item:
    return Item(name, TABLE, x, z, yaw, "table")


def polygon(item: Item) -> object:
    return shapely.Polygon(item.corners())


# --- moving ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yaw", "direction", "shift"),
    [
        (0.0, "left", (-0.4, 0.0)),
        (0.0, "right", (0.4, 0.0)),
        (0.0, "forward", (0.0, -0.4)),
        (0.0, "back", (0.0, 0.4)),
        (math.pi / 2, "left", (0.0, 0.4)),  # looking along -X
        (math.pi, "left", (0.4, 0.0)),  # looking back at the room
    ],
)
def test_moves_are_as_the_visitor_sees_them(
    yaw: float, direction: str, shift: tuple[float, float]
) -> None:
    before = chair(2.5, 1.8)
    out = floor(before, visitor=Viewer(4.5, 3.6, yaw)).move("chair-1", direction, 0.4)
    assert out.complete and out.item is not None and out.moved == pytest.approx(0.4)
    assert (out.item.x - before.x, out.item.z - before.z) == pytest.approx(shift, abs=1e-9)


@pytest.mark.parametrize("yaw", [0.2, -0.3])
def test_a_glance_aside_still_moves_along_the_walls(yaw: float) -> None:
    out = floor(chair(2.5, 1.5), visitor=Viewer(2.5, 3.6, yaw)).move("chair-1", "left", 0.5)
    assert out.item is not None and (out.item.x, out.item.z) == pytest.approx((2.0, 1.5))
    slanting = floor(chair(2.5, 1.5), visitor=Viewer(2.5, 3.6, 0.7)).move("chair-1", "left", 0.5)
    assert slanting.item is not None and slanting.item.z > 1.7


def test_a_wall_stops_a_move_and_the_rest_of_the_way_is_said() -> None:
    out = floor(chair(4.0, 2.0)).move("chair-1", "right", 2.0)
    assert not out.complete and out.item is not None and out.blocked is not None
    assert out.item.x == pytest.approx(4.75, abs=0.002)
    assert out.blocked.by == "wall"
    assert out.blocked.lack == pytest.approx(2.0 - 0.75, abs=0.002)


def test_another_product_stops_a_move_by_name() -> None:
    out = floor(chair(1.6, 2.0), table(3.5, 2.0)).move("chair-1", "right", 1.4)
    assert out.blocked is not None and (out.blocked.by, out.blocked.name) == ("product", "table-1")
    assert out.moved == pytest.approx(3.5 - 0.7 - 0.25 - 1.6, abs=0.003)


def test_a_move_may_jump_over_what_stands_between() -> None:
    out = floor(chair(1.6, 2.0), table(3.0, 2.0)).move("chair-1", "right", 2.6)
    assert out.complete and out.moved == pytest.approx(2.6)


def test_the_visitor_is_not_walked_over() -> None:
    out = floor(chair(2.5, 2.0), visitor=Viewer(2.5, 3.5)).move("chair-1", "back", 1.5)
    assert out.blocked is not None and out.blocked.by == "visitor"


def test_a_doors_swing_stays_free() -> None:
    out = floor(chair(2.0, 2.0), visitor=Viewer(4.5, 3.5)).move("chair-1", "left", 1.6)
    assert out.blocked is not None and out.blocked.by == "door"
    assert out.item is not None and out.item.x == pytest.approx(0.9 + 0.25, abs=0.002)


def test_a_negative_distance_goes_the_other_way() -> None:
    out = floor(chair(2.5, 1.5)).move("chair-1", "left", -0.3)
    assert out.item is not None and out.item.x == pytest.approx(2.8)


def test_the_old_floor_is_the_undo() -> None:
    before = floor(chair(2.5, 1.5))
    after = before.move("chair-1", "left", 0.5).floor
    assert before.get("chair-1").x == 2.5 and after.get("chair-1").x == pytest.approx(2.0)


# --- turning -----------------------------------------------------------------------------------


def test_turning_on_the_spot_keeps_the_middle() -> None:
    off = replace(chair(2.5, 1.8), footprint=replace(CHAIR, center=(0.05, -0.1)))
    out = floor(off).rotate("chair-1", math.pi / 2)
    assert out.item is not None and out.complete and out.turned == pytest.approx(math.pi / 2)
    assert out.item.middle == pytest.approx(off.middle)


def test_turning_at_a_wall_steps_aside() -> None:
    before = Item("t", Footprint(0.4, 1.6, 0.7), 4.79, 2.0, 0.0, "table")
    out = floor(before).rotate("t", math.pi / 2)
    assert out.complete and out.item is not None and out.blocked is not None
    assert out.turned == pytest.approx(math.pi / 2) and out.item.x < 4.21


def test_what_cannot_turn_turns_as_far_as_it_can() -> None:
    hall = Floor(Room.of(((0, 0), (0, 4), (1, 4), (1, 0))), {}, None)
    bench = Item("bench", Footprint(0.5, 1.8, 0.5), 0.5, 2.0, 0.0, "bench")
    out = replace(hall, items={"bench": bench}).rotate("bench", math.pi / 2)
    assert not out.complete and 0.05 < out.turned < 0.6
    assert out.blocked is not None and out.blocked.by == "wall"


@pytest.mark.parametrize(("target", "toward"), [("", (2.5, 3.5)), ("table", (1.3, 2.0))])
def test_facing(target: str, toward: tuple[float, float]) -> None:
    out = floor(chair(3.5, 1.5), table(1.3, 2.0, math.pi / 2)).face("chair-1", target)
    assert out.item is not None
    x, z = out.item.middle
    way = np.array(toward) - (x, z)
    assert np.dot(out.item.facing, way / np.linalg.norm(way)) == pytest.approx(1.0, abs=1e-6)


def test_facing_the_window() -> None:
    out = floor(chair(2.5, 2.0)).face("chair-1", "window")
    assert out.item is not None and out.item.facing == pytest.approx((0.0, -1.0), abs=0.02)


def test_facing_the_nearest_wall() -> None:
    out = floor(chair(3.9, 2.0)).face("chair-1", "wall")
    assert out.item is not None and out.item.facing == pytest.approx((1.0, 0.0), abs=1e-6)


# --- placing -----------------------------------------------------------------------------------


def test_a_product_comes_before_the_visitor_and_faces_them() -> None:
    out = floor(visitor=Viewer(2.5, 3.5, 0.0)).place("chair-1", CHAIR, category="chair")
    assert out.complete and out.item is not None
    assert out.item.middle == pytest.approx((2.5, 3.5 - 1.0 - 0.275), abs=0.01)
    assert out.item.facing == pytest.approx((0.0, 1.0), abs=1e-6)


def test_at_a_wall_the_back_touches_it() -> None:
    out = floor(visitor=Viewer(2.5, 2.0, -math.pi / 2)).place("chair-1", CHAIR, "wall")
    assert out.item is not None and out.item.x == pytest.approx(5 - 0.275 - 0.01, abs=1e-6)
    assert out.item.facing == pytest.approx((-1.0, 0.0), abs=1e-6)
    room, by = out.floor.gaps(out.item)["back"]
    assert by.by == "wall" and room == pytest.approx(0.01, abs=1e-6)


def test_in_a_corner_two_walls_are_near() -> None:
    out = floor().place("chair-1", CHAIR, "corner")
    assert out.item is not None
    gaps = out.floor.gaps(out.item)
    assert gaps["back"][0] < 0.02 and min(gaps["left"][0], gaps["right"][0]) < 0.025


def test_before_the_window() -> None:
    out = floor(visitor=Viewer(0.8, 3.5)).place("chair-1", CHAIR, "window")
    assert out.item is not None and out.item.middle[0] == pytest.approx(2.5, abs=0.01)
    assert out.item.z < 0.4


def test_high_things_leave_windows_free() -> None:
    shelf = Footprint(0.8, 0.3, 2.0)
    out = floor(visitor=Viewer(2.5, 1.6, 0.0)).place("shelf", shelf, "wall")
    assert out.item is not None
    low, high = out.item.x - 0.4, out.item.x + 0.4
    assert out.item.z > 0.5 or high <= 1.51 or low >= 3.49


def test_a_chair_at_a_table_faces_it() -> None:
    start = floor(table(2.5, 1.8), visitor=Viewer(4.5, 3.6))
    out = start.place("chair-1", CHAIR, "table", category="chair")
    assert out.item is not None and out.complete
    x, z = out.item.middle
    way = np.array((2.5 - x, 1.8 - z))
    assert np.dot(out.item.facing, way / np.linalg.norm(way)) > 0.9
    assert polygon(out.item).distance(polygon(start.get("table-1"))) == pytest.approx(  # type: ignore[attr-defined]
        0.05, abs=0.01
    )


def test_beside_a_thing_of_its_kind_it_stands_in_line() -> None:
    start = floor(chair(2.5, 2.0, 0.3), visitor=Viewer(2.5, 3.7))
    out = start.place("chair-2", CHAIR, "chair-1", category="chair")
    assert out.item is not None and out.item.yaw == pytest.approx(0.3)


def test_a_place_near_nothing_known_is_an_error_that_lists_what_is_known() -> None:
    with pytest.raises(PlacementError) as caught:
        floor(table(2.5, 2.0)).place("chair-1", CHAIR, "piano")
    assert "table" in caught.value.expected and "window" in caught.value.expected


def test_moving_in_with_put_finds_the_nearest_free_place() -> None:
    out = floor(table(2.5, 2.0)).put(chair(2.5, 2.0))
    assert not out.complete and out.item is not None and out.blocked is not None
    assert out.blocked.by == "product"
    # The nearest way out of the table is across its shorter side: half depths plus the middle.
    assert math.dist(out.item.middle, (2.5, 2.0)) == pytest.approx(0.4 + 0.275, abs=0.005)


# --- fitting -----------------------------------------------------------------------------------


def test_it_fits_with_so_many_centimetres_to_spare() -> None:
    answer = floor(chair(0.5, 0.3)).fits(Footprint(2.0, 0.8, 0.8), "wall")
    assert answer.fits and answer.item is not None
    assert answer.spare["back"] == pytest.approx(0.01, abs=1e-6)
    assert answer.spare["left"] + answer.spare["right"] > 0


def test_what_is_too_long_is_said_to_the_centimetre_and_what_would_fit_is_offered() -> None:
    answer = floor(visitor=Viewer(2.5, 2.0)).fits(Footprint(5.4, 0.7, 0.8), "wall")
    assert not answer.fits and answer.blocked is not None and answer.offer is not None
    assert answer.blocked.dimension == "width"
    assert answer.blocked.lack == pytest.approx(0.4, abs=0.02)
    assert floor(visitor=Viewer(2.5, 2.0)).fits(answer.offer, "wall").fits


def test_too_tall() -> None:
    answer = floor().fits(Footprint(0.8, 0.4, 2.75))
    assert not answer.fits and answer.blocked is not None
    assert (answer.blocked.by, answer.blocked.dimension) == ("ceiling", "height")
    assert answer.blocked.lack == pytest.approx(0.15)


def test_a_product_does_not_stand_in_its_own_way() -> None:
    wide = Footprint(4.0, 3.0, 0.8)
    alone = Floor(ROOM, {}, None)
    there = alone.place("t", wide)
    assert there.complete
    assert there.floor.fits(wide, item_id="t").fits
    assert not there.floor.fits(wide).fits


def test_growing_at_a_wall_keeps_the_back_there() -> None:
    at_wall = floor(visitor=Viewer(4.2, 3.5)).place("chair-1", CHAIR, "wall").floor
    out = at_wall.resize("chair-1", longer(CHAIR, "depth", 0.2))
    assert out.complete and out.item is not None
    assert out.floor.gaps(out.item)["back"][0] == pytest.approx(0.01, abs=1e-6)


def test_growing_too_much_changes_nothing_and_says_by_how_much() -> None:
    start = floor(chair(2.5, 2.0))
    out = start.resize("chair-1", longer(CHAIR, "width", 5.0))
    assert out.floor is start and not out.complete
    assert out.blocked is not None and out.blocked.dimension == "width" and out.offer is not None
    assert start.resize("chair-1", out.offer).item is not None


def test_a_rug_lies_under_a_table() -> None:
    rug = Item("rug", Footprint(2.0, 1.4, 0.01), 3.0, 2.0, 0.0, "rug")
    out = floor(table(3.0, 2.0)).put(rug)
    assert out.complete
    assert out.floor.move("table-1", "left", 0.2).complete


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf, 1e6])
def test_products_of_no_size_are_refused(size: float) -> None:
    with pytest.raises(PlacementError, match="no usable width"):
        Footprint(size, 0.5, 0.5)


def test_impossible_requests_are_typed() -> None:
    start = floor(chair(2.5, 2.0))
    for call in (
        lambda: start.move("ghost", "left", 1.0),
        lambda: start.move("chair-1", "up", 1.0),
        lambda: start.move("chair-1", "left", math.nan),
        lambda: start.rotate("chair-1", math.inf),
        lambda: start.put(replace(chair(1, 1), x=math.nan)),
        lambda: start.with_visitor(Viewer(math.nan, 0)),
        lambda: start.face("chair-1", "piano"),
        lambda: start.remove("ghost"),
    ):
        with pytest.raises(PlacementError) as caught:
            call()
        assert caught.value.field and caught.value.expected


# --- an independent judge ----------------------------------------------------------------------


def random_room(rng: np.random.Generator) -> Room:
    """An L, a square or a skewed room with obstacles, a door and a window."""
    w, d = rng.uniform(3, 6, 2)
    shape = rng.integers(3)
    if shape == 0:
        plan = [(0, 0), (0, d), (w * 0.7, d), (w * 0.7, d * 0.6), (w, d * 0.6), (w, 0)]
    elif shape == 1:
        plan = [(0, 0), (0, d), (w, d), (w, 0)]
    else:
        skew = rng.uniform(-0.8, 0.8, 3)
        plan = [(0, 0), (skew[0], d), (w, d + skew[1]), (w + skew[2], 0)]
    boxes = [
        (*rng.uniform(0.2, min(w, d) - 0.2, 2), *rng.uniform(0.2, 0.9, 2), 0.8, rng.uniform(0, 3))
        for _ in range(rng.integers(0, 9))
    ]
    return Room.of(plan, 2.6, [("door", 0, 0.3, 0.9, 0, 2.1), ("window", 1, 0.5, 1, 0.9, 1)], boxes)


def overlaps(outcome: Outcome, room: Room) -> list[str]:
    """What shapely finds wrong with a floor: 0.1 mm inside anything."""
    plan = shapely.Polygon([(w.start[0], -w.start[1]) for w in room.walls]).buffer(1e-6)
    fixed = {
        f"obstacle {i}": shapely.Polygon(
            Item("o", Footprint(o.width, o.depth, 1), o.x, o.z, o.yaw).corners()
        )
        for i, o in enumerate(room.obstacles)
    }
    wrong = []
    shapes = {key: shapely.Polygon(item.corners()) for key, item in outcome.floor.items.items()}
    for key, shape in shapes.items():
        if not plan.covers(shape):
            wrong.append(f"{key} in a wall")
        others = fixed | {k: s for k, s in shapes.items() if k != key}
        small = shape.buffer(-1e-4)
        wrong += [f"{key} in {name}" for name, other in others.items() if small.intersects(other)]
    return wrong


@pytest.mark.parametrize("seed", range(24))
def test_nothing_ever_overlaps_in_random_rooms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = random_room(rng)
    now = Floor(room, {}, Viewer(*rng.uniform(0.5, 2.5, 2), rng.uniform(-3, 3)))
    for i, near in enumerate(("", "wall", "corner", "window", "middle", "door")):
        shape = Footprint(*rng.uniform(0.3, 1.3, 2), 0.9)
        out = now.place(f"p{i}", shape, near, category="chair")
        assert (out.item is not None) or (out.blocked is not None)
        assert not overlaps(out, room)
        now = out.floor
    for key in now.items:
        shape = longer(now.get(key).footprint, "width", rng.uniform(-0.2, 0.6))
        for act in ("move", "rotate", "face", "resize", "snap"):
            arguments: tuple[object, ...] = {
                "move": (rng.choice(["left", "forward"]), rng.uniform(-2, 2)),
                "rotate": (rng.uniform(-3, 3),),
                "resize": (shape,),
                "snap": (rng.choice(["wall", "corner"]),),
            }.get(act, ())
            out = getattr(now, act)(key, *arguments)
            assert not overlaps(out, room)
            now = out.floor


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_place_is_nearer_than_any_on_a_grid(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    room = random_room(rng)
    start = Floor(room)
    shape, yaw = Footprint(*rng.uniform(0.3, 1.2, 2), 0.9), rng.uniform(-3, 3)
    wish = Item("p", shape, *rng.uniform(0.2, 3.0, 2), yaw)
    out = start.put(wish)
    grid = [
        math.hypot(dx, dz)
        for dx in np.arange(-1.5, 1.51, 0.1)
        for dz in np.arange(-1.5, 1.51, 0.1)
        if start.hindrance(replace(wish, x=wish.x + dx, z=wish.z + dz)) is None
    ]
    if grid:
        assert out.item is not None
        assert math.dist(out.item.middle, wish.middle) <= min(grid) + 0.002


# --- words -------------------------------------------------------------------------------------


def test_a_shortage_is_said_in_both_languages_with_centimetres() -> None:
    answer = floor(visitor=Viewer(2.5, 2.0)).fits(Footprint(5.4, 0.7, 0.8), "wall")
    assert answer.blocked is not None
    said = shortage(answer.blocked, answer.offer)
    assert said["en"].startswith("Its width is 4") and "would fit." in said["en"]
    assert said["zh"].startswith("宽度多了4") and said["zh"].endswith("可以放下。")
    out = floor(chair(1.6, 2.0), table(3.5, 2.0)).move("chair-1", "right", 1.4)
    assert out.blocked is not None
    said = shortage(out.blocked, names={"table-1": {"en": "the oak table", "zh": "橡木桌"}})
    assert said == {
        "en": "The oak table is in the way, 46 cm short.",
        "zh": "橡木桌挡住了，还差46厘米。",
    }
    assert shortage(Blocked("ceiling", "", 0.15, "height"))["zh"] == "高度多了15厘米。"


def test_a_place_at_a_window_that_the_room_has_not_is_said_so() -> None:
    bare = Floor(Room.of(((0, 0), (0, 4), (5, 4), (5, 0)), 2.6), {}, Viewer(2.5, 3.5, 0.0))
    out = bare.place("chair-1", CHAIR, "window")
    assert out.item is None and out.blocked is not None
    assert shortage(out.blocked) == {"en": "There is no window here.", "zh": "这里没有窗户。"}


# --- what fits --------------------------------------------------------------------------------


def test_what_fits_along_a_wall_alone_is_found_however_the_visitor_looks() -> None:
    hall = Room.of(((0, 0), (0, 4), (1, 4), (1, 0)))
    bench = Footprint(0.9, 3.6, 0.5)
    for yaw in (0.0, 0.6, 0.785, 2.4):
        assert Floor(hall, {}, Viewer(0.5, 5.0, yaw)).fits(bench).fits


@pytest.mark.parametrize("seed", range(10))
def test_what_is_offered_does_fit_and_a_centimetre_more_does_not(seed: int) -> None:
    rng = np.random.default_rng(2000 + seed)
    room = random_room(rng)
    start = Floor(room, {}, Viewer(*rng.uniform(0.5, 2.5, 2), rng.uniform(-3, 3)))
    for near in ("", "wall", "corner", "window", "door", "middle"):
        answer = start.fits(Footprint(*rng.uniform(1.5, 5.0, 2), 0.9), near)
        if answer.fits or answer.offer is None:
            continue
        assert start.fits(answer.offer, near).fits
        assert answer.blocked is not None and answer.blocked.dimension
        more = longer(answer.offer, answer.blocked.dimension, 0.01)
        assert not start.fits(more, near).fits
