"""Lines, rings and boxes as flat-coloured triangles, all in one buffer; numpy only, no engine.

Lines are ribbons turned to the eye, so that they are as wide in a headset as they are meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..protocol.limits import Transform
from .ground import Box

F32 = NDArray[np.float32]
Color = tuple[float, float, float, float]
"""sRGB and alpha, 0 to 1."""

SKY: Color = (0.35, 0.66, 0.90, 0.95)
AMBER: Color = (0.95, 0.62, 0.26, 0.95)
GREEN: Color = (0.36, 0.78, 0.45, 0.95)
RED: Color = (0.88, 0.30, 0.24, 0.95)
WHITE: Color = (1.0, 1.0, 1.0, 0.85)


class Ink:
    """Triangles that are collected for one frame.

    Args:
        eye: (x, y, z) to which ribbons are turned.
    """

    def __init__(self, eye: Sequence[float]) -> None:
        self._eye = np.asarray(eye[:3], np.float64)
        self._parts: list[F32] = []

    def triangles(self) -> F32:
        """(3 m, 7) float32: place and colour of each corner."""
        if not self._parts:
            return np.zeros((0, 7), np.float32)
        return np.concatenate(self._parts)

    def line(self, points: ArrayLike, width: float, color: Color, end: Color | None = None) -> None:
        """A ribbon along (n, 3) points, ``width`` metres wide; its colour may change on the way."""
        path = np.asarray(points, np.float64)
        if len(path) < 2:
            return
        along = np.gradient(path, axis=0)
        side = np.cross(along, self._eye - path)
        length = np.linalg.norm(side, axis=1, keepdims=True)
        side = side / np.maximum(length, 1e-9) * (width / 2)
        share = np.linspace(0.0, 1.0, len(path))[:, None]
        tint = np.asarray(color) * (1 - share) + np.asarray(end or color) * share
        left = np.hstack((path - side, tint))
        right = np.hstack((path + side, tint))
        a, b, c, d = left[:-1], right[:-1], right[1:], left[1:]
        self._put(np.stack((a, b, c, a, c, d), axis=1).reshape(-1, 7))

    def dotted(self, points: ArrayLike, width: float, color: Color, dash: float = 0.12) -> None:
        """A broken line along (n, 3) points, its dashes and gaps ``dash`` metres long."""
        path = np.asarray(points, np.float64)
        steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
        at = np.concatenate(([0.0], np.cumsum(steps)))
        for start in np.arange(0.0, at[-1], 2 * dash):
            ways = np.linspace(start, min(start + dash, at[-1]), 3)
            self.line(
                np.stack([np.interp(ways, at, path[:, k]) for k in range(3)], axis=1), width, color
            )

    def ring(
        self, center: Sequence[float], inner: float, outer: float, color: Color, sides: int = 40
    ) -> None:
        """A level ring, or a disc where ``inner`` is 0."""
        angle = np.linspace(0.0, 2 * math.pi, sides + 1)
        way = np.stack((np.cos(angle), np.zeros_like(angle), np.sin(angle)), axis=1)
        tint = np.tile(np.asarray(color), (sides + 1, 1))
        low = np.hstack((np.asarray(center) + inner * way, tint))
        high = np.hstack((np.asarray(center) + outer * way, tint))
        a, b, c, d = low[:-1], high[:-1], high[1:], low[1:]
        self._put(np.stack((a, b, c, a, c, d), axis=1).reshape(-1, 7))

    def outline(self, box: Box, y: float, width: float, color: Color) -> None:
        """A box's outline on the floor, filled faintly."""
        c, s = math.cos(box.yaw), math.sin(box.yaw)
        half = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        corners = np.array(
            [
                (
                    box.x + c * u * box.width / 2 + s * v * box.depth / 2,
                    y,
                    box.z - s * u * box.width / 2 + c * v * box.depth / 2,
                )
                for u, v in half
            ]
        )
        for k in range(4):
            self.line(corners[[k, (k + 1) % 4]], width, color)
        faint = np.tile(np.asarray((*color[:3], color[3] * 0.22)), (6, 1))
        self._put(np.hstack((corners[[0, 1, 2, 0, 2, 3]], faint)))

    def measured(
        self, start: Sequence[float], end: Sequence[float], color: Color, width: float = 0.006
    ) -> None:
        """A dimension line, ``width`` metres wide, with a tick at each end."""
        a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
        self.line(np.stack((a, b)), width, color)
        way = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        side = np.cross(way, self._eye - (a + b) / 2)
        side = side / max(float(np.linalg.norm(side)), 1e-9) * (width * 25 / 6)
        for at in (a, b):
            self.line(np.stack((at - side, at + side)), width, color)

    def _put(self, rows: ArrayLike) -> None:
        self._parts.append(np.asarray(rows, np.float32))


def facing(place: Sequence[float], eye: Sequence[float]) -> Transform:
    """The pose of a card at a place, upright, its front (+Z) to the eye."""
    yaw = math.atan2(eye[0] - place[0], eye[2] - place[2])
    return (place[0], place[1], place[2], 0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))
