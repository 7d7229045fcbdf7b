"""A mesh's UV atlas: its size, and painting it from photos, mirror images and plain colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..render.camera import Camera
from .sight import Sight

U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]

INVENTED, MIRRORED, SEEN = 0, 1, 2
_SMALLEST = 512
_STEP = 128
_FINE = 1.1
"""Texels per pixel of the photo, where the product is as near as its middle."""
_GRAZING, _FRONTAL = 0.12, 0.32
"""Cosines between which a surface turned from the camera gains the photo's trust."""


@dataclass(frozen=True, eq=False)
class Painted:
    """An atlas as it was painted.

    Attributes:
        image: (s, s, 3) uint8 sRGB.
        cover: (s, s) uint8: how far a texel comes from a photo, 255 is wholly.
        origin: (s, s) uint8: SEEN, MIRRORED or INVENTED.
        part: (s, s) int16: the part that a texel belongs to, -1 between the islands.
    """

    image: U8
    cover: U8
    origin: U8
    part: I16


def atlas_size(mesh: Mesh, camera: Camera, height: int, largest: int) -> int:
    """Texels per side at which the atlas keeps the photo's resolution, 512 to ``largest``."""
    corners = mesh.vertices[mesh.faces]
    flat = mesh.uv[mesh.faces]
    solid = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    ).sum()
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    unfolded = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    metres = math.sqrt(solid / max(unfolded, 1e-12))
    per_metre = height / 2 / math.tan(camera.fov / 2) / camera.distance
    wanted = _STEP * math.ceil(metres * per_metre * _FINE / _STEP)
    return int(min(max(wanted, _SMALLEST), largest))


def mirror_parts(mesh: Mesh, slack: float = 0.04) -> I32:
    """(parts,) the part that mirrors each one over the plane x = 0, -1 where none does."""
    low, high = (np.full((len(mesh.parts), 3), fill) for fill in (np.inf, -np.inf))
    corners = mesh.vertices[mesh.faces]
    np.minimum.at(low, mesh.face_part, corners.min(axis=1))
    np.maximum.at(high, mesh.face_part, corners.max(axis=1))
    box = np.concatenate([low, high], axis=1)
    flipped = box.copy()
    flipped[:, 0], flipped[:, 3] = -box[:, 3], -box[:, 0]
    out = np.full(len(box), -1, np.int32)
    limit = slack * max(mesh.size)
    for p in range(len(box)):
        if not np.isfinite(box[p]).all():
            continue
        away = np.abs(box - flipped[p]).max(axis=1)
        alike = np.array([m == mesh.part_material[p] for m in mesh.part_material])
        best = int(np.where(alike & np.isfinite(away), away, np.inf).argmin())
        if away[best] < limit:
            out[p] = best
    return out


def paint(
    mesh: Mesh, normals: F32, sights: Sequence[Sight], base: F32, mirror: I32, size: int
) -> Painted:
    """Paint every texel with the best of photo, mirror image and plain colour.

    Several photos are blended by the fourth power of how squarely they show a place, so that the
    best one prevails and no seam is seen where they change over.

    Args:
        normals: (n, 3) of the vertices.
        base: (n, 3) linear RGB of the vertices, worn where nothing is seen.
        mirror: as :func:`mirror_parts` gives it.
    """
    image = np.zeros((size, size, 3), np.uint8)
    cover = np.zeros((size, size), np.uint8)
    origin = np.zeros((size, size), np.uint8)
    part = np.full((size, size), -1, np.int16)
    shapes = np.array([s.part.shape for s in sights], np.int64).reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(shapes.prod(axis=1))])
    _paint(
        (mesh.uv * size - 0.5).astype(np.float32),
        np.ascontiguousarray(mesh.faces, np.int32),
        np.ascontiguousarray(mesh.face_part, np.int32),
        np.ascontiguousarray(mesh.vertices, np.float32),
        np.ascontiguousarray(normals, np.float32),
        np.ascontiguousarray(base, np.float32),
        mirror,
        np.stack([s.projector() for s in sights]),
        shapes,
        starts,
        _joined([s.colour.reshape(-1, 3) for s in sights]),
        _joined([s.weight.ravel() for s in sights]),
        _joined([s.depth.ravel() for s in sights]),
        _joined([s.part.ravel() for s in sights]),
        _TO_SRGB,
        image,
        cover,
        origin,
        part,
    )
    return Painted(image, cover, origin, part)


def _joined(arrays: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _srgb_table() -> U8:
    x = np.linspace(0, 1, 4096)
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return (encoded * 255 + 0.5).astype(np.uint8)


_TO_SRGB = _srgb_table()


@nb.njit(cache=True, nogil=True, fastmath=True)
def _glance(
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    nz: float,
    own: int,
    eye: F32,
    height: int,
    width: int,
    start: int,
    weight: F32,
    depth: F32,
    part: I32,
) -> tuple[float, float, float]:
    """How far a photo shows a point (0: not), and where: pixel x and y, centres at .5."""
    dx, dy, dz = x - eye[9], y - eye[10], z - eye[11]
    far = -(eye[6] * dx + eye[7] * dy + eye[8] * dz)
    if far < 1e-3:
        return 0.0, 0.0, 0.0
    scale = eye[12] / far
    px = eye[13] + scale * (eye[0] * dx + eye[1] * dy + eye[2] * dz)
    py = eye[14] - scale * (eye[3] * dx + eye[4] * dy + eye[5] * dz)
    column, row = int(np.floor(px)), int(np.floor(py))
    if column < 0 or row < 0 or column >= width or row >= height:
        return 0.0, px, py
    at = start + row * width + column
    if part[at] != own:
        return 0.0, px, py
    facing = -(nx * dx + ny * dy + nz * dz) / np.sqrt(dx * dx + dy * dy + dz * dz)
    if facing <= _GRAZING:
        return 0.0, px, py
    if far > depth[at] + 0.006 + 0.006 / facing:
        return 0.0, px, py
    square = min((facing - _GRAZING) / (_FRONTAL - _GRAZING), 1.0)
    # Beyond the ramp a little more for the squarer view, which decides between photos.
    return square * (0.6 + 0.4 * facing) * weight[at], px, py


@nb.njit(cache=True, nogil=True, fastmath=True)
def _pick(
    px: float, py: float, own: int, height: int, width: int, start: int, colour: F32, part: I32
) -> tuple[float, float, float]:
    """Bilinear colour of a cut at pixel x and y; the nearest one where parts meet."""
    fx = min(max(px - 0.5, 0.0), width - 1.001)
    fy = min(max(py - 0.5, 0.0), height - 1.001)
    x0, y0 = int(fx), int(fy)
    u, v = fx - x0, fy - y0
    a = start + y0 * width + x0
    b = a + width
    if part[a] != own or part[a + 1] != own or part[b] != own or part[b + 1] != own:
        a = start + int(py) * width + int(px)
        return colour[a, 0], colour[a, 1], colour[a, 2]
    wa, wb, wc, wd = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
    return (
        wa * colour[a, 0] + wb * colour[a + 1, 0] + wc * colour[b, 0] + wd * colour[b + 1, 0],
        wa * colour[a, 1] + wb * colour[a + 1, 1] + wc * colour[b, 1] + wd * colour[b + 1, 1],
        wa * colour[a, 2] + wb * colour[a + 1, 2] + wc * colour[b, 2] + wd * colour[b + 1, 2],
    )


@nb.njit(cache=True, nogil=True, fastmath=True)
def _paint(
    uv: F32,
    faces: I32,
    face_part: I32,
    vertices: F32,
    normals: F32,
    base: F32,
    mirror: I32,
    eyes: F32,
    shapes: NDArray[np.int64],
    starts: NDArray[np.int64],
    colour: F32,
    weight: F32,
    depth: F32,
    part: I32,
    to_srgb: U8,
    image: U8,
    cover: U8,
    origin: U8,
    texel_part: I16,
) -> None:
    size = image.shape[0]
    for t in range(faces.shape[0]):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, bx, by, cx, cy = uv[a, 0], uv[a, 1], uv[b, 0], uv[b, 1], uv[c, 0], uv[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        own = face_part[t]
        twin = mirror[own]
        x0, x1 = max(int(np.floor(min(ax, bx, cx))), 0), int(np.ceil(max(ax, bx, cx)))
        y0, y1 = max(int(np.floor(min(ay, by, cy))), 0), int(np.ceil(max(ay, by, cy)))
        for row in range(y0, min(y1, size - 1) + 1):
            for column in range(x0, min(x1, size - 1) + 1):
                u = ((bx - column) * (cy - row) - (by - row) * (cx - column)) / area
                v = ((cx - column) * (ay - row) - (cy - row) * (ax - column)) / area
                w = 1.0 - u - v
                if u < -1e-4 or v < -1e-4 or w < -1e-4:
                    continue
                x = u * vertices[a, 0] + v * vertices[b, 0] + w * vertices[c, 0]
                y = u * vertices[a, 1] + v * vertices[b, 1] + w * vertices[c, 1]
                z = u * vertices[a, 2] + v * vertices[b, 2] + w * vertices[c, 2]
                nx = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
                ny = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
                nz = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
                long = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
                nx, ny, nz = nx * long, ny * long, nz * long
                red, green, blue, left = 0.0, 0.0, 0.0, 1.0
                kind = 0
                for side in range(2):
                    if side == 1 and (twin < 0 or left < 0.02):
                        break
                    sign = 1.0 - 2.0 * side
                    who = own if side == 0 else twin
                    best, total = 0.0, 0.0
                    sr, sg, sb = 0.0, 0.0, 0.0
                    for k in range(eyes.shape[0]):
                        h, wide, start = shapes[k, 0], shapes[k, 1], starts[k]
                        trust, px, py = _glance(
                            sign * x, y, z, sign * nx, ny, nz, who,
                            eyes[k], h, wide, start, weight, depth, part,
                        )  # fmt: skip
                        if trust <= 0.0:
                            continue
                        cr, cg, cb = _pick(px, py, who, h, wide, start, colour, part)
                        strong = trust * trust * trust * trust
                        sr, sg, sb = sr + strong * cr, sg + strong * cg, sb + strong * cb
                        total += strong
                        best = max(best, trust)
                    if total <= 0.0:
                        continue
                    share = left * min(best * 3.0, 1.0)
                    red += share * sr / total
                    green += share * sg / total
                    blue += share * sb / total
                    left -= share
                    if kind == 0 and 1.0 - left > 0.5:
                        kind = 2 - side
                red += left * (u * base[a, 0] + v * base[b, 0] + w * base[c, 0])
                green += left * (u * base[a, 1] + v * base[b, 1] + w * base[c, 1])
                blue += left * (u * base[a, 2] + v * base[b, 2] + w * base[c, 2])
                image[row, column, 0] = to_srgb[int(min(max(red, 0.0), 1.0) * 4095 + 0.5)]
                image[row, column, 1] = to_srgb[int(min(max(green, 0.0), 1.0) * 4095 + 0.5)]
                image[row, column, 2] = to_srgb[int(min(max(blue, 0.0), 1.0) * 4095 + 0.5)]
                cover[row, column] = int((1.0 - left) * 255 + 0.5)
                origin[row, column] = kind
                texel_part[row, column] = own


@nb.njit(cache=True, nogil=True)
def grow(image: U8, covered: I16) -> None:
    """Give the texels between the islands (``covered`` < 0) the colour of a near one, in place.

    Two sweeps of a chamfer distance: nearest up to a texel or so.
    """
    height, width = covered.shape
    away = np.empty((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            away[y, x] = 0 if covered[y, x] >= 0 else 1 << 28
    for sweep in range(2):
        step = 1 if sweep == 0 else -1
        for i in range(height):
            y = i if sweep == 0 else height - 1 - i
            for j in range(width):
                x = j if sweep == 0 else width - 1 - j
                now = away[y, x]
                if now == 0:
                    continue
                fy, fx = -1, -1
                if 0 <= x - step < width and away[y, x - step] + 3 < now:
                    now, fy, fx = away[y, x - step] + 3, y, x - step
                if 0 <= y - step < height:
                    if away[y - step, x] + 3 < now:
                        now, fy, fx = away[y - step, x] + 3, y - step, x
                    if x > 0 and away[y - step, x - 1] + 4 < now:
                        now, fy, fx = away[y - step, x - 1] + 4, y - step, x - 1
                    if x < width - 1 and away[y - step, x + 1] + 4 < now:
                        now, fy, fx = away[y - step, x + 1] + 4, y - step, x + 1
                if fy >= 0:
                    away[y, x] = now
                    for k in range(3):
                        image[y, x, k] = image[fy, fx, k]
