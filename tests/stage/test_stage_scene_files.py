from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from showroom.catalog.scene import SceneError, load_scene, parse_scene
from showroom.protocol import messages as m
from showroom.stage import decor
from showroom.stage.reload import Built, SceneWatch
from showroom.stage.stage import Stage

SMALL = """schema = 1
name = { en = "Room", zh = "房间" }
[room]
outline = [[2, -2], [-2, -2], [-2, 2], [2, 2]]
height = 2.6
[spawn]
at = [0, 0, 0]
[materials]
floor = { color = "#d0d0d0" }
walls = { color = "#e0e0e0" }
ceiling = { color = "#ffffff" }
"""


HEAD = "[materials]"
OUTLINE = "[[2, -2], [-2, -2], [-2, 2], [2, 2]]"
FLOOR = 'floor = { color = "#d0d0d0" }'
WINDOW = """[[opening]]
kind = "window"
wall = 0
offset = 3.5
width = 2
sill = 1
height = 1
"""
BROKEN = [
    ("schema = 1", "schema = 2", "schema", 1),
    ("height = 2.6", "height = 99", "room.height", 5),
    ("height = 2.6", 'height = "tall"', "room.height", 5),
    ("height = 2.6", "height = 2.6\ncolour = 1", "room.colour", 6),
    (OUTLINE, "[[2, 2], [-2, 2], [-2, -2], [2, -2]]", "room.outline", 4),
    (HEAD, '[[object]]\nbuild = "rocket"\n' + HEAD, "object[0].build", 9),
    (HEAD, '[[object]]\nbuild = "pouf"\nradius = true\n' + HEAD, "object[0].radius", 10),
    (HEAD, '[[object]]\nbuild = "pouf"\ncolour = 1\n' + HEAD, "object[0].colour", 10),
    (HEAD, '[[light]]\nkind = "sun"\n' + HEAD, "light[0].kind", 9),
    (FLOOR, 'floor = { color = "beige" }', "materials.floor.color", 9),
    (FLOOR + "\n", "", "materials.floor", 0),
    (HEAD, WINDOW + HEAD, "opening[0].width", 12),
    (
        HEAD,
        '[[obstacle]]\nname = "x"\nat = [0, 0]\nsize = [0, 1, 1]\n' + HEAD,
        "obstacle[0].size",
        11,
    ),
]


@pytest.mark.parametrize(("old", "new", "field", "line"), BROKEN)
def test_broken_scenes_name_key_and_line(
    old: str, new: str, field: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(SMALL.replace(old, new), "utf-8")
    with pytest.raises(SceneError) as caught:
        decor.build(load_scene(path))
    assert caught.value.field == field
    if line:
        assert caught.value.line == line
    assert "broken.toml" in str(caught.value)


def test_broken_toml_names_its_line() -> None:
    with pytest.raises(SceneError) as caught:
        parse_scene("schema = 1\nname = {{\n")
    assert caught.value.line == 2


@pytest.mark.parametrize("name", ["nowhere", "../store", "store.toml", ""])
def test_unknown_scenes_are_typed_errors(name: str) -> None:
    with pytest.raises(SceneError, match="no such scene"):
        load_scene(name)


INCLUDING = SMALL.replace("schema = 1", 'schema = 1\ninclude = ["parts/more.toml"]')
MORE = """[materials]
walls = { color = "#102030" }
felt = { color = "#803010" }
[[object]]
build = "pouf"
cover = "felt"
"""


def test_files_include_others_and_override_them(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "more.toml").write_text(MORE, "utf-8")
    path = tmp_path / "room.toml"
    path.write_text(
        INCLUDING + '[[object]]\nbuild = "pouf"\nat = [1, 0, 1]\ncover = "felt"\n', "utf-8"
    )
    scene = load_scene(path)
    assert [p.name for p in scene.source.files] == ["more.toml", "room.toml"]
    assert scene.document["materials"]["walls"]["color"] == "#e0e0e0"
    assert len(scene.document["object"]) == 2
    decor.build(scene)


def test_what_is_wrong_in_an_included_file_is_found_there(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "more.toml").write_text(MORE + "radius = 0\n", "utf-8")
    path = tmp_path / "room.toml"
    path.write_text(INCLUDING, "utf-8")
    with pytest.raises(SceneError) as caught:
        decor.build(load_scene(path))
    assert str(caught.value).startswith("more.toml:7 object[0].radius: must be positive")


@pytest.mark.parametrize(
    ("include", "sentence"),
    [
        ('["room.toml"]', "cycle"),
        ('["a.toml"]', "cycle"),
        ('["gone.toml"]', "no such file"),
        ('["../other.toml"]', "cannot be included"),
        ('["/etc/passwd"]', "cannot be included"),
        ("[7]", "cannot be included"),
        ('"a.toml"', "must be a list"),
    ],
)
def test_includes_that_cannot_be_are_refused(tmp_path: Path, include: str, sentence: str) -> None:
    (tmp_path / "a.toml").write_text('include = ["b.toml"]\n', "utf-8")
    (tmp_path / "b.toml").write_text('include = ["a.toml"]\n', "utf-8")
    path = tmp_path / "room.toml"
    path.write_text(SMALL.replace("schema = 1", f"schema = 1\ninclude = {include}"), "utf-8")
    with pytest.raises(SceneError, match=sentence) as caught:
        load_scene(path)
    assert caught.value.line >= 1 and caught.value.path is not None


def test_own_pictures_and_models_can_be_used(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8, 3), (200, 30, 30), np.uint8)).save(tmp_path / "red.png")
    shutil.copy("assets/products/chair/product.glb", tmp_path / "chair.glb")
    path = tmp_path / "room.toml"
    own = 'art = { image = "red.png" }\n[[object]]\nbuild = "model"\nfile = "chair.glb"\n'
    path.write_text(SMALL + own + 'material = "art"\nscale = 2.0\n', "utf-8")
    made = decor.build(load_scene(path))
    art = next(b for b in made.batches if b[0] == "art")
    tall = made.vertices[made.faces[art[1] : art[2]]][..., 1].max()
    assert 1.2 < tall < 2.4
    assert made.materials["art"].albedo[0] > 10 * made.materials["art"].albedo[1]


POUF = '[[object]]\nbuild = "pouf"\ncover = "floor"\n'


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ('art = { image = "gone.png" }\n', "materials.art.image"),
        ('art = { image = "../gone.png" }\n', "materials.art.image"),
        ('art = { image = "room.toml" }\n', "materials.art.image"),
        ('art = { text = "" }\n', "materials.art.text"),
        ("art = { opacity = 0 }\n", "materials.art.opacity"),
        (POUF + "scale = 0\n", "object[0].scale"),
        (POUF + "scale = nan\n", "object[0].scale"),
        (POUF + "height = -1\n", "object[0].height"),
        (POUF + "at = [0, inf, 0]\n", "object[0].at"),
        (POUF + "turn = 1e9\n", "object[0].turn"),
        (POUF + "solid = { size = [1, 0, 1] }\n", "object[0].solid"),
        (POUF + "solid = { size = [1, 1, 1], at = 3 }\n", "object[0].solid.at"),
        ('[[object]]\nbuild = "plant"\nleaves = 1000000\n', "object[0].leaves"),
        ('[[object]]\nbuild = "model"\nfile = "gone.glb"\nmaterial = "floor"\n', "object[0].file"),
        ('[[stand]]\nname = "a"\nkind = "car"\nat = [0, 0, 0]\n', "stand[0].kind"),
        ('[[stand]]\nname = "a"\nkind = "garment"\nat = [9, 0, 0]\n', "stand[0].at"),
        (
            '[[stand]]\nname = "a"\nkind = "furniture"\nat = [0, 0, 0]\nfamilies = ["boat"]\n',
            "stand[0].families",
        ),
        ("[sky]\nsun = [0, 120]\n", "sky.sun"),
        ('[sky]\nland = "moon"\n', "sky.land"),
        ("[sky]\ncolour = 1\n", "sky.colour"),
        ('[[light]]\nkind = "spot"\nat = [0, 2, 0]\ntarget = [0, 2, 0]\n', "light[0].target"),
        ('[[light]]\nkind = "panel"\nat = [0, 2, 0]\nsize = [0, 1]\n', "light[0].size"),
        ("[[light]]\n" * 65, "light"),
    ],
)
def test_broken_decor_names_file_line_and_key(tmp_path: Path, more: str, field: str) -> None:
    path = tmp_path / "room.toml"
    path.write_text(SMALL + more, "utf-8")
    with pytest.raises(SceneError) as caught:
        decor.build(load_scene(path))
    assert caught.value.field == field
    assert caught.value.line > 11 or field == "light"
    assert caught.value.path == path


def test_scenes_too_heavy_for_a_headset_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    heavy = '[[object]]\nbuild = "meadow"\ncount = 1000\nblade = "floor"\n'
    path.write_text(SMALL + heavy * 50, "utf-8")
    with pytest.raises(SceneError, match="too heavy") as caught:
        decor.build(load_scene(path))
    assert caught.value.line > 11


def _await(watch: SceneWatch, start: float) -> object:
    """What the watch says, its clock running a second a look."""
    for k in range(400):
        found = watch.poll(start + k)
        if found is not None:
            return found
        time.sleep(0.01)
    return None


def test_a_saved_change_is_shown_and_a_bad_one_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "room.toml"
    path.write_text(SMALL, "utf-8")
    watch = SceneWatch(load_scene(path))
    assert watch.poll(0.0) is None and watch.poll(1.0) is None
    path.write_text(SMALL + POUF, "utf-8")
    found = _await(watch, 10.0)
    assert isinstance(found, Built) and len(found.decor.faces) > 1000
    path.write_text(SMALL + POUF + "colour = 3\n", "utf-8")
    problem = _await(watch, 1000.0)
    assert isinstance(problem, SceneError)
    assert str(problem).startswith("room.toml:15 object[0].colour: unknown key")
    path.write_text(SMALL.replace("2.6", "3.0"), "utf-8")
    mended = _await(watch, 2000.0)
    assert isinstance(mended, Built) and mended.scene.height == 3.0


def test_a_room_of_ones_own_has_windows_doors_and_blocks(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "schema = 1\n[room]\noutline = [[4, 0], [0, 0], [0, 3], [4, 3]]\nheight = 2.5\n"
        '[[opening]]\nkind = "door"\nwall = 2\noffset = 1\nwidth = 0.9\nsill = 0\nheight = 2\n'
        + WINDOW.replace("offset = 3.5", "offset = 1")
        + '[[obstacle]]\nname = "stove"\nat = [3.5, 0.5]\nsize = [0.6, 0.5, 1.2]\n',
        "utf-8",
    )
    made = decor.build(load_scene(path))
    assert {"window_frame", "door", "glass", "own"} <= {b[0] for b in made.batches}
    block = next(b for b in made.batches if b[0] == "own")
    place = made.vertices[np.unique(made.faces[block[1] : block[2]])]
    assert place.min(axis=0) == pytest.approx([3.2, 0.0, 0.25], abs=0.01)
    assert place.max(axis=0) == pytest.approx([3.8, 1.2, 0.75], abs=0.01)
    assert made.sky is not None and any(m.kind == "panel" for m in made.lights)


def test_a_stage_follows_the_file_and_keeps_the_old_scene_on_a_bad_edit(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "room.toml"
    path.write_text(SMALL, "utf-8")
    stage.watch = True
    try:
        stage.show_room(load_scene(path))
        first = stage.room
        path.write_text(SMALL.replace("height = 2.6", "height = 0"), "utf-8")
        assert "room.toml:5 room.height" in _told(stage, 10.0)
        assert stage.room is first
        path.write_text(SMALL.replace("height = 2.6", "height = 2.9"), "utf-8")
        assert "room is shown as saved" in _told(stage, 1000.0)
        assert stage.room is not None and stage.room.scene.height == 2.9
    finally:
        stage.watch = False
        stage._watch = None


def _told(stage: Stage, start: float) -> str:
    for k in range(400):
        said = stage.follow(start + k)
        if said:
            return said
        time.sleep(0.01)
    return ""


def test_scenes_of_ones_own_are_found_by_their_name(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "attic.toml"
    path.write_text(SMALL.replace("height = 2.6", "height = 3.3"), "utf-8")
    corners = ((2.0, -2.0), (-2.0, -2.0), (-2.0, 2.0), (2.0, 2.0))
    stage.apply(m.RoomShown(scene="attic", outline=corners, height=3.2))
    assert stage.room is not None and stage.room.scene.id == "room"
    stage.scenes["attic"] = path
    stage.apply(m.RoomShown(scene="attic", outline=corners, height=3.3))
    assert stage.room.scene.id == "attic"
    del stage.scenes["attic"]
