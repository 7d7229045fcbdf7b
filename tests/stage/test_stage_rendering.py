from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from stage_models import ASSETS, box, glb, square

from reconstruction.gltf.glb import write_glb
from reconstruction.mesh import Mesh
from reconstruction.product import Material, Variant
from showroom.protocol import messages as m
from showroom.stage.model import Model, make_levels, read_model
from showroom.stage.repeat import levels_of
from showroom.stage.settings import LEVELS, StageError, StageSettings, is_weak
from showroom.stage.stage import Stage

IDENTITY: m.Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def shown(target: str, glb: str, transform: m.Transform = IDENTITY) -> m.ProductShown:
    return m.ProductShown(
        target=target, glb=glb, name={"en": target}, kind="furniture", category="x",
        transform=transform,
    )  # fmt: skip


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def card(material: Material, size: float = 1.0) -> bytes:
    """An upright square with UVs, its front to +Z."""
    place, faces = square(size)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    mesh = Mesh(place, faces.astype(np.int32), uv, np.zeros(2, np.int32), ("card",), ("cloth",))
    return write_glb(mesh, {"cloth": material})


@pytest.fixture
def look(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The stage with assets of the test's own, before a grey wall, seen from +Z."""
    assets = dict(ASSETS)
    monkeypatch.setattr(stage, "assets", assets.__getitem__)
    monkeypatch.setattr(stage, "own", assets, raising=False)
    stage.look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0), 0.6)
    yield stage
    for target in list(stage.things):
        stage._remove(target)
    stage._things.loader.known.clear()


def settings_of(stage: Stage, monkeypatch: pytest.MonkeyPatch, **more: object) -> None:
    monkeypatch.setattr(stage._things, "settings", replace(stage.settings, **more))


# --- materials ---------------------------------------------------------------------------------


def chequer(alpha: int) -> np.ndarray:
    """Left half opaque red, right half red of that alpha."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[:, :8, 3] = 255
    pixels[:, 8:, 3] = alpha
    return pixels


def test_a_mask_cuts_holes_at_its_cutoff(look: Stage) -> None:
    look.own["kept"] = card(Material(texture=png(chequer(120)), alpha="mask", cutoff=0.4))
    look.own["cut"] = card(Material(texture=png(chequer(120)), alpha="mask", cutoff=0.6))
    ground = look.render()[64, 130].astype(int)
    look.apply(shown("p", "kept"))
    kept = look.render().astype(int)
    look.apply(shown("p", "cut"))
    cut = look.render().astype(int)
    assert kept[64, 60, 0] > kept[64, 60, 2] + 60
    assert kept[64, 130, 0] > kept[64, 130, 2] + 60
    assert cut[64, 60, 0] > cut[64, 60, 2] + 60
    assert np.abs(cut[64, 130] - ground).max() < 3


def test_light_comes_through_what_blends_and_its_solid_parts_hide(look: Stage) -> None:
    look.own["veil"] = card(Material(texture=png(chequer(128)), alpha="blend", double_sided=True))
    look.own["green"] = glb(*square(0.8), (0.02, 0.6, 0.02))
    look.apply(shown("behind", "green", (0.0, 0.0, -0.5, 0.0, 0.0, 0.0, 1.0)))
    look.apply(shown("p", "veil"))
    picture = look.render().astype(int)
    solid, veil = picture[64, 75], picture[64, 115]
    assert solid[0] > solid[1] + 60
    assert veil[0] > 60
    assert veil[1] > solid[1] + 40, "the green behind shows through"
    # The same from behind: what is nearer is still drawn over what is further away.
    look.look_at((0.0, 0.0, -2.0), (0.0, 0.0, 0.0), 0.6)
    back = look.render().astype(int)
    assert back[64, 95, 1] > back[64, 95, 0] + 40


def test_a_normal_maps_green_points_up_in_its_picture(look: Stage) -> None:
    up = np.full((8, 8, 3), (128, 218, 218), np.uint8)
    down = np.full((8, 8, 3), (128, 38, 218), np.uint8)
    for name, pixels in (("up", up), ("down", down)):
        look.own[name] = card(Material(normal=png(pixels), roughness=1.0))
    bright = []
    for name in ("up", "down"):
        look.apply(shown("p", name))
        bright.append(int(look.render()[64, 96].astype(int).sum()))
    # The key light comes from above.
    assert bright[0] > bright[1] + 60


def test_occlusion_roughness_metal_and_emission_are_read_drawn_and_written(look: Stage) -> None:
    orm = np.zeros((4, 4, 3), np.uint8)
    orm[..., 0], orm[..., 1], orm[..., 2] = 60, 200, 0
    glow = np.full((4, 4, 3), (255, 0, 0), np.uint8)
    material = Material(
        surface=png(orm), occlusion=png(orm), emission=png(glow), emissive=(0.8, 0.8, 0.8),
        metallic=1.0,
    )  # fmt: skip
    look.own["plain"], look.own["rich"] = card(Material()), card(material)
    read = read_model(look.own["rich"]).primitives[0].material
    assert read == replace(material, surface=read.surface)
    assert read.surface == read.occlusion
    look.apply(shown("p", "plain"))
    plain = look.render()[64, 96].astype(int)
    look.apply(shown("p", "rich"))
    rich = look.render()[64, 96].astype(int)
    assert rich[0] > plain[0] - 5, "it glows red"
    assert rich[1] < plain[1] - 40, "little ambient light arrives"


def test_colourways_are_shown_by_name() -> None:
    place, faces = square()
    mesh = Mesh(
        place, faces.astype(np.int32), np.zeros((4, 2), np.float32), np.zeros(2, np.int32),
        ("card",), ("cloth",),
    )  # fmt: skip
    navy = Material(base_color=(0.0, 0.0, 0.2, 1.0))
    variant = Variant("navy", {"en": "navy", "zh": "藏青"}, {"cloth": navy})
    model = read_model(write_glb(mesh, {"cloth": Material()}, variants=(variant,)))
    assert model.wearing("navy").primitives[0].material.base_color == navy.base_color
    assert model.wearing("") is model
    with pytest.raises(StageError, match="there are: navy"):
        model.wearing("pink")


# --- levels of detail and repeats --------------------------------------------------------------


def ball(rings: int = 24) -> bytes:
    """A sphere of 2 x rings² triangles."""
    u, v = np.meshgrid(np.linspace(0, 1, rings + 1), np.linspace(0, 1, rings + 1))
    a, b = 2 * math.pi * u, math.pi * v
    place = 0.3 * np.stack([np.cos(a) * np.sin(b), np.cos(b), np.sin(a) * np.sin(b)], -1)
    index = np.arange((rings + 1) ** 2).reshape(rings + 1, rings + 1)
    p, q, r, s = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((p, q, r), (q, s, r))])
    mesh = Mesh(
        place.reshape(-1, 3).astype(np.float32), faces.astype(np.int32),
        np.stack([u, v], -1).reshape(-1, 2).astype(np.float32), np.zeros(len(faces), np.int32),
        ("ball",), ("cloth",),
    )  # fmt: skip
    return write_glb(mesh, {"cloth": Material(base_color=(0.5, 0.1, 0.1, 1.0))})


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(ball())


def test_levels_of_detail_are_other_triangles_on_the_same_vertices(model: Model) -> None:
    levels = make_levels(model)
    counts = [len(model.faces), *(sum(len(f) for f in level.faces) for level in levels)]
    assert counts[0] > counts[1] > counts[2] > 0
    assert all(int(f.max()) < len(model.positions) for level in levels for f in level.faces)
    assert 0.0 < levels[0].error < levels[1].error


def test_a_level_is_chosen_only_where_its_error_cannot_be_seen() -> None:
    spheres = np.array([[0, 0, -z, 0.5] for z in (1.0, 4.0, 20.0)], np.float32)
    eye, pixel = np.zeros(3, np.float32), 0.001
    assert levels_of(spheres, eye, pixel, (0.002, 0.01)).tolist() == [0, 1, 2]
    assert levels_of(spheres, eye, 0.0, (0.002, 0.01)).tolist() == [0, 0, 0]
    assert levels_of(spheres, eye, pixel, ()).tolist() == [0, 0, 0]


def test_equal_products_are_drawn_together_and_look_the_same(
    look: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    look.own["ball"] = ball()
    look.look_at((0.0, 1.4, 3.2), (0.0, 0.2, 0.0), 0.8)
    for i in range(9):
        half = 0.35 * i
        place = ((i % 3 - 1) * 0.9, 0.3, (1 - i // 3) * 0.9)
        look.apply(shown(f"p{i}", "ball", (*place, 0.0, math.sin(half), 0.0, math.cos(half))))
    settings_of(look, monkeypatch, repeats=0)
    apart = look.render().astype(int)
    settings_of(look, monkeypatch, repeats=4, detail=0.0)
    look._things._regroup = True
    together = look.render().astype(int)
    assert all(thing.together for thing in look.things.values())
    assert np.abs(apart - together).mean() < 0.5
    # One that is moved leaves the others until it stands still again.
    look.apply(m.ProductChanged(target="p4", changes=(), transform=(0.0, 0.9, 0.0, *IDENTITY[3:])))
    moved = look.render().astype(int)
    assert not look.things["p4"].together
    assert sum(thing.together for thing in look.things.values()) == 8
    assert np.abs(moved - together).mean() > 0.5
    look._remove("p0")
    assert np.abs(look.render().astype(int) - moved).mean() > 0.5


# --- passes ------------------------------------------------------------------------------------


def test_shadows_are_drawn_anew_only_when_something_moved(look: Stage) -> None:
    look.apply(shown("p", "cube"))
    look.draw()
    before = look._key.drawn
    for k in range(3):
        look.look_at((0.1 * k, 1.0, 2.0), (0.0, 0.0, 0.0))
        look.draw()
    assert look._key.drawn == before
    look._move(look.things["p"], (0.3, *IDENTITY[1:]))
    look.draw()
    assert look._key.drawn == before + 1


def test_a_mirror_is_drawn_only_while_it_is_seen_and_only_where(stage: Stage) -> None:
    from test_stage_draw import ROOM

    from showroom.catalog.scene import parse_scene

    stage.show_room(parse_scene(ROOM))
    stage.look_at((0.0, 1.3, 1.8), (0.0, 1.2, -2.0), 1.0)
    stage.draw()
    assert stage._mirror is not None
    assert stage._mirror.live
    left, right, bottom, top = stage._mirror._region.get_dimensions()
    assert 0.05 < left < 0.45
    assert 0.55 < right < 0.95
    assert top - bottom < 1.0
    stage.look_at((0.0, 1.3, -1.0), (0.0, 1.3, 1.8), 1.0)
    stage.draw()
    assert not stage._mirror.live
    stage._mirror.close()
    stage._mirror = None


# --- streaming ---------------------------------------------------------------------------------


def test_a_streamed_product_appears_as_if_it_had_been_waited_for(
    look: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    pixels = np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((32, 32, 1))).astype(np.uint8)
    look.own["a"] = look.own["b"] = card(Material(texture=png(pixels)))
    look.apply(shown("p", "a"))
    waited = look.render().astype(int)
    look._remove("p")
    look._things.loader.known.clear()
    settings_of(look, monkeypatch, streaming=True, upload=2**16)
    look.apply(shown("p", "b"))
    assert "p" not in look.things
    positions = square()[0] * 5.0
    frame = m.MeshFrame(
        target="p", glb="b", frame=1, time=0.0, positions=positions.astype("<f4").tobytes()
    )
    look.apply(frame)
    look.settle()
    assert np.abs(look.render().astype(int) - waited).mean() < 1.0
    assert look.things["p"].frame == 1, "the frame that came too early is shown"


@pytest.mark.parametrize("data", [b"glTF", None, card(Material())[:-40]])
def test_a_stand_with_a_sign_shows_what_is_missing(
    look: Stage, monkeypatch: pytest.MonkeyPatch, data: bytes | None
) -> None:
    settings_of(look, monkeypatch, streaming=True)
    if data is not None:
        look.own["bad"] = data
    look.apply(shown("good", "cube", (9.0, 0.0, 0.0, *IDENTITY[3:])))
    look.look_at((0.0, 1.0, 2.5), (0.0, 0.8, 0.0), 0.6)
    look.settle()
    empty = look.render().astype(int)
    look.apply(shown("p", "bad", (0.2, 0.0, 0.0, *IDENTITY[3:])))
    look.settle()
    assert look.things["p"].missing
    assert look.things["p"].node.get_x() == pytest.approx(0.2)
    assert not look.things["good"].missing
    assert np.abs(look.render().astype(int) - empty).mean() > 4
    # The stand goes once the product is there after all.
    look.own["well"] = ASSETS["red"]
    look.apply(m.ProductChanged(target="p", changes=(), transform=IDENTITY, glb="well"))
    look.settle()
    assert not look.things["p"].missing


def test_what_is_removed_while_it_comes_never_appears(
    look: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_of(look, monkeypatch, streaming=True)
    look.apply(shown("p", "cube"))
    look.apply(m.ProductRemoved(target="p"))
    for arrival in look._things.loader.coming.values():
        arrival.wait(10.0)
    for _ in range(4):
        look.draw()
    assert "p" not in look.things


# --- settings ----------------------------------------------------------------------------------


def test_each_quality_level_costs_more_than_the_one_below() -> None:
    low, medium, high = (StageSettings().at_quality(level) for level in LEVELS)
    for name in ("samples", "shadow_size", "shadow_taps", "mirror_scale", "texture_size"):
        values = [getattr(s, name) for s in (low, medium, high)]
        assert values == sorted(values)
        assert values[0] < values[2]
    with pytest.raises(StageError, match="low, medium, high"):
        StageSettings().at_quality("ultra")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "weak"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits) | 4.5 (Core Profile) Mesa 22.3.6", True),
        ("Mesa Intel(R) UHD Graphics 620 (KBL GT2) | 4.6", True),
        ("Intel(R) Arc(TM) A770 Graphics | 4.6", False),
        ("NVIDIA GeForce RTX 3060/PCIe/SSE2 | 4.6", False),
        ("AMD Radeon Graphics (radeonsi, renoir) | 4.6", True),
        ("AMD Radeon RX 6800 (radeonsi, navi21) | 4.6", False),
    ],
)
def test_quality_fits_what_draws(name: str, weak: bool) -> None:
    assert is_weak(name) == weak
    fitted = replace(StageSettings().at_quality("high"), fitting=True).fitted_to(name)
    assert (fitted.shadow_size == 512) == weak
    assert StageSettings().fitted_to(name) == StageSettings()


@pytest.mark.parametrize(
    "wrong", [{"samples": 3}, {"shadow_taps": 2}, {"detail": -1.0}, {"upload": 1}]
)
def test_settings_refuse_what_no_stage_can_do(wrong: dict[str, float]) -> None:
    with pytest.raises(StageError, match=next(iter(wrong))):
        replace(StageSettings(), **wrong)


def test_the_last_pass_smooths_edges(look: Stage) -> None:
    assert look._final is not None, "this stage has neither samples nor supersampling"
    look.own["grey"] = glb(*box(), (0.6, 0.6, 0.6))
    look.backdrop((0.0, 0.0, 0.0))
    look.apply(shown("p", "grey", (0.0, -0.3, 0.0, 0.0, 0.3, 0.0, 0.954)))
    look.look_at((0.5, 0.5, 2.0), (0.0, 0.0, 0.0), 0.6)
    smooth = look.render().astype(int).sum(axis=2)
    drawn = look._final.buffer.get_texture()
    graphics = look.graphics
    assert graphics.engine.extract_texture_data(drawn, graphics.output.get_gsg())
    pixels = np.frombuffer(drawn.get_ram_image_as("RGB"), np.uint8)
    sharp = pixels.reshape(*smooth.shape, 3)[::-1].astype(int).sum(axis=2)
    drawn.clear_ram_image()
    # Between the cube and the black behind it lie pixels of brightnesses in between.
    top = sharp.max()
    between = [((p > 0.1 * top) & (p < 0.4 * top)).sum() for p in (sharp, smooth)]
    assert between[1] > between[0] + 40
    assert np.abs(sharp - smooth).mean() < 12
