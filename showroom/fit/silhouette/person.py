"""Where the person is in a photo: a U-Net that learned from drawn people, edges from the photo.

The network is the products' own (:mod:`reconstruction.networks.unet`) with weights that know
people: it looks at the whole photo, then closer at the person; GrabCut in a narrow band moves the
outline to the photo's own edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reconstruction.intake.photo import Photo
from reconstruction.networks.segmentation import guided, meaningful, refine, tidy
from reconstruction.networks.unet import UNet
from reconstruction.networks.weights import fill, load_weights

from ..errors import SilhouetteError

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

WEIGHTS: Final = Path(__file__).parents[1] / "data_files" / "person.safetensors"
_WORK: Final = 640
"""Longer side, in pixels, of the picture on which the outline is refined."""
_LOOK: Final = (256, 192)
"""Rows and columns of what the network sees."""
_ASPECT: Final = _LOOK[1] / _LOOK[0]
_SECOND: Final = 0.35
"""Another piece as large as this share of the largest is another person."""
_LEAST: Final = 0.02
"""A person fills at least this share of the photo."""
_NOBODY: Final = 0.5
"""A piece is no person where it is likelier than this to be nobody."""
_CUT: Final = 0.03
"""Of a person's height, how much of the photo's left or right edge their mask may cover."""
_EDGE: Final = 0.006
"""A mask this near to the photo's edge touches it, share of the longer side."""


@dataclass(frozen=True, eq=False)
class PersonMask:
    """Where a photo's one person is.

    Attributes:
        soft: (h, w) float32, 0 outside to 1 inside, of the photo's working size.
        confidence: 0 to 1.
    """

    soft: F32
    confidence: float


def find_person(photo: Photo, field: str = "photo.front") -> PersonMask:
    """The one person in a photo, from head to feet.

    A photo's own transparency, where it cuts something out, is taken as the mask.

    Args:
        field: how errors name the photo.

    Raises:
        SilhouetteError: nobody, more than one person, or one who is cropped by the photo's edge.
        WeightsError: the weights are missing or damaged.
    """
    soft, confidence = _soft_mask(photo)
    solid = tidy(soft > 0.5, least=_SECOND)
    if solid.mean() < _LEAST:
        raise SilhouetteError(
            "the photo shows no person; stand alone before a calm wall, from head to feet",
            field=field,
            expected="one person from head to feet",
            got="nobody",
        )
    solid = _alone(solid, field)
    _whole(solid, field)
    return PersonMask(np.where(solid, soft, 0).astype(np.float32), confidence)


def _alone(solid: Bool, field: str) -> Bool:
    """The one piece that is a person; what else is as large may be furniture."""
    count, label = cv2.connectedComponents(solid.astype(np.uint8))
    if count <= 2:
        return solid
    from .reader import kinds

    pieces = [label == k for k in range(1, count)]
    people = [p for p in pieces if kinds(p.astype(np.uint8))["nobody"] < _NOBODY]
    if len(people) != 1:
        raise SilhouetteError(
            "the photo shows more than one person (a mirror shows one twice); be alone in it"
            if people
            else "the photo shows no person; stand alone before a calm wall, from head to feet",
            field=field,
            expected="one person" if people else "one person from head to feet",
            got=f"{len(people)} people" if people else "nobody",
        )
    return np.asarray(people[0], bool)


def _whole(solid: Bool, field: str) -> None:
    """Refuse a person who reaches the photo's upper or lower edge, or is cut off by its sides."""
    shape = solid.shape
    box = cv2.boundingRect(solid.astype(np.uint8))
    rim = max(1, round(_EDGE * max(shape)))
    top, bottom = box[1], box[1] + box[3]
    cut = max(solid[:, 0].sum(), solid[:, -1].sum()) > _CUT * box[3]
    for at_edge, part in (
        (top < rim, "head"),
        (bottom > shape[0] - rim, "feet"),
        (cut, "side"),
    ):
        if at_edge:
            raise SilhouetteError(
                f"the person is cropped at the {part}; step back and take the photo again",
                field=field,
                expected="a person from head to feet with room around",
                got=f"{part} at the photo's edge",
            )


def _soft_mask(photo: Photo) -> tuple[F32, float]:
    height, width = photo.rgb.shape[:2]
    scale = min(1.0, _WORK / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    if photo.alpha is not None and meaningful(photo.alpha):
        alpha = cv2.resize(photo.alpha, size, interpolation=cv2.INTER_AREA)
        return np.asarray(alpha / 255, np.float32), 0.99
    work = np.asarray(cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    net = _network()
    coarse, present = _whole_look(net, work)
    fine = _closer(net, work, coarse)
    body = tidy(fine > 0.5, least=_SECOND)
    if not body.any():
        return np.zeros(work.shape[:2], np.float32), 0.0
    refined, agreement = refine(work, fine, body)
    soft = guided(work, refined, max(2, round(0.005 * max(size))))
    return soft, float(np.clip(present * float(fine[body].mean()) * agreement, 0, 1))


@cache
def _network(path: Path = WEIGHTS) -> UNet:
    state, header = load_weights(path)
    net = UNet(tuple(header.get("widths", ())))
    fill(net, state, path.name)
    quick: UNet = net.to(memory_format=torch.channels_last)
    return quick


def _probability(net: UNet, rgb: U8) -> tuple[F32, float]:
    """(h, w) probability of each pixel, and of anybody being there; as it is and mirrored."""
    seen = cv2.resize(rgb, (_LOOK[1], _LOOK[0]), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(np.stack([seen, seen[:, ::-1]]).copy())
    x = x.permute(0, 3, 1, 2).float() / 255 - 0.5
    with torch.inference_mode():
        logits, present = net(x.contiguous(memory_format=torch.channels_last))
    both = torch.sigmoid(logits[:, 0]).numpy()
    mean = (both[0] + both[1][:, ::-1]) / 2
    full = cv2.resize(mean, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(full, 0, 1).astype(np.float32), float(torch.sigmoid(present).mean())


def _whole_look(net: UNet, rgb: U8) -> tuple[F32, float]:
    """:func:`_probability` of the whole photo, padded to the network's shape, never squeezed."""
    height, width = rgb.shape[:2]
    tall, wide = max(height, round(width / _ASPECT)), max(width, round(height * _ASPECT))
    top, left = (tall - height) // 2, (wide - width) // 2
    margin = (top, tall - height - top, left, wide - width - left)
    padded = cv2.copyMakeBorder(rgb, *margin, cv2.BORDER_REPLICATE)
    likely, present = _probability(net, padded)
    return likely[top : top + height, left : left + width], present


def _closer(net: UNet, rgb: U8, coarse: F32) -> F32:
    """The probability again, from an upright window around the person."""
    body = tidy(coarse > 0.5, least=_SECOND)
    if not body.any():
        return coarse
    ys, xs = np.nonzero(body)
    tall = 1.16 * (float(np.ptp(ys)) + 8)
    wide = max(tall * _ASPECT, 1.16 * (float(np.ptp(xs)) + 8))
    tall = max(tall, wide / _ASPECT)
    y, x = (ys.min() + ys.max()) / 2 - tall / 2, (xs.min() + xs.max()) / 2 - wide / 2
    top, left, bottom, right = round(y), round(x), round(y + tall), round(x + wide)
    height, width = body.shape
    if bottom - top > 1.1 * height and right - left > 1.1 * width:
        return coarse
    margin = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    padded = cv2.copyMakeBorder(rgb, *margin, cv2.BORDER_REFLECT_101)
    window = padded[top + margin[0] : bottom + margin[0], left + margin[2] : right + margin[2]]
    near, _ = _probability(net, np.ascontiguousarray(window))
    out = np.minimum(coarse, 0.3)
    rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
    part = near[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    out[rows, columns] = 0.3 * coarse[rows, columns] + 0.7 * part
    return np.asarray(out, np.float32)
