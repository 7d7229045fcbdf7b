"""Chairs: dining, arm, wing, office, shell, Windsor and rocking chairs, stools and benches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .chair_back import arms, back
from .chair_back_shape import BackShape
from .chair_shell import shell, tee_arms
from .furniture_family import Anchors, Assembly, Choices, FurnitureFamily, Values
from .furniture_legs import (
    LegStyle,
    cantilever,
    crossed,
    legs,
    pedestal,
    rockers,
    slabs,
    sled,
    stretchers,
    swivel,
)
from .furniture_solids import F64, Loft, outline
from .spec import load_spec

_SPEC = load_spec(Path(__file__).with_suffix(".toml"))


def assemble(values: Values, choices: Choices) -> Assembly:
    """A chair's lofts; see ``chair.toml`` for what the values mean."""
    has_back = choices["back"] != "none"
    seat_top = min(values["seat_height"], values["height"] - 0.12) if has_back else values["height"]
    slab = min(values["seat_thickness"], seat_top * 0.4)
    moulded = choices["back"] == "shell"
    bare = moulded or choices["seat"] in ("solid", "loose")
    apron = 0.0 if bare else min(values["apron_height"], seat_top * 0.4)
    under = seat_top - slab - apron
    back_height = max(values["height"] - seat_top, 0.1)
    half_width, half_depth = _seat_size(values, choices, back_height)
    if moulded:
        slab = min(values["back_thickness"], 0.05)
        under = seat_top - slab
        lofts = []
    else:
        lofts = _seat(values, choices, (half_width, half_depth), seat_top, slab, apron)
    if choices["seat"] == "loose" or (moulded and choices["seat"] == "cushion"):
        share = 0.76 if moulded else 0.96
        lofts.append(_pad(values, (half_width * share, half_depth * share), seat_top))
    lofts += _base(values, choices, (half_width, half_depth), under + 0.004)
    anchors: Anchors = {"seat": (0.0, seat_top, 0.0), "floor": (0.0, 0.0, 0.0)}
    if has_back:
        shape = BackShape(
            half_width=max(half_width * values["seat_taper"] * values["back_width"], 0.06),
            seat=seat_top - values["seat_dome"] * 0.8,
            height=back_height + values["seat_dome"] * 0.8,
            z=-half_depth + values["back_thickness"] * 0.5 + 0.005,
            flare=values["back_flare"],
            rise=values["back_flare_rise"],
            tilt=values["back_tilt"],
            curve=values["back_curve"],
            wrap=values["back_wrap"],
            foot=under + 0.4 * apron if apron else seat_top - 0.7 * slab,
        )
        if moulded:
            lofts.append(shell(shape, values, (half_width, half_depth), seat_top))
        else:
            lofts += back(shape, values, choices)
        top = shape.at(0.0, values["height"])
        anchors["back_top"] = (float(top[0]), float(top[1]), float(top[2]))
        if choices["arms"] == "tee":
            lofts += tee_arms(values, (half_width, half_depth), seat_top, under)
        elif choices["arms"] != "none":
            lofts += arms(shape, values, choices["arms"], (half_width, half_depth, under + 0.02))
        if choices["arms"] != "none":
            rest = seat_top + values["arm_height"]
            anchors["left_arm"] = (half_width, rest, 0.0)
            anchors["right_arm"] = (-half_width, rest, 0.0)
    return Assembly(lofts, seat_top, anchors)


def _seat_size(values: Values, choices: Choices, back_height: float) -> tuple[float, float]:
    """Half width and half depth of the seat, so that the whole comes near the wanted box."""
    splay = max(values["leg_splay"], 0.0) if choices["base"] in ("legs", "rockers") else 0.0
    widest, front, rear = 1.0, 0.0, 0.0
    extra = splay
    if choices["arms"] == "tee" and choices["back"] != "none":
        extra = max(extra, min(max(values["arm_thickness"], 0.03), 0.10) * 0.6)
    if choices["base"] in ("legs", "rockers"):
        front, rear = splay, max(values["rear_splay"], 0.0)
    if choices["back"] != "none":
        reach = values["seat_taper"] * values["back_width"]
        widest = max(widest, reach * max(values["back_flare"], 1.0))
        offset = np.tan(values["back_tilt"]) * back_height + values["back_curve"]
        rear = max(rear, float(offset), 0.0)
        if choices["arms"] == "block":
            extra = max(extra, values["arm_thickness"] * 0.95)
        elif choices["arms"] not in ("none", "tee"):
            extra = max(extra, min(values["arm_thickness"], 0.07) * 0.6)
    half_width = min((values["width"] / 2 - extra), values["width"] / 2 / widest)
    half_depth = (values["depth"] - front - rear) / 2
    return max(half_width, 0.1), max(half_depth, 0.1)


def _seat_ring(values: Values, half: tuple[float, float], edge: int = 3) -> F64:
    """(k, 2) x and z of the seat's edge: rounded, narrower at the rear, bowed at the front."""
    ring = outline(1.0, 1.0, max(values["seat_round"], 0.03), 6, edge)
    share = (ring[:, 1] + 1) / 2
    bow = values["seat_bow"] * (1 - ring[:, 0] ** 2) * share
    x = ring[:, 0] * half[0] * (values["seat_taper"] + (1 - values["seat_taper"]) * share)
    return np.stack([x, ring[:, 1] * (half[1] - values["seat_bow"] / 2) + bow], axis=1)


def _inset(ring: F64, distance: F64, half: tuple[float, float]) -> F64:
    """(n, k, 2): the ring drawn inwards by each distance (n,), metres."""
    scale = 1 - distance[:, None] / np.array(half)[None]
    return np.asarray(ring[None] * scale[:, None])


def _stack(ring: F64, heights: F64, distance: F64, half: tuple[float, float]) -> F64:
    flat = _inset(ring, distance, half)
    rings = np.empty((1, len(heights), len(ring), 3))
    rings[0, :, :, 0], rings[0, :, :, 2] = flat[..., 0], flat[..., 1]
    rings[0, :, :, 1] = heights[:, None]
    return rings


def _seat(
    values: Values,
    choices: Choices,
    half: tuple[float, float],
    top: float,
    slab: float,
    apron: float,
) -> list[Loft]:
    ring = _seat_ring(values, half)
    least = min(half)
    over = values["seat_overhang"]
    out = []
    low = top - slab
    if choices["seat"] == "cushion":
        # Bulging sides, a soft rim and a crown.
        dome = min(values["seat_dome"], slab * 0.6)
        soft = min(0.03, (slab - dome) * 0.5)
        rim = top - dome
        heights = np.array(
            [
                low,
                low,
                low + 0.15 * soft,
                low + 0.5 * soft,
                (low + rim - soft) / 2 + 0.25 * soft,
                rim - soft,
                rim - 0.5 * soft,
                rim - 0.12 * soft,
                rim + 0.22 * dome,
                rim + 0.62 * dome,
                rim + 0.92 * dome,
                top,
            ]
        )
        distance = np.array(
            [
                0.5 * least,
                0.02,
                0.008,
                0.003,
                0.0,
                0.002,
                0.15 * soft + 0.003,
                0.5 * soft + 0.004,
                soft + 0.1 * least,
                0.35 * least,
                0.65 * least,
                0.88 * least,
            ]
        )
        rings = _stack(ring, heights, distance, half)
        out.append(Loft(rings, "cushion", "upholstery", 2, -5))
        out.append(_apron(ring, half, (low - apron, low + 0.006), 0.003 + over, "seat"))
        return out
    bevel = min(0.006, slab * 0.3)
    dish = min(values["seat_dome"], slab * 0.4)
    heights = np.array(
        [
            low,
            low,
            low + bevel * 0.3,
            low + bevel,
            top - bevel,
            top - bevel * 0.3,
            top,
            top - 0.25 * dish,
            top - 0.8 * dish,
            top - dish,
        ]
    )
    distance = np.array(
        [
            0.5 * least,
            bevel,
            bevel * 0.3,
            0.0,
            0.0,
            bevel * 0.3,
            bevel,
            0.25 * least,
            0.55 * least,
            0.85 * least,
        ]
    )
    out.append(Loft(_stack(ring, heights, distance, half), "seat", "wood", 2, -5))
    if choices["seat"] == "apron":
        out.append(_apron(ring, half, (low - apron, low + 0.003), 0.004 + over, "apron"))
    return out


def _pad(values: Values, half: tuple[float, float], top: float) -> Loft:
    """A loose cushion that lies on a hard seat."""
    thick, least = 0.022 + values["seat_dome"], min(half)
    soft = thick * 0.45
    rise = np.array([0.0, 0.0, 0.15, 0.55, 1.0, 1.45, 1.85, 2.0]) * soft
    heights = top - 0.004 + np.concatenate([rise, [0.95 * thick, thick]])
    inner = [0.5 * least, soft, 0.4 * soft, 0.1 * soft, 0.0, 0.1 * soft, 0.4 * soft, 0.8 * soft]
    distance = np.array([*inner, 0.45 * least, 0.8 * least])
    return Loft(
        _stack(_seat_ring(values, half), heights, distance, half), "cushion", "upholstery", 2, -4
    )


def _apron(
    ring: F64, half: tuple[float, float], span: tuple[float, float], inset: float, part: str
) -> Loft:
    low, high = span
    heights = np.array([low, low, low + 0.003, high])
    distance = inset + np.array([0.3 * min(half), 0.003, 0.0, 0.0])
    return Loft(_stack(ring, heights, distance, half), part, "wood", 1, -1)


def _base(values: Values, choices: Choices, half: tuple[float, float], top: float) -> list[Loft]:
    kind, thickness = choices["base"], values["leg_thickness"]
    reach = (half[0] * values["base_width"], half[1] * values["base_width"])
    if kind in ("disc", "star"):
        return pedestal(kind, reach, top, thickness)
    if kind == "castors":
        return swivel(reach, top, thickness)
    corner = 1 - 0.27 * values["seat_round"]
    front_x, rear_x = half[0] * corner, half[0] * corner * values["seat_taper"]
    z = half[1] * corner
    if choices["back"] == "shell":
        # A shell's rim is drawn up: its legs meet it further in.
        front_x, rear_x, z = front_x * 0.78, rear_x * 0.78, z * 0.78
    bare = choices["back"] == "shell" or choices["seat"] in ("solid", "loose")
    over = 0.0 if bare else values["seat_overhang"]
    inside = thickness / 2 + 0.002 + over
    if kind == "sled":
        return [
            sled(np.array([-1, 1]) * (min(front_x, rear_x) - inside), z - inside, top, thickness)
        ]
    x = min(front_x, rear_x) - inside
    if kind == "cantilever":
        return [cantilever(np.array([-1, 1]) * x, z - inside, top, min(thickness, 0.05))]
    if kind == "trestle":
        return [slabs(x, z - inside, top, min(thickness, 0.06), values["leg_taper"])]
    if kind == "crossed":
        return crossed(np.array([-1, 1]) * x, z - inside, top, thickness)
    sabre = choices["rear_legs"] == "sabre"
    side = np.array([-1.0, 1.0])
    ends: dict[str, tuple[F64, F64]] = {}
    for name, x, at in (("front", front_x, z), ("rear", rear_x, -z)):
        sign = 1.0 if name == "front" else -1.0
        upper = np.stack([side * (x - inside), np.full(2, at - sign * inside)], axis=1)
        out = values["leg_splay"] if name == "front" else values["rear_splay"]
        sideways = values["leg_splay"]
        if name == "rear":
            sideways = sideways * 0.5 + (0.3 * values["rear_splay"] if sabre else 0.0)
        ends[name] = (upper, upper + np.stack([side * sideways, np.full(2, sign * out)], axis=1))
    profile = _SPEC.extra["turned"]
    front = LegStyle(choices["legs"], thickness, values["leg_taper"], 1.0, profile)
    kind_rear = "square" if sabre else choices["legs"]
    rear = LegStyle(kind_rear, thickness, values["leg_taper"], 2.0 if sabre else 1.0, profile)
    lofts = [
        legs(*ends["front"], top, front, "front_legs", "wood"),
        legs(*ends["rear"], top, rear, "rear_legs", "wood"),
    ]
    if choices["stretchers"] != "none":
        share = values["stretcher_height"]
        lean = {"front": 1 - share, "rear": float((1 - share) ** rear.curve)}
        feet = {n: u + (f - u) * lean[n] for n, (u, f) in ends.items()}
        lofts += stretchers(
            choices["stretchers"], feet["front"], feet["rear"], share * top, thickness
        )
    if kind == "rockers":
        length = values["base_width"] * values["depth"] * 0.5
        lift = 0.35 * values["depth"] * values["base_width"] * 0.5
        stand = (ends["front"][1], ends["rear"][1])
        lofts.append(rockers(*stand, length, thickness * 0.9, lift * 0.6))
    return lofts


FAMILY = FurnitureFamily(_SPEC, assemble)
