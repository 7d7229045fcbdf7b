"""How far two surfaces are apart: exact point-to-surface distances, F-scores, Chamfer distance.

Nothing is registered: place, turn and size are part of a product. Thresholds and distances are
shares of the true product's largest side. Points lie on the outer surface only, where light can
reach, because artists' parts and solids may run into each other inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32
from ..meshes.rays import Caster

THRESHOLDS = (0.01, 0.02, 0.05)
SAMPLES = 20_000
_DIRECTIONS = 64


@dataclass(frozen=True, eq=False)
class Shape:
    """A triangle surface.

    Attributes:
        vertices: (n, 3) float32, metres; furniture stands with its floor centre at the origin.
        faces: (m, 3) int32.
    """

    vertices: F32
    faces: I32
    _casters: list[Caster] = field(default_factory=list, repr=False)

    @property
    def caster(self) -> Caster:
        """Rays and distances to it."""
        if not self._casters:
            self._casters.append(Caster(self.vertices, self.faces))
        return self._casters[0]

    @property
    def size(self) -> NDArray[np.float64]:
        """(3,) width, height and depth of the box, metres."""
        return np.asarray(np.ptp(self.vertices, axis=0), np.float64)


def sample_surface(shape: Shape, count: int, rng: np.random.Generator) -> F32:
    """(count, 3) points, uniform by area over the outer surface.

    A point counts as outer if a ray from it leaves in one of 64 directions. Where fewer than a
    twentieth of the points do, as on a surface of no extent, all are taken.
    """
    pool = _uniform(shape, 2 * count, rng)
    open_ = _outer(shape, pool)
    chosen = pool[open_] if open_.mean() > 0.05 else pool
    return np.ascontiguousarray(chosen[rng.integers(0, len(chosen), count)])


def _uniform(shape: Shape, count: int, rng: np.random.Generator) -> F32:
    corners = shape.vertices[shape.faces].astype(np.float64)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    face = rng.choice(len(area), count, p=area / area.sum())
    u, v = rng.random((2, count))
    fold = u + v > 1
    u, v = np.where(fold, 1 - u, u)[:, None], np.where(fold, 1 - v, v)[:, None]
    a = a[face]
    return np.asarray(a + u * (b[face] - a) + v * (c[face] - a), np.float32)


def _outer(shape: Shape, points: F32) -> NDArray[np.bool_]:
    """(n,) whether light from afar can reach points (n, 3) of the surface."""
    height = 1 - (2 * np.arange(_DIRECTIONS) + 1) / _DIRECTIONS
    angle = np.arange(_DIRECTIONS) * 2.399963  # the golden angle
    ring = np.sqrt(1 - height**2)
    ways = np.stack([ring * np.cos(angle), height, ring * np.sin(angle)], axis=1)
    near = 2e-4 * float(shape.size.max())
    reached = np.zeros(len(points), bool)
    for way in ways.astype(np.float32):
        rest = np.flatnonzero(~reached)
        if not len(rest):
            break
        every = np.broadcast_to(way, (len(rest), 3))
        reached[rest] = ~shape.caster.blocked(points[rest], every, near)
    return reached


def compare(
    truth: Shape,
    made: Shape,
    *,
    eye: NDArray[np.float64] | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
) -> dict[str, float]:
    """Score a shape against the true one.

    Args:
        eye: (3,) where the photo was taken from; splits the true surface into what the photo
            shows and what it does not.

    Returns:
        ``f1``, ``f2``, ``f5``: harmonic mean of precision and recall at 1, 2, 5% of the largest
        side; ``chamfer``: mean of both mean distances, share of the largest side;
        ``seen_recall2`` and ``unseen_recall2`` where ``eye`` is given.
    """
    rng = np.random.default_rng(seed)
    side = float(truth.size.max())
    on_truth = sample_surface(truth, samples, rng)
    on_made = sample_surface(made, samples, rng)
    to_made = made.caster.distance(on_truth) / side
    to_truth = truth.caster.distance(on_made) / side
    out = {"chamfer": float(to_made.mean() + to_truth.mean()) / 2}
    for threshold in THRESHOLDS:
        recall, precision = (
            float((to_made < threshold).mean()),
            float((to_truth < threshold).mean()),
        )
        total = recall + precision
        out[f"f{round(100 * threshold)}"] = 2 * recall * precision / total if total else 0.0
    if eye is not None:
        way = np.asarray(eye - on_truth, np.float32)
        seen = ~truth.caster.blocked(on_truth, way, 1e-3)
        for name, part in (("seen", seen), ("unseen", ~seen)):
            if part.sum() > 50:
                out[f"{name}_recall2"] = float((to_made[part] < 0.02).mean())
    return out


def box_errors(truth: Shape, made: Shape, given: int = 1) -> list[float]:
    """Relative errors of the two box sides other than axis ``given`` (0 x, 1 y, 2 z)."""
    ratio = made.size / np.maximum(truth.size, 1e-9)
    return [float(abs(ratio[axis] - 1)) for axis in range(3) if axis != given]


def mean_figures(rows: list[Mapping[str, float]]) -> dict[str, float]:
    """Mean of each figure over the rows that have it."""
    names = dict.fromkeys(n for row in rows for n in row)
    return {n: float(np.mean([row[n] for row in rows if n in row])) for n in names}
