"""What one photo can say about a fitted mesh: whose pixels can be trusted, and in what light."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32, Mesh
from ..render.camera import Camera
from ..render.shading import srgb_to_linear
from ..render.zbuffer import Raster, render_screen
from ..texture.delight import LUMINANCE, light_by_normal, smooth_light

Bool = NDArray[np.bool_]
U8 = NDArray[np.uint8]

STRENGTH = 0.9
"""Share of the estimated light that is taken out: some of the estimate is paint."""
_LIGHTNESS = 0.6
"""Weight of lightness beside the two chroma axes when colours are compared: light changes it."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A photo prepared for look-ups, cut to the product.

    Attributes:
        camera: of the whole photo.
        size: (height, width) of the whole photo.
        corner: (top, left) of the cut, pixels.
        screen: (n, 3) float32, the mesh's vertices in the whole photo: pixels and depth.
        colour: (h, w, 3) float32 linear RGB with the light taken out.
        light: (h, w) float32, the factor that was taken out.
        weight: (h, w) float32, 0 to 1: how far a pixel shows the part it is taken for.
        depth: (h, w) float32 metres.
        part: (h, w) int32, -1 where the mesh is not.
        normal: (h, w, 3) float32.
    """

    camera: Camera
    size: tuple[int, int]
    corner: tuple[int, int]
    screen: F32
    colour: F32
    light: F32
    weight: F32
    depth: F32
    part: I32
    normal: F32
    face: I32
    bary: F32

    def projector(self) -> F32:
        """(15,) float32: rotation, pinhole, focal length and principal point of the cut."""
        height, width = self.size
        camera = self.camera
        focal = height / 2 / math.tan(camera.fov / 2)
        return np.concatenate(
            [
                camera.rotation().ravel(),
                camera.position,
                [
                    focal,
                    width / 2 + camera.center[0] * height - self.corner[1],
                    height / 2 + camera.center[1] * height - self.corner[0],
                ],
            ]
        ).astype(np.float32)


def make_sight(mesh: Mesh, normals: F32, camera: Camera, photo: U8, mask: F32) -> Sight:
    """Look at a mesh through a photo.

    Args:
        normals: (n, 3) of the vertices.
        camera: of the whole photo.
        photo: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32, 0 to 1.
    """
    size = (mask.shape[0], mask.shape[1])
    screen = camera.project(mesh.vertices, size)
    top, low, left, right = _cut(screen, size)
    local = screen - np.array([left, top, 0], np.float32)
    raster = render_screen(local, mesh.faces, (low - top, right - left))
    rgb = np.ascontiguousarray(photo[top:low, left:right, :3])
    solid = np.ascontiguousarray(mask[top:low, left:right] > 0.9)
    part, normal = _surface(raster, mesh.faces, mesh.face_part.astype(np.int32), normals)
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of = np.array([slots.index(s) for s in mesh.part_material], np.int32)
    weight = _weight(rgb, solid, part, slot_of, len(slots))
    colour = srgb_to_linear(rgb)
    light = _light(colour, weight, part, normal, slot_of, len(slots))
    colour = colour / light[..., None]
    return Sight(
        camera=camera,
        size=size,
        corner=(top, left),
        screen=screen,
        colour=np.ascontiguousarray(colour, np.float32),
        light=light,
        weight=weight,
        depth=raster.depth,
        part=part,
        normal=normal,
        face=raster.face_id,
        bary=raster.bary,
    )


def balanced(sights: Sequence[Sight], mesh: Mesh) -> list[Sight]:
    """The same sights with further photos' exposure and white balance brought to the first's.

    Each material is compared over the parts that both photos show well, for a photo of the back
    is often taken against the light; one that they do not share takes the mean of the others.
    """
    slots = tuple(dict.fromkeys(mesh.part_material))
    slot_of = np.array([slots.index(s) for s in mesh.part_material], np.int32)
    out = list(sights[:1])
    for sight in sights[1:]:
        counts = [
            np.bincount(s.part[s.weight > 0.9], minlength=len(slot_of)) for s in (sights[0], sight)
        ]
        shared = np.minimum(*counts) >= 200
        logs = np.full((len(slots), 3), np.nan)
        for i in range(len(slots)):
            parts = np.flatnonzero(shared & (slot_of == i))
            if len(parts):
                pair = [
                    s.colour[np.isin(s.part, parts) & (s.weight > 0.9)] for s in (out[0], sight)
                ]
                first, second = (np.log(np.median(c, axis=0) + 1e-3) for c in pair)
                logs[i] = np.clip(first - second, -0.9, 0.9)
        if shared.any():
            logs = np.where(np.isnan(logs), np.nanmean(logs, axis=0), logs)
            gain = np.append(np.exp(logs), np.ones((1, 3)), axis=0).astype(np.float32)
            slot = np.append(slot_of, len(slots))[sight.part]
            sight = replace(sight, colour=sight.colour * gain[slot])
        out.append(sight)
    return out


def _cut(screen: F32, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of the product in the photo, with a margin."""
    margin = 0.02 * max(size) + 4
    x, y = screen[screen[:, 2] > 1e-4, :2].T if len(screen) else (np.zeros(1), np.zeros(1))
    if not len(x):
        return 0, size[0], 0, size[1]
    top = int(np.clip(y.min() - margin, 0, size[0] - 2))
    low = int(np.clip(y.max() + margin, top + 2, size[0]))
    left = int(np.clip(x.min() - margin, 0, size[1] - 2))
    right = int(np.clip(x.max() + margin, left + 2, size[1]))
    return top, low, left, right


def _weight(rgb: U8, solid: Bool, part: I32, slot_of: I32, slots: int) -> F32:
    """(h, w) 0 to 1: well inside the mask, and not in a neighbour's or the ground's colour."""
    longest = max(part.shape)
    border = np.zeros(part.shape, np.uint8)
    border[:, 1:] |= part[:, 1:] != part[:, :-1]
    border[1:] |= part[1:] != part[:-1]
    edge = cv2.distanceTransform(1 - border, cv2.DIST_L2, 3)
    reach = max(1, round(longest / 350))
    inner = cv2.erode(solid.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)).astype(bool)
    # A pixel on the border of two materials is a mixture of both.
    slot = np.append(slot_of, -1)[part]
    mixed = np.zeros(part.shape, bool)
    mixed[:, 1:] |= slot[:, 1:] != slot[:, :-1]
    mixed[:, :-1] |= mixed[:, 1:]
    mixed[1:] |= slot[1:] != slot[:-1]
    mixed[:-1] |= slot[1:] != slot[:-1]
    trusted = inner & (part >= 0) & ~mixed
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab[..., 0] *= _LIGHTNESS
    where = np.flatnonzero(trusted)
    shade, own = lab.reshape(-1, 3)[where], part.ravel()[where]
    at_edge = edge.ravel()[where]
    typical = _typical(shade[at_edge > 2.5], own[at_edge > 2.5], slot_of, slots)
    to_own = np.linalg.norm(shade - typical[own, :3], axis=1)
    limit = np.maximum(3.0 * typical[own, 3], 11.0)
    suspect = np.flatnonzero(to_own > limit)
    ground = _ground(lab, solid).reshape(-1, 3)[where[suspect]]
    to_ground = np.linalg.norm(shade[suspect] - ground, axis=1)
    to_other = np.full(len(suspect), np.inf, np.float32)
    near = at_edge[suspect] < max(0.009 * longest, 4.0)
    for p in range(len(typical)):
        if typical[p, 3] < 1e3:
            distance = np.linalg.norm(shade[suspect] - typical[p, :3], axis=1)
            other = slot_of[own[suspect]] != slot_of[p]
            to_other = np.where(near & other, np.minimum(to_other, distance), to_other)
    foreign = np.minimum(to_ground, to_other) < 0.6 * to_own[suspect]
    kept = trusted.copy()
    kept.ravel()[where[suspect[foreign]]] = False
    # Loose grains of doubt inside a surface are its pattern; the rest is left with a soft rim.
    kept = cv2.medianBlur(kept.astype(np.uint8), 5).astype(bool) & trusted
    fade = max(2.0, longest / 300)
    distance = cv2.distanceTransform(np.pad(kept, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(np.clip(distance / fade, 0, 1), np.float32)


def _typical(shade: F32, part: I32, slot_of: I32, slots: int) -> F32:
    """(parts, 4): each part's median colour and the median distance from it; 1e3: unknown."""
    out = np.zeros((len(slot_of), 4), np.float32)
    own = [np.flatnonzero(part == p) for p in range(len(slot_of))]
    for s in range(slots):
        members = np.flatnonzero(slot_of == s)
        pool = np.concatenate([own[p][:: max(1, len(own[p]) // 4000)] for p in members])
        fallback = _middle(shade[pool])
        for p in members:
            few = own[p][:: max(1, len(own[p]) // 4000)]
            out[p] = _middle(shade[few]) if len(few) > 120 else fallback
    return out


def _middle(shade: F32) -> F32:
    if len(shade) == 0:
        return np.array([0, 0, 0, 1e3], np.float32)
    centre = np.median(shade, axis=0)
    spread = np.median(np.linalg.norm(shade - centre, axis=1))
    return np.append(centre, spread).astype(np.float32)


def _ground(lab: F32, solid: Bool) -> F32:
    """The background's colours (h, w, 3), carried smoothly in over the product."""
    height, width = solid.shape
    scale = min(1.0, 128 / max(height, width))
    size = (max(round(width * scale), 2), max(round(height * scale), 2))
    wide = cv2.dilate(solid.astype(np.uint8), np.ones((5, 5), np.uint8))
    free = 1.0 - wide.astype(np.float32)
    share = cv2.resize(free, size, interpolation=cv2.INTER_AREA)
    value = cv2.resize(lab * free[..., None], size, interpolation=cv2.INTER_AREA)
    if share.max() < 0.5:
        return np.full(lab.shape, 1e3, np.float32)
    out = np.zeros_like(value)
    left = np.ones(share.shape, np.float32)
    for sigma in (2.0, 6.0, 18.0, 54.0):
        near = cv2.GaussianBlur(share, (0, 0), sigma)
        take = left * np.clip(near / 0.15, 0, 1)
        mean = cv2.GaussianBlur(value, (0, 0), sigma) / np.maximum(near, 1e-6)[..., None]
        out += take[..., None] * mean
        left -= take
    mean = value.sum(axis=(0, 1)) / share.sum()
    out += left[..., None] * mean
    return np.asarray(cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR))


def _light(colour: F32, weight: F32, part: I32, normal: F32, slot_of: I32, slots: int) -> F32:
    """(h, w) the factor of light that is to be taken out of a linear photo."""
    where = np.flatnonzero(part >= 0)
    slot = np.full(part.shape, -1, np.int32)
    slot.ravel()[where] = slot_of[part.ravel()[where]]
    luminance = (colour.reshape(-1, 3)[where] @ LUMINANCE).astype(np.float32)
    by_normal = np.zeros(part.shape, np.float32)
    by_normal.ravel()[where] = light_by_normal(
        luminance,
        normal.reshape(-1, 3)[where],
        weight.ravel()[where] > 0.9,
        slot.ravel()[where],
        slots,
    )
    rest = colour * np.exp(-by_normal)[..., None]
    smooth = smooth_light(rest, np.where(weight > 0.5, slot, -1).astype(np.int32), anchor=1e-3)
    smooth[part < 0] = 0
    return np.asarray(np.exp(STRENGTH * np.clip(by_normal + smooth, -0.9, 0.9)), np.float32)


@nb.njit(cache=True, nogil=True, fastmath=True)
def _pixels(face_id: I32, bary: F32, faces: I32, face_part: I32, normals: F32) -> tuple[I32, F32]:
    height, width = face_id.shape
    part = np.full((height, width), -1, np.int32)
    normal = np.zeros((height, width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            t = face_id[y, x]
            if t < 0:
                continue
            part[y, x] = face_part[t]
            total = np.float32(1e-12)
            for k in range(3):
                value = np.float32(0.0)
                for c in range(3):
                    value += bary[y, x, c] * normals[faces[t, c], k]
                normal[y, x, k] = value
                total += value * value
            inverse = np.float32(1.0) / np.sqrt(total)
            for k in range(3):
                normal[y, x, k] *= inverse
    return part, normal


def _surface(raster: Raster, faces: I32, face_part: I32, normals: F32) -> tuple[I32, F32]:
    """(h, w) parts and (h, w, 3) unit normals of a raster."""
    part, normal = _pixels(
        raster.face_id,
        raster.bary,
        np.ascontiguousarray(faces, np.int32),
        face_part,
        np.ascontiguousarray(normals, np.float32),
    )
    return part, normal
