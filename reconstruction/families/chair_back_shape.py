"""The surface that a chair's back lies on: flared, tilted and bent."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np

from .furniture_solids import F64


@dataclass(frozen=True)
class BackShape:
    """The surface that a back lies on.

    Attributes:
        half_width: at the seat, metres.
        seat: y where the back begins, metres.
        height: of the back, metres.
        z: of its middle surface at the seat, metres.
        foot: y where posts begin, inside the seat, metres.
    """

    half_width: float
    seat: float
    height: float
    z: float
    flare: float
    rise: float
    tilt: float
    curve: float
    wrap: float
    foot: float

    def bend(self, flat: F64) -> F64:
        """Flat (..., 3) points (x and y as seen from the front, z the offset) into place."""
        form = np.array(
            [
                self.half_width,
                self.seat,
                self.height,
                self.z,
                self.flare,
                self.rise,
                np.tan(self.tilt),
                self.curve,
                self.wrap,
            ]
        )
        bent = _bend(np.ascontiguousarray(flat, np.float64).reshape(-1, 3), form)
        return np.asarray(bent.reshape(flat.shape))

    def at(self, x: float, y: float) -> F64:
        """The middle surface at flat (x, y)."""
        return self.bend(np.array([x, y, 0.0]))


@nb.njit(cache=True, nogil=True)
def _bend(flat: F64, form: F64) -> F64:
    half_width, seat, height, z, flare, rise, slope, curve, wrap = form
    out = np.empty_like(flat)
    for i in range(len(flat)):
        share = (flat[i, 1] - seat) / height
        up = max(share, 0.0)
        side = min(max(flat[i, 0] / half_width, -1.3), 1.3) ** 2
        out[i, 0] = flat[i, 0] * (1 + (flare - 1) * up**rise)
        out[i, 1] = flat[i, 1]
        out[i, 2] = z - slope * height * share - curve * up**2.2 + flat[i, 2]
        out[i, 2] += wrap * side * min(up * 3, 1.0)
    return out
