"""Vectors and rotations as plain tuples of floats, for compiled code.

A vector is (x, y, z); a rotation is a unit quaternion (x, y, z, w), play space. Tuples live in
registers and keep the compiled code small: a kernel built from these compiles many times sooner
than one built from array expressions. The interpreter cannot call these, except through
``.py_func``. State over time stays in arrays, one vector or rotation a row, which :func:`row`,
:func:`put`, :func:`turn_row` and :func:`put_turn` read and write.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Vector = tuple[float, float, float]
Turn = tuple[float, float, float, float]

F = TypeVar("F", bound=Callable[..., object])

_njit = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


def inner(function: F) -> F:
    """Compile what only other compiled functions call."""
    return cast(F, _njit(function))


def indices(count: int) -> tuple[int, ...]:
    """0, 1, 2 ... as NumPy's integers, to name rows with.

    A helper called with a named Python integer is compiled once more for that very number.
    """
    return cast("tuple[int, ...]", tuple(np.arange(count)))


def index(value: int) -> int:
    """One such integer."""
    return cast("int", np.int64(value))


@inner
def row(a: F64, j: int) -> Vector:
    """Vector in row ``j`` of an (n, 3 or more) array."""
    return a[j, 0], a[j, 1], a[j, 2]


@inner
def put(a: F64, j: int, v: Vector) -> None:
    """Write a vector to row ``j``."""
    a[j, 0], a[j, 1], a[j, 2] = v


@inner
def turn_row(a: F64, j: int) -> Turn:
    """Rotation in row ``j`` of an (n, 4) array."""
    return a[j, 0], a[j, 1], a[j, 2], a[j, 3]


@inner
def put_turn(a: F64, j: int, q: Turn) -> None:
    """Write a rotation to row ``j``."""
    a[j, 0], a[j, 1], a[j, 2], a[j, 3] = q


@inner
def add(a: Vector, b: Vector) -> Vector:
    """Sum."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@inner
def sub(a: Vector, b: Vector) -> Vector:
    """Difference ``a - b``."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@inner
def scale(a: Vector, s: float) -> Vector:
    """Vector times number."""
    return a[0] * s, a[1] * s, a[2] * s


@inner
def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inner
def norm(a: Vector) -> float:
    """Length."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


@inner
def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@inner
def mul(p: Turn, q: Turn) -> Turn:
    """Rotation ``q`` followed by ``p``."""
    a, b, c, d = p
    x, y, z, w = q
    return (
        d * x + a * w + b * z - c * y,
        d * y + b * w + c * x - a * z,
        d * z + c * w + a * y - b * x,
        d * w - a * x - b * y - c * z,
    )


@inner
def inverse(q: Turn) -> Turn:
    """The way back."""
    return -q[0], -q[1], -q[2], q[3]


@inner
def rotate(q: Turn, v: Vector) -> Vector:
    """Vector turned by ``q``."""
    x, y, z, w = q
    a, b, c = v
    i, j, k = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return a + w * i + y * k - z * j, b + w * j + z * i - x * k, c + w * k + x * j - y * i


@inner
def exp(v: Vector) -> Turn:
    """Rotation vector (axis times angle, radians) to a rotation."""
    angle = norm(v)
    s = math.sin(angle / 2) / angle if angle > 1e-12 else 0.5
    return v[0] * s, v[1] * s, v[2] * s, math.cos(angle / 2)


@inner
def log(q: Turn) -> Vector:
    """Rotation to its rotation vector, at most half a turn long."""
    s = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2])
    sign = 1.0 if q[3] >= 0 else -1.0
    factor = sign * (2.0 if s < 1e-9 else 2 * math.atan2(s, abs(q[3])) / s)
    return q[0] * factor, q[1] * factor, q[2] * factor


@inner
def heading(angle: float) -> Turn:
    """Rotation about +Y, radians."""
    return 0.0, math.sin(angle / 2), 0.0, math.cos(angle / 2)


@inner
def blend(a: Turn, b: Turn, share: float) -> Turn:
    """Rotation ``share`` of the way from ``a`` to ``b``."""
    return mul(a, exp(scale(log(mul(inverse(a), b)), share)))


@inner
def between(a: Vector, b: Vector) -> Vector:
    """Rotation vector of the smallest turn from direction ``a`` to direction ``b``."""
    v = cross(a, b)
    s = norm(v)
    return scale(v, 0.0 if s < 1e-12 else math.atan2(s, dot(a, b)) / s)


@inner
def square(along: Vector, side: Vector) -> Turn:
    """Rotation that carries +X to ``along`` and +Y to ``side`` made square to it."""
    x = scale(along, 1 / math.sqrt(dot(along, along) + 1e-18))
    y = sub(side, scale(x, dot(x, side)))
    n = norm(y)
    if n < 1e-9:
        other = (1.0, 0.0, 0.0) if abs(x[0]) < 0.8 else (0.0, 1.0, 0.0)
        y = sub(other, scale(x, dot(x, other)))
        n = norm(y)
    y = scale(y, 1 / n)
    return from_axes(x, y, cross(x, y))


@inner
def from_axes(x: Vector, y: Vector, z: Vector) -> Turn:
    """Rotation that carries +X, +Y, +Z to three orthonormal vectors.

    Of the quaternion's four parts the largest is found first, from the diagonal, and the others
    from it: S. W. Shepperd, Quaternion from Rotation Matrix, 1978.
    """
    if x[0] + y[1] + z[2] > 0:
        a, b, c, d = y[2] - z[1], z[0] - x[2], x[1] - y[0], 1 + x[0] + y[1] + z[2]
    elif x[0] > y[1] and x[0] > z[2]:
        a, b, c, d = 1 + x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2], y[2] - z[1]
    elif y[1] > z[2]:
        a, b, c, d = x[1] + y[0], 1 + y[1] - x[0] - z[2], y[2] + z[1], z[0] - x[2]
    else:
        a, b, c, d = z[0] + x[2], y[2] + z[1], 1 + z[2] - x[0] - y[1], x[1] - y[0]
    s = 1 / math.sqrt(a * a + b * b + c * c + d * d)
    return a * s, b * s, c * s, d * s
