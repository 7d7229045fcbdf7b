"""Depth scans as they come: a folder of RGB-D frames, or a point cloud in a file.

A folder holds ``color/`` and ``depth/`` with one picture each per frame in the same order (or
``NAME.color.png`` beside ``NAME.depth.png``), ``intrinsics.json`` with ``width, height, fx, fy,
cx, cy`` in pixels and ``depth_scale`` (depth units per metre, 1000 by default), and optionally
``poses.json``: for each frame a 4 x 4 matrix from the camera's frame (x right, y down, z forward)
to the world, metres.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScanError

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

CLOUD_SUFFIXES = (".ply", ".pcd", ".xyz")
MOST_FRAMES = 2000
_LARGEST = 2**31
_PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera in pixels; ``depth_scale`` is depth units per metre."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    depth_scale: float = 1000.0


@dataclass(frozen=True, eq=False)
class Frame:
    """One RGB-D frame.

    Attributes:
        color: (h, w, 3) uint8 sRGB.
        depth: (h, w) float32 metres along the view axis, 0 where unknown.
    """

    color: U8
    depth: F32


@dataclass(frozen=True, eq=False)
class Scan:
    """RGB-D frames of one product.

    Attributes:
        poses: (n, 4, 4) from each camera's frame (x right, y down, z forward) to the world, or
            None where they are not known.
    """

    name: str
    intrinsics: Intrinsics
    frames: Sequence[Frame]
    poses: F64 | None = None


@dataclass(frozen=True, eq=False)
class Cloud:
    """A point cloud.

    Attributes:
        points: (n, 3) float64, metres.
        colors: (n, 3) float32 sRGB, 0 to 1, or None.
        normals: (n, 3) outward, or None.
    """

    name: str
    points: F64
    colors: F32 | None = None
    normals: F64 | None = None


def read_scan(path: Path) -> Scan | Cloud:
    """Read a folder of RGB-D frames, or a ``.ply``, ``.pcd`` or ``.xyz`` point cloud.

    Raises:
        ScanError: something is missing, does not match or is no number; says which file.
    """
    if path.is_dir():
        return _read_frames(path)
    if path.suffix.lower() not in CLOUD_SUFFIXES:
        raise ScanError(
            f"{path.name} is no depth scan that can be read",
            field="scan",
            expected=f"a folder of RGB-D frames, or {', '.join(CLOUD_SUFFIXES)}",
            got=path.suffix or "no suffix",
        )
    return _read_cloud(path)


def _read_cloud(path: Path) -> Cloud:
    from .library import open3d

    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise ScanError(
            f"{path} cannot be read",
            field="scan",
            expected=f"a file of at most {_LARGEST} bytes",
            got="no file" if not path.is_file() else f"{path.stat().st_size} bytes",
        )
    o3d = open3d()
    with o3d.utility.VerbosityContextManager(o3d.utility.VerbosityLevel.Error):
        cloud = o3d.io.read_point_cloud(str(path), remove_nan_points=True)
    points = np.asarray(cloud.points, np.float64)
    if len(points) < 500:
        raise ScanError(
            f"{path.name} holds too few points to be a product",
            field="scan.points",
            expected="500 points or more",
            got=str(len(points)),
        )
    return Cloud(
        path.name,
        points,
        np.asarray(cloud.colors, np.float32) if cloud.has_colors() else None,
        np.asarray(cloud.normals, np.float64) if cloud.has_normals() else None,
    )


def _read_frames(folder: Path) -> Scan:
    intrinsics = _intrinsics(folder)
    colors, depths = _pictures(folder, "color"), _pictures(folder, "depth")
    if not 1 <= len(depths) <= MOST_FRAMES or len(colors) != len(depths):
        raise ScanError(
            f"{folder} needs a colour picture for each depth picture",
            field="scan.frames",
            expected=f"1 to {MOST_FRAMES} of each",
            got=f"{len(colors)} colour, {len(depths)} depth",
        )
    frames = [_frame(c, d, intrinsics) for c, d in zip(colors, depths, strict=True)]
    return Scan(folder.name, intrinsics, frames, _poses(folder, len(frames)))


def _pictures(folder: Path, what: str) -> list[Path]:
    own = folder / what
    if own.is_dir():
        return sorted(p for p in own.iterdir() if p.suffix.lower() in _PICTURES)
    return sorted(p for p in folder.glob(f"*.{what}.*") if p.suffix.lower() in _PICTURES)


def _frame(color: Path, depth: Path, camera: Intrinsics) -> Frame:
    import cv2

    rgb = cv2.imread(str(color), cv2.IMREAD_COLOR)
    raw = cv2.imread(str(depth), cv2.IMREAD_UNCHANGED)
    for path, picture in ((color, rgb), (depth, raw)):
        if picture is None or picture.shape[:2] != (camera.height, camera.width):
            raise ScanError(
                f"{path.name} does not belong to this scan",
                field="scan.frames",
                expected=f"a picture of {camera.width} x {camera.height}",
                got="none" if picture is None else f"{picture.shape[1]} x {picture.shape[0]}",
            )
    assert rgb is not None
    assert raw is not None
    if raw.ndim != 2:
        raise ScanError(
            f"{depth.name} is no depth picture",
            field="scan.depth",
            expected="one channel, 16 bits",
            got=f"{raw.shape[2]} channels",
        )
    metres = np.nan_to_num(raw.astype(np.float32) / camera.depth_scale, posinf=0.0, neginf=0.0)
    return Frame(np.ascontiguousarray(rgb[..., ::-1]), metres)


def _intrinsics(folder: Path) -> Intrinsics:
    document = _json(folder / "intrinsics.json")
    try:
        numbers = {k: float(document[k]) for k in ("width", "height", "fx", "fy", "cx", "cy")}
        numbers["depth_scale"] = float(document.get("depth_scale", 1000.0))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScanError(
            f"{folder / 'intrinsics.json'} lacks a number",
            field="scan.intrinsics",
            expected="width, height, fx, fy, cx, cy and maybe depth_scale",
            got=str(error)[:80],
        ) from error
    if not all(math.isfinite(v) and v > 0 for v in numbers.values()):
        raise ScanError(
            f"{folder / 'intrinsics.json'} has an impossible number",
            field="scan.intrinsics",
            expected="finite numbers above 0",
            got=str(numbers)[:120],
        )
    return Intrinsics(
        int(numbers["width"]),
        int(numbers["height"]),
        *(numbers[k] for k in ("fx", "fy", "cx", "cy", "depth_scale")),
    )


def _poses(folder: Path, count: int) -> F64 | None:
    path = folder / "poses.json"
    if not path.is_file():
        return None
    try:
        poses = np.array(_json(path), np.float64)
        rigid = poses.shape == (count, 4, 4) and np.isfinite(poses).all()
        turned = poses[:, :3, :3] @ poses[:, :3, :3].transpose(0, 2, 1) if rigid else None
    except (ValueError, TypeError):
        rigid, turned = False, None
    if not rigid or turned is None or np.abs(turned - np.eye(3)).max() > 0.02:
        raise ScanError(
            f"{path} does not give a pose for each frame",
            field="scan.poses",
            expected=f"{count} rigid 4 x 4 matrices",
            got="something else",
        )
    return poses


def _json(path: Path) -> Any:
    try:
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScanError(
            f"{path} cannot be read",
            field="scan",
            expected="a JSON file",
            got=str(error)[:80],
        ) from error
    return document
