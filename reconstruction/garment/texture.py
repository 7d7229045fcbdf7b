"""A garment's texture from its photo: the photo's own pixels on the front, clean cloth behind.

The photo is rectified onto the panels' cutting pattern, its broad shading taken out; what the
photo does not show is completed from the mirrored front without its print, so that colours meet
at the seams and no text is ever seen in a mirror.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..families.garment_atlas import Atlas, atlas
from ..mesh import Mesh
from ..product import Material
from ..textured import PhotoView, Textured
from .drape import MATERIAL
from .fabric import even_light, fill_outside, own_pixels, study, without_print
from .mask import fill
from .warp import photo_places, spread_over

if TYPE_CHECKING:
    from .fit import Fitted

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_SIDES = (1024, 2048)
_QUALITY = 92
_SEAM = 0.008
"""Seams are taken this far inside the outline, share of the height: its rim is in shade."""


def rectify(
    photo: NDArray[np.uint8],
    mask: NDArray[np.float32] | NDArray[np.bool_],
    fitted: Fitted,
    mesh: Mesh,
) -> Textured:
    """The materials of a garment, textured from its photo.

    Args:
        photo: (h, w, 3) uint8 sRGB.
        mask: (h, w) bool, or coverage from 0 to 1.
        fitted: the garment in this photo.
        mesh: its mesh, whose UVs the texture follows.

    Returns:
        One material, for the slot of every part, and how the garment lies in the photo.
    """
    solid = np.asarray(mask, np.float32) > 0.5
    rgb = photo.astype(np.float32) / 255.0
    layout = atlas(fitted.family, fitted.choices)
    width, height = texture_size(layout, fitted)

    size = max(int(np.ptp(np.flatnonzero(solid.any(axis=1)))), 32)
    inside = own_pixels(rgb, solid, max(round(0.035 * size), 2))
    places, seen = photo_places(fitted, _inset(inside, max(round(_SEAM * size), 1)))
    within_neck = _within_neck(fitted, solid.shape) & inside
    clean = fill_outside(rgb, inside)
    cloth = study(clean, inside & ~within_neck, _edge_zone(inside, within_neck))
    clean = even_light(clean, inside, cloth, 0.10 * size)
    bare = without_print(clean, inside, cloth, within_neck)

    canvas = np.zeros((height, width, 2), np.float32)
    drawn = np.zeros((height, width), bool)
    corners = (mesh.uv * np.array([width, height], np.float32)).astype(np.float32)
    spread_over(corners, mesh.faces, places.astype(np.float32), canvas, drawn)
    front = np.zeros((height, width), bool)
    shown = np.zeros((height, width, 1), np.float32)
    spread_over(corners, mesh.faces, seen.astype(np.float32)[:, None], shown, front)
    x, y = canvas[..., 0] - 0.5, canvas[..., 1] - 0.5
    own = _sample(clean, x, y)
    behind = _sample(bare, x, y)
    share = shown if fitted.family.sleeves(fitted.choices) != "none" else np.round(shown)
    texture = own * share + behind * (1 - share)
    texture = fill_outside(texture.astype(np.float32), drawn)
    material = Material(
        base_color=(1.0, 1.0, 1.0, 1.0),
        roughness=cloth.roughness,
        texture=encode(texture),
        double_sided=True,
    )
    faces = mesh.faces[seen[mesh.faces].all(axis=1)]
    view = PhotoView(
        screen=np.column_stack([places, np.ones(len(places))]).astype(np.float32),
        faces=faces,
        face_slot=np.zeros(len(faces), np.int32),
        slots=(MATERIAL,),
        uv=mesh.uv,
        size=(solid.shape[0], solid.shape[1]),
        shading=np.ones((1, 1), np.float32),
    )
    return Textured({MATERIAL: material}, (view,))


def _within_neck(fitted: Fitted, shape: tuple[int, ...]) -> Bool:
    """Pixels that show the inside of the garment's back through the neck opening."""
    opening = fitted.flat().parts.get("back_inside")
    if opening is None:
        return np.zeros(shape[:2], bool)
    return fill([fitted.to_pixels(opening)], (shape[0], shape[1]))


def texture_size(layout: Atlas, fitted: Fitted) -> tuple[int, int]:
    """Width and height in pixels: about the photo's own resolution, square pixels."""
    longest = max(layout.width, layout.height)
    pixels = fitted.scale * longest
    side = _SIDES[0] if pixels <= 1.25 * _SIDES[0] else _SIDES[1]
    return (
        max(round(side * layout.width / longest), 16),
        max(round(side * layout.height / longest), 16),
    )


def encode(texture: F32) -> bytes:
    """JPEG bytes of an sRGB picture (h, w, 3) from 0 to 1."""
    buffer = io.BytesIO()
    picture = Image.fromarray((np.clip(texture, 0, 1) * 255 + 0.5).astype(np.uint8))
    picture.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return buffer.getvalue()


def _inset(inside: Bool, rim: int) -> Bool:
    """The mask without ``rim`` pixels along its outline."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1,) * 2)
    inner: Bool = cv2.erode(inside.astype(np.uint8), kernel, borderValue=0).astype(np.bool_)
    return inner


def _edge_zone(inside: Bool, other: Bool) -> Bool:
    """The cloth's pixels near its outline, where prints hardly ever reach."""
    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    size = float(np.sqrt(inside.sum()))
    near_other = cv2.dilate(other.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    edge: Bool = inside & (depth < 0.06 * size) & (depth > 0.004 * size) & ~near_other
    return edge


def _sample(picture: F32, x: F32, y: F32) -> F32:
    """Colours (h, w, 3) of a picture at pixel places, cubic."""
    sampled: F32 = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(sampled, 0.0, 1.0)
