"""A depth scan becomes a product of its true size, upright, without floor and clutter."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from reconstruction.errors import ScanError
from reconstruction.evaluation.soundness import soundness
from reconstruction.families import get_family
from reconstruction.intake.request import Request
from reconstruction.mesh import Mesh
from reconstruction.meshes.holes import capped, closes_flat, open_edges
from reconstruction.render.camera import Camera
from reconstruction.render.zbuffer import render
from reconstruction.scan.frames import read_scan
from reconstruction.scan.product import product_of_scan
from reconstruction.scan.surface import even_rim, sound_faces

SIZE = (240, 320)


@pytest.fixture(scope="module")
def table() -> Mesh:
    family = get_family("table")
    values = {"width": 1.1, "height": 0.74, "depth": 0.6}
    return family.build(values, {c.name: c.default for c in family.choices})


def write_scan(
    folder: Path,
    mesh: Mesh,
    views: int,
    poses: bool,
    tilt: float = 0.0,
    turn: float = 2 * math.pi,
    steady: bool = False,
) -> None:
    """Depth frames from around and above, on a floor, with noise as a depth camera has."""
    rng = np.random.default_rng(1)
    floor = np.array([[-2, 0, -2], [2, 0, -2], [2, 0, 2], [-2, 0, 2]], np.float32)
    faces = np.concatenate([mesh.faces, np.array([[0, 1, 2], [0, 2, 3]]) + len(mesh.vertices)])
    grid = np.concatenate([mesh.vertices, floor]).astype(np.float32)
    for name in ("color", "depth"):
        (folder / name).mkdir(parents=True)
    height, width = SIZE
    world = np.eye(4)
    c, s = math.cos(tilt), math.sin(tilt)
    world[:3, :3] = [[1, 0, 0], [0, c, -s], [0, s, c]]
    matrices = []
    focal = 0.0
    for i in range(views):
        angle = turn * i / views
        up = 0.9 if i % 2 and not steady else 0.35
        camera = Camera(angle, up, 0.0, 2.2, 0.75, (0.0, 0.35, 0.0))
        raster = render(grid, faces.astype(np.int32), camera, SIZE)
        depth = np.where(np.isfinite(raster.depth), raster.depth, 0)
        depth = depth + rng.normal(0, 0.001, depth.shape) * (depth > 0)
        color = np.full((height, width, 3), 200, np.uint8)
        color[raster.face_id < len(mesh.faces)] = (60, 90, 160)
        cv2.imwrite(str(folder / "depth" / f"{i:03}.png"), (depth * 1000).astype(np.uint16))
        cv2.imwrite(str(folder / "color" / f"{i:03}.png"), color[..., ::-1])
        pose = np.eye(4)
        pose[:3, :3] = camera.rotation().T @ np.diag([1.0, -1.0, -1.0])
        pose[:3, 3] = camera.position
        matrices.append((world @ pose).tolist())
        focal = height / 2 / math.tan(camera.fov / 2)
    camera_of = {"width": width, "height": height, "fx": focal, "fy": focal}
    camera_of |= {"cx": width / 2 - 0.5, "cy": height / 2 - 0.5, "depth_scale": 1000.0}
    (folder / "intrinsics.json").write_text(json.dumps(camera_of))
    if poses:
        (folder / "poses.json").write_text(json.dumps(matrices))


def test_a_scan_with_poses_has_the_true_measures_whatever_way_is_up(
    tmp_path: Path, table: Mesh
) -> None:
    write_scan(tmp_path / "scan", table, 8, poses=True, tilt=0.4)
    product = product_of_scan(tmp_path / "scan", id="table")
    assert sorted(product.mesh.size) == pytest.approx(sorted(table.size), rel=0.01)
    assert product.mesh.size[1] == pytest.approx(0.74, rel=0.01)
    assert product.mesh.vertices[:, 1].min() == pytest.approx(0.0, abs=1e-4)
    assert product.values["height"].low <= 0.74 <= product.values["height"].high + 0.005
    texture = product.materials["body"].texture
    assert texture is not None
    rgb = cv2.imdecode(np.frombuffer(texture, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    middle = np.median(rgb.reshape(-1, 3), axis=0)
    assert middle.tolist() == pytest.approx([60, 90, 160], abs=12)


def test_a_point_cloud_is_read_and_a_declared_height_holds(tmp_path: Path, table: Mesh) -> None:
    rng = np.random.default_rng(2)
    corners = table.vertices[table.faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    pick = rng.choice(len(area), 12000, p=area / area.sum())
    u, v = np.sqrt(rng.random(12000)), rng.random(12000)
    weights = np.stack([1 - u, u * (1 - v), u * v], axis=1)
    points = np.einsum("nk,nkc->nc", weights, corners[pick])
    ground = np.column_stack(
        [rng.uniform(-1.2, 1.2, 6000), rng.normal(0, 0.001, 6000), rng.uniform(-1.2, 1.2, 6000)]
    )
    path = tmp_path / "table.xyz"
    np.savetxt(path, np.concatenate([points, ground]), fmt="%.5f")
    product = product_of_scan(path, Request(declared={"height": 0.75}))
    assert product.mesh.size[1] == pytest.approx(0.75, rel=0.005)
    assert product.values["height"].source == "declared"
    assert any("no colours" in w for w in product.warnings)


def test_a_scan_of_a_named_category_becomes_re_fittable_in_its_own_size(
    tmp_path: Path, table: Mesh
) -> None:
    write_scan(tmp_path / "scan", table, 8, poses=True)
    product = product_of_scan(tmp_path / "scan", Request(category="table"))
    assert product.family.name == "table"
    assert sorted(product.mesh.size) == pytest.approx(sorted(table.size), rel=0.015)
    assert product.values["height"].source == "photo"
    assert product.values["height"].low <= 0.745 <= product.values["height"].high
    assert not open_edges(product.mesh)
    taller = product.refit({"height": 0.8})
    assert taller.mesh.size[1] == pytest.approx(0.8, rel=0.005)


def test_a_rims_teeth_go_and_the_inside_stays() -> None:
    side = 21
    x, z = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    grid = np.stack([x.ravel(), 0 * x.ravel(), z.ravel()], axis=1)
    n = np.arange(side * side).reshape(side, side)
    a, b, c, d = (q.ravel() for q in (n[:-1, :-1], n[:-1, 1:], n[1:, 1:], n[1:, :-1]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    ragged = grid.copy()
    ragged[n[0, 1:-1:2], 2] -= 0.03
    ragged[n[0, 2:-1:2], 2] += 0.02
    smooth, kept = even_rim(ragged, faces)
    rim = smooth[n[0, 3:-3], 2]
    assert np.ptp(rim) < 0.25 * np.ptp(ragged[n[0, 3:-3], 2])
    np.testing.assert_array_equal(smooth[n[1:-1, 1:-1]], ragged[n[1:-1, 1:-1]])
    assert len(kept) >= len(faces) - 8


def test_triangles_that_fold_back_on_others_go() -> None:
    table = get_family("table").build({}, {})
    folded = np.concatenate([table.faces, table.faces[:1], table.faces[5:6, ::-1]])
    mesh = replace(table, faces=folded, face_part=np.zeros(len(folded), np.int32))
    assert not soundness(mesh).manifold
    kept = sound_faces(mesh)
    assert len(kept) >= len(table.faces) - 1
    assert soundness(replace(mesh, faces=kept)).manifold


def test_flat_holes_are_closed_and_bent_ones_stay_open() -> None:
    ring = np.array([[1, 0, 0], [0, 0, 1], [-1, 0, 0], [0, 0, -1]], np.float32)
    assert closes_flat(ring, 0.01)
    bent = ring + np.array([[0, 0.2, 0], [0, 0, 0], [0, 0.2, 0], [0, 0, 0]], np.float32)
    assert not closes_flat(bent, 0.01)
    star = np.array([[1, 0, 0], [0.9, 0, 0.8], [0.05, 0, 0.02], [-1, 0, -0.5]], np.float32)
    assert not closes_flat(star[[0, 2, 1, 3]], 0.01)
    for tip, closed in ((ring, True), (bent, False)):
        points = np.concatenate([tip, [[0, 2, 0]]]).astype(np.float32)
        faces = np.array([[1, 0, 4], [2, 1, 4], [3, 2, 4], [0, 3, 4]], np.int32)
        tent = Mesh(
            vertices=points,
            faces=faces,
            uv=np.zeros((5, 2), np.float32),
            face_part=np.zeros(4, np.int32),
            parts=("body",),
            part_material=("body",),
        )
        whole, source = capped(tent, lambda rim: closes_flat(rim, 0.01))
        assert (open_edges(whole) == 0) is closed
        assert len(source) == len(whole.vertices)


def test_frames_without_poses_are_aligned_can_be_counted_and_stopped(
    tmp_path: Path, table: Mesh
) -> None:
    write_scan(tmp_path / "scan", table, 4, poses=False, turn=0.4, steady=True)
    counted: list[int] = []
    product = product_of_scan(
        tmp_path / "scan", id="t", frames=lambda done, total: counted.append(total - done)
    )
    assert counted == [3, 2, 1]
    assert any("poses.json" in w for w in product.warnings)
    assert product.mesh.size[1] == pytest.approx(0.74, rel=0.04)
    height = product.values["height"]
    assert height.high - height.low > 0.05 * height.value
    assert product.confidence < 0.8

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        product_of_scan(tmp_path / "scan", id="t", frames=stop)


def test_frames_that_do_not_overlap_are_refused_with_a_remedy(tmp_path: Path, table: Mesh) -> None:
    write_scan(tmp_path / "scan", table, 3, poses=False)
    rng = np.random.default_rng(2)
    for path in sorted((tmp_path / "scan" / "depth").iterdir())[1:]:
        far = rng.uniform(0.5, 3.5, (SIZE[0] // 20, SIZE[1] // 20))
        noise = cv2.resize(far, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
        cv2.imwrite(str(path), (noise * 1000).astype(np.uint16))
    with pytest.raises(ScanError, match=r"poses\.json"):
        product_of_scan(tmp_path / "scan", id="t")


def test_a_broken_scan_says_what_is_missing(tmp_path: Path, table: Mesh) -> None:
    folder = tmp_path / "scan"
    write_scan(folder, table, 2, poses=True)
    (folder / "poses.json").write_text("[[1, 2], [3]]")
    with pytest.raises(ScanError, match="pose"):
        read_scan(folder)
    (folder / "poses.json").unlink()
    next((folder / "depth").iterdir()).unlink()
    with pytest.raises(ScanError, match="each depth picture"):
        read_scan(folder)
    (folder / "intrinsics.json").write_text('{"width": 400}')
    with pytest.raises(ScanError, match="lacks a number"):
        read_scan(folder)
    for name, data in (("few.xyz", "0 0 0\n1 1 1\n"), ("no.obj", "v 0 0 0\n")):
        (tmp_path / name).write_text(data)
        with pytest.raises(ScanError):
            read_scan(tmp_path / name)
