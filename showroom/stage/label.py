"""Small plates with words, drawn by Pillow; no engine here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .caption import font

SIZE = 44
"""Height of a line's letters on a plate, pixels."""


@lru_cache(maxsize=64)
def picture(lines: tuple[str, ...]) -> NDArray[np.uint8]:
    """A rounded plate: the first line white, others warm; (h, w, 4) uint8."""
    from PIL import Image, ImageDraw

    face, pad, step = font(SIZE), SIZE // 2, round(SIZE * 1.25)
    width = round(max((face.getlength(line) for line in lines), default=0)) + 2 * pad
    height = step * len(lines) + pad
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), SIZE // 2, fill=(24, 21, 19, 205))
    for k, line in enumerate(lines):
        ink = (255, 255, 255, 255) if k == 0 else (255, 214, 150, 255)
        y = pad / 2 + k * step + step / 2
        pen.text((width / 2, y), line, font=face, fill=ink, anchor="mm")
    return np.asarray(image)
