"""Several garments on one body: each lies on those under it, without a visible crossing.

Once, when something is put on or altered, what lies under another garment is pressed flat to the
body where it has to be, in the rest pose; every frame each garment is lifted off those under it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from reconstruction.family import Family
from reconstruction.mesh import Mesh

from .avatar import Avatar
from .collider import Collider, fill_normals, push_off
from .garment import STANDING, THICKNESS, TRUNK, Contact, LiveGarment, follow
from .layers import Layer, displaced, inner_first, layer_of
from .skin import PoseState

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_ABOVE = 0.12
"""Cloth further away than this in the rest pose does not lie on another, metres."""
_TOUCHING = 0.02
"""Cloth nearer than this in the rest pose lies on another whatever their limbs, metres."""
_COLLAR = 0.05
"""A folded collar further from other cloth than this in the rest pose lies on none, metres."""
_ROUNDS = 3


class Outfit:
    """What one avatar wears.

    Args:
        avatar: the wearer.

    Attributes:
        garments: by key, from the skin outwards.
    """

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.garments: dict[str, LiveGarment] = {}
        self._layers: dict[str, Layer] = {}
        self._collider = Collider(avatar)

    def put_on(
        self,
        key: str,
        family: Family,
        values: Mapping[str, float],
        choices: Mapping[str, str],
        mesh: Mesh | None = None,
    ) -> tuple[str, ...]:
        """Put a garment on, or change the one of that key; its motion goes on.

        Args:
            mesh: its drape on this avatar, where the caller has it already.

        Returns:
            Keys of the garments that it took the place of.

        Raises:
            GarmentError, ParameterError: see :class:`LiveGarment`; nothing has changed then.
        """
        worn = self.garments.get(key)
        if worn is not None and worn.family is family and worn.choices == {
            **worn.choices, **choices,
        }:  # fmt: skip
            if worn.values != {**worn.values, **values} or mesh is not worn.mesh:
                worn.refit(values, mesh)
                self._arrange()
            return ()
        garment = LiveGarment(
            family, values, choices, self.avatar, mesh, collider=self._collider, after=worn
        )
        layer = layer_of(family.name, family.category)
        self._layers.pop(key, None)
        gone = displaced(layer, self._layers)
        for other in gone:
            del self.garments[other], self._layers[other]
        self._layers[key] = layer
        self.garments[key] = garment
        self.garments = {k: self.garments[k] for k in inner_first(self._layers)}
        self._arrange()
        return gone

    def take_off(self, key: str = "") -> None:
        """Take one garment off, or all; what is not worn is taken off already."""
        for gone in (key,) if key else tuple(self.garments):
            self.garments.pop(gone, None)
            self._layers.pop(gone, None)
        self._arrange()

    def step(self, pose: PoseState, dt: float) -> dict[str, F32]:
        """Follow one frame: (n, 3) float32 vertices by key, play space."""
        follow(self._collider, self.garments.values(), self.avatar, pose, dt)
        return {key: garment.vertices() for key, garment in self.garments.items()}

    def _arrange(self) -> None:
        """Lay the garments on each other in the rest pose."""
        soft = [g for g in self.garments.values() if not g.rigid]
        for garment in soft:
            garment.under, garment.over, garment.beneath, garment.carries = (), (), (), False
        rests = {id(g): g.own.copy() for g in soft}
        normals = {id(g): np.empty_like(g.own) for g in soft}
        skin = Collider(self.avatar)
        for k in range(len(soft) - 1, -1, -1):
            # From the outside in: each is pressed under those that lie on it.
            inner = soft[k]
            for outer in soft[k + 1 :]:
                _press(inner, rests[id(inner)], outer, rests[id(outer)], normals[id(outer)])
            if len(soft) > k + 1:
                inner.off_skin(rests[id(inner)], skin)
        for k, outer in enumerate(soft):
            for inner in soft[:k]:
                near = _nearest(outer, rests[id(outer)], inner, rests[id(inner)])
                if (near < 0).all():
                    continue
                fill_normals(rests[id(inner)], inner.faces, normals[id(inner)])
                for _ in range(_ROUNDS):
                    push_off(
                        rests[id(outer)], near, rests[id(inner)], normals[id(inner)],
                        inner.start, inner.beside, inner.rim, THICKNESS, 2,
                    )  # fmt: skip
                outer.under += (Contact(inner, near, _in_lap(outer, inner, rests[id(inner)])),)
                inner.carries = True
                if _tucks(inner, outer):
                    leaf = np.flatnonzero(inner.leaf)
                    apart, found = cKDTree(rests[id(inner)][leaf]).query(
                        rests[id(outer)], distance_upper_bound=_TOUCHING
                    )
                    lies = np.isfinite(apart) & (outer.limb == TRUNK)
                    on = np.where(lies, leaf[found % len(leaf)], -1).astype(np.int32)
                    for _ in range(_ROUNDS):
                        push_off(
                            rests[id(outer)], on, rests[id(inner)], normals[id(inner)],
                            inner.start, inner.beside, inner.rim, THICKNESS, 2, -1.0,
                        )  # fmt: skip
                    outer.under += (Contact(inner, on, side=-1.0),)
                if inner.swings and outer.swings:
                    inner.over += (
                        Contact(outer, _nearest(inner, rests[id(inner)], outer, rests[id(outer)])),
                    )
                    outer.carries = True
                    hanging = inner.hanging.copy()
                    _press(inner, hanging, outer, outer.hanging, normals[id(outer)], 3 * _ROUNDS)
                    inner.off_skin(hanging, skin)
                    inner.hanging = hanging
                if outer.swings and not inner.swings:
                    outer.beneath += _legs(outer, rests[id(outer)], inner, rests[id(inner)])
            outer.padded(bool(outer.under))
            outer.lay(rests[id(outer)])


def _tucks(inner: LiveGarment, outer: LiveGarment) -> bool:
    """Whether a folded collar goes under the other garment: it lies on one without a collar."""
    return bool(inner.leaf.any()) and any(
        "collar" in part or part.endswith("_hood") for part in outer.mesh.parts
    )


def _in_lap(outer: LiveGarment, inner: LiveGarment, under: F32) -> I32 | None:
    """What is worn under it on the thighs, for what comes to lie in the lap."""
    trunk = np.flatnonzero(inner.limb == TRUNK)
    if outer.lap is None or not len(trunk):
        return None
    apart, near = cKDTree(under[trunk]).query(outer.lap.over, distance_upper_bound=_ABOVE)
    found = np.full(len(apart), -1, dtype=np.int32)
    there = np.isfinite(apart)
    found[there] = trunk[near[there]]
    return found


def _legs(outer: LiveGarment, places: F32, inner: LiveGarment, under: F32) -> tuple[Contact, ...]:
    """What swings, against each half of what is worn under it: legs come from both sides."""
    found = []
    for sign in (1.0, -1.0):
        half = np.flatnonzero((under[:, 0] * sign > 0) & (inner.limb == TRUNK))
        if len(half):
            _, near = cKDTree(under[half]).query(places)
            found.append(Contact(inner, half[near].astype(np.int32)))
    return tuple(found)


def _nearest(outer: LiveGarment, places: F32, inner: LiveGarment, under: F32) -> I32:
    """For each node of ``outer`` the nearest of ``inner`` on the same limb, -1 for none.

    What is very near counts on whatever limb it is: armholes are cut at different places.
    """
    near = np.full(len(places), -1, dtype=np.int32)
    for limb in range(STANDING):
        own, other = np.flatnonzero(outer.limb == limb), np.flatnonzero(inner.limb == limb)
        if not len(own) or not len(other):
            continue
        apart, found = cKDTree(under[other]).query(places[own], distance_upper_bound=_ABOVE)
        there = np.isfinite(apart)
        near[own[there]] = other[found[there]]
    own, other = (np.flatnonzero(g.limb < STANDING) for g in (outer, inner))
    apart, found = cKDTree(under[other]).query(places[own], distance_upper_bound=_TOUCHING)
    there = np.isfinite(apart)
    near[own[there]] = other[found[there]]
    return near


def _press(
    inner: LiveGarment,
    places: F32,
    outer: LiveGarment,
    over: F32,
    normals: F32,
    rounds: int = _ROUNDS,
) -> None:
    """Press the nodes of ``inner`` under ``outer`` where they stand out, in place."""
    near = _nearest(inner, places, outer, over)
    plies = [(near, THICKNESS)]
    if _tucks(inner, outer):
        # A folded collar lies between the two; what it is folded over lies under it as well.
        leaf, below = np.full_like(near, -1), np.full_like(near, -1)
        other = np.flatnonzero((outer.limb == TRUNK) | (outer.limb == STANDING) & ~outer.leaf)
        apart, found = cKDTree(over[other]).query(places[inner.leaf], distance_upper_bound=_COLLAR)
        leaf[inner.leaf] = np.where(np.isfinite(apart), other[found % len(other)], -1)
        apart, _ = cKDTree(places[inner.leaf]).query(places, distance_upper_bound=_COLLAR)
        under = np.isfinite(apart) & ~inner.leaf
        below[under] = near[under]
        plies += [(leaf, THICKNESS), (below, 2 * THICKNESS)]
    fill_normals(over, outer.faces, normals)
    for near, deep in plies:
        for _ in range(rounds if (near >= 0).any() else 0):
            push_off(
                places, near, over, normals, outer.start, outer.beside, outer.rim, deep, 4, -1.0
            )
