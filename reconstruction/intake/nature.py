"""Pictures that are no photographs of a product: drawings, screenshots, darkness.

Cheap measures of the whole picture, made on the file's own pixels where they are exact. They say
that something is doubtful and never refuse; each threshold was set on pictures drawn for it and
on photographs that must not be flagged.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_SIDE = 640
_FLAT = 0.55
"""A drawing's share of pixels that differ from their neighbours by next to nothing ..."""
_COLOURS = 24
"""... while this few colours of 16 levels a channel make up nearly all of it."""
_UNIFORM = 0.45
"""A screenshot's share of exactly equal neighbours."""
_LETTERS = 40
"""Small separate strokes of about one height, in lines, that make a text."""
_RULED = 2
"""Exactly straight level or upright edges that make the frames of a screen."""


@dataclass(frozen=True)
class Doubt:
    """Why a picture is hard to trust.

    Attributes:
        kind: ``"drawing"``, ``"screenshot"``, ``"dark"`` or ``"uniform"``.
        note: what a person should read.
        trust: 0 to 1, by which the confidence falls.
    """

    kind: str
    note: str
    trust: float


_DOUBTS = {
    "drawing": Doubt(
        "drawing",
        "The picture looks like a drawing: sizes and cloth cannot be read from it as from a "
        "photo. Give a photograph.",
        0.6,
    ),
    "screenshot": Doubt(
        "screenshot",
        "The picture looks like a screenshot or a page with text: cut the photo of the product "
        "out of it, or give the original.",
        0.7,
    ),
    "dark": Doubt(
        "dark",
        "The picture is almost black: the product hardly stands out. Give it more light.",
        0.6,
    ),
    "uniform": Doubt(
        "uniform",
        "The picture is nearly of one tone: the product hardly stands out from its background.",
        0.6,
    ),
}


def doubts(rgb: U8) -> tuple[Doubt, ...]:
    """What speaks against a picture being a photograph that shows a product.

    Args:
        rgb: (h, w, 3) uint8, as decoded.
    """
    found = []
    tone = _tone(rgb)
    if tone:
        found.append(_DOUBTS[tone])
    elif is_screenshot(rgb):
        found.append(_DOUBTS["screenshot"])
    elif is_drawing(rgb):
        found.append(_DOUBTS["drawing"])
    return tuple(found)


def _tone(rgb: U8) -> str | None:
    """Whether nearly all is black, or all is of one tone."""
    scale = min(1.0, 160 / max(rgb.shape[:2]))
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = small.max(axis=2)
    if float(np.quantile(grey, 0.98)) < 48:
        return "dark"
    low, high = np.quantile(small.reshape(-1, 3).astype(np.float32), (0.02, 0.98), axis=0)
    return "uniform" if float((high - low).max()) < 14 else None


def _sampled(rgb: U8) -> U8:
    """The picture, made smaller without blending colours, for counting them."""
    step = max(1, round(max(rgb.shape[:2]) / _SIDE))
    return np.ascontiguousarray(rgb[::step, ::step])


def is_drawing(rgb: U8) -> bool:
    """Line drawings, sketches on white and flat-coloured cartoons.

    Flat areas of few colours whose borders are lines: dark, and thin. A photo before a bare
    white wall has flat areas, but hundreds of colours in its product.
    """
    small = _sampled(rgb)
    calm = cv2.medianBlur(small, 3)
    span = _span(calm)
    flat = span <= 4
    if float(flat.mean()) < _FLAT:
        return False
    codes = (calm >> 4).astype(np.int32) @ np.array([256, 16, 1])
    shares = np.sort(np.bincount(codes.ravel(), minlength=4096))[::-1] / codes.size
    few = float(shares[:_COLOURS].sum()) > 0.985 and float(shares[0]) > 0.2
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    line = (closed.astype(np.int16) - grey) > 60
    lined = float(line.mean())
    # Lines: what is dark is thin, and what is not a line is flat.
    beside = cv2.dilate(line.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    texture = float((span[beside] > 4).mean()) if beside.any() else 1.0
    return few and 0.004 < lined < 0.35 and texture < 0.06


def is_screenshot(rgb: U8) -> bool:
    """Pages and apps: exactly equal areas, with lines of text or with ruled frames and text."""
    exact = float((_steps(rgb) == 0).mean())
    if exact < _UNIFORM:
        return False
    letters = _letters(rgb)
    return letters >= _LETTERS or (letters >= _LETTERS // 2 and _ruled(rgb) >= _RULED)


def _span(rgb: U8) -> F32:
    """(h, w) largest difference within 3 x 3 pixels over the channels."""
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(rgb, kernel).astype(np.int16) - cv2.erode(rgb, kernel)
    return np.asarray(spread.max(axis=2), np.float32)


def _steps(rgb: U8) -> NDArray[np.int16]:
    """(h, w - 1) largest difference of a pixel to its right neighbour."""
    step = np.abs(np.diff(rgb.astype(np.int16), axis=1)).max(axis=2)
    return np.asarray(step, np.int16)


def _letters(rgb: U8) -> int:
    """Strokes of one height that stand side by side in lines, as letters do."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    most = 0
    for ink in (grey, 255 - grey):
        paper = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
        dark = ((paper.astype(np.int16) - ink) > 70).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        wide, tall = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
        fine = (tall >= 4) & (tall <= 48) & (wide <= 2.5 * tall) & (stats[:, 4] >= 6)
        box = stats[fine]
        if len(box) < 8:
            continue
        # Letters of a line share their foot.
        foot = box[:, cv2.CC_STAT_TOP] + box[:, cv2.CC_STAT_HEIGHT]
        order = np.lexsort((box[:, cv2.CC_STAT_LEFT], foot))
        box, foot = box[order], foot[order]
        count = np.bincount(foot, minlength=rgb.shape[0] + 2)
        lines = np.convolve(count, [1, 1], "same")
        most = max(most, int(count[lines >= 6].sum()))
    return most


def _ruled(rgb: U8) -> int:
    """Level and upright edges that are exactly straight over a third of the picture."""
    found = 0
    for picture in (rgb, np.swapaxes(rgb, 0, 1)):
        edge = np.abs(np.diff(picture.astype(np.int16), axis=0)).max(axis=2) > 8
        lone = edge.copy()
        lone[1:] &= ~edge[:-1]
        found += int((lone.mean(axis=1) > 0.33).sum())
    return found
