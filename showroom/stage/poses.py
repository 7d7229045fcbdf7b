"""Poses put together and made; pure functions over transforms (position, quaternion x y z w)."""

from __future__ import annotations

import math

from ..protocol.limits import Transform

Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]
ORIGIN: Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def looking(yaw: float, pitch: float = 0.0) -> Quat:
    """A rotation whose -Z looks along a yaw (counter-clockwise from above) and a pitch (up)."""
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    return (cy * sp, sy * cp, -sy * sp, cy * cp)


def toward(start: Vec3, end: Vec3) -> Quat:
    """The rotation, without roll, whose -Z points from one place to another."""
    x, y, z = (b - a for a, b in zip(start, end, strict=True))
    return looking(math.atan2(-x, -z), math.atan2(y, math.hypot(x, z)))


def composed(outer: Transform, inner: Transform) -> Transform:
    """A pose inside another pose's frame, in the frame around it."""
    x, y, z = rotated(outer, (inner[0], inner[1], inner[2]))
    ax, ay, az, aw = outer[3:]
    bx, by, bz, bw = inner[3:]
    return (
        outer[0] + x,
        outer[1] + y,
        outer[2] + z,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def rotated(pose: Transform, vector: Vec3) -> Vec3:
    """A vector turned by a pose's rotation."""
    x, y, z, w = pose[3:]
    a, b, c = vector
    # t = 2 q x v;  v + w t + q x t
    tx, ty, tz = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return (
        a + w * tx + y * tz - z * ty,
        b + w * ty + z * tx - x * tz,
        c + w * tz + x * ty - y * tx,
    )


def moved(pose: Transform, point: Vec3) -> Vec3:
    """A point of a pose's own frame in the frame around it."""
    x, y, z = rotated(pose, point)
    return pose[0] + x, pose[1] + y, pose[2] + z


def local(pose: Transform, point: Vec3) -> Vec3:
    """A point of the frame around a pose in the pose's own; undoes :func:`moved`."""
    turned_back = (0.0, 0.0, 0.0, -pose[3], -pose[4], -pose[5], pose[6])
    way = (point[0] - pose[0], point[1] - pose[1], point[2] - pose[2])
    return rotated(turned_back, way)


def between(start: Transform, end: Transform, share: float) -> Transform:
    """A transform some share (0 to 1) of the way from one to another."""
    x, y, z = (a + (b - a) * share for a, b in zip(start[:3], end[:3], strict=True))
    sign = 1.0 if sum(a * b for a, b in zip(start[3:], end[3:], strict=True)) >= 0.0 else -1.0
    turn = [a * (1 - share) * sign + b * share for a, b in zip(start[3:], end[3:], strict=True)]
    length = math.sqrt(sum(v * v for v in turn)) or 1.0
    a, b, c, d = (v / length for v in turn)
    return (x, y, z, a, b, c, d)


def meets_panel(aim: Transform, panel: Transform, width: float, height: float) -> Vec3 | None:
    """Where a ray meets a panel from its front.

    Args:
        panel: of its middle, in the ray's frame; seen from its +Z side.

    Returns:
        u and v (0 to 1 from its upper left corner) and the distance; None if it does not.
    """
    sx, sy, sz = local(panel, (aim[0], aim[1], aim[2]))
    ax, ay, az = rotated(aim, (0.0, 0.0, -1.0))
    dx, dy, dz = local((0.0, 0.0, 0.0, *panel[3:]), (ax, ay, az))
    if sz <= 0.0 or dz >= -1e-6:
        return None
    t = -sz / dz
    u, v = (sx + t * dx) / width + 0.5, 0.5 - (sy + t * dy) / height
    return (u, v, t) if 0.0 <= u <= 1.0 and 0.0 <= v <= 1.0 else None
