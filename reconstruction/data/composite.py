"""Put a cut-out product into a scene as a phone or a studio camera would see it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .textures import F32, Rng

U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph-like picture with its truth.

    Attributes:
        rgb: (h, w, 3) uint8.
        mask: (h, w) uint8: 255 product, 0 background, 128 unknown.
    """

    rgb: U8
    mask: U8


def place(sprite: U8, matrix: NDArray[np.float64], size: int) -> tuple[F32, F32]:
    """Warp an RGBA sprite.

    Args:
        sprite: (h, w, 4) uint8, straight alpha.
        matrix: (2, 3) from sprite pixels to picture pixels.

    Returns:
        (size, size, 3) float32 colours of 0 to 1 and (size, size) float32 alpha.
    """
    warped = cv2.warpAffine(sprite[..., :3], matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(sprite[..., 3], matrix, (size, size))
    return warped.astype(np.float32) / 255, alpha.astype(np.float32) / 255


def random_placement(
    rng: Rng, shape: tuple[int, int], box: tuple[float, float, float, float], size: int, turn: float
) -> NDArray[np.float64]:
    """(2, 3) matrix that puts the box (x0, y0, x1, y1) of a sprite somewhere into the picture.

    Args:
        turn: deviation of the rotation, radians.
    """
    x0, y0, x1, y1 = box
    fill = rng.uniform(0.45, 0.98)
    scale = fill * size / max(x1 - x0, y1 - y0, 1.0)
    angle = float(rng.normal(0, turn))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    stretch = rng.uniform(0.88, 1.14)
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[c * flip * stretch, -s], [s * flip * stretch, c]])
    slack = (1 - fill) * size / 2
    middle = np.array([size / 2, size / 2]) + rng.uniform(-1, 1, 2) * slack
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    return np.concatenate([linear, (middle - linear @ centre)[:, None]], axis=1)


def with_shadow(rng: Rng, ground: F32, alpha: F32) -> F32:
    """The ground with a soft shadow of ``alpha`` (h, w) on it, sometimes none."""
    if rng.random() < 0.25:
        return ground
    size = alpha.shape[0]
    reach = rng.uniform(0, 0.06) * size
    angle = rng.uniform(0, 2 * np.pi)
    shift = np.array([[1, 0, reach * np.cos(angle)], [0, 1, reach * np.sin(angle)]])
    moved = cv2.warpAffine(alpha, shift, (size, size))
    soft = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.005, 0.05) * size + 0.3)
    return np.asarray(ground * (1 - rng.uniform(0.08, 0.6) * soft)[..., None], np.float32)


def pale(rng: Rng, colours: F32, alpha: F32) -> F32:
    """The product in a near-white version, for white goods on white."""
    inside = alpha > 0.5
    dark = float((1 - colours)[inside].mean()) if inside.any() else 0.5
    return np.asarray(1 - (1 - colours) * rng.uniform(0.04, 0.16) / max(dark, 0.05), np.float32)


def photograph(rng: Rng, picture: F32) -> U8:
    """Exposure, cast, blur, sensor noise and JPEG compression; (h, w, 3) uint8."""
    gain = rng.uniform(0.7, 1.25) * (1 + rng.normal(0, 0.05, 3))
    curve = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.75, 1.3) * gain
    table = (np.clip(curve, 0, 1) * 255 + 0.5).astype(np.uint8)[None]
    rgb = cv2.LUT((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8), table)
    if rng.random() < 0.4:
        rgb = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.3, 1.2))
    if rng.random() < 0.6:
        grain = rng.standard_normal(rgb.shape, np.float32)
        rgb = cv2.add(rgb, grain * np.float32(rng.uniform(0.5, 7.5)), dtype=cv2.CV_8U)
    if rng.random() < 0.4:
        quality = int(rng.integers(30, 95))
        _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
        rgb = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(rgb, np.uint8)


def compose(rng: Rng, colours: F32, alpha: F32, ground: F32) -> Scene:
    """A product over a ground, with shadow and camera."""
    if rng.random() < 0.12:
        colours = pale(rng, colours, alpha)
        ground = np.clip(1 - (1 - ground) * rng.uniform(0.0, 0.15), 0, 1).astype(np.float32)
    behind = with_shadow(rng, ground, alpha)
    mixed = colours * alpha[..., None] + behind * (1 - alpha[..., None])
    mask = np.where(alpha > 0.7, 255, np.where(alpha < 0.3, 0, 128)).astype(np.uint8)
    return Scene(photograph(rng, mixed), mask)
