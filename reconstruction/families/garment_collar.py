"""Collars, hoods, front openings and cuffs of tops: measures, flat view and drawn lines.

A collar is sewn to the neckline from the wearer's right front edge around the back to the left one.
It consists of a stand that rises from the seam and, for shirts, a leaf that folds over it; a lapel
is a leaf that folds out directly at the neckline; a hood has two halves sewn over the head.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .garment_flat import F64, FlatPose
from .garment_opening import parted
from .garment_trim import HALF
from .garment_upper_shape import UpperShape

_FLIP = np.array([-1.0, 1.0])


def neck_columns(shape: UpperShape) -> F64:
    """Distances from the middle (HALF + 1,) of the neckline's points."""
    inner = np.linspace(-1.0, 1.0, HALF + 1)
    result: F64 = shape.neck_half * (0.55 * inner + 0.45 * np.sin(inner * np.pi / 2))
    return result


def front_loop(shape: UpperShape) -> F64:
    """(HALF // 2 + 1, 2) the left front neckline from the front edge to the shoulder, flat."""
    x = neck_columns(shape)[HALF // 2 :]
    line = np.stack([x, shape.neck_drop(x, shape.neck_depth)], axis=1)
    line[-1, 1] = 0.0
    return parted(shape, line) if shape.trim.opening == "open" else line


def leaf_directions(line: F64, spread: float) -> F64:
    """Unit vectors (n, 2) out of the neck opening at points of a left half neckline (n, 2).

    Args:
        line: from the front edge (or the back's middle) to the shoulder.
        spread: how far the leaf's front edge leans to the side.
    """
    along = np.gradient(line, axis=0)
    away = np.stack([along[:, 1], -along[:, 0]], axis=1)
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    away[-1] = [1.0, -0.1]
    away[:, 0] += spread * np.linspace(1.0, 0.0, len(line)) ** 2
    result: F64 = away / np.linalg.norm(away, axis=1, keepdims=True)
    return result


LEAF_SPREAD: Mapping[str, float] = {"shirt": 0.8, "lapel": 0.15}
"""How far a leaf's front edge leans to the side, tangent."""


def flat_collar(shape: UpperShape) -> dict[str, F64]:
    """The left front part of the collar as it lies in a photo, plain flat frame.

    Returns:
        ``"stand"`` and ``"leaf"`` where there are such, each (2, HALF // 2 + 1, 2): lower and
        upper edge of the stand, outer edge and fold of the leaf.
    """
    trim = shape.trim
    if trim.collar in ("none", "hood"):
        return {}
    line = front_loop(shape)
    rise = trim.stand_heights()[: HALF // 2 + 1]
    # Towards the shoulder the band turns back: it never shows above the rear of the collar.
    crown = collar_edge(shape, FlatPose(back_neck=0.02), np.zeros((24, 2)))
    room = np.interp(np.abs(line[:, 0]), crown[:, 0], crown[:, 1]) - line[:, 1]
    rise = np.clip(rise, 0.0, np.maximum(room - 0.004, 0.0))
    top = line + np.stack([np.zeros_like(rise), rise], axis=1)
    parts = {} if trim.collar == "lapel" else {"stand": np.stack([line, top])}
    if trim.collar in ("shirt", "lapel"):
        width = trim.leaf_widths()[: HALF // 2 + 1]
        # Towards the shoulder part of the leaf climbs over the stand and is not seen.
        hidden = rise * np.linspace(0.2, 1.0, len(rise))
        reach = np.maximum(width - hidden, 0.004)
        away = leaf_directions(line, LEAF_SPREAD[trim.collar])
        parts["leaf"] = np.stack([top + away * reach[:, None], top])
        outer = parts["leaf"][0]
        beyond = np.array([shoulder_y(shape, float(x)) for x in outer[:, 0]])
        outer[:, 1] = np.minimum(outer[:, 1], beyond)
        parts["leaf"][1, -1, 1] = min(parts["leaf"][1, -1, 1], 0.3 * trim.stand)
    return parts


def shoulder_y(shape: UpperShape, x: float) -> float:
    """Height of the shoulder seam at a distance ``x`` from the middle."""
    share = (x - shape.neck_half) / (shape.shoulder_half - shape.neck_half)
    return -shape.shoulder_drop * float(np.clip(share, 0.0, 1.0))


def collar_edge(shape: UpperShape, pose: FlatPose, back_neck: F64) -> F64:
    """(10, 2) top of the silhouette from its middle to the left shoulder."""
    trim, count = shape.trim, len(back_neck)
    if trim.collar == "none":
        return back_neck
    if trim.collar == "hood":
        return _hood_edge(shape, max(trim.hood_height * 0.95 - pose.back_neck, 0.04), count)
    end = shape.neck_half
    if trim.collar != "stand":
        end += max(trim.fall - trim.stand, 0.0) + 0.004
    y_end = shoulder_y(shape, end)
    r = np.sin(np.linspace(0.0, np.pi / 2, count))
    middle = trim.stand - pose.back_neck
    y = y_end + (middle - y_end) * (1.0 - r**4) ** 0.7
    return np.stack([end * r, y], axis=1)


def _hood_edge(shape: UpperShape, height: float, count: int) -> F64:
    wide = max(0.5 * shape.trim.hood_width, shape.neck_half + 0.015)
    end = shape.neck_half + 0.012
    low = 0.4 * height
    dome = np.linspace(0.0, np.pi / 2, count - 4)
    upper = np.stack([wide * np.sin(dome), low + (height - low) * np.cos(dome) ** 0.8], axis=1)
    t = np.linspace(0.0, 1.0, 5)[1:]
    side = end + (wide - end) * np.cos(t * np.pi / 2)
    y_end = shoulder_y(shape, end)
    lower = np.stack([side, low + (y_end - low) * t], axis=1)
    return np.concatenate([upper, lower])


def collar_parts(
    shape: UpperShape, crown: F64, neckline: F64, back_neck: F64, *, behind: bool
) -> dict[str, F64]:
    """Polygons of the collar's parts in a flat view, behind the fronts or before them."""
    trim = shape.trim
    if trim.collar == "none":
        return {}
    if behind:
        rim = np.concatenate([(crown * _FLIP)[:0:-1], crown])
        whole = np.concatenate([rim, neckline])
        if trim.collar != "hood":
            return {"collar_back": whole}
        height = float(crown[0, 1])
        t = np.linspace(-np.pi / 2, np.pi / 2, 17)
        half = 0.72 * max(float(crown[:, 0].max()), shape.neck_half)
        top = np.stack([half * np.sin(t), 0.82 * height * np.cos(t) ** 0.6], axis=1)
        return {"hood": whole, "hood_inside": np.concatenate([top, neckline])}
    found: dict[str, F64] = {}
    halves = flat_collar(shape)
    for side, flip in (("right", _FLIP), ("left", np.ones(2))):
        for name, edges in halves.items():
            key = f"{side}_collar" if name == "leaf" else f"{side}_collar_stand"
            found[key] = np.concatenate([edges[0], edges[1, ::-1]]) * flip
    return found


def trim_curves(shape: UpperShape, hem_curve: float) -> dict[str, F64]:
    """Lines to draw on a flat view: plackets, zip, pockets, bands, and ``"buttons"`` as points."""
    trim = shape.trim
    top, low = -shape.neck_depth, -shape.length - hem_curve
    curves: dict[str, F64] = {}
    y = np.linspace(top, low, 24)
    if trim.opening == "closed":
        if trim.fastening == "zip":
            curves["zip"] = np.stack([np.zeros_like(y), y], axis=1)
        else:
            curves["front_edge"] = np.stack([np.full_like(y, -0.016), y], axis=1)
    elif trim.opening == "open":
        for side, sign in (("left", 1.0), ("right", -1.0)):
            half = trim.gap_at(-y / shape.length) / 2
            curves[f"front_edge_{side}"] = np.stack([sign * half, y], axis=1)
    if trim.fastening == "buttons" and trim.opening != "none":
        count = max(int((top - low - 0.08) / 0.085), 2)
        spots = np.linspace(top - 0.02, low + 0.10, count)
        shift = trim.gap_at(-spots / shape.length) / 2 + 0.015 if trim.opening == "open" else 0.0
        curves["buttons"] = np.stack([np.zeros_like(spots) + shift, spots], axis=1)
    if trim.band:
        line = np.linspace(-1.0, 1.0, 24)
        rise = -shape.side_length + 0.055
        width = float(shape.half_width(np.array([rise]))[0])
        curves["hem_band"] = np.stack([line * width, np.full(24, rise) - hem_curve], axis=1)
    leaf = flat_collar(shape).get("leaf")
    if leaf is not None:
        edge = np.concatenate([leaf[1, :1], leaf[0]])
        curves |= {"collar_left": edge, "collar_right": edge * _FLIP}
    return curves | _pockets(shape)


def _pockets(shape: UpperShape) -> dict[str, F64]:
    kind = shape.trim.pockets
    sides = {"none": (), "chest": (1.0,)}.get(kind, (1.0, -1.0))
    waist = 0.62 * (-shape.waist_level) + 0.38 * shape.side_length
    waist = min(waist, shape.side_length - 0.21)
    half = float(shape.half_width(np.array([-waist]))[0])
    found: dict[str, F64] = {}
    for sign in sides:
        if kind in ("chest", "two_chest"):
            x, y, w, h = 0.48 * shape.chest_half, -shape.armhole_depth + 0.03, 0.055, 0.125
        elif kind == "patch":
            x, y, w, h = 0.52 * half, -waist, 0.075, 0.16
        else:
            x, y, w, h = 0.58 * half, -waist, 0.03, 0.14
        if kind == "welt":
            corners = np.array([[x - w, y], [x + w, y - h]])
        else:
            corners = np.array(
                [[x - w, y], [x + w, y], [x + w, y - h], [x, y - h - 0.012], [x - w, y - h]]
            )
            corners = np.concatenate([corners, corners[:1]])
        found[f"pocket_{'left' if sign > 0 else 'right'}"] = corners * [sign, 1.0]
    return found
