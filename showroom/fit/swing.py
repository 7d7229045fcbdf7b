"""The free part of a garment: simulated, hanging on what follows the body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from . import cloth
from .collider import Collider, hand_bones

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
_FRICTION: Final = 0.35
_MARGIN: Final = np.float32(0.06)
_FAR: Final = np.float32(100.0)


class Swing:
    """A cloth in motion.

    Args:
        rest: (n, 3) places of all nodes in the rest pose.
        free: (n,) the nodes that are simulated; the others are given every frame.
        pairs, lengths, kind: (e, 2), (e,), (e,) as of :class:`RestEdges`.
        collider: the skin, in its rest pose.
        sleeves: some of what is free lies on the arms.

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
        collider: Collider, *, sleeves: bool = False,
    ) -> None:  # fmt: skip
        self.gap = GAP
        self.free = np.flatnonzero(free).astype(np.int32)
        self._held = np.flatnonzero(~free).astype(np.int32)
        self._mass = free.astype(np.float32)
        live = free[pairs].any(axis=1)
        thread, soft = (np.flatnonzero(live & ((kind == 0) == stiff)) for stiff in (True, False))
        order = [part[cloth.shuffled(len(part))] for part in (thread, soft)]
        self.live = np.concatenate(order)
        self._stiff = len(thread)
        self._pairs = np.ascontiguousarray(pairs[self.live], dtype=np.int32)
        self._softness = np.ascontiguousarray(cloth.COMPLIANCE[kind[order[1]]])
        self._from = self.aimed = self._lengths = self.wanted(rest, lengths)
        self.body = collider
        shape, side = collider.shape, collider.places[:, 0]
        hand = shape.arm if sleeves else np.isin(shape.main, hand_bones())
        parts = [
            ~shape.arm & (shape.leg == 0), shape.leg == 1, shape.leg == 2,
            hand & (side > 0), hand & (side < 0),
        ]  # fmt: skip
        self._near = np.stack([collider.nearest(rest, part) for part in parts], axis=1)
        self._hands = [np.flatnonzero(part) for part in parts[3:]]
        self._reach = np.tile(np.repeat([-_FAR, _FAR], 3).astype(np.float32), (5, 1))
        self.places = rest.copy()
        self._before = rest.copy()

    def wanted(self, rest: F32, lengths: F32) -> F32:
        """Lengths of the pattern, longer only where the body stretches the drape."""
        wanted = lengths[self.live]
        apart = rest[self._pairs[:, 0]] - rest[self._pairs[:, 1]]
        longer = np.minimum(0.98 * np.linalg.norm(apart, axis=1), 1.25 * wanted)
        return np.asarray(np.maximum(wanted, longer), dtype=np.float32)

    def aim(self, lengths: F32) -> None:
        """Grow into other lengths, from :meth:`wanted`; see :meth:`grow`."""
        self._from, self.aimed = self._lengths, lengths

    def grow(self, share: np.float32) -> None:
        """Have ``share`` of the way to the new lengths behind."""
        self._lengths = self._from + (self.aimed - self._from) * share

    def settle(self, rest: F32) -> F32:
        """Come to rest in the rest pose; returns the places then, (n, 3)."""
        self.body.rest_still()
        for _ in range(_SETTLE_FRAMES):
            self.step(rest, 1 / 72)
        return self.places.copy()

    def put(self, places: F32, before: F32 | None = None) -> None:
        """Be elsewhere, at rest or with the speed that ``before`` says, (n, 3) each."""
        self.places[:] = places
        self._before[:] = places if before is None else before

    def speed(self) -> F32:
        """How far each node moved in the last substep, (n, 3)."""
        return np.asarray(self.places - self._before, dtype=np.float32)

    def step(self, follow: F32, dt: float) -> None:
        """Advance by ``dt``; ``follow`` (n, 3) says where the held nodes are by then."""
        if dt <= 0:
            return
        body, shape = self.body, self.body.shape
        for k, hand in enumerate(self._hands):
            here = body.places[hand]
            self._reach[3 + k, :3] = here.min(axis=0) - _MARGIN
            self._reach[3 + k, 3:] = here.max(axis=0) + _MARGIN
        n = self._stiff
        cloth.simulate(
            self.places, self._before, self._mass,
            self._pairs[:n], self._lengths[:n], self._pairs[n:], self._lengths[n:],
            self._softness, self._held, follow[self._held], self._near,
            body.places, body.before, body.normals, shape.limb_start, shape.limb_beside,
            self._reach,
            dt, cloth.SUBSTEPS, self.gap, _FRICTION, _DAMPING,
        )  # fmt: skip

    def strain(self, every: int = 1) -> F32:
        """Stretch of each thread, or of one of ``every`` so many; 0 at its own length."""
        a, b = self._pairs[: self._stiff : every].T
        apart = np.linalg.norm(self.places[a] - self.places[b], axis=1)
        return np.asarray(apart / self._lengths[: self._stiff : every] - 1, dtype=np.float32)

    def torn(self) -> bool:
        """Whether the cloth is caught in the body, where it could only be torn free."""
        return bool(np.percentile(self.strain(_SAMPLE), 90) > _TORN)

    def push(self, lift: Callable[[F32], None]) -> None:
        """Have ``lift`` change the free nodes' places in place; it gives them no speed."""
        before = self.places[self.free]
        moved = before.copy()
        lift(moved)
        self.places[self.free] = moved
        self._before[self.free] += moved - before
