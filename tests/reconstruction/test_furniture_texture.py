"""Furniture textures: the photo where it was seen, its mirror image and its material elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.families import get_family
from reconstruction.furniture.atlas import atlas_size, look, make_atlas, make_sight
from reconstruction.furniture.texture import bake, project
from reconstruction.render.rasterize import frame_camera, linear_to_srgb, picture, srgb_to_linear

COLOURS = {"wood": (0.10, 0.04, 0.02), "upholstery": (0.75, 0.70, 0.60)}
SIZE = (256, 220)


@pytest.fixture(scope="module")
def scene():
    mesh = get_family("chair").build({}, {"back": "frame", "seat": "cushion"})
    camera = frame_camera(mesh.vertices, 0.5, 0.35, aspect=SIZE[1] / SIZE[0])
    rgba = picture(mesh, camera, SIZE, COLOURS)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    # A loud background shows any bleeding.
    photo = (rgba[..., :3] * alpha + np.array([0, 255, 0]) * (1 - alpha)).astype(np.uint8)
    return mesh, camera, photo, alpha[..., 0]


@pytest.fixture(scope="module")
def baked(scene):
    return bake(*scene, largest=512)


def on_slot(mesh, size: int, slot: str) -> np.ndarray:
    atlas = make_atlas(mesh, size)
    parts = np.array([m == slot for m in mesh.part_material])
    picture = np.zeros((size, size), bool)
    picture[atlas.rows, atlas.columns] = parts[atlas.part]
    return picture


def test_the_background_bleeds_nowhere(baked) -> None:
    linear = srgb_to_linear(baked.image)
    green = linear[..., 1] > 1.6 * np.maximum(linear[..., 0], linear[..., 2]) + 0.02
    assert green.mean() < 5e-4


def test_each_material_keeps_its_own_colour_seen_or_not(scene, baked) -> None:
    linear = srgb_to_linear(baked.image).mean(axis=2)
    wood, cloth = (on_slot(scene[0], len(baked.image), s) for s in ("wood", "upholstery"))
    assert np.percentile(linear[wood], 95) < 0.25
    assert np.percentile(linear[cloth], 5) > 0.3


def test_what_is_seen_mirrored_and_invented_is_told(baked) -> None:
    shares = [(baked.origin == k).mean() for k in (0, 1, 2)]
    assert shares[2] > 0.03
    assert shares[1] > 0.005
    assert shares[0] > 0.3


def test_the_textured_product_looks_like_its_photo(scene, baked) -> None:
    mesh, camera, photo, alpha = scene
    textures = dict.fromkeys(mesh.part_material, baked.image)
    again = picture(mesh, camera, SIZE, textures=textures)
    inside = alpha > 0.99
    difference = np.abs(again[inside][:, :3].astype(float) - photo[inside])
    assert np.median(difference) < 16


def test_light_is_taken_out_of_a_plain_seat(scene) -> None:
    mesh, camera, photo, mask = scene
    baked = bake(mesh, camera, photo, mask, largest=512)
    linear = srgb_to_linear(photo).mean(axis=2)
    sight = make_sight(mesh, camera, srgb_to_linear(photo), mask)
    cloth = sight.trusted & np.isin(
        sight.part, [i for i, m in enumerate(mesh.part_material) if m == "upholstery"]
    )
    before = linear[cloth].std() / linear[cloth].mean()
    seen = on_slot(mesh, len(baked.image), "upholstery") & (baked.origin == 2)
    texels = srgb_to_linear(baked.image).mean(axis=2)[seen]
    assert texels.std() / texels.mean() < before


def test_hidden_and_grazing_points_are_not_looked_up(scene) -> None:
    mesh, camera, photo, mask = scene
    sight = make_sight(mesh, camera, srgb_to_linear(photo), mask)
    panel = mesh.parts.index("back_panel")
    inside = np.flatnonzero(sight.part.ravel() == panel)
    assert len(inside)
    vertices = mesh.vertices[np.unique(mesh.part_faces("back_panel"))]
    part = np.full(len(vertices), panel, np.int32)
    toward = camera.position - vertices
    toward = (toward / np.linalg.norm(toward, axis=1, keepdims=True)).astype(np.float32)
    assert look(sight, vertices, toward, part).weight.max() > 0.9
    assert look(sight, vertices, -toward, part).weight.max() == 0
    behind = vertices - toward * 0.2
    assert look(sight, behind, toward, part).weight.max() == 0


def test_project_gives_every_slot_a_material_with_one_shared_texture(scene) -> None:
    mesh, camera, photo, mask = scene
    materials = project(mesh, camera, photo, mask, largest=512).materials
    assert set(materials) == set(mesh.part_material)
    textures = {m.texture for m in materials.values()}
    assert len(textures) == 1
    data = textures.pop()
    assert data is not None and data[:2] == b"\xff\xd8"
    assert all(0.3 <= m.roughness <= 0.95 for m in materials.values())
    assert materials["wood"].roughness < materials["upholstery"].roughness


def test_the_atlas_keeps_the_photos_resolution_within_its_limits(scene) -> None:
    mesh, camera, _, _ = scene
    small, large = (atlas_size(mesh, camera, h, 2048) for h in (256, 4000))
    assert small == 512
    assert large == 2048


def test_encoding_helpers_round_trip() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)
    back = srgb_to_linear(linear_to_srgb(ramp))
    assert back == pytest.approx(ramp, abs=0.006)
