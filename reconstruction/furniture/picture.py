"""Pictures of furniture for fitting, and how they change with each parameter.

A drawn picture changes only at its edges: where a surface ends before another or before the
background. Moving an edge by a pixel changes one pixel by the jump across it. So one drawing gives
the derivatives with respect to all parameters at once, as the velocity of the nearer surface
across the edge times the jump (the boundary term of differentiable rasterisation; Li et al. 2018,
"Differentiable Monte Carlo ray tracing through edge sampling", for a z-buffer).
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32

F64 = NDArray[np.float64]
UNKNOWN = -2
"""Face of a drawn pixel that the photo does not hold; -1 is none."""


@nb.njit(cache=True, nogil=True, fastmath=True)
def draw_faces(screen: F32, faces: I32, height: int, width: int) -> tuple[I32, F32]:
    """Draw a closed surface.

    Args:
        screen: (n, 3) float32: pixel x, pixel y, depth.
        faces: (m, 3) int32, counter-clockwise seen from outside.

    Returns:
        (h, w) int32 nearest face, -1 for none, and (h, w) float32 1 / depth, 0 for none.
    """
    face_id = np.full((height, width), -1, np.int32)
    nearest = np.zeros((height, width), np.float32)
    half, zero = np.float32(0.5), np.float32(0.0)
    for t in range(faces.shape[0]):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        # A closed surface needs only its front faces, which turn clockwise with y down.
        if area > -1e-9 or screen[a, 2] <= 1e-4 or screen[b, 2] <= 1e-4 or screen[c, 2] <= 1e-4:
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - half)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - half)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - half)))
        y1 = min(height - 1, int(np.floor(max(ay, by, cy) - half)))
        if x0 > x1 or y0 > y1:
            continue
        inverse = np.float32(1.0) / area
        ia = np.float32(1.0) / screen[a, 2]
        ib = np.float32(1.0) / screen[b, 2]
        ic = np.float32(1.0) / screen[c, 2]
        # Barycentrics are linear in x and y.
        ux, vx = (by - cy) * inverse, (cy - ay) * inverse
        for yy in range(y0, y1 + 1):
            py, px = np.float32(yy) + half, np.float32(x0) + half
            u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
            v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
            for xx in range(x0, x1 + 1):
                w = np.float32(1.0) - u - v
                if u >= zero and v >= zero and w >= zero:
                    near = u * ia + v * ib + w * ic
                    if near > nearest[yy, xx]:
                        nearest[yy, xx] = near
                        face_id[yy, xx] = t
                u += ux
                v += vx
    return face_id, nearest


@nb.njit(cache=True, nogil=True, fastmath=True)
def shrink_layers(face_id: I32, face_slot: I32, tone: F32, step: int, layers: int) -> F32:
    """Coverage and tone of a drawn picture, averaged over squares of ``step`` pixels.

    Args:
        face_id: (h, w) int32, -1 for none; h and w are multiples of ``step``.
        face_slot: (m,) int32 material slot of each face.
        tone: (slots, c) float32 values of each slot in the layers after the first.
        layers: 1 for coverage alone, else 1 + c.

    Returns:
        (h / step, w / step, layers) float32.
    """
    height, width = face_id.shape[0] // step, face_id.shape[1] // step
    out = np.zeros((height, width, layers), np.float32)
    share = np.float32(1.0 / (step * step))
    for y in range(height * step):
        for x in range(width * step):
            t = face_id[y, x]
            if t >= 0:
                out[y // step, x // step, 0] += share
                for i in range(1, layers):
                    out[y // step, x // step, i] += share * tone[face_slot[t], i - 1]
    return out


@nb.njit(cache=True, nogil=True, fastmath=True)
def edge_derivatives(
    face_id: I32,
    nearest: F32,
    screen: F32,
    faces: I32,
    motion: F32,
    face_slot: I32,
    tone: F32,
    step: int,
    layers: int,
) -> F32:
    """Derivatives of :func:`shrink_layers` with respect to each parameter.

    Args:
        face_id, nearest: from :func:`draw_faces`.
        motion: (n, 2, k) float32: pixels by which each point moves per unit of each parameter.

    Returns:
        (h / step, w / step, layers, k) float32.
    """
    rows, columns = face_id.shape
    height, width, k = rows // step, columns // step, motion.shape[2]
    out = np.zeros((height, width, layers, k), np.float32)
    move, turn = np.empty(k, np.float32), np.zeros(layers, np.float32)
    share = np.float32(1.0 / (step * step))
    one, zero, half = np.float32(1.0), np.float32(0.0), np.float32(0.5)
    for y in range(rows):
        for x in range(columns):
            here = face_id[y, x]
            for axis in range(2):
                ny, nx = (y, x + 1) if axis == 0 else (y + 1, x)
                if ny >= rows or nx >= columns:
                    continue
                there = face_id[ny, nx]
                if here == there or min(here, there) == UNKNOWN:
                    continue
                turn[0] = (one if there >= 0 else zero) - (one if here >= 0 else zero)
                most = abs(turn[0])
                for c in range(1, layers):
                    turn[c] = (tone[face_slot[there], c - 1] if there >= 0 else zero) - (
                        tone[face_slot[here], c - 1] if here >= 0 else zero
                    )
                    most = max(most, abs(turn[c]))
                if most == zero:
                    continue
                # The nearer surface is the one whose edge is seen.
                if nearest[y, x] >= nearest[ny, nx]:
                    t, py, px = here, np.float32(y) + half, np.float32(x) + half
                else:
                    t, py, px = there, np.float32(ny) + half, np.float32(nx) + half
                a, b, d = faces[t, 0], faces[t, 1], faces[t, 2]
                ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
                cx, cy = screen[d, 0], screen[d, 1]
                inverse = one / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
                w = one - u - v
                for i in range(k):
                    move[i] = (
                        u * motion[a, axis, i] + v * motion[b, axis, i] + w * motion[d, axis, i]
                    )
                # The edge lies between both pixels; spread it over the nearest four squares.
                gx = (np.float32(x) + (one if axis == 0 else half)) / np.float32(step) - half
                gy = (np.float32(y) + (one if axis == 1 else half)) / np.float32(step) - half
                x0, y0 = int(np.floor(gx)), int(np.floor(gy))
                for dy in range(2):
                    for dx in range(2):
                        qx, qy = x0 + dx, y0 + dy
                        if qx < 0 or qy < 0 or qx >= width or qy >= height:
                            continue
                        fx = gx - np.float32(x0) if dx == 1 else one - (gx - np.float32(x0))
                        fy = gy - np.float32(y0) if dy == 1 else one - (gy - np.float32(y0))
                        weight = -fx * fy * share
                        for c in range(layers):
                            jump = weight * turn[c]
                            if jump != zero:
                                for i in range(k):
                                    out[qy, qx, c, i] += jump * move[i]
    return out


@nb.njit(cache=True, nogil=True, fastmath=True)
def face_regions(points: F32, faces: I32, face_slot: I32) -> I32:
    """Which faces look alike: those of one material that face one way, of six.

    Args:
        points: (p, 3) in the frame of the piece.
        face_slot: (m,) material slot of each face.

    Returns:
        (m,) int32, six times the slot and which axis the normal is nearest to.
    """
    out = np.empty(len(faces), np.int32)
    normal = np.empty(3)
    for t in range(len(faces)):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        best = 0
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            normal[i] = (points[b, j] - points[a, j]) * (points[c, k] - points[a, k]) - (
                points[b, k] - points[a, k]
            ) * (points[c, j] - points[a, j])
            if abs(normal[i]) > abs(normal[best]):
                best = i
        out[t] = 6 * face_slot[t] + 2 * best + (1 if normal[best] < 0 else 0)
    return out


def blur(picture: F32, sigma: float) -> F32:
    """Smooth (h, w, ...) by a Gaussian of ``sigma`` pixels; beyond the picture is nothing."""
    radius = max(1, math.ceil(2.5 * sigma))
    offset = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offset / max(sigma, 1e-3)) ** 2)
    flat = np.ascontiguousarray(picture).reshape(*picture.shape[:2], -1)
    soft = _blur(flat, (kernel / kernel.sum()).astype(np.float32))
    return np.asarray(soft.reshape(picture.shape))


@nb.njit(cache=True, nogil=True, fastmath=True)
def _blur(picture: F32, kernel: F32) -> F32:
    height, width, k = picture.shape
    radius = len(kernel) // 2
    across = np.zeros_like(picture)
    used = np.zeros(height, np.bool_)
    for y in range(height):
        for x in range(width):
            empty = True
            for i in range(k):
                if picture[y, x, i] != 0:
                    empty = False
                    break
            if empty:
                continue
            used[y] = True
            for j in range(max(0, x - radius), min(width, x + radius + 1)):
                weight = kernel[j - x + radius]
                for i in range(k):
                    across[y, j, i] += weight * picture[y, x, i]
    out = np.zeros_like(picture)
    for y in range(height):
        if not used[y]:
            continue
        for j in range(max(0, y - radius), min(height, y + radius + 1)):
            weight = kernel[j - y + radius]
            for x in range(width):
                for i in range(k):
                    out[j, x, i] += weight * across[y, x, i]
    return out
