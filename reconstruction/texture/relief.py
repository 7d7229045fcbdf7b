"""What a base colour says of the surface: a gentle normal map, roughness, and encoded pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

QUALITY = 90
"""JPEG quality of base colours and normal maps, without chroma subsampling."""
_SLOPE = 0.25
"""Steepest slope of a normal map: detail is hinted at, not carved."""
_BAND = (0.8, 4.0)
"""Deviations of the blurs, in texels of the half-sized map, between which detail is relief."""
_WIDE = 31
"""Texels over which the strength of detail is judged."""
_GAIN = 0.006
"""Slope per sRGB step and texel."""


def normal_map(image: U8, worn: Bool) -> bytes | None:
    """A tangent-space normal map at half the size of a base colour, or None if it says nothing.

    Darker is taken for deeper, within a band of sizes: grain, weave and stitches, but neither
    noise below it nor light and pattern above it. What of the band the picture's noise explains
    (Immerkaer 1996) is taken off; where that is all, there is no relief. Print is flat: where
    colour changes along with lightness little is left, and strong steps are held back.

    Args:
        image: (h, w, 3) uint8 sRGB.
        worn: (h, w) texels that a mesh wears.

    Returns:
        JPEG bytes in glTF's convention: red along +U, green along -V of the picture.
    """
    size = (max(image.shape[1] // 2, 1), max(image.shape[0] // 2, 1))
    reduced = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY)
    inside = cv2.resize(worn.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    if inside.sum() < 400:
        return None
    noise = _noise(small, inside)
    band = cv2.GaussianBlur(small, (0, 0), _BAND[0]) - cv2.GaussianBlur(small, (0, 0), _BAND[1])
    # White noise of deviation s leaves s / (2 sqrt(pi) sigma) behind a Gaussian blur.
    floor = noise / (2 * np.sqrt(np.pi) * _BAND[0])
    wide = (_WIDE, _WIDE)
    local = cv2.blur(band * band, wide)
    true = np.sqrt(np.clip(1 - 1.5 * floor * floor / np.maximum(local, 1e-6), 0, 1))
    # Where colour changes along with light it is print, which is flat.
    tint = reduced[..., 0] - reduced[..., 2]
    hue = cv2.GaussianBlur(tint, (0, 0), _BAND[0]) - cv2.GaussianBlur(tint, (0, 0), _BAND[1])
    coloured = cv2.blur(hue * hue, wide)
    true = true / (1 + coloured / np.maximum(0.1 * local, 1e-3))
    usual = float(np.median(np.abs(band[inside]))) * 1.4826 + 0.2
    height = (np.clip(band, -2.5 * usual, 2.5 * usual) * true).astype(np.float32)
    if float(np.sqrt((height[inside] ** 2).mean())) < 0.5:
        return None
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    gain = _GAIN * 8
    slope_x, slope_y = (np.clip(g * gain, -_SLOPE, _SLOPE) * inside for g in (across, down))
    out = np.empty((*small.shape, 3), np.float32)
    out[..., 0], out[..., 1], out[..., 2] = -slope_x, slope_y, 1.0
    out /= np.sqrt(1 + slope_x**2 + slope_y**2)[..., None]
    return encode((out * 127.5 + 128).astype(np.uint8))


def _noise(grey: F32, inside: Bool) -> float:
    """Deviation of a picture's noise, from a median of second differences that flat areas cancel.

    Immerkaer (1996), "Fast noise variance estimation", with the median for its mean so that
    texture counts less.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))[inside]
    return float(np.median(response)) * 1.4826 / 6


def roughness(linear: F32, usual: float) -> float:
    """A guess of glTF's roughness from highlights, 0.25 to 0.95.

    Bright, colourless spots far above a surface's usual luminance are highlights; each hundredth
    of the surface beyond the first takes 0.03 from what is usual for the material.

    Args:
        linear: (k, 3) linear RGB as photographed, of one material, where it is well seen.
        usual: roughness of such a material without any sign of gloss.
    """
    if len(linear) < 400:
        return usual
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    colourless = np.ptp(linear, axis=1) < 0.25 * linear.max(axis=1) + 0.02
    bright = luminance > 2.2 * np.median(luminance) + 0.05
    share = float((bright & colourless).mean())
    return float(np.clip(usual - 3.0 * max(share - 0.01, 0.0), 0.25, 0.95))


def looks_metallic(linear: F32) -> bool:
    """Whether a slot that is called metal is bare metal in the photo, not lacquered.

    Bare metal mirrors its surroundings: much contrast within one part, no colour of its own, and
    both glare and darkness. Lacquer has one colour. Only a clear case counts.

    Args:
        linear: (k, 3) linear RGB as photographed, of one material, where it is well seen.
    """
    if len(linear) < 400:
        return False
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    low, middle, high = np.percentile(luminance, (5, 50, 95))
    tint = np.median(np.ptp(linear, axis=1) / np.maximum(linear.max(axis=1), 1e-3))
    return bool(tint < 0.12 and high > 3.0 * max(low, 0.01) and middle > 0.08)


def encode(image: U8) -> bytes:
    """JPEG bytes of an opaque picture (h, w, 3) uint8 RGB."""
    flags = [
        cv2.IMWRITE_JPEG_QUALITY,
        QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)[1])
