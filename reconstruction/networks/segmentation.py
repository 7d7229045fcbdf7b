"""Photo to mask: a small U-Net finds the product, colours of a narrow band find its true edge.

The network sees the whole photo, then twice more the part that holds the product. Its outline is
right to about one part in a hundred; GrabCut (Rother et al., 2004) in a band along it and wherever
the network is not sure, kept only where both agree, and a guided filter (He et al., 2010) make it
follow the photo's own edges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from .unet import UNet
from .weights import FOLDER, fill, load_weights

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

WEIGHTS = FOLDER / "segmentation.safetensors"
WORK = 512
"""Longer side, in pixels, of the picture on which the edge is refined."""
LOOKS = ((160, 0.35), (256, 0.4))
"""Sides of the squares in which the network takes its second, closer look, and their weights; the
first look has the rest. The coarser one keeps broad fronts whole, the finer one finds legs."""
_WHOLE = ((256, 0.5),)
"""The same where the product fills the picture, which the first look has seen at its own scale."""
_SURE = 0.95
"""Inside the outline colours decide where the network is less sure than this."""


@dataclass(frozen=True, eq=False)
class Mask:
    """Where the product is.

    Attributes:
        soft: (h, w) float32, 0 outside to 1 inside, with soft edges.
        confidence: 0 to 1, that a product is there and this is its outline.
        source: ``"alpha"`` the photo's own transparency, ``"network"`` otherwise.
        presence: 0 to 1, that a product is there, whatever its outline.
    """

    soft: F32
    confidence: float
    source: Literal["alpha", "network"] = "network"
    presence: float = 1.0

    @property
    def hard(self) -> Bool:
        """(h, w) bool."""
        return self.soft > 0.5

    @property
    def area(self) -> float:
        """Share of the photo that the product covers."""
        return float(self.hard.mean())


def segment(rgb: U8, alpha: U8 | None = None, *, weights: Path | None = None) -> Mask:
    """The product in a photo.

    Args:
        rgb: (h, w, 3) uint8.
        alpha: (h, w) uint8 transparency of the photo; taken as the mask where it is meaningful,
            that is, where it cuts something out.
        weights: other weights than those shipped.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    if alpha is not None and meaningful(alpha):
        return Mask(np.asarray(alpha / 255, np.float32), 0.99, "alpha")
    height, width = rgb.shape[:2]
    scale = min(1.0, WORK / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    work = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    net, side = _network(weights or WEIGHTS)
    coarse, present = probability(net, work, side)
    fine, again = _second_look(net, work, coarse)
    body = tidy(fine > 0.5)
    if not body.any():
        return Mask(np.zeros((height, width), np.float32), 0.0, presence=0.0)
    refined, agreement = refine(work, fine, body)
    soft = guided(work, refined, max(2, round(0.006 * max(size))))
    inside = float(fine[body].mean())
    confidence = float(np.clip(present * inside * agreement, 0, 1))
    # Both looks have to see something, and to be sure of what they take for its inside.
    presence = float(np.clip(math.sqrt(present * (present if again is None else again)), 0, 1))
    if scale < 1.0:
        soft = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC))
    return Mask(np.clip(soft, 0, 1).astype(np.float32), confidence, presence=presence * inside)


def meaningful(alpha: U8) -> bool:
    """Whether an alpha channel (h, w) cuts a product out: part of it clear, part of it opaque."""
    clear, opaque = float((alpha < 16).mean()), float((alpha > 239).mean())
    return clear > 0.02 and opaque > 0.01


@cache
def _network(path: Path) -> tuple[UNet, int]:
    state, header = load_weights(path)
    net = UNet(tuple(header.get("widths", ())))
    fill(net, state, path.name)
    return net.to(memory_format=torch.channels_last), int(header["size"])


def probability(net: UNet, rgb: U8, side: int) -> tuple[F32, float]:
    """What the network sees, as it is and mirrored.

    Args:
        rgb: (h, w, 3) uint8; squeezed into a square of ``side``.

    Returns:
        (h, w) float32 probability of each pixel, and that of any product being there.
    """
    square = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(np.stack([square, square[:, ::-1]]).copy())
    x = x.permute(0, 3, 1, 2).float() / 255 - 0.5
    with torch.inference_mode():
        logits, present = net(x.contiguous(memory_format=torch.channels_last))
    both = torch.sigmoid(logits[:, 0]).numpy()
    mean = (both[0] + both[1][:, ::-1]) / 2
    size = (rgb.shape[1], rgb.shape[0])
    full = np.clip(cv2.resize(mean, size, interpolation=cv2.INTER_CUBIC), 0, 1)
    return np.asarray(full, np.float32), float(torch.sigmoid(present).mean())


def _second_look(net: UNet, rgb: U8, coarse: F32) -> tuple[F32, float | None]:
    """The probability again, from the part of the picture that holds the product.

    Returns:
        (h, w) float32, and the probability of any product being in that part; None where nothing
        was found.
    """
    body = tidy(coarse > 0.5)
    if not body.any():
        return coarse, None
    height, width = body.shape
    ys, xs = np.nonzero(body)
    pad = 0.12 * max(np.ptp(ys), np.ptp(xs)) + 4
    top, bottom = max(0, int(ys.min() - pad)), min(height, int(ys.max() + pad) + 1)
    left, right = max(0, int(xs.min() - pad)), min(width, int(xs.max() + pad) + 1)
    fills = (bottom - top) * (right - left) > 0.85 * height * width
    window = np.s_[:, :] if fills else np.s_[top:bottom, left:right]
    sides = _WHOLE if fills else LOOKS
    looks = [(weight, *probability(net, rgb[window], side)) for side, weight in sides]
    rest = 1 - sum(weight for weight, _, _ in looks)
    out = np.minimum(coarse, 0.3)
    out[window] = rest * coarse[window] + sum(weight * near for weight, near, _ in looks)
    return np.asarray(out, np.float32), float(np.mean([there for _, _, there in looks]))


def tidy(mask: Bool, least: float = 0.06) -> Bool:
    """Drop crumbs and pinholes.

    Args:
        mask: (h, w) bool.
        least: components smaller than this share of the largest go.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 1:
        return mask
    area = stats[1:, cv2.CC_STAT_AREA]
    keep = np.concatenate([[False], area >= least * area.max()])
    body = keep[labels]
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~body).astype(np.uint8), None, 4)
    small = stats[:, cv2.CC_STAT_AREA] < 0.0008 * mask.size
    small[0] = False
    result: Bool = body | small[labels]
    return result


def open_gaps(rgb: U8, mask: Mask) -> Mask:
    """The mask of furniture with the gaps opened through which a calm background shows.

    For products with holes, such as a chair's slatted back; a garment printed in the colour of
    its background would lose its print. Photos' own transparency is left as it is.

    Args:
        rgb: (h, w, 3) uint8.
    """
    if mask.source == "alpha":
        return mask
    height, width = rgb.shape[:2]
    scale = min(1.0, 2 * WORK / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    work = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    body = cv2.resize(mask.soft, size, interpolation=cv2.INTER_AREA) > 0.5
    # Bars thinner than the network sees are lost with the gaps between them: close all, then open
    # only what shows the background.
    whole = enclosed(body)
    rest = see_through(work, whole)
    if rest.sum() == whole.sum():
        return mask
    opened = cv2.resize(rest.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = cv2.resize(whole.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    closed = np.maximum(mask.soft, np.where(inside > 0.99, opened, 0.0))
    soft = np.clip(closed - np.clip(inside - opened, 0, 1), 0, 1)
    return replace(mask, soft=np.asarray(soft, np.float32))


def enclosed(body: Bool) -> Bool:
    """A mask (h, w) with all its holes closed."""
    closed = np.pad(body, 1).astype(np.uint8)
    cv2.floodFill(closed, None, (0, 0), 2)
    return np.asarray(closed[1:-1, 1:-1] != 2)


def see_through(rgb: U8, body: Bool) -> Bool:
    """What is left of a mask (h, w) without the parts that look like a calm background.

    The background outside is modelled as a smooth surface in CIELAB; where it is no such surface,
    or next to nothing would be left, the mask comes back as it is.
    """
    height, width = body.shape
    if not body.any() or min(height, width) < 32:
        return body
    reach = max(3, round(0.015 * max(height, width)))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    outside = cv2.dilate(body.astype(np.uint8), kernel) == 0
    if outside.mean() < 0.08:
        return body
    apart = _from_surface(rgb, outside)
    calm = float(np.quantile(apart[outside], 0.8))
    if calm > 5.0:
        return body
    limit = max(4.0, 1.8 * calm)
    like = (body & (apart < limit)).astype(np.uint8)
    like = cv2.morphologyEx(like, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(like, None, 4)
    gaps = stats[:count, cv2.CC_STAT_AREA] >= 2e-4 * body.size
    gaps[0] = False
    gap = gaps[labels]
    # Blur and compression smear the product's colour into a gap's rim.
    rim = cv2.dilate(gap.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    typical = float(np.median(apart[body & ~gap])) if (body & ~gap).any() else 0.0
    gap |= rim & body & (apart < max(2.0 * limit, 0.5 * typical))
    rest = body & ~gap
    if not gap.any() or rest.sum() < 0.25 * body.sum():
        return body
    if float(np.median(apart[rest])) < 2.5 * limit:
        return body
    return np.asarray(rest)


def _from_surface(rgb: U8, outside: Bool) -> F32:
    """(h, w) distance in CIELAB from a quadratic surface fitted to the pixels ``outside``.

    Lightness weighs half: what is seen through a product often lies in its shade.
    """
    height, width = outside.shape
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 0.6), cv2.COLOR_RGB2LAB).astype(np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    x = np.linspace(-1, 1, width, dtype=np.float32) * np.ones((height, 1), np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    where = np.flatnonzero(outside)[:: max(1, int(outside.sum()) // 4000)]
    rows, colours = terms.reshape(-1, 6)[where], lab.reshape(-1, 3)[where]
    surface = np.linalg.lstsq(rows, colours, rcond=None)[0]
    for _ in range(2):
        error = np.abs(colours - rows @ surface).max(axis=1)
        kept = error <= max(2.0, float(np.quantile(error, 0.85)))
        surface = np.linalg.lstsq(rows[kept], colours[kept], rcond=None)[0]
    weight = np.array([0.5, 1, 1], np.float32)
    return np.asarray(np.linalg.norm((lab - terms @ surface) * weight, axis=-1), np.float32)


def refine(rgb: U8, likely: F32, body: Bool) -> tuple[F32, float]:
    """Move the outline to the colour edge near it.

    Args:
        rgb: (h, w, 3) uint8.
        likely: (h, w) the network's probability.
        body: (h, w) its tidied mask.

    Returns:
        (h, w) float32 mask of 0 or 1, and how far both agree, 0.5 to 1; where they do not, the
        network's own mask comes back.
    """
    height, width = body.shape
    reach = max(2, round(0.012 * max(height, width)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    solid = body.astype(np.uint8)
    # Thin bars vanish when eroded, their most certain pixels stay certain; between legs the network
    # is never quite certain, and the colours have their say.
    sure = ((cv2.erode(solid, kernel) > 0) & (likely > _SURE)) | (likely > 0.985)
    outer = ((cv2.dilate(solid, kernel) > 0) | (likely > 0.3)) & (likely > 0.01)
    marks = np.where(outer, np.where(likely > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD), cv2.GC_BGD)
    marks[sure & body] = cv2.GC_FGD
    marks = marks.astype(np.uint8)
    if not (marks == cv2.GC_FGD).any() or not (marks == cv2.GC_BGD).any():
        return body.astype(np.float32), 0.6
    cv2.setRNGSeed(0)
    cv2.grabCut(rgb, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    cut = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    cut = tidy(cv2.medianBlur(cut.astype(np.uint8), 3) > 0)
    overlap = float((cut & body).sum() / max(1, (cut | body).sum()))
    agreement = float(np.clip(0.5 + (overlap - 0.7) / 0.5, 0.5, 1.0))
    if overlap < 0.85:
        return body.astype(np.float32), agreement
    return cut.astype(np.float32), agreement


def guided(rgb: U8, mask: F32, radius: int, epsilon: float = 1e-3) -> F32:
    """A soft mask (h, w) that follows the picture's edges: the grey guided filter."""
    guide = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    box = (2 * radius + 1, 2 * radius + 1)

    def mean(x: F32) -> F32:
        return np.asarray(cv2.blur(x, box), np.float32)

    centre, value = mean(guide), mean(mask)
    slope = (mean(guide * mask) - centre * value) / (mean(guide * guide) - centre**2 + epsilon)
    soft = mean(slope) * guide + mean(value - slope * centre)
    # Only the very edge is softened: a printed motif must not punch holes.
    core = cv2.erode(mask, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    rim = cv2.dilate(mask, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    blended = 0.5 * np.clip(soft, 0, 1) + 0.5 * cv2.GaussianBlur(mask, (0, 0), 0.8)
    return np.asarray(np.clip(np.maximum(np.minimum(blended, rim), core), 0, 1), np.float32)
