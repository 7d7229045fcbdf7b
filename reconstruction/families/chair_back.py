"""Chair backs and arms as lofts: drawn flat, then flared, tilted and bent into shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chair_back_shape import BackShape
from .chair_shell import wings
from .furniture_family import Choices, Values
from .furniture_legs import X_AXIS, Z_AXIS
from .furniture_solids import F64, Loft, bar_section, outline, polygon, round_ends, sweep


def back(shape: BackShape, values: Values, choices: Choices) -> list[Loft]:
    """All parts of a chair's back."""
    style, count = choices["back"], int(choices["slat_count"])
    low, high = shape.seat, shape.seat + shape.height
    bottom = low + values["back_gap"] * shape.height
    if style in ("panel", "pad"):
        return _board_back(shape, values, style, bottom, high)
    if style == "wing":
        out = _board_back(shape, values, "pad", bottom, high)
        return [*out, wings(shape, values, bottom, high)]
    if style == "hoop":
        return _hoop(shape, values, count)
    crest_low = high - min(values["crest_height"], shape.height * 0.5)
    inner = shape.half_width - values["post_thickness"]
    out = _posts(shape, values, crest_low, high)
    out += _crest(shape, values, choices["crest"], crest_low, high)
    thickness = min(values["back_thickness"], values["post_thickness"] * 1.4)
    bottom = min(bottom, crest_low - 0.06)
    rail = min(0.05, shape.height * 0.12)
    if style == "frame":
        out.append(_rail(shape, inner, bottom, bottom + rail, thickness * 0.8, "back_rails"))
        pad = Pad(inner * 1.01, bottom + rail * 0.9, crest_low + 0.004, thickness * 1.15, 0.0)
        out.append(_pad(shape, pad, 0.08, "back_panel", "upholstery"))
    elif style == "ladder":
        edges = np.linspace(bottom, crest_low, count + 1)
        half = np.minimum(values["slat_width"] * 1.2, (edges[1] - edges[0]) * 0.4)
        for middle in edges[:-1] + half:
            lifts = (middle - half, middle + half)
            out.append(_rail(shape, inner, *lifts, thickness * 0.6, "slats"))
    else:
        floor = low if style == "spindles" else bottom
        if style == "slats" and values["back_gap"] > 0:
            out.append(_rail(shape, inner, bottom, bottom + rail, thickness * 0.8, "back_rails"))
        elif style == "slats":
            out.append(_rail(shape, inner, low - 0.01, low + 0.015, thickness * 0.8, "back_rails"))
        width = min(values["slat_width"], 1.6 * inner / (count + 1))
        section = (width, min(0.012, thickness * 0.5)) if style == "slats" else (0.014, 0.014)
        x = np.linspace(-inner, inner, count + 2)[1:-1]
        out.append(
            _slats(
                shape, x, np.full(count, floor - 0.008), np.full(count, crest_low), section, style
            )
        )
    return out


def _board_back(
    shape: BackShape, values: Values, style: str, low: float, high: float
) -> list[Loft]:
    part, material = ("back_panel", "wood") if style == "panel" else ("back_panel", "upholstery")
    pad = Pad(shape.half_width, low - 0.01, high, values["back_thickness"], values["crest_arch"])
    posts = min(values["back_thickness"] * 0.7, 0.035)
    x = np.array([-0.62, 0.62]) * shape.half_width
    lift = np.array([shape.foot, low + 0.08])
    flat = np.zeros((2, 4, 3))
    flat[..., 0] = x[:, None]
    flat[..., 1] = np.linspace(lift[0], lift[1], 4)
    flat[..., 2] = -0.1 * posts
    struts = sweep(shape.bend(flat), bar_section(posts / 2, posts * 0.7), X_AXIS)
    return [
        _pad(shape, pad, values["back_round"], part, material),
        Loft(round_ends(struts, 0.003), "back_posts", "wood", 1, -2),
    ]


@dataclass(frozen=True)
class Pad:
    """A flat board: half width, lower and upper edge, thickness, rise of its upper edge."""

    half_width: float
    low: float
    high: float
    thickness: float
    arch: float


def _pad(shape: BackShape, pad: Pad, roundness: float, part: str, material: str) -> Loft:
    middle, half = (pad.low + pad.high) / 2, (pad.high - pad.low) / 2
    edge = outline(1.0, 1.0, max(roundness, 0.05), 4, 5)
    edge = np.stack([edge[:, 0], -edge[:, 1]], axis=1)
    t = pad.thickness / 2
    plump = min(0.35 * pad.thickness, 0.02)
    inset = np.array([0.45, 0.2, 0.07, 0.025, 0.0, 0.0, 0.025, 0.07, 0.2, 0.45])
    profile = t - plump * np.array([0.0, 0.0, 0.12, 0.4, 1.0])
    depth = np.concatenate([-profile, profile[::-1]])
    flat = np.empty((len(inset), len(edge), 3))
    # Insets are lengths near the rim (the same all around) and shares further in.
    rim = min(pad.half_width, half)
    keep_x = 1 - inset * np.where(inset < 0.1, rim / pad.half_width, 1.0)
    keep_y = 1 - inset * np.where(inset < 0.1, rim / half, 1.0)
    flat[..., 0] = edge[None, :, 0] * keep_x[:, None] * pad.half_width
    y = edge[None, :, 1] * keep_y[:, None]
    flat[..., 1] = middle + y * half
    across = np.clip(np.abs(edge[:, 0]), 0, 1)[None]
    flat[..., 1] += pad.arch * (1 - across**2) * np.maximum(y, 0) - max(pad.arch, 0) * np.maximum(
        y, 0
    )
    flat[..., 2] = depth[:, None]
    turned = flat[:, ::-1] if not _left(edge) else flat
    return Loft(shape.bend(turned)[None], part, material, 3, -4)


def _left(edge: F64) -> bool:
    following = np.roll(edge, -1, axis=0)
    return bool((edge[:, 0] * following[:, 1] - edge[:, 1] * following[:, 0]).sum() > 0)


def _posts(shape: BackShape, values: Values, low: float, high: float) -> list[Loft]:
    half = values["post_thickness"] / 2
    flat = np.zeros((2, 9, 3))
    flat[..., 0] = np.array([[-1.0], [1.0]]) * (shape.half_width - half)
    flat[..., 1] = np.linspace(shape.foot, (low + high) / 2, 9)
    rings = sweep(shape.bend(flat), bar_section(half * 1.1, half), X_AXIS)
    return [Loft(rings, "back_posts", "wood")]


def _across(shape: BackShape, reach: float, y: F64, offset: float = 0.0) -> F64:
    """(1, n, 3) points from left to right on the back's surface at heights ``y`` (n,)."""
    flat = np.zeros((1, len(y), 3))
    flat[0, :, 0] = np.linspace(-reach, reach, len(y))
    flat[0, :, 1] = y
    flat[0, :, 2] = offset
    return shape.bend(flat)


def _level(path: F64, half_height: float | F64, half_depth: float) -> F64:
    """Rings of a rail that runs from left to right with its section upright."""
    section = outline(half_depth, 1.0, 0.35, 2)  # columns: z, y
    rings = np.repeat(path[:, :, None], len(section), axis=2)
    rings[..., 2] += section[:, 0]
    rings[..., 1] += section[:, 1] * np.broadcast_to(half_height, path.shape[1])[None, :, None]
    return rings[:, :, ::-1] if not _left(section[:, ::-1]) else rings


def _rail(shape: BackShape, reach: float, low: float, high: float, depth: float, part: str) -> Loft:
    path = _across(shape, reach * 1.02, np.full(9, (low + high) / 2))
    return Loft(_level(path, (high - low) / 2, depth / 2), part, "wood")


def _crest(shape: BackShape, values: Values, kind: str, low: float, high: float) -> list[Loft]:
    reach = shape.half_width + values["crest_overhang"]
    share = np.linspace(-1, 1, 13)
    arch = values["crest_arch"] * (1 - share**2) - max(values["crest_arch"], 0.0)
    thickness = max(values["back_thickness"], values["post_thickness"]) * 1.1
    path = _across(shape, reach, np.full(13, (low + high) / 2))
    path[..., 1] += arch / 2
    rings = round_ends(_level(path, (high - low) / 2 + arch / 2, thickness / 2), 0.005)
    out = [Loft(rings, "crest", "wood", 1, -2)]
    if kind == "scroll":
        radius = min(max(thickness * 0.75, 0.018), 0.03)
        path = _across(
            shape, reach + 0.008, np.full(13, high - radius), -thickness * 0.5 - radius * 0.4
        )
        path[..., 1] += arch
        rings = round_ends(sweep(path, polygon(12) * radius, Z_AXIS), 0.006)
        out.append(Loft(rings, "crest", "wood", 1, -2))
    return out


def _slats(
    shape: BackShape, x: F64, low: F64, high: F64, section: tuple[float, float], style: str
) -> Loft:
    flat = np.zeros((len(x), 8, 3))
    flat[..., 0] = x[:, None]
    flat[..., 1] = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, 8)
    ring = (
        polygon(8) * section[0] / 2
        if style != "slats"
        else bar_section(section[1] / 2, section[0] / 2)
    )
    return Loft(sweep(shape.bend(flat), ring, X_AXIS), "slats", "wood")


def _hoop(shape: BackShape, values: Values, count: int) -> list[Loft]:
    half = values["post_thickness"] / 2
    reach, rise = shape.half_width - half, shape.height - half
    power = 2 + 5 * (1 - values["back_round"])
    turn = np.linspace(0, np.pi, 29)
    cos, sin = np.cos(turn), np.sin(turn)
    flat = np.zeros((1, 31, 3))
    flat[0, 1:-1, 0] = -np.sign(cos) * np.abs(cos) ** (2 / power) * reach
    flat[0, 1:-1, 1] = shape.seat + np.abs(sin) ** (2 / power) * rise
    flat[0, 0] = flat[0, 1] - (0, shape.seat - shape.foot, 0)
    flat[0, -1] = flat[0, -2] - (0, shape.seat - shape.foot, 0)
    bow = Loft(sweep(shape.bend(flat), polygon(12) * half, Z_AXIS), "crest", "wood")
    x = np.linspace(-reach, reach, count + 2)[1:-1]
    top = shape.seat + rise * (1 - np.abs(x / reach) ** power) ** (1 / power)
    width = min(values["slat_width"], 1.5 * reach / (count + 1))
    low = np.full(count, shape.seat - 0.008)
    return [bow, _slats(shape, x, low, top, (width, min(0.014, width)), "slats")]


def arms(
    shape: BackShape, values: Values, kind: str, seat: tuple[float, float, float]
) -> list[Loft]:
    """Both arm rests.

    Args:
        kind: ``"straight"``, ``"curved"`` or ``"block"``.
        seat: half width, front z and underside y of the seat, metres.
    """
    half_width, front, under = seat
    thick = values["arm_thickness"]
    rise = min(values["arm_height"], shape.height * 0.9)
    top = shape.seat + rise
    side = np.array([-1.0, 1.0])
    rear = shape.at(shape.half_width, top)
    stop = rear[2] + (front - rear[2]) * values["arm_length"]
    if kind == "block":
        low = max(under - 0.02, 0.02)
        rings = _block(
            side * (half_width + thick * 0.45), thick / 2, (low, top), (rear[2] - 0.02, stop)
        )
        return [Loft(rings, "arms", "upholstery", 3, -4)]
    x_front = half_width + min(thick, 0.05) * 0.3
    x_rear = float(rear[0])
    bar = min(thick, 0.07)
    if kind == "straight":
        path = np.empty((2, 7, 3))
        path[..., 0] = side[:, None] * np.linspace(x_rear, x_front, 7)
        path[..., 1] = top - bar * 0.3
        path[..., 2] = np.linspace(rear[2], stop, 7)
        rest = round_ends(sweep(path, bar_section(bar * 0.3, bar * 0.55), X_AXIS), 0.004)
        post = np.zeros((2, 5, 3))
        post[..., 0] = side[:, None] * (x_front - 0.004)
        post[..., 1] = np.linspace(under, top - bar * 0.35, 5)
        post[..., 2] = stop - 0.05
        posts = sweep(post, bar_section(bar * 0.36, bar * 0.32), X_AXIS)
        return [Loft(rest, "arms", "wood", 1, -2), Loft(posts, "arm_posts", "wood")]
    # One sweep: forward from the back, a little down, then round and down to the seat.
    turn = np.linspace(0, np.pi / 2, 8)
    radius = min(0.09, rise * 0.55)
    run = np.linspace(rear[2], stop - radius, 6)
    z = np.concatenate(
        [run[:-1], stop - radius + radius * np.sin(turn), [stop - 0.01, stop - 0.04]]
    )
    level = top - bar / 2
    falling = level - radius + radius * np.cos(turn)
    middle = [(top + under) / 2 - radius / 2, under]
    y = np.concatenate([level + np.linspace(0.02, 0.0, 5), falling, middle])
    path = np.empty((2, len(z), 3))
    path[..., 0] = side[:, None] * np.interp(z, [rear[2], stop], [x_rear, x_front])
    path[..., 1], path[..., 2] = y, z
    return [Loft(sweep(path, bar_section(bar * 0.42, bar * 0.5, 0.6), X_AXIS), "arms", "wood")]


def _block(x: F64, half: float, y: tuple[float, float], z: tuple[float, float]) -> F64:
    """Upholstered boxes with soft rims, stacked upwards: (2, n, k, 3)."""
    depth = (z[1] - z[0]) / 2
    soft = min(0.03, half * 0.6)
    inset = np.array([0.5 * half, 0.01, 0.003, 0.0, 0.0, 0.15 * soft, 0.5 * soft, soft, half * 0.8])
    lift = np.array([y[0], y[0], y[0] + 0.003, y[0] + 0.012, y[1] - soft])
    lift = np.concatenate([lift, y[1] - soft * np.array([0.5, 0.15, 0.03, 0.0])])
    section = outline(1.0, 1.0, 0.25, 3, 2)
    rings = np.empty((len(x), len(inset), len(section), 3))
    rings[..., 0] = x[:, None, None] + section[:, 0] * (half - inset)[None, :, None]
    rings[..., 2] = (z[0] + z[1]) / 2 + section[:, 1] * (depth - inset)[None, :, None]
    rings[..., 1] = lift[None, :, None]
    return rings
