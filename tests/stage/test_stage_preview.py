from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from stage_models import ASSETS, box, glb, square

from reconstruction.gltf.glb import write_glb
from reconstruction.mesh import Mesh
from reconstruction.product import Material, Variant
from showroom.stage import studio
from showroom.stage.easel import Easel, Watch
from showroom.stage.exhibit import MODES, Exhibit
from showroom.stage.model import model_of, read_model
from showroom.stage.preview import Shot, load_model, preview
from showroom.stage.settings import StageError
from showroom.stage.stage import Stage

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def blue(pixels: np.ndarray) -> np.ndarray:
    image = pixels.astype(int)
    return image[..., 2] - image[..., :2].max(-1) > 60


def two_colours() -> bytes:
    place, faces = box()
    mesh = Mesh(
        place, faces.astype(np.int32), np.zeros((len(place), 2), np.float32),
        np.zeros(len(faces), np.int32), ("box",), ("cloth",),
    )  # fmt: skip
    red = Material(base_color=(0.8, 0.02, 0.02, 1.0), roughness=0.9)
    navy = replace(red, base_color=(0.01, 0.01, 0.6, 1.0))
    variants = (Variant("navy", {"en": "navy", "zh": "藏青"}, {"cloth": navy}),)
    return write_glb(mesh, {"cloth": red}, variants=variants)


# --- files -------------------------------------------------------------------------------------


def test_previews_a_product_folder(
    tmp_path: Path, opened: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("showroom.stage.preview.FILM_FRAMES", 4)
    monkeypatch.setattr("showroom.stage.preview.SIZE", 128)
    del opened  # Skips where there is no GL.
    pytest.importorskip("imageio_ffmpeg", reason="films in MP4 need imageio-ffmpeg")
    folder = tmp_path / "cube"
    folder.mkdir()
    (folder / "product.glb").write_bytes(ASSETS["cube"])
    photo = tmp_path / "photo.png"
    Image.new("RGB", (200, 100), (10, 200, 10)).save(photo)
    files = preview(folder, tmp_path / "out", compare=photo)
    assert [f.name for f in files] == ["preview.png", "turntable.mp4", "compare.png"]
    with Image.open(files[0]) as image:
        pixels = np.asarray(image)
    # The blue cube is in the first view, in all its turns.
    assert all(blue(pixels[56:696, k * 320 : (k + 1) * 320]).mean() > 0.01 for k in range(4))
    with Image.open(files[2]) as image:
        assert image.getpixel((20, 60)) == (10, 200, 10)


def test_one_picture_of_one_mode_or_colourway(
    tmp_path: Path, opened: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("showroom.stage.preview.SIZE", 128)
    del opened
    file = tmp_path / "box.glb"
    file.write_bytes(two_colours())
    (made,) = preview(file, tmp_path / "navy.png", shot=Shot("shaded", "navy"))
    with Image.open(made) as image:
        assert blue(np.asarray(image)).mean() > 0.1
    with pytest.raises(StageError, match="there are: navy"):
        preview(file, tmp_path / "no.png", shot=Shot("shaded", "pink"))
    with pytest.raises(StageError, match="wireframe"):
        preview(file, tmp_path / "no.png", shot=Shot("x-ray"))
    assert not (tmp_path / "no.png").exists()


def test_previews_of_nothing_are_typed_errors(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"cannot read no\.glb"):
        preview(tmp_path / "no.glb", tmp_path)
    (tmp_path / "bad.glb").write_bytes(b"glTF")
    with pytest.raises(StageError, match="cannot be shown"):
        preview(tmp_path / "bad.glb", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- modes -------------------------------------------------------------------------------------


@pytest.fixture
def exhibit(stage: Stage) -> Iterator[Exhibit]:
    made = Exhibit(stage, read_model(two_colours()))
    made.look(0.6)
    yield made
    made.close()


def test_every_mode_is_another_picture(exhibit: Exhibit) -> None:
    pictures = {mode: exhibit.picture(0.6, mode=mode).astype(int) for mode in MODES}
    assert exhibit.mode == "shaded"
    same = {"occlusion", "alpha", "roughness", "metallic"}  # White or black here.
    told = [mode for mode in MODES if mode not in same]
    for k, mode in enumerate(told):
        for other in told[k + 1 :]:
            assert np.abs(pictures[mode] - pictures[other]).mean() > 0.3, (mode, other)
    middle = {mode: picture[64, 96] for mode, picture in pictures.items()}
    assert middle["metallic"].max() < 5
    assert middle["alpha"].min() > 250
    assert middle["roughness"].tolist() == pytest.approx([0.9 * 255] * 3, abs=2)
    # 0.8 and 0.02 linear are 231 and 39 in sRGB.
    assert middle["color"].tolist() == pytest.approx([231, 39, 39], abs=2)
    with pytest.raises(StageError, match="there is no mode"):
        exhibit.set_mode("x-ray")


def test_the_studio_turns_about_the_product(exhibit: Exhibit) -> None:
    before = exhibit.picture(0.0).astype(int)
    exhibit.set_turn(np.pi)
    after = exhibit.picture(0.0).astype(int)
    assert np.abs(before - after).mean() > 1
    # The large soft box stands in front at first, and behind after half a turn.
    assert before[64, 96].sum() > after[64, 96].sum()
    exhibit.set_turn(0.0)
    assert np.abs(exhibit.picture(0.0).astype(int) - before).max() <= 1


def test_measures_are_drawn_in_centimetres(
    exhibit: Exhibit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    view = exhibit._gizmos.show
    monkeypatch.setattr(
        exhibit._gizmos,
        "show",
        lambda v, eye: shown.extend(d.label.lines[0] for d in v.measures) or view(v, eye),
    )
    exhibit.picture(0.6, mode="measures")
    assert shown == ["width 50.0 cm", "height 50.0 cm", "depth 50.0 cm"]


def test_rough_reflections_of_the_studio_are_smoother_and_as_bright() -> None:
    levels = [studio.prefiltered(k) for k in (0, 3, 5)]
    means = [float(level.mean()) for level in levels]
    spreads = [float(level.std()) for level in levels]
    assert spreads == sorted(spreads, reverse=True)
    assert means[1] == pytest.approx(means[0], rel=0.15)
    # Irradiance is the mean over the half space: on all six sides that of the whole sphere.
    assert float(studio.probe(0.0).mean()) == pytest.approx(means[0], rel=0.15)


# --- in a window -------------------------------------------------------------------------------


def test_the_window_reloads_what_is_saved_and_keeps_what_was_good(
    stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "thing.glb"
    file.write_bytes(ASSETS["cube"])
    easel = Easel(stage, file, None, Shot())
    easel.turning = False
    easel.key("h")
    easel.frame(0.0, 0.02)
    assert blue(stage.graphics.read()).mean() > 0.05
    file.write_bytes(ASSETS["cube"][:-30])
    easel.frame(1.0, 0.02)
    assert "thing.glb" in easel.problem
    assert len(easel.exhibit.model.faces) == 12, "the last good one stays"
    assert "preview" in stage.things
    file.write_bytes(glb(*square(0.5), (0.8, 0.02, 0.02)))
    easel.frame(2.0, 0.02)
    assert easel.problem == ""
    assert not blue(stage.graphics.read()).any()
    easel.close()
    assert not stage.things


def test_keys_change_what_is_seen(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "box.glb"
    file.write_bytes(two_colours())
    easel = Easel(stage, file, np.zeros((8, 8, 3), np.uint8), Shot())
    seen = []
    for key in "1234567890":
        easel.key(key)
        seen.append(easel.exhibit.mode)
    assert tuple(seen) == MODES
    easel.key("v")
    assert easel.exhibit.variant == "navy"
    easel.key("v")
    assert easel.exhibit.variant == ""
    easel.key("r")
    assert easel.exhibit.turn > 0.0
    before = easel.azimuth
    easel.drag(50.0, 0.0)
    easel.frame(0.0, 1.0)
    assert easel.azimuth != before
    assert not easel.turning
    easel.key("escape")
    assert easel.over
    easel.close()


def test_a_texture_beside_the_file_counts_as_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.gltf"
    file.write_text("{}")
    (tmp_path / "wood.png").write_bytes(b"1")
    (tmp_path / "notes.txt").write_bytes(b"1")
    watch = Watch(file)
    assert not watch.saved()
    (tmp_path / "notes.txt").write_bytes(b"22")
    assert not watch.saved()
    (tmp_path / "wood.png").write_bytes(b"22")
    assert watch.saved()
    assert not watch.saved()


# --- other programs' files ---------------------------------------------------------------------


def rewritten(data: bytes, **more: object) -> bytes:
    """A GLB with some of its JSON replaced."""
    size = struct.unpack_from("<I", data, 12)[0]
    text = json.dumps({**json.loads(data[20 : 20 + size]), **more}).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    head = struct.pack("<III", 0x46546C67, 2, 20 + len(text) + len(rest))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + rest


TEXTURED = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
CUBE = ASSETS["cube"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            rewritten(
                CUBE, materials=TEXTURED,
                textures=[{"extensions": {"KHR_texture_basisu": {"source": 0}}}],
            ),
            "ktxdecompress",
        ),
        (rewritten(CUBE, extensionsRequired=["KHR_texture_basisu"]), "ktxdecompress"),
        (rewritten(CUBE, extensionsRequired=["EXT_texture_webp"]), "gltf-transform png"),
        (
            rewritten(
                CUBE, materials=TEXTURED, textures=[{"source": 0}],
                images=[{"uri": "../secret.png"}],
            ),
            "own folder",
        ),
        (
            rewritten(
                CUBE, materials=TEXTURED, textures=[{"source": 0}],
                images=[{"uri": "file:///etc/passwd"}],
            ),
            "own folder",
        ),
        (rewritten(CUBE, buffers=[{"byteLength": 9, "uri": "/etc/passwd"}]), "own folder"),
        (CUBE[: len(CUBE) // 2], "own size"),
    ],
    ids=["ktx2", "needs ktx2", "needs webp", "outside", "file uri", "buffer outside", "truncated"],
)  # fmt: skip
def test_files_that_cannot_be_shown_say_what_to_do(
    tmp_path: Path, data: bytes, sentence: str
) -> None:
    (tmp_path / "secret.png").write_bytes(b"no")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.glb").write_bytes(data)
    with pytest.raises(StageError, match=r"a\.glb cannot be shown") as caught:
        load_model(folder / "a.glb")
    assert sentence in str(caught.value)


def test_a_huge_file_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.glb"
    with file.open("wb") as stream:
        stream.truncate(5 * 2**30)
    with pytest.raises(StageError, match="at most"):
        load_model(file)


@pytest.mark.parametrize(
    ("name", "triangles"),
    [
        ("furniture_kaykit/armchair.gltf", 528),
        ("furniture_khronos3dc/WickerChair/WickerChair.glb", 18_320),
        ("cars_scenery_kenney/vehicle-truck-red.glb", 946),
        ("models_marketassets_draco/bench.gltf", 1),
    ],
)
def test_opens_what_other_programs_wrote(name: str, triangles: int) -> None:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"needs {name} of the outside data")
    if "draco" in name:
        pytest.importorskip("DracoPy", reason="Draco needs DracoPy (extra 'reconstruct')")
    model = load_model(file)
    assert len(model.faces) >= triangles
    assert np.linalg.norm(model.normals, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert any(part.material.texture for part in model.primitives) or "draco" in name


def test_compressed_geometry_is_shown(tmp_path: Path) -> None:
    from reconstruction.gltf.meshopt_write import compressed

    plain = read_model(two_colours())
    (tmp_path / "small.glb").write_bytes(compressed(two_colours()))
    small = load_model(tmp_path / "small.glb")
    assert len(small.faces) == len(plain.faces)
    assert np.abs(small.positions - plain.positions).max() < 1e-3
    assert [v.name for v in small.variants] == ["navy"]


def test_a_files_own_normals_are_kept() -> None:
    from reconstruction.gltf.read import read_glb

    place, faces = square()
    mesh = Mesh(
        place, faces.astype(np.int32), np.zeros((4, 2), np.float32), np.zeros(2, np.int32),
        ("card",), ("cloth",),
    )  # fmt: skip
    bent = np.tile(np.array([[0.6, 0.0, 0.8]], np.float32), (4, 1))
    data = write_glb(mesh, {"cloth": Material()}, normals=bent)
    assert model_of(read_glb(data)).normals == pytest.approx(bent, abs=1e-6)
    turned = rewritten(data, nodes=[{"mesh": 0, "scale": [2, 1, 1]}])
    expected = np.array([0.3, 0.0, 0.8]) / np.hypot(0.3, 0.8)
    assert read_model(turned).normals[0] == pytest.approx(expected, abs=1e-6)


def test_copies_of_a_file_with_its_textures_open_anywhere(tmp_path: Path) -> None:
    source = DATA / "cars_scenery_kenney"
    if not (source / "Textures").is_dir():
        pytest.skip("needs cars_scenery_kenney of the outside data")
    shutil.copy(source / "vehicle-truck-red.glb", tmp_path / "truck.glb")
    with pytest.raises(StageError, match=r"Textures|colormap"):
        load_model(tmp_path / "truck.glb")
    shutil.copytree(source / "Textures", tmp_path / "Textures")
    assert load_model(tmp_path / "truck.glb").primitives[0].material.texture
