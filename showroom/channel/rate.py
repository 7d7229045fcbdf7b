"""How much a client may send: a token bucket, with time passed in."""

from __future__ import annotations


class Bucket:
    """Allows ``rate`` things a second and ``burst`` at once."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._time = now

    def take(self, now: float, amount: float = 1.0) -> bool:
        """Whether ``amount`` is allowed at ``now`` (seconds); if so, it is spent."""
        elapsed = max(0.0, now - self._time)
        self._level = min(self._burst, self._level + elapsed * self._rate)
        self._time = max(self._time, now)
        if self._level < amount:
            return False
        self._level -= amount
        return True
