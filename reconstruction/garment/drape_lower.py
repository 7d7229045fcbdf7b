"""A skirt on a body: rings from where its waistband holds down to the hem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..families.garment_flat import Pattern
from ..families.garment_lower import LowerShape
from .body_sections import STEP, BodySections, girth
from .drape_relax import relax
from .drape_rings import SKIN_GAP, on_rings, trunk_rings
from .drape_topology import Topology

F64 = NDArray[np.float64]

_LEVELS = 72


def drape_lower(shape: LowerShape, pattern: Pattern, net: Topology, body: BodySections) -> F64:
    """Places (n, 3) of the mesh's vertices on the body, metres."""
    top = waistband_height(body, 2 * shape.waist_half * 2)
    below = np.linspace(0.0, shape.length, _LEVELS)
    heights = _heights(body, top, below)
    girths = 4 * shape.half_width(-below)
    rings, _ = trunk_rings(body, heights, girths, 0.01 + 0.17 * below)
    places = np.empty((len(net.weld), 3))
    for panel in pattern.panels:
        depth = np.clip(-panel.grid[..., 1].ravel(), 0.0, shape.length)
        share = panel.grid[..., 0].ravel() / shape.half_width(-depth)
        turn = share / 4 if panel.name == "front" else 0.5 - share / 4
        level = depth / shape.length * (_LEVELS - 1)
        places[panel.numbers().ravel()] = on_rings(rings, heights, level, turn)
    nobody = np.zeros(0, np.int32)
    return relax(places, np.zeros(len(places), bool), pattern, net, body, held=nobody)


def waistband_height(body: BodySections, waist_girth: float) -> float:
    """Where a skirt's waist comes to rest: at the waist, or lower where it first finds hold."""
    low = body.waist - 0.16
    y = np.arange(body.waist, low, -STEP / 2)
    room = girth(body.section(y) + SKIN_GAP) - waist_girth
    holds = np.flatnonzero(room >= 0)
    return float(y[holds[0]]) if len(holds) else low


def _heights(body: BodySections, top: float, below: F64) -> F64:
    """Heights at distances down the cloth: it runs over the hips, then falls straight."""
    y = np.arange(top, 0.01, -STEP)
    side = body.section(y)[:, [0, 32, 96]].mean(axis=1)
    side = np.maximum.accumulate(side)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(STEP, np.diff(side)))])
    result: F64 = np.interp(below, arc, y)
    return result
