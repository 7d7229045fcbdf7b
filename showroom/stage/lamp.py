"""The lights of a scene: panels, spots, bulbs, windows' sky and the sun."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..catalog.scene import Opening, Scene
from . import check
from .shell import wall_frame
from .sky import Sky

_KEYS = ("kind", "at", "size", "target", "angle", "radius", "color", "strength", "turn")
FAR = 1000.0
"""How far away the sun stands, metres."""


@dataclass(frozen=True)
class Light:
    """A light of the baked room.

    Attributes:
        kind: ``"panel"`` a rectangle shining along ``normal``, ``"spot"`` a cone towards
            ``normal``, ``"bulb"`` a sphere, ``"sky"`` a window's rectangle, ``"sun"`` parallel.
        u, v: half-axes of a rectangle, metres; ``radius`` of spots, bulbs and the sun.
        cosine: of the half-angle of a spot's cone.
        power: (3,) linear RGB: radiance of rectangles, intensity of spots and bulbs, irradiance
            over pi of the sun.
    """

    kind: str
    at: tuple[float, float, float]
    normal: tuple[float, float, float]
    u: tuple[float, float, float]
    v: tuple[float, float, float]
    radius: float
    cosine: float
    power: tuple[float, float, float]


def read_lights(scene: Scene, sky: Sky | None) -> tuple[Light, ...]:
    """The lights of a scene, its windows' and sun's among them; one panel where it names none.

    Raises:
        SceneError: an unknown key or kind, a wrong value.
    """
    made = [_light(scene, t, f"light[{i}]") for i, t in enumerate(scene.document.get("light", []))]
    made += [_sky_light(scene, o) for o in scene.openings if o.kind == "window" or o.glazed]
    if sky is not None and max(sky.sun_power) > 0.0:
        made.append(_sun(sky))
    if not scene.document.get("light") and not scene.outdoor:
        low, high = np.min(scene.outline, axis=0), np.max(scene.outline, axis=0)
        (x, z), (w, d) = (low + high) / 2, (high - low) / 2
        made.append(
            Light("panel", (float(x), scene.height - 0.02, float(z)), (0.0, -1.0, 0.0),
                  (float(w) * 0.7, 0.0, 0.0), (0.0, 0.0, float(d) * 0.7), 0.0, -1.0,
                  (1.1, 1.02, 0.9))
        )  # fmt: skip
    return tuple(made)


def _light(scene: Scene, table: Any, field: str) -> Light:
    check.keys(scene, table, _KEYS, field)
    kind = table.get("kind")
    if kind not in ("panel", "spot", "bulb"):
        raise scene.fail("no such light", f"{field}.kind", "panel, spot, bulb", kind)
    at = check.vector(scene, table.get("at"), 3, f"{field}.at")
    tint = check.linear(check.color(scene, table.get("color", "#ffffff"), f"{field}.color"))
    power = tint * check.number(scene, table, "strength", field, 1.0, 0.0, 1e4)
    u, v, normal, cosine = (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, -1.0, 0.0), -1.0
    if kind == "panel":
        w, d = check.vector(scene, table.get("size"), 2, f"{field}.size")
        if min(w, d) <= 0.0:
            raise scene.fail("must be positive", f"{field}.size", "width, depth > 0", [w, d])
        turn = math.radians(check.number(scene, table, "turn", field, 0.0, -360.0, 360.0))
        c, s = math.cos(turn), math.sin(turn)
        u, v = (c * w / 2, 0.0, -s * w / 2), (s * d / 2, 0.0, c * d / 2)
    if kind == "spot":
        aim = np.subtract(check.vector(scene, table.get("target"), 3, f"{field}.target"), at)
        length = float(np.linalg.norm(aim))
        if length < 1e-6:
            raise scene.fail(
                "must differ from its place", f"{field}.target", "a point apart from at", at
            )
        aim = aim / length
        normal = (float(aim[0]), float(aim[1]), float(aim[2]))
        angle = check.number(scene, table, "angle", field, 30.0, 1.0, 89.0)
        cosine = math.cos(math.radians(angle))
    return Light(
        kind, (at[0], at[1], at[2]), normal, u, v,
        check.number(scene, table, "radius", field, 0.04, 0.0, 2.0), cosine,
        (float(power[0]), float(power[1]), float(power[2])),
    )  # fmt: skip


def _sun(sky: Sky) -> Light:
    x, y, z = sky.sun
    return Light(
        "sun", (x * FAR, y * FAR, z * FAR), (-x, -y, -z), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0),
        FAR * math.tan(sky.sun_radius), -1.0, sky.sun_power,
    )  # fmt: skip


def _sky_light(scene: Scene, opening: Opening) -> Light:
    start, along, normal, _ = wall_frame(scene, opening.wall)
    middle = start + along * (opening.offset + opening.width / 2) + normal * 0.01
    middle[1] = opening.sill + opening.height / 2
    u, v = along * opening.width / 2, np.array([0.0, opening.height / 2, 0.0])
    strength = float(scene.document.get("room", {}).get("daylight", 5.0))
    return Light(
        "sky", _triple(middle), _triple(normal), _triple(u), _triple(v), 0.0, -1.0,
        (0.92 * strength, 0.97 * strength, 1.05 * strength),
    )  # fmt: skip


def _triple(v: Any) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))
