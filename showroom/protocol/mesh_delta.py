"""Mesh frames as small differences to a frame that the client has: a tenth of their bytes.

Asked for by ``"delta"`` in :attr:`~showroom.protocol.messages.Hello.want`. Coordinates are whole
numbers of 0.25 mm, so that both ends hold exactly the same and no error adds up: at most 0.125 mm
an axis, for ever. Each difference is predicted from those of two neighbours that come before it;
what remains of a garment in motion is mostly -1, 0 and 1, and costs about two bits a number in
Huffman's code (zlib's format, RFC 1950, without its search for repetitions).

A websocket delivers in order or breaks, and who comes back begins with whole frames. So every frame
is a difference to the one before it, however long the way is; it need not have been acknowledged.
Whoever queues frames must not leave one out (see :func:`.compact.chained`).

The two further encodings of a mesh frame (see :mod:`.compact`); where a plain one has its corner
and step, a difference has ``offset i32 x 3, step f32 (0.00025), base u32, 0 u32``:

======== ===================================================================================
2, key   as 0, with step 0.00025; after the coordinates, by zlib: for each vertex how many
         places before it its first neighbour stands u16 x vertices, its second neighbour
         u16 x vertices; 0 where there is none
1, delta by zlib: residuals i8 x vertices of x, then of y, then of z. difference = residual +
         (first neighbour's difference + second neighbour's) >> 1; coordinate = that of frame
         ``base`` + offset + difference
======== ===================================================================================

A neighbour that is not there counts as 0.
"""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from . import compact
from .errors import ProtocolError
from .messages import MeshFrame

KEY, DELTA = 2, 1
KEPT = 8
"""Frames of a target that a receiver keeps: a base is one of them."""

MAX_VERTICES = 65_536
NEAR = 40
"""So many of the nearest vertices are looked through for some that come before."""
POOL = 8
"""Of so many that come before, two are chosen."""
FAR = 0.2
"""What distance counts beside how well two lie around a vertex; see :func:`neighbours`."""
BLOCK_BITS = 500
"""What a block of Huffman's code costs by itself, about."""

_STEP = np.float32(compact.UNIT)
_REST = struct.Struct("<iiifII")

I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
Backs = NDArray[np.uint16]


@dataclass
class _Track:
    """What one end knows of one target."""

    glb: str
    backs: Backs
    frames: OrderedDict[int, I32] = field(default_factory=OrderedDict)

    def keep(self, frame: int, grid: I32, most: int = KEPT) -> None:
        self.frames[frame] = grid
        while len(self.frames) > most:
            self.frames.popitem(last=False)


class MeshEncoder:
    """The sender's end: compact mesh frames for one client.

    Args:
        credits: frames of a target that may be on their way, see :meth:`ready`; 0 for any number,
            where something else sees to that.
    """

    def __init__(self, credits: int = 0) -> None:
        self.credits = credits
        self._tracks: dict[str, _Track] = {}
        self._flying: dict[str, deque[int]] = {}
        self._tables: OrderedDict[tuple[str, int], Backs] = OrderedDict()

    def ready(self, target: str) -> bool:
        """Whether one more frame may go out before another is acknowledged."""
        return not self.credits or len(self._flying.get(target, ())) < self.credits

    def encode(self, frame: MeshFrame) -> bytes:
        """A frame as a difference where the client has one to build on, else whole.

        Raises:
            ProtocolError: as :func:`compact.encode_mesh`.
        """
        if len(frame.positions) % 12:
            return compact.encode_mesh(frame)  # refused there
        points = np.frombuffer(frame.positions, "<f4").reshape(-1, 3)
        if self.credits:
            self._flying.setdefault(frame.target, deque()).append(frame.frame)
        if not 2 <= len(points) <= MAX_VERTICES or not np.isfinite(points).all():
            return compact.encode_mesh(frame)
        grid = np.rint(points / compact.UNIT).astype(np.int32)
        track = self._tracks.get(frame.target)
        if track is not None and track.glb == frame.glb and len(track.backs[0]) == len(grid):
            ((number, base),) = track.frames.items()
            data = _difference(frame, grid, base, number, track.backs)
            if data is not None:
                track.keep(frame.frame, grid, 1)
                return data
        low = grid.min(axis=0)
        if (grid.max(axis=0) - low > 65_535).any():
            return compact.encode_mesh(frame)  # larger than any garment
        track = self._tracks[frame.target] = _Track(frame.glb, self._table(frame.glb, points))
        track.keep(frame.frame, grid)
        box = (*(low * float(compact.UNIT)), *(_STEP,) * 3)
        head = compact.mesh_head(frame, KEY, len(points), struct.pack("<6f", *box))
        coordinates: bytes = (grid - low).astype("<u2").tobytes()
        return head + coordinates + zlib.compress(track.backs.astype("<u2").tobytes(), 6)

    def acknowledge(self, target: str, frame: int) -> None:
        """The client has shown this frame; 0: it has none to build on any more."""
        flying = self._flying.get(target)
        while flying and (not frame or flying[0] <= frame):
            flying.popleft()
        if not frame:
            self._tracks.pop(target, None)

    def _table(self, glb: str, points: NDArray[np.float32]) -> Backs:
        key = (glb, len(points))
        backs = self._tables.get(key)
        if backs is None:
            backs = self._tables[key] = neighbours(points)
            while len(self._tables) > KEPT:
                self._tables.popitem(last=False)
        return backs


class MeshDecoder:
    """The receiver's end: the frames of one connection."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}

    def decode(self, data: bytes) -> MeshFrame:
        """The frame in a compact mesh frame of any encoding.

        Raises:
            ProtocolError: ``malformed``; ``out_of_order`` with the target as ``ref`` for a
                difference to a frame that has not come: acknowledge frame 0 of the target, and a
                whole one follows.
        """
        encoding = data[2] if len(data) > 2 else 0
        if encoding not in (KEY, DELTA):
            return compact.decode_mesh(data)
        frame, count, rest, start = compact.read_mesh_head(data)
        if count > MAX_VERTICES:
            raise _malformed("vertices", f"at most {MAX_VERTICES}", str(count))
        if encoding == KEY:
            grid = self._key(frame, count, rest, data, start)
        else:
            grid = self._delta(frame, count, rest, data, start)
        positions = (grid * compact.UNIT).astype("<f4").tobytes()
        frame.positions = positions
        return frame

    def _key(self, frame: MeshFrame, count: int, rest: bytes, data: bytes, start: int) -> I32:
        box = np.frombuffer(rest, "<f4")
        corner = box[:3].astype(np.float64) / compact.UNIT
        if (box[3:] != _STEP).any() or not (np.abs(corner) < 2**30).all():
            raise _malformed("step", f"{compact.UNIT:g}", f"{box[3]:g}")
        end = start + 6 * count
        if len(data) < end:
            raise _malformed("", f"{end} bytes", f"{len(data)} bytes")
        low = np.rint(corner).astype(np.int32)
        grid: I32 = low + np.frombuffer(data, "<u2", 3 * count, start).reshape(-1, 3).astype("i4")
        backs = np.frombuffer(_unpacked(data[end:], 4 * count), "<u2").reshape(2, count)
        if (backs > np.arange(count)).any():
            raise _malformed("neighbours", "vertices before", "vertices after")
        track = self._tracks.get(frame.target)
        if track is None or track.glb != frame.glb or track.backs.shape != backs.shape:
            track = self._tracks[frame.target] = _Track(frame.glb, backs)
        track.backs = backs
        track.keep(frame.frame, grid)
        return grid

    def _delta(self, frame: MeshFrame, count: int, rest: bytes, data: bytes, start: int) -> I32:
        *offset, _, base, _ = _REST.unpack(rest)
        track = self._tracks.get(frame.target)
        known = None if track is None or track.glb != frame.glb else track.frames.get(base)
        if track is None or known is None or len(known) != count:
            raise ProtocolError(
                "out_of_order",
                "a mesh frame builds on one that has not come; acknowledge frame 0",
                field="base",
                expected=", ".join(map(str, track.frames)) if track else "a whole frame first",
                got=str(base),
                ref=frame.target,
            )
        residuals = np.frombuffer(_unpacked(data[start:], 3 * count), np.int8).reshape(3, count)
        grid = np.empty((count, 3), np.int32)
        _restore(residuals, track.backs, known, np.array(offset, np.int32), grid)
        track.keep(frame.frame, grid)
        return grid


def warm_up() -> None:
    """Compile what encoding and decoding need, by a frame and a difference to it."""
    encoder, decoder = MeshEncoder(), MeshDecoder()
    for number in (1, 2):
        positions = np.eye(3, dtype="<f4").tobytes()
        frame = MeshFrame(target="", glb="", frame=number, time=0.0, positions=positions)
        decoder.decode(encoder.encode(frame))
        encoder.acknowledge("", number)


def neighbours(points: NDArray[np.floating[Any]]) -> Backs:
    """How far before each vertex two near ones stand, (2, n); 0 for the first alone.

    Near in space, not in the mesh: vertices that a seam of the texture has doubled, or that lie on
    each other as the two sides of a hem, move alike. Of :data:`POOL` that come before, those two
    (or one, twice) are taken whose middle is nearest to the vertex, and that are near themselves:
    the least |middle - vertex|² + :data:`FAR` · (mean of their squared distances).
    """
    from scipy.spatial import cKDTree

    count = len(points)
    _, near = cKDTree(points).query(points, k=min(NEAR, count))
    place = np.arange(count)
    before = near < place[:, None]
    order = np.argsort(~before, axis=1, kind="stable")[:, :POOL]
    good = np.take_along_axis(before, order, 1)
    good[:, 0] = True
    found = np.take_along_axis(near, order, 1)
    found[:, 0] = np.where(before.any(axis=1), found[:, 0], np.maximum(place - 1, 0))
    found = np.where(good, found, found[:, :1])
    away = points[found] - points[:, None]
    squares = (away**2).sum(axis=2)
    pairs = np.array([(a, b) for a in range(found.shape[1]) for b in range(a + 1)])
    cost = np.stack(
        [
            ((away[:, a] + away[:, b]) ** 2).sum(axis=1) / 4
            + FAR * (squares[:, a] + squares[:, b]) / 2
            for a, b in pairs
        ]
    )
    best = pairs[cost.argmin(axis=0)]
    backs: Backs = (place[:, None] - np.take_along_axis(found, best, 1)).T.astype(np.uint16)
    return np.ascontiguousarray(backs)


def _difference(frame: MeshFrame, grid: I32, base: I32, number: int, backs: Backs) -> bytes | None:
    """The bytes of a difference; None where it is too large."""
    offset = np.empty(3, np.int32)
    residuals = np.empty((3, len(grid)), np.int8)
    counts = np.zeros((3, 256), np.int64)
    if not _predict(grid, base, backs, offset, residuals, counts):
        return None
    rest = _REST.pack(*offset.tolist(), _STEP, number, 0)
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    # A code for each axis where they differ so much that three pay.
    parts = [residuals.tobytes()]
    if _bits(counts) + 2 * BLOCK_BITS < _bits(counts.sum(axis=0)[None]):
        parts = [axis.tobytes() for axis in residuals]
    packed = b"".join([packer.compress(part) + packer.flush(zlib.Z_BLOCK) for part in parts[:-1]])
    packed += packer.compress(parts[-1]) + packer.flush()
    return compact.mesh_head(frame, DELTA, len(grid), rest) + packed


def _unpacked(data: bytes, size: int) -> bytes:
    """What zlib has packed, ``size`` bytes and no more."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, size + 1)
    except zlib.error:
        raise _malformed("data", "zlib's format", "other bytes") from None
    if len(plain) != size or not unpacker.eof or unpacker.unused_data:
        raise _malformed("data", f"{size} bytes unpacked", f"{len(plain)} or cut off")
    return plain


def _malformed(name: str, expected: str, got: str) -> ProtocolError:
    return ProtocolError(
        "malformed", "a mesh frame is not as its head says", field=name, expected=expected, got=got
    )


@nb.njit(cache=True, nogil=True)
def _predict(
    grid: I32, base: I32, backs: Backs, offset: I32, residuals: I8, counts: NDArray[np.int64]
) -> bool:
    """Fill in offset and residuals, and count the latter; False where one is too large."""
    count = len(grid)
    moved = grid - base
    for k in range(3):
        total = 0.0
        for v in range(count):
            total += moved[v, k]
        offset[k] = np.int32(np.rint(total / count))
    for v in range(count):
        a, b = v - np.int64(backs[0, v]), v - np.int64(backs[1, v])
        for k in range(3):
            moved[v, k] -= offset[k]
            guess = np.int32(0)
            if a < v:
                guess += moved[a, k]
            if b < v:
                guess += moved[b, k]
            rest = moved[v, k] - (guess >> 1)
            if rest < -128 or rest > 127:
                return False
            residuals[k, v] = rest
            counts[k, rest + 128] += 1
    return True


@nb.njit(cache=True, nogil=True)
def _bits(counts: NDArray[np.int64]) -> float:
    """Shannon's bound for numbers that occur so often, (codes, 256), bits."""
    bits = 0.0
    for row in counts:
        total = row.sum()
        for some in row:
            if some:
                bits -= some * np.log2(some / total)
    return bits


@nb.njit(cache=True, nogil=True)
def _restore(residuals: I8, backs: Backs, base: I32, offset: I32, grid: I32) -> None:
    moved = np.empty((len(grid), 3), np.int32)
    for v in range(len(grid)):
        a, b = v - np.int64(backs[0, v]), v - np.int64(backs[1, v])
        for k in range(3):
            guess = np.int32(0)
            if a < v:
                guess += moved[a, k]
            if b < v:
                guess += moved[b, k]
            moved[v, k] = (guess >> 1) + residuals[k, v]
            grid[v, k] = base[v, k] + offset[k] + moved[v, k]
