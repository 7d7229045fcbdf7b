"""The index codecs of meshoptimizer: triangles (most often a byte or two each), and any indices.

Bit streams: glTF registry, EXT_meshopt_compression, appendix A, modes TRIANGLES and INDICES
(version 1 of both). The triangle codec may turn a triangle's corners round (a, b, c to b, c, a);
their order and winding stay.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from .meshopt import Bytes, MeshoptError

U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]

_TRIANGLES, _SEQUENCE = 0xE1, 0xD1
_AUX = np.array(
    [0, 0x76, 0x87, 0x56, 0x67, 0x78, 0xA9, 0x86, 0x65, 0x89, 0x68, 0x98, 0x01, 0x69, 0, 0],
    np.int64,
)
"""The pairs of codes that a stream names by four bits; a stream carries its own table."""


def encode_triangles(faces: NDArray[Any]) -> bytes:
    """Compress triangles; cheapest where vertices are numbered in the order of their first use.

    Args:
        faces: (m, 3) of non-negative integers, m at least 1.
    """
    plain = _indices(faces, 3)
    codes = np.empty(len(plain), np.uint8)
    data = np.empty(len(plain) * 16, np.uint8)
    used = _encode_triangles(plain, codes, data, _AUX)
    return bytes([_TRIANGLES]) + codes.tobytes() + data[:used].tobytes() + bytes(_AUX.tolist())


def decode_triangles(stream: bytes | memoryview, count: int) -> U32:
    """The (count, 3) uint32 triangles of a stream.

    Raises:
        MeshoptError: the stream is cut off, too long, of an unknown version, or broken.
    """
    source = np.frombuffer(stream, np.uint8).astype(np.int64)
    if count < 1 or len(source) < 1 + count + 16 or source[0] != _TRIANGLES:
        raise MeshoptError(f"not a stream of {count} triangles of version 1")
    out = np.empty((count, 3), np.int64)
    if _decode_triangles(source, len(source) - 16, out) != len(source) - 16:
        raise MeshoptError("the stream is broken, or of another length")
    return out.astype(np.uint32)


def encode_indices(indices: NDArray[Any]) -> bytes:
    """Compress indices (n,) in their own order."""
    plain = _indices(indices, 0)
    data = np.empty(len(plain) * 6, np.uint8)
    return bytes([_SEQUENCE]) + data[: _encode_indices(plain, data)].tobytes() + bytes(4)


def decode_indices(stream: bytes | memoryview, count: int) -> U32:
    """The (count,) uint32 indices of a stream of :func:`encode_indices`.

    Raises:
        MeshoptError: the stream is cut off, too long, of an unknown version, or broken.
    """
    source = np.frombuffer(stream, np.uint8).astype(np.int64)
    if count < 1 or len(source) < 1 + count + 4 or source[0] != _SEQUENCE:
        raise MeshoptError(f"not a stream of {count} indices of version 1")
    out = np.empty(count, np.int64)
    if _decode_indices(source, len(source) - 4, out) != len(source) - 4:
        raise MeshoptError("the stream is broken, or of another length")
    return out.astype(np.uint32)


def _indices(values: NDArray[Any], width: int) -> I64:
    plain = np.asarray(values)
    if plain.size == 0 or plain.ndim != (2 if width else 1) or (width and plain.shape[1] != width):
        raise ValueError(f"indices must be (n{f', {width}' if width else ''}), got {plain.shape}")
    if int(plain.min()) < 0 or int(plain.max()) >= 0x40000000:
        raise ValueError("indices must be below 2 ** 30")
    return np.ascontiguousarray(plain, np.int64)


@nb.njit(cache=True, nogil=True)
def _put_number(value: int, out: Bytes, to: int) -> int:
    """Little-endian base 128."""
    while value > 127:
        out[to] = np.uint8(value & 127) | np.uint8(128)
        value = value >> 7
        to += 1
    out[to] = np.uint8(value)
    return to + 1


@nb.njit(cache=True, nogil=True)
def _zigzag(delta: int) -> int:
    return ((delta << 1) ^ (delta >> 63)) & 0xFFFFFFFF


@nb.njit(cache=True, nogil=True)
def _unzigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


@nb.njit(cache=True, nogil=True)
def _find(recent: I64, at: int, vertex: int) -> int:
    """How many pushes ago a vertex came into the ring of sixteen, or -1."""
    for i in range(16):
        if recent[(at - 1 - i) & 15] == vertex:
            return i
    return -1


@nb.njit(cache=True, nogil=True)
def _encode_triangles(faces: I64, codes: Bytes, out: Bytes, aux: I64) -> int:
    edges = np.full((16, 2), -1, np.int64)
    recent = np.full(16, -1, np.int64)
    e_at, v_at, to = 0, 0, 0
    following, last = 0, 0
    for t in range(len(faces)):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        shared, turn = -1, 0
        for i in range(15):
            e0, e1 = edges[(e_at - 1 - i) & 15, 0], edges[(e_at - 1 - i) & 15, 1]
            if e0 == a and e1 == b:
                shared, turn = i, 0
            elif e0 == b and e1 == c:
                shared, turn = i, 1
            elif e0 == c and e1 == a:
                shared, turn = i, 2
            if shared >= 0:
                break
        if shared >= 0:
            if turn == 1:
                a, b, c = b, c, a
            elif turn == 2:
                a, b, c = c, a, b
            age = _find(recent, v_at, c)
            if 1 <= age < 13:
                code = age
            elif c == following:
                code = 0
                following += 1
            elif c + 1 == last:
                code = 13
                last = c
            elif c == last + 1:
                code = 14
                last = c
            else:
                code = 15
                to = _put_number(_zigzag(c - last), out, to)
                last = c
            codes[t] = shared << 4 | code
            if code == 0 or code >= 13:
                recent[v_at & 15] = c
                v_at += 1
            edges[e_at & 15, 0], edges[e_at & 15, 1] = c, b
            edges[(e_at + 1) & 15, 0], edges[(e_at + 1) & 15, 1] = a, c
            e_at += 2
            continue
        if b == following:
            a, b, c = b, c, a
        elif c == following:
            a, b, c = c, a, b
        restart = a == 0 and b == 1 and c == 2 and following > 0
        if restart:
            following = 0
            recent[:] = -1
        age_b, age_c = _find(recent, v_at, b), _find(recent, v_at, c)
        code_a = 15
        if a == following:
            code_a = 0
            following += 1
        code_b = 15
        if 0 <= age_b < 14:
            code_b = age_b + 1
        elif b == following:
            code_b = 0
            following += 1
        code_c = 15
        if 0 <= age_c < 14:
            code_c = age_c + 1
        elif c == following:
            code_c = 0
            following += 1
        pair, named = code_b << 4 | code_c, -1
        for i in range(14):
            if aux[i] == pair:
                named = i
                break
        if code_a == 0 and named >= 0 and not restart:
            codes[t] = 0xF0 | named
        else:
            codes[t] = 0xF0 | 14 | code_a
            out[to] = pair
            to += 1
        if code_a == 15:
            to = _put_number(_zigzag(a - last), out, to)
            last = a
        if code_b == 15:
            to = _put_number(_zigzag(b - last), out, to)
            last = b
        if code_c == 15:
            to = _put_number(_zigzag(c - last), out, to)
            last = c
        recent[v_at & 15] = a
        v_at += 1
        if code_b == 0 or code_b == 15:
            recent[v_at & 15] = b
            v_at += 1
        if code_c == 0 or code_c == 15:
            recent[v_at & 15] = c
            v_at += 1
        edges[e_at & 15, 0], edges[e_at & 15, 1] = b, a
        edges[(e_at + 1) & 15, 0], edges[(e_at + 1) & 15, 1] = c, b
        edges[(e_at + 2) & 15, 0], edges[(e_at + 2) & 15, 1] = a, c
        e_at += 3
    return to


@nb.njit(cache=True, nogil=True)
def _get_number(source: I64, at: int, stop: int) -> tuple[int, int]:
    """A number and where it ends; -1 where it is cut off or has more than 32 bits."""
    value, shift = 0, 0
    while at < stop and shift < 35:
        byte = source[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFFFFFF, at
        shift += 7
    return 0, -1


@nb.njit(cache=True, nogil=True)
def _decode_triangles(source: I64, stop: int, out: I64) -> int:
    count = len(out)
    edges = np.full((16, 2), -1, np.int64)
    recent = np.full(16, -1, np.int64)
    e_at, v_at, at = 0, 0, 1 + count
    following, last = 0, 0
    for t in range(count):
        high, low = source[1 + t] >> 4, source[1 + t] & 15
        if high < 15:
            edge = (e_at - 1 - high) & 15
            a, b = edges[edge, 0], edges[edge, 1]
            if low == 0:
                c = following
                following += 1
            elif low < 13:
                c = recent[(v_at - 1 - low) & 15]
            elif low < 15:
                last += 1 if low == 14 else -1
                c = last
            else:
                value, at = _get_number(source, at, stop)
                if at < 0:
                    return -1
                last += _unzigzag(value)
                c = last
            if low == 0 or low >= 13:
                recent[v_at & 15] = c
                v_at += 1
            edges[e_at & 15, 0], edges[e_at & 15, 1] = c, b
            e_at += 1
            edges[e_at & 15, 0], edges[e_at & 15, 1] = a, c
            e_at += 1
        else:
            if low < 14:
                pair, first = source[stop + low], 0
            else:
                if at >= stop:
                    return -1
                pair, first = source[at], 15 if low == 15 else 0
                at += 1
                if pair == 0:
                    following = 0
            if first == 0:
                a = following
                following += 1
            else:
                value, at = _get_number(source, at, stop)
                if at < 0:
                    return -1
                last += _unzigzag(value)
                a = last
            corner = np.zeros(2, np.int64)
            for k in range(2):
                code = pair >> 4 if k == 0 else pair & 15
                if code == 0:
                    corner[k] = following
                    following += 1
                elif code < 15 or low < 14:
                    corner[k] = recent[(v_at - code) & 15]
                else:
                    value, at = _get_number(source, at, stop)
                    if at < 0:
                        return -1
                    last += _unzigzag(value)
                    corner[k] = last
            b, c = corner[0], corner[1]
            recent[v_at & 15] = a
            v_at += 1
            for k in range(2):
                code = pair >> 4 if k == 0 else pair & 15
                if code == 0 or (code == 15 and low >= 14):
                    recent[v_at & 15] = corner[k]
                    v_at += 1
            for x, y in ((b, a), (c, b), (a, c)):
                edges[e_at & 15, 0] = x
                edges[e_at & 15, 1] = y
                e_at += 1
        out[t, 0] = a
        out[t, 1] = b
        out[t, 2] = c
    return at


@nb.njit(cache=True, nogil=True)
def _encode_indices(indices: I64, out: Bytes) -> int:
    last = np.zeros(2, np.int64)
    now, to = 0, 0
    for i in range(len(indices)):
        index = indices[i]
        if abs(index - last[now]) >= 30:  # a second line of indices runs beside the first
            now = 1 - now
        code = _zigzag(index - last[now]) << 1 | now
        while code > 127:
            out[to] = code & 127 | 128
            code >>= 7
            to += 1
        out[to] = code
        to += 1
        last[now] = index
    return to


@nb.njit(cache=True, nogil=True)
def _decode_indices(source: I64, stop: int, out: I64) -> int:
    last = np.zeros(2, np.int64)
    at = 1
    for i in range(len(out)):
        value, at = _get_number(source, at, stop)
        if at < 0:
            return -1
        now = value & 1
        last[now] += _unzigzag(value >> 1)
        out[i] = last[now]
    return at
