"""Confidence intervals of shares."""

from __future__ import annotations

import math


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share of ``count`` (Wilson, 1927); 0 to 1 where there is none."""
    if not count:
        return 0.0, 1.0
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def interval(share: float, count: int) -> str:
    """A share with its interval, such as ``"0.500 (0.40-0.60)"``."""
    if not count:
        return "-"
    low, high = wilson(share, count)
    return f"{share:.3f} ({low:.2f}-{high:.2f})"
