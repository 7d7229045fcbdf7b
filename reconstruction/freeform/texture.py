"""Textures of free-form bodies: the photo on the front, photos from all round, the rest filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, Mesh
from ..meshes.unwrap import complete, make_texels, seen_in, unwrap
from ..product import Material
from ..render.camera import Camera
from ..render.shading import linear_to_srgb, srgb_to_linear
from .inflate import vertex_parts

U8 = NDArray[np.uint8]

LARGEST = 2048
_BLUR = 0.025  # of the picture's longer side: what a back shows of the front
_SHARP = 6.0  # power by which the view that faces a point most outweighs the others
ROUGHNESS = 0.8


def front_and_back(
    mesh: Mesh,
    rgb: U8,
    mask: F32,
    corner: tuple[float, float],
    cell: float,
    back: tuple[U8, F32] | None = None,
) -> tuple[Mesh, Material]:
    """Unfold an inflated body as two views, and put the photo on them.

    The front has the photo's own pixels. The back has those of ``back``, or else the front's
    mirror image, blurred so far that nobody takes it for a photo.

    Args:
        mesh: as :func:`reconstruction.freeform.inflate.inflate` gives it, cells as units.
        rgb: (h, w, 3) uint8; ``mask`` (h, w) float32.
        corner: the pixel (x, y) that x = 0, y = 0 stands on; ``cell`` pixels per unit.
        back: a photo from behind with its mask, both cropped to the product.
    """
    import cv2

    source, faces, is_front = vertex_parts(mesh)
    place = mesh.vertices[source]
    low, high = place.min(axis=0), place.max(axis=0)
    left, top = corner[0] + low[0] * cell, corner[1] - high[1] * cell
    wide, tall = (high[0] - low[0]) * cell, (high[1] - low[1]) * cell
    # Side by side or one above the other, whatever is nearer to a square.
    beside = 2 * wide <= 2.83 * tall
    width, height = _power(wide), _power(tall)
    margin = 0.02
    across = (place[:, 0] - low[0]) / (high[0] - low[0])
    down = (high[1] - place[:, 1]) / (high[1] - low[1])
    across = np.where(is_front, across, 1 - across) * (1 - 2 * margin) + margin
    down = down * (1 - 2 * margin) + margin
    shift = np.where(is_front, 0.0, 0.5)
    if beside:
        uv = np.stack([across / 2 + shift, down], axis=1)
    else:
        uv = np.stack([across, down / 2 + shift], axis=1)
    cut = replace(mesh, vertices=place, faces=faces, uv=uv.astype(np.float32), weld=source)

    def tile(x: float, y: float, w: float, h: float, picture: U8, cover: F32) -> U8:
        columns = x + ((np.arange(width) + 0.5) / width - margin) / (1 - 2 * margin) * w - 0.5
        rows = y + ((np.arange(height) + 0.5) / height - margin) / (1 - 2 * margin) * h - 0.5
        grid = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        shown = cv2.remap(picture, *grid, cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        seen = cv2.remap(cover, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return _filled(shown, seen)

    front = tile(left, top, wide, tall, rgb, mask)
    if back is None:
        sigma = max(1.0, _BLUR * max(width, height))
        behind = cv2.GaussianBlur(front, (0, 0), sigma)[:, ::-1]
    else:
        picture, cover = back
        behind = tile(0, 0, picture.shape[1], picture.shape[0], picture, cover)
    atlas = np.concatenate([front, behind], axis=1 if beside else 0)
    return cut, _material(atlas)


def from_all_round(
    mesh: Mesh, cameras: Sequence[Camera], photos: Sequence[U8], masks: Sequence[F32]
) -> tuple[Mesh, Material]:
    """Unwrap a body and bake the photos onto it, each where it looks at the surface most.

    Points that no photo shows take the colour of the nearest that one does.

    Args:
        mesh: in metres.
        cameras: of the whole photos.
    """
    cut, _ = unwrap(mesh)
    texels = make_texels(cut, LARGEST // 2)
    total = np.zeros((len(texels.rows), 3), np.float32)
    weight = np.zeros(len(texels.rows), np.float32)
    for camera, rgb, mask in zip(cameras, photos, masks, strict=True):
        shown, trust = seen_in(cut, texels, camera, srgb_to_linear(rgb), mask)
        own = (trust**_SHARP).astype(np.float32)
        total += shown * own[:, None]
        weight += own
    color = np.asarray(total / np.maximum(weight, 1e-9)[:, None], np.float32)
    filled = complete(cut, texels, color, np.asarray(weight ** (1 / _SHARP), np.float32))
    return cut, _material(linear_to_srgb(texels.spread(filled)))


def _power(length: float) -> int:
    """The power of two nearest to a length in pixels; half an atlas at most."""
    return int(min(2 ** round(np.log2(max(length, 64.0))), LARGEST // 2))


def _filled(picture: U8, cover: F32) -> U8:
    """The picture where the mask is sure; elsewhere the nearest such pixel."""
    import cv2
    from scipy.ndimage import distance_transform_edt

    sure = (cover > 0.95).astype(np.uint8)
    inner = cv2.erode(sure, np.ones((3, 3), np.uint8), iterations=max(1, len(cover) // 300))
    inside = inner > 0 if inner.any() else cover >= cover.max()
    near = distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return np.asarray(picture[near[0], near[1]])


def _material(picture: U8) -> Material:
    import cv2

    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    return Material(texture=data, roughness=ROUGHNESS)
