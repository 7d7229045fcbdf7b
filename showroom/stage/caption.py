"""Captions of what was heard and answered, drawn by Pillow; no engine here."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FONTS = Path(__file__).resolve().parents[2] / "assets" / "fonts"
_FALLBACKS = ("DejaVuSans.ttf", "Arial Unicode.ttf", "Arial.ttf")


@lru_cache(maxsize=32)
def font(size: int) -> Any:
    """The caption font at a pixel size: the shipped one, which has Latin and Chinese."""
    from PIL import ImageFont

    for path in sorted(FONTS.glob("*.otf")) + sorted(FONTS.glob("*.ttf")):
        return ImageFont.truetype(str(path), size)
    for name in _FALLBACKS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


class Caption:
    """The last sentence heard, the last answer, and a prompt such as what is being typed."""

    def __init__(self) -> None:
        self.lines: tuple[str, str] = ("", "")
        self.prompt = ""
        self._key: tuple[object, ...] = ()
        self._picture: NDArray[np.uint8] | None = None

    def heard(self, text: str) -> None:
        """A sentence of the visitor; the answer to the one before goes."""
        self.lines = (text, "")

    def answered(self, text: str) -> None:
        """The showroom's answer."""
        self.lines = (self.lines[0], text)

    def clear(self) -> None:
        """Show nothing."""
        self.lines = ("", "")

    def picture(self, width: int) -> NDArray[np.uint8] | None:
        """(h, w, 4) uint8 for a frame ``width`` pixels wide, or None; the same object until
        the text changes.
        """
        key = (self.lines, self.prompt, width)
        if key != self._key:
            self._key = key
            any_text = any((*self.lines, self.prompt))
            self._picture = bar(*self.lines, width, self.prompt) if any_text else None
        return self._picture


def wrap(text: str, size: int, width: int) -> list[str]:
    """Break text into lines that fit, between words or between Chinese characters."""
    face = font(size)
    lines, line, word = [], "", ""
    for char in [*text, " "]:
        word += char
        if char == " " or ord(char) > 0x2E7F:
            if face.getlength((line + word).rstrip()) > width and line:
                lines.append(line.rstrip())
                line = ""
            line, word = line + word, ""
    lines.append(line.rstrip())
    return [x for x in lines if x]


def bar(heard: str, answered: str, width: int, prompt: str = "") -> NDArray[np.uint8]:
    """A rounded dark bar: heard, answered, being typed; (h, w, 4) uint8."""
    from PIL import Image, ImageDraw

    size = max(13, width // 46)
    inner = int(width * 0.74)
    rows = [(line, (255, 255, 255, 255)) for line in wrap(f"“{heard}”", size, inner) if heard]
    rows += [(line, (255, 214, 150, 255)) for line in wrap(answered, size, inner) if answered]
    rows += [(line, (190, 190, 190, 255)) for line in wrap(prompt, size, inner) if prompt]
    face = font(size)
    step, pad = int(size * 1.45), int(size * 0.7)
    used = int(max((face.getlength(line) for line, _ in rows), default=0.0)) + 2 * pad + size
    image = Image.new("RGBA", (used, step * len(rows) + 2 * pad), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, used - 1, image.height - 1), size, fill=(18, 16, 14, 190))
    for k, (line, color) in enumerate(rows):
        x = (used - face.getlength(line)) / 2
        draw.text((x, pad + k * step + step / 2), line, font=face, fill=color, anchor="lm")
    return np.asarray(image)
