"""Light from all around: HDRI panoramas, and studios and rooms made up by a seed.

An environment is an equirectangular picture (h, 2h, 3) of linear radiance. Its rows go from +Y to
-Y; its columns start at -Z and turn over +X to +Z and -X.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.textures import F32, Rng

_HEIGHT = 128
_LAMPS = 4096
_LINE = 1024


@dataclass(frozen=True, eq=False)
class Environment:
    """Radiance from every direction, and how to draw directions by it.

    Attributes:
        picture: (h, w, 3) float32.
    """

    picture: F32

    def radiance(self, way: F32) -> F32:
        """(n, 3) radiance that comes from directions (n, 3), bilinear."""
        import cv2

        if not len(way):
            return np.zeros((0, 3), np.float32)
        way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
        height, width = self.picture.shape[:2]
        column = (np.arctan2(way[:, 0], -way[:, 2]) / (2 * math.pi) % 1) * width - 0.5
        row = np.arccos(np.clip(way[:, 1], -1, 1)) / math.pi * height - 0.5
        row = np.clip(row, 0, height - 1)
        # OpenCV looks up at most 32,767 places in a line.
        lines = -(-len(way) // _LINE)
        maps = [np.resize(np.asarray(m, np.float32), (lines, _LINE)) for m in (column + 1, row)]
        wide = np.pad(self.picture, ((0, 0), (1, 1), (0, 0)), mode="wrap")
        found = cv2.remap(wide, maps[0], maps[1], cv2.INTER_LINEAR)
        return np.asarray(found.reshape(-1, 3)[: len(way)], np.float32)

    @cached_property
    def lamps(self) -> tuple[F32, F32]:
        """A table of directions drawn by how bright they are, in order of the panorama.

        Returns:
            (4096, 3) unit directions, and (4096, 3) radiance over their probability density.
        """
        small, solid, _ = self._cells
        height, width = small.shape[:2]
        weight = (small.mean(axis=2).astype(np.float64) + 1e-6) * solid
        share = weight / weight.sum()
        rng = np.random.default_rng(0)
        evenly = (np.arange(_LAMPS) + rng.random(_LAMPS)) / _LAMPS
        cell = np.minimum(np.searchsorted(np.cumsum(share.ravel()), evenly), share.size - 1)
        row, column = np.divmod(cell, width)
        polar = (row + rng.random(_LAMPS)) / height * math.pi
        turn = (column + rng.random(_LAMPS)) / width * 2 * math.pi
        sine = np.sin(polar)
        way = np.stack([sine * np.sin(turn), np.cos(polar), -sine * np.cos(turn)], axis=1)
        density = (share / solid)[row, column]
        return way.astype(np.float32), (small[row, column] / density[:, None]).astype(np.float32)

    def draw(self, count: int, step: int, start: NDArray[np.int64]) -> tuple[F32, F32]:
        """Directions by how bright they are, evenly spread over ``count`` steps at each place.

        Args:
            step: from 0.
            start: (n,) where in the table each place's sequence starts.

        Returns:
            (n, 3) unit directions and (n, 3) radiance over probability density and ``count``.
        """
        way, light = self.lamps
        chosen = (start + round(_LAMPS * step / count)) % _LAMPS
        return way[chosen], np.asarray(light[chosen] / count, np.float32)

    @cached_property
    def _cells(self) -> tuple[F32, NDArray[np.float64], NDArray[np.float64]]:
        """The small panorama, each row's solid angle of a cell (h, 1), and its height (h, 1)."""
        import cv2

        small = np.asarray(cv2.resize(self.picture, (128, 64), interpolation=cv2.INTER_AREA))
        edge = np.cos(np.linspace(0, math.pi, len(small) + 1))
        solid = (edge[:-1] - edge[1:])[:, None] * 2 * math.pi / small.shape[1]
        return small.astype(np.float32), solid, (edge[:-1] + edge[1:])[:, None] / 2

    def irradiance(self) -> F32:
        """(3,) irradiance of a level surface, without anything in the way."""
        small, solid, rise = self._cells
        weight = (solid * np.maximum(rise, 0))[..., None]
        return np.asarray((small * weight).sum(axis=(0, 1)), np.float32)

    def turned(self, angle: float) -> Environment:
        """The same, turned about the vertical by an angle in radians."""
        shift = round(angle / (2 * math.pi) * self.picture.shape[1])
        return Environment(np.roll(self.picture, shift, axis=1))


def read_hdri(path: Path) -> Environment:
    """A Radiance ``.hdr`` panorama."""
    os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "0")
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path} is no panorama")
    return Environment(np.ascontiguousarray(picture[..., ::-1], dtype=np.float32))


def made_up(rng: Rng, indoors: bool) -> Environment:
    """A photographer's studio of soft boxes, or a room with a window and lamps."""
    height, width = _HEIGHT, 2 * _HEIGHT
    polar = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    tint = np.array([1.0, 0.93, 0.84]) if indoors else np.ones(3)
    ceiling, ground = rng.uniform(0.5, 1.0), rng.uniform(0.12, 0.35)
    walls = (ceiling * (1 - polar) + ground * polar) * tint
    out = np.broadcast_to(walls, (height, width, 3)).astype(np.float32).copy()
    lamps = int(rng.integers(1, 3)) if indoors else int(rng.integers(2, 4))
    for i in range(lamps):
        row = int(height * rng.uniform(0.12, 0.4))
        # The first lamp stands on the side of the camera, which looks towards -Z at azimuth 0.
        turn = rng.normal(0.5, 0.14) if i == 0 else rng.uniform(0, 1)
        column = int(width * turn)
        tall, wide = (int(height * v) for v in rng.uniform(0.06, 0.2, 2))
        strength = float(rng.uniform(6, 30))
        colour = np.array([0.9, 0.97, 1.1]) if indoors and i == 0 else np.ones(3)
        rows = np.arange(max(row - tall, 0), min(row + tall, height))
        columns = np.arange(column - wide, column + wide) % width
        out[np.ix_(rows, columns)] = strength * colour
    return Environment(out)
