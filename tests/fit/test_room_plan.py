from __future__ import annotations

import math
from typing import Any

import pytest

from showroom.fit.room import Obstacle, Opening, Room, RoomError

SQUARE = ((0.0, 0.0), (0.0, 4.0), (5.0, 4.0), (5.0, 0.0))  # counter-clockwise seen from above


def test_a_plan_has_walls_that_look_inwards() -> None:
    room = Room(SQUARE)
    assert room.area == pytest.approx(20.0) and room.size == pytest.approx((5.0, 4.0))
    for wall in room.walls:
        u, v = wall.at(wall.length / 2, 0.5)
        assert 0 < u < 5 and -4 < v < 0
    # With its back to the far wall (z = 0), a product faces +Z, the viewer.
    far = next(w for w in room.walls if abs(w.start[1]) < 1e-9 and abs(w.along[1]) < 1e-9)
    assert far.yaw == pytest.approx(0.0)


def test_a_clockwise_plan_is_turned_round_with_its_doors() -> None:
    door = ("door", 0, 0.5, 0.9, 0.0, 2.1)
    straight = Room.of(SQUARE, 2.6, [door])
    clockwise = SQUARE[::-1]  # its wall 2 is the other's wall 0, backwards
    turned = Room.of(clockwise, 2.6, [("door", 2, 4.0 - 0.5 - 0.9, 0.9, 0.0, 2.1)])
    a, b = (r.walls[r.openings[0].wall].at(r.openings[0].offset) for r in (straight, turned))
    assert a == pytest.approx(b)


NAN = math.nan
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("outline", {"outline": ()}),
    ("outline", {"outline": ((0, 0), (1, 1))}),
    ("outline", {"outline": tuple((math.cos(i), math.sin(i)) for i in range(65))}),
    ("outline.1", {"outline": ((0, 0), (0, NAN), (5, 4), (5, 0))}),
    ("outline.1", {"outline": ((0, 0), (0, math.inf), (5, 4), (5, 0))}),
    ("outline.2", {"outline": ((0, 0), (0, 4), (5, 4), (5, 4), (5, 0))}),
    ("outline", {"outline": ((0, 0), (5, 4), (0, 4), (5, 0))}),  # a bow tie
    ("outline", {"outline": ((0, 0), (0, 4), (0, 2), (3, 2))}),  # a wall on a wall
    ("outline", {"outline": ((0, 0), (0, 0.1), (0.1, 0.1), (0.1, 0))}),
    ("outline", {"outline": SQUARE[::-1]}),
    ("height", {"height": 0.0}),
    ("height", {"height": NAN}),
    ("openings.0.wall", {"openings": (Opening("door", 4, 0.1, 0.9, 0, 2),)}),
    ("openings.0.offset", {"openings": (Opening("door", 0, -1.0, 0.9, 0, 2),)}),
    ("openings.0.width", {"openings": (Opening("door", 0, 3.5, 0.9, 0, 2),)}),
    ("openings.0.width", {"openings": (Opening("door", 0, 0.5, NAN, 0, 2),)}),
    ("openings.0.height", {"openings": (Opening("window", 0, 0.5, 1, 1.0, 2),)}),
    ("openings.0.kind", {"openings": (Opening("hole", 0, 0.5, 1, 1.0, 1),)}),  # type: ignore[arg-type]
    ("obstacles.0.width", {"obstacles": (Obstacle(1, 1, 0.0, 1, 1),)}),
    ("obstacles.0.depth", {"obstacles": (Obstacle(1, 1, 1.0, -1, 1),)}),
    ("obstacles.0.x", {"obstacles": (Obstacle(NAN, 1, 1, 1, 1),)}),
    ("obstacles", {"obstacles": (Obstacle(1, 1, 1, 1, 1),) * 257}),
]


@pytest.mark.parametrize(("field", "change"), WRONG)
def test_impossible_plans_are_refused_by_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(RoomError) as caught:
        Room(**({"outline": SQUARE} | change))
    assert caught.value.field == field and caught.value.expected
