"""The filters of ``EXT_meshopt_compression``: numbers made ready for the vertex codec.

Unit vectors in octahedral coordinates (Cigolle et al. 2014, "A Survey of Efficient
Representations for Independent Unit Vectors"), quaternions without their largest component, and
floats as mantissas beneath one exponent. Layouts: glTF registry, EXT_meshopt_compression,
appendix B. Only this step loses anything.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .meshopt import MeshoptError

F64 = NDArray[np.float64]

OCTAHEDRAL, QUATERNION, EXPONENTIAL = "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL"
_SIGNED = {4: np.int8, 8: np.int16}


def encode_octahedral(vectors: NDArray[Any], bits: int = 8) -> NDArray[Any]:
    """Unit vectors as octahedral coordinates.

    Args:
        vectors: (n, 3), or (n, 4) with a fourth number of -1 to 1 that is kept: the handedness.
        bits: 2 to 8 for rows of 4 bytes (int8), 9 to 16 for rows of 8 (int16).
    """
    stored = np.int8 if bits <= 8 else np.int16
    v = np.asarray(vectors, np.float64)
    x, y, z = (v[:, :3] / np.maximum(np.abs(v[:, :3]).sum(axis=1, keepdims=True), 1e-30)).T
    under = z < 0
    x, y = (
        np.where(under, (1 - np.abs(y)) * np.where(x < 0, -1, 1), x),
        np.where(under, (1 - np.abs(x)) * np.where(y < 0, -1, 1), y),
    )
    one = (1 << (bits - 1)) - 1
    kept = v[:, 3] if v.shape[1] == 4 else np.zeros(len(v))
    rows = [_away(x * one), _away(y * one), np.full(len(v), one), _away(kept * _largest(stored))]
    return np.stack(rows, axis=1).astype(stored)


def encode_quaternions(rotations: NDArray[Any], bits: int = 16) -> NDArray[np.int16]:
    """Unit quaternions (n, 4) in the order x, y, z, w as (n, 4) int16.

    Args:
        bits: 4 to 16 per component.
    """
    q = np.asarray(rotations, np.float64)
    rows = np.arange(len(q))
    top = np.abs(q).argmax(axis=1)
    q = q * np.where(q[rows, top] < 0, -1.0, 1.0)[:, None]
    one = (1 << (bits - 1)) - 1
    kept = [_away(q[rows, (top + k) % 4] * math.sqrt(2) * one) for k in (1, 2, 3)]
    return np.stack([*kept, (one & ~3) | top], axis=1).astype(np.int16)


def encode_exponential(values: NDArray[Any], bits: int = 16) -> NDArray[np.int32]:
    """Floats (n, k) as (n, k) int32: a shared exponent per row, mantissas of ``bits`` bits.

    Args:
        bits: 1 to 24. The error is at most 2 ** -bits of the row's largest value.
    """
    v = np.asarray(values, np.float64)
    _, exponent = np.frexp(np.abs(v).max(axis=1, keepdims=True))
    # A mantissa that rounds up to one bit too many takes the next exponent.
    step = np.maximum(exponent - (bits - 1), -100)
    over = np.abs(_away(np.ldexp(v, -step))).max(axis=1, keepdims=True) >= 1 << (bits - 1)
    step = step + over
    mantissa = _away(np.ldexp(v, -step)).astype(np.int64)
    packed = (mantissa & 0xFFFFFF) | ((step.astype(np.int64) & 0xFF) << 24)
    return np.asarray(packed.astype(np.uint32).view(np.int32))


def decode_filter(rows: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Undo a filter.

    Args:
        rows: (n, stride) bytes as the vertex codec gives them back.
        name: ``"NONE"``, or one of the three filters.

    Returns:
        (n, stride) bytes: signed normalised integers, or float32.

    Raises:
        MeshoptError: an unknown filter, or rows that it cannot be used on.
    """
    stride = rows.shape[1]
    if name == "NONE":
        return rows
    if name == OCTAHEDRAL and stride in _SIGNED:
        return _octahedral(rows.view(_SIGNED[stride])).view(np.uint8)
    if name == QUATERNION and stride == 8:
        return _quaternions(rows.view(np.int16)).view(np.uint8)
    if name == EXPONENTIAL and stride % 4 == 0:
        packed = rows.view(np.int32)
        mantissa = (packed << 8) >> 8
        return np.asarray(np.ldexp(mantissa.astype(np.float32), packed >> 24).view(np.uint8))
    raise MeshoptError(f"no filter {name!r} for rows of {stride} bytes")


def _octahedral(rows: NDArray[Any]) -> NDArray[Any]:
    kind = rows.dtype.type
    f = rows.astype(np.float32)
    one = np.where(f[:, 2] == 0, 1, f[:, 2])
    x, y = f[:, 0] / one, f[:, 1] / one
    z = 1 - np.abs(x) - np.abs(y)
    under = np.maximum(-z, 0)
    x = x - np.where(x >= 0, under, -under)
    y = y - np.where(y >= 0, under, -under)
    scale = np.float32(_largest(kind)) / np.sqrt(x * x + y * y + z * z)
    out = rows.copy()
    out[:, :3] = np.stack([_away(c * scale) for c in (x, y, z)], axis=1).astype(kind)
    return out


def _quaternions(rows: NDArray[np.int16]) -> NDArray[np.int16]:
    info = rows[:, 3].astype(np.int32)
    top = info & 3
    three = rows[:, :3].astype(np.float32) * np.float32(math.sqrt(0.5)) / (info | 3)[:, None]
    three = three.astype(np.float32)
    rest = np.sqrt(np.maximum(1 - (three * three).sum(axis=1), 0))
    out = np.empty_like(rows)
    every = np.arange(len(rows))
    for k, part in enumerate((rest, *three.T)):
        out[every, (top + k) % 4] = _away(part * 32767).astype(np.int16)
    return out


def _largest(kind: Any) -> int:
    return int(np.iinfo(kind).max)


def _away(values: NDArray[Any]) -> NDArray[Any]:
    """Rounded to whole numbers, halves away from zero."""
    return np.asarray(np.trunc(values + np.copysign(0.5, values)))
