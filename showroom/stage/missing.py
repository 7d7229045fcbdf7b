"""What stands where a product should be that cannot be shown: a stand with a sign."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from reconstruction.product import Material

from .caption import font
from .model import Model, Primitive

WIDTH, HEIGHT, FOOT = 0.42, 0.56, 0.75
"""Of the sign, and how high it stands, metres."""


@lru_cache(maxsize=1)
def missing_model() -> Model:
    """A sign with a question mark on a pole, seen from both sides."""
    w, pole = WIDTH / 2, 0.018
    sign = _card(-w, w, FOOT, FOOT + HEIGHT, 0.02)
    back = [(-x, y, -z) for x, y, z in sign]
    stick = [(s * x, y, s * z) for s in (1, -1) for x, y, z in _card(-pole, pole, 0.0, FOOT, 0.004)]
    base = [(s * x, y, s * z) for s in (1, -1) for x, y, z in _card(-0.16, 0.16, 0.0, 0.03, 0.1)]
    lid = [(-0.16, 0.03, 0.1), (0.16, 0.03, 0.1), (0.16, 0.03, -0.1), (-0.16, 0.03, -0.1)]
    quads = [*sign, *back, *stick, *base, *lid]
    positions = np.array(quads, np.float32)
    count = len(quads) // 4
    starts = 4 * np.arange(count, dtype=np.int32)[:, None]
    pairs = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    faces = (starts[:, None, :] + pairs[None]).reshape(-1, 3).astype(np.int32)
    a, b, c = (positions[faces[::2, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    uv = np.tile(np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32), (count, 1))
    return Model(
        positions,
        np.repeat(normals, 4, axis=0).astype(np.float32),
        uv,
        np.arange(len(positions), dtype=np.int32),
        (
            Primitive(faces[:4], Material(texture=_sign(), roughness=0.7), "sign"),
            Primitive(faces[4:], Material(base_color=(0.05, 0.05, 0.055, 1.0)), "pole"),
        ),
    )


def _card(
    left: float, right: float, low: float, high: float, z: float
) -> list[tuple[float, float, float]]:
    return [(left, low, z), (right, low, z), (right, high, z), (left, high, z)]


def _sign() -> bytes:
    image = Image.new("RGB", (384, 512), (238, 232, 220))
    draw = ImageDraw.Draw(image)
    draw.rectangle((14, 14, 369, 497), outline=(168, 74, 52), width=8)
    draw.text((192, 215), "?", font=font(300), fill=(168, 74, 52), anchor="mm")
    draw.text((192, 410), "missing", font=font(52), fill=(70, 60, 52), anchor="mm")
    draw.text((192, 460), "暂缺", font=font(44), fill=(70, 60, 52), anchor="mm")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
