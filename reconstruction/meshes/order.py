"""Orders of triangles in which neighbours follow each other, for caches and index codecs.

Fans: Sander, Nehab, Barczak, "Fast Triangle Reordering for Vertex Locality and Reduced Overdraw"
(SIGGRAPH 2007): fans around one vertex after the other, each next one being the oldest that is
still in a first-in-first-out cache when its fan is done. Strips: a grid, column block by column
block, so that each row's vertices follow each other, too.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]

CACHE = 16
"""Vertices of the cache: what the index codec of meshoptimizer remembers."""


def fan_order(faces: I32, count: int, cache: int = CACHE) -> I32:
    """(m,) int32: the triangles in their new order.

    Args:
        faces: (m, 3) int32 of ``count`` vertices.
    """
    plain = np.ascontiguousarray(faces, np.int32)
    corner = plain.ravel()
    around = np.argsort(corner, kind="stable").astype(np.int32) // 3
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(corner, minlength=count), out=starts[1:])
    return np.asarray(_fans(plain, around, starts, cache))


def strip_order(faces: I32, width: int) -> I32:
    """(m,) int64: the triangles of a grid of vertices numbered row by row, in blocks of columns.

    Args:
        faces: (m, 3) int32.
        width: quads across a block.
    """
    apart = np.abs(faces - np.roll(faces, 1, axis=1)).ravel()
    row = int(np.bincount(apart[apart > 1], minlength=1).argmax()) or 1
    from_first = faces - faces.min()
    low = from_first.min(axis=1)
    # Of a quad's two triangles the one that touches the quad before comes first.
    across = (from_first % row).sum(axis=1)
    return np.asarray(np.lexsort((across, low // row, low % row // width)))


@nb.njit(cache=True, nogil=True)
def _fans(faces: I32, around: I32, starts: NDArray[np.int64], cache: int) -> I32:
    count = len(starts) - 1
    live = starts[1:] - starts[:-1]
    stamp = np.full(count, -cache - 1, np.int64)
    done = np.zeros(len(faces), np.bool_)
    order = np.empty(len(faces), np.int32)
    dead = np.empty(3 * len(faces) + 1, np.int32)
    ring = np.empty(3 * (live.max() if count else 0) + 1, np.int32)
    dead_at, time, cursor, out = 0, 0, 0, 0
    fan = 0
    while fan >= 0:
        near = 0
        for k in range(starts[fan], starts[fan + 1]):
            t = around[k]
            if done[t]:
                continue
            done[t] = True
            order[out] = t
            out += 1
            for c in range(3):
                v = faces[t, c]
                dead[dead_at] = v
                dead_at += 1
                ring[near] = v
                near += 1
                live[v] -= 1
                if time - stamp[v] > cache:
                    stamp[v] = time
                    time += 1
        best, fan = -1, -1
        for k in range(near):
            v = ring[k]
            if live[v] <= 0:
                continue
            # Still there when its own fan has come through: the older the better.
            age = time - stamp[v]
            rank = age if age + 2 * live[v] <= cache else 0
            if rank > best:
                best, fan = rank, v
        while fan < 0 and dead_at > 0:
            dead_at -= 1
            if live[dead[dead_at]] > 0:
                fan = dead[dead_at]
        while fan < 0 and cursor < count:
            if live[cursor] > 0:
                fan = cursor
            cursor += 1
    return order
