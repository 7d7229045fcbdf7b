"""What of a mask is the product: several products told apart, sides that the photo cuts off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..networks.inference import Proposal

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_COMPARABLE = 0.2
"""A piece of a mask may be a product of its own from this share of the largest piece on."""
_NOTEWORTHY = 0.01
"""... and from this share of the photo on."""
_SURE = 0.55
"""Of a piece's category, from which on it counts as a product of its own."""
_APART = 0.15
"""Boxes may overlap by this share of the smaller one."""
PAIRED = ("shoes",)
"""Categories that are sold in pairs."""
_EDGE = 0.004
"""A mask this near to the photo's edge touches it, share of the longer side."""
_CUT = 0.06
"""Share of the product's own extent that must lie along a side for that side to cut it."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One product in a photo of several.

    Attributes:
        box: left, top, right, bottom, pixels of the original photo.
        mask: (h, w) float32, 0 to 1, of this product alone.
        category: as the network names it, and how sure it is.
    """

    box: tuple[int, int, int, int]
    mask: F32
    category: str
    probability: float
    proposal: Proposal


def pieces(mask: F32) -> list[Bool]:
    """The pieces (h, w) of a mask that are large enough to be products, largest first."""
    solid = mask > 0.5
    count, label, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8))
    area = stats[1:, cv2.CC_STAT_AREA].astype(np.float64)
    if count < 3:
        return [solid] if solid.any() else []
    order = [
        i
        for i in np.argsort(-area)
        if area[i] >= _COMPARABLE * area.max() and area[i] >= _NOTEWORTHY * mask.size
    ]
    boxes = [_box(stats[1 + i]) for i in order]
    if len(order) < 2 or any(
        _overlap(a, b) > _APART for k, a in enumerate(boxes) for b in boxes[k + 1 :]
    ):
        return [solid]
    # Crumbs go to the piece that they are nearest to, so that no strap or lace is lost.
    distance = np.stack(
        [cv2.distanceTransform((label != 1 + i).astype(np.uint8), cv2.DIST_L2, 3) for i in order]
    )
    nearest = distance.argmin(axis=0)
    return [solid & (nearest == k) for k in range(len(order))]


def subjects(
    mask: F32, size: tuple[int, int], look: Callable[[F32], Proposal]
) -> tuple[Subject, ...]:
    """The products that a mask holds, largest first; empty where it holds only one.

    Pieces are products of their own if the network knows each for a product by itself, unless
    they are two of what is sold in pairs.

    Args:
        mask: (h, w) float32, 0 to 1.
        size: (height, width) of the original photo, for the boxes.
        look: the network's proposal for a mask of the photo.
    """
    parts = pieces(mask)
    if len(parts) < 2:
        return ()
    scale = size[1] / mask.shape[1]
    found = []
    for part in parts:
        reach = cv2.dilate(part.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        own = np.where(reach, mask, 0).astype(np.float32)
        proposal = look(own)
        category = proposal.category
        sure = proposal.categories[category]
        if sure < _SURE or not proposal.is_product:
            return ()
        ys, xs = np.nonzero(part)
        box = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
        left, top, right, bottom = (round(v * scale) for v in box)
        found.append(Subject((left, top, right, bottom), own, category, sure, proposal))
    if len(found) == 2 and found[0].category == found[1].category and found[0].category in PAIRED:
        return ()
    return tuple(found)


def chosen(found: Sequence[Subject], categories: Sequence[str]) -> tuple[Subject, str]:
    """The product to take of several, and a sentence that lists them.

    Args:
        categories: those that the caller's word for it allows; empty for any.
    """
    named = [s for s in found if s.category in categories]
    subject = (named or list(found))[0]
    listed = "; ".join(
        f"{s.category} at {s.box[0]},{s.box[1]} to {s.box[2]},{s.box[3]}" for s in found
    )
    how = "the one that was named" if named else "the largest"
    return subject, (
        f"The photo shows {len(found)} products ({listed}): {how} was taken. Name another with "
        "--category, or cut the photo."
    )


def cut_sides(mask: F32) -> frozenset[str]:
    """The sides of the photo at which the product is cut off: left, right, top, bottom."""
    solid = mask > 0.5
    if not solid.any():
        return frozenset()
    height, width = solid.shape
    rim = max(2, round(_EDGE * max(height, width)))
    ys, xs = np.nonzero(solid)
    tall, wide = int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1
    along = {
        "left": solid[:, :rim].any(axis=1).sum() / tall,
        "right": solid[:, -rim:].any(axis=1).sum() / tall,
        "top": solid[:rim].any(axis=0).sum() / wide,
        "bottom": solid[-rim:].any(axis=0).sum() / wide,
    }
    return frozenset(side for side, share in along.items() if share > _CUT)


def _box(stats: NDArray[np.int32]) -> tuple[int, int, int, int]:
    x, y = int(stats[cv2.CC_STAT_LEFT]), int(stats[cv2.CC_STAT_TOP])
    return x, y, x + int(stats[cv2.CC_STAT_WIDTH]), y + int(stats[cv2.CC_STAT_HEIGHT])


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Common area of two boxes, as a share of the smaller one."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(wide, 0) * max(tall, 0) / max(smaller, 1)
