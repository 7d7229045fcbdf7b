"""A garment's texture from its photo: the photo's own pixels on the front, clean cloth behind.

The photo is rectified onto the panels' cutting pattern, its broad shading taken out; what the
photo does not show comes from a photo of the back, or else is completed from the mirrored front
without its print, so that colours meet at the seams and no text is ever seen in a mirror.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NoProductError
from ..families.garment_atlas import Atlas, atlas
from ..furniture.atlas import INVENTED, MIRRORED, SEEN, grow
from ..mesh import Mesh
from ..product import Material
from ..texture.relief import encode, normal_map
from ..texture.textured import PhotoView, Textured
from .fabric import to_lab
from .lay import Lay, make_lay
from .warp import photo_places, places_behind, spread_over

if TYPE_CHECKING:
    from .fit import Fitted

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Mask = NDArray[np.float32] | NDArray[np.bool_]
BackPhoto = tuple[U8, Mask, "Fitted"]
"""A photo from behind (h, w, 3) uint8 sRGB, its mask, and the garment fitted in it as if it were
seen from the front."""

_SMALLEST, _LARGEST, _STEP = 512, 2560, 64
_FINE = 1.05
"""Texels per pixel of the photo."""
_SEAM = 0.008
"""Seams are taken this far inside the outline, share of the height: its rim is in shade."""
_FITS = 0.85
"""Least IoU at which a garment is found again in a second photo."""
_SAME_CLOTH = 18.0
"""Up to this distance in Lab the cloth in two photos is the same and their exposure differs."""


def rectify(
    photo: U8, mask: Mask, fitted: Fitted, mesh: Mesh, back: BackPhoto | None = None
) -> Textured:
    """The materials of a garment, textured from its photo.

    Args:
        photo: (h, w, 3) uint8 sRGB.
        mask: (h, w) bool, or coverage from 0 to 1.
        fitted: the garment in this photo.
        mesh: its mesh, whose UVs the texture follows.
        back: a photo of the garment from behind.

    Returns:
        One material for the slots of all parts, and how the garment lies in the photo.
    """
    solid = np.asarray(mask, np.float32) > 0.5
    lay = make_lay(photo, solid, fitted)
    places, seen = photo_places(fitted, _hem(lay, solid))
    width, height = texture_size(atlas(fitted.family, fitted.choices), fitted)
    corners = (mesh.uv * np.array([width, height], np.float32)).astype(np.float32)
    canvas = np.zeros((height, width, 3), np.float32)
    drawn = np.zeros((height, width), bool)
    values = np.column_stack([places, seen]).astype(np.float32)
    spread_over(corners, mesh.faces, values, canvas, drawn)
    x, y = canvas[..., 0] - 0.5 - lay.corner[1], canvas[..., 1] - 0.5 - lay.corner[0]
    share = canvas[..., 2]
    if fitted.family.sleeves(fitted.choices) == "none":
        share = np.round(share)

    own = _sample(lay.clean, x, y)
    behind = _sample(lay.bare, x, y)
    made_up = cv2.remap(lay.printed.astype(np.uint8), x, y, cv2.INTER_NEAREST)
    origin = np.where(share > 0.5, SEEN, np.where(made_up > 0, INVENTED, MIRRORED))
    views = [_view(places, seen, mesh, lay, solid)]
    if back is not None:
        behind, view = _from_behind(back, lay, mesh, ~seen, corners, (height, width))
        origin = np.full_like(origin, SEEN)
        views.append(view)
    weight = (share[..., None] * 256).astype(np.uint16)
    texture = ((own * weight + behind * (256 - weight)) >> 8).astype(np.uint8)
    grow(texture, np.where(drawn, 0, -1).astype(np.int16))
    origin = np.where(drawn, origin, INVENTED).astype(np.uint8)
    material = Material(
        base_color=(1.0, 1.0, 1.0, 1.0),
        roughness=lay.cloth.roughness,
        texture=encode(texture),
        normal=normal_map(texture, drawn),
        double_sided=True,
        seen=float((origin[drawn] == SEEN).mean()),
    )
    return Textured(dict.fromkeys(mesh.part_material, material), tuple(views), origin)


def from_behind(fitted: Fitted, photo: U8, mask: Mask) -> BackPhoto | None:
    """A photo from behind with the same garment fitted in it, or None where it does not fit.

    Args:
        fitted: the garment in the photo from the front.
        photo: (h, w, 3) uint8 sRGB, from behind; ``mask`` (h, w) bool, or coverage from 0 to 1.
    """
    from .fit import refine

    try:
        behind = refine(fitted.family, fitted.values, fitted.choices, mask)
    except NoProductError:
        return None
    same = all(behind.choices[name] == option for name, option in fitted.choices.items())
    return (photo, mask, behind) if same and behind.iou >= _FITS else None


def _from_behind(
    back: BackPhoto,
    front: Lay,
    mesh: Mesh,
    hidden: Bool,
    corners: F32,
    size: tuple[int, int],
) -> tuple[U8, PhotoView]:
    """The whole texture as the photo from behind shows it, in the front photo's exposure."""
    photo, mask, fitted = back
    solid = np.asarray(mask, np.float32) > 0.5
    lay = make_lay(photo, solid, fitted)
    places = places_behind(fitted, _hem(lay, solid), hidden)
    canvas = np.zeros((*size, 2), np.float32)
    spread_over(corners, mesh.faces, places.astype(np.float32), canvas, np.zeros(size, bool))
    x, y = canvas[..., 0] - 0.5 - lay.corner[1], canvas[..., 1] - 0.5 - lay.corner[0]
    picture = _sample(lay.clean, x, y)
    ours, theirs = (np.array(c.cloth.color, np.float32) for c in (front, lay))
    apart = np.linalg.norm(to_lab(ours[None, None]) - to_lab(theirs[None, None]))
    if apart < _SAME_CLOTH:
        gain = np.clip((ours + 0.02) / (theirs + 0.02), 0.5, 2.0)
        picture = np.clip(picture * gain + 0.5, 0, 255).astype(np.uint8)
    return picture, _view(places, hidden, mesh, lay, solid)


def _view(places: F64, seen: Bool, mesh: Mesh, lay: Lay, solid: Bool) -> PhotoView:
    faces = mesh.faces[seen[mesh.faces].all(axis=1)]
    slots = tuple(dict.fromkeys(mesh.part_material))
    size = (solid.shape[0], solid.shape[1])
    shading = np.asarray(lay.whole(lay.light, size), np.float32)
    return PhotoView(
        screen=np.column_stack([places, np.ones(len(places))]).astype(np.float32),
        faces=faces,
        face_slot=np.zeros(len(faces), np.int32),
        slots=slots[:1],
        uv=mesh.uv,
        size=size,
        shading=np.where(shading > 0, shading, 1.0).astype(np.float32),
    )


def _hem(lay: Lay, solid: Bool) -> Bool:
    """The garment's own pixels in the whole photo, without its shaded rim."""
    size = max(int(np.ptp(np.flatnonzero(solid.any(axis=1)))), 32)
    rim = max(round(_SEAM * size), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1,) * 2)
    inner = cv2.erode(lay.inside.astype(np.uint8), kernel, borderValue=0)
    return np.asarray(lay.whole(inner, (solid.shape[0], solid.shape[1])), np.bool_)


def texture_size(layout: Atlas, fitted: Fitted) -> tuple[int, int]:
    """Width and height in pixels: about the photo's own resolution, square pixels."""
    longest = max(layout.width, layout.height)
    wanted = _STEP * math.ceil(fitted.scale * longest * _FINE / _STEP)
    side = min(max(wanted, _SMALLEST), _LARGEST)
    return (
        max(round(side * layout.width / longest), 16),
        max(round(side * layout.height / longest), 16),
    )


def _sample(picture: U8, x: F32, y: F32) -> U8:
    """Colours (h, w, 3) of a picture at pixel places, cubic."""
    sampled: U8 = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return sampled
