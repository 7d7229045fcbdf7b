"""Cloth and wood without end: a seamless tile with the detail of a well seen patch.

The tile is quilted from patches at random places of the exemplar, overlapping under a window. The
overlapping patches' deviations are divided by the root of the sum of the squared windows, so that
contrast is the same everywhere (Heitz and Neyret 2018, variance-preserving blending).
"""

from __future__ import annotations

import cv2
import numba as nb
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
I16 = NDArray[np.int16]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

TILE = 256
_DETAIL = 9.0
"""Deviation of the blur, in texels, above which structure is form and light, not material."""
_LEAST = 20


def largest_window(seen: Bool, step: int = 4) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of a large rectangle that is seen nearly throughout.

    Args:
        seen: (h, w); only every ``step``-th texel is looked at.
    """
    small = seen[step // 2 :: step, step // 2 :: step]
    total = np.zeros((small.shape[0] + 1, small.shape[1] + 1), np.int32)
    total[1:, 1:] = cv2.integral(small.astype(np.uint8))[1:, 1:]
    best: tuple[float, tuple[int, int, int, int]] | None = None
    sides = (5, 8, 13, 21, 34, 55, 89)
    for tall in sides:
        for wide in sides:
            if tall > small.shape[0] or wide > small.shape[1]:
                continue
            value = tall * wide * min(tall, wide) ** 0.5
            if best is not None and value <= best[0]:
                continue
            count = total[tall:, wide:] - total[:-tall, wide:]
            count = count - total[tall:, :-wide] + total[:-tall, :-wide]
            at = int(count.argmax())
            row, column = divmod(at, count.shape[1])
            if count[row, column] > 0.985 * tall * wide:
                best = (value, (row * step, column * step, tall * step, wide * step))
    return best[1] if best else None


def detail(patch: U8) -> F32 | None:
    """(h, w, 3) float32: a patch's fine structure around 0, sRGB steps, extremes held back.

    None where the patch is too small to say anything.
    """
    if min(patch.shape[:2]) < _LEAST:
        return None
    values = patch.astype(np.float32)
    sigma = min(_DETAIL, min(patch.shape[:2]) / 4)
    fine = values - cv2.GaussianBlur(values, (0, 0), sigma)
    limit = 3.0 * float(np.median(np.abs(fine[::2, ::2]))) * 1.4826 + 0.5
    return np.asarray(np.clip(fine, -limit, limit), np.float32)


def grain_along_rows(fine: F32) -> float:
    """How far the structure runs along the rows: 1 along them, -1 across, 0 neither."""
    grey = fine.mean(axis=2)
    across = float((np.diff(grey, axis=1) ** 2).mean())
    down = float((np.diff(grey, axis=0) ** 2).mean())
    return (down - across) / max(down + across, 1e-9)


def tile(fine: F32, rng: np.random.Generator, size: int = TILE) -> F32:
    """A tile (size, size, 3) that repeats without a seam, quilted from an exemplar's detail.

    Args:
        fine: (h, w, 3) around 0, as :func:`detail` gives it.
    """
    # Patches as long as the exemplar allows keep the grain's streaks whole.
    tall, wide = (min(max(n * 2 // 3, 8), size // 2) for n in fine.shape[:2])
    window = np.outer(np.hanning(tall + 2)[1:-1], np.hanning(wide + 2)[1:-1]).astype(np.float32)
    rows = np.linspace(0, size, max(round(2 * size / tall), 2), endpoint=False).astype(np.int64)
    columns = np.linspace(0, size, max(round(2 * size / wide), 2), endpoint=False).astype(np.int64)
    shift = rng.integers(0, wide, len(rows))
    count = (len(rows), len(columns))
    sources = np.stack(
        [
            rng.integers(0, fine.shape[0] - tall + 1, count),
            rng.integers(0, fine.shape[1] - wide + 1, count),
        ],
        axis=2,
    )
    total = _quilt(fine, window, rows, columns, shift, sources, size)
    bound = float(np.abs(fine).max())
    return np.asarray(np.clip(total, -bound, bound), np.float32)


@nb.njit(cache=True, nogil=True, fastmath=True)
def _quilt(
    fine: F32, window: F32, rows: I64, columns: I64, shift: I64, sources: I64, size: int
) -> F32:
    tall, wide = window.shape
    total = np.zeros((size, size, 3), np.float32)
    weight = np.full((size, size), 1e-3, np.float32)
    for i in range(len(rows)):
        for j in range(len(columns)):
            top, left = sources[i, j, 0], sources[i, j, 1]
            for y in range(tall):
                r = (rows[i] + y) % size
                for x in range(wide):
                    c = (columns[j] + shift[i] + x) % size
                    share = window[y, x]
                    weight[r, c] += share * share
                    for k in range(3):
                        total[r, c, k] += share * fine[top + y, left + x, k]
    for y in range(size):
        for x in range(size):
            scale = 1.0 / np.sqrt(weight[y, x])
            for k in range(3):
                total[y, x, k] *= scale
    return total


@nb.njit(cache=True, nogil=True)
def lay(image: U8, cover: U8, part: I16, tile_of: I32, tiles: F32) -> None:
    """Add a tile's detail to an atlas where it was not seen, in place.

    Args:
        image: (h, w, 3) uint8 sRGB.
        cover: (h, w) uint8, 255 where the picture is the photo's own.
        part: (h, w) int16, -1 outside.
        tile_of: (parts,) int32 index into ``tiles``, -1 for none.
        tiles: (k, s, s, 3) float32.
    """
    height, width = part.shape
    size = tiles.shape[1]
    for y in range(height):
        for x in range(width):
            p = part[y, x]
            if p < 0 or cover[y, x] == 255 or tile_of[p] < 0:
                continue
            t = tile_of[p]
            share = 1.0 - cover[y, x] / 255.0
            # Parts start at different places of the tile, so that legs are not all alike.
            row, column = (y + 37 * p) % size, (x + 101 * p) % size
            for k in range(3):
                value = image[y, x, k] + share * tiles[t, row, column, k] + 0.5
                image[y, x, k] = min(max(int(value), 0), 255)
