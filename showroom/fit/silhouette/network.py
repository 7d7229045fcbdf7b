"""The network that reads measures from the scans of silhouettes and what the visitor says.

Two convolutions run along the rows of each view's scan; since the person fills the window, what
follows may look at each height by itself. A common head joins both views with what is said, beside
a quadratic answer from what is said alone, so that the views need only tell what differs. Every
measure is answered with a Laplace distribution, as a share of the stature.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from .example import TARGETS
from .frame import CHANNELS, WINDOW
from .noise import WHOLE

WIDTHS: Final = (24, 32)
_HIDDEN: Final = 192
_FEATURES: Final = 160
SCALARS: Final = 7
"""See :func:`scalars`."""


def _view() -> nn.Sequential:
    a, b = WIDTHS
    return nn.Sequential(
        nn.Conv1d(CHANNELS, a, 5, 2, 2, bias=False),
        nn.BatchNorm1d(a),
        nn.ReLU(inplace=True),
        nn.Conv1d(a, b, 3, 2, 1, bias=False),
        nn.BatchNorm1d(b),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(b * WINDOW[0] // 4, _HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(_HIDDEN, _FEATURES),
        nn.ReLU(inplace=True),
    )


class BodyNet(nn.Module):
    """Measures with their spreads, and whether the silhouettes can be measured at all."""

    def __init__(self) -> None:
        super().__init__()
        self.front, self.side = _view(), _view()
        self.head = nn.Sequential(
            nn.Linear(2 * _FEATURES + SCALARS + 1, 192),
            nn.ReLU(inplace=True),
            nn.Linear(192, 192),
            nn.ReLU(inplace=True),
            nn.Linear(192, 2 * len(TARGETS)),
        )
        self.plain = nn.Linear(SCALARS + SCALARS * (SCALARS + 1) // 2, len(TARGETS))
        self.kind = nn.Linear(_FEATURES, len(WHOLE))
        self.beside = nn.Linear(_FEATURES, 1)

    def forward(
        self, front: Tensor, side: Tensor, told: Tensor, has_side: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Read silhouettes.

        Args:
            front, side: (n, 8, 160) scans.
            told: (n, 7) from :func:`scalars`.
            has_side: (n,) bool; where it is false the side is not looked at.

        Returns:
            Standardised measures (n, 18), the logarithm of their Laplace scales (n, 18), logits
            of ``WHOLE`` (n, 7), and logits that the side photo is one (n,), 0 where there is none.
        """
        seen = self.front(front)
        also = torch.zeros_like(seen)
        beside = seen.new_zeros(len(seen))
        if bool(has_side.any()):
            near = self.side(side[has_side])
            also[has_side] = near
            beside[has_side] = self.beside(near)[:, 0]
        y = self.head(torch.cat([seen, also, told, has_side[:, None].to(seen.dtype)], dim=1))
        middle, spread = y.float().chunk(2, dim=1)
        middle = middle + self.plain(_products(told)).float()
        return middle, spread.clamp(-5, 3), self.kind(seen), beside


def _products(told: Tensor) -> Tensor:
    """What is said and its products of two, from which measures follow to first order: (n, 35)."""
    i, j = torch.triu_indices(told.shape[1], told.shape[1])
    return torch.cat([told, told[:, i] * told[:, j]], dim=1)


def scalars(height: float, weight: float | None, sex: int) -> list[float]:
    """What a visitor says, as the network takes it.

    Args:
        height: metres.
        weight: kilograms, or None.
        sex: index into ``population.SEXES``; the last one: not said.
    """
    said = [(height - 1.7) / 0.1]
    if weight is None:
        said += [0.0, 0.0, 0.0]
    else:
        said += [1.0, ((weight / height) ** 0.5 - 6.6) / 0.8, (weight / height**3 - 15.0) / 4.0]
    return said + [float(sex == k) for k in range(3)]
