"""Mend a photo's mask by what was fitted to it: legs that it lost, floor that it took along.

A mask errs where a product looks like what lies behind it, and a fit errs where its mask does.
Where both disagree the photo's colours decide (GrabCut; Rother et al., 2004): pixels are added only
where the fitted shape has something, and taken away only where it has nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32
from ..render.camera import Camera
from ..render.zbuffer import render_screen

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_WORK = 240
"""Longer side of the product's box, in pixels, on which colours are compared."""
_REACH = 0.025
"""How far the fitted shape may be off, in shares of the product's longer side."""
_LEAST, _MOST = 0.01, 0.8
"""Less disagreement is not worth it; more change than that is no mending."""


def mended(photo: U8, mask: F32, points: F32, faces: I32, camera: Camera) -> F32:
    """A mask in which the photo's colours decide where it and a fitted shape disagree.

    Args:
        photo: (h, w, 3) uint8 sRGB.
        mask: (h, w) float32, 0 to 1.
        points, faces: the fitted shape.
        camera: of the photo, as it was fitted.

    Returns:
        (h, w) float32; the mask itself where nothing is to be gained.
    """
    height, width = mask.shape
    screen = camera.project(points, (height, width))
    rows, columns = np.nonzero(mask > 0.5)
    if not len(rows) or (screen[:, 2] <= 0).any():
        return mask
    low = np.minimum(screen[:, :2].min(axis=0), (columns.min(), rows.min()))
    high = np.maximum(screen[:, :2].max(axis=0), (columns.max() + 1, rows.max() + 1))
    own_side = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    pad = 0.15 * own_side + 4
    # A fit that reaches far beyond its mask is a wrong one.
    left, top = (max(0, int(v)) for v in np.maximum(low, low.clip(0) - own_side) - pad)
    right, bottom = min(width, int(high[0] + pad) + 1), min(height, int(high[1] + pad) + 1)
    window = np.s_[top:bottom, left:right]
    shape = mask[window].shape
    if min(shape) < 8 or max(shape) > 4 * own_side:
        return mask
    scale = min(1.0, _WORK / own_side)
    size = (max(8, round(shape[1] * scale)), max(8, round(shape[0] * scale)))
    screen[:, :2] = (screen[:, :2] - (left, top)) * (size[0] / shape[1], size[1] / shape[0])
    drawn = render_screen(screen, faces, (size[1], size[0])).face_id >= 0
    own = cv2.resize(np.ascontiguousarray(mask[window]), size, interpolation=cv2.INTER_AREA) > 0.5
    if (own ^ drawn).sum() < _LEAST * own.sum():
        return mask
    rgb = np.ascontiguousarray(photo[window][..., :3])
    new = _decided(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)), own, drawn)
    changed = new ^ own
    if not changed.any() or not new.any() or changed.sum() > _MOST * own.sum():
        return mask
    # Where nothing changed the finer mask stays.
    near = cv2.dilate(changed.astype(np.uint8), np.ones((3, 3), np.uint8))
    wide = (shape[1], shape[0])
    there = cv2.resize(near, wide, interpolation=cv2.INTER_NEAREST) > 0
    value = cv2.resize(new.astype(np.float32), wide, interpolation=cv2.INTER_LINEAR)
    out = np.array(mask, np.float32)
    out[window] = np.where(there, value, out[window])
    return out


def _decided(rgb: U8, own: Bool, drawn: Bool) -> Bool:
    """The mask ``own`` after the colours have decided where it differs from the shape drawn."""
    side = max(np.ptp(axis) for axis in np.nonzero(own))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(_REACH * side)) + 1,) * 2)
    about = cv2.dilate(drawn.astype(np.uint8), disc) > 0
    marks = np.full(own.shape, cv2.GC_BGD, np.uint8)
    marks[own | about] = cv2.GC_PR_BGD
    # Colours are learned by the mask alone: a shape drawn over a gap must not vouch for itself.
    marks[own & about] = cv2.GC_PR_FGD
    marks[(cv2.erode(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & drawn] = cv2.GC_FGD
    if not (marks == cv2.GC_FGD).any() or not (marks == cv2.GC_BGD).any():
        return own
    cv2.setRNGSeed(0)
    cv2.grabCut(rgb, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    cut = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    # What is thin and not drawn may be a part that the shape lacks: only thick pieces go.
    gone = cv2.morphologyEx((own & ~about & ~cut).astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
    # A rim along the outline is the colours' own doubt: only pieces that reach out of it are won.
    rim = cv2.dilate(own.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    labels = cv2.connectedComponents((cut & about & ~own).astype(np.uint8))[1]
    won = np.isin(labels, np.unique(labels[(labels > 0) & ~rim]))
    return np.asarray((own & ~gone) | won)
