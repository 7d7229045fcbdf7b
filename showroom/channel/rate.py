"""How much a client may send: a token bucket, with time passed in."""

from __future__ import annotations


class Bucket:
    """Allows ``rate`` things a second and ``burst`` at once.

    Kept as the moment at which it would be full again (the generic cell rate algorithm, ITU-T
    I.371): one number, and few steps for what is asked with every message.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._each = 1.0 / rate
        self._most = burst / rate
        self._full = now

    def take(self, now: float, amount: float = 1.0) -> bool:
        """Whether ``amount`` is allowed at ``now`` (seconds); if so, it is spent."""
        full = (self._full if self._full > now else now) + amount * self._each
        if full - now > self._most + _ROUNDING:
            return False
        self._full = full
        return True


_ROUNDING = 1e-6
"""Seconds that sums of floats may be off; else the last of a burst would be refused at times."""
