"""Letting cloth settle where no closed form knows its place: yoke, armholes, tops of sleeves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..families.garment_flat import Pattern
from .body_sections import BodySections
from .drape_rings import SKIN_GAP
from .drape_topology import Topology

F64 = NDArray[np.float64]

_ROUNDS = 30
_PUSH_EVERY = 5
EVEN_OUT = 4
"""Rounds that take the marks of single body points out of sleeves and legs."""


def relax(
    places: F64,
    free: NDArray[np.bool_],
    pattern: Pattern,
    net: Topology,
    body: BodySections,
    held: NDArray[np.int32],
) -> F64:
    """Stretch the free cloth evenly over the body, like a membrane, and keep all off the skin.

    Args:
        places: (n, 3) first guess.
        free: (n,) vertices that may move.
        held: (h,) vertices that stay although ``free``, such as necklines.

    Returns:
        (n, 3); sewn vertices share their place exactly.
    """
    groups = int(net.weld.max()) + 1
    count = np.bincount(net.weld, minlength=groups)[:, None]
    nodes = (
        np.stack([np.bincount(net.weld, places[:, k], groups) for k in range(3)], axis=1) / count
    )
    loose = np.bincount(net.weld, ~free, groups) == 0
    loose[net.weld[held]] = False
    moving = np.flatnonzero(loose)
    everywhere = averaging(pattern, net, groups)
    average = everywhere[moving]
    trunk = np.zeros(groups, bool)
    for panel in (p for p in pattern.panels if not p.name.endswith("_sleeve")):
        trunk[net.weld[panel.numbers().ravel()]] = True
    for turn in range(_ROUNDS):
        nodes[moving] = 0.3 * nodes[moving] + 0.7 * (average @ nodes)
        if turn % _PUSH_EVERY == _PUSH_EVERY - 1:
            nodes[moving] = _push(nodes[moving], trunk[moving], body, 1.5 * SKIN_GAP)
    nodes = _push(nodes, trunk, body, 0.75 * SKIN_GAP)
    tubes = np.flatnonzero(~trunk & ~rim(net, groups))
    smooth = everywhere[tubes]
    for _ in range(EVEN_OUT if len(tubes) else 0):
        nodes[tubes] = 0.5 * nodes[tubes] + 0.5 * (smooth @ nodes)
    nodes[tubes] = body.whole.push_out(nodes[tubes], 0.5 * SKIN_GAP) if len(tubes) else nodes[tubes]
    settled: F64 = nodes[net.weld]
    return settled


def _push(nodes: F64, trunk: NDArray[np.bool_], body: BodySections, gap: float) -> F64:
    """Cloth of the trunk passes forearms and hands by; sleeves are kept off all skin."""
    pushed = nodes.copy()
    pushed[trunk] = body.trunk.push_out(nodes[trunk], gap)
    if not trunk.all():
        pushed[~trunk] = body.whole.push_out(nodes[~trunk], gap)
    return pushed


def rim(net: Topology, groups: int) -> NDArray[np.bool_]:
    """Nodes (groups,) on an open edge, such as a cuff."""
    sides = net.weld[net.faces][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    sides = np.sort(sides, axis=1).astype(np.int64)
    key, uses = np.unique(sides[:, 0] * groups + sides[:, 1], return_counts=True)
    rim = np.zeros(groups, bool)
    rim[np.concatenate(np.divmod(key[uses == 1], groups))] = True
    return rim


def averaging(pattern: Pattern, net: Topology, groups: int) -> sparse.csr_matrix:
    """Row-normalised weights (groups, groups) of each node's neighbours, by 1 / rest length."""
    edges = net.edges
    flat = np.concatenate([p.grid.reshape(-1, 2) for p in pattern.panels])
    rest = np.linalg.norm(flat[edges[:, 0]] - flat[edges[:, 1]], axis=1)
    weight = 1.0 / np.maximum(rest, 0.003)
    a, b = net.weld[edges[:, 0]], net.weld[edges[:, 1]]
    matrix = sparse.coo_matrix(
        (np.tile(weight, 2), (np.concatenate([a, b]), np.concatenate([b, a]))), (groups, groups)
    ).tocsr()
    total = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.diags(1.0 / np.maximum(total, 1e-9)) @ matrix
