"""The camera, the z-buffer and shading."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconstruction.render.rasterize import (
    Camera,
    Light,
    frame_camera,
    interpolate,
    labels,
    linear_to_srgb,
    render,
    sample_texture,
    shade,
    silhouette,
    srgb_to_linear,
    turned_away,
    uv_raster,
)

CUBE = np.array(
    [[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)], np.float32
)
CUBE_FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ],
    np.int32,
)  # fmt: skip


def test_front_view_shows_the_face_towards_plus_z_at_the_right_place_and_depth() -> None:
    camera = Camera(0.0, 0.0, distance=4.0, fov=2 * math.atan(0.25))
    face_id, bary, depth = render(CUBE, CUBE_FACES, camera, (70, 70))
    assert set(np.unique(face_id)) == {-1, 10, 11}
    # The near face is 3.5 m away: half a metre is 0.5 / 3.5 / 0.25 of half the picture.
    reach = 35 * 0.5 / 3.5 / 0.25
    rows, columns = np.where(face_id >= 0)
    assert rows.min() == pytest.approx(35 - reach, abs=1)
    assert columns.max() == pytest.approx(35 + reach, abs=1)
    assert depth[35, 35] == pytest.approx(3.5, abs=1e-4)
    assert np.isinf(depth[0, 0])
    assert bary[face_id >= 0].sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_positive_azimuth_walks_towards_plus_x_and_positive_elevation_up() -> None:
    assert Camera(math.pi / 2, 0.0, distance=2.0).position == pytest.approx([2, 0, 0], abs=1e-9)
    assert Camera(0.0, math.pi / 2, distance=2.0).position == pytest.approx([0, 2, 0], abs=1e-9)


@given(
    azimuth=st.floats(-3, 3),
    elevation=st.floats(-1.2, 1.2),
    roll=st.floats(-0.5, 0.5),
    dx=st.floats(-0.2, 0.2),
    dy=st.floats(-0.2, 0.2),
)
@settings(max_examples=40, deadline=None)
def test_project_agrees_with_the_opengl_matrices(
    azimuth: float, elevation: float, roll: float, dx: float, dy: float
) -> None:
    camera = Camera(azimuth, elevation, roll, 3.0, 0.7, (0.1, 0.4, -0.2), (dx, dy))
    height, width = 90, 160
    pixel = camera.project(CUBE, (height, width))
    clip = (
        camera.projection(width / height)
        @ camera.view()
        @ np.concatenate([CUBE, np.ones((8, 1))], axis=1).T
    )
    ndc = clip[:2] / clip[3]
    assert pixel[:, 0] == pytest.approx((ndc[0] + 1) / 2 * width, abs=1e-2)
    assert pixel[:, 1] == pytest.approx((1 - ndc[1]) / 2 * height, abs=1e-2)
    assert pixel[:, 2] == pytest.approx(clip[3], abs=1e-4)


def test_interpolation_is_perspective_correct() -> None:
    # A floor that runs away from the camera: its pixels must give back their own places.
    floor = np.array([[-1, 0, 1], [1, 0, 1], [1, 0, -8], [-1, 0, -8]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    camera = Camera(0.0, 0.3, distance=4.0, fov=0.9)
    raster = render(floor, faces, camera, (64, 64))
    place = interpolate(raster, faces, floor)
    rows, columns = np.where(raster.face_id >= 0)
    back = camera.project(place[rows, columns], (64, 64))
    assert back[:, 0] == pytest.approx(columns + 0.5, abs=0.02)
    assert back[:, 1] == pytest.approx(rows + 0.5, abs=0.02)


def test_silhouette_and_labels_cover_what_render_covers() -> None:
    camera = frame_camera(CUBE, 0.6, 0.4)
    screen = camera.project(CUBE, (96, 96))
    drawn = render(CUBE, CUBE_FACES, camera, (96, 96)).face_id
    assert np.array_equal(silhouette(screen, CUBE_FACES, (96, 96)) > 0, drawn >= 0)
    own = np.arange(12, dtype=np.int32)
    assert np.array_equal(labels(screen, CUBE_FACES, own, (96, 96)), drawn)


def test_what_lies_behind_the_camera_is_not_drawn() -> None:
    camera = Camera(0.0, 0.0, distance=2.0, target=(0.0, 0.0, -9.0))
    assert (render(CUBE, CUBE_FACES, camera, (32, 32)).face_id == -1).all()


def test_frame_camera_shows_everything() -> None:
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(200, 3)).astype(np.float32) * (2, 0.3, 1)
    for azimuth in (0.0, 1.0, 2.5):
        pixel = frame_camera(cloud.astype(np.float32), azimuth, 0.3).project(
            cloud.astype(np.float32), (100, 100)
        )
        assert pixel[:, :2].min() > 0
        assert pixel[:, :2].max() < 100


def test_uv_raster_covers_each_texel_once() -> None:
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    raster = uv_raster(uv, np.array([[0, 1, 2], [0, 2, 3]], np.int32), 16)
    assert (raster.face_id >= 0).all()
    assert 100 < (raster.face_id == 0).sum() < 156


def test_light_from_the_right_makes_the_right_side_brighter() -> None:
    camera = frame_camera(CUBE, 0.7, 0.0)
    raster = render(CUBE, CUBE_FACES, camera, (64, 64))
    normals = CUBE / np.linalg.norm(CUBE, axis=1, keepdims=True)
    albedo = np.full((12, 3), 0.5, np.float32)
    light = Light(direction=(1, 0, 0), strength=1.0, sky=0.1, ground=0.1)
    shaded = shade(raster, CUBE_FACES, normals, albedo, light)
    right = shaded[32, np.where(raster.face_id[32] >= 0)[0][-3], 0]
    left = shaded[32, np.where(raster.face_id[32] >= 0)[0][2], 0]
    assert right > left * 1.5
    assert shaded[0, 0].tolist() == [0, 0, 0, 0]


def test_srgb_round_trip_and_texture_corner() -> None:
    ramp = np.arange(256, dtype=np.uint8)
    assert np.array_equal(linear_to_srgb(srgb_to_linear(ramp)), ramp)
    texture = np.zeros((4, 4, 3), np.uint8)
    texture[0, 0] = 255
    upper_left = sample_texture(texture, np.array([[0.125, 0.125]], np.float32))
    assert upper_left[0] == pytest.approx([1, 1, 1], abs=1e-4)


def test_the_back_of_a_face_is_lit_as_the_side_that_is_seen() -> None:
    sheet = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]], np.float32)
    up = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    camera = Camera(0.3, 1.2, distance=5.0)
    lit = []
    for faces, normal in ((up, 1.0), (up[:, ::-1], -1.0)):
        normals = np.tile(np.array([[0, normal, 0]], np.float32), (4, 1))
        raster = render(sheet, faces, camera, (32, 32))
        away = turned_away(sheet, faces, camera)
        assert away.all() == (normal < 0)
        albedo = np.full((2, 3), 0.5, np.float32)
        lit.append(shade(raster, faces, normals, albedo, Light(), away)[16, 16, 0])
    assert lit[0] == pytest.approx(lit[1])
    assert lit[0] > 0.5 * Light().strength
