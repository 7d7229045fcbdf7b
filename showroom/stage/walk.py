"""Walking on a scene's floor: not through walls, openings or obstacles. Pure functions."""

from __future__ import annotations

import math

from ..catalog.scene import Obstacle, Scene

MARGIN = 0.25


def free(scene: Scene, x: float, z: float, margin: float = MARGIN) -> bool:
    """Whether a person ``margin`` metres thick may stand at (x, z)."""
    inside = False
    corners = scene.outline
    for i, (ax, az) in enumerate(corners):
        bx, bz = corners[(i + 1) % len(corners)]
        if (az > z) != (bz > z) and x < (bx - ax) * (z - az) / (bz - az) + ax:
            inside = not inside
        if _to_segment(x, z, ax, az, bx, bz) < margin:
            return False
    return inside and not any(_within(o, x, z, margin) for o in scene.obstacles)


def step(
    scene: Scene, place: tuple[float, float], move: tuple[float, float]
) -> tuple[float, float]:
    """Where a step from ``place`` by ``move`` (x, z metres) ends; slides along what blocks it."""
    x, z = place
    # Cut long steps, so that none jumps over a thin obstacle.
    count = max(1, math.ceil(math.hypot(*move) / 0.1))
    dx, dz = move[0] / count, move[1] / count
    for _ in range(count):
        for tx, tz in ((x + dx, z + dz), (x + dx, z), (x, z + dz)):
            if free(scene, tx, tz) or not free(scene, x, z):
                x, z = tx, tz
                break
    return x, z


def _to_segment(x: float, z: float, ax: float, az: float, bx: float, bz: float) -> float:
    dx, dz = bx - ax, bz - az
    t = ((x - ax) * dx + (z - az) * dz) / max(dx * dx + dz * dz, 1e-12)
    t = min(1.0, max(0.0, t))
    return math.hypot(x - ax - t * dx, z - az - t * dz)


def _within(o: Obstacle, x: float, z: float, margin: float) -> bool:
    c, s = math.cos(o.yaw), math.sin(o.yaw)
    u, v = c * (x - o.x) - s * (z - o.z), s * (x - o.x) + c * (z - o.z)
    return abs(u) < o.width / 2 + margin and abs(v) < o.depth / 2 + margin
