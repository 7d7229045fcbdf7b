"""What may please a visitor: EASE over what others took together, blended with content.

EASE (Steck, Embarrassingly Shallow Autoencoders for Sparse Data, 2019) is a closed-form item-item
model: with G the co-occurrence matrix and P = (G + lambda I)^-1, the weight from item i to item j
is -P_ij / P_jj, with a zero diagonal. Content likens items by what they are; it counts the more,
the fewer people have taken an item, so that new products appear and a shop without any history
still recommends. Both are put on one scale by their spread over all pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

RIDGE = 50.0
"""EASE's lambda, in takers."""
CONTENT, CONTENT_COLD = 0.3, 1.2
"""Weight of content for items that many took, and what is added for those that nobody did."""
HALF = 10.0
"""Takers at which the added weight has halved."""


@dataclass(frozen=True)
class Pick:
    """One recommended item.

    Attributes:
        item: its id.
        score: higher is better; comparable within one call only.
        because: the item of the history that contributed most, or ``""``.
        together: its contribution came from what others took rather than from likeness.
        takers: how many took it.
    """

    item: str
    score: float
    because: str = ""
    together: bool = False
    takers: int = 0


class Recommender:
    """Recommends among fixed items; immutable after it is built.

    Args:
        items: ids.
        features: (items, k) content vectors; rows need not be of unit length.
        histories: for each customer the items they took; unknown ids are left out.
    """

    def __init__(
        self,
        items: Sequence[str],
        features: F64,
        histories: Iterable[Sequence[str]] = (),
        *,
        ridge: float = RIDGE,
    ) -> None:
        self.items = tuple(items)
        self._index = {item: i for i, item in enumerate(self.items)}
        count = len(self.items)
        unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
        likeness = unit @ unit.T if count else np.zeros((0, 0))
        np.fill_diagonal(likeness, 0.0)
        self._taken, gram = self._counted(histories, count)
        weights = np.zeros((count, count))
        if self._taken.any():
            inverse = np.linalg.inv(gram + ridge * np.eye(count))
            weights = -inverse / np.diag(inverse)[None, :]
            np.fill_diagonal(weights, 0.0)
        self._together = _scaled(weights)
        share = CONTENT + CONTENT_COLD / (1.0 + self._taken / HALF)
        self._alike = _scaled(likeness) * share[None, :]
        self._blend = self._together + self._alike

    def _counted(self, histories: Iterable[Sequence[str]], count: int) -> tuple[F64, F64]:
        """How many took each item, and each pair of items."""
        taken, gram = np.zeros(count), np.zeros((count, count))
        for history in histories:
            rows = sorted({self._index[i] for i in history if i in self._index})
            if rows:
                taken[rows] += 1.0
                gram[np.ix_(rows, rows)] += 1.0
        return taken, gram

    def picks(
        self,
        history: Mapping[str, float],
        *,
        among: Iterable[str] | None = None,
        without: Iterable[str] = (),
        limit: int = 3,
    ) -> list[Pick]:
        """The items that fit a history best.

        Args:
            history: item to how much it says, such as 1 for looked at and 3 for taken; a negative
                weight is a dislike. Empty for somebody new: what most people take comes first.
            among: only these.
            without: never these; what is in the history is left out too.
        """
        chosen = self.items if among is None else tuple(among)
        barred = {*without, *history}
        rows = [self._index[i] for i in chosen if i in self._index and i not in barred]
        if not rows:
            return []
        known = [(self._index[i], w) for i, w in history.items() if i in self._index]
        contributions = np.array([self._blend[i] * w for i, w in known])
        if len(known):
            scores = contributions.sum(axis=0) / max(1.0, sum(abs(w) for _, w in known))
        else:
            scores = self._taken / max(1.0, float(self._taken.max()))
        found = []
        for row in sorted(rows, key=lambda r: (-scores[r], r))[:limit]:
            because, together = "", False
            if len(known):
                best = int(contributions[:, row].argmax())
                if contributions[best, row] > 0.0:
                    source = known[best][0]
                    because = self.items[source]
                    together = bool(self._together[source, row] > self._alike[source, row])
            found.append(
                Pick(self.items[row], float(scores[row]), because, together, int(self._taken[row]))
            )
        return found

    def scores(self, history: Sequence[str]) -> F64:
        """A score for every item, for rankings as a whole."""
        rows = [self._index[i] for i in history if i in self._index]
        return np.asarray(self._blend[rows].sum(axis=0))


def _scaled(matrix: F64) -> F64:
    """Zero mean, unit spread over all pairs of different items; zeros stay zeros."""
    count = len(matrix)
    if count < 2:
        return np.asarray(matrix)
    apart = ~np.eye(count, dtype=bool)
    spread = float(matrix[apart].std())
    if spread < 1e-12:
        return np.zeros_like(matrix)
    out = (matrix - matrix[apart].mean()) / spread
    np.fill_diagonal(out, 0.0)
    return np.asarray(out, np.float64)
