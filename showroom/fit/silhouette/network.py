"""The network that reads measures from the scans of silhouettes and what the visitor says.

Convolutions run along the rows of each view's scan; both views fill their windows with the same
person, so that their rows are joined height by height before anything else is made of them: a girth
is a matter of a width and a depth, a weight of their products, and as logarithms both are sums.
What is said scales and shifts the joined rows (Perez et al., "FiLM: visual reasoning with a general
conditioning layer", 2018). Each row also answers how wide and how deep the bare trunk is behind
arms and clothes. What follows from what is said alone is answered by a quadratic beside, so that
the views need only tell what differs. Every measure is answered with a Laplace distribution of the
logarithm of its share of the stature. Several such members learn side by side from the same
examples; their mean is the answer.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from .example import TARGETS
from .frame import CHANNELS, MIRRORED, WINDOW
from .noise import WHOLE
from .population import SEXES

ANSWERS: Final = (*TARGETS, "front_span", "side_span")
"""What is answered: measures, and how high a silhouette is where the body stands, as a share of
the stature."""
SCALARS: Final = 7
"""See :func:`scalars`."""
_PRODUCTS: Final = SCALARS + SCALARS * (SCALARS + 1) // 2
MEMBERS: Final = 2
"""Networks whose mean is the answer."""
WIDTHS: Final = (48, 96, 128)
"""Channels of a view's rows at half and at a quarter of the window, and of the joined rows."""
_LENGTHS: Final = 5
"""Channels of a scan that are lengths which every row has, and are looked at as logarithms too."""
_LEAST: Final = 0.03
_HIDDEN: Final = 320
_NARROW: Final = 16
_JOINED: Final = 64
_BLOCKS: Final = 3
_DROPPED: Final = 0.1


class _Block(nn.Module):
    """A residual pair of convolutions along the rows, scaled and shifted by what is said."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(inplace=True),
            nn.Conv1d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm1d(width),
        )

    def forward(self, x: Tensor, turn: Tensor | None = None) -> Tensor:
        y = self.body(x)
        if turn is not None:
            scale, shift = turn.chunk(2, dim=1)
            y = y * (1 + scale[:, :, None]) + shift[:, :, None]
        return torch.relu(x + y)


class _Rows(nn.Sequential):
    """From one view's scan to features of forty rows."""

    def __init__(self) -> None:
        a, b, _ = WIDTHS
        super().__init__(
            nn.Conv1d(CHANNELS + _LENGTHS, a, 5, 2, 2, bias=False),
            nn.BatchNorm1d(a),
            nn.ReLU(inplace=True),
            nn.Conv1d(a, b, 5, 2, 2, bias=False),
            nn.BatchNorm1d(b),
            nn.ReLU(inplace=True),
            _Block(b),
            _Block(b),
        )

    def forward(self, scan: Tensor) -> Tensor:
        # Half precision would round a length by more than it is worth.
        first, *others = self
        with torch.autocast(scan.device.type, enabled=False):
            x: Tensor = first(_lengths(scan.float()))
        for layer in others:
            x = layer(x)
        return x


def _whole(answers: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(WIDTHS[1], _NARROW, 1),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(_NARROW * WINDOW[0] // 4, 48),
        nn.ReLU(inplace=True),
        nn.Linear(48, answers),
    )


class _Member(nn.Module):
    """One network; see :class:`BodyNet` for what it takes and answers."""

    def __init__(self) -> None:
        super().__init__()
        _, b, c = WIDTHS
        rows, said = WINDOW[0] // 4, _PRODUCTS + 1
        self.front, self.side = _Rows(), _Rows()
        self.join = nn.Sequential(
            nn.Conv1d(2 * b + 1, c, 3, 1, 1, bias=False), nn.BatchNorm1d(c), nn.ReLU(inplace=True)
        )
        self.blocks = nn.ModuleList([_Block(c) for _ in range(_BLOCKS)])
        self.turn = nn.Sequential(
            nn.Linear(said, 64), nn.ReLU(inplace=True), nn.Linear(64, 2 * c * _BLOCKS)
        )
        nn.init.zeros_(self.turn[2].weight)
        nn.init.zeros_(self.turn[2].bias)
        self.both = nn.Sequential(
            nn.Conv1d(c, _JOINED, 3, 2, 1, bias=False),
            nn.BatchNorm1d(_JOINED),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Dropout(_DROPPED),
            nn.Linear(_JOINED * rows // 2, _HIDDEN),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Sequential(
            nn.Linear(_HIDDEN + 2 * rows + said, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Dropout(_DROPPED),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(_HIDDEN, 2 * len(ANSWERS)),
        )
        self.bare = nn.Linear(2 * rows, len(ANSWERS))
        self.plain = nn.Linear(_PRODUCTS, len(ANSWERS))
        self.kind, self.beside = _whole(len(WHOLE)), _whole(1)
        # How wide and how deep the bare trunk is in each row, behind arms and clothes.
        self.trunk = nn.Conv1d(c, 2, 1)

    def forward(
        self, front: Tensor, side: Tensor, told: Tensor, has_side: Tensor
    ) -> tuple[Tensor, ...]:
        seen, kind = self.look(front)
        # Who has no side photo need not wait for it to be looked at.
        near = self.side(side) if self.training or has_side.any() else torch.zeros_like(seen)
        has = has_side.to(near.dtype)[:, None]
        beside = self.beside(near)[:, 0] * has[:, 0]
        also = near * has[:, :, None]
        flag = has[:, :, None].expand(-1, 1, seen.shape[2])
        said = torch.cat([_products(told), has.float()], dim=1)
        rows = self.join(torch.cat([seen, also, flag], dim=1))
        for block, turn in zip(self.blocks, self.turn(said).chunk(_BLOCKS, dim=1), strict=True):
            rows = block(rows, turn)
        trunk = self.trunk(rows).float()
        joint = self.both(rows).float()
        with torch.autocast(front.device.type, enabled=False):
            bare = torch.log(trunk.clamp(min=0.2)).flatten(1)
            y = self.head(torch.cat([joint, bare, said], dim=1))
            middle, spread = y.chunk(2, dim=1)
            middle = middle + self.plain(said[:, :-1]) + self.bare(bare)
        return middle, spread.clamp(-5, 3), kind.float(), beside.float(), trunk

    def look(self, front: Tensor) -> tuple[Tensor, Tensor]:
        """Features of front scans, and logits of ``WHOLE``."""
        seen = self.front(front)
        return seen, self.kind(seen)


class BodyNet(nn.Module):
    """Measures with their spreads, and whether the silhouettes can be measured at all."""

    def __init__(self, members: int = MEMBERS) -> None:
        super().__init__()
        self.members = nn.ModuleList([_Member() for _ in range(members)])

    def forward(
        self, front: Tensor, side: Tensor, told: Tensor, has_side: Tensor
    ) -> tuple[Tensor, ...]:
        """Read silhouettes.

        Args:
            front, side: (n, 8, 160) scans.
            told: (n, 7) from :func:`scalars`.
            has_side: (n,) bool; where it is false the side does not count.

        Returns:
            Standardised answers (n, 20), the logarithm of their Laplace scales (n, 20), logits
            of ``WHOLE`` (n, 7), logits that the side photo is one (n,), 0 where there is none, and
            ten times :attr:`.example.Shot.trunk` (n, 2, 40). While it learns, the members' answers
            one after the other: (members * n, …); else their mean.
        """
        found = [member(front, side, told, has_side) for member in self.members]
        if self.training:
            return tuple(torch.cat(parts) for parts in zip(*found, strict=True))
        return tuple(torch.stack(parts).mean(dim=0) for parts in zip(*found, strict=True))

    def kinds(self, front: Tensor) -> Tensor:
        """Logits of ``WHOLE`` (n, 7) of front scans (n, 8, 160)."""
        return torch.stack([member.look(front)[1] for member in self.members]).mean(dim=0)

    def both_ways(
        self, front: Tensor, side: Tensor, told: Tensor, has_side: Tensor
    ) -> tuple[Tensor, ...]:
        """The mean of what is answered to silhouettes and to their mirror images."""
        scans = (torch.cat([scan, scan[:, MIRRORED]]) for scan in (front, side))
        answers = self(*scans, torch.cat([told, told]), torch.cat([has_side, has_side]))
        return tuple((a + b) / 2 for a, b in (answer.chunk(2) for answer in answers))


def _lengths(scan: Tensor) -> Tensor:
    """A scan with the logarithms of its lengths beside it, (n, 13, 160)."""
    return torch.cat([scan, torch.log(scan[:, :_LENGTHS] + _LEAST) + 1.5], dim=1)


def _products(told: Tensor) -> Tensor:
    """What is said and its products of two, from which measures follow to first order: (n, 35)."""
    i, j = torch.triu_indices(told.shape[1], told.shape[1])
    return torch.cat([told, told[:, i] * told[:, j]], dim=1)


def scalars(height: Tensor, weight: Tensor, sex: Tensor) -> Tensor:
    """What visitors say, as the network takes it: (n, 7).

    Args:
        height: (n,) metres.
        weight: (n,) kilograms; not a number where it is not said.
        sex: (n,) indices into ``population.SEXES``; the last one: not said.
    """
    known = ~torch.isnan(weight)
    kilograms = torch.where(known, weight, torch.ones_like(weight))
    round_ = ((kilograms / height) ** 0.5 - 6.6) / 0.8
    dense = (kilograms / height**3 - 15.0) / 4.0
    said = torch.stack([known.to(height), round_ * known, dense * known], dim=1)
    sexes = nn.functional.one_hot(sex, len(SEXES)).to(height)
    return torch.cat([(height[:, None] - 1.7) / 0.1, said, sexes], dim=1)
