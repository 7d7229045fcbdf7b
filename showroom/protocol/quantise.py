"""Numbers to whole steps, compiled: numpy needs eight passes, each dearer than its work."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

ONE = 32767.0
"""A quaternion's part of 1 in a compact frame."""


@njit(cache=True)
def quantise_turns(quaternions: NDArray[np.floating[Any]], whole: NDArray[np.int16]) -> bool:
    """Count parts of quaternions in steps of 1 / 32767, half to even; more than 1 becomes 1.

    Args:
        quaternions: (n, 4).
        whole: (4 n) that is written to.

    Returns:
        Whether all were finite; where not, ``whole`` means nothing.
    """
    for row in range(quaternions.shape[0]):
        for column in range(4):
            part = np.float64(quaternions[row, column]) * ONE
            if not np.isfinite(part):
                return False
            whole[4 * row + column] = np.int16(np.rint(min(max(part, -ONE), ONE)))
    return True


def warm_up() -> None:
    """Compile, or read from the cache, what an avatar's pose needs."""
    for kind in (np.float32, np.float64):
        quantise_turns(np.zeros((1, 4), kind), np.empty(4, np.int16))
