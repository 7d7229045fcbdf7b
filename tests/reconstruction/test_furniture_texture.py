"""Furniture textures: the photo where it was seen, its mirror image and its material elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.families import get_family
from reconstruction.furniture.atlas import atlas_size, grow, mirror_parts
from reconstruction.furniture.sight import make_sight
from reconstruction.furniture.texture import bake, project
from reconstruction.mesh import Mesh
from reconstruction.render.rasterize import frame_camera, linear_to_srgb, picture, srgb_to_linear
from reconstruction.texture.score import compare
from reconstruction.texture.synthesis import detail, tile

COLOURS = {"wood": (0.10, 0.04, 0.02), "upholstery": (0.75, 0.70, 0.60)}
SIZE = (256, 220)


@pytest.fixture(scope="module")
def scene():
    mesh = get_family("chair").build({}, {"back": "frame", "seat": "cushion"})
    return mesh, shot(mesh, 0.5)


def shot(mesh, azimuth, exposure=1.0):
    """A camera, its photo on a loud background that shows any bleeding, and the mask."""
    camera = frame_camera(mesh.vertices, azimuth, 0.35, aspect=SIZE[1] / SIZE[0])
    rgba = picture(mesh, camera, SIZE, COLOURS)
    linear = srgb_to_linear(rgba[..., :3]) * exposure
    alpha = rgba[..., 3:].astype(np.float32) / 255
    photo = linear_to_srgb(linear) * alpha + np.array([0, 255, 0]) * (1 - alpha)
    return camera, photo.astype(np.uint8), alpha[..., 0]


@pytest.fixture(scope="module")
def baked(scene):
    mesh, one = scene
    return bake(mesh, [one], largest=512)


def on_slot(mesh, baked, slot: str) -> np.ndarray:
    parts = np.array([m == slot for m in mesh.part_material])
    part = baked.painted.part
    return (part >= 0) & parts[part]


def test_the_background_bleeds_nowhere(baked) -> None:
    linear = srgb_to_linear(baked.image)
    green = linear[..., 1] > 1.6 * np.maximum(linear[..., 0], linear[..., 2]) + 0.02
    assert green.mean() < 5e-4


def test_each_material_keeps_its_own_colour_seen_or_not(scene, baked) -> None:
    linear = srgb_to_linear(baked.image).mean(axis=2)
    wood, cloth = (on_slot(scene[0], baked, s) for s in ("wood", "upholstery"))
    assert np.percentile(linear[wood], 95) < 0.25
    assert np.percentile(linear[cloth], 5) > 0.3


def test_what_is_seen_mirrored_and_invented_is_told(scene, baked) -> None:
    worn = baked.painted.part >= 0
    shares = [(baked.origin[worn] == k).mean() for k in (0, 1, 2)]
    assert shares[2] > 0.15
    assert shares[1] > 0.02
    assert shares[0] > 0.3
    made = project(scene[0], [scene[1]], largest=512)
    for slot, material in made.materials.items():
        here = on_slot(scene[0], baked, slot)
        assert material.seen == pytest.approx((baked.origin[here] == 2).mean(), abs=0.02)


def test_the_textured_product_looks_like_its_photo(scene, baked) -> None:
    mesh, (camera, photo, alpha) = scene
    made = project(mesh, [(camera, photo, alpha)], largest=1024)
    view = made.views[0]
    textures = dict.fromkeys(mesh.part_material, bake(mesh, [scene[1]], largest=1024).image)
    base, _ = view.draw(textures, {})
    inside = alpha > 0.99
    ssim, delta = compare(photo, linear_to_srgb(base * view.shading[..., None]), inside)
    assert ssim > 0.9
    assert delta < 1.5
    # The base colour alone differs by the light that was taken out, and by no more.
    assert compare(photo, linear_to_srgb(base), inside)[1] < 12


def test_light_is_taken_out_towards_the_true_colours(scene, baked) -> None:
    mesh, (camera, photo, mask) = scene
    true = {slot: np.array(c, np.float32) for slot, c in COLOURS.items()}
    sight = make_sight(mesh, mesh.normals(), camera, photo, mask)
    spread = {}
    for name, colour in (("photo", sight.colour * sight.light[..., None]), ("base", sight.colour)):
        for slot, linear in true.items():
            parts = np.array([m == slot for m in mesh.part_material])
            here = (sight.part >= 0) & parts[sight.part] & (sight.weight > 0.9)
            # Exposure cannot be told from lightness: the median is brought to the truth's.
            pixels = colour[here] * (linear.mean() / np.median(colour[here].mean(axis=1)))
            spread[name, slot] = float(np.abs(np.log(pixels.mean(axis=1) / linear.mean())).mean())
    for slot in true:
        assert spread["base", slot] < 0.6 * spread["photo", slot]


def test_hidden_surfaces_are_not_painted_from_what_hides_them() -> None:
    """A blue board in front of a red one: the red one stays red where it is hidden."""
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    near = square * [0.5, 0.5, 1] + [0.5, 0, 0.3]
    vertices = np.concatenate([square, near]).astype(np.float32)
    corner = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    uv = np.concatenate([corner * [0.45, 0.9] + 0.02, corner * [0.45, 0.9] + [0.52, 0.02]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
    mesh = Mesh(
        vertices=vertices,
        faces=faces,
        uv=uv.astype(np.float32),
        face_part=np.array([0, 0, 1, 1], np.int32),
        parts=("board", "cover"),
        part_material=("wood", "upholstery"),
    )
    camera = frame_camera(vertices, 0.0, 0.0)
    colours = {"wood": (0.6, 0.02, 0.02), "upholstery": (0.02, 0.02, 0.6)}
    rgba = picture(mesh, camera, (200, 200), colours)
    baked = bake(mesh, [(camera, rgba[..., :3], rgba[..., 3] / np.float32(255))], largest=512)
    board = baked.painted.part == 0
    red = baked.image[board].astype(int)
    assert (red[:, 0] > red[:, 2] + 60).mean() > 0.995
    assert (baked.origin[board] == 2).mean() > 0.5
    assert (baked.origin[board] != 2).mean() > 0.1


def test_a_second_photo_shows_the_back_in_the_firsts_exposure(scene) -> None:
    mesh, front = scene
    alone = bake(mesh, [front], largest=512)
    both = bake(mesh, [front, shot(mesh, 0.5 + np.pi, exposure=0.6)], largest=512)
    worn = alone.painted.part >= 0
    assert (both.origin[worn] == 2).mean() > 1.4 * (alone.origin[worn] == 2).mean()
    wood = on_slot(mesh, both, "wood") & (both.origin == 2)
    only_second = wood & (alone.origin == 0)
    levels = [np.median(srgb_to_linear(both.image)[m].mean(axis=1)) for m in (wood, only_second)]
    assert levels[1] == pytest.approx(levels[0], rel=0.25)


def test_project_gives_every_slot_a_material_with_one_shared_texture(scene) -> None:
    mesh, one = scene
    materials = project(mesh, [one], largest=512).materials
    assert set(materials) == set(mesh.part_material)
    textures = {m.texture for m in materials.values()}
    assert len(textures) == 1
    data = textures.pop()
    assert data is not None and data[:2] == b"\xff\xd8"
    assert all(0.25 <= m.roughness <= 0.95 for m in materials.values())
    assert materials["wood"].roughness < materials["upholstery"].roughness
    assert all(m.metallic == 0.0 for m in materials.values())


def test_the_atlas_keeps_the_photos_resolution_within_its_limits(scene) -> None:
    mesh, (camera, _, _) = scene
    small, large = (atlas_size(mesh, camera, h, 2048) for h in (128, 4000))
    assert small == 512
    assert large == 2048


def test_parts_find_their_mirror_images_and_lone_ones_have_none() -> None:
    box = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    left, lone = box + np.array([1, 0, 0]), box + np.array([0.2, 3, 0])
    right = left * np.array([-1, 1, 1])
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    mesh = Mesh(
        vertices=np.concatenate([left, right, lone]).astype(np.float32),
        faces=np.concatenate([faces, faces + 4, faces + 8]),
        uv=np.zeros((12, 2), np.float32),
        face_part=np.repeat(np.arange(3, dtype=np.int32), 2),
        parts=("left", "right", "lone"),
        part_material=("wood",) * 3,
    )
    assert mirror_parts(mesh).tolist() == [1, 0, -1]


def test_gaps_between_islands_take_the_nearest_colour() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    part = np.full((40, 60), -1, np.int16)
    image[:, :20], part[:, :20] = 90, 0
    image[:, 40:], part[:, 40:] = 200, 1
    grow(image, part)
    assert (image[:, :29] == 90).all()
    assert (image[:, 31:] == 200).all()


def test_a_tile_repeats_without_a_seam_and_keeps_the_grain() -> None:
    rng = np.random.default_rng(2)
    streaks = np.repeat(rng.normal(0, 20, (90, 1, 3)), 120, axis=1)
    patch = np.clip(128 + streaks + rng.normal(0, 3, (90, 120, 3)), 0, 255).astype(np.uint8)
    fine = detail(patch)
    assert fine is not None
    made = tile(fine, rng, 128)
    assert made.std() == pytest.approx(fine.std(), rel=0.3)
    twice = np.concatenate([made, made], axis=1)
    steps = np.abs(np.diff(twice, axis=1)).mean(axis=(0, 2))
    assert steps[127] < 2 * np.median(steps)
    down, across = (np.abs(np.diff(made, axis=a)).mean() for a in (0, 1))
    assert down > 2 * across


def test_encoding_helpers_round_trip() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)
    back = srgb_to_linear(linear_to_srgb(ramp))
    assert back == pytest.approx(ramp, abs=0.006)
