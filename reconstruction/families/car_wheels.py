"""A car's wheels as lofts: tyres, rims and spokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .furniture_blocks import blocks, places
from .furniture_family import Values
from .furniture_solids import F64, Loft, polygon


@dataclass(frozen=True, eq=False)
class Axles:
    """Where four wheels stand, right before left.

    Attributes:
        side: (4,) -1 right, 1 left.
        face: (4,) x of the outer faces, metres.
        z: (4,) of the axles, metres.
        radius: of the wheels, metres.
    """

    side: F64
    face: F64
    z: F64
    radius: float


def wheels(axles: Axles, values: Values, kind: str) -> list[Loft]:
    """Tyres, rims and spokes."""
    turn = polygon(28)
    r, wide = axles.radius, values["wheel_width"]
    rim = r * values["rim_size"]
    # (radius, x): from the hidden side outwards; x counts from the outer face.
    profile = np.array(
        [
            [0.5 * rim, -wide * 0.8],
            [rim, -wide * 0.97],
            [r * 0.93, -wide],
            [r, -wide * 0.86],
            [r, -wide * 0.14],
            [r * 0.93, 0.0],
            [rim * 1.02, -0.008],
            [rim * 0.99, -0.02],
        ]
    )
    tyre = _turned_wheel(axles, profile, turn)
    dish = 0.045 if kind == "spokes" else 0.02
    face = np.array(
        [
            [rim * 0.6, -wide * 0.6],
            [rim * 0.995, -wide * 0.6],
            [rim * 1.0, -0.012],
            [rim * 0.93, -0.010],
            [rim * 0.86, -0.02 - dish * 0.7],
            [rim * 0.4, -0.02 - dish],
            [rim * 0.22, -0.02 - dish],
        ]
    )
    if kind == "discs":
        face[4:, 1] = [-0.03, -0.012, -0.008]
    out = [
        Loft(tyre, "tyres", "rubber", 1, -2),
        Loft(_turned_wheel(axles, face, turn), "rims", "metal", 1, -4),
    ]
    if kind == "spokes":
        out.append(_spokes(axles, rim, dish))
    return out


def _turned_wheel(axles: Axles, profile: F64, turn: F64) -> F64:
    """(4, n, k, 3) lathes about the axles; the profile's rows are radius and x outwards."""
    side, face, z = axles.side, axles.face, axles.z
    rings = np.empty((4, len(profile), len(turn), 3))
    rings[..., 0] = face[:, None, None] + side[:, None, None] * profile[:, 1:]
    circle = profile[:, :1, None] * turn
    # The right wheels are mirrored, so their rings turn the other way.
    rings[1::2, ..., 1:] = circle
    rings[::2, ..., 1:] = circle[:, ::-1]
    rings[..., 1] += axles.radius
    rings[..., 2] += z[:, None, None]
    return rings


def _spokes(axles: Axles, rim: float, dish: float) -> Loft:
    """Five flat spokes a wheel."""
    face, z = axles.face, axles.z
    half = rim * 0.085
    low, high = places(-dish - 0.03, 0.0, -half), places(-0.014, rim * 0.93, half)
    # Rounded by a share: at a corner 72 degrees off a spoke's middle two neighbours would meet.
    one = blocks(low, high, "", "", radius=0.3 * half).rings[0]
    a = np.arange(5) * (2 * np.pi / 5)
    cos, sin = np.cos(a)[:, None, None], np.sin(a)[:, None, None]
    star = np.empty((5, *one.shape))
    star[..., 0] = one[..., 0]
    star[..., 1] = one[..., 1] * cos - one[..., 2] * sin
    star[..., 2] = one[..., 1] * sin + one[..., 2] * cos
    wheels = np.empty((4, *star.shape))
    wheels[1::2] = star
    wheels[::2] = star[:, :, ::-1] * np.array([-1.0, 1.0, 1.0])
    wheels += places(face, axles.radius, z)[:, None, None, None]
    return Loft(wheels.reshape(-1, *one.shape), "rims", "metal", 1, -2)
