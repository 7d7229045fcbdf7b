"""The vertex codec of meshoptimizer, which glTF's ``EXT_meshopt_compression`` stores streams with.

Rows of bytes (one vertex each) become, byte column by byte column, differences to the row before;
sixteen at a time take as few bits as hold them. It loses nothing. Data whose rows hardly change
shrinks most: put neighbours beside each other, quantise first (:mod:`.meshopt_filters`), and let a
general compressor (gzip, brotli, zstd) go over the result where one is at hand.

Bit streams: glTF registry, EXT_meshopt_compression, appendix A (version 0); the same text of
KHR_meshopt_compression (version 1, with 16-bit and rotated 32-bit differences). Triangles and
other indices: :mod:`.meshopt_index`.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

LARGEST_STRIDE = 256
_HEAD = 0xA0
_BLOCK_BYTES, _BLOCK_ROWS, _GROUP = 8192, 256, 16
_TAIL = (32, 24)
"""Least bytes of the tail, by version: decoders read ahead of a group by as much."""
_WIDTHS = np.array([[0, 2, 4, 8], [0, 1, 2, 4], [1, 2, 4, 8]], np.uint8)
"""Bits of a group's four modes: version 0, version 1 with control 0, with control 1."""
_ROTATIONS = np.array([0, 4, 8, 12], np.uint8)


class MeshoptError(ValueError):
    """Bytes that are no stream of this codec, or not as long as they are said to be."""


def encode_vertices(rows: NDArray[Any], *, version: int = 0, channel: int | None = None) -> bytes:
    """Compress rows of equal length.

    Args:
        rows: (n, k) array of any plain type, n at least 1; a row is a multiple of 4 bytes, at
            most 256 bytes long.
        version: 0 (what ``EXT_meshopt_compression`` allows), or 1, which finds differences of
            16 bits and of floats, too.
        channel: of version 1, for all columns: 0 differences of bytes, 1 of 16 bits, 2 of 32 bits
            by exclusive or. None tries them all on each four columns, ten times as slowly.

    Raises:
        ValueError: rows of another size, an unknown version or channel.
    """
    plain = np.ascontiguousarray(rows)
    if plain.ndim != 2 or len(plain) == 0:
        raise ValueError(f"rows must be (n, k) with n at least 1, got {plain.shape}")
    stride = plain.itemsize * plain.shape[1]
    if stride % 4 or not 4 <= stride <= LARGEST_STRIDE:
        raise ValueError(f"a row must be 4, 8 … {LARGEST_STRIDE} bytes long, got {stride}")
    if version not in (0, 1):
        raise ValueError(f"version must be 0 or 1, got {version}")
    data = plain.view(np.uint8).reshape(len(plain), stride)
    if channel not in (None, 0, 1, 2) or (channel and not version):
        raise ValueError(f"channel must be None, 0, 1 or 2 (version 1), got {channel}")
    if version and channel is None:
        channels = _channels(data)
    else:
        channels = np.full(stride // 4, channel or 0, np.uint8)
    size = _block_rows(stride)
    blocks = -(-len(data) // size)
    groups = len(data) // _GROUP + blocks
    room = 1 + stride * (groups * (_GROUP + 3)) + blocks * (stride + 64) + 2 * LARGEST_STRIDE
    out = np.empty(room, np.uint8)
    out[0] = _HEAD | version
    used = _encode(data, channels, version, size, _WIDTHS, out)
    tail = np.zeros(max(_TAIL[version], stride + (stride // 4 if version else 0)), np.uint8)
    if version:
        tail[len(tail) - stride // 4 :] = channels
        tail[len(tail) - stride // 4 - stride : len(tail) - stride // 4] = data[0]
    else:
        tail[len(tail) - stride :] = data[0]
    return out[:used].tobytes() + tail.tobytes()


def decode_vertices(stream: bytes | memoryview, count: int, stride: int) -> Bytes:
    """The (count, stride) bytes of a stream of :func:`encode_vertices`, or of another encoder.

    Raises:
        MeshoptError: the stream is cut off, too long, of an unknown version, or broken.
    """
    if stride % 4 or not 4 <= stride <= LARGEST_STRIDE or count < 1:
        raise MeshoptError(f"no stream has {count} rows of {stride} bytes")
    source = np.frombuffer(stream, np.uint8)
    if len(source) < 1 or source[0] & 0xF0 != _HEAD or source[0] & 0x0F > 1:
        raise MeshoptError("not a vertex stream of version 0 or 1")
    version = int(source[0] & 0x0F)
    tail = stride + (stride // 4 if version else 0)
    if len(source) < 1 + max(tail, _TAIL[version]):
        raise MeshoptError("the stream is cut off")
    end = len(source) - tail
    first = source[end : end + stride]
    channels = source[end + stride :] if version else np.zeros(stride // 4, np.uint8)
    if (channels & 3 == 3).any():
        raise MeshoptError("an unknown channel mode")
    # A row's byte costs at least an eighth of a bit per block: no small stream fills memory.
    size = _block_rows(stride)
    blocks = -(-count // size)
    if blocks * (stride // 4) > len(source):
        raise MeshoptError(f"the stream is too short for {count} rows")
    out = np.empty((count, stride), np.uint8)
    stop = len(source) - max(tail, _TAIL[version])
    used = _decode(source, first.copy(), channels.copy(), version, size, stop, _WIDTHS, out)
    if used != stop:
        raise MeshoptError("the stream is broken, or of another length")
    return out


def _block_rows(stride: int) -> int:
    return min((_BLOCK_BYTES // stride) & ~(_GROUP - 1), _BLOCK_ROWS)


def _channels(data: Bytes) -> Bytes:
    """The difference of each four columns (version 1) that costs least over some of the rows."""
    stride = data.shape[1]
    some = data[: 16 * _BLOCK_ROWS]
    size = _block_rows(stride)
    out = np.empty(len(some) * (4 + 1) * 2 + 8192, np.uint8)
    best = np.zeros(stride // 4, np.uint8)
    for k in range(stride // 4):
        column = np.ascontiguousarray(some[:, 4 * k : 4 * k + 4])
        trials = [0, 1] + [2 | int(r) << 4 for r in _ROTATIONS]
        costs = [
            _encode(column, np.array([mode], np.uint8), 1, size, _WIDTHS, out) for mode in trials
        ]
        best[k] = trials[int(np.argmin(costs))]
    return best


@nb.njit(cache=True, nogil=True)
def _deltas(data: Bytes, channels: Bytes, start: int, count: int, out: Bytes) -> None:
    """Differences of rows to the rows before, column by column, into ``out`` (stride, count+)."""
    stride = data.shape[1]
    for k in range(0, stride, 4):
        mode = channels[k >> 2] & 3
        turn = np.uint32(channels[k >> 2] >> 4)
        for i in range(count):
            now, was = start + i, max(start + i - 1, 0)
            if mode == 0:
                for b in range(k, k + 4):
                    d = np.uint8(data[now, b] - data[was, b])
                    out[b, i] = np.uint8((d << 1) ^ (0xFF if d & 0x80 else 0))
            elif mode == 1:
                for b in range(k, k + 4, 2):
                    x = np.uint32(data[now, b]) | np.uint32(data[now, b + 1]) << np.uint32(8)
                    y = np.uint32(data[was, b]) | np.uint32(data[was, b + 1]) << np.uint32(8)
                    w = (x - y) & np.uint32(0xFFFF)
                    z = ((w << np.uint32(1)) & np.uint32(0xFFFF)) ^ np.uint32(
                        0xFFFF if w & np.uint32(0x8000) else 0
                    )
                    out[b, i] = np.uint8(z & np.uint32(0xFF))
                    out[b + 1, i] = np.uint8(z >> np.uint32(8))
            else:
                v = np.uint32(0)
                for b in range(4):
                    v |= np.uint32(data[now, k + b] ^ data[was, k + b]) << np.uint32(8 * b)
                if turn:
                    v = np.uint32(v << turn) | np.uint32(v >> (np.uint32(32) - turn))
                for b in range(4):
                    out[k + b, i] = np.uint8((v >> np.uint32(8 * b)) & np.uint32(0xFF))


@nb.njit(cache=True, nogil=True)
def _group_cost(delta: Bytes, at: int, bits: int) -> int:
    """Bytes of sixteen differences at a width, or a large number where they do not fit."""
    if bits == 8:
        return 16
    over = 0
    limit = (1 << bits) - 1
    for i in range(16):
        over += delta[at + i] >= limit if bits else delta[at + i] > 0
    if bits == 0:
        return 0 if over == 0 else 1 << 20
    return 2 * bits + over


@nb.njit(cache=True, nogil=True)
def _put_group(delta: Bytes, at: int, bits: int, out: Bytes, to: int) -> int:
    if bits == 0:
        return to
    if bits == 8:
        for i in range(16):
            out[to + i] = delta[at + i]
        return to + 16
    limit = (1 << bits) - 1
    each = 8 // bits
    rest = to + 2 * bits
    for i in range(2 * bits):
        packed = 0
        for j in range(each):
            value = min(int(delta[at + i * each + j]), limit)
            packed |= value << (j if bits == 1 else 8 - bits * (j + 1))
        out[to + i] = packed
    for i in range(16):
        if delta[at + i] >= limit:
            out[rest] = delta[at + i]
            rest += 1
    return rest


@nb.njit(cache=True, nogil=True)
def _column_cost(delta: Bytes, groups: int, widths: Bytes) -> int:
    total = (groups + 3) // 4
    for g in range(groups):
        best = 1 << 20
        for m in range(4):
            best = min(best, _group_cost(delta, 16 * g, int(widths[m])))
        total += best
    return total


@nb.njit(cache=True, nogil=True)
def _put_column(delta: Bytes, groups: int, widths: Bytes, out: Bytes, to: int) -> int:
    head = to
    to += (groups + 3) // 4
    for i in range(head, to):
        out[i] = 0
    for g in range(groups):
        best, mode = 1 << 21, 0
        for m in range(3, -1, -1):
            cost = _group_cost(delta, 16 * g, int(widths[m]))
            if cost < best:
                best, mode = cost, m
        out[head + (g >> 2)] |= mode << ((g & 3) << 1)
        to = _put_group(delta, 16 * g, int(widths[mode]), out, to)
    return to


@nb.njit(cache=True, nogil=True)
def _encode(
    data: Bytes, channels: Bytes, version: int, size: int, widths: Bytes, out: Bytes
) -> int:
    count, stride = data.shape
    delta = np.zeros((stride, size + 16), np.uint8)
    to = 1
    for start in range(0, count, size):
        rows = min(size, count - start)
        groups = (rows + 15) // 16
        delta[:, rows : 16 * groups] = 0
        _deltas(data, channels, start, rows, delta)
        control = to
        if version:
            to += stride // 4
            for i in range(control, to):
                out[i] = 0
        for b in range(stride):
            if version == 0:
                to = _put_column(delta[b], groups, widths[0], out, to)
                continue
            zero = True
            for i in range(rows):
                zero = zero and delta[b, i] == 0
            low = _column_cost(delta[b], groups, widths[1])
            high = _column_cost(delta[b], groups, widths[2])
            mode = 2 if zero else 3 if rows <= min(low, high) else 0 if low < high else 1
            out[control + (b >> 2)] |= mode << ((b & 3) << 1)
            if mode == 3:
                out[to : to + rows] = delta[b, :rows]
                to += rows
            elif mode < 2:
                to = _put_column(delta[b], groups, widths[mode + 1], out, to)
    return to


@nb.njit(cache=True, nogil=True)
def _get_column(source: Bytes, at: int, stop: int, groups: int, widths: Bytes, delta: Bytes) -> int:
    """Unpack a column's groups; returns where they end, or -1 where that is beyond ``stop``."""
    head = at
    at += (groups + 3) // 4
    if at > stop:
        return -1
    for g in range(groups):
        bits = int(widths[(source[head + (g >> 2)] >> ((g & 3) << 1)) & 3])
        if at + 2 * bits > stop:
            return -1
        if bits == 0:
            delta[16 * g : 16 * g + 16] = 0
        elif bits == 8:
            delta[16 * g : 16 * g + 16] = source[at : at + 16]
            at += 16
        else:
            limit = (1 << bits) - 1
            each = 8 // bits
            rest = at + 2 * bits
            for i in range(16):
                j = i % each
                shift = j if bits == 1 else 8 - bits * (j + 1)
                value = (source[at + i // each] >> shift) & limit
                if value == limit:
                    if rest >= stop:
                        return -1
                    value = source[rest]
                    rest += 1
                delta[16 * g + i] = value
            at = rest
    return at


@nb.njit(cache=True, nogil=True)
def _decode(
    source: Bytes,
    last: Bytes,
    channels: Bytes,
    version: int,
    size: int,
    stop: int,
    widths: Bytes,
    out: Bytes,
) -> int:
    count, stride = out.shape
    delta = np.zeros((stride, size + 16), np.uint8)
    at = 1
    for start in range(0, count, size):
        rows = min(size, count - start)
        groups = (rows + 15) // 16
        control = at
        if version:
            at += stride // 4
            if at > stop:
                return -1
        for b in range(stride):
            mode = 0
            if version:
                mode = (source[control + (b >> 2)] >> ((b & 3) << 1)) & 3
            if mode == 2:
                delta[b, :] = 0
            elif mode == 3:
                if at + rows > stop:
                    return -1
                delta[b, :rows] = source[at : at + rows]
                at += rows
            else:
                at = _get_column(
                    source, at, stop, groups, widths[mode + 1 if version else 0], delta[b]
                )
                if at < 0:
                    return -1
        _sum_up(delta, channels, start, rows, last, out)
    return at


@nb.njit(cache=True, nogil=True)
def _sum_up(delta: Bytes, channels: Bytes, start: int, rows: int, last: Bytes, out: Bytes) -> None:
    for k in range(0, out.shape[1], 4):
        mode = channels[k >> 2] & 3
        turn = np.uint32(channels[k >> 2] >> 4)
        for i in range(rows):
            if mode == 0:
                for b in range(k, k + 4):
                    d = delta[b, i]
                    last[b] = np.uint8(last[b] + ((d >> 1) ^ (0xFF if d & 1 else 0)))
            elif mode == 1:
                for b in range(k, k + 4, 2):
                    z = np.uint32(delta[b, i]) | np.uint32(delta[b + 1, i]) << np.uint32(8)
                    w = (z >> np.uint32(1)) ^ np.uint32(0xFFFF if z & np.uint32(1) else 0)
                    v = np.uint32(last[b]) | np.uint32(last[b + 1]) << np.uint32(8)
                    v = v + w
                    last[b] = np.uint8(v & np.uint32(0xFF))
                    last[b + 1] = np.uint8((v >> np.uint32(8)) & np.uint32(0xFF))
            else:
                v = np.uint32(0)
                for b in range(4):
                    v |= np.uint32(delta[k + b, i]) << np.uint32(8 * b)
                if turn:
                    v = np.uint32(v >> turn) | np.uint32(v << (np.uint32(32) - turn))
                for b in range(4):
                    last[k + b] ^= np.uint8((v >> np.uint32(8 * b)) & np.uint32(0xFF))
            out[start + i, k : k + 4] = last[k : k + 4]
