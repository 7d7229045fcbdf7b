"""Covariance matrix adaptation: minimising a rough function of a few dozen numbers.

After Hansen, "The CMA Evolution Strategy: A Tutorial" (arXiv:1604.00772), with its default
constants; small, deterministic for a seed, and without a dependency.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


class Minimum(NamedTuple):
    """The best point (n,), its value, and how many evaluations were spent."""

    point: F64
    value: float
    evaluations: int


def minimise(
    function: Callable[[F64], float],
    start: F64,
    spread: F64,
    evaluations: int,
    seed: int,
    *,
    population: int = 0,
    enough: float = 1e-4,
) -> Minimum:
    """Minimise ``function`` from ``start`` (n,) with initial standard deviations ``spread`` (n,).

    Args:
        evaluations: how often ``function`` may be called.
        population: candidates per generation; 0 takes Hansen's default for the dimension.
        enough: stop once every deviation is below this share of its initial one.

    The start itself is always evaluated, so the result is never worse than it.
    """
    rng = np.random.default_rng(seed)
    n = len(start)
    size = population or 4 + int(3 * np.log(n))
    parents = size // 2
    weights = np.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
    weights /= weights.sum()
    effective = 1 / (weights**2).sum()
    c_step = (effective + 2) / (n + effective + 5)
    damping = 1 + 2 * max(0.0, np.sqrt((effective - 1) / (n + 1)) - 1) + c_step
    c_path = (4 + effective / n) / (n + 4 + 2 * effective / n)
    c_one = 2 / ((n + 1.3) ** 2 + effective)
    c_mu = min(1 - c_one, 2 * (effective - 2 + 1 / effective) / ((n + 2) ** 2 + effective))
    expected = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))

    mean, step = np.zeros(n), 1.0
    covariance, basis, scale = np.eye(n), np.eye(n), np.ones(n)
    path_step, path = np.zeros(n), np.zeros(n)
    best_point, best = start.copy(), function(start)
    spent, generation, decomposed = 1, 0, 0
    while spent + size <= evaluations:
        raw = rng.standard_normal((size, n))
        moves = (raw * scale) @ basis.T
        points = start + spread * (mean + step * moves)
        losses = np.array([function(p) for p in points])
        spent += size
        generation += 1
        order = np.argsort(losses, kind="stable")[:parents]
        if losses[order[0]] < best:
            best, best_point = float(losses[order[0]]), points[order[0]].copy()
        move = weights @ moves[order]
        mean = mean + step * move
        white = basis @ ((basis.T @ move) / scale)
        path_step = (1 - c_step) * path_step + np.sqrt(c_step * (2 - c_step) * effective) * white
        length = np.linalg.norm(path_step)
        quiet = (
            length / np.sqrt(1 - (1 - c_step) ** (2 * generation)) < (1.4 + 2 / (n + 1)) * expected
        )
        path = (1 - c_path) * path + quiet * np.sqrt(c_path * (2 - c_path) * effective) * move
        rank_mu = (moves[order] * weights[:, None]).T @ moves[order]
        lost = (1 - quiet) * c_path * (2 - c_path)
        covariance = (1 - c_one - c_mu + c_one * lost) * covariance
        covariance += c_one * np.outer(path, path) + c_mu * rank_mu
        step *= float(np.exp((c_step / damping) * (length / expected - 1)))
        if spent - decomposed > size / (c_one + c_mu) / n / 6:
            decomposed = spent
            values, basis = np.linalg.eigh((covariance + covariance.T) / 2)
            scale = np.sqrt(np.maximum(values, 1e-14))
        if step * scale.max() < enough:
            break
    return Minimum(best_point, best, spent)
