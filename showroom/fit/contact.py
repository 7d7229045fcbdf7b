"""Cloth against the skin: looked for once a frame, kept off its tangent planes every substep.

What moves fast along the skin is looked for again in the middle of the frame.

Trunk, legs and hands are asked each by itself, lest a walk be held up in a fold between them. Where
two of them pinch the cloth it stays in the middle; between belly and thigh it stays on the thigh.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .collider import walk

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]

PLANE = 9
"""Numbers of a plane: its normal (3), place along it at the end of the frame, what it moves along
it in the frame, what its skin moves in the frame (3), 1 where it belongs to the trunk."""

_NEAR = np.float32(0.06**2)
"""Skin further off than this (squared) is another part of the body: its tangent says nothing."""
_ASIDE = np.float32(0.025**2)
"""Cloth further beside the nearest skin (squared) is beyond the edge of that part of the body."""
_SLACK = np.float32(0.006)
"""Cloth that would not come nearer than this until the next look is left alone, metres."""
_MARGIN = np.float32(0.06)
_FAST = np.float32(0.008)
"""Cloth that goes further along the skin in a frame is looked for twice, metres."""
_FASTEST = np.float32(0.04)
"""Cloth comes nearer to skin by no more than this from one look to the next, metres."""
_STEPS = 4
_HELD = np.float32(0.3)
"""Cloth that the body holds more firmly goes with the thigh into the trunk."""
_DEEP = np.float32(0.004)
"""So deep in the trunk it stays held, metres."""
_FACING = np.float32(-0.2)
"""Planes whose normals' cosine is lower pinch what is between them."""


@njit(cache=True, nogil=True, fastmath=True)
def boxes(body: F32, part: I8, out: F32) -> None:
    """Grow the boxes (c, 6), low and high, of the body's parts by where its skin is."""
    for i in range(body.shape[0]):
        c = part[i]
        if c >= 0:
            for a in range(3):
                out[c, a] = min(out[c, a], body[i, a] - _MARGIN)
                out[c, 3 + a] = max(out[c, 3 + a], body[i, a] + _MARGIN)


@njit(cache=True, nogil=True, fastmath=True)
def look(
    cloth: F32,
    before: F32,
    count: int,
    near: I32,
    quiet: I8,
    fast: NDArray[np.bool_],
    again: bool,
    neighbour: I32,
    turn: int,
    skin: F32,
    body: F32,
    body_before: F32,
    normals: F32,
    trunk: NDArray[np.bool_],
    start: I32,
    beside: I32,
    reach: F32,
    ahead: float,
    share: float,
    gap: float,
    node: I32,
    first: I32,
    planes: F32,
) -> int:
    """Find the planes that the first ``count`` nodes may meet before the next look.

    Args:
        cloth, before: (m, 3) now and one substep ago.
        near: (count, c) nearest skin in each part of the body; changed in place.
        quiet: (count, c) looks for which a part is too far to ask; changed in place.
        fast: (count,) nodes that are to be asked ``again`` before the frame is over; set in the
            first look, and the only ones that are asked in the second.
        neighbour: (count, b) nodes beside each, of which number ``turn`` is asked too.
        skin: (k, 3) the skin now; ``body_before`` and ``body`` where it is at the frame's ends.
        reach: (c, 6) boxes of the parts.
        ahead: substeps until the next look.
        share: of the frame's motion, that happens until then.
        node, first: (t,), (t + 1,) out: touching nodes and the first of each one's planes.
        planes: (p, 8) out.

    Returns:
        The number of touching nodes.
    """
    touching = 0
    found = 0
    for i in range(count):
        if again and not fast[i]:
            continue
        x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
        old = found
        quick = False
        for c in range(near.shape[1]):
            if (
                x < reach[c, 0] or y < reach[c, 1] or z < reach[c, 2]
                or x > reach[c, 3] or y > reach[c, 4] or z > reach[c, 5]
            ):  # fmt: skip
                continue
            if quiet[i, c] > 0 and not again:
                quiet[i, c] -= 1
                continue
            s = near[i, c]
            # Where a walk is held up in a hollow, that of the cloth beside may have gone on.
            j = near[neighbour[i, turn], c]
            if _squared(x, y, z, skin, j) < _squared(x, y, z, skin, s):
                s = j
            s = walk(x, y, z, skin, start, beside, s, _STEPS)
            near[i, c] = s
            ox, oy, oz = x - skin[s, 0], y - skin[s, 1], z - skin[s, 2]
            squared = ox * ox + oy * oy + oz * oz
            if squared > _NEAR:
                quiet[i, c] = min(int((np.sqrt(squared) - _MARGIN) / _FASTEST), 8)
                continue
            nx, ny, nz = normals[s, 0], normals[s, 1], normals[s, 2]
            d = ox * nx + oy * ny + oz * nz
            if squared - d * d > _ASIDE:
                continue
            mx = body[s, 0] - body_before[s, 0]
            my = body[s, 1] - body_before[s, 1]
            mz = body[s, 2] - body_before[s, 2]
            vx = (x - before[i, 0]) * ahead - mx * share
            vy = (y - before[i, 1]) * ahead - my * share
            vz = (z - before[i, 2]) * ahead - mz * share
            closer = np.sqrt(vx * vx + vy * vy + vz * vz) + _SLACK
            quick = quick or closer > _FAST + _SLACK
            if d - gap > closer:
                continue
            if found == planes.shape[0]:
                break
            planes[found, 0], planes[found, 1], planes[found, 2] = nx, ny, nz
            planes[found, 3] = body[s, 0] * nx + body[s, 1] * ny + body[s, 2] * nz
            planes[found, 4] = mx * nx + my * ny + mz * nz
            planes[found, 5], planes[found, 6], planes[found, 7] = mx, my, mz
            planes[found, 8] = trunk[s]
            found += 1
        if not again:
            fast[i] = quick
        if found > old:
            node[touching] = i
            first[touching] = old
            touching += 1
    first[touching] = found
    return touching


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _squared(x: float, y: float, z: float, skin: F32, s: int) -> float:
    dx, dy, dz = x - skin[s, 0], y - skin[s, 1], z - skin[s, 2]
    squared: float = dx * dx + dy * dy + dz * dz
    return squared


@njit(cache=True, nogil=True, fastmath=True)
def _facing(planes: F32, k: int, hit: int, last: int) -> bool:
    """Whether a plane faces one of those that were met before, of which -1 is none."""
    for other in (hit, last):
        if other >= 0:
            cosine = np.float32(0.0)
            for a in range(3):
                cosine += planes[k, a] * planes[other, a]
            if cosine < _FACING:
                return True
    return False


@njit(cache=True, nogil=True, fastmath=True)
def keep_off(
    cloth: F32,
    before: F32,
    node: I32,
    first: I32,
    planes: F32,
    touching: int,
    share: float,
    part: float,
    gap: float,
    friction: float,
    pinched: NDArray[np.bool_],
    pressed: NDArray[np.bool_],
    grip: F32,
    skip: NDArray[np.bool_],
) -> None:
    """Keep cloth off the planes at ``share`` of the frame, and let skin drag it along.

    What meets the skin has the skin's speed along its normal; across it it is held by ``friction``
    times what it presses (Coulomb). ``pinched`` (m,) marks what is between two planes, ``pressed``
    (count,) what is between a thigh and the trunk: it stays on the thigh, as does what has a
    ``grip`` (count,) already. ``skip`` (m,) is left to others. ``part`` is the share of the frame
    that a substep takes, 0 to give no speed.
    """
    back = np.float32(1.0) - share
    for t in range(touching):
        i = node[t]
        if skip[i]:
            continue
        x, y, z = cloth[i, 0], cloth[i, 1], cloth[i, 2]
        ox, oy, oz = x, y, z
        hit = last = -1
        rubx = ruby = rubz = np.float32(0.0)
        for k in range(first[t], first[t + 1]):
            nx, ny, nz = planes[k, 0], planes[k, 1], planes[k, 2]
            at = planes[k, 3] - back * planes[k, 4] + gap
            d = x * nx + y * ny + z * nz - at
            if d >= 0:
                continue
            trunk = planes[k, 8] > 0
            if trunk and grip[i] > _HELD:
                pressed[i] = pressed[i] or d < -_DEEP
                continue
            if hit >= 0 and _facing(planes, k, hit, last):
                pinched[i] = True
                if trunk:
                    pressed[i] = True
                    continue
                d = min(ox * nx + oy * ny + oz * nz - at, np.float32(0.0))
                x = np.float32(0.5) * (x + ox - d * nx)
                y = np.float32(0.5) * (y + oy - d * ny)
                z = np.float32(0.5) * (z + oz - d * nz)
            else:
                x -= d * nx
                y -= d * ny
                z -= d * nz
            last, hit = hit, k
            if part > 0:
                # The speed relative to the skin: none along the normal, less across it.
                vx = ox - before[i, 0] - rubx - planes[k, 5] * part
                vy = oy - before[i, 1] - ruby - planes[k, 6] * part
                vz = oz - before[i, 2] - rubz - planes[k, 7] * part
                vn = vx * nx + vy * ny + vz * nz
                vx -= vn * nx
                vy -= vn * ny
                vz -= vn * nz
                along = np.sqrt(vx * vx + vy * vy + vz * vz) + np.float32(1e-12)
                stop = min(-friction * d / along, np.float32(1.0))
                vn = min(vn, np.float32(0.0))
                before[i, 0] += vn * nx
                before[i, 1] += vn * ny
                before[i, 2] += vn * nz
                rubx += stop * vx
                ruby += stop * vy
                rubz += stop * vz
        if hit >= 0:
            cloth[i, 0], cloth[i, 1], cloth[i, 2] = x - rubx, y - ruby, z - rubz
            before[i, 0] += x - ox
            before[i, 1] += y - oy
            before[i, 2] += z - oz
