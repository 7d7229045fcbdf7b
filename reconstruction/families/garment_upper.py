"""Tops and dresses: two body panels and up to two sleeves, drawn from tailor's parameters.

Heights are measured down from the high shoulder point (where shoulder seam meets neckline), widths
are half girths of the garment laid flat.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np

from .garment_collar import collar_edge, collar_parts, trim_curves
from .garment_flat import (
    F64,
    Flat,
    FlatPose,
    bezier,
    landmark_array,
    pose_points,
    smoothstep,
)
from .garment_opening import hem_bend, parted
from .garment_trim import Trim
from .garment_upper_shape import UpperShape

COLUMNS = 44
"""Quads across the front panel, and across the back."""
SHOULDER_COLUMNS = 8
"""Quads along one shoulder seam."""
ARMHOLE_ROWS = 14
"""Quads along one half of an armhole."""
SLEEVE_ROWS = {"none": 0, "short": 12, "long": 26}
"""Quads from cuff to armhole."""
_FLIP = np.array([-1.0, 1.0])


def upper_shape(
    values: Mapping[str, float], neckline: str, sleeves: str, trim: Trim | None = None
) -> UpperShape:
    """The consistent shape of a top or dress; ``trim`` describes what goes beyond a plain one.

    Any values inside the family's ranges give a sound shape: a shoulder seam keeps 2 cm, the
    armpit lies 6 cm below the shoulder, the waist between armpit and hem.
    """
    v = values
    neck_half = v["neck_width"] / 2
    shoulder_half = max(v["shoulder_width"] / 2, neck_half + 0.02)
    drop = v["shoulder_drop"]
    depth = max(v["armhole_depth"], drop + 0.06)
    trim = trim or Trim()
    length = max(v["body_length"], depth + 0.12 + trim.hem_rise)
    levels: tuple[float, ...]
    widths: tuple[float, ...]
    if "hip_width" in v:
        waist = min(max(v["waist_length"], depth + 0.05), length - 0.06)
        hip = waist + min(0.2, 0.5 * (length - waist))
        levels = (-length, -hip, -waist, -depth)
        widths = (v["hem_width"], v["hip_width"], v["waist_width"], v["chest_width"])
        body_rows, hip_level = 73, -hip
    else:
        side = length - trim.hem_rise
        waist = depth + 0.45 * (side - depth)
        if "waist_length" in v:
            waist = min(max(v["waist_length"], depth + 0.05), depth + 0.7 * (side - depth))
        levels = (-side, -waist, -depth)
        widths = (v["hem_width"], v["waist_width"], v["chest_width"])
        body_rows, hip_level = 28, None
    return UpperShape(
        length=length,
        levels=levels,
        widths=widths,
        waist_level=-waist,
        hip_level=hip_level,
        shoulder_half=shoulder_half,
        shoulder_drop=drop,
        armhole_depth=depth,
        sleeve_length=v["sleeve_length"],
        cuff_width=v["cuff_width"],
        neck_half=neck_half,
        neck_depth=min(v["neck_depth"], length - 0.15),
        neckline=neckline,
        body_rows=body_rows,
        sleeve_rows=SLEEVE_ROWS[sleeves],
        trim=trim,
    )


def sleeve_taper(t: F64) -> F64:
    """How far a sleeve's width has gone from its root's (0) to its cuff's (1) at shares ``t``."""
    return 0.25 * t + 0.75 * smoothstep(t)


def sleeve_edges(
    shape: UpperShape, angle: float, elbow: float, count: int, shares: F64 | None = None
) -> tuple[F64, F64]:
    """Upper and lower edge of the flat left sleeve, each (count, 2), from the body to the cuff.

    Args:
        angle: of the upper edge below the horizontal, radians.
        elbow: further bend around the middle, radians.
        shares: (count,) where along the sleeve the points lie, 0 to 1; evenly without.
    """
    t = _even(count) if shares is None else shares
    heading = angle + elbow * smoothstep((t - 0.35) / 0.3)
    middle = (heading[1:] + heading[:-1]) / 2
    step = shape.sleeve_length * np.diff(t)[:, None]
    along = np.stack([np.cos(middle), -np.sin(middle)], axis=1) * step
    upper = shape.shoulder + np.concatenate([np.zeros((1, 2)), np.cumsum(along, axis=0)])
    down = np.stack([-np.sin(heading), -np.cos(heading)], axis=1)
    reach = shape.armpit - shape.shoulder
    d0 = np.array([math.cos(angle), -math.sin(angle)])
    n0 = down[0]
    root = max(float(reach @ n0), 0.85 * shape.sleeve_width)
    slip = min(max(float(reach @ d0), -0.12), 0.9 * shape.sleeve_length)
    width = root + (shape.cuff_width - root) * sleeve_taper(t)
    lower = upper + down * width[:, None] + np.outer((1 - t), d0 * slip)
    return upper, lower


def flat_upper(shape: UpperShape, pose: FlatPose, bare: bool = False) -> Flat:
    """Silhouette, landmarks and, unless ``bare``, parts of a top in a flat pose."""
    common = _common(shape, pose, bare)
    left = common | _sleeve(shape, pose.sleeve_left, pose.elbow_left)
    right = common | _sleeve(shape, pose.sleeve_right, pose.elbow_right)
    right = {k: c * _FLIP for k, c in right.items()}

    def lay(points: F64) -> F64:
        return pose_points(points, pose, -shape.length / 2, shape.chest_half)

    sleeve = ("outer", "cuff", "inner") if shape.sleeve_rows else ("armhole_down",)
    order = ("crown", "shoulder", *sleeve, "side", "hem")
    loop = np.concatenate(
        [left[k][:-1] for k in order] + [right[k][:0:-1] for k in reversed(order)]
    )
    points: dict[str, F64] = {
        "neck_center": np.array([0.0, -shape.neck_depth]),
        "hem_center": left["hem"][-1],
    }
    for side, half in (("left", left), ("right", right)):
        points[f"neck_{side}"] = half["shoulder"][0]
        points[f"shoulder_{side}"] = half["shoulder"][-1]
        points[f"armpit_{side}"] = half["side"][0]
        points[f"hem_{side}"] = half["side"][-1]
        points[f"waist_{side}"] = half["waist"][0]
        if shape.hip_level is not None:
            points[f"hip_{side}"] = half["hip"][0]
        if shape.sleeve_rows:
            points[f"cuff_outer_{side}"] = half["cuff"][0]
            points[f"cuff_inner_{side}"] = half["cuff"][-1]
    if bare:
        both = lay(np.concatenate([loop, landmark_array(points)]))
        return Flat(both[: len(loop)], both[len(loop) :], {})
    neckline = np.concatenate([left["front_neck"], right["front_neck"][-2::-1]])
    back_neck = np.concatenate([right["back_neck"][::-1], left["back_neck"][1:]])
    parts = dict(collar_parts(shape, left["crown"], neckline, back_neck, behind=True))
    parts["back_inside"] = np.concatenate([back_neck, neckline[1:-1]])
    if shape.trim.opening == "open":
        parts["back_inside"] = _whole_back(left, right)
    parts |= _fronts(shape, left, right)
    if shape.sleeve_rows:
        for side, half in (("left", left), ("right", right)):
            parts[f"{side}_sleeve"] = np.concatenate(
                [half["outer"], half["cuff"][1:], half["inner"][1:], half["armhole_down"][::-1]]
            )
    parts |= collar_parts(shape, left["crown"], neckline, back_neck, behind=False)
    curves = {
        "neckline": neckline,
        "armhole_left": left["armhole_down"],
        "armhole_right": right["armhole_down"],
    }
    if shape.trim.cuff > 0 and shape.sleeve_rows:
        curves |= {f"cuff_{s}": h["cuff_line"] for s, h in (("left", left), ("right", right))}
    curves |= trim_curves(shape, pose.hem_curve)
    return Flat(
        outline=lay(loop),
        points=lay(landmark_array(points)),
        parts={k: lay(p) for k, p in parts.items()},
        curves={k: lay(p) for k, p in curves.items()},
    )


def _whole_back(left: Mapping[str, F64], right: Mapping[str, F64]) -> F64:
    """The polygon of the back panel, whose inside an open front shows."""
    body = ("back_neck", "shoulder", "armhole_down", "side", "hem")
    return np.concatenate([left[k][:-1] for k in body] + [right[k][:0:-1] for k in reversed(body)])


def _fronts(shape: UpperShape, left: Mapping[str, F64], right: Mapping[str, F64]) -> dict[str, F64]:
    """The polygons of the front: one, or two of them where it opens."""
    body = ("shoulder", "armhole_down", "side", "hem")
    if shape.trim.opening == "none":
        front = np.concatenate(
            [left["front_neck"][::-1][:-1]]
            + [left[k][:-1] for k in body]
            + [right[k][:0:-1] for k in reversed(body)]
            + [right["front_neck"][:-1]]
        )
        return {"front": front}
    fronts = {}
    for side, half, flip in (("right", right, _FLIP), ("left", left, np.ones(2))):
        polygon = np.concatenate(
            [half["front_neck"][::-1][:-1]] + [half[k][:-1] for k in body] + [half["hem"][-1:]]
        )
        if shape.trim.opening == "open":
            edge = np.stack([np.zeros(10), np.linspace(polygon[-1, 1], polygon[0, 1], 10)], 1)
            polygon = np.concatenate([polygon, edge[1:-1]])
            polygon = parted(shape, polygon * flip) * flip
        fronts[f"{side}_front"] = polygon
    return fronts


@cache
def _even(count: int) -> F64:
    """``count`` numbers from 0 to 1; shared, never written to."""
    return np.linspace(0.0, 1.0, count)


def _common(shape: UpperShape, pose: FlatPose, bare: bool) -> dict[str, F64]:
    """The lines that both halves share, on the left, each running clockwise."""
    neck = np.array([shape.neck_half, 0.0])
    shoulder = shape.shoulder
    r = _even(10)
    back = np.stack([shape.neck_half * r, -pose.back_neck * (1 - r**2)], axis=1)
    rows = 28
    hip = shape.waist_level if shape.hip_level is None else shape.hip_level
    side = shape.side_length
    fall = -shape.armhole_depth - (side - shape.armhole_depth) * _even(rows)
    y = np.concatenate([fall, [shape.waist_level, hip]])
    line = np.stack([shape.half_width(y), y], axis=1)
    t = 1.0 - _even(12)
    low = -shape.length - pose.hem_curve * (1 - t**2) + shape.trim.hem_rise * hem_bend(t)
    hem = np.stack([line[rows - 1, 0] * t, low], axis=1)
    lines = {
        "crown": collar_edge(shape, pose, back),
        "back_neck": back,
        "shoulder": bezier(neck, (neck + shoulder) / 2 + [0.0, 0.003], shoulder, 8),
        "side": line[:rows],
        "hem": hem,
        "waist": line[rows : rows + 1],
        "hip": line[rows + 1 :],
    }
    if not bare or not shape.sleeve_rows:
        lines["armhole_down"] = shape.armhole(14)[::-1]
    if not bare:
        lines["front_neck"] = shape.neckline_curve(shape.neck_depth, 14)
    return lines


def _sleeve(shape: UpperShape, angle: float, elbow: float) -> dict[str, F64]:
    """The lines of the left sleeve, clockwise; none without sleeves."""
    if not shape.sleeve_rows:
        return {}
    upper, lower = sleeve_edges(shape, angle, elbow, 14)
    band = int(13 - round(13 * min(shape.trim.cuff / shape.sleeve_length, 0.5)))
    return {
        "cuff_line": np.stack([upper[band], lower[band]]),
        "outer": upper,
        "cuff": upper[-1] + (lower[-1] - upper[-1]) * _even(6)[:, None],
        "inner": np.concatenate([lower[:0:-1], shape.armpit[None]]),
    }
