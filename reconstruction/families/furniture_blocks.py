"""Blocks as lofts: bevelled boards, soft cushions, tufted pads and prisms, many copies at once."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import ArrayLike

from .furniture_solids import F64, Loft


@dataclass(frozen=True)
class Grid:
    """How finely a block is divided.

    Attributes:
        corner: segments per vertical edge's rounding.
        rim: segments of the upper and the lower rim's rounding.
        along_x, along_z: further points on the edges along x and along z.
        side: further rings between the rims.
        inner: rings on the top and on the bottom, inside the rim.
    """

    corner: int = 1
    rim: int = 1
    along_x: int = 0
    along_z: int = 0
    side: int = 0
    inner: int = 0


BOARD = Grid()
"""A chamfered box of 64 triangles."""
SMOOTH = Grid(corner=3, rim=2, side=0)
"""A box with visibly round edges."""
CUSHION = Grid(corner=3, rim=3, along_x=3, along_z=3, side=1, inner=2)
"""Enough to be blown up."""


def places(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> F64:
    """(b, 3) points from coordinates, each one number or (b,)."""
    out = np.empty((max(np.size(x), np.size(y), np.size(z)), 3))
    out[:, 0], out[:, 1], out[:, 2] = x, y, z
    return out


def blocks(
    low: ArrayLike,
    high: ArrayLike,
    part: str,
    material: str,
    *,
    radius: float = 0.003,
    puff: tuple[float, float, float] = (0.0, 0.0, 0.0),
    grid: Grid = BOARD,
) -> Loft:
    """Boxes with round edges, stacked upwards.

    Args:
        low, high: (3,) or (b, 3) opposite corners, metres; puffs stay within them.
        radius: of the edges, metres; at most just below half the thickness.
        puff: by how much the middles of the faces across x, y and z swell, metres.
    """
    first, second = np.atleast_2d(np.asarray(low, float)), np.atleast_2d(np.asarray(high, float))
    layout = np.array([grid.corner, grid.rim, grid.along_x, grid.along_z, grid.side, grid.inner])
    rings = _blocks(first, second, radius, np.array(puff), layout)
    edge = grid.inner + (grid.rim + 1) // 2
    return Loft(rings, part, material, edge, -1 - edge)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _blocks(low: F64, high: F64, radius: float, puff: F64, layout: F64) -> F64:
    corner, rim, along_x, along_z, side, inner = layout
    b = len(low)
    k = 4 * (corner + 1) + 2 * (along_x + along_z)
    n = 2 * (inner + rim + 1) + side
    out = np.empty((b, n, k, 3))
    for copy in range(b):
        middle = (low[copy] + high[copy]) / 2
        half = np.maximum((high[copy] - low[copy]) / 2, 1e-4)
        swell = np.minimum(puff, 0.8 * half)
        half = half - swell
        r = min(radius, 0.96 * half.min())
        for i in range(n):
            # Inset from the rim, share of the inner rings, and height.
            row = min(i, n - 1 - i)
            share = 1.0
            if row < inner:
                share = (row + 1.0) / (inner + 1.0)
                inset, y = r, -half[1]
            elif row <= inner + rim:
                turn = np.pi / 2 * (row - inner) / rim
                inset, y = r * (1 - np.sin(turn)), -half[1] + r * (1 - np.cos(turn))
            else:
                inset = 0.0
                y = (half[1] - r) * (2.0 * (row - inner - rim) / (side + 1.0) - 1.0)
            if i != row:
                y = -y
            hx, hz = half[0] - inset, half[2] - inset
            round_ = max(r - inset, 0.2 * r)
            j = 0
            for q in range(4):
                sx = 1.0 if q < 2 else -1.0
                sz = 1.0 if q == 0 or q == 3 else -1.0
                for s in range(corner + 1):
                    a = np.pi / 2 * (q + s / corner)
                    out[copy, i, j, 0] = (sx * (hx - round_) + round_ * np.sin(a)) * share
                    out[copy, i, j, 2] = (sz * (hz - round_) + round_ * np.cos(a)) * share
                    j += 1
                extra = along_z if q % 2 == 0 else along_x
                if extra:
                    last = j - 1
                    # The next corner's first point mirrors this corner's last.
                    x0, z0 = out[copy, i, last, 0], out[copy, i, last, 2]
                    x1 = x0 if q % 2 == 0 else -x0
                    z1 = -z0 if q % 2 == 0 else z0
                    for s in range(extra):
                        t = (s + 1.0) / (extra + 1.0)
                        out[copy, i, j, 0] = x0 + (x1 - x0) * t
                        out[copy, i, j, 2] = z0 + (z1 - z0) * t
                        j += 1
            for j in range(k):
                x, z = out[copy, i, j, 0], out[copy, i, j, 2]
                u, v, w = x / half[0], y / half[1], z / half[2]
                fu, fv, fw = 1 - u * u, 1 - v * v, 1 - w * w
                out[copy, i, j, 0] = middle[0] + x + swell[0] * u * fv * fw
                out[copy, i, j, 1] = middle[1] + y + swell[1] * v * fu * fw
                out[copy, i, j, 2] = middle[2] + z + swell[2] * w * fu * fv
    return out


def leaned(loft: Loft, angle: float, pivot: tuple[float, float]) -> Loft:
    """A loft turned backwards about a level axis along x.

    Args:
        angle: radians; positive moves what is above the pivot to -z.
        pivot: y and z of the axis, metres.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    rings = loft.rings.copy()
    y, z = loft.rings[..., 1] - pivot[0], loft.rings[..., 2] - pivot[1]
    rings[..., 1] = pivot[0] + y * cos + z * sin
    rings[..., 2] = pivot[1] - y * sin + z * cos
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


def turned(loft: Loft, angle: float | F64, pivot: F64) -> Loft:
    """A loft turned about upright axes; positive turns +z towards +x.

    Args:
        angle: radians, one or one per copy (b,).
        pivot: (2,) or (b, 2) x and z of the axes, metres.
    """
    a = np.broadcast_to(angle, (len(loft.rings),))[:, None, None]
    centre = np.broadcast_to(pivot, (len(loft.rings), 2))[:, None, None]
    cos, sin = np.cos(a), np.sin(a)
    rings = loft.rings.copy()
    x, z = loft.rings[..., 0] - centre[..., 0], loft.rings[..., 2] - centre[..., 1]
    rings[..., 0] = centre[..., 0] + x * cos + z * sin
    rings[..., 2] = centre[..., 1] - x * sin + z * cos
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


def tufted(loft: Loft, low: F64, high: F64, count: tuple[int, int], depth: float) -> Loft:
    """Deep buttons on a block's front: folds run between them in diamonds.

    Args:
        low, high: (2,) x and y of the tufted area's corners, metres.
        count: diamonds across and up.
        depth: of the buttons, metres.
    """
    return _pressed(loft, np.concatenate([low, high, [count[0], count[1], depth]]), 0)


def channelled(loft: Loft, low: F64, high: F64, count: int, depth: float) -> Loft:
    """Upright channels on a block's front; arguments as for :func:`tufted`."""
    return _pressed(loft, np.concatenate([low, high, [count, 1, depth]]), 1)


def _pressed(loft: Loft, form: F64, kind: int) -> Loft:
    rings = _press(np.ascontiguousarray(loft.rings), form, kind)
    return Loft(rings, loft.part, loft.material, loft.lower, loft.upper)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _press(rings: F64, form: F64, kind: int) -> F64:
    x0, y0, x1, y1, across, up, depth = form
    out = rings.copy()
    b, n, k, _ = rings.shape
    for copy in range(b):
        back, front = np.inf, -np.inf
        for i in range(n):
            for j in range(k):
                back = min(back, rings[copy, i, j, 2])
                front = max(front, rings[copy, i, j, 2])
        for i in range(n):
            for j in range(k):
                x, y, z = rings[copy, i, j]
                # Only the front half gives way, and the more the nearer to the front.
                facing = max((z - (back + front) / 2) / (front - back) * 2, 0.0)
                if facing == 0.0:
                    continue
                u, v = (x - x0) / (x1 - x0), (y - y0) / (y1 - y0)
                if kind == 0:
                    inside = max(min(u, 1 - u, v, 1 - v), 0.0)
                    p, q = u * across + v * up, u * across - v * up
                    raised = np.sqrt(abs(np.sin(np.pi * p) * np.sin(np.pi * q)))
                    weight = min(inside * 12.0, 1.0)
                else:
                    raised = np.sqrt(abs(np.sin(np.pi * u * across)))
                    weight = 1.0
                out[copy, i, j, 2] = z - depth * (1 - raised) * weight * facing
    return out


def prisms(section: F64, low: float, high: float, bevel: float, part: str, material: str) -> Loft:
    """Outlines drawn out along z, with bevelled ends.

    Args:
        section: (b, k, 2) x and y, counter-clockwise seen from +z.
        low, high: z of both ends, metres.
    """
    before, after = np.roll(section, 1, axis=1), np.roll(section, -1, axis=1)
    along = after - before
    normal = np.stack([along[..., 1], -along[..., 0]], axis=-1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    inner = section - normal * bevel
    rings = np.empty((len(section), 4, section.shape[1], 3))
    rings[:, 0, :, :2], rings[:, 1, :, :2] = inner, section
    rings[:, 2, :, :2], rings[:, 3, :, :2] = section, inner
    rings[..., 2] = np.array([low, low + bevel, high - bevel, high])[:, None]
    return Loft(rings, part, material, 1, -2)


def mirrored(section: F64) -> F64:
    """(2, k, 2): an outline (k, 2) and its mirror image across x, both counter-clockwise."""
    return np.stack([section, section[::-1] * np.array([-1.0, 1.0])])
