"""RGB-D frames to one point cloud: a truncated signed distance field over all of them.

Curless and Levoy's volumetric integration (1996) as Open3D implements it; where no poses are
given, frames are tracked by colour and depth (Park et al., 2017) and the chain's drift is taken
out by point-to-plane registration against what was fused before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScanError
from .clean import clean
from .frames import Cloud, Scan
from .library import open3d

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

TRACKED = (
    "No poses were given: the frames were aligned by what they show, and their drift is in the "
    "measures. Declare one, or give poses.json."
)
"""What a person should read of a scan without poses."""
_VOXELS = 300
"""Voxels along the largest extent of the product."""
_ROUGH = 60_000
"""Points among which the product is looked for at first."""
_FAR = 6.0
"""Depth beyond this is not used, metres: sensors for rooms err by centimetres there."""
_TRUNCATION = 4.0
"""Voxels over which a distance is believed."""
_LEAST_FIT = 0.3
"""Share of a frame's points that must meet the others for it to be believed."""
_MOST_TRACKED = 150
"""Frames that are aligned where there are no poses: each costs about a second."""
_LEAST_TRACKED = 0.5
"""Share of them that must be believed."""


def fuse(
    scan: Scan, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Cloud, tuple[str, ...]]:
    """Fuse the frames of a scan.

    Args:
        progress: called after each frame with how many are done and how many there are; what it
            raises ends the work.

    Returns:
        The cloud in the world's frame, and sentences that a person should read.

    Raises:
        ScanError: the frames hold no depth, or do not fit together.
    """
    o3d = open3d()
    if not any((f.depth > 0).any() for f in scan.frames):
        raise ScanError(
            f"{scan.name} holds no depth", field="scan.depth", expected="depth above 0", got="none"
        )
    notes: list[str] = []
    if scan.poses is None and len(scan.frames) > _MOST_TRACKED:
        chosen = np.unique(np.linspace(0, len(scan.frames) - 1, _MOST_TRACKED).astype(int))
        notes.append(
            f"Of {len(scan.frames)} frames without poses {len(chosen)} were used; poses.json would "
            "let all be used."
        )
        scan = replace(scan, frames=[scan.frames[i] for i in chosen])
    pictures = [_rgbd(o3d, f.color, f.depth) for f in scan.frames]
    camera = scan.intrinsics
    pinhole = o3d.camera.PinholeCameraIntrinsic(
        camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy
    )
    poses, kept = scan.poses, list(range(len(pictures)))
    if poses is None:
        poses, kept = _tracked(o3d, pictures, pinhole, progress)
        lost = len(pictures) - len(kept)
        if lost:
            notes.append(
                f"{lost} of {len(pictures)} frames could not be tracked and were left out."
            )
        if len(kept) > 1:
            notes.append(TRACKED)
    depths, extent = _cropped(scan, poses, kept)
    voxel = float(np.clip(extent / _VOXELS, 0.0015, 0.012))
    grid = _grid(o3d, voxel)
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
    lens = o3d.core.Tensor(matrix)
    for done, i in enumerate(kept):
        if scan.poses is not None:
            progress(done, len(kept))
        depth = o3d.t.geometry.Image(o3d.core.Tensor(depths[i]))
        color = scan.frames[i].color.astype(np.float32) / 255
        picture = o3d.t.geometry.Image(o3d.core.Tensor(color))
        view = o3d.core.Tensor(np.ascontiguousarray(np.linalg.inv(poses[i])))
        blocks = grid.compute_unique_block_coordinates(depth, lens, view, 1.0, _FAR, _TRUNCATION)
        grid.integrate(blocks, depth, picture, lens, lens, view, 1.0, _FAR, _TRUNCATION)
    # One look is enough where there are few; else a surface must be seen more than once.
    cloud = grid.extract_point_cloud(1.0 if len(kept) < 4 else 1.5)
    points = cloud.point.positions.numpy().astype(np.float64) if len(cloud.point) else np.empty(0)
    if len(points) < 500:
        raise ScanError(
            f"{scan.name} does not show enough of a surface",
            field="scan.depth",
            expected="500 points or more",
            got=str(len(points)),
        )
    colors = np.clip(cloud.point.colors.numpy(), 0, 1).astype(np.float32)
    normals = cloud.point.normals.numpy().astype(np.float64)
    return Cloud(scan.name, points, colors, normals), tuple(notes)


def _grid(o3d: Any, voxel: float) -> Any:
    real = o3d.core.float32
    return o3d.t.geometry.VoxelBlockGrid(
        attr_names=("tsdf", "weight", "color"),
        attr_dtypes=(real, real, real),
        attr_channels=((1), (1), (3)),
        voxel_size=voxel,
        block_resolution=16,
        block_count=20_000,
        device=o3d.core.Device("CPU:0"),
    )


def _rgbd(o3d: Any, color: NDArray[np.uint8], depth: NDArray[np.float32]) -> Any:
    return o3d.geometry.RGBDImage.create_from_color_and_depth(
        o3d.geometry.Image(color),
        o3d.geometry.Image(depth),
        depth_scale=1.0,
        depth_trunc=_FAR,
        convert_rgb_to_intensity=False,
    )


def _cropped(scan: Scan, poses: F64, kept: list[int]) -> tuple[dict[int, F32], float]:
    """The frames' depths without what lies away from the product, and its largest extent.

    The product is found roughly first, among all points that the frames see, so that the field's
    voxels can be as small as the product allows.
    """
    places = {i: _in_world(scan, poses[i], i) for i in kept}
    total = sum(len(p) for p, _, _ in places.values())
    step = max(1, total // _ROUGH)
    every = np.concatenate([p[::step] for p, _, _ in places.values()])
    rough = clean(Cloud(scan.name, every))
    low, high = rough.points.min(axis=0), rough.points.max(axis=0)
    low[1] = min(low[1], 0.0)
    extent = float((high - low).max())
    depths = {}
    for i, (points, rows, columns) in places.items():
        at = points @ rough.to_standing[:3, :3].T + rough.to_standing[:3, 3]
        # Enough of the floor around it is kept to find the floor again.
        pad = np.where(at[:, 1] < 0.02 * extent, 0.15, 0.03)[:, None] * extent
        inside = ((at > low - pad) & (at < high + pad)).all(axis=1)
        depth = np.zeros_like(scan.frames[i].depth)
        depth[rows[inside], columns[inside]] = scan.frames[i].depth[rows[inside], columns[inside]]
        depths[i] = np.where(_edges(scan.frames[i].depth), 0, depth).astype(np.float32)
    return depths, extent


def _edges(depth: F32) -> NDArray[np.bool_]:
    """Pixels at the edge of something nearer than what is beside it: they mix both depths."""
    import cv2

    around = np.where(depth > 0, depth, np.float32(_FAR))
    furthest = cv2.dilate(around, np.ones((3, 3), np.uint8))
    return np.asarray(furthest - depth > np.maximum(0.04, 0.03 * depth))


def _in_world(scan: Scan, pose: F64, i: int) -> tuple[F64, NDArray[np.intp], NDArray[np.intp]]:
    """Points (n, 3) of a frame in the world, and the rows and columns of their pixels."""
    camera, depth = scan.intrinsics, scan.frames[i].depth
    rows, columns = np.nonzero((depth > 0) & (depth < _FAR))
    z = depth[rows, columns].astype(np.float64)
    x = (columns - camera.cx) / camera.fx * z
    y = (rows - camera.cy) / camera.fy * z
    points = np.stack([x, y, z], axis=1) @ pose[:3, :3].T + pose[:3, 3]
    return points, rows, columns


def _tracked(
    o3d: Any, pictures: list[Any], pinhole: Any, progress: Callable[[int, int], None]
) -> tuple[F64, list[int]]:
    """Camera poses (n, 4, 4) relative to the first frame, and which frames are believed."""
    odometry = o3d.pipelines.odometry
    registration = o3d.pipelines.registration
    option = odometry.OdometryOption(depth_max=_FAR)
    grey = [_intensity(o3d, p) for p in pictures]
    clouds = [_small_cloud(o3d, p, pinhole) for p in pictures]
    poses = np.tile(np.eye(4), (len(pictures), 1, 1))
    kept = [0]
    world = o3d.geometry.PointCloud(clouds[0])
    for i in range(1, len(pictures)):
        progress(i, len(pictures))
        before = kept[-1]
        done, move, _ = odometry.compute_rgbd_odometry(
            grey[i],
            grey[before],
            pinhole,
            np.eye(4),
            odometry.RGBDOdometryJacobianFromHybridTerm(),
            option,
        )
        guess = poses[before] @ (move if done else np.eye(4))
        fitted = registration.registration_icp(
            clouds[i],
            world,
            0.04,
            guess,
            registration.TransformationEstimationPointToPlane(),
        )
        if fitted.fitness < _LEAST_FIT:
            continue
        poses[i] = fitted.transformation
        kept.append(i)
        moved = o3d.geometry.PointCloud(clouds[i])
        world += moved.transform(poses[i])
        if len(kept) % 8 == 0:
            world = world.voxel_down_sample(0.012)
    least = max(2, math.ceil(_LEAST_TRACKED * len(pictures)))
    if len(pictures) > 1 and len(kept) < least:
        raise ScanError(
            "the frames do not fit together; move the camera more slowly, or give poses.json",
            field="scan.frames",
            expected=f"at least {least} of {len(pictures)} frames that overlap",
            got=f"{len(kept)}",
        )
    return poses, kept


def _intensity(o3d: Any, picture: Any) -> Any:
    depth = o3d.geometry.Image(np.asarray(picture.depth))
    return o3d.geometry.RGBDImage.create_from_color_and_depth(
        o3d.geometry.Image(np.asarray(picture.color)), depth, 1.0, _FAR, True
    )


def _small_cloud(o3d: Any, picture: Any, pinhole: Any) -> Any:
    cloud = o3d.geometry.PointCloud.create_from_rgbd_image(picture, pinhole)
    cloud = cloud.voxel_down_sample(0.012)
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(radius=0.05, max_nn=30))
    cloud.orient_normals_towards_camera_location(np.zeros(3))
    return cloud
