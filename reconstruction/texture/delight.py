"""Taking the light out of a photo: an estimate of its smooth shading, as a scalar per pixel.

A photo is taken as base colour times a grey light. The light is found in two steps, either of
which may be used alone: what the surface's direction explains (:func:`light_by_normal`), and what
varies slowly over the picture without a change of colour (:func:`smooth_light`). Both only ever
scale a pixel, so hues and chromaticities stay as they are.
"""

from __future__ import annotations

import cv2
import numba as nb
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Bool = NDArray[np.bool_]

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of linear sRGB (ITU-R BT.709)."""

_SIDE = 128
"""The smooth light is solved on a picture of this many pixels."""
_LIGHT_EDGE = 0.10
"""A step of log luminance between two of its pixels from which on it is taken for paint."""
_COLOUR_EDGE = 0.045
"""The same for the logarithms of R/G and B/G: light changes them little, dyes much."""
_ANCHORED = 0.5
"""Log luminance from a region's usual one up to which a pixel is of its usual paint."""
_FLOOR = 0.004
_LIMIT = 0.7


def smooth_light(linear: F32, region: I32, *, reach: float = 0.04, anchor: float = 1e-5) -> F32:
    """The slowly varying light on a product, by colour Retinex.

    Steps of luminance that are small and without a step of chromaticity are taken for light, all
    others for paint (Grosse, Johnson, Adelson and Freeman 2009); the light is the surface whose
    steps are these, in the least squares sense.

    Args:
        linear: (h, w, 3) linear RGB.
        region: (h, w) int32, -1 off the product; light is smoothed within each number alone and
            may jump from one to the next.
        reach: what the light is smoothed over, as a share of the picture's longer side.
        anchor: how far a region's usual luminance is taken for its paint everywhere, against a
            pixel's steps to its neighbours. Little for cloth with prints; more where each region
            is one material in several pieces, whose levels no common border compares.

    Returns:
        (h, w) float32, natural logarithm of the light; its median over the product is 0.
    """
    height, width = region.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(round(width * scale), 2), max(round(height * scale), 2))
    inside = (region >= 0).astype(np.float32)
    share = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(linear * inside[..., None], size, interpolation=cv2.INTER_AREA)
    small /= np.maximum(share, 1e-3)[..., None]
    label = cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    label = np.where(share > 0.5, label, -1).astype(np.int32)
    if not (label >= 0).any():
        return np.zeros((height, width), np.float32)
    logs = np.log(small + _FLOOR)
    luminance = np.log(small @ LUMINANCE + _FLOOR)
    usual = np.zeros_like(luminance)
    for number in np.unique(label[label >= 0]):
        usual[label == number] = np.median(luminance[label == number])
    away = (luminance - usual).astype(np.float32)
    red, blue = logs[..., 0] - logs[..., 1], logs[..., 2] - logs[..., 1]
    solved = _solve(luminance, red, blue, away, label, np.float32(anchor))
    smoothed = np.zeros_like(solved)
    sigma = max(reach * max(size), 0.6)
    total = np.zeros_like(solved)
    for number in np.unique(label[label >= 0]):
        here = (label == number).astype(np.float32)
        weight = cv2.GaussianBlur(here, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        value = cv2.GaussianBlur(solved * here, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        smoothed += np.where(here > 0, value / np.maximum(weight, 1e-6), 0)
        total += here
    smoothed -= np.median(smoothed[label >= 0])
    smoothed = np.clip(smoothed, -_LIMIT, _LIMIT)
    # Carried over the border by its neighbours, so that enlarging does not fade it there.
    near = cv2.GaussianBlur(total, (0, 0), 1.5)
    spread = cv2.GaussianBlur(smoothed * total, (0, 0), 1.5) / np.maximum(near, 1e-3)
    smoothed = np.where(total > 0, smoothed, spread).astype(np.float32)
    return np.asarray(cv2.resize(smoothed, (width, height), interpolation=cv2.INTER_LINEAR))


@nb.njit(cache=True, nogil=True)
def _solve(luminance: F32, red: F32, blue: F32, away: F32, label: I32, anchor: float) -> F32:
    """Successive over-relaxation on the graph of neighbouring pixels of the product."""
    height, width = label.shape
    step = np.zeros((2, height, width), np.float32)
    weight = np.zeros((2, height, width), np.float32)
    for y in range(height):
        for x in range(width):
            for axis in range(2):
                v, u = (y, x + 1) if axis == 0 else (y + 1, x)
                if v >= height or u >= width or label[y, x] < 0 or label[v, u] < 0:
                    continue
                rise = luminance[v, u] - luminance[y, x]
                tint = abs(red[v, u] - red[y, x]) + abs(blue[v, u] - blue[y, x])
                if label[y, x] != label[v, u]:
                    weight[axis, y, x] = 0.002
                elif abs(rise) > _LIGHT_EDGE or tint > _COLOUR_EDGE:
                    weight[axis, y, x] = 0.3
                else:
                    weight[axis, y, x] = 1.0
                    step[axis, y, x] = rise
    out = np.zeros((height, width), np.float32)
    for _ in range(240):
        for y in range(height):
            for x in range(width):
                if label[y, x] < 0:
                    continue
                total, top = np.float32(1e-5), np.float32(0.0)
                if abs(away[y, x]) < _ANCHORED:
                    total += anchor
                    top += anchor * away[y, x]
                if x + 1 < width:
                    w = weight[0, y, x]
                    total += w
                    top += w * (out[y, x + 1] - step[0, y, x])
                if x > 0:
                    w = weight[0, y, x - 1]
                    total += w
                    top += w * (out[y, x - 1] + step[0, y, x - 1])
                if y + 1 < height:
                    w = weight[1, y, x]
                    total += w
                    top += w * (out[y + 1, x] - step[1, y, x])
                if y > 0:
                    w = weight[1, y - 1, x]
                    total += w
                    top += w * (out[y - 1, x] + step[1, y - 1, x])
                out[y, x] += np.float32(1.95) * (top / total - out[y, x])
    return out


def light_by_normal(
    luminance: F32, normal: F32, chosen: Bool, group: I32, count: int, *, samples: int = 12000
) -> F32:
    """The light that the surface's direction explains, per group of one material.

    The logarithm of the luminance is fitted by a quadratic of the normal, which is what distant
    soft light does on a matt surface (Ramamoorthi and Hanrahan 2001).

    Args:
        luminance: (k,) linear.
        normal: (k, 3) unit vectors.
        chosen: (k,) whether a pixel is sure enough to be fitted to.
        group: (k,) int32, 0 to ``count`` - 1.

    Returns:
        (k,) float32, natural logarithm; the median over each group is 0.
    """
    out = np.zeros(len(luminance), np.float32)
    for number in range(count):
        here = np.flatnonzero(group == number)
        fit = here[chosen[here]]
        if len(fit) < 200:
            continue
        fit = fit[:: max(1, len(fit) // samples)]
        basis = _quadratic(normal[fit])
        target = np.log(np.maximum(luminance[fit], 1e-3)).astype(np.float64)
        damping = np.diag([1e-3] + [len(fit) * 0.02] * 8)
        weight: F64 = np.ones(len(fit))
        coefficients: F64 = np.zeros(9)
        for _ in range(3):  # Huber weights: knots, prints and highlights pull less
            weighted = basis * weight[:, None]
            centre = float(np.average(target, weights=weight))
            right = weighted.T @ (target - centre)
            coefficients = np.linalg.solve(weighted.T @ basis + damping, right).astype(np.float64)
            error = np.abs(target - centre - basis @ coefficients)
            scale = 1.5 * max(float(np.median(error)), 1e-3)
            weight = np.minimum(1.0, scale / np.maximum(error, 1e-9)).astype(np.float64)
        smooth = _quadratic(normal[here]) @ coefficients
        middle = np.median(basis @ coefficients)
        out[here] = np.clip(smooth - middle, -_LIMIT, _LIMIT)
    return out


def _quadratic(normal: F32) -> F64:
    x, y, z = normal.astype(np.float64).T
    one = np.ones_like(x)
    return np.stack([one, x, y, z, x * y, y * z, x * z, z * z - 1 / 3, x * x - y * y], axis=1)
