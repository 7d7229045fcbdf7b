"""Skin weights of a garment, taken from the body beneath it and smoothed over the cloth."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from ..families.garment_flat import Pattern
from ..mesh import Skin
from .drape_topology import Topology

if TYPE_CHECKING:
    from ..dressform import BodyForm

_INFLUENCES = 6
_NEAREST = 4
_ROUNDS = 6
_LIMBS = {
    "trunk": (
        "LowerArm",
        "Hand",
        "Thumb",
        "Index",
        "Middle",
        "Ring",
        "Little",
        "head",
        "jaw",
        "Eye",
    ),
    "hood": ("Arm", "Leg", "Hand", "Thumb", "Index", "Middle", "Ring", "Little", "jaw", "Eye"),
    "sleeve": (
        "Leg",
        "Foot",
        "Toes",
        "hips",
        "head",
        "neck",
        "Thumb",
        "Index",
        "Middle",
        "Ring",
        "Little",
    ),
}


def transfer_skin(
    vertices: NDArray[np.float32], pattern: Pattern, net: Topology, form: BodyForm
) -> Skin:
    """The body's skin weights at each vertex's nearest body points, smoothed along the cloth.

    Trunk panels take no weight from forearms, hands and head, a sleeve none from the legs and
    the other side's arm, half of a pair of trousers none from the other leg.
    """
    joints = len(form.skin.names)
    groups = int(net.weld.max()) + 1
    total = np.zeros((groups, joints))
    seen = np.zeros(groups)
    for panel in pattern.panels:
        numbers = panel.numbers().ravel()
        tree, dense = _source(form, *_limb(panel.name))
        distance, near = tree.query(vertices[numbers], k=_NEAREST)
        weight = 1.0 / (distance + 0.004) ** 2
        weight /= weight.sum(axis=1, keepdims=True)
        mixed = np.einsum("nk,nkj->nj", weight, dense[near])
        np.add.at(total, net.weld[numbers], mixed)
        np.add.at(seen, net.weld[numbers], 1.0)
    total /= seen[:, None]
    average = _neighbours(net, groups)
    for _ in range(_ROUNDS):
        total = 0.5 * total + 0.5 * (average @ total)
    order = np.argsort(-total, axis=1)[:, :_INFLUENCES]
    weights = np.take_along_axis(total, order, axis=1)
    weights[weights < 1e-3] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    return Skin(
        names=form.skin.names,
        parents=form.skin.parents,
        rest=form.skin.rest,
        joints=order[net.weld].astype(np.uint16),
        weights=weights[net.weld].astype(np.float32),
    )


def _limb(panel: str) -> tuple[str, str]:
    """What a panel may follow, an entry of ``_LIMBS``, and the side it belongs to, or ``""``."""
    side, _, rest = panel.partition("_")
    if rest in ("sleeve", "cuff"):
        return "sleeve", side
    if rest == "hood":
        return "hood", ""
    return "trunk", side if side in ("left", "right") else ""


@lru_cache(maxsize=24)
def _source(form: BodyForm, limb: str, side: str) -> tuple[cKDTree, NDArray[np.float64]]:
    """Tree over the body's vertices that a panel may follow, and their dense weights."""
    names = form.skin.names
    dense = np.zeros((len(form.vertices), len(names)))
    rows = np.repeat(np.arange(len(dense)), form.skin.joints.shape[1])
    np.add.at(dense, (rows, form.skin.joints.ravel()), form.skin.weights.ravel())
    banned = _LIMBS[limb]
    other = {"left": "right", "right": "left", "": "none"}[side]
    out = np.array([any(b in n for b in banned) or n.startswith(other) for n in names])
    dense[:, out] = 0.0
    kept = dense.sum(axis=1) > 0.5
    dense = dense[kept] / dense[kept].sum(axis=1, keepdims=True)
    return cKDTree(form.vertices[kept]), dense


@lru_cache(maxsize=32)
def _neighbours(net: Topology, groups: int) -> sparse.csr_matrix:
    a, b = net.weld[net.edges[:, 0]], net.weld[net.edges[:, 1]]
    ones = np.ones(2 * len(a))
    matrix = sparse.coo_matrix(
        (ones, (np.concatenate([a, b]), np.concatenate([b, a]))), (groups, groups)
    ).tocsr()
    total = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.diags(1.0 / total) @ matrix
