"""A face in a photo, to know that somebody is in it: where, never whose.

The detector is scikit-image's cascade of local binary patterns for faces from the front (Liao et
al. 2007), trained by OpenCV's makers. What it finds is believed only where a head can be: with the
background, not cloth, on both sides and above, which a face printed on a shirt has not.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_LEAST, _MOST = 24, 160
"""Sides of a face, pixels of a picture whose longer side is about 400."""
_BESIDE = 2.2
"""Face widths from its middle, to each side, within which the background must be seen."""
_ABOVE = 1.4
"""Face heights above its top within which it must be seen."""


@cache
def _detector() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


def find_face(rgb: U8, solid: Bool) -> tuple[int, int, int, int] | None:
    """The largest face of what stands out, (left, top, right, bottom) in pixels, or None.

    Args:
        rgb: (h, w, 3) uint8, upright, its longer side about 400 pixels.
        solid: (h, w) what stands out from the background.
    """
    if min(rgb.shape[:2]) <= _LEAST:
        return None
    found = _detector().detect_multi_scale(
        img=np.ascontiguousarray(rgb),
        scale_factor=1.15,
        step_ratio=1,
        min_size=(_LEAST, _LEAST),
        max_size=(_MOST, _MOST),
    )
    boxes = [
        (f["c"], f["r"], f["c"] + f["width"], f["r"] + f["height"])
        for f in sorted(found, key=lambda f: -f["width"])
    ]
    return next((box for box in boxes if _before_background(box, solid)), None)


def _before_background(box: tuple[int, int, int, int], solid: Bool) -> bool:
    left, top, right, bottom = box
    height, width = solid.shape
    wide, high = right - left, bottom - top
    inside = solid[max(top, 0) : bottom, max(left, 0) : right]
    if inside.size == 0 or float(inside.mean()) < 0.6:
        return False
    row = solid[min(max((top + bottom) // 2, 0), height - 1)]
    middle = (left + right) // 2
    reach = round(_BESIDE * wide)
    beside = (row[max(middle - reach, 0) : middle], row[middle : min(middle + reach, width)])
    column = solid[max(top - round(_ABOVE * high), 0) : max(top, 1), middle]
    return not any(bool(side.all()) for side in beside) and not bool(column.all())
