"""A fused cloud to the product alone: outliers, floor and surroundings gone, upright on y = 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScanError
from .frames import Cloud
from .library import open3d

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]

_POINTS = 120_000
"""A cloud is thinned to about so many points."""
_FLOOR_SHARE = 0.08
"""Least share of the points that a floor has."""
_STRAGGLERS = 0.03
"""Per cent of the points that may lie beyond the product's extents on each side."""


@dataclass(frozen=True, eq=False)
class Standing:
    """A product's points, metres, Y up, on the floor y = 0, its middle over the origin.

    Attributes:
        points, normals: (n, 3).
        colors: (n, 3) float32 sRGB 0 to 1, or None.
        floor: whether a floor was seen; else the lowest point stands in for it.
        spacing: usual distance between neighbours, metres.
        to_standing: (4, 4) from the cloud's frame to this one.
    """

    points: F64
    normals: F64
    colors: F32 | None
    floor: bool
    spacing: float
    to_standing: F64


def clean(cloud: Cloud) -> Standing:
    """Take the product out of a cloud.

    Raises:
        ScanError: nothing is left, or it has no size of a product.
    """
    o3d = open3d()
    pcd = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(cloud.points))
    if cloud.colors is not None:
        pcd.colors = o3d.utility.Vector3dVector(cloud.colors.astype(np.float64))
    if cloud.normals is not None:
        pcd.normals = o3d.utility.Vector3dVector(cloud.normals)
    extent = float(np.ptp(cloud.points, axis=0).max())
    if not 0.03 < extent < 40:
        raise ScanError(
            f"{cloud.name} has no size of a product; its unit must be the metre",
            field="scan.points",
            expected="0.03 to 40 m",
            got=f"{extent:g} m",
        )
    pcd = _thinned(pcd, extent)
    pcd, _ = pcd.remove_statistical_outlier(nb_neighbors=24, std_ratio=2.5)
    spacing = float(np.median(np.asarray(pcd.compute_nearest_neighbor_distance())))
    if not pcd.has_normals():
        pcd.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(6 * spacing, 40))
        pcd.orient_normals_consistent_tangent_plane(10)
    pcd, level = _off_the_floor(pcd, spacing)
    floor = level is not None
    pcd = _largest(pcd, spacing)
    if len(pcd.points) < 300:
        raise ScanError(
            f"{cloud.name} shows no product on its floor",
            field="scan.points",
            expected="300 points or more",
            got=str(len(pcd.points)),
        )
    points, normals = np.asarray(pcd.points).copy(), np.asarray(pcd.normals).copy()
    turn = _upright_yaw(points)
    points, normals = points @ turn.T, normals @ turn.T
    low, high = extents(points)
    shift = np.array([(low[0] + high[0]) / 2, 0.0 if floor else low[1], (low[2] + high[2]) / 2])
    points -= shift
    whole = np.eye(4) if level is None else level
    yaw = np.eye(4)
    yaw[:3, :3], yaw[:3, 3] = turn, -shift
    colors = np.asarray(pcd.colors, np.float32) if pcd.has_colors() else None
    return Standing(points, normals, colors, floor, spacing, yaw @ whole)


def extents(points: F64) -> tuple[F64, F64]:
    """Lowest and highest corner of the points, (3,) each, without the outermost stragglers."""
    return np.percentile(points, _STRAGGLERS, axis=0), np.percentile(
        points, 100 - _STRAGGLERS, axis=0
    )


def _thinned(pcd: Any, extent: float) -> Any:
    if len(pcd.points) <= _POINTS:
        return pcd
    voxel = extent / 400
    thin = pcd.voxel_down_sample(voxel)
    while len(thin.points) > _POINTS:
        voxel *= 1.25
        thin = pcd.voxel_down_sample(voxel)
    return thin


def _off_the_floor(pcd: Any, spacing: float) -> tuple[Any, F64 | None]:
    """The cloud without its floor, turned so that the floor is y = 0; and that (4, 4) turn.

    None where there is no floor.
    """
    o3d = open3d()
    o3d.utility.random.seed(0)
    points = np.asarray(pcd.points)
    best: tuple[float, F64, F64] | None = None
    left = np.arange(len(points))
    for _ in range(3):
        some = pcd.select_by_index(left)
        plane, inside = some.segment_plane(max(2.5 * spacing, 0.006), 3, 400)
        normal, offset = np.array(plane[:3]), float(plane[3])
        length = float(np.linalg.norm(normal))
        normal, offset = normal / length, offset / length
        height = points @ normal + offset
        if np.median(height) < 0:
            normal, offset, height = -normal, -offset, -height
        # All of a room stands on its floor: next to nothing lies below it.
        below = float((height < -6 * spacing).mean())
        share = len(inside) / len(points)
        if share >= _FLOOR_SHARE and below < 0.02 and (best is None or share > best[0]):
            best = (share, normal, np.array([offset]))
        left = np.delete(left, inside)
        if len(left) < 500:
            break
    if best is None:
        return pcd, None
    _, up, offset_of = best
    rotation = _rotation_onto_y(up)
    turned = points @ rotation.T
    turned[:, 1] += float(offset_of[0])
    normals = np.asarray(pcd.normals) @ rotation.T
    pcd.points = o3d.utility.Vector3dVector(turned)
    pcd.normals = o3d.utility.Vector3dVector(normals)
    level = max(2.5 * spacing, 0.008)
    flat = (turned[:, 1] < level) & (np.abs(normals[:, 1]) > 0.8)
    keep = np.flatnonzero(~flat & (turned[:, 1] > 0.4 * level))
    level_map = np.eye(4)
    level_map[:3, :3], level_map[1, 3] = rotation, float(offset_of[0])
    return pcd.select_by_index(keep), level_map


def _rotation_onto_y(up: F64) -> F64:
    """(3, 3) the smallest rotation that takes ``up`` to +Y."""
    y = np.array([0.0, 1.0, 0.0])
    axis, cosine = np.cross(up, y), float(up @ y)
    if cosine < -0.999999:
        return np.diag([1.0, -1.0, -1.0])
    skew = np.array(
        [[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], np.float64
    )
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + cosine), np.float64)


def _largest(pcd: Any, spacing: float) -> Any:
    """The largest group of points that hang together, and what stands under or over it."""
    labels = np.asarray(pcd.cluster_dbscan(eps=5 * spacing, min_points=8))
    if labels.size == 0 or labels.max() < 0:
        return pcd
    count = np.bincount(labels[labels >= 0])
    points = np.asarray(pcd.points)
    main = int(count.argmax())
    box = points[labels == main]
    low, high = box.min(axis=0), box.max(axis=0)
    grown = 0.03 * float((high - low).max())
    keep = np.zeros(len(points), bool)
    for label, number in enumerate(count):
        middle = np.median(points[labels == label], axis=0)
        within = ((middle > low - grown) & (middle < high + grown))[[0, 2]].all()
        if label == main or (within and number >= 0.002 * count[main]):
            keep |= labels == label
    return pcd.select_by_index(np.flatnonzero(keep))


def _upright_yaw(points: F64) -> F64:
    """(3, 3) rotation about Y that lays the footprint's smallest rectangle along the axes."""
    import cv2

    hull = cv2.convexHull(points[:, [0, 2]].astype(np.float32))[:, 0].astype(np.float64)
    best, turn = math.inf, 0.0
    edges = np.roll(hull, -1, axis=0) - hull
    for angle in np.arctan2(edges[:, 1], edges[:, 0]):
        c, s = math.cos(angle), math.sin(angle)
        turned = hull @ np.array([[c, -s], [s, c]])
        area = float(np.prod(np.ptp(turned, axis=0)))
        if area < best:
            best, turn = area, float(angle)
    turn = (turn + math.pi / 4) % (math.pi / 2) - math.pi / 4  # the nearest quarter turn
    c, s = math.cos(turn), math.sin(turn)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float64)
