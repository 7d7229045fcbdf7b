"""How true a texture is: the product drawn again from its photo's camera, against the photo.

Figures are taken inside the mask and the product's silhouette together, in two ways. *Relit*: the
base colour times the smooth shading that texturing took out and kept
(:attr:`PhotoView.shading`), which a photo of the product should equal. *Base colour alone*: it
differs from the photo by that shading, as it is meant to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contact_sheet import textures
from ..errors import ParameterError
from ..render.shading import linear_to_srgb

if TYPE_CHECKING:
    from ..outcome import Reconstruction

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

LARGEST = 1024
"""Both pictures are reduced to this many pixels on their longest side before they are compared."""


@dataclass(frozen=True)
class TextureScore:
    """How the re-rendered product compares with its photo.

    Attributes:
        ssim: mean structural similarity of the luminance, relit; 1 is equal.
        delta_e: median CIEDE2000 colour difference, relit; 0 is equal, 1 just noticeable.
        ssim_base, delta_e_base: the same for the base colour without the shading put back.
        covered: share of the mask that the product's silhouette covers; the figures hold there.
    """

    ssim: float
    delta_e: float
    ssim_base: float
    delta_e_base: float
    covered: float


def score_rerender(reconstruction: Reconstruction) -> TextureScore:
    """Score a reconstruction's texture against its own photo.

    Raises:
        ParameterError: the reconstruction keeps no view of its photo, or shares none of its mask.
    """
    textured = reconstruction.textured
    if textured is None or not textured.views:
        raise ParameterError(
            "the reconstruction does not know how its product lies in the photo",
            field="reconstruction.textured",
            expected="a product textured from this photo",
            got="none",
        )
    view = textured.views[0]
    product = reconstruction.product
    factors = {slot: m.base_color[:3] for slot, m in product.materials.items()}
    base, seen = view.draw(textures(product), factors)
    height, width = view.size
    shading = cv2.resize(view.shading, (width, height), interpolation=cv2.INTER_LINEAR)
    mask = reconstruction.mask > 0.5
    inside = mask & seen
    if not inside.any():
        raise ParameterError(
            "the product and the mask do not meet",
            field="reconstruction.mask",
            expected="a mask that the product's silhouette touches",
            got="no common pixel",
        )
    photo = reconstruction.photo.rgb
    relit = linear_to_srgb(base * shading[..., None])
    ssim, delta = compare(photo, relit, inside)
    ssim_base, delta_base = compare(photo, linear_to_srgb(base), inside)
    covered = float(inside.sum() / max(int(mask.sum()), 1))
    return TextureScore(ssim, delta, ssim_base, delta_base, covered)


def compare(photo: U8, picture: U8, inside: Bool) -> tuple[float, float]:
    """Mean SSIM and median CIEDE2000 of two sRGB pictures (h, w, 3) where ``inside`` (h, w)."""
    scale = LARGEST / max(inside.shape)
    weight = inside.astype(np.float32)
    first, second = (p.astype(np.float32) for p in (photo, picture))
    if scale < 1:
        size = (max(round(inside.shape[1] * scale), 1), max(round(inside.shape[0] * scale), 1))
        small = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        # Weighted means, so that nothing outside the region mixes in.
        first, second = (
            cv2.resize(p * weight[..., None], size, interpolation=cv2.INTER_AREA)
            / np.maximum(small, 1e-3)[..., None]
            for p in (first, second)
        )
        inside = small > 0.5
    similarity = ssim_map(luma(first), luma(second), inside)
    lab = [
        cv2.cvtColor(np.clip(p[inside] / 255, 0, 1)[None], cv2.COLOR_RGB2LAB)[0]
        for p in (first, second)
    ]
    different = ciede2000(lab[0].astype(np.float64), lab[1].astype(np.float64))
    return float(similarity[inside].mean()), float(np.median(different))


def luma(rgb: F32) -> F32:
    """(h, w) luma of sRGB 0 to 255 (ITU-R BT.601 weights)."""
    return np.asarray(rgb @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def ssim_map(first: F32, second: F32, inside: Bool, *, peak: float = 255.0) -> F64:
    """Structural similarity in every pixel (h, w), from pixels inside a region alone.

    Wang, Bovik, Sheikh and Simoncelli (2004): Gaussian window of 11 pixels with a deviation of
    1.5, K1 = 0.01, K2 = 0.03. The window's weights are zero outside the region and are scaled to
    sum to 1 within it.
    """
    weight = inside.astype(np.float64)

    def mean(values: F64) -> F64:
        summed = cv2.GaussianBlur(values * weight, (11, 11), 1.5, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(summed / total, np.float64)

    total = np.maximum(
        cv2.GaussianBlur(weight, (11, 11), 1.5, borderType=cv2.BORDER_CONSTANT), 1e-6
    )
    x, y = first.astype(np.float64), second.astype(np.float64)
    mx, my = mean(x), mean(y)
    vx, vy = mean(x * x) - mx * mx, mean(y * y) - my * my
    covariance = mean(x * y) - mx * my
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    top = (2 * mx * my + c1) * (2 * covariance + c2)
    low = (mx * mx + my * my + c1) * (np.maximum(vx, 0) + np.maximum(vy, 0) + c2)
    return np.asarray(top / low, np.float64)


def ciede2000(first: F64, second: F64) -> F64:
    """CIEDE2000 colour differences of CIE L*a*b* colours (..., 3), with kL = kC = kH = 1.

    Sharma, Wu and Dalal (2005), "The CIEDE2000 color-difference formula: implementation notes,
    supplementary test data, and mathematical observations", equations 2 to 22.
    """
    light1, a1, b1 = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    light2, a2, b2 = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    mean7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(mean7 / (mean7 + 25.0**7)))
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = np.hypot(a1, b1), np.hypot(a2, b2)
    hue1, hue2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = chroma1 * chroma2 == 0
    turn = np.where(grey, 0.0, (hue2 - hue1 + 180) % 360 - 180)
    # Sharma's equation 10 keeps a difference of exactly 180 degrees positive.
    turn = np.where((turn == -180) & (hue2 > hue1), 180.0, turn)
    d_light, d_chroma = light2 - light1, chroma2 - chroma1
    d_hue = 2 * np.sqrt(chroma1 * chroma2) * np.sin(np.radians(turn / 2))
    light, chroma = (light1 + light2) / 2, (chroma1 + chroma2) / 2
    total = hue1 + hue2
    far = np.abs(hue1 - hue2) > 180
    hue = np.where(far, np.where(total < 360, total + 360, total - 360), total) / 2
    hue = np.where(grey, total, hue)
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    chroma7 = chroma**7
    rotation = -2 * np.sqrt(chroma7 / (chroma7 + 25.0**7))
    rotation = rotation * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    s_light = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    s_chroma, s_hue = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    x, y, z = d_light / s_light, d_chroma / s_chroma, d_hue / s_hue
    squared = x * x + y * y + z * z + rotation * y * z
    return np.asarray(np.sqrt(np.maximum(squared, 0)), np.float64)
