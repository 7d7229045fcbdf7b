"""The wrist menu as a picture, drawn by Pillow; no engine here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .caption import font, wrap
from .menu import HEIGHT, WIDTH, Button, Sheet

_BOARD = (43, 38, 34, 236)
_PLAIN, _ON, _LIT = (74, 66, 59, 255), (122, 96, 62, 255), (201, 143, 78, 255)
_INK = (255, 250, 242, 255)


class Board:
    """Draws sheets; the same object again as long as nothing on them has changed."""

    def __init__(self) -> None:
        self._sheet: Sheet | None = None
        self._lit = -1
        self._plain: NDArray[np.uint8] = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        self._picture = self._plain

    def picture(self, sheet: Sheet, lit: int = -1) -> NDArray[np.uint8]:
        """(HEIGHT, WIDTH, 4) uint8 of a sheet with one button lit."""
        lit = lit if lit < len(sheet.buttons) else -1
        if self._sheet != sheet:
            self._sheet, self._lit = sheet, -1
            self._plain = self._picture = draw(sheet)
        if self._lit != lit:
            self._lit = lit
            self._picture = lightened(self._plain, sheet, lit) if lit >= 0 else self._plain
        return self._picture


def lightened(plain: NDArray[np.uint8], sheet: Sheet, lit: int) -> NDArray[np.uint8]:
    """A drawn sheet with one button lit; only that button is drawn anew."""
    from PIL import Image, ImageDraw

    x, y, w, h = sheet.buttons[lit].rect
    image = Image.new("RGBA", (w, h), _BOARD)
    _button(ImageDraw.Draw(image), replace(sheet.buttons[lit], rect=(0, 0, w, h)), lit=True)
    found = plain.copy()
    found[y : y + h, x : x + w] = np.asarray(image)
    return found


def draw(sheet: Sheet) -> NDArray[np.uint8]:
    """A sheet, (HEIGHT, WIDTH, 4) uint8."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, WIDTH - 1, HEIGHT - 1), 28, fill=_BOARD)
    for bar in sheet.bars:
        x, y, w, h = bar.rect
        if bar.share < 1.0:
            pen.rounded_rectangle((x, y, x + w - 1, y + h - 1), h // 2, fill=_PLAIN)
        filled = max(h, round(w * bar.share))
        radius = h // 2 if bar.share < 1.0 else 0
        pen.rounded_rectangle((x, y, x + filled - 1, y + h - 1), radius, fill=(*bar.color, 255))
    for button in sheet.buttons:
        _button(pen, button, lit=False)
    for line in sheet.lines:
        face, step = font(line.size), round(line.size * 1.3)
        rows = wrap(line.text, line.size, line.width)
        for k, row in enumerate(rows[: max(1, (HEIGHT - line.y) // step)]):
            pen.text((line.x, line.y + k * step), row, font=face, fill=(*line.color, 255))
    return np.asarray(image)


def _button(draw: object, button: Button, *, lit: bool) -> None:
    from PIL import ImageDraw

    assert isinstance(draw, ImageDraw.ImageDraw)
    x, y, w, h = button.rect
    box = (x, y, x + w - 1, y + h - 1)
    if button.color is not None:
        draw.rounded_rectangle(box, 12, fill=(*button.color, 255))
        rim = _LIT if lit else _INK if button.on else (20, 18, 16, 255)
        draw.rounded_rectangle(box, 12, outline=rim, width=5 if lit or button.on else 2)
        return
    draw.rounded_rectangle(box, 14, fill=_LIT if lit else _ON if button.on else _PLAIN)
    if button.on:
        draw.rounded_rectangle(box, 14, outline=_LIT, width=3)
    size = 27
    while size > 16 and font(size).getlength(button.label) > w - 14:
        size -= 1
    draw.text((x + w / 2, y + h / 2), button.label, font=font(size), fill=_INK, anchor="mm")
