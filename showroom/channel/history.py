"""What arrives in bursts, shown smoothly: a short history, played a moment later.

For programs that draw what a visit tells: give every sample to the history of its kind as it
comes, and ask at every picture what to show. All histories of one sender share a
:class:`SenderClock`, or skin would leave its sleeve.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from showroom.protocol.messages import AvatarPose, Quat, Vec3

ANEW: Final = 5.0
"""So many seconds earlier than what was shown, a sample is of a sender whose clock began anew."""
PAUSE: Final = 0.15
"""So far apart, in seconds, samples no longer belong to one movement: nobody waits for them."""
_DRIFT: Final = 0.0005
"""What a sample lets go of the smallest delay, seconds: clocks drift."""

_T = TypeVar("_T")


class SenderClock:
    """The moment to show of all that one sender's clock stamps, such as a body and its clothes.

    The delay between both clocks is the smallest seen lately, so that a late sample does not pull
    the picture back; some seconds of lag bridge jitter, more where samples come more rarely. No
    history is shown later than the newest sample of the others.

    Args:
        lag: the least lag, seconds.
    """

    def __init__(self, lag: float = 0.03) -> None:
        self._least = self._lag = lag
        self._newest: dict[int, float] = {}
        self._offset, self._shown = inf, -inf

    def hear(self, of: object, time: float, now: float) -> None:
        """A sample of ``time`` has come for one of the histories, at ``now`` by one's own clock."""
        if time < self._shown - ANEW:
            self.restart()
        self._offset = min(self._offset + _DRIFT, now - time)
        before = self._newest.get(id(of))
        self._newest[id(of)] = time
        if before is None:
            return
        age = now - self._offset - before  # of what was to be shown until now
        self._lag = max(self._least, age if age < PAUSE else 0.0, self._lag - _DRIFT)

    def at(self, now: float) -> float:
        """The moment to show, by the sender's clock; never an earlier one than before."""
        moment = now - self._offset - self._lag
        for newest in self._newest.values():
            if moment - newest < PAUSE:
                moment = min(moment, newest)
        self._shown = max(self._shown, moment)
        return self._shown

    def forget(self, of: object) -> None:
        """One history has ended; the others do not wait for it."""
        self._newest.pop(id(of), None)

    def restart(self) -> None:
        """The sender's clock began anew."""
        self._newest.clear()
        self._offset, self._shown, self._lag = inf, -inf, self._least


@dataclass(frozen=True)
class Moment(Generic[_T]):
    """The two samples around the moment to show, and how far from the first to the second."""

    first: _T
    second: _T
    share: float


class History(Generic[_T]):
    """Samples by the sender's clock, asked for by one's own.

    Args:
        clock: of the sender; None: one for this history alone.
        keep: how many samples stay.
    """

    def __init__(self, clock: SenderClock | None = None, keep: int = 16) -> None:
        self._clock = clock or SenderClock()
        self._samples: deque[tuple[float, _T]] = deque(maxlen=keep)

    def add(self, time: float, value: _T, now: float) -> None:
        """Take a sample; one that is older than the last is left out."""
        if self._samples and time <= self._samples[-1][0]:
            if self._samples[-1][0] - time < ANEW:
                return
            self.clear()
            self._clock.restart()
        self._clock.hear(self, time, now)
        self._samples.append((time, value))

    def at(self, now: float) -> Moment[_T] | None:
        """What to show at ``now``, nothing made up beyond the ends; None while there is nothing."""
        if not self._samples:
            return None
        wanted = self._clock.at(now)
        before, value = self._samples[0]
        for time, sample in self._samples:
            if time > wanted:
                span = time - before
                share = max(0.0, (wanted - before) / span) if span > 0.0 else 1.0
                return Moment(value, sample, share)
            before, value = time, sample
        return Moment(value, value, 1.0)

    def clear(self) -> None:
        """Forget all samples; other histories of this sender go on."""
        self._samples.clear()
        self._clock.forget(self)


def blend_positions(moment: Moment[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Vertices of a moment, (n, 3) metres; those of the second where their number changed."""
    if moment.first.shape != moment.second.shape:
        return moment.second
    mixed: NDArray[np.float32] = moment.first + np.float32(moment.share) * (
        moment.second - moment.first
    )
    return mixed


def blend_avatar(moment: Moment[AvatarPose]) -> tuple[Vec3, dict[str, Quat]]:
    """Root in metres and rotations (x, y, z, w) by VRM bone of a moment.

    Rotations are mixed along the shorter way and made unit again (nlerp): between two frames of a
    body the difference to slerp is far below what is sent.
    """
    first, second, share = moment.first, moment.second, moment.share
    root = np.asarray(first.root) * (1.0 - share) + np.asarray(second.root) * share
    names = [name for name in second.rotations if name in first.rotations]
    turned = dict(second.rotations)
    if names:
        a = np.array([first.rotations[name] for name in names])
        b = np.array([second.rotations[name] for name in names])
        b *= np.where((a * b).sum(axis=1) < 0.0, -1.0, 1.0)[:, None]
        mixed = a + share * (b - a)
        mixed /= np.linalg.norm(mixed, axis=1)[:, None]
        turned.update(zip(names, map(tuple, mixed.tolist()), strict=True))
    return (float(root[0]), float(root[1]), float(root[2])), turned
