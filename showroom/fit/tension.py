"""Where a worn garment is stretched, how far it stands off the skin, and where it touches.

The strain map has the trade's eight bands: from its own length, 100%, to 120%, in steps of 2.5%.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .clearance import clearance, open_sides
from .collider import Collider
from .garment import LiveGarment
from .measure import landmarks, planes
from .swing import GAP, Swing

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

BANDS: Final = 8
LAST: Final = 0.20
"""The strain at which the last band begins to be exceeded: 120% of the cloth's own length."""

CONTACT: Final = GAP + 0.0015
"""Cloth nearer to the skin than this touches it, metres."""

COLOURS: Final = np.array(
    [
        (0.23, 0.30, 0.75), (0.25, 0.52, 0.86), (0.30, 0.70, 0.78), (0.40, 0.76, 0.44),
        (0.72, 0.82, 0.28), (0.96, 0.76, 0.20), (0.93, 0.47, 0.16), (0.80, 0.12, 0.14),
    ],
    dtype=np.float32,
)  # fmt: skip
"""SRGB of each band, from at rest (blue) to overstretched (red), (8, 3)."""

_ROUNDS: Final = 14
_BAND_HEIGHT: Final = 0.025
"""Cloth this near to the plane of a girth belongs to its region, metres."""


@dataclass(frozen=True, eq=False)
class Tension:
    """How a garment sits on a body in its rest pose, for each sewn node.

    Attributes:
        strain: (n,) float32, stretch of its threads as a share of their own length; 0 where the
            cloth is slack.
        gap: (n,) float32, metres off the skin.
    """

    strain: F32
    gap: F32

    @property
    def bands(self) -> NDArray[np.uint8]:
        """The band of each node, 0 to 7."""
        return band_of(self.strain)

    @property
    def colours(self) -> F32:
        """SRGB vertex colours of the strain map, (n, 3) float32."""
        return np.asarray(COLOURS[self.bands], dtype=np.float32)


@dataclass(frozen=True)
class Zone:
    """A garment around one girth of the body.

    Attributes:
        strain: what nine tenths of the cloth there stay under, as a share of its length.
        gap: mean distance from the skin, metres.
        contact: share of the cloth there that touches the skin.
    """

    strain: float
    gap: float
    contact: float


def band_of(strain: F32) -> NDArray[np.uint8]:
    """Bands 0 to 7 of strains: each an eighth of the way to 120% of the cloth's length."""
    step = LAST / BANDS
    bands = np.clip(np.floor(np.asarray(strain) / step), 0, BANDS - 1)
    return np.asarray(bands, dtype=np.uint8)


def tension(garment: LiveGarment) -> Tension:
    """Let the cloth come to rest on the standing body, by its own lengths alone, and look."""
    if garment.rigid:
        return Tension(np.zeros(len(garment.own), np.float32), _off_skin(garment, garment.own))
    edges = garment.edges()
    skin = Collider(garment.avatar)
    everything = np.ones(len(garment.own), dtype=np.bool_)
    start = garment.own.copy()
    garment.off_skin(start, skin)
    cloth = Swing(start, everything, edges.pairs, edges.lengths, edges.kind, skin, sleeves=True)
    cloth.aim(edges.lengths[cloth.live])
    cloth.grow(np.float32(1.0))
    for _ in range(_ROUNDS):
        # Steps so short that gravity does nothing: only the threads pull.
        cloth.step(start, 1e-3)
        cloth.put(cloth.places.copy())
    thread = edges.kind == 0
    a, b = edges.pairs[thread].T
    apart = np.linalg.norm(cloth.places[a] - cloth.places[b], axis=1)
    stretch = np.maximum(apart / edges.lengths[thread] - 1.0, 0.0)
    count = len(garment.own)
    strain = np.zeros(count)
    np.maximum.at(strain, a, stretch)
    np.maximum.at(strain, b, stretch)
    uses = np.bincount(a, minlength=count) + np.bincount(b, minlength=count)
    beside = np.bincount(a, strain[b], count) + np.bincount(b, strain[a], count)
    strain = 0.5 * strain + 0.5 * beside / np.maximum(uses, 1)
    return Tension(strain.astype(np.float32), _off_skin(garment, cloth.places))


def zones(garment: LiveGarment, found: Tension) -> dict[str, Zone]:
    """What is found around each girth of the body that the garment covers, by ISO name."""
    form = garment.avatar.form
    rest = garment.own
    mark, result = landmarks(), {}
    tree = cKDTree(form.vertices)
    _, near = tree.query(rest)
    for name, plane in planes(form.vertices, form.skin.rest).items():
        there = np.isin(near, np.unique(mark.faces[name]))
        there &= np.abs((rest - plane.origin) @ plane.normal) < _BAND_HEIGHT
        if there.sum() < 12:
            continue
        strain, gap = found.strain[there], found.gap[there]
        result[name] = Zone(
            float(np.percentile(strain, 90)),
            max(float(gap.mean()), 0.0),
            float((gap < CONTACT).mean()),
        )
    return result


def _off_skin(garment: LiveGarment, places: F32) -> F32:
    form = garment.avatar.form
    return clearance(places, form.vertices, form.faces, open_sides(form.faces)).height
