"""The phone that takes the photo: place, aim, roll and lens; points to pixels of a tall canvas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .population import Rng, table

F32 = NDArray[np.float32]

CANVAS: Final = (256, 144)
"""Rows and columns on which silhouettes are drawn."""
FILLED: Final = 240
"""Rows that the person fills."""

View = Literal["front", "side", "turned"]


@dataclass(frozen=True)
class Viewpoint:
    """Where the camera stands, in front of a person who faces it.

    Attributes:
        yaw: how far the person is turned from it, radians; pi / 2 shows the left side.
        distance, height: metres from the person's middle, above the floor.
        aim: height that it looks at, metres.
        roll: radians.
        lens: radial distortion k1 (Brown 1966), at unit tangent.
    """

    yaw: float
    distance: float
    height: float
    aim: float
    roll: float
    lens: float

    def project(self, points: F32) -> F32:
        """(n, 3) float32: tangent right and down, and the depth in metres."""
        pitch = np.arctan2(self.aim - self.height, self.distance)
        turns = np.array(
            [f(a) for a in (self.yaw, pitch, self.roll) for f in (np.cos, np.sin)], np.float32
        )
        out = np.empty_like(points)
        _project(points, turns, self.distance, self.height, self.lens, out)
        return out


@njit(cache=True, nogil=True, fastmath=True)
def _project(
    points: F32, turns: F32, distance: float, height: float, lens: float, out: F32
) -> None:
    cy, sy, cp, sp, cr, sr = turns
    for i in range(points.shape[0]):
        x = cy * points[i, 0] + sy * points[i, 2]
        far = distance + sy * points[i, 0] - cy * points[i, 2]
        up = points[i, 1] - height
        depth = far * cp + up * sp
        v = -(up * cp - far * sp) / depth
        u = x / depth
        a, b = cr * u - sr * v, sr * u + cr * v
        bent = 1 + lens * (a * a + b * b)
        out[i, 0], out[i, 1], out[i, 2] = a * bent, b * bent, depth


def random_viewpoint(rng: Rng, view: View, tall: float) -> Viewpoint:
    """A camera as people hold one, for a person who stands ``tall`` metres high."""
    rule = table()["camera"]
    yaw = {
        "front": rng.normal(0, rule["front_yaw"]),
        "side": rng.choice([-90, 90]) + rng.normal(0, rule["side_yaw"]),
        "turned": rng.choice([-1, 1]) * rng.uniform(*rule["turned"]),
    }[view]
    return Viewpoint(
        yaw=float(np.radians(yaw)),
        distance=float(rng.uniform(*rule["distance"])),
        height=float(rng.uniform(*rule["height"])),
        aim=float(tall / 2 + rng.normal(0, rule["aim"])),
        roll=float(np.radians(rng.normal(0, rule["roll"]))),
        lens=float(rng.normal(*rule["lens"])),
    )


def placed(points: F32, size: tuple[int, int] = CANVAS, filled: float = FILLED) -> F32:
    """Scale projected points so that they fill the canvas's height, in its middle."""
    out = np.empty_like(points)
    _place(points, size[0], size[1], filled, out)
    return out


@njit(cache=True, nogil=True, fastmath=True)
def _place(points: F32, rows: int, columns: int, filled: float, out: F32) -> None:
    left = top = np.float32(1e9)
    right = bottom = np.float32(-1e9)
    for i in range(points.shape[0]):
        left, right = min(left, points[i, 0]), max(right, points[i, 0])
        top, bottom = min(top, points[i, 1]), max(bottom, points[i, 1])
    scale = np.float32(filled / (bottom - top))
    middle, margin = (left + right) / 2, np.float32((rows - filled) / 2)
    for i in range(points.shape[0]):
        out[i, 0] = (points[i, 0] - middle) * scale + np.float32(columns / 2)
        out[i, 1] = (points[i, 1] - top) * scale + margin
        out[i, 2] = points[i, 2]
