"""A room of one's own as a file, and a product placed in it from the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from PIL import Image

from reconstruction.product_io import load_product
from showroom.catalog.scene import SceneError, load_scene
from showroom.cli import main
from showroom.counter.placing import Placing
from showroom.fit.furnishing import PlacementError
from showroom.fit.room import RoomError
from showroom.visit.mover import scene_room

PRODUCTS = Path(__file__).resolve().parents[2] / "assets" / "products"

ROOM = """
schema = 1
[room]
outline = [[0, 0], [0, 4], [5, 4], [5, 0]]
height = 2.5
[[opening]]
kind = "door"
wall = 0
offset = 2.8
width = 0.9
sill = 0
height = 2.05
[[opening]]
kind = "window"
wall = 3
offset = 1.5
width = 2.0
sill = 0.9
height = 1.2
[[obstacle]]
name = "shelf"
at = [4.8, 1.6]
size = [1.2, 0.4, 2.0]
turn = -90
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    path = tmp_path / "room.toml"
    path.write_text(ROOM, "utf-8")
    return path


def test_a_floor_plan_alone_is_a_room_that_one_enters_by_the_door(room: Path) -> None:
    scene = load_scene(room)
    assert scene.spawn.position == pytest.approx((0.45, 0.0, 3.25))
    # Looking along +X, into the room: yaw 0 looks along -Z, counter-clockwise.
    assert scene.spawn.yaw == pytest.approx(-math.pi / 2)
    plan = scene_room(scene)
    assert plan.area == pytest.approx(20.0) and plan.obstacles[0].name == "shelf"


def test_the_same_room_as_json(room: Path, tmp_path: Path) -> None:
    import tomllib

    path = tmp_path / "room.json"
    path.write_text(json.dumps(tomllib.loads(ROOM)), "utf-8")
    assert scene_room(load_scene(path)).obstacles == scene_room(load_scene(room)).obstacles


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("[5, 4], [5, 0]", "[5, 4], [5, 1], [-1, 1], [5, 0]", "outline"),  # crosses itself
        ("size = [1.2, 0.4, 2.0]", "size = [0, 0.4, 2.0]", "obstacle[0].size"),
        ("height = 2.5", "height = nan", "room.height"),
        ("offset = 2.8", "offset = 3.9", "opening[0].width"),
        ("wall = 3", "wall = 9", "opening[1].wall"),
        ("turn = -90", 'turn = "left"', "obstacle[0].turn"),
        ("[[opening]]", "[[door]]", "door"),
        ("[0, 0]", "[0, 0, 0]", "room.outline"),
        ("schema = 1", "schema = 2", "schema"),
        ("height = 2.5", "height = ", ""),
    ],
)
def test_impossible_rooms_are_refused_by_field(room: Path, old: str, new: str, field: str) -> None:
    room.write_text(ROOM.replace(old, new, 1), "utf-8")
    with pytest.raises((SceneError, RoomError)) as caught:
        scene_room(load_scene(room))
    assert caught.value.field == field and str(caught.value)


def test_broken_json_says_in_which_line(tmp_path: Path) -> None:
    path = tmp_path / "room.json"
    path.write_text('{"schema": 1,\n "room": [}', "utf-8")
    with pytest.raises(SceneError) as caught:
        load_scene(path)
    assert caught.value.line == 2


@pytest.mark.parametrize("said", ["put it against the window", "靠窗放"])
def test_the_verb_places_by_what_is_said_and_draws_the_plan(
    room: Path, tmp_path: Path, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    status = main(
        ["place", str(PRODUCTS / "chair"), "--room", str(room), "--say", said, "--out", str(out)]
    )
    report = json.loads(capsys.readouterr().out)
    assert status == 0 and report == json.loads((out / "placement.json").read_text("utf-8"))
    assert report["at"]["x"] == pytest.approx(2.5, abs=0.01) and report["at"]["z"] < 0.4
    assert report["free_cm"]["back"] == pytest.approx(1.0)
    picture = Image.open(out / "plan.png")
    colors = picture.convert("RGB").getcolors(1 << 20)
    assert picture.width > 900 and {(159, 197, 236), (43, 47, 54)} <= {c for _, c in colors}


def test_a_place_that_is_taken_becomes_the_nearest_one_and_says_what_is_there(room: Path) -> None:
    placing = Placing(load_product(PRODUCTS / "chair"), load_scene(room))
    there = placing.at(1.5, 1.5, math.radians(30)).report
    assert there["as_asked"] and (there["at"]["x"], there["at"]["z"]) == (1.5, 1.5)
    taken = placing.at(4.7, 1.6, math.pi / 2).report
    assert taken["fits"] and not taken["as_asked"]
    assert taken["blocked"]["by"] == "shelf" and "shelf" in taken["says"]["en"]
    assert taken["blocked"]["lack_cm"] == pytest.approx(100 * (4.7 - taken["at"]["x"]), abs=0.2)


def test_what_does_not_fit_is_said_in_centimetres_with_the_nearest_that_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = tmp_path / "niche.json"
    outline = [[0, 0], [0, 0.45], [3, 0.45], [3, 0]]
    room.write_text(json.dumps({"schema": 1, "room": {"outline": outline, "height": 2.4}}))
    where = ["--room", str(room), "--out", str(tmp_path)]
    status = main(["place", str(PRODUCTS / "chair"), *where, "--fit-check"])
    report = json.loads(capsys.readouterr().out)
    assert status == 1 and not report["fits"]
    assert report["blocked"]["dimension"] == "width"
    width = load_product(PRODUCTS / "chair").numbers["width"]
    assert report["blocked"]["lack_cm"] == pytest.approx(100 * (width - 0.448), abs=0.3)
    assert report["offer"]["made"] and report["offer"]["refit"]["width"] < 0.448
    assert "4 cm too much" in report["says"]["en"] and "宽度多了" in report["says"]["zh"]
    assert (tmp_path / "plan.png").exists()


def test_only_furniture_is_placed(room: Path) -> None:
    with pytest.raises(PlacementError) as caught:
        Placing(load_product(PRODUCTS / "tshirt"), load_scene(room))
    assert caught.value.field == "product" and caught.value.expected == "furniture"


def test_what_is_not_understood_or_has_no_room_is_not_as_asked(room: Path) -> None:
    placing = Placing(load_product(PRODUCTS / "chair"), load_scene(room))
    for said in ("what a lovely day", "move it 9 metres to the left", "next to the piano"):
        answer = placing.told(said)
        assert answer.item is not None and not answer.report["as_asked"]
        assert answer.report["says"]["en"]
    assert placing.told("make it 10 cm wider").report["as_asked"]


@pytest.mark.parametrize("said", ["turn it to face the window", "把椅子转向窗户"])
def test_a_product_is_turned_to_what_is_named(room: Path, said: str) -> None:
    placing = Placing(load_product(PRODUCTS / "chair"), load_scene(room))
    answer = placing.told(said)
    assert answer.item is not None
    x, z = answer.item.middle
    way = math.atan2(2.5 - x, -z)
    assert math.cos(answer.item.yaw - way) > 0.999
