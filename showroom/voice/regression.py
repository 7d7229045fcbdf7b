"""Multinomial logistic regressions over bags of features and over vectors, fitted with torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Fitted = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights (inputs, classes) and biases (classes,) of a multinomial logistic regression."""


def sparse(
    bags: list[list[int]],
    width: int,
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    seed: int,
) -> Fitted:
    """A regression over bags of features, each bag scaled to unit length."""
    import torch

    lengths = torch.tensor([len(bag) for bag in bags])
    starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
    flat = torch.tensor([i for bag in bags for i in bag], dtype=torch.long)
    table = torch.nn.Embedding(width, int(labels.max()) + 1)
    torch.nn.init.zeros_(table.weight)

    def scores(rows: torch.Tensor) -> torch.Tensor:
        counts = lengths[rows]
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), counts.cumsum(0)[:-1]])
        within = torch.arange(int(counts.sum())) - offsets.repeat_interleave(counts)
        picked = flat[starts[rows].repeat_interleave(counts) + within]
        total = torch.nn.functional.embedding_bag(picked, table.weight, offsets, mode="sum")
        return total / counts.clamp(min=1).sqrt()[:, None]

    bias = _descend(scores, [table.weight], labels, weights, seed, rate=0.05)
    return table.weight.detach().numpy(), bias


def dense(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64], seed: int
) -> Fitted:
    """A regression over vectors."""
    import torch

    inputs = torch.from_numpy(vectors)
    matrix = torch.zeros(vectors.shape[1], int(labels.max()) + 1, requires_grad=True)
    bias = _descend(lambda rows: inputs[rows] @ matrix, [matrix], labels, weights, seed, rate=0.03)
    return matrix.detach().numpy(), bias


def _descend(
    scores: Callable[[torch.Tensor], torch.Tensor],
    parameters: list[torch.Tensor],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    seed: int,
    *,
    rate: float,
    epochs: int = 14,
    batch: int = 256,
    decay: float = 2e-6,
) -> NDArray[np.float32]:
    """Fit parameters and a bias by Adam on the weighted cross entropy; hands back the bias."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    truth, share = torch.from_numpy(labels), torch.from_numpy(weights.astype(np.float32))
    bias = torch.zeros(int(labels.max()) + 1, requires_grad=True)
    steps = epochs * (len(labels) // batch + 1)
    optimiser = torch.optim.Adam([*parameters, bias], lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels), generator=generator).split(batch):
            loss = torch.nn.functional.cross_entropy(
                scores(rows) + bias, truth[rows], reduction="none"
            )
            total = (loss * share[rows]).mean()
            total = total + decay * sum(p.square().sum() for p in parameters)
            optimiser.zero_grad()
            total.backward()  # type: ignore[no-untyped-call,unused-ignore]
            optimiser.step()
            schedule.step()
    return np.asarray(bias.detach().numpy(), np.float32)
