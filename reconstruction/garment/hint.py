"""What is known of a garment besides its mask, for the fit of its pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FitHint:
    """What is known besides the mask.

    Attributes:
        landmarks: (len(LANDMARKS), 2) pixels of the mask's picture, NaN where unknown.
        trust: (len(LANDMARKS),) 0 to 1, how much each landmark is believed.
        sigma: standard deviation of given values, by parameter; others take the family's spread.
        declared: parameters whose true value is known, metres.
        scale: pixels per metre in the garment's plane where they were measured.
        cut: sides of the picture (left, right, top, bottom) that cut the garment off: nothing is
            concluded from the mask's edge there.
        quick: one starting pose, a few steps.
    """

    landmarks: F64 | None = None
    trust: F64 | None = None
    sigma: Mapping[str, float] = field(default_factory=dict)
    declared: Mapping[str, float] = field(default_factory=dict)
    scale: float | None = None
    cut: frozenset[str] = frozenset()
    quick: bool = False
