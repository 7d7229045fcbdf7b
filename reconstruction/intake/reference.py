"""An object of known size in the photo: a card, a sheet of paper or a coin sets the scale.

A rectangle's four corners give the whole map from the photo to its plane; a coin's ellipse gives
the tilt and the scale where perspective is weak. A flat garment is then fitted in a photo that
looks straight down on that plane.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NoProductError, ParameterError

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

_FILE = Path(__file__).with_name("reference_objects.toml")
_WORK = 1600
"""Longer side, pixels, of the picture that is searched."""
_LEAST = 18.0
"""Pixels of the searched picture that an object's shorter side must have."""
_LEAST_DISC = 12.0
_PRODUCT = (0.12, 2.6)
"""Longest extent of the product, metres, that an object may make it."""
_TRIED = 8
"""Outlines that are looked at closely."""
_REACH = 3.0
"""Pixels on each side of a rough outline in which the true edge is looked for."""
_ASPECT = 0.16
"""How far a rectangle's sides may be from their true ratio, logarithm: tilts foreshorten."""
_SQUARENESS = 0.2
"""How far corners may be from right angles, cosine."""
_DISC = 0.02
"""Root mean square distance of a coin's rim from an ellipse, share of its radius."""
_FLATTENED = 0.6
"""Least ratio of a coin's axes."""
_INSIDE_PRODUCT = 0.25
"""Of an object that lies on the product itself; more is a print, a pocket or a button."""


@dataclass(frozen=True)
class ReferenceObject:
    """What may lie in a photo to give its scale.

    Attributes:
        shape: ``"rectangle"`` or ``"disc"``.
        size: long and short side, or the diameter, metres.
        paper: whether it is plain and light.
    """

    name: str
    shape: str
    size: tuple[float, ...]
    label: Mapping[str, str]
    paper: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """A reference object in a photo.

    Attributes:
        outline: (k, 2) pixels of the photo; the corners of a rectangle.
        to_plane: (3, 3) homography from the photo's pixels to metres on the object's plane.
        scale: pixels per metre at the object.
        spread: relative 90% half interval of that scale.
    """

    what: ReferenceObject
    outline: F64
    to_plane: F64
    scale: float
    spread: float

    def covers(self, shape: tuple[int, int], margin: float = 0.04) -> Bool:
        """Pixels (h, w) that the object covers, grown by a share of its size."""
        out = np.zeros(shape, np.uint8)
        middle = self.outline.mean(axis=0)
        grown = middle + (self.outline - middle) * (1 + 2 * margin)
        cv2.fillPoly(out, [np.round(grown).astype(np.int32)], 1)
        return out.astype(bool)


@cache
def _objects() -> dict[str, ReferenceObject]:
    document: dict[str, Any] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: ReferenceObject(
            name, d["shape"], tuple(d["size"]), d["label"], bool(d.get("paper", False))
        )
        for name, d in document.items()
    }


def reference_object(name: str) -> ReferenceObject:
    """The object called ``name``, such as ``"a4"`` or ``"coin:eur1"``.

    Raises:
        ParameterError: there is none; names those there are.
    """
    folded = name.strip().casefold()
    if folded not in _objects():
        raise ParameterError(
            f"there is no reference object {name!r}",
            field="reference",
            expected=", ".join(_objects()),
            got=name,
        )
    return _objects()[folded]


def find_reference(rgb: U8, what: ReferenceObject, product: Bool | None = None) -> Found:
    """Find the object in a photo.

    Args:
        rgb: (h, w, 3) uint8 sRGB.
        product: (h, w) bool where the product is; the object may lie on it, but what lies wholly
            within looks like a print or a button and comes last.

    Raises:
        NoProductError: nothing of that shape is seen; says what would help.
    """
    found = _rough(rgb, what, product)
    if not found:
        raise NoProductError(
            f"no {what.label['en']} was found in the photo; lay it flat beside the product, whole, "
            "on a background of another colour, and show it at least as large as a thumb",
            field="reference",
            expected=what.label["en"],
            got="nothing of that shape",
        )
    found.sort(key=lambda pair: -pair[0])
    best: tuple[float, F64] | None = None
    for score, rough in found[:_TRIED]:
        outline = _sharpened(rgb, rough, what)
        score -= float(np.abs(outline - rough).mean()) / (2 * _REACH)
        score += _on_edge(rgb, outline)
        if best is None or score > best[0]:
            best = (score, outline)
    assert best is not None
    return _measured(what, best[1])


def outlines(rgb: U8, what: ReferenceObject, *, steep: bool = True) -> Iterator[F64]:
    """What may be the object, (k, 2) pixels each, to a fraction of a pixel, likeliest first.

    Args:
        steep: whether the camera looks down on it; else any convex quadrilateral may be a sheet.
    """
    found = sorted(_rough(rgb, what, None, steep=steep), key=lambda pair: -pair[0])
    for _, rough in found[: 4 * _TRIED]:
        yield _sharpened(rgb, rough, what)


def _rough(
    rgb: U8, what: ReferenceObject, product: Bool | None, *, steep: bool = True
) -> list[tuple[float, F64]]:
    """Outlines of the right shape, with how much each looks like the object."""
    height, width = rgb.shape[:2]
    shrink = min(1.0, _WORK / max(height, width))
    size = (round(width * shrink), round(height * shrink))
    work = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    found: list[tuple[float, F64]] = []
    least = _LEAST if what.shape == "rectangle" else _LEAST_DISC
    for contour in _contours(work, least if steep else 0.6 * least):
        outline = (
            _rectangle(contour, what, steep) if what.shape == "rectangle" else _ellipse(contour)
        )
        if outline is None:
            continue
        if product is not None and not _plausible(outline / shrink, what, product):
            continue
        score = _worth(work, outline, what)
        if product is not None:
            score -= _hidden_share(outline / shrink, product)
        found.append((score, outline / shrink + 0.5 / shrink - 0.5))
    return found


def straightened(
    found: Found, rgb: U8, mask: F32, *, longest: int = 2048
) -> tuple[U8, F32, float, F64]:
    """The photo and the mask as seen straight from above the object's plane.

    Args:
        rgb: (h, w, 3) uint8.
        mask: (h, w) float32; what of it is kept decides the frame.

    Returns:
        (h', w', 3) uint8, (h', w') float32, pixels per metre, and the (3, 3) map from old pixels
        to new ones.
    """
    ys, xs = np.nonzero(mask > 0.5)
    corners = np.stack([xs, ys], axis=1).astype(np.float64)
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64)
    to_plane = _upright(found.to_plane, hull.mean(axis=0)) @ found.to_plane
    there = _mapped(to_plane, hull)
    low, high = there.min(axis=0), there.max(axis=0)
    pad = 0.08 * float((high - low).max())
    low, high = low - pad, high + pad
    scale = min(found.scale, longest / float((high - low).max()))
    onto = np.array([[scale, 0, -scale * low[0]], [0, scale, -scale * low[1]], [0, 0, 1.0]])
    whole = onto @ to_plane
    size = (math.ceil(scale * (high[0] - low[0])), math.ceil(scale * (high[1] - low[1])))
    picture = cv2.warpPerspective(
        rgb, whole, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    seen = cv2.warpPerspective(mask, whole, size, flags=cv2.INTER_LINEAR)
    return np.asarray(picture, np.uint8), np.asarray(seen, np.float32), scale, whole


def _upright(to_plane: F64, at: F64) -> F64:
    """(3, 3) the turn of the plane after which the photo's right is its right at a pixel.

    However the object lies, the product stays as upright as the photo shows it.
    """
    x, y = np.diff(_mapped(to_plane, at + np.array([[-8.0, 0.0], [8.0, 0.0]])), axis=0)[0]
    length = math.hypot(x, y)
    turn = np.eye(3)
    turn[:2, :2] = np.array([[x, y], [-y, x]]) / length
    return turn


def _contours(rgb: U8, least: float) -> Iterator[NDArray[np.int32]]:
    """Closed outlines of everything that stands out in some channel."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    smooth = [cv2.bilateralFilter(np.ascontiguousarray(c), 7, 24, 5) for c in cv2.split(lab)]
    binary = []
    signs = (cv2.THRESH_BINARY, cv2.THRESH_BINARY_INV)
    for channel in smooth:
        binary += [
            cv2.adaptiveThreshold(channel, 255, cv2.ADAPTIVE_THRESH_MEAN_C, sign, block, -4)
            for block in (31, 121)
            for sign in signs
        ]
        spread = float(channel.max()) - float(channel.min())
        if spread > 12:
            level, high = cv2.threshold(channel, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
            binary += [np.asarray(high, np.uint8), np.asarray(255 - high, np.uint8)]
            for step in (0.35, 0.7):
                at = level + (float(channel.max()) - level) * step
                binary.append(np.asarray((channel > at) * 255, np.uint8))
    for channel in smooth:
        edges = cv2.Canny(channel, 20, 60)
        closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        binary.append(np.asarray(255 - closed, np.uint8))
    for picture in binary:
        opened = cv2.morphologyEx(picture, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        found, _ = cv2.findContours(opened, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in found:
            area = cv2.contourArea(contour)
            if 0.7 * least**2 < area < 0.5 * picture.size:
                yield contour[:, 0]


def _rectangle(contour: NDArray[np.int32], what: ReferenceObject, steep: bool = True) -> F64 | None:
    """The four corners of a contour that may be the object, to a fraction of a pixel."""
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    if cv2.contourArea(contour) < 0.9 * area:
        return None
    around = cv2.arcLength(hull, True)
    rough = cv2.approxPolyDP(hull, 0.04 * around, True)[:, 0].astype(np.float64)
    if len(rough) != 4 or cv2.contourArea(rough.astype(np.float32)) < 0.9 * area:
        return None
    lines = []
    points = contour.astype(np.float64)
    for a, b in zip(rough, np.roll(rough, -1, axis=0), strict=True):
        along = b - a
        length = float(np.linalg.norm(along))
        if length < _LEAST * (0.8 if steep else 0.4):
            return None
        share = (points - a) @ along / length**2
        across = (points - a) @ np.array([-along[1], along[0]]) / length
        near = (share > 0.15) & (share < 0.85) & (np.abs(across) < 0.04 * length + 2)
        if near.sum() < 8:
            return None
        vx, vy, x, y = (
            float(v)
            for v in cv2.fitLine(
                points[near].astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01
            ).ravel()
        )
        off = np.abs((points[near] - (x, y)) @ np.array([-vy, vx]))
        if float(off.mean()) > 0.012 * length + 0.6:
            return None
        lines.append((vx, vy, x, y))
    corners = np.array([_crossing(lines[i - 1], lines[i]) for i in range(4)], np.float64)
    if not np.isfinite(corners).all():
        return None
    if not steep:
        return corners
    sides = np.roll(corners, -1, axis=0) - corners
    length = np.linalg.norm(sides, axis=1)
    cosine = np.abs(np.einsum("nc,nc->n", sides, np.roll(sides, -1, axis=0)))
    if (cosine / (length * np.roll(length, -1))).max() > _SQUARENESS:
        return None
    first, second = (length[0] + length[2]) / 2, (length[1] + length[3]) / 2
    ratio = abs(math.log(max(first, second) / min(first, second)))
    if abs(ratio - math.log(what.size[0] / what.size[1])) > _ASPECT:
        return None
    return corners


def _ellipse(contour: NDArray[np.int32]) -> F64 | None:
    """64 points of the ellipse that a contour is, or None."""
    if len(contour) < 40:
        return None
    (x, y), axes, angle = cv2.fitEllipse(contour.astype(np.float32))
    short, long = min(axes) / 2, max(axes) / 2
    if short < _LEAST_DISC / 2 or short / long < _FLATTENED:
        return None
    turn = math.radians(angle)
    local = (contour - (x, y)) @ np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    radius = np.hypot(local[:, 0] / (axes[0] / 2), local[:, 1] / (axes[1] / 2))
    if float(np.sqrt(np.mean((radius - 1) ** 2))) > _DISC or float(radius.min()) < 0.9:
        return None
    return _ring(x, y, axes, angle)


def _ring(x: float, y: float, axes: tuple[float, float], angle: float) -> F64:
    """64 points of an ellipse of these axes (diameters), turned by ``angle`` degrees."""
    turn = math.radians(angle)
    t = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    ring = np.stack([axes[0] / 2 * np.cos(t), axes[1] / 2 * np.sin(t)], axis=1)
    back = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return np.asarray(ring @ back + (x, y), np.float64)


def _worth(rgb: U8, outline: F64, what: ReferenceObject) -> float:
    """How much an outline looks like the object: its edge's contrast, its plainness, its size."""
    height, width = rgb.shape[:2]
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    middle = outline.mean(axis=0)
    inside, around = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    for picture, factor in ((inside, 0.9), (around, 1.15)):
        grown = np.round(middle + (outline - middle) * factor).astype(np.int32)
        cv2.fillPoly(picture, [grown], 1)
    core = np.zeros_like(around)
    cv2.fillPoly(core, [np.round(middle + (outline - middle) * 1.05).astype(np.int32)], 1)
    rim = (around > 0) & (core == 0)
    if not rim.any() or not inside.any():
        return -1.0
    within, outer = lab[inside > 0], lab[rim]
    contrast = float(np.linalg.norm(np.median(within, axis=0) - np.median(outer, axis=0)))
    score = min(contrast / 30.0, 1.0)
    side = math.sqrt(cv2.contourArea(outline.astype(np.float32)))
    score += 0.3 * min(side / 60.0, 1.0)
    score -= min(float(outer.std(axis=0).mean()) / 25.0, 0.6)
    if what.paper:
        plain = float(within.std(axis=0).mean())
        light = float(np.median(within[:, 0]))
        score += 0.6 * float(np.clip((light - 60) / 30, -1, 1)) - min(plain / 12.0, 0.8)
    return score


def _plausible(outline: F64, what: ReferenceObject, product: Bool) -> bool:
    """Whether the object's size makes the product as large as products are."""
    ys, xs = np.nonzero(product)
    if not len(ys):
        return True
    pixels = math.sqrt(cv2.contourArea(outline.astype(np.float32)))
    true = math.sqrt(what.size[0] * what.size[-1]) * (
        1.0 if what.shape == "rectangle" else math.sqrt(math.pi) / 2
    )
    extent = max(float(np.ptp(ys)), float(np.ptp(xs))) / max(pixels, 1e-9) * true
    return _PRODUCT[0] < extent < _PRODUCT[1]


def _sharpened(rgb: U8, outline: F64, what: ReferenceObject) -> F64:
    """An outline moved to where the picture's colours change most, to a fraction of a pixel."""
    picture = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8)
    if what.shape == "disc":
        middle = outline.mean(axis=0)
        out = outline - middle
        normal = out / np.linalg.norm(out, axis=1, keepdims=True)
        moved, sure = _edge_places(picture, outline, normal)
        if sure.sum() < 24:
            return outline
        (x, y), axes, angle = cv2.fitEllipseDirect(moved[sure].astype(np.float32))
        return _ring(x, y, axes, angle)
    lines = []
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        along = (b - a) / np.linalg.norm(b - a)
        normal = np.array([along[1], -along[0]])
        places = a + np.linspace(0.12, 0.88, 48)[:, None] * (b - a)
        moved, sure = _edge_places(picture, places, np.tile(normal, (len(places), 1)))
        if sure.sum() < 12:
            return outline
        line = cv2.fitLine(moved[sure].astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        vx, vy, px, py = (float(v) for v in line)
        lines.append((vx, vy, px, py))
    corners = np.array([_crossing(lines[i - 1], lines[i]) for i in range(4)], np.float64)
    far = np.linalg.norm(corners - outline, axis=1).max() > 3 * _REACH
    return outline if far or not np.isfinite(corners).all() else corners


def _on_edge(rgb: U8, outline: F64) -> float:
    """Share of an outline, 0 to 1, that lies on an edge of the picture."""
    picture = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    share = np.linspace(0.1, 0.9, 12)[:, None]
    places, normals = [], []
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        step = share if len(outline) == 4 else share[:1]
        places.append(a + step * (b - a))
        normals.append(np.tile(np.array([along[1], -along[0]]), (len(step), 1)))
    at, normal = np.concatenate(places), np.concatenate(normals)
    moved, sure = _edge_places(picture, at, normal)
    return float((sure & (np.linalg.norm(moved - at, axis=1) < 1.2)).mean())


def _edge_places(picture: F32, places: F64, normal: F64) -> tuple[F64, Bool]:
    """Places (n, 2) moved along their normals to the strongest edge; and where there is one."""
    steps = np.arange(-_REACH - 1, _REACH + 1.01, 0.5)
    at = places[:, None] + steps[None, :, None] * normal[:, None]
    x, y = at[..., 0].astype(np.float32), at[..., 1].astype(np.float32)
    seen = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    slope = np.linalg.norm(seen[:, 2:] - seen[:, :-2], axis=2)
    peak = np.clip(slope.argmax(axis=1), 1, slope.shape[1] - 2)
    row = np.arange(len(slope))
    left, top, right = slope[row, peak - 1], slope[row, peak], slope[row, peak + 1]
    curve = left - 2 * top + right
    shift = np.where(np.abs(curve) > 1e-6, 0.5 * (left - right) / np.where(curve == 0, 1, curve), 0)
    offset = steps[1:-1][peak] + 0.5 * np.clip(shift, -1, 1)
    return places + offset[:, None] * normal, top > 2.0


def _hidden_share(outline: F64, product: Bool) -> float:
    """A penalty for lying wholly inside of the product."""
    inside = np.zeros(product.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 1)
    middle = outline.mean(axis=0)
    around = np.zeros(product.shape, np.uint8)
    grown = np.round(middle + (outline - middle) * 1.3).astype(np.int32)
    cv2.fillPoly(around, [grown], 1)
    ring = (around > 0) & (inside == 0)
    return 0.5 if ring.any() and float(product[ring].mean()) > 1 - _INSIDE_PRODUCT else 0.0


def _measured(what: ReferenceObject, outline: F64) -> Found:
    if what.shape == "rectangle":
        length = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
        corners = (
            outline
            if length[0] + length[2] >= length[1] + length[3]
            else np.roll(outline, -1, axis=0)
        )
        # Upright as it lies: the plane's axes follow the photo's.
        along = corners[1] - corners[0]
        turn = round(math.atan2(along[1], along[0]) / (math.pi / 2))
        wide, tall = what.size
        square = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float64)
        across = corners[2] - corners[1]
        if along[0] * across[1] - along[1] * across[0] < 0:
            square = square * np.array([1.0, -1.0])
        c, s = round(math.cos(turn * math.pi / 2)), round(math.sin(turn * math.pi / 2))
        square = square @ np.array([[c, s], [-s, c]], np.float64)
        if what.paper:
            to_plane = cv2.getPerspectiveTransform(
                corners.astype(np.float32), square.astype(np.float32)
            ).astype(np.float64)
        else:
            # A small object's corners say too little of perspective to carry it far: tilt only.
            rows = np.column_stack([corners, np.ones(4)])
            to_plane = np.eye(3)
            to_plane[:2] = np.linalg.lstsq(rows, square, rcond=None)[0].T
        area = cv2.contourArea(corners.astype(np.float32))
        scale = math.sqrt(area / (wide * tall))
        reach = 0.5 / math.sqrt(area)
        return Found(what, corners, to_plane, scale, max(0.004, reach))
    middle = outline.mean(axis=0)
    centred = outline - middle
    # The covariance of an ellipse's points tells the stretch that made it of a circle.
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred) * 2)
    radii = np.sqrt(values)
    stretch = vectors @ np.diag(what.size[0] / 2 / radii) @ vectors.T
    to_plane = np.eye(3)
    to_plane[:2, :2] = stretch
    to_plane[:2, 2] = -stretch @ middle
    scale = float(np.sqrt(radii.prod()) / (what.size[0] / 2))
    reach = 0.3 / float(radii.mean())
    return Found(what, outline, to_plane, scale, max(0.008, reach))


def _mapped(matrix: F64, points: F64) -> F64:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float64)


def _crossing(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> tuple[float, float]:
    """Where two lines (direction, point) meet; NaN if they do not."""
    ax, ay, px, py = one
    bx, by, qx, qy = other
    cross = ax * by - ay * bx
    if abs(cross) < 1e-6:
        return math.nan, math.nan
    t = ((qx - px) * by - (qy - py) * bx) / cross
    return px + t * ax, py + t * ay
