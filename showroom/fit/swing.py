"""The free part of a garment: simulated, hanging on what follows the body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, reverse_cuthill_mckee

from . import cloth
from .collider import Collider, hand_bones
from .contact import PLANE
from .fold import folds

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Mask = NDArray[np.bool_]

GAP: Final = 0.0025
"""Cloth keeps at least this far off the skin, metres; the trade's skin offset is 1.5 to 3 mm."""

_SETTLE_FRAMES: Final = 60
_SAMPLE: Final = 16
_TORN: Final = 0.40
"""A tenth of the cloth stretched by more than this: it is caught."""
_DAMPING: Final = 0.10
_FRICTION: Final = 0.2
_STEEP: Final = 0.6
"""Bends that run more steeply than this in the rest pose are upright ones, as a sine."""
_TRUNK: Final = 2
_BESIDE: Final = 4
_GIVE: Final = 1.01
"""How much further than along the cloth a node may be from where it hangs."""


class Swing:
    """A cloth in motion.

    Args:
        rest: (n, 3) places of all nodes in the rest pose.
        free: (n,) the nodes that are simulated; the others are given every frame.
        pairs, lengths, kind: (e, 2), (e,), (e,) as of :class:`RestEdges`.
        collider: the skin, in its rest pose.
        faces: (f, 3) triangles, where the cloth is to meet itself.
        sleeves: some of what is free lies on the arms.
        gathers: it hangs closed around the legs, so that a lap leaves no room for its front.

    Attributes:
        places: (n, 3) where the nodes are.
        free: (f,) numbers of the simulated nodes.
        gap: how far off the skin it is kept, metres.
        live: numbers of the constraints in use, among those given, in the order of lengths.
        body: the skin that they are kept off.
        aimed: the lengths that they have or grow into.
    """

    def __init__(
        self, rest: F32, free: Mask, pairs: I32, lengths: F32, kind: NDArray[np.uint8],
        collider: Collider, faces: I32 | None = None, *, sleeves: bool = False,
        gathers: bool = False,
    ) -> None:  # fmt: skip
        self.gap = GAP
        self.free = np.flatnonzero(free).astype(np.int32)
        live = free[pairs].any(axis=1)
        kinds = [np.flatnonzero(live & (kind == k)) for k in range(3)]
        self.live = np.concatenate([part[cloth.shuffled(len(part))] for part in kinds])
        self._stiff, self._shears = len(kinds[0]), len(kinds[1])
        self._pairs = np.ascontiguousarray(pairs[self.live], dtype=np.int32)
        self._order = _along(self._pairs, free)
        number = np.full(len(rest), -1, dtype=np.int32)
        number[self._order] = np.arange(len(self._order), dtype=np.int32)
        self._own_pairs = number[self._pairs]
        self._bends = self._triples()
        placed = rest[self._order]
        if gathers:
            steep = _upright(placed, self._bends[:, ::2])
            self._bend = np.where(steep > _STEEP, *cloth.BEND).astype(np.float32)
        else:
            self._bend = np.full(len(self._bends), cloth.STRAIGHT, np.float32)
        steep = np.clip((gathers * _upright(rest, self._pairs[: self._stiff]) - 0.5) / 0.35, 0, 1)
        self._gather = (1 - steep * (1 - cloth.GATHER)).astype(np.float32)
        self._slack = np.float32(0.0 if gathers else 1.0)
        self._lengths = self.wanted(rest, lengths)
        self._tether, self._paths = self._tethers(self._lengths)
        self._reach = (_GIVE * self._paths).astype(np.float32)
        self._reach_from = self._reach_aimed = self._first_reach = self._reach
        self._from = self.aimed = self._lengths
        self.body = collider
        shape, side = collider.shape, collider.places[:, 0]
        hand = shape.arm if sleeves else np.isin(shape.main, hand_bones())
        parts = [
            shape.leg == 1, shape.leg == 2, ~shape.arm & (shape.leg == 0),
            hand & (side > 0), hand & (side < 0),
        ]  # fmt: skip
        swinging = rest[self._order[: len(self.free)]]
        self._near = np.stack([collider.nearest(swinging, part) for part in parts], axis=1)
        self._part = np.select(parts, range(len(parts)), -1).astype(np.int8)
        self._trunk = np.ascontiguousarray(parts[_TRUNK])
        self._beside = self._neighbours()
        self._turn = 0
        self._pinched = np.zeros(len(self._order), dtype=np.bool_)
        self._pressed = np.zeros(len(self.free), dtype=np.bool_)
        self._grip = np.zeros(len(self.free), dtype=np.float32)
        whole = np.zeros((0, 3), np.int32) if faces is None else number[faces]
        self._folds = folds(rest[self._order], whole[(whole >= 0).all(axis=1)])
        self._quiet = np.zeros(self._near.shape, np.int8)
        self._planes = np.empty((3 * len(self.free), PLANE), np.float32)
        self.places = rest.copy()
        self._before = rest.copy()

    def wanted(self, rest: F32, lengths: F32) -> F32:
        """Lengths of the pattern, longer only where the body stretches the drape."""
        wanted = lengths[self.live]
        apart = rest[self._pairs[:, 0]] - rest[self._pairs[:, 1]]
        longer = np.minimum(0.98 * np.linalg.norm(apart, axis=1), 1.25 * wanted)
        return np.asarray(np.maximum(wanted, longer), dtype=np.float32)

    def _tethers(self, lengths: F32) -> tuple[I32, NDArray[np.float64]]:
        """The held node nearest to each free one along its threads, -1 for none, and how far."""
        n, size, count = self._stiff, len(self._order), len(self.free)
        if size == count:
            return np.full(count, -1, np.int32), np.zeros(count)
        a, b = self._own_pairs[:n].T
        net = coo_array((lengths[:n], (a, b)), shape=(size, size)).tocsr()
        held = np.arange(count, size)
        far, _, source = dijkstra(
            net, directed=False, indices=held, return_predecessors=True, min_only=True
        )
        found = np.isfinite(far[:count])
        tether = np.where(found, source[:count], -1).astype(np.int32)
        return tether, np.where(found, far[:count], 0.0)

    def _neighbours(self) -> I32:
        """Free nodes on the threads of each free one, (f, 4); itself where there are fewer."""
        count = len(self.free)
        pairs = self._own_pairs[: self._stiff]
        pairs = pairs[(pairs < count).all(axis=1)]
        both = np.concatenate([pairs, pairs[:, ::-1]])
        both = both[np.argsort(both[:, 0], kind="stable")]
        start = np.searchsorted(both[:, 0], np.arange(count + 1))
        found = np.repeat(np.arange(count, dtype=np.int32)[:, None], _BESIDE, axis=1)
        for k in range(_BESIDE):
            there = start[:-1] + k < start[1:]
            found[there, k] = both[start[:-1][there] + k, 1]
        return found

    def _triples(self) -> I32:
        """Bends with the node between their ends, (t, 3); what has none is left out."""
        n = self._stiff
        size = len(self._order)
        pairs = np.concatenate([self._own_pairs[:n], self._own_pairs[:n, ::-1]])
        net = coo_array((np.ones(2 * n, np.int8), tuple(pairs.T)), shape=(size, size)).tocsr()
        net.sort_indices()
        found = []
        for i, k in self._own_pairs[n + self._shears :]:
            beside = np.intersect1d(
                net.indices[net.indptr[i] : net.indptr[i + 1]],
                net.indices[net.indptr[k] : net.indptr[k + 1]],
            )
            if len(beside):
                found.append((i, beside[0], k))
        return np.array(found, np.int32).reshape(-1, 3)

    def aim(self, lengths: F32) -> None:
        """Grow into other lengths, from :meth:`wanted`; see :meth:`grow`."""
        self._from, self.aimed = self._lengths, lengths
        longer = self._tethers(lengths)[1] / np.maximum(self._paths, 1e-6)
        self._reach_from = self._reach
        self._reach_aimed = self._first_reach * longer.astype(np.float32)

    def grow(self, share: np.float32) -> None:
        """Have ``share`` of the way to the new lengths behind."""
        self._lengths = self._from + (self.aimed - self._from) * share
        self._reach = self._reach_from + (self._reach_aimed - self._reach_from) * share

    def settle(self, rest: F32) -> F32:
        """Come to rest in the rest pose; returns the places then, (n, 3)."""
        self.body.rest_still()
        for _ in range(_SETTLE_FRAMES):
            self.step(rest, 1 / 72)
        return self.places.copy()

    def put(self, places: F32, before: F32 | None = None) -> None:
        """Be elsewhere, at rest or with the speed that ``before`` says, (n, 3) each."""
        self.places[:] = places
        self._quiet[:] = 0
        self._grip[:] = 0
        self._before[:] = places if before is None else before

    def speed(self) -> F32:
        """How far each node moved in the last substep, (n, 3)."""
        return np.asarray(self.places - self._before, dtype=np.float32)

    def step(self, follow: F32, dt: float) -> None:
        """Advance by ``dt``; ``follow`` (n, 3) says where the held nodes are by then."""
        if dt <= 0:
            return
        body, shape = self.body, self.body.shape
        self._turn += 1
        n, shears = self._stiff, self._stiff + self._shears
        cloth.simulate(
            self.places, self._before, self._order, len(self.free), follow, self._near,
            cloth.Weave(
                self._own_pairs[:n], self._lengths[:n], self._gather,
                self._own_pairs[n:shears], self._lengths[n:shears], self._slack,
                self._bends, self._bend, self._tether, self._reach, self._beside,
            ),
            cloth.Skin(
                body.places, body.before, body.normals, shape.limb_start, shape.limb_beside,
                self._part, self._trunk,
            ),
            self._folds, dt, cloth.SUBSTEPS, np.float32(self.gap), np.float32(_FRICTION), _DAMPING,
            self._pinched, self._pressed, self._grip, self._turn, self._quiet, self._planes,
        )  # fmt: skip

    def strain(self, every: int = 1) -> F32:
        """Stretch of each thread, or of one of ``every`` so many; 0 at its own length."""
        a, b = self._pairs[: self._stiff : every].T
        apart = np.linalg.norm(self.places[a] - self.places[b], axis=1)
        return np.asarray(apart / self._lengths[: self._stiff : every] - 1, dtype=np.float32)

    def torn(self) -> bool:
        """Whether the cloth is caught in the body, where it could only be torn free.

        What a deep crouch pinches is not: it would be caught again, and comes free by itself.
        """
        if self._pinched.mean() > cloth.PRESSED:
            return False
        return bool(np.percentile(self.strain(_SAMPLE), 90) > _TORN)

    def push(self, lift: Callable[[F32], None]) -> None:
        """Have ``lift`` change the free nodes' places in place; it gives them no speed."""
        before = self.places[self.free]
        moved = before.copy()
        lift(moved)
        self.places[self.free] = moved
        self._before[self.free] += moved - before


def _along(pairs: I32, free: Mask) -> I32:
    """The nodes of these constraints, (m,): the free ones, neighbours close by, then the others."""
    count = len(free)
    a, b = pairs.T
    net = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(count, count)).tocsr()
    near = reverse_cuthill_mckee((net + net.T).tocsr(), symmetric_mode=True)
    met = np.zeros(count, dtype=np.bool_)
    met[pairs] = True
    return np.concatenate([near[free[near]], near[~free[near] & met[near]]]).astype(np.int32)


def _upright(places: F32, pairs: I32) -> NDArray[np.float32]:
    """How steeply constraints run in the rest pose, (e,): 0 level to 1 upright."""
    way = places[pairs[:, 0]] - places[pairs[:, 1]]
    return np.asarray(np.abs(way[:, 1]) / np.maximum(np.linalg.norm(way, axis=1), 1e-6))
