"""The network that reads measures from the scans of silhouettes and what the visitor says.

Convolutions run along the rows of each view's scan; both views fill their windows with the same
person, so that their rows are joined height by height before anything else is made of them: a girth
is a matter of a width and a depth, a weight of their products, and as logarithms both are sums.
Each row also answers how wide the bare trunk is behind arms and clothes. What follows from what is
said alone is answered by a quadratic beside, so that the views need only tell what differs. Every
measure is answered with a Laplace distribution of the logarithm of its share of the stature.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from .example import TARGETS
from .frame import CHANNELS, MIRRORED, WINDOW
from .noise import WHOLE

ANSWERS: Final = (*TARGETS, "front_span", "side_span")
"""What is answered: measures, and how high a silhouette is where the body stands, as a share of
the stature."""
SCALARS: Final = 7
"""See :func:`scalars`."""
WIDTHS: Final = (32, 64, 96)
_LENGTHS: Final = 5
"""Channels of a scan that are lengths which every row has, and are looked at as logarithms too."""
_LEAST: Final = 0.03
_HIDDEN: Final = 256


class _Block(nn.Module):
    """A residual pair of convolutions along the rows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(inplace=True),
            nn.Conv1d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm1d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def _rows() -> nn.Sequential:
    a, b, _ = WIDTHS
    return nn.Sequential(
        nn.Conv1d(CHANNELS + _LENGTHS, a, 5, 2, 2, bias=False),
        nn.BatchNorm1d(a),
        nn.ReLU(inplace=True),
        nn.Conv1d(a, b, 5, 2, 2, bias=False),
        nn.BatchNorm1d(b),
        nn.ReLU(inplace=True),
        _Block(b),
    )


def _whole(rows: int, answers: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(WIDTHS[1] * rows, 48),
        nn.ReLU(inplace=True),
        nn.Linear(48, answers),
    )


class BodyNet(nn.Module):
    """Measures with their spreads, and whether the silhouettes can be measured at all."""

    def __init__(self) -> None:
        super().__init__()
        _, b, c = WIDTHS
        rows = WINDOW[0] // 4
        self.front, self.side = _rows(), _rows()
        self.both = nn.Sequential(
            nn.Conv1d(2 * b + 1, c, 3, 1, 1, bias=False),
            nn.BatchNorm1d(c),
            nn.ReLU(inplace=True),
            nn.Conv1d(c, c, 3, 2, 1, bias=False),
            nn.BatchNorm1d(c),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(c * rows // 2, _HIDDEN),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Sequential(
            nn.Linear(_HIDDEN + 2 * rows + SCALARS + 1, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(_HIDDEN, 2 * len(ANSWERS)),
        )
        self.bare = nn.Linear(2 * rows, len(ANSWERS))
        self.plain = nn.Linear(SCALARS + SCALARS * (SCALARS + 1) // 2, len(ANSWERS))
        self.kind, self.beside = _whole(rows, len(WHOLE)), _whole(rows, 1)
        # How wide the bare trunk is in each row, behind arms and clothes.
        self.trunk = nn.ModuleList([nn.Conv1d(b, 1, 1), nn.Conv1d(b, 1, 1)])

    def forward(
        self, front: Tensor, side: Tensor, told: Tensor, has_side: Tensor
    ) -> tuple[Tensor, ...]:
        """Read silhouettes.

        Args:
            front, side: (n, 8, 160) scans.
            told: (n, 7) from :func:`scalars`.
            has_side: (n,) bool; where it is false the side is not looked at.

        Returns:
            Standardised answers (n, 20), the logarithm of their Laplace scales (n, 20), logits
            of ``WHOLE`` (n, 7), logits that the side photo is one (n,), 0 where there is none, and
            ten times :attr:`.example.Shot.trunk` (n, 2, 40).
        """
        seen, kind = self.look(front)
        also = torch.zeros_like(seen)
        beside = told.new_zeros(len(told))
        if bool(has_side.any()):
            near = self.side(_lengths(side[has_side]))
            also[has_side] = near
            beside[has_side] = self.beside(near)[:, 0].to(beside.dtype)
        has = has_side.to(seen.dtype)[:, None]
        flag = has[:, :, None].expand(-1, 1, seen.shape[2])
        joint = self.both(torch.cat([seen, also, flag], dim=1))
        trunk = torch.cat([self.trunk[0](seen), self.trunk[1](also)], dim=1)
        bare = torch.log(trunk.float().clamp(min=0.2))
        bare = torch.stack([bare[:, 0], bare[:, 1] * has], dim=1).flatten(1)
        y = self.head(torch.cat([joint, bare, told, has], dim=1))
        middle, spread = y.float().chunk(2, dim=1)
        middle = middle + self.plain(_products(told)).float() + self.bare(bare).float()
        return middle, spread.clamp(-5, 3), kind, beside, trunk

    def look(self, front: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 64, 40) of front scans, and logits of ``WHOLE`` (n, 7)."""
        seen = self.front(_lengths(front))
        return seen, self.kind(seen)

    def both_ways(
        self, front: Tensor, side: Tensor, told: Tensor, has_side: Tensor
    ) -> tuple[Tensor, ...]:
        """The mean of what is answered to silhouettes and to their mirror images."""
        given = (told, has_side)
        one = self(front, side, *given)
        other = self(front[:, MIRRORED], side[:, MIRRORED], *given)
        return tuple((a + b) / 2 for a, b in zip(one, other, strict=True))


def _lengths(scan: Tensor) -> Tensor:
    """A scan with the logarithms of its lengths beside it, (n, 13, 160)."""
    return torch.cat([scan, torch.log(scan[:, :_LENGTHS] + _LEAST) + 1.5], dim=1)


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
