"""Pictures of what was fitted and of what the network saw, for people to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .families.worn_solid import as_shown
from .product import Product

if TYPE_CHECKING:
    from .fitting import Fit
    from .outcome import Reconstruction

U8 = NDArray[np.uint8]

_PART_COLOURS = ((230, 120, 60), (70, 150, 230), (90, 190, 110), (200, 90, 200), (230, 200, 60))
_OVERLAY = 640
"""Pixels of the re-render on the contact sheet, longest side."""
_INK, _PAPER = (50, 48, 45), (245, 243, 239)


def overlay(rgb: U8, fit: Fit, product: Product) -> U8:
    """The fitted product over the dimmed photo: drawn if solid, outlined if flat.

    It is for looking at: at most ``_OVERLAY`` pixels on its longest side.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _OVERLAY / max(height, width))
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    small = np.asarray(cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    if fit.family.view == "flat":
        return outlined(small, fit.detail, scale)
    from .contact_sheet import textures
    from .render.shading import picture

    dim = small.astype(np.float32) * 0.4 + 140
    colours = {slot: m.base_color[:3] for slot, m in product.materials.items()}
    shown = textures(product, _OVERLAY)
    mesh = as_shown(fit.family, product.numbers, product.choices, product.mesh, bare=True)
    rgba = picture(mesh, fit.detail.camera, size, colours, shown, oversample=1)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray(rgba[..., :3] * alpha + dim * (1 - alpha) + 0.5, np.uint8)


def outlined(picture: U8, fitted: Any, scale: float = 1.0) -> U8:
    """The panels and landmarks that were fitted, over the photo reduced by ``scale``."""
    out = picture.copy()
    thick = max(1, round(max(out.shape[:2]) / 300))
    flat = fitted.flat()
    for polygon in (flat.outline, *flat.parts.values()):
        points = np.round(fitted.to_pixels(polygon) * scale).astype(np.int32)
        cv2.polylines(out, [points], True, (40, 200, 255), thick, cv2.LINE_AA)
    for x, y in fitted.landmarks[~np.isnan(fitted.landmarks[:, 0])] * scale:
        cv2.circle(out, (round(x), round(y)), 2 * thick, (255, 230, 60), -1, cv2.LINE_AA)
    return out


def seen_picture(made: Reconstruction, side: int = 420) -> U8:
    """What the network saw: the mask, the parts of what was fitted, landmarks, categories.

    Returns:
        (h, w, 3) uint8, four cells in a row.
    """
    from .contact_sheet import tile

    rgb = made.photo.rgb
    heat = cv2.applyColorMap((made.mask * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
    masked = (0.45 * rgb + 0.55 * heat).astype(np.uint8)
    cells = [
        ("mask, 0 dark to 1 bright", masked),
        ("parts that were fitted", _parts(made)),
        ("landmarks, larger is surer", _landmarks(made)),
        ("categories and families", _bars(made, side)),
    ]
    return tile([cells], side)


def _parts(made: Reconstruction) -> U8:
    """The product's parts over the photo, a colour for each."""
    out = (made.photo.rgb * 0.5 + 110).astype(np.uint8)
    fit = made.fit
    if fit is None:
        return out
    if fit.family.view == "flat":
        for i, (_, polygon) in enumerate(fit.detail.flat().parts.items()):
            points = np.round(fit.detail.to_pixels(polygon)).astype(np.int32)
            layer = out.copy()
            cv2.fillPoly(layer, [points], _PART_COLOURS[i % len(_PART_COLOURS)], cv2.LINE_AA)
            out = cv2.addWeighted(out, 0.45, layer, 0.55, 0)
        return np.asarray(out, np.uint8)
    from .render.zbuffer import render

    product = made.product
    mesh = as_shown(product.family, product.numbers, product.choices, product.mesh, bare=True)
    raster = render(mesh.vertices, mesh.faces, fit.detail.camera, out.shape[:2])
    seen = raster.face_id >= 0
    part = mesh.face_part[np.maximum(raster.face_id, 0)]
    colours = np.array(_PART_COLOURS, np.float32)[part % len(_PART_COLOURS)]
    out[seen] = (0.45 * out[seen] + 0.55 * colours[seen]).astype(np.uint8)
    return out


def _landmarks(made: Reconstruction) -> U8:
    out = made.photo.rgb.copy()
    unit = max(out.shape[:2]) / 300
    proposal = made.proposal
    for (x, y), trust in zip(proposal.landmarks, proposal.landmark_trust, strict=True):
        if np.isfinite(x):
            radius = max(2, round((1 + 3 * float(trust)) * unit))
            cv2.circle(out, (round(x), round(y)), radius, (255, 80, 60), -1, cv2.LINE_AA)
            cv2.circle(out, (round(x), round(y)), radius, (255, 255, 255), 1, cv2.LINE_AA)
    return out


def _bars(made: Reconstruction, side: int) -> U8:
    """Bars of the most probable categories and families."""
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", (side, side), _PAPER)
    draw = ImageDraw.Draw(sheet)
    told = made.explain()
    y = 10
    for title in ("categories", "families"):
        draw.text((10, y), title, fill=_INK)
        y += 18
        for name, share in told[title].items():
            draw.rectangle((10, y, 10 + share * (side - 150), y + 14), fill=_PART_COLOURS[1])
            draw.text((16 + share * (side - 150), y + 1), f"{name} {share:.2f}", fill=_INK)
            y += 20
        y += 8
    lines = [
        f"confidence of the mask {told['confidence']:.2f}",
        f"stands for a family {told['in_family']:.2f}",
        f"confidence of the product {made.product.confidence:.2f}",
    ]
    for line in lines:
        draw.text((10, y), line, fill=_INK)
        y += 18
    return np.asarray(sheet)
